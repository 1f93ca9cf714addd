"""What an environment's files say of pools that have no nodes yet."""

from decimal import Decimal
from pathlib import Path

import pytest

from commonground.cli.environments import environment
from commonground.engine.project import Project
from commonground.local.cluster.capacity import Machine, offer
from commonground.settings.base import Architecture, GpuSoftware
from commonground.settings.environment import Environment
from commonground.why.pools import capacity, pool_facts, team_facts
from commonground.why.quantities import amounts

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def dev() -> Environment:
    return environment(Project.read(ROOT), "dev")


def test_an_empty_node_offers_what_the_simulated_ones_offer(dev: Environment) -> None:
    for pool in dev.pools:
        for kind in pool.instance_types:
            # One interface whose addresses give the pods that EC2's facts give.
            machine = Machine(kind.name, "amd64", kind.vcpu, kind.memory_mib, interfaces=1, addresses=kind.pods - 1)
            simulated = amounts(offer(machine, pods=110, disk_gib=pool.root_volume_gib).allocatable)
            ours = capacity(pool, kind)
            assert (ours["cpu"], ours["memory"]) == (simulated["cpu"], simulated["memory"])


def test_there_is_one_for_each_instance_type_and_zone_with_labels_and_taints(dev: Environment) -> None:
    pools = {pool.name: pool for pool in pool_facts(dev)}
    settings = {pool.name: pool for pool in dev.pools}
    assert list(pools) == [pool.name for pool in dev.pools]
    for name, pool in pools.items():
        assert len(pool.empty) == len(settings[name].instance_types) * len(settings[name].zones)
        assert pool.maximum == settings[name].max
    place = pools["gpu"].empty[0]
    assert place.labels["commonground.dev/gpu-product"] == "l4"
    assert place.labels["kubernetes.io/arch"] == ("amd64" if settings["gpu"].architecture is Architecture.X86_64 else "arm64")
    assert place.taints == ({"key": "nvidia.com/gpu", "value": "true", "effect": "NoSchedule"},)
    gpus = settings["gpu"].instance_types[0].gpus
    assert gpus is not None
    assert place.capacity["nvidia.com/gpu"] == gpus.count * settings["gpu"].sharing.replicas


def test_where_pods_claim_devices_no_node_counts_gpus(dev: Environment) -> None:
    assert dev.accelerators is not None
    claiming = dev.model_copy(update={"accelerators": dev.accelerators.model_copy(update={"software": GpuSoftware.DRA})})
    counts = {place.capacity.get("nvidia.com/gpu", Decimal(0)) for pool in pool_facts(claiming) for place in pool.empty}
    assert counts == {Decimal(0)}


def test_namespaces_are_known_by_their_teams(dev: Environment) -> None:
    assert {team.name: team.namespaces for team in team_facts(dev)}["shop"] == ("shop", "shop-jobs")
