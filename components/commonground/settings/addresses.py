"""The address plan of a VPC: pure arithmetic, in which what is added never moves what is there.

A VPC of /16 to /20 is cut in proportion (sizes in brackets are those of a /16, then of a /20):

| part           | what for                                                    | cut into                                                   |
| -------------- | ----------------------------------------------------------- | ---------------------------------------------------------- |
| lower half     | the private tier: nodes and pods                            | 8 zone slots (/20, /24)                                    |
| third quarter  | free, for what nobody has thought of yet                    | nothing                                                    |
| top quarter    | every other tier: public, intra                             | 8 tier slots of 8 zone slots each (/24, /28)               |

A zone's slot is the number at the end of its id (`euc1-az2`: 2), which is the same in every account; a tier's slot stands in
the blueprint. Neither depends on what else there is. Regions have up to six zones; two slots are room.
A /28 is the smallest subnet that AWS takes (Amazon VPC user guide, "Subnet CIDR blocks").
"""

from ipaddress import IPv4Network

LARGEST_PREFIX = 16
"""Prefix length of the largest VPC, in bits."""
SMALLEST_PREFIX = 20
"""Prefix length of the smallest VPC, in bits."""
ZONE_SLOTS = 8
"""Zones are numbered 1 to this."""
TIER_SLOTS = 8
"""Tiers have slots from 0 to one below this."""

_SLOT_BITS = 3  # 8 zone slots, 8 tier slots


class AddressPlanError(ValueError):
    """What was asked has no place in the plan."""

    def __init__(self, what: str, found: object, expected: str) -> None:
        self.what = what
        self.found = found
        self.expected = expected
        super().__init__(f"{what}: found {found}, expected {expected}")


def subnet_cidr(vpc_cidr: str, tier_slot: int, private: bool, zone_number: int) -> str:
    """Return the range of one tier's subnet in one zone.

    The private tier lies in the lower half whatever its slot; its slot in the top quarter stays empty. Raises AddressPlanError where
    the VPC, the tier's slot or the zone's number has no place in the plan.
    """
    vpc = _vpc(vpc_cidr)
    if not 0 <= tier_slot < TIER_SLOTS:
        raise AddressPlanError("tier slot", tier_slot, f"0 to {TIER_SLOTS - 1}")
    if not 1 <= zone_number <= ZONE_SLOTS:
        raise AddressPlanError("zone number", zone_number, f"1 to {ZONE_SLOTS}")
    if private:
        return str(_nth(vpc, vpc.prefixlen + 1 + _SLOT_BITS, zone_number - 1))
    top_quarter = _nth(vpc, vpc.prefixlen + 2, 3)
    tier = _nth(top_quarter, top_quarter.prefixlen + _SLOT_BITS, tier_slot)
    return str(_nth(tier, tier.prefixlen + _SLOT_BITS, zone_number - 1))


def _vpc(cidr: str) -> IPv4Network:
    expected = f"an IPv4 range from /{LARGEST_PREFIX} to /{SMALLEST_PREFIX}"
    try:
        vpc = IPv4Network(cidr)
    except ValueError as error:
        raise AddressPlanError("VPC range", cidr, expected) from error
    if not LARGEST_PREFIX <= vpc.prefixlen <= SMALLEST_PREFIX:
        raise AddressPlanError("VPC range", cidr, expected)
    return vpc


def _nth(network: IPv4Network, prefix: int, index: int) -> IPv4Network:
    """Return the network of this prefix length at this place in a larger one."""
    return IPv4Network((int(network.network_address) + (index << (32 - prefix)), prefix))
