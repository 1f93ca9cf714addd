"""`stage(program)` runs a program under Pulumi's mocks and keeps what `deploy` does not: who waits for whom, who provides, what is ignored.

EKS' computed outputs are there, and `transforms` of a parent are applied to its children as the engine does it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.runtime import mocks, set_mocks, test
from tests import loops

# Outputs that AWS computes, by type: a few that components hand on.
COMPUTED: dict[str, Callable[[str, dict[str, Any]], dict[str, Any]]] = {
    "aws:eks/cluster:Cluster": lambda name, inputs: {
        "endpoint": "https://cluster.example",
        "certificateAuthority": {"data": "Q0E="},
        "vpcConfig": {**inputs["vpcConfig"], "clusterSecurityGroupId": "sg-cluster"},
        "tagsAll": {"commonground:environment": "dev", **inputs.get("tags", {})},
    },
    "aws:eks/nodeGroup:NodeGroup": lambda name, inputs: {"resources": [{"autoscalingGroups": [{"name": f"eks-{name}-asg"}]}]},
    "aws:ec2/launchTemplate:LaunchTemplate": lambda name, inputs: {"latestVersion": 3},
    "aws:iam/role:Role": lambda name, inputs: {"name": name},
}


@dataclass(frozen=True)
class Declared:
    """One resource, as it was registered."""

    urn: str
    type: str
    name: str
    inputs: dict[str, Any]
    parent: str
    provider: str
    """URN and id of the provider, empty for the default one."""
    dependencies: frozenset[str]
    ignored: frozenset[str]
    protected: bool


@dataclass
class Stage:
    """The resources of a program, in the order of their registration."""

    declared: list[Declared] = field(default_factory=list)

    def all(self, type_: str) -> dict[str, Declared]:
        """Every resource of a type, by logical name."""
        return {one.name: one for one in self.declared if one.type == type_}

    def one(self, type_: str, name: str | None = None) -> Declared:
        """The only resource of a type, or the one of this name."""
        (found,) = [one for one in self.declared if one.type == type_ and name in (None, one.name)]
        return found

    def upstream(self, one: Declared) -> set[str]:
        """Logical names of all that is there before a resource is made: dependencies, parents and providers, and theirs."""
        by_urn = {each.urn: each for each in self.declared}
        seen: set[str] = set()
        waiting = [one]
        while waiting:
            for urn in _direct(waiting.pop()):
                if urn in by_urn and urn not in seen:
                    seen.add(urn)
                    waiting.append(by_urn[urn])
        return {by_urn[urn].name for urn in seen}


def _direct(one: Declared) -> Iterator[str]:
    yield from one.dependencies
    # A component is registered at once: that it is the parent says nothing of its other children.
    yield one.parent
    yield one.provider.rsplit("::", 1)[0]


class _Recorder(mocks.Mocks):
    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        computed = COMPUTED.get(args.typ, lambda name, inputs: {})(args.name, args.inputs)
        return f"{args.name}-id", {"name": args.name, **args.inputs, "arn": f"arn:aws:test:::{args.name}", **computed}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"a component asked the cloud: {args.token}")


class _Monitor(mocks.MockMonitor):
    """Pulumi's own, which keeps neither dependencies nor options and runs no transforms."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(_Recorder())
        self.stage = stage
        self._transforms: dict[str, list[Callable[[pulumi.ResourceTransformArgs], Any]]] = {}

    def RegisterResource(self, request: Any) -> Any:
        urn = self.make_urn(request.parent, request.type, request.name)
        own = mocks._resolve_callbacks(request.transforms)
        self._transforms[urn] = [*own, *self._transforms.get(request.parent, [])]
        for transform in self._transforms[urn]:
            self._apply(transform, request)
        answer = super().RegisterResource(request)
        state = self.resources.get(answer.urn)
        self.stage.declared.append(
            Declared(
                urn=answer.urn,
                type=request.type,
                name=request.name,
                inputs=mocks.rpc.deserialize_properties(request.object) if state else {},
                parent=request.parent,
                provider=request.provider or _provider_of(request),
                dependencies=frozenset(request.dependencies),
                ignored=frozenset(request.ignoreChanges),
                protected=request.protect,
            )
        )
        return answer

    @staticmethod
    def _apply(transform: Callable[[pulumi.ResourceTransformArgs], Any], request: Any) -> None:
        props = mocks.rpc.deserialize_properties(request.object)
        options = pulumi.ResourceOptions()
        changed = transform(pulumi.ResourceTransformArgs(request.custom, request.type, request.name, props, options))
        if changed is not None:
            request.object.CopyFrom(mocks._sync_await(mocks.rpc.serialize_properties(changed.props, {})))


def _provider_of(request: Any) -> str:
    return str(request.providers.get(request.type.split(":")[0], ""))


def stage(program: Callable[[], object], *, preview: bool = False) -> Stage:
    """Runs a program and gives what it declared."""
    found = Stage()
    loops.ensure()
    set_mocks(_Recorder(), project="test", stack="test", preview=preview, monitor=_Monitor(found))

    @test
    def deployment() -> None:
        program()

    deployment()
    return found
