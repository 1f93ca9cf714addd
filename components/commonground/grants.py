"""Permissions as methods of what is used: least privilege is the short way to write it."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from commonground.iam import Identity, Statement, grant

PULL_ACTIONS = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
# ECR user guide, "IAM permissions for pushing an image to an Amazon ECR private repository".
PUSH_ACTIONS = (*PULL_ACTIONS, "ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart")

READ_OBJECT_ACTIONS = ("s3:GetObject", "s3:GetObjectVersion")
# No DeleteObjectVersion: what a writer deletes or overwrites can be brought back.
WRITE_OBJECT_ACTIONS = ("s3:AbortMultipartUpload", "s3:DeleteObject", "s3:ListMultipartUploadParts", "s3:PutObject")


class BucketGrants:
    """Who may use a bucket. A grant is an inline policy of the identity's role."""

    label: str
    arn: pulumi.Input[str]
    key_arn: pulumi.Input[str] | None

    def grant_read(self, identity: Identity, *, prefix: str = "") -> aws.iam.RolePolicy:
        """Lets an identity list, read and decrypt what is under `prefix`: everything if it is empty. Example: `shop/`."""
        statements = [
            Statement("ListPrefix", ("s3:ListBucket",), (self.arn,), conditions=_listed(prefix)),
            Statement("ReadPrefix", READ_OBJECT_ACTIONS, (self._objects(prefix),)),
            *self._use_key("Decrypt", ("kms:Decrypt",)),
        ]
        return self._grant("read", identity, prefix, statements)

    def grant_write(self, identity: Identity, *, prefix: str = "") -> aws.iam.RolePolicy:
        """Lets an identity write and delete what is under `prefix`, old versions aside. To read and list it needs `grant_read` too."""
        statements = [
            Statement("WritePrefix", WRITE_OBJECT_ACTIONS, (self._objects(prefix),)),
            # Decrypt too: the parts of a multipart upload are put together (S3 user guide, "Multipart upload API and permissions").
            *self._use_key("Encrypt", ("kms:Decrypt", "kms:GenerateDataKey")),
        ]
        return self._grant("write", identity, prefix, statements)

    def grant_options(self) -> pulumi.ResourceOptions | None:
        """Options of the grants; None: those of the identity's role."""
        return None

    def _objects(self, prefix: str) -> pulumi.Output[str]:
        return pulumi.Output.concat(self.arn, "/", prefix, "*")

    def _use_key(self, sid: str, actions: Sequence[str]) -> list[Statement]:
        """For this bucket only, though one key serves them all: S3 names the bucket, or the object, to KMS.

        Whether another stack's bucket has a key may be known at deployment only: its Output comes to None then, and the statement is left out.
        Source: S3 user guide, "Using server-side encryption with AWS KMS keys", encryption context; with a bucket key it is the bucket's ARN.
        """
        if self.key_arn is None:
            return []
        context = {"kms:EncryptionContext:aws:s3:arn": [self.arn, pulumi.Output.concat(self.arn, "/*")]}
        return [Statement(sid, actions, (self.key_arn,), conditions={"StringLike": context}, optional=True)]

    def _grant(self, verb: str, identity: Identity, prefix: str, statements: Sequence[Statement]) -> aws.iam.RolePolicy:
        """The prefix is part of the name: one identity may be granted several."""
        name = "-".join(part for part in (self.label, verb, prefix.strip("/")) if part)
        return grant(name, identity, statements, opts=self.grant_options())


class RepositoryGrants:
    """Who may use an image repository."""

    label: str
    arn: pulumi.Input[str]

    def grant_pull(self, identity: Identity) -> aws.iam.RolePolicy:
        """Lets an identity pull images. ECR decrypts them by itself: no right on the key is needed."""
        return self._grant("pull", identity, Statement("PullImages", PULL_ACTIONS, (self.arn,)))

    def grant_push(self, identity: Identity) -> aws.iam.RolePolicy:
        """Lets an identity push images, and pull them."""
        return self._grant("push", identity, Statement("PushImages", PUSH_ACTIONS, (self.arn,)))

    def grant_options(self) -> pulumi.ResourceOptions | None:
        """Options of the grants; None: those of the identity's role."""
        return None

    def _grant(self, verb: str, identity: Identity, statement: Statement) -> aws.iam.RolePolicy:
        """A login is for the whole registry (ECR user guide, "Private registry authentication")."""
        login = Statement("LogIn", ("ecr:GetAuthorizationToken",))
        return grant(f"{self.label}-{verb}", identity, [login, statement], opts=self.grant_options())


def _listed(prefix: str) -> dict[str, dict[str, str]]:
    return {"StringLike": {"s3:prefix": f"{prefix}*"}} if prefix else {}
