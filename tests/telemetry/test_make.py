"""Making a baseline of training data."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

np = pytest.importorskip("numpy")
pa = pytest.importorskip("pyarrow")

import pyarrow.parquet as pq  # noqa: E402

from commonground.telemetry.baseline import Baseline, CategoricalVariable, NumericVariable, Variable  # noqa: E402
from commonground.telemetry.errors import WrongBaselineError  # noqa: E402
from commonground.telemetry.make import Choice, MakeError, columns, make, opened  # noqa: E402

patient = settings(deadline=None, max_examples=50)
numbers = st.lists(st.one_of(st.none(), st.integers(-5, 5), st.floats(-1e6, 1e6)), min_size=1, max_size=200)


def one(values: Any, **how: Any) -> Variable:
    return columns({"x": values}, **how).baseline.variables[0]


def test_a_number_is_cut_into_equal_shares_at_short_edges() -> None:
    made = one(np.arange(1000) / 7)
    assert isinstance(made, NumericVariable)
    assert made.ratios == (0.1,) * 10 and made.missing == 0
    assert made.edges == (14.2, 28.5, 42.8, 57.0, 71.3, 85.6, 99.9, 114.2, 128.5)
    assert (made.low, made.high) == (0, 999 / 7)


@patient
@given(numbers, st.integers(2, 19))
def test_ratios_are_the_shares_of_the_bins_that_the_same_values_fall_in(values: list[float | None], bins: int) -> None:
    made = one(pa.array(values, pa.float64()), bins=bins)
    counts = [0] * len(made.bins)
    for value in values:
        counts[made.place(value)] += 1
        assert isinstance(made, NumericVariable) and not made.outside(value)
    assert list(made.bins.values()) == pytest.approx([count / len(values) for count in counts])
    assert sum(made.bins.values()) == pytest.approx(1)
    assert len(made.bins) <= bins + 2


@patient
@given(st.lists(st.one_of(st.none(), st.text(max_size=3), st.sampled_from(["missing", "unseen", "other"])), min_size=1, max_size=300).filter(any))
def test_ratios_of_words_are_the_shares_of_their_bins_and_none_is_unseen(values: list[str | None]) -> None:
    made = one(pa.array(values, pa.string()))
    counts = [0] * len(made.bins)
    for value in values:
        counts[made.place(value)] += 1
    assert list(made.bins.values()) == pytest.approx([count / len(values) for count in counts])
    assert made.bins["unseen"] == 0


def test_few_distinct_numbers_have_a_bin_each() -> None:
    assert one([0, 1, 1, 2]).bins == {"0": 0.25, "1": 0.5, "+Inf": 0.25, "missing": 0}


def test_a_value_that_is_frequent_has_its_own_bin_and_the_rest_is_cut_all_the_same() -> None:
    made = one(np.concatenate([np.zeros(900), np.arange(1, 91)]))
    assert made.bins["0"] == pytest.approx(900 / 990)
    assert list(made.bins.values())[1:10] == pytest.approx([10 / 990] * 9)


def test_a_frequent_value_in_the_middle_does_not_share_its_bin_with_those_below() -> None:
    values = [*range(10)] * 5 + [10] * 100 + [*range(11, 21)] * 5
    assert one(values, bins=5).bins == {"7": 0.2, "9": 0.05, "10": 0.5, "15": 0.125, "+Inf": 0.125, "missing": 0}


def test_of_a_constant_more_than_it_is_another_bin() -> None:
    made = one([3.0, 3.0])
    assert made.bins == {"3": 1, "+Inf": 0, "missing": 0}
    assert isinstance(made, NumericVariable) and made.outside(2.9) and not made.outside(3)


def test_a_column_of_numbers_without_any_is_all_missing() -> None:
    made = one(np.array([np.nan, np.nan]))
    assert made.bins == {"+Inf": 0, "missing": 1}
    assert isinstance(made, NumericVariable) and not made.outside(5)


def test_truth_is_a_word_and_decimals_are_numbers() -> None:
    assert one([True, False, True, None]).bins == {"true": 0.5, "false": 0.25, "unseen": 0, "missing": 0.25}
    assert one([Decimal("1.50"), Decimal("2.50")]).bins == {"1.5": 0.5, "+Inf": 0.5, "missing": 0}


def test_numbers_that_are_names_are_words_where_the_user_says_so() -> None:
    made = one([10115, 10115, 80331], categorical=["x"])
    assert made.bins == {"10115": 2 / 3, "80331": 1 / 3, "unseen": 0, "missing": 0}
    assert made.place(10115) == made.place("10115") == made.place(10115.0) == 0


def test_what_a_server_has_in_64_bits_is_not_outside_of_the_same_in_32() -> None:
    made = one(np.array([0.1, 0.7], "float32"))
    assert isinstance(made, NumericVariable)
    assert not any(made.outside(value) for value in (0.1, 0.7, np.float32(0.1), np.float32(0.7)))


def test_the_most_frequent_words_have_a_bin_each_and_the_rare_ones_share_one() -> None:
    made = one([f"w{number}" for number in reversed(range(30)) for _ in range(30 - number)])
    assert isinstance(made, CategoricalVariable)
    assert made.categories == tuple(f"w{number}" for number in range(17))
    assert made.others == tuple(sorted(f"w{number}" for number in range(17, 30)))
    assert len(made.bins) == 20


def test_of_very_many_words_the_rare_ones_are_not_remembered() -> None:
    made = one([f"w{number % 1100}" for number in range(3000)])
    assert isinstance(made, CategoricalVariable) and made.others is None
    assert "unseen" not in made.bins


def test_what_looks_like_an_identifier_is_left_out_unless_it_is_named() -> None:
    values = {"user": [f"u{number}" for number in range(2000)], "age": [number // 2 for number in range(2000)]}
    made = columns(values)
    assert [variable.name for variable in made.baseline.variables] == ["age"]
    assert made.left_out == {"user": "it looks like an identifier: 2,000 distinct values in 2,000 rows (--categorical user takes it)"}
    assert not columns(values, categorical=["user"]).left_out


def test_whole_numbers_that_differ_in_each_row_are_left_out_unless_they_are_named() -> None:
    values = {"id": range(200), "cents": [n * 7919 % 100_003 for n in range(200)], "age": [20 + n % 50 for n in range(200)], "x": np.arange(200) / 7}
    made = columns(values, {"score": range(200)}, numeric=["cents"])
    assert [one.name for one in made.baseline.variables] == ["age", "cents", "x", "score"]
    assert made.left_out == {"id": "it looks like an identifier: 200 distinct whole numbers in 200 rows (--numeric id takes it)"}
    few = {"id": range(99)}
    assert not columns(few).left_out, "of few rows it is no sign"
    assert not columns({"id": [*range(199), None]}).left_out
    assert isinstance(columns({"id": range(200)}, categorical=["id"]).baseline.variables[0], CategoricalVariable)


def test_dates_lists_and_columns_without_a_value_are_left_out_with_a_reason() -> None:
    made = columns({"age": [1, 2], "day": [date(2026, 1, 1)] * 2, "vector": [[1], [2]], "none": pa.nulls(2), "empty": pa.nulls(2, pa.string())})
    assert list(made.left_out) == ["day", "vector", "none", "empty"]
    assert "observe an age" in made.left_out["day"]
    assert "observe its parts" in made.left_out["vector"] and "date" not in made.left_out["vector"]


def test_infinity_is_refused_with_what_to_do() -> None:
    with pytest.raises(WrongBaselineError, match=r"variable 'x': expected finite numbers, or none, found 1 infinite. Fix: .*--exclude x"):
        one([1.0, float("inf")])


def test_names_that_are_no_columns_are_all_told() -> None:
    with pytest.raises(WrongBaselineError) as caught:
        columns({"age": [1]}, bins=1)
    assert "--bins from 2 to 19" in str(caught.value)
    table = pa.table({"age": [1]})
    with pytest.raises(WrongBaselineError) as caught:
        make(Memory(table), Choice(["score"], ["plan"], ["id"], 10))
    assert [mistake.found for mistake in caught.value.mistakes] == ["score", "plan", "id"]


def test_a_name_that_is_nearly_a_columns_is_asked_for() -> None:
    with pytest.raises(WrongBaselineError, match=r"found chruned\. Fix: did you mean `churned`\?"):
        make(Memory(pa.table({"age": [1], "churned": [0.5]})), Choice(["chruned"]))


@pytest.mark.parametrize(
    ("choice", "found"),
    [
        (Choice(["score"], (), ["score"]), "--prediction and --exclude"),
        (Choice((), ["age"], ["age"]), "--categorical and --exclude"),
        (Choice((), ["age"], (), 10, ["age"]), "--categorical and --numeric"),
    ],
)
def test_a_column_is_not_two_things_at_once(choice: Choice, found: str) -> None:
    with pytest.raises(WrongBaselineError, match=f"expected one option, found {found}"):
        make(Memory(pa.table({"age": [1, 2], "score": [0.1, 0.2]})), choice)


@pytest.mark.parametrize("separator", [";", "|", "\t"])
def test_a_file_with_another_separator_is_asked_for_it(tmp_path: Path, separator: str) -> None:
    (tmp_path / "data.csv").write_text(f"age{separator}plan\n20{separator}free\n")
    with pytest.raises(MakeError, match=f"found one column .*is the separator `{re.escape(separator)}`"):
        make(opened(tmp_path / "data.csv"), Choice())


@pytest.mark.parametrize(("text", "said"), [("age,plan\n", "expected rows, found 0 rows of 2 columns"), ("", "found an empty file. Fix: ")])
def test_a_file_without_rows_is_refused_as_such(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "data.csv").write_text(text)
    with pytest.raises(MakeError, match=said):
        make(opened(tmp_path / "data.csv"), Choice())


class Memory:
    """A table as a source."""

    name = "memory"

    def __init__(self, table: Any) -> None:
        self.table = table

    def types(self) -> dict[str, Any]:
        return {field.name: field.type for field in self.table.schema}

    def column(self, name: str) -> Any:
        return self.table.column(name)


def test_predictions_are_told_from_features_and_have_as_many_rows() -> None:
    made = columns({"x": [1, 2]}, {"x": [0.5, 0.6]}).baseline
    assert [(one.kind, one.name) for one in made.variables] == [("feature", "x"), ("prediction", "x")]
    with pytest.raises(MakeError, match="as many predictions as rows of features, found 1 and 2"):
        columns({"x": [1, 2]}, {"score": [0.5]})


def test_parquet_a_folder_of_it_and_csv_make_the_same_bins(tmp_path: Path) -> None:
    table = pa.table({"age": [20, 30, None, 50], "plan": ["free", "pro", None, "free"]})
    pq.write_table(table, tmp_path / "data.parquet")
    (tmp_path / "folder").mkdir()
    pq.write_table(table.slice(0, 2), tmp_path / "folder" / "a.parquet")
    pq.write_table(table.slice(2), tmp_path / "folder" / "b.parquet")
    (tmp_path / "data.csv").write_text("age,plan\n20,free\n30,pro\n,\n50,free\n")
    (tmp_path / "data.tsv").write_text("age\tplan\n20\tfree\n30\tpro\n\t\n50\tfree\n")
    made: list[Baseline] = [make(opened(tmp_path / name), Choice()).baseline for name in ("data.parquet", "folder", "data.csv", "data.tsv")]
    assert len({baseline.text for baseline in made}) == 1
    assert made[0].variables[0].bins == {"20": 0.25, "30": 0.25, "+Inf": 0.25, "missing": 0.25}


def test_words_that_are_stored_as_a_dictionary_are_words(tmp_path: Path) -> None:
    pq.write_table(pa.table({"plan": pa.array(["a", "b", "a"]).dictionary_encode()}), tmp_path / "data.parquet")
    assert list(make(opened(tmp_path / "data.parquet"), Choice()).baseline.variables[0].bins) == ["a", "b", "unseen", "missing"]


def test_a_file_that_is_no_table_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "data.parquet").write_text("no")
    with pytest.raises(
        MakeError, match=r"data.parquet: expected Parquet, or CSV with the ending .csv or .tsv, found a file that Arrow cannot read so \(.*\). Fix: "
    ):
        make(opened(tmp_path / "data.parquet"), Choice())


def test_no_rows_are_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"age": pa.array([], pa.int64())}), tmp_path / "data.parquet")
    with pytest.raises(MakeError, match="expected rows, found 0 rows of 1 columns"):
        make(opened(tmp_path / "data.parquet"), Choice())
