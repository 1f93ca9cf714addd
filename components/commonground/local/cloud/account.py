"""What the local cloud's account has from the start: the roles that people and pipelines assume, as a real account has before any foundation."""

import json
from collections.abc import Iterable

from moto.iam.models import iam_backends

ACCOUNT = "123456789012"
"""moto's own account, which `local` is bound to."""

ROLE = f"arn:aws:iam::{ACCOUNT}:role/"
ROLES = tuple(f"{ROLE}{name}" for name in ("commonground-deploy", "platform", "shop-developers", "shop-scientists", "payments-developers"))
"""The roles that `local` binds as it is shipped. EKS refuses an access entry for a role that is not there."""


def furnish(arns: Iterable[str] = ROLES) -> None:
    """Makes the roles that are not there yet, each trusting its own account. Those of other accounts are nothing of this one."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Sid": "OwnAccount", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}],
    }
    backend = iam_backends[ACCOUNT]["aws"]
    wanted = {arn.rpartition("/")[2]: arn for arn in arns if arn.startswith(ROLE)}
    # Whatever their paths: an account has each name once.
    for name in wanted.keys() - {role.name for role in backend.roles.values()}:
        backend.create_role(
            role_name=name,
            assume_role_policy_document=json.dumps(trust),
            path=f"/{wanted[name].removeprefix(ROLE).removesuffix(name)}",
            permissions_boundary=None,
            description="Was here before the foundation",
            tags=[],
            max_session_duration="3600",
        )
