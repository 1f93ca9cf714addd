"""What a team's application and model server become on the cluster."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import kubernetes_validate
import pulumi
import pulumi_kubernetes as kubernetes
import pytest
from pydantic import BaseModel, Field
from tests.components.stage import Stage, stage

from commonground import ExistingRepository, ExistingRole, Identity
from commonground.contract import ExistingTeam
from commonground.settings.base import GpuSoftware, Settings
from commonground.settings.mistakes import SettingsError
from commonground.workloads import (
    GpuRequest,
    LooseModelError,
    ModelService,
    ModelServiceSettings,
    NoNamespaceError,
    NoProviderError,
    NoSuchGpuError,
    ProbeSettings,
    RepeatedWorkloadError,
    Service,
    ServiceSettings,
    WorkloadError,
    configured,
)
from commonground.workloads.pod import RepeatedVariableError

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
SERVICE = "kubernetes:core/v1:Service"
BUDGET = "kubernetes:policy/v1:PodDisruptionBudget"
AUTOSCALER = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
VERSIONS = ("1.35", "1.36")
"""Of Kubernetes, as the blueprint supports them."""

DIGEST = f"sha256:{'5' * 64}"
REPOSITORY = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop"


def team() -> ExistingTeam:
    role = ExistingRole("shop", "arn:aws:iam::123456789012:role/shop")
    return ExistingTeam("shop", namespaces={"shop": "shop", "shop-jobs": "shop-jobs"}, service_account="shop", identity=Identity("shop", role))


def registry() -> ExistingRepository:
    return ExistingRepository("shop", arn="arn:shop", url=REPOSITORY)


def on_cluster() -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions(providers=[kubernetes.Provider("cluster", kubeconfig="{}")])


def settings(**changes: Any) -> ServiceSettings:
    return ServiceSettings(**{"image": DIGEST, "namespace": "shop", "replicas": 2, "cpu_millicores": 250, "memory_mib": 256, **changes})


def model_settings(**changes: Any) -> ModelServiceSettings:
    values = {"image": "v7", "model": "churn", "version": "2026-11-20", "namespace": "shop-jobs", "replicas": 1}
    return ModelServiceSettings(**{**values, "cpu_millicores": 2000, "memory_mib": 8192, "gpu": GpuRequest(product="l4", min_memory_mib=20000), **changes})


def service(**changes: Any) -> Stage:
    env = {"CHURN_URL": pulumi.Output.from_input("http://churn")}
    return stage(lambda: Service("web", settings(**changes), team=team(), registry=registry(), deployed_env=env, opts=on_cluster()))


def model(**changes: Any) -> Stage:
    return stage(lambda: ModelService("churn", model_settings(**changes), team=team(), registry=registry(), opts=on_cluster()))


def spec(made: Stage) -> dict[str, Any]:
    found: dict[str, Any] = made.one(DEPLOYMENT).inputs["spec"]
    return found


def pod(made: Stage) -> dict[str, Any]:
    found: dict[str, Any] = spec(made)["template"]["spec"]
    return found


def container(made: Stage) -> dict[str, Any]:
    (found,) = pod(made)["containers"]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "make",
    [lambda: service(max_replicas=4), model, lambda: model(gpu=None, replicas=3), lambda: model(gpu=GpuRequest(software=GpuSoftware.DRA))],
    ids=["service", "model", "model on cpus", "model with a claim"],
)
def test_its_objects_are_whole_ones_of_every_supported_kubernetes(make: Callable[[], Stage], version: str) -> None:
    objects = [one.inputs for one in make().declared if one.type.startswith("kubernetes:")]
    assert len(objects) >= 2
    for found in objects:
        kubernetes_validate.validate(found, version, strict=True)


@pytest.mark.parametrize("make", [service, model], ids=["service", "model"])
def test_its_pods_keep_to_the_pod_security_level_restricted(make: Callable[[], Stage]) -> None:
    made = make()
    inside, around = container(made)["securityContext"], pod(made)["securityContext"]
    assert around["runAsNonRoot"] and around["runAsUser"] > 0 and around["seccompProfile"] == {"type": "RuntimeDefault"}
    assert inside == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    assert [set(volume) - {"name"} for volume in pod(made)["volumes"]] == [{"emptyDir"}]
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod(made))
    assert around["fsGroup"] == around["runAsUser"], "a volume that it mounts would be root's"


@pytest.mark.parametrize("make", [service, model], ids=["service", "model"])
def test_its_pods_run_as_the_team_and_know_nothing_of_the_kubernetes_api(make: Callable[[], Stage]) -> None:
    made = make()
    assert (pod(made)["serviceAccountName"], pod(made)["automountServiceAccountToken"]) == ("shop", False)
    assert pod(made)["priorityClassName"] == "serving"


def test_an_image_is_named_by_the_repository_and_a_digest_or_a_tag() -> None:
    assert container(service())["image"] == f"{REPOSITORY}@{DIGEST}"
    assert container(model())["image"] == f"{REPOSITORY}:v7"


def test_memory_and_gpus_are_limited_to_what_is_requested() -> None:
    resources = container(model(scratch_mib=1000))["resources"]
    same = {"memory": "8192Mi", "ephemeral-storage": "1064Mi", "nvidia.com/gpu": "1"}
    assert resources == {"requests": {"cpu": "2000m", **same}, "limits": {"cpu": "4000m", **same}}
    assert pod(model(scratch_mib=1000))["volumes"][0]["emptyDir"] == {"sizeLimit": "1000Mi"}


def test_an_application_runs_on_general_pools_only() -> None:
    assert pod(service())["nodeSelector"] == {"commonground.dev/purpose": "general"}
    assert "tolerations" not in pod(service())


def test_a_model_with_a_gpu_runs_on_gpu_pools_of_the_kind_that_it_asks_for() -> None:
    found = pod(model())
    assert found["nodeSelector"] == {"commonground.dev/purpose": "gpu"}
    assert found["tolerations"] == [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]
    (term,) = found["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert term["matchExpressions"] == [
        {"key": "commonground.dev/gpu-product", "operator": "In", "values": ["l4"]},
        {"key": "commonground.dev/gpu-memory-mib", "operator": "Gt", "values": ["19999"]},
    ]


def test_two_gpus_are_not_asked_of_a_pool_whose_nodes_give_a_pod_one_share() -> None:
    found = pod(model(gpu=GpuRequest(count=2)))
    (term,) = found["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert term["matchExpressions"] == [{"key": "commonground.dev/gpu-shared", "operator": "DoesNotExist"}]


def gpu_pool(labels: dict[str, str], **more: Any) -> dict[str, Any]:
    return {"purpose": "gpu", "labels": {f"commonground.dev/{label}": value for label, value in labels.items()}, **more}


POOLS: dict[str, Any] = {
    "general": {"purpose": "general", "labels": {}, "resources": {}},
    "gpu": gpu_pool({"gpu-product": "l4", "gpu-memory-mib": "22888", "gpu-shared": "true"}, resources={"nvidia.com/gpu": 4}),
    "training": gpu_pool({"gpu-product": "a100", "gpu-memory-mib": "40960"}, resources={"nvidia.com/gpu": 8}),
}
MIXED = {"mixed": gpu_pool({"gpu-memory-mib": "22888"})}


def on(pools: dict[str, Any] | None, **gpu: Any) -> Stage:
    """A model on a platform with these pools."""
    mine = replace(team(), pools=pulumi.Output.from_input(pools))
    return stage(lambda: ModelService("churn", model_settings(gpu=GpuRequest(**gpu)), team=mine, registry=registry(), opts=on_cluster()))


@pytest.mark.parametrize(
    ("pools", "gpu", "words"),
    [
        (
            POOLS,
            {"product": "a10"},
            r"found a request for 1 GPU of product a10, .*; training \(product a100, 40960 MiB, at most 8 to a pod\).*product 'a100'\?$",
        ),
        (POOLS, {"product": "h200"}, r"expected what a pool has: gpu \(product l4, 22888 MiB, at most 1 to a pod\).* Fix: ask for these"),
        (POOLS, {"min_memory_mib": 80000}, "found a request for 1 GPU with 80000 MiB or more"),
        (POOLS, {"product": "l4", "count": 2}, "found a request for 2 GPUs of product l4"),
        (POOLS, {"count": 9}, "found a request for 9 GPUs, "),
        (POOLS, {"product": "l4", "min_memory_mib": 40000, "software": GpuSoftware.DRA}, "found a request for 1 GPU of product l4 with 40000 MiB or more"),
        (MIXED, {"product": "l4"}, r"mixed \(of several products, 22888 MiB\)"),
        ({"general": POOLS["general"]}, {}, "expected none, as no pool has any"),
    ],
)
def test_a_gpu_that_no_pool_has_is_refused_with_what_there_is(pools: dict[str, Any], gpu: dict[str, Any], words: str) -> None:
    with pytest.raises(NoSuchGpuError, match=f"workload 'churn': .*{words}"):
        on(pools, **gpu)


@pytest.mark.parametrize(
    ("pools", "gpu"),
    [
        (POOLS, {}),
        (POOLS, {"product": "l4", "min_memory_mib": 22888}),
        (POOLS, {"product": "a100", "count": 8}),
        (MIXED, {"product": "l4", "software": GpuSoftware.DRA}),
        (MIXED, {"count": 16}),
        (None, {"product": "h200"}),
    ],
    ids=["any", "l4", "a whole node", "a claim on several kinds", "a foundation that does not say how many", "pools that are not known"],
)
def test_a_gpu_that_a_pool_has_is_taken(pools: dict[str, Any] | None, gpu: dict[str, Any]) -> None:
    assert container(on(pools, **gpu))["image"] == f"{REPOSITORY}:v7"


def test_a_gpu_that_is_claimed_is_of_the_kind_that_it_asks_for() -> None:
    made = model(gpu=GpuRequest(count=2, product="l4", min_memory_mib=20000, software=GpuSoftware.DRA))
    template = made.one("kubernetes:resource.k8s.io/v1:ResourceClaimTemplate").inputs
    request = template["spec"]["spec"]["devices"]["requests"][0]["exactly"]
    assert (template["metadata"]["namespace"], request["count"], len(request["selectors"])) == ("shop-jobs", 2, 2)
    found = pod(made)
    assert found["resourceClaims"] == [{"name": "gpu", "resourceClaimTemplateName": template["metadata"]["name"]}]
    assert found["containers"][0]["resources"]["claims"] == [{"name": "gpu"}]
    assert "nvidia.com/gpu" not in found["containers"][0]["resources"]["requests"]
    assert (found["nodeSelector"], "affinity" in found) == ({"commonground.dev/purpose": "gpu"}, False)


def test_a_gpu_of_any_kind_needs_no_affinity() -> None:
    assert "affinity" not in pod(model(gpu=GpuRequest()))


def test_a_model_without_a_gpu_runs_on_general_pools() -> None:
    found = pod(model(gpu=None))
    assert found["nodeSelector"] == {"commonground.dev/purpose": "general"}
    assert "tolerations" not in found and "nvidia.com/gpu" not in found["containers"][0]["resources"]["requests"]


def test_an_update_adds_pods_first_unless_each_holds_a_gpu() -> None:
    surge = {"maxSurge": "25%", "maxUnavailable": 0}
    assert spec(service())["strategy"]["rollingUpdate"] == surge == spec(model(gpu=None))["strategy"]["rollingUpdate"]
    assert spec(model())["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}


def test_a_number_of_pods_that_an_autoscaler_sets_is_not_set_by_up() -> None:
    assert spec(service())["replicas"] == 2
    assert service().all(AUTOSCALER) == {}
    scaled = service(max_replicas=6, target_cpu_percent=50)
    assert "replicas" not in spec(scaled)
    found = scaled.one(AUTOSCALER).inputs["spec"]
    assert (found["minReplicas"], found["maxReplicas"]) == (2, 6)
    assert found["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": scaled.one(DEPLOYMENT).inputs["metadata"]["name"]}
    assert found["metrics"][0]["resource"] == {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}


def test_a_drained_node_takes_one_pod_at_a_time() -> None:
    budget = service().one(BUDGET).inputs
    assert budget["spec"]["maxUnavailable"] == 1
    assert budget["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow", "one that never starts would hold up a drain for good"
    assert budget["spec"]["selector"] == spec(service())["selector"]
    assert service(replicas=1).all(BUDGET) == {}
    assert len(service(replicas=1, max_replicas=3).all(BUDGET)) == 1


def test_pods_are_spread_over_zones_and_nodes_as_far_as_there_is_room() -> None:
    spread = pod(service())["topologySpreadConstraints"]
    assert [one["topologyKey"] for one in spread] == ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]
    assert {one["whenUnsatisfiable"] for one in spread} == {"ScheduleAnyway"}
    assert {tuple(one["matchLabelKeys"]) for one in spread} == {("pod-template-hash",)}, "pods of an update are counted apart"
    assert {one["labelSelector"]["matchLabels"]["app.kubernetes.io/name"] for one in spread} == {"web"}


def test_a_start_may_take_as_long_as_it_says_and_up_waits_for_it() -> None:
    probes = container(model(probes=ProbeSettings(startup="/warm", startup_seconds=1201)))
    assert probes["startupProbe"]["httpGet"] == {"path": "/warm", "port": "http"}
    assert probes["startupProbe"]["periodSeconds"] * probes["startupProbe"]["failureThreshold"] == 1205
    assert (probes["readinessProbe"]["httpGet"]["path"], probes["livenessProbe"]["httpGet"]["path"]) == ("/readyz", "/healthz")
    assert spec(model())["progressDeadlineSeconds"] == 1800


def test_a_pod_that_has_to_go_is_left_by_requests_first_and_has_time_to_finish() -> None:
    made = service(grace_seconds=60)
    assert container(made)["lifecycle"]["preStop"]["sleep"]["seconds"] < pod(made)["terminationGracePeriodSeconds"] == 60


def test_the_service_sends_requests_to_the_pods_of_the_deployment() -> None:
    made = service()
    found = made.one(SERVICE).inputs
    assert found["metadata"]["name"] == "web"
    assert found["spec"]["selector"].items() <= spec(made)["template"]["metadata"]["labels"].items()
    assert (found["spec"]["ports"][0]["port"], found["spec"]["ports"][0]["targetPort"]) == (80, "http")
    assert container(made)["ports"][0]["name"] == "http"


def test_it_says_where_others_reach_it() -> None:
    seen: list[str] = []
    stage(lambda: ModelService("churn", model_settings(), team=team(), registry=registry(), opts=on_cluster()).url.apply(seen.append))
    assert seen == ["http://churn.shop-jobs.svc"]


def test_pods_say_of_which_team_model_and_version_they_are() -> None:
    labels = spec(model())["template"]["metadata"]["labels"]
    assert (labels["app.kubernetes.io/part-of"], labels["commonground.dev/model"], labels["commonground.dev/model-version"]) == ("shop", "churn", "2026-11-20")


def template(made: Stage) -> dict[str, Any]:
    found: dict[str, Any] = spec(made)["template"]["metadata"]
    return found


def test_the_metrics_collector_finds_pods_by_their_annotations() -> None:
    scraped = {"prometheus.io/scrape": "true", "prometheus.io/port": "8080", "prometheus.io/path": "/metrics"}
    assert template(service())["annotations"] == template(model())["annotations"] == scraped
    assert [port["name"] for port in container(service())["ports"]] == ["http"]

    elsewhere = service(metrics_port=9102, metrics_path="/stats")
    assert template(elsewhere)["annotations"] == {**scraped, "prometheus.io/port": "9102", "prometheus.io/path": "/stats"}
    assert {port["name"]: port["containerPort"] for port in container(elsewhere)["ports"]} == {"http": 8080, "metrics": 9102}
    assert not template(service(metrics_path=None)).get("annotations")


@pytest.mark.parametrize(
    ("image", "version"),
    [("v1.4.0", "v1.4.0"), (DIGEST, DIGEST.removeprefix("sha256:")[:12]), ("_edge-", "edge"), ("1" * 128, "1" * 63), ("__", "none")],
    ids=["tag", "digest", "edges", "long", "nothing"],
)
def test_pods_say_which_version_of_an_application_they_are(image: str, version: str) -> None:
    made = service(image=image)
    assert template(made)["labels"]["app.kubernetes.io/version"] == version
    assert "app.kubernetes.io/version" not in spec(made)["selector"]["matchLabels"]


def test_the_version_of_a_model_server_is_its_models() -> None:
    assert template(model())["labels"]["app.kubernetes.io/version"] == "2026-11-20"


def test_a_port_of_metrics_that_nobody_asks_is_refused() -> None:
    with pytest.raises(WorkloadError, match="metrics_port: found 9102, expected none, as `metrics_path` is none"):
        settings(metrics_path=None, metrics_port=9102)


def test_another_version_of_a_model_changes_its_pods_alone() -> None:
    old, new = model(), model(version="2026-12-01")
    changed = {one.type for one in old.declared if one.type.startswith("kubernetes:") and new.one(one.type).inputs != one.inputs}
    assert changed == {DEPLOYMENT}
    assert spec(old)["selector"] == spec(new)["selector"]


def test_the_way_to_aws_is_open_to_pods_that_use_it_alone() -> None:
    identity = ("commonground.dev/identity", "true")
    assert identity not in spec(service())["template"]["metadata"]["labels"].items()
    assert identity in spec(service(uses_aws=True))["template"]["metadata"]["labels"].items()
    assert identity in spec(model())["template"]["metadata"]["labels"].items()


def test_variables_are_in_order_whoever_sets_them() -> None:
    made = service(env={"MODE": "fast", "APP": "web"})
    assert container(made)["env"] == [{"name": "APP", "value": "web"}, {"name": "CHURN_URL", "value": "http://churn"}, {"name": "MODE", "value": "fast"}]


def test_a_variable_that_is_set_twice_is_refused() -> None:
    with pytest.raises(RepeatedVariableError, match="'web': expected each environment variable once, found twice: CHURN_URL"):
        service(env={"CHURN_URL": "http://elsewhere"})


def test_a_namespace_that_is_not_the_teams_is_refused() -> None:
    with pytest.raises(NoNamespaceError, match=r"'web': the team 'shop' has no namespace 'payments'"):
        service(namespace="payments")


@dataclass(frozen=True)
class OwnTeam:
    """A team of the same stack's, as far as a workload needs it."""

    namespaces: dict[str, kubernetes.core.v1.Namespace]
    service_account: str
    identity: Identity


def test_it_takes_a_team_that_the_same_stack_made() -> None:
    def program() -> None:
        made = kubernetes.core.v1.Namespace("shop/shop", metadata={"name": "shop"})
        Service("web", settings(), team=OwnTeam({"shop": made}, "shop", team().identity), registry=registry(), opts=on_cluster())

    found = stage(program)
    assert found.one(DEPLOYMENT).inputs["metadata"]["namespace"] == "shop"
    assert "shop/shop" in found.upstream(found.one(DEPLOYMENT))


def test_it_uses_the_kubernetes_provider_that_it_is_given() -> None:
    def program() -> None:
        mine = kubernetes.Provider("mine", kubeconfig="{}")
        Service("web", settings(max_replicas=3), team=team(), registry=registry(), opts=pulumi.ResourceOptions(providers=[mine]))

    objects = [one for one in stage(program).declared if one.type.startswith("kubernetes:")]
    assert len(objects) == 4
    assert {"::mine::" in one.provider for one in objects} == {True}


@pytest.mark.parametrize(
    "make",
    [
        lambda: Service("web", settings(), team=team(), registry=registry()),
        lambda: ModelService("web", model_settings(), team=team(), registry=registry(), opts=pulumi.ResourceOptions(protect=True)),
    ],
    ids=["service", "model"],
)
def test_without_a_provider_it_does_not_go_to_whichever_cluster_the_kubeconfig_names(make: Callable[[], object]) -> None:
    fix = r"Fix: opts=pulumi\.ResourceOptions\(providers=\[platform\.kubernetes\(\.\.\.\)\]\)"
    with pytest.raises(NoProviderError, match=f"workload 'web': found no Kubernetes provider, .*{fix}"):
        stage(make)


def test_an_application_and_a_model_of_one_name_in_one_namespace_are_refused() -> None:
    def program(namespace: str) -> None:
        cluster = on_cluster()
        Service("churn", settings(), team=team(), registry=registry(), opts=cluster)
        ModelService("churn", model_settings(namespace=namespace), team=team(), registry=registry(), opts=cluster)

    with pytest.raises(RepeatedWorkloadError, match=r"workload 'churn': found another workload of this name in namespace 'shop', .* Fix: rename one"):
        stage(lambda: program("shop"))
    assert len([one for one in stage(lambda: program("shop-jobs")).declared if one.type == DEPLOYMENT]) == 2


def test_the_provider_of_what_it_is_a_part_of_will_do() -> None:
    def program() -> None:
        around = pulumi.ComponentResource("shop:Part", "part", None, on_cluster())
        Service("web", settings(), team=team(), registry=registry(), opts=pulumi.ResourceOptions(parent=around))

    assert "::cluster::" in stage(program).one(DEPLOYMENT).provider


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"image": "latest"}, "image: found 'latest', expected a digest or a tag that says which image runs"),
        ({"image": "shop:v1"}, r"ServiceSettings\.image: found 'shop:v1', expected a digest, sha256: and 64 hexadecimal digits, or a tag"),
        ({"port": 80}, r"ServiceSettings\.port: found 80, expected greater than or equal to 1024"),
        ({"replicas": 4, "max_replicas": 4}, "replicas: found 4, expected at least 1 and less than `max_replicas`, which is 4"),
        ({"grace_seconds": 300}, r"grace_seconds: found 300, expected less than or equal to 110"),
        ({"probes": ProbeSettings(startup_seconds=900)}, "deadline_minutes: found 10, expected longer than `probes.startup_seconds`, which is 900"),
        ({"gpu": GpuRequest()}, r"ServiceSettings\.gpu: found an unknown setting, expected one of image, namespace"),
        ({"env": {"A-B": "1"}}, r"env\.A-B"),
        ({"priority": "system"}, r"priority: found 'system', expected 'serving', 'interactive' or 'batch'"),
    ],
)
def test_settings_that_cannot_be_are_refused_with_what_was_expected(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(WorkloadError, match=words):
        settings(**changes)


def test_a_kind_of_gpu_is_written_as_labels_have_it() -> None:
    words = r"GpuRequest\.product: found 'RTX PRO 6000', expected .* in lower case: did you mean 'rtx-pro-6000'\?"
    with pytest.raises(WorkloadError, match=words):
        GpuRequest(product="RTX PRO 6000")


def test_a_value_that_only_the_deployment_knows_is_sent_to_where_it_belongs() -> None:
    words = r"ServiceSettings\.env\.URL: found an Output, expected text: what only the deployment knows goes to the workload's `deployed_env`$"
    with pytest.raises(WorkloadError, match=words):
        stage(lambda: settings(env={"URL": pulumi.Output.from_input("http://churn")}))


def test_all_mistakes_are_said_at_once() -> None:
    with pytest.raises(WorkloadError) as refused:
        ServiceSettings.model_validate({"image": DIGEST, "namespace": "Shop", "replicas": -1, "memory_mib": 1})
    assert [key for key, _, _ in refused.value.mistakes] == ["namespace", "replicas", "cpu_millicores", "memory_mib"]
    assert "cpu_millicores: found nothing, expected CPU requested, in thousandths of a core" in str(refused.value)


class Sizes(Settings):
    """A team's own settings."""

    replicas: int
    version: str


def test_a_teams_own_settings_are_read_as_strictly_as_the_foundations(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text('config:\n  shop:scale:\n    replicas: 2\n    version: "2026-11-20"\n')
    assert configured(Sizes, data={"replicas": 2, "version": "2026-11-20"}, file=file, key="shop:scale") == Sizes(replicas=2, version="2026-11-20")


def test_a_mistake_in_a_teams_own_settings_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text('config:\n  shop:scale:\n    replicas: two\n    versoin: "1"\n')
    with pytest.raises(SettingsError) as refused:
        configured(Sizes, data={"replicas": "two", "versoin": "1"}, file=file, key="shop:scale")
    said = str(refused.value)
    assert re.search(r"Pulumi\.dev\.yaml:3: shop:scale\.replicas: found two, expected a whole number", said)
    assert re.search(r'Pulumi\.dev\.yaml:4: shop:scale\.versoin: found the unknown key `versoin`.*did you mean "version"\?', said)


class Loose(BaseModel):
    """Pydantic's own way with unknown keys is to forget them."""

    replicas: int


class Around(Settings):
    """Strict itself, and not in what it holds."""

    parts: dict[str, Loose | None] = Field(default_factory=dict)


@pytest.mark.parametrize("kind", [Loose, Around])
def test_a_model_that_would_let_a_misspelt_key_through_is_refused_with_the_class_to_use(kind: type[BaseModel], tmp_path: Path) -> None:
    words = r"settings Loose: found a model that lets unknown keys through, .* Fix: class Loose\(commonground\.settings\.base\.Settings\)"
    with pytest.raises(LooseModelError, match=words):
        configured(kind, data={"replicas": 1}, file=tmp_path / "Pulumi.dev.yaml", key="shop:scale")


@pytest.mark.parametrize("make", [lambda: service(max_replicas=4), lambda: model(replicas=2)], ids=["service", "model"])
def test_what_an_operator_changed_by_hand_does_not_stop_the_next_up(make: Callable[[], Stage]) -> None:
    found = [one.inputs["metadata"] for one in make().declared if one.type.startswith("kubernetes:")]
    assert len(found) >= 3
    assert {metadata["annotations"]["pulumi.com/patchForce"] for metadata in found} == {"true"}


def test_settings_that_are_missing_are_told(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text("config: {}\n")
    with pytest.raises(SettingsError, match=r"Pulumi\.dev\.yaml:1: shop:scale: found nothing, expected a mapping of settings"):
        configured(Sizes, data=None, file=file, key="shop:scale")
