"""The tree of components in a terminal: what is going on, how much is done, how long it has taken."""

import time
from collections import Counter

from rich.console import Console
from rich.live import Live
from rich.text import Text
from rich.tree import Tree

from commonground.engine.progress import DOING, TITLES, Confirm, Lines
from commonground.engine.steps import STACK, Step

REFRESHES_A_SECOND = 8


class LiveTree(Lines):
    """Shows a run as a tree that is redrawn in place; what is said stays above it."""

    def __init__(self, environment: str, confirm: Confirm) -> None:
        super().__init__(environment, confirm)
        self._console = Console(stderr=True)
        self._live: Live | None = None
        self._parents: dict[str, str | None] = {}
        self._done: Counter[str] = Counter()
        """How many resources are done, by the component that they stand in; the empty one: the program itself."""
        self._all: Counter[str] = Counter()
        self._failed: dict[str, Step] = {}

    def __exit__(self, *error: object) -> None:
        self._stop()
        super().__exit__(*error)

    def phase(self, name: str) -> None:
        """A part of the run begins: with a tree of its own."""
        self._stop()
        with self._lock:
            if name != "preview":  # what the preview counted is what there is to do
                self._all, self._done = self._done, Counter()
            self._open.clear()
            self._failed.clear()
        self._phase, self._began = name, time.monotonic()
        self._live = Live(get_renderable=self._draw, console=self._console, refresh_per_second=REFRESHES_A_SECOND, transient=True)
        self._live.start()

    def begin(self, step: Step) -> None:
        """The engine begins with a resource."""
        with self._lock:
            self._parents[step.urn] = step.component
        super().begin(step)

    def end(self, step: Step) -> None:
        """It is done with it."""
        self._took(step)
        with self._lock:
            if step.custom:
                self._done[step.component or ""] += 1

    def fail(self, step: Step) -> None:
        """It could not do it."""
        self._took(step)
        with self._lock:
            self._failed[step.urn] = step

    def ask(self, preview: tuple[Step, ...]) -> bool:
        """Shows what a preview said, and asks."""
        self._stop()
        return super().ask(preview)

    def finish(self) -> None:
        """How long all of it took."""
        self._stop()
        super().finish()

    def _line(self, text: str) -> None:
        self._console.print(Text(text))

    def _stop(self) -> None:
        if self._live:
            self._live.stop()
            self._live = None

    def _sum(self, counts: Counter[str], urn: str) -> int:
        """Of a component and all beneath it; the empty one: of everything. Counted when it is shown: a deletion tells of a component after what is in it."""
        return sum(number for component, number in counts.items() if not urn or urn in self._around(component))

    def _around(self, component: str | None) -> list[str]:
        found = []
        while component:
            found.append(component)
            component = self._parents.get(component)
        return found

    def _draw(self) -> Tree:
        now = time.monotonic()
        with self._lock:
            tree = Tree(Text(f"{self.environment}: {TITLES.get(self._phase, self._phase)} {self._counted('')}, {now - self._began:.0f} s", style="bold"))
            nodes: dict[str, Tree] = {}
            for component in [urn for urn in self._done if urn]:
                self._node(component, tree, nodes)
            for step, since in list(self._open.values()):
                if step.custom and step.op in DOING and step.type != STACK:
                    branch = self._node(step.component, tree, nodes) if step.component else tree
                    branch.add(Text(f"{DOING[step.op]} {step.name} ({step.type}), {now - since:.0f} s", style="cyan"))
            for step in self._failed.values():
                branch = self._node(step.component, tree, nodes) if step.component else tree
                branch.add(Text(f"failed: {step.name} ({step.type})", style="red"))
        return tree

    def _node(self, urn: str, tree: Tree, nodes: dict[str, Tree]) -> Tree:
        if urn not in nodes:
            parent = self._parents.get(urn)
            branch = self._node(parent, tree, nodes) if parent else tree
            nodes[urn] = branch.add(Text(f"{urn.rsplit('::', 1)[-1]} {self._counted(urn)}"))
        return nodes[urn]

    def _counted(self, urn: str) -> str:
        done, everything = self._sum(self._done, urn), self._sum(self._all, urn)
        return f"{done} of {everything}" if everything else str(done)
