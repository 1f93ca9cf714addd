"""The rows of a service's page that are about the model it serves. For an application each panel says so."""

from commonground.metrics.dashboards.model import Bars, Empty, Line, Query, Row, Stat, Thresholds, TimeSeries, Unit, Variable, above
from commonground.metrics.dashboards.queries import in_order, latest, peak, top
from commonground.settings.metrics import MetricsSettings

WHERE = 'team="$team", service="$service", model="$model"'
_VERSION = f'{WHERE}, model_version="$model_version"'
_ONE = f'{_VERSION}, kind="$kind", variable="$variable"'
_DAY, _HOUR = 86_400, 3_600
_EARLY = 0.8
"""Share of an age's bound from which it is coloured as a warning."""

VARIABLES = (
    Variable("model", "Model", 'commonground_model_info{team="$team", service="$service"}', "model"),
    Variable("model_version", "Model version", f"commonground_model_info{{{WHERE}}}", "model_version"),
    Variable("kind", "Kind", f"commonground:model_samples:fast{{{_VERSION}}}", "kind"),
    Variable("variable", "Feature or prediction", f'commonground:model_samples:fast{{{_VERSION}, kind="$kind"}}', "variable"),
)


def rows(settings: MetricsSettings) -> tuple[Row, ...]:
    """Versions, drift, quality and features of the model; the distribution of one variable beside its training data."""
    return (
        Row("Model $model (for model servers)", (_drift(settings), _quality(settings), _ages(settings))),
        Row("Distribution of $variable ($kind), $model version $model_version", (_distribution(settings),)),
    )


def measure(settings: MetricsSettings) -> str:
    """The name of the measure that alerts."""
    return {"psi": "PSI", "jensen_shannon": "Jensen-Shannon distance"}[settings.drift.measure]


def drift(settings: MetricsSettings, where: str = WHERE, *, window: str = "fast") -> str:
    """The selector of the measure that alerts. `window`: `fast` or `slow`."""
    return f"commonground:model_{settings.drift.measure}:{window}{{{where}}}"


def ages(bound: float) -> Thresholds:
    """Of an age in seconds that is stale from `bound`."""
    return above(_EARLY * bound, bound)


def _worst(selector: str, by: str, ranked_by: str, count: int = 10) -> str:
    """Of the variables whose peak in the time range is highest."""
    return top(count, f"max by ({by}) ({latest(selector)})", ranked_by, f"max by ({ranked_by}) ({peak(selector)})")


def _drift_lines(settings: MetricsSettings, window: str, length: str, description: str) -> TimeSeries:
    return TimeSeries(
        title=f"Drift in {length}: the 10 that drift most",
        description=description,
        unit=Unit.NONE,
        width=8,
        decimals=2,
        thresholds=above(settings.drift.warning, settings.drift.critical),
        lines=(Query(_worst(drift(settings, window=window), "kind, variable, model_version", "kind, variable"), "{{variable}} ({{kind}}, {{model_version}})"),),
        step="5m",
        empty=Empty.MODEL,
    )


def _drift(settings: MetricsSettings) -> Line:
    name = measure(settings)
    return Line(
        9,
        (
            TimeSeries(
                title="Version mix",
                description="Predictions made in a second by each version of the model. Two while one replaces the other, or a canary runs.",
                unit=Unit.PER_SECOND,
                width=8,
                lines=(Query(f"sum by (model_version) (commonground:model_predictions:rate5m{{{WHERE}}})", "{{model_version}}"),),
                stacked=True,
                empty=Empty.MODEL,
            ),
            _drift_lines(
                settings,
                "fast",
                settings.drift.fast,
                f"{name} of what the model sees and says now, against its training data. Lines: warning and critical.",
            ),
            _drift_lines(
                settings,
                "slow",
                settings.drift.slow,
                f"{name} over the longer window, in which a burst or a night is no drift. Alerts ask both windows.",
            ),
        ),
    )


def _quality(settings: MetricsSettings) -> Line:
    bounds = settings.models
    missing, outside = f"commonground:model_missing:ratio{{{WHERE}}}", f"commonground:model_out_of_range:ratio{{{WHERE}}}"
    names = "{{score}} ({{model_version}})"
    return Line(
        9,
        (
            TimeSeries(
                title="Quality",
                description="Quality scores of each version, by whoever knows the outcomes, beside what each had at training.",
                unit=Unit.NONE,
                width=8,
                decimals=3,
                lines=(
                    Query(f"max by (score, model_version) (commonground:model_quality:score{{{WHERE}}})", names),
                    Query(f"max by (score, model_version) (commonground_model_quality_baseline{{{WHERE}}})", "{{score}} at training ({{model_version}})"),
                ),
                minimum=None,
                empty=Empty.OUTCOMES,
            ),
            TimeSeries(
                title="Quality decline",
                description=f"By how much each score is worse than at training; below 0 it is better. Alerts begin at {bounds.quality_drop_percent:g} %.",
                unit=Unit.RATIO,
                width=8,
                decimals=1,
                thresholds=Thresholds("green", ((bounds.quality_drop_percent / 100, "red"),)),
                lines=(Query(f"max by (score, model_version) (commonground:model_quality:drop{{{WHERE}}})", names),),
                minimum=None,
                empty=Empty.OUTCOMES,
            ),
            TimeSeries(
                title="Broken input: the 5 worst of each kind",
                description="Share of values that are missing, or outside of what training saw. A cliff is a broken pipeline rather than drift.",
                unit=Unit.RATIO,
                width=8,
                decimals=1,
                lines=(
                    Query(_worst(missing, "variable", "variable", 5), "{{variable}} missing"),
                    Query(_worst(outside, "variable", "variable", 5), "{{variable}} out of range"),
                ),
                step="5m",
                empty=Empty.MODEL,
            ),
        ),
    )


def _ages(settings: MetricsSettings) -> Line:
    bounds, windows = settings.models, settings.drift
    model, feature = bounds.max_age_days * _DAY, bounds.feature_age_hours * _HOUR
    return Line(
        5,
        (
            Stat(
                title="Age of the model",
                description=f"Since the end of the data that each serving version was trained on. Stale from {bounds.max_age_days} days.",
                unit=Unit.SECONDS,
                width=8,
                decimals=1,
                thresholds=ages(model),
                values=(Query(f"max by (model_version) (commonground:model_age:seconds{{{WHERE}}})", "{{model_version}}"),),
                empty=Empty.MODEL,
            ),
            Stat(
                title="Feature freshness",
                description=f"Age of the newest value of the 5 oldest feature views of the team. Stale from {bounds.feature_age_hours} hours.",
                unit=Unit.SECONDS,
                width=8,
                decimals=1,
                thresholds=ages(feature),
                values=(Query('topk(5, max by (feature_view) (commonground:feature_age:seconds{team="$team"}))', "{{feature_view}}"),),
                empty=Empty.FEATURES,
            ),
            Stat(
                title="Fewest values of a variable",
                description=f"In each window, of those variables that had any: below {windows.min_samples} nothing is said of drift.",
                unit=Unit.SHORT,
                width=8,
                decimals=0,
                thresholds=Thresholds("orange", ((windows.min_samples, "green"),)),
                values=(
                    Query(f"min({latest(f'commonground:model_samples:fast{{{_VERSION}}}')})", f"In {windows.fast}"),
                    Query(f"min({latest(f'commonground:model_samples:slow{{{_VERSION}}}')})", f"In {windows.slow}"),
                ),
                empty=Empty.MODEL,
            ),
        ),
    )


def _distribution(settings: MetricsSettings) -> Line:
    share = f"max by (bin) ({latest(f'commonground:model_values:ratio_fast{{{_ONE}}}')})"
    training = f"max by (bin) ({latest(f'commonground:model_baseline:ratio{{{_ONE}}}')})"
    return Line(
        10,
        (
            Bars(
                title="Now beside training",
                description=f"Share of the values in each bin, in {settings.drift.fast}, beside the training data's. A bin is named by its upper bound.",
                unit=Unit.RATIO,
                width=12,
                decimals=1,
                groups=(Query(in_order(share, "order"), f"Now ({settings.drift.fast})"), Query(in_order(training, "order"), "Training")),
                label="bin",
                order="order",
                empty=Empty.MODEL,
            ),
            TimeSeries(
                title="Share of each bin over time",
                description="When the distribution began to move, and from which bin to which.",
                unit=Unit.RATIO,
                width=12,
                decimals=1,
                lines=(Query(share, "{{bin}}"),),
                stacked=True,
                maximum=1,
                step="5m",
                empty=Empty.MODEL,
            ),
        ),
    )
