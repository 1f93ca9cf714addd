"""Lists in pages, as AMP gives them."""

from collections.abc import Iterable

from .errors import Invalid
from .state import Answer, Params

PAGE = 100


def page(key: str, items: Iterable[object], params: Params) -> Answer:
    """The page that `maxResults` and `nextToken` ask for, below `key`. A token is the place where the next page begins."""
    everything = list(items)
    token = params.get("nextToken") or "0"
    if not str(token).isdigit():
        raise Invalid("Invalid nextToken")
    start = int(token)
    end = start + int(params.get("maxResults") or PAGE)
    return {key: everything[start:end], "nextToken": str(end) if end < len(everything) else None}
