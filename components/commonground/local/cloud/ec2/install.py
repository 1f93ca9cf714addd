# mypy: allow-subclassing-any
"""One responder out of the corrections, in the place of moto's."""

from typing import Any

from moto.ec2 import urls
from moto.ec2.models import EC2Backend
from moto.ec2.responses import EC2Response

from ..support import refuse, take_over
from .addresses import Addresses
from .defaults import Defaults
from .endpoints import Endpoints
from .flow_logs import FlowLogs
from .launch_templates import LaunchTemplates
from .network import Network
from .security_groups import SecurityGroups

# What a delete call deletes, by the parameter that names it. moto keeps the tags of what is gone, and DescribeTags lists them.
DELETED_BY = {
    "DeleteFlowLogs": "FlowLogIds",
    "DeleteInternetGateway": "InternetGatewayId",
    "DeleteNatGateway": "NatGatewayId",
    "DeleteRouteTable": "RouteTableId",
    "DeleteSubnet": "SubnetId",
    "DeleteVpc": "VpcId",
    "DeleteVpcEndpoints": "VpcEndpointIds",
    "ReleaseAddress": "AllocationId",
    "RevokeSecurityGroupEgress": "SecurityGroupRuleIds",
    "RevokeSecurityGroupIngress": "SecurityGroupRuleIds",
}


class Responder(Addresses, Defaults, Endpoints, FlowLogs, LaunchTemplates, Network, SecurityGroups, EC2Response):
    """EC2 with every correction."""

    def create_tags(self) -> Any:
        """Refuses keys that AWS keeps for itself (EC2 user guide, "Tag your Amazon EC2 resources")."""
        if any(tag["Key"].startswith("aws:") for tag in self._get_param("Tags", [])):
            refuse("InvalidParameterValue", "Tag keys starting with 'aws:' are reserved for internal use")
        return super().create_tags()

    def call_action(self) -> Any:
        """Answers, and forgets the tags of what the call deleted."""
        answer = super().call_action()
        parameter = DELETED_BY.get(self._get_action())
        if parameter and answer[0] < 300:
            deleted = self._get_param(parameter) or []
            for resource in [deleted] if isinstance(deleted, str) else deleted:
                self.ec2_backend.tags.pop(resource, None)
        return answer


def install() -> None:
    """Takes the place of moto's EC2. What other services delete, too, past the responder, loses its tags in moto's own methods."""
    take_over(urls, Responder)
    delete_group, delete_template = EC2Backend._delete_security_group, EC2Backend.delete_launch_template
    delete_interface = EC2Backend.delete_network_interface

    def group(self: Any, vpc: str | None, group_id: str) -> None:
        delete_group(self, vpc, group_id)
        self.tags.pop(group_id, None)

    def template(self: Any, name: str | None, template_id: str | None) -> Any:
        deleted = delete_template(self, name, template_id)
        self.tags.pop(deleted.id, None)
        return deleted

    def interface(self: Any, eni_id: str) -> None:
        delete_interface(self, eni_id)
        self.tags.pop(eni_id, None)

    EC2Backend._delete_security_group, EC2Backend.delete_launch_template = group, template
    EC2Backend.delete_network_interface = interface
