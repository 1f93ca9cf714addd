"""A graph as one SVG file: components as boxes, and in each of them what is needed left of what needs it.

networkx gives the order (cycles as one, layers, what a longer way says already): pure Python, kept well, and in use already (by moto's cfn-lint). It places
nothing: its own layouts know no boxes, and what does (Graphviz) is no Python. So the places are made here, of whole numbers: the same bytes each time.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape

import networkx as nx

from commonground.engine.steps import Op
from commonground.preview.graphs.graph import SIGNS, WORDS, Box, Edge, Graph, Node, collapsed, summed

MOST_NODES = 500
"""More than so many nobody reads: components are put together."""
CHARACTER, LETTERS = 7, 34
"""Width of a character, and how many are shown of a name."""
NODE_HEIGHT, GAP, COLUMN_GAP, PADDING, HEAD = 40, 10, 44, 14, 26
LEGEND = 34
SHORT, NARROW = 300, 700
"""Columns and rows may be as long as this at least before they go on in another one; more in a large component, so that it is about as high as it is wide."""
NAMES = {Op.CREATE: "create", Op.UPDATE: "change", Op.REPLACE: "replace", Op.DELETE: "delete", Op.SAME: "same"}
TIP = '<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="tip" d="M0 0L8 4L0 8z"/></marker>'
NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
STYLE = """
:root { --page: #ffffff; --ink: #1f2328; --soft: #59636e; --line: #8c959f; --box: #f6f8fa; --edge: #d1d9e0;
  --create: #d8f5df; --create-line: #1a7f37; --change: #fff1c2; --change-line: #9a6700; --replace: #f3e3ff; --replace-line: #8250df;
  --delete: #ffe1de; --delete-line: #cf222e; --same: #ffffff; --same-line: #b6bfc8; }
@media (prefers-color-scheme: dark) { :root { --page: #0d1117; --ink: #e6edf3; --soft: #9198a1; --line: #848d97; --box: #151b23; --edge: #3d444d;
  --create: #12331d; --create-line: #3fb950; --change: #3b2d0a; --change-line: #d29922; --replace: #2f1f4d; --replace-line: #ab7df8;
  --delete: #47191d; --delete-line: #f85149; --same: #0d1117; --same-line: #4a525b; } }
text { font: 12px ui-sans-serif, system-ui, "DejaVu Sans", sans-serif; fill: var(--ink); }
.page { fill: var(--page); } .box { fill: var(--box); stroke: var(--edge); } .head { font-weight: 600; } .kind, .legend { fill: var(--soft); font-size: 11px; }
.edge { fill: none; stroke: var(--line); stroke-opacity: 0.55; } .owns { stroke-dasharray: 3 3; }
.edge:hover { stroke: var(--ink); stroke-opacity: 1; stroke-width: 2; }
.tip { fill: var(--line); } .node rect { stroke-width: 1.2; } .replace rect { stroke-width: 2.4; } .delete rect { stroke-dasharray: 5 3; }
""" + "\n".join(
    f".{name} rect {{ fill: var(--{name}); stroke: var(--{name}-line); }} .{name} .sign {{ fill: var(--{name}-line); font-weight: 700; }}"
    for name in NAMES.values()
)


@dataclass
class Placed:
    """A node or a component where it is drawn, relative to what it stands in."""

    item: Node | Box | None
    width: int
    height: int
    x: int = 0
    y: int = 0
    inside: list["Placed"] = field(default_factory=list)


def text(full: Graph, title: str) -> str:
    """The graph, with components put together as far as needed."""
    shown = collapsed(full, lambda graph: len(graph.nodes) <= MOST_NODES)
    return "".join(f"{line}\n" for line in _lines(shown, full, title))


def _lines(shown: Graph, full: Graph, title: str) -> Iterator[str]:
    root = _Layout(shown).root()
    width, height = max(root.width, 420), root.height + LEGEND
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">'
    yield f"<title>{_safe(title)}: {summed(full.counts) or 'nothing to show'}</title>"
    yield f"<style>{STYLE}</style>"
    yield f"<defs>{TIP}</defs>"
    yield f'<rect class="page" width="{width}" height="{height}"/>'
    yield from _legend(shown, full)
    drawn, places = [], {}
    for line, key, place in _drawn(root, 0, LEGEND):
        drawn.append(line)
        if key is not None:
            places[key] = place
    boxes = [line for line in drawn if line.startswith('<g class="component"')]
    yield from boxes
    yield from (_edge(edge, places, shown) for edge in shown.edges)
    yield from (line for line in drawn if not line.startswith('<g class="component"'))
    yield "</svg>"


def _legend(shown: Graph, full: Graph) -> Iterator[str]:
    x = PADDING
    for op, name in NAMES.items():
        if number := full.counts[op]:
            words = f"{number} {WORDS[op]}"
            yield f'<g class="node {name}"><rect x="{x}" y="11" width="14" height="14" rx="3"/><text class="legend" x="{x + 20}" y="22">{words}</text></g>'
            x += 34 + len(words) * CHARACTER
    if len(shown.nodes) < len(full.nodes):
        yield f'<text class="legend" x="{x}" y="22">({len(full.nodes)} are drawn as {len(shown.nodes)})</text>'


def _drawn(placed: Placed, x: int, y: int) -> Iterator[tuple[str, str | None, tuple[int, int, int, int]]]:
    """Lines of SVG, each with the key of what it draws and its place: left, top, width, height."""
    x, y = x + placed.x, y + placed.y
    place = (x, y, placed.width, placed.height)
    if isinstance(placed.item, Node):
        yield _node(placed.item, *place), placed.item.key, place
    elif placed.item is not None:
        yield _component(placed.item, *place), placed.item.key, place
    for inner in placed.inside:
        yield from _drawn(inner, x, y)


def _node(node: Node, x: int, y: int, width: int, height: int) -> str:
    sign = f'<tspan class="sign">{escape(SIGNS[node.op])} </tspan>' if SIGNS[node.op] else ""
    told = ", ".join(part for part in (f"{node.name} ({node.type})" if node.type else node.name, WORDS[node.op], node.detail) if part)
    below = node.detail if node.count > 1 and node.detail else node.kind
    return (
        f'<g class="node {NAMES[node.op]}"><title>{_safe(told)}</title><rect x="{x}" y="{y}" width="{width}" height="{height}" rx="6"/>'
        f'<text x="{x + 10}" y="{y + 17}">{sign}{_safe(_short(node.name))}</text><text class="kind" x="{x + 10}" y="{y + 32}">{_safe(_short(below))}</text></g>'
    )


def _component(box: Box, x: int, y: int, width: int, height: int) -> str:
    kind = box.type.rsplit(":", 1)[-1]
    return (
        f'<g class="component"><title>{_safe(f"{box.name} ({box.type})")}</title><rect class="box" x="{x}" y="{y}" width="{width}" height="{height}" rx="8"/>'
        f'<text x="{x + 10}" y="{y + 18}"><tspan class="head">{_safe(_short(box.name))}</tspan><tspan class="kind"> {_safe(_short(kind))}</tspan></text></g>'
    )


def _edge(edge: Edge, places: dict[str, tuple[int, int, int, int]], shown: Graph) -> str:
    (x1, y1, width, height), (x2, y2, _, other) = places[edge.source], places[edge.target]
    x1, y1, y2 = x1 + width, y1 + height // 2, y2 + other // 2
    bend = max(24, abs(x2 - x1) // 2) if x2 >= x1 else 60
    names = f"{shown.nodes[edge.source].name} → {shown.nodes[edge.target].name}"
    owns = " owns" if edge.owns else ""
    return f'<path class="edge{owns}" marker-end="url(#tip)" d="M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}"><title>{_safe(names)}</title></path>'


class _Layout:
    """Places everything, from the innermost component outwards."""

    def __init__(self, shown: Graph) -> None:
        self._shown = shown
        self._members: dict[str | None, list[Node | Box]] = {}
        for item in shown.items:
            self._members.setdefault(item.parent if item.parent in shown.boxes else None, []).append(item)
        self._edges = self._by_component()

    def root(self) -> Placed:
        """All of it."""
        placed = self._component(None)
        placed.item = None
        return placed

    def _component(self, key: str | None) -> Placed:
        items = sorted(self._members.get(key, []), key=lambda item: (item.name, item.type, item.key))
        inside = {item.key: self._item(item) for item in items}
        area = sum((placed.width + COLUMN_GAP) * (placed.height + GAP) for placed in inside.values())
        columns = [part for column in self._columns(list(inside), self._edges.get(key, [])) for part in _cut(column, inside, math.isqrt(area * 3 // 5))]
        right, bottom = _flow(columns, inside, HEAD if key else 0, math.isqrt(area * 5 // 2))
        box = self._shown.boxes[key] if key else None
        titled = _width(f"{box.name} {box.type.rsplit(':', 1)[-1]}") if box else 0
        return Placed(box, max(right + PADDING, titled), bottom + PADDING, inside=list(inside.values()))

    def _item(self, item: Node | Box) -> Placed:
        if isinstance(item, Box):
            return self._component(item.key)
        below = item.detail if item.count > 1 and item.detail else item.kind
        return Placed(item, max(_width(f"{SIGNS[item.op]} {_short(item.name)}"), _width(_short(below)) - CHARACTER), NODE_HEIGHT)

    def _by_component(self) -> dict[str | None, list[tuple[str, str]]]:
        """Pairs of members of each component of which one needs the other, or something in it does."""
        found: dict[str | None, list[tuple[str, str]]] = {}
        for edge in self._shown.edges:
            source, target = ([*reversed([*self._shown.around(end)]), end] for end in (edge.source, edge.target))
            place = next((place for place, (one, other) in enumerate(zip(source, target, strict=False)) if one != other), None)
            if place is not None:
                found.setdefault(source[place - 1] if place else None, []).append((source[place], target[place]))
        return found

    def _columns(self, keys: Sequence[str], edges: Sequence[tuple[str, str]]) -> Iterator[list[str]]:
        """Members in columns: what is needed before what needs it; what needs nothing and is not needed comes last."""
        joined: nx.DiGraph[str] = nx.DiGraph()
        joined.add_edges_from(sorted(set(edges)))
        alone = [key for key in keys if key not in joined]
        order = {key: place for place, key in enumerate(keys)}
        rings = nx.condensation(joined)
        before: dict[str, int] = {}
        for layer in nx.topological_generations(rings):
            column = [key for ring in layer for key in rings.nodes[ring]["members"]]
            column.sort(key=lambda key: (_middle([before[other] for other in joined.predecessors(key) if other in before]), order[key]))
            before |= {key: place * 100 // len(column) for place, key in enumerate(column)}
            yield column
        if alone:
            yield alone


def _cut(column: Sequence[str], inside: dict[str, Placed], tallest: int) -> Iterator[list[str]]:
    """A column in parts that are not too tall, the parts about as tall as each other."""
    total = sum(inside[key].height + GAP for key in column)
    parts = -(-total // max(tallest, SHORT))
    part: list[str] = []
    height = 0
    for key in column:
        if part and height + inside[key].height > total // parts + NODE_HEIGHT:
            yield part
            part, height = [], 0
        part.append(key)
        height += inside[key].height + GAP
    yield part


def _flow(columns: Sequence[Sequence[str]], inside: dict[str, Placed], head: int, widest: int) -> tuple[int, int]:
    """Places columns from left to right, in rows that are not too wide. Returns how far they reach to the right and down."""
    x, top, right, bottom = PADDING, PADDING + head, PADDING, PADDING + head
    for column in columns:
        width = max(inside[key].width for key in column)
        if x > PADDING and x + width > max(widest, NARROW):
            x, top = PADDING, bottom + 2 * GAP
        y = top
        for key in column:
            inside[key].x, inside[key].y = x, y
            y += inside[key].height + GAP
        right, bottom = max(right, x + width), max(bottom, y - GAP)
        x += width + COLUMN_GAP
    return right, bottom


def _middle(places: Sequence[int]) -> int:
    return sum(places) // len(places) if places else 0


def _width(words: str) -> int:
    return len(words) * CHARACTER + 26


def _short(words: str) -> str:
    return words if len(words) <= LETTERS else words[: LETTERS - 1] + "…"


def _safe(words: str) -> str:
    return escape(NOT_XML.sub("�", words))
