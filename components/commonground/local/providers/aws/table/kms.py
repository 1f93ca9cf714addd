"""KMS: keys and aliases. Facts from terraform-provider-aws (internal/service/kms) and pulumi-aws."""

import fnmatch
import json
from collections.abc import Iterator
from typing import Any

from commonground.local.providers.aws.api import Api
from commonground.local.providers.aws.table import documents
from commonground.local.providers.aws.types import Argument, ResourceType
from commonground.local.providers.names import Autoname
from commonground.local.providers.values import UNKNOWN, Properties

KEY_ARN = ":key/"
SYMMETRIC = "SYMMETRIC_DEFAULT"
DEFAULT_ROTATION_DAYS = 365  # KMS API reference, EnableKeyRotation
GONE = {"PendingDeletion", "PendingReplicaDeletion"}
"""States that count as gone."""


def _create_key(api: Api, new: Properties) -> str:
    tags = [{"TagKey": key, "TagValue": value} for key, value in sorted(new.get("tagsAll", {}).items())]
    id_ = str(api.call("CreateKey", **api.request("CreateKey", new), Tags=tags)["KeyMetadata"]["KeyId"])
    if _on(new["enableKeyRotation"]):
        _rotation(api, id_, new)
    if not _on(new["isEnabled"]):
        api.call("DisableKey", KeyId=id_)
    return id_


def _on(flag: Any) -> bool:
    """Pulumi takes a flag as text too."""
    return flag in (True, "true")


def _rotation(api: Api, id_: str, new: Properties) -> None:
    if _on(new["enableKeyRotation"]):
        api.call("EnableKeyRotation", KeyId=id_, **api.request("EnableKeyRotation", new))
    else:
        api.call("DisableKeyRotation", KeyId=id_)


def _read_key(api: Api, id_: str, _state: Properties) -> Properties | None:
    found = api.ask("DescribeKey", "KeyMetadata", KeyId=id_)
    if found is None or found.get("keyState") in GONE:
        return None
    spec = found.get("keySpec") or found.get("customerMasterKeySpec")
    rotation = api.ask("GetKeyRotationStatus", "", KeyId=id_) if spec == SYMMETRIC else {}  # the others have none, and KMS refuses to say so
    tags = api.call("ListResourceTags", KeyId=id_).get("Tags", [])
    return {
        "arn": found["arn"],
        "keyId": found["keyId"],
        "description": found.get("description", ""),
        "isEnabled": found.get("enabled", True),
        "keyUsage": found.get("keyUsage"),
        "customerMasterKeySpec": spec,
        "multiRegion": found.get("multiRegion", False),
        "enableKeyRotation": rotation.get("keyRotationEnabled", False),
        "rotationPeriodInDays": rotation.get("rotationPeriodInDays"),
        "policy": api.ask("GetKeyPolicy", "Policy", KeyId=id_, PolicyName="default"),
        "tagsAll": {tag["TagKey"]: tag["TagValue"] for tag in tags},
    }


def _update_key(api: Api, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
    if "isEnabled" in changed and _on(new["isEnabled"]):
        api.call("EnableKey", KeyId=id_)
    if changed & {"enableKeyRotation", "rotationPeriodInDays"}:
        _rotation(api, id_, new)
    if "description" in changed:
        api.call("UpdateKeyDescription", KeyId=id_, Description=new.get("description", ""))
    if "policy" in changed and "policy" in new:
        bypass = _on(new["bypassPolicyLockoutSafetyCheck"])
        api.call("PutKeyPolicy", KeyId=id_, PolicyName="default", Policy=new["policy"], BypassPolicyLockoutSafetyCheck=bypass)
    if "isEnabled" in changed and not _on(new["isEnabled"]):
        api.call("DisableKey", KeyId=id_)

    def tag(tags: dict[str, str]) -> None:
        api.call("TagResource", KeyId=id_, Tags=[{"TagKey": key, "TagValue": value} for key, value in tags.items()])

    api.retag(old, new, tag=tag, untag=lambda keys: api.call("UntagResource", KeyId=id_, TagKeys=keys))


def _delete_key(api: Api, id_: str, state: Properties) -> None:
    """A key goes after a window of 7 to 30 days, and counts as gone at once."""
    if _read_key(api, id_, state) is not None:
        api.gone("ScheduleKeyDeletion", KeyId=id_, **api.request("ScheduleKeyDeletion", state))


def _find_key(api: Api, new: Properties) -> str | None:
    """A key has no name: it is known by its tags, if exactly one key has them all."""
    tags = new.get("tagsAll", {})
    found = [id_ for id_ in (_keys(api) if tags else ()) if (state := _read_key(api, id_, {})) is not None and state["tagsAll"] == tags]
    return str(found[0]) if len(found) == 1 else None


def _keys(api: Api) -> Iterator[str]:
    """Ids of the account's keys, page by page."""
    more: dict[str, Any] = {}
    while True:
        page = api.call("ListKeys", **more)
        yield from (str(key["KeyId"]) for key in page["Keys"])
        if not page.get("Truncated"):
            return
        more = {"Marker": page["NextMarker"]}


# KMS API reference, ScheduleKeyDeletion.
WINDOW_DAYS = range(7, 31)


def _key_traps(inputs: Properties) -> Iterator[tuple[str, str]]:
    rotates = inputs.get("enableKeyRotation") in (True, "true")
    if "rotationPeriodInDays" in inputs and not rotates and inputs.get("enableKeyRotation") != UNKNOWN:
        yield "rotationPeriodInDays", "needs enableKeyRotation"
    days = inputs.get("deletionWindowInDays")
    if isinstance(days, int) and days not in WINDOW_DAYS:
        yield "deletionWindowInDays", f"is {days}, expected {WINDOW_DAYS.start} to {WINDOW_DAYS.stop - 1}"
    spec, usage = inputs.get("customerMasterKeySpec", SYMMETRIC), inputs.get("keyUsage", "ENCRYPT_DECRYPT")
    if spec not in (SYMMETRIC, UNKNOWN) and rotates:  # KMS developer guide, "Rotate AWS KMS keys"
        yield "enableKeyRotation", f"is for {SYMMETRIC} keys only, not {spec}"
    if spec == SYMMETRIC and usage not in ("ENCRYPT_DECRYPT", UNKNOWN):
        yield "keyUsage", f"{usage} needs another customerMasterKeySpec than {SYMMETRIC}"
    yield from documents.check_policy(documents.KEY, "policy")(inputs)
    statements = documents.statements(inputs.get("policy"))
    if statements and inputs.get("bypassPolicyLockoutSafetyCheck") not in (True, "true", UNKNOWN) and not any(map(_lets_change_policy, statements)):
        yield "policy", "lets nobody of the account change it again (KMS API reference, PutKeyPolicy: the policy lockout safety check)"


def _lets_change_policy(statement: Properties) -> bool:
    """Whether it allows kms:PutKeyPolicy to the account or to somebody in it; whose account that is, the service knows."""
    principal = statement.get("Principal")
    someone = principal == "*" or (isinstance(principal, dict) and bool(documents.listed(principal.get("AWS"))))
    patterns = [str(action).lower() for action in documents.listed(statement.get("Action"))]
    covered = any(fnmatch.fnmatchcase("kms:putkeypolicy", pattern) for pattern in patterns)
    return statement.get("Effect") == "Allow" and someone and covered


def _planned_key(api: Api, id_: str, inputs: Properties) -> Properties:
    return {
        "arn": api.arn("kms", f"key/{id_}"),
        "keyId": id_,
        "description": inputs.get("description", ""),
        "multiRegion": inputs.get("multiRegion", False),
        "policy": inputs.get("policy", _default_policy(api)),
        "rotationPeriodInDays": inputs.get("rotationPeriodInDays", DEFAULT_ROTATION_DAYS if inputs.get("enableKeyRotation") in (True, "true") else 0),
    }


def _default_policy(api: Api) -> str:
    """KMS developer guide, "Default key policy"."""
    principal = {"AWS": api.arn("iam", "root", regional=False)}
    statement = {"Sid": "Enable IAM User Permissions", "Effect": "Allow", "Principal": principal, "Action": "kms:*", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Id": "key-default-1", "Statement": [statement]})


KEY = ResourceType(
    token="aws:kms/key:Key",
    service="kms",
    # Left out: customKeyStoreId and xksKeyId, for keys that live outside of KMS.
    arguments={
        "description": "CreateKey.Description",
        "policy": "CreateKey.Policy",
        "keyUsage": "CreateKey.KeyUsage",
        "customerMasterKeySpec": Argument("CreateKey.KeySpec"),
        "multiRegion": "CreateKey.MultiRegion",
        "bypassPolicyLockoutSafetyCheck": "CreateKey.BypassPolicyLockoutSafetyCheck",
        "enableKeyRotation": "boolean",
        "rotationPeriodInDays": "EnableKeyRotation.RotationPeriodInDays",
        "isEnabled": "boolean",
        "deletionWindowInDays": "ScheduleKeyDeletion.PendingWindowInDays",
    },
    replaces=("customerMasterKeySpec", "keyUsage", "multiRegion"),
    computed=("arn", "keyId"),
    optional=("description", "multiRegion", "policy", "rotationPeriodInDays"),
    defaults={
        "bypassPolicyLockoutSafetyCheck": False,
        "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "enableKeyRotation": False,
        "isEnabled": True,
        "keyUsage": "ENCRYPT_DECRYPT",
    },
    spellings={"policy": documents.same_policy},
    local=("bypassPolicyLockoutSafetyCheck", "deletionWindowInDays"),
    check=_key_traps,
    planned=_planned_key,
    id_is_uuid=True,
    create=_create_key,
    read=_read_key,
    update=_update_key,
    delete=_delete_key,
    find=_find_key,
)


def _bare(key: str) -> str:
    """A key's id, of its ARN or of itself."""
    return key.rpartition(KEY_ARN)[2]


def _create_alias(api: Api, new: Properties) -> str:
    api.call("CreateAlias", **api.request("CreateAlias", new))
    return str(new["name"])


def _read_alias(api: Api, id_: str, state: Properties) -> Properties | None:
    """DescribeKey takes an alias as well and needs no pages, as ListAliases would."""
    found = api.ask("DescribeKey", "KeyMetadata", KeyId=id_)
    if found is None:
        return None
    given = str(state.get("targetKeyId", ""))
    return {
        "name": id_,
        "arn": api.arn("kms", id_),
        "targetKeyId": given if _bare(given) == found["keyId"] else found["keyId"],
        "targetKeyArn": found["arn"],
    }


def _update_alias(api: Api, id_: str, _old: Properties, new: Properties, _changed: set[str]) -> None:
    api.call("UpdateAlias", AliasName=id_, TargetKeyId=new["targetKeyId"])


def _alias_traps(inputs: Properties) -> Iterator[tuple[str, str]]:
    """KMS API reference, CreateAlias."""
    name = str(inputs.get("name", UNKNOWN))
    if name != UNKNOWN and (not name.startswith("alias/") or name.startswith("alias/aws/")):
        yield "name", f"{name!r} has to begin with alias/, and not with alias/aws/, which is AWS' own"


def _found_alias(api: Api, new: Properties) -> str | None:
    found = _read_alias(api, str(new["name"]), new)
    return str(new["name"]) if found and found["targetKeyId"] == new["targetKeyId"] else None


ALIAS = ResourceType(
    token="aws:kms/alias:Alias",
    service="kms",
    # Left out: namePrefix (auto-names do it).
    arguments={"name": "CreateAlias.AliasName", "targetKeyId": "CreateAlias.TargetKeyId"},
    required=("targetKeyId",),
    replaces=("name",),
    computed=("arn", "targetKeyArn"),
    spellings={"targetKeyId": _bare},
    autoname=Autoname("name", max_length=238, prefix="alias/"),
    taggable=False,
    check=_alias_traps,
    planned=lambda api, id_, inputs: {"arn": api.arn("kms", id_), "targetKeyArn": api.arn("kms", f"key/{_bare(str(inputs['targetKeyId']))}")},
    planned_id=lambda _, inputs: str(inputs["name"]),
    create=_create_alias,
    read=_read_alias,
    update=_update_alias,
    delete=lambda api, id_, _: api.gone("DeleteAlias", AliasName=id_),
    find=_found_alias,
)

ROWS = (KEY, ALIAS)
