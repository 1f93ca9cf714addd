"""Traps of Amazon Managed Prometheus and SNS, and what one life a type does not show."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from commonground.local.providers.errors import StandInError
from commonground.local.providers.values import UNKNOWN
from tests.local.providers.aws.conftest import Engine
from tests.local.providers.aws.lives_metrics import DEFINITION, GROUPS, SCRAPING, log_group, publishing, role, scraper, scraper_inputs, topic, workspace
from tests.local.providers.aws.planning import planned
from tests.local.providers.aws.refusals import change, refusals

WORKSPACE, CONFIGURATION = "aws:amp/workspace:Workspace", "aws:amp/workspaceConfiguration:WorkspaceConfiguration"
RULES, DEFINED = "aws:amp/ruleGroupNamespace:RuleGroupNamespace", "aws:amp/alertManagerDefinition:AlertManagerDefinition"
SCRAPER, LOGGED = "aws:amp/scraper:Scraper", "aws:amp/scraperLoggingConfiguration:ScraperLoggingConfiguration"
TOPIC, POLICY, SUBSCRIPTION = "aws:sns/topic:Topic", "aws:sns/topicPolicy:TopicPolicy", "aws:sns/topicSubscription:TopicSubscription"
PLACE = "arn:aws:aps:eu-central-1:123456789012"
CLUSTER = "arn:aws:eks:eu-central-1:123456789012:cluster/shop"
SOURCE = {"eks": {"clusterArn": CLUSTER, "subnetIds": ["subnet-1", "subnet-2"]}}
SCRAPED = {"source": SOURCE, "destination": {"amp": {"workspaceArn": f"{PLACE}:workspace/ws-1"}}, "scrapeConfiguration": SCRAPING.format(interval="30s")}


@pytest.mark.parametrize(
    ("type_", "inputs", "reason"),
    [
        (WORKSPACE, {"loggingConfiguration": {}}, "loggingConfiguration.logGroupArn: is required"),
        (WORKSPACE, {"loggingConfiguration": {"logGroup": "x", "logGroupArn": UNKNOWN}}, "loggingConfiguration.logGroup: is not a known property"),
        (WORKSPACE, {"kmsKeyArn": "alias/aws/metrics/key/0"}, "kmsKeyArn: 'alias/aws/metrics/key/0' does not match"),
        (CONFIGURATION, {"workspaceId": "ws-1", "retentionPeriodInDays": 0}, "retentionPeriodInDays: is 0, expected at least 1"),
        (CONFIGURATION, {"workspaceId": "ws-1", "outOfOrderTimeWindowInSeconds": 601}, "outOfOrderTimeWindowInSeconds: is 601, expected at most 600"),
        (CONFIGURATION, {"workspaceId": "ws-1", "limitsPerLabelSets": []}, "limitsPerLabelSets: is empty"),
        (
            CONFIGURATION,
            {"workspaceId": "ws-1", "limitsPerLabelSets": [{"labelSet": {"a-b": "c"}, "limits": {"maxSeries": 1}}]},
            "limitsPerLabelSets[0].labelSet",
        ),
        (RULES, {"workspaceId": "ws-1", "data": "groups: ["}, "data: is not YAML"),
        (DEFINED, {"workspaceId": "ws-1", "definition": DEFINITION.format(repeat="1w")}, "definition: alertmanager_config: route.repeat_interval: 1w counts"),
        (SCRAPER, {**SCRAPED, "source": {"eks": {**SOURCE["eks"], "subnetIds": ["subnet-1"]}}}, "source.eks.subnetIds: needs two subnets"),
        (SCRAPER, {**SCRAPED, "source": {}}, "source: expected exactly one of eks and vpc"),
        (SCRAPER, {**SCRAPED, "destination": {}}, "destination: expected exactly one of amp and cloudwatch"),
        (SCRAPER, {**SCRAPED, "roleConfiguration": {"sourceRoleArn": UNKNOWN}}, "roleConfiguration.targetRoleArn: is required"),
        (TOPIC, {"name": "alerts", "fifoTopic": True}, "name: 'alerts' has to end in .fifo"),
        (TOPIC, {"contentBasedDeduplication": True}, "contentBasedDeduplication: needs fifoTopic"),
        (TOPIC, {"signatureVersion": 3}, "signatureVersion: is 3, expected 1 or 2"),
        (TOPIC, {"tracingConfig": "On"}, "tracingConfig: 'On' is not one of Active, PassThrough"),
        (TOPIC, {"deliveryPolicy": "{"}, "deliveryPolicy: is not JSON"),
        (SUBSCRIPTION, {"topic": UNKNOWN, "protocol": "https", "endpoint": "events.acme.io"}, "endpoint: 'events.acme.io' does not begin with https://"),
        (SUBSCRIPTION, {"topic": UNKNOWN, "protocol": "email", "endpoint": "shop"}, "endpoint: 'shop' is not an address"),
        (SUBSCRIPTION, {"topic": UNKNOWN, "protocol": "sqs", "endpoint": UNKNOWN, "filterPolicyScope": "MessageBody"}, "filterPolicyScope: needs filterPolicy"),
    ],
)
def test_what_aws_refuses_or_does_not_do_is_refused(type_: str, inputs: dict[str, Any], reason: str) -> None:
    (found,) = refusals(type_, inputs)
    assert found.startswith(reason)


def test_what_is_not_known_yet_is_not_wrong() -> None:
    assert refusals(WORKSPACE, {"loggingConfiguration": {"logGroupArn": UNKNOWN}}) == []
    assert refusals(RULES, {"workspaceId": UNKNOWN, "data": UNKNOWN}) == []
    assert refusals(DEFINED, {"workspaceId": UNKNOWN, "definition": UNKNOWN}) == []
    assert refusals(SCRAPER, {**SCRAPED, "source": {"eks": {"clusterArn": UNKNOWN, "subnetIds": [UNKNOWN]}}, "scrapeConfiguration": UNKNOWN}) == []
    assert refusals(POLICY, {"arn": UNKNOWN, "policy": UNKNOWN}) == []


def test_ids_and_addresses_of_what_is_planned_look_like_aws_own() -> None:
    id_, outputs = planned(WORKSPACE, {"alias": "metrics"})
    assert (outputs["arn"], id_[:3]) == (f"{PLACE}:workspace/{id_}", "ws-")
    assert outputs["prometheusEndpoint"] == f"https://aps-workspaces.eu-central-1.amazonaws.com/workspaces/{id_}/"
    id_, outputs = planned(RULES, {"workspaceId": "ws-1", "name": "drift", "data": GROUPS.format(value=1)})
    assert id_ == outputs["arn"] == f"{PLACE}:rulegroupsnamespace/ws-1/drift"
    assert planned(DEFINED, {"workspaceId": "ws-1", "definition": DEFINITION.format(repeat="4h")})[0] == "ws-1"
    id_, outputs = planned(SCRAPER, SCRAPED)
    assert outputs["arn"] == f"{PLACE}:scraper/{id_}"
    assert "/scraper.aps.amazonaws.com/AWSServiceRoleForAmazonPrometheusScraper_" in outputs["roleArn"]
    id_, outputs = planned(TOPIC, {}, "alerts")
    assert id_ == outputs["arn"] == f"arn:aws:sns:eu-central-1:123456789012:{outputs['name']}"
    assert outputs["owner"] == "123456789012"
    _, outputs = planned(SUBSCRIPTION, {"topic": id_, "protocol": "email", "endpoint": "shop@acme.io"})
    assert outputs["arn"].startswith(f"{id_}:")
    assert outputs["pendingConfirmation"] is True


def test_a_key_is_for_good_and_an_alias_does_not_go_in_place() -> None:
    arn = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd"
    assert change(WORKSPACE, {"kmsKeyArn": arn}, {})[1] == {"kmsKeyArn"}
    assert change(WORKSPACE, {"alias": "a"}, {"alias": "b"})[1] == set()
    assert change(WORKSPACE, {"alias": "a"}, {})[1] == {"alias"}


def test_what_is_left_out_stays_and_the_order_of_subnets_means_nothing() -> None:
    assert change(CONFIGURATION, {"workspaceId": "ws-1", "retentionPeriodInDays": 30}, {"workspaceId": "ws-1"}) == (set(), set())
    turned = {**SCRAPED, "source": {"eks": {**SOURCE["eks"], "subnetIds": ["subnet-2", "subnet-1"]}}}
    assert change(SCRAPER, SCRAPED, turned) == (set(), set())
    logged = {"scraperId": "s-1", "loggingDestination": {"cloudwatchLogs": {"logGroupArn": UNKNOWN}}}
    first, second = ({**logged, "scraperComponents": order} for order in (["COLLECTOR", "EXPORTER"], ["EXPORTER", "COLLECTOR"]))
    assert "scraperComponents" not in change(LOGGED, first, second)[0]


def test_logging_is_added_changed_and_dropped(engine: Engine) -> None:
    amp = engine.client("amp")
    made = workspace(engine, alias="metrics")
    for group in (log_group(engine), log_group(engine)):
        engine.update(made, {"alias": "metrics", "loggingConfiguration": {"logGroupArn": group}})
        assert amp.describe_logging_configuration(workspaceId=made.id)["loggingConfiguration"]["logGroupArn"] == group
    engine.update(made, {"alias": "metrics"})
    with pytest.raises(ClientError, match="not found"):
        amp.describe_logging_configuration(workspaceId=made.id)


def test_two_workspaces_with_the_same_tags_are_not_confused(engine: Engine) -> None:
    made = [workspace(engine, tags={"twin": "yes"}) for _ in range(2)]
    assert engine.stand_in.find(made[0].subject, made[0].inputs) is None


def test_limits_that_are_taken_out_of_the_program_are_taken_off_the_workspace(engine: Engine) -> None:
    where = {"workspaceId": workspace(engine).id, "retentionPeriodInDays": 30}
    made = engine.create(CONFIGURATION, {**where, "limitsPerLabelSets": [{"labelSet": {"team": "shop"}, "limits": {"maxSeries": 1}}]})
    engine.update(made, where)
    found = engine.client("amp").describe_workspace_configuration(workspaceId=made.id)["workspaceConfiguration"]
    assert (found["limitsPerLabelSet"], found["retentionPeriodInDays"]) == ([], 30)


def test_a_scrapers_roles_stay_through_a_change_of_its_configuration(engine: Engine) -> None:
    key = engine.create("aws:kms/key:Key", {}).outputs["arn"]
    locked = workspace(engine, kmsKeyArn=key).outputs["arn"]
    plain = scraper_inputs(engine)
    with pytest.raises(StandInError, match="needs a roleConfiguration"):
        engine.create(SCRAPER, {**plain, "destination": {"amp": {"workspaceArn": locked}}})
    roles = {f"{name}RoleArn": role(engine, "scraper.aps.amazonaws.com").outputs["arn"] for name in ("source", "target")}
    made = engine.create(SCRAPER, {**plain, "destination": {"amp": {"workspaceArn": locked}}, "roleConfiguration": roles})
    engine.update(made, {**made.inputs, "scrapeConfiguration": SCRAPING.format(interval="60s")})
    assert engine.client("amp").describe_scraper(scraperId=made.id)["scraper"]["roleConfiguration"] == roles


def test_a_security_group_that_aws_filled_in_is_no_difference(engine: Engine) -> None:
    made = scraper(engine)
    assert made.outputs["source"]["eks"]["securityGroupIds"]
    assert not engine.diff(made, {name: made.inputs[name] for name in ("source", "destination", "scrapeConfiguration")}).changes


@pytest.mark.parametrize(("protocol", "endpoint"), [("email", "shop@acme.io"), ("https", "https://events.acme.io/shop")])
def test_a_subscription_that_waits_for_its_confirmation_goes_with_the_topic_only(engine: Engine, protocol: str, endpoint: str) -> None:
    where = topic(engine)
    made = engine.create(SUBSCRIPTION, {"topic": where.id, "protocol": protocol, "endpoint": endpoint})
    assert made.outputs["pendingConfirmation"] is True
    engine.delete(made)
    assert engine.read(made) is not None
    engine.delete(where)
    assert engine.read(made) is None


def test_a_topics_policy_becomes_the_default_when_it_is_deleted(engine: Engine) -> None:
    where = topic(engine)
    made = engine.create(POLICY, {"arn": where.id, "policy": publishing(where.id)})
    assert "aps.amazonaws.com" in engine.client("sns").get_topic_attributes(TopicArn=where.id)["Attributes"]["Policy"]
    engine.delete(made)
    (left,) = json.loads(engine.client("sns").get_topic_attributes(TopicArn=where.id)["Attributes"]["Policy"])["Statement"]
    assert left["Condition"] == {"StringEquals": {"AWS:SourceOwner": "123456789012"}}


def test_a_filter_ends_by_an_empty_one(engine: Engine) -> None:
    where = {"topic": topic(engine).id, "protocol": "sqs", "endpoint": "arn:aws:sqs:eu-central-1:123456789012:alerts"}
    made = engine.create(SUBSCRIPTION, {**where, "filterPolicy": json.dumps({"severity": ["critical"]})})
    engine.update(made, where)
    assert "filterPolicy" not in made.outputs
    assert (engine.read(made) or {}).get("filterPolicy") is None
