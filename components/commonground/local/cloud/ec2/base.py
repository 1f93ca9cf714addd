# mypy: allow-subclassing-any
"""What the corrections of EC2 share: moto's backend, and what depends on what."""

import ipaddress
from typing import Any, NoReturn

from moto.ec2.responses._base_response import EC2BaseResponse

from ..support import refuse


class Corrections(EC2BaseResponse):
    """Base of each part of the responder; the parts come before moto's own in the order of resolution."""

    def interfaces(self, *, subnet: str | None = None, vpc: str | None = None, group: str | None = None) -> list[Any]:
        """Network interfaces in a subnet, in a VPC or with a security group."""
        return [
            eni
            for eni in self.ec2_backend.enis.values()
            if (subnet is None or eni.subnet.id == subnet)
            and (vpc is None or eni.subnet.vpc_id == vpc)
            and (group is None or any(member.id == group for member in eni.group_set))
        ]

    def internet_gateway_of(self, vpc: str) -> Any | None:
        """The internet gateway that is attached to a VPC."""
        return next((gateway for gateway in self.ec2_backend.internet_gateways.values() if gateway.vpc and gateway.vpc.id == vpc), None)

    def free_address(self, subnet: Any) -> str:
        """An address of a subnet that no interface has. The first four belong to AWS (VPC user guide, "Subnet CIDR blocks")."""
        taken = {eni.private_ip_address for eni in self.interfaces(subnet=subnet.id)}
        candidates = (str(subnet.cidr.network_address + offset) for offset in range(4, subnet.cidr.num_addresses - 1))
        free = next((address for address in candidates if address not in taken), None)
        return free or refuse("InsufficientFreeAddressesInSubnet", f"There are not enough free addresses in subnet '{subnet.id}' to satisfy the request.")

    def service_interface(self, subnet: Any, *, kind: str, description: str, groups: list[str] | None = None) -> Any:
        """An interface that a service of AWS keeps in a subnet: in use, and not to be deleted by its user."""
        eni = self.ec2_backend.create_network_interface(subnet, self.free_address(subnet), group_ids=groups, description=description)
        eni.interface_type, eni.status, eni.requester_managed = kind, "in-use", True
        return eni


def depended_on(kind: str, resource: str) -> NoReturn:
    """Refuses to delete what something else needs."""
    refuse("DependencyViolation", f"The {kind} '{resource}' has dependencies and cannot be deleted.")


def canonical(cidr: str) -> str:
    """A block as EC2 keeps it, host bits cleared: `100.68.0.18/18` is `100.68.0.0/18` (EC2 API reference, CreateVpc). Not a block: as it is."""
    try:
        return str(ipaddress.ip_network(cidr, strict=False))
    except ValueError:
        return cidr
