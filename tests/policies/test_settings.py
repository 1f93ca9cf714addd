"""policies.yaml: where it is looked for, what is wrong with it, and what its exceptions accept for how long."""

import json
from pathlib import Path

import pytest
from policies.policy import ECR_HOSTS, Resource, Strictness, resource
from policies.session import Finding, Session
from policies.settings import PROGRAM, TODAY, Configuration, configuration, find, read_file

SHIPPED = Path(__file__).parents[2] / "stacks" / "foundation" / "policies.yaml"
FILE = """\
version: 1
project: shop
required_tags: [team]
environments:
  dev: {strictness: low, protected: false, gpus: {max: 2, instance_types: [g6.xlarge]}}
  prod: {strictness: high, protected: true}
exceptions:
  - policy: immutable-tags
    environments: [prod]
    resource: mirror-*
    reason: copies of public images
    until: "2027-01-31"
"""
MUTABLE = {"tags": {"team": "shop"}, "imageTagMutability": "MUTABLE", "encryptionConfigurations": [{"encryptionType": "KMS", "kmsKey": "key"}]}


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with the file above, and a program in `stacks/foundation`."""
    monkeypatch.setenv(TODAY, "2026-11-30")
    folder = tmp_path / "stacks" / "foundation"
    folder.mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    (folder / "policies.yaml").write_text(FILE)
    monkeypatch.setenv(PROGRAM, str(folder))
    return folder


def measured(checkout: Path, environment: str = "prod", project: str = "shop", text: str | None = None) -> Configuration:
    if text is not None:
        (checkout / "policies.yaml").write_text(text)
    return configuration(project, environment, {})


def repository(name: str) -> Resource:
    return resource("aws:ecr/repository:Repository", MUTABLE, name, protect=True)


def told(found: Configuration, *resources: Resource) -> list[Finding]:
    session = Session(found)
    return [*(finding for one in resources for finding in session.resource(one)), *session.stack({})]


def test_an_environment_is_measured_by_its_own_thresholds(checkout: Path) -> None:
    dev, prod = measured(checkout, "dev").thresholds, measured(checkout).thresholds
    assert (dev.strictness, dev.protected, dev.gpus, dev.gpu_instance_types) == (Strictness.LOW, False, 2, ("g6.xlarge",))
    assert (prod.strictness, prod.protected, prod.gpus, prod.gpu_instance_types) == (Strictness.HIGH, True, None, None)
    assert prod.required_tags == ("team",)
    assert prod.registries == ECR_HOSTS


def test_the_same_finding_is_mandatory_in_prod_and_advisory_in_dev(checkout: Path) -> None:
    (in_dev,) = told(measured(checkout, "dev"), repository("web"))
    in_prod = told(measured(checkout), repository("web"))[0]
    assert (in_dev.policy, in_dev.mandatory) == ("immutable-tags", False)
    assert (in_prod.policy, in_prod.mandatory) == ("immutable-tags", True)


def test_an_exception_accepts_what_its_pattern_names_and_nothing_else(checkout: Path) -> None:
    found = told(measured(checkout), repository("mirror-nginx"), repository("web"))
    assert [finding.urn.rpartition("::")[2] for finding in found] == ["web"]


def test_an_exception_is_for_its_environments_and_its_project(checkout: Path) -> None:
    assert told(measured(checkout, "dev"), repository("mirror-nginx"))
    assert told(measured(checkout, project="other"), repository("mirror-nginx"))


def test_an_exception_that_is_over_accepts_nothing_and_says_so(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TODAY, "2027-01-31")
    assert told(measured(checkout), repository("mirror-nginx")) == []
    monkeypatch.setenv(TODAY, "2027-02-01")
    (found,) = told(measured(checkout), repository("mirror-nginx"))
    assert found.mandatory
    assert "it was accepted until 2027-01-31, stacks/foundation/policies.yaml:8: copies of public images" in found.message


def test_an_exception_that_accepts_nothing_is_told_as_advisory(checkout: Path) -> None:
    (found,) = told(measured(checkout))
    assert (found.policy, found.mandatory) == ("policies-file", False)
    assert found.message == ("stacks/foundation/policies.yaml:8: the exception from immutable-tags for mirror-* accepts nothing that is there. Fix: remove it")


def test_an_environment_that_the_file_lacks_is_measured_by_defaults_and_that_is_told(checkout: Path) -> None:
    found = measured(checkout, "test")
    assert (found.thresholds.strictness, found.thresholds.protected) == (Strictness.MEDIUM, False)
    (note,) = told(found)
    assert not note.mandatory
    assert "says nothing of the environment test" in note.message


def test_somebody_elses_stack_is_measured_by_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PROGRAM, str(tmp_path))
    (tmp_path / ".git").mkdir()
    assert configuration("theirs", "dev", {}).thresholds.strictness is Strictness.MEDIUM
    assert configuration("theirs", "prod", {}).thresholds.strictness is Strictness.HIGH
    assert told(configuration("theirs", "dev", {})) == []


def test_a_teams_stack_of_the_checkout_has_the_same_file_and_another_checkout_has_not(checkout: Path, tmp_path: Path) -> None:
    team = tmp_path / "stacks" / "shop"
    other = tmp_path / "elsewhere"
    for folder in (team, other / ".git"):
        folder.mkdir(parents=True)
    assert find(team) == checkout / "policies.yaml"
    assert find(other) is None


def test_what_the_scale_lifted_is_told_and_no_violation(checkout: Path) -> None:
    config = {"commonground:scale": json.dumps({"unprotected": ["web"]})}
    session = Session(configuration("shop", "prod", config))
    one = resource("aws:kms/key:Key", {"tags": {"team": "shop"}}, "web")
    (found,) = session.resource(one)
    assert (found.policy, found.mandatory, found.note) == ("deletion-protection", False, True)


MISTAKES = {
    "strictness: low": ("strictness: lax", "stacks/foundation/policies.yaml:5: environments.dev.strictness: found lax, expected"),
    "policy: immutable-tags": ("policy: immutable-tag", "policies.yaml:8: exceptions[0].policy: found the unknown policy `immutable-tag`, expected one of"),
    "environments: [prod]": (
        "environments: [prd]",
        "policies.yaml:9: exceptions[0].environments[0]: found the unknown environment `prd`, expected one of dev",
    ),
    "    reason: copies of public images\n": ("", "exceptions[0].reason: found nothing, expected"),
    'until: "2027-01-31"': ("until: 2027-01-31", "policies.yaml:12: exceptions[0].until: found 2027-01-31 unquoted, expected"),
    '"2027-01-31"': ('"2027-02-31"', "policies.yaml:12: exceptions[0].until: found 2027-02-31, expected a day that there is"),
    "gpus: {max: 2": ("gpus: {max: -2", "environments.dev.gpus.max: found -2, expected at least 0"),
    "protected: true": ("protect: true", 'found the unknown key `protect`, expected one of strictness, protected, gpus. Fix: did you mean "protected"?'),
}


@pytest.mark.parametrize(("right", "wrong"), MISTAKES.items(), ids=list(MISTAKES))
def test_a_mistake_is_one_mandatory_message_with_place_and_fix_and_nothing_else_is_measured(checkout: Path, right: str, wrong: tuple[str, str]) -> None:
    text, message = wrong
    assert FILE.count(right) == 1
    found = told(measured(checkout, text=FILE.replace(right, text)), repository("web"))
    assert all(finding.policy == "policies-file" and finding.mandatory for finding in found)
    assert [finding.message for finding in found if message in finding.message], [finding.message for finding in found]
    assert all(". Fix: " in finding.message for finding in found)


def test_every_mistake_is_told_at_once(checkout: Path) -> None:
    wrong = FILE.replace("strictness: low", "strictness: lax").replace("max: 2", "max: many").replace("reason: copies of public images", "reason: short")
    assert len(told(measured(checkout, text=wrong))) == 3


def test_an_exception_said_twice_is_a_mistake(checkout: Path) -> None:
    (found,) = told(measured(checkout, text=FILE + FILE.partition("exceptions:\n")[2]))
    assert "policies.yaml:13: exceptions[1]: found mirror-* in prod a second time" in found.message


def test_text_that_is_no_yaml_is_told(checkout: Path) -> None:
    (found,) = told(measured(checkout, text="version: [1"))
    assert found.mandatory
    assert "stacks/foundation/policies.yaml:" in found.message


def test_the_shipped_file_is_right_and_prod_is_the_strictest() -> None:
    file, mistakes, _ = read_file(SHIPPED)
    assert mistakes == []
    assert file
    assert sorted(file.environments) == ["dev", "local", "prod", "staging"]
    assert file.environments["prod"].strictness is Strictness.HIGH
    assert file.environments["prod"].protected
