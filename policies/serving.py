"""The pack as the engine talks to it: pulumi_policy's own, but for how resources are read.

pulumi_policy hands each policy the properties anew, secrets in the clear. Here they are read once, with secrets and unknowns hidden, and all policies that look
at the type get them. What is the same: the pack, its policies and their levels as `pulumi_policy` objects, the server, and configuration by the engine's
`--policy-pack-config`, by which a policy can be made advisory, mandatory or be disabled.
"""

import os
from typing import Any

from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy, StackValidationPolicy
from pulumi_policy import policy as library

from policies.policy import Policy, Resource, Severity, Strictness
from policies.session import Finding, Session
from policies.settings import Configuration, configuration
from policies.table import FILE, POLICIES
from policies.values import from_struct

PACK = "commonground"
ONLY_TELL = "COMMONGROUND_POLICIES_ONLY_TELL"
"""Variable by which everything is reported as advisory, with its level before the message. See `commonground.engine.findings`, which sets it."""
LEVELS = {True: EnforcementLevel.MANDATORY, False: EnforcementLevel.ADVISORY}


def serve() -> None:
    """Serves the pack until the engine ends it. The engine reads the port from stdout."""
    library._PolicyAnalyzerServicer = Analyzer  # type: ignore[misc,assignment]  # PolicyPack has no other way to take one
    PolicyPack(PACK, [converted(policy) for policy in POLICIES] + [_of_the_file()], EnforcementLevel.ADVISORY)


def converted(policy: Policy) -> Any:
    """A policy as pulumi_policy's, for the engine to list and to configure. Its findings come from `Analyzer`."""
    level = LEVELS[policy.severity.mandatory(Strictness.MEDIUM)]
    kind: type[Any] = ResourceValidationPolicy if policy.check else StackValidationPolicy
    return kind(policy.id, policy.why, _nothing, level, display_name=policy.title, remediation_steps=policy.fix)


def _of_the_file() -> Any:
    why = "Thresholds and accepted exceptions are one reviewed file: what is wrong in it would be measured wrongly."
    return StackValidationPolicy(FILE, why, _nothing, EnforcementLevel.MANDATORY, display_name="policies.yaml is right", remediation_steps="Do as it says.")


def _nothing(args: Any, report: Any) -> None:
    """Finds nothing: see `Analyzer`."""


class Analyzer(library._PolicyAnalyzerServicer):
    """The servicer: reads a resource once, for all policies."""

    def __init__(self, name: str, version: str, policies: list[Any], *more: Any) -> None:
        super().__init__(name, version, policies, *more)
        self._name, self._version, self._policies = name, version, policies
        self._session = Session(Configuration(configuration("", "", {}).thresholds))
        self._only_tells = bool(os.environ.get(ONLY_TELL))

    def ConfigureStack(self, request: Any, context: Any) -> Any:
        """Which stack it is about: from here on levels are those of its environment."""
        self._session = Session(configuration(request.project, request.stack, request.config))
        severities = {policy.id: policy.severity for policy in POLICIES}
        for policy in self._policies:
            policy.enforcement_level = LEVELS[severities.get(policy.name, Severity.ALWAYS).mandatory(self._session.strictness)]
        return super().ConfigureStack(request, context)

    def Remediate(self, request: Any, context: Any) -> Any:
        """Nothing: policies only say what is wrong."""
        return analyzer_pb2.RemediateResponse()

    def Analyze(self, request: Any, context: Any) -> Any:
        """What is found in one resource."""
        return self._answer(self._session.resource(_resource(request)))

    def AnalyzeStack(self, request: Any, context: Any) -> Any:
        """What is found in all of them. Of the request only what depends on what is read: the resources' inputs were there before."""
        sources = {one.urn: {key: frozenset(urns.urns) for key, urns in one.propertyDependencies.items()} for one in request.resources}
        return self._answer(self._session.stack(sources))

    def _answer(self, findings: list[Finding]) -> Any:
        levels = {policy.name: self._get_enforcement_level(policy) for policy in self._policies} if findings else {}
        diagnostics = [self._diagnostic(found, levels[found.policy]) for found in findings if levels[found.policy] is not EnforcementLevel.DISABLED]
        return analyzer_pb2.AnalyzeResponse(diagnostics=diagnostics)

    def _diagnostic(self, found: Finding, level: EnforcementLevel) -> Any:
        # What is only a note stays advisory, whatever its policy's level.
        mandatory = level is not EnforcementLevel.ADVISORY and (found.mandatory or self._raised(found, level))
        message = f"{'mandatory' if mandatory else 'advisory'}: {found.message}" if self._only_tells else found.message
        reported = EnforcementLevel.MANDATORY if mandatory and not self._only_tells else EnforcementLevel.ADVISORY
        return analyzer_pb2.AnalyzeDiagnostic(
            policyName=found.policy,
            policyPackName=self._name,
            policyPackVersion=self._version,
            message=message,
            urn=found.urn,
            enforcementLevel=self._map_enforcement_level(reported),
        )

    def _raised(self, found: Finding, level: EnforcementLevel) -> bool:
        """Whether the engine's own configuration makes mandatory what the environment does not."""
        own = next(policy.enforcement_level for policy in self._policies if policy.name == found.policy)
        return own is EnforcementLevel.ADVISORY and level is not EnforcementLevel.ADVISORY and not found.note


def _resource(request: Any) -> Resource:
    provider = from_struct(request.provider.properties) if request.HasField("provider") else {}
    return Resource(request.type, request.name, from_struct(request.properties), request.urn, request.options.protect, request.options.parent, provider)
