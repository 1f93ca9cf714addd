"""The shell of every job, run against stubs: which commands, in which order, with which credentials, and what their exit codes make of the job."""

from typing import Any

import pytest

from commonground.cli.main import cli
from commonground.preview.requests.comment import ROOM
from commonground.preview.requests.hosts import GITHUB, GITLAB, Host

from .dry import Call, DryCheckout
from .pipelines import CI, ENVIRONMENTS, ROOT, gitlab, stages, workflow

CONTEXT = {
    "github.repository": "acme/platform",
    "github.token": "ghs_x",
    "github.event.workflow_run.id": "1",
    "github.event.pull_request.base.sha": "0" * 40,
    "runner.os": "Linux",
    "runner.arch": "X64",
}


@pytest.fixture(autouse=True)
def expressions(monkeypatch: pytest.MonkeyPatch) -> None:
    from . import pipelines

    monkeypatch.setitem(pipelines.FUNCTIONS, "hashFiles", lambda *patterns: "f00")


def of(environment: str) -> dict[str, str]:
    """Context of a matrix's job."""
    return {
        **CONTEXT,
        "matrix.environment": environment,
        "matrix.region": "eu-central-1",
        "matrix.role": f"preview-{environment}",
        "matrix.backend": f"s3://{environment}",
        "inputs.environment": environment,
        "inputs.region": "eu-central-1",
        "vars.COMMONGROUND_DEPLOY_ROLE": f"deploy-{environment}",
        "vars.COMMONGROUND_BACKEND": f"s3://{environment}",
    }


def of_gitlab(name: str) -> dict[str, str]:
    upper = name.upper()
    return {
        "AWS_ID_TOKEN": "jwt",
        f"COMMONGROUND_PREVIEW_ROLE_{upper}": f"preview-{name}",
        f"COMMONGROUND_BACKEND_{upper}": f"s3://{name}",
        "COMMONGROUND_DEPLOY_ROLE": f"deploy-{name}",
        "COMMONGROUND_BACKEND": f"s3://{name}",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": "abc123",
    }


def understood(call: Call) -> None:
    """Raises `click.UsageError` for a command line that our own command does not take."""
    group = cli.make_context("commonground", list(call.arguments))
    command = cli.get_command(group, call.arguments[0])
    assert command
    command.make_context(call.arguments[0], call.arguments[1:], parent=group)


def commonground(dry: DryCheckout) -> list[Call]:
    found = [call for call in dry.calls if call.program == "commonground"]
    assert found
    for call in found:
        understood(call)
    return found


# --- preview

OFFLINE = "commonground preview dev staging prod --offline --base"


@pytest.mark.parametrize(("code", "good"), [(0, True), (2, True), (3, False), (1, False), (64, False)])
def test_a_preview_passes_with_changes_and_fails_with_a_mandatory_violation(code: int, good: bool, dry: DryCheckout) -> None:
    dry.codes = {"preview dev": code}
    assert dry.github(workflow("preview")["jobs"]["offline"], CONTEXT) is good
    (call,) = commonground(dry)
    assert call.line == OFFLINE
    assert call.credentials == []
    assert [argument for argument in call.arguments if argument.startswith(("markdown=", "html=", "json="))] == [
        f"{form}=reports/all.{end}" for form, end in (("markdown", "md"), ("html", "html"), ("json", "json"))
    ]
    assert "--exit-code" in call.arguments
    assert dry.used[-1] == "actions/upload-artifact preview-all"
    report = dry.text("all.md")
    assert (dry.root.parent / "GITHUB_STEP_SUMMARY").read_text() == report
    assert report == (
        "# markdown\n" if code in (0, 2, 3) else f"**There is no preview**: it ended with exit code {code} before there was a report. The run's log says why.\n"
    )


def test_a_report_of_an_earlier_run_is_never_taken_for_this_one_s(dry: DryCheckout) -> None:
    assert dry.shell("stacks/foundation/ci/preview all dev", {}) == 0
    dry.codes = {"preview dev": 1}
    assert dry.shell("stacks/foundation/ci/preview all dev", {}) == 1
    assert "There is no preview" in dry.text("all.md")
    assert not (dry.root / "reports" / "all.html").exists()


@pytest.mark.parametrize(
    ("results", "good"),
    [
        (["success", "skipped"], True),
        (["skipped", "success"], True),
        (["failure", "skipped"], False),
        (["skipped", "failure"], False),
        (["skipped", "cancelled"], False),
        (["skipped", "skipped"], False),
    ],
)
def test_the_check_to_require_says_how_the_preview_that_ran_ended(results: list[str], good: bool, dry: DryCheckout) -> None:
    job = workflow("preview")["jobs"]["previewed"]
    assert set(job["needs"]) == set(workflow("preview")["jobs"]) - {"previewed"}
    assert dry.github(job, {"needs.*.result": results}) is good


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_on_github_the_real_preview_is_one_environment_s_with_its_role_and_backend(environment: str, dry: DryCheckout) -> None:
    dry.codes = {f"preview {environment}": 2}
    assert dry.github(workflow("preview")["jobs"]["real"], of(environment))
    (call,) = commonground(dry)
    assert (call.line, call.credentials, call.backend) == (f"commonground preview {environment} --as-caller", ["AWS_ACCESS_KEY_ID"], f"s3://{environment}")
    assert dry.used[-2:] == [f"aws-actions/configure-aws-credentials preview-{environment}", f"actions/upload-artifact preview-{environment}"]
    assert dry.calls[0].credentials == []  # scripts/setup, before


def test_on_gitlab_the_offline_preview_names_its_base_and_has_no_credentials(dry: DryCheckout) -> None:
    dry.codes = {"preview dev": 2}
    assert dry.gitlab(gitlab()["preview-offline"], {"CI_MERGE_REQUEST_DIFF_BASE_SHA": "abc123"}) == 0
    (call,) = commonground(dry)
    assert (call.line, call.credentials) == (f"{OFFLINE}=abc123", [])
    assert dry.gitlab(gitlab()["preview-offline"], {"CI_MERGE_REQUEST_DIFF_BASE_SHA": "abc123", "CI_MERGE_REQUEST_TARGET_BRANCH_SHA": "def456"}) == 0
    assert commonground(dry)[1].line == f"{OFFLINE}=def456"


@pytest.mark.parametrize(("code", "ends"), [(0, 0), (2, 0), (3, 3), (1, 1)])
def test_on_gitlab_the_real_preview_has_its_role_and_a_token_that_goes_with_the_job(code: int, ends: int, dry: DryCheckout) -> None:
    dry.codes = {"preview prod": code}
    assert dry.gitlab(gitlab()["preview-prod"], of_gitlab("prod")) == ends
    (call,) = commonground(dry)
    assert (call.line, call.credentials, call.backend) == ("commonground preview prod --as-caller", ["AWS_ROLE_ARN"], "s3://prod")
    assert not (dry.root.parent / "checkout.aws-token").exists()


@pytest.mark.parametrize(("code", "ends"), [(0, 0), (2, 0), (3, 3)])
def test_on_jenkins_the_report_is_kept_and_posted_also_after_a_violation(code: int, ends: int, dry: DryCheckout) -> None:
    dry.codes = {"preview dev": code}
    assert dry.jenkins(stages()["preview"], {"ENVIRONMENT": "dev"}) == ends
    preview, comment = commonground(dry)
    assert (preview.line, preview.credentials) == ("commonground preview dev --as-caller", [])
    assert (comment.line, comment.credentials) == ("commonground comment reports/dev.md --key commonground/dev", ["GITHUB_TOKEN"])
    assert dry.used == ["checkout", "scm", "sh", "archiveArtifacts", "withCredentials", "sh"]


def test_on_jenkins_a_fork_s_preview_is_kept_and_posts_nothing(dry: DryCheckout) -> None:
    dry.codes = {"preview dev": 3}
    assert dry.jenkins(stages()["preview, offline"], {}) == 3
    assert [call.line for call in commonground(dry)] == [OFFLINE]
    assert dry.used == ["checkout", "scm", "sh", "archiveArtifacts"]


@pytest.mark.parametrize(
    ("variables", "artifact", "host"),
    [
        ({"GITHUB_SERVER_URL": "https://hub", "GITHUB_REPOSITORY": "a/b", "GITHUB_RUN_ID": "7"}, "https://hub/a/b/actions/runs/7", GITHUB),
        ({"CI_JOB_URL": "https://lab/a/b/-/jobs/7"}, "https://lab/a/b/-/jobs/7/artifacts/browse/reports", GITLAB),
        ({"BUILD_URL": "https://ci/job/7/"}, "https://ci/job/7/artifact/reports/", GITHUB),
        ({}, "", GITHUB),
    ],
)
def test_a_report_that_is_cut_names_its_artifact_and_leaves_room_for_the_marker(variables: dict[str, str], artifact: str, host: Host, dry: DryCheckout) -> None:
    assert dry.shell("stacks/foundation/ci/preview all dev --offline --base", variables) == 0
    (call,) = commonground(dry)
    assert {f"--artifact={artifact}", f"--limit={host.limit - ROOM}"} <= set(call.arguments)


# --- comment


@pytest.mark.parametrize(
    ("reports", "posted"),
    [
        ({"all.md": "x"}, ["all"]),
        ({"dev.md": "x", "prod.md": "x", "dev.html": "x"}, ["dev", "prod"]),
        ({"$(touch pwned).md": "x", "../all.md": "x", "other.md": "x"}, []),
        ({}, []),
    ],
)
def test_on_github_only_reports_of_known_names_are_posted(reports: dict[str, str], posted: list[str], dry: DryCheckout) -> None:
    job = workflow("comment")["jobs"]["comment"]
    assert dry.github(job, CONTEXT, reports)
    calls = [call for call in dry.calls if call.program == "commonground"]
    for call in calls:
        understood(call)
    assert [call.line for call in calls] == [f"commonground comment {name}.md --key commonground/{name}" for name in posted]
    assert all(call.credentials == ["GITHUB_TOKEN"] for call in calls)
    assert dry.calls[0].credentials == []  # scripts/setup
    assert not list(dry.root.rglob("pwned"))


def test_on_gitlab_every_report_that_there_is_is_posted(dry: DryCheckout) -> None:
    (dry.root / "reports").mkdir()
    for name in ("dev", "staging"):
        (dry.root / "reports" / f"{name}.md").write_text("x")
    assert dry.gitlab(gitlab()["comment"], {"GITLAB_TOKEN": "glpat-x"}) == 0
    assert dry.lines == [f"commonground comment reports/{name}.md --key commonground/{name}" for name in ("dev", "staging")]
    assert commonground(dry)[0].credentials == ["GITLAB_TOKEN"]


# --- up


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("code", [0, 1, 3])
def test_up_says_yes_to_one_environment_and_fails_with_it(environment: str, code: int, dry: DryCheckout) -> None:
    dry.codes = {f"up {environment}": code}
    assert dry.github(workflow("up-environment")["jobs"]["up"], of(environment)) is (code == 0)
    assert dry.gitlab(gitlab()[f"up-{environment}"], of_gitlab(environment)) == code
    assert dry.jenkins(stages()[f"up {environment}"], {}) == code
    calls = commonground(dry)
    assert [call.line for call in calls] == [f"commonground up {environment} --yes"] * 3
    assert [call.credentials for call in calls] == [["AWS_ACCESS_KEY_ID"], ["AWS_ROLE_ARN"], []]
    assert [call.backend for call in calls] == [f"s3://{environment}", f"s3://{environment}", None]
    assert f"aws-actions/configure-aws-credentials deploy-{environment}" in dry.used


def test_the_called_workflow_is_given_each_environment_once() -> None:
    assert [job["with"]["environment"] for job in workflow("up")["jobs"].values()] == list(ENVIRONMENTS)
    assert {job["uses"] for job in workflow("up")["jobs"].values()} == {"./.github/workflows/up-environment.yaml"}


# --- drift

READS_ONLY = {"preview"}


@pytest.mark.parametrize(("code", "good"), [(0, True), (2, False), (1, False), (3, False)])
def test_drift_is_reported_by_a_red_run_on_github_after_the_report_is_kept(code: int, good: bool, dry: DryCheckout) -> None:
    dry.codes = {"preview dev": code}
    assert dry.github(workflow("drift")["jobs"]["drift"], of("dev")) is good
    (call,) = commonground(dry)
    assert (call.line, call.credentials, call.backend) == ("commonground preview dev --refresh --as-caller", ["AWS_ACCESS_KEY_ID"], "s3://dev")
    assert dry.used[-1] == "actions/upload-artifact drift-dev"
    assert dry.text("drift-dev.md") == (dry.root.parent / "GITHUB_STEP_SUMMARY").read_text()


def test_drift_is_a_warning_on_gitlab_and_an_error_is_an_error(dry: DryCheckout) -> None:
    job = gitlab()["drift-staging"]
    allowed = job["allow_failure"]["exit_codes"]
    ended = {}
    for code in (0, 1, 2, 3):
        dry.codes = {"preview staging": code}
        ended[code] = dry.gitlab(job, of_gitlab("staging"))
    assert {code: "ok" if end == 0 else "warning" if end in allowed else "failed" for code, end in ended.items()} == {
        0: "ok",
        1: "failed",
        2: "warning",
        3: "failed",
    }
    assert set(dry.lines) == {"commonground preview staging --refresh --as-caller"}


def test_drift_makes_a_build_unstable_on_jenkins() -> None:
    (script,) = stages()["drift"].all("script")
    text = (CI / "jenkins" / "Jenkinsfile").read_text()
    assert script
    called = "def code = sh(returnStatus: true, script: 'stacks/foundation/ci/drift \"$ENVIRONMENT\"')"
    decided = text.partition(called)[2].split()
    assert " ".join(decided[:6]) == "if (code == 2) { unstable"
    assert "} else if (code != 0) { error" in " ".join(decided)


def test_nothing_in_a_drift_check_can_change_anything(dry: DryCheckout) -> None:
    assert dry.shell("stacks/foundation/ci/drift prod", {}) == 0
    assert {call.arguments[0] for call in commonground(dry)} == READS_ONLY
    drift = [workflow("drift"), *[job for name, job in gitlab().items() if name.startswith("drift-")]]
    for text in map(str, [*drift, stages()["drift"]]):
        assert "/drift" in text
        assert not [word for word in ("scripts/up", "destroy", "commonground up", "commonground refresh", "--yes") if word in text]


# --- the suite


def test_this_repository_s_pipelines_run_its_suite() -> None:
    runs: list[Any] = [step.get("run") for step in workflow("test")["jobs"]["test"]["steps"]]
    assert [text for text in runs if text] == [".ci/run"]
    assert gitlab()["test"]["script"] == [".ci/run"]
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111
