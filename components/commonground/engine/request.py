"""What a run is asked for, and how it answers: the JSON between the command line and the worker, a process of its own."""

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

HALF_MADE = "half-made.json"
"""File in a run's own folder: URNs of what a killed run was creating, which the stand-ins look for before they create."""


class Mode(StrEnum):
    """What a run does."""

    UP = "up"
    PREVIEW = "preview"
    DESTROY = "destroy"
    REFRESH = "refresh"
    OUTPUTS = "outputs"
    INIT = "init"
    PLAN = "plan"
    """Bring a program up in a throw-away state, by stand-ins in plan mode: for others to be previewed against."""


class State(StrEnum):
    """Where a run keeps its state."""

    TEAM = "team"
    """The backend that the user is logged in to; the stack's own file, with its secrets provider."""
    CHECKOUT = "checkout"
    """Files under the checkout's ignored `.commonground/`: the environment `local`."""
    THROW_AWAY = "throw_away"
    """A folder that goes with the command, whose runs share it: offline."""


@dataclass(frozen=True)
class StandIns:
    """The providers on loopback that take the official ones' places."""

    mode: str
    """`live` deploys to the local cloud, `plan` to nothing."""
    kubernetes: str
    """Version whose schema checks the objects. Example: `1.36`."""
    endpoint: str | None = None
    manifests: str | None = None


@dataclass(frozen=True)
class RealKubernetes:
    """A run whose clusters have API servers: the official Kubernetes provider takes the stand-in's place."""

    environment: dict[str, str]
    """What the engine and its providers get: where programs are, how the local cloud is reached."""
    downloads: bool = False
    """Whether the engine has to download the provider: there is none on the PATH."""


@dataclass(frozen=True)
class Request:
    """One run. Paths are absolute."""

    mode: Mode
    project: str
    """Folder of the project's Pulumi.yaml."""
    environment: str
    cli: str
    """The Pulumi CLI."""
    cli_version: str
    state: State
    backend: str | None = None
    """Folder of the state, where it is not the team's."""
    stand_ins: StandIns | None = None
    real_kubernetes: RealKubernetes | None = None
    policy_packs: tuple[str, ...] = ()
    verify: bool = False
    """Offline: whether a second preview, on what the first one made, has to say that nothing changes."""
    refresh: bool = False
    """A preview: whether it first reads the cloud, for itself only. Neither the state nor the cloud is changed by it."""
    as_caller: bool = False
    """A preview: whether its providers act as the caller, not as the role that deploys."""
    ask: bool = False
    """Whether to ask before anything is changed."""
    cloud: str | None = None
    """Instance of the local cloud that serves this run; empty: none runs. A state made in another one is dropped."""

    def to_json(self) -> dict[str, Any]:
        """As the worker reads it."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Request":
        """As `to_json` wrote it."""
        stand_ins = StandIns(**data["stand_ins"]) if data["stand_ins"] else None
        real = RealKubernetes(**data["real_kubernetes"]) if data["real_kubernetes"] else None
        enums = {"mode": Mode(data["mode"]), "state": State(data["state"]), "policy_packs": tuple(data["policy_packs"])}
        return cls(**{**data, **enums, "stand_ins": stand_ins, "real_kubernetes": real})


class Status(StrEnum):
    """How a run ended."""

    DONE = "done"
    FAILED = "failed"
    PROTECTED = "protected"
    """Something protected would have been deleted: nothing was changed."""
    DECLINED = "declined"
    """The user said no after the preview."""
    INTERRUPTED = "interrupted"
    BUSY = "busy"
    PENDING = "pending"
    """An earlier run was killed while it created something, which this one would forget: nothing was changed."""
    VIOLATED = "violated"
    """A mandatory policy is violated."""
    NOT_CREATED = "not_created"
    NOT_LOGGED_IN = "not_logged_in"
    """The CLI knows no backend to keep the state in."""


@dataclass(frozen=True)
class Answer:
    """The last line of a worker."""

    status: Status
    problems: list[dict[str, Any]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    """Of what is protected, or pending."""
    holder: int | None = None
    """Id of the process that has the environment, where it is known."""
    changed: bool = False
    """Whether it had begun to change things."""
    outputs: dict[str, Any] = field(default_factory=dict)
    """The stack's outputs, secrets masked."""
