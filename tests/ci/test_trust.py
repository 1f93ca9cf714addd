"""Who gets which rights: by the events that start a job, in all three systems."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from .pipelines import CI, ENVIRONMENTS, GITLAB, JENKINSFILE, ROOT, WORKFLOWS, YAML, gitlab, jenkins, jobs, met, stages, started, value, workflow, workflows

FORK, OWN = "mallory/platform", "acme/platform"
PINNED = re.compile(r"uses: ([\w./-]+)@([0-9a-f]{40}) # v\d+\.\d+\.\d+$")
WRITERS = {"real": {"id-token"}, "drift": {"id-token"}, "up": {"id-token"}, "dev": {"id-token"}, "staging": {"id-token"}, "prod": {"id-token"}}


def github_jobs(head: str, real: bool) -> set[str]:
    """Jobs that a pull request from this repository starts."""
    context = {"github.event.pull_request.head.repo.full_name": head, "github.repository": OWN, "vars.COMMONGROUND_REAL": "true" if real else ""}
    return {job for name, job, text in jobs() if "pull_request" in workflow(name)["on"] and value(text.get("if", "'always'"), context)}


def gitlab_jobs(**variables: str) -> dict[str, str]:
    """Jobs that a pipeline has, and when they run."""
    found = {name: started(job, variables) for name, job in gitlab().items()}
    return {name: when for name, when in found.items() if when}


def merge_request(source: str, real: bool, project: str = "1") -> dict[str, str]:
    return gitlab_jobs(
        CI_PIPELINE_SOURCE="merge_request_event",
        CI_PROJECT_ID=project,
        CI_MERGE_REQUEST_PROJECT_ID="1",
        CI_MERGE_REQUEST_SOURCE_PROJECT_ID=source,
        COMMONGROUND_REAL="true" if real else "false",
        CI_DEFAULT_BRANCH="main",
    )


def jenkins_stages(**build: str) -> set[str]:
    found = stages()
    return {name for name, stage in found.items() if met(stage.get("when") or pytest.fail(name), build)}


# --- who is started


@pytest.mark.parametrize(("head", "real"), [(FORK, True), (FORK, False), (OWN, False), ("", True)])
def test_on_github_a_fork_s_request_is_previewed_offline_with_nothing_but_the_right_to_read(head: str, real: bool) -> None:
    assert github_jobs(head, real) == {"offline", "previewed", "test"}
    for _, job, text in jobs():
        if job in ("offline", "test"):
            assert text["permissions"] == {"contents": "read"}


def test_on_github_our_own_request_is_previewed_with_the_role_that_reads() -> None:
    assert github_jobs(OWN, True) == {"real", "previewed", "test"}


@pytest.mark.parametrize(("real", "project"), [(True, "1"), (False, "1"), (True, "2")])
def test_on_gitlab_a_fork_s_request_is_previewed_offline_also_where_a_member_starts_it_in_our_project(real: bool, project: str) -> None:
    assert set(merge_request("2", real, project)) == {"preview-offline", "test"}
    for name in ("preview-offline", "test"):
        assert not {"id_tokens", "environment", "secrets"} & gitlab()[name].keys()
        assert not [text for text in gitlab()[name].get("variables", {}).values() if "ROLE" in text]


def test_on_gitlab_our_own_request_is_previewed_with_the_role_and_its_comment_comes_after_a_failure_too() -> None:
    assert merge_request("1", True) == {**{f"preview-{name}": "on_success" for name in ENVIRONMENTS}, "comment": "always", "test": "on_success"}
    assert set(merge_request("1", False)) == {"preview-offline", "comment", "test"}


def test_on_gitlab_a_preview_waits_for_nothing_and_the_comment_for_every_preview_that_there_is() -> None:
    previews = {name: job for name, job in gitlab().items() if name.startswith("preview-")}
    assert [job["needs"] for job in previews.values()] == [[]] * 4
    assert gitlab()["comment"]["needs"] == [{"job": name, "optional": True} for name in previews]


@pytest.mark.parametrize("real", ["true", "false"])
def test_on_jenkins_a_fork_s_request_is_previewed_on_an_agent_without_a_role(real: str) -> None:
    assert jenkins_stages(BRANCH_NAME="PR-1", CHANGE_ID="1", CHANGE_FORK="mallory", COMMONGROUND_REAL=real) == {"preview, offline"}
    offline = stages()["preview, offline"]
    assert [label.text for label in offline.all("label")] == ["'commonground-offline'"]
    assert not offline.all("withCredentials")


def test_on_jenkins_our_own_request_is_previewed_on_agents_with_the_role_that_reads() -> None:
    assert jenkins_stages(BRANCH_NAME="PR-1", CHANGE_ID="1", COMMONGROUND_REAL="true") == {"preview"}
    assert [label.text for label in stages()["preview"].all("label")] == ['"commonground-preview-${ENVIRONMENT}"']


def test_what_is_merged_is_brought_up_from_the_protected_branch_only() -> None:
    up = {"up-dev": "on_success", "up-staging": "on_success", "up-prod": "manual"}
    push = {
        "CI_PIPELINE_SOURCE": "push",
        "CI_COMMIT_BRANCH": "main",
        "CI_DEFAULT_BRANCH": "main",
        "CI_COMMIT_REF_PROTECTED": "true",
        "COMMONGROUND_REAL": "true",
    }
    assert gitlab_jobs(**push) == up | {"test": "on_success"}
    for change in ({"CI_COMMIT_REF_PROTECTED": "false"}, {"CI_COMMIT_BRANCH": "feature"}, {"COMMONGROUND_REAL": ""}, {"CI_PIPELINE_SOURCE": "web"}):
        assert set(gitlab_jobs(**push | change)) == {"test"}
    assert workflow("up")["on"] == {"push": {"branches": ["main"]}}
    stages_up = {"up dev", "up staging", "may prod go on", "up prod"}
    assert jenkins_stages(BRANCH_NAME="main", COMMONGROUND_REAL="true") == stages_up
    assert jenkins_stages(BRANCH_NAME="feature", COMMONGROUND_REAL="true") == set()
    assert jenkins_stages(BRANCH_NAME="main") == set()


def test_the_clock_starts_the_drift_check_and_nothing_that_could_change_anything() -> None:
    clock = {"CI_PIPELINE_SOURCE": "schedule", "CI_COMMIT_BRANCH": "main", "CI_DEFAULT_BRANCH": "main", "CI_COMMIT_REF_PROTECTED": "true"}
    assert set(gitlab_jobs(**clock, COMMONGROUND_REAL="true")) == {f"drift-{name}" for name in ENVIRONMENTS}
    assert jenkins_stages(BRANCH_NAME="main", COMMONGROUND_REAL="true", timer="yes") == {"drift"}
    assert [name for name, text in workflows().items() if "schedule" in text["on"]] == ["drift"]
    condition = workflow("drift")["jobs"]["drift"]["if"]
    context = {"vars.COMMONGROUND_REAL": "true", "github.event.repository.default_branch": "main", "github.ref": "refs/heads/main"}
    assert value(condition, context)
    assert not value(condition, context | {"github.ref": "refs/heads/feature"})
    assert not value(condition, context | {"vars.COMMONGROUND_REAL": ""})


# --- with which rights


def test_every_workflow_gives_nothing_and_every_job_what_it_needs() -> None:
    for name, text in workflows().items():
        assert text["permissions"] == {}, name
    for name, job, text in jobs():
        writes = {right for right, level in text["permissions"].items() if level == "write"}
        assert writes == ({"pull-requests"} if name == "comment" else WRITERS.get(job, set())), (name, job)
        assert "permissions" in text
        assert "uses" in text or 0 < text["timeout-minutes"] <= 120, (name, job)


def test_no_pipeline_names_a_secret() -> None:
    for file in WORKFLOWS.glob("*.yaml"):
        assert "secrets" not in file.read_text()
    assert [block.text for block in jenkins().all("withCredentials")] == ["[string(credentialsId: 'commonground-comment', variable: 'GITHUB_TOKEN')]"]


def test_no_workflow_runs_a_request_s_code_with_more_than_a_fork_has() -> None:
    assert not [name for name, text in workflows().items() if "pull_request_target" in text["on"]]
    assert [name for name, text in workflows().items() if "workflow_run" in text["on"]] == ["comment"]
    assert workflow("comment")["on"]["workflow_run"] == {"workflows": [workflow("preview")["name"]], "types": ["completed"]}
    (job,) = workflow("comment")["jobs"].values()
    (checkout,) = [step for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")]
    assert checkout["with"] == {"persist-credentials": False}  # the default branch, and no `ref` of somebody's choice
    names = [step.get("name", step.get("uses", "").split("@")[0]) for step in job["steps"]]
    assert names.index("set up") < names.index("actions/download-artifact") < names.index("comment")


def steps() -> list[tuple[str, dict[str, Any]]]:
    return [(f"{name}/{job}", step) for name, job, text in jobs() for step in text.get("steps", [])]


def test_every_action_is_pinned_to_one_commit_with_its_version_beside_it() -> None:
    pins: dict[str, set[str]] = {}
    for file in WORKFLOWS.glob("*.yaml"):
        for line in file.read_text().splitlines():
            if "uses: " in line and "uses: ./.github/workflows/" not in line:
                found = PINNED.search(line)
                assert found, f"{file.name}: {line.strip()}"
                pins.setdefault(found[1], set()).add(found[2])
    assert all(len(commits) == 1 for commits in pins.values())
    told = (CI / "README.md").read_text()
    assert all(f"`{name}`" in told and next(iter(commits)) in told for name, commits in pins.items())


def test_no_checkout_leaves_its_token_behind_and_no_shell_is_written_by_an_expression() -> None:
    for place, step in steps():
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False, place
        assert "${{" not in step.get("run", ""), place


@pytest.mark.parametrize("name", ["preview", "drift", "up-environment"])
def test_everything_is_installed_before_there_are_credentials(name: str) -> None:
    for job in workflow(name)["jobs"].values():
        order = [step.get("name") or step["uses"].split("@")[0] for step in job["steps"]]
        if "aws-actions/configure-aws-credentials" in order:
            assert order.index("set up") < order.index("aws-actions/configure-aws-credentials")


def test_what_deploys_takes_nothing_from_a_cache() -> None:
    assert not [step for place, step in steps() if place == "up-environment/up" and "cache" in step.get("uses", "")]
    assert [job["cache"] for name, job in gitlab().items() if name.startswith("up-")] == [[], [], []]


# --- one at a time, in order


def test_environments_come_up_one_after_another_and_none_that_runs_is_cancelled() -> None:
    assert {name: job.get("needs") for name, job in workflow("up")["jobs"].items()} == {"dev": None, "staging": "dev", "prod": "staging"}
    assert workflow("up-environment")["jobs"]["up"]["concurrency"] == {"group": "commonground-up-${{ inputs.environment }}", "cancel-in-progress": False}
    assert "concurrency" not in workflow("up")
    up = {name: job for name, job in gitlab().items() if name.startswith("up-")}
    assert {name: job.get("needs") for name, job in up.items()} == {"up-dev": None, "up-staging": ["up-dev"], "up-prod": ["up-staging"]}
    assert [job["resource_group"] for job in up.values()] == [f"commonground-up-{name}" for name in ENVIRONMENTS]
    assert all(job["interruptible"] is False for job in up.values())
    assert up["up-prod"]["rules"][0]["allow_failure"] is False
    order = [name for name in stages() if "prod" in name or name.startswith("up")]
    assert order == ["up dev", "up staging", "may prod go on", "up prod"]
    assert [block.text for block in jenkins().all("disableConcurrentBuilds")] == [""]


def test_environments_of_the_systems_say_who_lets_them_go_on() -> None:
    assert workflow("up-environment")["jobs"]["up"]["environment"] == "${{ inputs.environment }}"
    assert [gitlab()[f"up-{name}"]["environment"]["name"] for name in ENVIRONMENTS] == list(ENVIRONMENTS)
    (asked,) = stages()["may prod go on"].all("input")
    assert "submitter: 'commonground-prod'" in asked.text
    assert not stages()["may prod go on"].all("agent")


# --- the environments that there are


def region(name: str) -> str:
    found: str = YAML(typ="safe").load(ROOT / "stacks" / "foundation" / f"Pulumi.{name}.yaml")["config"]["commonground:bindings"]["region"]
    return found


def regions_of_github() -> dict[str, list[str]]:
    matrices = [workflow("preview")["jobs"]["real"]["strategy"]["matrix"]["include"], workflow("drift")["jobs"]["drift"]["strategy"]["matrix"]["include"]]
    given = [job["with"] for job in workflow("up")["jobs"].values()]
    return {name: [row["region"] for rows in (*matrices, given) for row in rows if row["environment"] == name] for name in ENVIRONMENTS}


def regions_of_gitlab() -> dict[str, list[str]]:
    return {name: [gitlab()[f"{what}-{name}"]["variables"]["AWS_REGION"] for what in ("preview", "up", "drift")] for name in ENVIRONMENTS}


@pytest.mark.parametrize("regions", [regions_of_github, regions_of_gitlab])
def test_the_regions_are_those_of_the_environments_files(regions: Callable[[], dict[str, list[str]]]) -> None:
    assert regions() == {name: [region(name)] * 3 for name in ENVIRONMENTS}


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_each_environment_has_its_own_role_and_backend(name: str) -> None:
    upper = name.upper()
    for job in (workflow("preview")["jobs"]["real"], workflow("drift")["jobs"]["drift"]):
        (row,) = [row for row in job["strategy"]["matrix"]["include"] if row["environment"] == name]
        assert (row["role"], row["backend"]) == (f"${{{{ vars.COMMONGROUND_PREVIEW_ROLE_{upper} }}}}", f"${{{{ vars.COMMONGROUND_BACKEND_{upper} }}}}")
    for what in ("preview", "drift"):
        variables = gitlab()[f"{what}-{name}"]["variables"]
        assert (variables["ENVIRONMENT"], variables["AWS_ROLE_ARN"]) == (name, f"$COMMONGROUND_PREVIEW_ROLE_{upper}")
        assert variables["PULUMI_BACKEND_URL"] == f"$COMMONGROUND_BACKEND_{upper}"
        axis = stages()["preview" if what == "preview" else "drift"].all("values")
        assert f"'{name}'" in axis[0].text


def test_every_variable_that_somebody_has_to_set_is_in_the_instructions() -> None:
    told = (CI / "README.md").read_text()
    texts = [file.read_text() for file in (*WORKFLOWS.glob("*.yaml"), *GITLAB, JENKINSFILE)]
    for name in {found for text in texts for found in re.findall(r"COMMONGROUND_[A-Z_]+", text)}:
        general = re.sub(r"_(DEV|STAGING|PROD)$", "_ENV", name)
        assert f"`{general}`" in told, name
    for label in {label.text.strip("'\"").replace("${ENVIRONMENT}", "ENV") for label in jenkins().all("label")}:
        assert f"`{re.sub('-(dev|staging|prod)$', '-ENV', label)}`" in told, label
