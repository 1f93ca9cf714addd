"""Rules of drift: how far what a model sees, and says, is from what it was trained on.

Two stages, because rate() over a day of raw counters would read everything again at each evaluation. First, what each bin gained in 5 minutes, over
all pods. Then sums of that over a fast and a slow window, their population stability index (PSI) or Jensen-Shannon distance from the baseline, and the
alerts. What is dear is done for each team by itself, and as seldom as it may: the slow window, and the measure that does not alert, once an hour.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

from commonground.metrics.rules.model import MOST_GROUPS, Alert, Group, Recording, Severity
from commonground.metrics.rules.windows import HOURLY, latest, samples_range
from commonground.settings.metrics import Drift, MetricsSettings
from commonground.telemetry.contract import BASELINE_RATIO, VALUES, VARIABLE

INTERVAL_MINUTES = 5
FLOOR = "1e-4"
"""The least ratio that PSI knows: an empty bin would make it infinite. Source: Evidently's PSI, which puts 0.0001 in place of 0 (`get_binned_data`)."""
_TINY = "1e-300"  # so that 0 * log2(0) is 0

_MEASURES = {"psi": "PSI", "jensen_shannon": "Jensen-Shannon distance"}
_KINDS = {"feature": ("ModelFeatureDrift", "Feature"), "prediction": ("ModelPredictionDrift", "Prediction")}
_BY_VARIABLE = ", ".join((*VARIABLE, "baseline"))
_BY_BIN = ", ".join((*VARIABLE, "baseline", "bin"))

INCREASE = "commonground:model_values:increase5m"
BASELINE = "commonground:model_baseline:ratio"
RATIO = "commonground:model_values:ratio_fast"
HOUR = "commonground:model_values:sum_1h"
SLOW_RATIO = "commonground:model_values:ratio_slow"
SAMPLES = "commonground:model_samples"
BINS = "commonground:team_bins:count_hourly"
"""Bins of all variables of a team's models that are exposed now."""
PARTS = 5
"""Groups that each share of the teams has."""
OTHERS = "others"
"""What the groups of all other namespaces are called."""
BEHIND = "1m"
"""How far the hours are behind, so that all of their increases are recorded before they are summed: what comes later would be in no hour."""


def groups(settings: MetricsSettings) -> Sequence[Group]:
    """All groups of this namespace: of each share of the teams by stage and window, as groups are evaluated beside each other; the alerts of all."""
    drift = settings.drift
    often = f"{INTERVAL_MINUTES}m"
    found: list[Group] = []
    for name, only in shares(list(settings.teams)).items():
        found += [
            Group(name=f"drift-values-{name}", rules=_increases(only), interval=often),
            Group(name=f"drift-fast-{name}", rules=_fast(drift, only), interval=often),
            Group(name=f"drift-slow-{name}", rules=_slow(drift, only), interval="1h"),
            Group(name=f"drift-distance-{name}", rules=_distance(drift, only), interval="1h"),
            Group(name=f"drift-compared-{name}", rules=_compared(drift, only), interval="1h"),
        ]
    return (*found, Group(name="drift", rules=[*_latest(drift), *_alerts(drift)], interval=often))


def shares(teams: Sequence[str]) -> Mapping[str, str]:
    """Name -> matcher of a share of all series: a team's, or that of several where there are more teams than groups; the last one has all other namespaces."""
    most = (MOST_GROUPS - 1) // PARTS - 1
    if len(teams) <= most:
        found = {f"team-{team}": f'team="{team}"' for team in teams}
    else:
        found = {f"teams-{number + 1}": f'team=~"{"|".join(teams[number::most])}"' for number in range(most)}
    return MappingProxyType({**found, OTHERS: f'team!~"{"|".join(teams)}"' if teams else 'team=~".*"'})


def _increases(only: str) -> list[Recording | Alert]:
    """The first stage: of each bin, and of each variable, so that later stages count a variable's values by one series and not by its bins."""
    gained = f"increase({VALUES.name}{{{only}}}[{INTERVAL_MINUTES}m])"
    return [Recording(INCREASE, f"sum by ({_BY_BIN}) ({gained})"), Recording(f"{SAMPLES}:increase5m", f"sum by ({_BY_VARIABLE}) ({gained})")]


def _fast(drift: Drift, only: str) -> list[Recording | Alert]:
    """The second stage of the fast window. The ratio is recorded: distances and dashboards read it more than once; the baseline here, where most is read."""
    window, samples = f"{{{only}}}[{samples_range(drift.fast)}]", f"{SAMPLES}:fast"
    return [
        Recording(BASELINE, f"max by ({_BY_BIN}) ({BASELINE_RATIO.name}{{{only}}})"),
        Recording(samples, f"sum_over_time({SAMPLES}:increase5m{window}) > 0"),
        Recording(RATIO, f"sum_over_time({INCREASE}{window}) / on ({_BY_VARIABLE}) group_left () {samples}{{{only}}}"),
        Recording(f"commonground:model_{drift.measure}:fast", _DISTANCES[drift.measure](f"{RATIO}{{{only}}}", f"{BASELINE}{{{only}}}")),
    ]


def _slow(drift: Drift, only: str) -> list[Recording | Alert]:
    """The second stage of the slow window: hours, none of whose increases is in two of them, and their sum."""
    hour, window = (f"{{{only}}}[{samples_range(one)}]" for one in ("1h", drift.slow))
    samples = f"{SAMPLES}:slow_hourly"
    return [
        Recording(HOUR, f"sum_over_time({INCREASE}{hour} offset {BEHIND})"),
        Recording(f"{SAMPLES}:sum_1h", f"sum_over_time({SAMPLES}:increase5m{hour} offset {BEHIND})"),
        Recording(samples, f"sum_over_time({SAMPLES}:sum_1h{window}) > 0"),
        Recording(SLOW_RATIO, f"sum_over_time({HOUR}{window}) / on ({_BY_VARIABLE}) group_left () {samples}{{{only}}}"),
    ]


def _distance(drift: Drift, only: str) -> list[Recording | Alert]:
    """The measure that alerts, in the slow window: in a group of its own, as all of it is much for one evaluation. And how many bins there are."""
    ratio, baseline = f"last_over_time({SLOW_RATIO}{{{only}}}[{HOURLY}])", latest(f"{BASELINE}{{{only}}}")
    return [
        Recording(f"commonground:model_{drift.measure}:slow_hourly", _DISTANCES[drift.measure](ratio, baseline)),
        Recording(BINS, f"count by (team) ({latest(f'{INCREASE}{{{only}}}')})"),
    ]


def _compared(drift: Drift, only: str) -> list[Recording | Alert]:
    """The measures that do not alert, in the fast window."""
    ratio, baseline = latest(f"{RATIO}{{{only}}}"), latest(f"{BASELINE}{{{only}}}")
    return [Recording(f"commonground:model_{other}:fast_hourly", _DISTANCES[other](ratio, baseline)) for other in _others(drift)]


def _psi(ratio: str, baseline: str) -> str:
    seen, expected = f"clamp_min({ratio}, {FLOOR})", f"clamp_min({baseline}, {FLOOR})"
    return f"sum by ({_BY_VARIABLE}) (({seen} - {expected}) * ln({seen} / {expected}))"


def _jensen_shannon(ratio: str, baseline: str) -> str:
    """H(m) - (H(p) + H(q)) / 2, where of s = p + q = 2m: H(m) = 1 - sum(s * log2(s)) / 2."""
    both, seen, expected = (f"sum by ({_BY_VARIABLE}) ({one} * log2(clamp_min({one}, {_TINY})))" for one in (f"({ratio} + {baseline})", ratio, baseline))
    return f"sqrt(clamp_min(1 - ({both} - {seen} - {expected}) / 2, 0))"


_DISTANCES: Mapping[str, Callable[[str, str], str]] = MappingProxyType({"psi": _psi, "jensen_shannon": _jensen_shannon})
"""Measure -> its expression, of a window's ratios and the baseline's."""


def _others(drift: Drift) -> Sequence[str]:
    return [measure for measure in _MEASURES if measure != drift.measure]


def _latest(drift: Drift) -> Iterator[Recording]:
    """What is recorded once an hour, as often as the rest, so that it is there whenever it is asked for: over one evaluation that is missed, too.

    A slow window that does not hold enough values yet, for example of a version of the last hour, says what the fast one says.
    """
    slow, samples = (f"last_over_time(commonground:model_{one}:slow_hourly[{HOURLY}])" for one in (drift.measure, "samples"))
    yield Recording(f"{SAMPLES}:slow", samples)
    fast = latest(f"commonground:model_{drift.measure}:fast")
    yield Recording(f"commonground:model_{drift.measure}:slow", f"({slow} and {samples} >= {drift.min_samples}) or {fast}")
    for other in _others(drift):
        yield Recording(f"commonground:model_{other}:fast", f"last_over_time(commonground:model_{other}:fast_hourly[{HOURLY}])")


def _alerts(drift: Drift) -> list[Recording | Alert]:
    """For features and predictions: worth a look when both windows show it, critical when what goes on now is large."""
    return [
        _alert(kind, drift, severity, bound) for kind in _KINDS for severity, bound in ((Severity.CRITICAL, drift.critical), (Severity.WARNING, drift.warning))
    ]


def _alert(kind: str, drift: Drift, severity: Severity, bound: float) -> Alert:
    name, what = _KINDS[kind]
    only = f'{{kind="{kind}"}}'
    # Over one evaluation that a restart of the only pod made miss, too. This group itself records the slow window, whenever there is a fast one.
    fast, slow = latest(f"commonground:model_{drift.measure}:fast{only}"), f"commonground:model_{drift.measure}:slow{only}"
    enough = f"{latest(f'{SAMPLES}:fast{only}')} >= {drift.min_samples}"
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
