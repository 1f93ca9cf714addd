"""Whether any pool has the GPUs that a workload asks for, as far as the platform's contract says."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol, runtime_checkable

import pulumi

from commonground.gpus import GPU, MEMORY_LABEL, PRODUCT_LABEL, SHARED_LABEL
from commonground.settings.base import GpuSoftware, PoolPurpose
from commonground.settings.mistakes import did_you_mean
from commonground.workloads.settings import GpuRequest

Pools = Mapping[str, Mapping[str, Any]]
"""Pools by name, as the contract describes them."""


@runtime_checkable
class KnowsPools(Protocol):
    """A team that knows its platform's pools: an `ExistingTeam` may."""

    @property
    def pools(self) -> pulumi.Input[Pools | None] | None: ...


class NoSuchGpuError(Exception):
    """GPUs that no pool has: a pod that asks for them would wait for ever. Pulumi wraps a ValueError of an Output in all of the resource's inputs."""

    def __init__(self, workload: str, found: str, expected: str, fix: str) -> None:
        super().__init__(f"workload {workload!r}: found {found}, expected {expected}. Fix: {fix}")
        self.workload = workload
        self.found = found
        self.expected = expected
        self.fix = fix


def offered(workload: str, gpu: GpuRequest, team: object) -> pulumi.Output[bool]:
    """Comes to whether it is known that a pool has such GPUs; fails with `NoSuchGpuError`, once the pools are known."""
    pools = pulumi.Output.from_input(team.pools if isinstance(team, KnowsPools) else None)
    return pools.apply(lambda known: known is not None and _checked(workload, gpu, known))


def _checked(workload: str, gpu: GpuRequest, pools: Pools) -> bool:
    with_gpus = {name: pool for name, pool in pools.items() if pool.get("purpose") == PoolPurpose.GPU.value}
    if any(_has(pool, gpu) for pool in with_gpus.values()):
        return True
    expected = f"what a pool has: {'; '.join(_described(name, pool) for name, pool in with_gpus.items())}" if with_gpus else "none, as no pool has any"
    products = {pool["labels"][PRODUCT_LABEL] for pool in with_gpus.values() if PRODUCT_LABEL in pool["labels"]}
    guess = did_you_mean(gpu.product, products - {gpu.product}) if gpu.product and gpu.product not in products else None
    fix = f"did you mean product '{guess}'?" if guess else "ask for these, or have a pool with such GPUs added to the foundation"
    raise NoSuchGpuError(workload, _asked(gpu), expected, fix)


def _has(pool: Mapping[str, Any], gpu: GpuRequest) -> bool:
    labels = pool["labels"]
    claimed = gpu.software is GpuSoftware.DRA
    if PRODUCT_LABEL not in labels and claimed:
        return True  # Several kinds: which one, the claim says of each device.
    if gpu.product and labels.get(PRODUCT_LABEL) != gpu.product:
        return False
    if gpu.min_memory_mib and int(labels.get(MEMORY_LABEL, 0)) < gpu.min_memory_mib:
        return False
    return claimed or gpu.count <= (_most(pool) or gpu.count)


def _most(pool: Mapping[str, Any]) -> int | None:
    """GPUs that one pod gets there at most; None where the foundation is older than this fact."""
    if SHARED_LABEL in pool["labels"]:
        return 1
    most = (pool.get("resources") or {}).get(GPU)
    return None if most is None else int(most)


def _described(name: str, pool: Mapping[str, Any]) -> str:
    return f"{name} ({', '.join(_facts(pool))})"


def _facts(pool: Mapping[str, Any]) -> Iterator[str]:
    labels, most = pool["labels"], _most(pool)
    yield f"product {labels[PRODUCT_LABEL]}" if PRODUCT_LABEL in labels else "of several products"
    if MEMORY_LABEL in labels:
        yield f"{labels[MEMORY_LABEL]} MiB"
    if most is not None:
        yield f"at most {most} to a pod"


def _asked(gpu: GpuRequest) -> str:
    kind = f" of product {gpu.product}" if gpu.product else ""
    memory = f" with {gpu.min_memory_mib} MiB or more" if gpu.min_memory_mib else ""
    return f"a request for {gpu.count} GPU{'s' if gpu.count > 1 else ''}{kind}{memory}"
