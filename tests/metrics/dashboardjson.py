"""A dashboard's JSON, as a browser would ask of it."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

BUILT_IN = {"__rate_interval": "2m", "__interval": "1m", "__range": "1h", "__range_s": "3600"}
"""What Grafana fills in itself, at an hour's range and 30 s between scrapes."""
# Not `$1`, which is PromQL's.
VARIABLE = re.compile(r"\$\{([A-Za-z_]\w*)(?::\w+)?\}|\$([A-Za-z_]\w*)")


@dataclass(frozen=True)
class Asked:
    """One query of one panel."""

    dashboard: str
    panel: Mapping[str, Any]
    expr: str
    legend: str
    instant: bool

    @property
    def name(self) -> str:
        """For messages."""
        return f"{self.dashboard}, panel {self.panel['title']!r}, query {self.legend!r}"


def panels(dashboard: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """All panels, rows and what is folded into them among them."""
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", ())


def queries(name: str, dashboard: Mapping[str, Any]) -> Iterator[Asked]:
    """All queries of all panels."""
    for panel in panels(dashboard):
        for target in panel.get("targets", ()):
            yield Asked(name, panel, target["expr"], target["legendFormat"], target["instant"])


def marks(dashboard: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What is marked in time."""
    found: list[dict[str, Any]] = dashboard["annotations"].get("list", [])
    return found


def variables(text: str) -> set[str]:
    """Names of Grafana's variables in a text."""
    return {first or second for first, second in VARIABLE.findall(text)}


def filled(expr: str, values: Mapping[str, str]) -> str:
    """A query with its variables replaced. Raises `KeyError` for one that has no value."""
    known = {**BUILT_IN, **values}
    return VARIABLE.sub(lambda match: known[match[1] or match[2]], expr)


def load(files: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Name -> JSON."""
    return {name.removesuffix(".json"): json.loads(text) for name, text in files.items()}
