"""The control plane for tests is Kubernetes itself: it says its version, keeps to loopback, and leaves nothing behind."""

import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path

import pytest
from tests.controlplane.support import administrator, eventually, pod

from commonground.local.cluster import builds
from commonground.local.cluster.api import Api, ConflictError, Credentials, ForbiddenError, InvalidError, NotFoundError, UnauthorizedError, UnreachableError
from commonground.local.cluster.commands import free_ports
from commonground.local.cluster.errors import ControlPlaneError, NoToolchainError
from commonground.local.cluster.processes import ControlPlane, running, start, stop

LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}
"""127.0.0.1, the same mapped into IPv6, and ::1, as /proc/net writes them."""
LISTENING = "0A"
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def test_it_says_the_version_that_it_was_built_from(control_plane: ControlPlane, api: Api) -> None:
    said = api.get("/version")
    assert said["gitVersion"] == f"v{control_plane.version}"
    assert (said["major"], said["minor"]) == tuple(control_plane.version.split(".")[:2])


def test_what_is_built_is_what_the_go_module_pins() -> None:
    pinned = (Path(__file__).parent / "go.mod").read_text("utf-8")
    assert f"k8s.io/kubernetes v{builds.KUBERNETES}" in pinned
    assert f"go.etcd.io/etcd/server/v3 v{builds.ETCD} " in pinned
    assert f"sigs.k8s.io/kwok v{builds.KWOK} " in pinned
    staging = re.findall(r"^\t(k8s\.io/\S+) => \1 v(\S+)$", pinned, re.MULTILINE)
    assert len(staging) > 30
    assert {version for _, version in staging} == {f"0.{builds.KUBERNETES.removeprefix('1.')}"}
    provider = Path(builds.__file__).parents[4] / "scripts" / "engine" / "kubernetes" / "go.mod"
    assert f"pulumi-kubernetes/provider/v4 v{builds.PROVIDER}" in provider.read_text("utf-8")


@on_linux
def test_it_listens_on_loopback_only(control_plane: ControlPlane) -> None:
    sockets = {str(file.readlink()) for pid in _family(control_plane.pid) for file in Path(f"/proc/{pid}/fd").iterdir() if file.is_symlink()}
    addresses = [address for inode, address in _listeners() if f"socket:[{inode}]" in sockets]
    assert len(addresses) == 6
    assert set(addresses) <= LOOPBACK


@on_linux
def test_it_ends_with_the_process_that_started_it(own_folder: Path) -> None:
    program = f"import pathlib, time; from commonground.local.cluster import start; start(pathlib.Path({str(own_folder)!r}), outlives=False); time.sleep(99)"
    with subprocess.Popen([sys.executable, "-c", program]) as starter:
        plane = eventually(lambda: running(own_folder), 60)
        held = _family(plane.pid)
        starter.send_signal(signal.SIGKILL)
    eventually(lambda: not _alive(held))
    assert running(own_folder) is None


@on_linux
def test_it_outlives_the_command_ends_whole_when_one_part_ends_and_leaves_no_process(own_folder: Path) -> None:
    program = f"import pathlib; from commonground.local.cluster import start; start(pathlib.Path({str(own_folder)!r}))"
    subprocess.run([sys.executable, "-c", program], check=True)
    plane = running(own_folder)
    assert plane is not None
    assert start(own_folder) == plane
    with pytest.raises(ControlPlaneError, match="stop it first"):
        start(own_folder, webhook="http://127.0.0.1:9/other")
    held = _family(plane.pid)
    assert len(held) == 6
    (scheduler,) = [pid for pid in held if "kube-scheduler" in _command(pid)]
    os.kill(scheduler, signal.SIGKILL)
    eventually(lambda: not _alive(held))
    assert running(own_folder) is None
    assert "kube-scheduler ended with code -9" in (own_folder / "supervisor.log").read_text("utf-8")

    again = start(own_folder, outlives=False)
    assert again.instance != plane.instance
    assert again.endpoint == plane.endpoint
    held, api = _family(again.pid), administrator(again)
    assert api.list("/api/v1/namespaces")
    assert stop(own_folder)
    assert not _alive(held)
    assert running(own_folder) is None
    assert not stop(own_folder)
    with pytest.raises(UnreachableError, match="does not answer"):
        api.list("/api/v1/namespaces")


def test_a_port_that_another_program_took_is_left_to_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        ports = astuple(free_ports(other.getsockname()[1]))
        assert other.getsockname()[1] not in ports
        assert len(set(ports)) == 6


def test_only_its_owner_reads_the_credentials(control_plane: ControlPlane) -> None:
    assert stat.S_IMODE(control_plane.credentials.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in control_plane.credentials.iterdir()} == {0o600}


def test_nobody_without_credentials_sees_anything(control_plane: ControlPlane) -> None:
    with pytest.raises(ForbiddenError, match="system:anonymous"):
        Api(control_plane.endpoint, control_plane.ca, Credentials()).list("/api/v1/namespaces")


def test_a_token_is_whose_the_webhook_says(control_plane: ControlPlane) -> None:
    ann = Api(control_plane.endpoint, control_plane.ca, Credentials(token="ann"))
    review = ann.create({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"})
    assert review["status"]["userInfo"]["username"] == "ann"
    assert "commonground:shop:viewer" in review["status"]["userInfo"]["groups"]
    with pytest.raises(ForbiddenError, match="ann"):
        ann.list("/api/v1/secrets")
    with pytest.raises(UnauthorizedError):
        Api(control_plane.endpoint, control_plane.ca, Credentials(token="bob")).list("/api/v1/secrets")


def test_an_administrator_speaks_for_others(api: Api) -> None:
    assert api.list("/api/v1/secrets") is not None
    with pytest.raises(ForbiddenError, match="cannot list resource"):
        api.acting_as("ann", "commonground:shop:viewer", "commonground:shop:ci").list("/api/v1/secrets")


def test_a_pod_is_placed_and_runs_and_ends(api: Api, namespace: str, fake_node: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/pods/main"
    api.create(pod("main", namespace))
    eventually(lambda: api.get(path)["status"]["phase"] == "Running")
    found = api.get(path)
    assert found["spec"]["nodeName"] == fake_node
    assert {c["type"]: c["status"] for c in found["status"]["conditions"]}["Ready"] == "True"
    assert found["status"]["podIP"]
    api.delete(path)
    eventually(lambda: not api.list(f"/api/v1/namespaces/{namespace}/pods"))


def test_a_node_keeps_the_capacity_that_it_was_made_with(api: Api, fake_node: str) -> None:
    status = api.get(f"/api/v1/nodes/{fake_node}")["status"]
    assert status["allocatable"] == {"cpu": "4", "memory": "16Gi", "pods": "58"}
    assert status["addresses"] == [{"type": "InternalIP", "address": "10.0.0.1"}]


def test_a_pod_that_fits_nowhere_says_why(api: Api, namespace: str, fake_node: str) -> None:
    api.create(pod("large", namespace, cpu="5"))
    path = f"/api/v1/namespaces/{namespace}/pods/large"
    (condition,) = eventually(lambda: api.get(path)["status"].get("conditions"))
    assert (condition["type"], condition["reason"]) == ("PodScheduled", "Unschedulable")
    assert "Insufficient cpu" in condition["message"]


def test_a_job_is_done_in_a_second_unless_it_says_how_long_it_runs(api: Api, namespace: str, fake_node: str) -> None:
    for name, annotations in (("short", {}), ("long", {"commonground.dev/runs-for": "1h"})):
        made = pod(name, namespace, annotations)
        template = {"metadata": {"annotations": annotations}, "spec": made["spec"] | {"restartPolicy": "Never"}}
        api.apply({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name, "namespace": namespace}, "spec": {"template": template}})
    jobs = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    eventually(lambda: api.get(f"{jobs}/short")["status"].get("succeeded") == 1)
    assert api.get(f"{jobs}/long")["status"]["active"] == 1
    (left,) = api.list(f"/api/v1/namespaces/{namespace}/pods", labels="job-name=long")
    assert left["status"]["phase"] == "Running"


def test_a_pod_that_hangs_in_termination_stays_until_it_is_forced(api: Api, namespace: str, fake_node: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/pods/hangs"
    api.create(pod("hangs", namespace, {"commonground.dev/hangs": "true"}))
    eventually(lambda: api.get(path)["status"]["phase"] == "Running")
    api.delete(path)
    time.sleep(1)
    assert api.get(path)["metadata"]["deletionTimestamp"]
    api.delete(path, grace=0)
    with pytest.raises(NotFoundError):
        api.get(path)


def test_a_quota_and_pod_security_refuse_with_their_names(api: Api, namespace: str) -> None:
    api.patch(f"/api/v1/namespaces/{namespace}", {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}})
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "team", "namespace": namespace}, "spec": {"hard": {"requests.cpu": "1"}}}
    api.apply(quota)
    eventually(lambda: api.get(f"/api/v1/namespaces/{namespace}/resourcequotas/team").get("status", {}).get("used"))
    with pytest.raises(ForbiddenError, match="exceeded quota: team"):
        api.create(pod("large", namespace, cpu="2"))
    rooted = pod("rooted", namespace)
    rooted["spec"]["containers"][0]["securityContext"] = {}
    with pytest.raises(ForbiddenError, match='violates PodSecurity "restricted:latest"'):
        api.create(rooted)


def test_an_object_is_read_strictly(api: Api, namespace: str) -> None:
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "config", "namespace": namespace}}
    with pytest.raises(InvalidError, match=r'unknown field "dato"|field not declared in schema'):
        api.apply(config | {"dato": {}})
    with pytest.raises(NotFoundError, match="no kind ConfigMop"):
        api.apply(config | {"kind": "ConfigMop"})
    api.apply(config | {"data": {"key": "1"}}, manager="first")
    with pytest.raises(ConflictError, match='conflict with "first"'):
        api.apply(config | {"data": {"key": "2"}}, manager="second", force=False)
    assert api.apply(config | {"data": {"key": "2"}}, manager="second", dry_run=True)["data"] == {"key": "2"}
    assert api.get(api.path(config))["data"] == {"key": "1"}


def test_without_go_one_message_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert not builds.has_control_plane()
    with pytest.raises(NoToolchainError, match=r"there is no `go` on PATH: install Go 1\.26 or later"):
        start(tmp_path / "cluster")
    assert running(tmp_path / "cluster") is None


def test_a_build_that_fails_leaves_nothing_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "go").write_text("#!/bin/sh\necho 'no such module' >&2\nexit 1\n")
    (tmp_path / "go").chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    lines: list[str] = []
    with pytest.raises(ControlPlaneError, match="of etcd failed: no such module"):
        builds.control_plane(lines.append)
    assert lines == [f"building etcd {builds.ETCD} from its Go module, 1 of 5, about 1 minute (once for each user)"]
    assert [file.name for file in (tmp_path / "cache" / "commonground" / "control-plane").iterdir() if file.is_dir()] == []


def _family(pid: int) -> list[int]:
    """A process and its children."""
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=True).stdout
    return [pid, *map(int, listed.split())]


def _alive(pids: list[int]) -> list[int]:
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def _command(pid: int) -> str:
    return subprocess.run(["ps", "-o", "comm=", "-p", str(pid)], capture_output=True, text=True, check=True).stdout


def _listeners() -> Iterator[tuple[str, str]]:
    """Inode and address of every listening socket."""
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text("utf-8").splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTENING:
                yield fields[9], fields[1].split(":")[0]
