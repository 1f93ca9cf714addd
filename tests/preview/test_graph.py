"""The resource graph of a preview: what stands where, what refers to what, within what GitHub draws, as Mermaid and as SVG."""

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from tests.preview.logs import log, widened

from commonground.engine.steps import Op, Step
from commonground.preview.graphs.flowchart import MOST_CHARACTERS, MOST_EDGES
from commonground.preview.graphs.graph import Graph, graph, mermaid, svg
from commonground.preview.recorded.events import read

STACK = "urn:pulumi:dev::example::pulumi:pulumi:Stack::example-dev"
SVG = "{http://www.w3.org/2000/svg}"


def component(name: str, parent: str = STACK, op: str = "same") -> Step:
    return Step(op, f"urn:pulumi:dev::example::example:index:Part::{name}", "example:index:Part", parent)


def thing(name: str, parent: str = STACK, op: str = "same", type_: str = "aws:test/thing:Thing", **more: object) -> Step:
    known = {"arn": f"arn:aws:test:::thing/{name}"} if op != "create" else {}
    return Step(op, f"urn:pulumi:dev::example::{type_}::{name}", type_, parent, custom=True, id=f"id-of-{name}", outputs=known, **more)  # type: ignore[arg-type]


def names(found: Graph) -> set[tuple[str, str]]:
    """Pairs of names, what is needed first."""
    return {(found.nodes[edge.source].name, found.nodes[edge.target].name) for edge in found.edges}


def recorded(name: str) -> tuple[Step, ...]:
    return read(log(name)).steps


def many(number: int, op: str = "create") -> list[Step]:
    """Components with ten resources each, each of which needs the one before."""
    steps = [component(f"part-{place}") for place in range(number // 10)]
    for place in range(number):
        steps.append(thing(f"thing-{place}", steps[place // 10].urn, op, new={"before": f"id-of-thing-{place - 1}"}))
    return steps


@pytest.mark.parametrize("form", ["events.jsonl", "digest.json"])
def test_a_resource_needs_what_its_inputs_name(form: str) -> None:
    """Also where what they name is replaced, and so not known any more."""
    found = graph(recorded(f"replacement-chain.{form}"))
    assert names(found) == {
        ("vpc", "internet"),
        ("vpc", "public"),
        ("vpc", "public-a"),
        ("vpc", "public-b"),
        ("internet", "default"),
        ("public", "default"),
        ("public", "public-a"),
        ("public", "public-b"),
        ("public-a", "public-a"),
        ("public-b", "public-b"),
    }
    assert {node.op for node in found.nodes.values()} == {Op.REPLACE, Op.UPDATE}


@pytest.mark.parametrize(
    "text", ["id-of-one", "arn:aws:test:::thing/one", "arn:aws:test:::thing/one/*", '{"Resource": ["arn:aws:test:::thing/one"]}', "see id-of-one for more"]
)
def test_a_name_inside_a_text_is_a_reference(text: str) -> None:
    assert names(graph([thing("one"), thing("two", new={"it": [{"deep": text}]})])) == {("one", "two")}


@pytest.mark.parametrize("text", ["id-of-one-more", "id-of-on", "one", "[secret]", "04da6b54-80e4-46f7-96ec-b56ff0331ba9"])
def test_a_part_of_a_name_is_none(text: str) -> None:
    assert graph([thing("one"), thing("two", new={"it": text})]).edges == ()


@pytest.mark.parametrize(("key", "needed"), [("namespace", True), ("team", False)])
def test_a_plain_word_names_a_resource_only_where_its_key_says_so(key: str, needed: bool) -> None:
    namespace = thing("payments", type_="kubernetes:core/v1:Namespace")
    namespace = Step("same", namespace.urn, namespace.type, STACK, custom=True, id="payments")
    found = graph([namespace, thing("quota", new={"metadata": {key: "payments"}})])
    assert bool(found.edges) is needed


def test_an_id_that_several_have_is_that_of_the_one_whose_arn_it_is_part_of() -> None:
    """A bucket's settings have the bucket's name as their id."""
    bucket = Step("same", f"{STACK}-bucket", "aws:s3/bucket:Bucket", STACK, custom=True, id="b-1a2b3c", outputs={"arn": "arn:aws:s3:::b-1a2b3c"})
    settings = [thing(name, new={"bucket": "b-1a2b3c"}) for name in ("versioning", "policy")]
    settings = [Step("same", step.urn, step.type, STACK, custom=True, id="b-1a2b3c", new=step.new) for step in settings]
    assert {edge.source for edge in graph([bucket, *settings]).edges} == {bucket.urn}
    assert len(graph([bucket, *settings]).edges) == 2


def test_a_resource_that_is_a_parent_is_joined_by_a_dotted_line() -> None:
    parent = thing("one")
    found = graph([component("part"), thing("one", component("part").urn), thing("two", parent.urn)])
    (edge,) = found.edges
    assert edge.owns
    assert found.nodes[edge.target].parent == component("part").urn, "both stand in the component"
    assert "-.->" in mermaid([parent, thing("two", parent.urn)])


def test_changes_only_leaves_out_what_stays_and_components_without_a_change() -> None:
    steps = [component("quiet"), component("busy"), thing("one", component("quiet").urn), thing("two", component("busy").urn, "update"), thing("three")]
    found = graph(steps, changes_only=True)
    assert [node.name for node in found.nodes.values()] == ["two"]
    assert [box.name for box in found.boxes.values()] == ["busy"]


def test_an_unchanged_provider_is_not_drawn_and_a_changed_one_is() -> None:
    drawn = [
        name for op in ("same", "update") for node in graph([thing("aws", op=op, type_="pulumi:providers:aws")]).nodes.values() for name in [op + node.name]
    ]
    assert drawn == ["updateaws"]


def test_a_component_that_a_digest_does_not_name_is_drawn_all_the_same() -> None:
    (box,) = graph(recorded("protected-deletion.digest.json")).boxes.values()
    assert (box.name, box.type) == ("data", "example:index:Storage")


def test_mermaid_nests_components_and_says_what_happens_in_words_signs_and_colour() -> None:
    text = mermaid([component("outer"), component("inner", component("outer").urn), thing("one", component("inner").urn, "replace"), thing("two", op="delete")])
    assert text == (
        "%% 2 resources: 1 to replace, 1 to delete\n"
        "flowchart LR\n"
        '  subgraph n1["outer (Part)"]\n'
        '    subgraph n0["inner (Part)"]\n'
        '      n2["± one<br/>Thing"]\n'
        "    end\n"
        "  end\n"
        '  n3["#45; two<br/>Thing"]\n'
        "  classDef replace fill:#f3d9ff,stroke:#8250df,color:#3d1a78,stroke-width:3px\n"
        "  class n2 replace\n"
        "  classDef delete fill:#ffdcd9,stroke:#cf222e,color:#6e0c14,stroke-dasharray:5 3\n"
        "  class n3 delete\n"
    )


HOSTILE = [
    'end"]; click n0 call alert()',
    "<script>alert(1)</script>",
    "a`b`|c|{d}(e)[f]",
    "#quot;",
    "line\nbreak\u2028and\x00nul",
    "]]>&amp;",
    "%%{init: {}}%%",
    "-->",
    "x" * 500,
]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_ends_its_label(name: str) -> None:
    for text in (mermaid([thing(name)]), mermaid([component(name), thing("one", component(name).urn)])):
        labels = re.findall(r'\["(.*)"\]', text)
        assert all(re.fullmatch(r"(?:[\w ,.:/'!?=+±…-]|#\d+;|<br/>)*( \(\w+\))?", label) for label in labels), labels
        assert len(text.splitlines()) == len(mermaid([thing("plain")]).splitlines()) + 2 * ("subgraph" in text)


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_is_markup_of_an_svg(name: str) -> None:
    root = ET.fromstring(svg([component(name), thing(name, component(name).urn, "create")], title=name))
    assert not list(root.iter(f"{SVG}script"))
    assert {child.tag.removeprefix(SVG) for child in root.iter()} <= {"svg", "title", "style", "defs", "marker", "path", "rect", "g", "text", "tspan"}


@pytest.mark.parametrize(("number", "op"), [(100, "create"), (2_000, "create"), (2_000, "same"), (5_000, "update")])
def test_mermaid_stays_within_what_github_draws_and_counts_every_resource(number: int, op: str) -> None:
    text = mermaid(many(number, op))
    assert len(text) <= MOST_CHARACTERS
    assert len(re.findall(r"-->|-\.->", text)) <= MOST_EDGES
    assert text.startswith(f"%% {number} resources: {number} ")
    if number > 100:
        counts = [int(count) for count in re.findall(r'\["(?:[^"\s]+ )?(?:part-\d+<br/>)?(\d+) (?:of|to|unchanged|resources)', text)]
        assert sum(counts) == number
        assert "are not drawn each for itself" in text


def test_what_does_not_change_is_put_together_before_what_does() -> None:
    steps = [*many(2_000, "same"), thing("odd", component("part-3").urn, "replace", new={"before": "id-of-thing-7"})]
    text = mermaid(steps)
    assert "± odd<br/>Thing" in text


def test_resources_outside_of_any_component_are_put_together_too() -> None:
    text = mermaid([thing(f"thing-{place}", op="create", new={"it": "x" * 100}) for place in range(3_000)])
    assert "3000 of Thing" in text


def test_a_graph_that_is_a_ring_is_drawn() -> None:
    steps = [thing("one", new={"it": "id-of-two"}), thing("two", new={"it": "id-of-one"})]
    assert names(graph(steps)) == {("one", "two"), ("two", "one")}
    ET.fromstring(svg(steps))


def test_components_that_are_each_others_parents_end() -> None:
    one, two = component("one", component("two").urn), component("two", component("one").urn)
    text = mermaid([one, two, thing("lost", one.urn)])
    assert text.startswith("%% 1 resource: 1 unchanged")


def places(text: str) -> dict[str, tuple[int, int, int, int]]:
    """Left, top, right, bottom of what is drawn, by its tooltip."""
    found = {}
    for group in ET.fromstring(text).iter(f"{SVG}g"):
        title, box = group.find(f"{SVG}title"), group.find(f"{SVG}rect")
        if title is not None and box is not None:
            x, y, width, height = (int(box.attrib[key]) for key in ("x", "y", "width", "height"))
            found[str(title.text)] = (x, y, x + width, y + height)
    return found


def test_an_svg_places_nothing_on_anything_else_and_everything_in_its_component() -> None:
    drawn = places(svg(recorded("first-preview.events.jsonl")))
    (box,) = [place for name, place in drawn.items() if name == "site (example:index:Network)"]
    inner = [place for name, place in drawn.items() if "aws:ec2" in name]
    assert len(inner) == 8
    assert all(box[0] <= left and box[1] <= top and right <= box[2] and bottom <= box[3] for left, top, right, bottom in inner)
    apart = [one[2] <= two[0] or two[2] <= one[0] or one[3] <= two[1] or two[3] <= one[1] for one in inner for two in inner if one is not two]
    assert all(apart)


def test_an_svg_has_what_is_needed_left_of_what_needs_it() -> None:
    drawn = places(svg(recorded("replacement-chain.events.jsonl")))
    vpc, route = (next(place for name, place in drawn.items() if kind in name) for kind in (":Vpc)", ":Route)"))
    assert vpc[2] < route[0]


def test_a_tooltip_says_type_operation_and_protection() -> None:
    assert "reports (aws:s3/bucket:Bucket), to delete, protected" in places(svg(recorded("protected-deletion.events.jsonl")))
    assert "reports (aws:s3/bucket:Bucket), to change, protected, protection goes" in places(svg(recorded("protection-lifted.events.jsonl")))


def test_an_svg_needs_nothing_else_and_is_light_or_dark() -> None:
    text = svg(recorded("first-preview.events.jsonl"))
    assert not re.search(r'href|src=|@import|url\((?!#tip\))|https?://(?!www\.w3\.org/2000/svg")', text)
    assert "prefers-color-scheme: dark" in text


def test_hundreds_of_alike_resources_are_one_node_of_an_svg(tmp_path: Path) -> None:
    text = svg(read(widened(tmp_path, 800)).steps)
    assert len(re.findall('<g class="node ', text)) < 520
    assert "801 to change" in text


def test_an_empty_preview_is_a_graph_that_says_so() -> None:
    assert 'none["nothing to show"]' in mermaid([])
    assert "nothing to show" in svg([])


def test_the_same_steps_give_the_same_bytes_in_any_process_and_order() -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from commonground.preview.recorded.events import read; from commonground.preview.graphs.graph import mermaid, svg\n"
        "steps = read(Path(sys.argv[1])).steps[::int(sys.argv[2])]; sys.stdout.write(mermaid(steps) + svg(steps))"
    )
    file = str(log("replacement-chain.events.jsonl"))
    told = [
        subprocess.run(
            [sys.executable, "-c", program, file, order], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed, order in (("1", "1"), ("2", "-1"))
    ]
    assert told[0] == told[1] != ""
