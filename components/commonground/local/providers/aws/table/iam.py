"""IAM: roles and their policies. Facts from terraform-provider-aws (internal/service/iam) and pulumi-aws."""

from typing import Any

from commonground.local.providers.aws.api import Api
from commonground.local.providers.aws.table import documents
from commonground.local.providers.aws.table.common import put_again, unchangeable
from commonground.local.providers.aws.types import ResourceType
from commonground.local.providers.names import Autoname
from commonground.local.providers.values import UNKNOWN, Properties


def _create_role(api: Api, new: Properties) -> str:
    tags = [{"Key": key, "Value": value} for key, value in sorted(new.get("tagsAll", {}).items())]
    api.call("CreateRole", **api.request("CreateRole", new), Tags=tags)
    return str(new["name"])


def _read_role(api: Api, id_: str, _state: Properties) -> Properties | None:
    renamed = {"RoleName": "name", "RoleId": "uniqueId", "AssumeRolePolicyDocument": "assumeRolePolicy", "Tags": "tagsAll"}
    found = api.ask("GetRole", "Role", RoleName=id_, names=renamed)
    if found is None:
        return None
    boundary = found.get("permissionsBoundary") or {}
    return {
        **{name: found.get(name) for name in ("name", "arn", "path", "description", "maxSessionDuration", "createDate", "uniqueId")},
        "assumeRolePolicy": found.get("assumeRolePolicy"),
        "permissionsBoundary": boundary.get("permissionsBoundaryArn"),
        "tagsAll": found.get("tagsAll", {}),
    }


def _update_role(api: Api, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
    if "assumeRolePolicy" in changed:
        api.call("UpdateAssumeRolePolicy", RoleName=id_, PolicyDocument=new["assumeRolePolicy"])
    if changed & {"description", "maxSessionDuration"}:
        api.call("UpdateRole", RoleName=id_, Description=new.get("description", ""), MaxSessionDuration=new["maxSessionDuration"])
    if "permissionsBoundary" in changed and new.get("permissionsBoundary"):
        api.call("PutRolePermissionsBoundary", RoleName=id_, PermissionsBoundary=new["permissionsBoundary"])
    elif "permissionsBoundary" in changed:
        api.gone("DeleteRolePermissionsBoundary", RoleName=id_)

    def tag(tags: dict[str, str]) -> None:
        api.call("TagRole", RoleName=id_, Tags=[{"Key": key, "Value": value} for key, value in tags.items()])

    api.retag(old, new, tag=tag, untag=lambda keys: api.call("UntagRole", RoleName=id_, TagKeys=keys))


def _delete_role(api: Api, id_: str, state: Properties) -> None:
    """Instance profiles are left in any case; policies only with `forceDetachPolicies`, else IAM refuses (DeleteConflict)."""
    for profile in api.ask("ListInstanceProfilesForRole", "InstanceProfiles", RoleName=id_) or []:
        api.gone("RemoveRoleFromInstanceProfile", InstanceProfileName=profile["instanceProfileName"], RoleName=id_)
    if state.get("forceDetachPolicies"):
        for policy in api.ask("ListAttachedRolePolicies", "AttachedPolicies", RoleName=id_) or []:
            api.gone("DetachRolePolicy", RoleName=id_, PolicyArn=policy["policyArn"])
        for name in api.ask("ListRolePolicies", "PolicyNames", RoleName=id_) or []:
            api.gone("DeleteRolePolicy", RoleName=id_, PolicyName=name)
    api.gone("DeleteRole", RoleName=id_)


ROLE = ResourceType(
    token="aws:iam/role:Role",
    service="iam",
    # Left out: namePrefix (auto-names do it); inlinePolicies and managedPolicyArns, deprecated in favour of types of their own.
    arguments={
        "name": "CreateRole.RoleName",
        "assumeRolePolicy": "CreateRole.AssumeRolePolicyDocument",
        "description": "CreateRole.Description",
        "maxSessionDuration": "CreateRole.MaxSessionDuration",
        "path": "CreateRole.Path",
        "permissionsBoundary": "CreateRole.PermissionsBoundary",
        "forceDetachPolicies": "boolean",
    },
    required=("assumeRolePolicy",),
    replaces=("name", "path"),
    computed=("arn", "createDate", "uniqueId"),
    defaults={"forceDetachPolicies": False, "maxSessionDuration": 3600, "path": "/"},
    spellings={"assumeRolePolicy": documents.same_policy},
    local=("forceDetachPolicies",),
    autoname=Autoname("name", max_length=64),
    regional=False,
    check=documents.check_policy(documents.TRUST, "assumeRolePolicy"),
    planned=lambda api, id_, inputs: {"arn": api.arn("iam", f"role{inputs['path']}{id_}", regional=False)},
    planned_id=lambda _, inputs: str(inputs["name"]),
    create=_create_role,
    read=_read_role,
    update=_update_role,
    delete=_delete_role,
    find=lambda api, new: api.ask("GetRole", "Role.RoleName", RoleName=new["name"]),
)


def _role_policy(id_: str) -> dict[str, Any]:
    role, _, name = id_.partition(":")
    return {"RoleName": role, "PolicyName": name}


def _put_role_policy(api: Api, new: Properties) -> str:
    api.call("PutRolePolicy", **api.request("PutRolePolicy", new))
    return f"{new['role']}:{new['name']}"


def _read_role_policy(api: Api, id_: str, _state: Properties) -> Properties | None:
    names = {"RoleName": "role", "PolicyName": "name", "PolicyDocument": "policy"}
    found = api.ask("GetRolePolicy", "", **_role_policy(id_), names=names)
    if found is None:
        return None
    return {name: found[name] for name in ("role", "name", "policy")}


def _found_role_policy(api: Api, new: Properties) -> str | None:
    id_ = f"{new['role']}:{new['name']}"
    found = _read_role_policy(api, id_, {})
    return id_ if found and documents.same_policy(found["policy"]) == documents.same_policy(new["policy"]) else None


ROLE_POLICY = ResourceType(
    token="aws:iam/rolePolicy:RolePolicy",
    service="iam",
    arguments={"role": "PutRolePolicy.RoleName", "name": "PutRolePolicy.PolicyName", "policy": "PutRolePolicy.PolicyDocument"},
    required=("role", "policy"),
    replaces=("name", "role"),
    spellings={"policy": documents.same_policy},
    autoname=Autoname("name"),
    taggable=False,
    regional=False,
    check=documents.check_policy(documents.INLINE, "policy"),
    planned_id=lambda _, inputs: f"{inputs['role']}:{inputs['name']}",
    create=_put_role_policy,
    read=_read_role_policy,
    update=put_again(_put_role_policy),
    delete=lambda api, id_, _: api.gone("DeleteRolePolicy", **_role_policy(id_)),
    find=_found_role_policy,
)


def _attach(api: Api, new: Properties) -> str:
    api.call("AttachRolePolicy", **api.request("AttachRolePolicy", new))
    return f"{new['role']}/{new['policyArn']}"


def _read_attachment(api: Api, id_: str, _state: Properties) -> Properties | None:
    role, _, arn = id_.partition("/")
    attached = api.ask("ListAttachedRolePolicies", "AttachedPolicies", RoleName=role) or []
    return {"role": role, "policyArn": arn} if any(policy["policyArn"] == arn for policy in attached) else None


def _detach(api: Api, id_: str, _state: Properties) -> None:
    role, _, arn = id_.partition("/")
    api.gone("DetachRolePolicy", RoleName=role, PolicyArn=arn)


ROLE_POLICY_ATTACHMENT = ResourceType(
    token="aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    service="iam",
    arguments={"role": "AttachRolePolicy.RoleName", "policyArn": "AttachRolePolicy.PolicyArn"},
    required=("role", "policyArn"),
    replaces=("role", "policyArn"),
    delete_before_replace=True,
    taggable=False,
    regional=False,
    check=lambda inputs: (
        [("policyArn", f"{inputs['policyArn']!r} is not an ARN")] if not str(inputs.get("policyArn", "arn:")).startswith(("arn:", UNKNOWN)) else []
    ),
    planned_id=lambda _, inputs: f"{inputs['role']}/{inputs['policyArn']}",
    create=_attach,
    read=_read_attachment,
    update=unchangeable,
    delete=_detach,
    find=lambda api, new: f"{new['role']}/{new['policyArn']}" if _read_attachment(api, f"{new['role']}/{new['policyArn']}", {}) else None,
)

ROWS = (ROLE, ROLE_POLICY, ROLE_POLICY_ATTACHMENT)
