"""Few runs, shared by many tests: each fixture here is one story that a checkout and its local cloud went through."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import pytest
from tests.foundation.checkout import Aws, Checkout, Result

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
