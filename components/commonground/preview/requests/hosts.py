"""GitHub's and GitLab's REST APIs, as far as a comment on a request needs them: one table, one client."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.message import Message
from http.client import HTTPException
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

Result = TypeVar("Result")
SECONDS_TO_ANSWER = 30
ATTEMPTS = 4
LONGEST_WAIT = 60.0
"""A host that asks for more is not waited for: the run costs money meanwhile."""
PAGE = 100
"""Both APIs' largest page."""
LOOPBACK = ("127.0.0.1", "::1", "localhost")
MASK = "[secret]"


@dataclass(frozen=True)
class Host:
    """What differs between the two."""

    name: str
    request: str
    """What it calls a request."""
    token_variables: tuple[str, ...]
    comments: str
    comment: str
    edit: str
    """Method that changes a comment."""
    limit: int
    """Characters of a comment's body."""
    rights: str
    """What the token needs, in the host's words."""
    accept: str
    authorization: tuple[str, str]
    """Header and the text before the token."""


# GitHub: "REST API endpoints for issue comments" (a pull request is an issue to them), "Rate limits for the REST API"; the limit of a body is the API's own
# message ("body is too long (maximum is 65536 characters)"). GitLab: "Notes API", "REST API" (pagination, status codes), "Instance limits" (size of notes).
GITHUB = Host(
    name="GitHub",
    request="pull request",
    token_variables=("GITHUB_TOKEN", "GH_TOKEN"),
    comments="/repos/{repository}/issues/{number}/comments",
    comment="/repos/{repository}/issues/comments/{id}",
    edit="PATCH",
    limit=65_536,
    rights="the job's permission `pull-requests: write`; a fork's run never has it",
    accept="application/vnd.github+json",
    authorization=("Authorization", "Bearer "),
)
GITLAB = Host(
    name="GitLab",
    request="merge request",
    token_variables=("GITLAB_TOKEN",),
    comments="/projects/{repository}/merge_requests/{number}/notes",
    comment="/projects/{repository}/merge_requests/{number}/notes/{id}",
    edit="PUT",
    limit=1_000_000,
    rights="a project access token with the scope `api` and the role Reporter; a job's own CI_JOB_TOKEN may not write notes",
    accept="application/json",
    authorization=("PRIVATE-TOKEN", ""),
)
HOSTS = {"github": GITHUB, "gitlab": GITLAB}


class HostError(Exception):
    """A host did not do what it was asked for."""

    def __init__(self, host: Host, status: int | None, text: str) -> None:
        self.host = host
        self.status = status
        super().__init__(f"{host.name}: {text}")


class LaterError(HostError):
    """The host may do it when it is asked again, after so many seconds (None: it said no number)."""

    def __init__(self, host: Host, status: int | None, text: str, wait: float | None) -> None:
        self.wait = wait
        super().__init__(host, status, text)


class PlainHttpError(Exception):
    """An address to which a token would travel in the clear."""

    def __init__(self, api: str) -> None:
        self.api = api
        super().__init__(f"--api {api}: expected https:// (http:// for loopback only), since a token goes there")


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> None:
        """None: urllib would take the token along, wherever to."""


@dataclass(frozen=True)
class Client:
    """One API with one token. Raises `PlainHttpError` for an address that is neither https nor loopback."""

    host: Host
    api: str
    token: str = field(repr=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.api)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
            raise PlainHttpError(self.api)

    def get(self, path: str, **query: str) -> Any:
        """The answer's JSON. Raises `HostError`, `LaterError`."""
        return self._send("GET", f"{path}?{urlencode(query)}" if query else path)[0]

    def pages(self, path: str) -> Iterator[Any]:
        """All entries of a list, page by page. Raises as `get`."""
        page, more = 1, True
        while more:
            entries, headers = self._send("GET", f"{path}?{urlencode({'per_page': PAGE, 'page': page})}")
            yield from entries
            # Both say so. The address in it is not followed: the token stays with this API.
            more = 'rel="next"' in (headers.get("Link") or "")
            page += 1

    def write(self, method: str, path: str, body: str) -> Any:
        """Sends a comment's body. Raises as `get`."""
        return self._send(method, path, {"body": body})[0]

    def _send(self, method: str, path: str, data: Any = None) -> tuple[Any, Message]:
        header, before = self.host.authorization
        headers = {"Accept": self.host.accept, "User-Agent": "commonground", "Content-Type": "application/json"}
        sent = None if data is None else json.dumps(data).encode()
        request = urllib.request.Request(self.api.rstrip("/") + path, method=method, headers=headers, data=sent)  # noqa: S310 (the scheme is checked above)
        request.add_unredirected_header(header, before + self.token)
        try:
            with urllib.request.build_opener(_NoRedirects).open(request, timeout=SECONDS_TO_ANSWER) as answer:
                return json.load(answer), answer.headers
        except urllib.error.HTTPError as error:
            raise self._refused(error) from None
        except ValueError:
            raise HostError(self.host, None, f"{urlsplit(self.api).hostname} answered with something that is no JSON: is {self.api} its API?") from None
        except (OSError, HTTPException) as error:  # URLError and timeouts are OSErrors
            said = str(getattr(error, "reason", error)) or type(error).__name__
            raise LaterError(self.host, None, f"{urlsplit(self.api).hostname} is not reached ({said})", None) from None

    def _refused(self, error: urllib.error.HTTPError) -> HostError:
        said = self._said(error)
        # GitHub's secondary limits come as 403, with a time to wait.
        limited = error.code == 429 or (error.code == 403 and (error.headers.get("Retry-After") or error.headers.get("X-RateLimit-Remaining") == "0"))
        if limited or error.code >= 500:
            return LaterError(self.host, error.code, f"{'too many requests' if limited else 'an error of the host'} ({error.code}{said})", _wait(error.headers))
        meanings = {
            401: f"the token is not accepted (401{said}): it is wrong, or has expired",
            403: f"the token may not do this (403{said}). It needs {self.host.rights}",
            404: f"not found (404{said}): there is no such {self.host.request}, or the token may not see it. --repository and --request name another",
            422: f"the comment is refused (422{said})",
        }
        moved = f"the repository has moved ({error.code}): name it by its new name with --repository"
        other = f"refused ({error.code}{said})"
        return HostError(self.host, error.code, moved if 300 <= error.code < 400 else meanings.get(error.code, other))

    def _said(self, error: urllib.error.HTTPError) -> str:
        """What the host says itself, as one short line without the token."""
        try:
            answer = json.loads(error.read(10_000))
            text = str(answer.get("message") or answer.get("error") or "")
        except (ValueError, AttributeError, OSError, HTTPException):
            return ""
        line = " ".join(text.replace(self.token, MASK).split())[:200]
        return f", {line}" if line else ""


def patiently(action: Callable[[], Result], say: Callable[[str], None]) -> Result:
    """What the action returns, which is tried again as a whole while the host says that it may work later. Raises its last `LaterError`."""
    for attempt in range(1, ATTEMPTS):
        try:
            return action()
        except LaterError as error:
            wait = float(2**attempt) if error.wait is None else error.wait
            if wait > LONGEST_WAIT:
                raise
            say(f"{error}; again in {wait:.0f} s")
            time.sleep(wait)
    return action()


def _wait(headers: Message) -> float | None:
    """Seconds, where the host names them. (A date, which the header may hold too, neither of the two sends.)"""
    try:
        return max(0.0, float(headers.get("Retry-After", "")))
    except ValueError:
        return None
