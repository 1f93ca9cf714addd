"""A mistake in the settings' files, and the one place that words it."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from commonground.settings.base import Settings


class Mistake(Settings):
    """One thing that is wrong in a file: where, what, and what to do."""

    file: str
    """Path from the checkout's root. Example: `stacks/foundation/Pulumi.dev.yaml`."""
    line: int
    """Line of the key, counted from 1; 0 where only the file is known."""
    key: str
    """Path of the key in the file. Example: `commonground:scale.pools.gpu.min`."""
    found: str
    expected: str
    fix: str


class SettingsError(Exception):
    """An environment's settings cannot be used: all mistakes that could be read."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = list(mistakes)
        super().__init__(render(mistakes))


def ordered(mistakes: Iterable[Mistake]) -> list[Mistake]:
    """Return each mistake once, by file, line and key."""
    seen = dict.fromkeys(mistakes)
    return sorted(seen, key=lambda mistake: (mistake.file, mistake.line, mistake.key, mistake.found))


def render(mistakes: Iterable[Mistake]) -> str:
    """Return one line a mistake: `FILE:LINE: KEY: found X, expected Y. Fix: Z.`"""
    return "\n".join(_line(mistake) for mistake in mistakes)


def _line(mistake: Mistake) -> str:
    place = f"{mistake.file}:{mistake.line}" if mistake.line else mistake.file
    key = f"{mistake.key}: " if mistake.key else ""
    end = "" if mistake.fix.endswith("?") else "."
    return f"{place}: {key}found {mistake.found}, expected {mistake.expected}. Fix: {mistake.fix}{end}"


def did_you_mean(word: object, known: Iterable[str]) -> str | None:
    """Return the known word that is nearest to this one, if one is near."""
    near = get_close_matches(str(word), list(known), n=1, cutoff=0.6)
    return near[0] if near else None


def listed(words: Iterable[object]) -> str:
    """Return words as a list in a sentence: `a, b, c`, or `nothing`."""
    return ", ".join(str(word) for word in words) or "nothing"
