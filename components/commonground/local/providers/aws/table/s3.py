"""S3: buckets. Facts from terraform-provider-aws (internal/service/s3) and pulumi-aws."""

import ipaddress
import re
from collections.abc import Iterable
from typing import Any

from commonground.local.providers.aws.api import Api, ApiError
from commonground.local.providers.aws.types import Argument, ResourceType
from commonground.local.providers.errors import StandInError
from commonground.local.providers.names import Autoname
from commonground.local.providers.values import UNKNOWN, Properties

HOME_REGION = "us-east-1"
"""The one region that a bucket is made in without saying so (API reference, CreateBucket)."""

# AWS general reference, "Amazon S3 endpoints and quotas", website endpoints. Regions that are not here have no value in the provider either.
HOSTED_ZONES = {
    "af-south-1": "Z83WF9RJE8B12",
    "ap-east-1": "ZNB98KWMFR0R6",
    "ap-northeast-1": "Z2M4EHUR26P7ZW",
    "ap-northeast-2": "Z3W03O7B5YMIYP",
    "ap-northeast-3": "Z2YQB5RD63NC85",
    "ap-south-1": "Z11RGJOFQNVJUP",
    "ap-southeast-1": "Z3O0J2DXBE1FTB",
    "ap-southeast-2": "Z1WCIGYICN2BYD",
    "ca-central-1": "Z1QDHH18159H29",
    "eu-central-1": "Z21DNDUVLTQW6Q",
    "eu-north-1": "Z3BAZG2TWCNX0D",
    "eu-south-1": "Z30OZKI7KPW7MI",
    "eu-west-1": "Z1BKCTXD74EZPE",
    "eu-west-2": "Z3GKZC51ZF0DB4",
    "eu-west-3": "Z3R1K369G5AVDG",
    "sa-east-1": "Z7KQH4QJS55SO",
    "us-east-1": "Z3AQBSTGFYJSTF",
    "us-east-2": "Z2O1EMRO9K5GLX",
    "us-west-1": "Z2F56UZL2M1ACD",
    "us-west-2": "Z3BJ6K6RIION7M",
}


def _tag_set(tags: Properties) -> dict[str, Any]:
    return {"TagSet": [{"Key": key, "Value": value} for key, value in sorted(tags.items())]}


def _create_bucket(api: Api, new: Properties) -> str:
    name = str(new["bucket"])
    place: dict[str, Any] = {} if api.region == HOME_REGION else {"CreateBucketConfiguration": {"LocationConstraint": api.region}}
    api.call("CreateBucket", **api.request("CreateBucket", new), **place)
    if new.get("tagsAll"):
        api.call("PutBucketTagging", Bucket=name, Tagging=_tag_set(new["tagsAll"]))
    return name


def _read_bucket(api: Api, id_: str, state: Properties) -> Properties | None:
    if api.ask("HeadBucket", "", Bucket=id_) is None:
        return None
    return {
        "bucket": id_,
        "forceDestroy": state.get("forceDestroy", False),
        "objectLockEnabled": api.ask("GetObjectLockConfiguration", "ObjectLockConfiguration.ObjectLockEnabled", Bucket=id_) == "Enabled",
        "tagsAll": api.ask("GetBucketTagging", "TagSet", Bucket=id_) or {},
        **_bucket_outputs(api, id_, {}),
    }


def _bucket_outputs(api: Api, id_: str, _inputs: Properties) -> Properties:
    return {
        "arn": api.arn("s3", id_, regional=False, account=False),
        "bucketDomainName": f"{id_}.s3.amazonaws.com",
        "bucketRegion": api.region,
        "bucketRegionalDomainName": f"{id_}.s3.{api.region}.amazonaws.com",
        "hostedZoneId": HOSTED_ZONES.get(api.region, ""),
        "websiteDomain": "",
        "websiteEndpoint": "",
    }


def _planned_bucket(api: Api, id_: str, inputs: Properties) -> Properties:
    return {"objectLockEnabled": inputs.get("objectLockEnabled", False), **_bucket_outputs(api, id_, inputs)}


def _update_bucket(api: Api, id_: str, _old: Properties, new: Properties, _changed: set[str]) -> None:
    if new.get("tagsAll"):
        api.call("PutBucketTagging", Bucket=id_, Tagging=_tag_set(new["tagsAll"]))
    else:
        api.gone("DeleteBucketTagging", Bucket=id_)


def _delete_bucket(api: Api, id_: str, state: Properties) -> None:
    try:
        api.gone("DeleteBucket", Bucket=id_)
    except ApiError as error:
        if error.code != "BucketNotEmpty" or not state.get("forceDestroy"):
            raise
        _empty(api, id_, bypass=bool(state.get("objectLockEnabled")))
        api.gone("DeleteBucket", Bucket=id_)


def _empty(api: Api, id_: str, *, bypass: bool) -> None:
    """Deletes every version and every delete marker, those too that the governance mode of an object lock holds."""
    governance: dict[str, Any] = {"BypassGovernanceRetention": True} if bypass else {}
    while True:
        page = api.call("ListObjectVersions", Bucket=id_)
        objects = [{"Key": version["Key"], "VersionId": version["VersionId"]} for kind in ("Versions", "DeleteMarkers") for version in page.get(kind, [])]
        if not objects:
            return
        answer = api.call("DeleteObjects", Bucket=id_, Delete={"Objects": objects[:1000], "Quiet": True}, **governance)
        for error in answer.get("Errors", []):
            raise StandInError(f"DeleteObjects: {error.get('Code')}: {error.get('Key')}: {error.get('Message')}")


def _name_traps(inputs: Properties) -> Iterable[tuple[str, str]]:
    """S3 user guide, "General purpose bucket naming rules"."""
    name = inputs.get("bucket", UNKNOWN)
    if isinstance(name, str) and name != UNKNOWN and (reason := _wrong_name(name)):
        yield "bucket", f"{name!r} {reason}"


def _wrong_name(name: str) -> str | None:
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", name) or ".." in name:
        return "is not 3 to 63 lower-case letters, digits, dots and hyphens, with a letter or a digit at each end and no two dots together"
    if name.startswith(("xn--", "sthree-", "amzn-s3-demo-")) or name.endswith(("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")):
        return "begins or ends like names that S3 keeps for itself"
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return None
    return "is an IP address"


BUCKET = ResourceType(
    token="aws:s3/bucket:Bucket",
    service="s3",
    # Left out: bucketPrefix (auto-names do it), bucketNamespace, and the settings that are deprecated here in favour of types of their own.
    arguments={
        "bucket": "CreateBucket.Bucket",
        "objectLockEnabled": Argument("CreateBucket.ObjectLockEnabledForBucket"),
        "forceDestroy": "boolean",
    },
    replaces=("bucket", "objectLockEnabled"),
    computed=("arn", "bucketDomainName", "bucketRegion", "bucketRegionalDomainName", "hostedZoneId", "websiteDomain", "websiteEndpoint"),
    optional=("objectLockEnabled",),
    defaults={"forceDestroy": False},
    local=("forceDestroy",),
    autoname=Autoname("bucket", max_length=63, lower=True),
    check=_name_traps,
    planned=_planned_bucket,
    planned_id=lambda _, inputs: str(inputs["bucket"]),
    create=_create_bucket,
    read=_read_bucket,
    update=_update_bucket,
    delete=_delete_bucket,
    find=lambda api, new: str(new["bucket"]) if api.ask("HeadBucket", "", Bucket=new["bucket"]) is not None else None,
)

ROWS = (BUCKET,)
