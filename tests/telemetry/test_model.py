"""What a scrape says of a model after values were observed."""

import logging
import threading
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from commonground.telemetry import contract
from commonground.telemetry.baseline import Baseline, CategoricalVariable, NumericVariable
from commonground.telemetry.contract import MOST_SCORES
from commonground.telemetry.errors import ShapeError, TelemetryError, UnknownNameError
from commonground.telemetry.model import MOST_UNKNOWN, Model
from tests.telemetry.samples import BASELINE, bins, named, scrape

np = pytest.importorskip("numpy")

patient = settings(deadline=None, max_examples=50)
values: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.floats(), st.integers(-(10**400), 10**400), st.integers(0, 100), st.booleans(), st.sampled_from(["free", "pro", "team", "else", "30", ""])
)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def churn(registry: CollectorRegistry, version: str = "7", **more: Any) -> Model:
    return Model("churn", version, BASELINE, registry=registry, **more)


def test_every_bin_is_there_as_zero_from_the_start_with_its_ratio_beside_it(registry: CollectorRegistry) -> None:
    churn(registry)
    samples = scrape(registry)
    for variable in BASELINE.variables:
        labels = {"model": "churn", "model_version": "7", "baseline": BASELINE.digest, "kind": variable.kind}
        assert bins(samples, contract.VALUES, variable.name, **labels) == dict.fromkeys(variable.bins, 0)
        assert bins(samples, contract.BASELINE_RATIO, variable.name, **labels) == variable.bins
    assert named(samples, contract.PREDICTIONS, model="churn", model_version="7") == {"": 0}
    assert named(samples, contract.OUTCOMES, model="churn", model_version="7") == {"right": 0, "wrong": 0}


def test_one_prediction_counts_each_value_once(registry: CollectorRegistry) -> None:
    churn(registry).observe({"age": 95, "plan": "pro"}, {"score": 0.4})
    samples = scrape(registry)
    assert bins(samples, contract.VALUES, "age") == {"30": 0, "50": 0, "+Inf": 1, "missing": 0}
    assert bins(samples, contract.VALUES, "plan")["pro"] == 1
    assert bins(samples, contract.VALUES, "score")["0.5"] == 1
    assert named(samples, contract.OUT_OF_RANGE, model="churn", model_version="7", kind="feature") == {"age": 1}
    assert named(samples, contract.PREDICTIONS, model="churn", model_version="7") == {"": 1}


def test_none_is_a_missing_value_and_a_name_that_is_not_there_is_not_counted(registry: CollectorRegistry) -> None:
    model = churn(registry, strict=True)
    model.observe({"age": None}, {})
    model.observe_batch({"plan": ["free", None, None]}, {"score": [0.1] * 3})
    samples = scrape(registry)
    assert {name: bins(samples, contract.VALUES, name)["missing"] for name in ("age", "plan", "score")} == {"age": 1, "plan": 2, "score": 0}
    assert {name: sum(bins(samples, contract.VALUES, name).values()) for name in ("age", "plan", "score")} == {"age": 1, "plan": 3, "score": 3}
    assert named(samples, contract.PREDICTIONS, model="churn", model_version="7") == {"": 4}


def test_a_feature_that_was_renamed_has_no_value_at_all(registry: CollectorRegistry, caplog: pytest.LogCaptureFixture) -> None:
    model = churn(registry)
    model.observe({"years": 41, "plan": "pro"}, {"score": 0.5})
    model.observe_batch({"years": [41] * 40, "plan": ["pro"] * 40}, {"score": [0.5] * 40})
    assert bins(scrape(registry), contract.VALUES, "age") == {"30": 0, "50": 0, "+Inf": 0, "missing": 0}
    assert [record.getMessage() for record in caplog.records] == ["model churn 7: its baseline has no feature 'years'; it is not counted"]


ONE: list[Any] = [np.array([95.0]), np.array(95), np.float32(95), np.int64(95), [95], (95.0,), np.array([[95]])]


@pytest.mark.parametrize("value", ONE, ids=repr)
def test_an_array_of_one_element_is_a_value(registry: CollectorRegistry, value: Any) -> None:
    churn(registry, strict=True).observe({"age": value, "plan": np.array(["pro"])})
    assert bins(scrape(registry), contract.VALUES, "age")["+Inf"] == 1
    assert bins(scrape(registry), contract.VALUES, "plan")["pro"] == 1


def test_a_column_of_a_table_is_a_column(registry: CollectorRegistry) -> None:
    churn(registry, strict=True).observe_batch({"age": np.full((40, 1), 20), "plan": np.full((40, 1), "pro")})
    assert bins(scrape(registry), contract.VALUES, "age")["30"] == bins(scrape(registry), contract.VALUES, "plan")["pro"] == 40


def test_a_data_frame_is_a_batch(registry: CollectorRegistry) -> None:
    frame = pytest.importorskip("pandas").DataFrame({"age": [20.0, None, 95.0] * 20, "plan": ["free", None, "else"] * 20})
    churn(registry, strict=True).observe_batch(frame, frame.rename(columns={"age": "score"})[["score"]])
    assert bins(scrape(registry), contract.VALUES, "age") == {"30": 20, "50": 0, "+Inf": 20, "missing": 20}
    assert bins(scrape(registry), contract.VALUES, "plan") == {"free": 20, "pro": 0, "other": 0, "unseen": 20, "missing": 20}
    assert bins(scrape(registry), contract.VALUES, "score")["missing"] == 20


def test_a_batch_of_which_the_baseline_knows_no_name_is_predictions_all_the_same(registry: CollectorRegistry) -> None:
    churn(registry).observe_batch({"years": [41] * 40})
    assert named(scrape(registry), contract.PREDICTIONS, model="churn", model_version="7") == {"": 40}


PROBABILITIES = np.array([[0.1, 0.9]] * 40)
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"age": np.array([1, 2])}, "feature 'age': expected one value, found an array of shape (2,)"),
    ({"age": [1, 2]}, "feature 'age': expected one value, found a list of 2"),
    ({"age": np.array([])}, "feature 'age': expected one value, found an array of shape (0,)"),
    ({"plan": ["free", "pro"]}, "feature 'plan': expected one value, found a list of 2"),
]
WRONG_COLUMNS: list[tuple[dict[str, Any], str]] = [
    ({"age": PROBABILITIES, "plan": ["pro"] * 40}, "feature 'age': expected a column, one value a row, found an array of shape (40, 2)"),
    ({"age": PROBABILITIES.tolist(), "plan": ["pro"] * 40}, "feature 'age': expected one value, found a list of 2"),
    ({"age": [[1, 2], [3, 4]], "plan": ["pro"] * 2}, "feature 'age': expected one value, found a list of 2"),
    ({"plan": [["free", "pro"]] * 2, "age": [1, 2]}, "feature 'plan': expected one value, found a list of 2"),
    ({"plan": np.array([["free", "pro"]] * 2), "age": [1, 2]}, "feature 'plan': expected a column, one value a row, found an array of shape (2, 2)"),
    ({"age": 41, "plan": ["pro"]}, "feature 'age': expected a column, one value a row, found one int"),
    ({"plan": "pro", "age": [20]}, "feature 'plan': expected a column, one value a row, found one str"),
    ({"age": [20] * 39}, "feature 'age': expected 40 values, as most columns have, found 39"),
]


def told_once(registry: CollectorRegistry, caplog: pytest.LogCaptureFixture, said: str, observe: str, *values: Any) -> None:
    """Strict it raises; else it is logged once, and not counted as missing."""
    with pytest.raises(ShapeError) as caught:
        getattr(churn(CollectorRegistry(), strict=True), observe)(*values)
    assert str(caught.value) == said
    model = churn(registry)
    for _ in range(3):
        getattr(model, observe)(*values)
    assert [record.getMessage() for record in caplog.records] == [f"model churn 7: {said}; it is not counted"]
    samples = scrape(registry)
    assert not any(bins(samples, contract.VALUES, name)["missing"] for name in ("age", "plan", "score"))


@pytest.mark.parametrize(("features", "said"), WRONG)
def test_more_or_less_than_one_value_is_told_once(registry: CollectorRegistry, caplog: pytest.LogCaptureFixture, features: Any, said: str) -> None:
    told_once(registry, caplog, said, "observe", features, {"score": 0.5})
    assert bins(scrape(registry), contract.VALUES, "score")["0.5"] == 3, "the others are counted"
    assert named(scrape(registry), contract.PREDICTIONS, model="churn", model_version="7") == {"": 3}


@pytest.mark.parametrize(("features", "said"), WRONG_COLUMNS)
def test_a_column_of_another_shape_is_told_once(registry: CollectorRegistry, caplog: pytest.LogCaptureFixture, features: Any, said: str) -> None:
    rows = 40 if len(features) == 1 else max(len(values) for values in features.values() if isinstance(values, list))
    score = {"score": [0.5] * rows}
    if len(features) == 1:
        features = {**features, "plan": ["pro"] * rows}
    told_once(registry, caplog, said, "observe_batch", features, score)
    assert bins(scrape(registry), contract.VALUES, "score")["0.5"] == 3 * rows, "the others are counted"
    assert named(scrape(registry), contract.PREDICTIONS, model="churn", model_version="7") == {"": 3 * rows}


def test_the_shape_of_predict_proba_is_told_once(registry: CollectorRegistry, caplog: pytest.LogCaptureFixture) -> None:
    said = "prediction 'score': expected a column, one value a row, found an array of shape (40, 2)"
    told_once(registry, caplog, said, "observe_batch", {"age": [20] * 40}, {"score": PROBABILITIES})


@pytest.mark.parametrize(
    ("observe", "features", "said"),
    [
        ("observe_batch", [{"age": 1}, {"age": 2}], "features: expected a mapping of columns, name -> as many values as rows, found a list of 2"),
        ("observe_batch", PROBABILITIES, "features: expected a mapping of columns, name -> as many values as rows, found a ndarray of 40"),
        ("observe", [1, 2], "features: expected a mapping, name -> value, found a list of 2"),
        ("observe", None, "features: expected a mapping, name -> value, found None"),
    ],
)
def test_rows_that_are_no_mapping_are_told_once(registry: CollectorRegistry, caplog: pytest.LogCaptureFixture, observe: str, features: Any, said: str) -> None:
    told_once(registry, caplog, said, observe, features)


@patient
@given(st.lists(st.tuples(values, values, values), max_size=60), st.sampled_from([list, tuple, lambda found: np.array(found, dtype=object)]))
def test_a_batch_counts_what_its_rows_count_one_by_one(rows: list[tuple[Any, Any, Any]], kind: Any) -> None:
    one, many = CollectorRegistry(), CollectorRegistry()
    single, batch = churn(one, strict=True), churn(many, strict=True)
    for age, plan, score in rows:
        single.observe({"age": age, "plan": plan}, {"score": score})
    ages, plans, scores = (kind([row[index] for row in rows]) for index in range(3))
    batch.observe_batch({"age": ages, "plan": plans}, {"score": scores})
    assert scrape(one) == scrape(many)
    for variable in BASELINE.variables:
        assert sum(bins(scrape(many), contract.VALUES, variable.name).values()) == len(rows)


NAMES = CategoricalVariable("feature", "name", ("1", "true", "0.1", "2020-01-01"), (0.4, 0.4, 0.1, 0.0), 0.0, ("1.0", "=1"), 0.1)
NUMBER = NumericVariable("feature", "number", (0.1, 1.0, 30.0), (0.25, 0.25, 0.25, 0.15), 0.1, 0.0, 90.0)
MIXED = Baseline.checked(100, (NAMES, NUMBER))
DAY = np.datetime64("2020-01-01")
PYTHONS = [1, True, 1.0, "1", "true", "1.0", False, 0, -0.0, None, float("nan"), 0.1, "0.1", b"1", Decimal(1), Decimal("1.0"), Decimal("1.00"), 1j, 10**400]
NUMPYS = [np.float32(0.1), np.float64(0.1), np.float16(0.1), np.int8(1), np.True_, np.str_("1"), np.bytes_(b"1"), np.complex128(1), np.ma.masked]
DATES = [
    DAY,
    np.datetime64("NaT"),
    np.datetime64("2020-01-01T00", "ns"),
    np.timedelta64(1, "s"),
    np.timedelta64(1, "ns"),
    datetime(2020, 1, 1),
    date(2020, 1, 1),
]
mixed: st.SearchStrategy[Any] = st.sampled_from([*PYTHONS, *NUMPYS, *DATES])


def batch_and_singles(column: Any, singles: Any) -> tuple[Any, Any]:
    """What a scrape says of one batch, and of its values one by one."""
    one, many = CollectorRegistry(), CollectorRegistry()
    single = Model("m", "1", MIXED, registry=one, strict=True)
    for value in singles:
        single.observe({"name": value, "number": value})
    Model("m", "1", MIXED, registry=many, strict=True).observe_batch({"name": column, "number": column})
    return scrape(many), scrape(one)


def objects(found: list[Any]) -> Any:
    array = np.empty(len(found), dtype=object)
    array[:] = found
    return array


@patient
@given(st.lists(mixed, max_size=30), st.integers(0, 40), st.sampled_from([list, tuple, objects]))
def test_values_of_mixed_types_count_in_a_batch_as_one_by_one(found: list[Any], more: int, kind: Any) -> None:
    found = [*found, *found[:1] * more]  # enough for numpy
    batch, singles = batch_and_singles(kind(found), found)
    assert batch == singles


@pytest.mark.parametrize(
    "column",
    [
        np.ma.masked_array([0.1, 1.0, 40.0, 0.2] * 10, mask=[True, False, True, False] * 10),
        np.ma.masked_array([1, 2] * 20, mask=[True, False] * 20),
        np.array([DAY, np.datetime64("NaT")] * 20),
        np.array([DAY] * 40, dtype="datetime64[ns]"),
        np.array([1] * 40, dtype="timedelta64[s]"),
        np.array([1, 0.1] * 20, dtype=complex),
        np.array([0.1, 1] * 20, dtype="float32"),
        np.array([0.1, 1] * 20, dtype="float16"),
        np.array(["0.1", "1_0", "x"] * 20),
        np.array([b"0.1", b"1"] * 20),
    ],
    ids=lambda column: f"{type(column).__name__}-{column.dtype}",
)
def test_arrays_of_any_type_count_as_their_values_one_by_one(column: Any) -> None:
    batch, singles = batch_and_singles(column, list(column))
    assert batch == singles


def test_what_is_masked_is_missing_and_a_date_a_duration_and_a_complex_number_are_no_number(registry: CollectorRegistry) -> None:
    model = Model("m", "1", MIXED, registry=registry, strict=True)
    for column in (np.ma.masked_array([0.2] * 40, mask=True), np.array([DAY] * 40), np.array([1] * 40, dtype="timedelta64[ns]"), np.array([1j] * 40)):
        model.observe_batch({"number": column})
    assert bins(scrape(registry), contract.VALUES, "number") == {"0.1": 0, "1": 0, "30": 0, "+Inf": 0, "missing": 160}


@pytest.mark.parametrize("kind", ["float64", "float32", "int64", "bool"])
def test_arrays_count_as_their_numbers_do(kind: str) -> None:
    found = np.array([0, 1, 1, 30, 31, 50, 51, 95] * 8).astype(kind)
    one, many = CollectorRegistry(), CollectorRegistry()
    single = churn(one)
    for value in found:
        single.observe({"age": value, "plan": value}, {"score": value})
    churn(many).observe_batch({"age": found, "plan": found}, {"score": found})
    assert scrape(one) == scrape(many)


def test_what_is_no_number_in_an_array_is_missing(registry: CollectorRegistry) -> None:
    churn(registry).observe_batch({"age": np.array([20, np.nan, np.inf, -np.inf] * 10)})
    samples = scrape(registry)
    assert bins(samples, contract.VALUES, "age") == {"30": 20, "50": 0, "+Inf": 10, "missing": 10}
    assert named(samples, contract.OUT_OF_RANGE, kind="feature", model="churn", model_version="7") == {"age": 20}


def test_a_model_without_numpy_counts_lists(registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(__import__("sys").modules, "numpy")
    churn(registry, strict=True).observe_batch({"age": [20, None, 40] * 50, "plan": ["free", "x", None] * 50}, {"score": [0.5] * 150})
    assert bins(scrape(registry), contract.VALUES, "age") == {"30": 50, "50": 50, "+Inf": 0, "missing": 50}


def test_an_unknown_name_is_told_once_and_bounded_and_makes_no_series(registry: CollectorRegistry, caplog: pytest.LogCaptureFixture) -> None:
    model = churn(registry)
    before = scrape(registry).keys()
    for number in range(100):
        model.observe({"age": 20, "plan": "free", "agee": 1}, {"score": 1})
        model.observe({"age": 20, "plan": f"plan {number}", f"x{number}": 1}, {"score": 1})
    assert scrape(registry).keys() == before
    told = [record.getMessage() for record in caplog.records]
    assert told[0] == "model churn 7: its baseline has no feature 'agee'; it is not counted"
    assert len(told) == len(set(told)) == MOST_UNKNOWN


def test_a_strict_model_refuses_an_unknown_name(registry: CollectorRegistry) -> None:
    with pytest.raises(UnknownNameError, match="model 'churn': expected a prediction of its baseline, found 'sore'"):
        churn(registry, strict=True).observe({"age": 1, "plan": "x"}, {"sore": 1})


class Broken:
    """A value that cannot be looked at."""

    def __float__(self) -> float:
        raise RuntimeError("no")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no")

    __hash__ = None  # type: ignore[assignment]


@pytest.mark.parametrize("features", [{"age": Broken()}, {"plan": Broken()}, None, 5, {"age": object(), "plan": [1]}, [{"age": 1}], {"age": {1: 2}}])
def test_nothing_that_is_observed_raises(registry: CollectorRegistry, features: Any, caplog: pytest.LogCaptureFixture) -> None:
    model = churn(registry)
    for _ in range(3):
        model.observe(features, {"score": 0.5})
        model.observe_batch(features, {"score": [0.5]})
    assert len([record for record in caplog.records if record.levelno == logging.ERROR]) <= 2


def test_scores_and_outcomes(registry: CollectorRegistry) -> None:
    model = churn(registry, quality={"auc": (0.91, "higher"), "loss": (0.2, "lower")}, trained=datetime(2026, 11, 1, tzinfo=UTC), previous_version="6")
    model.quality("auc", 0.85)
    model.outcome(True)
    model.outcome(False, 3)
    samples = scrape(registry)
    of = {"model": "churn", "model_version": "7"}
    assert named(samples, contract.QUALITY, **of) == {"auc": 0.85}
    assert named(samples, contract.QUALITY_BASELINE, **of) == {"higher,auc": 0.91, "lower,loss": 0.2}
    assert named(samples, contract.OUTCOMES, **of) == {"right": 1, "wrong": 3}
    assert named(samples, contract.TRAINED, **of) == {"": datetime(2026, 11, 1, tzinfo=UTC).timestamp()}
    assert named(samples, contract.MODEL_INFO, **of, previous_version="6", baseline=BASELINE.digest) == {"": 1}


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda model: model.quality("auc", "x"), "quality 'auc': expected a number, found str 'x'. Fix: "),
        (lambda model: model.quality("auc", None), "quality 'auc': expected a number, found NoneType None. Fix: "),
        (lambda model: model.quality("auc", float("nan")), "quality 'auc': expected a number, found float nan. Fix: "),
        (lambda model: model.quality(5, 0.5), 'label score: expected a text of 1 to 200 printable characters, found int 5. Fix: write it in quotes: "5"'),
        (lambda model: model.outcome(True, -1), "count: expected a number from 0, found int -1. Fix: "),
        (lambda model: model.outcome("wrong"), "right: expected True or False, found str 'wrong'. Fix: "),
    ],
)
def test_what_is_learnt_later_is_told_once_and_never_raised(registry: CollectorRegistry, caplog: pytest.LogCaptureFixture, call: Any, said: str) -> None:
    model = churn(registry)
    before = scrape(registry)
    for _ in range(3):
        call(model)
    assert len(caplog.records) == 1 and caplog.records[0].getMessage().startswith(f"model churn 7: {said}")
    assert scrape(registry) == before
    with pytest.raises(TelemetryError) as caught:
        call(churn(CollectorRegistry(), strict=True))
    assert str(caught.value).startswith(said)


def test_scores_have_an_end(registry: CollectorRegistry, caplog: pytest.LogCaptureFixture) -> None:
    model = churn(registry)
    for number in range(MOST_SCORES + 5):
        model.quality(f"s{number}", 1)
    assert len(named(scrape(registry), contract.QUALITY, model="churn", model_version="7")) == MOST_SCORES
    assert caplog.records[0].getMessage().endswith("it has 20 scores already, and no room for the score 's20'; it is not counted")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"version": ""}, "label model_version: expected a text of 1 to 200 printable characters, found str ''. Fix: "),
        ({"version": 7}, 'label model_version: expected a text of 1 to 200 printable characters, found int 7. Fix: write it in quotes: "7"'),
        ({"previous_version": 6}, "label previous_version: expected a text of 1 to 200 printable characters, found int 6"),
        ({"baseline": "baseline.json"}, "baseline: expected a Baseline, found str 'baseline.json'. Fix: Baseline.load("),
        ({"trained": datetime(2026, 1, 1)}, "trained: expected a datetime with its zone, found 2026-01-01T00:00:00 without one. Fix: "),
        ({"trained": "2026-01-01"}, "trained: expected a datetime with its zone, found str '2026-01-01'. Fix: datetime.fromisoformat("),
        ({"quality": {"auc": (1, "up")}}, "quality 'auc': expected higher or lower, found 'up'. Fix: "),
        ({"quality": {"auc": 0.9}}, "quality 'auc': expected its value at training and whether higher or lower is better, found float 0.9. Fix: quality="),
        ({"quality": {"auc": ("x", "higher")}}, "quality 'auc': expected a number, found str 'x'. Fix: "),
        ({"quality": 0.9}, "quality: expected score -> its value at training and whether higher or lower is better, found float 0.9. Fix: "),
        ({"quality": {f"s{number}": (1, "higher") for number in range(21)}}, "quality: expected at most 20 scores, found 21. Fix: "),
    ],
)
def test_what_could_never_be_right_is_refused_at_the_start_and_leaves_no_series(registry: CollectorRegistry, wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(TelemetryError) as caught:
        Model(**{"name": "churn", "version": "7", "baseline": BASELINE, "registry": registry, **wrong})
    assert str(caught.value).startswith(said)
    assert not scrape(registry)


def test_two_versions_in_one_process_are_told_apart(registry: CollectorRegistry) -> None:
    first, second = churn(registry, "1"), churn(registry, "2")
    first.observe({"age": 20})
    second.observe({"age": 20})
    second.observe({"age": 20})
    samples = scrape(registry)
    assert [bins(samples, contract.VALUES, "age", model_version=version)["30"] for version in "12"] == [1, 2]


def test_no_metric_is_exposed_that_the_contract_lacks(registry: CollectorRegistry) -> None:
    model = churn(registry, quality={"auc": (0.9, "higher")}, trained=datetime.now(UTC))
    model.quality("auc", 1)
    by_name = {metric.name: set(metric.labels) for metric in contract.METRICS}
    for name, labels in scrape(registry):
        assert {label for label, value in labels} == by_name[name]


def test_eight_threads_lose_no_value(registry: CollectorRegistry) -> None:
    model = churn(registry, strict=True)
    threads, each = 8, 2000

    def observe(number: int) -> None:
        for _ in range(each):
            model.observe({"age": 20 + number, "plan": "free"}, {"score": 0.4})
        model.observe_batch({"age": [60.0] * each, "plan": ["pro"] * each}, {"score": [0.6] * each})

    started = [threading.Thread(target=observe, args=(number,)) for number in range(threads)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    samples = scrape(registry)
    assert bins(samples, contract.VALUES, "age") == {"30": threads * each, "50": 0, "+Inf": threads * each, "missing": 0}
    assert bins(samples, contract.VALUES, "plan")["pro"] == threads * each
    assert named(samples, contract.PREDICTIONS, model="churn", model_version="7") == {"": 2 * threads * each}
