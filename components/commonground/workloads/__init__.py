"""Workloads: what a team runs on the foundation, from its own stack."""

from commonground.workloads.configuration import LooseModelError, configured
from commonground.workloads.kinds import NoSuchGpuError
from commonground.workloads.modelservice import ModelService
from commonground.workloads.neighbours import NoNamespaceError, NoProviderError, RegistryLike, RepeatedWorkloadError, TeamLike
from commonground.workloads.service import Service
from commonground.workloads.settings import GpuRequest, ImageReference, ModelServiceSettings, Priority, ProbeSettings, ServiceSettings, WorkloadError

__all__ = [
    "GpuRequest",
    "ImageReference",
    "LooseModelError",
    "ModelService",
    "ModelServiceSettings",
    "NoNamespaceError",
    "NoProviderError",
    "NoSuchGpuError",
    "Priority",
    "ProbeSettings",
    "RegistryLike",
    "RepeatedWorkloadError",
    "Service",
    "ServiceSettings",
    "TeamLike",
    "WorkloadError",
    "configured",
]
