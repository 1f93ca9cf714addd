"""What a scrape says of a service's requests."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from commonground.telemetry import contract
from commonground.telemetry.contract import LATENCY_BUCKETS, MOST_ROUTES
from commonground.telemetry.errors import TelemetryError
from commonground.telemetry.exposition import metrics_asgi, metrics_wsgi
from commonground.telemetry.service import AsgiMiddleware, Service, WsgiMiddleware
from tests.telemetry.samples import named, scrape


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def requests(registry: CollectorRegistry) -> dict[str, float]:
    """`code,route` -> count, of what was counted."""
    return {name: count for name, count in named(scrape(registry), contract.REQUESTS).items() if count}


def test_a_request_counts_by_route_and_code_with_its_duration(registry: CollectorRegistry) -> None:
    service = Service(registry=registry)
    service.observe("/users/{id}", 200, 0.2)
    service.observe("/users/{id}", 503, 20)
    assert requests(registry) == {"200,/users/{id}": 1, "503,/users/{id}": 1}
    samples = scrape(registry)
    buckets = {dict(labels)["le"]: value for (name, labels), value in samples.items() if name.endswith("_bucket")}
    assert [float(bound) for bound in buckets] == [*LATENCY_BUCKETS, float("inf")]
    assert (buckets["0.1"], buckets["0.25"], buckets["10.0"], buckets["+Inf"]) == (0, 1, 1, 2)


def test_an_error_is_seen_from_the_first_on_since_its_counter_was_0_before(registry: CollectorRegistry) -> None:
    service = Service(registry=registry, routes=["/named"])
    service.observe("/seen", 200, 0.1)
    found = named(scrape(registry), contract.REQUESTS)
    assert found == {f"{code},{route}": float((code, route) == ("200", "/seen")) for code in ("200", "4xx", "500") for route in ("/named", "/seen", "other")}
    with pytest.raises(KeyError), service.request("/seen"):
        raise KeyError
    assert named(scrape(registry), contract.REQUESTS).keys() == found.keys()


def test_routes_have_an_end_and_those_that_were_named_come_first(registry: CollectorRegistry) -> None:
    service = Service(registry=registry, routes=["/named"])
    for number in range(3 * MOST_ROUTES):
        service.observe(f"/{number}", 200, 0.1)
    service.observe("/named", 200, 0.1)
    found = requests(registry)
    assert len(found) == MOST_ROUTES + 1
    assert found["200,/named"] == 1
    assert found["200,other"] == 3 * MOST_ROUTES - (MOST_ROUTES - 1)


@pytest.mark.parametrize(
    ("code", "label"), [(200, "200"), ("404", "404"), (499, "4xx"), (599, "5xx"), (0, "other"), (999, "other"), ("no", "other"), (-1, "other")]
)
def test_codes_are_those_of_http_or_their_class(registry: CollectorRegistry, code: Any, label: str) -> None:
    Service(registry=registry).observe("/", code, 0.1)
    assert requests(registry) == {f"{label},/": 1}


def test_a_request_is_in_flight_until_it_is_answered(registry: CollectorRegistry) -> None:
    service = Service(registry=registry, limit=4)
    with service.request("/a") as request:
        assert named(scrape(registry), contract.IN_FLIGHT) == {"": 1}
        request.code = 201
    assert named(scrape(registry), contract.IN_FLIGHT) == {"": 0}
    assert named(scrape(registry), contract.IN_FLIGHT_LIMIT) == {"": 4}
    assert requests(registry) == {"201,/a": 1}


def test_an_exception_is_an_error_of_the_server_and_goes_on(registry: CollectorRegistry) -> None:
    with pytest.raises(KeyError), Service(registry=registry).request("/a"):
        raise KeyError
    assert requests(registry) == {"500,/a": 1}
    assert named(scrape(registry), contract.IN_FLIGHT) == {"": 0}


def test_no_limit_is_not_a_limit_of_nothing(registry: CollectorRegistry) -> None:
    Service(registry=registry)
    assert not named(scrape(registry), contract.IN_FLIGHT_LIMIT)


def test_a_change_has_a_time_with_its_zone(registry: CollectorRegistry) -> None:
    Service(registry=registry, changed=datetime(2026, 1, 1, tzinfo=UTC))
    assert named(scrape(registry), contract.CHANGE) == {"": datetime(2026, 1, 1, tzinfo=UTC).timestamp()}
    with pytest.raises(TelemetryError, match=r"changed: expected a datetime with its zone, found 2026-01-01T00:00:00 without one\. Fix: "):
        Service(registry=registry, changed=datetime(2026, 1, 1))


def call(app: Callable[..., Iterable[bytes]], environ: dict[str, Any] | None = None) -> bytes:
    answer = app({"REQUEST_METHOD": "GET", "PATH_INFO": "/users/42", **(environ or {})}, lambda status, headers, *more: None)
    return b"".join(answer)


def test_wsgi_counts_without_a_route_as_other_and_never_by_path(registry: CollectorRegistry) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        start_response("404 Not Found", [])
        return [b"no"]

    assert call(WsgiMiddleware(app, Service(registry=registry))) == b"no"
    assert requests(registry) == {"404,other": 1}


def test_wsgi_takes_the_template_from_flask(registry: CollectorRegistry) -> None:
    flask = pytest.importorskip("flask")
    app = flask.Flask(__name__)
    app.add_url_rule("/users/<int:id>", view_func=lambda id: str(id))
    app.add_url_rule("/broken/<name>", "broken", view_func=lambda name: 1 / 0)
    app.wsgi_app = WsgiMiddleware(app.wsgi_app, Service(registry=registry))
    client = app.test_client()
    assert [client.get(path).status_code for path in ("/users/1", "/users/2", "/broken/x", "/nowhere")] == [200, 200, 500, 404]
    assert requests(registry) == {"200,/users/<int:id>": 2, "500,/broken/<name>": 1, "404,other": 1}


def test_wsgi_ends_with_the_last_byte_and_closes_what_answers(registry: CollectorRegistry) -> None:
    closed = []

    class Answer:
        def __iter__(self) -> Iterator[bytes]:
            yield b"a"
            assert named(scrape(registry), contract.IN_FLIGHT) == {"": 1}
            yield b"b"

        def close(self) -> None:
            closed.append(True)

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Answer:
        start_response("200 OK", [])
        return Answer()

    counted = WsgiMiddleware(app, Service(registry=registry), route=lambda environ: "/{page}")
    assert call(counted) == b"ab"
    gone = counted({}, lambda *arguments: None)
    next(gone)
    gone.close()  # whoever asked has gone: no error of the server
    assert closed == [True, True]
    assert requests(registry) == {"200,/{page}": 1, "4xx,/{page}": 1}


def test_wsgi_of_which_all_was_asked_for_is_answered_though_nobody_looked_for_more(registry: CollectorRegistry) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Length", "2")])
        yield b"a"
        yield b"b"

    for parts in (1, 2):
        read = WsgiMiddleware(app, Service(registry=registry))({}, lambda *arguments: None)
        for _ in range(parts):
            next(read)
        read.close()
    assert requests(registry) == {"4xx,other": 1, "200,other": 1}


def answer(app: Any, scope: dict[str, Any]) -> list[dict[str, Any]]:
    """What an ASGI application sends."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        sent.append(dict(message))

    asyncio.run(app(scope, receive, send))
    return sent


async def answers(scope: Any, receive: Any, send: Any) -> None:
    """As FastAPI does: it leaves the route that matched in the scope."""
    if scope["path"] == "/users/42":
        scope["route"] = SimpleNamespace(path="/users/{id}")
    await send({"type": "http.response.start", "status": 202, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})


def test_asgi_takes_the_template_from_the_scope_and_is_other_without(registry: CollectorRegistry) -> None:
    app = AsgiMiddleware(answers, Service(registry=registry))
    assert [one["type"] for one in answer(app, {"type": "http", "path": "/users/42"})] == ["http.response.start", "http.response.body"]
    answer(app, {"type": "http", "path": "/users/43"})
    assert requests(registry) == {"202,/users/{id}": 1, "202,other": 1}


def test_asgi_leaves_what_is_no_request_alone(registry: CollectorRegistry) -> None:
    async def lifespan(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "lifespan.startup.complete"})

    assert answer(AsgiMiddleware(lifespan, Service(registry=registry)), {"type": "lifespan"}) == [{"type": "lifespan.startup.complete"}]
    assert not requests(registry)


def test_asgi_counts_failures_and_those_who_did_not_wait(registry: CollectorRegistry) -> None:
    async def fails(scope: Any, receive: Any, send: Any) -> None:
        raise ValueError

    async def silent(scope: Any, receive: Any, send: Any) -> None:
        return None

    async def gone(scope: Any, receive: Any, send: Any) -> None:
        raise asyncio.CancelledError

    service = Service(registry=registry)
    for app, error in ((fails, ValueError), (silent, None), (gone, asyncio.CancelledError)):
        if error:
            with pytest.raises(error):
                answer(AsgiMiddleware(app, service), {"type": "http"})
        else:
            answer(AsgiMiddleware(app, service), {"type": "http"})
    assert requests(registry) == {"500,other": 2, "4xx,other": 1}


STARTS: Any = {"type": "http.response.start", "status": 200, "headers": []}
ENDS: Any = {"type": "http.response.body", "body": b"ok"}


async def streams(scope: Any, receive: Any, send: Any) -> None:
    await send(STARTS)
    await send({**ENDS, "more_body": True})
    await send({**ENDS, "more_body": True})


async def ignores_that_nobody_listens(scope: Any, receive: Any, send: Any) -> None:
    await send(STARTS)
    try:
        await send(ENDS)
    except OSError:
        return


async def says_it_otherwise(scope: Any, receive: Any, send: Any) -> None:
    await send(STARTS)
    try:
        await send(ENDS)
    except OSError as error:
        raise RuntimeError("client disconnect") from error


async def erred_before(scope: Any, receive: Any, send: Any) -> None:
    await send({**STARTS, "status": 503})
    await send(ENDS)


@pytest.mark.parametrize(
    ("app", "error", "code"),
    [(streams, OSError, "4xx"), (ignores_that_nobody_listens, None, "4xx"), (says_it_otherwise, RuntimeError, "4xx"), (erred_before, OSError, "503")],
)
def test_asgi_whoever_left_while_it_was_answered_is_no_error_of_the_server(registry: CollectorRegistry, app: Any, error: Any, code: str) -> None:
    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            raise OSError("client disconnected")  # as a server of ASGI 2.4 says it

    counted = AsgiMiddleware(app, Service(registry=registry))
    with pytest.raises(error) if error else nullcontext():
        asyncio.run(counted({"type": "http"}, None, send))  # type: ignore[arg-type]
    assert requests(registry) == {f"{code},other": 1}


def test_asgi_whoever_left_after_the_start_counts_as_4xx_and_after_the_end_as_what_was_sent(registry: CollectorRegistry) -> None:
    async def cancelled(scope: Any, receive: Any, send: Any) -> None:
        await send(STARTS)
        raise asyncio.CancelledError

    async def afterwards(scope: Any, receive: Any, send: Any) -> None:
        await send(STARTS)
        await send(ENDS)
        raise asyncio.CancelledError

    async def listens(scope: Any, receive: Any, send: Any) -> None:
        await receive()

    service = Service(registry=registry)
    for app in (cancelled, afterwards):
        with pytest.raises(asyncio.CancelledError):
            answer(AsgiMiddleware(app, service), {"type": "http"})
    assert requests(registry) == {"4xx,other": 1, "200,other": 1}

    async def gone() -> Any:
        return {"type": "http.disconnect"}

    asyncio.run(AsgiMiddleware(listens, service)({"type": "http"}, gone, None))  # type: ignore[arg-type]
    assert requests(registry) == {"4xx,other": 2, "200,other": 1}


def test_both_applications_of_metrics_answer_a_scrape(registry: CollectorRegistry) -> None:
    Service(registry=registry, limit=3)
    expected = b"commonground_requests_in_flight_limit 3.0"
    assert expected in call(metrics_wsgi(registry), {"PATH_INFO": "/metrics", "QUERY_STRING": ""})
    sent = answer(metrics_asgi(registry), {"type": "http", "headers": [], "query_string": b""})
    assert sent[0]["status"] == 200 and expected in sent[1]["body"]
