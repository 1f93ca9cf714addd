"""What a user can rely on of a team."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import kubernetes_validate
import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes
import pytest
from tests.components import factory
from tests.components.parts import owned_by_platform
from tests.components.stage import Declared, Stage, stage

from commonground.addons import NoKubernetesError
from commonground.cluster import ExistingCluster
from commonground.registries import ExistingRepository
from commonground.settings.environment import QuotaSettings, TeamSettings
from commonground.storage import ExistingBucket
from commonground.teams import Team, quantity, shares

NAMESPACE = "kubernetes:core/v1:Namespace"
QUOTA = "kubernetes:core/v1:ResourceQuota"
LIMITS = "kubernetes:core/v1:LimitRange"
ACCOUNT = "kubernetes:core/v1:ServiceAccount"
POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
ROLE = "kubernetes:rbac.authorization.k8s.io/v1:Role"
BINDING = "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding"
AWS_ROLE = "aws:iam/role:Role"
GRANT = "aws:iam/rolePolicy:RolePolicy"
ASSOCIATION = "aws:eks/podIdentityAssociation:PodIdentityAssociation"


def team(name: str = "shop", namespaces: Sequence[str] = ("shop", "shop-jobs"), **changes: Any) -> TeamSettings:
    return factory.team(name, **{"namespaces": tuple(namespaces), "quota": QuotaSettings(cpu=40, memory_gib=160, gpus=4, storage_gib=500), **changes})


def existing(provider: kubernetes.Provider | None) -> ExistingCluster:
    return ExistingCluster(
        name="shared", arn="arn:cluster", security_group_id="sg-1", subnet_ids={"euc1-az1": "subnet-1"}, node_role_arn="role", kubernetes=provider
    )


def deployed(*teams: TeamSettings, opts: pulumi.ResourceOptions | None = None) -> Stage:
    def program() -> None:
        cluster = existing(kubernetes.Provider("shared"))
        addons = aws.iam.Role("addons", assume_role_policy="{}")
        buckets = {name: ExistingBucket(name, name=name, arn=f"arn:aws:s3:::{name}", key_arn="arn:key") for name in ("models", "datasets")}
        repositories = {name: ExistingRepository(name, arn=f"arn:repository/{name}", url=name) for name in ("shop", "models/churn")}
        for settings in teams or (team(),):
            Team(settings.name, settings, cluster=cluster, storage=buckets, registries=repositories, after=[addons], opts=opts)

    return stage(program)


def kubernetes_objects(made: Stage) -> list[Declared]:
    return [one for one in made.declared if one.type.startswith("kubernetes:")]


def named(made: Stage, type_: str, name: str, namespace: str = "shop") -> dict[str, Any]:
    """The object that Kubernetes knows by this name."""
    (found,) = [one.inputs for one in made.all(type_).values() if one.inputs["metadata"] == {"name": name, "namespace": namespace}]
    return found


@pytest.fixture(scope="module")
def made() -> Stage:
    return deployed()


def test_every_namespace_refuses_pods_that_are_not_restricted_and_says_whose_it_is(made: Stage) -> None:
    metadata = {one.inputs["metadata"]["name"]: one.inputs["metadata"]["labels"] for one in made.all(NAMESPACE).values()}
    assert set(metadata) == {"shop", "shop-jobs"}
    levels = dict.fromkeys((f"pod-security.kubernetes.io/{mode}" for mode in ("enforce", "audit", "warn")), "restricted")
    assert metadata["shop"] == metadata["shop-jobs"] == {**levels, "commonground.dev/team": "shop"}


def test_every_object_is_made_by_the_clusters_provider_after_the_addons_and_its_namespace(made: Stage) -> None:
    for one in kubernetes_objects(made):
        assert "::shared::" in one.provider
        assert "addons" in made.upstream(one)
        namespace = one.inputs["metadata"].get("namespace")
        assert namespace is None or f"shop/{namespace}" in made.upstream(one)


def test_the_quota_is_shared_out_and_together_the_shares_are_all_of_it(made: Stage) -> None:
    assert named(made, QUOTA, "shop-quota")["spec"] == {
        "hard": {
            "requests.cpu": "20",
            "requests.memory": "80Gi",
            "limits.memory": "80Gi",
            "requests.storage": "250Gi",
            "requests.nvidia.com/gpu": "2",
            "gpu.nvidia.com.deviceclass.resource.k8s.io/devices": "2",
            "mig.nvidia.com.deviceclass.resource.k8s.io/devices": "2",
            "services.loadbalancers": "0",
            "services.nodeports": "0",
            "count/configmaps": "1k",
            "count/cronjobs.batch": "200",
            "count/jobs.batch": "2k",
            "count/secrets": "1k",
            "count/services": "200",
        }
    }
    uneven = shares(QuotaSettings(cpu=1, memory_gib=1, gpus=4, storage_gib=1), ["a", "b", "c"])
    assert [hard["requests.cpu"] for hard in uneven.values()] == ["334m", "333m", "333m"]
    assert [hard["requests.memory"] for hard in uneven.values()] == ["342Mi", "341Mi", "341Mi"]
    assert [hard["requests.nvidia.com/gpu"] for hard in uneven.values()] == ["2", "1", "1"]


def test_a_team_without_gpus_is_refused_them_in_words_and_not_by_silence() -> None:
    (hard,) = shares(QuotaSettings(cpu=1, memory_gib=1, gpus=0, storage_gib=1), ["a"]).values()
    assert {hard[name] for name in hard if "nvidia" in name} == {"0"}


@pytest.mark.parametrize(
    ("amount", "step", "units", "written"),
    [
        (1500, 1000, ("m", "", "k"), "1500m"),
        (40_000, 1000, ("m", "", "k"), "40"),
        (2_000_000, 1000, ("m", "", "k"), "2k"),
        (10_000, 1000, ("", "k"), "10k"),
        (512, 1024, ("Mi", "Gi", "Ti"), "512Mi"),
        (163_840, 1024, ("Mi", "Gi", "Ti"), "160Gi"),
        (2_097_152, 1024, ("Mi", "Gi", "Ti"), "2Ti"),
        (0, 1000, ("", "k"), "0"),
    ],
)
def test_quantities_are_written_as_kubernetes_gives_them_back(amount: int, step: int, units: Sequence[str], written: str) -> None:
    assert quantity(amount, step, units) == written


def test_no_pod_of_a_team_has_a_priority_of_the_foundations_or_the_clusters_own_software(made: Stage) -> None:
    spec = named(made, QUOTA, "reserved-priorities")["spec"]
    assert spec["hard"] == {"pods": "0"}
    (selected,) = spec["scopeSelector"]["matchExpressions"]
    assert (selected["scopeName"], selected["operator"]) == ("PriorityClass", "In")
    assert set(selected["values"]) == {"system", "system-cluster-critical", "system-node-critical"}


def test_a_container_that_asks_for_nothing_gets_a_little_and_a_limit_of_memory_but_none_of_cpu(made: Stage) -> None:
    (limits,) = named(made, LIMITS, "defaults")["spec"]["limits"]
    assert limits["type"] == "Container"
    assert limits["defaultRequest"] == {"cpu": "100m", "memory": "128Mi"}
    assert limits["default"] == {"memory": "512Mi"}
    assert limits["min"] == {"cpu": "10m", "memory": "16Mi"}


def test_pods_are_reached_by_their_own_team_and_the_peers_it_names_and_by_nobody_else() -> None:
    spec = named(deployed(team(peers=("payments", "ads"))), POLICY, "closed")["spec"]
    assert spec["podSelector"] == {}
    assert set(spec["policyTypes"]) == {"Ingress", "Egress"}
    (rule,) = spec["ingress"]
    (sender,) = rule["from"]
    assert sender == {"namespaceSelector": {"matchExpressions": [{"key": "commonground.dev/team", "operator": "In", "values": ["ads", "payments", "shop"]}]}}


def test_pods_reach_dns_their_own_team_and_the_teams_that_let_them_in_and_nothing_else(made: Stage) -> None:
    dns, own = named(made, POLICY, "closed")["spec"]["egress"]
    assert dns["to"] == [
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}, "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}
    ]
    assert {(port["protocol"], port["port"]) for port in dns["ports"]} == {("UDP", 53), ("TCP", 53)}
    assert own == {"to": [{"namespaceSelector": {"matchExpressions": [{"key": "commonground.dev/team", "operator": "In", "values": ["shop"]}]}}]}

    _, teams = named(deployed(team(peers=("ads",), reaches=("payments",))), POLICY, "closed")["spec"]["egress"]
    (receiver,) = teams["to"]
    assert receiver["namespaceSelector"]["matchExpressions"] == [{"key": "commonground.dev/team", "operator": "In", "values": ["payments", "shop"]}]


def test_only_pods_that_say_that_they_use_the_aws_role_get_credentials_and_a_way_to_aws(made: Stage) -> None:
    spec = named(made, POLICY, "identity")["spec"]
    assert spec["podSelector"] == {"matchLabels": {"commonground.dev/identity": "true"}}
    assert spec["policyTypes"] == ["Egress"]
    agent, aws_endpoints = spec["egress"]
    assert agent == {"to": [{"ipBlock": {"cidr": "169.254.170.23/32"}}], "ports": [{"protocol": "TCP", "port": 80}]}
    assert aws_endpoints == {"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": [{"protocol": "TCP", "port": 443}]}


def test_the_metrics_collector_comes_in_from_where_it_stands_and_opens_nothing_else(made: Stage) -> None:
    spec = named(deployed(team(scraped_from=("10.16.224.0/22", "10.16.228.0/22"))), POLICY, "scraped", "shop-jobs")["spec"]
    assert (spec["podSelector"], spec["policyTypes"]) == ({}, ["Ingress"])
    assert spec["ingress"] == [{"from": [{"ipBlock": {"cidr": "10.16.224.0/22"}}, {"ipBlock": {"cidr": "10.16.228.0/22"}}]}]
    assert {one.inputs["metadata"]["name"] for one in made.all(POLICY).values()} == {"closed", "identity"}


def test_each_role_is_bound_to_its_group_in_every_namespace(made: Stage) -> None:
    for namespace in ("shop", "shop-jobs"):
        for name, group in (("viewer", "viewer"), ("developer", "developer"), ("ml-engineer", "ml_engineer"), ("operator", "operator"), ("ci", "ci")):
            assert named(made, ROLE, name, namespace)["rules"]
            binding = named(made, BINDING, name, namespace)
            assert binding["roleRef"] == {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name}
            assert binding["subjects"] == [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": f"commonground:shop:{group}"}]


def test_a_role_reads_as_the_table_says(made: Stage) -> None:
    verbs = [rule["verbs"] for rule in named(made, ROLE, "operator")["rules"] if "secrets" in rule["resources"] and rule["apiGroups"] == [""]]
    assert verbs == [["get", "list", "watch"]]
    assert all("secrets" not in rule["resources"] for rule in named(made, ROLE, "viewer")["rules"])


def test_the_service_account_is_named_after_the_team_and_carries_no_token_of_the_cluster(made: Stage) -> None:
    accounts = [one.inputs for one in made.all(ACCOUNT).values()]
    assert {(one["metadata"]["namespace"], one["metadata"]["name"]) for one in accounts} == {("shop", "shop"), ("shop-jobs", "shop")}
    assert {one["automountServiceAccountToken"] for one in accounts} == {False}


def test_one_role_is_taken_by_that_account_in_the_teams_namespaces_on_this_cluster_only(made: Stage) -> None:
    (statement,) = json.loads(made.one(AWS_ROLE, "shop-workloads").inputs["assumeRolePolicy"])["Statement"]
    assert statement["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    assert set(statement["Action"]) == {"sts:AssumeRole", "sts:TagSession"}
    assert statement["Condition"] == {
        "StringEquals": {
            "aws:RequestTag/eks-cluster-arn": "arn:cluster",
            "aws:RequestTag/kubernetes-namespace": ["shop", "shop-jobs"],
            "aws:RequestTag/kubernetes-service-account": "shop",
        }
    }
    associations = [one.inputs for one in made.all(ASSOCIATION).values()]
    assert {(one["clusterName"], one["namespace"], one["serviceAccount"], one["roleArn"]) for one in associations} == {
        ("shared", namespace, "shop", "arn:aws:test:::shop-workloads") for namespace in ("shop", "shop-jobs")
    }


def test_the_role_reads_and_writes_the_teams_prefixes_and_repositories_and_nothing_else() -> None:
    made = deployed(team(buckets={"models": "shop/", "datasets": "shop/raw/"}, registries=("shop", "models/churn")))
    allowed = [statement for one in made.all(GRANT).values() for statement in json.loads(one.inputs["policy"])["Statement"]]
    assert {one.inputs["role"] for one in made.all(GRANT).values()} == {"shop-workloads"}
    assert {(statement["Sid"], statement["Resource"]) for statement in allowed if statement["Sid"] not in {"Decrypt", "Encrypt"}} == {
        ("ListPrefix", "arn:aws:s3:::models"),
        ("ReadPrefix", "arn:aws:s3:::models/shop/*"),
        ("WritePrefix", "arn:aws:s3:::models/shop/*"),
        ("ListPrefix", "arn:aws:s3:::datasets"),
        ("ReadPrefix", "arn:aws:s3:::datasets/shop/raw/*"),
        ("WritePrefix", "arn:aws:s3:::datasets/shop/raw/*"),
        ("LogIn", "*"),
        ("PushImages", "arn:repository/shop"),
        ("PushImages", "arn:repository/models/churn"),
    }


def test_every_object_is_what_kubernetes_takes(made: Stage) -> None:
    for one in kubernetes_objects(made):
        kubernetes_validate.validate(one.inputs, "1.36", strict=True)


def test_who_waits_for_the_team_has_its_rights(made: Stage) -> None:
    for association in made.all(ASSOCIATION).values():
        assert {"models-read-shop-shop", "models-write-shop-shop", "shop-push-shop"} <= made.upstream(association)


def test_the_identity_takes_further_grants() -> None:
    def program() -> None:
        shop = Team("shop", team(buckets={}, registries=()), cluster=existing(kubernetes.Provider("shared")), storage={}, registries={}, after=())
        assert (shop.identity.name, shop.identity.namespace, shop.identity.service_account, shop.service_account) == ("shop", "shop", "shop", "shop")
        assert list(shop.namespaces) == ["shop", "shop-jobs"]
        ExistingBucket("datasets", name="datasets", arn="arn:datasets").grant_read(shop.identity, prefix="public/")

    assert stage(program).one(GRANT, "datasets-read-public-shop").inputs["role"] == "shop-workloads"


def test_teams_side_by_side_share_no_logical_name_however_their_names_meet() -> None:
    made = deployed(team("a", ("b-c", "b-quota")), team("a-b", ("c", "quota")), team("a-b-c", ("b",)))
    urns = [one.urn for one in made.declared]
    assert len(urns) == len(set(urns))


def test_another_team_or_namespace_moves_nothing_that_is_there(made: Stage) -> None:
    grown = deployed(team("ads", ("ads",)), team(namespaces=("shop-batch", "shop", "shop-jobs")))
    before = {one.urn: one for one in made.declared if one.type != "pulumi:pulumi:Stack"}
    after = {one.urn: one for one in grown.declared}
    assert before.keys() <= after.keys()
    changed = {urn for urn in before if before[urn].inputs != after[urn].inputs}
    assert {before[urn].type for urn in changed} == {QUOTA, AWS_ROLE}
    assert {before[urn].name for urn in changed} == {"shop/shop-quota", "shop/shop-jobs-quota", "shop-workloads"}


def test_a_team_with_two_namespaces_is_this_many_resources(made: Stage) -> None:
    """Each costs time in every run: whoever adds one says so here."""
    assert len(kubernetes_objects(made)) == 2 * 17
    own = [one for one in made.declared if one.type.startswith("aws:") and one.name != "addons"]
    assert Counter(one.type for one in own) == {AWS_ROLE: 1, GRANT: 3, ASSOCIATION: 2}


def test_a_cluster_without_a_kubernetes_provider_is_refused() -> None:
    with pytest.raises(NoKubernetesError, match=r"shop.*kubernetes="):
        stage(lambda: Team("shop", team(), cluster=existing(None), storage={}, registries={}, after=()))


def test_a_users_transform_reaches_what_takes_tags() -> None:
    made = deployed(opts=owned_by_platform())
    assert {one.name: one.inputs["tags"].get("owner") for one in made.declared if "tags" in one.inputs} == {
        "shop-workloads": "platform",
        "shop/shop-identity": "platform",
        "shop/shop-jobs-identity": "platform",
    }
