"""VPC endpoints: gateway and interface."""

from collections import Counter
from typing import Any

from ..support import refuse
from .base import Corrections


class Endpoints(Corrections):
    """Corrections of VPC endpoints."""

    def create_vpc_endpoint(self) -> Any:
        """Refuses what AWS refuses, and answers with the type, the address type and interfaces that are of their subnets and groups."""
        kind = self.params.setdefault("VpcEndpointType", "Gateway")
        self.ec2_backend.get_vpc(self._get_param("VpcId"))
        if kind == "Interface":
            self._refuse_service(kind)
            self._refuse_private_dns()
            self._refuse_subnets([], self._get_param("SubnetIds", []))
        else:
            self._refuse_service(kind)
            self.params["PrivateDnsEnabled"] = False
        self._default_group(kind)
        subnets = self.params.pop("SubnetIds", [])
        answer = super().create_vpc_endpoint()
        endpoint = answer.result["VpcEndpoint"]
        endpoint.subnet_ids = []
        endpoint.ip_address_type, endpoint.requester_managed = "ipv4", False
        endpoint.dns_options = {"DnsRecordIpType": "ipv4"} if kind == "Interface" else None
        self._enter(endpoint, subnets)
        return answer

    def modify_vpc_endpoint(self) -> Any:
        """Interfaces and routes follow what is added and removed; private DNS can be turned on and off."""
        endpoint = self.ec2_backend.describe_vpc_endpoints([self._get_param("VpcEndpointId")])[0]
        added, removed = self.params.pop("AddSubnetIds", []), self.params.pop("RemoveSubnetIds", [])
        self._refuse_subnets([subnet for subnet in endpoint.subnet_ids if subnet not in removed], added)
        self._reroute(endpoint)
        answer = super().modify_vpc_endpoint()
        self._leave(endpoint, removed)
        self._enter(endpoint, [subnet for subnet in added if subnet not in endpoint.subnet_ids])
        for interface in endpoint.network_interface_ids:
            self.ec2_backend.enis[interface]._group_set = [self.ec2_backend.get_security_group_from_id(group) for group in endpoint.security_group_ids]
        if (private := self._get_bool_param("PrivateDnsEnabled")) is not None:
            endpoint.private_dns_enabled = private
        if self._get_bool_param("ResetPolicy"):
            endpoint.policy_document = None
        return answer

    def delete_vpc_endpoints(self) -> Any:
        """Gone at once: moto keeps them as deleted for ever. Those that never were are told one by one."""
        wanted = self._get_param("VpcEndpointIds", [])
        missing = [endpoint for endpoint in wanted if endpoint not in self.ec2_backend.vpc_end_points]
        self.params["VpcEndpointIds"] = [endpoint for endpoint in wanted if endpoint not in missing]
        answer = super().delete_vpc_endpoints()
        for endpoint in self.params["VpcEndpointIds"]:
            self.ec2_backend.vpc_end_points.pop(endpoint)
        answer.result["Unsuccessful"] = [
            {"ResourceId": endpoint, "Error": {"Code": "InvalidVpcEndpoint.NotFound", "Message": f"The Vpc Endpoint Id '{endpoint}' does not exist"}}
            for endpoint in missing
        ]
        return answer

    def _refuse_service(self, kind: str) -> None:
        service = self._get_param("ServiceName")
        offered = self.ec2_backend._collect_default_endpoint_services(self.current_account, self.region)
        if not any(one["ServiceName"] == service and {"ServiceType": kind} in one["ServiceType"] for one in offered):
            refuse("InvalidServiceName", f"The Vpc Endpoint Service '{service}' does not exist")

    def _refuse_private_dns(self) -> None:
        """Both DNS attributes, and no second endpoint of the service: VPC user guide, "Private DNS names for endpoint services"."""
        if not self._get_bool_param("PrivateDnsEnabled", True):
            return
        vpc, service = self.ec2_backend.get_vpc(self._get_param("VpcId")), self._get_param("ServiceName")
        if not (vpc.enable_dns_support and vpc.enable_dns_hostnames):
            refuse("InvalidParameter", f"Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for {vpc.id}")
        for other in self.ec2_backend.vpc_end_points.values():
            if other.vpc_id == vpc.id and other.service_name == service and other.private_dns_enabled:
                refuse(
                    "InvalidParameter", f"private-dns-enabled cannot be set because there is already a conflicting DNS domain for {service} in the VPC {vpc.id}"
                )

    def _refuse_subnets(self, present: list[str], added: list[str]) -> None:
        zones = Counter(self.ec2_backend.get_subnet(subnet).availability_zone for subnet in {*present, *added})
        if any(count > 1 for count in zones.values()):
            refuse("DuplicateSubnetsInSameZone", "Found another VPC endpoint subnet in the availability zone of one of the subnets")

    def _default_group(self, kind: str) -> None:
        if kind == "Interface" and not self._get_param("SecurityGroupIds", []):
            self.params["SecurityGroupIds"] = [self.ec2_backend.get_default_security_group(self._get_param("VpcId")).id]
        for group in self._get_param("SecurityGroupIds", []):
            if self.ec2_backend.get_security_group_from_id(group) is None:
                refuse("InvalidGroup.NotFound", f"The security group '{group}' does not exist")

    def _enter(self, endpoint: Any, subnets: list[str]) -> None:
        for subnet in subnets:
            eni = self.service_interface(
                self.ec2_backend.get_subnet(subnet),
                kind="vpc_endpoint",
                description=f"VPC Endpoint Interface {endpoint.id}",
                groups=list(endpoint.security_group_ids),
            )
            endpoint.network_interface_ids.append(eni.id)
            endpoint.subnet_ids.append(subnet)

    def _leave(self, endpoint: Any, subnets: list[str]) -> None:
        for interface in list(endpoint.network_interface_ids):
            if self.ec2_backend.enis[interface].subnet.id in subnets:
                self.ec2_backend.enis.pop(interface)
                endpoint.network_interface_ids.remove(interface)
        endpoint.subnet_ids = [subnet for subnet in endpoint.subnet_ids if subnet not in subnets]

    def _reroute(self, endpoint: Any) -> None:
        """A gateway endpoint is a route to its prefix list in each of its tables."""
        if not endpoint.destination_prefix_list_id:
            return
        for table in self._get_param("RemoveRouteTableIds", []):
            if table in endpoint.route_table_ids:
                self.ec2_backend.delete_route(table, endpoint.destination_prefix_list_id)
        for table in self._get_param("AddRouteTableIds", []):
            if table not in endpoint.route_table_ids:
                self.ec2_backend.create_route(table, None, gateway_id=endpoint.id, destination_prefix_list_id=endpoint.destination_prefix_list_id)
