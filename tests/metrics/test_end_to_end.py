"""A model whose traffic drifts and returns: server, Prometheus with our rules, Alertmanager with our routes, and the webhooks behind them, on loopback."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon

from commonground.metrics.rules.drift import FLOOR
from tests.metrics import distances, story
from tests.metrics.datasets import distribution
from tests.metrics.prometheus import needs_alertmanager, needs_prometheus
from tests.metrics.story import Moment, Story

pytestmark = [needs_prometheus, needs_alertmanager]

MOMENTS = ("calm", "drifted")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Story:
    return story.tell(tmp_path_factory.mktemp("story"))


def test_drift_of_a_feature_reaches_the_team(told: Story) -> None:
    alert = told.firing["ModelFeatureDrift monthly_charge"]
    assert {name: alert["labels"][name] for name in ("team", "namespace", "service", "model", "model_version", "severity", "kind")} == {
        "team": "shop",
        "namespace": "shop",
        "service": "churn",
        "model": "churn",
        "model_version": "7",
        "severity": "critical",
        "kind": "feature",
    }
    value = re.search(r"monthly_charge of model churn 7 \(shop/churn\) has drifted: PSI (\d+\.\d\d) in the last 30m", alert["annotations"]["summary"])
    assert value and float(value[1]) > 0.25
    assert alert["annotations"]["runbook_url"] == "docs/runbooks/ModelFeatureDrift.md"


def test_drift_of_predictions_reaches_the_team(told: Story) -> None:
    alert = told.firing["ModelPredictionDrift score"]
    assert alert["labels"]["severity"] == "critical"
    assert "score of model churn 7" in alert["annotations"]["summary"]
    assert alert["annotations"]["runbook_url"] == "docs/runbooks/ModelPredictionDrift.md"


def test_features_that_did_not_drift_are_not_told_of(told: Story) -> None:
    assert set(told.firing) == {"ModelFeatureDrift monthly_charge", "ModelFeatureDrift support_calls", "ModelPredictionDrift score"}


def test_the_retraining_is_told_of_the_model_once(told: Story) -> None:
    (first, *_) = told.retraining
    assert first["groupLabels"] == {"team": "shop", "namespace": "shop", "model": "churn"}
    assert {alert["labels"]["retrain"] for alert in first["alerts"]} == {"true"}
    assert first["commonLabels"]["model"] == "churn"


def test_nobody_else_is_told(told: Story) -> None:
    for receiver in ("payments-critical", "payments-warning"):
        assert told.heard.of(receiver) == []


def test_the_watchdog_is_heard_all_the_time(told: Story) -> None:
    assert len(told.heard.of("watchdog")) > 1


def test_all_resolves_when_traffic_returns(told: Story) -> None:
    assert told.resolved == set(told.firing) != set()


def test_every_rule_could_be_evaluated(told: Story) -> None:
    assert told.errors == []


@pytest.mark.parametrize(("measure", "window"), story.DISTANCES)
@pytest.mark.parametrize("when", MOMENTS)
def test_distances_are_numpys_and_scipys_of_the_recorded_increases(told: Story, when: str, measure: str, window: str) -> None:
    moment = told.moments[when]
    increases = moment.increases[measure, window]
    assert set(increases) == {"tenure_months", "monthly_charge", "support_calls", "plan", "score"}
    for variable, bins in increases.items():
        seen, expected = _aligned(told, variable, bins)
        ratios = seen / seen.sum()
        p, q = np.clip(ratios, float(FLOOR), None), np.clip(expected, float(FLOOR), None)
        value = float(np.sum((p - q) * np.log(p / q))) if measure == "psi" else float(jensenshannon(ratios, expected, base=2))
        assert moment.recorded[measure, window][variable] == pytest.approx(value, abs=1e-6)
        assert getattr(distances, measure)(seen, expected) == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize(
    ("when", "measure", "window"),
    [("calm", "psi", "slow"), ("calm", "psi", "fast"), ("drifted", "psi", "fast"), ("calm", "jensen_shannon", "fast"), ("drifted", "jensen_shannon", "fast")],
)
def test_distances_are_within_a_hundredth_of_those_of_a_thousand_raw_values(told: Story, when: str, measure: str, window: str) -> None:
    """Windows that hold only these: what Prometheus extrapolates changes ratios but little."""
    moment = told.moments[when]
    for variable, values in moment.raw.items():
        assert len(values) == 1000
        ratios, expected = _raw(told, variable, values)
        value = float(distances.psi(ratios, expected)) if measure == "psi" else float(jensenshannon(ratios, expected, base=2))
        assert moment.recorded[measure, window][variable] == pytest.approx(value, abs=0.01)


def test_what_is_recorded_tells_calm_from_drift(told: Story) -> None:
    before, after = (_fast(told.moments[when]) for when in MOMENTS)
    assert max(before.values()) < 0.1
    assert after["monthly_charge"] > 0.25 > 0.1 > after["plan"]


def _fast(moment: Moment) -> Mapping[str, float]:
    return moment.recorded["psi", "fast"]


def _variable(told: Story, name: str) -> Any:
    (found,) = (one for one in told.baseline.variables if one.name == name)
    return found


def _aligned(told: Story, variable: str, bins: Mapping[str, float]) -> tuple[Any, Any]:
    """Increases and the baseline's ratios, in the order of the bins."""
    expected = _variable(told, variable).bins
    assert set(bins) == set(expected)
    return np.array([bins[name] for name in expected]), np.array(list(expected.values()))


def _raw(told: Story, variable: str, values: list[Any]) -> tuple[Any, Any]:
    return distribution(_variable(told, variable), values)
