"""Objects as they are compared: what means the same to the API server looks the same (pulumi-kubernetes, provider/pkg/clients, `Normalize`)."""

import base64
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from commonground.local.providers.kubernetes.kinds import OF_THE_CLUSTER
from commonground.local.providers.values import UNKNOWN, Properties

READ_ONLY = ("creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "generation", "managedFields", "resourceVersion", "uid")

# Objects whose every value is a quantity, by the name of the field that holds them; and fields that are one themselves.
QUANTITIES = frozenset(
    {"capacity", "default", "defaultRequest", "hard", "limits", "max", "maxLimitRequestRatio", "min", "overhead", "requests", "storageCapacity"}
)
QUANTITY = frozenset({"averageValue", "divisor", "maximumVolumeSize", "sizeLimit"})
_QUANTITY = re.compile(r"([+-]?[0-9.]+)(?:([eE][+-]?[0-9]+)|(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei))?")
_UNITS = ("", "k", "M", "G", "T", "P", "E")
SIZES: Mapping[str, Fraction] = {
    "": Fraction(1),
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 1000),
    **{unit: Fraction(1000**power) for power, unit in enumerate(_UNITS) if unit},
    **{f"{unit.upper()}i": Fraction(1024**power) for power, unit in enumerate(_UNITS) if unit},
}


def quantity(value: Any) -> Fraction | None:
    """The number that a quantity stands for (`500m`, `2Gi`, `4`, `1e3`); None for what is none (Kubernetes API reference, "Quantity")."""
    found = _QUANTITY.fullmatch(str(value)) if isinstance(value, str | int | float) and not isinstance(value, bool) else None
    if found is None:
        return None
    try:
        return Fraction(f"{found[1]}{found[2] or ''}") * SIZES[found[3] or ""]
    except ValueError:
        return None


def normal(object_: Properties) -> Properties:
    """An object in its one spelling: without what only the server sets, quantities as numbers, a secret's texts as its data, `default` as no namespace."""
    found = {key: _normal(key, value) for key, value in object_.items()}
    if isinstance(found.get("metadata"), dict):
        found["metadata"] = {key: value for key, value in found["metadata"].items() if key not in READ_ONLY}
        if found.get("kind") in OF_THE_CLUSTER or found["metadata"].get("namespace") in ("default", ""):
            found["metadata"].pop("namespace", None)
    if found.get("kind") == "Secret" and isinstance(found.get("stringData"), dict):
        texts = found.pop("stringData")
        found["data"] = {**(found.get("data") or {}), **{key: _encoded(value) for key, value in texts.items()}}
    return found


def _encoded(text: Any) -> Any:
    return text if text == UNKNOWN or not isinstance(text, str) else base64.b64encode(text.encode()).decode()


def _normal(key: str, value: Any) -> Any:
    if isinstance(value, dict):
        inside = key in QUANTITIES
        return {name: _one(item) if inside and not isinstance(item, dict | list) else _normal(name, item) for name, item in value.items()}
    if isinstance(value, list):
        return [_normal(key, item) for item in value]
    return _one(value) if key in QUANTITY else value


def _one(value: Any) -> Any:
    found = quantity(value)
    return value if found is None else str(found)
