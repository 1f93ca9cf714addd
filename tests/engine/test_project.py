"""The copy of a project's files that a run works on which may not open the checkout's."""

from pathlib import Path

import pytest
from tests.engine.conftest import DEV, PROJECT

from commonground.engine.errors import NoProjectError
from commonground.engine.project import PLACEHOLDER, Project, load


@pytest.fixture
def project(tmp_path: Path) -> Project:
    root = tmp_path / "checkout"
    (root / "stacks").mkdir(parents=True)
    (root / "Pulumi.yaml").write_text(PROJECT)
    (root / "stacks" / "Pulumi.dev.yaml").write_text(DEV)
    return Project.read(root)


def copy(project: Project, folder: Path, *, offline: bool = True) -> str:
    project.copy(folder, "dev", offline=offline)
    return (folder / "Pulumi.dev.yaml").read_text()


def test_it_has_no_encryption_and_a_placeholder_for_each_secure_value_however_deep(project: Project, tmp_path: Path) -> None:
    copy(project, tmp_path)
    stack = load(tmp_path / "Pulumi.dev.yaml")
    assert list(stack) == ["config"]
    assert stack["config"]["proof:password"] == PLACEHOLDER
    assert stack["config"]["proof:nested"]["list"] == [PLACEHOLDER]


def test_quotes_stay_that_keep_a_number_from_being_damaged(project: Project, tmp_path: Path) -> None:
    assert 'account: "012345678901"' in copy(project, tmp_path)


def test_it_knows_no_place_in_the_checkout(project: Project, tmp_path: Path) -> None:
    copy(project, tmp_path)
    assert load(tmp_path / "Pulumi.yaml") == {"name": "proof", "runtime": "python", "config": {"pulumi:disable-default-providers": ["*"]}}


def test_only_an_offline_run_is_told_that_placeholders_will_do(project: Project, tmp_path: Path) -> None:
    assert "commonground:offline: true" in copy(project, tmp_path)
    assert "offline" not in copy(project, tmp_path, offline=False)


def test_a_folder_without_a_project_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoProjectError, match=r"Pulumi\.yaml is missing: run this inside a checkout, or name the project's folder with --project"):
        Project.read(tmp_path)


def test_roles_that_are_bound_are_found_in_lists_and_alone_and_nothing_else_is(project: Project) -> None:
    many = "[arn:aws:iam::012345678901:role/b, arn:aws:iam::012345678901:role/teams/c, 203.0.113.0/24]"
    bound = f"{{deployer: arn:aws:iam::012345678901:role/a, operators: {many}, key: arn:aws:kms:eu-west-1:012345678901:key/d, zones: 3}}"
    project.stack_file("many").write_text(f"config:\n  commonground:bindings: {bound}\n")
    assert project.roles("many") == [f"arn:aws:iam::012345678901:role/{name}" for name in ("a", "b", "teams/c")]
    assert project.roles("dev") == project.roles("none") == []


def test_bindings_are_text_and_missing_ones_are_none(project: Project) -> None:
    assert (project.binding("dev", "account"), project.binding("dev", "region"), project.binding("prod", "account")) == ("012345678901", None, None)
