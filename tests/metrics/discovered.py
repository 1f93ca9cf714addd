"""The scrape configuration with what service discovery would find written in: Debian's Prometheus is built without Kubernetes' service discovery.

What is found carries the labels that it gives (Prometheus docs, "Configuration", kubernetes_sd_config), so all relabelling is the real one. The API server
and all pods are one HTTP server on loopback.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ruamel.yaml import YAML

from commonground.metrics.scrape import API_SERVER
from commonground.metrics.yamltext import written

META = "__meta_kubernetes_"
NODE = {
    "commonground.dev/pool": "gpu",
    "node.kubernetes.io/instance-type": "g6.xlarge",
    "eks.amazonaws.com/capacityType": "SPOT",
    "topology.kubernetes.io/zone": "eu-central-1a",
    "commonground.dev/gpu-product": "l4",
}


@dataclass(frozen=True)
class Port:
    """A container's port."""

    number: int | None
    name: str = ""
    init: bool = False


@dataclass(frozen=True)
class Pod:
    """A pod, as service discovery sees it."""

    name: str
    namespace: str
    ports: Sequence[Port]
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    node: str = "node-1"
    phase: str = "Running"
    node_labels: Mapping[str, str] = field(default_factory=lambda: NODE)

    def found(self) -> Iterator[dict[str, str]]:
        """Labels of each of its targets: one a port."""
        for port in self.ports:
            number = {} if port.number is None else {f"{META}pod_container_port_number": str(port.number)}
            yield {
                "__address__": f"127.0.0.1:{port.number}" if port.number else "127.0.0.1",
                f"{META}namespace": self.namespace,
                f"{META}pod_name": self.name,
                f"{META}pod_ip": "127.0.0.1",
                f"{META}pod_node_name": self.node,
                f"{META}pod_phase": self.phase,
                f"{META}pod_container_name": f"container-{port.name or port.number}",
                f"{META}pod_container_port_name": port.name,
                f"{META}pod_container_init": str(port.init).lower(),
                **number,
                **{f"{META}pod_label_{sanitized(key)}": value for key, value in self.labels.items()},
                **{f"{META}pod_annotation_{sanitized(key)}": value for key, value in self.annotations.items()},
                **node_labels(self.node_labels),
            }


def sanitized(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name)


def node_labels(labels: Mapping[str, str]) -> dict[str, str]:
    return {f"{META}node_label_{sanitized(key)}": value for key, value in labels.items()}


def node(name: str) -> dict[str, str]:
    """A node, by the role `node`."""
    return {"__address__": "10.16.0.10:10250", f"{META}node_name": name, **node_labels(NODE)}


def api_server(address: str) -> dict[str, str]:
    """One of the API server's endpoints, by the role `endpoints`."""
    service = {f"{META}namespace": "default", f"{META}service_name": "kubernetes", f"{META}endpoint_port_name": "https"}
    return {"__address__": address, **service}


def replaced(text: str, found: Mapping[str, Sequence[Mapping[str, str]]], *, api: str, seconds: int = 1) -> str:
    """The configuration, every second, with these targets (role -> labels) in place of discovery, and the API server at another address without TLS."""
    data: dict[str, Any] = YAML(typ="safe").load(text.replace(API_SERVER, api))
    data["global"] = {"scrape_interval": f"{seconds}s", "scrape_timeout": f"{seconds}s"}
    for job in data["scrape_configs"]:
        (discovery,) = job.pop("kubernetes_sd_configs")
        places = discovery.get("namespaces", {}).get("names")
        if job.pop("authorization", None):
            job["scheme"] = "http"
        targets = [dict(one) for one in found.get(discovery["role"], ()) if places is None or one[f"{META}namespace"] in places]
        if not discovery.get("attach_metadata", {}).get("node") and discovery["role"] == "pod":
            targets = [{key: value for key, value in one.items() if not key.startswith(f"{META}node_label")} for one in targets]
        job["static_configs"] = [{"targets": [one.pop("__address__")], "labels": one} for one in targets]
    return written(data)


@contextmanager
def exposed(pages: Mapping[str, str]) -> Iterator[int]:
    """A server on loopback with these pages (path -> text), and its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            text = pages.get(self.path)
            self.send_response(200 if text is not None else 404)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write((text or "").encode())

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
