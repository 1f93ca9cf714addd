"""The AWS stand-in without a cloud: what plan mode says."""

from typing import Any

from commonground.local.providers.aws.provider import AwsStandIn
from commonground.local.providers.provider import Subject


def planned(type_: str, inputs: dict[str, Any], name: str = "thing") -> tuple[str, dict[str, Any]]:
    """Id and outputs of a resource that is planned from these inputs."""
    stand_in = AwsStandIn(None)
    stand_in.configure("plan", {"region": "eu-central-1", "allowedAccountIds": ["123456789012"]})
    subject = Subject(f"urn:pulumi:test::test::{type_}::{name}", type_, "plan")
    checked, failures = stand_in.check(subject, None, inputs)
    assert not failures, failures
    return stand_in.create(subject, checked, preview=False)
