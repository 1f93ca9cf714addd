# mypy: allow-subclassing-any
"""What every responder needs: how to refuse a call, and how to take the place of moto's responses."""

import json
from typing import Any, NoReturn, Protocol

from moto.core.exceptions import ServiceException


class UrlModule(Protocol):
    """A service's `urls` module in moto."""

    url_paths: dict[str, Any]


class Refusal(ServiceException):
    """An error of AWS. A class of our own, since moto finds an exception's service by its module and would look for one called `core`."""


def refuse(code: str, message: str) -> NoReturn:
    """Answers the call with an error of AWS, in whatever protocol the service speaks. Before anything is changed."""
    raise Refusal(code, message)


def take_over(urls: UrlModule, responder: type) -> None:
    """Puts a subclass of a service's responses in place of it, at every path that moto has for the service."""
    for path, handler in urls.url_paths.items():
        urls.url_paths[path] = getattr(responder, handler.__name__)


def policy_statements(text: str) -> list[dict[str, Any]] | None:
    """The statements of an IAM policy document, or None if it is not a policy at all."""
    try:
        statements = json.loads(text)["Statement"]
    except (ValueError, TypeError, KeyError):
        return None
    listed = statements if isinstance(statements, list) else [statements]
    return listed if all(isinstance(statement, dict) and "Effect" in statement for statement in listed) else None


def listed(value: Any) -> list[Any]:
    """IAM documents hold one thing or a list of them wherever there may be several."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def principals(statement: dict[str, Any], kind: str) -> list[str]:
    """Principals of a kind (`AWS`, `Service`) in a statement; `*` alone stands for anyone of any kind."""
    principal = statement.get("Principal")
    return [principal] if isinstance(principal, str) else listed((principal or {}).get(kind))
