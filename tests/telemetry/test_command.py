"""`commonground baseline`, as a user types it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from commonground.cli.main import ERROR, USAGE, run
from commonground.telemetry import Baseline

pytest.importorskip("pyarrow")

CSV = "age,plan,zip,id,score\n" + "".join(f"{20 + n % 50},{'free' if n % 3 else 'pro'},{10115 + n % 4},{n},{n / 3000}\n" for n in range(3000))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data.csv").write_text(CSV)
    return tmp_path / "data.csv"


def test_bins_are_shown_and_the_file_is_written_where_the_user_says(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = data.with_name("baseline.json")
    arguments = [str(data), "-o", str(file), "--prediction", "score", "--categorical", "zip", "--exclude", "id", "--bins", "5"]
    assert run(["baseline", *arguments]) == 0
    baseline = Baseline.load(file)
    assert [(one.kind, one.name, one.data()["type"]) for one in baseline.variables] == [
        ("feature", "age", "numeric"),
        ("feature", "plan", "categorical"),
        ("feature", "zip", "categorical"),
        ("prediction", "score", "numeric"),
    ]
    shown = capsys.readouterr()
    assert "free 66.7%" in shown.out and f"3,000 rows, 4 variables, {baseline.series} series" in shown.out
    assert f"{file}: baseline {baseline.digest}" in shown.err
    assert sum(len(one.bins) for one in baseline.variables[:1]) == 6


def test_the_same_data_makes_the_same_bytes(data: Path) -> None:
    for name in ("a", "b"):
        assert run(["baseline", str(data), "-o", str(data.with_name(name))]) == 0
    assert data.with_name("a").read_bytes() == data.with_name("b").read_bytes()


def test_without_a_file_nothing_is_written_and_said_so(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["baseline", str(data)]) == 0
    assert "nothing was written: -o FILE writes the baseline" in capsys.readouterr().err
    assert [file.name for file in data.parent.iterdir()] == ["data.csv"]


def test_a_column_that_is_left_out_is_told_with_the_reason(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data.write_text("age,day\n1,2026-01-01\n2,2026-01-02\n")
    assert run(["baseline", str(data)]) == 0
    assert "day is left out: its type is date32[day]" in capsys.readouterr().err


def test_mistakes_are_one_line_each_and_wrong_usage_is_told_apart(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["baseline", str(data), "--prediction", "sore", "--exclude", "x"]) == ERROR
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith(f"error: {data}: expected --prediction: a column: age, plan, zip, id, score, found sore. Fix: ")
    assert len(lines) == 2
    assert run(["baseline", str(data.with_name("none.parquet"))]) == USAGE
    assert run(["baseline", str(data), "--bins", "40"]) == ERROR


def test_a_folder_that_is_not_there_is_the_users_to_make(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = data.parent / "none" / "baseline.json"
    assert run(["baseline", str(data), "-o", str(file)]) == ERROR
    assert capsys.readouterr().err == f"error: {file}: expected a file that can be written, found no folder {file.parent}. Fix: mkdir -p {file.parent}\n"


@pytest.mark.parametrize(
    ("rows", "bins", "said"),
    [
        (499, "10", "warning: 499 rows are few: chance alone makes drift of them (docs/drift.md); take 500 rows or more, or --bins 5"),
        (219, "5", "warning: 219 rows are few: chance alone makes drift of them (docs/drift.md), with any --bins; take 500 rows or more"),
        (499, "5", None),
        (500, "10", None),
    ],
)
def test_few_rows_are_warned_of(data: Path, capsys: pytest.CaptureFixture[str], rows: int, bins: str, said: str | None) -> None:
    data.write_text("age\n" + "".join(f"{20 + n % 50}\n" for n in range(rows)))
    assert run(["baseline", str(data), "--bins", bins]) == 0
    warnings = [line for line in capsys.readouterr().err.splitlines() if "warning" in line]
    assert warnings == ([said] if said else [])


def test_an_identifier_is_left_out_and_taken_where_the_user_says_so(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["baseline", str(data)]) == 0
    shown = capsys.readouterr()
    assert "id is left out: it looks like an identifier: 3,000 distinct whole numbers in 3,000 rows (--numeric id takes it)" in shown.err
    assert "3,000 rows, 4 variables" in shown.out
    assert run(["baseline", str(data), "--numeric", "id"]) == 0
    assert "3,000 rows, 5 variables" in capsys.readouterr().out


def test_it_is_said_that_every_column_is_now_one_that_the_server_passes(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["baseline", str(data)]) == 0
    assert (
        "every feature above is one that the server has to pass to `observe`: --exclude what it does not have, like labels and keys" in capsys.readouterr().err
    )


def test_without_the_extra_its_name_is_told(data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("commonground.cli.baseline.find_spec", lambda name: None if name == "pyarrow" else object())
    assert run(["baseline", str(data)]) == ERROR
    assert 'baseline needs pyarrow, which is not installed here. Fix: pip install "commonground[baseline]"' in capsys.readouterr().err


def test_other_commands_do_not_import_what_only_this_one_needs() -> None:
    code = "from commonground.cli.main import run\nrun(['baseline', '--help'])\nimport sys\nassert not {'numpy', 'pyarrow', 'rich'} & set(sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=False).returncode == 0
