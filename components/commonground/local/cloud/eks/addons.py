"""Add-ons: made, described, listed, changed, deleted, with the pod identities that they own."""

from typing import Any

from ..versions import versions
from . import catalogue, identities, neighbours, nodegroups
from .errors import InvalidParameter, ResourceInUse, ResourceNotFound
from .pages import page
from .state import Addon, Answer, Cluster, NodeGroup, Params, Region, Update, new_uuid, now

# The add-ons that run as Deployments tolerate this taint by themselves (their manifests).
TOLERATED = "CriticalAddonsOnly"
KEEPING_AWAY = ("NO_SCHEDULE", "NO_EXECUTE")


def create(region: Region, params: Params) -> Answer:
    """CreateAddon. Refused if it is there, if the version is not offered for the cluster's, or if its configuration is not its schema's."""
    cluster, name = region.cluster(params["clusterName"]), params["addonName"]
    if name in cluster.addons:
        raise ResourceInUse("Addon already exists.", cluster=cluster.name, addon=name)
    version = _version(cluster, name, params.get("addonVersion"))
    _check(region, cluster, name, params)
    if params.get("resolveConflicts") == "PRESERVE":
        raise InvalidParameter("resolveConflicts PRESERVE is for updates only", cluster=cluster.name, addon=name)
    facts = catalogue.facts(name)
    namespace = (params.get("namespaceConfig") or {}).get("namespace") or facts.namespace
    wanted = _wanted_identities(cluster, name, params.get("podIdentityAssociations") or [])
    for account in wanted:
        identities.refuse_taken(cluster, namespace, account)
    addon = Addon(
        cluster_name=cluster.name,
        addon_name=name,
        addon_version=version,
        addon_arn=region.arn(f"addon/{cluster.name}/{name}/{new_uuid()}"),
        namespace=namespace,
        owner=facts.owner,
        tags=dict(params.get("tags") or {}),
        configuration_values=params.get("configurationValues") or None,
        service_account_role_arn=params.get("serviceAccountRoleArn"),
    )
    _reconcile(region, cluster, addon, wanted)
    cluster.addons[name] = addon
    return {"addon": view(region, addon)}


def _version(cluster: Cluster, name: str, wanted: str | None) -> str:
    offered = versions().kubernetes[cluster.version].addons
    if name not in offered:
        raise InvalidParameter(f"Addon {name} specified is not supported in {cluster.version} kubernetes version", cluster=cluster.name, addon=name)
    if wanted and wanted not in offered[name]:
        known = ", ".join(offered[name])
        raise InvalidParameter(f"Addon version specified is not supported: {wanted}, expected one of {known}", cluster=cluster.name, addon=name)
    return wanted or offered[name][0]


def _check(region: Region, cluster: Cluster, name: str, params: Params) -> None:
    catalogue.check_configuration(name, params.get("configurationValues"))
    if params.get("serviceAccountRoleArn"):
        neighbours.require_role(region, params["serviceAccountRoleArn"])
    for association in params.get("podIdentityAssociations") or []:
        neighbours.require_role(region, association["roleArn"])


def _wanted_identities(cluster: Cluster, name: str, given: list[dict[str, str]]) -> dict[str, str]:
    """Role by service account. Refuses a service account that the add-on does not have."""
    known = catalogue.facts(name).service_account
    for association in given:
        if association["serviceAccount"] != known:
            raise InvalidParameter(
                f"Addon {name} does not support a pod identity for service account {association['serviceAccount']}", cluster=cluster.name, addon=name
            )
    return {association["serviceAccount"]: association["roleArn"] for association in given}


def _reconcile(region: Region, cluster: Cluster, addon: Addon, wanted: dict[str, str]) -> None:
    """Makes the associations that the add-on owns those that are wanted."""
    owned = {identity.service_account: identity for identity in _owned(cluster, addon)}
    for account in set(wanted) - set(owned):
        identities.refuse_taken(cluster, addon.namespace, account)
    for account, identity in owned.items():
        if account not in wanted:
            del cluster.identities[identity.association_id]
        elif identity.role_arn != wanted[account]:
            identity.role_arn, identity.modified_at = wanted[account], now()
    for account, role in wanted.items():
        if account not in owned:
            identities.make(region, cluster, addon.namespace, account, role, owner=addon.addon_arn)
    addon.pod_identity_associations = [identity.association_arn for identity in _owned(cluster, addon)]


def _owned(cluster: Cluster, addon: Addon) -> list[Any]:
    return [identity for identity in cluster.identities.values() if identity.owner_arn == addon.addon_arn]


def _find(region: Region, params: Params) -> Addon:
    cluster, name = region.cluster(params["clusterName"]), params["addonName"]
    if name not in cluster.addons:
        raise ResourceNotFound(f"No addon: {name} found in cluster: {cluster.name}", cluster=cluster.name, addon=name)
    return cluster.addons[name]


def view(region: Region, addon: Addon) -> dict[str, Any]:
    """An add-on as DescribeAddon shows it: one that needs a node is degraded while there is none."""
    issues = []
    if catalogue.facts(addon.addon_name).replicas and not _has_room(region, addon):
        issues.append({"code": "InsufficientNumberOfReplicas", "message": "The add-on is unhealthy because it doesn't have the desired number of replicas."})
    return {
        **vars(addon),
        "status": "DEGRADED" if issues else "ACTIVE",
        "health": {"issues": issues},
        "namespaceConfig": {"namespace": addon.namespace},
    }


def _has_room(region: Region, addon: Addon) -> bool:
    cluster = region.cluster(addon.cluster_name)
    tolerations = catalogue.tolerations(addon.configuration_values)
    if (cluster.compute_config or {}).get("enabled"):
        return True  # EKS Auto Mode brings nodes when pods wait for them
    return any(_takes(region, group, tolerations) for group in cluster.node_groups.values())


def _takes(region: Region, group: NodeGroup, tolerations: list[dict[str, Any]]) -> bool:
    """Whether a node group has a node that the pods may run on."""
    seen = nodegroups.view(region, group)
    if seen["status"] != "ACTIVE" or seen["scaling_config"]["desiredSize"] < 1:
        return False
    return all(taint["key"] == TOLERATED or _tolerated(taint, tolerations) for taint in group.taints if taint["effect"] in KEEPING_AWAY)


def _tolerated(taint: dict[str, str], tolerations: list[dict[str, Any]]) -> bool:
    return any(toleration.get("key") in (None, taint["key"]) for toleration in tolerations)


def describe(region: Region, params: Params) -> Answer:
    """DescribeAddon."""
    return {"addon": view(region, _find(region, params))}


def list_(region: Region, params: Params) -> Answer:
    """ListAddons."""
    return page("addons", sorted(region.cluster(params["clusterName"]).addons), params)


def update(region: Region, params: Params) -> Answer:
    """UpdateAddon: what is given; an empty list of pod identities takes them away. Refused like CreateAddon."""
    addon = _find(region, params)
    cluster = region.cluster(addon.cluster_name)
    version = _version(cluster, addon.addon_name, params["addonVersion"]) if params.get("addonVersion") else addon.addon_version
    _check(region, cluster, addon.addon_name, params)
    given = params.get("podIdentityAssociations")
    if given is not None:
        _reconcile(region, cluster, addon, _wanted_identities(cluster, addon.addon_name, given))
    addon.addon_version, addon.modified_at = version, now()
    if params.get("configurationValues") is not None:
        addon.configuration_values = params["configurationValues"] or None
    if params.get("serviceAccountRoleArn"):
        addon.service_account_role_arn = params["serviceAccountRoleArn"]
    return {"update": cluster.note(Update("AddonUpdate", _noted(params), addon_name=addon.addon_name))}


def _noted(params: Params) -> list[dict[str, str]]:
    names = ("addonVersion", "serviceAccountRoleArn", "resolveConflicts", "configurationValues", "podIdentityAssociations")
    return [{"type": f"{name[0].upper()}{name[1:]}", "value": str(params[name])} for name in names if params.get(name) is not None]


def delete(region: Region, params: Params) -> Answer:
    """DeleteAddon, with the pod identities that it owns."""
    addon = _find(region, params)
    cluster = region.cluster(addon.cluster_name)
    seen = view(region, addon)
    _reconcile(region, cluster, addon, {})
    del cluster.addons[addon.addon_name]
    return {"addon": {**seen, "status": "DELETING"}}


OPERATIONS = {"CreateAddon": create, "DescribeAddon": describe, "ListAddons": list_, "UpdateAddon": update, "DeleteAddon": delete}
