"""Workspaces, and how much they keep."""

from typing import Any

from ..kms import usable_key
from .errors import Invalid
from .pages import page
from .state import ACTIVE, Answer, Params, Region, Workspace, new_uuid

# User guide, "Configure your workspace".
LEAST_DAYS, MOST_DAYS = 1, 1095
MOST_OUT_OF_ORDER_SECONDS = 600
MOST_QUERY_OFFSET_SECONDS = 86400


def create(region: Region, params: Params) -> Answer:
    """CreateWorkspace. Refused if its key is not there or not enabled."""
    key = params.get("kmsKeyArn")
    if key and usable_key(key) is None:
        raise Invalid(f"The KMS key {key} does not exist or is not enabled.")
    id_ = f"ws-{new_uuid()}"
    workspace = Workspace(
        workspace_id=id_,
        arn=region.arn(f"workspace/{id_}"),
        prometheus_endpoint=f"https://aps-workspaces.{region.region_name}.amazonaws.com/workspaces/{id_}/",
        alias=_alias(params),
        kms_key_arn=key,
        tags=dict(params.get("tags") or {}),
    )
    region.workspaces[id_] = workspace
    return view(workspace)


def _alias(params: Params) -> str | None:
    """API reference, CreateWorkspace: blanks around it are trimmed."""
    return (params.get("alias") or "").strip() or None


def view(workspace: Workspace) -> dict[str, Any]:
    """A workspace as DescribeWorkspace shows it."""
    shown = ("workspace_id", "arn", "prometheus_endpoint", "alias", "kms_key_arn", "tags", "status", "created_at")
    return {name: getattr(workspace, name) for name in shown}


def describe(region: Region, params: Params) -> Answer:
    """DescribeWorkspace."""
    return {"workspace": view(region.workspace(params))}


def list_(region: Region, params: Params) -> Answer:
    """ListWorkspaces: those whose alias begins with what is asked for (API reference)."""
    wanted = (params.get("alias") or "").strip()
    return page("workspaces", (view(one) for one in region.workspaces.values() if (one.alias or "").startswith(wanted)), params)


def update_alias(region: Region, params: Params) -> Answer:
    """UpdateWorkspaceAlias."""
    region.workspace(params).alias = _alias(params)
    return {}


def delete(region: Region, params: Params) -> Answer:
    """DeleteWorkspace, with its rules, its alert manager's definition and its logging; a scraper that writes to it stays."""
    del region.workspaces[region.workspace(params).workspace_id]
    return {}


def configure(region: Region, params: Params) -> Answer:
    """UpdateWorkspaceConfiguration: what is given; label sets are given whole."""
    workspace = region.workspace(params)
    days = params.get("retentionPeriodInDays")
    _within("retentionPeriodInDays", days, LEAST_DAYS, MOST_DAYS)
    _within("outOfOrderTimeWindowInSeconds", params.get("outOfOrderTimeWindowInSeconds"), 0, MOST_OUT_OF_ORDER_SECONDS)
    _within("ruleQueryOffsetInSeconds", params.get("ruleQueryOffsetInSeconds"), 0, MOST_QUERY_OFFSET_SECONDS)
    limits = params.get("limitsPerLabelSet")
    if limits is not None:
        _check_limits(limits)
        workspace.limits = list(limits)
    workspace.retention_days = days or workspace.retention_days
    for name, attribute in (("outOfOrderTimeWindowInSeconds", "out_of_order_seconds"), ("ruleQueryOffsetInSeconds", "rule_query_offset_seconds")):
        if params.get(name) is not None:
            setattr(workspace, attribute, params[name])
    return {"status": ACTIVE}


def _within(name: str, value: int | None, least: int, most: int) -> None:
    if value is not None and not least <= value <= most:
        raise Invalid(f"{name} is {value}, expected {least} to {most}", "FIELD_VALIDATION_FAILED")


def _check_limits(limits: list[dict[str, Any]]) -> None:
    """Two limits for one label set cannot be; the empty one is what no other takes ("Configure your workspace", the default bucket)."""
    sets = [sorted((limit.get("labelSet") or {}).items()) for limit in limits]
    for labels in sets:
        if sets.count(labels) > 1:
            raise Invalid(f"limitsPerLabelSet has the label set {dict(labels)} twice", "FIELD_VALIDATION_FAILED")


def describe_configuration(region: Region, params: Params) -> Answer:
    """DescribeWorkspaceConfiguration."""
    workspace = region.workspace(params)
    return {
        "workspaceConfiguration": {
            "status": ACTIVE,
            "limitsPerLabelSet": workspace.limits,
            "retentionPeriodInDays": workspace.retention_days,
            "outOfOrderTimeWindowInSeconds": workspace.out_of_order_seconds,
            "ruleQueryOffsetInSeconds": workspace.rule_query_offset_seconds,
        }
    }


OPERATIONS = {
    "CreateWorkspace": create,
    "DescribeWorkspace": describe,
    "ListWorkspaces": list_,
    "UpdateWorkspaceAlias": update_alias,
    "DeleteWorkspace": delete,
    "UpdateWorkspaceConfiguration": configure,
    "DescribeWorkspaceConfiguration": describe_configuration,
}
