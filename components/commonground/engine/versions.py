"""Which Pulumi CLI: the version that is installed, and the oldest that is taken."""

VERSION = "3.274.1"
"""Installed where there is none. `scripts/engine/go.mod` pins the same; a test holds them together."""
MINIMUM = (3, 274)


def parse(text: str) -> tuple[int, ...] | None:
    """Numbers of a version such as `v3.274.1` or `3.275.0-alpha.1`; nothing where it is none."""
    numbers = text.strip().removeprefix("v").partition("-")[0].split(".")
    return tuple(int(number) for number in numbers) if len(numbers) == 3 and all(number.isdigit() for number in numbers) else None
