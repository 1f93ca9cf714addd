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
# Other maps whose keys are the user's.
MAPS = frozenset({"annotations", "binaryData", "data", "labels", "matchLabels", "nodeSelector", "parameters", "volumeAttributes"})
# Fields that Go's types leave out where they have this value (k8s.io/api, `omitempty` and no pointer). Empty lists are so but for these.
FALSE = frozenset({"globalDefault", "hostIPC", "hostNetwork", "hostPID", "paused", "publishNotReadyAddresses", "readOnly", "stdin", "stdinOnce", "tty"})
ZERO = frozenset({"hostPort", "initialDelaySeconds", "minReadySeconds"})
EMPTY = frozenset({"clusterIP", "subPath", "value"})
ALWAYS_WRITTEN = frozenset({"rules"})
GROUPS = frozenset(
    {
        *("", "apps", "autoscaling", "batch", "policy"),
        *(f"{group}.k8s.io" for group in ("admissionregistration", "coordination", "discovery", "networking", "node", "scheduling", "storage")),
        *(f"{group}.k8s.io" for group in ("certificates", "rbac.authorization")),
    }
)
"""API groups whose types the provider knows; `resource.k8s.io` is not one of them."""
BINARY_FROM = 1024
"""A smaller quantity is written without a binary unit."""
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
    """An object in its one spelling: without what only the server sets or what says nothing, quantities in one writing, `default` as no namespace."""
    found = _tidied(object_, str(object_.get("kind"))) if _is_typed(object_) else dict(object_)
    if isinstance(found.get("metadata"), dict):
        found["metadata"] = {key: value for key, value in found["metadata"].items() if key not in READ_ONLY}
        if found.get("kind") in OF_THE_CLUSTER or found["metadata"].get("namespace") in ("default", ""):
            found["metadata"].pop("namespace", None)
    if found.get("kind") == "Secret" and isinstance(found.get("stringData"), dict):
        texts = found.pop("stringData")
        found["data"] = {**(found.get("data") or {}), **{key: _encoded(value) for key, value in texts.items()}}
    return found


def _is_typed(object_: Properties) -> bool:
    """Whether the provider reads the object into its Go type and back; a secret has a way of its own, and of what it has no type it compares the text."""
    group = str(object_.get("apiVersion")).rpartition("/")[0]
    return object_.get("kind") != "Secret" and group in GROUPS


def _encoded(text: Any) -> Any:
    return text if text == UNKNOWN or not isinstance(text, str) else base64.b64encode(text.encode()).decode()


def _tidied(value: Any, key: str) -> Any:
    """As Go's JSON writes it: a field of which nothing is said is left out."""
    if isinstance(value, dict) and key in QUANTITIES:
        return {name: _one(item) for name, item in value.items()}
    if isinstance(value, dict) and key in MAPS:
        return dict(value)
    if isinstance(value, dict):
        return {name: _tidied(item, name) for name, item in value.items() if not _says_nothing(name, item)}
    if isinstance(value, list):
        return [_tidied(item, "") for item in value]
    return _one(value) if key in QUANTITY else value


def _says_nothing(name: str, value: Any) -> bool:
    if value == []:
        return name not in ALWAYS_WRITTEN
    if value == {}:
        return name in QUANTITIES | MAPS
    return (value is False and name in FALSE) or (value == 0 and name in ZERO) or (value == "" and name in EMPTY)


def _one(value: Any) -> Any:
    """A quantity's number with the kind of its unit: 1Ki and 1024 are written in two ways (k8s.io/apimachinery, `Quantity.CanonicalizeBytes`)."""
    found = quantity(value)
    if found is None:
        return value
    text = str(value)
    if text.endswith("i") and abs(found) >= BINARY_FROM and found.denominator == 1:
        return f"{found} binary"
    return f"{found} exponent" if re.search(r"[eE][+-]?[0-9]", text) else str(found)
