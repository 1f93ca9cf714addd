"""All rules of an environment, by rule group namespace."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from commonground.metrics.rules import drift, gpus, limits, models, monitoring, nodes, services, workloads
from commonground.metrics.rules.model import Group, text
from commonground.settings.metrics import MetricsSettings

NAMESPACES: Mapping[str, Callable[[MetricsSettings], Sequence[Group]]] = MappingProxyType(
    {
        "services": services.groups,
        "drift": drift.groups,
        "models": models.groups,
        "nodes": nodes.groups,
        "workloads": workloads.groups,
        "gpus": gpus.groups,
        "monitoring": monitoring.groups,
        "limits": limits.groups,
    }
)
"""Name of a rule group namespace -> what is in it."""


def files(settings: MetricsSettings) -> dict[str, str]:
    """Name of a rule group namespace -> its text. Raises `TooManyRulesError`."""
    return {name: text(groups(settings), runbooks=settings.runbooks) for name, groups in NAMESPACES.items()}
