"""Access entries and the access policies of their principals."""

import re
from collections.abc import Mapping
from typing import Any

from . import neighbours
from .errors import InvalidParameter, InvalidRequest, ResourceInUse, ResourceNotFound
from .pages import page
from .state import AccessEntry, Answer, AssociatedPolicy, Cluster, Params, Region, new_uuid, now

PRINCIPAL = re.compile(r"arn:aws[a-z-]*:iam::(?P<account>\d{12}):(?P<kind>role|user)/(?P<path>.+/)?(?P<name>[^/]+)")
SERVICE_LINKED = "aws-service-role/"

# User name and groups that EKS gives each type (EKS user guide, "Create access entries").
NODES = ["system:nodes"]
TYPES: Mapping[str, tuple[str, list[str]]] = {
    "STANDARD": ("", []),
    "EC2_LINUX": ("system:node:{{EC2PrivateDNSName}}", NODES),
    "EC2_WINDOWS": ("system:node:{{EC2PrivateDNSName}}", [*NODES, "eks:kube-proxy-windows"]),
    "EC2": ("system:node:{{EC2PrivateDNSName}}", NODES),
    "FARGATE_LINUX": ("system:node:{{SessionName}}", [*NODES, "system:bootstrappers", "system:node-proxier"]),
    "HYBRID_LINUX": ("system:node:{{SessionName}}", NODES),
    "HYPERPOD_LINUX": ("system:node:{{SessionName}}", NODES),
}
WITH_POLICIES = ("STANDARD", "EC2")
RESERVED_NAMES = ("system:", "eks:", "aws:", "amazon:", "iam:")

CREATOR_POLICY = "AmazonEKSClusterAdminPolicy"
# EKS user guide, "Review access policy permissions".
POLICIES = (
    "AmazonEKSAdminPolicy",
    "AmazonEKSAdminViewPolicy",
    "AmazonEKSAutoNodePolicy",
    "AmazonEKSBlockStorageClusterPolicy",
    "AmazonEKSBlockStoragePolicy",
    "AmazonEKSClusterAdminPolicy",
    "AmazonEKSComputeClusterPolicy",
    "AmazonEKSComputePolicy",
    "AmazonEKSEditPolicy",
    "AmazonEKSHybridPolicy",
    "AmazonEKSLoadBalancingClusterPolicy",
    "AmazonEKSLoadBalancingPolicy",
    "AmazonEKSNetworkingClusterPolicy",
    "AmazonEKSNetworkingPolicy",
    "AmazonEKSSecretReaderPolicy",
    "AmazonEKSViewPolicy",
    "AmazonPrometheusScraperPolicy",
)


def create(region: Region, params: Params) -> Answer:
    """CreateAccessEntry."""
    cluster = _cluster(region, params)
    principal = params["principalArn"]
    if principal in cluster.access_entries:
        raise ResourceInUse("The specified access entry resource is already in use on this cluster.", cluster=cluster.name)
    _check_principal(region, principal)
    type_ = params.get("type") or "STANDARD"
    if type_ not in TYPES:
        raise InvalidParameter(f"The specified type {type_} is invalid: expected one of {', '.join(TYPES)}")
    _check_names(type_, params)
    username, groups = TYPES[type_]
    entry = AccessEntry(
        cluster_name=cluster.name,
        principal_arn=principal,
        type=type_,
        username=params.get("username") or username or _username(principal),
        kubernetes_groups=list(params.get("kubernetesGroups") or groups),
        access_entry_arn=_arn(region, cluster, principal),
        tags=dict(params.get("tags") or {}),
    )
    cluster.access_entries[principal] = entry
    return {"accessEntry": entry}


def _cluster(region: Region, params: Params) -> Cluster:
    """The cluster, if it has access entries at all."""
    cluster = region.cluster(params["clusterName"])
    if not has_entries(cluster):
        raise InvalidRequest(
            "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation.",
            cluster=cluster.name,
        )
    return cluster


def has_entries(cluster: Cluster) -> bool:
    """Whether a cluster's authentication mode knows access entries."""
    return bool(cluster.access_config["authenticationMode"] != "CONFIG_MAP")


def _check_principal(region: Region, arn: str) -> None:
    match = PRINCIPAL.fullmatch(arn)
    if match is None:
        raise InvalidParameter("The principalArn parameter format is not valid")
    if (match["path"] or "").startswith(SERVICE_LINKED):
        raise InvalidParameter("The caller is not allowed to modify access entries with a principalArn value of a Service Linked Role")
    if match["account"] == region.account_id and not (neighbours.find_role(region, arn) or neighbours.find_user(region, arn)):
        raise InvalidParameter(f"The specified principalArn is invalid: invalid principal. There is no {arn} (aws iam create-role makes it)")


def _check_names(type_: str, params: Params) -> None:
    username, groups = params.get("username"), params.get("kubernetesGroups")
    if type_ != "STANDARD" and (username or groups):
        raise InvalidParameter(f"username and kubernetesGroups can be specified for entries of type STANDARD only, not {type_}")
    for group in groups or []:
        if group.startswith("system:"):
            raise InvalidParameter(f"The kubernetes group name {group} is invalid, it cannot start with system:")
    if username and username.startswith(RESERVED_NAMES):
        raise InvalidParameter(f"The username {username} is invalid, it cannot start with any of {', '.join(RESERVED_NAMES)}")


def _username(principal: str) -> str:
    """A role's sessions are told apart by their names; a user is its ARN."""
    match = PRINCIPAL.fullmatch(principal)
    if match is None or match["kind"] == "user":
        return principal
    return f"{principal.split(':iam:')[0]}:sts::{match['account']}:assumed-role/{match['name']}/{{{{SessionName}}}}"


def _arn(region: Region, cluster: Cluster, principal: str) -> str:
    match = PRINCIPAL.fullmatch(principal)
    who = f"{match['kind']}/{match['account']}/{match['name']}" if match else principal
    return region.arn(f"access-entry/{cluster.name}/{who}/{new_uuid()}")


def _entry(region: Region, params: Params) -> AccessEntry:
    cluster = _cluster(region, params)
    entry = cluster.access_entries.get(params["principalArn"])
    if entry is None:
        raise ResourceNotFound(
            "The specified principalArn could not be found. You can view your available access entries with 'list-access-entries'.", cluster=cluster.name
        )
    return entry


def describe(region: Region, params: Params) -> Answer:
    """DescribeAccessEntry."""
    return {"accessEntry": _entry(region, params)}


def list_(region: Region, params: Params) -> Answer:
    """ListAccessEntries: principals, of a policy's holders only where one is asked for."""
    policy = params.get("associatedPolicyArn")
    entries = _cluster(region, params).access_entries
    return page("accessEntries", sorted(arn for arn, entry in entries.items() if not policy or policy in entry.policies), params)


def update(region: Region, params: Params) -> Answer:
    """UpdateAccessEntry: groups and user name; what is not given stays."""
    entry = _entry(region, params)
    _check_names(entry.type, params)
    if params.get("kubernetesGroups") is not None:
        entry.kubernetes_groups = list(params["kubernetesGroups"])
    entry.username = params.get("username") or entry.username
    entry.modified_at = now()
    return {"accessEntry": entry}


def delete(region: Region, params: Params) -> Answer:
    """DeleteAccessEntry, with the policies of the principal."""
    entry = _entry(region, params)
    del region.cluster(params["clusterName"]).access_entries[entry.principal_arn]
    return {}


def associate(region: Region, params: Params) -> Answer:
    """AssociateAccessPolicy. Given again, the scope is the new one."""
    entry = _entry(region, params)
    policy, scope = params["policyArn"], _scope(params["accessScope"])
    if policy not in _policy_arns(region):
        raise InvalidParameter("The policyArn parameter format is not valid")
    if entry.type not in WITH_POLICIES:
        raise InvalidRequest(f"Access policies cannot be associated with an access entry of type {entry.type}", cluster=entry.cluster_name)
    if policy in entry.policies:
        entry.policies[policy].access_scope, entry.policies[policy].modified_at = scope, now()
    else:
        entry.policies[policy] = AssociatedPolicy(policy, scope)
    return {"clusterName": entry.cluster_name, "principalArn": entry.principal_arn, "associatedAccessPolicy": entry.policies[policy]}


def _scope(given: Params) -> dict[str, Any]:
    type_, namespaces = given.get("type"), list(given.get("namespaces") or [])
    if type_ == "namespace" and not namespaces:
        raise InvalidParameter("The accessScope of type namespace needs at least one namespace")
    if type_ == "cluster" and namespaces:
        raise InvalidParameter("Namespaces can be specified for an accessScope of type namespace only")
    return {"type": type_, "namespaces": namespaces}


def disassociate(region: Region, params: Params) -> Answer:
    """DisassociateAccessPolicy."""
    entry = _entry(region, params)
    if params["policyArn"] not in entry.policies:
        raise ResourceNotFound("The specified policyArn is not associated with the access entry.", cluster=entry.cluster_name)
    del entry.policies[params["policyArn"]]
    return {}


def list_associated(region: Region, params: Params) -> Answer:
    """ListAssociatedAccessPolicies."""
    entry = _entry(region, params)
    associated = page("associatedAccessPolicies", (entry.policies[arn] for arn in sorted(entry.policies)), params)
    return {**associated, "clusterName": entry.cluster_name, "principalArn": entry.principal_arn}


def list_policies(region: Region, params: Params) -> Answer:
    """ListAccessPolicies."""
    return page("accessPolicies", ({"name": name, "arn": arn} for name, arn in zip(POLICIES, _policy_arns(region), strict=True)), params)


def _policy_arns(region: Region) -> list[str]:
    return [f"arn:{region.partition}:eks::aws:cluster-access-policy/{name}" for name in POLICIES]


def admit_nodes(region: Region, cluster: Cluster, role: str, *, windows: bool) -> None:
    """The entry that EKS makes for a managed node group's role, unless the role has one (EKS user guide, "Create access entries")."""
    if not has_entries(cluster) or role in cluster.access_entries:
        return
    type_ = "EC2_WINDOWS" if windows else "EC2_LINUX"
    username, groups = TYPES[type_]
    arn = _arn(region, cluster, role)
    cluster.access_entries[role] = AccessEntry(cluster.name, role, type_, username, list(groups), arn, {}, by_eks=True)


def dismiss_nodes(cluster: Cluster, role: str) -> None:
    """Takes away what `admit_nodes` made, once no node group has the role."""
    entry = cluster.access_entries.get(role)
    if entry and entry.by_eks and all(group.node_role != role for group in cluster.node_groups.values()):
        del cluster.access_entries[role]


def admit_service(region: Region, cluster: Cluster, role: str, policy: str) -> bool:
    """The entry that another service of AWS makes for its service-linked role, with an access policy. Returns whether the cluster has entries at all."""
    if not has_entries(cluster):
        return False
    entry = AccessEntry(cluster.name, role, "STANDARD", _username(role), [], _arn(region, cluster, role), {})
    arn = f"arn:{region.partition}:eks::aws:cluster-access-policy/{policy}"
    entry.policies[arn] = AssociatedPolicy(arn, {"type": "cluster", "namespaces": []})
    cluster.access_entries[role] = entry
    return True


def admit_creator(region: Region, cluster: Cluster) -> None:
    """The entry that EKS makes for whoever created the cluster, if asked to: administrator of the cluster (API reference, "CreateAccessConfigRequest")."""
    principal = neighbours.caller(region)
    if principal is None or not has_entries(cluster):
        return
    entry = AccessEntry(cluster.name, principal, "STANDARD", _username(principal), [], _arn(region, cluster, principal), {})
    admin = f"arn:{region.partition}:eks::aws:cluster-access-policy/{CREATOR_POLICY}"
    entry.policies[admin] = AssociatedPolicy(admin, {"type": "cluster", "namespaces": []})
    cluster.access_entries[principal] = entry


OPERATIONS = {
    "CreateAccessEntry": create,
    "DescribeAccessEntry": describe,
    "ListAccessEntries": list_,
    "UpdateAccessEntry": update,
    "DeleteAccessEntry": delete,
    "AssociateAccessPolicy": associate,
    "DisassociateAccessPolicy": disassociate,
    "ListAssociatedAccessPolicies": list_associated,
    "ListAccessPolicies": list_policies,
}
