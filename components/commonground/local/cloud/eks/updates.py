"""The record of changes: DescribeUpdate and ListUpdates."""

from .errors import ResourceNotFound
from .pages import page
from .state import Answer, Params, Region, Update


def _mine(update: Update, params: Params) -> bool:
    """Whether an update is of what the call names: the cluster itself, a node group or an add-on."""
    return (update.nodegroup_name, update.addon_name) == (params.get("nodegroupName"), params.get("addonName"))


def describe(region: Region, params: Params) -> Answer:
    """DescribeUpdate."""
    cluster = region.cluster(params["name"])
    update = cluster.updates.get(params["updateId"])
    if update is None or not _mine(update, params):
        raise ResourceNotFound(f"No update found for ID: {params['updateId']}", cluster=cluster.name)
    return {"update": update}


def list_(region: Region, params: Params) -> Answer:
    """ListUpdates, oldest first."""
    return page("updateIds", (update.id for update in region.cluster(params["name"]).updates.values() if _mine(update, params)), params)


OPERATIONS = {"DescribeUpdate": describe, "ListUpdates": list_}
