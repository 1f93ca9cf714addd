"""What a rule file is made of, and its text."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from commonground.metrics.yamltext import written

# Amazon Managed Prometheus user guide, "Service quotas".
MOST_RULES = 20
"""Rules of a group at most."""
MOST_GROUPS = 100
"""Groups of a namespace at most."""
MOST_NAMESPACES = 10
"""Rule group namespaces of a workspace at most (the oldest quota known)."""
MOST_BYTES = 1_000_000
"""Bytes of a rule file at most."""


class Severity(StrEnum):
    """How soon somebody has to look."""

    CRITICAL = "critical"
    """Now, at night too."""
    WARNING = "warning"
    """In working hours."""


@dataclass(frozen=True)
class Recording:
    """A recording rule."""

    record: str
    """Level, metric and operation. Example: `commonground:model_psi:1h`."""
    expr: str
    labels: Mapping[str, str] = field(default_factory=dict)

    def data(self) -> dict[str, Any]:
        """As a rule file has it."""
        return {"record": self.record, "expr": self.expr.strip(), **({"labels": dict(self.labels)} if self.labels else {})}


@dataclass(frozen=True)
class Alert:
    """An alerting rule. Its runbook is `docs/runbooks/NAME.md`."""

    name: str
    """Example: `ModelFeatureDrift`. One name may have a rule for each severity."""
    expr: str
    severity: Severity
    summary: str
    """One line with what is wrong, where, and the values: a template (Prometheus docs, "Templating")."""
    wait: str = "0s"
    """How long it holds before it fires: Prometheus' `for`. Example: `10m`."""
    team: str | None = None
    """Whose it is. None: the label `team` of what the expression returns, which has to have one."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Further ones. `retrain: "true"` sends it to the retraining route, too."""
    annotations: Mapping[str, str] = field(default_factory=dict)

    def data(self, runbooks: str) -> dict[str, Any]:
        """As a rule file has it."""
        team = {"team": self.team} if self.team else {}
        return {
            "alert": self.name,
            "expr": self.expr.strip(),
            **({"for": self.wait} if self.wait != "0s" else {}),
            "labels": {"severity": self.severity.value, **team, **self.labels},
            "annotations": {"summary": self.summary, "runbook_url": f"{runbooks}/{self.name}.md", **self.annotations},
        }


@dataclass(frozen=True)
class Group:
    """Rules that are evaluated one after the other, each on what those before it recorded."""

    name: str
    rules: Sequence[Recording | Alert]
    interval: str = "1m"

    def data(self, runbooks: str) -> dict[str, Any]:
        """As a rule file has it."""
        rules = [rule.data(runbooks) if isinstance(rule, Alert) else rule.data() for rule in self.rules]
        return {"name": self.name, "interval": self.interval, "rules": rules}


class TooManyRulesError(ValueError):
    """Rules that Amazon Managed Prometheus would refuse."""

    def __init__(self, what: str, found: int, most: int) -> None:
        super().__init__(f"rules: {what}: expected at most {most}, which is Amazon Managed Prometheus' limit, found {found}")
        self.found = found
        self.most = most


def text(groups: Sequence[Group], *, runbooks: str) -> str:
    """A rule file. Raises `TooManyRulesError`."""
    for group in groups:
        if len(group.rules) > MOST_RULES:
            raise TooManyRulesError(f"group {group.name!r}", len(group.rules), MOST_RULES)
    if len(groups) > MOST_GROUPS:
        raise TooManyRulesError("groups of a namespace", len(groups), MOST_GROUPS)
    found = written({"groups": [group.data(runbooks) for group in groups]})
    if len(found.encode()) > MOST_BYTES:
        raise TooManyRulesError("bytes of a file", len(found.encode()), MOST_BYTES)
    return found


def alerts(groups: Sequence[Group]) -> Iterator[Alert]:
    """All alerts of these groups."""
    for group in groups:
        yield from (rule for rule in group.rules if isinstance(rule, Alert))
