"""A long text cut to a limit, whole entries at a time, with a count of what was left out."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from commonground.preview.forms.text import number

Level = Literal["full", "short", "none"]


@dataclass(frozen=True)
class Entry:
    """One thing that is told whole, or in short, or not at all."""

    what: str
    """Its word. Example: `resource`."""
    full: str
    short: str = ""
    """Without what can be folded away first. Empty: it has no shorter form."""
    inside: str = ""
    """What the shorter form leaves out. Example: `the properties of`."""
    fold: tuple[int, ...] = ()
    """When it is shortened: the greatest first."""
    drop: tuple[int, ...] = ()
    """When it is left out: the greatest first, after all that are shortened by a greater one."""
    count: int = 1
    """How many it stands for."""


@dataclass(frozen=True)
class Block:
    """Entries under one heading; without any of them it is not there."""

    entries: tuple[Entry, ...]
    head: str = ""
    foot: str = ""
    glue: str = "\n\n"
    """Between head, entries and foot: a blank line, but in a quotation and a table."""
    between: str = "\n"
    rest: str = "- {left} left out"
    """Stands after the entries when some are left out."""


@dataclass
class Page:
    """Blocks in their order, and how much of each entry is shown."""

    blocks: list[Block]
    levels: dict[tuple[int, int], Level] = field(default_factory=dict)

    def render(self) -> str:
        """The text of all blocks that have something to show."""
        return "\n\n".join(text for index, block in enumerate(self.blocks) if (text := self._block(index, block)))

    def left_out(self) -> str:
        """In words what is not shown. Example: `the properties of 3 resources, 12 resources, 1 note`. Empty: nothing."""
        short: Counter[tuple[str, str]] = Counter()
        gone: Counter[str] = Counter()
        for (block, entry), level in self.levels.items():
            found = self.blocks[block].entries[entry]
            if level == "short":
                short[found.inside, found.what] += found.count
            elif level == "none":
                gone[found.what] += found.count
        said = [f"{inside} {number(count, what)}" for (inside, what), count in sorted(short.items())]
        return ", ".join([*said, *(number(count, what) for what, count in sorted(gone.items()))])

    def _block(self, index: int, block: Block) -> str:
        texts, left = [], 0
        for place, entry in enumerate(block.entries):
            level = self.levels.get((index, place), "full")
            if level == "none":
                left += entry.count
            else:
                texts.append(entry.short if level == "short" else entry.full)
        if not texts:
            return ""
        if left:
            texts.append(block.rest.format(left=number(left, block.entries[0].what)))
        return block.glue.join(part for part in (block.head, block.between.join(texts), block.foot) if part)


def fit(blocks: list[Block], compose: Callable[[Page], str], size: Callable[[str], int], limit: int) -> str:
    """What `compose` makes of as much of the blocks as the limit lets it show.

    Raises ValueError where even a page without any entry is too long.
    """
    steps = _steps(blocks)

    def made(count: int) -> str:
        return compose(Page(blocks, {at: level for _, at, level in steps[:count]}))

    if size(text := made(0)) <= limit:
        return text
    fits, not_yet = len(steps), 0
    if size(text := made(fits)) > limit:
        raise ValueError(f"the limit of {limit:,} is too small for a report: at least {size(text):,}")
    while fits - not_yet > 1:
        middle = (fits + not_yet) // 2
        if size(shorter := made(middle)) <= limit:
            fits, text = middle, shorter
        else:
            not_yet = middle
    return text


def _steps(blocks: list[Block]) -> list[tuple[tuple[int, ...], tuple[int, int], Level]]:
    """What is given up, in order."""
    found: list[tuple[tuple[int, ...], tuple[int, int], Level]] = []
    for index, block in enumerate(blocks):
        for place, entry in enumerate(block.entries):
            if entry.short:
                found.append(((*entry.fold, index, place), (index, place), "short"))
            found.append(((*entry.drop, index, place), (index, place), "none"))
    return sorted(found, reverse=True)
