"""Few runs, shared by many tests: each fixture here is one story that a checkout and its local cloud went through."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import pytest
from tests.foundation.checkout import Aws, Checkout, Result
from tests.foundation.listing import Listing, everything

from commonground.local import cloud
from commonground.local.cloud import Call

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
        before = len(self.checkout.calls())
        result = self.checkout.run(*arguments)
        self.steps[what] = Step(result, self.checkout.calls(before))
        return self.steps[what]

    def __getitem__(self, what: str) -> Step:
        return self.steps[what]


PROTECTED_BUCKET = "  datasets: {purpose: datasets, keep_old_versions_days: 365}\n"


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
        story.tell("destroy", "destroy", "local")
        checkout.edit("blueprint.yaml", PROTECTED_BUCKET, "")
        story.tell("remove", "up", "local")
        checkout.edit("blueprint.yaml", "buckets:\n", "buckets:\n" + PROTECTED_BUCKET)
        _lift(checkout, "[]", "[datasets-bucket]")
        story.tell("lift one", "up", "local")
        checkout.edit("blueprint.yaml", PROTECTED_BUCKET, "")
        _lift(checkout, "[datasets-bucket]", "[]")
        story.tell("remove after that", "up", "local")
        buckets = [bucket["Name"] for bucket in checkout.aws.s3.list_buckets()["Buckets"]]
        listed = re.search(r"unprotected: (\[.*\])", story.tell("destroy again", "destroy", "local").result.err)
        _lift(checkout, "[]", listed[1] if listed else "[]")
        story.tell("lift all", "up", "local")
        story.tell("destroy after that", "destroy", "local")
        yield Protected(story, buckets, everything(checkout.aws))


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
