"""What the cluster says, by kubectl: whoever has a cluster has it, and it knows every way to log in."""

import json
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from commonground.why.facts import Object

MISSING = 'kubectl is needed to ask the cluster and is not on PATH. Fix: install it (Kubernetes docs, "Install Tools"), then run this again.'
# What kubectl says where some of several kinds may not be listed, and prints the others.
FORBIDDEN = re.compile(r'cannot list resource "([^"]+)"')
SECONDS = "20s"


class ClusterError(Exception):
    """The cluster could not be asked."""

    def __init__(self, said: str, command: Sequence[str]) -> None:
        self.said = said
        self.command = tuple(command)
        super().__init__(
            f"the cluster did not answer: {said or 'kubectl ended without a word'}. Fix: make `{' '.join(command[:4])}` work, then run this again."
        )


class NoKubectlError(Exception):
    """There is no kubectl."""

    def __init__(self) -> None:
        super().__init__(MISSING)


@dataclass(frozen=True)
class Listing:
    """What was listed."""

    items: list[Object]
    refused: frozenset[str]
    """Resources that whoever asks may not list: `nodes`."""

    def of(self, kind: str) -> list[Object]:
        """Those of one kind."""
        return [item for item in self.items if item["kind"] == kind]


@dataclass(frozen=True)
class Kubectl:
    """kubectl, with what leads it to one cluster."""

    kubeconfig: str | None = None
    """None: kubectl's own default."""
    namespace: str | None = None
    """None: the kubeconfig's own."""

    def get(self, kinds: Sequence[str], *, everywhere: bool = False) -> Listing:
        """Objects of these kinds, in the namespace or in all of them; what may not be listed is left out. Raises `ClusterError`, `NoKubectlError`."""
        where = ["--all-namespaces"] if everywhere else self._where()
        done = self._run(["get", ",".join(kinds), "-o", "json", *where])
        refused = frozenset(FORBIDDEN.findall(done.stderr))
        if done.returncode and not refused:
            raise ClusterError(_said(done.stderr), ["kubectl", "get", kinds[0], *where])
        return Listing(_items(done.stdout), refused)

    def cluster(self) -> str:
        """Everything by which the kubeconfig names its cluster: its entry, its ARN, the arguments of its login. Empty where it says nothing."""
        done = self._run(["config", "view", "--minify", "-o", "json"])
        try:
            data = json.loads(done.stdout)
        except ValueError:
            return ""
        users = [(user.get("user") or {}).get("exec") or {} for user in data.get("users") or []]
        clusters = [str(cluster.get("name")) for cluster in data.get("clusters") or []]
        return " ".join([*clusters, str(data.get("current-context", "")), *(str(part) for user in users for part in user.get("args") or [])])

    def current_namespace(self) -> str:
        """The namespace that is asked."""
        if self.namespace:
            return self.namespace
        done = self._run(["config", "view", "--minify", "-o", "jsonpath={..namespace}"])
        return done.stdout.strip() or "default"

    def _where(self) -> list[str]:
        return ["--namespace", self.namespace] if self.namespace else []

    def _run(self, arguments: Sequence[str]) -> "subprocess.CompletedProcess[str]":
        chosen = ["--kubeconfig", self.kubeconfig] if self.kubeconfig else []
        try:
            return subprocess.run(["kubectl", *arguments, *chosen, f"--request-timeout={SECONDS}"], capture_output=True, text=True, check=False)
        except FileNotFoundError:
            raise NoKubectlError from None


def _items(text: str) -> list[Object]:
    try:
        data: dict[str, Any] = json.loads(text)
    except ValueError:
        return []
    items: list[Object] = data.get("items") or []
    return items


def _said(stderr: str) -> str:
    """The last line is the reason; those before it are the client's log."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    return lines[-1].removeprefix("error: ").rstrip(".") if lines else ""
