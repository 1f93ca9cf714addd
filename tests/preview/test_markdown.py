"""The comment on a pull request: what a reviewer sees at once, what is folded away, what is left out and said to be, and what cannot break out of it."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from tests.preview import reports
from tests.preview.strategies import reports as any_report

from commonground.preview.forms import markdown
from commonground.preview.forms.grouping import groups
from commonground.preview.model import Change, Class, PropertyChange, Reason, Report

LINE = re.compile(r"^(?:<details><summary>|<div>)[+~±-] (?:create|change|replace|delete) .*$", re.MULTILINE)
LEFT = re.compile(r"Left out to fit\*\*: (?P<said>.*?)\. ")
OURS = {"details", "/details", "summary", "/summary", "b", "/b", "i", "/i", "code", "/code", "div", "/div", "/pre", 'pre lang="diff"'}


def resources(lines: list[str]) -> int:
    """How many resources lines stand for: those that change alike have one."""
    return sum(int(found[1].replace(",", "")) if (found := re.search(r" <b>([0-9,]+)</b> of ", line)) else 1 for line in lines)


class Tags(HTMLParser):
    """What a browser sees: which tags there are, whether each is closed, and the text that is not code."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.attributes: set[str] = set()
        self.comments: list[str] = []
        self.said = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in ("br", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said += "" if {"code", "pre"} & set(self.open) else data

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


def page(text: str) -> Tags:
    """The Markdown as a forge renders it."""
    return Tags(MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(text))


def left_out(text: str) -> dict[str, int]:
    """What the page says is left out: `{"resource": 3}`."""
    found = LEFT.search(text)
    said = re.findall(r"(?:^|, )(the details of )?([\d,]+) ([a-z ]+?)(?=, |$)", found["said"]) if found else []
    return {f"{inside}{word.removesuffix('s')}": int(number.replace(",", "")) for inside, number, word in said}


def size(text: str) -> int:
    return max(len(text), len(text.encode()), len(text.encode("utf-16-le")) // 2) + text.count("\n")


def test_it_begins_with_the_mark_by_which_the_comment_is_found_again() -> None:
    assert markdown.render(reports.one_environment()).startswith("<!-- commonground: preview commonground -->\n")


def test_the_headline_counts_what_happens_and_what_it_means() -> None:
    text = markdown.render(reports.one_environment())
    (row,) = (line for line in text.splitlines() if line.startswith("| **`prod`**"))
    assert row.startswith("| **`prod`** | 2 | 7 | 0 | 2 | 199 |")
    assert "**2 mandatory policy findings**, **1 protection lifted**, **2 data at risk**, **1 downtime**, **1 security wider**, 1 security narrower" in row


def test_what_to_look_at_first_comes_before_the_resources_and_those_by_weight() -> None:
    text = markdown.render(reports.three_environments())
    order = [
        "Look at first",
        "Protections lifted",
        "Mandatory policies violated",
        "Cost, at most",
        "**Data at risk**",
        "**Downtime**",
        "**Cosmetic**",
        "advisory",
    ]
    prod = text[text.index("### `prod`") :]
    assert [prod.index(part) for part in order] == sorted(prod.index(part) for part in order)


def test_a_failed_preview_says_so_before_anything_else() -> None:
    text = markdown.render(reports.failed())
    assert text.index("The preview of `prod` failed") < text.index("| create |")
    assert "which the region does not have. Try g6.2xlarge." in text


def test_a_resource_is_one_line_with_its_classes_and_marks() -> None:
    text = markdown.render(reports.three_environments())
    assert (
        "± replace <code>cluster</code> <code>aws:eks/cluster:Cluster</code> · <b>data at risk</b>, <b>downtime</b> · <b>[holds data]</b> <b>[protected]</b>"
        " · because of <code>network-vpc</code></summary>"
    ) in text


def test_its_properties_are_folded_under_it_with_its_place_and_its_reasons() -> None:
    text = markdown.render(reports.one_environment())
    folded = text[text.index("<code>general-euc1-az1</code>") :]
    folded = folded[: folded.index("</details>")]
    assert "- In `foundation / pools`\n- downtime: its nodes are replaced, a few at a time" in folded
    assert "- latestVersion: 7\n+ latestVersion: known after up" in folded


def test_what_replaces_a_resource_is_marked_and_secrets_are_masked() -> None:
    text = markdown.render(reports.three_environments())
    assert '+ cidrBlock: "10.52.0.0/16"  (replaces it)' in text
    assert "- secretString: [secret]\n+ secretString: [secret]" in text


def test_a_new_resource_shows_what_it_gets_and_not_what_it_had() -> None:
    text = markdown.render(reports.one_environment())
    assert '+ name: "models/churn"' in text
    assert "- name: nothing" not in text


def test_environments_that_change_alike_are_told_once_and_their_different_values_by_name() -> None:
    text = markdown.render(reports.three_environments())
    assert re.findall("^### (.*)$", text, re.MULTILINE)[:2] == ["`dev`, `staging`", "`prod`"]
    assert "+ scalingConfig.maxSize: 3  [dev]" in text
    assert "+ scalingConfig.maxSize: 8  [staging]" in text
    assert "- scalingConfig.minSize: 1\n" in text
    assert text.count("<code>general-euc1-az1</code>") == 2


def test_environments_without_a_change_are_one_line() -> None:
    text = markdown.render(reports.nothing())
    assert "### `dev`, `staging`, `prod`\n\nNothing changes. Against the real state." in text
    assert "<details>" not in text


def test_parity_says_whether_there_is_one_shape_and_which_scale_differs() -> None:
    text = markdown.render(reports.three_environments())
    assert "### Parity of `dev` and `prod`: one shape" in text
    assert "### Parity of `staging` and `prod`: 1 difference of shape" in text
    assert "scalingConfig.maxSize is 2 in dev, 8 in prod" in text


def test_a_long_value_is_cut_to_where_it_differs_with_a_count() -> None:
    before = "a" * 5_000 + "before" + "b" * 5_000
    change = reports.change(
        "change", "grant", "aws:iam/rolePolicy:RolePolicy", properties=(PropertyChange("policy", before, before.replace("before", "after")),)
    )
    text = markdown.render(Report((reports.environment("prod", (change,)),)))
    assert "- policy: [4,960 characters left out] " + "a" * 40 + "before" in text
    assert "+ policy: [4,960 characters left out] " + "a" * 40 + "after" in text
    assert len(text) < 1_500


def test_resources_of_little_weight_are_one_click_away_when_they_are_many() -> None:
    many = tuple(reports.change("create", f"tag-{index}", "aws:autoscaling/tag:Tag", properties=(of(index),)) for index in range(20))
    text = markdown.render(Report((reports.environment("prod", many),)))
    assert "<details><summary><b>Other</b>: 20 resources</summary>" in text
    assert "<b>Downtime</b>" not in markdown.render(Report((reports.environment("prod", tuple(_down(index) for index in range(20))),)))


def _down(index: int) -> Change:
    return reports.change("change", f"pool-{index}", "aws:eks/nodeGroup:NodeGroup", Reason(Class.DOWNTIME, "its nodes are replaced"), properties=(of(index),))


def of(index: int) -> PropertyChange:
    return PropertyChange("value", "nothing", str(index))


def test_what_changes_alike_is_told_once_with_every_name_and_few_of_it_one_by_one() -> None:
    def upgraded(number: int) -> str:
        alike = tuple(reports.change("change", f"logs-{index}", "aws:cloudwatch/logGroup:LogGroup", properties=(of(7),)) for index in range(number))
        return markdown.render(Report((reports.environment("prod", (*alike, _down(1))),)))

    many, few = upgraded(300), upgraded(3)
    assert len(LINE.findall(many)) == 2
    assert "<summary>~ change <b>300</b> of <code>aws:cloudwatch/logGroup:LogGroup</code>" in many
    assert "- `logs-0`, `logs-1`, " in many and " and 260 more\n" in many
    assert many.count("+ value: 7") == 1
    assert len(LINE.findall(few)) == 4


@pytest.mark.parametrize("limit", [markdown.LEAST, 20_000, markdown.GITHUB, markdown.GITLAB])
@pytest.mark.parametrize("number", [30, 300, 2_000])
def test_what_does_not_fit_is_left_out_resource_by_resource_and_counted(number: int, limit: int) -> None:
    text = markdown.render(reports.large(number), limit=limit, artifact="https://example.com/runs/1/preview.html")
    assert size(text) <= limit
    shown, said = LINE.findall(text), left_out(text)
    assert resources(shown) + said.get("resource", 0) == number
    assert resources([line for line in shown if line.startswith("<div>")]) == said.get("the details of resource", 0)
    assert ("[The whole report](https://example.com/runs/1/preview.html)" in text) == bool(said)


def test_a_comment_that_is_cut_uses_what_it_may() -> None:
    assert size(markdown.render(reports.large(2_000))) > markdown.GITHUB * 0.95


def test_the_weightiest_keep_their_properties_longest() -> None:
    text = markdown.render(reports.large(2_000))
    kept = [line for line in LINE.findall(text) if line.startswith("<details>")]
    assert len(kept) == markdown.KEPT
    assert all("<b>data at risk</b>" in line for line in kept)


def test_without_an_artifact_it_says_how_the_whole_report_is_had() -> None:
    assert "`commonground preview ENV --report html` shows all of it." in markdown.render(reports.large(2_000))


def test_an_artifact_that_is_no_address_is_named() -> None:
    assert "The whole report: `preview` ``" not in markdown.render(reports.large(2_000), artifact="preview-report")
    assert "The whole report: `preview-report`" in markdown.render(reports.large(2_000), artifact="preview-report")
    assert "The whole report: `javascript:alert(1)`" in markdown.render(reports.large(2_000), artifact="javascript:alert(1)")


def test_a_limit_that_no_report_fits_is_refused() -> None:
    with pytest.raises(ValueError, match="2,000"):
        markdown.render(reports.nothing(), limit=100)


def test_the_same_report_gives_the_same_bytes() -> None:
    assert markdown.render(reports.three_environments()) == markdown.render(reports.three_environments())


def test_no_text_of_others_becomes_markup() -> None:
    text = markdown.render(reports.evil(), limit=markdown.GITLAB)
    assert set(re.findall(r"<([^<>]*)>", text)) - {"!-- commonground: preview ---------commonground--preview-other---- --"} <= OURS
    found = page(text)
    assert not found.open
    assert not found.seen & {"script", "a", "img", "input", "h1"}
    assert found.attributes <= {"style", "class", "lang"}  # a table's alignment, a code block's language
    assert len(found.comments) == 1


def test_no_text_of_others_is_a_mention_a_reference_or_a_command() -> None:
    text = markdown.render(reports.evil(), limit=markdown.GITLAB)
    assert not re.search(r"@|[#!]\d|GH-\d|://|\$", page(text).said)
    assert not re.search(r"^\s*/", text, re.MULTILINE)


def test_no_character_of_others_is_hidden_or_turns_the_text_around() -> None:
    text = markdown.render(reports.evil(), limit=markdown.GITLAB)
    assert all(character.isprintable() for character in text.replace("\n", ""))


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    any_report,
    st.sampled_from([markdown.LEAST, 5_000, markdown.GITHUB, markdown.GITLAB]),
    st.sampled_from(["", "https://example.com/1", "`a` <b>", "x" * 3_000]),
)
def test_any_report_fits_has_balanced_tags_and_leaves_nothing_out_silently(report: Report, limit: int, artifact: str) -> None:
    text = markdown.render(report, limit=limit, artifact=artifact)
    assert size(text) <= limit
    assert text.startswith(markdown.marker(report.project) + "\n")
    assert text.count("<!--") == 1
    assert set(re.findall(r"<([^<>]*)>", text.split("\n", 1)[1])) <= OURS
    found = page(text)
    assert not found.open
    assert not found.seen & {"script", "img"}
    told = sum(len(group.changes) for group in groups(report))
    assert resources(LINE.findall(text)) + left_out(text).get("resource", 0) == told


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(any_report)
def test_a_value_that_differs_is_told_whatever_else_is_alike(report: Report) -> None:
    twice = replace(report, environments=report.environments * 2)
    assert [group.names for group in groups(twice)] == [group.names + group.names for group in groups(report)] or len(report.environments) > 1
    assert all(len(group.changes) == len(member.changes) for group in groups(twice) for member in group.environments)
