"""What a reviewer should look at first: a few lines, the weightiest first."""

from collections.abc import Iterator, Sequence

from commonground.preview.causes import roots
from commonground.preview.model import Change, Class, PolicyFinding

MOST = 6
NAMED = 3
"""How many names a line has before it counts the rest."""
WEIGHTY = (Class.DATA, Class.DOWNTIME, Class.WIDER, Class.COST_UP)


def lines(changes: Sequence[Change], findings: Sequence[PolicyFinding], problems: Sequence[str]) -> tuple[str, ...]:
    """At most `MOST` lines, and one that counts the rest."""
    found = list(dict.fromkeys(_all(changes, findings, problems)))
    return (*found[:MOST], *([f"and {len(found) - MOST} more, below"] if len(found) > MOST else []))


def _all(changes: Sequence[Change], findings: Sequence[PolicyFinding], problems: Sequence[str]) -> Iterator[str]:
    if problems:
        yield "the preview failed: this is what it had seen by then"
    mandatory = [finding for finding in findings if finding.mandatory]
    if mandatory:
        yield f"{_number(len(mandatory), 'mandatory policy')} violated: {_some(sorted({finding.policy for finding in mandatory}))}"
    told: set[str] = set()
    for change in changes:
        if change.holds_data and change.operation in ("replace", "delete") and change.cause is None:
            told.add(change.urn)
            yield f"{change.name} is {_past(change)}: {change.reasons[0].why}{_stopped(change)}"
    yield from _replacements(changes, told)
    for kind in WEIGHTY:
        yield from _of_class(kind, [change for change in changes if change.urn not in told and change.cause is None], told)


def _replacements(changes: Sequence[Change], told: set[str]) -> Iterator[str]:
    replaced = {change.urn: change for change in changes if change.operation == "replace"}
    made_by = {urn: change.cause for urn, change in replaced.items() if change.cause}
    for root, following in sorted(roots(made_by, sorted(replaced)).items(), key=lambda item: -len(item[1])):
        if root not in replaced or not following:
            continue
        with_data = [replaced[urn].name for urn in following if replaced[urn].holds_data]
        told.update([root, *following])
        data = f", among them what holds data: {_some(with_data)}" if with_data else ""
        yield f"{_what(replaced[root])}: {_number(len(following), 'more resource')} replaced with it{data}"


def _of_class(kind: Class, changes: Sequence[Change], told: set[str]) -> Iterator[str]:
    """One line for each reason; what it stands for in the report is not told again under a lighter class."""
    by_reason: dict[str, list[Change]] = {}
    for change in changes:
        for reason in change.reasons:
            if reason.kind is kind:
                by_reason.setdefault(reason.why, []).append(change)
    for why, found in by_reason.items():
        yield f"{kind.value}: {_some([change.name for change in found])}: {why}"
        told.update(change.urn for change in found)


def _what(change: Change) -> str:
    path = next((found for found in change.properties if found.replaces), None)
    return f"{change.name} is replaced" + (f" ({path.path}: {path.before} -> {path.after})" if path else "")


def _past(change: Change) -> str:
    return {"delete": "deleted", "replace": "replaced"}[change.operation]


def _stopped(change: Change) -> str:
    return "; it is protected, so that nothing is done" if change.protected and not change.lifted else ""


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:NAMED])
    return f"{shown} and {len(names) - NAMED} more" if len(names) > NAMED else shown


def _number(number: int, what: str) -> str:
    words = what if number == 1 else f"{what[:-1]}ies" if what.endswith("y") else f"{what}s"
    return f"{number} {words}"
