"""One story, shared by the tests: the shop comes, gets another model, and goes, on a foundation in the local cloud."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.foundation.checkout import Checkout, Result

SHOP = ("--project", "stacks/shop")
VERSION = "2026-11-20"
NEXT_VERSION = "2026-12-01"


@dataclass
class Story:
    """What each command said, and which objects of the shop's there were after it."""

    checkout: Checkout
    said: dict[str, Result] = field(default_factory=dict)
    objects: dict[str, set[str]] = field(default_factory=dict)

    def tell(self, what: str, *arguments: str) -> None:
        """Runs a command and keeps what came of it, by a name."""
        self.said[what] = self.checkout.run(*arguments)
        self.objects[what] = workloads(self.checkout)


def workloads(checkout: Checkout) -> set[str]:
    """The application's and the model's objects, as `Kind/namespace.name`."""
    folder = checkout.local / "manifests"
    found = {file for name in ("shop.web", "shop.churn") for file in folder.rglob(f"{name}.yaml")}
    return {f"{file.parent.name.split('.')[0]}/{file.stem}" for file in found}


@pytest.fixture(scope="session")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """The whole of it; each test looks at a part."""
    checkout = Checkout.copy(tmp_path_factory.mktemp("shop") / "checkout")
    file = checkout.root / "stacks" / "shop" / "Pulumi.local.yaml"
    try:
        told = Story(checkout)
        told.tell("foundation", "up", "local")
        assert told.said["foundation"].code == 0, told.said["foundation"].err
        told.tell("first preview", "preview", "local", *SHOP)
        told.tell("up", "up", "local", *SHOP)
        told.tell("again", "up", "local", *SHOP)
        file.write_text(file.read_text("utf-8").replace(VERSION, NEXT_VERSION), "utf-8")
        told.tell("another model", "preview", "local", *SHOP)
        file.write_text(file.read_text("utf-8").replace("replicas: 1", "replicas: one"), "utf-8")
        told.tell("mistake", "up", "local", *SHOP)
        file.write_text(file.read_text("utf-8").replace("replicas: one", "replicas: 1"), "utf-8")
        told.tell("destroy", "destroy", "local", *SHOP)
        yield told
    finally:
        checkout.stop()
