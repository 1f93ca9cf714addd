"""The local cloud: an AWS endpoint on loopback, in a process of its own."""

from .calls import Call
from .errors import LocalCloudError
from .process import Cloud, running, start, stop

__all__ = ["Call", "Cloud", "LocalCloudError", "running", "start", "stop"]
