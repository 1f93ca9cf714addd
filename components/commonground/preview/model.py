"""What a report says, as plain data: the one source of all its forms, and of the JSON report's schema."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal


class Class(StrEnum):
    """What a change means to a reviewer, the weightiest first."""

    DATA = "data at risk"
    DOWNTIME = "downtime"
    WIDER = "security wider"
    NARROWER = "security narrower"
    COST_UP = "cost up"
    COST_DOWN = "cost down"
    OTHER = "other"
    COSMETIC = "cosmetic"

    @property
    def weight(self) -> int:
        """Place in the order of weight; 0 is looked at first."""
        return list(Class).index(self)


Operation = Literal["create", "change", "replace", "delete"]


@dataclass(frozen=True)
class Reason:
    """Why a change is in a class."""

    kind: Class
    why: str
    """Example: `its nodes are replaced, a few at a time`."""


@dataclass(frozen=True)
class PropertyChange:
    """One property that differs, secrets masked."""

    path: str
    """Example: `scalingConfig.maxSize`."""
    before: str
    """As text; `nothing` where there was none."""
    after: str
    """As text; `known after up` where the engine does not know it yet."""
    replaces: bool = False
    """Whether it is what replaces the resource."""


@dataclass(frozen=True)
class Change:
    """What would happen to one resource."""

    urn: str
    operation: Operation
    name: str
    """Logical name."""
    type: str
    """Example: `aws:s3/bucket:Bucket`."""
    place: tuple[str, ...] = ()
    """Names of the components that it stands in, from the outside."""
    properties: tuple[PropertyChange, ...] = ()
    """What differs; of a new resource all that it gets, of a deleted one nothing."""
    reasons: tuple[Reason, ...] = ()
    """Its classes, the weightiest first; never empty."""
    holds_data: bool = False
    """Whether resources of this type hold what cannot be made again."""
    protected: bool = False
    """Whether the engine refuses to delete it, in the state that there is."""
    lifted: bool = False
    """Whether a protection that it had goes."""
    cause: str | None = None
    """URN of the resource whose replacement makes this one's."""

    @property
    def weight(self) -> tuple[int, int, int, str, str]:
        """Order in a report: replacements and deletions of what holds data first, then by class; what follows from another one's replacement after that."""
        going = self.holds_data and self.operation in ("replace", "delete")
        return (0 if going else 1, self.reasons[0].kind.weight, 0 if self.cause is None else 1, self.type, self.name)


@dataclass(frozen=True)
class PolicyFinding:
    """What a policy says of a resource."""

    policy: str
    mandatory: bool
    message: str
    urn: str = ""
    """Empty: of the whole stack."""

    @property
    def name(self) -> str:
        """Logical name of the resource."""
        return self.urn.rsplit("::", 1)[-1]


@dataclass(frozen=True)
class Amount:
    """How much there may be at most, by the scale's maximum; None: not known."""

    before: int | None
    after: int | None

    @property
    def more(self) -> int:
        """How many more, or with a minus fewer. 0 where it is not known."""
        return 0 if self.before is None or self.after is None else self.after - self.before


@dataclass(frozen=True)
class Cost:
    """What node groups may cost at most, in nodes and GPUs at one time; an hour of each is a node hour and a GPU hour."""

    nodes: Amount
    gpus: Amount


@dataclass(frozen=True)
class EnvironmentReport:
    """One environment's part."""

    environment: str
    against: str
    """What the preview was made against, in words. Empty: the real state."""
    counts: dict[str, int]
    """Resources by what happens to them: create, change, replace, delete, same."""
    first: tuple[str, ...] = ()
    """What to look at first, the weightiest first."""
    changes: tuple[Change, ...] = ()
    """By weight."""
    findings: tuple[PolicyFinding, ...] = ()
    """Mandatory ones first."""
    lifted: tuple[str, ...] = ()
    """Names of the resources whose protection goes."""
    cost: Cost | None = None
    """None: no node group changes."""
    problems: tuple[str, ...] = ()
    """Why the preview failed; the rest is what it had seen by then."""
    notes: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether the preview did not come to its end."""
        return bool(self.problems)

    @property
    def classes(self) -> dict[Class, int]:
        """How many changes are in each class, the weightiest class first; classes without any are left out."""
        found = {kind: sum(any(reason.kind is kind for reason in change.reasons) for change in self.changes) for kind in Class}
        return {kind: number for kind, number in found.items() if number}


@dataclass(frozen=True)
class ParityReport:
    """Whether two of the report's environments have one shape after the change."""

    first: str
    second: str
    shape: tuple[str, ...]
    """Differences of shape, one line each: there should be none."""
    scale: tuple[str, ...]
    """What scale, bindings and lock let differ, one line each."""


@dataclass(frozen=True)
class Report:
    """A preview of one or more environments."""

    environments: tuple[EnvironmentReport, ...]
    parity: tuple[ParityReport, ...] = ()
    project: str = ""
    """Name of the Pulumi project: it tells apart the comments of two projects on one pull request."""
    version: int = field(default=1)
    """Of this form. It grows when something is taken away or means another thing; what is added does not change it."""

    @property
    def changes(self) -> int:
        """How many resources would be made, changed or taken away."""
        return sum(len(environment.changes) for environment in self.environments)

    @property
    def failed(self) -> bool:
        """Whether a preview did not come to its end."""
        return any(environment.failed for environment in self.environments)
