"""What components get: blueprint, scale, bindings and lock of one environment, merged."""

from collections.abc import Callable

import pytest

from commonground import settings
from commonground.settings.base import NatGateways, PoolPurpose
from tests.settings.conftest import ENVIRONMENTS, Sound

Shipped = Callable[[str], settings.Environment]


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_every_shipped_environment_resolves(shipped: Shipped, name: str) -> None:
    environment = shipped(name)
    assert environment.name == name
    assert environment.cluster.name.startswith(f"commonground-{name}-")
    assert environment.network.cluster == environment.cluster.name


def test_shipped_environments_have_one_shape(shipped: Shipped) -> None:
    def shape(environment: settings.Environment) -> object:
        return (
            environment.network.tiers,
            environment.network.endpoints,
            environment.network.nat is not NatGateways.NONE,
            [(pool.name, pool.purpose, pool.ami_type) for pool in environment.pools],
            [bucket.name for bucket in environment.storage.buckets],
            [registry.name for registry in environment.registries.repositories],
            [entry.name for entry in environment.cluster.access],
            [addon.name for addon in (*environment.cluster.addons, *environment.addons.addons)],
            [entry.name for entry in environment.cluster.members],
            [(pool.name, pool.sharing, pool.efa) for pool in (environment.accelerators.pools if environment.accelerators else ())],
            [team.model_dump(exclude={"quota", "protection", "scraped_from"}) for team in environment.teams],
        )

    assert len({repr(shape(shipped(name))) for name in ENVIRONMENTS}) == 1


def test_shipped_environments_never_share_a_range_or_a_cluster(shipped: Shipped) -> None:
    environments = [shipped(name) for name in ENVIRONMENTS]
    assert len({environment.network.cidr for environment in environments}) == len(ENVIRONMENTS)
    assert len({environment.account for environment in environments}) == len(ENVIRONMENTS)


@pytest.mark.parametrize(("name", "protected"), [("local", False), ("dev", False), ("staging", True), ("prod", True)])
def test_what_holds_data_is_protected_where_the_scale_says_so(shipped: Shipped, name: str, protected: bool) -> None:
    environment = shipped(name)
    assert environment.storage.buckets[0].protection.covers("datasets-bucket") is protected
    assert environment.cluster.protection.on is protected


def test_daemonsets_come_with_the_cluster_and_deployments_after_the_nodes(shipped: Shipped) -> None:
    environment = shipped("dev")
    assert [addon.name for addon in environment.cluster.addons] == ["vpc-cni", "kube-proxy", "eks-pod-identity-agent"]
    assert "coredns" in [addon.name for addon in environment.addons.addons]


def test_a_pool_gets_its_facts_from_the_lock(shipped: Shipped) -> None:
    gpu = next(pool for pool in shipped("dev").pools if pool.purpose is PoolPurpose.GPU)
    assert gpu.ami_type is settings.AmiType.AL2023_X86_64_NVIDIA
    assert gpu.ami_release == "1.36.0-20260101"
    assert gpu.instance_types[0].gpus is not None
    assert gpu.instance_types[0].gpus.model == "L4"
    assert gpu.zones == ("euc1-az1", "euc1-az2")


def test_zones_are_those_with_the_lowest_numbers_however_the_lock_orders_them(sound: Sound) -> None:
    sound.edit("lock.dev.yaml", "  euc1-az1: {name: eu-central-1a}\n", "")
    sound.edit("lock.dev.yaml", "addons:\n", "  euc1-az1: {name: eu-central-1a}\naddons:\n")
    assert [zone.id for zone in sound.resolve().network.zones] == ["euc1-az1", "euc1-az2"]


def test_a_pool_stays_in_the_zones_that_offer_all_of_its_types(sound: Sound) -> None:
    sound.edit("Pulumi.dev.yaml", "zones: 2", "zones: 3")
    sound.edit("Pulumi.dev.yaml", "[g6.xlarge]", "[g6.xlarge, p5.48xlarge]")
    assert next(pool for pool in sound.resolve().pools if pool.name == "gpu").zones == ("euc1-az3",)


def test_every_principal_of_a_list_has_an_entry_named_after_its_role(sound: Sound) -> None:
    sound.edit("Pulumi.dev.yaml", "482915730164:role/oncall", "482915730164:role/team/oncall")
    entries = {entry.name: entry for entry in sound.resolve().cluster.access}
    assert list(entries) == ["deployer", "operators-platform", "operators-oncall"]
    assert entries["deployer"].policy == "AmazonEKSClusterAdminPolicy"
    assert entries["operators-oncall"].principal_arn == "arn:aws:iam::482915730164:role/team/oncall"


def test_roles_of_one_name_in_two_accounts_have_entries_of_their_own(sound: Sound) -> None:
    sound.edit("Pulumi.dev.yaml", "arn:aws:iam::482915730164:role/oncall", "arn:aws:iam::482915730165:role/platform")
    assert [entry.name for entry in sound.resolve().cluster.access] == ["deployer", "operators-platform", "operators-platform-482915730165"]


def test_resize_rezone_and_unprotected_reach_what_they_name(sound: Sound) -> None:
    sound.edit("Pulumi.dev.yaml", "    resize: []", "    resize: [general]\n    rezone: [gpu]")
    sound.edit("Pulumi.dev.yaml", "unprotected: []", "unprotected: [datasets-bucket]")
    environment = sound.resolve()
    assert [(pool.name, pool.resize, pool.rezone) for pool in environment.pools] == [("system", False, False), ("general", True, False), ("gpu", False, True)]
    assert not environment.storage.protection.covers("datasets-bucket")
    assert environment.storage.protection.covers("models-bucket")


def test_without_nat_there_are_no_gateways(sound: Sound) -> None:
    sound.edit("blueprint.yaml", "nat: true  ", "nat: false ")
    sound.edit("Pulumi.dev.yaml", "    nat_gateways: one\n", "")
    assert sound.resolve().network.nat is NatGateways.NONE


def test_it_raises_the_mistakes_that_the_check_finds_with_their_lines(sound: Sound) -> None:
    sound.edit("Pulumi.dev.yaml", "        min: 1\n", "        min: 3\n")
    sound.edit("blueprint.yaml", "accelerator: nvidia, ", "")
    with pytest.raises(settings.SettingsError) as refused:
        sound.resolve()
    assert refused.value.mistakes == sound.check()
    assert len(refused.value.mistakes) == 2
    assert all(mistake.line for mistake in refused.value.mistakes)


def test_settings_without_a_stack_file_are_refused_by_key(sound: Sound) -> None:
    scale, bindings = sound.blocks()
    (sound.folder / "Pulumi.dev.yaml").unlink()
    scale["zones"] = "two"
    with pytest.raises(settings.SettingsError, match=r"Pulumi\.dev\.yaml: commonground:scale\.zones: found two, expected a whole number"):
        settings.resolve(sound.folder, "dev", scale, bindings)


def test_a_real_run_refuses_placeholders_and_an_example_lock_and_says_how_to_go_on() -> None:
    from tests.settings.conftest import FOUNDATION, blocks

    with pytest.raises(settings.SettingsError) as refused:
        settings.resolve(FOUNDATION, "prod", *blocks(FOUNDATION, "prod"))
    assert "the placeholder account 333333333333" in str(refused.value)
    assert "an example lock" in str(refused.value)
    assert all("--offline" in mistake.fix for mistake in refused.value.mistakes)


def test_a_secret_that_the_engine_has_decrypted_is_never_shown(sound: Sound) -> None:
    scale, bindings = sound.blocks()
    sound.edit("Pulumi.dev.yaml", "region: eu-central-1", "region: {secure: v1:c2VjcmV0}")
    with pytest.raises(settings.SettingsError) as refused:
        settings.resolve(sound.folder, "dev", scale, {**bindings, "region": "hunter2"})
    assert "hunter2" not in str(refused.value)
    assert "hold no secret" in str(refused.value)


def test_what_was_given_is_left_as_it_was(sound: Sound) -> None:
    scale, bindings = sound.blocks()
    settings.resolve(sound.folder, "dev", scale, bindings)
    assert (scale, bindings) == sound.blocks()
