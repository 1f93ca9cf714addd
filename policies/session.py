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


def judge(
    resources: Iterable[Resource], thresholds: Thresholds, policies: tuple[Policy, ...] = POLICIES
) -> Iterator[tuple[Policy, Resource | None, str | Note]]:
    """What policies find in a whole stack: in each resource, then in all of them."""
    stack = Stack(list(resources))
    for resource in stack.resources:
        yield from judge_one(resource, thresholds, policies)
    yield from judge_all(stack, thresholds, policies)


def judge_one(resource: Resource, thresholds: Thresholds, policies: tuple[Policy, ...] = POLICIES) -> Iterator[tuple[Policy, Resource, str | Note]]:
    """What they find in one resource."""
    for policy in _looking_at(resource.type, policies):
        assert policy.check
        for found in policy.check(resource, thresholds):
            yield policy, resource, found


def judge_all(stack: Stack, thresholds: Thresholds, policies: tuple[Policy, ...] = POLICIES) -> Iterator[tuple[Policy, Resource | None, str]]:
    """What they find only in all of them."""
    for policy in policies:
        if policy.whole and stack.of(*policy.types):
            for about in policy.whole(stack, thresholds):
                yield policy, about.resource, about.message


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
        return [found for one in judge_one(resource, self._thresholds) if (found := self._finding(*one))]

    def stack(self, sources: dict[str, dict[str, frozenset[str]]]) -> list[Finding]:
        """What is found only now that all resources are known, and what is to be said of the file. `sources`: of each URN, `Resource.sources`."""
        if self._configuration.mistakes:
            return [Finding(FILE, True, "", message) for message in self._configuration.mistakes]
        for urn, properties in sources.items():
            if urn in self.resources:
                self.resources[urn].sources = properties
        stack = Stack(list(self.resources.values()))
        findings = [found for one in judge_all(stack, self._thresholds) if (found := self._finding(*one))]
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
