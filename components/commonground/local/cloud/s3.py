# mypy: allow-subclassing-any
"""S3: new buckets are as AWS makes them since 2023, configurations come back as they were given, policies are read."""

import json
from collections.abc import Mapping
from typing import Any

from moto.core.parse import PROTOCOL_PARSERS
from moto.core.responses import ActionResult
from moto.core.utils import get_service_model
from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.moto_server.werkzeug_app import SIGNING_ALIASES
from moto.s3 import responses
from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeBucket, FakeDeleteMarker, PublicAccessBlock, S3Backend

from .support import listed, policy_statements, principals

# S3 user guide, "Default encryption FAQ": every bucket has one; S3 manages the key.
DEFAULT_ENCRYPTION = {"Rule": {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": "false"}}
# S3 API reference, PutBucketLifecycleConfiguration; Transition: the first day on which a class may be reached.
FIRST_DAY = {"STANDARD_IA": 30, "ONEZONE_IA": 30}
TRANSITION_SIZE = "all_storage_classes_128K"
# What moto reads of a configuration is less than what was given: what was given is kept too. By query: operation, and the member that is kept.
KEPT = {"lifecycle": ("PutBucketLifecycleConfiguration", "LifecycleConfiguration"), "logging": ("PutBucketLogging", "BucketLoggingStatus")}


LOG_DELIVERY = "logging.s3.amazonaws.com"
DIRECTORIES = "s3express"
"""The service in the signature of calls for directory buckets (botocore, S3's endpoint rules)."""


class S3Refusal(S3ClientError):
    """An error of S3."""


class Responder(responses.S3Response):
    """S3 with every correction."""

    def all_buckets(self) -> Any:
        """All buckets; of directory buckets, which have an endpoint of their own and are not known here, none."""
        if f"/{DIRECTORIES}/" not in self.headers.get("Authorization", ""):
            return super().all_buckets()
        self.data["Action"] = "ListDirectoryBuckets"
        return self.serialized(ActionResult({"Buckets": []}))

    def _bucket_response_put(self, request: Any, bucket_name: str, querystring: dict[str, Any]) -> Any:
        kept = next((query for query in KEPT if query in querystring), None)
        given = self._given(request, *KEPT[kept]) if kept else {}
        if kept == "lifecycle":
            _check_lifecycle(given.get("Rules", []))
        if kept == "logging":
            self._refuse_log_target(given)
        if "policy" in querystring:
            self._refuse_policy(bucket_name)
        known = bucket_name in self.backend.buckets
        answer = super()._bucket_response_put(request, bucket_name, querystring)
        bucket = self.backend.get_bucket(bucket_name)
        if kept:
            setattr(bucket, f"given_{kept}", given)
        if kept == "lifecycle":
            bucket.transition_size = request.headers.get("x-amz-transition-default-minimum-object-size", TRANSITION_SIZE)
        if not known:
            _as_new(bucket)
        return answer

    def get_bucket_lifecycle(self) -> Any:
        """As it was given: moto forgets, among others, how many newer versions are kept."""
        bucket = self.backend.get_bucket(self.bucket_name)
        if not bucket.rules:
            return super().get_bucket_lifecycle()
        self.data["Action"] = "GetBucketLifecycleConfiguration"
        return self.serialized(ActionResult({"Rules": bucket.given_lifecycle["Rules"], "TransitionDefaultMinimumObjectSize": bucket.transition_size}))

    def get_bucket_logging(self) -> Any:
        """As it was given: moto forgets the format of the keys."""
        bucket = self.backend.get_bucket(self.bucket_name)
        if not bucket.logging:
            return super().get_bucket_logging()
        self.data["Action"] = "GetBucketLogging"
        return self.serialized(ActionResult(bucket.given_logging))

    def delete_bucket_encryption(self) -> Any:
        """The default again: a bucket always has one."""
        answer = super().delete_bucket_encryption()
        self.backend.get_bucket(self.bucket_name).encryption = DEFAULT_ENCRYPTION
        return answer

    def _given(self, request: Any, operation: str, member: str) -> Mapping[str, Any]:
        model = get_service_model("s3").operation_model(operation)
        parts = {"method": request.method, "values": request.values, "headers": request.headers, "body": self.body, "url_path": request.path, "url_params": {}}
        given: Mapping[str, Any] = PROTOCOL_PARSERS["rest-xml"](model).parse(parts).get(member) or {}
        return given

    def _refuse_log_target(self, given: Mapping[str, Any]) -> None:
        """S3 user guide, "Enabling Amazon S3 server access logging": the target's default encryption may only be SSE-S3."""
        target = self.backend.buckets.get(given.get("LoggingEnabled", {}).get("TargetBucket"))
        encryption: Mapping[str, Any] = (target.encryption if target else None) or DEFAULT_ENCRYPTION
        if encryption["Rule"]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] != "AES256":
            raise S3Refusal("InvalidTargetBucketForLogging", "The target bucket for logging may not be encrypted by default with a KMS key.")

    def _refuse_policy(self, bucket_name: str) -> None:
        """Policies that are none, name another bucket, or are public where that is blocked."""
        statements = policy_statements(self.body)
        if not statements:
            raise S3Refusal("MalformedPolicy", "Policies must be valid JSON and the first byte must be '{'")
        arn = f"arn:{self.partition}:s3:::{bucket_name}"
        for statement in statements:
            if any(resource != arn and not resource.startswith(f"{arn}/") for resource in listed(statement.get("Resource"))):
                raise S3Refusal("MalformedPolicy", "Policy has invalid resource")
        block = self.backend.get_bucket(bucket_name).public_access_block
        if block is not None and block.block_public_policy and any(_public(statement) for statement in statements):
            raise S3Refusal(
                "AccessDenied", "User is not authorized to perform: s3:PutBucketPolicy because public policies are blocked by the BlockPublicPolicy setting"
            )


def _as_new(bucket: Any) -> None:
    """S3 user guide, "Default settings for new S3 buckets FAQ": encrypted, closed to the public, without ACLs."""
    bucket.encryption = bucket.encryption or DEFAULT_ENCRYPTION
    bucket.ownership_rule = bucket.ownership_rule or "BucketOwnerEnforced"
    bucket.public_access_block = bucket.public_access_block or PublicAccessBlock(True, True, True, True)


def _public(statement: dict[str, Any]) -> bool:
    """Allows anyone, on no condition. S3's own rule knows more conditions that do not narrow."""
    return statement["Effect"] == "Allow" and "*" in principals(statement, "AWS") and not statement.get("Condition")


def _check_lifecycle(rules: list[Mapping[str, Any]]) -> None:
    ids = [rule["ID"] for rule in rules if rule.get("ID")]
    if len(ids) != len(set(ids)):
        raise S3Refusal("InvalidArgument", "Rule ID must be unique. Found same ID for more than one rule")
    for rule in rules:
        _check_days(rule.get("Transitions", []), rule.get("Expiration", {}), "Days")
        _check_days(rule.get("NoncurrentVersionTransitions", []), rule.get("NoncurrentVersionExpiration", {}), "NoncurrentDays")


def _check_days(transitions: list[Mapping[str, Any]], expiration: Mapping[str, Any], key: str) -> None:
    for transition in transitions:
        days, storage_class = transition.get(key), transition["StorageClass"]
        if days is None:
            continue
        if days < FIRST_DAY.get(storage_class, 0):
            raise S3Refusal(
                "InvalidArgument",
                f"'{key}' in Transition action must be greater than or equal to {FIRST_DAY[storage_class]} for storageClass '{storage_class}'",
            )
        if expiration.get(key) is not None and expiration[key] <= days:
            raise S3Refusal("InvalidArgument", f"'{key}' in the Expiration action must be greater than '{key}' in the Transition action")


def _unconditional(bucket: Any, action: str, resource: str) -> Any:
    """What a bucket's policy says of a call, as far as this cloud can tell: moto takes every condition as met, so that a refusal of plain HTTP
    would refuse everything. Statements with a condition therefore decide nothing here.
    """
    statements = [statement for statement in policy_statements(bucket.policy or "") or [] if not statement.get("Condition")]
    if not statements:
        return PermissionResult.NEUTRAL
    return IAMPolicy(json.dumps({"Version": "2012-10-17", "Statement": statements})).is_action_permitted(action, resource)


def _delivers_logs(target_bucket: FakeBucket, target_prefix: str | None) -> bool:
    """Whether a bucket's policy lets S3 deliver access logs there. moto's own reading stumbles over a statement whose principal is `*`."""
    arn = f"arn:{target_bucket.partition}:s3:::{target_bucket.name}"
    return any(
        statement["Effect"] == "Allow"
        and LOG_DELIVERY in principals(statement, "Service")
        and "s3:PutObject" in listed(statement.get("Action"))
        and {f"{arn}/*", f"{arn}/{target_prefix or ''}*"} & set(listed(statement.get("Resource")))
        for statement in policy_statements((target_bucket.policy or b"").decode()) or []
    )


def _delete_object(backend: S3Backend, bucket_name: str, key_name: str, version_id: str | None = None, bypass: bool = False) -> tuple[bool, dict[str, Any]]:
    """One version of an object whose bucket no longer keeps new ones. moto takes such a bucket as one that never had versions, and deletes them all."""
    bucket = backend.get_bucket(bucket_name)
    if version_id is None or bucket.versioning_status != "Suspended":
        answer: tuple[bool, dict[str, Any]] = _MOTO_DELETE(backend, bucket_name, key_name, version_id, bypass)
        return answer
    versions = bucket.keys.getlist(key_name, [])
    rest = [version for version in versions if str(version.version_id) != version_id]
    if rest:
        bucket.keys.setlist(key_name, rest)
    elif versions:
        bucket.keys.pop(key_name)
    return len(rest) < len(versions), {"version-id": version_id}


_MOTO_DELETE = S3Backend.delete_object


def install() -> None:
    """Takes the place of moto's S3, whose paths are read again from the module each time: the class itself has to be another one."""
    responses.S3Response = Responder
    SIGNING_ALIASES[DIRECTORIES] = "s3"
    FakeBucket.get_permission = _unconditional
    FakeBucket._log_permissions_enabled_policy = staticmethod(_delivers_logs)
    FakeDeleteMarker.dispose = lambda _marker: None
    S3Backend.delete_object = _delete_object
