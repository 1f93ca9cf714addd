"""What AMP asks of the other services of its account: clusters, subnets, security groups, roles."""

import json
import re
from collections.abc import Iterable
from typing import Any

from moto.amp.models import amp_backends
from moto.core.exceptions import ServiceException
from moto.ec2.models import ec2_backends
from moto.eks.models import eks_backends
from moto.iam.models import iam_backends

from ..eks import access
from .errors import Invalid
from .state import Region, Workspace, new_uuid

CLUSTER = re.compile(r"arn:aws[-a-z]*:eks:(?P<region>[-a-z0-9]+):(?P<account>\d{12}):cluster/(?P<name>.+)")
POLICY = "AmazonPrometheusScraperPolicy"
SERVICE = "scraper.aps.amazonaws.com"
# User guide, "Using roles for scraping metrics from EKS" and "Cross-account setup": a role a collector, named like this.
ROLE = "AWSServiceRoleForAmazonPrometheusScraper"
TAG = "AMPAgentlessScraper"
"""On the network interfaces (AWS managed policy AmazonPrometheusScraperServiceRolePolicy, ENIManagement)."""


def workspaces(region: Region, account: str) -> dict[str, Workspace]:
    """The workspaces of an account in the region."""
    found: dict[str, Workspace] = amp_backends[account][region.region_name].workspaces
    return found


def cluster(region: Region, arn: str) -> Any:
    """The cluster that is to be scraped. Refuses one that is not there, and one whose API server no collector reaches.

    User guide, "Set up managed collectors for Amazon EKS", "Create a scraper": the endpoint has to include private access. That it fails is documented,
    with which code is not.
    """
    match = CLUSTER.fullmatch(arn)
    if match is None or (match["region"], match["account"]) != (region.region_name, region.account_id):
        raise Invalid(f"source {arn} is not a cluster in {region.region_name} of account {region.account_id}", "FIELD_VALIDATION_FAILED")
    found = eks_backends[region.account_id][region.region_name].clusters.get(match["name"])
    if found is None:
        raise Invalid(f"The cluster {match['name']} does not exist.")
    if not found.resources_vpc_config["endpointPrivateAccess"]:
        raise Invalid(f"The endpoint of cluster {match['name']} has no private access.")
    return found


def check_placement(region: Region, subnets: Iterable[str], groups: Iterable[str], vpc: str | None) -> None:
    """Refuses subnets of fewer than two zones, and what is not there or in another VPC than the cluster's (user guide, the same page)."""
    ec2 = ec2_backends[region.account_id][region.region_name]
    try:
        found = [ec2.get_subnet(id_) for id_ in subnets]
    except ServiceException as error:
        raise Invalid(str(error.message)) from error
    if len({subnet.availability_zone for subnet in found}) < 2:
        raise Invalid("Subnets have to be in at least two availability zones.")
    (home, *others) = {vpc or found[0].vpc_id, *(subnet.vpc_id for subnet in found)}
    if others:
        raise Invalid("Subnets have to be in the VPC of the cluster.")
    for id_ in groups:
        group = ec2.get_security_group_from_id(id_)
        if group is None or group.vpc_id != home:
            raise Invalid(f"The security group {id_} does not exist in {home}.")


def place_interfaces(region: Region, scraper: str, subnets: Iterable[str], groups: list[str]) -> None:
    """A collector's network interfaces, one in each subnet: while they are there, nobody can delete subnet or group (API reference, CreateScraper)."""
    ec2 = ec2_backends[region.account_id][region.region_name]
    for id_ in subnets:
        made = ec2.create_network_interface(ec2.get_subnet(id_), None, group_ids=groups, description=_description(scraper), tags={TAG: scraper})
        made.requester_managed = True


def remove_interfaces(region: Region, scraper: str) -> None:
    """Takes a collector's network interfaces away."""
    ec2 = ec2_backends[region.account_id][region.region_name]
    for interface in list(ec2.enis.values()):
        if interface.description == _description(scraper):
            ec2.delete_network_interface(interface.id)


def _description(scraper: str) -> str:
    return f"Amazon Prometheus collector {scraper}"


def make_role(region: Region, *, writes_as_another: bool) -> str:
    """The service-linked role of a new collector. Returns its ARN."""
    name = f"{ROLE}{'Internal' if writes_as_another else ''}_{new_uuid()[:15]}"
    statement = {"Effect": "Allow", "Principal": {"Service": SERVICE}, "Action": "sts:AssumeRole"}
    role = iam_backends[region.account_id][region.partition].create_role(
        role_name=name,
        assume_role_policy_document=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        path=f"/aws-service-role/{SERVICE}/",
        permissions_boundary=None,
        description="",
        tags=[],
        max_session_duration="3600",
        linked_service=SERVICE,
    )
    return str(role.arn)


def remove_role(region: Region, arn: str) -> None:
    """Takes a collector's role away (AmazonPrometheusScraperServiceRolePolicy, DeleteSLR)."""
    iam = iam_backends[region.account_id][region.partition]
    for id_, role in list(iam.roles.items()):
        if role.arn == arn:
            del iam.roles[id_]


def check_role(region: Region, name: str, arn: str | None) -> None:
    """Refuses a role that is missing, or of this account and not there."""
    if not arn:
        raise Invalid(f"roleConfiguration needs {name}", "FIELD_VALIDATION_FAILED")
    if f":{region.account_id}:" in arn and all(role.arn != arn for role in iam_backends[region.account_id][region.partition].roles.values()):
        raise Invalid(f"The role {arn} does not exist.")


def admit(region: Region, cluster_arn: str, role: str) -> bool:
    """The access entry that AMP makes for a collector; none where the cluster knows no entries. Returns whether it made one.

    User guide, "Configure Amazon EKS for scraper access with access entries".
    """
    return access.admit_service(eks_backends[region.account_id][region.region_name], cluster(region, cluster_arn), role, POLICY)


def dismiss(region: Region, cluster_arn: str, role: str) -> None:
    """Takes it away again; nothing where the cluster has gone."""
    clusters = eks_backends[region.account_id][region.region_name].clusters
    found = clusters.get(cluster_arn.rpartition("/")[2])
    if found is not None:
        found.access_entries.pop(role, None)
