"""Statements of IAM documents, as far as they are known."""

from collections.abc import Callable, Iterator
from typing import Any

from policies.values import HIDDEN, at, dicts, known, missing, text, texts

# Conditions that say who asks or from where, so that a principal `*` is not everybody (IAM user guide, "AWS global condition context keys"; S3 user guide,
# "The meaning of public").
NARROWING = frozenset(
    {
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceip",
        "aws:sourceorgid",
        "aws:sourceowner",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:userid",
        "kms:calleraccount",
        "s3:dataaccesspointaccount",
    }
)


def statements(document: Any, effect: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The known statements of an effect, each with its name: its Sid, or its place."""
    for index, statement in enumerate(dicts(document, "Statement")):
        if text(statement, "Effect") == effect:
            yield text(statement, "Sid") or f"number {index + 1}", statement


def allows(document: Any, to: Callable[[dict[str, Any]], bool]) -> Iterator[str]:
    """Names of the statements that allow something, of which something is so."""
    return (name for name, statement in statements(document, "Allow") if to(statement))


def anybody(statement: dict[str, Any]) -> bool:
    """Whether a statement is known to be about everybody, whoever and wherever they are."""
    principal = at(statement, "Principal")
    everybody = "*" in (texts(statement, "Principal") if not isinstance(principal, dict) else texts(principal, "AWS"))
    return everybody and known(at(statement, "Condition")) and not any(_narrows(*condition) for condition in conditions(statement))


def _narrows(operator: str, key: str, values: Any) -> bool:
    """Whether a condition leaves only some. One that only excludes, or also holds where the request says nothing of it, does not; nor does a range of all."""
    loose = "not" in operator.lower() or operator.lower().startswith("forallvalues:") or operator.lower().endswith("ifexists") or operator.lower() == "null"
    everything = any(value in ("*", "0.0.0.0/0", "::/0") for value in _listed(values))
    return key.lower() in NARROWING and not loose and not everything


def conditions(statement: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Operator, key and values of each condition."""
    found = at(statement, "Condition")
    for operator, keys in found.items() if isinstance(found, dict) else ():
        for key, values in keys.items() if isinstance(keys, dict) else ():
            yield operator, key, values


def denies_plain_http(document: Any) -> bool | None:
    """Whether a bucket's policy refuses what comes without TLS to everybody. None: nobody knows."""
    if missing(document):
        return False
    if document is HIDDEN or not known(document) or not isinstance(at(document, "Statement"), list | dict):
        return None
    for _, statement in statements(document, "Deny"):
        principal = at(statement, "Principal")
        everybody = "*" in (texts(principal, "AWS") if isinstance(principal, dict) else texts(statement, "Principal"))
        everything = any(action in ("*", "s3:*") for action in texts(statement, "Action"))
        plain = any(
            operator.lower() == "bool" and key.lower() == "aws:securetransport" and "false" in [str(value).lower() for value in _listed(values)]
            for operator, key, values in conditions(statement)
        )
        if everybody and everything and plain:
            return True
    return False


def _listed(values: Any) -> list[Any]:
    return values if isinstance(values, list) else [values]
