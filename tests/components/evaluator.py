"""IAM's decision on a request, as far as these policies need it. What it does not know is a failure, never a yes.

After IAM user guide, "Policy evaluation logic" and "IAM JSON policy elements: Condition operators": a denial wins; all operators and keys of a statement
have to hold, of a key's values one; a key that the request lacks does not hold.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

Context = Mapping[str, str]
ELEMENTS = {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}


def trusts(policy: str, provider: str, claims: Context, *, account: str) -> bool:
    """Whether a role's trust lets a web identity take it. `provider`: of the token's issuer; claims become keys `ISSUER:CLAIM`."""
    issuer = provider.partition(":oidc-provider/")[2]
    context = {f"{issuer}:{claim}": value for claim, value in claims.items()}
    return any(
        statement["Effect"] == "Allow"
        and statement["Action"] == "sts:AssumeRoleWithWebIdentity"
        and statement["Principal"] == {"Federated": f"arn:aws:iam::{account}:oidc-provider/{issuer}"}
        and _conditions_hold(statement, context)
        for statement in _statements(policy)
    )


def allows(policy: str, action: str, resource: str, context: Context | None = None) -> bool:
    """Whether an identity's policy lets it do something to a resource."""
    matching = [statement["Effect"] for statement in _statements(policy) if _matches(statement, action, resource, context or {})]
    return "Allow" in matching and "Deny" not in matching


def _statements(policy: str) -> list[dict[str, Any]]:
    document = json.loads(policy)
    assert set(document) == {"Version", "Statement"} and document["Version"] == "2012-10-17"
    for statement in document["Statement"]:
        assert set(statement) <= ELEMENTS, f"not evaluated: {set(statement) - ELEMENTS}"
        assert statement["Effect"] in ("Allow", "Deny")
    return list(document["Statement"])


def _matches(statement: Mapping[str, Any], action: str, resource: str, context: Context) -> bool:
    """IAM compares actions in any case, resources in theirs."""
    return (
        any(_like(pattern.lower(), action.lower()) for pattern in _listed(statement["Action"]))
        and any(_like(pattern, resource) for pattern in _listed(statement["Resource"]))
        and _conditions_hold(statement, context)
    )


def _conditions_hold(statement: Mapping[str, Any], context: Context) -> bool:
    for operator, tests in statement.get("Condition", {}).items():
        compare = {"StringEquals": str.__eq__, "StringLike": _like}[operator]
        for key, values in tests.items():
            assert not any("${" in value for value in _listed(values)), "policy variables are not evaluated"
            # Keys in any case, values in theirs.
            found = {name.lower(): value for name, value in context.items()}.get(key.lower())
            if found is None or not any(compare(value, found) for value in _listed(values)):
                return False
    return True


def _like(pattern: str, text: str) -> bool:
    """`*` is any characters, `:` and `/` among them; `?` is one."""
    return re.fullmatch("".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in pattern), text, re.DOTALL) is not None


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
