"""Amazon Managed Prometheus: workspaces, what they hold, and the collectors that AMP lets into clusters."""

import json

import pytest

from .conftest import policy, trust

pytestmark = pytest.mark.cloud

INVALID, MISSING, TAKEN = "ValidationException", "ResourceNotFoundException", "ConflictException"
RULES = b"groups:\n  - name: drift\n    rules:\n      - record: commonground:a:b\n        expr: vector(1)\n"
DEFINITION = b"alertmanager_config: |\n  route:\n    receiver: nobody\n  receivers:\n    - name: nobody\n"
JOBS = b"global:\n  scrape_interval: 30s\nscrape_configs:\n  - job_name: pods\n    kubernetes_sd_configs:\n      - role: pod\n"
SCRAPER_POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonPrometheusScraperPolicy"


@pytest.fixture
def workspace(account):
    return account.amp.create_workspace(alias="metrics")["workspaceId"]


@pytest.fixture
def place(account):
    """Two subnets in two zones of one VPC."""
    vpc = account.vpc()
    return [account.subnet(vpc, "10.0.0.0/20", "a"), account.subnet(vpc, "10.0.16.0/20", "b")]


def cluster(account, place, *, private=True, mode="API"):
    role = account.iam.create_role(RoleName="cluster", AssumeRolePolicyDocument=trust("eks.amazonaws.com"))["Role"]["Arn"]
    made = account.eks.create_cluster(
        name="shop",
        roleArn=role,
        resourcesVpcConfig={"subnetIds": place, "endpointPrivateAccess": private},
        accessConfig={"authenticationMode": mode, "bootstrapClusterCreatorAdminPermissions": mode == "CONFIG_MAP"},
    )
    return made["cluster"]


def scraper(account, made, place, workspace, **more):
    arn = account.amp.describe_workspace(workspaceId=workspace)["workspace"]["arn"]
    given = {
        "source": {"eksConfiguration": {"clusterArn": made["arn"], "subnetIds": place}},
        "destination": {"ampConfiguration": {"workspaceArn": arn}},
        "scrapeConfiguration": {"configurationBlob": JOBS},
    }
    return account.amp.create_scraper(**{**given, **more})["scraperId"]


def read(account, id_):
    return account.amp.describe_scraper(scraperId=id_)["scraper"]


def log_group(account, name="/metrics"):
    account.logs.create_log_group(logGroupName=name)
    return f"arn:aws:logs:{account.region}:{account.number}:log-group:{name}:*"


def key(account):
    return account.kms.create_key()["KeyMetadata"]["Arn"]


def test_a_workspace_keeps_alias_key_and_tags(account, refused):
    arn = key(account)
    made = account.amp.create_workspace(alias=" metrics ", kmsKeyArn=arn, tags={"team": "platform"})
    found = account.amp.describe_workspace(workspaceId=made["workspaceId"])["workspace"]
    assert (found["alias"], found["kmsKeyArn"], found["tags"]) == ("metrics", arn, {"team": "platform"})
    assert found["status"]["statusCode"] == "ACTIVE"
    assert found["prometheusEndpoint"] == f"https://aps-workspaces.{account.region}.amazonaws.com/workspaces/{made['workspaceId']}/"
    account.amp.update_workspace_alias(workspaceId=made["workspaceId"], alias="other")
    assert [one["workspaceId"] for one in account.amp.list_workspaces(alias="oth")["workspaces"]] == [made["workspaceId"]]
    assert account.amp.list_workspaces(alias="metrics")["workspaces"] == []
    missing = refused(INVALID, account.amp.create_workspace, kmsKeyArn=f"{arn.rpartition('/')[0]}/1234abcd-0000-0000-0000-000000000000")
    assert "does not exist" in missing
    refused(MISSING, account.amp.describe_workspace, workspaceId="ws-none")
    refused(MISSING, account.amp.update_workspace_alias, workspaceId="ws-none", alias="x")
    refused(MISSING, account.amp.delete_workspace, workspaceId="ws-none")


def test_a_workspace_goes_with_everything_in_it(account, workspace, refused):
    account.amp.create_rule_groups_namespace(workspaceId=workspace, name="drift", data=RULES)
    account.amp.create_alert_manager_definition(workspaceId=workspace, data=DEFINITION)
    account.amp.delete_workspace(workspaceId=workspace)
    refused(MISSING, account.amp.describe_rule_groups_namespace, workspaceId=workspace, name="drift")
    refused(MISSING, account.amp.describe_alert_manager_definition, workspaceId=workspace)


def test_retention_and_limits_are_kept(account, workspace, refused):
    first = account.amp.describe_workspace_configuration(workspaceId=workspace)["workspaceConfiguration"]
    assert (first["retentionPeriodInDays"], first["limitsPerLabelSet"]) == (150, [])
    limits = [{"labelSet": {"team": "shop"}, "limits": {"maxSeries": 1000}}, {"labelSet": {}, "limits": {"maxSeries": 9000}}]
    account.amp.update_workspace_configuration(workspaceId=workspace, retentionPeriodInDays=1095, limitsPerLabelSet=limits)
    account.amp.update_workspace_configuration(workspaceId=workspace, outOfOrderTimeWindowInSeconds=60)
    found = account.amp.describe_workspace_configuration(workspaceId=workspace)["workspaceConfiguration"]
    assert (found["retentionPeriodInDays"], found["limitsPerLabelSet"], found["outOfOrderTimeWindowInSeconds"]) == (1095, limits, 60)
    configure = account.amp.update_workspace_configuration
    refused(INVALID, configure, workspaceId=workspace, retentionPeriodInDays=1096)
    refused(INVALID, configure, workspaceId=workspace, outOfOrderTimeWindowInSeconds=601)
    assert "twice" in refused(INVALID, configure, workspaceId=workspace, limitsPerLabelSet=[limits[0], limits[0]])


def test_rules_are_read_before_they_are_taken(account, workspace, refused):
    where = {"workspaceId": workspace, "name": "drift"}
    made = account.amp.create_rule_groups_namespace(**where, data=RULES, tags={"team": "platform"})
    assert made["arn"] == f"arn:aws:aps:{account.region}:{account.number}:rulegroupsnamespace/{workspace}/drift"
    assert account.amp.describe_rule_groups_namespace(**where)["ruleGroupsNamespace"]["data"] == RULES
    refused(TAKEN, account.amp.create_rule_groups_namespace, **where, data=RULES)
    assert "not YAML" in refused(INVALID, account.amp.put_rule_groups_namespace, **where, data=b"groups: [")
    refused(INVALID, account.amp.create_rule_groups_namespace, workspaceId=workspace, name="other", data=b"\xff")
    account.amp.put_rule_groups_namespace(**where, data=RULES + b"# more\n")
    found = account.amp.describe_rule_groups_namespace(**where)["ruleGroupsNamespace"]
    assert found["data"].endswith(b"# more\n")
    assert found["tags"] == {"team": "platform"}
    account.amp.delete_rule_groups_namespace(**where)
    refused(MISSING, account.amp.put_rule_groups_namespace, **where, data=RULES)


def test_a_workspace_has_ten_namespaces_of_rules_at_most(account, workspace, refused):
    for number in range(10):
        account.amp.create_rule_groups_namespace(workspaceId=workspace, name=f"n{number}", data=RULES)
    refused("ServiceQuotaExceededException", account.amp.create_rule_groups_namespace, workspaceId=workspace, name="n10", data=RULES)
    first = account.amp.list_rule_groups_namespaces(workspaceId=workspace, maxResults=4)
    assert [one["name"] for one in first["ruleGroupsNamespaces"]] == ["n0", "n1", "n2", "n3"]
    rest = account.amp.list_rule_groups_namespaces(workspaceId=workspace, nextToken=first["nextToken"])["ruleGroupsNamespaces"]
    assert len(rest) == 6


def test_an_alert_manager_is_defined_once_and_put_after_that(account, workspace, refused):
    refused(MISSING, account.amp.describe_alert_manager_definition, workspaceId=workspace)
    account.amp.create_alert_manager_definition(workspaceId=workspace, data=DEFINITION)
    refused(TAKEN, account.amp.create_alert_manager_definition, workspaceId=workspace, data=DEFINITION)
    webhook = DEFINITION.replace(b"    - name: nobody\n", b"    - name: nobody\n      webhook_configs:\n        - url: https://events.acme.io\n")
    assert "webhook_configs is not supported" in refused(INVALID, account.amp.put_alert_manager_definition, workspaceId=workspace, data=webhook)
    weekly = DEFINITION.replace(b"receiver: nobody\n", b"receiver: nobody\n    repeat_interval: 1w\n", 1)
    account.amp.put_alert_manager_definition(workspaceId=workspace, data=weekly)
    found = account.amp.describe_alert_manager_definition(workspaceId=workspace)["alertManagerDefinition"]
    assert (found["data"], found["status"]["statusCode"]) == (weekly, "ACTIVE")
    account.amp.delete_alert_manager_definition(workspaceId=workspace)
    refused(MISSING, account.amp.delete_alert_manager_definition, workspaceId=workspace)


def test_logs_go_to_a_group_that_is_there_and_is_named_with_a_star(account, workspace, refused):
    arn = log_group(account)
    refused(INVALID, account.amp.create_logging_configuration, workspaceId=workspace, logGroupArn=arn.replace("/metrics", "/none"))
    refused(INVALID, account.amp.create_logging_configuration, workspaceId=workspace, logGroupArn=arn.removesuffix(":*"))
    account.amp.create_logging_configuration(workspaceId=workspace, logGroupArn=arn)
    refused(TAKEN, account.amp.create_logging_configuration, workspaceId=workspace, logGroupArn=arn)
    account.amp.update_logging_configuration(workspaceId=workspace, logGroupArn=log_group(account, "/other"))
    found = account.amp.describe_logging_configuration(workspaceId=workspace)["loggingConfiguration"]
    assert (found["logGroupArn"], found["workspace"]) == (arn.replace("/metrics", "/other"), workspace)
    account.amp.delete_logging_configuration(workspaceId=workspace)
    refused(MISSING, account.amp.describe_logging_configuration, workspaceId=workspace)


def test_expensive_queries_are_logged(account, workspace, refused):
    def destination(arn, threshold):
        return [{"cloudWatchLogs": {"logGroupArn": arn}, "filters": {"qspThreshold": threshold}}]

    arn = log_group(account)
    refused(INVALID, account.amp.create_query_logging_configuration, workspaceId=workspace, destinations=destination(arn[:-2], 1))
    account.amp.create_query_logging_configuration(workspaceId=workspace, destinations=destination(arn, 1))
    account.amp.update_query_logging_configuration(workspaceId=workspace, destinations=destination(arn, 2))
    found = account.amp.describe_query_logging_configuration(workspaceId=workspace)["queryLoggingConfiguration"]
    assert found["destinations"] == destination(arn, 2)
    account.amp.delete_query_logging_configuration(workspaceId=workspace)
    refused(MISSING, account.amp.describe_query_logging_configuration, workspaceId=workspace)


def test_tags_are_changed_by_arn(account, workspace, refused):
    arn = account.amp.describe_workspace(workspaceId=workspace)["workspace"]["arn"]
    rules = account.amp.create_rule_groups_namespace(workspaceId=workspace, name="drift", data=RULES)["arn"]
    for one in (arn, rules):
        account.amp.tag_resource(resourceArn=one, tags={"a": "1", "b": "2"})
        account.amp.untag_resource(resourceArn=one, tagKeys=["a", "none"])
        assert account.amp.list_tags_for_resource(resourceArn=one)["tags"] == {"b": "2"}
    refused(INVALID, account.amp.tag_resource, resourceArn=arn, tags={"aws:x": "1"})
    refused(MISSING, account.amp.tag_resource, resourceArn=f"{arn}x", tags={"a": "1"})


def test_a_collector_is_let_into_its_cluster_by_amp_itself(account, place, workspace):
    made = cluster(account, place)
    id_ = scraper(account, made, place, workspace, alias="shop", tags={"team": "platform"})
    found = read(account, id_)
    assert (found["status"]["statusCode"], found["alias"], found["tags"]) == ("ACTIVE", "shop", {"team": "platform"})
    assert found["scrapeConfiguration"]["configurationBlob"] == JOBS
    assert found["source"]["eksConfiguration"]["securityGroupIds"] == [made["resourcesVpcConfig"]["clusterSecurityGroupId"]]
    prefix = f"arn:aws:iam::{account.number}:role/aws-service-role/scraper.aps.amazonaws.com/AWSServiceRoleForAmazonPrometheusScraper_"
    assert found["roleArn"].startswith(prefix)
    assert account.iam.get_role(RoleName=found["roleArn"].rpartition("/")[2])["Role"]["Arn"] == found["roleArn"]
    assert account.eks.list_access_entries(clusterName="shop")["accessEntries"] == [found["roleArn"]]
    policies = account.eks.list_associated_access_policies(clusterName="shop", principalArn=found["roleArn"])["associatedAccessPolicies"]
    assert [(one["policyArn"], one["accessScope"]["type"]) for one in policies] == [(SCRAPER_POLICY, "cluster")]


def test_what_amp_made_for_a_collector_goes_with_it(account, place, workspace, refused):
    made = cluster(account, place)
    id_ = scraper(account, made, place, workspace)
    role = read(account, id_)["roleArn"].rpartition("/")[2]
    refused("DependencyViolation", account.ec2.delete_subnet, SubnetId=place[0])
    account.amp.delete_scraper(scraperId=id_)
    assert account.eks.list_access_entries(clusterName="shop")["accessEntries"] == []
    refused("NoSuchEntity", account.iam.get_role, RoleName=role)
    refused(MISSING, account.amp.describe_scraper, scraperId=id_)
    account.eks.delete_cluster(name="shop")
    account.ec2.delete_subnet(SubnetId=place[0])


def test_a_cluster_without_access_entries_gets_none(account, place, workspace):
    made = cluster(account, place, mode="CONFIG_MAP")
    id_ = scraper(account, made, place, workspace)
    account.amp.delete_scraper(scraperId=id_)


def test_a_collector_outlives_its_workspace_and_its_cluster(account, place, workspace):
    made = cluster(account, place)
    id_ = scraper(account, made, place, workspace)
    account.amp.delete_workspace(workspaceId=workspace)
    account.eks.delete_cluster(name="shop")
    assert read(account, id_)["status"]["statusCode"] == "ACTIVE"
    account.amp.delete_scraper(scraperId=id_)
    assert account.amp.list_scrapers()["scrapers"] == []


def test_a_collector_needs_a_cluster_that_it_reaches(account, place, workspace, refused):
    public = cluster(account, place, private=False)
    assert "no private access" in refused(INVALID, scraper, account=account, made=public, place=place, workspace=workspace)
    none = {"arn": f"{public['arn']}-none"}
    assert "shop-none does not exist" in refused(INVALID, scraper, account=account, made=none, place=place, workspace=workspace)


def test_a_collector_needs_two_zones_of_the_clusters_network(account, place, workspace, refused):
    made = cluster(account, place)
    asked = {"account": account, "made": made, "workspace": workspace}
    assert "two availability zones" in refused(INVALID, scraper, **asked, place=place[:1])
    assert "does not exist" in refused(INVALID, scraper, **asked, place=[place[0], "subnet-0000000000000000a"])
    vpc = account.vpc("10.1.0.0/16")
    foreign = [account.subnet(vpc, "10.1.0.0/20", "a"), account.subnet(vpc, "10.1.16.0/20", "b")]
    assert "VPC of the cluster" in refused(INVALID, scraper, **asked, place=foreign)
    group = account.ec2.create_security_group(GroupName="other", Description="d", VpcId=vpc)["GroupId"]
    source = {"eksConfiguration": {"clusterArn": made["arn"], "subnetIds": place, "securityGroupIds": [group]}}
    assert group in refused(INVALID, scraper, **asked, place=place, source=source)


def test_a_collectors_configuration_is_read_before_it_is_taken(account, place, workspace, refused):
    made = cluster(account, place)
    asked = {"account": account, "made": made, "place": place, "workspace": workspace}
    often = {"configurationBlob": JOBS.replace(b"30s", b"15s")}
    assert "expected at least 30s" in refused(INVALID, scraper, **asked, scrapeConfiguration=often)
    id_ = scraper(**asked)
    refused(INVALID, account.amp.update_scraper, scraperId=id_, scrapeConfiguration=often)
    rarely = {"configurationBlob": JOBS.replace(b"30s", b"60s")}
    account.amp.update_scraper(scraperId=id_, scrapeConfiguration=rarely, alias="rarely")
    assert read(account, id_)["scrapeConfiguration"] == rarely
    assert [one["scraperId"] for one in account.amp.list_scrapers()["scrapers"]] == [id_]
    assert [one["scraperId"] for one in account.amp.list_scrapers(filters={"alias": ["rare"], "sourceArn": [made["arn"]]})["scrapers"]] == [id_]
    assert account.amp.list_scrapers(filters={"sourceArn": ["arn:aws:eks:eu-central-1:123456789012:cluster/other"]})["scrapers"] == []


def test_a_workspace_with_a_key_of_ones_own_takes_a_collector_with_roles_of_ones_own_only(account, place, refused):
    made = cluster(account, place)
    asked = {"account": account, "made": made, "place": place, "workspace": account.amp.create_workspace(kmsKeyArn=key(account))["workspaceId"]}
    assert "needs a roleConfiguration" in refused(INVALID, scraper, **asked)
    roles = {f"{name}RoleArn": f"arn:aws:iam::{account.number}:role/{name}" for name in ("source", "target")}
    assert "role/source does not exist" in refused(INVALID, scraper, **asked, roleConfiguration=roles)
    account.iam.create_role(RoleName="source", AssumeRolePolicyDocument=trust("scraper.aps.amazonaws.com"))
    assert "role/target does not exist" in refused(INVALID, scraper, **asked, roleConfiguration=roles)
    writer = policy({"Effect": "Allow", "Principal": {"AWS": roles["sourceRoleArn"]}, "Action": "sts:AssumeRole"})
    account.iam.create_role(RoleName="target", AssumeRolePolicyDocument=writer)
    id_ = scraper(**asked, roleConfiguration=roles)
    assert read(account, id_)["roleConfiguration"] == roles
    plain = account.amp.create_workspace()["arn"]
    account.amp.update_scraper(scraperId=id_, destination={"ampConfiguration": {"workspaceArn": plain}})
    assert "roleConfiguration" not in read(account, id_), "a new destination without roles goes back to the service-linked role"


def test_a_collectors_own_logs_are_configured_and_forgotten(account, place, workspace, refused):
    id_ = scraper(account, cluster(account, place), place, workspace)
    where = {"cloudWatchLogs": {"logGroupArn": log_group(account)}}
    refused(MISSING, account.amp.describe_scraper_logging_configuration, scraperId=id_)
    account.amp.update_scraper_logging_configuration(scraperId=id_, loggingDestination=where, scraperComponents=[{"type": "COLLECTOR"}])
    found = account.amp.describe_scraper_logging_configuration(scraperId=id_)
    assert (found["loggingDestination"], found["scraperComponents"]) == (where, [{"type": "COLLECTOR"}])
    account.amp.delete_scraper_logging_configuration(scraperId=id_)
    refused(MISSING, account.amp.describe_scraper_logging_configuration, scraperId=id_)


def topic(account, name="alerts", **given):
    return account.sns.create_topic(Name=name, **given)["TopicArn"]


def attributes(account, arn):
    return account.sns.get_topic_attributes(TopicArn=arn)["Attributes"]


def publishing(arn):
    return policy({"Sid": "Alerts", "Effect": "Allow", "Principal": {"Service": "aps.amazonaws.com"}, "Action": "sns:Publish", "Resource": arn})


def test_a_topics_policy_is_read_before_it_is_taken(account, refused):
    arn = topic(account)
    put = {"TopicArn": arn, "AttributeName": "Policy"}
    refused("InvalidParameter", account.sns.set_topic_attributes, **put, AttributeValue="{")
    refused("InvalidParameter", account.sns.set_topic_attributes, **put, AttributeValue="")
    nobody = json.loads(publishing(arn))
    nobody["Statement"][0]["Principal"] = {"AWS": f"arn:aws:iam::{account.number}:role/nobody"}
    assert "role/nobody" in refused("InvalidParameter", account.sns.set_topic_attributes, **put, AttributeValue=json.dumps(nobody))
    assert "__default_policy_ID" in attributes(account, arn)["Policy"]
    account.sns.set_topic_attributes(**put, AttributeValue=publishing(arn))
    assert attributes(account, arn)["Policy"] == publishing(arn)


def test_a_topic_is_made_once_and_keeps_what_it_is_given(account, refused):
    given = {"Attributes": {"KmsMasterKeyId": "alias/aws/sns", "DisplayName": "Alerts"}, "Tags": [{"Key": "team", "Value": "shop"}]}
    arn = topic(account, **given)
    assert topic(account, **given) == arn
    assert "different attributes" in refused("InvalidParameter", account.sns.create_topic, Name="alerts", Attributes={"KmsMasterKeyId": "alias/other"})
    assert "different tags" in refused("InvalidParameter", account.sns.create_topic, Name="alerts", Tags=[{"Key": "team", "Value": "other"}])
    account.sns.set_topic_attributes(TopicArn=arn, AttributeName="TracingConfig", AttributeValue="Active")
    found = attributes(account, arn)
    assert (found["KmsMasterKeyId"], found["DisplayName"], found["TracingConfig"]) == ("alias/aws/sns", "Alerts", "Active")
    refused("InvalidParameter", account.sns.set_topic_attributes, TopicArn=arn, AttributeName="FifoTopic", AttributeValue="true")


@pytest.mark.parametrize(("protocol", "endpoint"), [("email", "shop@acme.io"), ("https", "https://events.acme.io/shop")])
def test_people_and_web_addresses_confirm_before_anything_is_sent_to_them(account, refused, protocol, endpoint):
    arn = topic(account)
    asked = {"TopicArn": arn, "Protocol": protocol, "Endpoint": endpoint}
    assert account.sns.subscribe(**asked)["SubscriptionArn"] == "pending confirmation"
    subscription = account.sns.subscribe(**asked, ReturnSubscriptionArn=True)["SubscriptionArn"]
    found = account.sns.get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]
    assert (found["PendingConfirmation"], found["Endpoint"]) == ("true", endpoint)
    assert (attributes(account, arn)["SubscriptionsPending"], attributes(account, arn)["SubscriptionsConfirmed"]) == ("1", "0")
    account.sns.publish(TopicArn=arn, Message="drift")
    assert "pending confirmation" in refused("InvalidParameter", account.sns.unsubscribe, SubscriptionArn=subscription)
    account.sns.delete_topic(TopicArn=arn)
    refused("NotFound", account.sns.get_subscription_attributes, SubscriptionArn=subscription)


@pytest.mark.parametrize(("protocol", "endpoint"), [("email", "shop"), ("https", "http://events.acme.io"), ("http", "events.acme.io")])
def test_an_endpoint_that_is_not_the_protocols_is_refused(account, refused, protocol, endpoint):
    refused("InvalidParameter", account.sns.subscribe, TopicArn=topic(account), Protocol=protocol, Endpoint=endpoint)


def test_a_queue_is_subscribed_at_once_and_gets_what_is_published(account):
    arn, queue = topic(account), account.sqs.create_queue(QueueName="alerts")["QueueUrl"]
    endpoint = account.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    subscription = account.sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=endpoint)["SubscriptionArn"]
    assert attributes(account, arn)["SubscriptionsConfirmed"] == "1"
    account.sns.publish(TopicArn=arn, Message="drift")
    (message,) = account.sqs.receive_message(QueueUrl=queue)["Messages"]
    assert json.loads(message["Body"])["Message"] == "drift"
    account.sns.unsubscribe(SubscriptionArn=subscription)
    assert attributes(account, arn)["SubscriptionsConfirmed"] == "0"
