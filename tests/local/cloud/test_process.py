"""The local cloud's process: one a directory, found again, never taken for another."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import boto3
import pytest

from commonground.local import cloud
from commonground.local.cloud import process

pytestmark = pytest.mark.cloud


@pytest.fixture
def directory(tmp_path):
    yield tmp_path / "local"
    cloud.stop(tmp_path / "local")


def test_two_starts_at_once_give_one_cloud_and_stop_ends_it(directory):
    lines: list[str] = []
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: cloud.start(directory, report=lines.append), range(2))
    assert first == second == cloud.running(directory)
    assert lines == ["starting the local cloud"]
    assert first.endpoint.startswith("http://127.0.0.1:")
    assert cloud.stop(directory) is True
    assert cloud.running(directory) is None
    assert cloud.stop(directory) is False


def test_a_cloud_that_was_killed_is_gone_and_the_next_one_has_another_instance_on_the_same_port(directory):
    lost = cloud.start(directory)
    os.kill(lost.pid, 9)
    while cloud.running(directory):
        time.sleep(0.05)
    found = cloud.start(directory)
    assert found.instance != lost.instance
    assert found.endpoint == lost.endpoint


def test_roles_that_an_account_is_to_have_are_made_once_and_no_others(directory):
    found = cloud.start(directory)
    iam = boto3.client("iam", endpoint_url=found.endpoint, region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    new = "arn:aws:iam::123456789012:role/teams/search/developers"
    before = {role["Arn"]: role["RoleId"] for role in iam.list_roles()["Roles"]}
    for _ in range(2):
        found.furnish([new, "arn:aws:iam::123456789012:role/platform", "arn:aws:iam::111111111111:role/elsewhere"])
        after = {role["Arn"]: role["RoleId"] for role in iam.list_roles()["Roles"]}
        assert after == {**before, new: after[new]}
    assert found.calls() == []


def test_it_outlives_the_command_that_started_it(directory):
    command = f"from pathlib import Path; from commonground.local import cloud; print(cloud.start(Path({str(directory)!r})).instance)"
    started = subprocess.run([sys.executable, "-c", command], check=True, capture_output=True, text=True, timeout=90).stdout.strip()
    found = cloud.running(directory)
    assert found is not None
    assert found.instance == started
    # Idle with all services loaded: the first call waits for them.
    boto3.client("ec2", endpoint_url=found.endpoint, region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x").describe_vpcs()
    status = Path(f"/proc/{found.pid}/status").read_text()
    assert int(status.split("VmRSS:")[1].split()[0]) < 300_000, "needs more than 300 MB"


def test_a_copied_directory_is_not_the_owner_of_a_cloud_with_another_instance(local_cloud, tmp_path):
    record = {"port": local_cloud.port, "instance": "somebody else's", "pid": local_cloud.pid}
    (tmp_path / "cloud.json").write_text(json.dumps(record))
    assert cloud.running(tmp_path) is None
    assert cloud.stop(tmp_path) is False
    assert local_cloud.calls(since=10**9) == []


def test_a_stranger_on_the_remembered_port_is_neither_taken_for_the_cloud_nor_ended(tmp_path):
    class Stranger(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'"hello"')

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Stranger)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    (tmp_path / "cloud.json").write_text(json.dumps({"port": server.server_port, "instance": "x", "pid": os.getpid()}))
    assert cloud.running(tmp_path) is None
    assert cloud.stop(tmp_path) is False
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"port": "many", "instance": "x"}', '{"port": 1}'])
def test_a_damaged_record_counts_as_none(tmp_path, text):
    (tmp_path / "cloud.json").write_text(text)
    assert cloud.running(tmp_path) is None


def test_a_server_that_cannot_start_says_why_with_the_end_of_its_log(tmp_path, monkeypatch):
    monkeypatch.setattr(process, "_child_environment", lambda: {"PYTHONPATH": ""})
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    with pytest.raises(cloud.LocalCloudError, match="ended at once, with exit code 1") as error:
        cloud.start(tmp_path)
    assert error.value.log == tmp_path / "cloud.log"


def test_it_listens_on_loopback_only(local_cloud):
    listening = [line.split() for line in Path(f"/proc/{local_cloud.pid}/net/tcp").read_text().splitlines()[1:]]
    ours = [line[1] for line in listening if line[3] == "0A" and int(line[1].split(":")[1], 16) == local_cloud.port]
    assert ours == [f"0100007F:{local_cloud.port:04X}"]
    assert not any(
        int(line.split()[1].split(":")[1], 16) == local_cloud.port for line in Path(f"/proc/{local_cloud.pid}/net/tcp6").read_text().splitlines()[1:]
    )


def test_its_environment_holds_all_that_an_sdk_reads_and_no_credential_of_the_user(local_cloud, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "real")
    environment = local_cloud.environment("eu-west-1")
    assert environment["AWS_ENDPOINT_URL"] == local_cloud.endpoint
    assert environment["AWS_REGION"] == environment["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert environment["AWS_EC2_METADATA_DISABLED"] == "true"
    assert "real" not in environment.values()


def test_the_users_aws_settings_and_proxies_do_not_reach_the_server(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://example.com")
    monkeypatch.setenv("MOTO_ACCOUNT_ID", "1")
    monkeypatch.setenv("HTTPS_PROXY", "http://example.com")
    environment = process._child_environment()
    assert not {"AWS_ENDPOINT_URL", "MOTO_ACCOUNT_ID", "HTTPS_PROXY"} & environment.keys()
    assert environment["MOTO_IAM_LOAD_MANAGED_POLICIES"] == "true"
