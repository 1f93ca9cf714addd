"""Traps of KMS, and what one life a type does not show."""

import json
from typing import Any

import pytest

from commonground.local.providers.aws.api import Api
from commonground.local.providers.values import UNKNOWN
from tests.local.providers.aws.conftest import Engine
from tests.local.providers.aws.planning import planned
from tests.local.providers.aws.refusals import change, refusals

ALIAS = "aws:kms/alias:Alias"
KEY = "aws:kms/key:Key"
ROOT = {"AWS": "arn:aws:iam::123456789012:root"}
ARN = "arn:aws:kms:eu-central-1:123456789012:key/"


def policy(principal: Any, action: Any, effect: str = "Allow") -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": effect, "Principal": principal, "Action": action, "Resource": "*"}]})


@pytest.mark.parametrize("action", ["kms:*", "kms:Put*", ["kms:Decrypt", "kms:PutKeyPolicy"], "*", "KMS:putkeypolicy"])
def test_a_policy_that_can_be_changed_again_is_taken(action: Any) -> None:
    assert refusals(KEY, {"policy": policy(ROOT, action)}) == []


@pytest.mark.parametrize(
    "text",
    [
        policy(ROOT, ["kms:Encrypt", "kms:Decrypt"]),
        policy({"Service": "logs.eu-central-1.amazonaws.com"}, "kms:*"),
        policy(ROOT, "kms:*", "Deny"),
    ],
)
def test_a_policy_that_locks_the_account_out_is_refused_unless_it_is_meant(text: str) -> None:
    (found,) = refusals(KEY, {"policy": text})
    assert found.startswith("policy: lets nobody of the account change it again")
    assert refusals(KEY, {"policy": text, "bypassPolicyLockoutSafetyCheck": True}) == []


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        ({"rotationPeriodInDays": 180}, "rotationPeriodInDays: needs enableKeyRotation"),
        ({"rotationPeriodInDays": 30, "enableKeyRotation": True}, "rotationPeriodInDays: is 30, expected at least 90"),
        ({"deletionWindowInDays": 5}, "deletionWindowInDays: is 5, expected 7 to 30"),
        ({"deletionWindowInDays": 31}, "deletionWindowInDays: is 31, expected 7 to 30"),
        ({"customerMasterKeySpec": "RSA_2048", "keyUsage": "SIGN_VERIFY", "enableKeyRotation": True}, "enableKeyRotation: is for SYMMETRIC_DEFAULT"),
        ({"keyUsage": "SIGN_VERIFY"}, "keyUsage: SIGN_VERIFY needs another customerMasterKeySpec"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(inputs: dict[str, Any], reason: str) -> None:
    (found,) = refusals(KEY, inputs)
    assert found.startswith(reason)


def test_what_is_not_known_yet_is_not_wrong() -> None:
    assert refusals(KEY, {"policy": UNKNOWN, "rotationPeriodInDays": 180, "enableKeyRotation": UNKNOWN}) == []


def test_rotation_and_state_follow_the_program(engine: Engine) -> None:
    client = engine.client("kms")
    made = engine.create(KEY, {"enableKeyRotation": True, "rotationPeriodInDays": 180, "isEnabled": True})
    assert client.get_key_rotation_status(KeyId=made.id)["RotationPeriodInDays"] == 180
    engine.update(made, {"enableKeyRotation": True, "rotationPeriodInDays": 365, "isEnabled": False})
    assert client.describe_key(KeyId=made.id)["KeyMetadata"]["KeyState"] == "Disabled"
    assert made.outputs["rotationPeriodInDays"] == 365
    engine.update(made, {"isEnabled": True})
    assert client.get_key_rotation_status(KeyId=made.id)["KeyRotationEnabled"] is False


def test_a_key_that_signs_is_made_without_asking_for_its_rotation(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS refuses the question for such a key (UnsupportedOperationException)."""
    asked, call = [], Api.call

    def noted(api: Api, operation: str, **parameters: Any) -> dict[str, Any]:
        asked.append(operation)
        return call(api, operation, **parameters)

    monkeypatch.setattr(Api, "call", noted)
    made = engine.create(KEY, {"customerMasterKeySpec": "ECC_NIST_P256", "keyUsage": "SIGN_VERIFY"})
    assert "CreateKey" in asked
    assert not [operation for operation in asked if "Rotation" in operation]
    assert made.outputs["customerMasterKeySpec"] == "ECC_NIST_P256"
    assert made.outputs["enableKeyRotation"] is False


def test_two_keys_with_the_same_tags_are_not_confused(engine: Engine) -> None:
    made = [engine.create(KEY, {"tags": {"twin": "yes"}}) for _ in range(2)]
    assert engine.stand_in.find(made[0].subject, made[0].inputs) is None


def test_an_alias_moves_to_another_key_in_place(engine: Engine) -> None:
    one, other = engine.create(KEY, {}), engine.create(KEY, {})
    made = engine.create(ALIAS, {"name": "alias/moving", "targetKeyId": one.id})
    moved = {"name": "alias/moving", "targetKeyId": other.outputs["arn"]}
    assert not engine.diff(made, moved).replaces
    outputs = engine.update(made, moved)
    assert outputs["targetKeyArn"] == other.outputs["arn"]
    assert outputs["targetKeyId"] == other.outputs["arn"], "as the program spells it"
    assert engine.client("kms").describe_key(KeyId="alias/moving")["KeyMetadata"]["KeyId"] == other.id


def test_a_keys_arn_and_its_id_are_the_same_target() -> None:
    one, other = {"name": "alias/a", "targetKeyId": "1234"}, {"name": "alias/a", "targetKeyId": f"{ARN}1234"}
    assert change(ALIAS, one, other) == (set(), set())
    assert change(ALIAS, one, {**other, "targetKeyId": f"{ARN}5678"})[0] == {"targetKeyId"}


@pytest.mark.parametrize("name", ["shop", "alias/aws/s3", "alias/a b"])
def test_an_aliass_name_that_kms_refuses_is_refused(name: str) -> None:
    (found,) = refusals(ALIAS, {"name": name, "targetKeyId": "1234"})
    assert found.startswith("name: ")


def test_names_are_drawn_with_what_they_begin_with() -> None:
    id_, outputs = planned(ALIAS, {"targetKeyId": f"{ARN}1234"}, "shop")
    assert id_ == outputs["name"]
    assert id_.startswith("alias/shop-")
    assert outputs["arn"] == f"arn:aws:kms:eu-central-1:123456789012:{id_}"
    assert outputs["targetKeyArn"] == f"{ARN}1234"


def test_a_key_that_is_planned_says_what_kms_would_fill_in() -> None:
    id_, outputs = planned(KEY, {"enableKeyRotation": True})
    assert outputs["arn"] == f"{ARN}{id_}"
    assert outputs["rotationPeriodInDays"] == 365
    assert json.loads(outputs["policy"])["Statement"][0]["Principal"] == ROOT
