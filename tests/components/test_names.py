"""Logical names and type tokens are an interface: `docs/names.md` lists them."""

from tests.components.names import PAGE, page


def test_the_page_of_names_is_what_the_code_declares() -> None:
    assert PAGE.read_text() == page(), "a name or a type token changed: give the resource an alias, then run python -m tests.components.names"
