"""A graph as Mermaid text. GitHub draws at most 50,000 characters and 500 edges (mermaid, `maxTextSize` and `maxEdges`, which a diagram cannot raise there)."""

import re
from collections.abc import Iterator

from commonground.engine.steps import Op
from commonground.preview.graphs.graph import SIGNS, Box, Edge, Graph, Node, collapsed, summed

MOST_CHARACTERS, MOST_EDGES = 50_000, 500
# Each class has its text's colour too: a diagram is drawn on light pages and on dark ones.
CLASSES = {
    Op.CREATE: ("create", "fill:#d8f5df,stroke:#1a7f37,color:#0b3d1a"),
    Op.UPDATE: ("change", "fill:#fff1c2,stroke:#9a6700,color:#4a3200"),
    Op.REPLACE: ("replace", "fill:#f3d9ff,stroke:#8250df,color:#3d1a78,stroke-width:3px"),
    Op.DELETE: ("delete", "fill:#ffdcd9,stroke:#cf222e,color:#6e0c14,stroke-dasharray:5 3"),
    Op.SAME: ("same", "fill:#f0f2f4,stroke:#8c959f,color:#32383f"),
}
# What Mermaid or HTML would read as its own, as entity codes (mermaid, "Entity codes to escape characters").
ESCAPED = str.maketrans({character: f"#{ord(character)};" for character in '#"<>&`;|[]{}()\\*_~$@%^'})
# What begins a list in Markdown, which a label must not.
LIST = re.compile(r"\A(\d*)([-+.])")
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
LEAST = 20
"""So many characters a node takes at least."""
LONGEST = 60
"""So many characters of a name are shown."""


def text(full: Graph) -> str:
    """The graph, with components put together as far as needed."""
    return _text(collapsed(full, lambda graph: _fits(graph, full)), full)


def _fits(shown: Graph, full: Graph) -> bool:
    few = len(shown.edges) <= MOST_EDGES and len(shown.nodes) * LEAST <= MOST_CHARACTERS
    return few and len(_text(shown, full)) <= MOST_CHARACTERS


def _text(shown: Graph, full: Graph) -> str:
    return "".join(f"{line}\n" for line in _lines(shown, full))


def _lines(shown: Graph, full: Graph) -> Iterator[str]:
    number = sum(full.counts.values())
    yield f"%% {number} resource{'' if number == 1 else 's'}: {summed(full.counts) or 'none'}"
    if len(shown.nodes) < len(full.nodes):
        yield f"%% {len(full.nodes) - len(shown.nodes)} of them are not drawn each for itself: there are too many"
    if len(shown.edges) < len(full.edges) and not shown.edges:
        yield f"%% {len(full.edges)} references are not drawn: there are too many"
    yield "flowchart LR"
    if not full.nodes:
        yield '  none["nothing to show"]'
    ids = {key: f"n{place}" for place, key in enumerate([*shown.boxes, *shown.nodes])}
    members: dict[str | None, list[Box | Node]] = {}
    for item in shown.items:
        inside = item.parent if item.parent in shown.boxes else None
        members.setdefault(inside, []).append(item)
    yield from _members(None, members, ids, 1)
    yield from (f"  {ids[edge.source]} {_arrow(edge)} {ids[edge.target]}" for edge in shown.edges)
    for op, (name, style) in CLASSES.items():
        if found := [ids[node.key] for node in shown.nodes.values() if node.op is op]:
            yield f"  classDef {name} {style}"
            yield f"  class {','.join(found)} {name}"


def _members(box: str | None, members: dict[str | None, list[Box | Node]], ids: dict[str, str], depth: int) -> Iterator[str]:
    indent = "  " * depth
    for item in sorted(members.get(box, []), key=lambda item: (item.name, item.type, item.key)):
        if isinstance(item, Node):
            yield f'{indent}{ids[item.key]}["{_label(item)}"]'
        else:
            yield f'{indent}subgraph {ids[item.key]}["{_escaped(item.name)} ({_escaped(item.type.rsplit(":", 1)[-1])})"]'
            yield from _members(item.key, members, ids, depth + 1)
            yield f"{indent}end"


def _label(node: Node) -> str:
    sign = f"{SIGNS[node.op]} " if SIGNS[node.op] else ""
    below = node.detail if node.count > 1 and node.detail else "" if node.count > 1 else node.kind
    return _escaped(f"{sign}{node.name}") + (f"<br/>{_escaped(below)}" if below else "")


def _arrow(edge: Edge) -> str:
    return "-.->" if edge.owns else "-->"


def _escaped(words: str) -> str:
    words = UNPRINTABLE.sub(" ", words).strip()
    words = (words if len(words) <= LONGEST else words[: LONGEST - 1] + "…").translate(ESCAPED)
    return LIST.sub(lambda found: f"{found[1]}#{ord(found[2])};", words)
