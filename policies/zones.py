"""One zone that fails takes nothing with it, in environments that are protected."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from policies.policy import EXAMPLE, About, Policy, Resource, Severity, Stack, Thresholds, example, having, resource
from policies.samples import KEY_ARN, NODES
from policies.tokens import NODE_GROUP
from policies.values import HIDDEN, at, known, missing, number, off, text

NAT = "aws:ec2/natGateway:NatGateway"
SUBNET = "aws:ec2/subnet:Subnet"
SUBNET_GROUPS = {
    "aws:rds/subnetGroup:SubnetGroup": "subnetIds",
    "aws:elasticache/subnetGroup:SubnetGroup": "subnetIds",
    "aws:docdb/subnetGroup:SubnetGroup": "subnetIds",
    "aws:neptune/subnetGroup:SubnetGroup": "subnetIds",
    "aws:redshift/subnetGroup:SubnetGroup": "subnetIds",
    NODE_GROUP: "subnetIds",
    "aws:autoscaling/group:Group": "vpcZoneIdentifiers",
}
DATABASE = "aws:rds/instance:Instance"
CACHE = "aws:elasticache/replicationGroup:ReplicationGroup"
FILES = "aws:efs/fileSystem:FileSystem"
SEARCH = "aws:opensearch/domain:Domain"


def single_zone(stack: Stack, thresholds: Thresholds) -> Iterator[About]:
    """In a protected environment: one NAT gateway for subnets in several zones, groups of nodes or of subnets in one zone, and stores that have one zone.

    Nodes that must be near each other (EFA, capacity blocks) are in one zone for a reason, which an exception names.
    """
    if not thresholds.protected:
        return
    zones = {zone for subnet in stack.of(SUBNET) if (zone := _zone(subnet))}
    gateways = stack.of(NAT)
    if len(gateways) == 1 and len(zones) > 1:
        yield About(gateways[0], f"the only NAT gateway, for subnets in {len(zones)} zones: without its zone none of them reaches the internet")
    for one in stack.of(*SUBNET_GROUPS):
        if why := _one_subnet(stack, one):
            yield About(one, why)
    for one in stack.of(DATABASE, CACHE, FILES, SEARCH):
        if why := _one_copy(one):
            yield About(one, why)


def _zone(subnet: Resource) -> str | None:
    return text(subnet.props, "availabilityZone") or text(subnet.props, "availabilityZoneId")


def _one_subnet(stack: Stack, one: Resource) -> str | None:
    key = SUBNET_GROUPS[one.type]
    found = at(one.props, key)
    if not isinstance(found, list) or not found:
        return None
    if len(found) == 1 and found[0] is not HIDDEN:
        return f"is in one subnet, and so in one zone: {key} has one"
    sources = [subnet for subnet in stack.of(SUBNET) if subnet.urn in one.sources.get(key, ())]
    zones = {_zone(subnet) for subnet in sources}
    if len(sources) == len(found) and len(zones) == 1 and None not in zones:
        return f"is in one zone: all of {key} are"
    return None


def _one_copy(one: Resource) -> str | None:
    props = one.props
    if one.type == DATABASE and off(props, "multiAz") and missing(props, "replicateSourceDb"):
        return "has one copy, in one zone: multiAz is not true"
    if one.type == CACHE and off(props, "automaticFailoverEnabled"):
        return "does not fail over to another zone: automaticFailoverEnabled is not true"
    if one.type == FILES and not missing(props, "availabilityZoneName") and known(at(props, "availabilityZoneName")):
        return "is a file system of one zone: availabilityZoneName is set"
    if one.type == SEARCH and off(props, "clusterConfig", "zoneAwarenessEnabled") and number(props, "clusterConfig", "instanceCount") != 0:
        return "has its nodes in one zone: clusterConfig.zoneAwarenessEnabled is not true"
    return None


_PROTECTED = replace(EXAMPLE, protected=True)


def _network(gateways: int) -> list[Resource]:
    subnets = [resource(SUBNET, {"availabilityZone": f"eu-central-1{zone}"}, f"subnet-{zone}") for zone in "abc"]
    return [*subnets, *(resource(NAT, {"subnetId": "subnet-1"}, f"nat-{number_}") for number_ in range(gateways))]


def _group(type_: str, count: int) -> Resource:
    props = NODES if type_ == NODE_GROUP else {}
    return resource(type_, having(props, **{SUBNET_GROUPS[type_]: [f"subnet-{index}" for index in range(count)]}))


def _nodes_beside(zones: str) -> list[Resource]:
    """A group whose subnets are not known yet, in subnets of some zones."""
    subnets = [resource(SUBNET, {"availabilityZone": f"eu-central-1{zone}"}, f"subnet-{index}") for index, zone in enumerate(zones)]
    nodes = resource(NODE_GROUP, having(NODES, subnetIds=[HIDDEN] * len(subnets)), sources={"subnetIds": frozenset(one.urn for one in subnets)})
    return [*subnets, nodes]


_STORES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    DATABASE: ({"storageEncrypted": True, "kmsKeyId": KEY_ARN, "deletionProtection": True}, {"multiAz": True}),
    CACHE: ({"atRestEncryptionEnabled": True, "kmsKeyId": KEY_ARN, "transitEncryptionEnabled": True}, {"automaticFailoverEnabled": True}),
    SEARCH: (
        {"encryptAtRest": {"enabled": True, "kmsKeyId": KEY_ARN}, "domainEndpointOptions": {"enforceHttps": True}},
        {"clusterConfig": {"zoneAwarenessEnabled": True}},
    ),
}
_FILES = {"encrypted": True, "kmsKeyId": KEY_ARN}

POLICIES = (
    Policy(
        id="single-zone",
        title="No zone is needed for the rest to work",
        severity=Severity.HIGH,
        why="Zones fail, one at a time, every year or two.",
        fix="One NAT gateway a zone (`nat_gateways: one_per_zone`), subnets in several zones, stores with a copy in another zone.",
        types=(NAT, SUBNET, *SUBNET_GROUPS, DATABASE, CACHE, FILES, SEARCH),
        whole=single_zone,
        passing=lambda: (
            example("a gateway a zone", *_network(3), thresholds=_PROTECTED),
            example("no gateway", *_network(0), thresholds=_PROTECTED),
            example("an environment that is not protected", *_network(1), _group(NODE_GROUP, 1)),
            *(example("two subnets", _group(type_, 2), thresholds=_PROTECTED) for type_ in SUBNET_GROUPS),
            example("two zones", *_nodes_beside("ab"), thresholds=_PROTECTED),
            *(example("two zones", resource(type_, {**base, **right}, protect=True), thresholds=_PROTECTED) for type_, (base, right) in _STORES.items()),
            example("all zones", resource(FILES, _FILES, protect=True), thresholds=_PROTECTED),
        ),
        failing=lambda: (
            example("one gateway", *_network(1), thresholds=_PROTECTED),
            *(example("one subnet", _group(type_, 1), thresholds=_PROTECTED) for type_ in SUBNET_GROUPS),
            example("one zone", *_nodes_beside("aa"), thresholds=_PROTECTED),
            *(example("one zone", resource(type_, base, protect=True), thresholds=_PROTECTED) for type_, (base, _) in _STORES.items()),
            example("one zone", resource(FILES, {**_FILES, "availabilityZoneName": "eu-central-1a"}, protect=True), thresholds=_PROTECTED),
        ),
    ),
)
