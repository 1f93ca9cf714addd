# mypy: allow-subclassing-any
"""KMS: key policies are read, rotation periods are kept, keys that await deletion are left alone."""

import fnmatch
from datetime import timedelta
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.kms import urls
from moto.kms.models import Key, kms_backends
from moto.kms.responses import KmsResponse

from .iam import unknown_roles
from .support import Refusal, listed, policy_statements, principals, refuse, take_over

# KMS API reference, EnableKeyRotation.
ROTATION_DAYS = range(90, 2561)
DEFAULT_ROTATION_DAYS = 365

# What a key that awaits deletion refuses (KMS developer guide, "Key states of AWS KMS keys").
NEEDS_LIVING_KEY = frozenset(
    {"CreateAlias", "DisableKey", "DisableKeyRotation", "EnableKey", "EnableKeyRotation", "ScheduleKeyDeletion", "TagResource", "UntagResource"}
)


class Responder(KmsResponse):
    """KMS with every correction."""

    def call_action(self) -> Any:
        """Refuses changes of a key that awaits deletion."""
        if self._get_action() in NEEDS_LIVING_KEY:
            key = self._key(self._get_param("KeyId") or self._get_param("TargetKeyId"))
            if key is not None and key.key_state == "PendingDeletion":
                return self.serialized(ActionResult(Refusal("KMSInvalidStateException", f"{key.arn} is pending deletion.")))
        return super().call_action()

    def create_key(self) -> Any:
        """Refuses a policy that locks its maker out; says usage and region kind, which moto leaves empty."""
        if policy := self._get_param("Policy"):
            self._refuse_policy(policy)
        known = set(self.kms_backend.keys)
        super().create_key()
        (key,) = (key for name, key in self.kms_backend.keys.items() if name not in known)
        key.key_usage, key.multi_region = key.key_usage or "ENCRYPT_DECRYPT", bool(key.multi_region)
        return ActionResult(key.to_dict())

    def put_key_policy(self) -> Any:
        """Refuses a policy that locks its maker out."""
        self._refuse_policy(self._get_param("Policy"))
        return super().put_key_policy()

    def enable_key_rotation(self) -> Any:
        """Keeps the period."""
        days = self._get_param("RotationPeriodInDays")
        if days is not None and days not in ROTATION_DAYS:
            refuse("ValidationException", f"Value '{days}' at 'rotationPeriodInDays' failed to satisfy constraint: Member must be between 90 and 2560")
        answer = super().enable_key_rotation()
        key = self._key(self._get_param("KeyId"))
        if key is not None:
            key.rotation_days = days or getattr(key, "rotation_days", DEFAULT_ROTATION_DAYS)
        return answer

    def get_key_rotation_status(self) -> Any:
        """With the period, which moto forgets."""
        super().get_key_rotation_status()
        key = self.kms_backend.keys[self.kms_backend.get_key_id(self._get_param("KeyId"))]
        status: dict[str, Any] = {"KeyId": key.id, "KeyRotationEnabled": key.key_rotation_status}
        if key.key_rotation_status:
            days = getattr(key, "rotation_days", DEFAULT_ROTATION_DAYS)
            status |= {"RotationPeriodInDays": days, "NextRotationDate": utcnow() + timedelta(days=days)}
        return ActionResult(status)

    def _key(self, name: str | None) -> Any | None:
        return self.kms_backend.keys.get(self.kms_backend.get_key_id(name)) if name else None

    def _refuse_policy(self, text: str) -> None:
        statements = policy_statements(text)
        if not statements:
            refuse("MalformedPolicyDocumentException", "The new key policy is not a valid policy document.")
        if unknown := unknown_roles(statements, self.current_account, self.partition):
            refuse("MalformedPolicyDocumentException", f"Policy contains a statement with one or more invalid principals: {', '.join(unknown)}")
        if not self._get_param("BypassPolicyLockoutSafetyCheck") and not any(self._lets_change_policy(statement) for statement in statements):
            refuse("MalformedPolicyDocumentException", "The new key policy will not allow you to update the key policy in the future.")

    def _lets_change_policy(self, statement: dict[str, Any]) -> bool:
        """Whether the account, or someone in it, may put another policy (KMS developer guide, "Allow access to the AWS account")."""
        someone = any(name in ("*", self.current_account) or f"::{self.current_account}:" in name for name in principals(statement, "AWS"))
        return statement["Effect"] == "Allow" and someone and covers(statement, "kms:PutKeyPolicy")


def covers(statement: dict[str, Any], action: str) -> bool:
    """Whether a statement's actions name an action, wildcards included. Actions are compared without case."""
    return any(fnmatch.fnmatchcase(action.lower(), pattern.lower()) for pattern in listed(statement.get("Action")))


def usable_key(arn: str) -> Key | None:
    """The enabled key of an ARN (or of an alias's ARN), in whatever account and region it is."""
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[2] != "kms":
        return None
    backend = kms_backends[parts[4]][parts[3]]
    key = backend.keys.get(backend.get_key_id(arn) if parts[5].startswith("key/") else backend.get_key_id_from_alias(arn))
    return key if key is not None and key.key_state == "Enabled" else None


def install() -> None:
    """Takes the place of moto's KMS."""
    take_over(urls, Responder)
