"""Which cluster the provider's settings reach, and when a change of them means another one (pulumi-kubernetes, provider.go, `DiffConfig`)."""

from collections.abc import Mapping
from typing import Any

import yaml

from commonground.local.providers.values import UNKNOWN, Properties

IDENTIFIER = "clusterIdentifier"
WAYS = ("cluster", "context", "kubeconfig")
"""Settings that lead to a cluster."""


def replacing(old: Properties, new: Properties) -> tuple[str, ...]:
    """Settings of which a change replaces every object: an identifier's, and what leads elsewhere unless the identifier stayed."""
    if IDENTIFIER in old and old[IDENTIFIER] == new.get(IDENTIFIER):
        return ()
    named = (IDENTIFIER,) if IDENTIFIER in old and IDENTIFIER in new else ()
    if unknown := tuple(way for way in WAYS if new.get(way) == UNKNOWN):
        return (*named, *unknown)
    before, after = _active(old), _active(new)
    return (*named, *(WAYS if before and after and before != after else ()))


def _active(settings: Properties) -> Mapping[str, Any] | None:
    """The cluster that a kubeconfig's current context names; None where it names none."""
    try:
        config = yaml.safe_load(str(settings.get("kubeconfig") or ""))
        contexts = {context["name"]: context["context"] for context in config["contexts"]}
        clusters = {cluster["name"]: cluster["cluster"] for cluster in config["clusters"]}
        context = contexts[settings.get("context") or config["current-context"]]
        found: Mapping[str, Any] | None = clusters.get(settings.get("cluster") or context["cluster"])
    except (KeyError, TypeError, yaml.YAMLError):
        return None
    return found
