"""The network: an address range with room, tiers that do not meet, a way out for the nodes."""

from collections.abc import Iterator
from ipaddress import IPv4Network

from commonground.settings.addresses import LARGEST_PREFIX, SMALLEST_PREFIX, TIER_SLOTS, ZONE_SLOTS
from commonground.settings.blueprint import TierName
from commonground.settings.files import Block, Files
from commonground.settings.merge import VPC_CIDR, usable_zones
from commonground.settings.mistakes import listed
from commonground.settings.rules.problem import Problem, Rule

# Address Allocation for Private Internets (RFC 1918).
PRIVATE = tuple(IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))

# What nodes call before and after they join (EKS user guide, "Deploy private clusters with limited internet access").
WITHOUT_NAT = ("s3", "ec2", "ecr.api", "ecr.dkr", "eks", "eks-auth", "sts", "logs")


def vpc_range(files: Files) -> Iterator[Problem]:
    """The VPC's range is private and of a size that the address plan divides."""
    value = files.bindings.values.get(VPC_CIDR)
    try:
        network = IPv4Network(value, strict=False) if isinstance(value, str) else None
    except ValueError:
        return
    if network is None:
        return
    if not LARGEST_PREFIX <= network.prefixlen <= SMALLEST_PREFIX:
        expected = f"/{LARGEST_PREFIX} to /{SMALLEST_PREFIX}"
        yield Problem(Block.BINDINGS, (VPC_CIDR,), str(value), expected, f"write {network.network_address}/{LARGEST_PREFIX}, or another range of that size")
    if not any(network.subnet_of(private) for private in PRIVATE):
        yield Problem(
            Block.BINDINGS, (VPC_CIDR,), str(value), f"a private range, inside one of {listed(PRIVATE)}", "choose one that no network it is joined to uses"
        )


def tiers(files: Files) -> Iterator[Problem]:
    """Tiers have a slot of their own in the address plan, and those that others need are there."""
    network = files.blueprint.network
    owners: dict[int, str] = {}
    for name, tier in network.tiers.items():
        owner = owners.setdefault(tier.slot, name)
        if owner != name:
            free = next(slot for slot in range(TIER_SLOTS) if slot not in {other.slot for other in network.tiers.values()})
            expected = f"a slot of its own: `{owner}` has {tier.slot}"
            yield Problem(Block.BLUEPRINT, ("network", "tiers", name, "slot"), str(tier.slot), expected, f"write {free}, if this tier is the newer one")
    needed: dict[TierName, str] = {"private": "nodes and pods live there", **({"public": "NAT gateways live there"} if network.nat else {})}
    for name, reason in needed.items():
        if name not in network.tiers:
            slot = next(slot for slot in range(TIER_SLOTS) if slot not in owners)
            fix = f"add `{name}: {{slot: {slot}}}`"
            yield Problem(Block.BLUEPRINT, ("network", "tiers"), listed(network.tiers), f"the tier `{name}`: {reason}", fix, whole=True)


def nat(files: Files) -> Iterator[Problem]:
    """How many NAT gateways there are is said exactly where there are any."""
    value, wanted = files.scale.nat_gateways, files.blueprint.network.nat
    if wanted and value is None:
        yield Problem(Block.SCALE, ("nat_gateways",), "nothing", "one or one_per_zone: the blueprint has `nat: true`", "add `nat_gateways: one`")
    if not wanted and value is not None:
        yield Problem(Block.SCALE, ("nat_gateways",), value, "nothing: the blueprint has `nat: false`", "remove it")


def way_out(files: Files) -> Iterator[Problem]:
    """Without NAT, nodes reach by endpoints what they cannot do without."""
    network = files.blueprint.network
    lacking = [name for name in WITHOUT_NAT if name not in network.endpoints]
    if not network.nat and lacking:
        expected = "the endpoints that nodes need without NAT"
        yield Problem(Block.BLUEPRINT, ("network", "endpoints"), listed(network.endpoints), expected, f"add {listed(lacking)}, or set `nat: true`", whole=True)
    for index, name in enumerate(network.endpoints):
        if name in network.endpoints[:index]:
            yield Problem(Block.BLUEPRINT, ("network", "endpoints", index), f"{name} a second time", "each endpoint once", "remove it")


def zones(files: Files) -> Iterator[Problem]:
    """The region has as many zones as the scale wants, each with a place in the address plan."""
    usable = usable_zones(files.lock)
    if files.partly(Block.LOCK, "zones"):
        return
    if files.scale.zones > len(usable):
        expected = f"at most {len(usable)}: {listed(zone.id for zone in usable)} are in the lock"
        yield Problem(
            Block.SCALE, ("zones",), str(files.scale.zones), expected, f"write {len(usable)}, or run `commonground lock {files.name}` if the region has more"
        )
    for zone in usable:
        if zone.number > ZONE_SLOTS:
            yield Problem(
                Block.LOCK, ("zones", zone.id), zone.id, f"zones numbered 1 to {ZONE_SLOTS}, which the address plan has room for", "use another region"
            )


RULES: tuple[Rule, ...] = (vpc_range, tiers, nat, way_out, zones)
