"""Offline previews of the shipped environments and of two that are not shipped, each made once."""

import re
import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from commonground.engine.installation import find
from commonground.engine.progress import Lines
from commonground.engine.project import Project
from commonground.engine.runs import Run
from commonground.engine.steps import Step
from commonground.preview import Facts

ROOT = Path(__file__).parents[2]
SHIPPED = ("dev", "staging", "prod")
FAR, PLANTED = "far", "planted"
# What an environment may have of its own beside what the shipped ones show: more zones and principals, other roles, clients, versions.
FAR_STACK = {
    r"zones: 3": "zones: 4",
    r"one_per_zone": "one",
    r"\[m7i.2xlarge\], capacity: on_demand": "[m7i.xlarge, m7i.2xlarge], capacity: spot",
    r"g6\.2xlarge": "g4dn.12xlarge",
    r"333333333333": "444444444444",
    r"eu-central-1": "us-west-2",
    r"10\.48\.0\.0/16": "172.16.0.0/18",
    r"role/commonground-deploy": "role/ci",
    r"operators: \[(.*)role/platform\"\]": r'operators: [\1role/sre", \1role/on-call"]',
    r"ci_provider: here": "ci_provider: arn:aws:iam::444444444444:oidc-provider/token.actions.githubusercontent.com",
    r"\[203\.0\.113\.0/24\]": "[203.0.113.0/25, 198.51.100.0/24]",
}
FAR_LOCK = {
    r"333333333333": "444444444444",
    r"eu-central-1(.)": r"us-west-2\1",
    r"euc1": "usw2",
    r"(  usw2-az3: .*)": r"\1\n  usw2-az4: {name: us-west-2d}",
    r"usw2-az3\]": "usw2-az3, usw2-az4]",
    r"g6\.2xlarge": "g4dn.12xlarge",
    r"(g4dn.*)vcpu: 8, memory_mib: 32768, pods: 58,": r"\1vcpu: 48, memory_mib: 196608, pods: 234,",
    r"count: 1, model: L4": "count: 4, model: T4",
    r"1\.36": "1.35",
    r"v1\.0\.0-eksbuild\.1": "v1.0.0-eksbuild.2",
    r"r6t1": "x0y9",
}
# What no environment may have of its own.
PLANTED_BLUEPRINT = {r"(  models: \{purpose: models\})": r"\1\n  extra: {purpose: artifacts, expire_days: 7}", r"autoscaling\]": "autoscaling, sqs]"}


def _write(path: Path, text: str, changes: dict[str, str]) -> None:
    for old, new in changes.items():
        text, count = re.subn(old, new, text)
        assert count, f"{old!r} stands nowhere in what {path.name} is made of"
    path.write_text(text)


@pytest.fixture(scope="session")
def projects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Project]:
    """The project that each environment is in: the shipped one, or a copy."""
    made = {name: Project.read(ROOT) for name in SHIPPED}
    for name in (FAR, PLANTED):
        root = tmp_path_factory.mktemp(name)
        shutil.copy(ROOT / "Pulumi.yaml", root)
        shutil.copytree(ROOT / "stacks" / "foundation", root / "stacks" / "foundation", ignore=shutil.ignore_patterns("__pycache__"))
        made[name] = Project.read(root)
    folder = made[FAR].config
    _write(folder / "Pulumi.far.yaml", (folder / "Pulumi.prod.yaml").read_text(), FAR_STACK)
    _write(folder / "lock.far.yaml", (folder / "lock.prod.yaml").read_text(), FAR_LOCK)
    folder = made[PLANTED].config
    _write(folder / "blueprint.yaml", (folder / "blueprint.yaml").read_text(), PLANTED_BLUEPRINT)
    _write(folder / "Pulumi.planted.yaml", (folder / "Pulumi.prod.yaml").read_text(), {})
    _write(folder / "lock.planted.yaml", (folder / "lock.prod.yaml").read_text(), {})
    return made


Preview = tuple[Facts, list[Step]]


@pytest.fixture(scope="session")
def previews(projects: dict[str, Project]) -> Iterator[dict[str, Preview]]:
    """Facts and steps of every environment, two previews at a time."""
    engine = find(lambda line: print(line, file=sys.stderr))

    def preview(name: str) -> Preview:
        run = Run(projects[name], name, engine, Lines(name, lambda question: False))
        return Facts.read(projects[name], name), run.preview(offline=True).steps

    with ThreadPoolExecutor(2) as pool:
        yield dict(zip(projects, pool.map(preview, projects), strict=True))
