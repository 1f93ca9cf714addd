"""Lists in pages, as services give them that speak REST and JSON."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

PAGE = 100


def page(key: str, items: Iterable[object], params: Mapping[str, Any], *, refusal: Callable[[str], Exception]) -> dict[str, Any]:
    """The page that `maxResults` and `nextToken` ask for, below `key`. A token is the place where the next page begins.

    Raises what `refusal` makes of the reason.
    """
    everything = list(items)
    token = params.get("nextToken") or "0"
    if not str(token).isdigit():
        raise refusal("Invalid nextToken")
    start = int(token)
    end = start + int(params.get("maxResults") or PAGE)
    return {key: everything[start:end], "nextToken": str(end) if end < len(everything) else None}
