"""The HTML file as text: it holds all of a report, nothing of it as markup, and needs nothing else. What a reader does with it is in tests/browser."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings
from tests.preview import reports
from tests.preview.strategies import reports as any_report

from commonground.preview.forms import html
from commonground.preview.forms.grouping import groups
from commonground.preview.model import PropertyChange, Report

VOID = {"meta", "input"}


class Page(HTMLParser):
    """Tags, attributes and text; fails on a tag that is not closed where it should be."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inside: dict[str, str] = {}
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        at = self.open[-1] if self.open else ""
        self.inside[at] = self.inside.get(at, "") + data

    def resources(self) -> list[dict[str, str | None]]:
        """Attributes of each resource."""
        return [attributes for tag, attributes in self.tags if tag == "details" and (attributes.get("class") or "").startswith("r ")]


def test_it_refers_to_nothing_outside_of_itself() -> None:
    for tag, attributes in Page(html.render(reports.evil())).tags:
        assert tag not in {"link", "img", "iframe", "object", "base", "form"}
        assert not {"src", "srcset", "style", "action"} & set(attributes)
        assert all(name[:2] != "on" for name in attributes)
        assert (attributes.get("href") or "#").startswith("#")


def test_its_policy_allows_its_own_style_and_script_and_nothing_else() -> None:
    page = Page(html.render(reports.nothing()))
    (policy,) = (attributes["content"] or "" for tag, attributes in page.tags if attributes.get("http-equiv") == "Content-Security-Policy")
    style, script = (base64.b64encode(hashlib.sha256(page.inside[tag].encode()).digest()).decode() for tag in ("style", "script"))
    assert policy == f"default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'; base-uri 'none'; form-action 'none'"


@pytest.mark.parametrize("sample", [reports.one_environment, reports.three_environments, reports.failed, reports.evil])
def test_every_link_leads_to_something_on_the_page(sample: object) -> None:
    page = Page(html.render(sample()))  # type: ignore[operator]
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {(attributes["href"] or "")[1:] for tag, attributes in page.tags if tag == "a"} <= set(ids)


def test_a_consequence_links_to_its_cause() -> None:
    text = html.render(reports.three_environments())
    start = text.rindex("<details", 0, text.index("aws:ec2/vpc:Vpc"))
    vpc = re.match(r'<details class="r replace" id="([^"]+)"', text[start:])
    assert vpc
    assert text.count(f'because of <a href="#{vpc[1]}">network-vpc</a>') == 7


def test_environments_that_change_alike_are_told_once() -> None:
    report = reports.three_environments()
    assert [group.names for group in groups(report)] == [("dev", "staging"), ("prod",)]
    page = Page(html.render(report))
    assert len(page.resources()) == 9 + 17
    assert len([attributes for tag, attributes in page.tags if tag == "article"]) == 3


def test_components_stand_in_each_other_and_one_that_holds_only_one_other_is_joined_to_it() -> None:
    text = html.render(reports.one_environment())
    assert '<span class="part">foundation</span> <span class="n">10 resources</span>' in text
    assert '<span class="part">shop / database</span> <span class="n">1 resource</span>' in text


def test_a_resource_outside_of_any_component_is_there() -> None:
    text = html.render(Report((reports.environment("prod", (reports.change("create", "alone", "aws:s3/bucket:Bucket"),)),)))
    assert "<code>alone</code>" in text
    assert "In outside of any component" not in text
    assert "<p>Outside of any component" in text


def test_unknowns_secrets_and_what_replaces_are_named() -> None:
    text = html.render(reports.three_environments())
    assert "<ins>known after up</ins>" in text
    assert "<del>[secret]</del><ins>[secret]</ins>" in text
    assert re.search(r"<dt>cidrBlock <em>replaces it</em></dt>\s*<dd><del>&#34;10.48.0.0/16&#34;</del><ins>&#34;10.52.0.0/16&#34;</ins>", text)


def test_what_differs_in_a_long_value_is_marked() -> None:
    text = html.render(reports.one_environment())
    assert "<mark>, &#34;s3:GetObjectTagging&#34;</mark>" in text


def test_nothing_is_cut() -> None:
    long = "v" * 200_000
    change = reports.change("change", "long", "aws:s3/bucket:Bucket", properties=(PropertyChange("policy", "1", long),))
    assert long in html.render(Report((reports.environment("prod", (change,)),)))


def test_no_character_of_others_is_hidden_or_turns_the_text_around() -> None:
    assert all(character.isprintable() for character in html.render(reports.evil()).replace("\n", ""))


def test_the_same_report_gives_the_same_bytes() -> None:
    assert html.render(reports.three_environments()) == html.render(reports.three_environments())


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(any_report)
def test_any_report_is_all_there_and_nothing_of_it_is_markup(report: Report) -> None:
    page = Page(html.render(report))
    told = [shared.change.operation for group in groups(report) for shared in group.changes]
    assert sorted(str(resource["data-op"]) for resource in page.resources()) == sorted(told)
    assert sum(tag == "script" for tag, _ in page.tags) == 1
    assert sum(tag == "article" for tag, _ in page.tags) == len(report.environments)
    assert not {"img", "iframe", "link", "object"} & {tag for tag, _ in page.tags}
