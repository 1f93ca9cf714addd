"""The examples of docs/metrics.md, run as they stand there."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from commonground.metrics import messages
from tests.examples.test_readme import CONTRACT, example, run

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"


def test_a_queue_of_another_stack_gets_one_teams_reasons_to_train_and_lets_only_the_topic_in() -> None:
    made = run("retraining", PAGE)
    topic = CONTRACT["metrics"]["topics"]["retraining"]  # type: ignore[index]
    subscription = made["aws:sns/topicSubscription:TopicSubscription", "retraining"]
    assert (subscription["topic"], subscription["endpoint"]) == (topic, "arn:aws:test:::retraining")
    assert json.loads(subscription["filterPolicy"]) == {"group": {"team": ["shop"]}}
    (statement,) = json.loads(made["aws:sqs/queuePolicy:QueuePolicy", "retraining"]["policy"])["Statement"]
    assert statement["Principal"] == {"Service": "sns.amazonaws.com"}
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": topic}}


@pytest.mark.skipif(shutil.which("amtool") is None, reason="amtool is not on PATH: Debian's package `prometheus-alertmanager` has it")
def test_the_message_on_the_page_is_what_the_template_makes(tmp_path: Path) -> None:
    shown: dict[str, Any] = json.loads(example("retraining-message", PAGE))
    alerts = [{**one, "endsAt": "0001-01-01T00:00:00Z"} for one in shown["alerts"]]
    data = {"status": shown["status"], "groupLabels": shown["group"], "commonLabels": {}, "commonAnnotations": {}, "externalURL": "", "alerts": alerts}
    (tmp_path / "data.json").write_text(json.dumps(data))
    (tmp_path / messages.FILE).write_text(messages.templates(shown["environment"]))
    text = f'--template.text={{{{ template "{messages.JSON}" . }}}}'
    command = ["amtool", "template", "render", f"--template.glob={messages.FILE}", text, "--template.data=data.json"]
    rendered = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert json.loads(rendered) == shown


def test_who_may_silence_may_do_it_on_one_workspace() -> None:
    (statement,) = json.loads(example("silence-policy", PAGE))["Statement"]
    assert {"aps:PutAlertManagerSilences", "aps:DeleteAlertManagerSilence", "aps:ListAlertManagerSilences"} < set(statement["Action"])
    assert statement["Resource"].endswith(":workspace/WORKSPACE")
