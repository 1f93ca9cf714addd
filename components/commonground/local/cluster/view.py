"""What the local cloud says of clusters, node groups and access entries: asked as any client would, by boto3."""

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import boto3
import urllib3
from botocore.config import Config
from botocore.exceptions import ClientError

from .capacity import Machine
from .tokens import Caller, Entry, SignedCall, TokenError

HOME_ACCOUNT = "123456789012"
"""moto's own: keys that nobody made belong to it."""
STS_NAMESPACE = {"sts": "https://sts.amazonaws.com/doc/2011-06-15/"}
ANSWER_SECONDS = 30
DEFAULT_DISK_GIB = 20
# EKS API's spelling of a taint's effect -> Kubernetes'.
EFFECTS = {"NO_SCHEDULE": "NoSchedule", "NO_EXECUTE": "NoExecute", "PREFER_NO_SCHEDULE": "PreferNoSchedule"}


@dataclass(frozen=True)
class Subnet:
    """Where nodes are."""

    id: str
    zone: str
    zone_id: str
    cidr: str


@dataclass(frozen=True)
class Group:
    """A managed node group, with all that its nodes show."""

    cluster: str
    name: str
    kubernetes: str
    release: str
    ami_type: str
    capacity_type: str
    desired: int
    labels: Mapping[str, str]
    taints: tuple[tuple[str, str, str], ...]
    """Key, value, and effect in Kubernetes' words."""
    machine: Machine
    """Of the first of its instance types: simulated capacity never runs out, so EC2 has no reason to take another."""
    pods: int
    """Pods a node takes: the least over all of its instance types."""
    disk_gib: int
    efa: int
    """Elastic Fabric Adapters of a node, by the launch template."""
    template: str
    """Id of the launch template; empty where EKS makes its own."""
    template_version: str
    subnets: tuple[Subnet, ...]

    @property
    def generation(self) -> str:
        """What cannot change on a running node: another one means new nodes."""
        return "|".join((self.machine.name, self.release, self.template, self.template_version))


class View:
    """One account and region of the local cloud."""

    def __init__(self, endpoint: str, account: str, region: str) -> None:
        self.endpoint, self.account, self.region = endpoint, account, region
        # One of its own never goes through a proxy of the environment.
        self._http = urllib3.PoolManager(timeout=ANSWER_SECONDS, retries=False)
        self._machines: dict[str, Machine] = {}
        self._templates: dict[tuple[str, str], Mapping[str, Any]] = {}

    def clusters(self) -> list[str]:
        """Names of the clusters."""
        return [name for page in self._eks.get_paginator("list_clusters").paginate() for name in page["clusters"]]

    def groups(self, cluster: str) -> list[Group]:
        """The cluster's node groups, with the size that their auto scaling groups have now. Empty if the cluster has just gone."""
        try:
            names = [name for page in self._eks.get_paginator("list_nodegroups").paginate(clusterName=cluster) for name in page["nodegroups"]]
            prefixes = self._prefixes(cluster) if names else False
            return [self._group(self._eks.describe_nodegroup(clusterName=cluster, nodegroupName=name)["nodegroup"], prefixes) for name in names]
        except self._eks.exceptions.ResourceNotFoundException:
            return []

    def entry(self, cluster: str, caller: Caller) -> Entry | None:
        """The caller's access entry, with its policies; None where it has none."""
        try:
            pages = self._eks.get_paginator("list_access_entries").paginate(clusterName=cluster)
            arn = next((arn for page in pages for arn in page["accessEntries"] if caller.is_principal(arn)), None)
            if arn is None:
                return None
            entry = self._eks.describe_access_entry(clusterName=cluster, principalArn=arn)["accessEntry"]
            associated = self._eks.list_associated_access_policies(clusterName=cluster, principalArn=arn)["associatedAccessPolicies"]
        except ClientError as error:
            raise TokenError(f"the access entries of {cluster} cannot be read: {error.response['Error']['Code']}") from error
        policies = tuple((policy["policyArn"].rpartition("/")[2], tuple(policy["accessScope"].get("namespaces") or ())) for policy in associated)
        return Entry(entry["username"], tuple(entry["kubernetesGroups"]), policies)

    def identify(self, call: SignedCall) -> dict[str, str]:
        """STS' answer to a signed GetCallerIdentity: `UserId`, `Account`, `Arn`. TokenError where it is refused."""
        try:
            answer = self._http.request("GET", f"{self.endpoint}/?Action=GetCallerIdentity&Version=2011-06-15", headers=call.headers)
            result = ElementTree.fromstring(answer.data).find("sts:GetCallerIdentityResult", STS_NAMESPACE)  # noqa: S314 - our own server's
        except (urllib3.exceptions.HTTPError, ElementTree.ParseError) as error:
            raise TokenError(f"STS does not take its signature: {error}") from error
        if result is None:
            raise TokenError("STS does not say whose it is")
        return {name: result.findtext(f"sts:{name}", "", STS_NAMESPACE) for name in ("UserId", "Account", "Arn")}

    @cached_property
    def _session(self) -> boto3.Session:
        session = boto3.Session("commonground", "commonground", region_name=self.region)  # loopback takes any
        if self.account == HOME_ACCOUNT:
            return session
        keys = self._client("sts", session).assume_role(RoleArn=f"arn:aws:iam::{self.account}:role/nodes", RoleSessionName="nodes")["Credentials"]
        return boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region_name=self.region)

    @cached_property
    def _eks(self) -> Any:
        return self._client("eks")

    @cached_property
    def _ec2(self) -> Any:
        return self._client("ec2")

    def _client(self, service: str, session: boto3.Session | None = None) -> Any:
        config = Config(retries={"max_attempts": 0}, read_timeout=ANSWER_SECONDS, proxies={})
        return (session or self._session).client(service, endpoint_url=self.endpoint, config=config)

    def _group(self, found: Mapping[str, Any], prefixes: bool) -> Group:
        template = found.get("launchTemplate") or {}
        data = self._template(template["id"], str(template["version"])) if template else {}
        machines = [self._machine(name) for name in found.get("instanceTypes") or [data["InstanceType"]]]
        interfaces = data.get("NetworkInterfaces") or []
        return Group(
            cluster=found["clusterName"],
            name=found["nodegroupName"],
            kubernetes=found["version"],
            release=found["releaseVersion"],
            ami_type=found["amiType"],
            capacity_type=found["capacityType"],
            desired=found["scalingConfig"]["desiredSize"],
            labels=found.get("labels") or {},
            taints=tuple((taint["key"], taint.get("value", ""), EFFECTS[taint["effect"]]) for taint in found.get("taints") or []),
            machine=machines[0],
            pods=min(machine.pods(prefixes=prefixes) for machine in machines),
            disk_gib=_disk(found, data),
            efa=sum(1 for interface in interfaces if str(interface.get("InterfaceType", "")).startswith("efa")),
            template=template.get("id", ""),
            template_version=str(template.get("version", "")),
            subnets=tuple(self._subnets(found["subnets"])),
        )

    def _machine(self, name: str) -> Machine:
        if name not in self._machines:
            self._machines[name] = Machine.of(self._ec2.describe_instance_types(InstanceTypes=[name])["InstanceTypes"][0])
        return self._machines[name]

    def _template(self, id_: str, version: str) -> Mapping[str, Any]:
        """A version of a launch template never changes."""
        if (id_, version) not in self._templates:
            found = self._ec2.describe_launch_template_versions(LaunchTemplateId=id_, Versions=[version])["LaunchTemplateVersions"]
            self._templates[id_, version] = found[0]["LaunchTemplateData"]
        return self._templates[id_, version]

    def _subnets(self, ids: list[str]) -> Iterator[Subnet]:
        found = self._ec2.describe_subnets(SubnetIds=ids)["Subnets"]
        for subnet in sorted(found, key=lambda subnet: str(subnet["AvailabilityZoneId"])):
            yield Subnet(subnet["SubnetId"], subnet["AvailabilityZone"], subnet["AvailabilityZoneId"], subnet["CidrBlock"])

    def _prefixes(self, cluster: str) -> bool:
        """Whether the CNI gives addresses out by prefixes (EKS user guide, "Assign more IP addresses to Amazon EKS nodes with prefixes")."""
        try:
            addon = self._eks.describe_addon(clusterName=cluster, addonName="vpc-cni")["addon"]
        except self._eks.exceptions.ResourceNotFoundException:
            return False
        values = json.loads(addon.get("configurationValues") or "{}")
        return str((values.get("env") or {}).get("ENABLE_PREFIX_DELEGATION", "false")).lower() == "true"


def _disk(found: Mapping[str, Any], data: Mapping[str, Any]) -> int:
    """GiB of the root volume: the launch template's first device, else the node group's."""
    sizes = [mapping.get("Ebs", {}).get("VolumeSize") for mapping in data.get("BlockDeviceMappings") or []]
    return int(next(filter(None, sizes), None) or found.get("diskSize") or DEFAULT_DISK_GIB)
