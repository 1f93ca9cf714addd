"""Commands that a message names, written as this shell finds them."""

import os
import re
import shutil
import sys
from pathlib import Path

import click

NAME = "commonground"
# Where a command begins: in backquotes, or in the shell's `$(...)`.
COMMAND = re.compile(rf"(?<=[`(]){NAME}(?= [a-z])")


def hinted(text: str) -> str:
    """A message in which each `commonground COMMAND` can be typed as it stands, also where the executable that runs is not on PATH."""
    executable = Path(sys.argv[0])
    if executable.name != NAME or shutil.which(NAME):
        return text
    ways = os.path.relpath(executable), str(executable.absolute())
    return COMMAND.sub(lambda _: min(ways, key=len), text)


def told(text: str) -> str:
    """A message for stderr: its commands as they can be typed, and nothing in it that a terminal takes for anything but text."""
    if text.replace("\n", "").isprintable():
        return hinted(text)
    from commonground.engine.report import printable  # seldom needed

    return "\n".join(map(printable, hinted(text).split("\n")))


def echo(text: str) -> None:
    """A hint on stderr."""
    click.echo(told(text), err=True)
