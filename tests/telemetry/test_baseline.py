"""A baseline file: what it says, what is refused, and where a value belongs."""

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonground.telemetry.baseline import Baseline, CategoricalVariable, NumericVariable, category, category_bin, edge_bin
from commonground.telemetry.contract import MISSING, MOST_VARIABLES, OTHER, UNSEEN
from commonground.telemetry.errors import WrongBaselineError
from tests.telemetry.samples import AGE, BASELINE, PLAN, SCORE

patient = settings(deadline=None, max_examples=50)
finite = st.floats(allow_nan=False, allow_infinity=False)
edges = st.lists(finite, max_size=18, unique=True).map(lambda found: tuple(sorted(one + 0.0 for one in found)))
words = st.text(max_size=80)


def of(labels: NumericVariable | CategoricalVariable, value: Any) -> str:
    return list(labels.bins)[labels.place(value)]


@patient
@given(edges, st.floats(allow_nan=False))
def test_every_number_falls_in_the_one_bin_that_its_edges_say(found: tuple[float, ...], value: float) -> None:
    variable = NumericVariable("feature", "x", found, (0.0,) * (len(found) + 1), 1.0, None, None)
    place = variable.place(value)
    assert place == sum(edge < value for edge in found) < len(variable.bins) - 1
    below, above = (-math.inf, *found)[place], (*found, math.inf)[place]
    assert value <= above and (value > below or value == -math.inf)


@patient
@given(edges)
def test_no_two_edges_have_one_label(found: tuple[float, ...]) -> None:
    assert len(set(map(edge_bin, found))) == len(found)


@pytest.mark.parametrize("value", [None, float("nan"), "", "abc", [], {}, "1x", 10**400])
def test_whatever_is_no_number_is_missing(value: Any) -> None:
    assert of(AGE, value) == MISSING
    assert not AGE.outside(value)


def test_an_edge_belongs_to_the_bin_below_it() -> None:
    assert [of(AGE, value) for value in (-math.inf, 18, 30, 30.0001, "50", 51, True, math.inf)] == ["30", "30", "30", "50", "50", "+Inf", "30", "+Inf"]


def test_out_of_range_is_less_or_more_than_training_saw() -> None:
    assert [AGE.outside(value) for value in (17.9, 18, 90, 91, math.inf, -math.inf)] == [True, False, False, True, True, True]


def test_words_fall_in_their_own_bin_or_that_of_the_rare_or_of_the_never_seen() -> None:
    assert [of(PLAN, value) for value in ("free", "pro", "team", "trial", "else", "", None, float("nan"))] == [
        "free",
        "pro",
        OTHER,
        OTHER,
        UNSEEN,
        UNSEEN,
        MISSING,
        MISSING,
    ]


def test_where_too_many_rare_ones_were_to_be_remembered_nothing_is_unseen() -> None:
    variable = CategoricalVariable("feature", "city", ("a",), (0.5,), 0.5, None, 0.0)
    assert list(variable.bins) == ["a", OTHER, MISSING]
    assert [of(variable, value) for value in ("a", "zzz", None)] == ["a", OTHER, MISSING]


def test_one_category_has_one_text_whatever_its_type() -> None:
    assert {category(value) for value in (5, 5.0, "5", b"5")} == {"5"}
    assert category(True) == category("true") == "true"
    assert category(5.5) == "5.5"


def test_a_number_of_numpys_is_the_category_that_the_training_data_has_of_it() -> None:
    numpy, pyarrow = pytest.importorskip("numpy"), pytest.importorskip("pyarrow")
    (trained,) = pyarrow.array(numpy.array([0.1], dtype="float32")).to_pylist()
    assert category(numpy.float32(0.1)) == category(trained) == "0.10000000149011612"
    assert [category(value) for value in (numpy.True_, numpy.int8(5), numpy.ma.masked, numpy.datetime64("NaT"))] == ["true", "5", None, None]


@pytest.mark.parametrize("text", [MISSING, UNSEEN, OTHER, "+Inf", ""])
def test_a_category_that_is_a_reserved_word_is_escaped(text: str) -> None:
    variable = CategoricalVariable("feature", "x", (text, "="), (0.5, 0.5), 0.0, (), 0.0)
    assert list(variable.bins) == [f"={text}", "==", UNSEEN, MISSING]
    assert of(variable, text) == f"={text}"


@patient
@given(st.lists(words, max_size=17, unique=True))
def test_no_two_categories_have_one_label_and_none_is_empty_or_reserved(found: list[str]) -> None:
    labels = [category_bin(text) for text in found]
    assert len(set(labels)) == len(labels)
    assert not {"", MISSING, UNSEEN, OTHER, "+Inf"} & set(labels)
    assert all(len(label) <= 65 for label in labels)


@patient
@given(
    st.lists(
        st.builds(
            lambda name, found, missing: NumericVariable(
                "feature",
                name,
                found,
                ((1 - missing) / (len(found) + 1),) * (len(found) + 1),
                missing,
                *((min(-1.0, *found), max(1.0, *found)) if missing < 1 and found else (None, None)),
            ),
            st.text(st.characters(codec="utf-8", categories=("L", "N", "P")), min_size=1, max_size=20),
            edges,
            st.floats(0, 1),
        ),
        min_size=1,
        max_size=5,
        unique_by=lambda one: one.name,
    )
)
def test_a_file_reads_as_what_was_written(variables: list[NumericVariable]) -> None:
    made = Baseline.checked(10, tuple(variables))
    again = Baseline.parse(made.text)
    assert again == made and again.text == made.text and again.digest == made.digest


def test_the_digest_is_that_of_the_file_however_it_was_formatted_since(tmp_path: Path) -> None:
    BASELINE.save(tmp_path / "baseline.json")
    assert BASELINE.digest == hashlib.sha256((tmp_path / "baseline.json").read_bytes()).hexdigest()[:8]
    (tmp_path / "other.json").write_text(json.dumps(json.loads(BASELINE.text), sort_keys=True))
    assert Baseline.load(tmp_path / "other.json").digest == BASELINE.digest


def test_the_digest_changes_with_a_ratio_and_not_with_the_order() -> None:
    other = NumericVariable("feature", "age", (30.0, 50.0), (0.4, 0.35, 0.15), 0.1, 18.0, 90.0)
    assert Baseline.checked(1000, (SCORE, PLAN, AGE)).digest == BASELINE.digest
    assert Baseline.checked(1000, (other, PLAN, SCORE)).digest != BASELINE.digest


def changed(**changes: Any) -> str:
    data = json.loads(BASELINE.text)
    for path, value in changes.items():
        *parents, key = path.split("__")
        target = data
        for part in parents:
            target = target["variables"][{"age": 0, "plan": 1, "score": 2}[part]]
        target[key] = value
    return json.dumps(data)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "expected JSON, found"),
        ("[]", "expected a baseline of version 1, found list"),
        (changed(version=2), "expected a baseline of version 1, found version 2"),
        (changed(rows=-1), "expected rows, a number from 0, found -1"),
        (changed(more=1), "expected the keys version, rows, variables, and no other, found 'more'"),
        (changed(variables=[]), "expected 1 to 200 variables, found 0"),
        (changed(age__type="date"), "variable 'age': expected type numeric or categorical, found 'date'"),
        (changed(age__kind="input"), "variable 'age': expected kind feature or prediction, found 'input'"),
        (changed(age__edges=[50, 30]), "variable 'age': expected finite edges, each more than the one before, found [50.0, 30.0]"),
        (changed(age__edges=[30, float("inf")]), "variable 'age': expected finite edges"),
        (changed(age__edges=["30", 50]), "variable 'age': expected edges, each a number"),
        (changed(age__ratios=[1]), "variable 'age': expected 3 ratios, one more than edges, found 1"),
        (changed(age__ratios=[0.5, 0.25, 0.9]), "variable 'age': expected ratios that sum to 1, `missing` and `other` included, found 1.75"),
        (changed(age__ratios=[0.5, 0.5, -0.1]), "variable 'age': expected ratios from 0 to 1, found -0.1"),
        (changed(age__missing=float("nan")), "variable 'age': expected ratios from 0 to 1, found nan"),
        (changed(age__min=None), "variable 'age': expected min and max"),
        (changed(age__min=60), "variable 'age': expected min and max on either side of all bins with a ratio, found 60.0 and 90.0, and a ratio 0.5 beyond"),
        (changed(age__max=20), "variable 'age': expected min and max on either side of all bins with a ratio, found 18.0 and 20.0, and a ratio 0.25 beyond"),
        (changed(age__edges=[30, 10**400]), "variable 'age': expected edges, not beyond 1.8e+308, found a larger number"),
        (changed(age__max=10**400), "variable 'age': expected max, not beyond 1.8e+308, found a larger number"),
        (changed(plan__missing=-(10**400)), "variable 'plan': expected missing, not beyond 1.8e+308, found a larger number"),
        (changed(rows=1).replace('"rows": 1', '"rows": ' + "1" * 5000), "expected JSON, found a number with too many digits"),
        (changed(plan__categories=["free", "\ud800"]), "variable 'plan': expected categories of Unicode text, found '\\ud800'"),
        (changed(plan__others=["\udfff"]), "variable 'plan': expected categories of Unicode text, found '\\udfff'"),
        (changed(plan__name="\ud800"), "variable '\\ud800': expected a name of 1 to 200 printable characters"),
        ("[" * 200_000, "expected JSON, found lists or objects nested too deep"),
        (changed(age__name="plan"), "variable 'plan': expected one feature of this name, found several"),
        (changed(age__name=""), "expected a name of 1 to 200 printable characters, found 0 characters"),
        (changed(age__more=1), "variable 'age': expected the keys kind, name, type, edges"),
        (changed(plan__others=[]), "variable 'plan': expected other 0, since others is empty"),
        (changed(plan__others=["free"]), "variable 'plan': expected each category once"),
        (changed(plan__categories=[f"c{n}" for n in range(18)], plan__ratios=[0.0] * 18), "variable 'plan': expected at most 17 categories, found 18"),
        (changed(age__edges=list(range(19)), age__ratios=[0.045] * 20), "variable 'age': expected at most 18 edges, found 19"),
    ],
)
def test_what_is_wrong_is_named_with_file_variable_and_fix(text: str, said: str) -> None:
    with pytest.raises(WrongBaselineError) as caught:
        Baseline.parse(text, "b.json")
    lines = str(caught.value).splitlines()
    assert all(line.startswith("b.json: ") and "Fix: " in line for line in lines)
    assert any(said in line for line in lines)


@pytest.mark.parametrize("depth", [10, 300, 900, 2000, 20_000])
@pytest.mark.parametrize("where", ["age__edges", "age__kind", "version", "variables", "rows", "age__more"])
def test_what_is_nested_is_refused_however_deep(depth: int, where: str) -> None:
    with pytest.raises(WrongBaselineError):
        Baseline.parse(changed(**{where: "HERE"}).replace('"HERE"', "[" * depth + "]" * depth))


def test_a_file_that_is_no_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "b.json").write_bytes(changed(plan__categories=["free", "HERE"]).encode().replace(b"HERE", b"caf\xe9"))
    with pytest.raises(
        WrongBaselineError, match=r"b.json: variable 'plan': expected categories of Unicode text, found 'caf\\udce9'. Fix: write the file as UTF-8"
    ):
        Baseline.load(tmp_path / "b.json")


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(WrongBaselineError) as caught:
        Baseline.parse(changed(age__edges=[50, 30], plan__others=["free"], score__kind="x"))
    assert [mistake.variable for mistake in caught.value.mistakes] == ["age", "plan", "score"]


def test_a_baseline_has_an_end() -> None:
    variables = tuple(NumericVariable("feature", f"x{number}", (), (1.0,), 0.0, 0.0, 1.0) for number in range(MOST_VARIABLES + 1))
    with pytest.raises(WrongBaselineError, match="expected 1 to 200 variables, found 201"):
        Baseline.checked(1, variables)
    assert len(Baseline.checked(1, variables[:-1]).variables) == MOST_VARIABLES
