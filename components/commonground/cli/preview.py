"""`commonground preview ENV...`: what would change, as text, Markdown, HTML or JSON."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commonground.cli import options as shared
from commonground.cli.hints import echo
from commonground.cli.main import ERROR, VIOLATED
from commonground.cli.options import Options
from commonground.engine import report as text
from commonground.engine.errors import EngineError, ProtectedError, RunError
from commonground.engine.findings import Finding, ViolatedError
from commonground.engine.process import Outcome
from commonground.engine.project import Project
from commonground.engine.runs import Run
from commonground.engine.steps import Op, Step

if TYPE_CHECKING:
    from commonground.engine.base import Revision
    from commonground.preview.model import EnvironmentReport, Report

CHANGES = 2
STOPPED = "protection stopped the preview; this is what it had seen by then"
REFRESHED = "against what is in the cloud, read for this preview"


class RecordedError(EngineError):
    """A recorded preview had failed."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(["the recorded preview had failed:", *(f"  {problem}" for problem in problems)]))


class Format(StrEnum):
    """Forms of a report."""

    TEXT = "text"
    MARKDOWN = "markdown"
    HTML = "html"
    JSON = "json"


@dataclass(frozen=True)
class Wanted:
    """A form, and the file that it goes to; none: stdout."""

    format: Format
    file: Path | None = None


def _wanted(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[Wanted, ...]:
    found = []
    for value in values:
        name, given, file = value.partition("=")
        if name not in list(Format) or (given and not file):
            raise click.BadParameter(f"expected FORMAT or FORMAT=FILE, where FORMAT is one of {', '.join(Format)}; found {value}")
        found.append(Wanted(Format(name), Path(file) if file else None))
    if sum(wanted.file is None for wanted in found) > 1:
        raise click.BadParameter("only one format goes to stdout: give the others a file, as in html=report.html")
    return tuple(found)


@dataclass
class Previewed:
    """What is known of one environment after its preview."""

    name: str
    steps: tuple[Step, ...]
    against: str = ""
    notes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    lock_before: str | None = None
    error: EngineError | None = None

    @property
    def whole(self) -> bool:
        """Whether the preview came to its end."""
        return self.error is None


@dataclass(frozen=True)
class How:
    """What a preview is made against."""

    offline: bool
    verify: bool
    base: str | None
    refresh: bool
    as_caller: bool

    def check(self) -> None:
        """Raises `UsageError` where options contradict each other."""
        if self.verify and (not self.offline or self.base):
            raise click.UsageError("--verify goes with --offline, without --base")
        if self.refresh and self.offline:
            raise click.UsageError("--refresh reads the cloud, and offline there is none")
        if self.as_caller and self.offline:
            raise click.UsageError("--as-caller is for previews with credentials, and offline there are none")

    def of(self, run: Run) -> "Previewed":
        """The preview. Raises the errors of the engine."""
        if self.base is None:
            outcome = run.preview(offline=self.offline, verify=self.verify, refresh=self.refresh, as_caller=self.as_caller)
            return _previewed(run, outcome, outcome.against or (REFRESHED if self.refresh else ""))
        from commonground.engine import base  # git and what a base runs with

        revision = base.revision(run.project.root, self.base)
        outcome = base.preview(run, revision)
        found = _previewed(run, outcome, outcome.against)
        lock_before = revision.text(run.project.config / f"lock.{run.environment}.yaml")
        return replace(found, notes=(*found.notes, *_loosened(run, revision)), lock_before=lock_before)

    @property
    def words(self) -> str:
        """What a preview is against that came to no end."""
        if self.base is not None:
            return "offline, against what the change starts from" if self.base == "auto" else f"offline, against {self.base}"
        return "offline" if self.offline else ""


@dataclass
class Told:
    """Reports on their way out: text at once, the others when all is known."""

    project: Project
    wanted: tuple[Wanted, ...]
    artifact: str
    limit: int
    found: list[Previewed] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    made: dict[str, "EnvironmentReport"] = field(default_factory=dict)
    """Each environment's report, where one was needed."""

    def add(self, previewed: Previewed) -> None:
        """One more environment."""
        self.found.append(previewed)
        if previewed.whole or previewed.steps:
            self._add_text(previewed)

    def finish(self) -> None:
        """Writes what was asked for."""
        others = [wanted for wanted in self.wanted if wanted.format is not Format.TEXT]
        report = self._report() if others else None
        for wanted in self.wanted:
            rendered = "\n".join(self.texts) if report is None or wanted.format is Format.TEXT else self._render(wanted.format, report)
            if wanted.file:
                wanted.file.write_text(rendered, "utf-8")
            elif wanted.format is not Format.TEXT:
                click.echo(rendered, nl=False)

    def _add_text(self, previewed: Previewed) -> None:
        note = STOPPED if isinstance(previewed.error, ProtectedError) else previewed.against
        if isinstance(previewed.error, RunError):
            return
        said = (f"{previewed.name}: {line}" for line in (*([note] if note else []), *previewed.notes))
        lines = [f"{text.printable(line)}\n" for one in said for line in one.split("\n")]
        self.texts.append("".join(lines) + text.render(previewed.steps, title=previewed.name, first=self._first(previewed)))
        if not any(wanted.file is None and wanted.format is not Format.TEXT for wanted in self.wanted):
            click.echo(("\n" if len(self.texts) > 1 else "") + self.texts[-1], nl=False)

    def _first(self, previewed: Previewed) -> tuple[str, ...]:
        """What to look at first; of what is all new there is nothing to say."""
        if all(step.kind in (None, Op.CREATE, Op.SAME) for step in previewed.steps):
            return ()
        return self._environment(previewed).first

    def _report(self) -> "Report":
        from commonground.preview.model import Report

        return Report(environments=tuple(self._environment(found) for found in self.found), parity=tuple(self._parity()), project=self._name)

    @property
    def _name(self) -> str:
        """Of the project that the steps are of: a recorded preview may be another one's."""
        urns = [step.urn.split("::") for found in self.found for step in found.steps]
        return next((parts[1] for parts in urns if len(parts) > 3), self.project.name)

    def _environment(self, found: Previewed) -> "EnvironmentReport":
        if found.name not in self.made:
            self.made[found.name] = self._make(found)
        return self.made[found.name]

    def _make(self, found: Previewed) -> "EnvironmentReport":
        from commonground.preview import Facts, environment
        from commonground.preview.model import PolicyFinding

        facts = Facts.read(self.project, found.name, lock_before=found.lock_before)
        findings = [PolicyFinding(one.policy, one.mandatory, one.message, one.urn) for one in found.findings]
        problems = _problems(found.error)
        return environment(found.name, found.steps, against=found.against, facts=facts, findings=findings, problems=problems, notes=found.notes)

    def _parity(self) -> Iterator[Any]:
        """The first environment beside each other one, where all of each is known."""
        from commonground.preview import Facts, parity_report

        whole = [found for found in self.found if found.whole]
        for other in whole[1:]:
            yield parity_report(*((Facts.read(self.project, found.name), found.steps) for found in (whole[0], other)))

    def _render(self, format: Format, report: "Report") -> str:
        if format is Format.MARKDOWN:
            from commonground.preview.forms import markdown

            return markdown.render(report, limit=self.limit, artifact=self.artifact)
        if format is Format.HTML:
            from commonground.preview.forms import html

            return html.render(report)
        from commonground.preview.forms import jsonreport

        return jsonreport.render(report)


@click.command("preview")
@click.argument("environments", metavar="ENV...", nargs=-1, required=True)
@click.option("--offline", is_flag=True, help="With no account, credentials or network: against nothing, or with --base against that.")
@click.option("--base", is_flag=False, flag_value="auto", metavar="[=REVISION]", help="Offline, against another commit; alone: what this change starts from.")
@click.option("--refresh", is_flag=True, help="Against what is really in the cloud, read for this preview only: shows drift.")
@click.option("--as-caller", is_flag=True, help="With your own credentials, not as the role that deploys: a role that only reads will do.")
@click.option("--verify", is_flag=True, help="Offline: preview the result once more, and fail if anything would change again.")
@click.option(
    "--report", "wanted", multiple=True, callback=_wanted, metavar="FORMAT[=FILE]", help="text, markdown, html or json, to stdout or a file. Repeatable."
)
@click.option(
    "--events",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Runs nothing: reads what `pulumi preview --json` recorded, or --event-log of a CLI that has it.",
)
@click.option("--graph", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Draw the resources: FILE.svg, or FILE.mmd for Mermaid.")
@click.option("--artifact", default="", metavar="URL", help="Where Markdown that had to be cut sends its reader.")
@click.option(
    "--limit",
    type=click.IntRange(min=2_000),
    default=65_536,
    show_default=True,
    help="Characters of Markdown at most: what GitHub takes as a comment; GitLab takes 1000000.",
)
@click.option("--exit-code", "tell", is_flag=True, help="Exit with 2 if anything would change.")
@shared.project
@shared.flags
@click.pass_obj
def preview_command(
    options: Options,
    environments: tuple[str, ...],
    offline: bool,
    base: str | None,
    verify: bool,
    refresh: bool,
    as_caller: bool,
    wanted: tuple[Wanted, ...],
    events: Path | None,
    graph: Path | None,
    artifact: str,
    limit: int,
    tell: bool,
    folder: Path,
) -> int:
    """Show what `up` would do, down to properties. Changes nothing."""
    environments = tuple(dict.fromkeys(environments))
    how = How(offline or base is not None, verify, base, refresh, as_caller)
    how.check()
    drawing = _drawing(graph, environments)
    for file in (graph, *(one.file for one in wanted)):
        if file and not file.absolute().parent.is_dir():
            raise click.UsageError(f"{file}: there is no such folder")
    if events and (how.offline or refresh or len(environments) > 1):
        raise click.UsageError("--events is a preview that somebody made: of one ENV, and nothing is run")
    told = Told(Project.read(folder.resolve()), wanted, artifact, limit)
    code = 0
    for name in environments:
        previewed = _recorded(events, name) if events else _preview(options, folder, name, how)
        told.add(previewed)
        code = _code(code, previewed, tell=tell, alone=len(environments) == 1)
    told.finish()
    if graph and drawing:
        graph.write_text(drawing(told.found[0].steps), "utf-8")
    if len(environments) == 1 and told.found[0].error:
        raise told.found[0].error
    return code


def _code(code: int, previewed: Previewed, *, tell: bool, alone: bool) -> int:
    """The exit code after one more environment. What went wrong is told, but where it is raised later."""
    if previewed.error:
        if not alone:
            echo(f"error: {previewed.name}: {previewed.error}")
        return ERROR
    if any(finding.mandatory for finding in previewed.findings):
        echo(f"error: {ViolatedError(previewed.findings, previewed.name)}")
        return code if code == ERROR else VIOLATED
    return CHANGES if tell and code == 0 and any(step.changes and step.custom for step in previewed.steps) else code


def _drawing(file: Path | None, environments: tuple[str, ...]) -> Callable[[Iterable[Step]], str] | None:
    """What draws a graph into a file of this name. Raises `UsageError`."""
    if file is None:
        return None
    if file.suffix not in (".svg", ".mmd") or len(environments) > 1:
        raise click.UsageError(f"--graph {file}: expected one ENV, and a file that ends in .svg or .mmd (Mermaid)")
    from commonground.preview.graphs import graph

    return graph.svg if file.suffix == ".svg" else graph.mermaid


def _recorded(file: Path, name: str) -> Previewed:
    from commonground.preview.recorded import events

    found = events.read(file)
    if found.stack and found.stack != name:
        raise click.UsageError(f"--events {file}: it was recorded of the stack {found.stack}, and not of {name}")
    error = RecordedError(found.problems) if found.problems else None
    findings = tuple(Finding(one.policy, "", one.mandatory, one.urn, one.message) for one in found.findings)
    return Previewed(name, found.steps, f"as {file.name} recorded it", found.notes, findings, error=error)


def _preview(options: Options, folder: Path, name: str, how: How) -> Previewed:
    try:
        with shared.run(options, folder, name, offline=how.offline, policies=True) as (run, _):
            return how.of(run)
    except EngineError as error:
        return Previewed(name, getattr(error, "seen", ()), how.words, error=error)


def _previewed(run: Run, outcome: Outcome, against: str) -> Previewed:
    return Previewed(run.environment, outcome.steps, against, outcome.notes, outcome.findings)


def _loosened(run: Run, base: "Revision") -> tuple[str, ...]:
    """What the change makes of what policies measure by."""
    from commonground.preview.classing import thresholds

    file = run.project.config / thresholds.FILE
    return thresholds.changes(base.text(file), file.read_text("utf-8", "replace"), run.environment) if file.is_file() else ()


def _problems(error: EngineError | None) -> tuple[str, ...]:
    if error is None:
        return ()
    if isinstance(error, shared.WrongSettingsError):  # a mistake begins at a line's start
        return tuple(part.strip() for part in re.split(r"\n(?=\S)", str(error)))
    return tuple(str(problem) for problem in error.problems) if isinstance(error, RunError | RecordedError) else (str(error),)
