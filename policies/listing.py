"""The page about the policies, made from their table: `python -m policies.listing > docs/policies.md`."""

from collections.abc import Iterator

from policies.policy import Policy, Strictness
from policies.table import POLICIES

HEAD = """\
# Policies

Made from the table in `policies/` (`python -m policies.listing`). `commonground preview` and `up` hold them against what they would do; with the full CLI
`pulumi preview --policy-pack policies` does. A mandatory finding ends the run with exit code 3, and `up` then changes nothing.

How strict an environment is, whether it is protected, its GPU budget, and what is accepted all the same (with a reason and an end) stand in
`stacks/foundation/policies.yaml`. Secrets, and what is not known before it is deployed, are never a violation; `up` looks again when it is known.
"""


def page() -> str:
    """The page's text."""
    return HEAD + "".join(_section(policy) for policy in POLICIES)


def _section(policy: Policy) -> str:
    return "\n".join(["", f"## {policy.id}", f"{policy.title}. {_severity(policy)}", "", *_points(policy), ""])


def _severity(policy: Policy) -> str:
    strict = [strictness.value for strictness in Strictness if policy.severity.mandatory(strictness)]
    return "Mandatory everywhere." if len(strict) == len(Strictness) else f"Mandatory where strictness is {' or '.join(strict)}; else advisory."


def _points(policy: Policy) -> Iterator[str]:
    yield f"- Why: {policy.why}"
    yield f"- How to fix it: {policy.fix}"
    yield f"- Passes: {_examples([example.about for example in policy.passing()])}"
    yield f"- Found: {_examples([example.about for example in policy.failing()])}"


def _examples(about: list[str]) -> str:
    return "; ".join(dict.fromkeys(about))


if __name__ == "__main__":
    print(page(), end="")
