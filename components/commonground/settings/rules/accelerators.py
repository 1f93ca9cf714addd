"""GPUs: shared as the pool's strategy says, cut as the hardware can be, reached by the software that the blueprint names, and joined by EFA."""

from collections.abc import Iterator
from typing import NamedTuple

from commonground.settings import mig
from commonground.settings.base import GpuSoftware, PoolPurpose, SharingStrategy
from commonground.settings.blueprint import Pool
from commonground.settings.files import Block, Files
from commonground.settings.lock import LockedInstanceType
from commonground.settings.mistakes import did_you_mean, listed
from commonground.settings.rules.pools import both
from commonground.settings.rules.problem import Problem, Rule

DRA_SINCE = (1, 34)
"""Kubernetes version in which `resource.k8s.io/v1` is served by default (Kubernetes documentation, "Dynamic Resource Allocation")."""


class _Detail(NamedTuple):
    """A key of `sharing` that belongs to some strategies: there it is demanded, elsewhere refused."""

    strategies: tuple[SharingStrategy, ...]
    what: str
    example: str


DETAILS = {
    "replicas": _Detail((SharingStrategy.TIME_SLICING, SharingStrategy.MPS), "how many pods a GPU takes", "4"),
    "profile": _Detail((SharingStrategy.MIG,), "how MIG cuts each GPU", "1g.10gb"),
}
"""By key."""


def sharing(files: Files) -> Iterator[Problem]:
    """GPU pools share their GPUs, by a strategy that has exactly what it needs."""
    for name, pool in files.blueprint.pools.items():
        if pool.sharing is None:
            continue
        keys, strategy = ("pools", name, "sharing"), pool.sharing.strategy
        if pool.purpose is not PoolPurpose.GPU:
            expected = f"nothing: the pool's purpose is {pool.purpose}, and it has no GPUs to share"
            yield Problem(Block.BLUEPRINT, keys, f"the strategy {strategy}", expected, "remove it, or write `purpose: gpu`", whole=True)
            continue
        if files.unsure(Block.BLUEPRINT, *keys, "strategy"):
            continue
        for key, detail in DETAILS.items():
            value = getattr(pool.sharing, key)
            if strategy in detail.strategies and value is None:
                expected = f"{detail.what}, which the strategy {strategy} needs"
                yield Problem(Block.BLUEPRINT, (*keys, key), "nothing", expected, f"add `{key}: {detail.example}`")
            elif strategy not in detail.strategies and value is not None:
                expected = f"nothing: the strategy is {strategy}, and `{key}` is for {listed(detail.strategies)}"
                fix = f"remove it, or write `strategy: {detail.strategies[0]}`: a GPU is shared in one way only"
                yield Problem(Block.BLUEPRINT, (*keys, key), str(value), expected, fix)


def cut(files: Files) -> Iterator[Problem]:
    """MIG's profile is one that all of the pool's GPUs have."""
    for name, pool, index, type_, facts in _gpu_types(files):
        if pool.sharing is None or pool.sharing.strategy is not SharingStrategy.MIG or facts.gpus is None:
            continue
        known, profile = mig.profiles(facts.gpus), pool.sharing.profile
        if not known:
            found = f"{type_}, whose {facts.gpus.model} has no MIG"
            expected = f"instance types whose GPUs MIG can cut, since the blueprint says `strategy: mig`: {listed(mig.MODELS)}"
            fix = "choose such a type, for example p5.4xlarge, or another strategy in the blueprint"
            yield Problem(Block.SCALE, ("pools", name, "instance_types", index), found, expected, fix)
        elif profile is not None and profile not in known:
            found = f"{profile}, which the {facts.gpus.model} of {type_} does not have"
            guess = did_you_mean(profile, known)
            fix = f'did you mean "{guess}"?' if guess else f"write {next(iter(known))}"
            yield Problem(Block.BLUEPRINT, ("pools", name, "sharing", "profile"), found, f"one of its profiles: {listed(known)}", fix)


def software(files: Files) -> Iterator[Problem]:
    """The DRA driver has a Kubernetes that serves its API, and shares no GPU by counting it several times.

    Its time slicing and MPS are settings of one claim, alpha, and without a count: pods share a GPU by naming the same claim (DRA driver for NVIDIA GPUs,
    `api/nvidia.com/resource/v1beta1/sharing.go`; EKS user guide, "Use the NVIDIA DRA driver or device plugin on Amazon EKS").
    """
    if files.blueprint.accelerators.gpus is not GpuSoftware.DRA:
        return
    old = [version for version in files.blueprint.cluster.kubernetes if tuple(int(part) for part in version.split(".")) < DRA_SINCE]
    if old and not files.partly(Block.BLUEPRINT, "cluster", "kubernetes"):
        expected = f"device_plugin, since the blueprint supports Kubernetes {listed(old)}: DRA needs 1.34 or later"
        fix = f"write `gpus: {GpuSoftware.DEVICE_PLUGIN}`, or take {listed(old)} out of `cluster.kubernetes`"
        yield Problem(Block.BLUEPRINT, ("accelerators", "gpus"), GpuSoftware.DRA, expected, fix)
    for name, pool in files.blueprint.pools.items():
        if pool.sharing is not None and pool.purpose is PoolPurpose.GPU and pool.sharing.strategy in DETAILS["replicas"].strategies:
            expected = "none or mig: with `accelerators.gpus: dra` the driver counts no GPU several times, pods share one by naming one claim"
            fix = f"remove `sharing`, or write `gpus: {GpuSoftware.DEVICE_PLUGIN}` under `accelerators`"
            yield Problem(Block.BLUEPRINT, ("pools", name, "sharing", "strategy"), pool.sharing.strategy, expected, fix)


def efa(files: Files) -> Iterator[Problem]:
    """A pool with EFA is one for GPU work, and all of its types have the same number of adapters, since one launch template lists them."""
    for name, pool in files.blueprint.pools.items():
        if pool.efa and pool.purpose is not PoolPurpose.GPU:
            expected = f"false: the pool's purpose is {pool.purpose}, and only GPU pools have the EFA device plugin"
            yield Problem(Block.BLUEPRINT, ("pools", name, "efa"), "true", expected, "remove it, or write `purpose: gpu`")
    counts: dict[str, tuple[str, int]] = {}
    for name, pool, index, type_, facts in _gpu_types(files):
        keys = ("pools", name, "instance_types", index)
        if not pool.efa:
            continue
        if not facts.efa:
            expected = "instance types with Elastic Fabric Adapters: the blueprint's pool has `efa: true`"
            yield Problem(Block.SCALE, keys, f"{type_}, which has no EFA", expected, "choose one with EFA, or remove `efa` in the blueprint")
            continue
        before, count = counts.setdefault(name, (type_, facts.efa))
        if facts.efa != count:
            expected = f"{count}, like {before}: the nodes of one pool have the same adapters"
            yield Problem(Block.SCALE, keys, f"{type_}, which has {facts.efa} EFAs", expected, "choose types that have the same, or another pool")


def _gpu_types(files: Files) -> Iterator[tuple[str, Pool, int, str, LockedInstanceType]]:
    """Yield each instance type of each GPU pool, with its place in the scale, where the lock knows it and it has GPUs."""
    for name, pool, scale in both(files):
        for index, type_ in enumerate(scale.instance_types):
            facts = files.lock.instance_types.get(type_)
            if pool.purpose is PoolPurpose.GPU and facts is not None and facts.gpus is not None and not files.partly(Block.LOCK, "instance_types", type_):
                yield name, pool, index, type_, facts


RULES: tuple[Rule, ...] = (sharing, cut, software, efa)
