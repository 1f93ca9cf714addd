"""What a user can rely on where GPUs are claimed."""

from typing import Any

import kubernetes_validate
import pytest
from tests.components import gpu_parts as parts
from tests.components.stage import Stage, stage

from commonground.accelerators import Accelerators
from commonground.dra import SharingNeedsPluginError, TooOldForClaimsError, claim_template
from commonground.images import PublicImages
from commonground.settings.base import GpuSoftware
from commonground.settings.environment import AcceleratorsSettings

DAEMON_SET = "kubernetes:apps/v1:DaemonSet"
DEVICE_CLASS = "kubernetes:resource.k8s.io/v1:DeviceClass"
TEMPLATE = "kubernetes:resource.k8s.io/v1:ResourceClaimTemplate"
CLUSTER_ROLE = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole"


def deployed(settings: AcceleratorsSettings) -> Stage:
    return stage(lambda: Accelerators("accelerators", settings, cluster=parts.cluster(), images=PublicImages(), after=()))


def claims(*pools: Any, version: str = "1.36") -> AcceleratorsSettings:
    return parts.accelerators(*pools, software=GpuSoftware.DRA, version=version)


def test_pods_claim_by_nvidias_class_and_no_device_plugin_counts_beside_it() -> None:
    made = deployed(claims())
    assert [one.inputs["metadata"]["name"] for one in made.all(DEVICE_CLASS).values()] == ["gpu.nvidia.com"]
    assert set(made.all(DAEMON_SET)) == {"accelerators-dra-driver", "accelerators-dcgm-exporter"}


def test_parts_of_gpus_have_their_own_class_and_are_cut_first() -> None:
    made = deployed(claims(parts.accelerated("cut", parts.CUT, parts.H100)))
    assert [one.inputs["metadata"]["name"] for one in made.all(DEVICE_CLASS).values()] == ["mig.nvidia.com"]
    (cutting,) = made.one(DAEMON_SET, "accelerators-dra-driver-cut").inputs["spec"]["template"]["spec"]["initContainers"]
    assert cutting["command"][1] == "apply"


def test_each_class_holds_devices_of_its_own_type_only() -> None:
    made = deployed(claims(parts.accelerated("whole"), parts.accelerated("cut", parts.CUT, parts.H100)))
    expressions = {one.inputs["metadata"]["name"]: one.inputs["spec"]["selectors"][0]["cel"]["expression"] for one in made.all(DEVICE_CLASS).values()}
    of_nvidia = "device.driver == 'gpu.nvidia.com' && device.attributes['gpu.nvidia.com'].type == "
    assert expressions == {"gpu.nvidia.com": f"{of_nvidia}'gpu'", "mig.nvidia.com": f"{of_nvidia}'mig'"}


def test_the_exporter_reads_what_nodes_offer_and_nothing_else() -> None:
    role = deployed(claims()).one(CLUSTER_ROLE, "accelerators-dcgm-exporter-role").inputs
    assert role["rules"] == [{"apiGroups": ["resource.k8s.io"], "resources": ["resourceslices"], "verbs": ["get", "list", "watch"]}]


def test_the_driver_may_write_nothing_but_what_its_nodes_offer() -> None:
    role = deployed(claims()).one(CLUSTER_ROLE, "accelerators-dra-driver-role").inputs
    written = {(resource, verb) for rule in role["rules"] for resource in rule["resources"] for verb in rule["verbs"]} - {
        (resource, verb) for resource in ("resourceclaims", "resourceslices", "nodes", "pods") for verb in ("get", "list", "watch")
    }
    assert written == {("resourceslices", "create"), ("resourceslices", "update"), ("resourceslices", "delete"), ("events", "create")}


@pytest.mark.parametrize("sharing", [parts.IN_TURNS, parts.SIDE_BY_SIDE])
def test_shares_by_number_are_refused_with_the_pools_that_have_them(sharing: Any) -> None:
    with pytest.raises(SharingNeedsPluginError, match=r"pools shared: .*device_plugin"):
        deployed(claims(parts.accelerated("gpu"), parts.accelerated("shared", sharing)))


def test_a_kubernetes_without_claims_is_refused() -> None:
    with pytest.raises(TooOldForClaimsError, match=r"kubernetes 1\.33: expected 1\.34"):
        deployed(claims(version="1.33"))


def claimed(**arguments: Any) -> dict[str, Any]:
    made = stage(lambda: claim_template("train", namespace="shop", **arguments))
    inputs: dict[str, Any] = made.one(TEMPLATE).inputs
    kubernetes_validate.validate(inputs, "1.36", strict=True)
    (request,) = inputs["spec"]["spec"]["devices"]["requests"]
    exactly: dict[str, Any] = request["exactly"]
    return exactly


def test_a_claim_is_for_one_gpu_of_any_kind() -> None:
    assert claimed() == {"deviceClassName": "gpu.nvidia.com", "count": 1}


def test_a_claim_may_ask_for_a_kind_as_the_nodes_label_spells_it() -> None:
    (selector,) = claimed(count=2, product="rtx-pro-server-6000")["selectors"]
    assert "matches('(^|[^a-z0-9])rtx[^a-z0-9]+pro[^a-z0-9]+server[^a-z0-9]+6000($|[^a-z0-9])')" in selector["cel"]["expression"]


def test_a_claim_may_ask_for_memory_or_for_a_part() -> None:
    assert "quantity('40000Mi')" in claimed(min_memory_mib=40000)["selectors"][0]["cel"]["expression"]
    part = claimed(profile="1g.10gb")
    assert part["deviceClassName"] == "mig.nvidia.com"
    assert part["selectors"][0]["cel"]["expression"] == "device.attributes['gpu.nvidia.com'].profile == '1g.10gb'"
