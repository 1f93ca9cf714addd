"""Elastic IPs and NAT gateways."""

from typing import Any

from ..support import refuse
from .base import Corrections


class Addresses(Corrections):
    """Corrections of public addresses and of what holds them."""

    def allocate_address(self) -> Any:
        """Says the pool and the border group as AWS does."""
        answer = super().allocate_address()
        address = self.ec2_backend.addresses[-1]
        address.public_ipv4_pool, address.network_border_group = "amazon", self.region
        answer.result.update(PublicIpv4Pool="amazon", NetworkBorderGroup=self.region)
        return answer

    def release_address(self) -> Any:
        """Refused while it is associated (EC2 API reference, ReleaseAddress)."""
        for address in self.ec2_backend.address_by_allocation([self._get_param("AllocationId")]) if self._get_param("AllocationId") else []:
            if address.association_id:
                refuse("InvalidIPAddress.InUse", f"Address {address.public_ip} is in use.")
        return super().release_address()

    def create_nat_gateway(self) -> Any:
        """Its interface has an address of its subnet. Without an internet gateway it fails, as it does after a while on AWS.

        VPC user guide, "Troubleshoot NAT gateways": failure code `Gateway.NotAttached`.
        """
        kind = self.params.setdefault("ConnectivityType", "public")
        subnet = self.ec2_backend.get_subnet(self._get_param("SubnetId"))
        if kind == "public":
            self._refuse_address()
        answer = super().create_nat_gateway()
        nat = answer.result["NatGateway"]
        nat.availability_mode = "zonal"
        self._settle(nat, subnet)
        if kind == "public" and self.internet_gateway_of(nat.vpc_id) is None:
            self._dissolve(nat)
            nat.state, nat.failure_code = "failed", "Gateway.NotAttached"
            nat.failure_message = f"Network {nat.vpc_id} has no Internet gateway attached"
        return answer

    def delete_nat_gateway(self) -> Any:
        """Gives its Elastic IP free and takes its interface away. AWS lists it as deleted for about an hour."""
        nat = self.ec2_backend.nat_gateways.get(self._get_param("NatGatewayId"))
        if nat is None or nat.state == "deleted":
            refuse("NatGatewayNotFound", f"NatGateway {self._get_param('NatGatewayId')} was not found")
        self._dissolve(nat)
        return super().delete_nat_gateway()

    def describe_nat_gateways(self) -> Any:
        """Refuses ids that never were: moto leaves them out."""
        for nat in self._get_param("NatGatewayIds", []):
            if nat not in self.ec2_backend.nat_gateways:
                refuse("NatGatewayNotFound", f"NatGateway {nat} was not found")
        return super().describe_nat_gateways()

    def _refuse_address(self) -> None:
        allocation = self._get_param("AllocationId")
        if not allocation:
            refuse("MissingParameter", "The request must include the AllocationId parameter. Add the required parameter and retry the request.")
        (address,) = self.ec2_backend.address_by_allocation([allocation])
        if address.association_id:
            refuse("Resource.AlreadyAssociated", f"resource {allocation} is already associated with {address.association_id}")

    def _settle(self, nat: Any, subnet: Any) -> None:
        """Puts the gateway's interface into its subnet: moto draws an address from anywhere."""
        address = self.free_address(subnet)
        eni = nat._eni
        eni.private_ip_address, eni.private_ip_addresses = address, [{"Primary": True, "PrivateIpAddress": address}]
        eni.interface_type, eni.status, eni.requester_managed = "nat_gateway", "in-use", True
        eni.description = f"Interface for NAT Gateway {nat.id}"
        nat.private_ip = address
        nat.address_set[0].update(privateIp=address, isPrimary=True, status="succeeded")

    def _dissolve(self, nat: Any) -> None:
        for address in self.ec2_backend.addresses:
            if address.eni is not None and address.eni.id == nat._eni.id:
                self.ec2_backend.disassociate_address(association_id=address.association_id)
        self.ec2_backend.enis.pop(nat._eni.id, None)
