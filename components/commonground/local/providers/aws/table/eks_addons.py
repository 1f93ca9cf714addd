"""EKS' add-ons and pod identities. Facts from terraform-provider-aws (internal/service/eks) and pulumi-aws."""

import json
from collections.abc import Iterable
from typing import Any

from commonground.local.providers.aws.api import Api
from commonground.local.providers.aws.table.common import retag_by_arn
from commonground.local.providers.aws.types import Argument, ResourceType
from commonground.local.providers.values import UNKNOWN, Properties

UPDATED = {"addonVersion", "configurationValues", "podIdentityAssociations", "serviceAccountRoleArn"}


def _parts(id_: str) -> dict[str, Any]:
    cluster, _, name = id_.partition(":")
    return {"clusterName": cluster, "addonName": name}


def _id(inputs: Properties) -> str:
    return f"{inputs['clusterName']}:{inputs['addonName']}"


def _create(api: Api, new: Properties) -> str:
    api.call("CreateAddon", **api.request("CreateAddon", new), tags=new.get("tagsAll", {}))
    return _id(new)


def _read(api: Api, id_: str, state: Properties) -> Properties | None:
    found = api.ask("DescribeAddon", "addon", **_parts(id_), names={"addonArn": "arn", "tags": "tagsAll"})
    if found is None:
        return None
    associations = [_association(api, _parts(id_)["clusterName"], arn) for arn in found.pop("podIdentityAssociations", None) or []]
    return {
        **{name: state[name] for name in ("preserve", "resolveConflictsOnCreate", "resolveConflictsOnUpdate") if name in state},
        **{name: value for name, value in found.items() if name in (*ADDON.arguments, *ADDON.computed)},
        "configurationValues": found.get("configurationValues", ""),
        "podIdentityAssociations": associations,
        "tagsAll": found.get("tagsAll", {}),
        "__status": found.get("status"),
        "__issues": [f"{issue.get('code')}: {issue.get('message')}" for issue in found.get("health", {}).get("issues", [])],
    }


def _association(api: Api, cluster: str, arn: str) -> Properties:
    found = api.ask("DescribePodIdentityAssociation", "association", clusterName=cluster, associationId=arn.rpartition("/")[2]) or {}
    return {"roleArn": found.get("roleArn"), "serviceAccount": found.get("serviceAccount")}


def _health(outputs: Properties) -> list[str]:
    """EKS calls an add-on DEGRADED whose pods cannot run; the official provider waits 20 minutes for it, then fails and keeps it in state."""
    if outputs.get("__status") in ("ACTIVE", None):
        return []
    return [f"add-on {outputs['addonName']} is {outputs['__status']}: {'; '.join(outputs.get('__issues', [])) or 'EKS gives no reason'}"]


def _update(api: Api, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
    if changed & UPDATED:
        request = api.request("CreateAddon", new, only=changed & UPDATED)
        if "podIdentityAssociations" in changed:
            request.setdefault("podIdentityAssociations", [])
        if new.get("resolveConflictsOnUpdate"):
            request["resolveConflicts"] = new["resolveConflictsOnUpdate"]
        api.call("UpdateAddon", **_parts(id_), **request)
    retag_by_arn(api, str(api.ask("DescribeAddon", "addon.addonArn", **_parts(id_))), old, new)


def _delete(api: Api, id_: str, state: Properties) -> None:
    preserve: dict[str, Any] = {"preserve": True} if state.get("preserve") else {}
    api.gone("DeleteAddon", **_parts(id_), **preserve)


def _traps(inputs: Properties) -> Iterable[tuple[str, str]]:
    values = inputs.get("configurationValues")
    if isinstance(values, str) and values not in (UNKNOWN, ""):  # what has none is read back as empty
        try:
            if not isinstance(json.loads(values), dict):
                yield "configurationValues", f"is not a JSON object: {values}"
        except ValueError as error:
            yield "configurationValues", f"is not JSON: {error}"
    choices: dict[str, tuple[str, ...]] = {"resolveConflictsOnCreate": ("NONE", "OVERWRITE"), "resolveConflictsOnUpdate": ("NONE", "OVERWRITE", "PRESERVE")}
    for name, allowed in choices.items():
        if inputs.get(name, allowed[0]) not in (*allowed, UNKNOWN):
            yield name, f"{inputs[name]!r} is not one of {', '.join(allowed)}"
    version = inputs.get("addonVersion", UNKNOWN)
    if isinstance(version, str) and version != UNKNOWN and not version.startswith("v"):
        yield "addonVersion", f"{version!r} is not a version like v1.20.0-eksbuild.1"


ADDON = ResourceType(
    token="aws:eks/addon:Addon",
    service="eks",
    arguments={
        "clusterName": "CreateAddon.clusterName",
        "addonName": "CreateAddon.addonName",
        "addonVersion": "CreateAddon.addonVersion",
        "configurationValues": "CreateAddon.configurationValues",
        "podIdentityAssociations": "CreateAddon.podIdentityAssociations",
        "serviceAccountRoleArn": "CreateAddon.serviceAccountRoleArn",
        "resolveConflictsOnCreate": Argument("CreateAddon.resolveConflicts"),
        "resolveConflictsOnUpdate": "string",
        "preserve": "boolean",
    },
    required=("clusterName", "addonName"),
    replaces=("addonName", "clusterName"),
    computed=("arn", "createdAt", "modifiedAt"),
    optional=("addonVersion", "configurationValues"),
    documents=("configurationValues",),
    sets=("podIdentityAssociations",),
    local=("preserve", "resolveConflictsOnCreate", "resolveConflictsOnUpdate"),
    check=_traps,
    health=_health,
    planned=lambda api, id_, _: {"arn": api.arn("eks", f"addon/{id_.replace(':', '/')}/planned")},
    planned_id=lambda _, inputs: _id(inputs),
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    find=lambda api, new: _id(new) if api.ask("DescribeAddon", "addon.addonName", **_parts(_id(new))) else None,
)


def _associate(api: Api, new: Properties) -> str:
    made = api.call("CreatePodIdentityAssociation", **api.request("CreatePodIdentityAssociation", new), tags=new.get("tagsAll", {}))
    return str(made["association"]["associationId"])


def _read_identity(api: Api, id_: str, state: Properties) -> Properties | None:
    found = api.ask("DescribePodIdentityAssociation", "association", clusterName=state["clusterName"], associationId=id_, names={"tags": "tagsAll"})
    if found is None:
        return None
    outputs = {name: found[name] for name in (*POD_IDENTITY.arguments, *POD_IDENTITY.computed) if name in found}
    return {"disableSessionTags": False, "externalId": "", **outputs, "tagsAll": found.get("tagsAll", {})}


def _update_identity(api: Api, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
    if settings := changed & {"disableSessionTags", "roleArn", "targetRoleArn"}:
        request = api.request("CreatePodIdentityAssociation", new, only=set(settings))
        api.call("UpdatePodIdentityAssociation", clusterName=new["clusterName"], associationId=id_, **request)
    retag_by_arn(api, api.arn("eks", f"podidentityassociation/{new['clusterName']}/{id_}"), old, new)


def _find_identity(api: Api, new: Properties) -> Any:
    wanted: dict[str, Any] = {"clusterName": new["clusterName"], "namespace": new["namespace"], "serviceAccount": new["serviceAccount"]}
    return api.ask("ListPodIdentityAssociations", "associations[0].associationId", **wanted)


POD_IDENTITY = ResourceType(
    token="aws:eks/podIdentityAssociation:PodIdentityAssociation",
    service="eks",
    arguments={
        "clusterName": "CreatePodIdentityAssociation.clusterName",
        "namespace": "CreatePodIdentityAssociation.namespace",
        "serviceAccount": "CreatePodIdentityAssociation.serviceAccount",
        "roleArn": "CreatePodIdentityAssociation.roleArn",
        "targetRoleArn": "CreatePodIdentityAssociation.targetRoleArn",
        "disableSessionTags": "CreatePodIdentityAssociation.disableSessionTags",
    },
    required=("clusterName", "namespace", "serviceAccount", "roleArn"),
    replaces=("clusterName", "namespace", "serviceAccount"),
    computed=("associationArn", "associationId", "externalId"),
    defaults={"disableSessionTags": False},
    update_unknown={"externalId": ("*",)},
    planned=lambda api, id_, inputs: {"associationArn": api.arn("eks", f"podidentityassociation/{inputs['clusterName']}/{id_}"), "associationId": id_},
    create=_associate,
    read=_read_identity,
    update=_update_identity,
    delete=lambda api, id_, state: api.gone("DeletePodIdentityAssociation", clusterName=state["clusterName"], associationId=id_),
    find=_find_identity,
)

ROWS = (ADDON, POD_IDENTITY)
