"""Settings of the metrics stack, for tests."""

from typing import Any

from commonground.settings.base import Protection
from commonground.settings.metrics import Drift, MetricsSettings, Models, Objectives

TEAMS = {"shop": ("shop", "shop-jobs"), "payments": ("payments",)}


def metrics_settings(**changes: Any) -> MetricsSettings:
    """The shipped blueprint's, with changes."""
    settings: dict[str, Any] = {
        "environment": "dev",
        "account": "111111111111",
        "region": "eu-central-1",
        "teams": TEAMS,
        "scrape_seconds": 30,
        "grafana": True,
        "objectives": Objectives(),
        "drift": Drift(),
        "models": Models(),
        "subscriptions": {},
        "runbooks": "docs/runbooks",
        "retention_days": 150,
        "platform_series": 1_000_000,
        "team_series": 200_000,
        "log_retention_days": 30,
        "protection": Protection(on=False),
    }
    return MetricsSettings(**{**settings, **changes})
