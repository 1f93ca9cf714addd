"""PromQL that several dashboards use."""

from commonground.metrics.dashboards.model import above
from commonground.telemetry.contract import LAST, MISSING, OTHER, SERVICE, UNSEEN

BURN = above(1, 6)
"""1 uses the budget up in just 30 days; 6 is what pages over 6 hours (Google SRE workbook, "Alerting on SLOs")."""

BY_SERVICE = ", ".join(SERVICE)

# Numeric bins by their bound, then the reserved ones.
_LAST_BINS = ((LAST, "6e99"), (OTHER, "7e99"), (UNSEEN, "8e99"), (MISSING, "9e99"))


def latest(selector: str) -> str:
    """A series that is recorded every 5 minutes, without the gaps that a look-back of 5 minutes leaves."""
    return f"last_over_time({selector}[10m])"


def peak(selector: str) -> str:
    """The highest value in the time range."""
    return f"max_over_time({selector}[$__range] @ end())"


def mean_rate(selector: str) -> str:
    """A counter's mean rate over the time range."""
    return f"rate({selector}[$__range] @ end())"


def top(count: int, expr: str, by: str, ranking: str) -> str:
    """`expr` of the `count` that are first in `ranking`, which has one value for the whole time range: unlike `topk` alone, the same ones in each step."""
    return f"{expr} and on({by}) topk({count}, {ranking})"


def firing(where: str) -> str:
    """The selector of alerts that fire, but for the one that always does."""
    return f'ALERTS{{alertstate="firing", alertname!="Watchdog", {where}}}'


def count(expr: str) -> str:
    """How many there are: 0 where there is none."""
    return f"count({expr}) or vector(0)"


def in_order(expr: str, order: str) -> str:
    """`expr` with a label that sorts its bins."""
    ordered = f'label_replace({expr}, "{order}", "$1", "bin", "(.+)")'
    for name, number in _LAST_BINS:
        ordered = f'label_replace({ordered}, "{order}", "{number}", "bin", "{name.replace("+", "[+]")}")'
    return ordered


def burn(objective: str, window: str, where: str) -> str:
    """How many times as fast as it lasts the budget is used up: 1 uses it up in just 30 days. `window`: one that is recorded every 5 minutes."""
    wrong = {"availability": "errors", "latency": "slow"}[objective]
    ratio = latest(f"commonground:service_{wrong}:ratio{window}{{{where}}}")
    return f'{ratio} / ignoring(objective) (1 - commonground:service_objective:ratio{{{where}, objective="{objective}"}})'
