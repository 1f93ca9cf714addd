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
_BASELINE_ENTROPY = "commonground:model_baseline:entropy"


def groups(settings: MetricsSettings) -> Sequence[Group]:
    """All groups of this namespace. One, so that every rule reads what those before it recorded in the same evaluation."""
    drift = settings.drift
    rules = [*_increases(), *_window("fast", drift.fast), *_window("slow", drift.slow), *_alerts(drift)]
    return (Group(name="drift", rules=rules, interval=f"{INTERVAL_MINUTES}m"),)


def samples_range(window: str) -> str:
    """The range in which a window's recorded increases are: half an interval short, so that it never holds the one at the window's beginning, which
    tells of the time before."""
    minutes = _MINUTES[window] - INTERVAL_MINUTES / 2
    hours, rest = divmod(int(minutes), 60)
    return f"{hours}h{rest}m30s" if hours else f"{rest}m30s"


def _increases() -> list[Recording | Alert]:
    """The first stage: of each bin, and of the baseline beside it, with a 0 for whatever one of the two lacks."""
    return [
        Recording(BASELINE, f"max by ({_BY_BIN}) ({BASELINE_RATIO.name})"),
        Recording(INCREASE, f"sum by ({_BY_BIN}) (increase({VALUES.name}[{INTERVAL_MINUTES}m])) or {BASELINE} * 0"),
        Recording(_BASELINE_ENTROPY, f"-sum by ({_BY_VARIABLE}) ({BASELINE} * log2(clamp_min({BASELINE}, {_TINY})))"),
    ]


def _window(name: str, window: str) -> list[Recording | Alert]:
    """The second stage, of one window."""
    values, samples = f"commonground:model_values:sum_{name}", f"commonground:model_samples:{name}"
    ratio = f"{values} / on ({_BY_VARIABLE}) group_left () {samples}"
    floored, baseline = f"clamp_min({ratio}, {FLOOR})", f"clamp_min({BASELINE}, {FLOOR})"
    both = f"({ratio} + {BASELINE})"
    entropy = f"log2({samples}) - sum by ({_BY_VARIABLE}) ({values} * log2(clamp_min({values}, {_TINY}))) / {samples}"
    # Of the sum s = p + q instead of the mean m = s / 2: H(m) = 1 - sum(s * log2(s)) / 2, so H(m) - (H(p) + H(q)) / 2 is
    divergence = f"1 - (sum by ({_BY_VARIABLE}) ({both} * log2(clamp_min({both}, {_TINY}))) + ({entropy}) + {_BASELINE_ENTROPY}) / 2"
    return [
        Recording(values, f"sum_over_time({INCREASE}[{samples_range(window)}])"),
        Recording(samples, f"sum by ({_BY_VARIABLE}) ({values}) > 0"),
        Recording(f"commonground:model_psi:{name}", f"sum by ({_BY_VARIABLE}) (({floored} - {baseline}) * ln({floored} / {baseline}))"),
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
    fast, slow = (f"last_over_time(commonground:model_{drift.measure}:{window}{only}[7m30s])" for window in ("fast", "slow"))
    enough = " and ".join(f"last_over_time(commonground:model_samples:{window}{only}[7m30s]) >= {drift.min_samples}" for window in ("fast", "slow"))
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
