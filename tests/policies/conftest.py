"""Runs of the real foundation with the pack, each shared by many tests."""

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.foundation.checkout import ROOT, Checkout, Result

TODAY = {"COMMONGROUND_POLICIES_TODAY": "2026-11-30"}
"""Exceptions and versions end: the tests are of one day."""

BEFORE = "foundation = Foundation("
AFTER = """
import pulumi_kubernetes as kubernetes
from seeds import SECRET

container = {"name": "web", "image": "nginx", "env": [{"name": "NVIDIA_VISIBLE_DEVICES", "value": "all"}]}
kubernetes.core.v1.Pod(
    "seeded",
    metadata={"namespace": "shop", "annotations": {"password": pulumi.Output.secret(SECRET)}},
    spec={"containers": [container], "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}]},
    opts=pulumi.ResourceOptions(provider=foundation.cluster.kubernetes, depends_on=list(foundation.teams.values())),
)
"""

WithPack = Callable[[str], AbstractContextManager[Checkout]]


@pytest.fixture(scope="session")
def with_pack(tmp_path_factory: pytest.TempPathFactory) -> WithPack:
    """A new checkout that has the policy pack; its local cloud ends with it."""

    @contextmanager
    def new(name: str) -> Iterator[Checkout]:
        found = Checkout.copy(tmp_path_factory.mktemp(name) / "checkout")
        shutil.copytree(ROOT / "policies", found.root / "policies", ignore=shutil.ignore_patterns("__pycache__"))
        (found.root / "components").symlink_to(ROOT / "components")
        try:
            yield found
        finally:
            found.stop()

    return new


def seed(checkout: Checkout) -> None:
    """Puts all seeded violations into the program."""
    shutil.copy(Path(__file__).parent / "seeds.py", checkout.stack / "seeds.py")
    program = checkout.stack / "__main__.py"
    text = program.read_text("utf-8")
    assert text.count(BEFORE) == 1
    hook = "import seeds\npulumi.runtime.register_resource_transform(seeds.seed)\n"
    program.write_text(text.replace(BEFORE, hook + BEFORE) + AFTER, "utf-8")


@dataclass(frozen=True)
class Seeded:
    """What a preview of prod said in which every policy is violated."""

    result: Result
    told: dict[str, list[str]]
    """Names of resources by policy, of the mandatory findings."""


FINDING = re.compile(r"^  (?P<policy>[a-z0-9-]+): (?P<name>\S+) \((?P<type>\S*)\): ", re.MULTILINE)


def findings(text: str) -> dict[str, list[str]]:
    """Names of resources by policy, as the message lists them."""
    found: dict[str, list[str]] = {}
    for match in FINDING.finditer(text):
        found.setdefault(match["policy"], []).append(match["name"])
    return found


@pytest.fixture(scope="session")
def seeded(with_pack: WithPack) -> Seeded:
    with with_pack("seeded") as checkout:
        seed(checkout)
        result = checkout.run("preview", "prod", "--offline", variables=TODAY)
        return Seeded(result, findings(result.err))


@pytest.fixture(scope="session")
def shipped(with_pack: WithPack) -> Result:
    """What previews of all shipped environments said."""
    with with_pack("shipped") as checkout:
        return checkout.run("preview", "local", "dev", "staging", "prod", "--offline", variables=TODAY)


@pytest.fixture(scope="session")
def shop(with_pack: WithPack) -> Result:
    """What a preview of the example team's stack said."""
    with with_pack("shop") as checkout:
        return checkout.run("preview", "prod", "--offline", "--project", "stacks/shop", variables=TODAY)
