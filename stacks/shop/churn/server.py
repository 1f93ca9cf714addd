"""The churn model's server: the standard library's WSGI, and `commonground.telemetry`.

`python stacks/shop/churn/server.py --baseline FILE [--port 8080]`. POST /predict answers one set of features, or several (`rows`); POST /outcomes takes
what became known of earlier answers; GET /metrics is what Prometheus scrapes, /healthz and /readyz what the kubelet asks. It listens once the model is there.
"""

import argparse
import json
import math
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from commonground.telemetry import Baseline, Model, Service, WsgiMiddleware, metrics_wsgi

WEIGHTS = {"tenure_months": -0.04, "monthly_charge": 0.02, "support_calls": 0.5}
PLANS = {"month": 0.8, "year": -0.6}
BIAS = -1.2
ROUTES = ("/predict", "/outcomes")
PROBES = ("/healthz", "/readyz")
NOT_GIVEN = dict.fromkeys((*WEIGHTS, "plan"))
"""A feature that a request lacks is a missing value, as the model takes it; one that is not observed would be absent."""
THREADS = 16

Answer = tuple[str, dict[str, Any]]


def score(features: Mapping[str, Any]) -> float:
    """The probability that a customer leaves. What is not there does not count."""
    numbers = sum(weight * float(features.get(name) or 0.0) for name, weight in WEIGHTS.items())
    return 1 / (1 + math.exp(-(BIAS + numbers + PLANS.get(str(features.get("plan")), 0.0))))


class Churn:
    """The application."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._answers: dict[tuple[str, str], Callable[[Any], Answer]] = {
            ("POST", "/predict"): self._predict,
            ("POST", "/outcomes"): self._outcomes,
            **{("GET", path): lambda body: ("200 OK", {"model": model.name, "version": model.version}) for path in PROBES},
        }

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answers a request; 400 for what is no JSON of the right shape."""
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        answer = self._answers.get((method, path))
        status, body = ("404 Not Found", {"error": "no such page"})
        if answer:
            try:
                status, body = answer(json.loads(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)) or "{}"))
            except (ValueError, TypeError, AttributeError) as error:
                status, body = "400 Bad Request", {"error": str(error)}
        start_response(status, [("Content-Type", "application/json")])
        return [json.dumps(body).encode()]

    def _predict(self, body: Any) -> Answer:
        if "rows" not in body:
            found = score(body)
            self._model.observe({**NOT_GIVEN, **body}, {"score": found})
            return "200 OK", {"score": found}
        rows = body["rows"]
        scores = [score(row) for row in rows]
        names = dict.fromkeys((*NOT_GIVEN, *(name for row in rows for name in row)))
        self._model.observe_batch({name: [row.get(name) for row in rows] for name in names}, {"score": scores})
        return "200 OK", {"scores": scores}

    def _outcomes(self, body: Any) -> Answer:
        """`{"right": 9, "wrong": 1, "quality": {"auc": 0.8}}`."""
        for name, right in (("right", True), ("wrong", False)):
            self._model.outcome(right, int(body.get(name, 0)))
        for name, value in body.get("quality", {}).items():
            self._model.quality(name, float(value))
        return "200 OK", {}


class Server(ThreadingMixIn, WSGIServer):
    """A thread a request."""

    daemon_threads = True
    request_queue_size = 128


class Quiet(WSGIRequestHandler):
    """No line a request."""

    def log_message(self, *arguments: Any) -> None:
        """Nothing."""


def main() -> None:
    """Serves until it is stopped. Says its address on stdout, once it listens."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--baseline", type=Path, required=True)
    parser.add_argument("--version", default="1")
    parser.add_argument("--previous-version")
    parser.add_argument("--trained", type=datetime.fromisoformat, default=datetime(2026, 11, 1, tzinfo=UTC))
    parser.add_argument("--auc", type=float, default=0.9, help="at training")
    parser.add_argument("--address", default="0.0.0.0", help="default: every one, as a pod is asked at its own")  # noqa: S104
    parser.add_argument("--port", type=int, default=8080, help="0: one that is free")
    options = parser.parse_args()
    baseline = Baseline.load(options.baseline)
    model = Model(
        "churn", options.version, baseline, previous_version=options.previous_version, trained=options.trained, quality={"auc": (options.auc, "higher")}
    )
    service = Service(limit=THREADS, changed=options.trained, routes=ROUTES)
    churn = Churn(model)
    counted = WsgiMiddleware(churn, service, route=lambda environ: path if (path := environ["PATH_INFO"]) in ROUTES else None)
    beside: dict[str, Callable[..., Iterable[bytes]]] = {
        "/metrics": metrics_wsgi(),
        **dict.fromkeys(PROBES, churn),
    }  # not counted: these are no requests of anybody's

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        return beside.get(environ["PATH_INFO"], counted)(environ, start_response)

    with make_server(options.address, options.port, app, Server, Quiet) as server:
        print(f"http://{options.address}:{server.server_port}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
