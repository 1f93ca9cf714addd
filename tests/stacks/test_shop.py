"""Team shop's own stack, run under mocks as it stands, in each environment, on a foundation's contract."""

import json
import runpy
from pathlib import Path
from typing import Any

import kubernetes_validate
import pulumi
import pytest
from pulumi.runtime import mocks, set_all_config, set_mocks
from pulumi.runtime import test as deployed

from commonground.contract import ContractError
from commonground.engine.project import Project
from commonground.settings.mistakes import SettingsError
from tests import loops

ROOT = Path(__file__).parents[2]
SHOP = ROOT / "stacks" / "shop"
ENVIRONMENTS = ("local", "dev", "staging", "prod")
REGISTRY = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"
CONTRACT: dict[str, Any] = {
    "version": 1,
    "environment": "dev",
    "account": "123456789012",
    "region": "eu-central-1",
    "cluster": {
        "name": "commonground-dev-k7q2",
        "arn": "arn:cluster",
        "endpoint": "https://cluster.example",
        "certificate": "Q0E=",
        "security_group_id": "sg-cluster",
        "subnet_ids": {"euc1-az1": "subnet-1"},
        "node_role_arn": "arn:nodes",
        "tags": {},
    },
    "registries": {name: {"url": f"{REGISTRY}/{name}", "arn": "arn:ecr"} for name in ("shop", "models/churn")},
    "buckets": {"models": {"name": "models-1", "arn": "arn:aws:s3:::models-1", "key_arn": None}},
    "teams": {"shop": {"namespaces": {"shop": "shop", "shop-jobs": "shop-jobs"}, "service_account": "shop", "role_arn": "arn:aws:iam::123456789012:role/shop"}},
}

Made = dict[tuple[str, str], dict[str, Any]]
"""Inputs by type and logical name."""


class Cloud(mocks.Mocks):
    """Keeps what was declared, and has the foundation's outputs."""

    def __init__(self, contract: dict[str, Any]) -> None:
        self.made: Made = {}
        self._contract = contract

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        self.made[args.typ, args.name] = args.inputs
        if args.typ == "pulumi:pulumi:StackReference":
            return args.name, {"name": args.name, "outputs": {"contract": self._contract}, "secretOutputNames": []}
        return f"{args.name}-id", args.inputs

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"the stack asked the cloud: {args.token}")


def config(environment: str) -> dict[str, Any]:
    """What stands in an environment's file."""
    from ruamel.yaml import YAML

    found: dict[str, Any] = YAML(typ="safe").load(SHOP / f"Pulumi.{environment}.yaml")["config"]
    return found


def run(environment: str, *, contract: dict[str, Any] = CONTRACT, changes: dict[str, Any] | None = None) -> Made:
    cloud = Cloud(contract)
    loops.ensure()
    set_mocks(cloud, project="shop", stack=environment, preview=False)
    set_all_config({key: json.dumps(value) for key, value in {**config(environment), **(changes or {})}.items()})

    @deployed
    def deployment() -> None:
        runpy.run_path(str(SHOP / "__main__.py"), run_name="__main__")

    deployment()
    return cloud.made


@pytest.fixture(scope="module")
def made() -> Made:
    return run("dev")


def objects(made: Made) -> dict[tuple[str, str], dict[str, Any]]:
    return {key: inputs for key, inputs in made.items() if key[0].startswith("kubernetes:")}


def pod(made: Made, name: str) -> dict[str, Any]:
    found: dict[str, Any] = made["kubernetes:apps/v1:Deployment", f"{name}-deployment"]["spec"]["template"]["spec"]
    return found


def environment_variables(made: Made, name: str) -> dict[str, str]:
    return {one["name"]: one["value"] for one in pod(made, name)["containers"][0]["env"]}


def test_it_is_a_project_of_its_own_with_every_environment_that_the_foundation_has() -> None:
    shop, foundation = Project.read(SHOP), Project.read(ROOT)
    assert (shop.name, shop.main, shop.environments()) == ("shop", SHOP, foundation.environments())


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_it_stands_on_the_foundation_of_the_same_environment(environment: str) -> None:
    assert ("pulumi:pulumi:StackReference", f"organization/commonground/{environment}") in run(environment)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_its_objects_are_whole_ones_in_each_environment(environment: str) -> None:
    found = objects(run(environment))
    assert len(found) >= 6
    for inputs in found.values():
        kubernetes_validate.validate(inputs, "1.36", strict=True)


def test_application_and_model_are_one_team_in_two_namespaces(made: Made) -> None:
    places = {name: made["kubernetes:apps/v1:Deployment", f"{name}-deployment"]["metadata"]["namespace"] for name in ("web", "churn")}
    assert places == {"web": "shop", "churn": "shop"}
    assert {pod(made, name)["serviceAccountName"] for name in places} == {"shop"}
    assert {pod(made, name)["priorityClassName"] for name in places} == {"serving"}


def test_only_the_model_asks_for_a_gpu(made: Made) -> None:
    requests = {name: pod(made, name)["containers"][0]["resources"]["requests"] for name in ("web", "churn")}
    assert requests["churn"]["nvidia.com/gpu"] == "1"
    assert "nvidia.com/gpu" not in requests["web"]


def test_images_come_from_the_foundations_registries_by_digest(made: Made) -> None:
    images = {name: pod(made, name)["containers"][0]["image"] for name in ("web", "churn")}
    assert images["web"].startswith(f"{REGISTRY}/shop@sha256:")
    assert images["churn"].startswith(f"{REGISTRY}/models/churn@sha256:")


def test_the_application_knows_the_model_server_and_the_model_server_its_version(made: Made) -> None:
    assert environment_variables(made, "web") == {"CHURN_URL": "http://churn.shop.svc"}
    assert environment_variables(made, "churn") == {"MODEL_URI": "s3://models-1/shop/churn/2026-11-20/"}


def test_it_acts_as_the_role_that_its_environment_binds(made: Made) -> None:
    provider = json.loads(made["pulumi:providers:kubernetes", "kubernetes"]["kubeconfig"])
    assert config("dev")["commonground:bindings"]["role"] in provider["users"][0]["user"]["exec"]["args"]


def test_it_says_where_its_services_are() -> None:
    seen: dict[str, Any] = {}

    def export(name: str, value: pulumi.Output[str]) -> None:
        value.apply(lambda known: seen.update({name: known}))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pulumi, "export", export)
        run("dev")
    assert seen == {"web": "http://web.shop.svc", "churn": "http://churn.shop.svc"}


def test_a_mistake_in_its_file_is_told_with_the_line() -> None:
    wrong = {"commonground:bindings": {"role": "shop-ci"}}
    with pytest.raises(SettingsError, match=r"stacks/shop/Pulumi\.dev\.yaml:3: commonground:bindings\.role: found shop-ci"):
        run("dev", changes=wrong)


def test_a_foundation_without_the_team_is_told() -> None:
    with pytest.raises(ContractError, match=r"found `teams\.shop` at __main__\.py:[0-9]+, expected one of other\. Fix: name one of these"):
        run("dev", contract={**CONTRACT, "teams": {"other": CONTRACT["teams"]["shop"]}})
