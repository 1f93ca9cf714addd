"""Tags of everything of AMP that has an ARN."""

from ..tagging import put, take
from .errors import Invalid, NotFound
from .state import Answer, Params, Region


def _find(region: Region, params: Params) -> dict[str, str]:
    arn = params["resourceArn"]
    for known, tags in region.tagged():
        if known == arn:
            return tags
    raise NotFound("Resource not found", arn, "Resource")


def tag(region: Region, params: Params) -> Answer:
    """TagResource."""
    put(_find(region, params), params.get("tags") or {}, lambda reason: Invalid(reason, "FIELD_VALIDATION_FAILED"))
    return {}


def untag(region: Region, params: Params) -> Answer:
    """UntagResource."""
    take(_find(region, params), params.get("tagKeys") or [])
    return {}


def list_(region: Region, params: Params) -> Answer:
    """ListTagsForResource."""
    return {"tags": _find(region, params)}


OPERATIONS = {"TagResource": tag, "UntagResource": untag, "ListTagsForResource": list_}
