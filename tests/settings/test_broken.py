"""Every broken configuration is refused with the file, the line, the key and the way out, and with nothing else."""

from pathlib import Path

import pytest

from commonground import settings
from tests import broken


@pytest.mark.parametrize("case", broken.cases(), ids=lambda case: case.name.replace(" ", "-"))
def test_a_broken_configuration_names_file_line_key_and_fix(case: broken.Case, tmp_path: Path) -> None:
    folder = tmp_path / "foundation"
    case.write(folder)
    mistakes = settings.check(folder, broken.ENVIRONMENT)
    text = settings.render(mistakes)
    assert [(mistake.file, mistake.key) for mistake in mistakes] == [(expected.file, expected.key) for expected in case.expect], text
    for mistake, expected in zip(mistakes, case.expect, strict=True):
        lines = (folder / mistake.file).read_text().splitlines() if expected.line is not None else []
        assert (lines[mistake.line - 1].strip() if mistake.line else None) == expected.line, text
        for word in expected.words:
            assert word in settings.render([mistake])


def test_there_are_enough_of_them_and_each_has_a_name_of_its_own() -> None:
    names = [case.name for case in broken.cases()]
    assert len(names) >= 30
    assert len(set(names)) == len(names)


def test_the_base_that_they_break_is_sound() -> None:
    assert settings.render(settings.check(broken.HERE / "base", broken.ENVIRONMENT)) == ""
