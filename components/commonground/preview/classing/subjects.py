"""What comes and goes with something else: the settings of a bucket that is made, the objects of a namespace that is deleted."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from commonground.engine.report import at
from commonground.engine.steps import Op, Step
from commonground.preview.classing.classes import matches
from commonground.preview.classing.conditions import is_known
from commonground.preview.classing.documents import without
from commonground.preview.classing.holders import held
from commonground.preview.classing.tables import SUBJECTS, Subject
from commonground.preview.model import Class, Reason

NAMES = ("id", "name", "arn", "bucket", "keyId", "metadata.name", "resources[0].autoscalingGroups[0].name")
"""Properties by which others speak of a resource."""
POLICY = "policy"
KEPT = {Op.DELETE: (Class.DATA,), Op.CREATE: (Class.WIDER, Class.COST_UP)}
"""Classes that a change stays in, whatever it comes or goes with."""


class Subjects:
    """What the resources of a preview come and go with."""

    def __init__(self, steps: Iterable[Step], *, failed: bool) -> None:
        """`failed`: of a preview that ended before it had seen all."""
        steps = list(steps)
        self._failed = failed
        self._named = {op: dict(_named(step for step in steps if step.custom and step.kind is op)) for op in KEPT}
        self._there = {name for step in steps if step.custom and step.kind is not Op.DELETE for name, _ in _named([step])}
        self._made = {step.urn: step for step in steps if not step.custom and step.kind is Op.CREATE}

    def reasons(self, step: Step, found: tuple[Reason, ...]) -> tuple[Reason, ...]:
        """The reasons of a change, without those that go without saying for what it comes or goes with."""
        kind, subject = step.kind, self.of(step)
        if subject is None or kind not in KEPT:
            return found
        # What is overwritten in a bucket that goes is lost with the bucket: that is the bucket's own class.
        kept = tuple(reason for reason in found if reason.kind in KEPT[kind] and (kind is Op.CREATE or held(step.type)))
        return kept or (Reason(Class.OTHER, f"{'new' if kind is Op.CREATE else 'goes'} with {subject}"),)

    def without_gone(self, step: Step) -> Step:
        """A change of an IAM policy as if it had said nothing before of what goes: that it does not refuse that any more makes nothing wider."""
        policy = step.old.get(POLICY)
        if step.kind is not Op.UPDATE or not isinstance(policy, str) or POLICY not in step.diff:
            return step
        gone = [name for name in self._named[Op.DELETE] if name.startswith("arn:")]
        return replace(step, old={**step.old, POLICY: without(policy, gone)}) if any(name in policy for name in gone) else step

    def of(self, step: Step) -> str | None:
        """Name of what a resource comes or goes with. None: it does so alone."""
        kind, row = step.kind, subject(step.type)
        if row is None or kind not in KEPT:
            return None
        name = at(step.old if kind is Op.DELETE else step.new, row.path)
        found = self._named[kind].get(name) if isinstance(name, str) else None
        if found is not None and found.urn != step.urn and matches(row.of, found.type):
            return found.name
        if kind is Op.CREATE:
            # A new resource's id is not known yet: what stands in a component that is new is about what is new in it.
            beside = (made for made in self._named[kind].values() if made.parent == step.parent and made.urn != step.urn and matches(row.of, made.type))
            return next((made.name for made in beside), None) if step.parent in self._made else None
        # A preview that failed has not told of what stopped it.
        return name if self._failed and isinstance(name, str) and name not in self._there else None


def subject(type_: str) -> Subject | None:
    """The first row of the table for a type."""
    return next((row for row in SUBJECTS if matches(row.type, type_)), None)


def _named(steps: Iterable[Step]) -> Iterator[tuple[str, Step]]:
    """What others may know a resource by. Only of types that others are about: a bucket's settings have its name, too."""
    for step in steps:
        if not any(matches(row.of, step.type) for row in SUBJECTS):
            continue
        sources: tuple[Mapping[str, Any], ...] = (step.old, step.was, step.new, step.outputs, {"id": step.id})
        for found in (at(source, name) for source in sources for name in NAMES):
            if isinstance(found, str) and found and is_known(found):
                yield found, step
        # Where others cannot know its name yet.
        yield step.urn, step
