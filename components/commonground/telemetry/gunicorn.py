"""Gunicorn's hooks. In gunicorn.conf.py: `from commonground.telemetry.gunicorn import child_exit, on_starting`. PROMETHEUS_MULTIPROC_DIR names a directory."""

import os
from pathlib import Path
from typing import Any

from commonground.telemetry.errors import NoMultiprocessDirectoryError
from commonground.telemetry.metrics import DIRECTORY, are_made
from commonground.telemetry.workers import bury, clear


def on_starting(server: Any) -> None:
    """The server starts: what an earlier one left is removed, not what `preload_app` made in this process before this hook.

    Raises `NoMultiprocessDirectoryError`: without it the process that serves knows of no worker.
    """
    directory = os.environ.get(DIRECTORY)
    if not directory:
        raise NoMultiprocessDirectoryError("")
    Path(directory).mkdir(parents=True, exist_ok=True)
    clear(directory, os.getpid() if are_made() else None)


def child_exit(server: Any, worker: Any) -> None:
    """A worker died: its gauges end, what it counted stays."""
    if os.environ.get(DIRECTORY):
        bury(os.environ[DIRECTORY], worker.pid)
