"""Grafana's secret through the life of an environment: drawn once, kept by later runs, and written down by none of them."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from commonground.engine.base import store
from tests.foundation.checkout import Checkout, Result
from tests.foundation.conftest import Checkouts

pytestmark = pytest.mark.engine

# What is drawn is made known, so that it can be looked for: the number of the run, read from a file.
BEFORE = """
import secrets

found = Path(__file__).parent / "run"
run = found.read_text().strip() if found.exists() else "base"
secrets.token_urlsafe = lambda size=None: f"hunter2-{run}-{size}"
"""
PASSWORD = "hunter2"
FORMS = ("text", "markdown", "html", "json")


@dataclass
class Story:
    """Commands in one checkout, each of which drew values of its own."""

    checkout: Checkout
    reports: Path
    told: dict[str, Result] = field(default_factory=dict)

    def tell(self, what: str, *arguments: str) -> Result:
        (self.checkout.stack / "run").write_text(str(len(self.told)))
        self.told[what] = self.checkout.run(*arguments)
        assert self.told[what].code == 0, self.told[what].err
        return self.told[what]

    def previewed(self, what: str, *arguments: str) -> dict[str, bytes]:
        """A preview with its report in every form."""
        folder = self.reports / what
        folder.mkdir()
        self.tell(what, "preview", *arguments, *(argument for form in FORMS for argument in ("--report", f"{form}={folder / form}")))
        return {form: (folder / form).read_bytes() for form in FORMS}

    def manifests(self, what: str) -> dict[str, bytes]:
        folder = self.reports / what
        self.tell(what, "manifests", "dev", str(folder))
        return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.yaml"))}


@pytest.fixture(scope="module")
def story(checkouts: Checkouts, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with checkouts("grafana") as checkout:
        program = checkout.stack / "__main__.py"
        text = program.read_text("utf-8")
        start = text.index("config = pulumi.Config")
        program.write_text(text[:start] + BEFORE + text[start:], "utf-8")
        (checkout.root / ".gitignore").write_text((checkout.root / ".gitignore").read_text() + "stacks/foundation/run\n")
        checkout.commit()
        yield Story(checkout, tmp_path_factory.mktemp("reports"))


@pytest.fixture(scope="module")
def lived(story: Story) -> Story:
    """All of it: from the first `up` to a preview against the last commit."""
    for what in ("up", "up again", "refresh", "up after a refresh"):
        story.tell(what, what.split()[0], "local")
    story.previewed("offline", "dev", "--offline")
    story.previewed("offline again", "dev", "--offline")
    story.previewed("against the base", "dev", "--base=HEAD")
    story.previewed("live", "local")
    story.manifests("manifests")
    story.manifests("manifests again")
    return story


@pytest.mark.parametrize("what", ["up again", "up after a refresh"])
def test_a_later_run_keeps_the_first_password(lived: Story, what: str) -> None:
    assert "grafana-admin" in lived.told["up"].out + lived.told["up"].err
    assert "grafana-admin" not in lived.told[what].out + lived.told[what].err


@pytest.mark.parametrize("what", ["against the base", "live"])
def test_a_preview_against_the_base_or_what_is_there_changes_nothing(lived: Story, what: str) -> None:
    assert "grafana" not in lived.told[what].out
    (environment,) = json.loads((lived.reports / what / "json").read_text())["environments"]
    assert environment["changes"] == []


def test_previews_and_manifests_are_the_same_bytes_each_time(lived: Story) -> None:
    for form in FORMS:
        assert (lived.reports / "offline" / form).read_bytes() == (lived.reports / "offline again" / form).read_bytes()
    first, second = (
        {str(path.relative_to(lived.reports / what)): path.read_bytes() for path in (lived.reports / what).rglob("*.yaml")}
        for what in ("manifests", "manifests again")
    )
    assert first == second
    (secret,) = [text.decode() for path, text in first.items() if path.endswith("/Secret/monitoring.grafana-admin.yaml")]
    assert secret.count("'[secret]'") == 2


def test_it_is_written_down_nowhere(lived: Story) -> None:
    told = "".join(one.out + one.err for one in lived.told.values())
    kept = store.cache() / "bases"
    files = [path for folder in (lived.checkout.root / ".commonground", lived.reports, kept) for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 50
    # Three beginnings: base64 of a text depends on where in three bytes it stands.
    forms = [PASSWORD.encode(), *(base64.b64encode(b"x" * shift + PASSWORD.encode())[4 * bool(shift) : -4] for shift in range(3))]
    assert not [form for form in forms if form.decode() in told]
    assert not [str(path) for path in files if any(form in path.read_bytes() for form in forms)]
