"""The resource graph of a preview: what there is, in which component it stands, what refers to what, and what would happen to it."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from commonground.engine.steps import MASK, PROVIDERS, STACK, UNKNOWN, Op, Step

# Of the steps of one resource the weightiest is shown: an import that changes it afterwards is a creation.
WEIGHT = {Op.REPLACE: 0, Op.DELETE: 1, Op.CREATE: 2, Op.UPDATE: 3, Op.SAME: 4}
SIGNS = {Op.CREATE: "+", Op.UPDATE: "~", Op.REPLACE: "±", Op.DELETE: "-", Op.SAME: ""}
WORDS = {Op.CREATE: "to create", Op.UPDATE: "to change", Op.REPLACE: "to replace", Op.DELETE: "to delete", Op.SAME: "unchanged"}
# Parts of a text that may be an id, an ARN or a name: whole ones, and those in documents and addresses.
WORD = re.compile(r"[\w:/.+@=-]{3,}")
AFTER_ARN = re.compile(r"[/:*]+$")
SHORTEST = 3
"""So many characters a value has at least that names a resource."""
PLAIN = re.compile(r"[A-Za-z_]*|\d*|.{3,5}")
"""What may be anything's value; it names a resource only under a key that says so, as `namespace` does of a Namespace."""


@dataclass(frozen=True)
class Node:
    """A resource, or several alike that are shown as one."""

    key: str
    """URN, or what stands for several."""
    name: str
    type: str
    op: Op
    parent: str | None = None
    """Key of the component that it stands in."""
    count: int = 1
    detail: str = ""
    """More of it in one line. Example: `3 properties differ, protected`."""
    counts: Counter[Op] | None = None
    """Of several: how many each thing happens to."""

    @property
    def kind(self) -> str:
        """The last word of the type."""
        return self.type.rsplit(":", 1)[-1]


@dataclass(frozen=True)
class Box:
    """A component."""

    key: str
    name: str
    type: str
    op: Op
    parent: str | None = None


@dataclass(frozen=True)
class Edge:
    """From what is needed to what needs it."""

    source: str
    target: str
    owns: bool = False
    """Whether the first one is the second one's parent, and nothing is known to refer to it."""


@dataclass
class Graph:
    """Resources in components, and what refers to what."""

    nodes: dict[str, Node] = field(default_factory=dict)
    boxes: dict[str, Box] = field(default_factory=dict)
    edges: tuple[Edge, ...] = ()

    @property
    def items(self) -> "list[Node | Box]":
        """Components and resources."""
        return [*self.boxes.values(), *self.nodes.values()]

    @property
    def counts(self) -> dict[Op, int]:
        """How many resources each thing happens to."""
        found = _counts(self.nodes.values())
        return {op: found[op] for op in Op}

    def around(self, key: str) -> Iterator[str]:
        """Keys of the components that something stands in, from the inside."""
        found: Node | Box | None = self.nodes.get(key) or self.boxes.get(key)
        seen = {key}
        while found and found.parent and found.parent in self.boxes and found.parent not in seen:
            seen.add(found.parent)
            yield found.parent
            found = self.boxes[found.parent]

    @cached_property
    def depths(self) -> dict[str, int]:
        """How many components each component stands in."""
        return {key: sum(1 for _ in self.around(key)) for key in self.boxes}

    def used(self) -> "Graph":
        """Without components in which nothing stands."""
        full = {box for key in self.nodes for box in self.around(key)}
        return Graph(self.nodes, {key: box for key, box in self.boxes.items() if key in full}, self.edges)


def graph(steps: Iterable[Step], *, changes_only: bool = False) -> Graph:
    """The graph of a preview's steps. `changes_only`: without what stays as it is, but for the components around what does not."""
    steps = sorted(steps, key=lambda step: (step.urn, step.op))
    shown = _weightiest(steps)
    boxes = {urn: Box(urn, step.name, step.type, step.kind or Op.SAME, step.component) for urn, step in shown.items() if not step.custom}
    nodes = {urn: _node(step) for urn, step in shown.items() if step.custom and _is_shown(step)}
    for missing in sorted({node.parent for node in nodes.values() if node.parent} - shown.keys()):
        # A digest does not name what stays as it is.
        boxes[missing] = Box(missing, missing.rsplit("::", 1)[-1], _type(missing), Op.SAME)
    if changes_only:
        nodes = {urn: node for urn, node in nodes.items() if node.op is not Op.SAME}
    edges = {(edge.source, edge.target): edge for edge in _owning(nodes)}
    edges |= {(source, target): Edge(source, target) for source, target in _references(steps, nodes)}
    placed = {urn: replace(node, parent=_component(node.parent, shown)) for urn, node in nodes.items()}
    boxes = {urn: replace(box, parent=_component(box.parent, shown)) for urn, box in boxes.items()}
    return Graph(placed, boxes, tuple(edges[pair] for pair in sorted(edges))).used()


def collapsed(full: Graph, fits: Callable[[Graph], bool]) -> Graph:
    """The graph with as few resources put together as needed until it fits.

    First alike ones that stay as they are, then alike ones, then whole components, the inner ones first.
    """
    depths = sorted(set(full.depths.values()), reverse=True)
    ways: list[Callable[[], Graph]] = [
        lambda: full,
        lambda: _grouped(full, lambda node: node.op is Op.SAME),
        lambda: _grouped(full, lambda node: True),
        *(lambda depth=depth: _folded(full, depth, changed=False) for depth in depths),
        *(lambda depth=depth: _folded(full, depth, changed=True) for depth in depths),
        lambda: _grouped(_folded(full, 0, changed=True), lambda node: True, by_type=False),
    ]
    found = full
    for way in ways:
        found = way()
        if fits(found):
            return found
    return Graph(found.nodes, found.boxes)


def mermaid(steps: Iterable[Step], *, changes_only: bool = False) -> str:
    """The graph as Mermaid text, within what GitHub draws. See `commonground.preview.graphs.flowchart`."""
    from commonground.preview.graphs.flowchart import text

    return text(graph(steps, changes_only=changes_only))


def svg(steps: Iterable[Step], *, changes_only: bool = False, title: str = "Resources of a preview") -> str:
    """The graph as a self-contained SVG. See `commonground.preview.graphs.drawing`."""
    from commonground.preview.graphs.drawing import text

    return text(graph(steps, changes_only=changes_only), title)


def summed(counts: dict[Op, int]) -> str:
    """`2 to replace, 3 unchanged`; what there is none of is left out."""
    return ", ".join(f"{counts[op]} {WORDS[op]}" for op in WEIGHT if counts.get(op))


def _weightiest(steps: Sequence[Step]) -> dict[str, Step]:
    """The step of each resource that is shown."""
    found: dict[str, Step] = {}
    for step in steps:
        kind = step.kind
        before = found.get(step.urn)
        if kind is not None and step.type != STACK and (before is None or WEIGHT[kind] < WEIGHT[before.kind or Op.SAME]):
            found[step.urn] = step
    return found


def _is_shown(step: Step) -> bool:
    """Providers only where they change: everything stands on them."""
    return step.changes or not step.type.startswith(PROVIDERS)


def _node(step: Step) -> Node:
    told = [f"{len(step.diff)} propert{'y differs' if len(step.diff) == 1 else 'ies differ'}"] if step.diff else []
    told += ["protected"] if step.protect or step.protected else []
    told += ["protection goes"] if step.protects is False else []
    return Node(step.urn, step.name, step.type, step.kind or Op.SAME, step.component, detail=", ".join(told))


def _component(parent: str | None, shown: dict[str, Step]) -> str | None:
    """The component around something: a resource may be a parent too, and then its component is."""
    seen: set[str] = set()
    while parent and parent in shown and shown[parent].custom and parent not in seen:
        seen.add(parent)
        parent = shown[parent].component
    return parent


def _type(urn: str) -> str:
    return urn.split("::")[2].rsplit("$", 1)[-1] if urn.count("::") > 2 else ""


def _owning(nodes: dict[str, Node]) -> Iterator[Edge]:
    yield from (Edge(node.parent, urn, owns=True) for urn, node in nodes.items() if node.parent in nodes)


def _references(steps: Sequence[Step], nodes: dict[str, Node]) -> Iterator[tuple[str, str]]:
    """Pairs of resources of which the second one's inputs name the first one: by its id, its ARN, or another value that only it gives."""
    steps = [step for step in steps if step.urn in nodes]
    owners = _owners(steps)
    for step in steps:
        for key, word in {(key, word) for key, text in _properties([step.old, step.new]) for word in _words(text)}:
            owner = owners.get(word)
            if owner and owner != step.urn and (not PLAIN.fullmatch(word) or nodes[owner].kind.lower() in key.lower()):
                yield owner, step.urn


def _owners(steps: Sequence[Step]) -> dict[str, str]:
    """The resource that gives a value, by the value. Of an id that several have, it is the one whose ARN ends with it."""
    claims: dict[str, dict[str, int]] = {}
    for step in steps:
        inputs = set(_texts([step.old, step.new]))
        given = [*_texts([step.outputs.get(key) for key in step.outputs]), *_texts([step.was.get(key) for key in step.was])]
        arns = [text for text in given if text.startswith("arn:")]
        for value in {step.id, *given}:
            if len(value) < SHORTEST or value == MASK or value in UNKNOWN or (value in inputs and value != step.id):
                continue
            own = 0 if value.startswith("arn:") or any(arn.endswith(value) for arn in arns) else 1
            claim = claims.setdefault(value, {})
            claim[step.urn] = min(own, claim.get(step.urn, own))
    owners = {}
    for value, claim in claims.items():
        least = min(claim.values())
        best = [urn for urn, own in claim.items() if own == least]
        if len(best) == 1:
            owners[value] = best[0]
    return owners


def _properties(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Each text in a value, with the key that it stands under."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _properties(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _properties(inner, key)


def _words(text: str) -> Iterator[str]:
    yield text
    for word in WORD.findall(text):
        yield word
        yield AFTER_ARN.sub("", word)


def _texts(value: Any) -> Iterator[str]:
    yield from (text for _, text in _properties(value))


def _grouped(full: Graph, which: Callable[[Node], bool], *, by_type: bool = True) -> Graph:
    """Alike resources of one component as one."""
    groups: dict[tuple[str | None, str, Op], list[Node]] = {}
    for node in full.nodes.values():
        if which(node):
            groups.setdefault((node.parent, node.type if by_type else "", node.op), []).append(node)
    alias: dict[str, Node] = {}
    for (parent, type_, op), nodes in groups.items():
        if len(nodes) > 1:
            counts = _counts(nodes)
            number = sum(counts.values())
            name = f"{len(nodes)} of {nodes[0].kind}" if by_type else f"{number} resources"
            group = Node(f"{parent or ''}|{type_}|{op}", name, type_, op, parent, number, summed(counts) if number > len(nodes) else "", counts)
            alias |= {node.key: group for node in nodes}
    return _merged(full, alias)


def _folded(full: Graph, depth: int, *, changed: bool) -> Graph:
    """Components that stand as deep as this or deeper as one node each. `changed`: also those in which something changes."""
    inside: dict[str, list[Node]] = {}
    for key, node in full.nodes.items():
        for box in full.around(key):
            inside.setdefault(box, []).append(node)
    folds = {box for box, nodes in inside.items() if full.depths[box] >= depth and (changed or all(node.op is Op.SAME for node in nodes))}
    folded = {box: _fold(full.boxes[box], inside[box]) for box in sorted(folds)}
    outermost = {key: [box for box in full.around(key) if box in folds][-1:] for key in full.nodes}
    shown = _merged(full, {key: folded[box] for key, boxes in outermost.items() for box in boxes})
    return _grouped(shown, lambda node: changed or node.op is Op.SAME)


def _fold(box: Box, nodes: Sequence[Node]) -> Node:
    counts = _counts(nodes)
    op = min((node.op for node in nodes), key=lambda op: WEIGHT[op])
    return Node(box.key, box.name, box.type, op, box.parent, sum(counts.values()), summed(counts), counts)


def _counts(nodes: Iterable[Node]) -> Counter[Op]:
    """How many resources each thing happens to."""
    found: Counter[Op] = Counter()
    for node in nodes:
        found.update(node.counts or {node.op: node.count})
    return found


def _merged(full: Graph, alias: dict[str, Node]) -> Graph:
    """The graph with these nodes in the places of others."""
    nodes = {(put := alias.get(key, node)).key: put for key, node in full.nodes.items()}
    edges: dict[tuple[str, str], Edge] = {}
    for edge in full.edges:
        source, target = (alias[end].key if end in alias else end for end in (edge.source, edge.target))
        if source != target:
            before = edges.get((source, target))
            edges[source, target] = Edge(source, target, edge.owns and (before is None or before.owns))
    boxes = {key: box for key, box in full.boxes.items() if key not in nodes}
    return Graph(nodes, boxes, tuple(edges[pair] for pair in sorted(edges))).used()
