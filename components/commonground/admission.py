"""What a team's objects may not be, though its members may make them: asked of each by the API server itself, which no role and no quota can."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from commonground.addons import NoKubernetesError
from commonground.cluster import ClusterLike
from commonground.gpus import GPU
from commonground.networkpolicies import TEAM_LABEL

VISIBLE = "NVIDIA_VISIBLE_DEVICES"
"""By this variable NVIDIA's runtime shows a container GPUs that it was not given (NVIDIA Container Toolkit, "Docker Specialized Configurations")."""

_TOLERATES = f"(has(object.spec.tolerations) && object.spec.tolerations.exists(t, !has(t.key) || t.key == '{GPU}'))"
_COUNTS = f"object.spec.containers.exists(c, has(c.resources.limits) && '{GPU}' in c.resources.limits && c.resources.limits['{GPU}'] != '0')"
_CLAIMS = "has(object.spec.resourceClaims)"
_ALL = "(object.spec.containers + (has(object.spec.initContainers) ? object.spec.initContainers : []))"
_CHOOSES = f"{_ALL}.exists(c, has(c.env) && c.env.exists(e, e.name == '{VISIBLE}'))"


@dataclass(frozen=True)
class Bound:
    """Rules on objects of one kind in the namespaces of teams. A rule holds where its expression (CEL, over `object`) is true."""

    name: str
    resource: str
    """Of the core group."""
    rules: tuple[tuple[str, str], ...]
    """Expression, and what is said where it does not hold."""
    operations: tuple[str, ...] = ("CREATE", "UPDATE")


BOUNDS = (
    Bound(
        "team-pods",
        "pods",
        (
            ("!has(object.spec.nodeName)", "a pod is placed by the scheduler: leave out `nodeName`, which goes by every taint"),
            (f"!{_TOLERATES} || {_COUNTS} || {_CLAIMS}", f"nodes with GPUs are for pods that ask for one: limit {GPU}, or leave out the toleration"),
            (f"!{_CHOOSES}", f"`{VISIBLE}` is the node's to set: it would show GPUs that other pods have"),
        ),
        ("CREATE",),
    ),
    Bound(
        "team-services",
        "services",
        (("!has(object.spec.externalIPs) || size(object.spec.externalIPs) == 0", "`externalIPs` take others' traffic: leave them out"),),
    ),
    Bound(
        "team-secrets",
        "secrets",
        (("object.type != 'kubernetes.io/service-account-token'", "tokens of service accounts are given to pods, for a while: leave out this `type`"),),
    ),
)
"""Pods: on nodes with GPUs only with a GPU, so that quotas count them. A token in a secret would be one for ever, for whoever may read the secret."""


class Admission(pulumi.ComponentResource):
    """A policy and its binding for each of `BOUNDS`, in every namespace of a team."""

    policies: dict[str, kubernetes.admissionregistration.v1.ValidatingAdmissionPolicy]
    """By name in the cluster."""

    def __init__(self, name: str, *, cluster: ClusterLike, after: Sequence[pulumi.Resource], opts: pulumi.ResourceOptions | None = None) -> None:
        """`after`: what the first Kubernetes object waits for. Raises `NoKubernetesError`."""
        super().__init__("commonground:admission:Admission", name, None, opts)
        if cluster.kubernetes is None:
            raise NoKubernetesError(name)
        inside = pulumi.ResourceOptions(parent=self, provider=cluster.kubernetes, depends_on=[*after])
        self.policies = {bound.name: _policy(f"{name}-{bound.name}", bound, inside) for bound in BOUNDS}
        for bound in BOUNDS:
            _binding(f"{name}-{bound.name}", bound, pulumi.ResourceOptions.merge(inside, pulumi.ResourceOptions(depends_on=[self.policies[bound.name]])))
        self.register_outputs({"policies": sorted(self.policies)})


def _policy(label: str, bound: Bound, opts: pulumi.ResourceOptions) -> kubernetes.admissionregistration.v1.ValidatingAdmissionPolicy:
    return kubernetes.admissionregistration.v1.ValidatingAdmissionPolicy(
        label,
        metadata={"name": bound.name},
        spec={
            "failure_policy": "Fail",
            "match_constraints": {
                "namespace_selector": {"match_expressions": [{"key": TEAM_LABEL, "operator": "Exists"}]},
                "resource_rules": [{"api_groups": [""], "api_versions": ["v1"], "resources": [bound.resource], "operations": list(bound.operations)}],
            },
            "validations": [{"expression": expression, "message": message} for expression, message in bound.rules],
        },
        opts=opts,
    )


def _binding(label: str, bound: Bound, opts: pulumi.ResourceOptions) -> None:
    kubernetes.admissionregistration.v1.ValidatingAdmissionPolicyBinding(
        label, metadata={"name": bound.name}, spec={"policy_name": bound.name, "validation_actions": ["Deny"]}, opts=opts
    )
