"""The authenticator that the API servers ask: TokenReviews over HTTP on loopback, one path a control plane."""

import json
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

LOOPBACK = "127.0.0.1"
AUTHENTICATE = "/authenticate/"
STATUS = "/status"
WANTED = "/wanted"
"""The same, and from now on a control plane is to be there before there is a cluster."""

Review = Callable[[str, Mapping[str, Any]], dict[str, Any] | None]
"""Name of a control plane and a TokenReview -> its answer; None for a control plane that is not known."""


class Webhook:
    """The server. `status` is what it says of itself, told whether a control plane is wanted."""

    def __init__(self, port: int, review: Review, status: Callable[[bool], dict[str, Any]]) -> None:
        """Listens at once, on the port or, where that is taken, on any."""
        handler = type("Handler", (_Handler,), {"review": staticmethod(review), "status": staticmethod(status)})
        try:
            self._server = ThreadingHTTPServer((LOOPBACK, port), handler)
        except OSError:
            self._server = ThreadingHTTPServer((LOOPBACK, 0), handler)
        self._server.daemon_threads = True

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def url(self, plane: str) -> str:
        """Where the API server of a control plane asks."""
        return f"http://{LOOPBACK}:{self.port}{AUTHENTICATE}{plane}"

    def serve(self) -> None:
        """Answers from now on, in a thread."""
        Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stops answering."""
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    review: Review
    status: Callable[[bool], dict[str, Any]]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        known = self.path in (STATUS, WANTED)
        self._answer(200 if known else 404, self.status(self.path == WANTED) if known else {})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.partition("?")[0]  # the API server adds its own timeout
        if not path.startswith(AUTHENTICATE):
            return self._answer(404, {})
        try:
            answer = self.review(path.removeprefix(AUTHENTICATE), json.loads(body))
        except (ValueError, KeyError, TypeError):
            return self._answer(400, {})
        return self._answer(200 if answer else 404, answer or {})

    def _answer(self, status: int, answer: Mapping[str, Any]) -> None:
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: requests hold tokens."""
