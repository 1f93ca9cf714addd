"""What a rule finds."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from commonground.settings.bindings import BindingType
from commonground.settings.document import Keys
from commonground.settings.files import Block, Files
from commonground.settings.mistakes import did_you_mean, listed


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


def repeated(block: Block, keys: Keys, names: Sequence[str]) -> Iterator[Problem]:
    """Yield a problem for each name of a list that stands in it before."""
    for index, name in enumerate(names):
        if name in names[:index]:
            yield Problem(block, (*keys, index), f"{name} a second time", "each name once", "remove it")


def unread(files: Files, key: str) -> set[object]:
    """Names in one of the blueprint's mappings whose settings could not be read; None among them if it is the mapping itself."""
    return {path[1] if len(path) > 1 else None for path in files.unread.get(Block.BLUEPRINT, ()) if path[:1] == (key,)}


def unmatched(files: Files, key: str, one: str, *, shape: Collection[str], scale: Collection[str], lacks: str, add: Callable[[str], str]) -> Iterator[Problem]:
    """Yield a problem for each name below a key that only the blueprint or only the scale has: both have exactly the same.

    `one`: what a name stands for, as `pool`; `lacks`: what the scale has to say of each; `add`: the line that says it.
    """
    told = unread(files, key)
    for name in scale:
        if name not in shape and name not in told:
            guess = did_you_mean(name, [other for other in shape if other not in scale])
            fix = f'did you mean "{guess}"?' if guess else f"remove it, or add the {one} to the blueprint"
            yield Problem(Block.SCALE, (key, name), f"the unknown {one} `{name}`", f"the blueprint's {one}s: {listed(shape)}", fix)
    for name in shape:
        if name not in scale:
            yield Problem(Block.SCALE, (key, name), "nothing", lacks, f"add `{add(name)}`")


def bound(files: Files, keys: Keys, name: str, type_: BindingType) -> Iterator[Problem]:
    """Yield a problem where a name at a key of the blueprint is no binding of this type."""
    named = files.blueprint.bindings
    if files.unsure(Block.BLUEPRINT, "bindings", name) or (name in named and named[name].type is type_):
        return
    fitting = [other for other, binding in named.items() if binding.type is type_]
    guess = did_you_mean(name, fitting)
    fix = f'did you mean "{guess}"?' if guess else f"add `{name}: {{type: {type_}}}` to the blueprint's bindings" if name not in named else "name another one"
    found = f"{name}, a {named[name].type}" if name in named else name
    yield Problem(Block.BLUEPRINT, keys, found, f"a binding of type {type_}: {listed(fitting)}", fix)


Rule = Callable[[Files], Iterator[Problem]]
"""Yields what does not fit; ends where it needs a block that could not be read."""
