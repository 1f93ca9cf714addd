"""A cluster's network: the checks of its subnets, endpoint and service addresses."""

from ipaddress import IPv4Network, ip_network
from typing import Any

from . import neighbours
from .errors import InvalidParameter
from .state import Params, Region

ENDPOINT = ("endpointPublicAccess", "endpointPrivateAccess", "publicAccessCidrs")
PLACEMENT = ("subnetIds", "securityGroupIds")
ANYWHERE = ["0.0.0.0/0"]

# What no client of a public endpoint can have (RFC 1918, 6598, 3927, 1122, 5771).
UNROUTED = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8", "224.0.0.0/4")
# API reference, "KubernetesNetworkConfigRequest": within these, from /24 to /12, apart from the VPC.
SERVICE_BLOCKS = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
SERVICE_PREFIXES = range(12, 25)


def vpc_config(region: Region, given: Params) -> dict[str, Any]:
    """A new cluster's `resourcesVpcConfig`, checked, without its security group."""
    vpc = checked_placement(region, given.get("subnetIds") or [], given.get("securityGroupIds") or [])
    return {
        "subnetIds": list(given["subnetIds"]),
        "securityGroupIds": list(given.get("securityGroupIds") or []),
        "vpcId": vpc,
        **endpoint({}, given),
    }


def checked_placement(region: Region, subnets: list[str], groups: list[str]) -> str:
    """The VPC of a cluster's subnets. Refuses fewer than two zones, and what is not there."""
    found = neighbours.require_subnets(region, subnets)
    if len({subnet.availability_zone for subnet in found}) < 2:
        raise InvalidParameter("Subnets specified must be in at least two different AZs")
    vpc = str(found[0].vpc_id)
    neighbours.require_security_groups(region, groups, vpc)
    return vpc


def endpoint(before: Params, given: Params) -> dict[str, Any]:
    """Who reaches the API server: what is given over what was. Defaults: public, from anywhere, not private."""
    public = _chosen("endpointPublicAccess", before, given, True)
    private = _chosen("endpointPrivateAccess", before, given, False)
    if not public and not private:
        raise InvalidParameter("Private and public endpoint access cannot both be disabled")
    cidrs = given.get("publicAccessCidrs")
    if cidrs is None:
        cidrs = before.get("publicAccessCidrs") or ANYWHERE
    _check_clients(cidrs)
    return {"endpointPublicAccess": public, "endpointPrivateAccess": private, "publicAccessCidrs": (list(cidrs) or ANYWHERE) if public else list(cidrs)}


def _chosen(name: str, before: Params, given: Params, default: bool) -> bool:
    value = given.get(name)
    return bool(before.get(name, default) if value is None else value)


def _check_clients(cidrs: list[str]) -> None:
    for text in cidrs:
        network = _network(text, "publicAccessCidrs")
        if isinstance(network, IPv4Network) and any(network.subnet_of(IPv4Network(block)) for block in UNROUTED):
            raise InvalidParameter(f"The following CIDRs are not allowed in publicAccessCidrs: [{text}]")


def kubernetes_config(region: Region, given: Params, vpc: str) -> dict[str, Any]:
    """A new cluster's `kubernetesNetworkConfig`, checked against its VPC."""
    family = given.get("ipFamily") or "ipv4"
    balancing = {"elasticLoadBalancing": given.get("elasticLoadBalancing") or {"enabled": False}}
    block = given.get("serviceIpv4Cidr")
    if family == "ipv6":
        if block:
            raise InvalidParameter("serviceIpv4Cidr cannot be specified when ipFamily is ipv6")
        return {"ipFamily": family, "serviceIpv6Cidr": "fd30:1c53:5f8a::/108", **balancing}
    ranges = [IPv4Network(text) for text in neighbours.vpc_ranges(region, vpc)]
    if block:
        _check_services(block, ranges)
    return {"ipFamily": family, "serviceIpv4Cidr": block or _default_services(ranges), **balancing}


def _check_services(block: str, vpc_ranges: list[IPv4Network]) -> None:
    network = _network(block, "serviceIpv4Cidr")
    if not isinstance(network, IPv4Network) or not any(network.subnet_of(IPv4Network(allowed)) for allowed in SERVICE_BLOCKS):
        raise InvalidParameter(f"The specified serviceIpv4Cidr {block} is not within {', '.join(SERVICE_BLOCKS)}")
    if network.prefixlen not in SERVICE_PREFIXES:
        raise InvalidParameter(f"The specified serviceIpv4Cidr {block} must be between /24 and /12")
    if any(network.overlaps(taken) for taken in vpc_ranges):
        raise InvalidParameter(f"The specified serviceIpv4Cidr {block} overlaps with the CIDR of the VPC")


def _default_services(vpc_ranges: list[IPv4Network]) -> str:
    """API reference: from either of these blocks, whichever the VPC leaves free."""
    taken = any(range_.overlaps(IPv4Network("10.0.0.0/8")) for range_ in vpc_ranges)
    return "172.20.0.0/16" if taken else "10.100.0.0/16"


def _network(text: str, parameter: str) -> Any:
    try:
        return ip_network(text)
    except ValueError as error:
        raise InvalidParameter(f"{parameter}: {error}") from error
