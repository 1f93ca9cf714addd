"""IAM: policies of their own, and instance profiles. Facts from terraform-provider-aws (internal/service/iam) and pulumi-aws."""

from typing import Any

from commonground.local.providers.aws.api import Api
from commonground.local.providers.aws.table import documents
from commonground.local.providers.aws.types import ResourceType
from commonground.local.providers.names import Autoname
from commonground.local.providers.values import Properties

MOST_VERSIONS = 5  # IAM user guide, "IAM and AWS STS quotas"


def _tags(new: Properties) -> list[dict[str, Any]]:
    return [{"Key": key, "Value": value} for key, value in sorted(new.get("tagsAll", {}).items())]


def _retag(api: Api, kind: str, key: dict[str, Any], old: Properties, new: Properties) -> None:
    def tag(tags: dict[str, str]) -> None:
        api.call(f"Tag{kind}", **key, Tags=[{"Key": name, "Value": value} for name, value in tags.items()])

    api.retag(old, new, tag=tag, untag=lambda keys: api.call(f"Untag{kind}", **key, TagKeys=keys))


def _arn(api: Api, new: Properties) -> str:
    return api.arn("iam", f"policy{new['path']}{new['name']}", regional=False)


def _create_policy(api: Api, new: Properties) -> str:
    return str(api.call("CreatePolicy", **api.request("CreatePolicy", new), Tags=_tags(new))["Policy"]["Arn"])


def _read_policy(api: Api, id_: str, _state: Properties) -> Properties | None:
    found = api.ask("GetPolicy", "Policy", PolicyArn=id_, names={"PolicyName": "name", "Tags": "tagsAll"})
    if found is None:
        return None
    document = api.ask("GetPolicyVersion", "PolicyVersion.Document", PolicyArn=id_, VersionId=found["defaultVersionId"])
    names = ("arn", "attachmentCount", "description", "name", "path", "policyId")
    return {**{name: found.get(name) for name in names}, "policy": document, "tagsAll": found.get("tagsAll", {})}


def _update_policy(api: Api, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
    if "policy" in changed:
        others = _other_versions(api, id_)
        if len(others) + 1 >= MOST_VERSIONS:  # room for one more; the oldest goes
            api.gone("DeletePolicyVersion", PolicyArn=id_, VersionId=others[0])
        api.call("CreatePolicyVersion", PolicyArn=id_, PolicyDocument=new["policy"], SetAsDefault=True)
    _retag(api, "Policy", {"PolicyArn": id_}, old, new)


def _other_versions(api: Api, id_: str) -> list[str]:
    """Versions that are not the default one, oldest first."""
    found = api.ask("ListPolicyVersions", "Versions", PolicyArn=id_) or []
    others = [version["versionId"] for version in found if not version["isDefaultVersion"]]
    return sorted(others, key=lambda version: int(version.removeprefix("v")))


def _delete_policy(api: Api, id_: str, _state: Properties) -> None:
    for version in _other_versions(api, id_):
        api.gone("DeletePolicyVersion", PolicyArn=id_, VersionId=version)
    api.gone("DeletePolicy", PolicyArn=id_)


POLICY = ResourceType(
    token="aws:iam/policy:Policy",
    service="iam",
    # Left out: namePrefix (auto-names do it), delayAfterPolicyCreationInMs (waits for IAM's own propagation).
    arguments={
        "name": "CreatePolicy.PolicyName",
        "description": "CreatePolicy.Description",
        "path": "CreatePolicy.Path",
        "policy": "CreatePolicy.PolicyDocument",
    },
    required=("policy",),
    replaces=("description", "name", "path"),
    computed=("arn", "attachmentCount", "policyId"),
    defaults={"path": "/"},
    spellings={"policy": documents.same_policy},
    autoname=Autoname("name"),
    regional=False,
    check=documents.check_policy(documents.IDENTITY, "policy"),
    planned=lambda _api, id_, _inputs: {"arn": id_, "attachmentCount": 0},
    planned_id=_arn,
    create=_create_policy,
    read=_read_policy,
    update=_update_policy,
    delete=_delete_policy,
    find=lambda api, new: api.ask("GetPolicy", "Policy.Arn", PolicyArn=_arn(api, new)),
)


def _create_profile(api: Api, new: Properties) -> str:
    api.call("CreateInstanceProfile", **api.request("CreateInstanceProfile", new), Tags=_tags(new))
    if new.get("role"):
        api.call("AddRoleToInstanceProfile", InstanceProfileName=new["name"], RoleName=new["role"])
    return str(new["name"])


def _read_profile(api: Api, id_: str, _state: Properties) -> Properties | None:
    renamed = {"InstanceProfileName": "name", "InstanceProfileId": "uniqueId", "Tags": "tagsAll"}
    found = api.ask("GetInstanceProfile", "InstanceProfile", InstanceProfileName=id_, names=renamed)
    if found is None:
        return None
    roles = [role["roleName"] for role in found.get("roles", [])]
    return {
        **{name: found.get(name) for name in ("arn", "createDate", "name", "path", "uniqueId")},
        "role": roles[0] if roles else None,
        "tagsAll": found.get("tagsAll", {}),
    }


def _roles_out(api: Api, id_: str) -> None:
    for role in api.ask("GetInstanceProfile", "InstanceProfile.Roles", InstanceProfileName=id_) or []:
        api.gone("RemoveRoleFromInstanceProfile", InstanceProfileName=id_, RoleName=role["roleName"])


def _update_profile(api: Api, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
    if "role" in changed:
        _roles_out(api, id_)
        if new.get("role"):
            api.call("AddRoleToInstanceProfile", InstanceProfileName=id_, RoleName=new["role"])
    _retag(api, "InstanceProfile", {"InstanceProfileName": id_}, old, new)


def _delete_profile(api: Api, id_: str, _state: Properties) -> None:
    _roles_out(api, id_)
    api.gone("DeleteInstanceProfile", InstanceProfileName=id_)


INSTANCE_PROFILE = ResourceType(
    token="aws:iam/instanceProfile:InstanceProfile",
    service="iam",
    arguments={
        "name": "CreateInstanceProfile.InstanceProfileName",
        "path": "CreateInstanceProfile.Path",
        "role": "AddRoleToInstanceProfile.RoleName",
    },
    replaces=("name", "path"),
    computed=("arn", "createDate", "uniqueId"),
    defaults={"path": "/"},
    autoname=Autoname("name"),
    regional=False,
    planned=lambda api, id_, inputs: {"arn": api.arn("iam", f"instance-profile{inputs['path']}{id_}", regional=False)},
    planned_id=lambda _, inputs: str(inputs["name"]),
    create=_create_profile,
    read=_read_profile,
    update=_update_profile,
    delete=_delete_profile,
    find=lambda api, new: api.ask("GetInstanceProfile", "InstanceProfile.InstanceProfileName", InstanceProfileName=new["name"]),
)

ROWS = (POLICY, INSTANCE_PROFILE)
