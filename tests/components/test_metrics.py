"""What a user can rely on of the metrics stack: workspace, collector, topics, rules and alert routes."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pulumi
import pytest
from ruamel.yaml import YAML
from tests.components.parts import owned_by_platform, owners, statements
from tests.components.stage import Stage, stage
from tests.metrics.factory import metrics_settings

from commonground.cluster import ExistingCluster
from commonground.metrics.collector import TooFewZonesError
from commonground.metrics.rules.namespaces import NAMESPACES
from commonground.metrics.stack import Metrics
from commonground.metrics.workspace import ExistingWorkspace, WorkspaceLike
from commonground.network import ExistingNetwork
from commonground.settings import names
from commonground.settings.base import Protection

WORKSPACE = "aws:amp/workspace:Workspace"
BOUNDS = "aws:amp/workspaceConfiguration:WorkspaceConfiguration"
SCRAPER = "aws:amp/scraper:Scraper"
SCRAPER_LOGS = "aws:amp/scraperLoggingConfiguration:ScraperLoggingConfiguration"
RULES = "aws:amp/ruleGroupNamespace:RuleGroupNamespace"
ALERTS = "aws:amp/alertManagerDefinition:AlertManagerDefinition"
KEY = "aws:kms/key:Key"
LOGS = "aws:cloudwatch/logGroup:LogGroup"
ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
TOPIC = "aws:sns/topic:Topic"
TOPIC_POLICY = "aws:sns/topicPolicy:TopicPolicy"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"

ARN = "arn:aws:test:::metrics-workspace"
KEY_ARN = "arn:aws:test:::metrics-key"
SCRAPERS = "arn:aws:aps:eu-central-1:111111111111:scraper/*"
ZONES = {"euc1-az1": "subnet-1", "euc1-az2": "subnet-2"}
CLUSTER = ExistingCluster(name="shared", arn="arn:cluster", security_group_id="sg-cluster", subnet_ids={}, node_role_arn="role")
THEIRS = ExistingWorkspace(id="ws-1", arn="arn:theirs", endpoint="https://theirs/", region="eu-central-1")


def program(
    *, intra: Mapping[str, str] = ZONES, workspace: WorkspaceLike | None = None, opts: pulumi.ResourceOptions | None = None, **changes: Any
) -> Callable[[], object]:
    network = ExistingNetwork(vpc_id="vpc-1", private_subnet_ids={"euc1-az1": "subnet-9"}, intra_subnet_ids=intra)
    return lambda: Metrics("metrics", metrics_settings(**changes), cluster=CLUSTER, network=network, workspace=workspace, opts=opts)


def deployed(**changes: Any) -> Stage:
    return stage(program(**changes))


@pytest.fixture(scope="module")
def made() -> Stage:
    return deployed()


def test_samples_are_encrypted_by_a_key_of_their_own_that_only_prometheus_uses(made: Stage) -> None:
    assert made.one(WORKSPACE).inputs["kmsKeyArn"] == KEY_ARN
    key = statements(made.one(KEY).inputs["policy"])
    through = key["UsedThroughPrometheus"]
    assert through["Condition"] == {"StringEquals": {"kms:ViaService": "aps.eu-central-1.amazonaws.com", "kms:CallerAccount": "111111111111"}}
    assert set(through["Action"]) == {"kms:DescribeKey", "kms:CreateGrant", "kms:GenerateDataKey", "kms:Decrypt"}


def test_alerts_reach_encrypted_topics(made: Stage) -> None:
    assert {one.inputs["kmsMasterKeyId"] for one in made.all(TOPIC).values()} == {KEY_ARN}
    let = statements(made.one(KEY).inputs["policy"])["AlertsToTopics"]
    assert let["Principal"] == {"Service": "aps.amazonaws.com"}
    assert set(let["Action"]) == {"kms:GenerateDataKey*", "kms:Decrypt"}


def test_logs_are_encrypted_go_where_aws_delivers_and_end_when_the_scale_says(made: Stage) -> None:
    group = made.one(LOGS).inputs
    assert group["name"] == "/aws/vendedlogs/prometheus/commonground-dev"
    assert (group["retentionInDays"], group["kmsKeyId"]) == (30, KEY_ARN)
    let = statements(made.one(KEY).inputs["policy"])["LogsAtRest"]
    assert let["Principal"] == {"Service": "logs.eu-central-1.amazonaws.com"}
    assert let["Condition"] == {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:eu-central-1:111111111111:log-group:{group['name']}"}}
    assert made.one(WORKSPACE).inputs["loggingConfiguration"] == {"logGroupArn": "arn:aws:test:::metrics-logs:*"}
    logging = made.one(SCRAPER_LOGS).inputs
    assert logging["loggingDestination"] == {"cloudwatchLogs": {"logGroupArn": "arn:aws:test:::metrics-logs:*"}}
    assert set(logging["scraperComponents"]) == {"SERVICE_DISCOVERY", "COLLECTOR", "EXPORTER"}


def test_each_team_has_its_own_bound_of_series_and_the_rest_has_one(made: Stage) -> None:
    bounds = made.one(BOUNDS).inputs
    assert bounds["retentionPeriodInDays"] == 150
    assert {json.dumps(one["labelSet"]): one["limits"]["maxSeries"] for one in bounds["limitsPerLabelSets"]} == {
        "{}": 1_000_000,
        '{"team": "shop"}': 200_000,
        '{"team": "payments"}': 200_000,
    }


@pytest.mark.parametrize(
    ("name", "type_"), [(names.METRICS_WORKSPACE, WORKSPACE), (names.METRICS_KEY, KEY), (names.METRICS_LOGS, LOGS)], ids=["workspace", "key", "logs"]
)
def test_what_holds_data_is_protected_until_its_protection_is_lifted(name: str, type_: str) -> None:
    assert deployed(protection=Protection(on=True)).one(type_, name).protected
    assert not deployed(protection=Protection(on=True, unprotected=(name,))).one(type_, name).protected


def test_the_collector_stands_in_the_intra_tier_and_in_the_clusters_security_group(made: Stage) -> None:
    scraper = made.one(SCRAPER).inputs
    assert scraper["source"] == {"eks": {"clusterArn": "arn:cluster", "subnetIds": ["subnet-1", "subnet-2"], "securityGroupIds": ["sg-cluster"]}}
    assert scraper["destination"] == {"amp": {"workspaceArn": ARN}}
    assert "job_name: pods" in scraper["scrapeConfiguration"]


def test_one_zone_is_too_few_for_a_collector() -> None:
    with pytest.raises(TooFewZonesError, match="at least 2 zones, found euc1-az1"):
        deployed(intra={"euc1-az1": "subnet-1"})


def test_the_collector_writes_into_an_encrypted_workspace_as_a_role_that_can_nothing_else(made: Stage) -> None:
    """AWS: a collector's own role cannot use a customer's key."""
    roles = made.one(SCRAPER).inputs["roleConfiguration"]
    assert roles == {"sourceRoleArn": "arn:aws:test:::metrics-collector-source", "targetRoleArn": "arn:aws:test:::metrics-collector-target"}
    source = statements(made.one(ROLE, "metrics-collector-source").inputs["assumeRolePolicy"])["TakenByCollectors"]
    assert source["Principal"] == {"Service": "scraper.aps.amazonaws.com"}
    assert source["Condition"] == {"StringEquals": {"aws:SourceAccount": "111111111111"}, "ArnLike": {"aws:SourceArn": SCRAPERS}}
    target = statements(made.one(ROLE, "metrics-collector-target").inputs["assumeRolePolicy"])["TakenForCollectors"]
    assert target["Principal"] == {"AWS": roles["sourceRoleArn"]}
    assert target["Condition"] == {"StringLike": {"sts:ExternalId": SCRAPERS}}
    rights = {name: statements(one.inputs["policy"]) for name, one in made.all(ROLE_POLICY).items()}
    assert rights["metrics-collector-source"] == {
        "BecomeTheWriter": {"Sid": "BecomeTheWriter", "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": roles["targetRoleArn"]}
    }
    assert rights["metrics-collector-target"] == {"WriteSamples": {"Sid": "WriteSamples", "Effect": "Allow", "Action": "aps:RemoteWrite", "Resource": ARN}}
    assert {"metrics-collector-source", "metrics-collector-target", "metrics-workspace"} <= made.upstream(made.one(SCRAPER))


def test_access_to_the_cluster_is_left_to_aws_which_refuses_ours(made: Stage) -> None:
    assert not [one for one in made.declared if one.type.startswith(("aws:eks/", "kubernetes:"))]


def test_there_is_a_topic_for_each_team_and_severity_and_for_the_platform_retraining_and_the_watchdog(made: Stage) -> None:
    teams = {f"{team}-{severity}" for team in ("shop", "payments", "platform") for severity in ("critical", "warning")}
    assert {one.inputs["name"] for one in made.all(TOPIC).values()} == {f"commonground-dev-alerts-{name}" for name in (*teams, "retraining", "watchdog")}


def test_only_this_workspace_publishes_and_only_over_tls(made: Stage) -> None:
    policies = made.all(TOPIC_POLICY)
    assert set(policies) == set(made.all(TOPIC))
    policy = statements(policies["alerts-shop-critical"].inputs["policy"])
    publish, refuse = policy["AlertsOfTheWorkspace"], policy["RefusePlainHttp"]
    assert publish["Principal"] == {"Service": "aps.amazonaws.com"}
    # Both, as AWS says it: Amazon Managed Prometheus user guide, "Giving permission to send alert messages to your Amazon SNS topic".
    assert set(publish["Action"]) == {"sns:Publish", "sns:GetTopicAttributes"}
    assert publish["Resource"] == refuse["Resource"] == "arn:aws:test:::alerts-shop-critical"
    assert publish["Condition"] == {"StringEquals": {"aws:SourceAccount": "111111111111"}, "ArnEquals": {"aws:SourceArn": ARN}}
    assert (refuse["Effect"], refuse["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_whoever_is_bound_is_told_by_mail_or_over_https() -> None:
    told = {"shop-critical": "https://pager.acme.io/shop", "shop-warning": "shop@acme.io", "watchdog": "ops@acme.io"}
    found = {
        name: (one.inputs["protocol"], one.inputs["endpoint"], one.inputs["topic"]) for name, one in deployed(subscriptions=told).all(SUBSCRIPTION).items()
    }
    assert found == {
        "alerts-shop-critical": ("https", "https://pager.acme.io/shop", "arn:aws:test:::alerts-shop-critical"),
        "alerts-shop-warning": ("email", "shop@acme.io", "arn:aws:test:::alerts-shop-warning"),
        "alerts-watchdog": ("email", "ops@acme.io", "arn:aws:test:::alerts-watchdog"),
    }
    assert not deployed().all(SUBSCRIPTION)


def test_alerts_are_routed_to_these_topics_once_their_policies_are_there(made: Stage) -> None:
    alerts = made.one(ALERTS)
    whole = YAML(typ="safe").load(alerts.inputs["definition"])
    config = YAML(typ="safe").load(whole["alertmanager_config"])
    assert config["templates"] == list(whole["template_files"])
    topics = {one["name"]: one["sns_configs"][0]["topic_arn"] for one in config["receivers"]}
    assert topics == {name: f"arn:aws:test:::alerts-{name}" for name in topics}
    assert alerts.inputs["workspaceId"] == "metrics-workspace-id"
    assert set(made.all(TOPIC_POLICY)) <= made.upstream(alerts)


def test_every_rule_group_namespace_is_in_the_workspace(made: Stage) -> None:
    found = made.all(RULES)
    assert {one.inputs["name"] for one in found.values()} == set(NAMESPACES)
    assert {one.inputs["workspaceId"] for one in found.values()} == {"metrics-workspace-id"}
    assert all(one.inputs["data"].startswith("groups:") for one in found.values())


def test_a_workspace_that_is_there_already_is_used_and_left_as_it_is() -> None:
    made = deployed(workspace=THEIRS)
    assert not [one for one in made.declared if one.type in (WORKSPACE, BOUNDS, KEY, LOGS, ROLE, SCRAPER_LOGS)]
    scraper = made.one(SCRAPER).inputs
    assert scraper["destination"] == {"amp": {"workspaceArn": "arn:theirs"}}
    assert "roleConfiguration" not in scraper
    assert {one.inputs["workspaceId"] for type_ in (RULES, ALERTS) for one in made.all(type_).values()} == {"ws-1"}
    assert statements(made.one(TOPIC_POLICY, "alerts-watchdog").inputs["policy"])["AlertsOfTheWorkspace"]["Condition"]["ArnEquals"] == {
        "aws:SourceArn": "arn:theirs"
    }


def test_a_workspace_with_a_key_is_written_to_by_a_role_whoever_made_it() -> None:
    made = deployed(workspace=ExistingWorkspace(id="ws-1", arn="arn:theirs", endpoint="https://theirs/", region="eu-central-1", key_arn="arn:key"))
    assert set(made.one(SCRAPER).inputs["roleConfiguration"]) == {"sourceRoleArn", "targetRoleArn"}
    assert {one.inputs["kmsMasterKeyId"] for one in made.all(TOPIC).values()} == {"arn:key"}


def test_transforms_of_a_user_reach_everything_that_takes_tags() -> None:
    found = owners(program(opts=owned_by_platform()))
    assert found and set(found.values()) == {"platform"}


def test_another_team_changes_nothing_of_those_that_are_there(made: Stage) -> None:
    more = deployed(teams={"shop": ("shop", "shop-jobs"), "payments": ("payments",), "ads": ("ads",)})
    before, after = ({(one.type, one.name): one.inputs for one in found.declared if one.type.startswith("aws:")} for found in (made, more))
    assert set(before) < set(after)
    changed = {name for (type_, name), inputs in before.items() if inputs != after[type_, name]}
    assert changed <= {"metrics-bounds", "metrics-alertmanager", "metrics-collector", "metrics-rules-drift"}
