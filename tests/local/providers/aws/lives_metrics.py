"""Lives of Amazon Managed Prometheus and SNS."""

import json
from typing import Any

from tests.local.providers.aws.lives import Life
from tests.local.providers.aws.lives_eks import cluster, role

GROUPS = """groups:
  - name: drift
    interval: 1m
    rules:
      - record: commonground:model_psi:fast
        expr: vector({value})
"""
DEFINITION = """alertmanager_config: |
  route:
    receiver: shop
    repeat_interval: {repeat}
  receivers:
    - name: shop
      sns_configs:
        - topic_arn: arn:aws:sns:eu-central-1:123456789012:shop
          sigv4:
            region: eu-central-1
"""
SCRAPING = """global:
  scrape_interval: {interval}
scrape_configs:
  - job_name: pods
    kubernetes_sd_configs:
      - role: pod
"""


def workspace(engine: Any, **inputs: Any) -> Any:
    return engine.create("aws:amp/workspace:Workspace", inputs)


def log_group(engine: Any) -> str:
    """ARN of a log group as AMP wants it."""
    return f"{engine.create('aws:cloudwatch/logGroup:LogGroup', {}).outputs['arn']}:*"


def scraper_inputs(engine: Any, **more: Any) -> dict[str, Any]:
    made = cluster(engine)
    return {
        "source": {"eks": {"clusterArn": made.outputs["arn"], "subnetIds": made.inputs["vpcConfig"]["subnetIds"]}},
        "destination": {"amp": {"workspaceArn": workspace(engine).outputs["arn"]}},
        "scrapeConfiguration": SCRAPING.format(interval="30s"),
        **more,
    }


def scraper(engine: Any, **more: Any) -> Any:
    return engine.create("aws:amp/scraper:Scraper", scraper_inputs(engine, **more))


def topic(engine: Any) -> Any:
    return engine.create("aws:sns/topic:Topic", {})


def publishing(arn: str, service: str = "aps.amazonaws.com") -> str:
    statement = {"Sid": "Alerts", "Effect": "Allow", "Principal": {"Service": service}, "Action": ["sns:Publish", "sns:GetTopicAttributes"], "Resource": arn}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def policy_inputs(engine: Any) -> dict[str, Any]:
    arn = topic(engine).id
    return {"arn": arn, "policy": publishing(arn)}


def scraper_seen(engine: Any, made: Any) -> object:
    """The scraper, and its entry in the cluster."""
    name = made.inputs["source"]["eks"]["clusterArn"].rpartition("/")[2]
    found = engine.client("amp").describe_scraper(scraperId=made.id)["scraper"]
    return found["roleArn"] in engine.client("eks").list_access_entries(clusterName=name)["accessEntries"]


AMP = "aws:amp"
LIVES = (
    Life(
        f"{AMP}/workspace:Workspace",
        inputs=lambda engine: {"alias": "one", "loggingConfiguration": {"logGroupArn": log_group(engine)}, "tags": {"own": "workspace"}},
        seen=lambda engine, made: engine.client("amp").describe_workspace(workspaceId=made.id),
        update={"alias": "two", "loggingConfiguration": None, "tags": {"b": "2"}},
        replace={"alias": None},
        wrong=("loggingConfiguration", {"logGroupArn": "arn:aws:logs:eu-central-1:123456789012:log-group:rules"}),
    ),
    Life(
        f"{AMP}/workspaceConfiguration:WorkspaceConfiguration",
        inputs=lambda engine: {
            "workspaceId": workspace(engine).id,
            "retentionPeriodInDays": 30,
            "limitsPerLabelSets": [{"labelSet": {"team": "shop"}, "limits": {"maxSeries": 1000}}, {"labelSet": {}, "limits": {"maxSeries": 5000}}],
        },
        seen=lambda engine, made: engine.client("amp").describe_workspace_configuration(workspaceId=made.id),
        update={"retentionPeriodInDays": 60, "limitsPerLabelSets": [{"labelSet": {"team": "shop"}, "limits": {"maxSeries": 2000}}]},
        replace={"workspaceId": "ws-another"},
        wrong=("retentionPeriodInDays", 1096),
        stays=True,
    ),
    Life(
        f"{AMP}/ruleGroupNamespace:RuleGroupNamespace",
        inputs=lambda engine: {"workspaceId": workspace(engine).id, "data": GROUPS.format(value=1), "tags": {"a": "1"}},
        seen=lambda engine, made: engine.client("amp").list_rule_groups_namespaces(workspaceId=made.inputs["workspaceId"])["ruleGroupsNamespaces"],
        update={"data": GROUPS.format(value=2), "tags": {"b": "2"}},
        replace={"name": "another"},
        wrong=("data", "groups: {}"),
    ),
    Life(
        f"{AMP}/alertManagerDefinition:AlertManagerDefinition",
        inputs=lambda engine: {"workspaceId": workspace(engine).id, "definition": DEFINITION.format(repeat="4h")},
        seen=lambda engine, made: engine.client("amp").describe_alert_manager_definition(workspaceId=made.id),
        update={"definition": DEFINITION.format(repeat="5d")},
        replace={"workspaceId": "ws-another"},
        wrong=("definition", DEFINITION.format(repeat="6d")),
    ),
    Life(
        f"{AMP}/queryLoggingConfiguration:QueryLoggingConfiguration",
        inputs=lambda engine: {
            "workspaceId": workspace(engine).id,
            "destinations": [{"cloudwatchLogs": {"logGroupArn": log_group(engine)}, "filters": {"qspThreshold": 1000000}}],
        },
        seen=lambda engine, made: engine.client("amp").describe_query_logging_configuration(workspaceId=made.id),
        replace={"workspaceId": "ws-another"},
        wrong=("destinations", [{"cloudwatchLogs": {"logGroupArn": "queries"}, "filters": {"qspThreshold": 1}}]),
    ),
    Life(
        f"{AMP}/scraper:Scraper",
        inputs=lambda engine: scraper_inputs(engine, alias="one", tags={"own": "scraper"}),
        seen=scraper_seen,
        update={"alias": "two", "scrapeConfiguration": SCRAPING.format(interval="60s"), "tags": {"b": "2"}},
        replace={"source": {"eks": {"clusterArn": "arn:aws:eks:eu-central-1:123456789012:cluster/another", "subnetIds": ["subnet-1", "subnet-2"]}}},
        wrong=("scrapeConfiguration", SCRAPING.format(interval="15s")),
    ),
    Life(
        f"{AMP}/scraperLoggingConfiguration:ScraperLoggingConfiguration",
        inputs=lambda engine: {
            "scraperId": scraper(engine).id,
            "loggingDestination": {"cloudwatchLogs": {"logGroupArn": log_group(engine)}},
            "scraperComponents": ["COLLECTOR"],
        },
        seen=lambda engine, made: engine.client("amp").describe_scraper_logging_configuration(scraperId=made.id),
        update={"scraperComponents": ["SERVICE_DISCOVERY", "COLLECTOR"]},
        replace={"scraperId": "s-another"},
        wrong=("scraperComponents", ["ENGINE"]),
    ),
    Life(
        "aws:sns/topic:Topic",
        inputs=lambda _: {"displayName": "Shop", "kmsMasterKeyId": "alias/aws/sns", "tags": {"a": "1"}},
        seen=lambda engine, made: engine.client("sns").get_topic_attributes(TopicArn=made.id)["Attributes"],
        update={"displayName": "Shop alerts", "tracingConfig": "Active", "tags": {"b": "2"}},
        replace={"name": "another"},
        wrong=("name", "no/slash"),
    ),
    Life(
        "aws:sns/topicPolicy:TopicPolicy",
        inputs=policy_inputs,
        seen=lambda engine, made: engine.client("sns").get_topic_attributes(TopicArn=made.id)["Attributes"]["Policy"],
        update={"policy": publishing("*", "cloudwatch.amazonaws.com")},
        replace={"arn": "arn:aws:sns:eu-central-1:123456789012:another"},
        wrong=("policy", json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sns:Publish", "Resource": "*"}]})),
        stays=True,
    ),
    Life(
        "aws:sns/topicSubscription:TopicSubscription",
        inputs=lambda engine: {"topic": topic(engine).id, "protocol": "sqs", "endpoint": "arn:aws:sqs:eu-central-1:123456789012:alerts"},
        seen=lambda engine, made: engine.client("sns").get_subscription_attributes(SubscriptionArn=made.id),
        update={"rawMessageDelivery": True, "filterPolicy": json.dumps({"severity": ["critical"]})},
        replace={"protocol": "https", "endpoint": "https://events.acme.io/shop"},
        wrong=("protocol", "pigeon"),
    ),
)

__all__ = ["DEFINITION", "GROUPS", "LIVES", "SCRAPING", "log_group", "publishing", "role", "scraper", "scraper_inputs", "topic", "workspace"]
