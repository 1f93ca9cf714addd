"""Amazon Managed Prometheus: workspaces, their texts and their logs. Facts from terraform-provider-aws (internal/service/amp) and pulumi-aws.

Its collectors are in `amp_scrapers`.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from commonground.local import ampdocuments
from commonground.local.providers.aws import models
from commonground.local.providers.aws.api import Api
from commonground.local.providers.aws.table.common import put_again, retag_by_arn
from commonground.local.providers.aws.types import Argument, ResourceType
from commonground.local.providers.names import Autoname
from commonground.local.providers.values import UNKNOWN, Properties

GROUP = "CreateLoggingConfiguration.logGroupArn"
CLOUDWATCH = {"cloudWatchLogs": "cloudwatchLogs"}
"""API member -> Pulumi name."""


def check_text(name: str, *checks: Callable[[str], Iterator[str]]) -> Callable[[Properties], Iterable[tuple[str, str]]]:
    """A row's check of the text in an argument. One that is missing or not known yet is not wrong."""

    def check(inputs: Properties) -> Iterable[tuple[str, str]]:
        text = inputs.get(name)
        if isinstance(text, str) and text != UNKNOWN:
            yield from ((name, reason) for look in checks for reason in look(text))

    return check


def text_of(api: Api, operation: str, *path: str, **parameters: Any) -> str | None:
    """The text that an operation answers at a path; None if it is not there. botocore gives bytes."""
    if api.ask(operation, path[0], **parameters) is None:
        return None
    answer: Any = api.call(operation, **parameters)
    for step in path:
        answer = answer[step]
    return bytes(answer).decode()


def _group(inputs: Properties) -> Any:
    given = inputs.get("loggingConfiguration")
    return given.get("logGroupArn") if isinstance(given, dict) else None


def _create_workspace(api: Api, new: Properties) -> str:
    id_ = str(api.call("CreateWorkspace", **api.request("CreateWorkspace", new), tags=new.get("tagsAll", {}))["workspaceId"])
    if _group(new):
        api.call("CreateLoggingConfiguration", workspaceId=id_, logGroupArn=_group(new))
    return id_


def _read_workspace(api: Api, id_: str, _state: Properties) -> Properties | None:
    found = api.ask("DescribeWorkspace", "workspace", workspaceId=id_, names={"tags": "tagsAll"})
    if found is None:
        return None
    group = api.ask("DescribeLoggingConfiguration", "loggingConfiguration.logGroupArn", workspaceId=id_)
    return {
        **{name: found.get(name) for name in ("alias", "arn", "kmsKeyArn", "prometheusEndpoint")},
        "loggingConfiguration": {"logGroupArn": group} if group else None,
        "tagsAll": found.get("tagsAll", {}),
    }


def _update_workspace(api: Api, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
    if "alias" in changed:
        api.call("UpdateWorkspaceAlias", workspaceId=id_, **({"alias": new["alias"]} if new.get("alias") else {}))
    if "loggingConfiguration" in changed:
        before, after = _group(old), _group(new)
        if after:
            api.call("UpdateLoggingConfiguration" if before else "CreateLoggingConfiguration", workspaceId=id_, logGroupArn=after)
        else:
            api.gone("DeleteLoggingConfiguration", workspaceId=id_)
    retag_by_arn(api, api.arn("aps", f"workspace/{id_}"), old, new)


def _workspace_traps(inputs: Properties) -> Iterable[tuple[str, str]]:
    given = inputs.get("loggingConfiguration")
    if not isinstance(given, dict):
        return
    yield from ((f"loggingConfiguration.{name}", "is not a known property; it has logGroupArn") for name in sorted(set(given) - {"logGroupArn"}))
    if "logGroupArn" not in given:
        yield "loggingConfiguration.logGroupArn", "is required"
        return
    yield from log_group("loggingConfiguration.logGroupArn", given["logGroupArn"])


def log_group(path: str, arn: Any) -> Iterable[tuple[str, str]]:
    """What is wrong with the ARN of a log group: by botocore's model it ends in `:*`, which CloudWatch's own answers leave out."""
    yield from models.wrong(models.shape("amp", GROUP), arn, path)


def found_by_tags(api: Api, operation: str, list_: str, id_name: str, inputs: Properties) -> str | None:
    """An alias is not unique: what has no name is known by its tags, if exactly one has them all."""
    tags = inputs.get("tagsAll", {})
    more: dict[str, Any] = {}
    found: list[str] = []
    while tags:
        page = api.call(operation, **more)
        found += [str(one[id_name]) for one in page.get(list_, []) if one.get("tags") == tags]
        if not page.get("nextToken"):
            break
        more = {"nextToken": page["nextToken"]}
    return found[0] if len(found) == 1 else None


WORKSPACE = ResourceType(
    token="aws:amp/workspace:Workspace",
    service="amp",
    arguments={"alias": "CreateWorkspace.alias", "kmsKeyArn": "CreateWorkspace.kmsKeyArn", "loggingConfiguration": "object"},
    replaces=("kmsKeyArn",),
    # An alias changes in place, and does not go away (workspace.go, CustomizeDiff).
    also_replaces=lambda old, new: ("alias",) if old.get("alias") and not new.get("alias") else (),
    computed=("arn", "prometheusEndpoint"),
    check=_workspace_traps,
    id_prefix="ws",
    id_is_uuid=True,
    planned=lambda api, id_, _: {
        "arn": api.arn("aps", f"workspace/{id_}"),
        "prometheusEndpoint": f"https://aps-workspaces.{api.region}.amazonaws.com/workspaces/{id_}/",
    },
    create=_create_workspace,
    read=_read_workspace,
    update=_update_workspace,
    delete=lambda api, id_, _: api.gone("DeleteWorkspace", workspaceId=id_),
    find=lambda api, new: found_by_tags(api, "ListWorkspaces", "workspaces", "workspaceId", new),
)

CONFIGURED = ("retentionPeriodInDays", "outOfOrderTimeWindowInSeconds", "ruleQueryOffsetInSeconds")
# User guide, "Configure your workspace". The model says only that they begin at 0 or 1.
MOST = {"retentionPeriodInDays": 1095, "outOfOrderTimeWindowInSeconds": 600, "ruleQueryOffsetInSeconds": 86400}


def _configure(api: Api, new: Properties) -> str:
    api.call("UpdateWorkspaceConfiguration", **{"limitsPerLabelSet": [], **api.request("UpdateWorkspaceConfiguration", new)})
    return str(new["workspaceId"])


def _read_configuration(api: Api, id_: str, _state: Properties) -> Properties | None:
    found = api.ask("DescribeWorkspaceConfiguration", "workspaceConfiguration", workspaceId=id_)
    if found is None:
        return None
    return {"workspaceId": id_, **{name: found.get(name) for name in CONFIGURED}, "limitsPerLabelSets": found.get("limitsPerLabelSet") or None}


def _configuration_traps(inputs: Properties) -> Iterable[tuple[str, str]]:
    for name, most in MOST.items():
        given = inputs.get(name)
        if isinstance(given, int) and given > most:
            yield name, f"is {given}, expected at most {most}"
    limits = inputs.get("limitsPerLabelSets")
    if limits == []:
        yield "limitsPerLabelSets", "is empty: leave it out"


CONFIGURATION = ResourceType(
    token="aws:amp/workspaceConfiguration:WorkspaceConfiguration",
    service="amp",
    # Left out: timeouts.
    arguments={
        "workspaceId": "UpdateWorkspaceConfiguration.workspaceId",
        "retentionPeriodInDays": "UpdateWorkspaceConfiguration.retentionPeriodInDays",
        "outOfOrderTimeWindowInSeconds": "UpdateWorkspaceConfiguration.outOfOrderTimeWindowInSeconds",
        "ruleQueryOffsetInSeconds": "UpdateWorkspaceConfiguration.ruleQueryOffsetInSeconds",
        "limitsPerLabelSets": Argument("UpdateWorkspaceConfiguration.limitsPerLabelSet"),
    },
    required=("workspaceId",),
    replaces=("workspaceId",),
    optional=CONFIGURED,  # what is left out stays as it is (the two newer ones: taken to be like the first)
    taggable=False,
    check=_configuration_traps,
    planned=lambda _api, _id, inputs: {"retentionPeriodInDays": 150, "outOfOrderTimeWindowInSeconds": 0, "ruleQueryOffsetInSeconds": 0, **inputs},
    planned_id=lambda _, inputs: str(inputs["workspaceId"]),
    create=_configure,
    read=_read_configuration,
    update=put_again(_configure),
    delete=lambda _api, _id, _state: None,  # there is no call: the settings stay on the workspace
    find=lambda _, new: str(new["workspaceId"]),
)


def _create_rules(api: Api, new: Properties) -> str:
    request = api.request("CreateRuleGroupsNamespace", new)
    return str(api.call("CreateRuleGroupsNamespace", **request, data=new["data"], tags=new.get("tagsAll", {}))["arn"])


def _namespace(id_: str) -> dict[str, str]:
    """Workspace and name out of `arn:...:rulegroupsnamespace/WORKSPACE/NAME`."""
    workspace, _, name = id_.split(":rulegroupsnamespace/", 1)[1].partition("/")
    return {"workspaceId": workspace, "name": name}


def _read_rules(api: Api, id_: str, _state: Properties) -> Properties | None:
    found = api.ask("DescribeRuleGroupsNamespace", "ruleGroupsNamespace", **_namespace(id_), names={"tags": "tagsAll"})
    if found is None:
        return None
    text = text_of(api, "DescribeRuleGroupsNamespace", "ruleGroupsNamespace", "data", **_namespace(id_))
    return {**_namespace(id_), "arn": id_, "data": text, "tagsAll": found.get("tagsAll", {})}


def _update_rules(api: Api, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
    if "data" in changed:
        api.call("PutRuleGroupsNamespace", **_namespace(id_), data=new["data"])
    retag_by_arn(api, id_, old, new)


def _rules_id(api: Api, new: Properties) -> str:
    return api.arn("aps", f"rulegroupsnamespace/{new['workspaceId']}/{new['name']}")


RULES = ResourceType(
    token="aws:amp/ruleGroupNamespace:RuleGroupNamespace",
    service="amp",
    arguments={"name": "CreateRuleGroupsNamespace.name", "workspaceId": "CreateRuleGroupsNamespace.workspaceId", "data": "string"},
    required=("workspaceId", "data"),
    replaces=("name", "workspaceId"),
    computed=("arn",),
    autoname=Autoname("name"),
    check=check_text("data", ampdocuments.rule_groups),
    planned=lambda _, id_, __: {"arn": id_},
    planned_id=_rules_id,
    create=_create_rules,
    read=_read_rules,
    update=_update_rules,
    delete=lambda api, id_, _: api.gone("DeleteRuleGroupsNamespace", **_namespace(id_)),
    find=lambda api, new: _rules_id(api, new) if _read_rules(api, _rules_id(api, new), {}) else None,
)


def _define(api: Api, new: Properties) -> str:
    api.call("CreateAlertManagerDefinition", workspaceId=new["workspaceId"], data=new["definition"])
    return str(new["workspaceId"])


def _read_definition(api: Api, id_: str, _state: Properties) -> Properties | None:
    text = text_of(api, "DescribeAlertManagerDefinition", "alertManagerDefinition", "data", workspaceId=id_)
    return None if text is None else {"workspaceId": id_, "definition": text}


def _put_definition(api: Api, id_: str, _old: Properties, new: Properties, _changed: set[str]) -> None:
    api.call("PutAlertManagerDefinition", workspaceId=id_, data=new["definition"])


ALERT_MANAGER = ResourceType(
    token="aws:amp/alertManagerDefinition:AlertManagerDefinition",
    service="amp",
    arguments={"workspaceId": "CreateAlertManagerDefinition.workspaceId", "definition": "string"},
    required=("workspaceId", "definition"),
    replaces=("workspaceId",),
    taggable=False,
    check=check_text("definition", ampdocuments.alert_manager, ampdocuments.alert_manager_pitfalls),
    planned_id=lambda _, inputs: str(inputs["workspaceId"]),
    create=_define,
    read=_read_definition,
    update=_put_definition,
    delete=lambda api, id_, _: api.gone("DeleteAlertManagerDefinition", workspaceId=id_),
    find=lambda api, new: str(new["workspaceId"]) if _read_definition(api, new["workspaceId"], {}) else None,
)


def _log_queries(api: Api, new: Properties) -> str:
    api.call("CreateQueryLoggingConfiguration", **api.request("CreateQueryLoggingConfiguration", new))
    return str(new["workspaceId"])


def _read_query_logging(api: Api, id_: str, _state: Properties) -> Properties | None:
    found = api.ask("DescribeQueryLoggingConfiguration", "queryLoggingConfiguration.destinations", workspaceId=id_, names=CLOUDWATCH)
    return None if found is None else {"workspaceId": id_, "destinations": found}


def _update_query_logging(api: Api, _id: str, _old: Properties, new: Properties, _changed: set[str]) -> None:
    api.call("UpdateQueryLoggingConfiguration", **api.request("CreateQueryLoggingConfiguration", new))


QUERY_LOGGING = ResourceType(
    token="aws:amp/queryLoggingConfiguration:QueryLoggingConfiguration",
    service="amp",
    # From the SDK and botocore's model: the provider's code was not at hand. Left out: timeouts.
    arguments={"workspaceId": "CreateQueryLoggingConfiguration.workspaceId", "destinations": "CreateQueryLoggingConfiguration.destinations"},
    required=("workspaceId", "destinations"),
    replaces=("workspaceId",),
    taggable=False,
    planned_id=lambda _, inputs: str(inputs["workspaceId"]),
    create=_log_queries,
    read=_read_query_logging,
    update=_update_query_logging,
    delete=lambda api, id_, _: api.gone("DeleteQueryLoggingConfiguration", workspaceId=id_),
    find=lambda api, new: str(new["workspaceId"]) if _read_query_logging(api, new["workspaceId"], {}) else None,
)

ROWS = (WORKSPACE, CONFIGURATION, RULES, ALERT_MANAGER, QUERY_LOGGING)
