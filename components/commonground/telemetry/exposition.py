"""/metrics: of one process, or of all workers of a server."""

import errno
import os
from collections.abc import Callable, Iterable
from typing import Any

import prometheus_client
from prometheus_client import CollectorRegistry, make_asgi_app, make_wsgi_app, start_http_server

from commonground.telemetry.errors import PortTakenError
from commonground.telemetry.metrics import DIRECTORY


def scraped(registry: CollectorRegistry | None = None) -> CollectorRegistry:
    """The registry to expose. Where PROMETHEUS_MULTIPROC_DIR is set: what all processes counted, whatever registry it was counted in."""
    if DIRECTORY not in os.environ:
        return registry or prometheus_client.REGISTRY
    from commonground.telemetry.workers import Merged  # reads locks: not on every platform

    merged = CollectorRegistry()
    merged.register(Merged(os.environ[DIRECTORY]))
    return merged


def metrics_wsgi(registry: CollectorRegistry | None = None) -> Callable[..., Iterable[bytes]]:
    """A WSGI application that answers a scrape."""
    app: Callable[..., Iterable[bytes]] = make_wsgi_app(scraped(registry))
    return app


def metrics_asgi(registry: CollectorRegistry | None = None) -> Callable[..., Any]:
    """An ASGI application that answers a scrape."""
    return make_asgi_app(scraped(registry))


def serve(port: int, *, address: str = "0.0.0.0", registry: CollectorRegistry | None = None) -> tuple[Any, Any]:  # noqa: S104 (a pod's own address is not known)
    """Answers scrapes on a port of its own, in a thread. Name the container's port `metrics`, and it is found. Returns the server and its thread.

    One process serves: of a server with several workers it is gunicorn's own, in the hook `when_ready`. Raises `PortTakenError`.
    """
    try:
        return start_http_server(port, addr=address, registry=scraped(registry))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortTakenError(port) from error
        raise
