"""The texts of a workspace: rule group namespaces and the alert manager's definition."""

from collections.abc import Callable, Iterator

from ... import ampdocuments
from .errors import Conflict, Invalid, NotFound, TooMany, refuse_text
from .pages import page
from .state import ACTIVE, Answer, Params, Region, Text, Workspace, now

MOST_NAMESPACES = 10  # user guide, "Service quotas", as it was last readable; an account's may be higher


def _checked(params: Params, refused: Callable[[str], Iterator[str]]) -> bytes:
    """The text of a call. Refuses one that is no text, or for the reasons that a check finds."""
    data: bytes = params.get("data") or b""
    try:
        refuse_text(refused(data.decode()))
    except UnicodeDecodeError as error:
        raise Invalid("data is not UTF-8", "CANNOT_PARSE") from error
    return data


def create_namespace(region: Region, params: Params) -> Answer:
    """CreateRuleGroupsNamespace. Refused if the name is taken or the rules are none."""
    workspace, name = region.workspace(params), params["name"]
    data = _checked(params, ampdocuments.rule_groups)
    if name in workspace.rules:
        raise Conflict("Rule groups namespace already exists", name, "RuleGroupsNamespace")
    if len(workspace.rules) >= MOST_NAMESPACES:
        raise TooMany(f"Rule group namespaces per workspace: at most {MOST_NAMESPACES}.", name, "RuleGroupsNamespace")
    text = Text(data, name, region.arn(f"rulegroupsnamespace/{workspace.workspace_id}/{name}"), dict(params.get("tags") or {}))
    workspace.rules[name] = text
    return vars(text)


def _namespace(region: Region, params: Params) -> tuple[Workspace, Text]:
    workspace, name = region.workspace(params), params["name"]
    if name not in workspace.rules:
        raise NotFound("Rule groups namespace not found", name, "RuleGroupsNamespace")
    return workspace, workspace.rules[name]


def describe_namespace(region: Region, params: Params) -> Answer:
    """DescribeRuleGroupsNamespace."""
    return {"ruleGroupsNamespace": _namespace(region, params)[1]}


def list_namespaces(region: Region, params: Params) -> Answer:
    """ListRuleGroupsNamespaces: those whose name begins with what is asked for."""
    rules = region.workspace(params).rules
    return page("ruleGroupsNamespaces", (rules[name] for name in sorted(rules) if name.startswith(params.get("name") or "")), params)


def put_namespace(region: Region, params: Params) -> Answer:
    """PutRuleGroupsNamespace."""
    text = _namespace(region, params)[1]
    text.put(_checked(params, ampdocuments.rule_groups))
    return vars(text)


def delete_namespace(region: Region, params: Params) -> Answer:
    """DeleteRuleGroupsNamespace."""
    workspace, text = _namespace(region, params)
    del workspace.rules[text.name]
    return {}


def create_alert_manager(region: Region, params: Params) -> Answer:
    """CreateAlertManagerDefinition. Refused if there is one, or if AMP does not take it."""
    workspace = region.workspace(params)
    if workspace.alert_manager is not None:
        raise Conflict("Alert manager definition already exists", workspace.workspace_id, "AlertManagerDefinition")
    workspace.alert_manager = Text(_checked(params, ampdocuments.alert_manager))
    return {"status": ACTIVE}


def _alert_manager(region: Region, params: Params) -> Text:
    found = region.workspace(params).alert_manager
    if found is None:
        raise NotFound("Alert manager definition not found", params["workspaceId"], "AlertManagerDefinition")
    return found


def describe_alert_manager(region: Region, params: Params) -> Answer:
    """DescribeAlertManagerDefinition."""
    return {"alertManagerDefinition": _alert_manager(region, params)}


def put_alert_manager(region: Region, params: Params) -> Answer:
    """PutAlertManagerDefinition: the one that is there, or a first one (API reference)."""
    workspace, data = region.workspace(params), _checked(params, ampdocuments.alert_manager)
    workspace.alert_manager = Text(data, created_at=workspace.alert_manager.created_at if workspace.alert_manager else now())
    return {"status": ACTIVE}


def delete_alert_manager(region: Region, params: Params) -> Answer:
    """DeleteAlertManagerDefinition."""
    _alert_manager(region, params)
    region.workspace(params).alert_manager = None
    return {}


OPERATIONS = {
    "CreateRuleGroupsNamespace": create_namespace,
    "DescribeRuleGroupsNamespace": describe_namespace,
    "ListRuleGroupsNamespaces": list_namespaces,
    "PutRuleGroupsNamespace": put_namespace,
    "DeleteRuleGroupsNamespace": delete_namespace,
    "CreateAlertManagerDefinition": create_alert_manager,
    "DescribeAlertManagerDefinition": describe_alert_manager,
    "PutAlertManagerDefinition": put_alert_manager,
    "DeleteAlertManagerDefinition": delete_alert_manager,
}
