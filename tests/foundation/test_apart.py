"""One program with several AWS providers: two regions, and two accounts, stay apart."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.foundation.checkout import ACCOUNT, REGION, Aws, Result
from tests.foundation.conftest import Provisioned

pytestmark = [pytest.mark.engine, pytest.mark.cloud]

OTHER_REGION, OTHER_ACCOUNT = "us-west-2", "210987654321"
PLACES = {"here": (ACCOUNT, "eu-west-1"), "there": (ACCOUNT, OTHER_REGION), "theirs": (OTHER_ACCOUNT, "eu-west-1")}
FILES = {
    "Pulumi.yaml": 'name: apart\nruntime: python\nconfig:\n  pulumi:disable-default-providers: ["*"]\n',
    "Pulumi.local.yaml": f'config:\n  commonground:bindings: {{cloud: local, account: "{ACCOUNT}", region: {REGION}}}\n',
    "__main__.py": f"""\
import pulumi
import pulumi_aws as aws

for name, (account, region) in {PLACES!r}.items():
    provider = aws.Provider(name, region=region, allowed_account_ids=[account], default_tags={{"tags": {{"place": name}}}})
    opts = pulumi.ResourceOptions(provider=provider)
    vpc = aws.ec2.Vpc(f"{{name}}-vpc", cidr_block="10.1.0.0/16", opts=opts)
    logs = aws.cloudwatch.LogGroup(f"{{name}}-logs", name="/the/same/name", retention_in_days=1, opts=opts)
    bucket = aws.s3.Bucket(f"{{name}}-bucket", opts=opts)
    pulumi.export(name, {{"vpc": vpc.arn, "logs": logs.arn, "bucket": bucket.id}})
""",
}


@pytest.fixture(scope="module")
def apart(provisioned: Provisioned) -> Iterator[Result]:
    """A program of its own in the checkout, and so in its local cloud."""
    folder = provisioned.checkout.root / ".commonground" / "apart"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    yield provisioned.checkout.run("up", "local", "--project", str(folder))
    gone = provisioned.checkout.run("destroy", "local", "--project", str(folder))
    assert gone.code == 0, gone.err


@pytest.fixture(scope="module")
def outputs(provisioned: Provisioned, apart: Result) -> dict[str, dict[str, str]]:
    """What the program exports, by place."""
    assert apart.code == 0, apart.err
    told = provisioned.checkout.run("outputs", "local", "--json", "--project", str(provisioned.checkout.root / ".commonground" / "apart"))
    found: dict[str, dict[str, str]] = json.loads(told.out)
    return found


@pytest.mark.parametrize("place", PLACES)
def test_boto3_sees_each_in_its_own_account_and_region_only(provisioned: Provisioned, outputs: dict[str, dict[str, str]], place: str) -> None:
    account, region = PLACES[place]
    aws = Aws.at(provisioned.checkout.cloud, region, account)
    vpcs = aws.ec2.describe_vpcs(Filters=[{"Name": "tag-key", "Values": ["place"]}])["Vpcs"]
    assert [(vpc["Tags"], f"arn:aws:ec2:{region}:{account}:vpc/{vpc['VpcId']}") for vpc in vpcs] == [
        ([{"Key": "place", "Value": place}], outputs[place]["vpc"])
    ]
    assert [group["arn"].removesuffix(":*") for group in aws.logs.describe_log_groups()["logGroups"]] == [outputs[place]["logs"]]
    assert outputs[place]["logs"] == f"arn:aws:logs:{region}:{account}:log-group:/the/same/name"
    assert _buckets(aws, region) == [outputs[place]["bucket"]]


def _buckets(aws: Any, region: str) -> list[str]:
    """Buckets of the account in a region: S3 lists those of all regions."""
    names = [bucket["Name"] for bucket in aws.s3.list_buckets()["Buckets"]]
    return [name for name in names if aws.s3.get_bucket_location(Bucket=name)["LocationConstraint"] == region]
