"""One environment's resources as a shape: without what is its own, with the instances of a group as one."""

import ipaddress
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from commonground.engine.steps import UNKNOWN, Op, Step
from commonground.preview.comparison.rules import COLLAPSED
from commonground.preview.facts import Facts

ABSENT = "nothing"
PRINCIPAL = "<principal>"
NOT_KNOWN = "<known after up>"
"""Of a preview against a state: what is made anew has no id yet. It says nothing about the shape."""
VPC = "aws:ec2/vpc:Vpc"
CIDR = re.compile(r"\b\d+\.\d+\.\d+\.\d+/\d+\b")
# What Pulumi appends to a logical name for a physical one, and what ids of providers are made of.
SUFFIX = "-[0-9a-f]{7}"
ECR_HOST_ENDS = r"\.amazonaws\.com/"
GENERATED_ID = re.compile(r"[0-9a-f]{8}")

Key = tuple[str, str]
"""Type and collapsed logical name."""


@dataclass
class Group:
    """The instances of a group: all resources of one type whose collapsed names are one."""

    count: int = 0
    parents: set[str] = field(default_factory=set)
    properties: dict[str, set[str]] = field(default_factory=dict)
    """Values by path, each as text; `ABSENT` where an instance has none."""

    def add(self, parent: str, properties: Mapping[str, str]) -> None:
        """One more instance."""
        for path in properties.keys() - self.properties.keys():
            self.properties[path] = {ABSENT} if self.count else set()
        for path, values in self.properties.items():
            values.add(properties.get(path, ABSENT))
        self.parents.add(parent)
        self.count += 1


def shape(steps: Iterable[Step], facts: Facts) -> dict[Key, Group]:
    """The groups of an environment, from the steps of a preview."""
    there = [step for step in steps if step.kind not in (None, Op.DELETE)]
    own = _Own(facts, there)
    groups: dict[Key, Group] = {}
    for step in there:
        parent = step.parent.rsplit("::", 1)[-1] if step.parent else ""
        group = groups.setdefault((step.type, own.name(step.name)), Group())
        group.add(own.name(parent), dict(_flat(own.value(step.new))))
    return groups


@dataclass(frozen=True)
class _Own:
    """Puts a word in the place of whatever is an environment's own."""

    facts: Facts
    steps: Sequence[Step]

    def name(self, name: str) -> str:
        """A logical name, collapsed. The stack's, which ends with the environment's, too."""
        for pattern, word in COLLAPSED:
            name = re.sub(pattern, word, name)
        for principal in self.facts.principals:
            name = re.sub(rf"-{re.escape(principal)}$", f"-{PRINCIPAL}", name)
        return re.sub(rf"-{re.escape(self.facts.name)}$", "-<environment>", name)

    def value(self, value: Any) -> Any:
        """A value of an input; JSON in a string as what it says."""
        if isinstance(value, dict):
            return {self._text(str(key)): self.value(item) for key, item in value.items()}
        if isinstance(value, list):
            return _once([self.value(item) for item in value])
        if not isinstance(value, str):
            return value
        if value in UNKNOWN:
            return NOT_KNOWN
        return self.value(parsed) if (parsed := _json(value)) is not None else self._text(value)

    def _text(self, text: str) -> str:
        if text in self._names:
            return self.name(text)
        text = self._generated.sub(lambda found: self._references[found["id"]] if found["id"] else f"<{self.name(found['name'])}>", text)
        text = CIDR.sub(self._address, text)
        for pattern, word in COLLAPSED:
            text = re.sub(rf"(?<![A-Za-z0-9]){pattern}(?![A-Za-z0-9])", word, text)
        return self._words.sub(lambda found: self._word_of[found[0]], text)

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(step.name for step in self.steps)

    @cached_property
    def _references(self) -> dict[str, str]:
        """The id that the provider gave to a resource -> the resource."""
        return {step.id: f"<{self.name(step.name)}>" for step in self.steps if GENERATED_ID.search(step.id)}

    @cached_property
    def _generated(self) -> re.Pattern[str]:
        ids = _any(self._references)
        names = _any(self._names)
        return re.compile(rf"(?<![A-Za-z0-9])(?:(?P<id>{ids})|(?P<name>{names}){SUFFIX})(?![A-Za-z0-9])")

    @cached_property
    def _word_of(self) -> dict[str, str]:
        facts = self.facts
        words = {**dict.fromkeys(facts.zones, "<zone>"), facts.account: "<account>", facts.region: "<region>"}
        return {**words, facts.incarnation: "<incarnation>", facts.name: "<environment>"}

    @cached_property
    def _words(self) -> re.Pattern[str]:
        """Of the environment's name only words of their own: `dev` is part of `/dev/xvda` and of `commonground.dev/pool` as well.

        And the first part of a repository in ECR, after the registry's host.
        """
        name = rf"(?:(?<![\w./])|(?<={ECR_HOST_ENDS})){re.escape(self.facts.name)}(?![\w.])"
        return re.compile(rf"{name}|(?<![A-Za-z0-9])(?:{_any(self._word_of.keys() - {self.facts.name})})(?![A-Za-z0-9])")

    @cached_property
    def _networks(self) -> list[ipaddress.IPv4Network]:
        return [ipaddress.IPv4Network(step.new["cidrBlock"]) for step in self.steps if step.type == VPC and CIDR.fullmatch(str(step.new.get("cidrBlock")))]

    def _address(self, found: re.Match[str]) -> str:
        """A range inside the VPC's, by how much smaller it is: where it lies is the address plan's."""
        try:
            network = ipaddress.IPv4Network(found[0])
        except ValueError:
            return found[0]
        around = next((vpc for vpc in self._networks if network.subnet_of(vpc)), None)
        return found[0] if around is None else f"<vpc_cidr>+{network.prefixlen - around.prefixlen}"


def _any(texts: Iterable[str]) -> str:
    """A pattern of any of these, the longest first; of none: one that never fits."""
    return "|".join(re.escape(text) for text in sorted(filter(None, texts), key=lambda text: (-len(text), text))) or r"(?!)"


def _once(items: list[Any]) -> list[Any]:
    """A list in which the instances of a group stand once."""
    words = tuple(word for _, word in COLLAPSED)
    kept: list[Any] = []
    for item in items:
        if item not in kept or not any(word in json.dumps(item) for word in words):
            kept.append(item)
    return kept


def _json(text: str) -> Any:
    if not text.startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Each value with its path; what is empty is a value too."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _flat(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _flat(item, f"{path}[{index}]")
    elif path:
        yield path, json.dumps(value, sort_keys=True)
