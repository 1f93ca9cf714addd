"""A model behind an HTTP server."""

from collections.abc import Mapping

import pulumi

from commonground.workloads.neighbours import RegistryLike, TeamLike
from commonground.workloads.serving import Serving
from commonground.workloads.settings import ModelServiceSettings

MODEL_LABEL = "commonground.dev/model"
VERSION_LABEL = "commonground.dev/model-version"


class ModelService(Serving):
    """A deployment on GPU pools, or on the general ones without a GPU; its service and a disruption budget.

    With GPUs an update takes a pod away before it starts its successor, which needs its GPU: with one replica there is a gap as long as the start takes.
    """

    def __init__(
        self,
        name: str,
        settings: ModelServiceSettings,
        *,
        team: TeamLike,
        registry: RegistryLike,
        deployed_env: Mapping[str, pulumi.Input[str]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """As `Service`. Raises `NoSuchGpuError`, once a platform's contract is known, where none of its pools has such GPUs.

        A GPU that the team's quota does not have is refused by the cluster, when the pod is made.
        """
        super().__init__("commonground:workloads:ModelService", name, None, opts)
        self._serve(
            name,
            settings,
            team=team,
            registry=registry,
            component="model-service",
            version=settings.version,
            labels={MODEL_LABEL: settings.model, VERSION_LABEL: settings.version},
            most=settings.replicas,
            gpu=settings.gpu,
            deployed_env=deployed_env,
        )
        self.register_outputs({"url": self.url})
