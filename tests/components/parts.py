"""Settings of single components, as a test needs them, and what tests ask of a graph."""

import json
from collections.abc import Callable
from typing import Any

import pulumi
import pulumi_aws as aws
from tests.components.stage import stage

from commonground.iam import Identity
from commonground.settings.base import BucketPurpose, NatGateways, Protection, Zone
from commonground.settings.environment import BucketSettings, NetworkSettings, RegistriesSettings, RegistrySettings, StorageSettings, TierSettings

ACCOUNT = "111122223333"
REGION = "eu-central-1"
PROTECTED = Protection(on=True)
UNPROTECTED = Protection(on=False)
TIERS = (TierSettings(name="public", slot=0), TierSettings(name="private", slot=1), TierSettings(name="intra", slot=2))


def zones(*numbers: int) -> tuple[Zone, ...]:
    return tuple(Zone(id=f"euc1-az{number}", name=f"{REGION}{'abcdefgh'[number - 1]}") for number in numbers)


def network_settings(**changes: Any) -> NetworkSettings:
    settings = NetworkSettings(
        cidr="10.16.0.0/16",
        account=ACCOUNT,
        region=REGION,
        zones=zones(1, 2),
        tiers=TIERS,
        nat=NatGateways.ONE,
        endpoints=("s3", "ecr.api", "sts"),
        flow_logs=True,
        log_retention_days=30,
        protection=Protection(on=False),
        cluster="commonground-dev-k7q2",
    )
    return settings.model_copy(update=changes)


def bucket_settings(name: str = "datasets", purpose: BucketPurpose = BucketPurpose.DATASETS, **changes: Any) -> BucketSettings:
    return BucketSettings(name=name, purpose=purpose, **{"protection": PROTECTED, **changes})


def storage_settings(*buckets: BucketSettings, protection: Protection = PROTECTED) -> StorageSettings:
    shipped = (
        bucket_settings("datasets", BucketPurpose.DATASETS, keep_old_versions_days=365),
        bucket_settings("models", BucketPurpose.MODELS),
        bucket_settings("logs", BucketPurpose.LOGS, expire_days=400),
    )
    return StorageSettings(account=ACCOUNT, buckets=buckets or shipped, protection=protection)


def registry_settings(name: str = "shop", **changes: Any) -> RegistrySettings:
    return RegistrySettings(name=name, **{"released_tags": ("v*",), "expire_days": 30, "protection": PROTECTED, **changes})


def registries_settings(*repositories: RegistrySettings) -> RegistriesSettings:
    shipped = (registry_settings("shop"), registry_settings("models/churn", expire_days=90))
    return RegistriesSettings(account=ACCOUNT, repositories=repositories or shipped, protection=PROTECTED)


def identity(name: str = "shop") -> Identity:
    return Identity(name, aws.iam.Role(name, assume_role_policy="{}"))


def statements(policy: str) -> dict[str, dict[str, Any]]:
    """The statements of a policy's text, by Sid."""
    return {statement["Sid"]: statement for statement in json.loads(policy)["Statement"]}


def owned_by_platform() -> pulumi.ResourceOptions:
    """A user's options, by whose `transforms` every child that takes tags says who owns it."""

    def tag(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        if "tags" not in args.props:
            return None
        return pulumi.ResourceTransformResult({**args.props, "tags": {**args.props["tags"], "owner": "platform"}}, args.opts)

    return pulumi.ResourceOptions(transforms=[tag])


def owners(program: Callable[[], object]) -> dict[str, str | None]:
    """Who owns what takes tags, by logical name."""
    tagged = (one for one in stage(program).declared if "tags" in one.inputs)
    return {one.name: one.inputs["tags"].get("owner") for one in tagged}
