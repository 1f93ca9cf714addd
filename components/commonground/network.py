"""The network: a VPC, its subnets by tier and zone, their ways out, and the AWS services that are reached from inside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import pulumi
import pulumi_aws as aws

from commonground.flowlogs import FlowLogs
from commonground.settings.addresses import subnet_cidr
from commonground.settings.base import NatGateways, Zone
from commonground.settings.environment import NetworkSettings, TierSettings
from commonground.tags import named

PUBLIC = "public"
PRIVATE = "private"
INTRA = "intra"

ANYWHERE = "0.0.0.0/0"
HTTPS = 443

# By these the load balancer controller finds subnets (EKS user guide, "Route internet traffic with AWS Load Balancer Controller").
LOAD_BALANCER_ROLES: dict[str, str] = {PUBLIC: "kubernetes.io/role/elb", PRIVATE: "kubernetes.io/role/internal-elb"}

# Services with a gateway endpoint, which is a route and free; all others have interfaces (VPC user guide, "Gateway endpoints").
GATEWAY_SERVICES = frozenset({"s3", "dynamodb"})


class NetworkLike(Protocol):
    """What others need of a network: `Network` has it, and so has `ExistingNetwork`."""

    @property
    def vpc_id(self) -> pulumi.Input[str]: ...

    @property
    def public_subnet_ids(self) -> Mapping[str, pulumi.Input[str]]: ...

    @property
    def private_subnet_ids(self) -> Mapping[str, pulumi.Input[str]]: ...

    @property
    def intra_subnet_ids(self) -> Mapping[str, pulumi.Input[str]]: ...

    @property
    def ready(self) -> Sequence[pulumi.Resource]: ...


@dataclass(frozen=True)
class ExistingNetwork:
    """A VPC that is there already, or that another stack made. Subnet ids are keyed by the id of their zone."""

    vpc_id: pulumi.Input[str]
    private_subnet_ids: Mapping[str, pulumi.Input[str]]
    intra_subnet_ids: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    public_subnet_ids: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    ready: Sequence[pulumi.Resource] = ()
    """What must be there before a node joins, where this program makes it."""


class MissingTierError(ValueError):
    """A part of the network that needs a tier which the settings do not have."""

    def __init__(self, tier: str, *, needed_for: str) -> None:
        super().__init__(f"network: {needed_for}: expected a tier named {tier!r} among the tiers")
        self.tier = tier
        self.needed_for = needed_for


class Network(pulumi.ComponentResource):
    """A VPC over the zones of its settings: subnets, gateways, routes and endpoints.

    Everything is named by tier and zone id (`network-private-euc1-az1`), so that adding a zone or a tier moves nothing that is there. One exception is
    in the nature of things: a single NAT gateway stands in the first zone, and moves if that zone goes.
    """

    vpc: aws.ec2.Vpc
    vpc_id: pulumi.Output[str]
    cidr: str
    """IPv4 range of the VPC."""
    subnets: dict[str, dict[str, aws.ec2.Subnet]]
    """By tier, then by zone id."""
    route_tables: dict[str, aws.ec2.RouteTable]
    """By what they serve: `private-euc1-az1` a zone of the private tier, any other a whole tier, by its name."""
    nat_gateways: dict[str, aws.ec2.NatGateway]
    """By zone id."""
    endpoints: dict[str, aws.ec2.VpcEndpoint]
    """By service: `s3`, `ecr.api`."""
    ready: list[pulumi.Resource]
    """What must be there before a node joins: routes, their association, endpoints and who may use them."""

    def __init__(self, name: str, settings: NetworkSettings, *, opts: pulumi.ResourceOptions | None = None) -> None:
        """Raises `MissingTierError` where NAT lacks a public tier, or interface endpoints a private one."""
        super().__init__("commonground:network:Network", name, None, opts)
        self._label = name
        self._inside = pulumi.ResourceOptions(parent=self)
        self.cidr = settings.cidr
        self.ready = []

        self.vpc = self._vpc(settings)
        self.vpc_id = self.vpc.id
        self._empty_default_security_group()
        self.subnets = {tier.name: self._tier(tier, settings) for tier in settings.tiers}
        self.route_tables = self._route_tables(settings)
        self.internet_gateway = self._internet_gateway()
        self.nat_gateways = self._nat_gateways(settings)
        self._ways_out(settings)
        self.endpoints = self._gateway_endpoints(settings) | self._interface_endpoints(settings)
        self.flow_logs = self._flow_logs(settings)
        self.register_outputs({"vpc_id": self.vpc_id, "private_subnet_ids": self.private_subnet_ids})

    @property
    def public_subnet_ids(self) -> dict[str, pulumi.Output[str]]:
        """Zone id -> id of its public subnet."""
        return self._ids(PUBLIC)

    @property
    def private_subnet_ids(self) -> dict[str, pulumi.Output[str]]:
        """Zone id -> id of its private subnet: where nodes and pods are."""
        return self._ids(PRIVATE)

    @property
    def intra_subnet_ids(self) -> dict[str, pulumi.Output[str]]:
        """Zone id -> id of its intra subnet, which has no way out."""
        return self._ids(INTRA)

    def _ids(self, tier: str) -> dict[str, pulumi.Output[str]]:
        return {zone: subnet.id for zone, subnet in self.subnets.get(tier, {}).items()}

    def _vpc(self, settings: NetworkSettings) -> aws.ec2.Vpc:
        """Both DNS attributes on: private DNS of interface endpoints and a private cluster endpoint need them."""
        label = f"{self._label}-vpc"
        return aws.ec2.Vpc(label, cidr_block=settings.cidr, enable_dns_hostnames=True, enable_dns_support=True, tags=named(label), opts=self._inside)

    def _empty_default_security_group(self) -> None:
        """What is started without a group of its own reaches nothing and is reached by nothing."""
        label = f"{self._label}-default"
        aws.ec2.DefaultSecurityGroup(label, vpc_id=self.vpc.id, ingress=[], egress=[], tags=named(label), opts=self._inside)

    def _tier(self, tier: TierSettings, settings: NetworkSettings) -> dict[str, aws.ec2.Subnet]:
        return {zone.id: self._subnet(tier, zone, settings) for zone in settings.zones}

    def _subnet(self, tier: TierSettings, zone: Zone, settings: NetworkSettings) -> aws.ec2.Subnet:
        label = f"{self._label}-{tier.name}-{zone.id}"
        return aws.ec2.Subnet(
            label,
            vpc_id=self.vpc.id,
            availability_zone_id=zone.id,
            cidr_block=subnet_cidr(settings.cidr, tier.slot, tier.name == PRIVATE, zone.number),
            tags=named(label, _load_balancer_tags(tier.name, settings.cluster)),
            opts=self._inside,
        )

    def _route_tables(self, settings: NetworkSettings) -> dict[str, aws.ec2.RouteTable]:
        """One for each zone of the private tier, since each may have a NAT gateway of its own; one for each other tier."""
        tables: dict[str, aws.ec2.RouteTable] = {}
        for tier in settings.tiers:
            for zone in settings.zones:
                key = _table_key(tier.name, zone.id)
                if key not in tables:
                    tables[key] = self._route_table(key)
                association = aws.ec2.RouteTableAssociation(
                    f"{self._label}-{tier.name}-{zone.id}",
                    subnet_id=self.subnets[tier.name][zone.id].id,
                    route_table_id=tables[key].id,
                    opts=self._inside,
                )
                self.ready.append(association)
        return tables

    def _route_table(self, key: str) -> aws.ec2.RouteTable:
        label = f"{self._label}-{key}"
        return aws.ec2.RouteTable(label, vpc_id=self.vpc.id, tags=named(label), opts=self._inside)

    def _internet_gateway(self) -> aws.ec2.InternetGateway | None:
        if PUBLIC not in self.subnets:
            return None
        label = f"{self._label}-internet"
        return aws.ec2.InternetGateway(label, vpc_id=self.vpc.id, tags=named(label), opts=self._inside)

    def _nat_gateways(self, settings: NetworkSettings) -> dict[str, aws.ec2.NatGateway]:
        zones = _nat_zones(settings)
        if zones and self.internet_gateway is None:
            raise MissingTierError(PUBLIC, needed_for="NAT gateways")
        return {zone.id: self._nat_gateway(zone) for zone in zones}

    def _nat_gateway(self, zone: Zone) -> aws.ec2.NatGateway:
        """After the internet gateway, which cannot be detached while an address is in use (VPC user guide, "Internet gateways")."""
        label = f"{self._label}-nat-{zone.id}"
        after = pulumi.ResourceOptions(parent=self, depends_on=[self.internet_gateway] if self.internet_gateway else [])
        address = aws.ec2.Eip(label, domain="vpc", tags=named(label), opts=after)
        return aws.ec2.NatGateway(label, allocation_id=address.id, subnet_id=self.subnets[PUBLIC][zone.id].id, tags=named(label), opts=after)

    def _ways_out(self, settings: NetworkSettings) -> None:
        """Routes are resources of their own: one more changes no route table."""
        if self.internet_gateway is not None:
            self._way_out(PUBLIC, gateway_id=self.internet_gateway.id)
        if PRIVATE not in self.subnets or not self.nat_gateways:
            return
        shared = next(iter(self.nat_gateways.values()))
        for zone in settings.zones:
            nat = self.nat_gateways.get(zone.id, shared)
            self._way_out(_table_key(PRIVATE, zone.id), nat_gateway_id=nat.id)

    def _way_out(self, table: str, *, gateway_id: pulumi.Input[str] | None = None, nat_gateway_id: pulumi.Input[str] | None = None) -> None:
        route = aws.ec2.Route(
            f"{self._label}-{table}-{_ROUTE}",
            route_table_id=self.route_tables[table].id,
            destination_cidr_block=ANYWHERE,
            gateway_id=gateway_id,
            nat_gateway_id=nat_gateway_id,
            opts=self._inside,
        )
        self.ready.append(route)

    def _gateway_endpoints(self, settings: NetworkSettings) -> dict[str, aws.ec2.VpcEndpoint]:
        """On every route table: what goes to S3 or DynamoDB is not billed by NAT."""
        tables = [table.id for table in self.route_tables.values()]
        services = [service for service in settings.endpoints if service in GATEWAY_SERVICES]
        return {service: self._gateway_endpoint(service, settings.region, tables) for service in services}

    def _gateway_endpoint(self, service: str, region: str, tables: Sequence[pulumi.Input[str]]) -> aws.ec2.VpcEndpoint:
        label = f"{self._label}-endpoint-{service}"
        endpoint = aws.ec2.VpcEndpoint(
            label,
            vpc_id=self.vpc.id,
            service_name=_service_name(region, service),
            vpc_endpoint_type="Gateway",
            route_table_ids=tables,
            tags=named(label),
            opts=self._inside,
        )
        self.ready.append(endpoint)
        return endpoint

    def _interface_endpoints(self, settings: NetworkSettings) -> dict[str, aws.ec2.VpcEndpoint]:
        services = [service for service in settings.endpoints if service not in GATEWAY_SERVICES]
        if services and PRIVATE not in self.subnets:
            raise MissingTierError(PRIVATE, needed_for="interface endpoints")
        if not services:
            return {}
        group = self._endpoint_security_group(settings)
        return {service: self._interface_endpoint(service, settings.region, group) for service in services}

    def _endpoint_security_group(self, settings: NetworkSettings) -> aws.ec2.SecurityGroup:
        label = f"{self._label}-endpoints"
        group = aws.ec2.SecurityGroup(
            label, vpc_id=self.vpc.id, description="Endpoints of AWS services: HTTPS from the VPC", tags=named(label), opts=self._inside
        )
        rule = aws.vpc.SecurityGroupIngressRule(
            label,
            security_group_id=group.id,
            description="HTTPS from the VPC",
            cidr_ipv4=settings.cidr,
            ip_protocol="tcp",
            from_port=HTTPS,
            to_port=HTTPS,
            tags=named(label),
            opts=self._inside,
        )
        self.ready.append(rule)
        return group

    def _interface_endpoint(self, service: str, region: str, group: aws.ec2.SecurityGroup) -> aws.ec2.VpcEndpoint:
        label = f"{self._label}-endpoint-{service}"
        endpoint = aws.ec2.VpcEndpoint(
            label,
            vpc_id=self.vpc.id,
            service_name=_service_name(region, service),
            vpc_endpoint_type="Interface",
            subnet_ids=list(self.private_subnet_ids.values()),
            security_group_ids=[group.id],
            private_dns_enabled=True,
            tags=named(label),
            opts=self._inside,
        )
        self.ready.append(endpoint)
        return endpoint

    def _flow_logs(self, settings: NetworkSettings) -> FlowLogs | None:
        if not settings.flow_logs:
            return None
        return FlowLogs(
            f"{self._label}-flow-logs",
            vpc_id=self.vpc.id,
            account=settings.account,
            retention_days=settings.log_retention_days,
            protection=settings.protection,
            opts=self._inside,
        )


_ROUTE = "internet"


def _table_key(tier: str, zone: str) -> str:
    return f"{tier}-{zone}" if tier == PRIVATE else tier


def _nat_zones(settings: NetworkSettings) -> tuple[Zone, ...]:
    """The first zone's gateway is the same resource whether there is one or one a zone."""
    zones: dict[NatGateways, tuple[Zone, ...]] = {
        NatGateways.NONE: (),
        NatGateways.ONE: settings.zones[:1],
        NatGateways.ONE_PER_ZONE: settings.zones,
    }
    return zones[settings.nat]


def _load_balancer_tags(tier: str, cluster: str | None) -> dict[str, str]:
    if tier not in LOAD_BALANCER_ROLES:
        return {}
    owner = {} if cluster is None else {f"kubernetes.io/cluster/{cluster}": "shared"}
    return {LOAD_BALANCER_ROLES[tier]: "1", **owner}


def _service_name(region: str, service: str) -> str:
    return f"com.amazonaws.{region}.{service}"
