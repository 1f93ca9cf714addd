"""Rules of models beyond drift: quality, age, input data, training and features."""

from collections.abc import Sequence

from commonground.metrics.rules.drift import BASELINE, RATIO
from commonground.metrics.rules.model import Alert, Group, Recording, Severity
from commonground.metrics.rules.windows import latest, samples_range
from commonground.settings.metrics import MetricsSettings, Models
from commonground.telemetry.contract import (
    FEATURES_UPDATED,
    MISSING,
    MODEL,
    MODEL_INFO,
    OUT_OF_RANGE,
    OUTCOMES,
    PREDICTIONS,
    QUALITY,
    QUALITY_BASELINE,
    TRAINED,
    TRAINING_ENDED,
    TRAINING_STARTED,
    VARIABLE,
)

FEAST_FRESHNESS = "feast_feature_freshness_seconds"
"""Age of the newest value of a feature view, by Feast's own feature server (Feast docs, "Metrics")."""
LEAST_OUTCOMES = 200
"""Outcomes of a day below which their accuracy says nothing: its standard error is then up to 3.5 %."""

_BY_MODEL = ", ".join(MODEL)
_BY_SCORE = ", ".join((*MODEL, "score"))
# Whoever knows outcomes may be another workload than the one that serves: neither is named.
_VERSION = "team, namespace, model, model_version"
_SCORED = f"{_VERSION}, score"
_BY_VARIABLE = ", ".join(VARIABLE)
_BY_TRAINING = "team, namespace, model"
_BY_SERVED = "team, namespace, service, model"
_BY_VIEW = "team, namespace, feature_view"

_RATE = "commonground:model_predictions:rate5m"
_SCORE = "commonground:model_quality:score"
_DROP = "commonground:model_quality:drop"
_BETTER = "commonground:model_quality:better"
_MISSING = "commonground:model_missing:ratio"
_OUT_OF_RANGE = "commonground:model_out_of_range:ratio"
_AGE = "commonground:model_age:seconds"
_FEATURE_AGE = "commonground:feature_age:seconds"
_OUTCOMES = "commonground:model_outcomes:increase5m"
_DAY = "commonground:model_outcomes:sum1d"
_SAMPLES = "commonground:model_samples:fast"

_MODEL = "{{ $labels.model }} {{ $labels.model_version }} ({{ $labels.namespace }}/{{ $labels.service }})"
_FEATURE = f"Feature {{{{ $labels.variable }}}} of model {_MODEL}"
_TRAINING = "model {{ $labels.model }} ({{ $labels.namespace }})"


def groups(settings: MetricsSettings) -> Sequence[Group]:
    """All groups of this namespace."""
    return (
        Group(name="models", rules=[*_ages(), *_age_alerts(settings.models)]),
        Group(name="models-quality", rules=[*_quality(), *_quality_alerts(settings.models)], interval="5m"),
        Group(name="models-input", rules=[*_input(settings), *_input_alerts(settings)], interval="5m"),
    )


def _ages() -> list[Recording | Alert]:
    updated = f"time() - max by ({_BY_VIEW}) ({FEATURES_UPDATED.name})"
    return [
        Recording(_RATE, f"sum by ({_BY_MODEL}) (rate({PREDICTIONS.name}[5m]))"),
        Recording(_AGE, f"time() - max by ({_BY_MODEL}) ({TRAINED.name})"),
        Recording(_FEATURE_AGE, f"{updated} or min by ({_BY_VIEW}) ({FEAST_FRESHNESS})"),
    ]


def _age_alerts(bounds: Models) -> list[Recording | Alert]:
    """What is too old, or did not become new."""
    failed, succeeded = (f'max by ({_BY_TRAINING}) ({TRAINING_ENDED.name}{{status="{status}"}})' for status in ("failed", "succeeded"))
    started, ended = f"max by ({_BY_TRAINING}) ({TRAINING_STARTED.name})", f"max by ({_BY_TRAINING}) ({TRAINING_ENDED.name})"
    return [
        Alert(
            name="ModelStale",
            # Neither one that is young enough itself nor one that is left beside such a version.
            expr=f"{_AGE} unless on ({_BY_SERVED}) {_AGE} <= {bounds.max_age_days * 86400}",
            severity=Severity.WARNING,
            wait="1h",
            labels={"retrain": "true"},
            summary=f"Model {_MODEL} was trained on data that ended {{{{ $value | humanizeDuration }}}} ago, over {bounds.max_age_days}d",
        ),
        Alert(
            name="FeaturesStale",
            expr=f"{_FEATURE_AGE} > {bounds.feature_age_hours * 3600}",
            severity=Severity.WARNING,
            wait="15m",
            summary=(
                "The newest value of feature view {{ $labels.feature_view }} ({{ $labels.namespace }}) is "
                f"{{{{ $value | humanizeDuration }}}} old, over {bounds.feature_age_hours}h"
            ),
        ),
        Alert(
            name="TrainingFailed",
            expr=f"time() - ({failed} > {succeeded} or ({failed} unless {succeeded}))",
            severity=Severity.WARNING,
            wait="5m",
            summary=f"The last training of {_TRAINING} failed, {{{{ $value | humanizeDuration }}}} ago",
        ),
        Alert(
            name="TrainingStuck",
            expr=f"time() - ({started} > {ended} or ({started} unless {ended})) > {bounds.training_hours * 3600}",
            severity=Severity.WARNING,
            wait="5m",
            summary=f"A training of {_TRAINING} has been running for {{{{ $value | humanizeDuration }}}}, over {bounds.training_hours}h",
        ),
    ]


def _quality() -> list[Recording | Alert]:
    """Scores, by whoever measures them or from outcomes of a day, and by how much they are worse than at training."""
    right, known = (f"sum by ({_BY_MODEL}) ({_DAY}{only})" for only in ('{result="right"}', ""))
    accuracy = f"({right} or {known} * 0) / ({known} >= {LEAST_OUTCOMES})"
    higher, trained = (f"max by ({_SCORED}) ({QUALITY_BASELINE.name}{only} != 0)" for only in ('{better="higher"}', ""))
    each = f"on ({_SCORED}) group_left ()"
    return [
        Recording(_OUTCOMES, f"sum by ({_BY_MODEL}, result) (increase({OUTCOMES.name}[5m]))"),
        Recording(_DAY, f"sum_over_time({_OUTCOMES}[{samples_range('1d')}])"),
        Recording(_SCORE, f'avg by ({_BY_SCORE}) ({QUALITY.name}) or label_replace({accuracy}, "score", "accuracy", "", "")'),
        # 1: the higher the better, -1: the lower.
        Recording(_BETTER, f"({higher} * 0 + 1) or ({trained} * 0 - 1)"),
        Recording(_DROP, f"(1 - {_SCORE} / {each} {trained}) * {each} ({_BETTER} * sgn({trained}))"),
    ]


def _quality_alerts(bounds: Models) -> list[Recording | Alert]:
    least = f"{bounds.quality_drop_percent / 100:g}"
    # One, whatever the pods of a rollout say: two would end the rule for every team.
    previous_of = f'topk by ({_VERSION}) (1, max by ({_VERSION}, previous_version) ({MODEL_INFO.name}{{previous_version!=""}}))'
    now = f"{_SCORE} * on ({_VERSION}) group_left (previous_version) {previous_of}"
    by = "team, namespace, service, model, previous_version, score"
    before = f'max by ({by}) (label_replace(last_over_time({_SCORE}[7d]), "previous_version", "$1", "model_version", "(.*)"))'
    better = f"on ({_SCORED}) group_left () {_BETTER}"
    fall = f"({before} - on ({by}) group_right () ({now})) / on ({by}) group_left () abs({before})"
    return [
        Alert(
            name="ModelQualityDecline",
            expr=f"{_DROP} > {least}",
            severity=Severity.CRITICAL,
            wait="1h",
            labels={"retrain": "true"},
            summary=(
                f"{{{{ $labels.score }}}} of model {_MODEL} is {{{{ $value | humanizePercentage }}}} worse than at training, "
                f"over {bounds.quality_drop_percent:g}%"
            ),
        ),
        Alert(
            name="ModelQualityBelowPrevious",
            expr=f"({fall}) * {better} > {least}",
            severity=Severity.WARNING,
            wait="1h",
            summary=(
                f"{{{{ $labels.score }}}} of model {_MODEL} is {{{{ $value | humanizePercentage }}}} worse than that of the version before, "
                f"{{{{ $labels.previous_version }}}}; over {bounds.quality_drop_percent:g}%"
            ),
        ),
    ]


def _input(settings: MetricsSettings) -> list[Recording | Alert]:
    """What is wrong with values, of those of the fast window."""
    samples = f"sum by ({_BY_VARIABLE}) ({latest(_SAMPLES)})"
    ratio = latest(f'{RATIO}{{bin="{MISSING}"}}')
    missing = f"sum by ({_BY_VARIABLE}) ({ratio} * on ({_BY_VARIABLE}, baseline) {latest(_SAMPLES)})"
    return [
        Recording(_MISSING, f"{missing} / {samples}"),
        Recording(_OUT_OF_RANGE, f"sum by ({_BY_VARIABLE}) (increase({OUT_OF_RANGE.name}[{settings.drift.fast}])) / {samples}"),
    ]


def _input_alerts(settings: MetricsSettings) -> list[Recording | Alert]:
    bounds, fast, least = settings.models, settings.drift.fast, settings.drift.min_samples
    only = '{kind="feature"}'
    baseline = latest(f'{BASELINE}{{bin="{MISSING}"}}')
    trained = f"max by ({_BY_VARIABLE}) ({baseline})"
    enough = f"sum by ({_BY_VARIABLE}) ({latest(_SAMPLES)}) >= {least}"
    # By the baseline, so that a feature of which no value ever came is known, too; every variable has this bin.
    features = latest(f'{BASELINE}{{bin="{MISSING}", kind="feature"}}')
    expected = f"max by ({_BY_VARIABLE}) ({features})"
    flowing = f"sum by ({_BY_MODEL}) (increase({PREDICTIONS.name}[{fast}])) >= {least}"
    return [
        Alert(
            name="ModelInputMissing",
            expr=f"({_MISSING}{only} - ({trained} or {_MISSING} * 0)) > {bounds.missing_percent / 100:g} and {enough}",
            severity=Severity.WARNING,
            wait="10m",
            summary=(
                f"{_FEATURE} lacks {{{{ $value | humanizePercentage }}}} of its values more than in training, "
                f"in the last {fast}; over {bounds.missing_percent:g}%"
            ),
        ),
        Alert(
            name="ModelInputOutOfRange",
            expr=f"{_OUT_OF_RANGE}{only} > {bounds.out_of_range_percent / 100:g} and {enough}",
            severity=Severity.WARNING,
            wait="10m",
            summary=f"{_FEATURE}: {{{{ $value | humanizePercentage }}}} of its values are outside of what training saw, in the last {fast}; "
            f"over {bounds.out_of_range_percent:g}%",
        ),
        Alert(
            name="ModelFeatureAbsent",
            expr=f"({expected} unless sum by ({_BY_VARIABLE}) ({latest(_SAMPLES)})) * 0 + on ({_BY_MODEL}) group_left () ({flowing})",
            severity=Severity.CRITICAL,
            wait="10m",
            summary=f'{_FEATURE} had no value in the last {fast}, in which the model made {{{{ $value | printf "%.0f" }}}} predictions',
        ),
    ]
