"""The HTML report as a reader uses it, in a real Chromium."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browser.conftest import Open
from tests.preview import reports

from commonground.preview.forms import html

RESOURCES, PARTS = "details.r", "details.c"


def shown(page: Page) -> list[str]:
    """Names of the resources that are there to see."""
    return page.locator(f"{RESOURCES}:visible > summary > code").all_inner_texts()


def search(page: Page, words: str, status: str) -> None:
    page.get_by_label("Search").fill(words)
    expect(page.get_by_role("status")).to_have_text(status)


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("artifacts-buck", ["artifacts-bucket"]),
        ("launchtemplate", ["general-euc1-az1"]),
        ("scalingConfig.minSize", ["gpu-euc1-az1"]),
        ("Security Narrower", ["shop-push-legacy"]),
        ("bucket delete", ["artifacts-bucket"]),
        ("models/churn immutable", ["models/churn-repository"]),
    ],
)
def test_search_narrows_by_name_type_property_class_and_several_words(open_report: Open, words: str, names: list[str]) -> None:
    page = open_report(reports.one_environment())
    assert len(shown(page)) == 11
    search(page, words, "1 of 11 resources")
    assert shown(page) == names
    search(page, "", "11 resources")
    assert len(shown(page)) == 11


def test_a_search_without_a_find_says_so_and_hides_the_components(open_report: Open) -> None:
    page = open_report(reports.one_environment())
    search(page, "nowhere", "0 of 11 resources")
    expect(page.get_by_text("Nothing here matches.")).to_be_visible()
    expect(page.locator(f"{PARTS}:visible")).to_have_count(0)


def test_a_search_opens_the_component_that_holds_what_it_finds(open_report: Open) -> None:
    page = open_report(reports.one_environment())
    page.get_by_role("button", name="Collapse all").click()
    assert shown(page) == []
    search(page, "gpu-euc1", "1 of 11 resources")
    assert shown(page) == ["gpu-euc1-az1"]


def test_filters_show_one_operation_and_one_class_or_another(open_report: Open) -> None:
    page = open_report(reports.one_environment())
    page.get_by_role("checkbox", name="delete").check()
    assert sorted(shown(page)) == ["artifacts-bucket", "shop-push-legacy"]
    page.get_by_role("checkbox", name="data at risk").check()
    assert shown(page) == ["artifacts-bucket"]
    page.get_by_role("checkbox", name="delete").uncheck()
    page.get_by_role("checkbox", name="cost up").check()
    assert sorted(shown(page)) == ["artifacts-bucket", "datasets-bucket", "gpu-euc1-az1"]


def test_all_is_expanded_and_collapsed_and_one_by_one(open_report: Open) -> None:
    page = open_report(reports.one_environment())
    value = page.get_by_text("ami-0f1e2d3c4b5a69788")
    expect(value).to_be_hidden()
    page.get_by_role("button", name="Expand all").click()
    expect(value).to_be_visible()
    page.get_by_role("button", name="Collapse all").click()
    assert shown(page) == []
    page.get_by_role("button", name="Expand all").click()
    page.locator(f"{RESOURCES}:has-text('general-euc1-az1') > summary").click()
    expect(value).to_be_hidden()
    assert len(shown(page)) == 11


def test_the_theme_follows_the_system_until_it_is_switched_and_is_remembered(open_report: Open) -> None:
    page = open_report(reports.one_environment(), color_scheme="dark")
    dark = background(page)
    page.get_by_role("radio", name="Light").check()
    assert sum(light := background(page)) > sum(dark) + 400
    page.reload()
    assert background(page) == light
    page.get_by_role("radio", name="System").check()
    assert background(page) == dark


def background(page: Page) -> tuple[int, ...]:
    colour = str(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    return tuple(int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(","))


def test_without_scripts_everything_can_be_read_and_unfolded_and_nothing_dead_is_shown(open_report: Open) -> None:
    page = open_report(reports.three_environments(), java_script_enabled=False)
    assert page.locator(f"{RESOURCES}:visible").count() == 26
    expect(page.get_by_label("Search")).to_be_hidden()
    expect(page.get_by_role("button")).to_have_count(0)
    expect(page.get_by_text('"10.52.0.0/16"')).to_be_hidden()
    page.locator(f"{RESOURCES} > summary", has_text="aws:ec2/vpc:Vpc").click()
    expect(page.get_by_text('"10.52.0.0/16"')).to_be_visible()
    page.get_by_role("radio", name="Dark").check()
    expect(page.get_by_role("radio", name="Dark")).to_be_checked()


def test_a_finding_leads_to_its_resource_also_when_that_is_folded_or_filtered_away(open_report: Open) -> None:
    page = open_report(reports.one_environment())
    page.get_by_role("button", name="Collapse all").click()
    page.get_by_role("checkbox", name="cosmetic").check()
    page.get_by_role("link", name="datasets-bucket").click()
    target = page.locator(f"{RESOURCES}:target")
    expect(target.locator("summary > code")).to_have_text("datasets-bucket")
    expect(target.get_by_text("forceDestroy")).to_be_visible()


def test_a_link_from_elsewhere_leads_to_its_resource(open_report: Open) -> None:
    page = open_report(reports.large(400), fragment="#group-0-399")
    expect(page.locator(f"{RESOURCES}:target")).to_be_in_viewport()
    assert page.locator(f"{RESOURCES}:target").get_attribute("open") is not None


@pytest.mark.parametrize("width", [320, 390, 768])
@pytest.mark.parametrize("sample", [reports.three_environments, reports.evil, reports.failed])
def test_a_narrow_window_does_not_scroll_sideways(open_report: Open, sample: object, width: int) -> None:
    page = open_report(sample(), viewport={"width": width, "height": 800})  # type: ignore[operator]
    page.get_by_role("button", name="Expand all").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_text_of_others_stays_text(open_report: Open) -> None:
    page = open_report(reports.evil())
    page.on("dialog", lambda dialog: pytest.fail(f"a script of a name ran: {dialog.message}"))
    page.get_by_role("button", name="Expand all").click()
    assert page.locator("main script, main img, main a[href^=http], main a[href^=javascript]").count() == 0
    assert page.locator(RESOURCES).count() == len(reports.EVIL)


def test_the_page_may_not_load_or_run_anything_that_it_did_not_bring(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(html.render(reports.nothing()))
    page = browser.new_page()
    page.goto(file.as_uri())
    blocked = page.evaluate(
        """() => new Promise((done) => {
            const seen = [];
            setTimeout(() => done(seen), 3000);
            addEventListener("securitypolicyviolation", (event) => { seen.push(event.effectiveDirective); if (seen.length === 2) done(seen.sort()); });
            const script = document.createElement("script");
            script.textContent = "document.title = 'ran'";
            document.body.append(script);
            const style = document.createElement("style");
            style.textContent = "body { color: red }";
            document.head.append(style);
        })"""
    )
    assert blocked == ["script-src-elem", "style-src-elem"]
    assert page.title() != "ran"
    page.close()


def test_the_keyboard_reaches_search_changes_and_a_resource(open_report: Open) -> None:
    page = open_report(reports.one_environment())
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the changes")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#changes")).to_be_focused()
    page.keyboard.press("/")
    expect(page.get_by_label("Search")).to_be_focused()
    summary = page.locator(f"{RESOURCES}:has-text('gpu-euc1-az1') > summary")
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("scalingConfig.minSize")).to_be_visible()


CONTRAST = """() => {
    const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    const pixel = (colours) => {
        canvas.clearRect(0, 0, 1, 1);
        for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
        return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const light = (rgb) => {
        const [r, g, b] = rgb.map((part) => { const s = part / 255; return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4; });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (node) => node ? [...behind(node.parentElement), getComputedStyle(node).backgroundColor] : ["white"];
    const found = [];
    const walker = document.createTreeWalker(document.querySelector("body"), NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const owner = walker.currentNode.parentElement;
        if (!walker.currentNode.data.trim() || !owner.checkVisibility() || ["SCRIPT", "STYLE"].includes(owner.tagName)) continue;
        const back = behind(owner);
        const [a, b] = [light(pixel(back)), light(pixel([...back, getComputedStyle(owner).color]))].sort((x, y) => y - x);
        const ratio = (a + 0.05) / (b + 0.05);
        if (ratio < 4.5) found.push(`${owner.tagName}.${owner.className} ${walker.currentNode.data.trim().slice(0, 30)} ${ratio.toFixed(2)}`);
    }
    return [...new Set(found)];
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("sample", [reports.three_environments, reports.failed])
def test_all_text_has_the_contrast_of_wcag_aa(open_report: Open, sample: object, scheme: str) -> None:
    page = open_report(sample(), color_scheme=scheme)  # type: ignore[operator]
    page.get_by_role("button", name="Expand all").click()
    assert page.evaluate(CONTRAST) == []


def test_print_shows_what_is_folded_and_no_controls(open_report: Open) -> None:
    page = open_report(reports.one_environment())
    page.emulate_media(media="print")
    expect(page.get_by_label("Search")).to_be_hidden()
    assert page.locator("dd ins").first.evaluate("node => node.getBoundingClientRect().height") > 0


def test_two_thousand_resources_are_there_and_searched(open_report: Open) -> None:
    page = open_report(reports.large(2_000))
    search(page, "resource-0012", "10 of 2000 resources")
    assert len(shown(page)) == 10


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)])
@pytest.mark.parametrize("sample", [reports.one_environment, reports.three_environments])
def test_a_picture_is_kept_for_people(open_report: Open, artifacts: Path, sample: object, scheme: str, width: int) -> None:
    page = open_report(sample(), color_scheme=scheme, viewport={"width": width, "height": 900})  # type: ignore[operator]
    kept = artifacts / f"preview-{sample.__name__.replace('_', '-')}-{scheme}-{width}.png"  # type: ignore[attr-defined]
    kept.unlink(missing_ok=True)
    page.screenshot(path=kept, full_page=True)
    assert kept.read_bytes().startswith(b"\x89PNG")
