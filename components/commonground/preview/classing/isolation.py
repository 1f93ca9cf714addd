"""What a network policy means that comes or goes beside others of its namespace: what any of them lets through comes through.

Source: Kubernetes documentation, "Network Policies" ("network policies do not conflict; they are additive").
"""

from collections.abc import Iterable
from typing import Any

from commonground.engine.report import at
from commonground.engine.steps import Op, Step
from commonground.preview.classing.classes import matches
from commonground.preview.classing.conditions import is_known_throughout
from commonground.preview.classing.tables import NET_POLICY
from commonground.preview.model import Class, Reason

BESIDE: dict[Op, Reason] = {
    Op.CREATE: Reason(Class.WIDER, "it lets through what other policies refuse"),
    Op.DELETE: Reason(Class.NARROWER, "what it let through, other policies refuse"),
}
"""Where pods are isolated with it and without it."""
ALONE = (Class.WIDER, Class.NARROWER)
EVERY_POD: dict[str, Any] = {}


class Isolation:
    """The network policies that a preview leaves where they are."""

    def __init__(self, steps: Iterable[Step]) -> None:
        staying = [step for step in steps if matches(NET_POLICY, step.type) and step.kind in (Op.SAME, Op.UPDATE)]
        self._staying = [(_namespace(step), [spec for found in (step.old, step.new) if isinstance(spec := found.get("spec"), dict)]) for step in staying]

    def reasons(self, step: Step, found: tuple[Reason, ...]) -> tuple[Reason, ...]:
        """The reasons of a change; of a policy that comes or goes for pods that others isolate all the same, the other way round."""
        spec = at(step.old if step.kind is Op.DELETE else step.new, "spec")
        if step.kind not in BESIDE or not matches(NET_POLICY, step.type) or not isinstance(spec, dict) or not is_known_throughout(spec):
            return found
        beside = [specs for namespace, specs in self._staying if namespace == _namespace(step)]
        if not all(any(specs and all(_isolates(one, spec, way) for one in specs) for specs in beside) for way in _types(spec)):
            return found
        return (*(reason for reason in found if reason.kind not in ALONE), BESIDE[step.kind])


def _isolates(one: dict[str, Any], other: dict[str, Any], way: str) -> bool:
    """Whether it is about all pods that another one is about, in this direction."""
    return way in _types(one) and one.get("podSelector", EVERY_POD) in (EVERY_POD, other.get("podSelector", EVERY_POD))


def _types(spec: dict[str, Any]) -> list[str]:
    """Its directions; what it does not say, the API server does."""
    said = spec.get("policyTypes")
    return [str(one) for one in said] if isinstance(said, list) and said else ["Ingress", *(["Egress"] if spec.get("egress") else [])]


def _namespace(step: Step) -> Any:
    return next((name for found in (step.new, step.old) if isinstance(name := at(found, "metadata.namespace"), str)), None)
