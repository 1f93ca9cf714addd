"""What a user sees while a run goes on."""

import io

import pytest
from rich.console import Console

from commonground.engine import progress
from commonground.engine.progress import Lines
from commonground.engine.steps import Step
from commonground.engine.tree import LiveTree

STACK = "urn:pulumi:dev::p::pulumi:pulumi:Stack::p-dev"
NETWORK = "urn:pulumi:dev::p::commonground:network:Network::network"


def vpc(op: str = "create") -> Step:
    return Step(op, "urn:pulumi:dev::p::commonground:network:Network$aws:ec2/vpc:Vpc::vpc", "aws:ec2/vpc:Vpc", parent=NETWORK, custom=True)


def network(op: str = "create") -> Step:
    return Step(op, NETWORK, "commonground:network:Network", parent=STACK)


def lines(steps: list[tuple[str, Step]], phase: str = "up") -> str:
    stream = io.StringIO()
    shown = Lines("dev", lambda question: True, stream)
    shown.phase(phase)
    for kind, step in steps:
        getattr(shown, kind)(step)
    return stream.getvalue()


def test_lines_name_what_was_made_and_not_what_stayed_or_what_nobody_makes() -> None:
    text = lines([("begin", network()), ("begin", vpc()), ("end", vpc()), ("end", network()), ("begin", vpc("same")), ("end", vpc("same"))])
    assert text.splitlines() == ["dev: provisioning", "  created vpc (aws:ec2/vpc:Vpc), 0.0 s"]


def test_lines_say_at_once_what_failed() -> None:
    assert "  failed: creating vpc (aws:ec2/vpc:Vpc)" in lines([("begin", vpc()), ("fail", vpc())])


def test_a_preview_has_no_line_a_resource() -> None:
    assert lines([("begin", vpc()), ("end", vpc())], "preview") == "dev: previewing\n"


def test_what_takes_long_gives_signs_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_SIGNS_OF_LIFE", 0.05)
    stream = io.StringIO()
    with Lines("dev", lambda question: True, stream) as shown:
        shown.phase("up")
        shown.begin(vpc())
        shown._over.wait(0.3)
    assert "  still creating vpc (aws:ec2/vpc:Vpc), 0 s" in stream.getvalue()


def test_the_tree_shows_what_is_going_on_under_its_component_and_how_much_is_done() -> None:
    tree = LiveTree("dev", lambda question: True)
    tree._console = Console(file=io.StringIO())
    with tree:
        tree.phase("preview")
        for step in (network(), vpc()):
            tree.begin(step)
            tree.end(step)
        tree.phase("up")
        tree.begin(network())
        tree.begin(vpc())
        console = Console(width=100, file=io.StringIO(), record=True)
        console.print(tree._draw())
        going = console.export_text()
        tree.end(vpc())
        console.print(tree._draw())
        done = console.export_text()
    assert "dev: provisioning 0 of 1, 0 s" in going
    assert "network 0 of 1\n    └── creating vpc (aws:ec2/vpc:Vpc), 0 s" in going
    assert "network 1 of 1" in done
    assert "creating" not in done


def test_the_tree_counts_the_same_when_what_is_inside_goes_before_its_component() -> None:
    outer = "urn:pulumi:dev::p::commonground:foundation:Foundation::foundation"
    foundation = Step("delete", outer, "commonground:foundation:Foundation", parent=STACK)
    inner = Step("delete", NETWORK, "commonground:network:Network", parent=outer)
    tree = LiveTree("dev", lambda question: True)
    tree._console = Console(file=io.StringIO())
    with tree:
        for phase in ("preview", "destroy"):
            tree.phase(phase)
            for step in (vpc("delete"), inner, foundation):
                tree.begin(step)
                tree.end(step)
        console = Console(width=100, file=io.StringIO(), record=True)
        console.print(tree._draw())
        shown = console.export_text()
    assert "foundation 1 of 1\n    └── network 1 of 1" in shown
