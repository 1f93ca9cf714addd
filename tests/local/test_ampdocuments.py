"""What Amazon Managed Prometheus refuses in the texts that it takes."""

from datetime import timedelta

import pytest
import yaml

from commonground.local import ampdocuments
from commonground.metrics.rules import namespaces
from tests.metrics.factory import metrics_settings

SNS = {"topic_arn": "arn:aws:sns:eu-central-1:123456789012:shop", "sigv4": {"region": "eu-central-1"}}
JOB = {"job_name": "pods", "kubernetes_sd_configs": [{"role": "pod"}]}
TOKEN = {"credentials_file": "/var/run/secrets/kubernetes.io/serviceaccount/token"}


def group(*rules, **more):
    return yaml.safe_dump({"groups": [{"name": "drift", "rules": list(rules), **more}]})


def rule(**more):
    return {"record": "commonground:a:b", "expr": "vector(1)", **more}


def definition(receivers, route=None, **more):
    config = {"route": {"receiver": "shop", **(route or {})}, "receivers": receivers, **more}
    return yaml.safe_dump({"alertmanager_config": yaml.safe_dump(config)})


def receiver(**more):
    return {"name": "shop", "sns_configs": [{**SNS, **more}]}


def jobs(*jobs, **common):
    return yaml.safe_dump({"global": {"scrape_interval": "30s", **common}, "scrape_configs": list(jobs)})


@pytest.mark.parametrize(
    ("text", "said"), [("30s", timedelta(seconds=30)), ("1h30m", timedelta(minutes=90)), ("5d", timedelta(days=5)), ("0", timedelta()), (0, timedelta())]
)
def test_durations_are_read_as_prometheus_writes_them(text, said):
    assert ampdocuments.duration(text) == said


@pytest.mark.parametrize("text", ["", "5", "m5", "1.5h", "5 m", None, ["5m"]])
def test_anything_else_is_no_duration(text):
    assert ampdocuments.duration(text) is None


def test_our_own_rule_files_are_taken():
    files = {name: text for name, text in namespaces.files(metrics_settings()).items() if yaml.safe_load(text)["groups"]}
    assert {name: list(ampdocuments.rule_groups(text)) for name, text in files.items()} == {name: [] for name in files}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("groups: [", "is not YAML in line"),
        ("- a", "is YAML, but not a mapping"),
        ("rules: []\ngroups: [{name: a}]", "rules: is not a part of a rule file"),
        ("groups: []", "groups: expected a list of rule groups"),
        ("groups: [{rules: []}]", "groups[0]: expected a rule group with a name"),
        ("groups: [{name: a}, {name: a}]", "two rule groups have the name 'a'"),
        (group(rule(), interval="fast"), "groups[0] (drift).interval: 'fast' is not a duration"),
        (group(*[rule()] * 21), "groups[0] (drift): has 21 rules, expected at most 20"),
        (group(rule(alert="Both")), "expected either record or alert"),
        (group({"expr": "vector(1)"}), "expected either record or alert"),
        (group({"alert": "NoExpression"}), "rules[0].expr: is required"),
        (group({"alert": "A", "expr": "up == 0", "for": "a while"}), "rules[0].for: 'a while' is not a duration"),
        (group(rule(**{"for": "5m"})), "rules[0].for: '5m' is not a duration of an alert"),
        (group(rule(), labels="x" * 1_000_000), "bytes, expected at most 1000000"),
        (yaml.safe_dump({"groups": [{"name": str(number)} for number in range(101)]}), "has 101 rule groups, expected at most 100"),
    ],
)
def test_a_rule_file_that_amp_refuses_is_refused(text, reason):
    found = list(ampdocuments.rule_groups(text))
    assert len(found) == 1
    assert reason in found[0]


def test_twenty_rules_an_alert_and_an_interval_are_taken():
    assert not list(ampdocuments.rule_groups(group(*[rule()] * 19, {"alert": "A", "expr": "up == 0", "for": "5m", "keep_firing_for": "1m"}, interval="5m")))


def test_an_alert_managers_definition_with_topics_is_taken():
    routes = {"routes": [{"receiver": "shop", "matchers": ['team="shop"'], "repeat_interval": "5d"}]}
    text = definition([receiver()], routes, inhibit_rules=[{"source_matchers": ['alertname="NodeNotReady"'], "equal": ["node"]}])
    assert not list(ampdocuments.alert_manager(text))
    assert not list(ampdocuments.alert_manager_pitfalls(text))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("route: {}", "route: is not a part of an alert manager definition"),
        ("alertmanager_config: {route: {}}", "alertmanager_config: expected a text"),
        (definition([{"name": "shop", "webhook_configs": [{"url": "https://events.acme.io"}]}]), "receivers[shop]: webhook_configs is not supported"),
        (definition([receiver(api_url="https://sns.acme.io")]), "sns_configs[0]: api_url is not allowed"),
        (definition([receiver(http_config={})]), "sns_configs[0]: http_config is not allowed"),
        (definition([receiver(sigv4={})]), "sns_configs[0]: sigv4.region is required"),
        (definition([receiver(topic_arn=None)]), "sns_configs[0]: topic_arn is required"),
        (definition([receiver()], {"receiver": "nobody"}), "there is no receiver 'nobody'"),
        (definition([receiver()], {"routes": [{"receiver": "nobody"}]}), "there is no receiver 'nobody'"),
        (definition([receiver()], {"receiver": ""}), "route: expected a route with a receiver"),
        (definition([receiver()], {"group_wait": "soon"}), "route.group_wait: 'soon' is not a duration"),
        (definition([receiver()], {"routes": [{}] * 100}), "route: has 101 nodes, expected at most 100"),
        (definition([receiver()], inhibit_rules=[{}] * 101), "inhibit_rules: has 101 rules, expected at most 100"),
        (definition([{"sns_configs": []}]), "receivers: expected a list of receivers with names"),
    ],
)
def test_a_definition_that_amp_refuses_is_refused(text, reason):
    assert any(reason in line for line in ampdocuments.alert_manager(text)), list(ampdocuments.alert_manager(text))


def test_a_repetition_after_more_than_five_days_is_taken_and_means_five():
    text = definition([receiver()], {"repeat_interval": "1w"})
    assert not list(ampdocuments.alert_manager(text))
    assert list(ampdocuments.alert_manager_pitfalls(text)) == ["alertmanager_config: route.repeat_interval: 1w counts as 5d, the longest there is"]


def test_a_scrape_configuration_of_pods_nodes_and_the_api_server_is_taken():
    server = {**JOB, "job_name": "apiserver", "scheme": "https", "authorization": TOKEN, "kubernetes_sd_configs": [{"role": "endpoints"}]}
    static = {"job_name": "static", "static_configs": [{"targets": ["10.0.0.1:9100", "kubernetes.default.svc:443"]}]}
    older = {**JOB, "job_name": "older", "bearer_token_file": TOKEN["credentials_file"]}
    text = jobs(JOB, server, static, older)
    assert not list(ampdocuments.scraping(text))
    assert not list(ampdocuments.scraping_pitfalls(text))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (yaml.safe_dump({"scrape_configs": [JOB], "rule_files": ["a"]}), "rule_files: is not a part of a managed collector's configuration"),
        (yaml.safe_dump({"global": {}}), "scrape_configs: expected a list of jobs"),
        (jobs(JOB, JOB), "two jobs have the name 'pods'"),
        (jobs(JOB, scrape_interval="15s"), "global.scrape_interval: is 15s, expected at least 30s"),
        (jobs({**JOB, "scrape_interval": "15s"}), "scrape_configs[pods].scrape_interval: is 15s, expected at least 30s"),
        (jobs({**JOB, "scrape_interval": "often"}), "'often' is not a duration"),
        (jobs({**JOB, "scrape_timeout": "45s"}), "scrape_timeout: is longer than the interval"),
        (jobs({**JOB, "ec2_sd_configs": [{}]}), "ec2_sd_configs: is not supported"),
        (jobs({**JOB, "basic_auth": {"username": "me"}}), "basic_auth: is not supported"),
        (jobs({**JOB, "authorization": {"credentials": "secret"}}), "authorization: expected type Bearer"),
        (jobs({**JOB, "authorization": {"type": "Basic"}}), "authorization: expected type Bearer"),
        (jobs({**JOB, "bearer_token_file": "/etc/token"}), "authorization: expected type Bearer"),
        (jobs({"job_name": "a", "static_configs": [{"targets": ["grafana.monitoring:3000"]}]}), "'grafana.monitoring:3000' is not an IP address"),
    ],
)
def test_a_scrape_configuration_that_amp_refuses_is_refused(text, reason):
    assert any(reason in line for line in ampdocuments.scraping(text)), list(ampdocuments.scraping(text))


def test_a_role_that_the_collector_may_not_list_finds_nothing():
    text = jobs({**JOB, "kubernetes_sd_configs": [{"role": "endpointslice"}]})
    assert not list(ampdocuments.scraping(text))
    (found,) = ampdocuments.scraping_pitfalls(text)
    assert "role endpointslice finds nothing" in found
