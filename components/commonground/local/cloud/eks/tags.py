"""Tags of everything of EKS that has an ARN."""

from collections.abc import Iterator

from ..tagging import put, take
from .errors import BadTags, TagTargetNotFound
from .state import Answer, Cluster, Params, Region


def _tagged(cluster: Cluster) -> Iterator[tuple[str, dict[str, str]]]:
    """ARN and tags of a cluster and of what belongs to it."""
    yield cluster.arn, cluster.tags
    yield from ((group.nodegroup_arn, group.tags) for group in cluster.node_groups.values())
    yield from ((addon.addon_arn, addon.tags) for addon in cluster.addons.values())
    yield from ((entry.access_entry_arn, entry.tags) for entry in cluster.access_entries.values())
    yield from ((identity.association_arn, identity.tags) for identity in cluster.identities.values())
    yield from ((profile.fargate_profile_arn, profile.tags) for profile in cluster.fargate_profiles.values())


def _find(region: Region, params: Params) -> dict[str, str]:
    arn = params["resourceArn"]
    for cluster in region.clusters.values():
        for known, tags in _tagged(cluster):
            if known == arn:
                return tags
    raise TagTargetNotFound(f"Resource was not found: {arn}")


def tag(region: Region, params: Params) -> Answer:
    """TagResource."""
    put(_find(region, params), params.get("tags") or {}, BadTags)
    return {}


def untag(region: Region, params: Params) -> Answer:
    """UntagResource."""
    take(_find(region, params), params.get("tagKeys") or [])
    return {}


def list_(region: Region, params: Params) -> Answer:
    """ListTagsForResource."""
    return {"tags": _find(region, params)}


OPERATIONS = {"TagResource": tag, "UntagResource": untag, "ListTagsForResource": list_}
