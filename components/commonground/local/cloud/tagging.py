"""What every service of AWS refuses of tags, and does with them (Tagging AWS resources user guide, "Tag naming limits and requirements")."""

from collections.abc import Callable, Iterable, Mapping

MOST_TAGS = 50


def put(found: dict[str, str], tags: Mapping[str, str], refusal: Callable[[str], Exception]) -> None:
    """Adds tags to those of a resource. Raises what `refusal` makes of the reason."""
    if any(key.lower().startswith("aws:") for key in tags):
        raise refusal("Tag keys cannot begin with aws:")
    if len({**found, **tags}) > MOST_TAGS:
        raise refusal(f"A resource can have at most {MOST_TAGS} tags")
    found.update(tags)


def take(found: dict[str, str], keys: Iterable[str]) -> None:
    """Takes tags away. A key that is not there is no error."""
    for key in keys:
        found.pop(key, None)
