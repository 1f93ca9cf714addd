"""VPCs, subnets, internet gateways and route tables."""

import ipaddress
from typing import Any

from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend

from ..support import refuse
from .base import Corrections, canonical, depended_on

# By the call's parameter: the attribute of moto's subnet, and the key in its DNS options. moto takes these and forgets them.
FORGOTTEN_ATTRIBUTES = {
    "EnableDns64.Value": "enable_dns64",
    "MapCustomerOwnedIpOnLaunch.Value": "map_customer_owned_ip_on_launch",
}
FORGOTTEN_DNS_OPTIONS = {
    "PrivateDnsHostnameTypeOnLaunch": "HostnameType",
    "EnableResourceNameDnsAAAARecordOnLaunch.Value": "EnableResourceNameDnsAAAARecord",
}
SUBNET_PREFIXES = range(16, 29)


class Network(Corrections):
    """Corrections of VPCs and what routes in them."""

    def create_vpc(self) -> Any:
        """Keeps the block in its canonical form."""
        if cidr := self._get_param("CidrBlock"):
            self.params["CidrBlock"] = canonical(cidr)
        return super().create_vpc()

    def create_subnet(self) -> Any:
        """A subnet that nobody calls the zone's default and that gives no public addresses by itself, as moto has it for a zone's first one."""
        if cidr := self._get_param("CidrBlock"):
            self.params["CidrBlock"] = canonical(cidr)
            self._refuse_size(self.params["CidrBlock"])
        self._refuse_foreign_zone()
        answer = super().create_subnet()
        subnet = answer.result["Subnet"]
        subnet.default_for_az = subnet.map_public_ip_on_launch = False
        subnet.enable_dns64 = subnet.map_customer_owned_ip_on_launch = False
        return answer

    def modify_subnet_attribute(self) -> Any:
        """Keeps the attributes that moto forgets."""
        subnet = self.ec2_backend.get_subnet(self._get_param("SubnetId"))
        for parameter, attribute in FORGOTTEN_ATTRIBUTES.items():
            if (value := self._get_param(parameter)) is not None:
                setattr(subnet, attribute, value)
        for parameter, option in FORGOTTEN_DNS_OPTIONS.items():
            if (value := self._get_param(parameter)) is not None:
                subnet.private_dns_name_options_on_launch[option] = value
        return super().modify_subnet_attribute()

    def delete_subnet(self) -> Any:
        """Refused while an interface is in it. Its route table association and its place in the network ACL go with it."""
        subnet = self._get_param("SubnetId")
        if self.interfaces(subnet=subnet):
            depended_on("subnet", subnet)
        answer = super().delete_subnet()
        for table in self.ec2_backend.route_tables.values():
            for association in [key for key, target in table._associations.items() if target == subnet]:
                table._associations.pop(association)
        for acl in self.ec2_backend.network_acls.values():
            for association in [key for key, one in acl._associations.items() if one.subnet_id == subnet]:
                acl._associations.pop(association)
        return answer

    def delete_vpc(self) -> Any:
        """Refused while anything of the user's is in it. Its network ACLs go with it."""
        vpc = self._get_param("VpcId")
        self.ec2_backend.get_vpc(vpc)
        groups = [group for group in self.ec2_backend.groups[vpc].values() if group.name != "default"]
        if groups or self.internet_gateway_of(vpc) or self.interfaces(vpc=vpc) or self._endpoints(vpc):
            depended_on("vpc", vpc)
        answer = super().delete_vpc()
        for acl in [key for key, acl in self.ec2_backend.network_acls.items() if acl.vpc_id == vpc]:
            self.ec2_backend.network_acls.pop(acl)
        return answer

    def detach_internet_gateway(self) -> Any:
        """Refused while an Elastic IP is mapped into the VPC (EC2 API reference, DetachInternetGateway)."""
        vpc = self._get_param("VpcId")
        if any(address.eni and address.eni.subnet.vpc_id == vpc for address in self.ec2_backend.addresses):
            refuse(
                "DependencyViolation", f"Network {vpc} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway."
            )
        return super().detach_internet_gateway()

    def create_route(self) -> Any:
        """Refuses a gateway that does not exist or is not the VPC's."""
        self._refuse_unreachable()
        return super().create_route()

    def replace_route(self) -> Any:
        """Refuses a gateway that does not exist or is not the VPC's."""
        self._refuse_unreachable()
        return super().replace_route()

    def associate_route_table(self) -> Any:
        """Refuses a second table for a subnet: moto answers with the first one's association."""
        subnet, wanted = self._get_param("SubnetId"), self._get_param("RouteTableId")
        for table in self.ec2_backend.route_tables.values():
            if subnet and table.id != wanted and subnet in table._associations.values():
                refuse("Resource.AlreadyAssociated", f"the specified association for route table {wanted} conflicts with an existing association")
        return super().associate_route_table()

    def delete_route_table(self) -> Any:
        """Refuses the VPC's main table."""
        table = self._get_param("RouteTableId")
        if self.ec2_backend.get_route_table(table).main_association_id:
            depended_on("routeTable", table)
        return super().delete_route_table()

    def _refuse_size(self, cidr: str) -> None:
        try:
            prefix = ipaddress.ip_network(cidr).prefixlen
        except ValueError:
            return
        if prefix not in SUBNET_PREFIXES:
            refuse("InvalidSubnet.Range", f"The CIDR '{cidr}' is invalid.")

    def _refuse_foreign_zone(self) -> None:
        zones = RegionsAndZonesBackend.zones[self.region]
        known = {"AvailabilityZone": [zone.name for zone in zones], "AvailabilityZoneId": [zone.zone_id for zone in zones]}
        for parameter, names in known.items():
            if (zone := self._get_param(parameter)) and zone not in names:
                refuse(
                    "InvalidParameterValue",
                    f"Value ({zone}) for parameter {parameter[0].lower()}{parameter[1:]} is invalid. Subnets can currently only be created in the following "
                    f"availability zones: {', '.join(names)}.",
                )

    def _refuse_unreachable(self) -> None:
        table = self.ec2_backend.get_route_table(self._get_param("RouteTableId"))
        gateway, nat = self._get_param("GatewayId") or "", self._get_param("NatGatewayId")
        if gateway.startswith("igw-"):
            attached = self.ec2_backend.get_internet_gateway(gateway).vpc
            if attached is None or attached.id != table.vpc_id:
                refuse("InvalidParameterValue", f"route table {table.id} and network gateway {gateway} belong to different networks")
        known = self.ec2_backend.nat_gateways.get(nat)
        if nat and (known is None or known.state == "deleted"):
            refuse("InvalidNatGatewayID.NotFound", f"The natGateway ID '{nat}' does not exist")

    def _endpoints(self, vpc: str) -> list[Any]:
        return [endpoint for endpoint in self.ec2_backend.vpc_end_points.values() if endpoint.vpc_id == vpc]
