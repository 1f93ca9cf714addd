"""Which request a CI system's run is for, by the variables that it sets; and which one a fork's run was for, by what the host says of it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from commonground.preview.requests.hosts import GITHUB, HOSTS, Client, Host

GITHUB_API = "https://api.github.com"
# Address of a request's page, which Jenkins' branch sources put into CHANGE_URL: scheme, host, repository, number.
PAGES = (
    ("github", re.compile(r"(https?)://([^/]+)/([^/]+/[^/]+)/pull/(\d+)")),
    ("gitlab", re.compile(r"(https?)://([^/]+)/(.+?)/-/merge_requests/(\d+)")),
)


class NoRequestError(Exception):
    """It is not known which request is meant."""

    def __init__(self, missing: str) -> None:
        self.missing = missing
        super().__init__(f"which request is this for? Nothing in the environment says {missing}. Fix: name it with {missing}")


class NoTokenError(Exception):
    """There is no token in the environment."""

    def __init__(self, host: Host) -> None:
        self.host = host
        super().__init__(f"there is no token for {host.name}: expected one in {' or '.join(host.token_variables)}, with {host.rights}")


class OvertakenError(Exception):
    """No open request has the commit of the run: it was closed, or has a newer commit, whose own run comments."""

    def __init__(self, commit: str) -> None:
        self.commit = commit
        super().__init__(f"no open request has the commit {commit[:12]} at its head")


class SeveralRequestsError(Exception):
    """A run's commit is the head of more than one request."""

    def __init__(self, numbers: list[int]) -> None:
        self.numbers = numbers
        super().__init__(f"the run's commit is the head of several requests ({', '.join(map(str, numbers))}): which is meant is not known. Fix: --request N")


@dataclass(frozen=True)
class Finished:
    """A run that another one reports of (GitHub's event `workflow_run`): facts of the host, none of them from the run itself."""

    commit: str
    branch: str
    head: str
    """Repository that the commit is in, `owner/name`."""
    fork: bool


@dataclass(frozen=True)
class Place:
    """Where the comment goes."""

    host: Host
    api: str
    repository: str
    number: int | None
    run: str | None = None
    """Address of the run's page."""
    finished: Finished | None = None
    """The run that it is asked of for its number."""

    @property
    def fork(self) -> bool:
        """Whether a fork's own code wrote what is posted."""
        return bool(self.finished and self.finished.fork)

    def path(self, template: str, **more: object) -> str:
        """A path of the API."""
        repository = self.repository if self.host is GITHUB else quote(self.repository, safe="")
        return template.format(repository=repository, number=self.number, **more)


def place(
    variables: Mapping[str, str], *, system: str | None = None, api: str | None = None, repository: str | None = None, number: int | None = None
) -> Place:
    """Where the comment of this run goes: what is named explicitly comes before what the variables say. Raises `NoRequestError`."""
    found = next((read(variables) for known, read in READERS.items() if variables.get(known)), {})
    system = system or found.get("system")
    if system is None:
        raise NoRequestError("--system")
    if found.get("system") != system:
        found = {}
    api = api or found.get("api") or (GITHUB_API if system == "github" else None)
    repository = repository or found.get("repository")
    number = number or found.get("number")
    finished = None if number else found.get("finished")
    for flag, value in (("--api", api), ("--repository", repository), ("--request", number or finished)):
        if value is None:
            raise NoRequestError(flag)
    assert api and repository
    # Also where the number is named: whose code wrote the report does not change with that.
    return Place(HOSTS[system], api, repository, number, found.get("run"), found.get("finished"))


def token(host: Host, variables: Mapping[str, str]) -> str:
    """Raises `NoTokenError`."""
    for name in host.token_variables:
        if variables.get(name):
            return variables[name]
    raise NoTokenError(host)


def number_of(finished: Finished, client: Client, repository: str) -> int:
    """The request that a finished run was for: the open one whose head is its commit. Raises `OvertakenError`, `SeveralRequestsError`, `HostError`."""
    owner = finished.head.partition("/")[0]
    # The event names no request where the commit is in a fork; the artifact of a fork's run would name any.
    requests = client.get(f"/repos/{repository}/pulls", state="open", head=f"{owner}:{finished.branch}", per_page="100")
    heads = [(int(request["number"]), request["head"]) for request in requests]
    numbers = [number for number, head in heads if head["sha"] == finished.commit and (head.get("repo") or {}).get("full_name") == finished.head]
    if not numbers:
        raise OvertakenError(finished.commit)
    if len(numbers) > 1:
        raise SeveralRequestsError(numbers)
    return numbers[0]


def _github(variables: Mapping[str, str]) -> dict[str, Any]:
    repository = variables.get("GITHUB_REPOSITORY")
    event = _event(variables.get("GITHUB_EVENT_PATH"))
    ref = re.fullmatch(r"refs/pull/(\d+)/(?:merge|head)", variables.get("GITHUB_REF", ""))
    server, run = variables.get("GITHUB_SERVER_URL"), variables.get("GITHUB_RUN_ID")
    found = {
        "system": "github",
        "api": variables.get("GITHUB_API_URL"),
        "repository": repository,
        "number": (event.get("pull_request") or {}).get("number") or (int(ref[1]) if ref else None),
        "run": f"{server}/{repository}/actions/runs/{run}" if server and run else None,
    }
    if watched := event.get("workflow_run"):
        head = (watched.get("head_repository") or {}).get("full_name", "")
        finished = Finished(watched["head_sha"], watched["head_branch"], head, fork=head.lower() != (repository or "").lower())
        found |= {"number": None, "run": watched.get("html_url"), "finished": finished}
    return found


def _event(file: str | None) -> dict[str, Any]:
    if not file or not Path(file).is_file():
        return {}
    event = json.loads(Path(file).read_text("utf-8"))
    return event if isinstance(event, dict) else {}


def _gitlab(variables: Mapping[str, str]) -> dict[str, Any]:
    number = variables.get("CI_MERGE_REQUEST_IID")
    return {
        "system": "gitlab",
        "api": variables.get("CI_API_V4_URL"),
        # The project that the request is in, which for a fork is not the one that runs this.
        "repository": variables.get("CI_MERGE_REQUEST_PROJECT_ID") or variables.get("CI_PROJECT_ID"),
        "number": int(number) if number else None,
        "run": variables.get("CI_PIPELINE_URL"),
    }


def _jenkins(variables: Mapping[str, str]) -> dict[str, Any]:
    for system, page in PAGES:
        if found := page.match(variables.get("CHANGE_URL", "")):
            scheme, host, repository, number = found.groups()
            apis = {"github": GITHUB_API if host == "github.com" else f"{scheme}://{host}/api/v3", "gitlab": f"{scheme}://{host}/api/v4"}
            return {"system": system, "api": apis[system], "repository": repository, "number": int(number), "run": variables.get("BUILD_URL")}
    return {}


# By a variable that only this system sets. Source: the systems' pages on their default (predefined, global) variables.
READERS = {"GITHUB_ACTIONS": _github, "GITLAB_CI": _gitlab, "JENKINS_URL": _jenkins}
