"""Teams: who is in them, what they may use, and how they stay apart."""

import pytest

from commonground import settings
from commonground.settings.addresses import subnet_cidr
from commonground.settings.base import TeamRole
from tests.settings.conftest import Sound

DIFFERENCE = '- {environment: dev, path: %s, value: %s, reason: a contractor works there, until: "2027-03-31"}'


def members(sound: Sound) -> dict[str, tuple[str, ...]]:
    return {entry.principal_arn.rpartition("role/")[2]: entry.groups for entry in sound.resolve().cluster.members}


def test_a_member_has_the_groups_of_its_roles(sound: Sound) -> None:
    assert members(sound) == {
        "shop-developer": ("commonground:shop:developer",),
        "platform": ("commonground:shop:viewer",),
        "oncall": ("commonground:shop:viewer",),
        "payments-ci": ("commonground:payments:ci",),
    }


def test_a_member_of_several_teams_has_one_entry_with_all_of_its_groups(sound: Sound) -> None:
    sound.edit("blueprint.yaml", "members: {ci: payments_ci}", "members: {ci: payments_ci, operator: shop_developers, viewer: shop_developers}")
    assert members(sound)["shop-developer"] == ("commonground:payments:operator", "commonground:payments:viewer", "commonground:shop:developer")


def test_every_role_of_a_team_has_a_group_whoever_is_in_it(sound: Sound) -> None:
    for team in sound.resolve().teams:
        assert [member.role for member in team.members] == list(TeamRole)


def test_a_quota_is_the_environments_and_the_rest_is_the_blueprints(sound: Sound) -> None:
    shop, payments = sound.resolve().teams
    assert (shop.quota.cpu, shop.quota.gpus, payments.quota.gpus) == (40, 4, 0)
    assert (shop.namespaces, shop.buckets, shop.registries) == (("shop", "shop-jobs"), {"models": "shop/", "datasets": "shop/"}, ("models/churn",))
    assert payments.peers == ("shop",)


def test_a_team_reaches_those_that_name_it_and_not_those_that_it_names(sound: Sound) -> None:
    shop, payments = sound.resolve().teams
    assert (shop.peers, shop.reaches) == ((), ("payments",))
    assert (payments.peers, payments.reaches) == (("shop",), ())


def test_a_team_lets_the_metrics_collector_in_from_the_intra_subnets_of_every_zone(sound: Sound) -> None:
    whole = sound.resolve()
    (slot,) = (tier.slot for tier in whole.network.tiers if tier.name == "intra")
    ranges = tuple(subnet_cidr(whole.network.cidr, slot, False, zone.number) for zone in whole.network.zones)
    assert len(ranges) == 2
    assert {team.scraped_from for team in whole.teams} == {ranges}


def test_where_nothing_is_measured_no_team_lets_anybody_more_in(sound: Sound) -> None:
    blueprint = sound.folder / "blueprint.yaml"
    blueprint.write_text(blueprint.read_text().partition("\nmetrics:")[0] + "\n")
    scale, bindings = sound.blocks()
    del scale["metrics"]
    assert {team.scraped_from for team in settings.resolve(sound.folder, "dev", scale, bindings).teams} == {()}


def test_prefixes_that_only_begin_alike_are_apart(sound: Sound) -> None:
    sound.edit("blueprint.yaml", "buckets: {datasets: payments/}", "buckets: {datasets: shopping/, artifacts: shop/}")
    assert sound.check() == []


@pytest.mark.parametrize("prefix", ["shop/", "shop/payments/"])
def test_prefixes_overlap_whichever_team_comes_first(sound: Sound, prefix: str) -> None:
    sound.edit("blueprint.yaml", "datasets: shop/}", f"datasets: {prefix}}}")
    sound.edit("blueprint.yaml", "buckets: {datasets: payments/}", "buckets: {datasets: shop/}")
    (mistake,) = sound.check()
    assert (mistake.key, mistake.found) == ("teams.payments.buckets.datasets", "shop/")


def test_a_team_named_after_every_namespaces_own_service_account_is_refused(sound: Sound) -> None:
    sound.edit("blueprint.yaml", "  payments:\n", "  default:\n")
    sound.edit("Pulumi.dev.yaml", "      payments: {", "      default: {")
    (mistake,) = sound.check()
    assert (mistake.key, mistake.fix) == ("teams.default", "rename the team")


@pytest.mark.parametrize("key", ["registries: [models/churn]", "peers: [shop]"])
def test_a_name_stands_once_in_a_teams_lists(sound: Sound, key: str) -> None:
    sound.edit("blueprint.yaml", key, key.replace("]", f", {key.split('[')[1]}"))
    (mistake,) = sound.check()
    assert mistake.key.endswith("[1]")
    assert "a second time" in mistake.found


def test_a_bucket_that_could_not_be_read_is_not_called_unknown(sound: Sound) -> None:
    sound.edit("blueprint.yaml", "datasets: {purpose: datasets,", "datasets: {purposes: datasets,")
    assert {mistake.key for mistake in sound.check()} == {"buckets.datasets.purpose", "buckets.datasets.purposes"}


def test_a_binding_that_could_not_be_read_is_not_called_unknown(sound: Sound) -> None:
    sound.edit("blueprint.yaml", "shop_developers: {type: role_arns}", "shop_developers: {type: role_arnz}")
    (mistake,) = sound.check()
    assert mistake.key == "bindings.shop_developers.type"


def test_namespaces_that_could_not_be_read_are_nobody_elses_mistake(sound: Sound) -> None:
    sound.edit("blueprint.yaml", "namespaces: [payments]", "namespaces: [Payments]")
    (mistake,) = sound.check()
    assert mistake.key == "teams.payments.namespaces[0]"


def test_ranges_in_the_place_of_members_are_one_mistake(sound: Sound) -> None:
    sound.edit("Pulumi.dev.yaml", "[52.94.76.0/24]", "[52.94.76.0/24, 52.95.76.0/24]")
    sound.edit("blueprint.yaml", "developer: shop_developers", "developer: api_clients")
    assert [mistake.key for mistake in sound.check()] == ["teams.shop.members.developer"]


def test_an_accepted_difference_reaches_a_team(sound: Sound) -> None:
    (sound.folder / "differences.yaml").write_text(DIFFERENCE % ("teams.shop.peers", "[payments]"))
    assert sound.resolve().teams[0].peers == ("payments",)


def test_a_mistake_in_a_difference_of_a_team_is_named_where_it_stands(sound: Sound) -> None:
    (sound.folder / "differences.yaml").write_text(DIFFERENCE % ("teams.shop.peers", "[shops]"))
    (mistake,) = sound.check()
    assert (mistake.file, mistake.key, mistake.found) == ("differences.yaml", "[0].value", "the unknown name `shops`")


def test_a_blueprint_without_teams_needs_no_quotas(sound: Sound) -> None:
    for file, start in (("blueprint.yaml", "\nteams:\n"), ("Pulumi.dev.yaml", "    teams:\n")):
        path = sound.folder / file
        text = path.read_text()
        rest = text.partition(start)[2]
        kept = rest[rest.index("    resize:") :] if "    resize:" in rest else ""
        path.write_text(text.partition(start)[0] + kept)
    assert sound.resolve().teams == ()
