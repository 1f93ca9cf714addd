"""What can go wrong with the engine: classes with the facts as attributes, text made here and nowhere else."""

from collections.abc import Collection
from dataclasses import dataclass

from commonground.engine.steps import Step

PREVIEW = "the preview"
"""What errors call a run that changes nothing."""
LOGIN = "`{cli} login s3://BUCKET`, or set PULUMI_BACKEND_URL or PULUMI_ACCESS_TOKEN"

EVENT_LOG = (
    "write it with `pulumi preview --json > FILE` (PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true adds policy results), "
    "or `--event-log FILE` (which the CLI knows with PULUMI_DEBUG_COMMANDS=true)"
)


@dataclass(frozen=True)
class Problem:
    """One reason why a run failed."""

    reason: str
    name: str | None = None
    """Logical name of the resource; none: the run as a whole."""
    type: str | None = None

    def __str__(self) -> str:
        return f"{self.name} ({self.type}): {self.reason}" if self.name else self.reason


class EngineError(Exception):
    """Something that the user has to know, as one message."""


class NoEngineError(EngineError):
    """No Pulumi CLI was found and none could be installed."""

    def __init__(self, tried: list[tuple[str, str]], minimum: str) -> None:
        self.tried = tried
        self.minimum = minimum
        lines = "\n".join(f"  {what}: {why}" for what, why in tried)
        super().__init__(
            f"the Pulumi CLI is needed ({minimum} or later), and could not be had:\n{lines}\n"
            "How to get it: install the Pulumi CLI so that `pulumi version` works, or install Go and let it reach a module proxy (GOPROXY), "
            "then run this again."
        )


class BrokenEngineError(EngineError):
    """A Pulumi CLI was made but does not work."""

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"the Pulumi CLI at {path} does not work: {reason}")


class BusyError(EngineError):
    """Another run is changing this environment."""

    def __init__(self, environment: str, pid: int | None = None) -> None:
        self.environment = environment
        self.pid = pid
        who = f" (process {pid})" if pid else ""
        super().__init__(f"another run{who} is changing the environment {environment!r}: wait until it is done, then run this again")


class NotCreatedError(EngineError):
    """The environment has no stack in the backend that the team logs in to."""

    def __init__(self, environment: str) -> None:
        self.environment = environment
        super().__init__(
            f"the environment {environment!r} is not there yet: `commonground init {environment}` creates it in the state that you are logged in to"
        )


class NotLoggedInError(EngineError):
    """No backend keeps the state of real environments: nobody has logged in to one here."""

    def __init__(self, cli: str) -> None:
        self.cli = cli
        super().__init__(f"not logged in to a Pulumi backend, which keeps the state of a real environment. Fix: {LOGIN.format(cli=cli)}")


class NoProjectError(EngineError):
    """There is no Pulumi project, or no file for the environment."""

    def __init__(self, missing: str, expected: str) -> None:
        self.missing = missing
        self.expected = expected
        super().__init__(f"{missing} is missing: {expected}")


class UnansweredError(EngineError):
    """A change has to be confirmed, and nobody is there to ask."""

    def __init__(self, environment: str) -> None:
        self.environment = environment
        super().__init__(f"{environment!r} is a real environment and there is no terminal to ask in: nothing was changed; `--yes` answers beforehand")


class ProtectedError(EngineError):
    """Something protected stands in the way of a deletion."""

    def __init__(self, names: list[str], what: str, seen: tuple[Step, ...] = ()) -> None:
        self.names = names
        self.what = what
        self.seen = seen
        """Steps that the preview told before protection ended it."""
        outcome = "" if what == PREVIEW else "; nothing was changed"
        super().__init__(
            f"{'up' if what == PREVIEW else what} would delete or replace what is protected{outcome}. "
            "To go on, put these names in the scale, have that reviewed, run `up` with that alone, then do this again "
            "(a name leaves the list with the change that takes the thing out of the blueprint):\n"
            f"  unprotected: [{', '.join(names)}]"
        )


class PendingError(EngineError):
    """A run was killed while it created something, and this one would forget what the cloud may have made of it."""

    def __init__(self, names: list[str], what: str, environment: str) -> None:
        self.names = names
        self.what = what
        fix = (
            f"`commonground up {environment}` takes it over; destroy after that"
            if what == "destroy"
            else "the program has it no more: put it back for one `up`, which takes it over, and remove it after that"
        )
        super().__init__(f"an earlier run was killed while it created {', '.join(names)}, and the cloud may have that; nothing was changed. Fix: {fix}")


class StandInsError(EngineError):
    """The process of the stand-ins did not start."""

    def __init__(self, said: str) -> None:
        self.said = said
        super().__init__(f"the stand-ins for the providers did not start: {said or 'their process ended without a word'}")


class RunError(EngineError):
    """A run failed, for these reasons."""

    def __init__(self, problems: list[Problem], what: str, seen: tuple[Step, ...] = ()) -> None:
        self.problems = problems
        self.what = what
        self.seen = seen
        """Steps that the preview told before it failed."""
        super().__init__("\n".join([f"{what} failed:", *(f"  {_indented(str(problem))}" for problem in problems)]))


class BeneathError(EngineError):
    """The foundation that a team's stack stands on could not be brought up offline."""

    def __init__(self, foundation: str, error: EngineError) -> None:
        self.foundation = foundation
        self.error = error
        reasons = error.problems if isinstance(error, RunError) else [error]
        lines = "\n".join(f"  {_indented(str(reason))}" for reason in reasons)
        super().__init__(f"the foundation that this stands on ({foundation}) could not be brought up offline, so nothing was previewed:\n{lines}")


class StoodOnError(EngineError):
    """A foundation is to go that other stacks stand on."""

    def __init__(self, environment: str, stacks: dict[str, str]) -> None:
        """`stacks`: folder of each project that has something there, by its name."""
        self.environment = environment
        self.stacks = stacks
        commands = "\n".join(f"  commonground destroy {environment} --project {folder}" for folder in stacks.values())
        super().__init__(
            f"{', '.join(stacks)} {'stand' if len(stacks) > 1 else 'stands'} on this foundation: nothing was changed. Take away first:\n{commands}"
        )


class NoGroundError(EngineError):
    """The foundation that a team's stack stands on is not there."""

    def __init__(self, environment: str, foundation: str) -> None:
        """`foundation`: its project's folder."""
        self.environment = environment
        self.foundation = foundation
        where = "" if foundation == "." else f" --project {foundation}"
        super().__init__(f"the foundation is not up: run `commonground up {environment}{where}` first")


class InterruptedRunError(EngineError):
    """The user, or the system, ended a run before it was done."""

    def __init__(self, what: str, *, changing: bool, environment: str = "", unread: Collection[str] = ()) -> None:
        """`unread`: names of what it was changing, where the next run will not read that by itself."""
        self.what = what
        self.unread = sorted(unread)
        rest = f"what was done so far is in the state, and the next `{what}` finishes it" if changing else "nothing was changed"
        if unread:
            rest += f". The state may not have {', '.join(self.unread)} as the cloud has: run `commonground refresh {environment}` first"
        super().__init__(f"{what} was interrupted: {rest}")


class EventLogError(EngineError):
    """A file is no event log of Pulumi's, or one that cannot be read."""

    def __init__(self, path: str, found: str, *, line: int | None = None, fix: str = EVENT_LOG) -> None:
        self.path = path
        self.found = found
        self.line = line
        self.fix = fix
        where = f"{path}, line {line}" if line else path
        super().__init__(f"{where}: {found}; expected an event log of `pulumi preview`. Fix: {fix}")


def _indented(text: str) -> str:
    return text.replace("\n", "\n    ")
