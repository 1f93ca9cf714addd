"""What each process of the control plane is started with."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from .credentials import COMPONENTS, CONTROLLERS, ETCD, KWOK, LOOPBACK, SCHEDULER, SERVER, Files

SERVICE_RANGE = "172.20.0.0/16"
"""One of the two that EKS takes by itself (EKS API reference, "KubernetesNetworkConfigRequest")."""
SERVICE_ADDRESS = "172.20.0.1"
ISSUER = "https://kubernetes.default.svc.cluster.local"
STAGES = Path(__file__).with_name("stages.yaml")
FAKE_NODES = "kwok.x-k8s.io/node=fake"
"""Annotation of the nodes that are simulated."""


@dataclass(frozen=True)
class Ports:
    """On loopback, one for each listener."""

    api: int
    etcd: int
    etcd_peers: int
    scheduler: int
    controllers: int
    kwok: int


@dataclass(frozen=True)
class Process:
    """One process: its name is its binary's."""

    name: str
    arguments: tuple[str, ...]
    health: str
    """URL that answers 200 when it works."""


def free_ports(api: int = 0) -> Ports:
    """Ports that nobody holds now. `api` is taken again if it is free, so that a kubeconfig in use keeps its address."""
    with ExitStack() as held:

        def pick(wanted: int = 0) -> int:
            taken = held.enter_context(socket.socket())
            # Connections of the one before, which wait for their end, do not count.
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                taken.bind((LOOPBACK, wanted))
            except OSError:
                taken.bind((LOOPBACK, 0))
            port: int = taken.getsockname()[1]
            return port

        return Ports(pick(api), pick(), pick(), pick(), pick(), pick())


def endpoint(ports: Ports) -> str:
    """The API server's URL."""
    return f"https://{LOOPBACK}:{ports.api}"


def etcd(folder: Path, files: Files, ports: Ports) -> Process:
    """The store. Its content is thrown away with the control plane, so it need not reach the disk."""
    client, peer = f"https://{LOOPBACK}:{ports.etcd}", f"https://{LOOPBACK}:{ports.etcd_peers}"
    certificate, key = files.certificate(ETCD), files.key(ETCD)
    arguments = (
        "--name=local",
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=local={peer}",
        f"--cert-file={certificate}",
        f"--key-file={key}",
        f"--trusted-ca-file={files.ca}",
        "--client-cert-auth",
        f"--peer-cert-file={certificate}",
        f"--peer-key-file={key}",
        f"--peer-trusted-ca-file={files.ca}",
        "--peer-client-cert-auth",
        "--unsafe-no-fsync",
        "--log-level=warn",
    )
    return Process("etcd", arguments, f"{client}/health")


def api_server(files: Files, ports: Ports, webhook: Path | None) -> Process:
    """The API server, with the admission that EKS has: Kubernetes' defaults, which hold pod security and quota, and node restriction.

    `webhook` is the file that says who answers for tokens.
    """
    tokens = (
        (f"--authentication-token-webhook-config-file={webhook}", "--authentication-token-webhook-version=v1", "--authentication-token-webhook-cache-ttl=1s")
        if webhook
        else ()
    )
    arguments = (
        f"--bind-address={LOOPBACK}",
        f"--secure-port={ports.api}",
        f"--tls-cert-file={files.certificate(SERVER)}",
        f"--tls-private-key-file={files.key(SERVER)}",
        f"--client-ca-file={files.ca}",
        f"--etcd-servers=https://{LOOPBACK}:{ports.etcd}",
        f"--etcd-cafile={files.ca}",
        f"--etcd-certfile={files.certificate(SERVER)}",
        f"--etcd-keyfile={files.key(SERVER)}",
        f"--service-account-issuer={ISSUER}",
        f"--service-account-key-file={files.service_accounts_public}",
        f"--service-account-signing-key-file={files.service_accounts}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        # As on EKS: whether a pod may be privileged is its namespace's pod security level to say.
        "--allow-privileged=true",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        # Kubernetes refuses a loopback address as an endpoint of its own service.
        "--endpoint-reconciler-type=none",
        *tokens,
    )
    return Process("kube-apiserver", arguments, f"{endpoint(ports)}/readyz")


def clients(files: Files, ports: Ports) -> Iterator[Process]:
    """What works through the API server: scheduler, controllers, and the simulated nodes."""
    serving = (f"--bind-address={LOOPBACK}", f"--tls-cert-file={files.certificate(COMPONENTS)}", f"--tls-private-key-file={files.key(COMPONENTS)}")
    yield Process("kube-scheduler", (*_client(files.kubeconfig(SCHEDULER), ports.scheduler), *serving), f"https://{LOOPBACK}:{ports.scheduler}/healthz")
    controllers = (
        *_client(files.kubeconfig(CONTROLLERS), ports.controllers),
        *serving,
        "--use-service-account-credentials",
        f"--service-account-private-key-file={files.service_accounts}",
        f"--root-ca-file={files.ca}",
    )
    yield Process("kube-controller-manager", controllers, f"https://{LOOPBACK}:{ports.controllers}/healthz")
    kwok = (
        f"--kubeconfig={files.kubeconfig(KWOK)}",
        f"--config={STAGES}",
        f"--manage-nodes-with-annotation-selector={FAKE_NODES}",
        "--node-lease-duration-seconds=40",
        f"--server-address={LOOPBACK}:{ports.kwok}",
    )
    yield Process("kwok", kwok, f"http://{LOOPBACK}:{ports.kwok}/healthz")


def _client(kubeconfig: Path, port: int) -> tuple[str, ...]:
    """One of each runs, so none has to be elected. By default the controllers hold back their own questions, which would cost four seconds at the start."""
    who = tuple(f"--{use}kubeconfig={kubeconfig}" for use in ("", "authentication-", "authorization-"))
    return (*who, f"--secure-port={port}", "--leader-elect=false", "--kube-api-qps=1000", "--kube-api-burst=1000")
