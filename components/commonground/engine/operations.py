"""What the modes do with the engine: a preview comes before every change, in the same run."""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from typing import Any

from pulumi.automation import CommandResult, Stack
from pulumi.automation.errors import CommandError, ConcurrentUpdateError

from commonground.engine.channel import Channel
from commonground.engine.diagnosis import diagnose, from_output
from commonground.engine.errors import BusyError, NotCreatedError, Problem
from commonground.engine.findings import ONLY_TELL
from commonground.engine.request import Answer, Mode, Request, State, Status
from commonground.engine.steps import Op
from commonground.engine.watch import Watch
from commonground.engine.workspace import Workspace

# The CLI's words where it knows no backend and may not ask (pkg/backend/httpstate, Login).
NOT_LOGGED_IN = "PULUMI_ACCESS_TOKEN must be set for login"

DELETION_PROTECTION = ("deletionProtection", "deletionProtectionEnabled")
"""Properties by which AWS refuses to delete a thing until they are switched off, in a change of their own (EKS clusters, log groups)."""


class Stopped(Exception):
    """An interrupt came while no engine ran that it could have stopped."""


class Operations:
    """One run's work on its stack."""

    def __init__(self, request: Request, workspace: Workspace, channel: Channel, program: Callable[[], None]) -> None:
        self._request = request
        self._workspace = workspace
        self._channel = channel
        self._program = program
        self._watch = Watch(channel, mends=request.state is State.CHECKOUT)
        self._changing = False

    def run(self) -> Answer:
        """Does what the mode says."""
        work: dict[Mode, Callable[[Stack], Answer]] = {
            Mode.UP: self._up,
            Mode.PREVIEW: self._preview,
            Mode.DESTROY: self._destroy,
            Mode.REFRESH: self._refresh,
            Mode.OUTPUTS: self._outputs,
            Mode.INIT: lambda stack: Answer(Status.DONE),
            Mode.PLAN: self._plan,
        }
        try:
            stack = self._workspace.stack(self._program)
            try:
                return work[self._request.mode](stack)
            except CommandError as error:
                return self._failed(stack, error)
        except Stopped:
            return Answer(Status.INTERRUPTED, changed=self._changing)
        except NotCreatedError:
            return Answer(Status.NOT_CREATED)
        except (ConcurrentUpdateError, BusyError):
            return Answer(Status.BUSY)
        except CommandError as error:
            if self._channel.interrupted:
                return Answer(Status.INTERRUPTED)
            if NOT_LOGGED_IN in str(error):
                return Answer(Status.NOT_LOGGED_IN)
            return Answer(Status.FAILED, problems=[asdict(from_output(str(error)))])

    def _preview(self, stack: Stack) -> Answer:
        self._read_unfinished(stack)
        self._channel.phase("preview")
        if self._request.state is State.THROW_AWAY and self._workspace.new:
            # On nothing a preview alone would never configure the Kubernetes provider, and so check no object.
            self._watch.told = True
            self._workspace.environment[ONLY_TELL] = "1"
            stack.up(**self._options())
            answer = self._verified(stack) if self._request.verify else Answer(Status.DONE, outputs=self._watch.outputs)
            return replace(answer, status=Status.VIOLATED) if answer.status is Status.DONE and self._watch.violated else answer
        self._watch.reads_first = self._request.refresh
        self._watch.as_caller = self._request.as_caller
        # `--refresh` of the engine's preview keeps what it read to itself (pkg/engine/update.go: a preview writes no snapshot).
        # With the program's providers, not those of the state, which act as the role that deploys.
        reading = True if self._request.refresh else None
        stack.preview(refresh=reading, run_program=reading, **self._options())
        return Answer(Status.DONE, outputs=self._watch.outputs)

    def _plan(self, stack: Stack) -> Answer:
        assert self._request.state is State.THROW_AWAY and self._request.stand_ins and self._request.stand_ins.mode == "plan"
        self._channel.phase("plan")
        stack.up(**self._options(policies=False))
        return Answer(Status.DONE, outputs=self._watch.outputs)

    def _verified(self, stack: Stack) -> Answer:
        """Whether a preview after this says that nothing changes; what does is unstable, and would change again at each `up`."""
        outputs = self._watch.outputs
        self._watch.clear()
        self._channel.phase("verify")
        stack.preview(**self._options(policies=False))
        unstable = [step for step in self._watch.steps.values() if step.changes]
        problems = [Problem(f"would change again: {', '.join(sorted(step.diff)) or step.op}", step.name, step.type) for step in unstable]
        status = Status.FAILED if problems else Status.DONE
        return Answer(status, outputs=outputs, problems=[asdict(problem) for problem in problems])

    def _read_unfinished(self, stack: Stack) -> None:
        """Reads what an interrupted run left half done: providers that are cancelled say no more of it, and the state has it as it was before."""
        if unfinished := self._workspace.unfinished:
            self._go_on()
            self._channel.say(f"an earlier run was interrupted while it changed {', '.join(_names(unfinished))}: what is there now is read first")
            stack.refresh(target=sorted(unfinished), on_event=self._watch.listen)
            self._watch.clear()

    def _up(self, stack: Stack) -> Answer:
        self._read_unfinished(stack)
        self._channel.phase("preview")
        stack.preview(**self._options())
        pending = self._workspace.pending
        if dropped := pending - self._watch.steps.keys():
            return Answer(Status.PENDING, names=_names(dropped))
        if kept := self._kept_by_the_service():
            return Answer(Status.PROTECTED, names=kept)
        if not self._watch.clean and not self._confirmed():
            return Answer(Status.DECLINED)
        if pending:
            self._channel.say(f"an earlier run was killed while it created {', '.join(_names(pending))}: what it made is taken over")
        if self._request.state is State.CHECKOUT:
            self._workspace.mend()
        applied = self._workspace.applied
        if applied and self._watch.clean and not pending and applied.holds():
            self._workspace.forget()
            return Answer(Status.DONE, outputs=self._watch.outputs)
        # Also after a preview that changes nothing: options of resources (their order, aliases) are in the state alone.
        self._begin("up")
        stack.up(**self._options())
        if applied:
            applied.write()
        self._workspace.forget()
        return Answer(Status.DONE, outputs=self._watch.outputs, changed=True)

    def _destroy(self, stack: Stack) -> Answer:
        if self._workspace.pending:
            return Answer(Status.PENDING, names=_names(self._workspace.pending))
        self._channel.phase("preview")
        stack.preview_destroy(**self._options(policies=False))
        if kept := self._kept_by_the_service():
            return Answer(Status.PROTECTED, names=kept)
        if not self._watch.clean and not self._confirmed():
            return Answer(Status.DECLINED)
        self._begin("destroy")
        stack.destroy(**self._options(policies=False))
        self._workspace.forget()
        return Answer(Status.DONE, changed=True)

    def _refresh(self, stack: Stack) -> Answer:
        self._begin("refresh")
        stack.refresh(on_event=self._watch)
        self._workspace.forget()
        return Answer(Status.DONE, changed=True)

    def _outputs(self, stack: Stack) -> Answer:
        # Without --show-secrets: the CLI masks what is secret inside of an output too.
        return Answer(Status.DONE, outputs=json.loads(self._said(stack, "stack", "output", "--json").stdout))

    def _failed(self, stack: Stack, error: CommandError) -> Answer:
        if isinstance(error, ConcurrentUpdateError):
            return Answer(Status.BUSY)
        if self._channel.interrupted:
            if self._changing:
                self._workspace.note(self._watch.begun)
            return Answer(Status.INTERRUPTED, changed=self._changing)
        names = self._protected(stack) if not self._changing and self._watch.stopped_by_protection else []
        if names:
            return Answer(Status.PROTECTED, names=names)
        problems = diagnose(self._watch.errors)
        if self._watch.violated and not problems:
            return Answer(Status.VIOLATED, outputs=self._watch.outputs, changed=self._changing)
        problems = problems or [from_output(str(error))]
        return Answer(Status.FAILED, problems=[asdict(problem) for problem in problems], changed=self._changing)

    def _protected(self, stack: Stack) -> list[str]:
        """Names of all that protection stopped. The engine's preview names one and ends, so the state is asked for the rest."""
        # Without --show-secrets: secrets stay encrypted in the text.
        exported = self._said(stack, "stack", "export")
        resources: list[dict[str, Any]] = (json.loads(exported.stdout).get("deployment") or {}).get("resources") or []
        protected = {resource["urn"] for resource in resources if resource.get("protect")}
        steps = self._watch.steps
        stopped = {urn for urn, step in steps.items() if step.kind in (Op.REPLACE, Op.DELETE) or step.op.endswith(("-replacement", "-replaced"))}
        # A deletion comes when the program is through: what it has not named by then is to go.
        gone = {urn for urn in protected if urn not in steps} if self._watch.stopped_by_deletion else set()
        return _names(protected & (stopped | gone))

    def _said(self, stack: Stack, *command: str) -> CommandResult:
        """What the CLI says of the stack."""
        return stack.workspace.pulumi_command.run([*command, "--stack", stack.name], stack.workspace.work_dir, stack.workspace.env_vars)

    def _kept_by_the_service(self) -> list[str]:
        """Names of what would go though the service itself refuses to delete it: halfway through, since the engine knows nothing of that."""
        going = [step for step in self._watch.steps.values() if step.kind in (Op.REPLACE, Op.DELETE)]
        return _names(step.urn for step in going if any(step.old.get(name) is True for name in DELETION_PROTECTION))

    def _confirmed(self) -> bool:
        return not self._request.ask or self._channel.ask()

    def _begin(self, phase: str) -> None:
        self._go_on()
        self._changing = True
        self._watch.clear()
        self._channel.phase(phase)

    def _go_on(self) -> None:
        """Raises `Stopped` where nobody wants this any more."""
        if self._channel.interrupted:
            raise Stopped

    def _options(self, *, policies: bool = True) -> dict[str, Any]:
        """`policies`: not for what is only there to compare with, and not for what goes."""
        self._go_on()
        packs: dict[str, Any] = {"policy_packs": list(self._request.policy_packs)} if policies and self._request.policy_packs else {}
        return {"on_event": self._watch, **packs}


def _names(urns: Iterable[str]) -> list[str]:
    return sorted({urn.rsplit("::", 1)[-1] for urn in urns})
