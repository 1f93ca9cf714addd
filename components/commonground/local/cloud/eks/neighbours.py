"""What EKS asks of the other services of its account: roles, subnets, security groups, keys, log groups."""

import json
import re
from collections.abc import Iterable
from typing import Any

from moto.core.exceptions import ServiceException
from moto.ec2.models import ec2_backends
from moto.iam.models import iam_backends
from moto.kms.models import kms_backends
from moto.logs.models import logs_backends
from moto.moto_api._internal import mock_random
from moto.sts.models import sts_backends

from .errors import AccessDenied, InvalidParameter
from .state import Region

ROLE = re.compile(r"arn:(?P<partition>aws[a-z-]*):iam::(?P<account>\d{12}):role/(?P<path>.+/)?(?P<name>[^/]+)")
SESSION = re.compile(r"arn:aws[a-z-]*:sts::\d{12}:assumed-role/(?P<role>[^/]+)/.+")
CLUSTER_GROUP = "EKS created security group applied to ENI that is attached to EKS Control Plane master nodes, as well as any managed workloads."


def ec2(region: Region) -> Any:
    """Moto's EC2 of the same account and region."""
    return ec2_backends[region.account_id][region.region_name]


def iam(region: Region) -> Any:
    """Moto's IAM of the same account."""
    return iam_backends[region.account_id][region.partition]


def require_role(region: Region, arn: str) -> Any:
    """The role of an ARN. Refuses one of another account (it cannot be passed) and one that is not there."""
    match = ROLE.fullmatch(arn)
    if match is None:
        raise InvalidParameter(f"Invalid Role Arn: '{arn}'")
    if match["account"] != region.account_id:
        raise AccessDenied("Cross-account pass role is not allowed.")
    role = find_role(region, arn)
    if role is None:
        raise InvalidParameter(f"Role with arn: {arn}, could not be assumed because it does not exist or the trusted entity is not correct")
    return role


def find_role(region: Region, arn: str) -> Any:
    """The role of an ARN in this account, or None."""
    return next((role for role in iam(region).get_roles() if role.arn == arn), None)


def find_user(region: Region, arn: str) -> Any:
    """The IAM user of an ARN in this account, or None."""
    return next((user for user in iam(region).users.values() if user.arn == arn), None)


def trusts(role: Any, service: str) -> bool:
    """Whether a service may assume a role, by the role's trust policy."""
    document = role.assume_role_policy_document
    statements = (json.loads(document) if isinstance(document, str) else document or {}).get("Statement", [])
    return any(service in _services(statement) for statement in _listed(statements) if statement.get("Effect") == "Allow")


def _services(statement: dict[str, Any]) -> list[Any]:
    principal = statement.get("Principal")
    return _listed(principal.get("Service", [])) if isinstance(principal, dict) else []


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def require_subnets(region: Region, ids: Iterable[str]) -> list[Any]:
    """The subnets of these ids. Refuses an id that is not there, and subnets of several VPCs."""
    try:
        subnets = [ec2(region).get_subnet(id_) for id_ in ids]
    except ServiceException as error:
        raise InvalidParameter(f"{error.message} (Service: Ec2, Status Code: 400, Error Code: InvalidSubnetID.NotFound)") from error
    if len({subnet.vpc_id for subnet in subnets}) > 1:
        raise InvalidParameter("Subnets specified must be in the same VPC")
    return subnets


def require_security_groups(region: Region, ids: Iterable[str], vpc: str) -> None:
    """Refuses a security group that is not there, or is another VPC's."""
    for id_ in ids:
        group = ec2(region).get_security_group_from_id(id_)
        if group is None or group.vpc_id != vpc:
            raise InvalidParameter(f"The security group '{id_}' does not exist in {vpc} (Service: Ec2, Status Code: 400, Error Code: InvalidGroup.NotFound)")


def vpc_ranges(region: Region, vpc: str) -> list[str]:
    """The IPv4 ranges of a VPC."""
    return [association["cidr_block"] for association in ec2(region).get_vpc(vpc).get_cidr_block_association_set()]


def make_cluster_group(region: Region, cluster: str, vpc: str) -> str:
    """The security group that EKS makes for a cluster, named, described and tagged as EKS does; members reach each other. Returns its id."""
    # EKS ends the name with a number, so that a new cluster of an old name gets a group of its own.
    name = f"eks-cluster-sg-{cluster}-{mock_random.randint(10**8, 2 * 10**9)}"
    group = ec2(region).create_security_group(
        name, CLUSTER_GROUP, vpc_id=vpc, tags={"Name": name, f"kubernetes.io/cluster/{cluster}": "owned", "aws:eks:cluster-name": cluster}
    )
    ec2(region).authorize_security_group_ingress(group.id, "-1", None, None, [], source_groups=[{"GroupId": group.id}], vpc_id=vpc)
    return str(group.id)


def remove_security_group(region: Region, id_: str) -> None:
    """Takes a security group away; nothing if somebody has done so."""
    if ec2(region).get_security_group_from_id(id_) is not None:
        ec2(region).delete_security_group(group_id=id_)


def place_interfaces(region: Region, cluster: str, subnets: Iterable[str], group: str) -> None:
    """The control plane's network interfaces, one in each subnet: while they are there, nobody can delete subnet or group.

    Those of before go. EKS user guide, "View Amazon EKS networking requirements for VPC and subnets".
    """
    remove_interfaces(region, cluster)
    for id_ in subnets:
        subnet = ec2(region).get_subnet(id_)
        made = ec2(region).create_network_interface(subnet, None, group_ids=[group], description=_description(cluster))
        made.requester_managed = True


def remove_interfaces(region: Region, cluster: str) -> None:
    """Takes the control plane's network interfaces away."""
    for interface in list(ec2(region).enis.values()):
        if interface.description == _description(cluster):
            ec2(region).delete_network_interface(interface.id)


def _description(cluster: str) -> str:
    return f"Amazon EKS {cluster}"


def caller(region: Region) -> str | None:
    """ARN of the IAM role or user whose call this is; None for keys that belong to nobody."""
    arn = sts_backends[region.account_id][region.partition].get_caller_identity(region.access_key, region.region_name)[1]
    if match := SESSION.fullmatch(arn):
        role = next((role for role in iam(region).get_roles() if role.name == match["role"]), None)
        return role.arn if role else None
    return arn if ":iam:" in arn else None


def require_key(region: Region, arn: str) -> None:
    """Refuses a KMS key that cannot encrypt secrets: it must be there, enabled, and of this region."""
    keys = kms_backends[region.account_id][region.region_name].keys
    key = keys.get(arn.rpartition("/")[2])
    if key is None or key.arn != arn:
        raise InvalidParameter(f"The keyArn in encryptionConfig provider is invalid: no key {arn} in this region")
    if not key.enabled or key.key_state != "Enabled":
        raise InvalidParameter(f"The key {arn} is not enabled")


def make_log_group(region: Region, name: str) -> None:
    """A log group, where there is none: what EKS does for the control plane's logs (EKS user guide, "Send control plane logs to CloudWatch Logs")."""
    logs = logs_backends[region.account_id][region.region_name]
    if name not in logs.groups:
        logs.create_log_group(name, {})
