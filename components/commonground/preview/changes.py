"""From an engine's steps to one environment's report."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from commonground.engine.report import value
from commonground.engine.steps import MISSING, PROVIDERS, STACK, Op, Step, count
from commonground.engine.texts import differences
from commonground.preview.classing import classes, first
from commonground.preview.classing.causes import causes
from commonground.preview.classing.cost import cost
from commonground.preview.classing.cost import reasons as cost_reasons
from commonground.preview.classing.first import LOOKS_LIKE
from commonground.preview.classing.holders import PROTECTIONS, held
from commonground.preview.classing.isolation import Isolation
from commonground.preview.classing.subjects import Subjects
from commonground.preview.facts import Facts, Size
from commonground.preview.model import Change, Class, EnvironmentReport, Operation, PolicyFinding, PropertyChange, Reason

NAMES, TAGS = ("name", "bucket"), ("tags", "tagsAll")
AUTONAMED = "__autonamed"
"""Input by which our stand-in notes that the name was drawn; the official provider notes it in `__defaults`."""
NOT_TOLD = "not told"
WORDS: dict[Op, str] = {op: op.value for op in Op}


def environment(
    name: str,
    steps: Iterable[Step],
    *,
    against: str = "",
    facts: Facts | None = None,
    findings: Iterable[PolicyFinding] = (),
    problems: Iterable[str] = (),
    notes: Iterable[str] = (),
) -> EnvironmentReport:
    """One environment's part of a report.

    `steps`: of a preview, also of one that failed; in any order. `facts`: what is known of instance types. `problems`: why it failed.
    """
    steps = sorted(steps, key=lambda step: (step.urn, step.op))
    sizes = facts.sizes if facts else {}
    told = tuple(problems)
    made = tuple(sorted(_changes(steps, sizes, failed=bool(told)), key=lambda change: change.weight))
    said = tuple(notes)
    costs = cost(steps, sizes)
    found = tuple(sorted(findings, key=lambda finding: (not finding.mandatory, finding.policy, finding.urn, finding.message)))
    lines = first.lines(made, found, told, said)
    return EnvironmentReport(
        environment=name,
        against=against,
        counts={WORDS[op]: number for op, number in count(steps).items()},
        first=lines,
        changes=made,
        findings=found,
        lifted=tuple(sorted(change.name for change in made if change.lifted)),
        cost=costs,
        problems=told,
        notes=tuple(note for note in said if note not in lines),
    )


def _changes(steps: list[Step], sizes: Mapping[str, Size], *, failed: bool) -> Iterable[Change]:
    made_by = causes(steps)
    subjects, isolation = Subjects(steps, failed=failed), Isolation(steps)
    parents = {step.urn: step for step in steps}
    renamed = _renamed(step for step in steps if subjects.of(step) is None)
    for step in steps:
        if not step.changes or not step.custom:
            continue
        found = isolation.reasons(step, classes.reasons(subjects.without_gone(step)))
        reasons = subjects.reasons(step, classes.relevant((*cost_reasons(step, sizes), *found)))
        yield Change(
            urn=step.urn,
            operation=cast(Operation, WORDS[step.kind or Op.UPDATE]),
            name=step.name,
            type=step.type,
            place=_place(step, parents),
            properties=_properties(step),
            reasons=(*reasons, *renamed.get(step.urn, ())),
            holds_data=held(step.type) is not None,
            protected=step.protect,
            lifted=_is_lifted(step),
            cause=made_by.get(step.urn),
        )


def _place(step: Step, parents: Mapping[str, Step]) -> tuple[str, ...]:
    """Names of the components around it, from the outside."""
    names: list[str] = []
    urn = step.parent
    while urn and f"::{STACK}::" not in urn:
        if urn.rpartition("::")[2] and f"::{PROVIDERS}" not in urn:
            names.append(urn.rpartition("::")[2])
        above = parents.get(urn)
        urn = above.parent if above else None
    return tuple(reversed(names))


def _properties(step: Step) -> tuple[PropertyChange, ...]:
    kind = step.kind
    if kind in (Op.UPDATE, Op.REPLACE):
        protection = () if step.protects is None else (PropertyChange("protection", *(("off", "on") if step.protects else ("on", "off"))),)
        leaves = sorted(classes.leaves(step), key=lambda leaf: (not leaf.replaces, leaf.path))
        return (*protection, *(found for leaf in leaves for found in _differences(leaf)))
    if kind is Op.CREATE:
        return tuple(PropertyChange(path, value(MISSING), value(found)) for path, found in sorted(step.new.items()) if not path.startswith("__"))
    return ()


def _differences(leaf: classes.Leaf) -> Iterator[PropertyChange]:
    """What differs of one value: of a long text what does in it, and in words what else."""
    told, rest = differences(leaf.path, leaf.before, leaf.after)
    yield from (_difference(one.path, one.before, one.after, leaf.replaces) for one in told)
    if rest:
        yield PropertyChange(leaf.path, value(MISSING), rest, leaf.replaces)


def _difference(path: str, old: Any, new: Any, replaces: bool) -> PropertyChange:
    """One value's difference; of values that nobody shows, that there is one."""
    before, after = value(old), value(new)
    if before == after:
        before, after = (before, f"{after}, another one") if old is not MISSING else (NOT_TOLD, NOT_TOLD)
    return PropertyChange(path, before, after, replaces)


def _is_lifted(step: Step) -> bool:
    """Whether the engine's protection goes, or the service's own."""
    if step.protects is False:
        return True
    name = PROTECTIONS.get(step.type)
    if name is None or step.kind is not Op.UPDATE or name not in step.diff:
        return False
    before, after = step.old.get(name, False), step.new.get(name, False)
    return (before is not True and after is True) if name.startswith("force") else (before is True and after is not True)


def _renamed(steps: Iterable[Step]) -> dict[str, tuple[Reason, ...]]:
    """What is deleted and created with the same inputs: its name or its component's is another one, and an alias would keep it."""
    steps = list(steps)
    gone: dict[tuple[str, str], list[Step]] = {}
    for step in steps:
        if step.kind is Op.DELETE and step.custom and step.old:
            gone.setdefault(_sameness(step, step.old), []).append(step)
    found: dict[str, tuple[Reason, ...]] = {}
    for step in steps:
        if step.kind is Op.CREATE and (olds := gone.get(_sameness(step, step.new))):
            old = olds.pop(0)
            found[step.urn] = (Reason(Class.OTHER, f"{LOOKS_LIKE}{old.name} by another name or place: an alias would keep that"),)
            found[old.urn] = (Reason(Class.OTHER, f"{LOOKS_LIKE}{step.name}, which is created: an alias would keep it"),)
    return found


def _sameness(step: Step, inputs: Mapping[str, object]) -> tuple[str, str]:
    """What is the same of two resources of which one is the other by another name. A name that was drawn is not: an alias keeps the old one."""
    drawn = NAMES if inputs.get(AUTONAMED) or set(NAMES) & set(map(str, _list(inputs.get("__defaults")))) else ()
    own = {key: found for key, found in inputs.items() if not key.startswith("__") and key not in (*TAGS, *drawn)}
    text = json.dumps(own, sort_keys=True, default=str)
    return step.type, text.replace(step.name, "<name>")


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
