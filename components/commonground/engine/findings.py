"""What policies found in a run, and how it is told."""

from collections.abc import Iterable
from dataclasses import dataclass

from commonground.engine.errors import EngineError

PACK = "commonground"
"""Name of our own pack (policies/__main__.py)."""

ONLY_TELL = "COMMONGROUND_POLICIES_ONLY_TELL"
"""Variable by which our pack reports everything as advisory, each message with its level before it.

An offline preview on nothing is an `up` of the engine's, which would end at the first mandatory finding and not show the others.
"""
PROGRAM = "COMMONGROUND_POLICIES_PROGRAM"
"""Variable with the folder of the program, from which our pack looks for policies.yaml: the engine works in a copy of the project."""
PYTHON = "COMMONGROUND_POLICIES_PYTHON"
"""Variable with the interpreter that our pack runs in."""

MANDATORY, ADVISORY = "mandatory: ", "advisory: "


@dataclass(frozen=True)
class Finding:
    """One violation of a policy, or one thing that a policy has to say."""

    policy: str
    """Example: `no-public-buckets`."""
    pack: str
    mandatory: bool
    """Whether it ends the run."""
    urn: str
    """Of the resource; of the stack, where it is about all of it."""
    message: str

    @property
    def name(self) -> str:
        """Logical name of the resource."""
        return self.urn.rsplit("::", 1)[-1]

    @property
    def type(self) -> str:
        """Type of the resource, without its parents'."""
        parts = self.urn.split("::")
        return parts[2].rsplit("$", 1)[-1] if len(parts) > 3 else ""

    def __str__(self) -> str:
        return f"{self.policy}: {self.name} ({self.type}): {self.message}"


def finding(policy: str, pack: str, level: str, urn: str, message: str, *, told: bool) -> Finding:
    """A finding from an event of the engine's. `told`: whether our pack only tells, and the level stands before the message."""
    mandatory = level == "mandatory"
    if told and pack == PACK and message.startswith((MANDATORY, ADVISORY)):
        mandatory = message.startswith(MANDATORY)
        message = message.removeprefix(MANDATORY if mandatory else ADVISORY)
    return Finding(policy, pack, mandatory, urn, message.strip())


def ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Each once: the mandatory ones first, then by policy and resource."""
    return tuple(sorted(dict.fromkeys(findings), key=lambda found: (not found.mandatory, found.policy, found.urn, found.message)))


class ViolatedError(EngineError):
    """Mandatory policies are violated: nothing is changed, unless it shows only while things are changed."""

    def __init__(self, findings: Iterable[Finding], what: str, *, changed: bool = False) -> None:
        self.findings = tuple(found for found in ordered(findings) if found.mandatory)
        self.what = what
        outcome = "what was done before is in the state" if changed else "nothing was changed"
        lines = "\n".join(f"  {found}".replace("\n", "\n    ") for found in self.findings)
        count = f"{len(self.findings)} mandatory finding{'' if len(self.findings) == 1 else 's'}"
        super().__init__(f"{what} violates policies, {outcome}; {count} (to accept one, with a reason and an end: policies.yaml):\n{lines}")
