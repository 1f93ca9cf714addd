"""Takes engine events one by one, as they happened, and tells what came of them: steps, findings, problems, notes."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from commonground.engine.diagnosis import diagnose, plain
from commonground.engine.errors import Problem
from commonground.engine.steps import MASK, OPS, Op, Step
from commonground.preview.model import PolicyFinding
from commonground.preview.recorded.logged import Values, is_gone, is_leftover, pattern, step, strange, without

KIND = re.compile(r"[a-z]\w*Event")
DIGEST_LACKS = (
    "a digest of `pulumi preview --json` has neither policy results nor what stays as it is; with PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true the log has both"
)
CUT = "the log is cut off in line {}: what came after it is not in this report"
NO_END = "the log ends before the preview did: what came after is not in this report"
CANCELLED = "the preview was cancelled: what came after is not in this report"
NO_REASON = "the preview failed, and the log does not say why"
NO_REASON_IN_DIGEST = "the preview failed, and the digest does not say why: it leaves out what policies found"
UPDATE = "the log is of an update, not of a preview: what it says was done"
CORRUPT = "the engine says that the state may be damaged"
OTHER_RUN = "the log goes on with another run, which was left out"
UNMASKED = "the log holds secrets in plain text: they are masked here; delete it, and change them if others could read it"
FAILED, CANCELED = "failed", "canceled"
WARNINGS = 20
"""So many warnings are told."""
MANDATORY = frozenset({"mandatory", "remediate"})
MILD = frozenset({"advisory", "warning"})
OFF = frozenset({"none", "disabled"})
# The engine advises `pulumi state unprotect`, which nobody reviews.
REFUSED = re.compile(r'resource "[^"]*" cannot be (?P<what>deleted|replaced)\s+because it is protected\..*|.*marked for protection.*', re.DOTALL)
# What becomes of what is not known; of the rest: it is left out.
EFFECTS = {"the operation": "does not count", "the enforcement level": "is taken for mandatory"}
PREFIX = re.compile(r"\A(?:error|warning): ")


@dataclass(frozen=True)
class Told:
    """What a log told."""

    steps: tuple[Step, ...]
    findings: tuple[PolicyFinding, ...]
    problems: tuple[str, ...]
    stack: str
    notes: tuple[str, ...]


def is_event(found: Mapping[str, Any]) -> bool:
    """Whether an object is an engine event."""
    return any(KIND.fullmatch(key) for key in found)


class Replay:
    """What a log has told so far."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._steps: dict[tuple[str, str], Step] = {}
        self._refreshing: set[str] = set()
        """URNs whose last step to begin asked the cloud."""
        self._drift: dict[str, tuple[Step, bool]] = {}
        """What a refresh found by URN, and whether it found nothing there any more."""
        self._findings: dict[PolicyFinding, None] = {}
        self._errors: list[tuple[str | None, str]] = []
        self._warnings: dict[str, None] = {}
        self._notes: dict[str, None] = {}
        self._strange: Counter[str] = Counter()
        self._problems: list[str] = []
        self._summary: Mapping[str, Any] | None = None
        self._over = False
        self._is_digest = False
        self._handlers: dict[str, Callable[[dict[str, Any]], None]] = {
            "resourcePreEvent": lambda event: self._step(event, begins=True),
            "resOutputsEvent": lambda event: self._step(event, begins=False),
            "resOpFailedEvent": lambda event: self._step(event, begins=False),
            "diagnosticEvent": self._diagnostic,
            "errorEvent": lambda event: self._errors.append((None, _text(event, "error"))),
            "policyEvent": self._policy,
            "policyRemediationEvent": self._remediation,
            "summaryEvent": self._end,
            **dict.fromkeys(UNTOLD, lambda event: None),
        }

    def event(self, event: Mapping[str, Any]) -> bool:
        """Takes one event in. Returns whether it is one."""
        kinds = [key for key in event if KIND.fullmatch(key)]
        for kind in kinds:
            payload = event[kind]
            if self._over and kind not in UNTOLD:
                self.note(OTHER_RUN)
            elif kind == "cancelEvent":
                self._over = True
            elif kind in self._handlers and isinstance(payload, dict):
                self._handlers[kind](payload)
            else:
                self._strange[f"the event `{kind}`"] += 1
        return bool(kinds)

    def digest(self, digest: Mapping[str, Any]) -> None:
        """Takes a whole digest in."""
        self._is_digest = True
        entries = _objects(digest, "steps")
        refreshed = any(entry.get("op") == "refresh" for entry in entries)
        # Older CLIs write the outcome of a refresh over the step that began it: of two steps of a resource the first is then drift.
        last = {_text(entry, "urn"): number for number, entry in enumerate(entries)}
        for number, entry in enumerate(entries):
            early = refreshed and number < last[_text(entry, "urn")] and entry.get("op") in ("update", "delete") and not is_leftover(entry)
            self._take(entry, drift=early or entry.get("op") == "refresh")
        for found in _objects(digest, "diagnostics"):
            self._diagnostic(found)
        self._strange.update(f"the field `{key}` of a digest" for key in digest if key not in DIGEST_FIELDS)
        changes = digest.get("changeSummary")
        self._end({"resourceChanges": changes, "maybeCorrupt": digest.get("maybeCorrupt"), "isPreview": True})
        self.note(DIGEST_LACKS)

    def say(self, lines: Iterable[str]) -> None:
        """Takes in what the CLI said beside its log."""
        for line in lines:
            if line.startswith("error: "):
                self._errors.append((None, plain(line)))

    def note(self, text: str) -> None:
        """One more thing to know of the log; each is told once."""
        self._notes[text] = None

    def close(self, *, cut: int | None) -> None:
        """There are no more events. `cut`: the line in which the log is cut off."""
        if self._summary is None:
            self._problems.append(CUT.format(cut) if cut else NO_END)

    def told(self) -> Told:
        """What came of it all, without any secret."""
        secrets = pattern(self._values.secrets)
        steps = self._all_steps()
        findings, problems, notes = self._all_findings(), self._all_problems(), [*self._notes, *self._more_notes(steps)]
        if secrets is not None:
            steps = [without(found, secrets) for found in steps]
            findings = [replace(found, message=secrets.sub(MASK, found.message)) for found in findings]
            problems, notes = [secrets.sub(MASK, text) for text in problems], [UNMASKED, *(secrets.sub(MASK, text) for text in notes)]
        stack = next((found.urn.split(":", 3)[2] for found in steps if found.urn.startswith("urn:pulumi:")), "")
        return Told(tuple(steps), tuple(findings), tuple(problems), stack, tuple(notes))

    def _step(self, event: Mapping[str, Any], *, begins: bool) -> None:
        entry = event.get("metadata")
        if not isinstance(entry, dict):
            self._strange["a step that says nothing"] += 1
            return
        urn, op = _text(entry, "urn"), entry.get("op")
        if begins:
            (self._refreshing.add if op == "refresh" else self._refreshing.discard)(urn)
        # What a refresh finds comes as `refresh`, and of older CLIs as `update` or `delete`.
        self._take(entry, drift=op == "refresh" or (not begins and urn in self._refreshing), begins=begins)
        if not begins and event.get("planning") is not True:
            self.note(UPDATE)

    def _take(self, entry: Mapping[str, Any], *, drift: bool, begins: bool = False) -> None:
        self._strange.update(strange(entry))
        found = step(entry, self._values)
        if found is None:
            self._strange["a step without operation or URN"] += 1
        elif not drift:
            self._steps[found.urn, found.op] = found
        elif not begins:
            self._drift[found.urn] = found, found.op == "delete" or is_gone(entry)

    def _diagnostic(self, event: Mapping[str, Any]) -> None:
        severity, text, urn = _text(event, "severity"), plain(_text(event, "message")), _urn(event, "urn")
        if event.get("ephemeral") or not text:
            return
        if severity == "error":
            self._errors.append((urn, text))
        elif severity == "warning":
            name = f"{urn.rsplit('::', 1)[-1]}: " if urn else ""
            self._warnings[f"warning: {name}{PREFIX.sub('', text)}"] = None

    def _policy(self, event: Mapping[str, Any]) -> None:
        level = _text(event, "enforcementLevel")
        if level in OFF:
            return
        if level not in MANDATORY | MILD:
            self._strange[f"the enforcement level `{level}`"] += 1
        message = plain(_text(event, "message"))
        excepted = _objects(event, "exceptions")
        for found in excepted:
            message += f" (accepted: {_text(found, 'id')}: {_text(found, 'reason')})"
        mandatory = level not in MILD and not excepted
        self._findings[PolicyFinding(_text(event, "policyName"), mandatory, message, _urn(event, "resourceUrn") or "")] = None

    def _remediation(self, event: Mapping[str, Any]) -> None:
        name = _text(event, "resourceUrn").rsplit("::", 1)[-1]
        self.note(f"the policy {_text(event, 'policyName')} changes the inputs of {name}, by itself")

    def _end(self, event: Mapping[str, Any]) -> None:
        self._summary = event
        if event.get("maybeCorrupt"):
            self.note(CORRUPT)
        if event.get("isPreview") is False:
            self.note(UPDATE)
        if event.get("result") == CANCELED:
            self._problems.append(CANCELLED)

    def _all_steps(self) -> list[Step]:
        """Each step; of what was only refreshed that it stays as it is."""
        known = {urn for urn, _ in self._steps}
        refreshed = [replace(found, op="refresh", diff={}) for urn, (found, gone) in self._drift.items() if urn not in known and not gone]
        return sorted([*self._steps.values(), *refreshed], key=lambda found: (found.urn, found.op))

    def _all_findings(self) -> list[PolicyFinding]:
        return sorted(self._findings, key=lambda found: (not found.mandatory, found.policy, found.urn, found.message))

    def _all_problems(self) -> list[str]:
        found = [*self._problems, *(str(_ours(problem)) for problem in diagnose(self._errors))]
        failed = (self._summary or {}).get("result") == FAILED or bool(self._errors)
        violated = any(finding.mandatory for finding in self._findings)
        if failed and not found and not violated:
            found.append(NO_REASON_IN_DIGEST if self._is_digest else NO_REASON)
        return list(dict.fromkeys(found))

    def _more_notes(self, steps: list[Step]) -> Iterator[str]:
        yield from (_drifted(found, gone=gone) for _, (found, gone) in sorted(self._drift.items()) if found.diff or gone)
        yield from self._missing(steps)
        for what, number in sorted(self._strange.items()):
            times = f" ({number} times)" if number > 1 else ""
            effect = EFFECTS.get(what.partition(" `")[0], "is left out")
            yield f"{what}{times} is not known to this version of Commonground and {effect}: a newer Pulumi wrote the log"
        yield from list(self._warnings)[:WARNINGS]
        if len(self._warnings) > WARNINGS:
            yield f"{len(self._warnings) - WARNINGS} more warnings are in the log"

    def _missing(self, steps: list[Step]) -> Iterator[str]:
        """What the summary counts and the log does not have."""
        changes = (self._summary or {}).get("resourceChanges")
        seen = Counter(found.op for found in steps)
        for op, number in sorted(changes.items()) if isinstance(changes, dict) else ():
            counted = OPS.get(op) not in (None, Op.SAME) and isinstance(number, int)
            if counted and seen[op] < number:
                yield f"the log counts {number} resources to {op} and names {seen[op]}: the others are not in this report"


# What says nothing that a report needs.
UNTOLD = (
    *("cancelEvent", "stdoutEvent", "preludeEvent", "policyLoadEvent", "policyAnalyzeSummaryEvent", "policyRemediateSummaryEvent"),
    *("policyAnalyzeStackSummaryEvent", "startDebuggingEvent", "progressEvent"),
)
DIGEST_FIELDS = frozenset({"config", "steps", "diagnostics", "duration", "changeSummary", "maybeCorrupt"})


def _ours(problem: Problem) -> Problem:
    refused = REFUSED.fullmatch(problem.reason)
    if refused is None:
        return problem
    return Problem(f"it would be {refused['what'] or 'deleted or replaced'}, and it is protected: the engine refuses", problem.name, problem.type)


def _drifted(found: Step, *, gone: bool) -> str:
    name = f"{found.name} ({found.type})"
    if gone:
        return f"drift: {name} is not there any more, though the state has it"
    return f"drift: {name} is not as the state has it: {', '.join(sorted(found.diff))}"


def _text(found: Mapping[str, Any], key: str) -> str:
    value = found.get(key)
    return value if isinstance(value, str) else ""


def _urn(found: Mapping[str, Any], key: str) -> str | None:
    value = _text(found, key)
    return value if value.count("::") > 2 else None


def _objects(found: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    value = found.get(key)
    return [inner for inner in value if isinstance(inner, dict)] if isinstance(value, list) else []
