"""What the local cloud's account has from the start: the roles that people and pipelines assume, as a real account has before any foundation."""

import json

from moto.iam.models import iam_backends

ACCOUNT = "123456789012"
"""moto's own account, which `local` is bound to."""

ROLES = ("commonground-deploy", "platform", "shop-developers", "shop-scientists", "payments-developers")
"""The roles that `local` binds. EKS refuses an access entry for a role that is not there; another one is made with `aws iam create-role`."""


def furnish() -> None:
    """Makes the roles, each trusting its own account."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Sid": "OwnAccount", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}],
    }
    for name in ROLES:
        iam_backends[ACCOUNT]["aws"].create_role(
            role_name=name,
            assume_role_policy_document=json.dumps(trust),
            path="/",
            permissions_boundary=None,
            description="Was here before the foundation",
            tags=[],
            max_session_duration="3600",
        )
