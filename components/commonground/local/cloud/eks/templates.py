"""Launch templates that node groups are given: found, their version resolved, and what EKS does not take in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moto.core.exceptions import ServiceException

from . import neighbours
from .errors import InvalidParameter
from .state import Params, Region


@dataclass(frozen=True)
class Template:
    """A launch template at one version."""

    id: str
    name: str
    version: str
    data: Mapping[str, Any]

    @property
    def specification(self) -> dict[str, str]:
        """As DescribeNodegroup shows it."""
        return {"id": self.id, "name": self.name, "version": self.version}

    @property
    def instance_type(self) -> str | None:
        """The instance type that the template sets, if any."""
        return self.data.get("InstanceType")

    @property
    def image(self) -> str | None:
        """The image that the template sets, if any: then the node group's AMI type is CUSTOM."""
        return self.data.get("ImageId")

    @property
    def market(self) -> str | None:
        """The market type that the template sets, if any."""
        return (self.data.get("InstanceMarketOptions") or {}).get("MarketType")


def resolve(region: Region, given: Params) -> Template:
    """The launch template of a `launchTemplate` parameter: by id or by name, at a version, else at its default one. Checked."""
    id_, name = given.get("id"), given.get("name")
    if bool(id_) == bool(name):
        raise InvalidParameter("Launch template: either id or name must be specified, and not both")
    try:
        ec2 = neighbours.ec2(region)
        found = ec2.get_launch_template(id_) if id_ else ec2.get_launch_template_by_name(name)
    except ServiceException as error:
        raise InvalidParameter(f"Launch template {id_ or name} could not be found: {error.message}") from error
    version = _version(found, given.get("version") or "$Default")
    template = Template(found.id, found.name, str(version.number), version.data)
    _check(template)
    return template


def _version(template: Any, wanted: str) -> Any:
    named = {"$Latest": template.versions[-1], "$Default": template.default_version()}
    versions = {str(version.number): version for version in template.versions} | named
    if wanted not in versions:
        raise InvalidParameter(f"Launch template {template.id} has no version {wanted}")
    return versions[wanted]


def _check(template: Template) -> None:
    """EKS user guide, "Customize managed nodes with launch templates": what EKS sets itself."""
    data, where = template.data, f"Launch template {template.id}"
    interfaces = data.get("NetworkInterfaces") or []
    if data.get("IamInstanceProfile"):
        raise InvalidParameter(f"{where} should not specify an instance profile. The noderole in your request will be used to construct an instance profile.")
    if any(interface.get("SubnetId") for interface in interfaces):
        raise InvalidParameter(f"{where} should not specify a subnet. The subnets in your request will be used.")
    if template.market == "spot":
        raise InvalidParameter(f"{where} should not request Spot instances. The capacityType in your request will be used.")
    if data.get("SecurityGroupIds") and any(interface.get("Groups") or interface.get("SecurityGroupId") for interface in interfaces):
        raise InvalidParameter(f"{where} has security groups of the instance and of its network interfaces: only one of both is possible")
