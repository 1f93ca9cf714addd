"""Pools: the same in blueprint and scale, of sizes that AWS takes, of instance types that do their work."""

from collections.abc import Iterator

from commonground.settings.base import Accelerator, PoolPurpose
from commonground.settings.blueprint import Pool
from commonground.settings.files import Block, Files
from commonground.settings.merge import pool_zones, used_zones
from commonground.settings.mistakes import did_you_mean, listed
from commonground.settings.rules.problem import Problem, Rule, repeated, unmatched
from commonground.settings.scale import PoolScale

SYSTEM_NODES = 2
"""Nodes that a system pool has at least: one may be replaced while the other serves."""


def both(files: Files) -> Iterator[tuple[str, Pool, PoolScale]]:
    """Yield the pools that blueprint and scale both have."""
    for name, pool in files.blueprint.pools.items():
        if name in files.scale.pools:
            yield name, pool, files.scale.pools[name]


def same(files: Files) -> Iterator[Problem]:
    """The scale has exactly the blueprint's pools."""
    yield from unmatched(
        files,
        "pools",
        "pool",
        shape=files.blueprint.pools,
        scale=files.scale.pools,
        lacks="the size of every pool of the blueprint",
        add=lambda name: f"{name}: {{instance_types: [...], capacity: on_demand, min: 0, desired: 0, max: 1}}",
    )


def system(files: Files) -> Iterator[Problem]:
    """At least one pool is there for what the cluster itself runs, with two nodes."""
    pools = files.blueprint.pools
    systems = [name for name, pool in pools.items() if pool.purpose is PoolPurpose.SYSTEM]
    if not systems:
        expected = "at least one with the purpose `system`: what the cluster itself runs has no other place"
        yield Problem(
            Block.BLUEPRINT, ("pools",), listed(pools), expected, "add `system: {purpose: system, architecture: x86_64, root_volume_gib: 50}`", whole=True
        )
        return
    sizes = {name: files.scale.pools[name].min for name in systems if name in files.scale.pools}
    if len(sizes) == len(systems) and all(size < SYSTEM_NODES for size in sizes.values()):
        name = systems[0]
        yield Problem(
            Block.SCALE,
            ("pools", name, "min"),
            str(sizes[name]),
            f"at least {SYSTEM_NODES}: one system pool survives the loss of a node",
            f"write {SYSTEM_NODES}",
        )


def sizes(files: Files) -> Iterator[Problem]:
    """min <= desired <= max."""
    for name, size in files.scale.pools.items():
        if size.min > size.desired:
            expected = f"at most desired ({size.desired}): AWS refuses a minimum above what runs"
            fix = f"raise desired to {size.min} too, and name {name} in `resize`, so that this run sets it"
            yield Problem(Block.SCALE, ("pools", name, "min"), str(size.min), expected, fix)
        if size.desired > size.max:
            yield Problem(
                Block.SCALE, ("pools", name, "desired"), str(size.desired), f"at most max ({size.max})", f"lower desired, or raise max to {size.desired}"
            )


def named(files: Files) -> Iterator[Problem]:
    """`resize` and `rezone` name pools, each once."""
    known = files.blueprint.pools
    for key, names in (("resize", files.scale.resize), ("rezone", files.scale.rezone)):
        yield from repeated(Block.SCALE, (key,), names)
        for index, name in enumerate(names):
            if name not in known and name not in names[:index]:
                guess = did_you_mean(name, known)
                yield Problem(Block.SCALE, (key, index), name, f"one of the pools {listed(known)}", f'did you mean "{guess}"?' if guess else "remove it")


def accelerators(files: Files) -> Iterator[Problem]:
    """GPU pools, and no others, have an accelerator."""
    for name, pool in files.blueprint.pools.items():
        keys = ("pools", name, "accelerator")
        if pool.purpose is PoolPurpose.GPU and pool.accelerator is None:
            yield Problem(Block.BLUEPRINT, keys, "nothing", "an accelerator: the pool's purpose is gpu", f"add `accelerator: {Accelerator.NVIDIA}`")
        if pool.purpose is not PoolPurpose.GPU and pool.accelerator is not None:
            expected = f"nothing: the pool's purpose is {pool.purpose}, and its nodes are not kept for GPU work"
            yield Problem(Block.BLUEPRINT, keys, pool.accelerator, expected, "write `purpose: gpu`, or remove the accelerator")


def instance_types(files: Files) -> Iterator[Problem]:
    """Instance types are in the lock, of the pool's architecture, and have GPUs exactly where the pool is for GPU work."""
    facts = files.lock.instance_types
    for name, pool, scale in both(files):
        for index, type_ in enumerate(scale.instance_types):
            keys = ("pools", name, "instance_types", index)
            if type_ in scale.instance_types[:index]:
                yield Problem(Block.SCALE, keys, f"{type_} a second time", "each instance type once", "remove it")
            elif files.partly(Block.LOCK, "instance_types", type_):
                continue
            elif type_ not in facts:
                guess = did_you_mean(type_, [other for other in facts if other not in scale.instance_types and _does_its_work(files, pool, other)])
                near = f', unless you mean "{guess}"' if guess else ""
                yield Problem(
                    Block.SCALE, keys, f"{type_}, which the lock does not know", "an instance type in the lock", f"run `commonground lock {files.name}`{near}"
                )
            else:
                yield from _fitting(files, name, pool, index, type_)


def _does_its_work(files: Files, pool: Pool, type_: str) -> bool:
    """Tell whether a type of the lock is one for this pool."""
    facts = files.lock.instance_types[type_]
    return facts.architecture is pool.architecture and (facts.gpus is not None) == (pool.purpose is PoolPurpose.GPU)


def _fitting(files: Files, name: str, pool: Pool, index: int, type_: str) -> Iterator[Problem]:
    facts, keys = files.lock.instance_types[type_], ("pools", name, "instance_types", index)
    if facts.architecture is not pool.architecture:
        expected = f"{pool.architecture}: a pool has one architecture, and the blueprint says which"
        yield Problem(Block.SCALE, keys, f"{type_}, which is {facts.architecture}", expected, f"choose {pool.architecture} types, or another pool")
    if pool.purpose is PoolPurpose.GPU and facts.gpus is None:
        yield Problem(
            Block.SCALE,
            keys,
            f"{type_}, which has no GPU",
            "instance types with GPUs: the pool's purpose is gpu",
            "choose one with GPUs, for example g6.xlarge",
        )
    if pool.purpose is not PoolPurpose.GPU and facts.gpus is not None:
        found = f"{type_}, which has {facts.gpus.count} {facts.gpus.model}"
        yield Problem(
            Block.SCALE,
            keys,
            found,
            f"instance types without GPUs: the pool's purpose is {pool.purpose}",
            "choose one without GPUs, or move it to a pool with `purpose: gpu`",
        )


def offered(files: Files) -> Iterator[Problem]:
    """There is a zone of the network in which all of a pool's types are offered."""
    files.sure(Block.SCALE, "zones")
    if files.partly(Block.LOCK, "zones"):
        return
    zones = used_zones(files)
    for name, _, scale in both(files):
        known = [type_ for type_ in scale.instance_types if type_ in files.lock.instance_types]
        if zones and known and not pool_zones(files, scale.instance_types):
            where = "; ".join(f"{type_} in {listed(files.lock.instance_types[type_].zones)}" for type_ in known)
            expected = f"types that one of the zones {listed(zone.id for zone in zones)} offers together"
            yield Problem(Block.SCALE, ("pools", name, "instance_types"), where, expected, "choose other types, or more zones", whole=True)


RULES: tuple[Rule, ...] = (same, system, sizes, named, accelerators, instance_types, offered)
