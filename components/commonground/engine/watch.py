"""Hears the engine's events in the worker, passes them on, and keeps what the answer needs."""

from dataclasses import replace
from typing import Any

from pulumi.automation import EngineEvent

from commonground.engine.channel import Channel
from commonground.engine.diagnosis import plain
from commonground.engine.findings import Finding, finding
from commonground.engine.steps import MAKING, PROVIDERS, STACK, Step, masked, step

# The engine's words for it (pkg/resource/deploy, step_executor.go and step_generator.go).
PROTECTED = ("marked for protection", "because it is protected")
PENDING = "Attempting to deploy or update resources with"
# Warnings of a provider on the PATH, in whose place `clusters.started` says one line (sdk/go/common/workspace/plugins.go; pkg/resource/deploy).
ON_PATH = ("using pulumi-resource-kubernetes from $PATH", "resource plugin kubernetes is expected to have version")
AUTHENTICATION = {"assumeRoles", "kubeconfig"}
"""Properties of providers by which they act as somebody."""
UNTOLD = ("debug", "error")
"""Severities that are not passed on as they come: errors are told once, at the end, with their resource."""


class Watch:
    """Callable with each event; the Automation API does so from a thread of its own."""

    def __init__(self, channel: Channel, *, mends: bool) -> None:
        """`mends`: whether what an interrupted run left is mended here, so that the engine's warning of it would mislead."""
        self._channel = channel
        self._mends = mends
        self.told = False
        """Whether our policy pack only tells (`commonground.engine.findings.ONLY_TELL`)."""
        self.findings: dict[Finding, None] = {}
        """What policies found in all operations of the run, each once, in order."""
        self.as_caller = False
        """Whether providers act as the caller: that they do is no change."""
        self.reads_first = False
        """Whether a preview reads the cloud before it compares: then reading a resource is no step of its own."""
        self.clear()

    def clear(self) -> None:
        """Forgets an operation before the next one."""
        self.outputs: dict[str, Any] = {}
        self.clean = True
        """Whether nothing is made, changed or taken away."""
        self.steps: dict[str, Step] = {}
        """The last step of each resource, by URN."""
        self.begun: set[str] = set()
        """URNs of what a provider began to change and did not end: the cloud may have it otherwise than the state."""
        self.errors: list[tuple[str | None, str]] = []
        """URN and text of each error."""

    @property
    def stopped_by_protection(self) -> bool:
        """Whether the engine refused to delete or replace something."""
        return any(word in text for _, text in self.errors for word in PROTECTED)

    @property
    def stopped_by_deletion(self) -> bool:
        """Whether one of these refusals was of a deletion."""
        return any(PROTECTED[1] in text for _, text in self.errors)

    def __call__(self, event: EngineEvent) -> None:
        if event.resource_pre_event:
            self._step("begin", step(event.resource_pre_event.metadata))
        elif event.res_outputs_event:
            self._step("end", step(event.res_outputs_event.metadata))
        elif event.res_op_failed_event:
            self._step("fail", step(event.res_op_failed_event.metadata))
        elif event.policy_event:
            self._policy(event.policy_event)
        elif event.diagnostic_event:
            self._diagnostic(
                event.diagnostic_event.severity, plain(event.diagnostic_event.message), event.diagnostic_event.urn, event.diagnostic_event.ephemeral
            )

    def listen(self, event: EngineEvent) -> None:
        """Hears what is said alone, and no steps: of an operation that only prepares another one."""
        if event.diagnostic_event:
            self(event)

    @property
    def violated(self) -> bool:
        """Whether a mandatory policy is."""
        return any(found.mandatory for found in self.findings)

    def _policy(self, event: Any) -> None:
        found = finding(event.policy_name, event.policy_pack_name, event.enforcement_level, event.resource_urn or "", plain(event.message), told=self.told)
        if found not in self.findings:
            self.findings[found] = None
            self._channel.finding(found)

    def _step(self, kind: str, found: Step) -> None:
        if self.reads_first and found.op == "refresh":
            return
        if self.as_caller and found.type.startswith(PROVIDERS) and found.diff.keys() <= AUTHENTICATION:
            found = replace(found, op="same", diff={})
        self.steps[found.urn] = found
        if found.custom and found.op in MAKING and kind != "fail":
            (self.begun.add if kind == "begin" else self.begun.discard)(found.urn)
        self._channel.step(kind, found)
        if found.changes:
            self.clean = False
        if found.type == STACK and kind == "end":
            self.outputs = masked(found.outputs)

    def _diagnostic(self, severity: str, text: str, urn: str | None, ephemeral: bool | None) -> None:
        if severity == "error":
            self.errors.append((urn or None, text))
        misleading = (self._mends and text.startswith(PENDING)) or text.startswith(ON_PATH)
        if severity not in UNTOLD and text and not ephemeral and not misleading:
            self._channel.message(severity, text, urn or None)
