"""The local cloud's Kubernetes: a real control plane on loopback, whose nodes are simulated."""

from .errors import ControlPlaneError
from .processes import ControlPlane, running, start, stop

__all__ = ["ControlPlane", "ControlPlaneError", "running", "start", "stop"]
