"""How a pod gets the GPUs that it asks for: by a count and its node's labels from the device plugin, or by a claim from the DRA driver."""

from collections.abc import Iterator

import pulumi
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.resource.v1 import ResourceClaimTemplate

from commonground.dra import claim_template
from commonground.gpus import GPU, MEMORY_LABEL, PRODUCT_LABEL, SHARED_LABEL
from commonground.settings.base import GpuSoftware
from commonground.workloads.settings import GpuRequest

CLAIM = "gpu"
"""Name of the claim in the pod."""


def claim(workload: str, gpu: GpuRequest, *, namespace: pulumi.Input[str], opts: pulumi.ResourceOptions) -> ResourceClaimTemplate | None:
    """What each pod's claim is made of; None where the device plugin counts GPUs."""
    if gpu.software is not GpuSoftware.DRA:
        return None
    label = f"{workload}-gpu"
    return claim_template(label, namespace=namespace, count=gpu.count, product=gpu.product, min_memory_mib=gpu.min_memory_mib, opts=opts)


def place(spec: core.PodSpecArgsDict, gpu: GpuRequest, template: pulumi.Input[str] | None) -> None:
    """Lets a pod on nodes with GPUs, of the kind that it asks for. `template`: name of its claims' template."""
    spec["tolerations"] = [{"key": GPU, "operator": "Exists", "effect": "NoSchedule"}]
    if template is not None:
        # The claim itself says of which kind: one pool may have several.
        spec["resource_claims"] = [{"name": CLAIM, "resource_claim_template_name": template}]
        return
    kinds = list(_kinds(gpu))
    if kinds:
        spec["affinity"] = {"node_affinity": {"required_during_scheduling_ignored_during_execution": {"node_selector_terms": [{"match_expressions": kinds}]}}}


def counted(gpu: GpuRequest | None) -> dict[str, str]:
    """What a container requests of the device plugin, and is limited to."""
    return {GPU: str(gpu.count)} if gpu and gpu.software is GpuSoftware.DEVICE_PLUGIN else {}


def claimed(gpu: GpuRequest | None) -> list[core.ResourceClaimArgsDict]:
    """Which of its pod's claims a container uses."""
    return [{"name": CLAIM}] if gpu and gpu.software is GpuSoftware.DRA else []


def _kinds(gpu: GpuRequest) -> Iterator[core.NodeSelectorRequirementArgsDict]:
    if gpu.product:
        yield {"key": PRODUCT_LABEL, "operator": "In", "values": [gpu.product]}
    if gpu.min_memory_mib:
        # There is no operator for "at least" (Kubernetes API reference, NodeSelectorRequirement).
        yield {"key": MEMORY_LABEL, "operator": "Gt", "values": [str(gpu.min_memory_mib - 1)]}
    if gpu.count > 1:
        # The device plugin refuses two shares to one pod, after it was placed: each successor would go the same way (`deviceplugin.config`).
        yield {"key": SHARED_LABEL, "operator": "DoesNotExist"}
