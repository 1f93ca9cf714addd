"""A webhook on loopback that keeps what Alertmanager says."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Heard:
    """What was said, by receiver: the last part of the path."""

    url: str = ""
    said: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def of(self, receiver: str) -> list[dict[str, Any]]:
        """Notifications of a receiver, in their order."""
        return [message for name, message in list(self.said) if name == receiver]

    def alerts(self, receiver: str) -> set[str]:
        """Names of the alerts that a receiver was told of."""
        return {alert["labels"]["alertname"] for message in self.of(receiver) for alert in message["alerts"]}

    def destination(self, receiver: str) -> dict[str, Any]:
        """The integrations of a receiver, for `alertmanager.configuration`."""
        return {"webhook_configs": [{"url": f"{self.url}/{receiver}", "send_resolved": True}]}


@contextmanager
def listening() -> Iterator[Heard]:
    """A webhook, ended in the end."""
    heard = Heard()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.said.append((self.path.strip("/"), json.loads(body)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    heard.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield heard
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
