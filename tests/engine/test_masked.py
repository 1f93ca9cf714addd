"""Known secrets, over everything that a run writes: reports, logs, state, what bases keep. None of them is found."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.engine.conftest import Checkout

from commonground.cli.preview import Format

pytestmark = pytest.mark.engine

OLD, NEW = "hunter2-old-0451", "hunter2-new-1984"
PROGRAM = """\
import json
from pathlib import Path

import pulumi

value = (Path(__file__).parent / "secret").read_text()
hidden = pulumi.Output.secret(value)
provider = pulumi.ProviderResource("aws", "aws", {})
inside = pulumi.ResourceOptions(provider=provider)
properties = {
    "size": 1,
    "secret": hidden,
    "password": hidden.apply(lambda found: f"postgres://shop:{found}@db"),
    "note": pulumi.Output.json_dumps({"token": hidden}),
    "whole": pulumi.Output.secret({"deep": [{"key": value}]}),
    "listed": [pulumi.Output.secret(value), "plain"],
}
pulumi.CustomResource("aws:test/thing:Thing", "one", properties, inside)
pulumi.export("password", hidden)
pulumi.export("nested", {"deep": [hidden]})
pulumi.log.info("started")
"""


@pytest.fixture
def secretive(checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    monkeypatch.setattr("commonground.engine.base.store.cache", lambda: tmp_path / "cache")
    checkout.describe({})
    (checkout.root / "stacks" / "__main__.py").write_text(PROGRAM)
    (checkout.root / "stacks" / "secret").write_text(OLD)
    return checkout


def written(*folders: Path) -> Iterator[Path]:
    for folder in folders:
        yield from (file for file in folder.rglob("*") if file.is_file())


def test_no_report_log_or_state_has_one_of_them(secretive: Checkout, tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    reports.mkdir()
    forms = [argument for form in Format for argument in ("--report", f"{form}={reports / form}")]
    told = [secretive.run("up", "local"), secretive.run("outputs", "local"), secretive.run("outputs", "local", "--json")]
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com"]
    subprocess.run([*git, "add", "-A"], cwd=secretive.root, check=True)
    subprocess.run([*git, "commit", "-qm", "secret"], cwd=secretive.root, check=True)
    (secretive.root / "stacks" / "secret").write_text(NEW)
    for arguments in (["local", *forms], ["dev", "--offline", *forms], ["dev", "--base=HEAD", *forms], ["local", "--debug", *forms]):
        told.append(secretive.run("preview", *arguments))
        assert told[-1].code == 0, told[-1].err
        assert "[secret]" in (reports / Format.JSON).read_text()
        kept = reports / str(len(told))
        kept.mkdir()
        for form in Format:
            (reports / form).rename(kept / form)
    told.append(secretive.run("up", "local"))
    assert told[-1].code == 0, told[-1].err
    # The cloud itself has the values: it is where they belong.
    assert any(OLD.encode() in file.read_bytes() or NEW.encode() in file.read_bytes() for file in written(secretive.cloud.folder))
    assert not [(one.out, one.err) for one in told if "hunter2" in one.out + one.err]
    found = list(written(secretive.root / ".commonground", reports, tmp_path / "cache"))
    assert len(found) > 20
    assert not [file for file in found if b"hunter2" in file.read_bytes()]


def test_a_log_that_was_recorded_with_its_secrets_shown_is_masked_too(secretive: Checkout, tmp_path: Path) -> None:
    digest = {
        "steps": [
            {
                "op": "create",
                "urn": "urn:pulumi:dev::proof::aws:s3/bucket:Bucket::one",
                "newState": {
                    "urn": "urn:pulumi:dev::proof::aws:s3/bucket:Bucket::one",
                    "custom": True,
                    "type": "aws:s3/bucket:Bucket",
                    "inputs": {"tags": {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": json.dumps(NEW)}},
                },
            }
        ],
        "changeSummary": {"create": 1},
    }
    log = tmp_path / "digest.json"
    log.write_text(json.dumps(digest))
    for form in Format:
        told = secretive.run("preview", "dev", "--events", str(log), "--report", form)
        assert told.code == 0, told.err
        assert "one" in told.out
        assert "hunter2" not in told.out + told.err
