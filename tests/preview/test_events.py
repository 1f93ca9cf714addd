"""Event logs that somebody else's pulumi wrote: read whatever form they have, without a secret, and with one clear error for what is none."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.preview.logs import BUCKET, RECORDED, SECRETS, cancelled, cut, end, event, events, log, written
from tests.preview.programs import IMPORTED, SCENES

from commonground.engine.report import LATER, value
from commonground.engine.steps import MARK, MASK, Op, Step
from commonground.preview.recorded.events import Recorded, read
from commonground.preview.recorded.replay import NO_REASON_IN_DIGEST

FORMS = [name for name, scene in SCENES.items() if {"events", "digest"} <= set(scene.forms)]
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def changed(recorded: Recorded) -> dict[tuple[str, str], str]:
    """The engine's word for what would happen, by name and kind."""
    return {(step.name, step.type.rsplit(":", 1)[-1]): step.op for step in recorded.steps if step.changes}


def one(recorded: Recorded, name: str, op: str = "") -> Step:
    (found,) = [step for step in recorded.steps if step.name == name and (not op or step.op == op)]
    return found


@pytest.mark.parametrize("name", FORMS)
def test_events_and_digest_of_one_preview_say_the_same(name: str) -> None:
    told, digest = (read(log(f"{name}.{form}")) for form in ("events.jsonl", "digest.json"))

    def said(recorded: Recorded) -> list[tuple[Any, ...]]:
        """Of an import a digest does not have what the cloud says."""
        changes = [step for step in recorded.steps if step.changes]
        before = [(step.old, step.was) if step.op != "import" else () for step in changes]
        return [(step.op, step.urn, step.parent, step.protect, step.protects, step.id, step.diff, *old) for step, old in zip(changes, before, strict=True)]

    assert said(told) == said(digest)
    assert changed(told) == changed(digest)
    assert told.stack == digest.stack == "dev"
    assert bool(told.problems) == bool(digest.problems) or told.findings


def test_a_stream_on_standard_output_is_read_like_a_log() -> None:
    assert read(log("first-preview.stream.jsonl")) == read(log("first-preview.events.jsonl"))


def test_a_digest_says_what_is_not_in_it() -> None:
    assert read(log("first-preview.events.jsonl")).notes == ()
    (note,) = read(log("first-preview.digest.json")).notes
    assert "neither policy results nor what stays as it is" in note


def test_a_replacement_through_an_unknown_says_what_is_known_later() -> None:
    recorded = read(log("replacement-chain.events.jsonl"))
    subnet = next(step for step in recorded.steps if step.op == "replace" and step.type.endswith(":Subnet"))
    assert subnet.diff == {"cidrBlock": "update-replace", "vpcId": "update-replace"}
    assert value(subnet.new["vpcId"]) == LATER
    assert subnet.old["vpcId"] == one(recorded, "vpc", "replace").id
    assert sum(step.kind is Op.REPLACE for step in recorded.steps) == 7


def test_an_error_of_the_program_is_the_one_problem() -> None:
    for form in ("events.jsonl", "digest.json"):
        recorded = read(log(f"program-error.{form}"))
        assert recorded.problems == ("'zones' (KeyError at /program/tests/preview/programs.py, line 45)",)
        assert changed(recorded) == {}


def test_a_check_that_a_provider_refuses_names_resource_and_property_and_not_the_value() -> None:
    recorded = read(log("check-failure.events.jsonl"))
    (problem,) = recorded.problems
    assert problem.startswith("jobs (aws:cloudwatch/logGroup:LogGroup): retentionInDays: 31 is not one of 0, 1, 3")
    assert changed(recorded) == {("web", "LogGroup"): "update"}


def test_a_protected_bucket_is_not_deleted_and_the_engines_way_around_review_is_not_advised() -> None:
    recorded = read(log("protected-deletion.events.jsonl"))
    assert recorded.problems == ("reports (aws:s3/bucket:Bucket): it would be deleted, and it is protected: the engine refuses",)
    assert one(recorded, "reports").protect
    assert one(recorded, "reports").kind is Op.DELETE


def test_a_protection_that_goes_is_a_change_though_the_engine_says_same() -> None:
    for form in ("events.jsonl", "digest.json"):
        found = one(read(log(f"protection-lifted.{form}")), "reports")
        assert (found.op, found.protects, found.kind) == ("same", False, Op.UPDATE)


def test_an_import_is_two_steps_where_it_is_changed_too() -> None:
    recorded = read(log("import.events.jsonl"))
    assert [step.op for step in recorded.steps if step.name == "invoices"] == ["import", "update"]
    assert one(recorded, "invoices", "import").new["bucket"] == IMPORTED


def test_what_a_refresh_found_is_a_note_and_no_change() -> None:
    recorded = read(log("refresh.events.jsonl"))
    assert recorded.notes == (
        "drift: gone (aws:cloudwatch/logGroup:LogGroup) is not there any more, though the state has it",
        "drift: web (aws:cloudwatch/logGroup:LogGroup) is not as the state has it: retentionInDays",
    )
    assert changed(recorded) == {("web", "LogGroup"): "update", ("gone", "LogGroup"): "create"}


@pytest.mark.parametrize("form", ["events", "digest"])
def test_what_an_older_cli_says_of_a_refresh_is_no_change_either(form: str, tmp_path: Path) -> None:
    """It writes `update` and `delete` where `refresh` was begun."""
    state = {"urn": BUCKET, "type": "aws:s3/bucket:Bucket", "custom": True, "inputs": {"a": 1}, "outputs": {}}
    if form == "events":
        found: list[dict[str, Any]] = [event(op="update", old=state, new=state, detailedDiff={"a": {"diffKind": "update"}}), end()]
        file = written(tmp_path / "log", [{"resourcePreEvent": {**event(op="refresh", old=state)["resOutputsEvent"]}}, *found])
    else:
        stack = {"op": "refresh", "urn": "urn:pulumi:dev::example::pulumi:pulumi:Stack::example-dev"}
        drift = {"op": "update", "urn": BUCKET, "oldState": state, "newState": state, "detailedDiff": {"a": {"kind": "update"}}}
        file = tmp_path / "log"
        file.write_text(json.dumps({"steps": [stack, drift, {"op": "same", "urn": BUCKET, "oldState": state, "newState": state}]}))
    recorded = read(file)
    assert changed(recorded) == {}
    assert "drift: one (aws:s3/bucket:Bucket) is not as the state has it: a" in recorded.notes


def test_findings_of_policies_come_mandatory_ones_first_and_are_no_problem() -> None:
    recorded = read(log("policy-violations.events.jsonl"))
    assert [(found.policy, found.mandatory, found.name) for found in recorded.findings] == [
        ("log-retention", True, "web"),
        ("few-log-groups", False, "example-dev"),
        ("owner-tag", False, "jobs"),
        ("owner-tag", False, "web"),
    ]
    assert recorded.findings[0].message == "Logs are kept.\nlogs are kept for less than 7 days"
    assert recorded.problems == ()


def test_a_digest_that_failed_by_a_policy_says_that_it_leaves_policies_out() -> None:
    (problem,) = read(log("policy-violations.digest.json")).problems
    assert "leaves out what policies found" in problem


def test_a_violation_that_was_accepted_is_advisory(tmp_path: Path) -> None:
    finding = {"policyName": "tags", "enforcementLevel": "mandatory", "message": "no owner", "resourceUrn": BUCKET}
    found = [{"policyEvent": {**finding, "exceptions": [{"id": "EXC-42", "reason": "moves out"}]}}, end()]
    (told,) = read(written(tmp_path / "log", found)).findings
    assert (told.mandatory, told.message) == (False, "no owner (accepted: EXC-42: moves out)")


@pytest.mark.parametrize("file", sorted(RECORDED.glob("*.json*")), ids=lambda file: file.name)
def test_no_secret_of_any_recorded_log_comes_through(file: Path) -> None:
    assert [secret for secret in SECRETS if secret in repr(read(file))] == []


def test_a_secret_that_a_log_gives_away_is_masked_wherever_it_stands() -> None:
    recorded = read(log("show-secrets"))
    found = one(recorded, "db")
    assert (found.old["password"], found.new["password"], found.outputs["password"]) == (MASK, MASK, MASK)
    assert found.was["url"] == f"postgres://admin:{MASK}@db-1.example.com/"
    assert found.was["endpoint"] == "db-1.example.com"
    assert recorded.notes == (
        "the log holds secrets in plain text: they are masked here; delete it, and change them if others could read it",
        *recorded.notes[1:],
    )
    assert recorded.notes[1] == f"warning: db: connecting with {MASK} will be refused"
    assert recorded.problems == (f"db (aws:rds/instance:Instance): password: {MASK} is too simple",)
    assert recorded.findings[0].message == f"No passwords.\nfound {MASK} in the inputs"


def test_outputs_that_a_program_called_secret_are_masked() -> None:
    assert one(read(log("foreign")), "admin").was == {"length": 16, "result": MASK, "bcryptHash": MASK}


def test_a_secret_output_is_masked_however_short_it_is(tmp_path: Path) -> None:
    state = {"custom": True, "inputs": {"pin": 1234}, "outputs": {"pin": 1234, "code": "abc"}, "additionalSecretOutputs": ["pin", "code"]}
    found = one(read(written(tmp_path / "log", [event(op="create", new=state), end()])), "one")
    assert (found.new, found.outputs) == ({"pin": MASK}, {"pin": MASK, "code": MASK})


def test_a_secret_is_masked_in_the_copy_that_a_provider_makes_of_a_tag() -> None:
    """And nothing else is: that the tag is there can be seen."""
    found = one(read(log("secrets.events.jsonl")), "audit")
    assert found.new["tagsAll"] == found.old["tagsAll"] == {"token": MASK}


@pytest.mark.parametrize(
    ("written_as", "shown"),
    [
        ({MARK[0]: MARK[1], "ciphertext": "AAAA"}, MASK),
        ({MARK[0]: MARK[1], "value": "in the clear"}, MASK),
        ({MARK[0]: "d0e6a833031e9bbcd3f4e8bde6ca49a4", "secret": True, "value": "in the clear"}, MASK),
        ({MARK[0]: "d0e6a833031e9bbcd3f4e8bde6ca49a4", "dependencies": []}, LATER),
        ({MARK[0]: "d0e6a833031e9bbcd3f4e8bde6ca49a4", "value": "known"}, '"known"'),
        ({MARK[0]: "5cf8f73096256a8f31e491e813e4eb8e", "urn": BUCKET, "id": "b-1"}, '"b-1"'),
        ("output<string>", LATER),
        ("computed<map[string]any>", LATER),
        ("04da6b54-80e4-46f7-96ec-b56ff0331ba9", LATER),
        ("e48ece36-62e2-4504-bad9-02848725956a", LATER),
        ("output of the build", '"output of the build"'),
    ],
)
def test_whatever_marks_a_secret_or_an_unknown_is_understood(written_as: Any, shown: str, tmp_path: Path) -> None:
    found = event(op="create", new={"custom": True, "inputs": {"it": written_as}, "outputs": {}})
    recorded = read(written(tmp_path / "log", [found, end()]))
    assert value(one(recorded, "one").new["it"]) == shown
    assert "in the clear" not in repr(recorded)


def test_what_newer_versions_say_is_a_note_and_what_is_known_counts() -> None:
    recorded = read(log("newer"))
    assert changed(recorded) == {("two", "Bucket"): "update"}
    unknown, newer = " is not known to this version of Commonground and ", ": a newer Pulumi wrote the log"
    assert [note.removesuffix(newer).split(unknown) for note in recorded.notes] == [
        ["the enforcement level `stern`", "is taken for mandatory"],
        ["the event `resourceHookEvent`", "is left out"],
        ["the field `epoch` of a resource (4 times)", "is left out"],
        ["the field `fate` of a step (2 times)", "is left out"],
        ["the operation `adopt` (2 times)", "does not count"],
    ]
    assert recorded.findings[0].mandatory


def test_a_program_that_has_nothing_of_ours_is_read() -> None:
    recorded = read(log("foreign"))
    assert recorded.stack == "prod"
    assert changed(recorded) == {
        ("main", "DatabaseInstance"): "replace",
        ("admin", "RandomPassword"): "replace",
        ("assets", "StorageAccount"): "update",
        ("build", "Command"): "create",
        ("hook", "Resource"): "delete",
    }
    assert one(recorded, "main").parent == "urn:pulumi:prod::website::my:web:Site::site"
    assert "warning: assets: allowBlobPublicAccess is deprecated" in recorded.notes


def test_a_log_that_is_cut_off_in_a_line_tells_what_it_had_and_where_it_ends(tmp_path: Path) -> None:
    recorded = read(cut(tmp_path))
    (problem,) = recorded.problems
    assert problem.startswith("the log is cut off in line ")
    assert ("vpc", "Vpc") in changed(recorded)
    assert ("default", "Route") not in changed(recorded)


def test_a_log_that_is_cut_off_between_lines_is_not_taken_for_a_whole_one(tmp_path: Path) -> None:
    recorded = read(written(tmp_path / "log", events("replacement-chain")[:-2]))
    assert recorded.problems == ("the log ends before the preview did: what came after is not in this report",)


def test_a_log_may_be_cut_off_in_a_character(tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.write_bytes(log("first-preview.events.jsonl").read_bytes().splitlines(keepends=True)[0] + '{"sequence":1,"ü'.encode()[:-1])
    assert "cut off in line 2" in read(file).problems[0]


def test_a_cancelled_preview_says_so(tmp_path: Path) -> None:
    recorded = read(cancelled(tmp_path))
    assert recorded.problems == ("the preview was cancelled: what came after is not in this report",)


def test_a_failure_without_a_reason_is_a_problem_all_the_same(tmp_path: Path) -> None:
    assert read(written(tmp_path / "log", [end(result="failed")])).problems == ("the preview failed, and the log does not say why",)


def test_what_a_summary_counts_and_a_log_lacks_is_noticed(tmp_path: Path) -> None:
    found = [line for line in events("replacement-chain") if "Subnet" not in json.dumps(line)]
    assert "the log counts 7 resources to replace and names 5: the others are not in this report" in read(written(tmp_path / "log", found)).notes


def test_parents_may_come_after_their_children(tmp_path: Path) -> None:
    whole = events("first-preview")
    done = [line for line in whole if "resOutputsEvent" in line]
    backwards = sorted(done[::-1], key=lambda line: "pulumi:pulumi:Stack::" in line["resOutputsEvent"]["metadata"]["urn"])
    assert read(written(tmp_path / "log", [*backwards[:-2], *done[:1], done[-1], *whole[-2:]])) == read(log("first-preview.events.jsonl"))


def test_a_log_of_an_update_says_that_it_is_none_of_a_preview(tmp_path: Path) -> None:
    """Also where its end is missing."""
    done = event(op="create", new={"custom": True, "inputs": {}, "outputs": {}})["resOutputsEvent"]
    for found in ([end(isPreview=False)], [{"resOutputsEvent": {"metadata": done["metadata"]}}]):
        assert read(written(tmp_path / "log", found)).notes == ("the log is of an update, not of a preview: what it says was done",)


@pytest.mark.parametrize(
    ("before", "after", "problems"),
    [
        ("warning: a new version of Pulumi is available\n", "", ()),
        ("Please choose a stack: dev\n\n", "error: preview failed\n", (NO_REASON_IN_DIGEST,)),
        ("", "error: no backend\n", ("no backend",)),
    ],
)
def test_what_the_cli_says_beside_its_digest_does_not_disturb(before: str, after: str, problems: tuple[str, ...], tmp_path: Path) -> None:
    digest = log("import.digest.json")
    file = tmp_path / "log"
    file.write_text(before + digest.read_text() + after)
    recorded = read(file)
    assert changed(recorded) == changed(read(digest))
    assert recorded.problems == problems


def test_without_a_detailed_diff_the_keys_that_differ_are_told(tmp_path: Path) -> None:
    """As of a provider that gives none."""
    state = {"custom": True, "inputs": {"a": 1, "b": 1}, "outputs": {}}
    found = event(op="replace", old=state, new=state, keys=["b"], diffs=["a", "b"], detailedDiff=None)
    assert one(read(written(tmp_path / "log", [found, end()])), "one").diff == {"a": "update", "b": "update-replace"}


def test_what_comes_after_the_end_is_another_run(tmp_path: Path) -> None:
    """As where two logs were put into one file."""
    recorded = read(written(tmp_path / "log", [*events("rename"), *events("workload")]))
    assert recorded.steps == read(log("rename")).steps
    assert recorded.notes == ("the log goes on with another run, which was left out",)


def test_what_is_said_in_passing_and_by_policies_that_are_off_is_left_out(tmp_path: Path) -> None:
    passing = {"diagnosticEvent": {"severity": "error", "message": "retrying", "ephemeral": True}}
    off = {"policyEvent": {"policyName": "tags", "enforcementLevel": "disabled", "message": "no owner"}}
    debug = {"diagnosticEvent": {"severity": "debug", "message": "registering resource", "prefix": "debug: "}}
    assert read(written(tmp_path / "log", [passing, off, debug, end()])) == Recorded((), (), (), "", ())


@pytest.mark.parametrize("name", ["import.digest.json", "rename.events.jsonl"])
def test_a_log_that_powershell_wrote_is_read(name: str, tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.write_text(log(name).read_text("utf-8"), "utf-16")
    assert read(file) == read(log(name))


def test_a_digest_in_one_line_and_events_in_a_list_are_read(tmp_path: Path) -> None:
    (tmp_path / "digest").write_text(json.dumps(json.loads(log("import.digest.json").read_text())))
    (tmp_path / "list").write_text(json.dumps(events("import"), indent=1))
    (tmp_path / "batch").write_text(json.dumps({"events": events("import"), "continuationToken": None}))
    assert read(tmp_path / "digest") == read(log("import.digest.json"))
    assert read(tmp_path / "list") == read(tmp_path / "batch") == read(log("import.events.jsonl"))


def test_a_log_of_fifty_thousand_events_is_read(tmp_path: Path) -> None:
    file = tmp_path / "log"
    with file.open("w") as out:
        for number in range(50_000):
            out.write(json.dumps(event(op="create", urn=f"{BUCKET}-{number}", new={"custom": True, "inputs": {"size": number}, "outputs": {}})) + "\n")
        out.write(json.dumps(end()) + "\n")
    recorded = read(file)
    assert len(recorded.steps) == 50_000
    assert recorded.problems == ()


@pytest.mark.engine
def test_the_cli_still_writes_what_was_recorded(tmp_path: Path) -> None:
    """Else record them again: `python -m tests.preview.record`."""
    subprocess.run([sys.executable, "-m", "tests.preview.record", "--into", str(tmp_path), "workload"], cwd=RECORDED.parents[2], env=ENVIRONMENT, check=True)
    (now,) = tmp_path.glob("workload*")

    def said(recorded: Recorded) -> list[Step]:
        return [step for step in recorded.steps if step.changes]

    assert said(read(now)) == said(read(log("workload")))
    assert event_fields(now) == event_fields(log("workload"))


def event_fields(file: Path) -> set[str]:
    """All keys of all events."""
    return set(re.findall(r'"(\w+)":', file.read_text("utf-8")))
