"""What stands in for the AWS CLI where only tokens for clusters are asked of it: `aws eks get-token`, against the local cloud.

The official Kubernetes provider runs it as the kubeconfig says (`commonground.kubeconfig`). It imports botocore and nothing else: each start counts.
"""

import argparse
import base64
import json
import os
import shlex
import stat
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

USAGE = 2
SESSION = "EKSGetTokenAuth"
"""The AWS CLI's name of the session (aws-cli, awscli/customizations/eks/get_token.py)."""
CLUSTER_HEADER = "x-k8s-aws-id"
URL_SECONDS = 60
# A token is taken for 15 minutes; the CLI says one less.
TOKEN_LIFETIME = timedelta(minutes=14)
# The user's own, which mean real accounts.
FOREIGN = ("AWS_DEFAULT_PROFILE", "AWS_PROFILE", "AWS_SECURITY_TOKEN", "AWS_SESSION_TOKEN")
ONLY = "this `aws` stands in for the AWS CLI beside the local cloud and knows only: aws eks get-token --cluster-name NAME --region REGION [--role-arn ARN]"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        _fail(f"{message}; {ONLY}")


def main(arguments: list[str] | None = None) -> int:
    """Prints an ExecCredential. Exit code 2 for anything else that is asked, 1 where the local cloud refuses."""
    given = _parsed(sys.argv[1:] if arguments is None else arguments)
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    if not endpoint:
        _fail("AWS_ENDPOINT_URL is not set: this `aws` speaks to the local cloud only")
    for name in FOREIGN:
        os.environ.pop(name, None)
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        token = get_token(endpoint, given.region, given.cluster_name, given.role_arn)
    except (BotoCoreError, ClientError) as error:
        print(f"aws: {error}", file=sys.stderr)
        return 1
    until = (datetime.now(UTC) + TOKEN_LIFETIME).strftime("%Y-%m-%dT%H:%M:%SZ")
    credential = {
        "kind": "ExecCredential",
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "spec": {},
        "status": {"expirationTimestamp": until, "token": token},
    }
    print(json.dumps(credential))
    return 0


def get_token(endpoint: str, region: str, cluster: str, role_arn: str | None = None) -> str:
    """A token for a cluster, as the role if one is given, else as the environment's keys. Raises botocore's errors."""
    import botocore.session
    from botocore.config import Config

    session = botocore.session.get_session()
    # Loopback: no proxy of the environment must see it.
    direct = Config(proxies={}, retries={"total_max_attempts": 2})
    sts = session.create_client("sts", region_name=region, endpoint_url=endpoint, config=direct)
    if role_arn:
        keys = sts.assume_role(RoleArn=role_arn, RoleSessionName=SESSION)["Credentials"]
        sts = session.create_client(
            "sts",
            region_name=region,
            endpoint_url=endpoint,
            config=direct,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )

    def name_cluster(request: Any, **_: Any) -> None:
        request.headers[CLUSTER_HEADER] = cluster

    sts.meta.events.register("before-sign.sts.GetCallerIdentity", name_cluster)
    url = sts.generate_presigned_url("get_caller_identity", ExpiresIn=URL_SECONDS, HttpMethod="GET")
    return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


def write(folder: Path) -> Path:
    """Makes an executable `aws` in the folder, which is this module. Returns the folder, to be first on the PATH."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "aws"
    # By its file, without the packages around it: their imports would cost as much again.
    path.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -P {shlex.quote(__file__)} "$@"\n', "utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return folder


def _parsed(arguments: list[str]) -> argparse.Namespace:
    parser = _Parser(prog="aws", add_help=False, allow_abbrev=False)
    parser.add_argument("service", choices=["eks"])
    parser.add_argument("operation", choices=["get-token"])
    parser.add_argument("--cluster-name", required=True)
    parser.add_argument("--region", required=True)
    parser.add_argument("--role-arn")
    parser.add_argument("--output", choices=["json"], default="json")
    return parser.parse_args(arguments)


def _fail(message: str) -> NoReturn:
    print(f"aws: {message}", file=sys.stderr)
    raise SystemExit(USAGE)


if __name__ == "__main__":
    sys.exit(main())
