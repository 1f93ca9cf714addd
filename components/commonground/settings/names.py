"""Logical names of what holds data: components give them, and the scale's `unprotected` list is checked against them."""

CLUSTER = "cluster"
CLUSTER_KEY = "cluster-key"
CLUSTER_LOGS = "cluster-logs"
FLOW_LOGS = "network-flow-logs"
STORAGE_KEY = "storage-key"
REGISTRIES_KEY = "registries-key"
METRICS_WORKSPACE = "metrics-workspace"
METRICS_KEY = "metrics-key"
METRICS_LOGS = "metrics-logs"


def bucket(name: str) -> str:
    """Of the bucket of this name in the blueprint."""
    return f"{name}-bucket"


def namespace(team: str, name: str) -> str:
    """Of a team's namespace. No name has a slash: team `a` with `b-c` and team `a-b` with `c` stay apart."""
    return f"{team}/{name}"


def repository(name: str) -> str:
    """Of the repository of this name in the blueprint. A logical name keeps the slashes."""
    return f"{name}-repository"
