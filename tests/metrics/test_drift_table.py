"""The tables of docs/drift.md are what the script finds now, and what they are made of is right."""

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scripts import drift_table

from commonground.settings.metrics import Drift
from tests.metrics import datasets, distances


def test_the_page_says_what_is_found_now() -> None:
    page = drift_table.PAGE.read_text()
    assert page == drift_table.placed(page, drift_table.tables()), "run scripts/drift_table.py --write, and review what changed"


@pytest.mark.parametrize("counts", [[10, 20, 30, 40], [0, 0, 50, 50], [1, 0, 0, 0]])
def test_distances_are_scipys_and_the_formulas(counts: list[int]) -> None:
    baseline = np.array([0.4, 0.3, 0.3, 0.0])
    ratios = np.array(counts) / sum(counts)
    assert distances.jensen_shannon(counts, baseline) == pytest.approx(jensenshannon(ratios, baseline, base=2), abs=1e-9)
    p, q = np.maximum(ratios, 1e-4), np.maximum(baseline, 1e-4)
    assert distances.psi(counts, baseline) == pytest.approx(sum((p - q) * np.log(p / q)))


@pytest.mark.parametrize("name", datasets.SETS)
def test_the_halves_of_a_data_set_share_no_row(name: str) -> None:
    data = datasets.load(name)
    assert 0 <= len(data.labels) - data.rows <= 1
    assert {one.kind for one in data.variables.values()} == {"feature", "prediction"}


def test_an_alert_needs_both_windows() -> None:
    course = drift_table.Course(fast=np.array([0.3, 0.3, 0.2, 0.05]), slow=np.array([0.2, 0.05, 0.2, 0.2]))
    assert course.states(Drift()).tolist() == [drift_table.CRITICAL, drift_table.NOTHING, drift_table.WARNING, drift_table.NOTHING]


def test_the_slow_window_is_the_sum_of_its_hours() -> None:
    baseline = np.array([0.5, 0.5])
    hours = np.array([[0.5, 0.5]] * drift_table.HOURS + [[1.0, 0.0]] * drift_table.HOURS)
    course = drift_table.course(hours, baseline, 10_000, np.random.default_rng(1), distances.psi)
    assert len(course.fast) == len(course.slow) == drift_table.HOURS + 1
    assert course.slow[drift_table.HOURS // 2] == pytest.approx(distances.psi([75, 25], baseline), abs=0.01)
    assert course.slow[-1] == course.fast[-1]
