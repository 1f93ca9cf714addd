"""The command line: `commonground COMMAND`. Reports and outputs on stdout, progress and hints on stderr."""

from commonground.cli.main import main

__all__ = ["main"]
