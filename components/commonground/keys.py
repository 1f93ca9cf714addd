"""Encryption keys: one KMS key of one's own for each kind of data, under a name that people can read."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from commonground.iam import Principals, Statement, document
from commonground.settings.base import Protection
from commonground.tags import named

# Days in which a deleted key can be brought back. KMS takes 7 to 30 (KMS developer guide, "Delete an AWS KMS key").
WINDOW_PROTECTED = 30
WINDOW_UNPROTECTED = 7


class Key(pulumi.ComponentResource):
    """A symmetric KMS key that rotates every year, and its alias.

    Its policy lets the account's own IAM policies decide, and whoever else is named by `statements`, nobody more.
    """

    key: aws.kms.Key
    alias: aws.kms.Alias
    arn: pulumi.Output[str]
    """ARN of the key, not of the alias: what encryption settings and grants name."""

    def __init__(
        self,
        name: str,
        *,
        purpose: str,
        account: str,
        protection: Protection,
        statements: Sequence[Statement] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`purpose` is the key's description; `statements` are what AWS services need beyond the account's own."""
        super().__init__("commonground:keys:Key", name, None, opts)
        protected = protection.covers(name)
        self.key = aws.kms.Key(
            name,
            description=purpose,
            enable_key_rotation=True,
            deletion_window_in_days=WINDOW_PROTECTED if protected else WINDOW_UNPROTECTED,
            policy=document([_administration(account), *statements]),
            tags=named(name),
            opts=pulumi.ResourceOptions(parent=self, protect=protected),
        )
        self.alias = aws.kms.Alias(name, target_key_id=self.key.id, opts=pulumi.ResourceOptions(parent=self))
        self.arn = self.key.arn
        self.register_outputs({"arn": self.arn})


def _administration(account: str) -> Statement:
    """Without it nobody could change the key any more (KMS developer guide, "Default key policy")."""
    return Statement("AccountDecides", ("kms:*",), ("*",), Principals.account(account))
