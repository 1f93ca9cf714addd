"""EKS: clusters and who reaches them. Facts from terraform-provider-aws (internal/service/eks) and pulumi-aws.

Its software is in `eks_addons`, its nodes in `eks_nodes`.
"""

import time
from collections.abc import Iterable
from typing import Any

from commonground.local.providers.aws.api import Api
from commonground.local.providers.aws.table.common import not_a_range, not_a_version, planned_id, retag_by_arn, unchangeable
from commonground.local.providers.aws.types import Argument, ResourceType
from commonground.local.providers.names import Autoname
from commonground.local.providers.values import UNKNOWN, Properties

LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")

# EKS takes one kind of change a call, in this order (API reference, "UpdateClusterConfig").
CLUSTER_UPDATES: dict[str, str] = {
    "accessConfig": "accessConfig",
    "deletionProtection": "deletionProtection",
    "enabledClusterLogTypes": "logging",
    "upgradePolicy": "upgradePolicy",
    "vpcConfig": "resourcesVpcConfig",
    "zonalShiftConfig": "zonalShiftConfig",
}
# With a control plane that really runs a cluster takes seconds. The official provider waits half an hour for EKS.
CREATING = "CREATING"
CLUSTER_SECONDS, POLL_SECONDS = 120.0, 0.1
ENDPOINT = ("endpointPrivateAccess", "endpointPublicAccess", "publicAccessCidrs")


def _logging(inputs: Properties) -> dict[str, Any]:
    on = set(inputs.get("enabledClusterLogTypes", []))
    setups = ({"enabled": enabled, "types": [type_ for type_ in LOG_TYPES if (type_ in on) is enabled]} for enabled in (True, False))
    return {"clusterLogging": [setup for setup in setups if setup["types"]]}


def _create_cluster(api: Api, new: Properties) -> str:
    request = api.request("CreateCluster", new)
    if new.get("enabledClusterLogTypes"):
        request["logging"] = _logging(new)
    status = api.call("CreateCluster", **request, tags=new.get("tagsAll", {}))["cluster"]["status"]
    deadline = time.monotonic() + CLUSTER_SECONDS
    while status == CREATING and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        status = api.ask("DescribeCluster", "cluster.status", name=new["name"])
    return str(new["name"])


def _cluster_health(outputs: Properties) -> list[str]:
    waits = outputs.get("status") == CREATING
    return ["its control plane is not there yet; `commonground local status` says what holds it up"] if waits else []


def _read_cluster(api: Api, id_: str, state: Properties) -> Properties | None:
    found = api.ask("DescribeCluster", "cluster", name=id_)
    if found is None:
        return None
    network = found.pop("resourcesVpcConfig", {})
    vpc_config = {
        name: network.get(name) for name in (*ENDPOINT, "subnetIds", "securityGroupIds", "clusterSecurityGroupId", "vpcId") if network.get(name) is not None
    }
    enabled = [setup.get("types", []) for setup in found.pop("logging", {}).get("clusterLogging", []) if setup.get("enabled")]
    encryption = found.pop("encryptionConfig", [])
    access = {**found.pop("accessConfig", {})}
    access.setdefault("bootstrapClusterCreatorAdminPermissions", state.get("accessConfig", {}).get("bootstrapClusterCreatorAdminPermissions", True))
    names = (
        "arn",
        "name",
        "roleArn",
        "version",
        "endpoint",
        "createdAt",
        "platformVersion",
        "status",
        "deletionProtection",
        "upgradePolicy",
        "zonalShiftConfig",
    )
    return {
        **{name: found.get(name) for name in (*names, "kubernetesNetworkConfig", "certificateAuthority")},
        "accessConfig": access,
        "vpcConfig": vpc_config,
        "enabledClusterLogTypes": sorted(type_ for types in enabled for type_ in types),
        "encryptionConfig": encryption[0] if encryption else None,
        "identities": [{"oidcs": [{"issuer": found.get("identity", {}).get("oidc", {}).get("issuer", "")}]}],
        "bootstrapSelfManagedAddons": state.get("bootstrapSelfManagedAddons", True),
        "clusterId": "",
        "tagsAll": found.get("tags", {}),
    }


def _update_cluster(api: Api, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
    if "version" in changed:
        api.call("UpdateClusterVersion", name=id_, version=new["version"])
    if "encryptionConfig" in changed and not old.get("encryptionConfig"):  # once there, EKS changes it no more
        api.call("AssociateEncryptionConfig", clusterName=id_, **api.request("CreateCluster", new, only={"encryptionConfig"}))
    for name, member in CLUSTER_UPDATES.items():
        for change in _cluster_changes(api, name, old, new) if name in changed else ():
            api.call("UpdateClusterConfig", name=id_, **{member: change})
    retag_by_arn(api, api.arn("eks", f"cluster/{id_}"), old, new)


def _cluster_changes(api: Api, name: str, old: Properties, new: Properties) -> Iterable[Any]:
    if name == "enabledClusterLogTypes":
        yield _logging(new)
    elif name == "accessConfig":
        yield {"authenticationMode": new["accessConfig"]["authenticationMode"]}
    elif name == "vpcConfig":  # endpoint, subnets and security groups are changes of their own
        before, after = old.get(name, {}), new.get(name, {})
        for group in (ENDPOINT, ("subnetIds",), ("securityGroupIds",)):
            if any(before.get(member) != after.get(member) for member in group):
                yield {member: after[member] for member in group if member in after}
    else:
        yield next(iter(api.request("CreateCluster", new, only={name}).values()))


def _cluster_traps(inputs: Properties) -> Iterable[tuple[str, str]]:
    types = inputs.get("enabledClusterLogTypes", [])
    for type_ in types if isinstance(types, list) else []:
        if type_ not in (*LOG_TYPES, UNKNOWN):
            yield "enabledClusterLogTypes", f"{type_!r} is not one of {', '.join(LOG_TYPES)}"
    network = inputs.get("vpcConfig", {})
    if isinstance(network, dict):
        yield from _network_traps(network)
    if reason := not_a_version(inputs.get("version")):
        yield "version", reason


def _network_traps(network: Properties) -> Iterable[tuple[str, str]]:
    if all(network.get(name) in (False, "false") for name in ("endpointPublicAccess", "endpointPrivateAccess")):
        yield "vpcConfig.endpointPrivateAccess", "a cluster needs a private or a public endpoint (EKS user guide, Cluster API server endpoint)"
    if network.get("subnetIds") == []:
        yield "vpcConfig.subnetIds", "is empty: a cluster needs subnets in two zones (EKS user guide, Networking requirements)"
    cidrs = network.get("publicAccessCidrs", [])
    for index, cidr in enumerate(cidrs if isinstance(cidrs, list) else []):
        if reason := not_a_range(cidr, 6 if ":" in str(cidr) else 4):
            yield f"vpcConfig.publicAccessCidrs[{index}]", reason


def _planned_cluster(api: Api, id_: str, inputs: Properties) -> Properties:
    host = f"{id_}.planned.{api.region}.eks.amazonaws.com"
    network = {**inputs.get("vpcConfig", {}), "clusterSecurityGroupId": planned_id("sg", id_), "vpcId": planned_id("vpc", id_)}
    return {
        "arn": api.arn("eks", f"cluster/{id_}"),
        "endpoint": f"https://{host}",
        "certificateAuthority": {"data": "cGxhbm5lZA=="},
        "identities": [{"oidcs": [{"issuer": f"https://oidc.eks.{api.region}.amazonaws.com/id/planned"}]}],
        "vpcConfig": network,
        "status": "ACTIVE",
    }


CLUSTER = ResourceType(
    token="aws:eks/cluster:Cluster",
    service="eks",
    arguments={
        "name": "CreateCluster.name",
        "roleArn": "CreateCluster.roleArn",
        "version": "CreateCluster.version",
        "vpcConfig": "CreateCluster.resourcesVpcConfig",
        "accessConfig": "CreateCluster.accessConfig",
        "bootstrapSelfManagedAddons": "CreateCluster.bootstrapSelfManagedAddons",
        "encryptionConfig": "CreateCluster.encryptionConfig",
        "enabledClusterLogTypes": "strings",
        "kubernetesNetworkConfig": "CreateCluster.kubernetesNetworkConfig",
        "upgradePolicy": "CreateCluster.upgradePolicy",
        "zonalShiftConfig": "CreateCluster.zonalShiftConfig",
        "deletionProtection": "CreateCluster.deletionProtection",
    },
    required=("roleArn", "vpcConfig", "vpcConfig.subnetIds"),
    replaces=(
        "name",
        "roleArn",
        "bootstrapSelfManagedAddons",
        "accessConfig.bootstrapClusterCreatorAdminPermissions",
        "kubernetesNetworkConfig.ipFamily",
        "kubernetesNetworkConfig.serviceIpv4Cidr",
    ),
    also_replaces=lambda old, new: ("encryptionConfig",) if "encryptionConfig" in old and "encryptionConfig" not in new else (),
    computed=("arn", "certificateAuthority", "clusterId", "createdAt", "endpoint", "identities", "platformVersion", "status"),
    optional=("accessConfig", "deletionProtection", "kubernetesNetworkConfig", "upgradePolicy", "version", "vpcConfig.publicAccessCidrs"),
    defaults={"bootstrapSelfManagedAddons": True, "vpcConfig.endpointPrivateAccess": False, "vpcConfig.endpointPublicAccess": True},
    sets=("enabledClusterLogTypes", "encryptionConfig.resources", "vpcConfig.publicAccessCidrs", "vpcConfig.securityGroupIds", "vpcConfig.subnetIds"),
    autoname=Autoname("name", max_length=100),
    nested_unknown={"vpcConfig": ("clusterSecurityGroupId", "vpcId")},
    check=_cluster_traps,
    planned=_planned_cluster,
    planned_id=lambda _, inputs: str(inputs["name"]),
    create=_create_cluster,
    read=_read_cluster,
    update=_update_cluster,
    delete=lambda api, id_, _: api.gone("DeleteCluster", name=id_),
    find=lambda api, new: api.ask("DescribeCluster", "cluster.name", name=new["name"]),
    health=_cluster_health,
)


def _entry(id_: str) -> dict[str, Any]:
    cluster, _, principal = id_.partition(":")
    return {"clusterName": cluster, "principalArn": principal}


def _create_entry(api: Api, new: Properties) -> str:
    api.call("CreateAccessEntry", **api.request("CreateAccessEntry", new), tags=new.get("tagsAll", {}))
    return f"{new['clusterName']}:{new['principalArn']}"


def _read_entry(api: Api, id_: str, _state: Properties) -> Properties | None:
    found = api.ask("DescribeAccessEntry", "accessEntry", **_entry(id_), names={"username": "userName", "tags": "tagsAll"})
    return None if found is None else {"kubernetesGroups": [], "tagsAll": {}, **found}


def _update_entry(api: Api, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
    if changed & {"kubernetesGroups", "userName"}:
        api.call("UpdateAccessEntry", **_entry(id_), **api.request("CreateAccessEntry", new, only={"kubernetesGroups", "userName"}))
    retag_by_arn(api, str(api.ask("DescribeAccessEntry", "accessEntry.accessEntryArn", **_entry(id_))), old, new)


ACCESS_ENTRY = ResourceType(
    token="aws:eks/accessEntry:AccessEntry",
    service="eks",
    arguments={
        "clusterName": "CreateAccessEntry.clusterName",
        "principalArn": "CreateAccessEntry.principalArn",
        "kubernetesGroups": "CreateAccessEntry.kubernetesGroups",
        "type": "CreateAccessEntry.type",
        "userName": Argument("CreateAccessEntry.username"),
    },
    required=("clusterName", "principalArn"),
    replaces=("clusterName", "principalArn", "type"),
    computed=("accessEntryArn", "createdAt", "modifiedAt"),
    optional=("kubernetesGroups", "userName"),
    defaults={"type": "STANDARD"},
    sets=("kubernetesGroups",),
    planned=lambda api, id_, _: {"accessEntryArn": api.arn("eks", f"access-entry/{id_}")},
    planned_id=lambda _, inputs: f"{inputs['clusterName']}:{inputs['principalArn']}",
    create=_create_entry,
    read=_read_entry,
    update=_update_entry,
    delete=lambda api, id_, _: api.gone("DeleteAccessEntry", **_entry(id_)),
    find=lambda api, new: (
        f"{new['clusterName']}:{new['principalArn']}"
        if api.ask("DescribeAccessEntry", "accessEntry", clusterName=new["clusterName"], principalArn=new["principalArn"])
        else None
    ),
)


def _association_id(inputs: Properties) -> str:
    return "#".join(str(inputs[name]) for name in ("clusterName", "principalArn", "policyArn"))


def _associate(api: Api, new: Properties) -> str:
    api.call("AssociateAccessPolicy", **api.request("AssociateAccessPolicy", new))
    return _association_id(new)


def _read_association(api: Api, id_: str, _state: Properties) -> Properties | None:
    cluster, principal, policy = id_.split("#")
    found = api.ask("ListAssociatedAccessPolicies", "associatedAccessPolicies", clusterName=cluster, principalArn=principal) or []
    for association in found:
        if association["policyArn"] == policy:
            return {"clusterName": cluster, "principalArn": principal, **association}
    return None


def _disassociate(api: Api, id_: str, _state: Properties) -> None:
    cluster, principal, policy = id_.split("#")
    api.gone("DisassociateAccessPolicy", clusterName=cluster, principalArn=principal, policyArn=policy)


ACCESS_POLICY_ASSOCIATION = ResourceType(
    token="aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
    service="eks",
    arguments={
        "clusterName": "AssociateAccessPolicy.clusterName",
        "principalArn": "AssociateAccessPolicy.principalArn",
        "policyArn": "AssociateAccessPolicy.policyArn",
        "accessScope": "AssociateAccessPolicy.accessScope",
    },
    required=("clusterName", "principalArn", "policyArn", "accessScope", "accessScope.type"),
    replaces=("clusterName", "principalArn", "policyArn", "accessScope"),
    computed=("associatedAt", "modifiedAt"),
    sets=("accessScope.namespaces",),
    taggable=False,
    planned_id=lambda _, inputs: _association_id(inputs),
    create=_associate,
    read=_read_association,
    update=unchangeable,
    delete=_disassociate,
    find=lambda api, new: _association_id(new) if _read_association(api, _association_id(new), {}) else None,
)

ROWS = (CLUSTER, ACCESS_ENTRY, ACCESS_POLICY_ASSOCIATION)
