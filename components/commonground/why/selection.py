"""Whether a node is one that a pod may be on: node selector, node affinity, taints (Kubernetes docs, "Assigning Pods to Nodes")."""

from collections.abc import Iterator, Mapping, Sequence

from commonground.why.facts import Object, Place

KEEPS_AWAY = ("NoSchedule", "NoExecute")
"""Effects that the scheduler obeys; `PreferNoSchedule` is a wish."""


def requirements(spec: Object) -> list[list[Object]]:
    """What a pod asks of its node's labels: terms of which one has to hold, in each all expressions; the node selector stands in every term."""
    fixed: list[Object] = [{"key": key, "operator": "In", "values": [value]} for key, value in (spec.get("nodeSelector") or {}).items()]
    affinity = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    terms = affinity.get("nodeSelectorTerms") or []
    return [[*fixed, *_expressions(term)] for term in terms] or [fixed]


def unmet(place: Place, terms: Sequence[Sequence[Object]]) -> list[Object]:
    """Expressions that a place does not meet, of the term that it comes nearest to; none where one term holds."""
    misses = [[expression for expression in term if not holds(expression, _labels(place))] for term in terms]
    return min(misses, key=len, default=[])


def holds(expression: Object, labels: Mapping[str, str]) -> bool:
    """Whether labels meet one expression of a node selector."""
    key, operator, values = expression["key"], expression["operator"], expression.get("values") or []
    found = labels.get(key)
    if operator == "Exists":
        return found is not None
    if operator == "DoesNotExist":
        return found is None
    if operator == "NotIn":
        return found not in values
    if found is None:
        return False
    if operator == "In":
        return found in values
    return operator in ("Gt", "Lt") and _beyond(operator, found, str(values[0]) if values else "")


def untolerated(place: Place, tolerations: Sequence[Object]) -> list[Object]:
    """The place's taints that keep a pod with these tolerations away."""
    return [taint for taint in place.taints if taint.get("effect") in KEEPS_AWAY and not any(tolerates(each, taint) for each in tolerations)]


def tolerates(toleration: Object, taint: Object) -> bool:
    """Whether one toleration makes up for a taint (Kubernetes docs, "Taints and Tolerations")."""
    if toleration.get("effect") and toleration["effect"] != taint.get("effect"):
        return False
    key = toleration.get("key") or ""
    operator = toleration.get("operator") or "Equal"
    if not key:
        return operator == "Exists"
    if key != taint.get("key"):
        return False
    return operator == "Exists" or (toleration.get("value") or "") == (taint.get("value") or "")


def taint_text(taint: Object) -> str:
    """As kubectl writes it: `nvidia.com/gpu=true:NoSchedule`."""
    value = f"={taint['value']}" if taint.get("value") else ""
    return f"{taint['key']}{value}:{taint.get('effect', '')}"


def expression_text(expression: Object) -> str:
    """`commonground.dev/gpu-product=h100`, `zone in (a, b)`."""
    key, operator, values = expression["key"], expression["operator"], [str(value) for value in expression.get("values") or []]
    if operator == "In" and len(values) == 1:
        return f"{key}={values[0]}"
    words = {"In": "in", "NotIn": "not in", "Gt": ">", "Lt": "<", "Exists": "", "DoesNotExist": "absent"}[operator]
    shown = f"({', '.join(values)})" if operator in ("In", "NotIn") else "".join(values)
    return " ".join(part for part in (key, words, shown) if part)


def _expressions(term: Object) -> Iterator[Object]:
    yield from term.get("matchExpressions") or []
    # The only field there is: metadata.name (Kubernetes API reference, NodeSelectorTerm).
    yield from term.get("matchFields") or []


def _labels(place: Place) -> dict[str, str]:
    return {**place.labels, **({"metadata.name": place.node} if place.node else {})}


def _beyond(operator: str, found: str, bound: str) -> bool:
    try:
        return int(found) > int(bound) if operator == "Gt" else int(found) < int(bound)
    except ValueError:
        return False
