"""The AWS stand-in, asked as the engine asks it, against the local cloud."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest

from commonground.local.cloud import Cloud
from commonground.local.providers.aws.provider import AwsStandIn
from commonground.local.providers.diff import Diff
from commonground.local.providers.errors import Failure
from commonground.local.providers.provider import Subject

COUNT = itertools.count()
TAGS = {"commonground:project": "test", "commonground:environment": "test"}


@dataclass
class Made:
    """A resource that was made: what the engine would keep in its state."""

    subject: Subject
    id: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]


@dataclass
class Engine:
    """What the engine does with one resource, and a clean-up of what was made, last first."""

    stand_in: AwsStandIn
    connection: str
    region: str
    endpoint: str
    made: list[Made] = field(default_factory=list)

    def check(self, type_: str, inputs: dict[str, Any], old: Made | None = None) -> tuple[Subject, dict[str, Any], list[Failure]]:
        subject = old.subject if old else Subject(f"urn:pulumi:test::test::{type_}::thing-{next(COUNT)}", type_, self.connection)
        checked, failures = self.stand_in.check(subject, old.inputs if old else None, inputs)
        return subject, checked, failures

    def create(self, type_: str, inputs: dict[str, Any]) -> Made:
        subject, checked, failures = self.check(type_, inputs)
        assert not failures, failures
        id_, outputs = self.stand_in.create(subject, checked, preview=False)
        self.made.append(Made(subject, id_, checked, outputs))
        return self.made[-1]

    def preview(self, type_: str, inputs: dict[str, Any]) -> dict[str, Any]:
        subject, checked, failures = self.check(type_, inputs)
        assert not failures, failures
        return self.stand_in.create(subject, checked, preview=True)[1]

    def diff(self, made: Made, inputs: dict[str, Any]) -> Diff:
        _, checked, failures = self.check(made.subject.type, inputs, made)
        assert not failures, failures
        return self.stand_in.diff(made.subject, made.id, made.inputs, checked)

    def update(self, made: Made, inputs: dict[str, Any]) -> dict[str, Any]:
        _, checked, failures = self.check(made.subject.type, inputs, made)
        assert not failures, failures
        made.outputs = self.stand_in.update(made.subject, made.id, made.outputs, made.inputs, checked, preview=False)
        made.inputs = checked
        return made.outputs

    def read(self, made: Made) -> dict[str, Any] | None:
        found = self.stand_in.read(made.subject, made.id, made.outputs, made.inputs)
        return None if found is None else found[0]

    def refreshed_inputs(self, made: Made) -> dict[str, Any] | None:
        found = self.stand_in.read(made.subject, made.id, made.outputs, made.inputs)
        return None if found is None else found[1]

    def delete(self, made: Made) -> None:
        self.stand_in.delete(made.subject, made.id, made.outputs, made.inputs)
        if made in self.made:
            self.made.remove(made)

    def client(self, service: str) -> Any:
        return boto3.client(service, region_name=self.region, endpoint_url=self.endpoint, aws_access_key_id="test", aws_secret_access_key="test")


def engine_of(cloud: Cloud, region: str = "eu-central-1", account: str = "123456789012") -> Engine:
    stand_in = AwsStandIn(cloud.endpoint)
    connection = f"ipv4:127.0.0.1:{next(COUNT)}"
    stand_in.configure(connection, {"region": region, "allowedAccountIds": [account], "defaultTags": {"tags": TAGS}})
    return Engine(stand_in, connection, region, cloud.endpoint)


@pytest.fixture
def engine(local_cloud: Cloud) -> Iterator[Engine]:
    engine = engine_of(local_cloud)
    yield engine
    for made in reversed(engine.made):
        engine.stand_in.delete(made.subject, made.id, made.outputs, made.inputs)
