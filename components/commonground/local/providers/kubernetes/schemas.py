"""Objects held against the Kubernetes schemas of a version, strictly: an unknown field is a mistake."""

import copy
from collections.abc import Iterable
from typing import Any

import kubernetes_validate
from kubernetes_validate.utils import InvalidSchemaError, SchemaNotFoundError, VersionNotSupportedError

from commonground.local.providers.errors import StandInError
from commonground.local.providers.values import UNKNOWN, Properties


def mistakes(object_: Properties, version: str) -> Iterable[tuple[str, str]]:
    """What is wrong with an object: property path and reason. Unknown values are never wrong.

    Raises `StandInError` if there is no schema for its apiVersion and kind in that version.
    """
    known_part = _without_unknown(copy.deepcopy(object_))
    try:
        kubernetes_validate.validate(known_part, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        path = ".".join(str(step) for step in error.path)
        if not (_missing(error) and _has_unknown(object_)):
            yield path or "object", str(error.message)
    except SchemaNotFoundError:
        kind = f"{object_.get('apiVersion')} {object_.get('kind')}"
        raise StandInError(f"{kind} has no schema in Kubernetes {version}, so it cannot be checked") from None
    except (VersionNotSupportedError, InvalidSchemaError) as error:
        raise StandInError(f"objects cannot be checked for Kubernetes {version}: {error.message}") from None


def _missing(error: Any) -> bool:
    return "is a required property" in str(error.message)


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
