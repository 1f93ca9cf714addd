"""A report as Markdown for a comment on a pull or merge request. The same report gives the same bytes."""

import re
from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby

from commonground.preview.forms import escaping, text
from commonground.preview.forms.fitting import Block, Entry, Page, fit
from commonground.preview.forms.grouping import Group, Said, Shared, groups
from commonground.preview.model import Class, EnvironmentReport, ParityReport, PolicyFinding, PropertyChange, Report

GITHUB = 65_536
"""Characters of a comment on GitHub ("Body is too long (maximum is 65536 characters)")."""
GITLAB = 1_000_000
"""Characters of a note on GitLab ("Notes API": the maximum number of characters is 1,000,000)."""
LEAST = 2_000
LONGEST_VALUE, LONGEST_NAME, LONGEST_SENTENCE = 240, 160, 800
SHOWN_OPEN = frozenset({Class.DATA, Class.DOWNTIME, Class.WIDER})
"""Classes whose resources are seen at once; the others are one click away."""
FOLDED_FROM = 8
"""As many resources in one of the other classes are folded away together."""
FEW = 6
"""As many environments are named where many say one thing."""
ALIKE_FROM = 4
"""As many resources of one type with the same change are told as one: what a provider's upgrade does to hundreds."""
NAMED = 40
"""How many of them are named."""
KEPT = 10
"""How many of the weightiest changes keep their properties until the last resource is left out."""
# What is given up first when a comment is too long: the greatest. Light changes, small print, heavy changes, what is said of the whole.
LIGHT_PROPERTIES, SMALL_PRINT, LIGHT, HEAVY_PROPERTIES, HEAVY, FIRST_PROPERTIES, WHOLE, ENVIRONMENTS, PROBLEMS = range(9, 0, -1)


def marker(project: str) -> str:
    """The hidden first line by which the comment of a project is found again."""
    return f"<!-- commonground: preview {re.sub('[^A-Za-z0-9_.-]', '-', project)[:100]} -->"


def render(report: Report, *, limit: int = GITHUB, artifact: str = "") -> str:
    """The report, no longer than the limit in characters, in bytes and with each line's end counted twice.

    What does not fit is left out whole resource by whole resource, the least weighty first, with a count and a pointer to `artifact`, the name or
    address of the whole report. Raises ValueError for a limit under 2,000.
    """
    if limit < LEAST:
        raise ValueError(f"a report needs {LEAST:,} characters, and the limit is {limit:,}")

    def compose(page: Page) -> str:
        left = page.left_out()
        note = f"> **Left out to fit**: {left}. {_pointer(artifact)}" if left else _whole(artifact)
        return "\n\n".join(part for part in (f"{marker(report.project)}\n{_title(report)}", note, page.render()) if part) + "\n"

    return fit(_blocks(report), compose, _size, limit)


def _size(written: str) -> int:
    return len(written.encode()) + written.count("\n")


def _title(report: Report) -> str:
    return "## Preview" + (f" of {escaping.code(text.cut(report.project, LONGEST_NAME))}" if report.project else "")


def _pointer(artifact: str) -> str:
    return escaping.link("The whole report", artifact) if artifact else "`commonground preview ENV --report html` shows all of it."


def _whole(artifact: str) -> str:
    return escaping.link("The same report, to search and unfold", artifact) if artifact else ""


def _blocks(report: Report) -> list[Block]:
    told = groups(report)
    blocks = [_failure(environment) for environment in report.environments if environment.failed]
    blocks.append(_environments(report.environments))
    for group in told:
        blocks += _group(group, kept=max(1, KEPT // len(told)))
    return blocks + [block for pair in report.parity for block in _parity(pair)]


def _failure(environment: EnvironmentReport) -> Block:
    head = f"> [!CAUTION]\n> **The preview of {_code(environment.environment)} failed**: what is said of it is what it had seen by then."
    entries = tuple(Entry("problem", f"> - {_sentence(problem)}", drop=(PROBLEMS,)) for problem in environment.problems)
    return Block(entries, head, glue="\n>\n", rest="> - {left} left out")


def _environments(environments: tuple[EnvironmentReport, ...]) -> Block:
    head = "| | create | change | replace | delete | unchanged | |\n| :-- | --: | --: | --: | --: | --: | :-- |"
    entries = tuple(Entry("environment", _row(environment), drop=(ENVIRONMENTS,)) for environment in environments)
    return Block(entries, head, glue="\n", rest="| {left} left out | | | | | | |")


def _row(environment: EnvironmentReport) -> str:
    unseen = environment.failed and not sum(environment.counts.values())
    numbers = ("–" if unseen else f"{environment.counts.get(counted, 0):,}" for counted in text.COUNTED)  # noqa: RUF001  # a dash, as in any table
    mandatory = sum(finding.mandatory for finding in environment.findings)
    said = ["**failed**"] if environment.failed else []
    said += [f"**{text.number(mandatory, 'mandatory policy finding')}**"] if mandatory else []
    said += [f"**{text.number(len(environment.lifted), 'protection')} lifted**"] if environment.lifted else []
    said += [f"**{found} {kind.value}**" if kind in SHOWN_OPEN else f"{found} {kind.value}" for kind, found in environment.classes.items()]
    return f"| **{escaping.cell(text.cut(environment.environment, LONGEST_NAME))}** | {' | '.join(numbers)} | {', '.join(said)} |"


def _group(group: Group, *, kept: int) -> list[Block]:
    blocks = [
        Block((_heading(group),)),
        _lines("thing to look at first", group.lines("first"), drop=(WHOLE, 1), head="**Look at first**"),
        _lines("lifted protection", group.lines("lifted"), drop=(WHOLE, 2), head="**Protections lifted**", code=True),
        _findings(group, mandatory=True),
        _lines("cost", group.costs(), drop=(WHOLE, 3), bullet="**Cost, at most**: ", between="\n\n"),
        *_changes(group, kept),
        _findings(group, mandatory=False),
        _lines("note", group.lines("notes"), drop=(SMALL_PRINT,), bullet="**Note**: ", between="\n\n"),
    ]
    return [block for block in blocks if block.entries]


def _heading(group: Group) -> Entry:
    against = "; ".join(_of(names) + _sentence(line) for names, line in group.against())
    nothing = "" if group.changes or any(environment.failed for environment in group.environments) else "Nothing changes. "
    made = text.cut(against[:1].upper() + against[1:], LONGEST_SENTENCE)
    return Entry("heading", f"### {_names(group.names)}\n\n{nothing}{made}.", drop=(ENVIRONMENTS,))


def _lines(
    what: str, said: Iterable[Said[str]], *, drop: tuple[int, ...], head: str = "", bullet: str = "- ", between: str = "\n", code: bool = False
) -> Block:
    shown = _code if code else _sentence
    entries = tuple(Entry(what, f"{bullet}{_of(names)}{shown(line)}", drop=drop) for names, line in said)
    return Block(entries, head, "</details>" if head.startswith("<details>") else "", between=between)


def _findings(group: Group, *, mandatory: bool) -> Block:
    found = group.findings(mandatory=mandatory)
    drop = (WHOLE, 2) if mandatory else (SMALL_PRINT,)
    entries = tuple(Entry("policy finding", _finding(names, finding), drop=drop) for names, finding in found)
    if mandatory:
        return Block(entries, "**Mandatory policies violated**")
    return Block(entries, f"<details><summary>{text.number(len(found), 'advisory policy finding')}</summary>", "</details>")


def _finding(names: tuple[str, ...], finding: PolicyFinding) -> str:
    where = f" ({_code(finding.name)})" if finding.urn else ""
    return f"- {_of(names)}{_code(finding.policy)}: {_sentence(finding.message)}{where}"


def _changes(group: Group, kept: int) -> Iterable[Block]:
    """A block for each class, in the report's order, which begins with the weightiest."""
    numbered = enumerate(group.changes)
    for kind, run in groupby(numbered, key=lambda item: item[1].kind):
        entries = tuple(_change(shared, light=kind not in SHOWN_OPEN, kept=place < kept) for place, shared in _alike(run))
        title, number = kind.value.capitalize(), text.number(sum(entry.count for entry in entries), "resource")
        if kind in SHOWN_OPEN or len(entries) < FOLDED_FROM:
            yield Block(entries, f"**{title}**: {number}", between="\n\n")
        else:
            yield Block(entries, f"<details><summary><b>{title}</b>: {number}</summary>", "</details>", between="\n\n")


def _alike(run: Iterable[tuple[int, Shared]]) -> Iterable[tuple[int, list[Shared]]]:
    """Resources of one type that change alike, together in the place of the first one; few of them stay alone."""
    found: dict[object, list[tuple[int, Shared]]] = {}
    for place, shared in run:
        outline = replace(shared.change, urn="", name="", place=(), protected=False)
        found.setdefault((outline, shared.properties), []).append((place, shared))
    told = [[member] for members in found.values() if len(members) < ALIKE_FROM for member in members]
    told += [members for members in found.values() if len(members) >= ALIKE_FROM]
    for members in sorted(told, key=lambda members: members[0][0]):
        yield members[0][0], [shared for _, shared in members]


def _change(alike: list[Shared], *, light: bool, kept: bool) -> Entry:
    shared = alike[0]
    line, weight = _line(alike), shared.kind.weight
    body = "\n\n".join(_body(alike))
    full = f"<details><summary>{line}</summary>\n\n{body}\n\n</details>"
    left = f" <i>({text.number(len(shared.change.properties), 'property')} left out)</i>" if shared.properties else ""
    when = (FIRST_PROPERTIES, FIRST_PROPERTIES) if kept else (LIGHT_PROPERTIES, LIGHT) if light else (HEAVY_PROPERTIES, HEAVY)
    fold, drop = (when[0], 1, weight), (when[1], 0, weight)
    return Entry("resource", full, f"<div>{line}{left}</div>", "the details of", fold=fold, drop=drop, count=len(alike))


def _line(alike: list[Shared]) -> str:
    """What a reviewer sees of a resource, or of several, at once. It stands in HTML, so nothing in it is Markdown."""
    change = alike[0].change
    name = _tag(change.name) if len(alike) == 1 else f"<b>{len(alike):,}</b> of"
    kinds = [f"<b>{reason.kind.value}</b>" if reason.kind in SHOWN_OPEN else reason.kind.value for reason in change.reasons]
    cosmetic = alike[0].kind is Class.COSMETIC
    marks = (("holds data", change.holds_data and not cosmetic), ("protected", change.protected and not cosmetic), ("protection lifted", change.lifted))
    said = [f"{text.SIGNS[change.operation]} {change.operation} {name} {_tag(change.type)}", ", ".join(dict.fromkeys(kinds))]
    said += [" ".join(f"<b>[{mark}]</b>" for mark, there in marks if there)]
    said += [f"because of {_tag(text.name(change.cause))}"] if change.cause else []
    return " · ".join(part for part in said if part)


def _body(alike: list[Shared]) -> Iterable[str]:
    shared, change = alike[0], alike[0].change
    where = f"In {_code(text.place(change.place))}" if change.place else text.OUTSIDE.capitalize()
    if len(alike) > 1:
        more = f" and {len(alike) - NAMED:,} more" if len(alike) > NAMED else ""
        where = ", ".join(_code(one.change.name) for one in alike[:NAMED]) + more
    yield "\n".join([f"- {where}", *(f"- {reason.kind.value}: {_sentence(reason.why)}" for reason in change.reasons if reason.why)])
    if shared.properties:
        yield escaping.diff([line for names, found in shared.properties for line in _property(names, found)])


def _property(names: tuple[str, ...], found: PropertyChange) -> Iterable[str]:
    before, after = text.cut_pair(text.plain(found.before), text.plain(found.after), LONGEST_VALUE)
    path = text.cut(text.plain(found.path), LONGEST_NAME)
    of = f"  [{', '.join(text.cut(text.plain(name), LONGEST_NAME) or rest for name, rest in _few(names))}]" if names else ""
    why = "  (replaces it)" if found.replaces else ""
    if before != text.NOTHING or after == text.NOTHING:
        yield f"- {path}: {before}{of}{why if after == text.NOTHING else ''}"
    if after != text.NOTHING:
        yield f"+ {path}: {after}{of}{why}"


def _parity(pair: ParityReport) -> Iterable[Block]:
    shape = f"{text.number(len(pair.shape), 'difference')} of shape" if pair.shape else "one shape"
    yield Block((Entry("comparison", f"### Parity of {_code(pair.first)} and {_code(pair.second)}: {shape}", drop=(ENVIRONMENTS,)),))
    yield _lines("difference of shape", (((), line) for line in pair.shape), drop=(WHOLE, 4))
    head = f"<details><summary>{text.number(len(pair.scale), 'difference')} that scale, bindings and lock make</summary>"
    yield _lines("difference of scale", (((), line) for line in pair.scale), drop=(SMALL_PRINT,), head=head)


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(_code(name) if name else rest for name, rest in _few(names))


def _few(names: tuple[str, ...]) -> Iterable[tuple[str, str]]:
    """The first names, and in words how many there are beside them."""
    yield from ((name, "") for name in names[:FEW])
    if len(names) > FEW:
        yield "", f"{len(names) - FEW:,} more"


def _of(names: tuple[str, ...]) -> str:
    """Whom a line is said of; nothing where it is all."""
    return f"{_names(names)}: " if names else ""


def _code(said: str) -> str:
    return escaping.code(text.cut(text.plain(said), LONGEST_NAME))


def _tag(said: str) -> str:
    return escaping.tag(text.cut(text.plain(said), LONGEST_NAME))


def _sentence(said: str) -> str:
    return escaping.prose(said, LONGEST_SENTENCE)
