"""What a user can rely on of encryption keys."""

import pytest
from tests.components.parts import ACCOUNT, PROTECTED, UNPROTECTED, statements
from tests.components.stage import stage

from commonground.iam import Principals, Statement
from commonground.keys import Key
from commonground.settings.base import Protection

KEY = "aws:kms/key:Key"


def program(protection: Protection = PROTECTED, *extra: Statement) -> Key:
    return Key("storage-key", purpose="Objects", account=ACCOUNT, protection=protection, statements=extra)


def test_a_key_rotates_and_says_what_it_is_for(deploy):
    key = deploy(program).one(KEY)
    assert key["enableKeyRotation"] is True
    assert key["description"] == "Objects"


def test_a_key_has_an_alias(deploy):
    assert deploy(program).one("aws:kms/alias:Alias")["targetKeyId"] == "storage-key-id"


def test_the_account_decides_and_nobody_else(deploy):
    found = statements(deploy(program).one(KEY)["policy"])
    assert {sid: statement["Principal"] for sid, statement in found.items()} == {"AccountDecides": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}


def test_a_service_may_use_it_when_a_statement_says_so(deploy):
    logs = Statement("EncryptLogs", ("kms:Encrypt",), principals=Principals.service("logs.eu-central-1.amazonaws.com"))
    found = statements(deploy(lambda: program(PROTECTED, logs)).one(KEY)["policy"])
    assert found["EncryptLogs"]["Principal"] == {"Service": "logs.eu-central-1.amazonaws.com"}
    assert "AccountDecides" in found


@pytest.mark.parametrize(
    ("protection", "days", "protected"),
    [(PROTECTED, 30, True), (UNPROTECTED, 7, False), (Protection(on=True, unprotected=("storage-key",)), 7, False)],
)
def test_a_protected_key_can_be_brought_back_for_a_month_and_another_for_a_week(protection, days, protected):
    made = stage(lambda: program(protection))
    assert made.one(KEY).inputs["deletionWindowInDays"] == days
    assert made.one(KEY).protected is protected
