"""Rules of services, applications and models alike: requests, objectives and their burn rates, saturation, deliveries."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from commonground.metrics.rules.model import Alert, Group, Recording, Severity
from commonground.metrics.rules.windows import latest, samples_range
from commonground.settings.metrics import MetricsSettings, Objective
from commonground.telemetry.contract import CHANGE, DURATION, IN_FLIGHT, IN_FLIGHT_LIMIT, MODEL_INFO, REQUESTS, SERVICE

BY = ", ".join(SERVICE)
"""What names a service, as PromQL lists it."""
ON = "on (namespace, service)"
"""What joins a service's series: a namespace has one team."""

WINDOWS = ("30m", "1h", "2h", "6h", "1d", "3d")
"""Windows that are sums over 5-minute increases. The shortest, 5m, is read from the counters."""


@dataclass(frozen=True)
class Burn:
    """An error budget is used this many times as fast as it lasts, over a long window, and still is, over a short one."""

    rate: float
    long: str
    short: str


# Google SRE workbook, "Alerting on SLOs", table "Recommended time windows and burn rates", for a budget of 30 days.
BURNS: Mapping[Severity, tuple[Burn, Burn]] = {
    Severity.CRITICAL: (Burn(14.4, "1h", "5m"), Burn(6, "6h", "30m")),
    Severity.WARNING: (Burn(3, "1d", "2h"), Burn(1, "3d", "6h")),
}

MIN_BAD_REQUESTS = 10
"""Failed or slow requests in the long window, below which a burn rate says nothing: of 20 requests an hour, one that fails burns 50 times as fast as 99.9 %
allow (Google SRE workbook, "Alerting on SLOs", "Low-Traffic Services")."""

SATURATED = 0.9
"""Share of the requests that can be answered at once. What comes next has to wait."""


@dataclass(frozen=True)
class Promise:
    """One kind of objective."""

    objective: str
    """Value of the label `objective`."""
    bad: str
    """Beginning of the names of recorded series."""
    alert: str
    what: str
    percent: Callable[[Objective], float]


AVAILABILITY = Promise("availability", "commonground:service_errors", "ServiceErrorBudgetBurn", "fails", lambda one: one.availability_percent)
LATENCY = Promise("latency", "commonground:service_slow", "ServiceLatencyBudgetBurn", "is slow for", lambda one: one.latency_percent)
PROMISES = (AVAILABILITY, LATENCY)
FAILURES = ("ServiceDown", *(promise.alert for promise in PROMISES))
"""Alerts that say that what was delivered fails. Drift and quality come from the world: a model that has them was not delivered badly."""


def groups(settings: MetricsSettings) -> Sequence[Group]:
    """All groups of this namespace."""
    return (
        Group("services", (*_requests(), *_saturation(), *_now(settings), *_objectives(settings))),
        # What they read changes every 5 minutes only.
        Group("services-increases", tuple(_increases(settings)), "5m"),
        Group("services-errors", tuple(_windows("service_errors", "service_requests")), "5m"),
        Group("services-slow", tuple(_windows("service_slow", "service_timed")), "5m"),
        Group("services-alerts", tuple(_alerts())),
        Group("services-delivery", tuple(_delivery())),
    )


def _requests() -> Iterator[Recording]:
    by_version = f"{BY}, version"
    yield Recording("commonground:requests:rate5m", f"sum by ({by_version}) (rate({REQUESTS.name}[5m]))")
    yield Recording(
        "commonground:request_errors:rate5m",
        f'sum by ({by_version}) (rate({REQUESTS.name}{{code=~"5.."}}[5m])) or commonground:requests:rate5m * 0',
    )
    for name, quantile in (("p50_5m", 0.5), ("p99_5m", 0.99)):
        yield Recording(
            f"commonground:request_duration:{name}",
            f"histogram_quantile({quantile}, sum by ({BY}, le) (rate({DURATION.name}_bucket[5m])))",
        )


def _saturation() -> Iterator[Recording]:
    yield Recording(
        "commonground:service_saturation:ratio",
        f"sum by ({BY}) (avg_over_time({IN_FLIGHT.name}[5m])) / (sum by ({BY}) ({IN_FLIGHT_LIMIT.name}) > 0)",
    )


def _now(settings: MetricsSettings) -> Iterator[Recording]:
    yield Recording(
        "commonground:service_errors:ratio5m",
        f"sum by ({BY}) (commonground:request_errors:rate5m) / (sum by ({BY}) (commonground:requests:rate5m) > 0)",
    )
    yield Recording(
        "commonground:service_slow:ratio5m",
        f"1 - ({_quick(settings, 'rate')}) / (sum by ({BY}) (rate({DURATION.name}_count[5m])) > 0)",
    )


def _increases(settings: MetricsSettings) -> Iterator[Recording]:
    yield Recording("commonground:service_requests:increase5m", f"sum by ({BY}) (increase({REQUESTS.name}[5m]))")
    yield Recording(
        "commonground:service_errors:increase5m",
        f'sum by ({BY}) (increase({REQUESTS.name}{{code=~"5.."}}[5m])) or commonground:service_requests:increase5m * 0',
    )
    yield Recording("commonground:service_timed:increase5m", f"sum by ({BY}) (increase({DURATION.name}_count[5m]))")
    yield Recording("commonground:service_slow:increase5m", f"commonground:service_timed:increase5m - ({_quick(settings, 'increase')})")


def _quick(settings: MetricsSettings, function: str) -> str:
    """Requests answered within the bound of their service: those with a bound of their own first."""
    default = settings.objectives.latency_milliseconds
    own = _by_value(settings, lambda one: one.latency_milliseconds)
    bounds = [*(item for item in own if item[1] != default), ("", default)]
    return " or ".join(f"sum by ({BY}) ({function}({DURATION.name}_bucket{{{services}le=~{_le(bound)}}}[5m]))" for services, bound in bounds)


def _le(milliseconds: float) -> str:
    # Python's client writes whole bounds as 1.0, Go's as 1.
    seconds = milliseconds / 1000
    return f'"{int(seconds)}([.]0)?"' if seconds == int(seconds) else f'"{seconds}"'.replace(".", "[.]")


def _by_value(settings: MetricsSettings, value: Callable[[Objective], float]) -> list[tuple[str, float]]:
    """Matchers of services -> what they have of their own, one for each team and value."""
    found: dict[tuple[str, float], list[str]] = {}
    for name, objective in sorted(settings.objectives.own().items()):
        team, _, service = name.partition("/")
        found.setdefault((team, value(objective)), []).append(service)
    return [(f'team="{team}",service=~"{"|".join(names)}",', number) for (team, number), names in found.items()]


def _windows(bad: str, requests: str) -> Iterator[Recording]:
    for window in WINDOWS:
        yield Recording(f"commonground:{bad}:sum{window}", f"sum_over_time(commonground:{bad}:increase5m[{samples_range(window)}])")
        yield Recording(
            f"commonground:{bad}:ratio{window}",
            f"commonground:{bad}:sum{window} / (sum_over_time(commonground:{requests}:increase5m[{samples_range(window)}]) > 0)",
        )


def _objectives(settings: MetricsSettings) -> Iterator[Recording]:
    for promise in PROMISES:
        default = promise.percent(settings.objectives)
        own = [item for item in _by_value(settings, promise.percent) if item[1] != default]
        yield Recording(
            "commonground:service_objective:ratio",
            " or ".join(
                f"group by ({BY}) (commonground:requests:rate5m{{{services.rstrip(',')}}}) * {percent / 100:.6g}" for services, percent in (*own, ("", default))
            ),
            {"objective": promise.objective},
        )


def _alerts() -> Iterator[Alert]:
    for promise in PROMISES:
        for severity, burns in BURNS.items():
            yield Alert(
                promise.alert,
                "\nor\n".join(f"({_burning(promise, burn)})" for burn in burns),
                severity,
                f"{{{{ $labels.team }}}}/{{{{ $labels.service }}}} in {{{{ $labels.namespace }}}} {promise.what} so many requests that the error budget of its "
                f'{promise.objective} is used {{{{ $value | printf "%.1f" }}}} times as fast as it lasts',
            )
    yield Alert(
        "ServiceSaturated",
        f"commonground:service_saturation:ratio > {SATURATED}",
        Severity.WARNING,
        "{{ $labels.team }}/{{ $labels.service }} in {{ $labels.namespace }} uses {{ $value | humanizePercentage }} of the requests that it can answer at once",
        wait="10m",
    )
    yield Alert(
        "ServiceDown",
        # What is gone on purpose has neither a Deployment that wants pods nor pods that do not answer. Largest: after a roll-out two versions are remembered.
        f"max by ({BY}) (last_over_time(commonground:requests:rate5m[1h])) > 0\n"
        f'unless {ON} (up{{job="pods"}} == 1)\n'
        f'and {ON} (label_replace(kube_deployment_spec_replicas > 0, "service", "$1", "deployment", "(.*)") or up{{job="pods"}} == 0)',
        Severity.CRITICAL,
        '{{ $labels.team }}/{{ $labels.service }} in {{ $labels.namespace }} answered {{ $value | printf "%.2f" }} requests a second, now nothing answers',
        wait="3m",
    )


def _burning(promise: Promise, burn: Burn) -> str:
    budget = f'ignoring (objective) (1 - commonground:service_objective:ratio{{objective="{promise.objective}"}})'
    long, short = (_ratio(promise, window) for window in (burn.long, burn.short))
    return f"{long} / {budget} > {burn.rate} and {short} / {budget} > {burn.rate} and {latest(f'{promise.bad}:sum{burn.long}')} >= {MIN_BAD_REQUESTS}"


def _ratio(promise: Promise, window: str) -> str:
    series = f"{promise.bad}:ratio{window}"
    return latest(series) if window in WINDOWS else series


def _delivery() -> Iterator[Recording]:
    """Versions that are seen for the first time, or again after another one: a return to an older version is a delivery, an outage's end is not."""
    by_version = f"{BY}, version"
    exposed = "|".join((IN_FLIGHT.name, CHANGE.name, MODEL_INFO.name))
    running = "commonground:service_version:running"
    yield Recording(running, f'group by ({by_version}) ({{__name__=~"{exposed}",version!=""}})')
    # 30s: not what was recorded a moment ago.
    yield Recording(
        "commonground:service_version:new",
        f"({running} unless present_over_time({running}[1d] offset 30s))\n"
        f"or ({running} unless present_over_time({running}[10m] offset 30s) and {ON} present_over_time({running}[10m] offset 30s))",
    )
    models = f"{ON} {MODEL_INFO.name}"
    yield Recording("commonground:deploy:new", f"commonground:service_version:new and {models}", {"kind": "model"})
    yield Recording("commonground:deploy:new", f"commonground:service_version:new unless {models}", {"kind": "application"})
    yield Recording(
        "commonground:deploy_lead:seconds",
        f"(time() - max by (namespace, service, version) ({CHANGE.name} > 0)) * on (namespace, service, version) group_right commonground:deploy:new",
    )
    yield Recording(
        "commonground:service_failing:bool",
        f'group by ({BY}) (ALERTS{{alertname=~"{"|".join(FAILURES)}",alertstate="firing",severity="critical",service!=""}})\n'
        f"or max by ({BY}) (commonground:requests:rate5m) * 0",
    )
