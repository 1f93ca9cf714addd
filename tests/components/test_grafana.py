"""What a user can rely on of Grafana in the cluster."""

import base64
import json
from typing import Any, cast

import kubernetes_validate
import pulumi_aws as aws
import pytest
from policies.policy import Resource, Stack, Thresholds, matches
from policies.table import POLICIES
from ruamel.yaml import YAML
from tests.components import gpu_parts as parts
from tests.components.parts import statements
from tests.components.stage import Declared, Stage, stage
from tests.metrics.factory import metrics_settings

from commonground.addons import NoKubernetesError
from commonground.images import PublicImages, url
from commonground.metrics.dashboards import SOURCE, files
from commonground.metrics.grafana import Grafana, LargeDashboardError, images_used
from commonground.metrics.workspace import ExistingWorkspace
from commonground.settings.metrics import MetricsSettings

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
SECRET = "kubernetes:core/v1:Secret"
POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
WORKSPACE = "arn:aws:aps:eu-central-1:111111111111:workspace/ws-0a1b"
DASHBOARDS = {"overview.json": '{"uid": "overview", "title": "Overview"}', "gpus.json": '{"uid": "gpus", "title": "GPUs"}'}
SIGNATURE = "4dabf18193072939515e22adb298388d"


class Workspace:
    """As another stack would give it."""

    arn = WORKSPACE
    endpoint = "https://aps-workspaces.eu-central-1.amazonaws.com/workspaces/ws-0a1b/"
    region = "eu-central-1"


class Mirror:
    """The environment's registry."""

    def url(self, name: str) -> str:
        return url(parts.IMAGES, name)


def deployed(settings: MetricsSettings | None = None, dashboards: dict[str, str] = DASHBOARDS, workspace: Any = Workspace) -> Stage:
    def program() -> None:
        ready = aws.iam.Role("ready", assume_role_policy="{}")
        Grafana(
            "grafana",
            settings or metrics_settings(),
            cluster=parts.cluster(arn="arn:aws:eks:eu-central-1:111111111111:cluster/shared"),
            images=Mirror(),
            workspace=workspace(),
            dashboards=dashboards,
            after=[ready],
        )

    return stage(program)


@pytest.fixture(scope="module")
def made() -> Stage:
    return deployed()


def objects(made: Stage) -> list[Declared]:
    return [one for one in made.declared if one.type.startswith("kubernetes:")]


def plain(value: Any) -> Any:
    """Properties without the marks of secrets."""
    if isinstance(value, dict):
        return plain(value["value"]) if SIGNATURE in value else {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def template(made: Stage) -> dict[str, Any]:
    return cast(dict[str, Any], made.one(DEPLOYMENT).inputs["spec"]["template"])


def container(made: Stage) -> dict[str, Any]:
    (found,) = template(made)["spec"]["containers"]
    return cast(dict[str, Any], found)


def variables(made: Stage) -> dict[str, str]:
    return {one["name"]: one["value"] for one in container(made)["env"]}


def seen(made: Stage) -> dict[str, str]:
    """The text files that the container sees, by path, from the ConfigMaps that its volumes name."""
    held = {one.inputs["metadata"]["name"]: one.inputs["data"] for one in made.all(CONFIG_MAP).values()}
    mounts = {mount["name"]: mount["mountPath"] for mount in container(made)["volumeMounts"]}
    found: dict[str, str] = {}
    for volume in template(made)["spec"]["volumes"]:
        for source in [volume, *volume.get("projected", {}).get("sources", [])]:
            if "configMap" in source:
                name = source["configMap"]["name"]
                items = source["configMap"].get("items", [{"key": key, "path": key} for key in held[name]])
                found |= {f"{mounts[volume['name']]}/{item['path']}": held[name][item["key"]] for item in items}
    return found


def read(made: Stage, path: str) -> Any:
    """A provisioning file, as Grafana reads it: YAML."""
    return YAML(typ="safe").load(seen(made)[path])


@pytest.mark.parametrize("version", ["1.34", "1.36"])
def test_kubernetes_knows_every_field(made: Stage, version: str) -> None:
    for one in objects(made):
        kubernetes_validate.validate(plain(one.inputs), version, strict=True)


def test_the_data_source_signs_as_the_pod_for_this_workspace_and_nobody_edits_it(made: Stage) -> None:
    (source,) = read(made, "/etc/grafana/provisioning/datasources/datasources.yaml")["datasources"]
    assert (source["uid"], source["type"], source["isDefault"], source["editable"]) == ("prometheus", "prometheus", True, False)
    assert source["url"] == Workspace.endpoint
    assert source["jsonData"] == {
        "httpMethod": "POST",
        "manageAlerts": True,
        "prometheusType": "Prometheus",
        "prometheusVersion": "2.40.0",
        "sigV4Auth": True,
        "sigV4AuthType": "default",
        "sigV4Region": "eu-central-1",
        "timeInterval": "30s",
    }
    assert variables(made)["GF_AUTH_SIGV4_AUTH_ENABLED"] == "true"


def test_the_shortest_step_of_a_graph_is_how_often_is_scraped() -> None:
    slow = deployed(metrics_settings(scrape_seconds=60))
    (source,) = read(slow, "/etc/grafana/provisioning/datasources/datasources.yaml")["datasources"]
    assert source["jsonData"]["timeInterval"] == "60s"


def test_every_dashboard_is_a_file_where_the_provider_looks_and_the_overview_opens_first(made: Stage) -> None:
    (provider,) = read(made, "/etc/grafana/provisioning/dashboards/dashboards.yaml")["providers"]
    found = {path.rsplit("/", 1)[1]: text for path, text in seen(made).items() if path.startswith(provider["options"]["path"])}
    assert found == DASHBOARDS
    assert variables(made)["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"] == f"{provider['options']['path']}/overview.json"


def test_it_takes_the_dashboards_that_are_shipped_and_a_workspace_that_is_there_already() -> None:
    existing = ExistingWorkspace(id="ws-1", arn=WORKSPACE, endpoint=Workspace.endpoint, region="eu-west-1")
    shipped = deployed(dashboards=files(metrics_settings()), workspace=lambda: existing)
    assert len([path for path in seen(shipped) if path.startswith("/etc/commonground/dashboards/")]) == len(files(metrics_settings()))
    (source,) = read(shipped, "/etc/grafana/provisioning/datasources/datasources.yaml")["datasources"]
    assert (SOURCE.uid, SOURCE.type_val) == (source["uid"], source["type"])
    assert source["jsonData"]["sigV4Region"] == "eu-west-1"


def test_dashboards_change_with_their_files_only(made: Stage) -> None:
    (provider,) = read(made, "/etc/grafana/provisioning/dashboards/dashboards.yaml")["providers"]
    assert (provider["allowUiUpdates"], provider["disableDeletion"], provider["folder"]) == (False, True, "Commonground")
    assert provider["updateIntervalSeconds"] <= 60


def test_a_changed_dashboard_starts_no_pod_anew_and_a_changed_data_source_does(made: Stage) -> None:
    class Moved(Workspace):
        endpoint = "https://aps-workspaces.eu-central-1.amazonaws.com/workspaces/ws-9z9z/"

    assert template(deployed(dashboards={**DASHBOARDS, "gpus.json": "{}"})) == template(made)
    assert template(deployed(workspace=Moved)) != template(made)


def test_another_dashboard_changes_none_that_is_there(made: Stage) -> None:
    after = deployed(dashboards={**DASHBOARDS, "cost.json": "{}"})
    assert all(after.one(CONFIG_MAP, name).inputs == one.inputs for name, one in made.all(CONFIG_MAP).items())


def test_no_dashboard_at_all_is_no_mistake() -> None:
    empty = deployed(dashboards={})
    assert "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH" not in variables(empty)
    assert list(seen(empty)) == ["/etc/grafana/provisioning/datasources/datasources.yaml", "/etc/grafana/provisioning/dashboards/dashboards.yaml"]


def test_a_dashboard_that_no_config_map_can_hold_is_refused_by_name() -> None:
    with pytest.raises(LargeDashboardError, match=r"^dashboard 'huge': 1048577 bytes of JSON; expected at most 1048576"):
        deployed(dashboards={"huge.json": "x" * (1 << 20) + "x"})


def test_the_role_reads_this_workspace_and_can_do_nothing_else(made: Stage) -> None:
    (policy,) = statements(made.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"]).values()
    assert policy["Resource"] == WORKSPACE
    assert all(action.partition(":")[2].startswith(("Get", "List", "Query")) for action in policy["Action"])
    assert {"aps:QueryMetrics", "aps:GetLabels", "aps:GetSeries", "aps:GetMetricMetadata"} < set(policy["Action"])
    assert not {one.type for one in made.declared} & {"aws:iam/rolePolicyAttachment:RolePolicyAttachment"}


def test_only_grafanas_service_account_of_this_cluster_takes_the_role(made: Stage) -> None:
    (trust,) = statements(made.one("aws:iam/role:Role", "grafana").inputs["assumeRolePolicy"]).values()
    assert trust["Condition"] == {
        "StringEquals": {
            "aws:RequestTag/eks-cluster-arn": "arn:aws:eks:eu-central-1:111111111111:cluster/shared",
            "aws:RequestTag/kubernetes-namespace": "monitoring",
            "aws:RequestTag/kubernetes-service-account": "grafana",
        }
    }
    association = made.one("aws:eks/podIdentityAssociation:PodIdentityAssociation").inputs
    spec = template(made)["spec"]
    assert (association["namespace"], association["serviceAccount"]) == (made.one(DEPLOYMENT).inputs["metadata"]["namespace"], spec["serviceAccountName"])


def test_the_pod_is_made_when_it_can_have_its_credentials(made: Stage) -> None:
    assert {"grafana-identity", "grafana-reads", "grafana-admin", "grafana-provisioning", "grafana-dashboard-gpus"} <= made.upstream(made.one(DEPLOYMENT))


def test_it_has_no_token_of_the_kubernetes_api(made: Stage) -> None:
    assert made.one("kubernetes:core/v1:ServiceAccount").inputs["automountServiceAccountToken"] is False
    assert template(made)["spec"]["automountServiceAccountToken"] is False


def test_nothing_comes_in_and_out_go_dns_credentials_and_https_alone(made: Stage) -> None:
    specs = {one.inputs["metadata"]["name"]: one.inputs["spec"] for one in made.all(POLICY).values()}
    assert specs["alone"]["podSelector"] == {}
    assert specs["alone"]["policyTypes"] == ["Ingress", "Egress"]
    assert not any("ingress" in spec for spec in specs.values())
    selected = specs["identity"]["podSelector"]["matchLabels"]
    assert selected.items() <= template(made)["metadata"]["labels"].items()
    ways = [(peer, port["port"]) for spec in specs.values() for rule in spec["egress"] for peer in rule["to"] for port in rule["ports"]]
    assert {port for peer, port in ways if "ipBlock" not in peer} == {53}
    assert {(peer["ipBlock"]["cidr"], port) for peer, port in ways if "ipBlock" in peer} == {("169.254.170.23/32", 80), ("0.0.0.0/0", 443)}


def test_the_password_is_a_secret_of_the_engine_drawn_anew_and_kept_from_the_first_run() -> None:
    first, second = deployed().one(SECRET), deployed().one(SECRET)
    assert first.ignored == {"data"}
    assert SIGNATURE in first.inputs["data"]
    passwords = [base64.b64decode(plain(one.inputs)["data"]["password"]) for one in (first, second)]
    assert len(passwords[0]) > 40
    assert passwords[0] != passwords[1]
    assert plain(first.inputs)["data"]["secret-key"] != plain(first.inputs)["data"]["password"]


def test_the_password_is_in_a_file_of_the_pod_and_in_nothing_else_that_is_made(made: Stage) -> None:
    values = plain(made.one(SECRET).inputs)["data"].values()
    others = json.dumps([one.inputs for one in made.declared if one.type != SECRET], default=str)
    assert not [value for value in values if value in others or base64.b64decode(value).decode() in others]
    (volume,) = [one for one in template(made)["spec"]["volumes"] if one["name"] == "admin"]
    (mount,) = [one for one in container(made)["volumeMounts"] if one["name"] == "admin"]
    assert volume["secret"]["secretName"] == made.one(SECRET).inputs["metadata"]["name"]
    assert variables(made)["GF_SECURITY_ADMIN_PASSWORD__FILE"] == f"{mount['mountPath']}/password"
    assert "GF_SECURITY_ADMIN_PASSWORD" not in variables(made)


def test_nobody_is_in_without_signing_in_and_nothing_is_fetched_or_told_to_the_outside(made: Stage) -> None:
    found = variables(made)
    off = ("AUTH_ANONYMOUS_ENABLED", "USERS_ALLOW_SIGN_UP", "ANALYTICS_REPORTING_ENABLED", "ANALYTICS_CHECK_FOR_UPDATES", "SNAPSHOTS_EXTERNAL_ENABLED")
    assert {found[f"GF_{name}"] for name in (*off, "PUBLIC_DASHBOARDS_ENABLED", "NEWS_NEWS_FEED_ENABLED", "PLUGINS_PLUGIN_ADMIN_ENABLED")} == {"false"}
    assert {found[f"GF_{name}"] for name in ("SECURITY_DISABLE_GRAVATAR", "PLUGINS_PREINSTALL_DISABLED")} == {"true"}


def test_the_pod_is_what_the_level_restricted_takes(made: Stage) -> None:
    labels = made.one("kubernetes:core/v1:Namespace").inputs["metadata"]["labels"]
    assert {labels[f"pod-security.kubernetes.io/{mode}"] for mode in ("enforce", "audit", "warn")} == {"restricted"}
    spec = template(made)["spec"]
    assert spec["securityContext"] == {"runAsNonRoot": True, "runAsUser": 472, "runAsGroup": 472, "fsGroup": 472, "seccompProfile": {"type": "RuntimeDefault"}}
    assert container(made)["securityContext"] == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    writable = {mount["mountPath"] for mount in container(made)["volumeMounts"] if not mount.get("readOnly")}
    assert writable == {"/var/lib/grafana", "/tmp"}


def test_it_runs_beside_the_clusters_own_software_and_holds_up_no_run(made: Stage) -> None:
    deployment = made.one(DEPLOYMENT).inputs
    assert template(made)["spec"]["nodeSelector"] == {"commonground.dev/purpose": "system"}
    assert template(made)["spec"]["priorityClassName"] == "system"
    assert (deployment["spec"]["replicas"], deployment["spec"]["strategy"]) == (1, {"type": "Recreate"})
    assert deployment["metadata"]["annotations"]["pulumi.com/skipAwait"] == "true"


def test_the_service_leads_to_the_pod_and_to_nobody_outside(made: Stage) -> None:
    service = made.one("kubernetes:core/v1:Service").inputs["spec"]
    assert service["type"] == "ClusterIP"
    assert service["selector"].items() <= template(made)["metadata"]["labels"].items()
    (port,) = service["ports"]
    assert (port["port"], port["targetPort"]) == (80, container(made)["ports"][0]["name"])


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.id)
def test_it_keeps_the_policies_that_users_stacks_are_held_to(made: Stage, policy: Any) -> None:
    found = [Resource(one.type, one.name, plain(one.inputs), urn=one.urn) for one in made.declared]
    looked_at = [one for one in found if matches(one.type, policy.types)]
    told = [str(each) for one in looked_at if policy.check for each in policy.check(one, Thresholds())]
    told += [about.text for about in policy.whole(Stack(found), Thresholds())] if policy.whole else []
    assert told == []


def test_everything_is_made_by_the_clusters_provider_after_what_was_named(made: Stage) -> None:
    for one in objects(made):
        assert "::shared::" in one.provider
        assert "ready" in made.upstream(one)


def test_a_cluster_without_a_kubernetes_provider_is_refused() -> None:
    def program() -> None:
        Grafana("grafana", metrics_settings(), cluster=parts.cluster(provided=False), images=PublicImages(), workspace=Workspace(), dashboards={}, after=())

    with pytest.raises(NoKubernetesError, match="grafana"):
        stage(program)


def test_its_image_is_asked_for_where_it_runs() -> None:
    assert images_used(metrics_settings()) == ("grafana",)
    assert images_used(metrics_settings(grafana=False)) == images_used(None) == ()
    assert PublicImages().url("grafana").startswith("docker.io/grafana/grafana:12.4.")
