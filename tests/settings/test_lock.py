"""The lock's text: the same bytes for the same lock, a line for each thing that moves on its own."""

import pytest

from commonground import settings
from commonground.settings.text import parse
from tests.settings.conftest import ENVIRONMENTS, FOUNDATION


def load(text: str) -> settings.LockFile:
    found, mistakes = parse(text, "lock.yaml")
    assert found is not None
    assert not mistakes
    return settings.LockFile.model_validate(found.data)


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_a_shipped_lock_is_what_would_be_written(name: str) -> None:
    text = (FOUNDATION / f"lock.{name}.yaml").read_text()
    assert settings.dump(load(text)) == text


def test_order_does_not_matter_and_sizes_sort_as_numbers() -> None:
    lock = load((FOUNDATION / "lock.dev.yaml").read_text())
    facts = lock.instance_types["m7i.large"]
    shuffled = lock.model_copy(update={"instance_types": {"m7i.12xlarge": facts, "m7i.2xlarge": facts}, "addons": dict(reversed(lock.addons.items()))})
    text = settings.dump(shuffled)
    assert text.index("m7i.2xlarge") < text.index("m7i.12xlarge")
    assert settings.dump(load(text)) == text


@pytest.mark.parametrize("incarnation", ["1234", "1e10", "0x1f", "null", "true", "k7q2"])
def test_an_incarnation_that_looks_like_a_number_comes_back_as_text(incarnation: str) -> None:
    lock = load((FOUNDATION / "lock.dev.yaml").read_text()).model_copy(update={"incarnation": incarnation})
    assert load(settings.dump(lock)).incarnation == incarnation


def test_a_lock_that_was_asked_does_not_call_itself_an_example() -> None:
    lock = load((FOUNDATION / "lock.dev.yaml").read_text()).model_copy(update={"example": False})
    assert "example" not in settings.dump(lock)
