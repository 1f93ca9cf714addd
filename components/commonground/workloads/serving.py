"""What applications and model servers share: pods that answer requests under one name, and that updates and drained nodes do not take all at once."""

from collections.abc import Mapping
from types import MappingProxyType

import pulumi
from pulumi_kubernetes.apps import v1 as apps
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta import v1 as meta
from pulumi_kubernetes.policy import v1 as policy
from pulumi_kubernetes.resource.v1 import ResourceClaimTemplate

from commonground.networkpolicies import IDENTITY_LABELS
from commonground.workloads.gpus import claim
from commonground.workloads.kinds import offered
from commonground.workloads.neighbours import NoProviderError, RegistryLike, TeamLike, namespace_of, take
from commonground.workloads.pod import COMPONENT_LABEL, NAME_LABEL, PART_OF_LABEL, PORT, VERSION_LABEL, Pod, template
from commonground.workloads.settings import GpuRequest, WorkloadSettings

SERVICE_PORT = 80

# The deployment is waited for until its pods are ready: the service in front of them has nothing to add (Pulumi Kubernetes, "pulumi.com/skipAwait").
NOT_WAITED_FOR = {"pulumi.com/skipAwait": "true"}

BY_THE_PROGRAM = {"pulumi.com/patchForce": "true"}
"""What an operator changed by hand, as an image, the next `up` takes back. Without it every `up` would end in a conflict of field managers (Pulumi
Kubernetes, "Server-Side Apply")."""

SURGE: apps.RollingUpdateDeploymentArgsDict = {"max_surge": "25%", "max_unavailable": 0}
IN_PLACE: apps.RollingUpdateDeploymentArgsDict = {"max_surge": 0, "max_unavailable": 1}
"""For GPUs: a new pod that waits for a free one while the old pods hold them all would wait for ever."""

NOTHING: Mapping[str, str] = MappingProxyType({})


class Serving(pulumi.ComponentResource):
    """A deployment, the service in front of it, and a disruption budget where there is more than one pod."""

    namespace: pulumi.Output[str]
    deployment: apps.Deployment
    service: core.Service
    budget: policy.PodDisruptionBudget | None
    """None with a single pod, which nothing could keep on a node that is drained."""
    gpu_claim: ResourceClaimTemplate | None
    """None without GPUs, and where the device plugin counts them."""
    url: pulumi.Output[str]
    """Where other pods reach it. Example: `http://web.shop.svc`."""

    def _serve(
        self,
        name: str,
        settings: WorkloadSettings,
        *,
        team: TeamLike,
        registry: RegistryLike,
        component: str,
        version: str,
        labels: Mapping[str, str],
        most: int,
        gpu: GpuRequest | None,
        deployed_env: Mapping[str, pulumi.Input[str]] | None,
    ) -> None:
        """`component`: its kind, and `version`, as labels. `labels`: more of the pods'.

        `most`: pods at most; more than `replicas` where something else sets their number.
        """
        provider = self.get_provider("kubernetes:apps/v1:Deployment")
        if provider is None:
            raise NoProviderError(name)
        take(name, settings.namespace, provider)
        self._label = name
        self._inside = pulumi.ResourceOptions(parent=self)
        self._selector = {NAME_LABEL: name}
        self._labels = {**self._selector, COMPONENT_LABEL: component, PART_OF_LABEL: team.identity.name}
        pod_labels = {**self._labels, VERSION_LABEL: version, **labels, **(IDENTITY_LABELS if settings.uses_aws else {})}
        self.namespace = namespace_of(name, team, settings.namespace)
        image = pulumi.Output.concat(registry.url, "@" if ":" in settings.image else ":", settings.image)
        if gpu:
            # One place of the deployment says it, and says it once.
            image = pulumi.Output.all(image, offered(name, gpu, team)).apply(lambda known: str(known[0]))
        self.gpu_claim = claim(name, gpu, namespace=self.namespace, opts=self._inside) if gpu else None
        template_name = self.gpu_claim.metadata.name if self.gpu_claim else None
        pod = Pod(name, pod_labels, image, team.service_account, gpu, template_name, deployed_env)
        self.deployment = self._deployment(pod, settings, fixed=most == settings.replicas)
        self.service = self._service()
        self.budget = self._budget() if most > 1 else None
        self.url = pulumi.Output.concat("http://", name, ".", self.namespace, ".svc")

    def _metadata(self, annotations: Mapping[str, str] = NOTHING) -> meta.ObjectMetaArgsDict:
        return {"name": self._label, "namespace": self.namespace, "labels": self._labels, "annotations": {**BY_THE_PROGRAM, **annotations}}

    def _deployment(self, pod: Pod, settings: WorkloadSettings, *, fixed: bool) -> apps.Deployment:
        deadline = f"{settings.deadline_minutes}m"
        spec: apps.DeploymentSpecArgsDict = {
            "revision_history_limit": 3,
            "progress_deadline_seconds": settings.deadline_minutes * 60,
            "strategy": {"type": "RollingUpdate", "rolling_update": IN_PLACE if pod.gpu else SURGE},
            "selector": {"match_labels": self._selector},
            "template": template(pod, settings, selector=self._selector),
        }
        if fixed:
            # Left out with an autoscaler, whose number each `up` would undo (Kubernetes, "Migrating Deployments and StatefulSets to horizontal autoscaling").
            spec["replicas"] = settings.replicas
        timeouts = pulumi.CustomTimeouts(create=deadline, update=deadline)
        return apps.Deployment(
            f"{self._label}-deployment",
            metadata=self._metadata(),
            spec=spec,
            opts=pulumi.ResourceOptions(parent=self, custom_timeouts=timeouts),
        )

    def _service(self) -> core.Service:
        return core.Service(
            f"{self._label}-service",
            metadata=self._metadata(NOT_WAITED_FOR),
            spec={
                "type": "ClusterIP",
                "selector": self._selector,
                "ports": [{"name": PORT, "port": SERVICE_PORT, "target_port": PORT, "protocol": "TCP", "app_protocol": "http"}],
            },
            opts=self._inside,
        )

    def _budget(self) -> policy.PodDisruptionBudget:
        """One at a time, which never stops a drain for good; a pod that is not ready may always go."""
        return policy.PodDisruptionBudget(
            f"{self._label}-budget",
            metadata=self._metadata(),
            spec={"max_unavailable": 1, "selector": {"match_labels": self._selector}, "unhealthy_pod_eviction_policy": "AlwaysAllow"},
            opts=self._inside,
        )
