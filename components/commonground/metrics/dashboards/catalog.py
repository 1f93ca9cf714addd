"""All dashboards of an environment."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from commonground.metrics.dashboards import cost, delivery, gpus, overview, page, runners, service, training
from commonground.metrics.dashboards.model import Dashboard
from commonground.settings.metrics import MetricsSettings

DASHBOARDS: Mapping[str, Callable[[MetricsSettings], Dashboard]] = MappingProxyType(
    {
        "overview": overview.dashboard,
        "service": service.dashboard,
        "training": training.dashboard,
        "gpus": gpus.dashboard,
        "delivery": delivery.dashboard,
        "cost": cost.dashboard,
        "runners": runners.dashboard,
    }
)
"""Name of a dashboard -> what is on it, in the order of the links at the top of each."""


def dashboards(settings: MetricsSettings) -> dict[str, Dashboard]:
    """By name. Raises `BadPanelError`."""
    return {name: dashboard(settings) for name, dashboard in DASHBOARDS.items()}


def files(settings: MetricsSettings) -> dict[str, str]:
    """File name -> its JSON, for Grafana's provisioning. Raises `BadPanelError`."""
    every = dashboards(settings)
    return {f"{name}.json": page.text(dashboard, every, environment=settings.environment) for name, dashboard in every.items()}
