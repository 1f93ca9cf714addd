"""The AWS stand-in without a cloud: what it refuses."""

from typing import Any

from commonground.local.providers.aws.provider import AwsStandIn
from commonground.local.providers.provider import Subject


def refusals(type_: str, inputs: dict[str, Any]) -> list[str]:
    """Each mistake as `property: reason`."""
    stand_in = AwsStandIn(None)
    stand_in.configure("check", {"region": "eu-central-1", "allowedAccountIds": ["123456789012"]})
    _, failures = stand_in.check(Subject(f"urn:pulumi:test::test::{type_}::thing", type_, "check"), None, inputs)
    return [f"{failure.property}: {failure.reason}" for failure in failures]


def change(type_: str, old: dict[str, Any], new: dict[str, Any]) -> tuple[set[str], set[str]]:
    """Names of the properties that differ between two programs, and paths that replace."""
    stand_in = AwsStandIn(None)
    stand_in.configure("check", {"region": "eu-central-1", "allowedAccountIds": ["123456789012"]})
    subject = Subject(f"urn:pulumi:test::test::{type_}::thing", type_, "check")
    before, _ = stand_in.check(subject, None, old)
    after, failures = stand_in.check(subject, before, new)
    assert not failures, failures
    found = stand_in.diff(subject, "id", before, after)
    return found.keys, found.replaces
