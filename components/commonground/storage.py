"""Object storage: buckets by purpose, closed to the public, versioned, encrypted, reached over TLS only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import pulumi
import pulumi_aws as aws

from commonground.grants import BucketGrants
from commonground.iam import Effect, Principals, Statement, document
from commonground.keys import Key
from commonground.lifecycles import lifecycle_rules
from commonground.settings import names
from commonground.settings.base import BucketPurpose
from commonground.settings.environment import BucketSettings, StorageSettings
from commonground.tags import named


class KeyLike(Protocol):
    """What a bucket needs of a KMS key: `keys.Key` has it, and so has an `aws.kms.Key`."""

    @property
    def arn(self) -> pulumi.Input[str]: ...


class BucketLike(Protocol):
    """What a bucket needs of the one that takes its access logs: `Bucket` has it, and so has `ExistingBucket`."""

    @property
    def name(self) -> pulumi.Input[str]: ...

    @property
    def ready(self) -> Sequence[pulumi.Resource]: ...


@dataclass(frozen=True)
class ExistingBucket(BucketGrants):
    """A bucket that is there already, or that another stack made."""

    label: str
    """Part of the logical names of grants. Example: `models`."""
    name: pulumi.Input[str]
    arn: pulumi.Input[str]
    key_arn: pulumi.Input[str] | None = None
    """The KMS key that encrypts it; None where S3's own keys do."""
    ready: Sequence[pulumi.Resource] = ()


class LogEncryptionError(ValueError):
    """A bucket for access logs was given a KMS key."""

    def __init__(self, bucket: str) -> None:
        super().__init__(f"bucket {bucket!r}: S3 delivers access logs to no bucket that a KMS key encrypts: leave out the key")
        self.bucket = bucket


class TwoLogBucketsError(ValueError):
    """More than one bucket has the purpose `logs`."""

    def __init__(self, buckets: Sequence[str]) -> None:
        super().__init__(f"storage: expected at most one bucket with the purpose logs, found {', '.join(buckets)}")
        self.buckets = tuple(buckets)


class Bucket(BucketGrants, pulumi.ComponentResource):
    """A bucket and the settings that S3 keeps in resources of their own.

    Permissions are methods: `grant_read(identity, prefix="shop/")`.
    """

    bucket: aws.s3.Bucket
    label: str
    """The component's name, which names grants."""
    name: pulumi.Output[str]
    """Physical name of the bucket."""
    arn: pulumi.Output[str]
    key_arn: pulumi.Input[str] | None
    """The KMS key that encrypts it; None where S3's own keys do."""
    ready: Sequence[pulumi.Resource]
    """What must be there before somebody else writes into it: its policy."""

    def __init__(
        self,
        name: str,
        settings: BucketSettings,
        *,
        key: KeyLike | None,
        logs: BucketLike | None = None,
        account: str | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`key` encrypts the objects, S3's own keys if it is None. `logs` takes its access logs, nobody if it is None.

        `account` is for a bucket with the purpose `logs`: the account whose buckets deliver into it, nobody's if it is None.
        Raises `LogEncryptionError` if that purpose meets a key, `KeptForeverError` if models are to expire.
        """
        super().__init__("commonground:storage:Bucket", name, None, opts)
        if settings.purpose is BucketPurpose.LOGS and key is not None:
            raise LogEncryptionError(name)
        self.label = name
        self._inside = pulumi.ResourceOptions(parent=self)

        self.bucket = self._bucket(settings)
        self.name = self.bucket.id
        self.arn = self.bucket.arn
        self.key_arn = None if key is None else key.arn
        block = self._close()
        self.ready = [self._allow_and_refuse(settings, account, after=block)]
        self._encrypt()
        versioning = self._keep_versions()
        self._expire(settings, after=versioning)
        if logs is not None:
            self._log_access(logs)
        self.register_outputs({"name": self.name, "arn": self.arn})

    def grant_options(self) -> pulumi.ResourceOptions:
        return self._inside

    def _bucket(self, settings: BucketSettings) -> aws.s3.Bucket:
        """An unprotected bucket goes with what is in it; a protected one does not go."""
        label = names.bucket(self.label)
        protected = settings.protection.covers(label)
        return aws.s3.Bucket(label, force_destroy=not protected, tags=named(label), opts=pulumi.ResourceOptions(parent=self, protect=protected))

    def _close(self) -> aws.s3.BucketPublicAccessBlock:
        """No public access by any road, and one owner: no ACLs."""
        block = aws.s3.BucketPublicAccessBlock(
            f"{self.label}-access-block",
            bucket=self.name,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self._inside,
        )
        aws.s3.BucketOwnershipControls(
            f"{self.label}-ownership",
            bucket=self.name,
            rule={"object_ownership": "BucketOwnerEnforced"},
            opts=self._inside,
        )
        return block

    def _allow_and_refuse(self, settings: BucketSettings, account: str | None, *, after: pulumi.Resource) -> aws.s3.BucketPolicy:
        """S3 refuses concurrent changes of a bucket's policy and access block (OperationAborted), so one comes after the other."""
        statements = [self._refuse_plain_http()]
        if settings.purpose is BucketPurpose.LOGS and account is not None:
            statements.append(self._deliver_access_logs(account))
        return aws.s3.BucketPolicy(
            f"{self.label}-policy",
            bucket=self.name,
            policy=document(statements),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[after]),
        )

    def _refuse_plain_http(self) -> Statement:
        return Statement(
            "RefusePlainHttp",
            ("s3:*",),
            (self.arn, pulumi.Output.concat(self.arn, "/*")),
            Principals.everybody(),
            {"Bool": {"aws:SecureTransport": "false"}},
            Effect.DENY,
        )

    def _deliver_access_logs(self, account: str) -> Statement:
        """Source: S3 user guide, "Enabling Amazon S3 server access logging"."""
        return Statement(
            "DeliverAccessLogs",
            ("s3:PutObject",),
            (pulumi.Output.concat(self.arn, "/*"),),
            Principals.service("logging.s3.amazonaws.com"),
            {"StringEquals": {"aws:SourceAccount": account}},
        )

    def _encrypt(self) -> None:
        by_key: aws.s3.BucketServerSideEncryptionConfigurationRuleArgsDict = {
            "apply_server_side_encryption_by_default": {"sse_algorithm": "aws:kms", "kms_master_key_id": self.key_arn},
            "bucket_key_enabled": True,  # one KMS call for many objects
        }
        by_s3: aws.s3.BucketServerSideEncryptionConfigurationRuleArgsDict = {
            "apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"},
            "bucket_key_enabled": False,
        }
        aws.s3.BucketServerSideEncryptionConfiguration(
            f"{self.label}-encryption", bucket=self.name, rules=[by_s3 if self.key_arn is None else by_key], opts=self._inside
        )

    def _keep_versions(self) -> aws.s3.BucketVersioning:
        return aws.s3.BucketVersioning(f"{self.label}-versioning", bucket=self.name, versioning_configuration={"status": "Enabled"}, opts=self._inside)

    def _expire(self, settings: BucketSettings, *, after: aws.s3.BucketVersioning) -> None:
        """After versioning: rules about old versions mean nothing without."""
        aws.s3.BucketLifecycleConfiguration(
            f"{self.label}-lifecycle",
            bucket=self.name,
            rules=lifecycle_rules(settings),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[after]),
        )

    def _log_access(self, logs: BucketLike) -> None:
        """After the other bucket's policy, which lets S3 deliver."""
        aws.s3.BucketLogging(
            f"{self.label}-logging",
            bucket=self.name,
            target_bucket=logs.name,
            target_prefix=f"{self.label}/",
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(logs.ready)),
        )


class Storage(pulumi.ComponentResource):
    """The environment's buckets, under one key: `storage["models"].grant_read(identity, prefix="shop/")`."""

    key: Key
    buckets: dict[str, Bucket]
    """By their name in the settings."""

    def __init__(self, name: str, settings: StorageSettings, *, opts: pulumi.ResourceOptions | None = None) -> None:
        """Raises `TwoLogBucketsError` if more than one bucket has the purpose `logs`."""
        super().__init__("commonground:storage:Storage", name, None, opts)
        self._inside = pulumi.ResourceOptions(parent=self)
        self.key = Key(
            f"{name}-key",
            purpose="Objects in the environment's buckets",
            account=settings.account,
            protection=settings.protection,
            opts=self._inside,
        )
        logs = self._log_bucket(settings)
        self.buckets = {bucket.name: logs if logs and bucket.name == logs.label else self._data_bucket(bucket, logs) for bucket in settings.buckets}
        self.register_outputs({"buckets": {label: bucket.name for label, bucket in self.buckets.items()}})

    def __getitem__(self, name: str) -> Bucket:
        return self.buckets[name]

    def _log_bucket(self, settings: StorageSettings) -> Bucket | None:
        """First of all: the others deliver their access logs to it."""
        logs = [bucket for bucket in settings.buckets if bucket.purpose is BucketPurpose.LOGS]
        if not logs:
            return None
        if len(logs) > 1:
            raise TwoLogBucketsError([bucket.name for bucket in logs])
        return Bucket(logs[0].name, logs[0], key=None, account=settings.account, opts=self._inside)

    def _data_bucket(self, settings: BucketSettings, logs: Bucket | None) -> Bucket:
        return Bucket(settings.name, settings, key=self.key, logs=logs, opts=self._inside)
