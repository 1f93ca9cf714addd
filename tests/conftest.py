"""`deploy(program)` runs a program under Pulumi's mocks and gives the resources that it declared. Tests of one room run in one process."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime import mocks, set_mocks, test
from xdist.scheduler import LoadScopeScheduling

from tests import loops


class Rooms(LoadScopeScheduling):
    """Spreads tests over processes by room: those of one share their runs and servers."""

    def _split_scope(self, nodeid: str) -> str:
        parts = Path(nodeid.split("::")[0]).relative_to("tests").parts
        return "/".join(parts[: 2 if parts[0] == "local" else 1])


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite-golden", action="store_true", help="write golden files as they come out now; review the difference")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Rooms:
    """Called by pytest-xdist, whose own groups (`--dist loadgroup`, 3.8) pytest 9.2 does not see."""
    return Rooms(config, log)


@dataclass
class Graph:
    """Resources in the order of their declaration."""

    resources: list[mocks.MockResourceArgs]

    def all(self, type_: str) -> dict[str, dict[str, Any]]:
        """Inputs of every resource of a type, by logical name."""
        return {resource.name: resource.inputs for resource in self.resources if resource.typ == type_}

    def one(self, type_: str) -> dict[str, Any]:
        """Inputs of the only resource of a type."""
        (found,) = self.all(type_).values()
        return found


class Recorder(mocks.Mocks):
    def __init__(self) -> None:
        self.resources: list[mocks.MockResourceArgs] = []

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        self.resources.append(args)
        return f"{args.name}-id", {"name": args.name, **args.inputs, "arn": f"arn:aws:test:::{args.name}"}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"a component asked the cloud: {args.token}")


Deploy = Callable[[Callable[[], object]], Graph]


@pytest.fixture
def deploy() -> Deploy:
    def run(program: Callable[[], object]) -> Graph:
        recorder = Recorder()
        loops.ensure()
        set_mocks(recorder, project="test", stack="test", preview=False)

        @test
        def deployment() -> None:
            program()

        deployment()
        return Graph(recorder.resources)

    return run
