"""What an application and a model expose to Prometheus: the metrics contract, on `prometheus_client` (`pip install "commonground[telemetry]"`)."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from commonground.telemetry.baseline import Baseline
    from commonground.telemetry.errors import PortTakenError, ShapeError, TelemetryError, UnknownNameError, WrongArgumentError, WrongBaselineError
    from commonground.telemetry.exposition import metrics_asgi, metrics_wsgi, scraped, serve
    from commonground.telemetry.model import Model
    from commonground.telemetry.service import AsgiMiddleware, Service, WsgiMiddleware
    from commonground.telemetry.training import Features, Training

# Where each public name lives: rules and dashboards import the contract without `prometheus_client`.
_HOMES = {
    "AsgiMiddleware": "service",
    "Baseline": "baseline",
    "Features": "training",
    "Model": "model",
    "PortTakenError": "errors",
    "Service": "service",
    "ShapeError": "errors",
    "TelemetryError": "errors",
    "Training": "training",
    "UnknownNameError": "errors",
    "WrongArgumentError": "errors",
    "WrongBaselineError": "errors",
    "WsgiMiddleware": "service",
    "metrics_asgi": "exposition",
    "metrics_wsgi": "exposition",
    "scraped": "exposition",
    "serve": "exposition",
}

__all__ = [
    "AsgiMiddleware",
    "Baseline",
    "Features",
    "Model",
    "PortTakenError",
    "Service",
    "ShapeError",
    "TelemetryError",
    "Training",
    "UnknownNameError",
    "WrongArgumentError",
    "WrongBaselineError",
    "WsgiMiddleware",
    "metrics_asgi",
    "metrics_wsgi",
    "scraped",
    "serve",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
