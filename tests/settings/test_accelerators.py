"""GPUs: how they are shared, cut, reached and joined; what the check refuses, and what components get."""

import pytest

from commonground import settings
from commonground.settings import mig
from commonground.settings.base import Gpus, GpuSoftware, SharingStrategy
from tests.settings.conftest import Sound

POOL = "accelerator: nvidia, root_volume_gib: 200}"
H100 = "gpus: {count: 8, model: H100, memory_mib: 81920}, zones: [euc1-az3]}"
EVERYWHERE = "zones: [euc1-az1, euc1-az2, euc1-az3]}"


@pytest.fixture
def hopper(sound: Sound) -> Sound:
    """With a GPU pool of H100s, offered in every zone."""
    sound.edit("Pulumi.dev.yaml", "[g6.xlarge]", "[p5.48xlarge]")
    sound.edit("lock.dev.yaml", H100, H100.replace("zones: [euc1-az3]}", EVERYWHERE))
    return sound


def share(sound: Sound, sharing: str) -> None:
    sound.edit("blueprint.yaml", POOL, f"{POOL[:-1]}, sharing: {sharing}}}")


def add_type(sound: Sound, name: str, facts: str) -> None:
    """A second GPU type of the lock, in the GPU pool."""
    sound.edit(
        "lock.dev.yaml", "  p5.48xlarge:", f"  {name}: {{architecture: x86_64, vcpu: 192, memory_mib: 2097152, pods: 100, {facts}, {EVERYWHERE}\n  p5.48xlarge:"
    )
    sound.edit("Pulumi.dev.yaml", "[p5.48xlarge]", f"[p5.48xlarge, {name}]")


def gpu_pool(environment: settings.Environment) -> settings.PoolSettings:
    return next(pool for pool in environment.pools if pool.name == "gpu")


@pytest.mark.parametrize("strategy", ["time_slicing", "mps"])
def test_a_shared_gpu_counts_as_often_as_the_blueprint_says(sound: Sound, strategy: str) -> None:
    share(sound, f"{{strategy: {strategy}, replicas: 4}}")
    environment = sound.resolve()
    assert gpu_pool(environment).sharing.replicas == 4
    assert environment.accelerators is not None
    assert environment.accelerators.pools[0].sharing.strategy is SharingStrategy(strategy)


def test_without_sharing_a_gpu_takes_one_pod(sound: Sound) -> None:
    sharing = gpu_pool(sound.resolve()).sharing
    assert (sharing.strategy, sharing.replicas) == (SharingStrategy.NONE, 1)


def test_mig_cuts_gpus_that_it_can_cut(hopper: Sound) -> None:
    share(hopper, "{strategy: mig, profile: 3g.40gb}")
    assert gpu_pool(hopper.resolve()).sharing.profile == "3g.40gb"


def test_a_profile_of_another_gpu_is_answered_with_those_that_it_has(hopper: Sound) -> None:
    share(hopper, "{strategy: mig, profile: 1g.5gb}")
    (mistake,) = hopper.check()
    assert (mistake.file, mistake.key) == ("blueprint.yaml", "pools.gpu.sharing.profile")
    assert mistake.found == "1g.5gb, which the H100 of p5.48xlarge does not have"
    assert "1g.10gb, 1g.20gb" in mistake.expected


@pytest.mark.parametrize("extra", ["replicas: 4", "profile: 1g.10gb"])
def test_no_sharing_takes_neither_a_count_nor_a_profile(sound: Sound, extra: str) -> None:
    share(sound, f"{{strategy: none, {extra}}}")
    (mistake,) = sound.check()
    assert mistake.key == f"pools.gpu.sharing.{extra.split(':')[0]}"


@pytest.mark.parametrize("replicas", [1, 49])
def test_a_count_is_one_that_shares_and_that_mps_takes(sound: Sound, replicas: int) -> None:
    share(sound, f"{{strategy: mps, replicas: {replicas}}}")
    assert "pools.gpu.sharing.replicas" in [mistake.key for mistake in sound.check()]


def test_the_profiles_follow_model_and_memory() -> None:
    assert mig.profiles(Gpus(count=8, model="A100", memory_mib=40960))["1g.5gb"] == 7
    assert mig.profiles(Gpus(count=8, model="A100", memory_mib=81920))["1g.10gb"] == 7
    assert mig.profiles(Gpus(count=8, model="H200", memory_mib=144384))["3g.71gb"] == 2
    assert mig.profiles(Gpus(count=1, model="L4", memory_mib=22888)) == {}


def test_no_profile_has_more_memory_than_its_gpu() -> None:
    for sizes in mig.MODELS.values():
        for size in sizes:
            whole = int(list(size)[-1].split(".")[1].removesuffix("gb"))
            assert all(int(profile.split(".")[1].removesuffix("gb")) * parts <= whole * 1.03 for profile, parts in size.items()), size


def test_a_profile_is_one_that_every_gpu_of_the_pool_has(hopper: Sound) -> None:
    share(hopper, "{strategy: mig, profile: 1g.10gb}")
    add_type(hopper, "p5e.48xlarge", "efa: 32, gpus: {count: 8, model: H200, memory_mib: 144384}")
    (mistake,) = hopper.check()
    assert mistake.found == "1g.10gb, which the H200 of p5e.48xlarge does not have"


# --- software


def dra(sound: Sound, versions: str = '["1.35", "1.36"]') -> None:
    sound.edit("blueprint.yaml", '["1.35", "1.36"]', versions)
    sound.edit("blueprint.yaml", "\npools:\n", "\naccelerators: {gpus: dra}\n\npools:\n")


def test_dra_is_a_choice_of_the_blueprint(sound: Sound) -> None:
    dra(sound)
    accelerators = sound.resolve().accelerators
    assert accelerators is not None
    assert accelerators.software is GpuSoftware.DRA


def test_dra_is_refused_while_a_kubernetes_without_it_is_supported(sound: Sound) -> None:
    dra(sound, '["1.33", "1.34", "1.36"]')
    (mistake,) = sound.check()
    assert (mistake.key, mistake.found) == ("accelerators.gpus", "dra")
    assert "take 1.33 out of" in mistake.fix


@pytest.mark.parametrize("strategy", ["time_slicing", "mps"])
def test_dra_counts_no_gpu_several_times(sound: Sound, strategy: str) -> None:
    dra(sound)
    share(sound, f"{{strategy: {strategy}, replicas: 4}}")
    (mistake,) = sound.check()
    assert mistake.key == "pools.gpu.sharing.strategy"
    assert "`gpus: device_plugin`" in mistake.fix


def test_dra_takes_the_parts_that_mig_makes(hopper: Sound) -> None:
    dra(hopper)
    share(hopper, "{strategy: mig, profile: 1g.10gb}")
    assert hopper.check() == []


def test_without_a_gpu_pool_there_is_no_gpu_software(sound: Sound) -> None:
    sound.edit("blueprint.yaml", f"  gpu: {{purpose: gpu, architecture: x86_64, {POOL}\n", "")
    sound.edit("Pulumi.dev.yaml", "      gpu: {instance_types: [g6.xlarge], capacity: on_demand, min: 0, desired: 0, max: 2}\n", "")
    sound.edit("Pulumi.dev.yaml", "gpus: 4, ", "")
    assert sound.resolve().accelerators is None


# --- EFA


def test_a_pool_with_efa_stays_in_the_first_of_its_zones(hopper: Sound) -> None:
    assert gpu_pool(hopper.resolve()).zones == ("euc1-az1", "euc1-az2")
    hopper.edit("blueprint.yaml", POOL, f"{POOL[:-1]}, efa: true}}")
    assert gpu_pool(hopper.resolve()).zones == ("euc1-az1",)


def test_the_nodes_of_a_pool_have_the_same_adapters(hopper: Sound) -> None:
    add_type(hopper, "p5n.48xlarge", "efa: 16, gpus: {count: 8, model: H100, memory_mib: 81920}")
    assert hopper.check() == []
    hopper.edit("blueprint.yaml", POOL, f"{POOL[:-1]}, efa: true}}")
    (mistake,) = hopper.check()
    assert mistake.key == "commonground:scale.pools.gpu.instance_types[1]"
    assert mistake.expected.startswith("32, like p5.48xlarge")
