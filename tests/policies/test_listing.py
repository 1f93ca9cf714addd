"""The page about the policies."""

from pathlib import Path

from policies.listing import page
from policies.table import POLICIES

PAGE = Path(__file__).parents[2] / "docs" / "policies.md"


def test_the_page_is_what_the_table_says() -> None:
    assert PAGE.read_text("utf-8") == page(), "write it again: python -m policies.listing > docs/policies.md"


def test_every_policy_is_on_it_with_why_and_fix() -> None:
    text = page()
    for policy in POLICIES:
        section = text.partition(f"\n## {policy.id}\n")[2].partition("\n## ")[0]
        assert policy.why in section
        assert policy.fix in section
        assert "- Passes: " in section
        assert "- Found: " in section
