"""What a change of the provider's own settings does to all objects: the same table for the stand-in and the official provider, as `edits.py` is for objects."""

import json
from dataclasses import dataclass

from commonground.local.providers.values import UNKNOWN

Settings = dict[str, str]


@dataclass(frozen=True)
class Move:
    """The provider's settings before and after."""

    name: str
    before: Settings
    after: Settings
    replaces: frozenset[str]
    """Settings for which every object of the provider is replaced."""


def kubeconfig(server: str = "https://one.eks.example", certificate: str = "b25l", role: str = "deploy") -> str:
    """As the foundation writes it (`commonground.kubeconfig`), as far as the provider looks into it."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "dev", "cluster": {"server": server, "certificate-authority-data": certificate}}],
        "contexts": [{"name": "dev", "context": {"cluster": "dev", "user": "dev"}}],
        "current-context": "dev",
        "users": [{"name": "dev", "user": {"exec": {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "aws", "args": [role]}}}],
    }
    return json.dumps(config)


ONE: Settings = {"clusterIdentifier": "dev-a3f8", "kubeconfig": kubeconfig()}
NAMELESS: Settings = {"kubeconfig": kubeconfig()}
ELSEWHERE = kubeconfig("https://two.eks.example")
NONE: frozenset[str] = frozenset()

MOVES = (
    Move("another endpoint", ONE, {**ONE, "kubeconfig": ELSEWHERE}, NONE),
    Move("another certificate", ONE, {**ONE, "kubeconfig": kubeconfig(certificate="dHdv")}, NONE),
    Move("another role", ONE, {**ONE, "kubeconfig": kubeconfig(role="platform")}, NONE),
    Move("an endpoint not known yet", ONE, {**ONE, "kubeconfig": UNKNOWN}, NONE),
    Move("another setting", ONE, {**ONE, "enableConfigMapMutable": "true"}, NONE),
    Move("another cluster", ONE, {"clusterIdentifier": "dev-b4c9", "kubeconfig": ELSEWHERE}, frozenset({"clusterIdentifier", "kubeconfig"})),
    Move("another cluster, not known yet", ONE, {"clusterIdentifier": "dev-b4c9", "kubeconfig": UNKNOWN}, frozenset({"clusterIdentifier", "kubeconfig"})),
    Move("another cluster at the same place", ONE, {**ONE, "clusterIdentifier": "dev-b4c9"}, frozenset({"clusterIdentifier"})),
    Move("named for the first time", NAMELESS, ONE, NONE),
    Move("no longer named", ONE, NAMELESS, NONE),
    Move("no longer named, another endpoint", ONE, {"kubeconfig": ELSEWHERE}, frozenset({"kubeconfig"})),
    Move("without a name, another endpoint", NAMELESS, {"kubeconfig": ELSEWHERE}, frozenset({"kubeconfig"})),
    Move("without a name, an endpoint not known yet", NAMELESS, {"kubeconfig": UNKNOWN}, frozenset({"kubeconfig"})),
    Move("without a name, another role", NAMELESS, {"kubeconfig": kubeconfig(role="platform")}, NONE),
)
