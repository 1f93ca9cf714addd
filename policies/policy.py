"""What a policy is, what it looks at, and what it looks at it with."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

from policies.values import HIDDEN, at


class Strictness(StrEnum):
    """How strict an environment is: which policies are mandatory in it."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Severity(StrEnum):
    """From which strictness on a policy is mandatory; below it is advisory."""

    ALWAYS = "always"
    MEDIUM = "medium"
    HIGH = "high"

    def mandatory(self, strictness: Strictness) -> bool:
        """Whether it ends a run in such an environment."""
        return strictness in _MANDATORY[self]


_MANDATORY = {
    Severity.ALWAYS: frozenset(Strictness),
    Severity.MEDIUM: frozenset({Strictness.MEDIUM, Strictness.HIGH}),
    Severity.HIGH: frozenset({Strictness.HIGH}),
}

ECR_HOSTS = ("*.dkr.ecr.*.amazonaws.com", "*.dkr.ecr.*.amazonaws.com.cn", "*.dkr-ecr.*.on.aws")
"""Private registries of ECR (Amazon ECR user guide, "Amazon ECR private registry": registry URIs, dual-stack too)."""


@dataclass(frozen=True)
class Shape:
    """Names in the blueprint that an environment's components have to carry, by the component's type."""

    names: Mapping[str, frozenset[str]]
    file: str
    """As messages name it."""


@dataclass(frozen=True)
class Thresholds:
    """What policies measure by, for one environment. The defaults are those of a stack for which there is no policies.yaml."""

    environment: str = ""
    project: str = ""
    strictness: Strictness = Strictness.MEDIUM
    protected: bool = False
    """Whether what holds data must not be lost."""
    gpus: int | None = None
    """GPUs at most; None: as many as there are."""
    gpu_instance_types: tuple[str, ...] | None = None
    """Patterns of instance types with GPUs that are allowed; None: all."""
    required_tags: tuple[str, ...] = ()
    registries: tuple[str, ...] = ECR_HOSTS
    """Patterns of registries' hosts that images may come from."""
    any_branch: tuple[str, ...] = ()
    """Patterns of logical names of roles that every branch and pull request of their repository may assume, since they only read."""
    unprotected: frozenset[str] = frozenset()
    """Logical names whose protection a reviewer lifted in the scale."""
    shape: Shape | None = None
    today: date = date.min

    @property
    def foundation(self) -> bool:
        """Whether the environment's tags say where it belongs, as the foundation's do."""
        return bool(self.required_tags)


@dataclass(eq=False)
class Resource:
    """One resource, as the engine was asked for it."""

    type: str
    name: str
    """Logical name."""
    props: dict[str, Any]
    """Inputs after the provider's check: camelCase, defaults set, `HIDDEN` for secrets and unknowns."""
    urn: str = ""
    protect: bool = False
    parent: str = ""
    """URN of the component that it belongs to."""
    provider: dict[str, Any] = field(default_factory=dict)
    """Properties of its provider."""
    sources: dict[str, frozenset[str]] = field(default_factory=dict)
    """URNs of the resources that a property was made from, by property; known once the whole stack is."""

    def document(self, *keys: str | int) -> Any:
        """A JSON document at a path, parsed: an object, None where there is none, `HIDDEN` where it cannot be read."""
        found = at(self.props, *keys)
        return parsed(found) if isinstance(found, str) else found if isinstance(found, dict) or found is None else HIDDEN


@lru_cache(maxsize=256)
def parsed(document: str) -> Any:
    """A JSON object from its text: `HIDDEN` where it is none. Whoever gets it must not change it."""
    try:
        found = json.loads(document)
    except (ValueError, RecursionError):
        return HIDDEN
    return found if isinstance(found, dict) else HIDDEN


class Stack:
    """All resources that a stack asks for."""

    def __init__(self, resources: list[Resource]) -> None:
        self.resources = resources
        self._by_urn = {resource.urn: resource for resource in resources}

    def of(self, *patterns: str) -> list[Resource]:
        """Those of some types."""
        return [resource for resource in self.resources if matches(resource.type, patterns)]

    def refers(self, one: Resource, key: str, other: Resource, *, by: str = "") -> bool | None:
        """Whether a property of one resource names another one. None: nobody knows yet.

        `by`: the other's own property that holds its name, where it is known.
        """
        if other.urn and other.urn in one.sources.get(key, ()):
            return True
        said, name = at(one.props, key), at(other.props, by) if by else None
        if isinstance(said, str) and isinstance(name, str):
            return said == name
        unclear = said is HIDDEN or (isinstance(said, str) and (name is HIDDEN or name is None))
        return None if unclear and not one.sources.get(key) else False

    def source(self, one: Resource, key: str, *patterns: str) -> Resource | None:
        """The resource of some type that a property was made from, where that is known."""
        found = (self._by_urn.get(urn) for urn in sorted(one.sources.get(key, ())))
        return next((resource for resource in found if resource and matches(resource.type, patterns)), None)


@dataclass(frozen=True)
class Note:
    """Something to know that is no violation: advisory in every environment."""

    message: str


@dataclass(frozen=True)
class About:
    """A violation that shows only in the whole stack, of one of its resources; of none: of the stack."""

    resource: Resource | None
    message: str


Check = Callable[[Resource, Thresholds], Iterator[str | Note]]
StackCheck = Callable[[Stack, Thresholds], Iterator[About]]


@dataclass(frozen=True)
class Example:
    """Resources that a policy passes, or finds something in: its tests, and how it is explained."""

    about: str
    resources: tuple[Resource, ...]
    thresholds: Thresholds


@dataclass(frozen=True, eq=False)
class Policy:
    """One row of the table."""

    id: str
    title: str
    severity: Severity
    why: str
    fix: str
    types: tuple[str, ...]
    """Patterns of the types that it looks at; for the whole stack: without which it has nothing to look at."""
    passing: Callable[[], tuple[Example, ...]]
    """Made when somebody asks: the engine's pack needs none."""
    failing: Callable[[], tuple[Example, ...]]
    check: Check | None = None
    whole: StackCheck | None = None


@lru_cache(maxsize=4096)
def matches(type_: str, patterns: tuple[str, ...]) -> bool:
    """Whether a type is one of some patterns (`aws:s3/bucket:Bucket`, `kubernetes:*:Pod`)."""
    return any(fnmatchcase(type_, pattern) for pattern in patterns)


EXAMPLE = Thresholds(environment="prod", project="example", strictness=Strictness.HIGH, today=date(2026, 11, 30))
"""What examples are measured by, unless they say otherwise."""


def resource(type_: str, props: dict[str, Any], name: str = "it", **options: Any) -> Resource:
    """A resource of an example."""
    urn = f"urn:pulumi:prod::example::{type_}::{name}"
    return Resource(type_, name, props, urn, **options)


def example(about: str, *resources: Resource, thresholds: Thresholds = EXAMPLE) -> Example:
    """An example."""
    return Example(about, resources, thresholds)


def having(props: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """Properties with changes; None takes one away."""
    return {key: value for key, value in {**props, **changes}.items() if value is not None}
