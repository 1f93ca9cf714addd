"""What node groups may cost: nodes and GPUs at most, before and after."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from commonground.engine.report import at
from commonground.engine.steps import Op, Step
from commonground.preview.facts import Size
from commonground.preview.model import Amount, Class, Cost, Reason

NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"


def cost(steps: Iterable[Step], sizes: Mapping[str, Size]) -> Cost | None:
    """Nodes and GPUs of all node groups, by their maximum. None where none of them changes.

    `sizes`: facts of instance types. Of a group with several types the largest counts; GPUs are not known where a type is not.
    """
    groups = [step for step in steps if step.type == NODE_GROUP and step.kind is not None]
    if not any(step.changes for step in groups):
        return None
    nodes = [(_nodes(step.old if step.kind is not Op.CREATE else {}), _nodes(step.new if step.kind is not Op.DELETE else {})) for step in groups]
    gpus = [(_gpus(step.old if step.kind is not Op.CREATE else {}, sizes), _gpus(step.new if step.kind is not Op.DELETE else {}, sizes)) for step in groups]
    return Cost(Amount(_sum(old for old, _ in nodes), _sum(new for _, new in nodes)), Amount(_sum(old for old, _ in gpus), _sum(new for _, new in gpus)))


def reasons(step: Step, sizes: Mapping[str, Size]) -> Iterator[Reason]:
    """What a node group's change makes it cost at most, in one reason a class. A new one costs, and a deleted one no more, even where nothing is known."""
    kind = step.kind
    if step.type != NODE_GROUP or kind in (None, Op.SAME):
        return
    old, new = ({} if kind is Op.CREATE else step.old), ({} if kind is Op.DELETE else step.new)
    found = {word: (of(old, sizes), of(new, sizes)) for word, of in WORDS.items()}
    if found["nodes"][0] != found["nodes"][1] or found["GPUs"][0] != found["GPUs"][1]:
        # Nodes and GPUs say it; vCPUs tell apart what has as many of both.
        del found["vCPUs"]
    for class_ in (Class.COST_UP, Class.COST_DOWN):
        texts = [_text(word, before, after) for word, (before, after) in found.items() if _goes(class_, before, after)]
        if texts:
            yield Reason(class_, f"at most {', '.join(texts)}")
        elif kind is (Op.CREATE if class_ is Class.COST_UP else Op.DELETE):
            yield Reason(class_, "its nodes cost by the hour" if kind is Op.CREATE else "its nodes cost nothing any more")


def _text(word: str, before: int | None, after: int | None) -> str:
    return f"{before} -> {after} {word}" if before is not None else f"{after} {word}, and how many there may be now is not known"


def _goes(class_: Class, before: int | None, after: int | None) -> bool:
    """Whether it is more, or less. What is not known before may be more: a lock knows only the instance types that are in use."""
    if after is None or (before is None and not after):
        return False
    return class_ is Class.COST_UP if before is None else (after > before if class_ is Class.COST_UP else after < before)


def _count(properties: Mapping[str, Any], sizes: Mapping[str, Size]) -> int | None:
    return _nodes(properties)


def _nodes(properties: Mapping[str, Any]) -> int | None:
    if not properties:
        return 0
    most = at(properties, "scalingConfig.maxSize")
    return int(most) if isinstance(most, int | float) else None


def _gpus(properties: Mapping[str, Any], sizes: Mapping[str, Size]) -> int | None:
    return _most(properties, {name: size.gpus for name, size in sizes.items()})


def _vcpus(properties: Mapping[str, Any], sizes: Mapping[str, Size]) -> int | None:
    return _most(properties, {name: size.vcpus for name, size in sizes.items()})


def _most(properties: Mapping[str, Any], of_types: Mapping[str, int]) -> int | None:
    nodes = _nodes(properties)
    if not nodes:
        return nodes
    types = properties.get("instanceTypes")
    if not isinstance(types, list) or not types or any(name not in of_types for name in types):
        return None
    return nodes * max(of_types[name] for name in types)


def _sum(values: Iterable[int | None]) -> int | None:
    found = list(values)
    return None if any(value is None for value in found) else sum(value for value in found if value is not None)


WORDS = {"nodes": _count, "GPUs": _gpus, "vCPUs": _vcpus}
