"""Who is told of what: by amtool, and by a real Alertmanager."""

import itertools
import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from ruamel.yaml import YAML

from commonground.metrics import alertmanager as routes
from commonground.metrics import messages
from commonground.metrics.alertmanager import configuration, definition, receivers, sns
from commonground.metrics.rules.model import alerts
from commonground.metrics.rules.namespaces import NAMESPACES
from tests.metrics import promtool
from tests.metrics.factory import metrics_settings
from tests.metrics.prometheus import Server, alertmanager, needs_alertmanager, wait_for
from tests.metrics.webhook import Heard, listening

needs_amtool = pytest.mark.skipif(shutil.which("amtool") is None, reason="amtool is not on PATH: Debian's package `prometheus-alertmanager` has it")

SETTINGS = metrics_settings()
TOPICS = {name: f"arn:aws:sns:eu-central-1:111111111111:alerts-{name}" for name in receivers(SETTINGS)}

TEAMS = ("shop", "payments", "platform", "nobody", None)
SEVERITIES = ("critical", "warning", "info", None)
RETRAINS = ("true", "false", None)


def load(text: str) -> Any:
    return YAML(typ="safe").load(text)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The configuration that AMP gets, unpacked: Alertmanager's own file, and its templates beside it."""
    whole = load(definition(SETTINGS, TOPICS))
    (tmp_path / "alertmanager.yml").write_text(whole["alertmanager_config"])
    for name, text in whole["template_files"].items():
        (tmp_path / name).write_text(text)
    return tmp_path


def amtool(folder: Path, *arguments: str) -> str:
    told = subprocess.run(["amtool", *arguments], cwd=folder, capture_output=True, text=True)
    assert told.returncode == 0, told.stdout + told.stderr
    return told.stdout


@needs_amtool
def test_amtool_takes_the_configuration_and_its_templates(folder: Path) -> None:
    told = amtool(folder, "check-config", "alertmanager.yml")
    assert "SUCCESS" in told and "1 templates" in told


def expected(team: str | None, severity: str | None, retrain: str | None) -> str:
    """Receivers, as amtool writes them: an unknown team is the platform's, an unknown severity a warning."""
    owner = team if team in ("shop", "payments") else "platform"
    own = f"{owner}-{'critical' if severity == 'critical' else 'warning'}"
    return f"retraining,{own}" if retrain == "true" else own


@needs_amtool
@pytest.mark.parametrize(("team", "severity", "retrain"), list(itertools.product(TEAMS, SEVERITIES, RETRAINS)))
def test_an_alert_goes_to_its_team_by_severity_and_to_the_retraining_where_it_should(
    folder: Path, team: str | None, severity: str | None, retrain: str | None
) -> None:
    labels = {"alertname": "Some", "team": team, "severity": severity, "retrain": retrain}
    given = [f"{key}={value}" for key, value in labels.items() if value is not None]
    assert amtool(folder, "config", "routes", "test", "--config.file=alertmanager.yml", *given).strip() == expected(team, severity, retrain)


@needs_amtool
@pytest.mark.parametrize("team", TEAMS)
def test_the_watchdog_goes_to_nobody_but_who_waits_for_it(folder: Path, team: str | None) -> None:
    given = ["alertname=Watchdog", "severity=warning", *([f"team={team}"] if team else [])]
    assert amtool(folder, "config", "routes", "test", "--config.file=alertmanager.yml", *given).strip() == "watchdog"


def test_nothing_that_amazon_managed_prometheus_refuses_is_in_it() -> None:
    """Its user guide, "Configure alert manager to send messages to your Amazon SNS topic" and "Create an alert manager configuration"."""
    config = load(load(definition(SETTINGS, TOPICS))["alertmanager_config"])
    assert {key for one in config["receivers"] for key in one} == {"name", "sns_configs"}
    for one in config["receivers"]:
        (integration,) = one["sns_configs"]
        assert integration["sigv4"]["region"] == "eu-central-1"
        assert not {"api_url", "http_config"} & set(integration)
        assert all(integration["attributes"].values())
    assert all(_days(one["repeat_interval"]) <= 5 for one in _all_routes(config["route"]) if "repeat_interval" in one)
    assert len(config["inhibit_rules"]) <= 100 and sum(1 for _ in _all_routes(config["route"])) <= 100


def _days(duration: str) -> float:
    return int(duration[:-1]) * {"s": 1 / 86400, "m": 1 / 1440, "h": 1 / 24, "d": 1}[duration[-1]]


def _all_routes(route: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield route
    for one in route.get("routes", ()):
        yield from _all_routes(one)


def test_a_team_that_is_called_platform_is_the_platforms() -> None:
    settings = metrics_settings(teams={"platform": ("tools",), "shop": ("shop",)})
    assert receivers(settings) == ("shop-critical", "shop-warning", "platform-critical", "platform-warning", "retraining", "watchdog")


@dataclass
class Running:
    """A real Alertmanager that waits for nothing, and a webhook in every receiver's place."""

    server: Server
    heard: Heard

    def fire(self, *alerts: Mapping[str, str], summary: str = "Something is wrong") -> None:
        """Alerts by their labels, all in one request."""
        body = [{"labels": dict(labels), "annotations": {"summary": summary}} for labels in alerts]
        urlopen(Request(f"{self.server.url}/api/v2/alerts", json.dumps(body).encode(), {"Content-Type": "application/json"})).close()

    def silenced(self) -> set[str]:
        """Names and severities of the alerts that another one inhibits."""
        alerts = self.server.get("/api/v2/alerts", inhibited="true")
        return {f"{one['labels']['alertname']}/{one['labels']['severity']}" for one in alerts if one["status"]["inhibitedBy"]}

    def told(self, receiver: str, alertname: str) -> dict[str, Any]:
        """The notification in which a receiver was told of an alert."""
        return wait_for(
            f"{receiver} is told of {alertname}",
            lambda: next((one for one in self.heard.of(receiver) if alertname in {alert["labels"]["alertname"] for alert in one["alerts"]}), None),
        )


def _quick(text: str) -> str:
    """The same routes; a group is told after a second."""
    return re.sub(r"group_wait: \S+", "group_wait: 1s", text)


@pytest.fixture
def running() -> Iterator[Running]:
    with listening() as heard, alertmanager(_quick(configuration(SETTINGS, heard.destination))) as server:
        yield Running(server, heard)


@needs_alertmanager
def test_a_node_that_is_down_silences_its_pods_and_no_others(running: Running) -> None:
    running.fire(
        {"alertname": "NodeNotReady", "severity": "critical", "team": "platform", "node": "node-1"},
        {"alertname": "PodCrashLooping", "severity": "warning", "team": "shop", "namespace": "shop", "pod": "web-1", "node": "node-1"},
        {"alertname": "PodNotReady", "severity": "critical", "team": "shop", "namespace": "shop", "pod": "web-2", "node": "node-2"},
        {"alertname": "JobFailed", "severity": "warning", "team": "shop", "namespace": "shop"},
        {"alertname": "GpuXidError", "severity": "critical", "team": "platform", "node": "node-1", "gpu": "0"},
    )
    assert running.told("platform-critical", "NodeNotReady")
    assert running.told("platform-critical", "GpuXidError")
    assert running.told("shop-critical", "PodNotReady")
    assert running.told("shop-warning", "JobFailed")
    assert running.silenced() == {"PodCrashLooping/warning"}
    assert "PodCrashLooping" not in running.heard.alerts("shop-warning")


@needs_alertmanager
def test_a_critical_alert_silences_the_warning_of_the_same_thing_and_of_nothing_else(running: Running) -> None:
    drift = {
        "alertname": "ModelFeatureDrift",
        "team": "shop",
        "namespace": "shop",
        "service": "churn",
        "model": "churn",
        "model_version": "7",
        "kind": "feature",
    }
    running.fire(
        {**drift, "severity": "critical", "variable": "age", "retrain": "true"},
        {**drift, "severity": "warning", "variable": "age"},
        {**drift, "severity": "warning", "variable": "income"},
    )
    assert running.told("shop-critical", "ModelFeatureDrift")
    (warning,) = running.told("shop-warning", "ModelFeatureDrift")["alerts"]
    assert warning["labels"]["variable"] == "income"
    assert running.silenced() == {"ModelFeatureDrift/warning"}


@needs_alertmanager
def test_a_service_that_fails_is_not_said_to_be_slow_as_well_and_its_models_drift_is_still_told(running: Running) -> None:
    churn = {"team": "shop", "namespace": "shop", "service": "churn"}
    running.fire(
        {**churn, "alertname": "ServiceErrorBudgetBurn", "severity": "critical"},
        {**churn, "alertname": "ServiceLatencyBudgetBurn", "severity": "critical"},
        {**churn, "alertname": "ServiceSaturated", "severity": "warning"},
        {**churn, "alertname": "ModelFeatureDrift", "severity": "warning", "model": "churn"},
        {**churn, "alertname": "ServiceLatencyBudgetBurn", "severity": "warning", "service": "basket"},
    )
    assert running.told("shop-critical", "ServiceErrorBudgetBurn")
    assert running.told("shop-warning", "ModelFeatureDrift")
    assert running.told("shop-warning", "ServiceLatencyBudgetBurn")["alerts"][0]["labels"]["service"] == "basket"
    assert running.silenced() == {"ServiceLatencyBudgetBurn/critical", "ServiceSaturated/warning"}


@needs_alertmanager
def test_a_service_that_is_down_is_not_said_to_fail_as_well(running: Running) -> None:
    churn = {"team": "shop", "namespace": "shop", "service": "churn"}
    running.fire(
        {**churn, "alertname": "ServiceDown", "severity": "critical"},
        {**churn, "alertname": "ServiceErrorBudgetBurn", "severity": "critical"},
        {**churn, "alertname": "ServiceLatencyBudgetBurn", "severity": "warning"},
        {**churn, "alertname": "ServiceSaturated", "severity": "warning"},
        {**churn, "alertname": "ScrapeFailing", "severity": "warning"},
        {**churn, "alertname": "ScrapeFailing", "severity": "warning", "service": "basket"},
    )
    assert running.told("shop-critical", "ServiceDown")
    assert [one["labels"]["service"] for one in running.told("shop-warning", "ScrapeFailing")["alerts"]] == ["basket"]
    assert running.silenced() == {"ServiceErrorBudgetBurn/critical", "ServiceLatencyBudgetBurn/warning", "ServiceSaturated/warning", "ScrapeFailing/warning"}


def test_what_is_the_same_thing_is_told_by_every_label_that_an_alert_has() -> None:
    """Labels that real Prometheus gives them, by their cases: every alert has one in which it fires."""
    asked = [one for name in NAMESPACES for file in promtool.cases(name) for case in file["tests"] for one in case.get("alert_rule_test", ())]
    labels = {label for one in asked for alert in one.get("exp_alerts") or () for label in alert["exp_labels"]}
    assert {"baseline", "xid", "node", "pool", "pod", "gpu", "model_version"} <= labels
    assert labels - set(routes.SAME_THING) == {"severity", "retrain"}


ONE_LABEL = ("baseline", "model_version", "xid", "gpu", "node", "pod", "pool")


@needs_alertmanager
def test_what_is_critical_of_one_silences_no_warning_of_another(running: Running) -> None:
    """Alerts that differ in one label only, for each of these."""
    alike = {"team": "shop", **{label: "1" for label in ONE_LABEL}}
    names = {label: f"Differs{index}" for index, label in enumerate(ONE_LABEL)}
    running.fire(*({**alike, "alertname": name, "severity": "critical"} for name in names.values()))
    running.fire(*({**alike, "alertname": name, label: "2", "severity": "warning"} for label, name in names.items()))
    for name in names.values():
        assert running.told("shop-critical", name) and running.told("shop-warning", name)
    assert not running.silenced()


@needs_alertmanager
def test_each_service_and_model_has_a_notification_of_its_own(running: Running) -> None:
    one = {"alertname": "ModelFeatureDrift", "severity": "warning", "team": "shop", "namespace": "shop", "service": "churn", "model": "churn"}
    different = [one, {**one, "service": "basket"}, {**one, "model": "basket"}, {**one, "namespace": "shop-jobs"}]
    running.fire(*({**labels, "variable": variable} for labels in different for variable in ("age", "income")))
    wait_for("all four", lambda: len(running.heard.of("shop-warning")) == 4)
    assert {len(message["alerts"]) for message in running.heard.of("shop-warning")} == {2}


def _times(receiver: str) -> dict[str, float]:
    """Of a receiver's route, in days."""
    whole = routes.route(SETTINGS)
    (found,) = [one for one in _all_routes(whole) if one["receiver"] == receiver]
    return {key: _days(found[key]) for key in ("group_wait", "group_interval", "repeat_interval")}


MINUTE, HOUR = 1 / 1440, 1 / 24


def test_a_critical_alert_is_told_at_once_and_again_in_the_same_shift() -> None:
    times = _times("shop-critical")
    assert times["group_wait"] <= MINUTE
    assert HOUR <= times["repeat_interval"] <= 8 * HOUR


def test_who_waits_for_the_watchdog_hears_it_every_few_minutes() -> None:
    """Dead men's switches wait for a quarter of an hour or less."""
    times = _times(routes.WATCHDOG)
    assert times["group_wait"] == 0
    assert times["group_interval"] + times["repeat_interval"] <= 10 * MINUTE


def test_features_that_drift_one_after_the_other_start_one_retraining_and_it_is_asked_for_again_after_a_day() -> None:
    """A group has its turn at each group interval only, so a repetition is due at the first turn after its own interval."""
    times = _times(routes.RETRAINING)
    assert times["group_wait"] <= 10 * MINUTE
    assert 6 * HOUR <= times["group_interval"] <= 24 * HOUR
    turns = times["repeat_interval"] // times["group_interval"] + 1
    assert turns * times["group_interval"] == 1


def test_a_retraining_is_told_in_json_and_only_of_what_begins_and_people_in_text_and_of_its_end_too() -> None:
    for name in receivers(SETTINGS):
        (told,) = sns(SETTINGS, TOPICS)(name)["sns_configs"]
        of_training = name == routes.RETRAINING
        assert told["message"] == f'{{{{ template "{messages.JSON if of_training else messages.TEXT}" . }}}}'
        assert told["send_resolved"] is not of_training


def test_alerts_that_silence_or_are_silenced_by_their_name_are_among_the_rules() -> None:
    named = {routes.WATCHDOG_ALERT, routes.NODE_DOWN_ALERT, *routes.WORSE, *(name for names in routes.WORSE.values() for name in names)}
    assert named <= {alert.name for groups in NAMESPACES.values() for alert in alerts(groups(SETTINGS))}


@needs_alertmanager
def test_a_retraining_is_told_once_of_all_that_a_model_gives_reason_for(running: Running) -> None:
    one = {"severity": "critical", "team": "shop", "namespace": "shop", "service": "churn", "model": "churn", "retrain": "true"}
    running.fire(
        {**one, "alertname": "ModelFeatureDrift", "variable": "age"},
        {**one, "alertname": "ModelQualityDecline", "score": "auc", "service": "churn-canary"},
        {**one, "alertname": "ModelFeatureDrift", "variable": "age", "service": "basket", "model": "basket"},
    )
    churn = running.told("retraining", "ModelQualityDecline")
    assert len(churn["alerts"]) == 2
    assert churn["groupLabels"] == {"team": "shop", "namespace": "shop", "model": "churn"}
    wait_for("basket's model as well", lambda: len(running.heard.of("retraining")) == 2)
    assert running.told("shop-critical", "ModelQualityDecline")


HOSTILE = 'x" }, "status": "resolved\\\n\t<b>é\u2028'


@needs_amtool
def test_the_retrainings_message_is_json_whatever_a_label_holds(folder: Path) -> None:
    labels = {"alertname": "ModelFeatureDrift", "team": "shop", "variable": HOSTILE}
    read = json.loads(rendered(folder, messages.JSON, [labels, {**labels, "variable": "age"}]))
    assert (read["environment"], read["status"], read["count"]) == ("dev", "firing", 2)
    assert read["group"]["model"] == "churn"
    first = read["alerts"][0]
    assert first["status"] == "firing" and first["startsAt"] == "2026-11-30T12:00:00.000Z"
    assert first["labels"]["variable"] == HOSTILE.replace("\n", " ").replace("\t", " ")
    assert first["annotations"]["summary"] == HOSTILE.replace("\n", " ").replace("\t", " ")


@needs_amtool
def test_a_message_with_very_many_alerts_stays_under_what_sns_takes(folder: Path) -> None:
    many = [{"alertname": "ModelFeatureDrift", "team": "shop", "variable": f"{number}-{'ä' * 300}"} for number in range(400)]
    read = rendered(folder, messages.JSON, many)
    assert len(read.encode()) < 256 * 1024
    assert (json.loads(read)["count"], len(json.loads(read)["alerts"])) == (400, 50)
    text = rendered(folder, messages.TEXT, many)
    assert len(text.encode()) < 256 * 1024
    assert "(the first 20 of 400)" in text


@needs_amtool
def test_a_subject_is_one_short_line_of_ascii(folder: Path) -> None:
    labels = {"alertname": "ModelFeatureDrift", "team": "shop", "severity": "critical"}
    assert rendered(folder, messages.SUBJECT, [labels]) == "[FIRING] dev critical: churn shop (1)"
    subject = rendered(folder, messages.SUBJECT, [{**labels, "severity": "é\n" * 80}])
    assert len(subject) < 100 and subject.isascii() and "\n" not in subject


@needs_amtool
def test_the_text_says_what_is_wrong_with_whose_thing_and_what_to_read(folder: Path) -> None:
    labels = {"alertname": "ModelFeatureDrift", "team": "shop", "severity": "critical", "service": "churn"}
    assert rendered(folder, messages.TEXT, [labels], summary="PSI 0.4 in the last hour").strip() == (
        "Environment dev: 1 firing, 0 resolved\n\n"
        "ModelFeatureDrift (critical), firing since 2026-11-30 12:00:00 UTC\n"
        "  PSI 0.4 in the last hour\n"
        "  team: shop\n"
        "  service: churn\n"
        "  runbook: docs/runbooks/ModelFeatureDrift.md"
    )


def rendered(folder: Path, template: str, alerts: list[dict[str, str]], *, summary: str = HOSTILE) -> str:
    """What a template makes of alerts that fire."""
    data = {
        "receiver": "retraining",
        "status": "firing",
        "groupLabels": {"team": "shop", "model": "churn"},
        "commonLabels": alerts[0],
        "commonAnnotations": {},
        "externalURL": "",
        "alerts": [
            {
                "status": "firing",
                "labels": labels,
                "annotations": {"summary": summary, "runbook_url": f"docs/runbooks/{labels['alertname']}.md"},
                "startsAt": "2026-11-30T12:00:00Z",
                "endsAt": "0001-01-01T00:00:00Z",
                "fingerprint": "abc",
            }
            for labels in alerts
        ],
    }
    (folder / "data.json").write_text(json.dumps(data))
    text = f'{{{{ template "{template}" . }}}}'
    return amtool(folder, "template", "render", f"--template.glob={messages.FILE}", f"--template.text={text}", "--template.data=data.json").removesuffix("\n")


def test_webhooks_and_topics_have_the_same_routes() -> None:
    webhooks = load(configuration(SETTINGS, lambda name: {"webhook_configs": [{"url": f"http://127.0.0.1/{name}"}]}))
    topics = load(configuration(SETTINGS, sns(SETTINGS, TOPICS)))
    assert (webhooks["route"], webhooks["inhibit_rules"]) == (topics["route"], topics["inhibit_rules"])
    assert routes.receivers(SETTINGS) == tuple(one["name"] for one in webhooks["receivers"])
