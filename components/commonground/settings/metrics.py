"""What is measured and who is told: objectives, drift, bounds of models, and where alerts go. The blueprint's `metrics`, and what components get of it."""

from typing import Literal

from pydantic import Field

from commonground.settings.base import Protection, Settings
from commonground.settings.words import BindingName, Name, ServiceName

# No managed collector scrapes more often (Amazon Managed Service for Prometheus user guide, "Using an AWS managed collector", limitations).
Seconds = Literal[30, 60]
# Burn rates and drift are sums of increases over 5 minutes, so windows are multiples of that (Prometheus docs, "Recording rules").
FastWindow = Literal["30m", "1h", "2h"]
SlowWindow = Literal["6h", "12h", "1d"]
# The buckets of `commonground_request_duration_seconds`: a bound between two of them cannot be counted.
LatencyBound = Literal[50, 100, 250, 500, 1000, 2500, 5000, 10000]

COLLECTOR_ZONES = 2
"""Zones that the collector stands in, those with the lowest numbers: the least that it takes, since another subnet is another collector (Amazon Managed
Service for Prometheus user guide, "Using an AWS managed collector")."""

WATCHDOG = "watchdog"
"""Receiver of the alert that always fires: who hears nothing of it any more knows that alerts do not arrive."""

PLATFORM = "platform"
"""Whose alerts those are that no team's namespace explains: the platform team's."""


def receiver(team: str, severity: str) -> str:
    """Name of the receiver of a team's alerts of one severity. Example: `shop-critical`."""
    return f"{team}-{severity}"


class Objective(Settings):
    """What share of requests a service answers well, over 30 days."""

    availability_percent: float = Field(default=99.9, ge=90, lt=100)
    """Requests that do not fail with a server error (code 5xx), in percent. Default: `99.9`."""
    latency_percent: float = Field(default=99, ge=50, lt=100)
    """Requests that are answered within `latency_milliseconds`, in percent. Default: `99`."""
    latency_milliseconds: LatencyBound = 500
    """The bound, in milliseconds: one of the contract's buckets. Default: `500`."""


class OwnObjective(Settings):
    """What one service promises instead; what is left out is as for every service."""

    availability_percent: float | None = Field(default=None, ge=90, lt=100)
    """Requests that do not fail with a server error, in percent. Default: as for every service. Example: `99.5`."""
    latency_percent: float | None = Field(default=None, ge=50, lt=100)
    """Requests that are answered within `latency_milliseconds`, in percent. Default: as for every service. Example: `95`."""
    latency_milliseconds: LatencyBound | None = None
    """The bound, in milliseconds. Default: as for every service. Example: `1000`."""


class Objectives(Objective):
    """Service level objectives: these for every service, application or model, and those of the few that have their own."""

    services: dict[ServiceName, OwnObjective] = Field(default_factory=dict)
    """Team and service -> its own objective. Default: none. Example: `shop/churn: {latency_milliseconds: 1000}`."""

    def own(self) -> dict[str, Objective]:
        """Team and service -> the whole objective, for those that have their own."""
        everybody = self.model_dump(exclude={"services"})
        return {name: Objective(**{**everybody, **one.model_dump(exclude_none=True)}) for name, one in self.services.items()}


class Drift(Settings):
    """When what a model sees, or says, is no longer what it was trained on."""

    measure: Literal["psi", "jensen_shannon"] = "psi"
    """`psi` (population stability index) or `jensen_shannon` (distance, base 2, from 0 to 1): the one that alerts; both are recorded. Default: `psi`."""
    fast: FastWindow = "1h"
    """The window that says that it still goes on. Default: `1h`."""
    slow: SlowWindow = "1d"
    """The window that says that it matters: a whole day, so that nights are no drift. Default: `1d`."""
    warning: float = Field(default=0.1, gt=0, le=10)
    """Above it in both windows: a warning. Source: Siddiqi, "Credit Risk Scorecards" (2006): PSI from 0.1 is a change, from 0.25 a large one. With
    `jensen_shannon` set `0.13`, which is as much as a PSI of 0.1. Default: `0.1`."""
    critical: float = Field(default=0.25, gt=0, le=10)
    """Above it in the fast window, with a warning's worth in the slow one: critical, and a reason to train again. With `jensen_shannon` set `0.21`, which is
    as much as a PSI of 0.25. Default: `0.25`."""
    min_samples: int = Field(default=1000, ge=100)
    """Values in a window below which nothing is said: of N values in 10 bins chance alone makes a PSI of about 9/N (Yurdakul, "Statistical Properties of
    Population Stability Index", 2018). Default: `1000`."""


class Models(Settings):
    """Bounds of models beyond drift."""

    quality_drop_percent: float = Field(default=5, gt=0, le=100)
    """How much worse than its baseline, or than the previous version, a quality score may be, in percent of that. Default: `5`."""
    max_age_days: int = Field(default=90, ge=1)
    """Age of the data cut of a serving model, in days, from which it is stale. Default: `90`."""
    feature_age_hours: int = Field(default=24, ge=1)
    """Age of the newest value of a feature view, in hours, from which it is stale. Default: `24`."""
    training_hours: int = Field(default=12, ge=1)
    """How long a training run may take, in hours, before it counts as stuck. Default: `12`."""
    missing_percent: float = Field(default=5, gt=0, le=100)
    """Missing values of a feature beyond those of its training data, in percent of all, from which input data is broken. Default: `5`."""
    out_of_range_percent: float = Field(default=5, gt=0, le=100)
    """Values of a feature outside of what training saw, in percent of all. Default: `5`."""


class AlertTargets(Settings):
    """Who is told of one team's alerts, by severity. Whatever is left out goes to the team's topics all the same, to which anybody can subscribe later."""

    critical: BindingName | None = None
    """Binding of type `alert_target`. Default: nobody. Example: `shop_pager`."""
    warning: BindingName | None = None
    """Binding of type `alert_target`. Default: nobody. Example: `shop_mail`."""


class Metrics(Settings):
    """The metrics stack: a managed Prometheus and its collector, rules, alerts, Grafana."""

    scrape_seconds: Seconds = 30
    """How often everything is scraped, in seconds. 60 costs half as much. Default: `30`."""
    grafana: bool = True
    """Whether Grafana runs in the cluster, with the dashboards. Default: `true`."""
    objectives: Objectives = Objectives()
    """What services promise. Default: 99.9 % without errors, 99 % within half a second."""
    drift: Drift = Drift()
    """When a model's input or output has drifted. Default: PSI over an hour and a day."""
    models: Models = Models()
    """Bounds of quality, age and input data of models. Default: those of each."""
    alerts: dict[Name, AlertTargets] = Field(default_factory=dict)
    """Team, or `platform` -> who is told. Default: nobody is subscribed. Example: `platform: {critical: pager}`."""
    watchdog: BindingName | None = None
    """Binding of type `alert_target` that hears every few minutes that alerts still arrive, and raises the alarm when it does not: a dead man's switch.
    Default: nobody. Example: `watchdog`."""
    runbooks: str = Field(default="docs/runbooks", min_length=1)
    """Beginning of the address of each alert's runbook; the alert's name and `.md` follow. Default: `docs/runbooks`, a path in the repository."""


class MetricsScale(Settings):
    """How much of the metrics stack one environment has."""

    retention_days: int = Field(ge=1, le=1095)
    """How long samples are kept, in days (Amazon Managed Prometheus user guide, "Configure your workspace"). Example: `150`."""
    platform_series: int = Field(default=1_000_000, ge=10_000)
    """Active series at most of what is no team's: nodes, the control plane, the platform's pods. Default: `1000000`."""
    team_series: int = Field(default=200_000, ge=1_000)
    """Active series at most of each team. A model with 100 features takes about 2,400 for each of its pods, and 6,900 that rules record.
    Default: `200000`."""


class MetricsSettings(Settings):
    """The metrics stack of one environment."""

    environment: str
    account: str
    region: str
    teams: dict[str, tuple[str, ...]]
    """Team -> its namespaces."""
    scrape_seconds: Seconds
    grafana: bool
    objectives: Objectives
    drift: Drift
    models: Models
    subscriptions: dict[str, str]
    """Receiver of alerts -> address. Example: `{"shop-critical": "https://events.acme.io/shop"}`."""
    runbooks: str
    retention_days: int
    platform_series: int
    team_series: int
    log_retention_days: int
    protection: Protection
    """Of the workspace, its key and its log group."""
