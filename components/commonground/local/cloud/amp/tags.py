"""Tags of everything of AMP that has an ARN."""

from .errors import Invalid, NotFound
from .state import Answer, Params, Region

MOST_TAGS = 50


def _find(region: Region, params: Params) -> dict[str, str]:
    arn = params["resourceArn"]
    for known, tags in region.tagged():
        if known == arn:
            return tags
    raise NotFound("Resource not found", arn, "Resource")


def tag(region: Region, params: Params) -> Answer:
    """TagResource."""
    found, tags = _find(region, params), params.get("tags") or {}
    if any(key.lower().startswith("aws:") for key in tags):
        raise Invalid("Tag keys cannot begin with aws:", "FIELD_VALIDATION_FAILED")
    if len({**found, **tags}) > MOST_TAGS:
        raise Invalid(f"A resource can have at most {MOST_TAGS} tags", "FIELD_VALIDATION_FAILED")
    found.update(tags)
    return {}


def untag(region: Region, params: Params) -> Answer:
    """UntagResource. A key that is not there is no error."""
    found = _find(region, params)
    for key in params.get("tagKeys") or []:
        found.pop(key, None)
    return {}


def list_(region: Region, params: Params) -> Answer:
    """ListTagsForResource."""
    return {"tags": _find(region, params)}


OPERATIONS = {"TagResource": tag, "UntagResource": untag, "ListTagsForResource": list_}
