"""The `aws` beside the local cloud: tokens for clusters, as the AWS CLI makes them."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from commonground.local.cloud import Cloud
from commonground.local.cluster import shim
from commonground.local.cluster.tokens import caller, parse
from commonground.local.cluster.view import View

REGION = "eu-central-1"
ROLE = "arn:aws:iam::123456789012:role/commonground-deploy"
GET_TOKEN = ["eks", "get-token", "--cluster-name", "commonground-local", "--region", REGION, "--role-arn", ROLE, "--output", "json"]


@pytest.fixture
def aws(tmp_path: Path) -> str:
    return str(shim.write(tmp_path) / "aws")


@pytest.mark.cloud
def test_the_users_own_profile_is_left_alone(aws: str, local_cloud: Cloud) -> None:
    environment = os.environ | local_cloud.environment(REGION) | {"AWS_PROFILE": "prod", "HTTP_PROXY": "http://127.0.0.1:9"}
    assert subprocess.run([aws, *GET_TOKEN], env=environment, capture_output=True, check=False).returncode == 0


@pytest.mark.cloud
def test_a_token_speaks_for_the_role_that_was_asked_for(aws: str, local_cloud: Cloud) -> None:
    said = subprocess.run([aws, *GET_TOKEN], env=os.environ | local_cloud.environment(REGION), capture_output=True, text=True, check=True)
    credential = json.loads(said.stdout)
    assert credential["kind"] == "ExecCredential"
    assert credential["apiVersion"] == "client.authentication.k8s.io/v1beta1"
    call = parse(credential["status"]["token"])
    who = caller(View(local_cloud.endpoint, "123456789012", REGION).identify(call))
    assert who.is_principal(ROLE)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["s3", "ls"], "knows only: aws eks get-token"),
        (["eks", "get-token", "--region", REGION], "--cluster-name"),
        ([*GET_TOKEN[:-1], "text"], "json"),
        ([*GET_TOKEN, "--profile", "x"], "--profile"),
    ],
)
def test_anything_else_is_refused_with_what_it_knows(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        shim.main(arguments)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_without_a_local_cloud_it_asks_nobody(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with pytest.raises(SystemExit):
        shim.main(GET_TOKEN)
    assert "AWS_ENDPOINT_URL is not set" in capsys.readouterr().err


def test_a_local_cloud_that_is_gone_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name, value in Cloud("http://127.0.0.1:9", "gone", 1).environment(REGION).items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "")
    assert shim.main(GET_TOKEN) == 1
    assert capsys.readouterr().err.startswith("aws: Could not connect to the endpoint URL")
