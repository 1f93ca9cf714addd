"""What a change makes of policies.yaml: by what an environment is measured, and what is accepted from now on. A reviewer is to see that first."""

from collections.abc import Iterator, Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

FILE = "policies.yaml"
SPOKEN = "policies.yaml: "
"""How a line begins that speaks of it."""


def changes(before: str | None, after: str | None, environment: str) -> tuple[str, ...]:
    """Lines on what differs for an environment between two texts of the file; None: there was, or is, none. A text that is no YAML says nothing here."""
    old, new = _parsed(before), _parsed(after)
    if old is None or new is None or old == new:
        return ()
    return tuple(dict.fromkeys(f"{SPOKEN}{line}" for line in _lines(old, new, environment)))


def _lines(old: Mapping[str, Any], new: Mapping[str, Any], environment: str) -> Iterator[str]:
    for key in ("required_tags", "registries", "any_branch"):
        yield from _differences(key, old.get(key), new.get(key))
    yield from _differences("", *(_at(found, "environments", environment) for found in (old, new)))
    accepted = [[exception for exception in _list(found.get("exceptions")) if environment in _list(exception.get("environments"))] for found in (old, new)]
    for exception in accepted[1]:
        if exception not in accepted[0]:
            yield f"accepted from now on: {_exception(exception)}: {exception.get('reason')}"
    for exception in accepted[0]:
        if exception not in accepted[1]:
            yield f"not accepted any more: {_exception(exception)}"


def _differences(path: str, old: Any, new: Any) -> Iterator[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            yield from _differences(f"{path}.{key}" if path else str(key), old.get(key), new.get(key))
    elif old != new:
        yield f"{path or 'the environment'}: {_shown(old)} -> {_shown(new)}"


def _exception(exception: Mapping[str, Any]) -> str:
    return f"{exception.get('policy')} for {exception.get('resource')}, until {exception.get('until')}"


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value).lower() if isinstance(value, bool) else str(value)


def _at(found: Mapping[str, Any], *keys: str) -> Any:
    value: Any = found
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _list(value: Any) -> list[Any]:
    return [one for one in value if isinstance(one, dict | str)] if isinstance(value, list) else []


def _parsed(text: str | None) -> dict[str, Any] | None:
    try:
        found = YAML(typ="safe").load(text) if text else {}
    except YAMLError:
        return None
    return found if isinstance(found, dict) else None
