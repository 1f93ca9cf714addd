"""Objects held against the Kubernetes schemas of a version, strictly: an unknown field is a mistake."""

import copy
import importlib.resources
import json
import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from functools import cache
from typing import Any

import jsonschema
import kubernetes_validate
from referencing import Registry, Resource

from commonground.local.providers.errors import StandInError
from commonground.local.providers.values import UNKNOWN, Properties


def mistakes(object_: Properties, version: str) -> Iterable[tuple[str, str]]:
    """Everything that is wrong with an object: property path and reason. Unknown values are never wrong.

    Raises `StandInError` if there is no schema for its apiVersion and kind in that version.
    """
    validator = _validator(version, str(object_["apiVersion"]), str(object_["kind"]))
    errors = [error for top in validator.iter_errors(_without_unknown(copy.deepcopy(object_))) for error in _leaves(top)]
    found: dict[tuple[str, str], None] = {}
    for error in errors:
        if not (error.validator == "required" and _unknown_at(object_, list(error.absolute_path))):
            found.update(dict.fromkeys(_told(error)))
    return list(found)


def _leaves(error: jsonschema.ValidationError) -> Iterator[jsonschema.ValidationError]:
    """The mistakes behind one of "none of these fits": those of the alternative that got furthest."""
    if error.validator not in ("anyOf", "oneOf") or not error.context:
        yield error
        return
    best = jsonschema.exceptions.best_match([error])
    yield best or error


def _told(error: jsonschema.ValidationError) -> Iterator[tuple[str, str]]:
    """One mistake a field: a schema lists all unknown fields of an object in one."""
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path).lstrip(".")
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = list(error.schema.get("properties", {}))
        for name in sorted(set(error.instance) - set(known)):
            close = get_close_matches(name, known, 1)
            yield f"{path}.{name}".lstrip("."), f"{name!r} was unexpected: there is no such field" + (f"; did you mean {close[0]}?" if close else "")
    elif error.validator == "required" and isinstance(error.instance, dict):
        for name in error.validator_value:
            if name not in error.instance:
                yield f"{path}.{name}".lstrip("."), "is required"
    else:
        yield path or "object", str(error.message)


@cache
def _validator(version: str, api_version: str, kind: str) -> Any:
    folder = importlib.resources.files(kubernetes_validate).joinpath("kubernetes-json-schema", f"v{_release(version)}-local-strict")
    group = re.sub(r"^([^./]*)(?:\.[^/]*)?/", r"\1-", api_version)  # rbac.authorization.k8s.io/v1 is rbac-v1 there
    try:
        schema = json.loads(folder.joinpath(f"{kind.lower()}-{group}.json").read_text("utf-8"))
    except OSError:
        raise StandInError(f"{api_version} {kind} has no schema in Kubernetes {version}, so it cannot be checked") from None
    registry = Resource.from_contents(schema) @ (_definitions(version) @ Registry())
    return jsonschema.Draft202012Validator(schema, registry=registry)


@cache
def _definitions(version: str) -> Resource[Any]:
    folder = importlib.resources.files(kubernetes_validate).joinpath("kubernetes-json-schema", f"v{_release(version)}-local-strict")
    return Resource.from_contents(json.loads(folder.joinpath("_definitions.json").read_text("utf-8")))


@cache
def _release(version: str) -> str:
    """The release whose schemas stand for a version."""
    for release in kubernetes_validate.utils.all_versions():
        if kubernetes_validate.utils.major_minor(release) == version:
            return str(release)
    known = ", ".join(kubernetes_validate.utils.major_minor(release) for release in kubernetes_validate.utils.all_versions())
    raise StandInError(f"objects cannot be checked for Kubernetes {version}: there are schemas for {known}")


def _unknown_at(object_: Any, steps: list[str | int]) -> bool:
    """Whether something in the object that lacks a field is not known yet: it may turn out to be that field."""
    for step in steps:
        try:
            object_ = object_[step]
        except (KeyError, IndexError, TypeError):
            return True  # items that are not known were left out, so that the places of others moved
    return _has_unknown(object_)


def _has_unknown(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(_has_unknown(item) for item in value)
    return bool(value == UNKNOWN)


def _without_unknown(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_unknown(item) for key, item in value.items() if item != UNKNOWN}
    if isinstance(value, list):
        return [_without_unknown(item) for item in value if item != UNKNOWN]
    return value
