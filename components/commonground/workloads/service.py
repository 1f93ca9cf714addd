"""An application that answers requests."""

from collections.abc import Mapping

import pulumi
from pulumi_kubernetes.autoscaling import v2 as autoscaling

from commonground.workloads.neighbours import RegistryLike, TeamLike
from commonground.workloads.pod import version_of
from commonground.workloads.serving import Serving
from commonground.workloads.settings import ServiceSettings


class Service(Serving):
    """A deployment on the general pools, its service, a disruption budget, and an autoscaler where `max_replicas` asks for one."""

    autoscaler: autoscaling.HorizontalPodAutoscaler | None
    """None where the number of pods is fixed."""

    def __init__(
        self,
        name: str,
        settings: ServiceSettings,
        *,
        team: TeamLike,
        registry: RegistryLike,
        deployed_env: Mapping[str, pulumi.Input[str]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`name` is also that of the Kubernetes objects, and the host name in its namespace. `registry` has the image that the settings name.

        `deployed_env`: environment variables whose values only the deployment knows, as a bucket's name. `opts`: its `providers`, or its
        parent's, have the cluster's Kubernetes provider. Raises `NoProviderError`, `RepeatedWorkloadError`,
        `NoNamespaceError` and `RepeatedVariableError`.
        """
        super().__init__("commonground:workloads:Service", name, None, opts)
        most = settings.max_replicas or settings.replicas
        self._serve(
            name,
            settings,
            team=team,
            registry=registry,
            component="service",
            version=version_of(settings.image),
            labels={},
            most=most,
            gpu=None,
            deployed_env=deployed_env,
        )
        self.autoscaler = self._autoscaler(settings, settings.max_replicas) if settings.max_replicas else None
        self.register_outputs({"url": self.url})

    def _autoscaler(self, settings: ServiceSettings, most: int) -> autoscaling.HorizontalPodAutoscaler:
        target: autoscaling.MetricTargetArgsDict = {"type": "Utilization", "average_utilization": settings.target_cpu_percent}
        return autoscaling.HorizontalPodAutoscaler(
            f"{self._label}-autoscaler",
            metadata=self._metadata(),
            spec={
                "scale_target_ref": {"api_version": "apps/v1", "kind": "Deployment", "name": self._label},
                "min_replicas": settings.replicas,
                "max_replicas": most,
                "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self.deployment]),
        )
