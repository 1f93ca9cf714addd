"""The address plan: nothing overlaps, everything has room, and what is added moves nothing."""

from ipaddress import IPv4Network
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonground.settings.addresses import TIER_SLOTS, ZONE_SLOTS, AddressPlanError, subnet_cidr

vpcs = st.integers(16, 20).flatmap(
    lambda prefix: st.integers(0, 2 ** (prefix - 8) - 1).map(lambda index: IPv4Network(((10 << 24) + (index << (32 - prefix)), prefix)))
)
tiers = st.dictionaries(st.sampled_from(["public", "private", "intra", "data", "edge"]), st.integers(0, TIER_SLOTS - 1), min_size=1).filter(
    lambda slots: len(set(slots.values())) == len(slots)
)
zones = st.sets(st.integers(1, ZONE_SLOTS), min_size=1)


def plan(vpc: IPv4Network, tiers: dict[str, int], zones: set[int]) -> dict[tuple[str, int], IPv4Network]:
    return {(tier, zone): IPv4Network(subnet_cidr(str(vpc), slot, tier == "private", zone)) for tier, slot in tiers.items() for zone in zones}


@given(vpcs, tiers, zones)
def test_subnets_lie_in_the_vpc_do_not_overlap_and_are_ones_that_aws_takes(vpc: IPv4Network, tiers: dict[str, int], zones: set[int]) -> None:
    subnets = list(plan(vpc, tiers, zones).values())
    assert all(subnet.subnet_of(vpc) and subnet.prefixlen <= 28 for subnet in subnets)
    assert not any(one.overlaps(other) for one, other in combinations(subnets, 2))


@given(vpcs, tiers, zones, st.integers(1, ZONE_SLOTS), st.integers(0, TIER_SLOTS - 1))
def test_another_zone_or_tier_moves_nothing(vpc: IPv4Network, tiers: dict[str, int], zones: set[int], zone: int, slot: int) -> None:
    before = plan(vpc, tiers, zones)
    grown = tiers if slot in tiers.values() else {**tiers, "another": slot}
    after = plan(vpc, grown, zones | {zone})
    assert {place: after[place] for place in before} == before


@given(vpcs, tiers, zones)
def test_private_subnets_have_the_lower_half_and_the_third_quarter_stays_free(vpc: IPv4Network, tiers: dict[str, int], zones: set[int]) -> None:
    lower, upper = vpc.subnets(prefixlen_diff=1)
    third, top = upper.subnets(prefixlen_diff=1)
    for (tier, _), subnet in plan(vpc, tiers, zones).items():
        assert subnet.subnet_of(lower if tier == "private" else top)
        assert not subnet.overlaps(third)


def test_a_slash_16_gives_each_zone_a_slash_20_for_pods_and_a_slash_24_a_tier() -> None:
    assert subnet_cidr("10.16.0.0/16", 1, private=True, zone_number=1) == "10.16.0.0/20"
    assert subnet_cidr("10.16.0.0/16", 1, private=True, zone_number=3) == "10.16.32.0/20"
    assert subnet_cidr("10.16.0.0/16", 0, private=False, zone_number=1) == "10.16.192.0/24"
    assert subnet_cidr("10.16.0.0/16", 2, private=False, zone_number=3) == "10.16.210.0/24"


def test_a_slash_20_is_cut_in_proportion() -> None:
    assert subnet_cidr("10.16.16.0/20", 1, private=True, zone_number=2) == "10.16.17.0/24"
    assert subnet_cidr("10.16.16.0/20", 7, private=False, zone_number=8) == "10.16.31.240/28"


@pytest.mark.parametrize(
    ("vpc", "slot", "zone", "what"),
    [
        ("10.0.0.0/15", 0, 1, "VPC range"),
        ("10.0.0.0/21", 0, 1, "VPC range"),
        ("10.0.1.0/16", 0, 1, "VPC range"),
        ("10.0.0.0/16", 8, 1, "tier slot"),
        ("10.0.0.0/16", 0, 0, "zone number"),
        ("10.0.0.0/16", 0, 9, "zone number"),
    ],
)
def test_what_has_no_place_in_the_plan_is_refused(vpc: str, slot: int, zone: int, what: str) -> None:
    with pytest.raises(AddressPlanError) as refused:
        subnet_cidr(vpc, slot, private=False, zone_number=zone)
    assert refused.value.what == what
