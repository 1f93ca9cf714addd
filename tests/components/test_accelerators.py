"""What a user can rely on of the GPU software."""

import json
from typing import Any

import kubernetes_validate
import pulumi
import pulumi_aws as aws
import pytest
from tests.components import gpu_parts as parts
from tests.components.stage import Declared, Stage, stage

from commonground.accelerators import Accelerators, images_used
from commonground.addons import NoKubernetesError
from commonground.images import PublicImages
from commonground.settings.base import GpuSoftware
from commonground.settings.environment import AcceleratorsSettings

DAEMON_SET = "kubernetes:apps/v1:DaemonSet"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
NAMESPACE = "kubernetes:core/v1:Namespace"

ALL_WAYS = (
    parts.accelerated("gpu"),
    parts.accelerated("turns", parts.IN_TURNS),
    parts.accelerated("beside", parts.SIDE_BY_SIDE),
    parts.accelerated("cut", parts.CUT, parts.H100, efa=True),
)


def deployed(settings: AcceleratorsSettings, **arguments: Any) -> Stage:
    def program() -> None:
        ready = aws.iam.Role("ready", assume_role_policy="{}")
        Accelerators("accelerators", settings, cluster=parts.cluster(), images=PublicImages(), after=[ready], **arguments)

    return stage(program)


@pytest.fixture(scope="module")
def counted() -> Stage:
    return deployed(parts.accelerators(*ALL_WAYS))


@pytest.fixture(scope="module")
def claimed() -> Stage:
    return deployed(parts.accelerators(ALL_WAYS[0], ALL_WAYS[3], software=GpuSoftware.DRA))


def pod(made: Stage, name: str) -> dict[str, Any]:
    """Spec of the pods of a DaemonSet, by the DaemonSet's name in the cluster."""
    (found,) = [one for one in made.all(DAEMON_SET).values() if one.inputs["metadata"]["name"] == name]
    spec: dict[str, Any] = found.inputs["spec"]["template"]["spec"]
    return spec


def config(made: Stage, key: str) -> Any:
    return json.loads(made.one(CONFIG_MAP).inputs["data"][key])


def objects(made: Stage) -> list[Declared]:
    return [one for one in made.declared if one.type.startswith("kubernetes:")]


def test_one_gpu_pool_takes_four_objects() -> None:
    made = deployed(parts.accelerators())
    assert sorted(one.inputs["metadata"]["name"] for one in objects(made)) == ["accelerators", "accelerators", "dcgm-exporter", "device-plugin-gpu"]


@pytest.mark.parametrize("version", ["1.34", "1.36"])
def test_kubernetes_knows_every_field(counted: Stage, claimed: Stage, version: str) -> None:
    for one in (*objects(counted), *objects(claimed)):
        kubernetes_validate.validate(one.inputs, version, strict=True)


def test_each_pools_plugin_runs_on_that_pool_only_and_tolerates_its_taint(counted: Stage) -> None:
    for pool in ALL_WAYS:
        spec = pod(counted, f"device-plugin-{pool.name}")
        assert spec["nodeSelector"] == {"commonground.dev/pool": pool.name}
        assert {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"} in spec["tolerations"]


def test_a_pool_shared_in_turns_offers_each_gpu_four_times_and_refuses_two_shares_in_one_pod(counted: Stage) -> None:
    sharing = config(counted, "turns")["sharing"]
    assert sharing == {"timeSlicing": {"failRequestsGreaterThanOne": True, "renameByDefault": False, "resources": [{"name": "nvidia.com/gpu", "replicas": 4}]}}


def test_a_pool_that_shares_nothing_says_so(counted: Stage) -> None:
    assert config(counted, "gpu") == {"version": "v1", "flags": {"migStrategy": "none"}}


def test_mps_has_its_daemon_where_it_is_asked_for_and_nowhere_else(counted: Stage) -> None:
    assert config(counted, "beside")["sharing"] == {"mps": {"resources": [{"name": "nvidia.com/gpu", "replicas": 4}]}}
    assert [name for name in counted.all(DAEMON_SET) if "mps" in name] == ["accelerators-mps-beside"]
    assert pod(counted, "mps-beside")["nodeSelector"] == {"commonground.dev/pool": "beside"}


def test_gpus_are_cut_before_they_are_offered(counted: Stage) -> None:
    (cutting,) = pod(counted, "device-plugin-cut")["initContainers"]
    assert cutting["command"] == ["nvidia-mig-parted", "apply", "--config-file", "/config/mig.yaml", "--selected-config", "cut"]
    assert config(counted, "cut.mig.yaml")["mig-configs"] == {"cut": [{"devices": "all", "mig-enabled": True, "mig-devices": {"1g.10gb": 7}}]}
    assert config(counted, "cut")["flags"] == {"migStrategy": "single"}


def test_the_exporter_keeps_off_gpus_that_are_still_to_be_cut(counted: Stage) -> None:
    (waiting,) = pod(counted, "dcgm-exporter-cut")["initContainers"]
    assert waiting["command"][:2] == ["nvidia-mig-parted", "assert"]
    terms = pod(counted, "dcgm-exporter")["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert terms == [
        {
            "matchExpressions": [
                {"key": "commonground.dev/gpu-memory-mib", "operator": "Exists"},
                {"key": "commonground.dev/pool", "operator": "NotIn", "values": ["cut"]},
            ]
        }
    ]


def test_the_exporter_measures_what_the_dashboards_show(counted: Stage) -> None:
    lines = counted.one(CONFIG_MAP).inputs["data"]["dcgm-counters.csv"].splitlines()
    fields = {line.split(",")[0] for line in lines}
    assert {line.split(", ")[1] for line in lines} == {"gauge", "counter"}
    assert {
        "DCGM_FI_DEV_GPU_UTIL",
        "DCGM_FI_DEV_FB_USED",
        "DCGM_FI_DEV_FB_FREE",
        "DCGM_FI_DEV_GPU_TEMP",
        "DCGM_FI_DEV_MEMORY_TEMP",
        "DCGM_FI_DEV_POWER_USAGE",
        "DCGM_FI_DEV_XID_ERRORS",
        "DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL",
        "DCGM_FI_DEV_CLOCK_THROTTLE_REASONS",
        "DCGM_FI_DEV_POWER_VIOLATION",
        "DCGM_FI_DEV_THERMAL_VIOLATION",
        "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE",
    } <= fields
    assert all(len(line.split(",")) == 3 for line in lines)


def test_prometheus_finds_the_exporter_by_its_annotations(counted: Stage) -> None:
    annotations = counted.one(DAEMON_SET, "accelerators-dcgm-exporter").inputs["spec"]["template"]["metadata"]["annotations"]
    assert (annotations["prometheus.io/scrape"], annotations["prometheus.io/port"]) == ("true", "9400")


def test_a_changed_configuration_starts_its_pods_anew_and_no_others() -> None:
    before = deployed(parts.accelerators(parts.accelerated("a", parts.IN_TURNS), parts.accelerated("b")))
    more = parts.IN_TURNS.model_copy(update={"replicas": 8})
    after = deployed(parts.accelerators(parts.accelerated("a", more), parts.accelerated("b")))
    changed = {name for name, one in before.all(DAEMON_SET).items() if one.inputs != after.all(DAEMON_SET)[name].inputs}
    assert changed == {"accelerators-device-plugin-a"}


def test_another_pool_changes_nothing_that_is_there() -> None:
    before = deployed(parts.accelerators(parts.accelerated("a")))
    after = deployed(parts.accelerators(parts.accelerated("a"), parts.accelerated("b", parts.IN_TURNS)))
    assert all(after.all(DAEMON_SET)[name].inputs == one.inputs for name, one in before.all(DAEMON_SET).items())


def test_efa_has_its_plugin_only_where_a_pool_has_it(counted: Stage) -> None:
    assert pod(counted, "efa-device-plugin")["nodeSelector"] == {"commonground.dev/efa": "true"}
    assert "accelerators-efa-device-plugin" not in deployed(parts.accelerators()).all(DAEMON_SET)


def test_every_container_is_bounded_and_has_a_root_that_it_cannot_write(counted: Stage, claimed: Stage) -> None:
    for made in (counted, claimed):
        for name in made.all(DAEMON_SET):
            template = made.one(DAEMON_SET, name).inputs["spec"]["template"]
            spec = template["spec"]
            assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
            assert spec["priorityClassName"] == "system-node-critical"
            for container in (*spec["containers"], *spec.get("initContainers", ())):
                assert set(container["resources"]) == {"requests", "limits"}
                assert container["securityContext"]["readOnlyRootFilesystem"] is True
                assert container["securityContext"].get("privileged") or container["securityContext"]["capabilities"]["drop"] == ["ALL"]


def test_what_may_more_than_others_or_has_no_probe_says_why(counted: Stage, claimed: Stage) -> None:
    for made in (counted, claimed):
        assert "pod-security.kubernetes.io/enforce" in made.one(NAMESPACE).inputs["metadata"]["labels"]
        assert made.one(NAMESPACE).inputs["metadata"]["annotations"]["commonground.dev/reason"]
        for one in made.all(DAEMON_SET).values():
            template = one.inputs["spec"]["template"]
            reason = template["metadata"]["annotations"]["commonground.dev/reason"]
            (container,) = template["spec"]["containers"]
            assert "livenessProbe" in container or "no probe" in reason
            assert "privileged" in reason or not any(
                each["securityContext"].get("privileged") for each in (container, *template["spec"].get("initContainers", ()))
            )


PLUGINS, PODS = "/var/lib/kubelet/device-plugins", "/var/lib/kubelet/pod-resources"
MPS_MOUNTS = {"/mps": "/run/nvidia/mps", "/dev/shm": "/run/nvidia/mps/shm"}  # the containers' own
NEEDS: dict[str, tuple[dict[str, str], dict[str, str], str]] = {
    "device-plugin-turns": ({PLUGINS: PLUGINS}, {"CONFIG_FILE": "/config/config.yaml", "NVIDIA_VISIBLE_DEVICES": "all"}, ""),
    "device-plugin-beside": ({PLUGINS: PLUGINS, **MPS_MOUNTS}, {"CONFIG_FILE": "/config/config.yaml", "MPS_ROOT": "/run/nvidia/mps"}, ""),
    "mps-beside": (MPS_MOUNTS, {"CONFIG_FILE": "/config/config.yaml", "NVIDIA_VISIBLE_DEVICES": "all"}, "privileged"),
    "device-plugin-cut": ({PLUGINS: PLUGINS}, {"CONFIG_FILE": "/config/config.yaml", "NVIDIA_MIG_MONITOR_DEVICES": "all"}, "SYS_ADMIN"),
    "dcgm-exporter": (
        {PODS: PODS},
        {"DCGM_EXPORTER_COLLECTORS": "/config/dcgm-counters.csv", "DCGM_EXPORTER_KUBERNETES": "true", "NVIDIA_VISIBLE_DEVICES": "all"},
        "SYS_ADMIN",
    ),
    "dcgm-exporter-cut": ({PODS: PODS}, {"NVIDIA_MIG_MONITOR_DEVICES": "all"}, "SYS_ADMIN"),
    "efa-device-plugin": ({PLUGINS: PLUGINS, "/dev/infiniband": "/dev/infiniband"}, {}, ""),
    "dra-driver": (
        {
            "/var/lib/kubelet/plugins_registry": "/var/lib/kubelet/plugins_registry",
            "/var/lib/kubelet/plugins": "/var/lib/kubelet/plugins",
            "/var/run/cdi": "/var/run/cdi",
            "/driver-root": "/",
        },
        {"NVIDIA_VISIBLE_DEVICES": "void", "NVIDIA_DRIVER_ROOT": "/", "CDI_ROOT": "/var/run/cdi", "HEALTHCHECK_PORT": "51516"},
        "privileged",
    ),
}
"""Without which a program does nothing on a real node, and no test here would see it: what it mounts of the node, variables, and its one privilege."""


@pytest.mark.parametrize("name", NEEDS)
def test_node_software_has_of_its_node_what_its_makers_charts_give_it_and_no_more(counted: Stage, claimed: Stage, name: str) -> None:
    mounts, variables, privilege = NEEDS[name]
    spec = pod(claimed if name == "dra-driver" else counted, name)
    (container,) = spec["containers"]
    paths = {volume["name"]: volume["hostPath"]["path"] for volume in spec["volumes"] if "hostPath" in volume}
    assert {mount["mountPath"]: paths[mount["name"]] for mount in container["volumeMounts"] if mount["name"] in paths} == mounts
    assert variables.items() <= {one["name"]: one.get("value") for one in container.get("env", ())}.items()
    security = container["securityContext"]
    assert [*(["privileged"] if security.get("privileged") else []), *security.get("capabilities", {}).get("add", [])] == ([privilege] if privilege else [])
    assert spec.get("hostNetwork", False) is (name == "efa-device-plugin")
    assert spec["tolerations"] == [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]


def test_an_exporter_where_gpus_are_claimed_asks_whose_they_are(claimed: Stage) -> None:
    (container,) = pod(claimed, "dcgm-exporter")["containers"]
    assert {"name": "KUBERNETES_ENABLE_DRA", "value": "true"} in container["env"]
    assert pod(claimed, "dcgm-exporter")["automountServiceAccountToken"] is True


def test_a_plugin_that_only_counts_has_no_privilege_and_no_token(counted: Stage) -> None:
    spec = pod(counted, "device-plugin-turns")
    assert spec["automountServiceAccountToken"] is False
    assert spec["containers"][0]["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_a_node_without_gpus_or_a_sick_one_holds_up_nothing(counted: Stage) -> None:
    assert all(one.inputs["metadata"]["annotations"]["pulumi.com/skipAwait"] == "true" for one in counted.all(DAEMON_SET).values())


def test_everything_is_made_by_the_clusters_provider_after_what_was_named(counted: Stage) -> None:
    for one in objects(counted):
        assert "::shared::" in one.provider
        assert "ready" in counted.upstream(one)
    assert {"accelerators-namespace", "accelerators-config"} <= counted.upstream(counted.one(DAEMON_SET, "accelerators-dcgm-exporter"))


def test_a_cluster_without_a_kubernetes_provider_is_refused() -> None:
    with pytest.raises(NoKubernetesError, match="accelerators"):
        stage(lambda: Accelerators("accelerators", parts.accelerators(), cluster=parts.cluster(provided=False), images=PublicImages(), after=()))


@pytest.mark.parametrize(
    ("settings", "used"),
    [
        (None, ()),
        (parts.accelerators(), ("device-plugin", "dcgm-exporter")),
        (parts.accelerators(*ALL_WAYS), ("device-plugin", "dcgm-exporter", "mig-manager", "efa-device-plugin")),
        (parts.accelerators(software=GpuSoftware.DRA), ("dcgm-exporter", "dra-driver")),
    ],
)
def test_only_images_that_are_run_are_asked_for(settings: AcceleratorsSettings | None, used: tuple[str, ...]) -> None:
    assert images_used(settings) == used


def test_images_used_are_those_that_pods_name(counted: Stage, claimed: Stage) -> None:
    public = PublicImages()
    for made, settings in ((counted, parts.accelerators(*ALL_WAYS)), (claimed, parts.accelerators(ALL_WAYS[0], ALL_WAYS[3], software=GpuSoftware.DRA))):
        specs = [one.inputs["spec"]["template"]["spec"] for one in made.all(DAEMON_SET).values()]
        named = {container["image"] for spec in specs for container in (*spec["containers"], *spec.get("initContainers", ()))}
        assert named == {public.url(name) for name in images_used(settings)}


def test_a_users_transform_reaches_the_daemon_sets() -> None:
    def slower(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        if args.type_ != DAEMON_SET:
            return None
        spec: Any = args.props["spec"]
        return pulumi.ResourceTransformResult({**args.props, "spec": {**spec, "minReadySeconds": 30}}, args.opts)

    made = deployed(parts.accelerators(), opts=pulumi.ResourceOptions(transforms=[slower]))
    assert {one.inputs["spec"]["minReadySeconds"] for one in made.all(DAEMON_SET).values()} == {30}
