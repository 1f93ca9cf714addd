"""The README's examples, run as they stand there."""

import re
from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime import mocks, set_mocks
from pulumi.runtime import test as deployed

from tests import loops

README = Path(__file__).parents[2] / "README.md"
CONTRACT = {
    "cluster": {
        "name": "commonground-dev-k7q2",
        "arn": "arn:aws:eks:eu-central-1:111111111111:cluster/commonground-dev-k7q2",
        "security_group_id": "sg-1",
        "subnet_ids": {"euc1-az1": "subnet-1", "euc1-az2": "subnet-2", "euc1-az3": "subnet-3"},
        "node_role_arn": "arn:aws:iam::111111111111:role/nodes",
        "endpoint": "https://example.eks.amazonaws.com",
        "certificate": "Y2VydGlmaWNhdGU=",
        "tags": {},
    },
    "version": 1,
    "environment": "dev",
    "account": "111111111111",
    "region": "eu-central-1",
    "teams": {"shop": {"namespaces": {"shop": "shop", "shop-jobs": "shop-jobs"}, "service_account": "shop", "role_arn": "arn:aws:iam::1:role/shop"}},
    "registries": {name: {"url": f"registry.example/{name}", "arn": f"arn:aws:ecr:::{name}"} for name in ("shop", "models/churn")},
    "metrics": {"topics": {"retraining": "arn:aws:sns:eu-central-1:111111111111:commonground-dev-alerts-retraining"}},
    "buckets": {"models": {"name": "models-1", "arn": "arn:aws:s3:::models-1", "key_arn": None}},
}


class Cloud(mocks.Mocks):
    """Keeps what was declared, and knows the foundation's contract."""

    def __init__(self) -> None:
        self.made: dict[tuple[str, str], dict[str, Any]] = {}

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        self.made[args.typ, args.name] = args.inputs
        if args.typ == "pulumi:pulumi:StackReference":
            return args.name, {"name": args.name, "outputs": {"contract": CONTRACT}, "secretOutputNames": []}
        groups = [{"autoscalingGroups": [{"name": "group"}]}] if args.typ.endswith(":NodeGroup") else []
        return f"{args.name}-id", {"name": args.name, **args.inputs, "arn": f"arn:aws:test:::{args.name}", "resources": groups, "latestVersion": 1}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"a component asked the cloud: {args.token}")


def example(name: str, page: Path = README) -> str:
    """The block after the marker of this name."""
    found = re.search(rf"<!-- example: {name} -->\n```\w+\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    assert found, f"{page.name} has no example {name}"
    return found[1]


def run(name: str, page: Path = README) -> dict[tuple[str, str], dict[str, Any]]:
    """What an example declares: inputs by type and name."""
    cloud = Cloud()
    loops.ensure()
    set_mocks(cloud, project="features", stack="dev", preview=False)

    @deployed
    def deployment() -> None:
        exec(compile(example(name, page), str(page), "exec"), {"__name__": "__main__"})

    deployment()
    return cloud.made


@pytest.fixture(scope="module")
def made() -> dict[tuple[str, str], dict[str, Any]]:
    return run("other-stack")


def test_a_teams_application_asks_its_model_which_runs_on_the_gpu_that_it_names() -> None:
    made = run("team")
    pods = {name: made["kubernetes:apps/v1:Deployment", f"{name}-deployment"]["spec"]["template"]["spec"] for name in ("web", "churn")}
    (web,), (churn,) = pods["web"]["containers"], pods["churn"]["containers"]
    assert web["image"] == "registry.example/shop:v1.4.0"
    assert {one["name"]: one["value"] for one in web["env"]}["CHURN_URL"] == "http://churn.shop.svc"
    assert churn["resources"]["limits"]["nvidia.com/gpu"] == "1"
    (term,) = pods["churn"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert {"key": "commonground.dev/gpu-product", "operator": "In", "values": ["l4"]} in term["matchExpressions"]


def test_a_bucket_of_another_stack_is_encrypted_with_its_own_key(made: dict[tuple[str, str], dict[str, Any]]) -> None:
    rules = made["aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration", "features-encryption"]["rules"]
    assert rules[0]["applyServerSideEncryptionByDefault"]["sseAlgorithm"] == "aws:kms"


def test_a_pool_joins_the_existing_cluster_in_the_zones_of_its_instance_types(made: dict[tuple[str, str], dict[str, Any]]) -> None:
    (group,) = [inputs for (type_, _), inputs in made.items() if type_ == "aws:eks/nodeGroup:NodeGroup"]
    assert group["clusterName"] == "commonground-dev-k7q2"
    assert sorted(group["subnetIds"]) == ["subnet-1", "subnet-2"]
    assert group["amiType"] == "AL2023_x86_64_NVIDIA"
    assert group["taints"][0]["key"] == "nvidia.com/gpu"


def test_every_command_that_the_readme_names_is_there() -> None:
    from commonground.cli.main import COMMANDS

    named = set(re.findall(r"(?:`|bin/)commonground ([a-z]+)", README.read_text("utf-8")))
    assert named - set(COMMANDS) == set()
