"""The local cloud as a process of its own: it outlives the command that started it and ends by `stop`.

Everything it leaves stands in one directory, a checkout's `.commonground/local`: `cloud.json` (port, instance, process id) and `cloud.log`.
"""

import json
import os
import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from commonground.local import background

from .calls import Call
from .errors import LocalCloudError

LOOPBACK = "127.0.0.1"
OWN_PATH = "/_commonground"
"""Below it the server answers for itself: no AWS service has such a path."""

START_SECONDS = 60.0
STOP_SECONDS = 10.0
ANSWER_SECONDS = 30.0
# A foreign program that holds our port may never answer.
PROBE_SECONDS = 5.0

# What would lead the server away from itself, or make it answer differently from machine to machine.
_DROPPED = ("AWS_", "MOTO_", "TEST_SERVER_", "FLASK_", "WERKZEUG_")


@dataclass(frozen=True)
class Cloud:
    """A running local cloud."""

    endpoint: str
    """URL on loopback that takes the place of every AWS endpoint."""
    instance: str
    """Drawn when it started: another one means that everything in it is new."""
    pid: int

    def environment(self, region: str) -> dict[str, str]:
        """What a program needs in its environment so that the AWS CLI, boto3 or another SDK talks to this cloud only. No real credential."""
        return {
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_DEFAULT_REGION": region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": region,
            "AWS_SECRET_ACCESS_KEY": "local",
        }

    def calls(self, since: int = 0) -> list[Call]:
        """Calls that changed something or tried to, in order; `since` leaves out that many first ones. LocalCloudError if it does not answer."""
        return [Call.from_record(record) for record in _ask(self.port, f"{OWN_PATH}/calls?since={since}", ANSWER_SECONDS)]

    def furnish(self, roles: Sequence[str]) -> None:
        """Makes the IAM roles of its account, by ARN, that are not there yet: what a real account has before any foundation. LocalCloudError as above."""
        _ask(self.port, f"{OWN_PATH}/roles?{urlencode({'arn': roles}, doseq=True)}", ANSWER_SECONDS, method="POST")

    @property
    def port(self) -> int:
        """The endpoint's port."""
        return int(self.endpoint.rsplit(":", 1)[1])


def start(directory: Path, *, report: Callable[[str], None] = lambda _: None) -> Cloud:
    """The directory's local cloud, started if none runs. Two that start at once get the same one.

    Gives one line to `report` if it starts one. LocalCloudError with the end of the log if it does not come up within a minute.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with _locked(directory):
        if cloud := running(directory):
            return cloud
        report("starting the local cloud")
        return _started(directory)


def running(directory: Path) -> Cloud | None:
    """The local cloud of a directory if one runs: the process at its port has to say the instance id that stands in the directory."""
    record = _record(directory)
    if record is None:
        return None
    try:
        answer = _ask(record["port"], f"{OWN_PATH}/instance", PROBE_SECONDS)
        instance, pid = answer["instance"], answer["pid"]
    except (LocalCloudError, KeyError, TypeError):
        return None
    if instance != record["instance"]:
        return None
    return Cloud(endpoint=f"http://{LOOPBACK}:{record['port']}", instance=instance, pid=pid)


def stop(directory: Path) -> bool:
    """Ends the directory's local cloud, and all that was in it. False if none ran. LocalCloudError if it does not end."""
    if not directory.is_dir():
        return False
    with _locked(directory):
        cloud = running(directory)
        if cloud is None:
            return False
        if not background.end(cloud.pid, lambda: running(directory) is None, STOP_SECONDS):
            log = directory / "cloud.log"
            raise LocalCloudError(f"process {cloud.pid} does not end", log=log, tail=background.tail(log))
    return True


def _started(directory: Path) -> Cloud:
    log = directory / "cloud.log"
    instance = secrets.token_hex(8)
    previous = _record(directory)
    arguments = [str(directory.resolve()), instance, str(previous["port"] if previous else 0)]
    child = background.spawn(f"{__package__}.server", arguments, log=log, environment=_child_environment())

    def found() -> Cloud | None:
        cloud = running(directory)
        return cloud if cloud is not None and cloud.instance == instance else None

    if cloud := background.ready(found, START_SECONDS, child):
        return cloud
    if child.returncode is not None:
        raise LocalCloudError(f"its process ended at once, with exit code {child.returncode}", log=log, tail=background.tail(log))
    child.kill()
    child.wait()
    raise LocalCloudError(f"it did not answer within {START_SECONDS:.0f} seconds", log=log, tail=background.tail(log))


def _child_environment() -> dict[str, str]:
    kept = background.environment(lambda name: name.startswith(_DROPPED) or name.lower().endswith("_proxy"))
    # Read by moto when it is imported: policy ARNs of AWS itself can be attached.
    kept["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
    # moto reads thousands of images for each account and region, two seconds of work that nothing here asks for.
    kept["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"
    return kept


def _locked(directory: Path) -> AbstractContextManager[None]:
    log = directory / "cloud.log"
    return background.locked(directory / "cloud.lock", START_SECONDS + STOP_SECONDS, lambda reason: LocalCloudError(reason, log=log))


@dataclass(frozen=True)
class _Answer:
    status: int
    body: bytes


def _ask(port: int, path: str, seconds: float, *, method: str = "GET") -> Any:
    """JSON from the server itself. Straight to loopback: a proxy of the environment must not see it."""
    connection = HTTPConnection(LOOPBACK, port, timeout=seconds)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        answer = _Answer(response.status, response.read())
        if answer.status != 200:
            raise LocalCloudError(f"{path} was answered with {answer.status}", log=Path("cloud.log"))
        return json.loads(answer.body)
    except (OSError, HTTPException, ValueError) as error:
        raise LocalCloudError(f"port {port} does not answer: {error}", log=Path("cloud.log")) from error
    finally:
        connection.close()


def _record(directory: Path) -> dict[str, Any] | None:
    """What the last server wrote down, whether or not it still runs."""
    try:
        record = json.loads((directory / "cloud.json").read_text("utf-8"))
        return {"port": int(record["port"]), "instance": str(record["instance"])}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_record(directory: Path, *, port: int, instance: str) -> None:
    """Writes `cloud.json`, in one step so that nobody reads half of it."""
    background.write(directory / "cloud.json", {"instance": instance, "pid": os.getpid(), "port": port})
