"""Lives of IAM."""

import json
from typing import Any

from tests.local.providers.aws.lives import Life


def trust(service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def allow(action: str) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Sid": "Some", "Effect": "Allow", "Action": action, "Resource": "*"}]})


def role(engine: Any) -> Any:
    return engine.create("aws:iam/role:Role", {"assumeRolePolicy": trust("ec2.amazonaws.com")})


LIVES = (
    Life(
        "aws:iam/role:Role",
        inputs=lambda _: {"assumeRolePolicy": trust("ec2.amazonaws.com"), "description": "one", "tags": {"a": "1"}},
        seen=lambda engine, made: engine.client("iam").get_role(RoleName=made.id),
        update={"assumeRolePolicy": trust("eks.amazonaws.com"), "description": "two", "maxSessionDuration": 7200, "tags": {"b": "2"}},
        replace={"path": "/teams/"},
        wrong=("assumeRolePolicy", allow("sts:AssumeRole")),
    ),
    Life(
        "aws:iam/rolePolicy:RolePolicy",
        inputs=lambda engine: {"role": role(engine).id, "policy": allow("s3:GetObject")},
        seen=lambda engine, made: engine.client("iam").get_role_policy(RoleName=made.inputs["role"], PolicyName=made.inputs["name"]),
        update={"policy": allow("s3:PutObject")},
        replace={"name": "another"},
        wrong=("policy", trust("ec2.amazonaws.com")),
    ),
    Life(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        inputs=lambda engine: {"role": role(engine).id, "policyArn": "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy"},
        seen=lambda engine, made: engine.client("iam").list_attached_role_policies(RoleName=made.inputs["role"])["AttachedPolicies"],
        replace={"policyArn": "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy"},
        wrong=("policyArn", "AmazonEKS_CNI_Policy"),
    ),
    Life(
        "aws:iam/policy:Policy",
        inputs=lambda _: {"policy": allow("s3:GetObject"), "description": "one", "tags": {"a": "1"}},
        seen=lambda engine, made: engine.client("iam").get_policy(PolicyArn=made.id),
        update={"policy": allow("s3:PutObject"), "tags": {"b": "2"}},
        replace={"description": "two"},
        wrong=("policy", trust("ec2.amazonaws.com")),
    ),
    Life(
        "aws:iam/instanceProfile:InstanceProfile",
        inputs=lambda engine: {"role": role(engine).outputs["name"], "tags": {"a": "1"}},
        seen=lambda engine, made: engine.client("iam").get_instance_profile(InstanceProfileName=made.id),
        update={"role": None, "tags": {"b": "2"}},
        replace={"path": "/teams/"},
        wrong=("role", "a role"),
    ),
    Life(
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        inputs=lambda _: {"url": "https://gitlab.acme.io", "clientIdLists": ["https://gitlab.acme.io"], "tags": {"a": "1"}},
        seen=lambda engine, made: engine.client("iam").get_open_id_connect_provider(OpenIDConnectProviderArn=made.id),
        update={"clientIdLists": ["sts.amazonaws.com", "acme"], "thumbprintLists": ["0" * 40], "tags": {"b": "2"}},
        replace={"url": "https://gitlab.com"},
        wrong=("url", "http://gitlab.acme.io:8080"),
    ),
)
