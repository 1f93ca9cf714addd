"""Mutants that no case can notice, or none should, each with the reason."""

import re
from dataclasses import dataclass

from tests.metrics.mutation import Mutant


@dataclass(frozen=True)
class Reason:
    """Why some mutants survive."""

    pattern: str
    """What `str(mutant)` matches as a whole."""
    why: str

    def covers(self, mutant: Mutant) -> bool:
        """Whether it speaks of this one."""
        return re.fullmatch(self.pattern, str(mutant)) is not None


ONCE = "kube-state-metrics tells each thing once, and two of its pods, while one is replaced, tell the same: the aggregation only leaves out labels"

JOIN = "what it is multiplied with is always 1: the join is there for its labels"
NOTHING = "what is multiplied with 0 may be anything"

# A reason is added with the rule that needs it; a test fails when it is no longer needed.
REASONS = (
    Reason(
        r"nodes: (NodeNotReady|NodePressure|NodeUnhealthy) \w+: aggregation: .*max -> min",
        ONCE,
    ),
    Reason(r"workloads: (PodNotReady|PodPending|Deployment\w+|AutoscalerAtMaximum|JobFailed) \w+: aggregation: .*max -> min", ONCE),
    Reason(r"gpus: (GpuLost|GpuTelemetryMissing) \w+: aggregation: .*max -> min", ONCE),
    Reason(r"monitoring: (AddonDown|AddonDegraded) \w+: aggregation: .*max -> min", ONCE),
    Reason(r"nodes: NodeNotReady \w+: aggregation: .*max -> sum", f"{ONCE}, and the value is always 0"),
    Reason(
        r"workloads: AutoscalerAtMaximum warning: aggregation: .*_max_replicas\) and max`: max -> sum",
        f"{ONCE}: a maximum twice as high is above the minimum, too",
    ),
    Reason(
        r"\w+: (ImagePullFailing|ContainerNotStarting|PodNotReady|GpuXidError|NodeNotScraped) \w+: aggregation: .*group`: group -> sum",
        "the value is not told, only that there is one",
    ),
    Reason(r"gpus: GpuRowRemapFailed critical: aggregation: .*max -> sum", "the value is not told, and a sum is above 0 where its largest part is"),
    Reason(
        r"workloads: (PodCrashLooping|ContainerOutOfMemory|ImagePullFailing|ContainerNotStarting|PodNotReady|VolumeAlmostFull) \w+: arithmetic: .*: \* -> /",
        JOIN,
    ),
    Reason(r"gpus: commonground:(gpu_capacity|gpu_pool_allocated):count: arithmetic: .*: \* -> /", JOIN),
    Reason(r"models: (commonground:model_quality:drop|ModelQualityBelowPrevious warning): arithmetic: .*: \* -> /", "what it is multiplied with is 1 or -1"),
    Reason(r"gpus: commonground:gpu_pool_allocated:count: matcher: .*node`!=\"\": dropped", "a pod without a node is in no pool anyway"),
    Reason(
        r"(services: commonground:request_duration:p\d\d_5m|monitoring: ApiServerSlow warning): function: .*rate -> increase",
        "a quantile depends on the proportions of the buckets only",
    ),
    Reason(
        r"services: commonground:service_version:new: duration: .*30s -> (15|60)s",
        "anything above zero and up to the interval of a minute leaves out the sample of this evaluation, and nothing else",
    ),
    Reason(
        r"gpus: commonground:gpu_xid:new: duration: .*offset 30s`: 30s -> 15s",
        "samples are a minute apart: a quarter of it leaves out this evaluation's, and nothing else, as half of it does",
    ),
    Reason(r"services: commonground:service_failing:bool: aggregation: .*max -> (min|sum)", NOTHING),
    Reason(r"models: commonground:model_quality:better: aggregation: .*max -> (min|sum)", NOTHING),
    Reason(r"models: commonground:model_quality:score: aggregation: .*right\"}\) or sum`: sum -> max", NOTHING),
    Reason(r"models: ModelFeatureAbsent critical: aggregation: `\(max`: max -> (min|sum)", NOTHING),
    Reason(
        r"models: commonground:model_quality:score: aggregation: .*label_replace\(\(sum`: sum -> max",
        "of one result there is one series: its label is left out",
    ),
    Reason(r"models: \w+ \w+: aggregation: .*unless (max`: max -> (min|sum)|sum`: sum -> max)", "only whether there is one counts"),
    Reason(
        r"models: TrainingFailed warning: matcher: .*_ended_timestamp_seconds{status`=\"failed\": dropped",
        "of two ends the newer one is that of the failed training where that is newer than the success, or there is none",
    ),
    Reason(
        r"models: ModelQualityBelowPrevious warning: aggregation: .*max`: max -> (min|sum)",
        "a version before is one version: the aggregation only leaves out its label, which the other one repeats",
    ),
    Reason(r"models: ModelQualityBelowPrevious warning: duration: .*7d`?: 7d -> 1209600s", "it is read twice, and either range keeps out what is older"),
    Reason(r"models: ModelFeatureAbsent critical: matcher: .*{bin`=\"missing\": dropped", "every variable has this bin: one of its bins is enough to know it"),
    Reason(
        r"models: ModelFeatureAbsent critical: function: `ersion, kind, variable\) \(last_over_time`: last_over_time -> min_over_time",
        "of what training saw, the value is multiplied with 0; of what the last hour saw, only whether there is one counts",
    ),
    Reason(
        r"services: commonground:deploy_lead:seconds: arithmetic: `_timestamp_seconds > 0\)\) \*`: \* -> /",
        "what it is multiplied with, a version that is new, is always 1: it is there for the time at which it is told, and its labels",
    ),
    Reason(r"drift: commonground:model_jensen_shannon:fast_hourly: number: .*: 1e-300 -> (2e-300|5e-301)", "0 times the logarithm of either is 0"),
    Reason(
        r"drift: commonground:model_(psi:slow_hourly|jensen_shannon:fast_hourly): duration: .*:(ratio_slow|ratio_fast|ratio){.*: (2h -> 14400|10m -> 1200)s",
        "of each bin it is read twice, as the factors of a product: either range keeps out what is older, and the bin with it",
    ),
    Reason(
        r"drift: commonground:team_bins:count_hourly: function: .*last_over_time`: last_over_time -> min_over_time",
        "series are counted, whatever their values",
    ),
    Reason(r"drift: Model\w+Drift \w+: matcher: .*{kind`=\S+: dropped", "each of the three is of one kind by any of the others: fewer series are read"),
)


def reason(mutant: Mutant) -> Reason | None:
    """Why this mutant may survive. None: it may not."""
    return next((one for one in REASONS if one.covers(mutant)), None)
