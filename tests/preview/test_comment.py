"""`commonground comment`: one comment on a request, whose it is, what is refused, and what is tried again."""

import html
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from commonground.cli.main import run
from commonground.preview.requests import ci, comment, hosts
from commonground.preview.requests.hosts import GITHUB, GITLAB

from .hosts import BOT, TOKEN, Answer, FakeHost, serving

LINE = "<!-- commonground: preview platform -->"
MALLORY = {"id": 66, "login": "mallory", "type": "User"}
SET_BY_CI = re.compile(r"(GITHUB|GH|GITLAB|CI|CHANGE|JENKINS|BUILD)(_|$)")


@pytest.fixture(autouse=True)
def no_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever runs these tests is no part of them."""
    import os

    for name in [name for name in os.environ if SET_BY_CI.match(name)]:
        monkeypatch.delenv(name)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that were waited, which nobody does."""
    found: list[float] = []
    monkeypatch.setattr(hosts, "time", SimpleNamespace(sleep=found.append))
    return found


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHost]:
    with serving(FakeHost()) as host:
        for name, value in {
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": host.api,
            "GITHUB_REPOSITORY": "acme/platform",
            "GITHUB_REF": "refs/pull/7/merge",
            "GITHUB_TOKEN": TOKEN,
        }.items():
            monkeypatch.setenv(name, value)
        yield host


@pytest.fixture
def gitlab(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHost]:
    with serving(FakeHost("gitlab", limit=1_000_000, user={"id": 5, "username": "project_1_bot"}, installation=False)) as host:
        for name, value in {
            "GITLAB_CI": "true",
            "CI_API_V4_URL": host.api,
            "CI_MERGE_REQUEST_PROJECT_ID": "acme/platform",
            "CI_MERGE_REQUEST_IID": "7",
            "GITLAB_TOKEN": TOKEN,
        }.items():
            monkeypatch.setenv(name, value)
        yield host


@pytest.fixture
def report(tmp_path: Path) -> Path:
    file = tmp_path / "preview.md"
    file.write_text("# dev: 3 to create\n", "utf-8")
    return file


def put(file: Path | str, *more: str) -> int:
    return run(["comment", str(file), "--key", "platform", *more])


@pytest.mark.parametrize("system", ["github", "gitlab"])
def test_a_second_report_updates_the_comment_of_the_first(
    system: str, report: Path, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    host: FakeHost = request.getfixturevalue(system)
    assert put(report) == 0
    report.write_text("# dev: nothing to change\n")
    assert put(report) == 0
    assert put(report) == 0
    assert [made["body"] for made in host.comments] == [f"{LINE}\n# dev: nothing to change\n"]
    said = [line.split(":")[0] for line in capsys.readouterr().out.splitlines()]
    assert said == ["created", "updated", "unchanged"]
    assert [line.split()[0] for line in host.log if not line.startswith("GET")] == ["POST", "PATCH" if system == "github" else "PUT"]


@pytest.mark.parametrize("system", ["github", "gitlab"])
def test_it_is_found_on_the_third_page_of_a_long_talk(system: str, report: Path, request: pytest.FixtureRequest) -> None:
    host: FakeHost = request.getfixturevalue(system)
    host.page = 20
    for number in range(50):
        host.add(f"remark {number}", MALLORY)
    mine = host.add(f"{LINE}\nold")
    host.add("thanks", MALLORY)
    assert put(report) == 0
    assert mine["body"].endswith("3 to create\n")
    assert len(host.comments) == 52
    assert [line for line in host.log if "page" in line][-1].endswith("page 3")


def test_what_somebody_else_wrote_with_our_marker_is_left_alone(github: FakeHost, report: Path) -> None:
    forged = github.add(f"{LINE}\nall is well", MALLORY)
    assert put(report) == 0
    assert forged["body"].endswith("all is well")
    assert len(github.comments) == 2


def test_with_a_token_that_has_a_user_only_this_user_s_comment_is_taken(github: FakeHost, report: Path) -> None:
    github.installation = False
    other_bot = github.add(f"{LINE}\nold", {**BOT, "id": 42})
    mine = github.add(f"{LINE}\nold")
    assert put(report) == 0
    assert other_bot["body"].endswith("old")
    assert mine["body"].endswith("3 to create\n")


def test_keys_tell_comments_apart_and_a_quoted_marker_is_no_comment_of_ours(github: FakeHost, report: Path) -> None:
    github.add(f"> {LINE}\nI do not understand this")
    assert put(report) == 0
    assert run(["comment", str(report), "--key", "platform/dev"]) == 0
    assert [made["body"].splitlines()[0] for made in github.comments[1:]] == [LINE, LINE.replace("platform", "platform/dev")]


def test_a_report_s_own_marker_gives_way_and_a_run_that_it_names_is_not_named_twice(github: FakeHost, report: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://host.example")
    monkeypatch.setenv("GITHUB_RUN_ID", "99")
    report.write_text("<!-- commonground: preview other -->\n## Preview\n[more](https://host.example/acme/platform/actions/runs/99)\n")
    assert put(report) == 0
    assert github.comments[0]["body"] == f"{LINE}\n## Preview\n[more](https://host.example/acme/platform/actions/runs/99)\n"


def test_without_a_key_it_is_the_project_s_name(github: FakeHost, report: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    monkeypatch.chdir(tmp_path)
    assert run(["comment", str(report)]) == 0
    assert github.comments[0]["body"].startswith("<!-- commonground: preview shop -->\n")


@pytest.mark.parametrize("key", ["a--b", "a -->", "-", "a\nb", "a-"])
def test_a_key_that_would_end_the_marker_is_refused(key: str, github: FakeHost, report: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["comment", str(report), f"--key={key}"]) == 1
    assert github.comments == []
    assert "--key" in capsys.readouterr().err


def test_the_report_is_read_from_stdin_too(github: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("größer\r\n".encode())))
    assert put("-") == 0
    assert github.comments[0]["body"] == f"{LINE}\ngrößer\n"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "it is empty"),
        (b" \n", "it is empty"),
        (b"\xff\xfe", "not UTF-8"),
        (b"a\x00b", "U+0000"),
        (b"a\x1b[2Jb", "U+001B"),
        ("a\u202eb".encode(), "U+202E"),
    ],
)
def test_what_is_no_plain_text_is_refused(data: bytes, said: str, github: FakeHost, report: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report.write_bytes(data)
    assert put(report) == 1
    assert said in capsys.readouterr().err
    assert github.log == []


def test_a_link_in_place_of_a_report_is_refused(github: FakeHost, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "link.md").symlink_to("/etc/hostname")
    assert put(tmp_path / "link.md") == 1
    assert "is no file" in capsys.readouterr().err
    assert github.log == []


@pytest.mark.parametrize("system", ["github", "gitlab"])
def test_a_body_holds_what_the_host_takes_and_not_one_character_more(
    system: str, report: Path, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    host: FakeHost = request.getfixturevalue(system)
    room = host.limit - len(LINE) - 2
    report.write_text("ü" * room, "utf-8")
    assert put(report) == 0
    assert len(host.comments[0]["body"]) == host.limit
    for size in (room + 1, 5 * host.limit):
        report.write_text("ü" * size, "utf-8")
        assert put(report) == 1
        told = capsys.readouterr().err
        assert f"a comment on {'GitHub' if system == 'github' else 'GitLab'} holds {host.limit:,}" in told
        assert "`commonground preview --report markdown` cuts" in told
    assert [line for line in host.log if not line.startswith("GET")] == [line for line in host.log if line.startswith("POST")]


def test_the_run_s_address_stands_below_where_there_is_room(github: FakeHost, report: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://host.example")
    monkeypatch.setenv("GITHUB_RUN_ID", "99")
    assert put(report) == 0
    assert "(https://host.example/acme/platform/actions/runs/99)" in github.comments[0]["body"]
    report.write_text("x" * (GITHUB.limit - len(LINE) - 2))
    assert put(report) == 0
    assert "host.example" not in github.comments[0]["body"]
    report.write_text("x" * (GITHUB.limit - comment.ROOM))
    assert put(report) == 0
    assert "host.example" in github.comments[0]["body"]


@pytest.mark.parametrize(
    ("system", "status", "said"),
    [
        ("github", 401, "the token is not accepted"),
        ("github", 403, "`pull-requests: write`"),
        ("github", 404, "there is no such pull request"),
        ("github", 422, "the comment is refused"),
        ("github", 301, "the repository has moved"),
        ("gitlab", 401, "the token is not accepted"),
        ("gitlab", 403, "a project access token with the scope `api`"),
        ("gitlab", 404, "there is no such merge request"),
        ("gitlab", 400, "refused (400"),
    ],
)
def test_each_refusal_says_what_it_means_at_once(
    system: str, status: int, said: str, report: Path, request: pytest.FixtureRequest, waits: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    host: FakeHost = request.getfixturevalue(system)
    host.answers = [Answer(status, {"Location": "http://127.0.0.1:9/elsewhere"}, f"no {TOKEN}\nsays the host")]
    assert put(report) == 1
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1
    assert TOKEN not in told
    assert status < 400 or "no [secret] says the host" in told
    assert len(host.log) == 1
    assert waits == []


def test_a_token_that_is_wrong_is_refused_by_the_host(
    github: FakeHost, report: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "ghs_wr0ng")
    assert put(report) == 1
    told = capsys.readouterr()
    assert "401, Bad credentials" in told.err
    assert "wr0ng" not in told.out + told.err


@pytest.mark.parametrize(
    ("answers", "waited"),
    [
        ([Answer(502), Answer(503, {"Retry-After": "7"})], [2.0, 7.0]),
        ([Answer(429, {"Retry-After": "3"})], [3.0]),
        ([Answer(403, {"Retry-After": "5"}, "You have exceeded a secondary rate limit")], [5.0]),
        ([Answer(500), Answer(500), Answer(500, message="<html>")], [2.0, 4.0, 8.0]),
    ],
)
def test_what_may_work_later_is_tried_again_after_the_time_that_the_host_names(
    answers: list[Answer], waited: list[float], github: FakeHost, report: Path, waits: list[float]
) -> None:
    github.answers = list(answers)
    assert put(report) == 0
    assert waits == waited
    assert len(github.comments) == 1


def test_a_comment_that_was_made_although_the_host_answered_with_an_error_is_not_made_twice(github: FakeHost, report: Path, waits: list[float]) -> None:
    github.answers = [Answer(0), Answer(502, done=True)]
    assert put(report) == 0
    assert len(github.comments) == 1
    assert [line.split()[0] for line in github.log].count("POST") == 1


def test_it_gives_up_after_four_attempts_and_at_once_where_the_wait_is_long(
    github: FakeHost, report: Path, waits: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    github.answers = [Answer(503)] * 4
    assert put(report) == 1
    assert len(github.log) == 4
    assert "an error of the host (503)" in capsys.readouterr().err.splitlines()[-1]
    github.answers = [Answer(429, {"Retry-After": "3600"})]
    assert put(report) == 1
    assert len(github.log) == 5


def test_a_host_that_is_not_reached_is_one_message(github: FakeHost, report: Path, waits: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    assert put(report, "--api", "http://127.0.0.1:9") == 1
    assert "127.0.0.1 is not reached" in capsys.readouterr().err.splitlines()[-1]
    assert len(waits) == 3


def test_a_page_that_is_no_api_is_said_to_be_none(github: FakeHost, report: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(hosts.json, "load", lambda answer: json.loads("<html>"))
    assert put(report) == 1
    assert "is no JSON" in capsys.readouterr().err


def test_a_token_never_travels_in_the_clear(github: FakeHost, report: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert put(report, "--api", "http://host.example/api") == 1
    assert "expected https://" in capsys.readouterr().err
    assert github.tokens == []


@pytest.mark.parametrize(("system", "names"), [("github", "GITHUB_TOKEN or GH_TOKEN"), ("gitlab", "GITLAB_TOKEN")])
def test_without_a_token_it_says_where_one_is_looked_for(system: str, names: str, report: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    assert put(report, "--system", system, "--api", "https://host.example", "--repository", "a/b", "--request", "1") == 1
    assert f"expected one in {names}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("variables", "flags", "missing"),
    [
        ({}, [], "--system"),
        ({"GITHUB_ACTIONS": "true", "GITHUB_REF": "refs/heads/main", "GITHUB_REPOSITORY": "a/b"}, [], "--request"),
        ({}, ["--system", "github"], "--repository"),
        ({}, ["--system", "gitlab"], "--api"),
        ({"JENKINS_URL": "https://ci.example", "BRANCH_NAME": "main"}, [], "--system"),
    ],
)
def test_where_nothing_says_which_request_it_is_the_missing_flag_is_named(
    variables: dict[str, str], flags: list[str], missing: str, report: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert put(report, *flags) == 1
    assert f"name it with {missing}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "a/b", "GITHUB_REF": "refs/pull/3/merge"}, (GITHUB, ci.GITHUB_API, "a/b", 3)),
        (
            {
                "GITLAB_CI": "true",
                "CI_API_V4_URL": "https://l.example/api/v4",
                "CI_PROJECT_ID": "9",
                "CI_MERGE_REQUEST_PROJECT_ID": "8",
                "CI_MERGE_REQUEST_IID": "4",
            },
            (GITLAB, "https://l.example/api/v4", "8", 4),
        ),
        ({"JENKINS_URL": "x", "CHANGE_URL": "https://github.com/a/b/pull/5"}, (GITHUB, ci.GITHUB_API, "a/b", 5)),
        ({"JENKINS_URL": "x", "CHANGE_URL": "https://hub.example/a/b/pull/5"}, (GITHUB, "https://hub.example/api/v3", "a/b", 5)),
        ({"JENKINS_URL": "x", "CHANGE_URL": "https://l.example/g/s/p/-/merge_requests/6"}, (GITLAB, "https://l.example/api/v4", "g/s/p", 6)),
    ],
)
def test_each_system_s_variables_say_which_request_it_is(variables: dict[str, str], expected: tuple[Any, ...]) -> None:
    found = ci.place(variables)
    assert (found.host, found.api, found.repository, found.number) == expected
    named = ci.place(variables, repository="x/y", number=1, api="https://other.example")
    assert (named.api, named.repository, named.number) == ("https://other.example", "x/y", 1)


def test_the_event_of_a_pull_request_names_it(github: FakeHost, report: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_REF", "refs/heads/main")
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(tmp_path / "event.json"))
    (tmp_path / "event.json").write_text(json.dumps({"pull_request": {"number": 7}}))
    assert put(report) == 0
    assert len(github.comments) == 1


def finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, head: str) -> None:
    monkeypatch.setenv("GITHUB_REF", "refs/heads/main")
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(tmp_path / "event.json"))
    watched = {
        "head_sha": "c0ffee" * 6,
        "head_branch": "wider",
        "head_repository": {"full_name": head},
        "html_url": "https://host.example/run/1",
        "pull_requests": [],
    }
    (tmp_path / "event.json").write_text(json.dumps({"workflow_run": watched}))


def opened(number: int, head: str, commit: str = "c0ffee" * 6) -> dict[str, Any]:
    return {"number": number, "head": {"ref": "wider", "sha": commit, "repo": {"full_name": head}}}


def test_a_fork_s_run_comments_on_the_request_that_the_host_names_and_says_whose_word_it_is(
    github: FakeHost, report: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished(tmp_path, monkeypatch, head="mallory/platform")
    github.requests = [opened(6, "mallory/other"), opened(8, "mallory/platform", "0" * 36), opened(7, "mallory/platform")]
    report.write_text("all is well, @acme/admins; write to a@b.example; `x@sha256:0`\n")
    assert put(report) == 0
    (made,) = github.comments
    assert "made by the fork's own code" in made["body"].splitlines()[1]
    assert "@\u200bacme/admins" in made["body"]
    assert "a@b.example" in made["body"]
    assert "x@sha256:0" in made["body"]
    assert "(https://host.example/run/1)" in made["body"]


@pytest.mark.parametrize("text", ["_@acme_", "`@acme", "&#64;acme", "&#064;acme", "&#x40;acme", "&commat;acme", "@&#97;cme", "*@acme*", "(@acme", "a, @acme"])
def test_a_fork_s_report_mentions_nobody_however_it_is_written(text: str) -> None:
    fork = ci.Place(GITHUB, "https://api.example", "o/n", 1, finished=ci.Finished("c", "b", "f/n", fork=True))
    made = html.unescape(comment.body(text, "key", fork).splitlines()[-1]).strip("*_`")
    assert "acme" in made and "@acme" not in made


def test_our_own_branch_s_run_is_no_fork_s(github: FakeHost, report: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    finished(tmp_path, monkeypatch, head="acme/platform")
    github.requests = [opened(7, "acme/platform")]
    assert put(report) == 0
    assert "fork" not in github.comments[0]["body"]


def test_a_fork_s_run_whose_request_has_moved_on_or_is_not_clear_posts_nothing(
    github: FakeHost, report: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    finished(tmp_path, monkeypatch, head="mallory/platform")
    github.requests = [opened(7, "mallory/platform", "0" * 36)]
    assert put(report) == 0
    assert "nothing is posted: no open request has the commit c0ffeec0ffee" in capsys.readouterr().err
    github.requests = [opened(7, "mallory/platform"), opened(8, "mallory/platform")]
    assert put(report) == 1
    assert "several requests (7, 8)" in capsys.readouterr().err
    assert github.comments == []
    assert put(report, "--request", "7") == 0
    assert "made by the fork's own code" in github.comments[0]["body"]
