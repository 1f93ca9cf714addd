"""What a reviewer should look at first: a few lines, the weightiest first."""

from collections.abc import Iterator, Sequence

from commonground.engine.steps import PROVIDERS
from commonground.preview.classing.causes import roots
from commonground.preview.classing.thresholds import SPOKEN
from commonground.preview.model import Change, Class, PolicyFinding

MOST = 6
NAMED = 3
"""How many names a line has before it counts the rest."""
LONGEST = 240
"""Characters of what others wrote."""
LOOKS_LIKE = "it looks like "
"""How the reason begins that something is deleted here and created there."""
DRIFT = "drift: "
"""How a note begins that something is not as the state has it."""
WEIGHTY = (Class.DATA, Class.DOWNTIME, Class.WIDER, Class.COST_UP)


def lines(changes: Sequence[Change], findings: Sequence[PolicyFinding], problems: Sequence[str], notes: Sequence[str] = ()) -> tuple[str, ...]:
    """At most `MOST` lines, and one that counts the rest. Of the notes, those of drift and of what policies measure by."""
    noted = [note for note in notes if note.startswith((DRIFT, SPOKEN))]
    found = list(dict.fromkeys([*noted, *_all(changes, findings, problems)]))
    return (*found[:MOST], *([f"and {len(found) - MOST} more, below"] if len(found) > MOST else []))


def _all(changes: Sequence[Change], findings: Sequence[PolicyFinding], problems: Sequence[str]) -> Iterator[str]:
    if problems:
        yield f"the preview failed, and this is what it had seen by then: {_sentence(problems[0])}"
    mandatory = [finding for finding in findings if finding.mandatory]
    if mandatory:
        yield f"{_number(len(mandatory), 'mandatory policy')} violated: {_some(sorted({finding.policy for finding in mandatory}))}"
    replacements = _replacements(changes)
    # What is told as a whole; who comes to reach more by it, and what it costs, is told all the same.
    told = {urn for root, following in replacements.items() for urn in (root.urn, *(change.urn for change in following))}
    for change in changes:
        if change.holds_data and change.operation in ("replace", "delete") and change.cause is None:
            told.add(change.urn)
            with_it = f"; {_with_it(replacements.pop(change))}" if change in replacements else ""
            yield f"{_what(change)}: {change.reasons[0].why}{_stopped(change)}{with_it}"
    yield from (f"{_what(root)}: {_with_it(following)}" for root, following in replacements.items())
    yield from _renamed(changes)
    for kind in WEIGHTY:
        yield from _of_class(kind, [change for change in changes if change.cause is None and (kind in (Class.WIDER, Class.COST_UP) or change.urn not in told)])


def _replacements(changes: Sequence[Change]) -> dict[Change, list[Change]]:
    """Replacements that make others -> those, the one that makes most first."""
    replaced = {change.urn: change for change in changes if change.operation == "replace"}
    made_by = {urn: change.cause for urn, change in replaced.items() if change.cause}
    found = {replaced[root]: [replaced[urn] for urn in urns] for root, urns in roots(made_by, sorted(replaced)).items() if root in replaced and urns}
    return dict(sorted(found.items(), key=lambda item: (-len(item[1]), item[0].urn)))


def _with_it(following: Sequence[Change]) -> str:
    with_data = [change.name for change in following if change.holds_data]
    data = f", among them what holds data: {_some(with_data)}" if with_data else ""
    return f"{_number(len(following), 'more resource')} {'is' if len(following) == 1 else 'are'} replaced with it{data}"


def _renamed(changes: Sequence[Change]) -> Iterator[str]:
    found = [change for change in changes if change.operation == "delete" and any(reason.why.startswith(LOOKS_LIKE) for reason in change.reasons)]
    if found:
        what, them = ("looks", "it") if len(found) == 1 else ("look", "them")
        yield f"{_some([change.name for change in found])} {what} renamed or moved, which deletes {them}: an alias would keep {them}"


def _of_class(kind: Class, changes: Sequence[Change]) -> Iterator[str]:
    """One line for each reason, or reasons that the same resource has."""
    by_reason: dict[str, list[str]] = {}
    for change in changes:
        why = [reason.why for reason in change.reasons if reason.kind is kind]
        if why:
            by_reason.setdefault("; ".join(why), []).append(change.name)
    yield from (f"{kind.value}: {_some(names)}: {why}" for why, names in by_reason.items())


def _sentence(problem: str) -> str:
    """A problem's first sentence, or as much of it as a line holds."""
    sentence = problem.strip().split("\n")[0].split(". ")[0]
    return _short(sentence, LONGEST)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}..."


def _what(change: Change) -> str:
    name = f"the provider {change.name}" if change.type.startswith(PROVIDERS) else change.name
    path = next((found for found in change.properties if found.replaces and change.operation == "replace"), None)
    return f"{name} is {_past(change)}" + (
        f" ({path.path}: {_short(path.before, LONGEST // 4)} -> {_short(path.after, LONGEST // 4)})" if path and change.operation == "replace" else ""
    )


def _past(change: Change) -> str:
    return {"delete": "deleted", "replace": "replaced"}[change.operation]


def _stopped(change: Change) -> str:
    return "; it is protected, so that nothing is done" if change.protected and not change.lifted else ""


def _some(names: Sequence[str]) -> str:
    names = list(dict.fromkeys(names))
    shown = ", ".join(names[:NAMED])
    return f"{shown} and {len(names) - NAMED} more" if len(names) > NAMED else shown


def _number(number: int, what: str) -> str:
    words = what if number == 1 else f"{what[:-1]}ies" if what.endswith("y") else f"{what}s"
    return f"{number} {words}"
