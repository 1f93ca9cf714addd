"""What other stacks can rely on of the contract."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
from tests.components import factory
from tests.components.stage import stage

from commonground import Contract, ExistingRole, Foundation, Identity, Pool
from commonground.contract import VERSION, ContractError, Platform

ROLES = f"arn:aws:iam::{factory.ACCOUNT}:role"
CONTRACT: dict[str, Any] = {
    "version": 1,
    "environment": "dev",
    "account": factory.ACCOUNT,
    "region": factory.REGION,
    "cluster": {
        "name": "commonground-dev-k7q2",
        "arn": "arn:cluster",
        "kubernetes": "1.36",
        "endpoint": "https://cluster.example",
        "certificate": "Q0E=",
        "security_group_id": "sg-cluster",
        "subnet_ids": {"euc1-az1": "subnet-1", "euc1-az2": "subnet-2"},
        "node_role_arn": "arn:nodes",
        "tags": {"commonground:environment": "dev"},
    },
    "pools": {"gpu": {"purpose": "gpu", "labels": {"commonground.dev/pool": "gpu"}, "resources": {"nvidia.com/gpu": 4}}},
    "registries": {"shop": {"url": "repository.example/shop", "arn": "arn:shop"}},
    "buckets": {"models": {"name": "models-1", "arn": "arn:aws:s3:::models-1", "key_arn": "arn:key"}, "logs": {"name": "l", "arn": "arn:l", "key_arn": None}},
    "teams": {"shop": {"namespaces": {"shop": "shop", "shop-jobs": "shop-jobs"}, "service_account": "shop", "role_arn": f"{ROLES}/teams/shop-1a2b"}},
    "priority_classes": ["serving", "batch"],
    "storage_classes": ["gp3"],
    "metrics": {
        "workspace": {"id": "ws-1", "arn": "arn:workspace", "endpoint": "https://workspace.example/"},
        "topics": {"shop-critical": "arn:topic", "retraining": "arn:retraining"},
    },
    "delivery": {"provider_arn": "arn:provider", "preview_role_arn": f"{ROLES}/preview", "deploy_role_arn": f"{ROLES}/deploy"},
}


def value_of(make: Callable[[], pulumi.Input[Any]]) -> Any:
    """What an Output of a program comes to."""
    seen: list[Any] = []
    stage(lambda: pulumi.Output.from_input(make()).apply(seen.append))
    return seen[0]


def platform(contract: Any = CONTRACT) -> Platform:
    return Platform(pulumi.Output.from_input(contract))


@pytest.fixture(scope="module")
def given() -> dict[str, Any]:
    outputs: dict[str, Any] = value_of(lambda: Foundation("foundation", factory.environment()).contract.outputs)
    return outputs


def test_it_is_plain_json_with_a_version(given: dict[str, Any]) -> None:
    assert json.loads(json.dumps(given))["version"] == VERSION == 1


def test_it_says_what_others_build_on(given: dict[str, Any]) -> None:
    assert (given["environment"], given["account"], given["region"]) == ("dev", factory.ACCOUNT, factory.REGION)
    assert given["cluster"]["name"] == "commonground-dev-k7q2"
    assert given["cluster"]["security_group_id"] == "sg-cluster"
    assert set(given["cluster"]["subnet_ids"]) == set(factory.ZONES)
    assert set(given["pools"]) == {"system", "general", "gpu"}
    assert set(given["registries"]) == {"shop", "models/churn"}
    assert set(given["buckets"]) == {"datasets", "models", "artifacts", "logs"}
    assert given["buckets"]["models"]["key_arn"] == "arn:aws:test:::storage-key"


def test_what_is_written_has_the_shape_that_is_read(given: dict[str, Any]) -> None:
    assert set(given) == set(CONTRACT)
    assert set(given["delivery"]) == set(CONTRACT["delivery"])
    assert set(given["cluster"]) == set(CONTRACT["cluster"])
    for part, name in (("pools", "gpu"), ("registries", "shop"), ("buckets", "models")):
        assert set(given[part][name]) == set(CONTRACT[part][name])


@dataclass(frozen=True)
class Described:
    """A team, as far as the contract describes it."""

    namespaces: tuple[str, ...] = ("shop", "shop-jobs")
    service_account: str = "shop"
    role: ExistingRole = ExistingRole("shop-1a2b", f"{ROLES}/teams/shop-1a2b")  # noqa: RUF009  # frozen too


def test_it_says_what_teams_there_are_and_which_classes_they_may_ask_for() -> None:
    def outputs() -> pulumi.Input[Any]:
        made = Foundation("foundation", factory.environment())
        described = Contract.of(
            factory.environment(),
            cluster=made.cluster,
            pools=made.pools,
            storage=made.storage,
            registries=made.registries,
            teams={"shop": Described()},
            priority_classes=["serving", "batch"],
            storage_classes=["gp3"],
        )
        return described.outputs

    found = value_of(outputs)
    assert {part: found[part] for part in ("teams", "priority_classes", "storage_classes")} == {
        part: CONTRACT[part] for part in ("teams", "priority_classes", "storage_classes")
    }


def test_a_platforms_team_says_where_its_pods_run_and_as_whom() -> None:
    def team() -> pulumi.Input[Any]:
        shop = platform().teams["shop"]
        return {"namespace": shop.namespaces["shop-jobs"], "account": shop.service_account, "name": shop.identity.name, "role": shop.identity.role.name}

    assert value_of(team) == {"namespace": "shop-jobs", "account": "shop", "name": "shop", "role": "shop-1a2b"}


def test_a_platforms_team_is_granted_more_by_its_own_stack() -> None:
    def program() -> None:
        found = platform()
        found.buckets["models"].grant_read(found.teams["shop"].identity, prefix="shared/")

    assert stage(program).one("aws:iam/rolePolicy:RolePolicy", "models-read-shared-shop").inputs["role"] == "shop-1a2b"


def test_the_classes_that_pods_and_claims_may_ask_for_are_listed() -> None:
    assert value_of(lambda: platform().priority_classes) == ["serving", "batch"]
    assert value_of(lambda: platform().storage_classes) == ["gp3"]


def test_a_foundation_from_before_there_were_teams_has_none() -> None:
    before = {part: value for part, value in CONTRACT.items() if part not in ("teams", "priority_classes", "storage_classes")}
    assert value_of(lambda: platform(before).storage_classes) == []
    with pytest.raises(ContractError, match=r"found `teams` at test_contract\.py:[0-9]+, expected what the foundation has\. Fix: bring the foundation up"):
        value_of(lambda: platform(before).teams["shop"].service_account)


def test_no_secret_is_in_it(given: dict[str, Any]) -> None:
    assert not {"token", "password", "kubeconfig"} & set(json.dumps(given).replace('"', " ").split())


def test_a_platforms_bucket_is_granted_as_if_it_were_ones_own() -> None:
    def program() -> None:
        identity = Identity("shop", aws.iam.Role("shop", assume_role_policy="{}"))
        platform().buckets["models"].grant_read(identity, prefix="shop/")

    policy = json.loads(stage(program).one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])
    statements = {statement["Sid"]: statement for statement in policy["Statement"]}
    assert statements["ReadPrefix"]["Resource"] == "arn:aws:s3:::models-1/shop/*"
    assert statements["Decrypt"]["Resource"] == "arn:key"


@pytest.mark.parametrize("logs", [{"name": "l", "arn": "arn:l", "key_arn": None}, {"name": "l", "arn": "arn:l"}], ids=["none", "left out"])
def test_a_bucket_without_a_key_is_read_back_and_granted(logs: dict[str, Any]) -> None:
    contract = CONTRACT | {"buckets": {"logs": logs}}

    def program() -> None:
        bucket = platform(contract).buckets["logs"]
        bucket.grant_read(Identity("audit", aws.iam.Role("audit", assume_role_policy="{}")))

    policy = json.loads(stage(program).one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])
    assert [statement["Sid"] for statement in policy["Statement"]] == ["ListPrefix", "ReadPrefix"]
    seen: list[Any] = []
    stage(lambda: pulumi.Output.from_input(platform(contract).buckets["logs"].key_arn).apply(seen.append))
    assert seen == [None]


def test_what_is_granted_on_another_stacks_things_has_the_provider_of_the_role() -> None:
    def program() -> None:
        provider = aws.Provider("mine", region=factory.REGION)
        role = aws.iam.Role("shop", assume_role_policy="{}", opts=pulumi.ResourceOptions(provider=provider))
        for shop in (Identity("own", role), Identity("existing", ExistingRole("shop", "arn:shop", opts=pulumi.ResourceOptions(provider=provider)))):
            platform().buckets["models"].grant_read(shop)
            platform().registries["shop"].grant_pull(shop)

    made = stage(program)
    grants = made.all("aws:iam/rolePolicy:RolePolicy")
    assert set(grants) == {"models-read-own", "shop-pull-own", "models-read-existing", "shop-pull-existing"}
    assert {"::mine::" in grant.provider for grant in grants.values()} == {True}
    assert {name for name, grant in grants.items() if grant.parent.endswith("::shop")} == {"models-read-own", "shop-pull-own"}


def test_a_pool_can_be_added_to_a_platforms_cluster() -> None:
    made = stage(lambda: Pool("batch", factory.pool("batch", zones=("euc1-az2",)), cluster=platform().cluster))
    group = made.one("aws:eks/nodeGroup:NodeGroup").inputs
    assert (group["clusterName"], group["nodeRoleArn"], group["subnetIds"]) == ("commonground-dev-k7q2", "arn:nodes", ["subnet-2"])


def test_kubernetes_is_reached_as_a_role_of_ones_own() -> None:
    made = stage(lambda: platform().kubernetes("shop", role_arn="arn:aws:iam::123456789012:role/shop"))
    config = json.loads(made.one("pulumi:providers:kubernetes").inputs["kubeconfig"])
    assert "arn:aws:iam::123456789012:role/shop" in config["users"][0]["user"]["exec"]["args"]


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (
            lambda: platform().buckets["modles"].arn,
            r"found `buckets\.modles` at test_contract\.py:[0-9]+, expected one of logs, models\. Fix: did you mean `models`\?$",
        ),
        (lambda: platform().registries["web"].url, r"found `registries\.web` at .*, expected one of shop\. Fix: name one of these$"),
        (lambda: platform().pool_labels("cpu"), r"found `pools\.cpu` at .*, expected one of gpu\. Fix: "),
        (lambda: platform().buckets["lgos"].key_arn, r"found `buckets\.lgos` at .*, expected one of logs, models\. Fix: did you mean `logs`\?$"),
        (lambda: platform().teams["shpo"].service_account, r"found `teams\.shpo` at .*, expected one of shop\. Fix: did you mean `shop`\?$"),
        (lambda: platform(CONTRACT | {"teams": {}}).teams["shop"].service_account, r"found `teams\.shop` at .*, expected no name: the foundation has no teams"),
        (lambda: platform().teams["shop"].namespaces["models"], r"found `teams\.shop\.namespaces\.models` at .*, expected one of shop, shop-jobs\. Fix: "),
    ],
)
def test_what_a_platform_lacks_is_answered_with_what_it_has(ask: Callable[[], Any], words: str) -> None:
    with pytest.raises(ContractError, match=words):
        value_of(ask)


def test_a_team_that_is_not_there_is_told_where_the_program_asked_for_it() -> None:
    def namespace() -> pulumi.Input[Any]:
        team = platform().teams["shpo"]
        seen.append(sys._getframe().f_lineno - 1)
        return team.namespaces["shop"]

    seen: list[int] = []
    with pytest.raises(ContractError) as refused:
        value_of(namespace)
    assert f"found `teams.shpo` at test_contract.py:{seen[0]}, " in str(refused.value)


@pytest.mark.parametrize(
    ("outputs", "words"),
    [({}, "found a stack without the output 'contract', expected a foundation's"), ({"contract": {"version": 2}}, "found version 2, expected version 1")],
)
def test_a_stack_with_another_contract_is_refused(outputs: dict[str, Any], words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Reference:
        def __init__(self, stack: str) -> None:
            assert stack == "organization/commonground/dev"

        def get_output(self, name: str) -> pulumi.Output[Any]:
            return pulumi.Output.from_input(outputs.get(name))

    monkeypatch.setattr(pulumi, "StackReference", Reference)
    with pytest.raises(ContractError, match=words):
        value_of(lambda: Contract.read("organization/commonground/dev").environment)
