"""IAM roles that AWS services and add-ons take, with AWS' own managed policies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from commonground.tags import named

MANAGED_POLICIES = "arn:aws:iam::aws:policy/"


@dataclass(frozen=True)
class ManagedRole:
    """A role, and what must be there before it can do its work."""

    role: aws.iam.Role
    ready: Sequence[pulumi.Resource]
    """The attachments of its policies. Whoever needs the role to be able to do something depends on them."""


def managed_role(label: str, *, trust: pulumi.Input[str], policies: Mapping[str, str], opts: pulumi.ResourceOptions) -> ManagedRole:
    """A role of this logical name, and an attachment for each managed policy.

    `policies`: the part of an attachment's logical name -> the policy's path and name below `arn:aws:iam::aws:policy/`.
    """
    role = aws.iam.Role(label, assume_role_policy=trust, tags=named(label), opts=opts)
    attached = [
        aws.iam.RolePolicyAttachment(f"{label}-{part}", role=role.name, policy_arn=f"{MANAGED_POLICIES}{policy}", opts=opts)
        for part, policy in policies.items()
    ]
    return ManagedRole(role, attached)
