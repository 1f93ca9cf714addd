"""One run of the pack: each resource once, then the whole stack, by what the environment is measured by."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from policies.policy import Note, Policy, Resource, Stack, Strictness, Thresholds, matches
from policies.settings import Accepted, Configuration
from policies.table import FILE, POLICIES


@dataclass(frozen=True)
class Finding:
    """One thing that a policy has to say."""

    policy: str
    mandatory: bool
    urn: str
    """Empty: the stack."""
    message: str
    note: bool = False
    """Whether it is no violation, but something to know."""


@lru_cache(maxsize=4096)
def _looking_at(type_: str, policies: tuple[Policy, ...]) -> tuple[Policy, ...]:
    return tuple(policy for policy in policies if policy.check and matches(type_, policy.types))


Judgement = tuple[Policy, Resource | None, str | Note]


def judge(resources: Iterable[Resource], thresholds: Thresholds, policies: tuple[Policy, ...] = POLICIES) -> Iterator[Judgement]:
    """What policies find in a whole stack: in each resource, then in all of them."""
    stack = Stack(list(resources))
    for resource in stack.resources:
        yield from judge_one(resource, thresholds, policies)
    yield from judge_all(stack, thresholds, policies)


def judge_one(resource: Resource, thresholds: Thresholds, policies: tuple[Policy, ...] = POLICIES) -> Iterator[Judgement]:
    """What they find in one resource."""
    for policy in _looking_at(resource.type, policies):
        yield from _one(policy, resource, thresholds)


def judge_all(stack: Stack, thresholds: Thresholds, policies: tuple[Policy, ...] = POLICIES) -> Iterator[Judgement]:
    """What they find only in all of them."""
    for policy in policies:
        if policy.whole and stack.of(*policy.types):
            yield from _all(policy, stack, thresholds)


def _one(policy: Policy, resource: Resource, thresholds: Thresholds) -> Iterator[Judgement]:
    assert policy.check
    return ((policy, resource, found) for found in policy.check(resource, thresholds))


def _all(policy: Policy, stack: Stack, thresholds: Thresholds) -> Iterator[Judgement]:
    assert policy.whole
    return ((policy, about.resource, about.message) for about in policy.whole(stack, thresholds))


def _kept(judgements: Iterator[Judgement], policy: Policy, resource: Resource | None) -> list[Judgement]:
    """A policy's judgements. One that breaks says so, and stops no run: of its error only the kind, since the rest could hold a value."""
    try:
        return list(judgements)
    except Exception as error:  # noqa: BLE001  # whatever it is, the other policies go on
        return [(policy, resource, Note(f"could not be checked, a mistake of Commonground's: {type(error).__name__}"))]


class Session:
    """Findings of one run, with the environment's exceptions."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._thresholds = configuration.thresholds
        self._used: set[int] = set()
        self.resources: dict[str, Resource] = {}

    @property
    def strictness(self) -> Strictness:
        """Of the environment."""
        return self._thresholds.strictness

    def resource(self, resource: Resource) -> list[Finding]:
        """What is found in one resource, which is kept for `stack`."""
        self.resources[resource.urn] = resource
        if self._configuration.mistakes:
            return []
        policies = _looking_at(resource.type, POLICIES)
        judged = [one for policy in policies for one in _kept(_one(policy, resource, self._thresholds), policy, resource)]
        return [found for one in judged if (found := self._finding(*one))]

    def stack(self, sources: dict[str, dict[str, frozenset[str]]]) -> list[Finding]:
        """What is found only now that all resources are known, and what is to be said of the file. `sources`: of each URN, `Resource.sources`."""
        if self._configuration.mistakes:
            return [Finding(FILE, True, "", message) for message in self._configuration.mistakes]
        for urn, properties in sources.items():
            if urn in self.resources:
                self.resources[urn].sources = properties
        stack = Stack(list(self.resources.values()))
        policies = [policy for policy in POLICIES if policy.whole and stack.of(*policy.types)]
        judged = [one for policy in policies for one in _kept(_all(policy, stack, self._thresholds), policy, None)]
        findings = [found for one in judged if (found := self._finding(*one))]
        notes = [*self._configuration.notes, *self._unused()]
        return [*findings, *(Finding(FILE, False, "", note, note=True) for note in notes)]

    def _finding(self, policy: Policy, resource: Resource | None, found: str | Note) -> Finding | None:
        message = found.message if isinstance(found, Note) else f"{found}. Fix: {policy.fix}"
        note = isinstance(found, Note)
        mandatory = not note and policy.severity.mandatory(self._thresholds.strictness)
        for index, accepted in enumerate(self._configuration.accepted):
            if accepted.covers(policy.id, resource.name if resource else self._thresholds.environment):
                self._used.add(index)
                if not accepted.exception.expired(self._thresholds.today):
                    return None
                message += f" (it was accepted until {accepted.exception.until}, {accepted.place}: {accepted.exception.reason})"
        return Finding(policy.id, mandatory, resource.urn if resource else "", message, note)

    def _unused(self) -> Iterator[str]:
        for index, accepted in enumerate(self._configuration.accepted):
            if index not in self._used:
                yield _told(accepted)


def _told(accepted: Accepted) -> str:
    exception = accepted.exception
    return f"{accepted.place}: the exception from {exception.policy} for {exception.resource} accepts nothing that is there. Fix: remove it"
