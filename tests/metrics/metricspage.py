"""The parts of docs/metrics.md that are made from the settings and the shipped blueprint: `python -m tests.metrics.metricspage`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from ruamel.yaml import YAML

from commonground.metrics.alertmanager import RETRAINING, owners, receiver
from commonground.metrics.rules.model import Severity
from commonground.settings.metrics import WATCHDOG, AlertTargets, Drift, Metrics, MetricsScale, Models, Objective, Objectives, OwnObjective
from tests.components.workloads_page import rows
from tests.metrics.factory import metrics_settings

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docs" / "metrics.md"
BLUEPRINT = ROOT / "stacks" / "foundation" / "blueprint.yaml"
TABLES: Mapping[str, Sequence[type[BaseModel]]] = {
    "`metrics`, in the blueprint": (Metrics,),
    "`metrics.objectives`": (Objective, Objectives),
    "`metrics.objectives.services.TEAM/SERVICE`": (OwnObjective,),
    "`metrics.drift`": (Drift,),
    "`metrics.models`": (Models,),
    "`metrics.alerts.TEAM`": (AlertTargets,),
    "`metrics`, in an environment's scale": (MetricsScale,),
}
"""Heading -> the model, after those that it extends."""
NOBODY = "nobody"


def settings() -> str:
    """A table for each."""
    head = "| setting | default | what it is for |\n| --- | --- | --- |\n"
    tables = {title: "\n".join(line for kind in kinds for line in rows(kind)) for title, kinds in TABLES.items()}
    # As YAML writes it.
    return "\n".join(f"### {title}\n\n{head}{lines}\n" for title, lines in tables.items()).replace("`True`", "`true`")


def told() -> str:
    """Team and severity -> topic -> who is told where the shipped blueprint is not changed."""
    metrics: dict[str, Any] = YAML(typ="safe").load(BLUEPRINT.read_text("utf-8"))["metrics"]
    lines = ["| alerts of | severity | topic | told, in the shipped blueprint |", "| --- | --- | --- | --- |"]
    for team in owners(metrics_settings()):
        for severity in Severity:
            target = metrics["alerts"].get(team, {}).get(severity.value)
            lines.append(f"| {team} | {severity.value} | {_topic(receiver(team, severity))} | {_binding(target)} |")
    lines.append(f"| models of every team | those with `retrain` | {_topic(RETRAINING)} | {NOBODY} |")
    lines.append(f"| the watchdog |  | {_topic(WATCHDOG)} | {_binding(metrics.get('watchdog'))} |")
    return "\n".join(lines) + "\n"


def _topic(name: str) -> str:
    return f"`commonground-ENV-alerts-{name}`"


def _binding(name: str | None) -> str:
    return f"the binding `{name}`" if name else NOBODY


PARTS = {"settings": settings, "told": told}


def placed(page: str) -> str:
    """The page with its generated parts. Raises ValueError for a page that lacks a marker."""
    for name, made in PARTS.items():
        begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->"
        before, begins, rest = page.partition(begin)
        _, ends, after = rest.partition(end)
        if not (begins and ends):
            raise ValueError(f"{FILE.name}: no markers {name!r}")
        page = f"{before}{begin}\n{made()}\n{end}{after}"
    return page


if __name__ == "__main__":
    FILE.write_text(placed(FILE.read_text("utf-8")), "utf-8")
