"""A server on loopback that answers as GitHub's and GitLab's REST APIs do where a comment is concerned."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "ghs_5ecret"
BOT = {"id": 41, "login": "github-actions[bot]", "type": "Bot"}


@dataclass
class Answer:
    """What one request gets instead of what it asked for. `done`: it was carried out all the same."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    message: str = ""
    done: bool = False


@dataclass
class FakeHost:
    """What it has, and what it was asked. `page`: its largest page."""

    system: str = "github"
    page: int = 100
    limit: int = 65_536
    user: dict[str, Any] = field(default_factory=lambda: dict(BOT))
    installation: bool = True
    """Whether the token is a workflow's own, which has no user."""
    comments: list[dict[str, Any]] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    """Open pull requests."""
    answers: list[Answer] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)
    api: str = ""

    @property
    def author(self) -> str:
        return "user" if self.system == "github" else "author"

    def add(self, body: str, by: dict[str, Any] | None = None) -> dict[str, Any]:
        made = {"id": 1000 + len(self.comments), "body": body, self.author: by or self.user}
        if self.system == "github":
            made["html_url"] = f"https://host.example/acme/platform/pull/7#issuecomment-{made['id']}"
        self.comments.append(made)
        return made

    def answer(self, method: str, path: str, query: dict[str, str], sent: Any, token: str | None) -> tuple[int, dict[str, str], Any]:
        if token != (f"Bearer {TOKEN}" if self.system == "github" else TOKEN):
            return 401, {}, {"message": "Bad credentials" if self.system == "github" else "401 Unauthorized"}
        if self.answers and (planned := self.answers.pop(0)).status:
            if planned.done:
                self._answer(method, path, query, sent)
            return planned.status, planned.headers, {"message": planned.message}
        return self._answer(method, path, query, sent)

    def _answer(self, method: str, path: str, query: dict[str, str], sent: Any) -> tuple[int, dict[str, str], Any]:
        all_of = "/repos/acme/platform/issues/7/comments" if self.system == "github" else "/projects/acme%2Fplatform/merge_requests/7/notes"
        one_of = "/repos/acme/platform/issues/comments" if self.system == "github" else all_of
        if path == "/user":
            return (403, {}, {"message": "Resource not accessible by integration"}) if self.installation else (200, {}, self.user)
        if path == "/repos/acme/platform/pulls":
            owner, _, branch = query["head"].partition(":")
            return 200, {}, [found for found in self.requests if found["head"]["ref"] == branch and found["head"]["repo"]["full_name"].startswith(f"{owner}/")]
        if path == all_of and method == "GET":
            return self._listed(path, query)
        if sent and len(sent["body"]) > self.limit:
            return 422, {}, {"message": "Validation Failed"}
        if path == all_of and method == "POST":
            return 201, {}, self.add(sent["body"])
        edit = "PATCH" if self.system == "github" else "PUT"
        if method == edit and (found := re.fullmatch(re.escape(one_of) + r"/(\d+)", path)):
            for comment in self.comments:
                if comment["id"] == int(found[1]):
                    comment["body"] = sent["body"]
                    return 200, {}, comment
        return 404, {}, {"message": "Not Found"}

    def _listed(self, path: str, query: dict[str, str]) -> tuple[int, dict[str, str], Any]:
        size, page = min(int(query.get("per_page", 30)), self.page), int(query.get("page", 1))
        shown = self.comments[size * (page - 1) : size * page]
        more = len(self.comments) > size * page
        return 200, {"Link": f'<{self.api}{path}?page={page + 1}>; rel="next", <{self.api}{path}?page=9>; rel="last"'} if more else {}, shown


@contextmanager
def serving(host: FakeHost) -> Iterator[FakeHost]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            parts = urlsplit(self.path)
            path = parts.path.removeprefix("/api")
            length = int(self.headers.get("Content-Length") or 0)
            sent = json.loads(self.rfile.read(length)) if length else None
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            token = self.headers.get("Authorization") if host.system == "github" else self.headers.get("PRIVATE-TOKEN")
            host.tokens.append(token)
            host.log.append(f"{self.command} {unquote(path)}" + (f" page {query['page']}" if "page" in query else ""))
            status, headers, told = host.answer(self.command, path, query, sent, token)
            data = told["message"].encode() if status >= 300 and told["message"].startswith("<") else json.dumps(told).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(data))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_PUT = answer

        def log_message(self, format: str, *arguments: Any) -> None:
            """Nothing to stderr."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    host.api = f"http://127.0.0.1:{server.server_port}/api"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()
