"""The check of the files' text: what it sees at once, what it takes, and what it never does."""

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from commonground import settings
from tests import broken
from tests.settings.conftest import ENVIRONMENTS, FOUNDATION, ROOT, Sound

DIFFERENCE = '- {environment: dev, path: %s, value: %s, reason: the landing zone has its own, until: "2027-03-31"}'


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_the_shipped_environments_are_sound_offline(name: str) -> None:
    assert settings.render(settings.check(FOUNDATION, name, offline=True, project_file=ROOT / "Pulumi.yaml")) == ""


def test_local_needs_no_account_and_a_real_one_does() -> None:
    assert settings.check(FOUNDATION, "local") == []
    assert {mistake.found.split()[0] + " " + mistake.found.split()[1] for mistake in settings.check(FOUNDATION, "dev")} == {"the placeholder", "an example"}


def test_files_are_named_from_the_checkouts_root_in_order() -> None:
    mistakes = settings.check(FOUNDATION, "dev")
    assert mistakes[0].file == "stacks/foundation/Pulumi.dev.yaml"
    assert [(mistake.file, mistake.line) for mistake in mistakes] == sorted((mistake.file, mistake.line) for mistake in mistakes)


def test_a_mistake_reads_as_one_line(sound: Sound) -> None:
    sound.edit("Pulumi.dev.yaml", "        min: 1\n", "        min: 3\n")
    assert settings.render(sound.check()) == (
        "Pulumi.dev.yaml:14: commonground:scale.pools.general.min: found 3, expected at most desired (1): AWS refuses a minimum above what runs. "
        "Fix: raise desired to 3 too, and name general in `resize`, so that this run sets it."
    )


@pytest.mark.parametrize(
    ("file", "line", "told"),
    [
        ("Pulumi.dev.yaml", '    account: "482915730164"\n', "expected `account` (AWS account that the environment lives in; "),
        ("Pulumi.dev.yaml", "    zones: 2\n", "expected `zones` (availability zones, those with"),
    ],
)
def test_what_is_missing_is_described_in_the_sentence_with_its_abbreviations_as_they_are(sound: Sound, file: str, line: str, told: str) -> None:
    sound.edit(file, line, "")
    assert told in settings.render(sound.check())


def test_mistakes_of_every_file_and_kind_are_reported_at_once(sound: Sound) -> None:
    sound.edit("blueprint.yaml", "purpose: artifacts", "purpose: artefacts")
    sound.edit("blueprint.yaml", "intra: {slot: 2}", "intra: {slot: 0}")
    sound.edit("blueprint.yaml", '["1.35", "1.36"]', "[1.35, 1.36]")
    sound.edit("Pulumi.dev.yaml", "    zones: 2", "    zones: two")
    sound.edit("Pulumi.dev.yaml", "        max: 6", '        max: "6"')
    sound.edit("Pulumi.dev.yaml", "min: 0, desired: 0, max: 2", "min: 1, desired: 0, max: 2")
    sound.edit("Pulumi.dev.yaml", 'account: "482915730164"', "account: 482915730164")
    sound.edit("Pulumi.dev.yaml", "vpc_cidr: 10.16.0.0/16", "vpc_cidr: 10.16.0.0/24")
    sound.edit("lock.dev.yaml", "incarnation: k7q2", "incarnation: K7Q2")
    sound.edit("lock.dev.yaml", "  coredns: v1.0.0-eksbuild.1\n", "")
    assert [f"{mistake.file}: {mistake.key}" for mistake in sound.check()] == [
        "Pulumi.dev.yaml: commonground:scale.zones",
        "Pulumi.dev.yaml: commonground:scale.pools.general.max",
        "Pulumi.dev.yaml: commonground:scale.pools.gpu.min",
        "Pulumi.dev.yaml: commonground:bindings.account",
        "Pulumi.dev.yaml: commonground:bindings.vpc_cidr",
        "blueprint.yaml: network.tiers.intra.slot",
        "blueprint.yaml: cluster.kubernetes[0]",
        "blueprint.yaml: cluster.kubernetes[1]",
        "blueprint.yaml: buckets.artifacts.purpose",
        "lock.dev.yaml: incarnation",
        "lock.dev.yaml: addons.coredns",
    ]


def test_an_unknown_environment_is_answered_with_the_known_ones() -> None:
    mistakes = settings.check(FOUNDATION, "stagin", offline=True)
    assert any(mistake.fix == 'did you mean "staging"?' for mistake in mistakes)


def test_offline_takes_placeholders_and_an_example_lock(sound: Sound) -> None:
    sound.edit("lock.dev.yaml", "version: 1\n", "version: 1\nexample: true\n")
    sound.edit("Pulumi.dev.yaml", "[52.94.76.0/24]", "[203.0.113.0/24]")
    assert len(sound.check()) == 2
    assert sound.check(offline=True) == []


def test_every_type_of_binding_takes_its_own_example_and_refuses_another_types() -> None:
    from commonground.settings.bindings import LOOKS

    words = {type_: look for type_, look in LOOKS.items()}
    for type_, look in words.items():
        assert look.fits(look.example), type_
        assert not look.fits("somewhere else entirely; or not"), type_


@pytest.mark.parametrize("value", ["platform.example.com", "arn:aws:sns:eu-central-1:111111111111:alerts"])
def test_a_placeholder_is_found_in_any_binding(sound: Sound, value: str) -> None:
    type_ = "domain" if "example" in value else "topic_arn"
    sound.edit("blueprint.yaml", "  deployer: {type: role_arn}", f"  deployer: {{type: role_arn}}\n  other: {{type: {type_}}}")
    sound.edit("Pulumi.dev.yaml", "    region: eu-central-1", f"    region: eu-central-1\n    other: {value}")
    (mistake,) = sound.check()
    assert mistake.key == "commonground:bindings.other"
    assert "placeholder" in mistake.found


def test_a_difference_applies_to_its_environment_alone(sound: Sound) -> None:
    (sound.folder / "differences.yaml").write_text(DIFFERENCE % ("network.flow_logs", "false"))
    assert sound.resolve().network.flow_logs is False
    (sound.folder / "differences.yaml").write_text((DIFFERENCE % ("network.flow_logs", "false")).replace("dev", "prod"))
    (sound.folder / "Pulumi.prod.yaml").write_text("")
    assert sound.resolve().network.flow_logs is True


def test_a_difference_reaches_names_with_dots_and_settings_left_at_their_default(sound: Sound) -> None:
    sound.edit("blueprint.yaml", "  shop: {released", "  shop.web: {released")
    both = [DIFFERENCE % ("registries.shop.web.expire_days", "7"), DIFFERENCE % ("buckets.datasets.expire_days", "9")]
    (sound.folder / "differences.yaml").write_text("\n".join(both))
    environment = sound.resolve()
    assert environment.registries.repositories[0].expire_days == 7
    assert environment.storage.buckets[0].expire_days == 9


def test_a_wrong_difference_is_named_where_it_stands(sound: Sound) -> None:
    (sound.folder / "differences.yaml").write_text("\n" + DIFFERENCE % ("cluster.endpoint", "{access: secret}"))
    (mistake,) = sound.check()
    assert (mistake.file, mistake.line, mistake.found) == ("differences.yaml", 2, "secret")


def test_a_difference_ends_on_its_last_day_and_only_where_today_is_known(sound: Sound) -> None:
    (sound.folder / "differences.yaml").write_text(DIFFERENCE % ("network.flow_logs", "false"))
    assert sound.check() == []
    assert sound.check(today=date(2027, 3, 31)) == []
    (mistake,) = sound.check(today=date(2027, 4, 1))
    assert (mistake.file, mistake.key) == ("differences.yaml", "[0].until")


def test_a_difference_of_an_unknown_environment_is_a_mistake(sound: Sound) -> None:
    (sound.folder / "differences.yaml").write_text((DIFFERENCE % ("network.flow_logs", "false")).replace("dev", "devs"))
    assert sound.check()[0].fix == 'did you mean "dev"?'


def test_a_differences_file_of_comments_alone_is_empty(sound: Sound) -> None:
    (sound.folder / "differences.yaml").write_text("# none\n")
    assert sound.check() == []


def test_the_project_file_must_keep_default_providers_off(sound: Sound) -> None:
    project = sound.folder / "Pulumi.yaml"
    project.write_text("name: x\nruntime: python\nconfig:\n  pulumi:disable-default-providers: [aws]\n")
    (mistake,) = sound.check(project_file=project)
    assert (mistake.file, mistake.line) == ("Pulumi.yaml", 4)


def test_zones_in_which_eks_makes_no_cluster_are_passed_over(sound: Sound) -> None:
    for file in ("lock.dev.yaml", "Pulumi.dev.yaml"):
        path = sound.folder / file
        path.write_text(path.read_text().replace("euc1", "use1").replace("eu-central-1", "us-east-1").replace("zones: 2", "zones: 3"))
    (mistake,) = sound.check()
    assert mistake.expected == "at most 2: use1-az1, use1-az2 are in the lock"


@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["blueprint.yaml", "Pulumi.dev.yaml", "lock.dev.yaml", "differences.yaml"]),
    st.integers(0, 60),
    st.sampled_from(
        [
            "",
            "x",
            "x: 1",
            "- 1",
            "[]",
            "{}",
            "~",
            ":",
            "? [a]",
            "&a [*a]",
            "a: &a {b: *a}",
            "!!python/object:os.system x",
            "\t",
            '"',
            "%",
            "\x00",
            "<<: {}",
            "1.30",
            "{a: {secure: b}}",
        ]
    ),
    st.booleans(),
)
@example("Pulumi.dev.yaml", 1, "config:", False)
@example("Pulumi.dev.yaml", 0, "config: {commonground:scale: [], commonground:bindings: 7}", False)
def test_no_text_makes_it_fail(tmp_path: Path, file: str, number: int, text: str, after_the_colon: bool) -> None:
    folder = tmp_path / "folder"
    if not folder.exists():
        broken.cases()[0].write(folder)
    original = (broken.HERE / "base" / file).read_text().splitlines()
    number %= len(original)
    indent = len(original[number]) - len(original[number].lstrip())
    line = original[number].split(":")[0] + ": " + text if after_the_colon and ":" in original[number] else " " * indent + text
    for path in (broken.HERE / "base").iterdir():
        (folder / path.name).write_text(path.read_text())
    (folder / file).write_text("\n".join([*original[:number], line, *original[number + 1 :]]))
    for mistake in settings.check(folder, "dev"):
        assert mistake.file in {"blueprint.yaml", "Pulumi.dev.yaml", "lock.dev.yaml", "differences.yaml"}


def test_settings_alone_import_neither_a_provider_nor_a_yaml_parser() -> None:
    script = "import sys, commonground.settings; sys.exit(any(name in sys.modules for name in ('pulumi', 'pulumi_aws', 'boto3', 'ruamel.yaml')))"
    path = os.pathsep.join(["components", *sys.path])
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, env={**os.environ, "PYTHONPATH": path}, check=False).returncode == 0
