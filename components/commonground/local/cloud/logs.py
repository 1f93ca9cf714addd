# mypy: allow-subclassing-any
"""CloudWatch Logs: encryption of log groups, their class, and the retentions that there are."""

import fnmatch
import json
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.logs import urls
from moto.logs.responses import LogsResponse

from .kms import covers, usable_key
from .support import listed, policy_statements, principals, refuse, take_over

# Logs API reference, PutRetentionPolicy.
RETENTION_DAYS = frozenset({1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653})
DEFAULT_CLASS = "STANDARD"
CONTEXT = "kms:EncryptionContext:aws:logs:arn"


class Responder(LogsResponse):
    """Logs with every correction."""

    def create_log_group(self) -> Any:
        """Refuses a key that the service may not use; keeps the group's class."""
        name = self._get_param("logGroupName")
        if (key := self._get_param("kmsKeyId")) and name not in self.logs_backend.groups:
            self._refuse_key(key, name)
        answer = super().create_log_group()
        group = self.logs_backend.groups[name]
        group.log_group_class = self._get_param("logGroupClass") or DEFAULT_CLASS
        group.deletion_protection = bool(self._get_param("deletionProtectionEnabled"))
        return answer

    def put_log_group_deletion_protection(self) -> EmptyResult:
        """Turns deletion protection on or off."""
        self._group().deletion_protection = self._get_param("deletionProtectionEnabled")
        return EmptyResult()

    def delete_log_group(self) -> Any:
        """Refused while it is protected. That AWS refuses is documented, with which code is not: this is the one that fits of DeleteLogGroup's."""
        if getattr(self._group(), "deletion_protection", False):
            refuse("ValidationException", "The log group cannot be deleted because deletion protection is enabled.")
        return super().delete_log_group()

    def describe_log_groups(self) -> Any:
        """With the class of each group, and whether it is protected."""
        answer = json.loads(super().describe_log_groups())
        for described in answer["logGroups"]:
            group = self.logs_backend.groups[described["logGroupName"]]
            described["logGroupClass"] = getattr(group, "log_group_class", DEFAULT_CLASS)
            described["deletionProtectionEnabled"] = getattr(group, "deletion_protection", False)
        return ActionResult(answer)

    def put_retention_policy(self) -> Any:
        """Refuses a number of days that there is not."""
        if self._get_param("retentionInDays") not in RETENTION_DAYS:
            refuse(
                "InvalidParameterException",
                f"1 validation error detected: Value '{self._get_param('retentionInDays')}' at 'retentionInDays' is not one of {sorted(RETENTION_DAYS)}",
            )
        return super().put_retention_policy()

    def associate_kms_key(self) -> EmptyResult:
        """Another key for what comes in from now on."""
        group = self._group()
        self._refuse_key(self._get_param("kmsKeyId"), group.name)
        group.kms_key_id = self._get_param("kmsKeyId")
        return EmptyResult()

    def disassociate_kms_key(self) -> EmptyResult:
        """AWS' own encryption for what comes in from now on."""
        self._group().kms_key_id = None
        return EmptyResult()

    def _group(self) -> Any:
        name = (
            self._get_param("logGroupName")
            or (self._get_param("resourceIdentifier") or self._get_param("logGroupIdentifier") or "").removesuffix(":*").rsplit(":log-group:", 1)[-1]
        )
        group = self.logs_backend.groups.get(name)
        return group or refuse("ResourceNotFoundException", "The specified log group does not exist.")

    def _refuse_key(self, key: str, group: str) -> None:
        """Logs user guide, "Encrypt log data in CloudWatch Logs using AWS KMS": the key's policy names the service of the region."""
        found = usable_key(key)
        arn = f"arn:{self.partition}:logs:{self.region}:{self.current_account}:log-group:{group}"
        statements = (policy_statements(found.policy) or []) if found is not None else []
        if not any(self._lets_encrypt(statement, arn) for statement in statements):
            refuse("InvalidParameterException", f"The specified KMS key does not exist or is not allowed to be used with Arn '{arn}'")

    def _lets_encrypt(self, statement: dict[str, Any], arn: str) -> bool:
        service = f"logs.{self.region}.amazonaws.com" in principals(statement, "Service")
        contexts = [pattern for condition in statement.get("Condition", {}).values() for pattern in listed(condition.get(CONTEXT))]
        for_group = not contexts or any(fnmatch.fnmatchcase(arn, pattern) for pattern in contexts)
        return statement["Effect"] == "Allow" and service and for_group and covers(statement, "kms:Encrypt")


def install() -> None:
    """Takes the place of moto's Logs."""
    take_over(urls, Responder)
