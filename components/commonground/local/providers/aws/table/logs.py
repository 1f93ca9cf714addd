"""CloudWatch Logs. Facts from terraform-provider-aws (internal/service/logs) and pulumi-aws."""

from collections.abc import Iterable
from typing import Any

from commonground.local.providers.aws.api import Api
from commonground.local.providers.aws.table.common import retag_by_arn
from commonground.local.providers.aws.types import ResourceType
from commonground.local.providers.names import Autoname
from commonground.local.providers.values import Properties

# API reference, "PutRetentionPolicy"; 0 means for ever.
RETENTION_DAYS = (0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)


def _arn(api: Api, name: str) -> str:
    return api.arn("logs", f"log-group:{name}")


def _create(api: Api, new: Properties) -> str:
    tags: dict[str, Any] = {"tags": new["tagsAll"]} if new.get("tagsAll") else {}
    api.call("CreateLogGroup", **api.request("CreateLogGroup", new), **tags)
    if new["retentionInDays"]:
        _retention(api, new["name"], new)
    return str(new["name"])


def _retention(api: Api, id_: str, new: Properties) -> None:
    if new["retentionInDays"]:
        api.call("PutRetentionPolicy", logGroupName=id_, retentionInDays=new["retentionInDays"])
    else:
        api.gone("DeleteRetentionPolicy", logGroupName=id_)


def _read(api: Api, id_: str, _state: Properties) -> Properties | None:
    names = {"logGroupName": "name"}
    found = [group for group in api.ask("DescribeLogGroups", "logGroups", logGroupNamePrefix=id_, names=names) or [] if group["name"] == id_]
    if not found:
        return None
    return {
        "name": id_,
        "arn": _arn(api, id_),
        "retentionInDays": found[0].get("retentionInDays", 0),
        "kmsKeyId": found[0].get("kmsKeyId"),
        "deletionProtectionEnabled": found[0].get("deletionProtectionEnabled", False),
        "logGroupClass": found[0].get("logGroupClass", "STANDARD"),
        "tagsAll": api.call("ListTagsForResource", resourceArn=_arn(api, id_)).get("tags", {}),
    }


def _update(api: Api, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
    if "retentionInDays" in changed:
        _retention(api, id_, new)
    if "deletionProtectionEnabled" in changed:
        protected = str(new.get("deletionProtectionEnabled", False)).lower() == "true"
        api.call("PutLogGroupDeletionProtection", logGroupIdentifier=id_, deletionProtectionEnabled=protected)
    if "kmsKeyId" in changed and new.get("kmsKeyId"):
        api.call("AssociateKmsKey", logGroupName=id_, kmsKeyId=new["kmsKeyId"])
    elif "kmsKeyId" in changed:
        api.call("DisassociateKmsKey", logGroupName=id_)
    retag_by_arn(api, _arn(api, id_), old, new)


def _traps(inputs: Properties) -> Iterable[tuple[str, str]]:
    days = inputs.get("retentionInDays", 0)
    if isinstance(days, int) and not isinstance(days, bool) and days not in RETENTION_DAYS:
        yield "retentionInDays", f"{days} is not one of {', '.join(map(str, RETENTION_DAYS))}"


LOG_GROUP = ResourceType(
    token="aws:cloudwatch/logGroup:LogGroup",
    service="logs",
    # Left out: namePrefix (auto-names do it).
    arguments={
        "name": "CreateLogGroup.logGroupName",
        "deletionProtectionEnabled": "CreateLogGroup.deletionProtectionEnabled",
        "kmsKeyId": "CreateLogGroup.kmsKeyId",
        "logGroupClass": "CreateLogGroup.logGroupClass",
        "retentionInDays": "integer",
        "skipDestroy": "boolean",
    },
    replaces=("name", "logGroupClass"),
    computed=("arn",),
    optional=("deletionProtectionEnabled", "logGroupClass"),  # protection ends by false, not by leaving it out
    defaults={"retentionInDays": 0, "skipDestroy": False},
    local=("skipDestroy",),
    autoname=Autoname("name"),
    check=_traps,
    planned=lambda api, id_, inputs: {
        "arn": _arn(api, id_),
        "deletionProtectionEnabled": inputs.get("deletionProtectionEnabled", False),
        "logGroupClass": inputs.get("logGroupClass", "STANDARD"),
    },
    planned_id=lambda _, inputs: str(inputs["name"]),
    create=_create,
    read=_read,
    update=_update,
    delete=lambda api, id_, state: None if state.get("skipDestroy") else api.gone("DeleteLogGroup", logGroupName=id_),
    find=lambda api, new: str(new["name"]) if _read(api, str(new["name"]), {}) else None,
)

ROWS = (LOG_GROUP,)
