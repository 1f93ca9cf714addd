"""What stands before moto: one call at a time, the log of calls, and the answers of the server about itself."""

import io
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import asdict
from importlib import import_module
from threading import Event, Lock
from typing import Any
from urllib.parse import parse_qs

from .calls import Call, changes, names_in
from .identify import identify
from .process import OWN_PATH

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]


class Recorder:
    """A WSGI application around another. Below `/_commonground` it answers itself: `instance`, `calls?since=N` and `roles?arn=ARN`, which makes these.

    Calls wait for `loaded`: the services' code is read while the server already listens.
    """

    def __init__(self, application: Application, instance: str, loaded: Event) -> None:
        self._application = application
        self._loaded = loaded
        self._instance = instance
        self._calls: list[Call] = []
        # Made before the next call: whoever asks for them does not wait for the services' code.
        self._wanted: list[str] = []
        # moto's backends are dictionaries without locks: two threads at once find them changed while they iterate.
        self._one_at_a_time = Lock()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answers one request."""
        path = environ.get("PATH_INFO", "")
        if path.startswith(f"{OWN_PATH}/"):
            return self._own(path.removeprefix(f"{OWN_PATH}/"), environ, start_response)
        body = _body(environ)
        self._loaded.wait()
        with self._one_at_a_time:
            self._furnish()
            return self._aws(environ, body, start_response)

    def _aws(self, environ: Environ, body: bytes, start_response: StartResponse) -> Iterable[bytes]:
        call = identify({**environ, "wsgi.input": io.BytesIO(body)}, body)
        environ["wsgi.input"] = io.BytesIO(body)
        if not changes(call.operation):
            return self._application(environ, start_response)
        parameters = call.parameters()
        statuses: list[str] = []

        def noting(status: str, headers: Any, exc_info: Any = None) -> Any:
            statuses.append(status)
            return start_response(status, headers, exc_info)

        try:
            return self._application(environ, noting)
        finally:
            refused = not statuses or statuses[-1] >= "4"
            self._calls.append(Call(call.service, call.operation, call.account, call.region, names_in(parameters), refused))

    def _own(self, what: str, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        query = parse_qs(environ.get("QUERY_STRING", ""))
        since = int(query.get("since", ["0"])[0])
        answers: dict[str, Callable[[], Any]] = {
            "instance": lambda: {"instance": self._instance, "pid": os.getpid()},
            "calls": lambda: [asdict(call) for call in self._calls[since:]],
            "roles": lambda: self._wanted.extend(query.get("arn", [])),
        }
        answer = answers.get(what)
        start_response("200 OK" if answer else "404 NOT FOUND", [("Content-Type", "application/json")])
        return [json.dumps(answer() if answer else None).encode()]

    def _furnish(self) -> None:
        wanted, self._wanted = self._wanted, []
        if wanted:
            import_module(".account", __package__).furnish(wanted)


def _body(environ: Environ) -> bytes:
    """The whole body, read before the lock is taken: a slow client must not hold up the others."""
    source = environ["wsgi.input"]
    body: bytes = source.read() if environ.get("wsgi.input_terminated") else source.read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body
