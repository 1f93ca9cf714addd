"""Previews with no account, no credentials and no network: complete, repeatable, and without a trace in the checkout."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.foundation.checkout import Checkout, Result
from tests.foundation.conftest import Checkouts

pytestmark = pytest.mark.engine

ENVIRONMENTS = ("local", "dev", "staging", "prod")
# A network namespace of its own, in which nothing but loopback is brought up (netdevice(7): SIOCSIFFLAGS; 0x41: up and running).
LOOPBACK_ONLY = """
import fcntl, os, socket, struct, sys
fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sH14x", b"lo", 0x41))
os.execvp(sys.argv[1], sys.argv[1:])
"""
WRAPPER = ("unshare", "--map-root-user", "--net", sys.executable, "-c", LOOPBACK_ONLY)
ENCRYPTION = "secretsprovider: awskms://alias/commonground?region=eu-central-1\nencryptedkey: AQICAHhmadeup\n"
SECRET = "config:\n  alerts:token:\n    secure: v1:abcdefgh:madeup # a comment that stays\n"
PLANTED = """

wrong = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "wrong"}, "provisioner": "ebs.csi.aws.com", "reclaimPolice": "Delete"}
pulumi.CustomResource("kubernetes:storage.k8s.io/v1:StorageClass", "planted", wrong, pulumi.ResourceOptions(provider=foundation.cluster.kubernetes))
"""


@dataclass(frozen=True)
class Previews:
    """The same previews in two checkouts; the second one's stack files are encrypted by a key of AWS', and each of its previews was verified."""

    plain: Checkout
    first: Result
    encrypted: Checkout
    second: Result


@pytest.fixture(scope="module")
def wrapper() -> tuple[str, ...]:
    """What a command runs in: a network namespace where the system lets us make one."""
    try:
        alone = subprocess.run([*WRAPPER, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        alone = False
    return WRAPPER if alone else ()


@pytest.fixture(scope="module")
def previews(checkouts: Checkouts, wrapper: tuple[str, ...]) -> Iterator[Previews]:
    """All four environments, twice."""
    with checkouts("plain") as plain, checkouts("encrypted") as encrypted:
        for name in ENVIRONMENTS:
            encrypted.edit(f"Pulumi.{name}.yaml", "config:\n", ENCRYPTION + SECRET)
        encrypted.commit()
        first = plain.run("preview", *ENVIRONMENTS, "--offline", wrapper=wrapper)
        yield Previews(plain, first, encrypted, encrypted.run("preview", *ENVIRONMENTS, "--offline", "--verify", wrapper=wrapper))


def test_every_environment_previews_offline(previews: Previews) -> None:
    assert previews.first.code == 0, previews.first.err
    for name in ENVIRONMENTS:
        note, summary = [line for line in previews.first.out.splitlines() if line.startswith(f"{name}: ")]
        assert "against nothing" in note
        assert "to create" in summary
    assert previews.first.out.count("gp3 (kubernetes:storage.k8s.io/v1:StorageClass)") == len(ENVIRONMENTS)
    assert "Traceback" not in previews.first.err


def test_a_preview_of_what_was_planned_changes_nothing(previews: Previews) -> None:
    assert previews.second.code == 0, previews.second.err


def test_reports_are_the_same_bytes_in_any_checkout(previews: Previews) -> None:
    assert previews.first.out == previews.second.out


def test_they_run_where_there_is_only_loopback(previews: Previews, wrapper: tuple[str, ...]) -> None:
    if not wrapper:
        pytest.skip("this system lets nobody without privileges make a network namespace; the previews ran outside of one")
    reached = "import socket; socket.create_connection(('192.0.2.1', 9), timeout=5)"
    refused = subprocess.run([*wrapper, sys.executable, "-c", reached], capture_output=True, text=True, check=False)
    assert "Network is unreachable" in refused.stderr
    assert (previews.first.code, previews.second.code) == (0, 0)


def test_previews_leave_the_checkout_as_it_was_with_a_key_service_and_secrets_too(previews: Previews) -> None:
    for checkout in (previews.plain, previews.encrypted):
        assert checkout.git("status", "--porcelain", "--ignored") == ""
    kept = (previews.encrypted.stack / "Pulumi.prod.yaml").read_text("utf-8")
    assert ENCRYPTION in kept and SECRET in kept
    assert "madeup" not in previews.second.out + previews.second.err


def test_a_wrong_storage_class_is_refused_with_its_field(checkouts: Checkouts) -> None:
    with checkouts("planted") as checkout:
        program = checkout.stack / "__main__.py"
        program.write_text(program.read_text("utf-8") + PLANTED, "utf-8")
        refused = checkout.run("preview", "dev", "--offline")
    assert refused.code == 1
    (told,) = [line.strip() for line in refused.err.splitlines() if line.startswith("  ")]
    assert told.startswith("planted (kubernetes:storage.k8s.io/v1:StorageClass): ")
    assert "'reclaimPolice' was unexpected" in told
    assert refused.out == ""
