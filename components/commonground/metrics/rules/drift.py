"""Rules of drift: how far what a model sees, and says, is from what it was trained on.

Two stages, because rate() over a day of raw counters would read everything again at each evaluation. First, what each bin gained in 5 minutes, over
all pods. Then sums of that over a fast and a slow window, their population stability index (PSI) and Jensen-Shannon distance from the baseline, and the
alerts.
"""

from collections.abc import Sequence

from commonground.metrics.rules.model import Alert, Group, Recording, Severity
from commonground.settings.metrics import Drift, MetricsSettings
from commonground.telemetry.contract import BASELINE_RATIO, VALUES, VARIABLE

INTERVAL_MINUTES = 5
FLOOR = "1e-4"
"""The least ratio that PSI knows: an empty bin would make it infinite. Source: Evidently's PSI, which puts 0.0001 in place of 0 (`get_binned_data`)."""
_TINY = "1e-300"  # so that 0 * log2(0) is 0

_MINUTES = {"30m": 30, "1h": 60, "2h": 120, "6h": 360, "12h": 720, "1d": 1440}
_MEASURES = {"psi": "PSI", "jensen_shannon": "Jensen-Shannon distance"}
_KINDS = {"feature": ("ModelFeatureDrift", "Feature"), "prediction": ("ModelPredictionDrift", "Prediction")}
_BY_VARIABLE = ", ".join((*VARIABLE, "baseline"))
_BY_BIN = ", ".join((*VARIABLE, "baseline", "bin"))

INCREASE = "commonground:model_values:increase5m"
BASELINE = "commonground:model_baseline:ratio"
BASELINE_ENTROPY = "commonground:model_baseline:entropy"


def groups(settings: MetricsSettings) -> Sequence[Group]:
    """All groups of this namespace. One for each stage and window: groups are evaluated beside each other."""
    drift = settings.drift
    interval = f"{INTERVAL_MINUTES}m"
    return (
        Group(name="drift-values", rules=_increases(), interval=interval),
        Group(name="drift-fast", rules=_window("fast", drift.fast), interval=interval),
        Group(name="drift-slow", rules=[*_window("slow", drift.slow), *_alerts(drift)], interval=interval),
    )


def samples_range(window: str) -> str:
    """The range in which exactly a window's recorded increases are, one every 5 minutes: a second short of it.

    Groups are evaluated at times of their own, up to an interval after the one that records. A whole window would hold one too many where both times
    are the same and ranges are closed (Prometheus 2); half an interval less would hold one too few where they are far apart.
    """
    hours, minutes = divmod(_MINUTES[window] - 1, 60)
    return f"{hours}h{minutes}m59s" if hours else f"{minutes}m59s"


def _increases() -> list[Recording | Alert]:
    """The first stage: of each bin, and of the baseline beside it, with a 0 for whatever one of the two lacks."""
    known = f"max by ({_BY_BIN}) ({BASELINE_RATIO.name})"
    entropy = f"-sum by ({_BY_VARIABLE}) ({BASELINE} * log2(clamp_min({BASELINE}, {_TINY})))"
    return [
        Recording(INCREASE, f"sum by ({_BY_BIN}) (increase({VALUES.name}[{INTERVAL_MINUTES}m])) or {known} * 0"),
        Recording(BASELINE, f"{known} or {INCREASE} * 0"),
        # Only of what has a baseline, which the second stage relies on.
        Recording(BASELINE_ENTROPY, f"{entropy} and sum by ({_BY_VARIABLE}) ({BASELINE}) > 0"),
    ]


def _window(name: str, window: str) -> list[Recording | Alert]:
    """The second stage, of one window."""
    values, samples = f"commonground:model_values:sum_{name}", f"commonground:model_samples:{name}"
    ratio = f"{values} / on ({_BY_VARIABLE}) group_left () {samples}"
    floored, baseline = f"clamp_min({ratio}, {FLOOR})", f"clamp_min({BASELINE}, {FLOOR})"
    both = f"({ratio} + {BASELINE})"
    entropy = f"log2({samples}) - sum by ({_BY_VARIABLE}) ({values} * log2(clamp_min({values}, {_TINY}))) / {samples}"
    # H(m) - (H(p) + H(q)) / 2, where of s = p + q = 2m: H(m) = 1 - sum(s * log2(s)) / 2.
    divergence = f"1 - (sum by ({_BY_VARIABLE}) ({both} * log2(clamp_min({both}, {_TINY}))) + ({entropy}) + {BASELINE_ENTROPY}) / 2"
    return [
        Recording(values, f"sum_over_time({INCREASE}[{samples_range(window)}])"),
        Recording(samples, f"sum by ({_BY_VARIABLE}) ({values}) > 0"),
        Recording(
            f"commonground:model_psi:{name}",
            f"sum by ({_BY_VARIABLE}) (({floored} - {baseline}) * ln({floored} / {baseline})) and {BASELINE_ENTROPY}",
        ),
        Recording(f"commonground:model_jensen_shannon:{name}", f"sqrt(clamp_min({divergence}, 0))"),
    ]


def _alerts(drift: Drift) -> list[Recording | Alert]:
    """For features and predictions: worth a look when both windows show it, critical when what goes on now is large."""
    return [
        _alert(kind, drift, severity, bound) for kind in _KINDS for severity, bound in ((Severity.CRITICAL, drift.critical), (Severity.WARNING, drift.warning))
    ]


def _alert(kind: str, drift: Drift, severity: Severity, bound: float) -> Alert:
    name, what = _KINDS[kind]
    only = f'{{kind="{kind}"}}'
    # Over one evaluation that a restart of the only pod made miss.
    fast, slow = (f"last_over_time(commonground:model_{drift.measure}:{window}{only}[10m])" for window in ("fast", "slow"))
    enough = " and ".join(f"last_over_time(commonground:model_samples:{window}{only}[10m]) >= {drift.min_samples}" for window in ("fast", "slow"))
    where = "{{ $labels.model }} {{ $labels.model_version }} ({{ $labels.namespace }}/{{ $labels.service }})"
    value = f'{_MEASURES[drift.measure]} {{{{ $value | printf "%.2f" }}}} in the last {drift.fast}, over {bound:g}; over {drift.warning:g} in {drift.slow}'
    return Alert(
        name=name,
        expr=f"{fast} > {bound:g} and {slow} > {drift.warning:g} and {enough}",
        severity=severity,
        wait="10m",
        labels={"retrain": "true"} if severity is Severity.CRITICAL else {},
        summary=f"{what} {{{{ $labels.variable }}}} of model {where} has drifted: {value}",
    )
