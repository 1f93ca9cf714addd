"""The pipelines against the published schemas and linters of their systems. Each linter is also shown a mistake, so that it is known to look."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from .pipelines import CI, GITLAB, JENKINSFILE, OURS, WORKFLOWS, groovy, jenkins, mistakes

Installed = Callable[[str], str]


def ran(*command: str | Path, folder: Path | None = None) -> tuple[int, str]:
    done = subprocess.run(list(map(str, command)), cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def changed(folder: Path, name: str, old: str, new: str) -> Path:
    """A workflow with a mistake in it, in a folder with the others."""
    copy = folder / ".github" / "workflows"
    shutil.copytree(WORKFLOWS, copy)
    text = (copy / name).read_text()
    assert old in text
    (copy / name).write_text(text.replace(old, new, 1))
    return copy


@pytest.mark.parametrize("name", OURS)
def test_this_repository_s_own_workflows_are_the_ones_that_ship(name: str) -> None:
    assert (WORKFLOWS / f"{name}.yaml").read_bytes() == (CI / "github" / f"{name}.yaml").read_bytes()
    assert {file.stem for file in (CI / "github").iterdir()} == set(OURS)


def test_actionlint_has_nothing_to_say(actionlint: Path) -> None:
    assert ran(actionlint, *sorted(WORKFLOWS.glob("*.yaml"))) == (0, "")


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("drift.yaml", "steps.drift.outputs", "steps.drfit.outputs", "drfit"),
        ("up.yaml", "needs: dev", "needs: dve", "dve"),
        ("up.yaml", "      environment: staging\n", "", '"environment" is required'),
        ("drift.yaml", "17 4 * * 1-5", "17 4 * *", "cron"),
    ],
)
def test_actionlint_sees_a_mistake(name: str, old: str, new: str, said: str, actionlint: Path, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    code, told = ran(actionlint, "-no-color", folder=changed(tmp_path, name, old, new))
    assert code == 1
    assert said in told


def test_zizmor_has_no_finding_and_is_told_to_look_away_only_with_a_reason(installed: Installed) -> None:
    code, told = ran(installed("zizmor"), "--offline", "--no-progress", "--persona=pedantic", WORKFLOWS)
    assert code == 0, told
    for file in WORKFLOWS.glob("*.yaml"):
        for line in file.read_text().splitlines():
            assert "zizmor: ignore" not in line or re.search(r"ignore\[[a-z-]+\] \w+( \S+){3,}", line)


@pytest.mark.parametrize(
    ("name", "old", "new", "audit"),
    [
        ("preview.yaml", "run: ./scripts/setup", "run: echo ${{ github.head_ref }}", "template-injection"),
        ("preview.yaml", "  pull_request:", "  pull_request_target:", "dangerous-triggers"),
        ("test.yaml", "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1", "actions/checkout@v7", "unpinned-uses"),
        ("test.yaml", "permissions:\n      contents: read # checkout", "permissions: write-all", "excessive-permissions"),
    ],
)
def test_zizmor_sees_a_mistake(name: str, old: str, new: str, audit: str, installed: Installed, tmp_path: Path) -> None:
    code, told = ran(installed("zizmor"), "--offline", "--no-progress", "--persona=pedantic", changed(tmp_path, name, old, new))
    assert code != 0
    assert f"[{audit}]" in told


def test_the_workflows_keep_to_github_s_schema(installed: Installed, tmp_path: Path) -> None:
    check = (installed("check-jsonschema"), "--builtin-schema", "vendor.github-workflows")
    code, told = ran(*check, *sorted(WORKFLOWS.glob("*.yaml")))
    assert code == 0, told
    code, told = ran(*check, changed(tmp_path, "up.yaml", "branches: [main]", "branchs: [main]") / "up.yaml")
    assert code == 1
    assert "branchs" in told


def test_gitlab_s_files_keep_to_its_schema(installed: Installed, tmp_path: Path) -> None:
    check = (installed("check-jsonschema"), "--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci")
    code, told = ran(*check, *GITLAB)
    assert code == 0, told
    (tmp_path / "up.yml").write_text((CI / "gitlab" / "up.yml").read_text().replace("when: manual", "when: by_hand"))
    code, told = ran(*check, tmp_path / "up.yml")
    assert code == 1
    assert "by_hand" in told


def test_the_jenkinsfile_is_groovy() -> None:
    text = JENKINSFILE.read_text()
    assert mistakes(groovy(text)) == []
    for old, new in (("steps {", "steps "), ("'MINUTES')", "'MINUTES'"), ("'commonground-offline'", "'commonground-offline"), ("== 2)", "== )")):
        assert old in text
        assert mistakes(groovy(text.replace(old, new, 1)))


# Sections of a declarative pipeline, and what stands in each (Jenkins' "Pipeline Syntax"). No registry ships a validator that needs no Jenkins.
STAGE = {"when", "agent", "options", "input", "environment", "steps", "post", "matrix", "stages", "parallel"}
SECTIONS = {
    "pipeline": {"agent", "options", "triggers", "environment", "parameters", "stages", "post", "none"},
    "stages": {"stage"},
    "stage": STAGE,
    "matrix": {"axes", "agent", "options", "stages", "when", "post"},
    "axes": {"axis"},
    "axis": {"name", "values"},
    "agent": {"label"},
    "post": {"always", "cleanup"},
    "options": {"disableConcurrentBuilds", "skipDefaultCheckout", "timestamps", "buildDiscarder", "timeout"},
    "when": {"beforeAgent", "branch", "changeRequest", "not", "anyOf", "expression", "triggeredBy"},
    "steps": {"checkout", "scm", "sh", "script", "input"},
    "always": {"archiveArtifacts", "withCredentials"},
    "cleanup": {"deleteDir"},
    "withCredentials": {"sh"},
}


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_of_the_jenkinsfile_holds_only_what_jenkins_knows_there(section: str) -> None:
    found = jenkins().all(section)
    assert found
    for block in found:
        assert {inner.name for inner in block.inside} <= SECTIONS[section]


@pytest.mark.parametrize("script", ["preview", "drift"])
def test_the_scripts_are_executable_and_bash(script: str) -> None:
    assert (CI / script).stat().st_mode & 0o111
    assert ran("bash", "-n", CI / script) == (0, "")
