"""Few runs, shared by many tests: each fixture here is one story that a checkout and its local cloud went through."""

import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import pytest

from commonground.local import cloud
from commonground.local.cloud import Call
from tests.foundation.checkout import Aws, Checkout, Result, kill_all
from tests.foundation.listing import Listing, everything

Checkouts = Callable[[str], AbstractContextManager[Checkout]]


@pytest.fixture(scope="session")
def checkouts(tmp_path_factory: pytest.TempPathFactory) -> Checkouts:
    """A new checkout by a name; its local cloud ends with it."""

    @contextmanager
    def new(name: str) -> Iterator[Checkout]:
        found = Checkout.copy(tmp_path_factory.mktemp(name) / "checkout")
        try:
            yield found
        finally:
            found.stop()

    return new


@dataclass(frozen=True)
class Provisioned:
    """A checkout after `up local`."""

    checkout: Checkout
    first: Result
    """What the first `up` said."""
    aws: Aws


@pytest.fixture(scope="session")
def provisioned(checkouts: Checkouts) -> Iterator[Provisioned]:
    """Tests read it; one that changes it puts it back."""
    with checkouts("provisioned") as checkout:
        first = checkout.run("up", "local")
        assert first.code == 0, first.err
        yield Provisioned(checkout, first, checkout.aws)


@pytest.fixture(scope="session")
def aws(provisioned: Provisioned) -> Aws:
    """Plain boto3, pointed at the local cloud in which `local` is up."""
    return provisioned.aws


@dataclass(frozen=True)
class Step:
    """One command of a story."""

    result: Result
    calls: list[Call]
    """What it did in the local cloud."""


class Story:
    """Commands in one checkout, and what each did."""

    def __init__(self, checkout: Checkout) -> None:
        self.checkout = checkout
        self.steps: dict[str, Step] = {}

    def tell(self, what: str, *arguments: str) -> Step:
        """Runs a command and keeps what it did, by a name."""
        before = len(_calls(self.checkout))
        result = self.checkout.run(*arguments)
        self.steps[what] = Step(result, _calls(self.checkout)[before:])
        return self.steps[what]

    def __getitem__(self, what: str) -> Step:
        return self.steps[what]


PROTECTED_BUCKET = "  artifacts: {purpose: artifacts, expire_days: 90}\n"
HOLDS_DATA = [
    "cluster",
    "cluster-key",
    "cluster-logs",
    "datasets-bucket",
    "logs-bucket",
    "metrics-key",
    "metrics-logs",
    "metrics-workspace",
    "models-bucket",
    "models/churn-repository",
    "network-flow-logs",
    "payments/payments",
    "registries-key",
    "shop-repository",
    "shop/shop",
    "shop/shop-jobs",
    "storage-key",
]
"""Logical names of what `protect` covers, beside that bucket."""


@dataclass(frozen=True)
class Protected:
    """An environment with `protect: true` that lost a bucket by the documented steps, and then went."""

    story: Story
    buckets: list[str]
    """Names after the bucket was removed."""
    left: Listing
    """What the local cloud has after all."""


@pytest.fixture(scope="session")
def protected(checkouts: Checkouts) -> Iterator[Protected]:
    """The whole story; each test looks at a part of it."""
    with checkouts("protected") as checkout:
        checkout.edit("Pulumi.local.yaml", "protect: false ", "protect: true ")
        assert checkout.run("up", "local").code == 0
        story = Story(checkout)
        listed = demanded(story.tell("destroy", "destroy", "local"))
        checkout.edit("blueprint.yaml", PROTECTED_BUCKET, "")
        story.tell("remove", "up", "local")
        checkout.edit("blueprint.yaml", "buckets:\n", "buckets:\n" + PROTECTED_BUCKET)
        _lift(checkout, "[]", "[artifacts-bucket]")
        story.tell("lift one", "up", "local")
        checkout.edit("blueprint.yaml", PROTECTED_BUCKET, "")
        _lift(checkout, "[artifacts-bucket]", f"[{', '.join(name for name in listed if name != 'artifacts-bucket')}]")
        story.tell("remove it and lift the others", "up", "local")
        buckets = [bucket["Name"] for bucket in checkout.aws.s3.list_buckets()["Buckets"]]
        story.tell("destroy after that", "destroy", "local")
        yield Protected(story, buckets, everything(checkout.aws))


def demanded(step: Step) -> list[str]:
    """The names that a message wants in `unprotected`."""
    (names,) = re.findall(r"^  unprotected: \[(.*)\]$", step.result.err, re.MULTILINE)
    return str(names).split(", ")


def _lift(checkout: Checkout, old: str, new: str) -> None:
    checkout.edit("Pulumi.local.yaml", f"unprotected: {old} ", f"unprotected: {new} ")


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listing]:
    """What a local cloud has in which nothing was ever made."""
    folder = tmp_path_factory.mktemp("fresh")
    try:
        yield everything(Aws.at(cloud.start(folder)))
    finally:
        cloud.stop(folder)


GENERAL = "general: {instance_types: [m7i.xlarge, m7i.2xlarge], capacity: spot, min: 1, desired: 1, max: %d}"


@dataclass(frozen=True)
class Eventful:
    """An environment whose first `up` was killed, whose local cloud was lost later, and which then got another scale."""

    story: Story
    half_made: list[str]
    """Logical names of what the engine was creating when it was killed."""
    after_kill: Listing
    """What the local cloud had after the next `up`."""
    after_loss: Listing
    """What the second one had after the `up` that followed."""


@pytest.fixture(scope="session")
def eventful(checkouts: Checkouts) -> Iterator[Eventful]:
    """Killed while the cluster is being made, with all that belongs to the run."""
    with checkouts("eventful") as checkout:
        run = checkout.start("up", "local", "--plain")
        _wait_for(lambda: any(call.operation == "CreateCluster" for call in _calls(checkout)), run)
        kill_all(run.pid)
        run.communicate()
        half_made = checkout.pending()
        story = Story(checkout)
        story.tell("finish", "up", "local")
        after_kill = everything(Aws.at(checkout.cloud))
        checkout.stop()
        story.tell("rebuild", "up", "local")
        after_loss = everything(Aws.at(checkout.cloud))
        checkout.edit("Pulumi.local.yaml", GENERAL % 3, GENERAL % 5)
        story.tell("preview more", "preview", "local", "--exit-code")
        story.tell("more", "up", "local")
        yield Eventful(story, half_made, after_kill, after_loss)


def _calls(checkout: Checkout) -> list[Call]:
    """None while the local cloud is still on its way."""
    found = cloud.running(checkout.local)
    return found.calls() if found else []


def _wait_for(happened: Callable[[], bool], run: "subprocess.Popen[str]", seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert run.poll() is None, run.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.01)
