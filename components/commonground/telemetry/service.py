"""What a service says of its requests: the same for an application and a model server. Middleware for WSGI and ASGI."""

import os
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus
from threading import Lock
from typing import Any

from prometheus_client import CollectorRegistry

from commonground.telemetry import contract
from commonground.telemetry.contract import LATENCY_BUCKETS, MOST_ROUTES, OTHER
from commonground.telemetry.errors import TelemetryError
from commonground.telemetry.metrics import DIRECTORY, LONGEST_LABEL, metrics, seconds

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]
WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
Route = Callable[[Mapping[str, Any]], str | None]

KNOWN = frozenset(str(status.value) for status in HTTPStatus)
FAILED = 500
GONE = 499
"""Whoever asked did not wait for the answer: nginx' code."""
FROM_THE_START = (HTTPStatus.OK.value, GONE, FAILED)
"""Codes that every route has from when it is first seen, as 0: a counter that begins with its first error has no increase."""


def code_label(code: int | str) -> str:
    """A status' label: itself where HTTP knows it (RFC 9110), `4xx` for another from 400 to 499, `other` for what is none."""
    text = str(code)
    if text in KNOWN:
        return text
    return f"{text[0]}xx" if text.isdecimal() and 100 <= int(text) <= 599 else OTHER


class Request:
    """A request that is being answered; what is learnt of it is set here."""

    def __init__(self, route: str | None) -> None:
        self.route = route
        self.code: int | str = HTTPStatus.OK.value
        self.gone = False
        """Whoever asked has gone: what fails then is no error of the server's."""
        self.answered = False
        """The answer's last byte was sent."""

    def leave(self) -> None:
        """Whoever asked has gone: `4xx`, unless all was sent or an error of the server's was."""
        if not self.answered:
            self.gone = True
            if not code_label(self.code).startswith("5"):
                self.code = GONE


class Service:
    """Requests of this process.

    `limit`: how many are answered at once at most: threads of a worker. `changed`: when what runs was changed: the commit's time, or the end of a model's
    data. `routes`: those that are told apart whatever comes first; of more than `MOST_ROUTES`, further ones are `other`.
    """

    def __init__(
        self, *, limit: int | None = None, changed: datetime | None = None, routes: Sequence[str] = (), registry: CollectorRegistry | None = None
    ) -> None:
        since = None if changed is None else seconds("changed", changed)
        if len(routes) > MOST_ROUTES:
            raise TelemetryError(f"routes: expected at most {MOST_ROUTES}, found {len(routes)}. Fix: name templates, not paths")
        made = metrics(registry)
        self._requests, self._duration = made.counter(contract.REQUESTS), made.histogram(contract.DURATION, LATENCY_BUCKETS)
        self._in_flight = made.gauge(contract.IN_FLIGHT)
        self._limit = None if limit is None else made.gauge(contract.IN_FLIGHT_LIMIT)  # 0 would be no limit's worth
        self._change = None if since is None else made.gauge(contract.CHANGE)
        self._most, self._since, self._process = limit, since, 0
        self._routes: set[str] = set()
        self._children: dict[tuple[str, int | str], tuple[Any, Any]] = {}
        self._lock = Lock()
        for route in (OTHER, *routes):
            self._bounded(route)
        self._say_change()
        if DIRECTORY not in os.environ:
            self.start()

    def start(self) -> None:
        """Says the limit of this process, and when it was changed.

        With several, each does by itself with its first request, or where its server calls this after a fork.
        """
        if self._process != os.getpid():
            self._process = os.getpid()
            if self._limit is not None and self._most is not None:
                self._limit.set(self._most)
            self._say_change()

    def _say_change(self) -> None:
        if self._change is not None and self._since is not None:
            self._change.set(self._since)

    def observe(self, route: str | None, code: int | str, seconds: float) -> None:
        """Counts one request. `route` is a template, never a path with values in it; None is `other`."""
        key = (route or OTHER, code)
        children = self._children.get(key)
        if children is None:
            children = self._child(*key)
        children[0].inc()
        children[1].observe(seconds)

    @contextmanager
    def request(self, route: str | None = None) -> Iterator[Request]:
        """Counts what happens inside as a request: its time, its `code` (200, or what is set), 500 where an exception leaves it."""
        self.start()
        request, began = Request(route), time.perf_counter()
        self._in_flight.inc()
        try:
            yield request
        except (Exception, SystemExit):
            if not request.gone:
                request.code = FAILED
            raise
        except BaseException:  # a generator is closed, a task cancelled
            request.leave()
            raise
        finally:
            self._in_flight.dec()
            self.observe(request.route, request.code, time.perf_counter() - began)

    def _child(self, route: str, code: int | str) -> tuple[Any, Any]:
        """The counter and the histogram; kept for what is bounded only."""
        bounded, known = self._bounded(route), code_label(code)
        made = (self._requests.labels(bounded, known), self._duration.labels(bounded))
        if bounded == route and known == str(code):
            self._children[route, code] = made
        return made

    def _bounded(self, route: str) -> str:
        with self._lock:
            if route not in self._routes and len(self._routes) <= MOST_ROUTES and len(route) <= LONGEST_LABEL and route.isprintable():
                self._routes.add(route)
                self._duration.labels(route)
                for code in FROM_THE_START:
                    self._requests.labels(route, code_label(code))
            return route if route in self._routes else OTHER


def asgi_route(scope: Mapping[str, Any]) -> str | None:
    """The route's template of FastAPI, and of what else leaves its route in the scope. Never the path: it has values in it."""
    path = getattr(scope.get("route"), "path", None)
    return path if isinstance(path, str) else None


def wsgi_route(environ: Mapping[str, Any]) -> str | None:
    """The route's template of Flask, and of what else matches by Werkzeug's rules. Never the path: it has values in it."""
    rule = getattr(getattr(environ.get("werkzeug.request"), "url_rule", None), "rule", None)
    return rule if isinstance(rule, str) else None


class AsgiMiddleware:
    """Counts the requests of an ASGI application. `route`: scope -> template, for a framework that leaves none where `asgi_route` looks."""

    def __init__(self, app: AsgiApp, service: Service, *, route: Route = asgi_route) -> None:
        self._app, self._service, self._route = app, service, route

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers. A request ends with its answer's last byte."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with self._service.request() as request:
            request.code = GONE

            async def heard() -> Message:
                message = await receive()
                if message["type"] == "http.disconnect":
                    request.leave()
                return message

            async def seen(message: Message) -> None:
                if message["type"] == "http.response.start" and not request.gone:
                    request.code = message["status"]
                try:
                    await send(message)
                except OSError:  # a server's word for it (ASGI HTTP specification 2.4)
                    request.leave()
                    raise
                request.answered = message["type"] == "http.response.body" and not message.get("more_body", False)

            try:
                await self._app(scope, heard, seen)
                if request.code == GONE and not request.gone:
                    request.code = FAILED  # it ended without an answer
            finally:
                request.route = self._route(scope)


def _length(headers: Sequence[tuple[str, str]]) -> float:
    """Bytes of an answer, as it says; infinity where it does not."""
    said = next((text for name, text in headers if name.lower() == "content-length"), "")
    return int(said) if said.isdecimal() else float("inf")


class WsgiMiddleware:
    """Counts the requests of a WSGI application. `route`: environ -> template, for a framework that leaves none where `wsgi_route` looks."""

    def __init__(self, app: WsgiApp, service: Service, *, route: Route = wsgi_route) -> None:
        self._app, self._service, self._route = app, service, route

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
        """Answers. A request ends with its answer's last byte."""
        with self._service.request() as request:
            left = float("inf")

            def seen(status: str, headers: Sequence[tuple[str, str]], *arguments: Any) -> Any:
                nonlocal left
                request.code = status.split(" ", 1)[0]
                request.route = self._route(environ)  # Flask forgets it once it has answered
                left = _length(headers)
                return start_response(status, headers, *arguments)

            answer: Iterable[bytes] = ()
            try:
                answer = self._app(environ, seen)
                for part in answer:
                    left -= len(part)
                    request.answered = left <= 0  # some servers ask for no more than that
                    yield part
            finally:
                request.route = request.route or self._route(environ)
                if hasattr(answer, "close"):
                    answer.close()
