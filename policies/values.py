"""Properties of a resource as policies see them: plain Python, with `HIDDEN` for what is secret, not known yet, or not to be judged.

What a policy asks by these functions has three answers: it is so, it is not so, and nobody knows; the last is never a violation. So a condition is either
`missing` or `off` (known not to be there, known not to be switched on), or about a value that `text`, `number` and `flag` return only where it is known.
"""

from collections.abc import Iterator
from typing import Any, Final

SIGNATURE = "4dabf18193072939515e22adb298388d"
"""Key by which the engine marks what is no plain value: a secret, an asset, an archive, a resource, an output (sdk/go/common/resource, properties.go)."""
OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
# How the engine writes what is not known yet: string, boolean, number, list, object, asset, archive (sdk/go/common/resource/plugin, rpc.go).
UNKNOWN = frozenset(
    {
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
    }
)

Key = str | int


class Hidden:
    """The type of `HIDDEN`."""

    def __repr__(self) -> str:
        return "[hidden]"


HIDDEN: Final = Hidden()


def from_struct(struct: Any) -> dict[str, Any]:
    """The properties in a `Struct` of the engine's protocol."""
    if SIGNATURE in struct.fields:
        return {}
    return {key: _from_value(value) for key, value in struct.fields.items()}


def _from_value(value: Any) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        text: str = value.string_value
        return HIDDEN if text in UNKNOWN else text
    if kind == "struct_value":
        fields = value.struct_value.fields
        if SIGNATURE in fields:
            wrapped = {key: fields[key] for key in fields}
            is_open = wrapped[SIGNATURE].string_value == OUTPUT and "value" in wrapped and not ("secret" in wrapped and wrapped["secret"].bool_value)
            return _from_value(wrapped["value"]) if is_open else HIDDEN
        return {key: _from_value(item) for key, item in fields.items()}
    if kind == "list_value":
        return [_from_value(item) for item in value.list_value.values]
    if kind == "number_value":
        number: float = value.number_value
        return int(number) if number.is_integer() else number
    return value.bool_value if kind == "bool_value" else None


def at(value: Any, *keys: Key) -> Any:
    """What stands at a path: None where nothing does, `HIDDEN` where it or something on the way to it is not to be judged."""
    for key in keys:
        if value is None or value is HIDDEN:
            return value
        # The provider's bridge makes one object of a list that can have only one, in some versions.
        if isinstance(value, list) and isinstance(key, str):
            value = value[0] if len(value) == 1 else (HIDDEN if value else None)
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and isinstance(key, int):
            value = value[key] if key < len(value) else None
        elif value is not None:
            return HIDDEN
    return value


def text(value: Any, *keys: Key) -> str | None:
    """A known text."""
    found = at(value, *keys)
    return found if isinstance(found, str) else None


def number(value: Any, *keys: Key) -> int | None:
    """A known whole number, also written as text."""
    found = at(value, *keys)
    if isinstance(found, bool):
        return None
    if isinstance(found, int):
        return found
    return int(found) if isinstance(found, str) and found.isascii() and found.isdigit() and len(found) < 10 else None


def flag(value: Any, *keys: Key) -> bool | None:
    """A known switch, also written as text: some of the AWS provider's are."""
    found = at(value, *keys)
    if isinstance(found, bool):
        return found
    return {"true": True, "false": False}.get(found) if isinstance(found, str) else None


def missing(value: Any, *keys: Key) -> bool:
    """Whether it is known that nothing stands there: no value, or an empty one."""
    found = at(value, *keys)
    return found is None or (isinstance(found, str | list | dict) and not found)


def off(value: Any, *keys: Key) -> bool:
    """Whether a switch is known not to be on."""
    return missing(value, *keys) or flag(value, *keys) is False


def items(value: Any, *keys: Key) -> list[Any]:
    """What is known of a list; one that is not in a list is one of one."""
    found = at(value, *keys)
    listed = found if isinstance(found, list) else [found]
    return [item for item in listed if item is not None and item is not HIDDEN]


def dicts(value: Any, *keys: Key) -> list[dict[str, Any]]:
    """The known objects of a list."""
    return [item for item in items(value, *keys) if isinstance(item, dict)]


def texts(value: Any, *keys: Key) -> list[str]:
    """The known texts of a list."""
    return [item for item in items(value, *keys) if isinstance(item, str)]


def known(value: Any) -> bool:
    """Whether a value is known all the way down."""
    return not any(item is HIDDEN for item in walk(value))


def walk(value: Any) -> Iterator[Any]:
    """A value and all that is in it."""
    yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for item in inner:
        yield from walk(item)


def show(words: object) -> str:
    """A known text as a message shows it: short, on one line."""
    shown = " ".join(str(words).split())
    return shown if len(shown) <= 120 else f"{shown[:117]}..."
