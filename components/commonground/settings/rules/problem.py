"""What a rule finds."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from commonground.settings.document import Keys
from commonground.settings.files import Block, Files


@dataclass(frozen=True)
class Problem:
    """Something that does not fit, at a key of a block."""

    block: Block
    keys: Keys
    found: str
    expected: str
    fix: str
    whole: bool = False
    """Whether it speaks of everything below the key: then it says nothing where a part of that could not be read."""


def repeated(block: Block, key: str, names: Sequence[str]) -> Iterator[Problem]:
    """Yield a problem for each name of a list that stands in it before."""
    for index, name in enumerate(names):
        if name in names[:index]:
            yield Problem(block, (key, index), f"{name} a second time", "each name once", "remove it")


Rule = Callable[[Files], Iterator[Problem]]
"""Yields what does not fit; ends where it needs a block that could not be read."""
