"""Everything that a local cloud lists: each call of each service that lists without being told what."""

import json
import re
from collections import Counter
from typing import Any

from botocore.exceptions import ClientError

from tests.foundation.checkout import Aws

SERVICES = ("autoscaling", "cloudwatch", "ec2", "ecr", "eks", "elbv2", "events", "iam", "kms", "logs", "resourcegroupstaggingapi", "s3", "sns", "sqs", "ssm")
LISTS = ("Describe", "List", "GetResources")
PARAMETERS = {"ListPolicies": {"Scope": "Local"}}  # AWS' own are more than a thousand
# What AWS offers, the same for everybody and thousands of lines long; and S3's directory buckets, which have an endpoint of their own.
LEFT_OUT = ("DescribeInstanceType", "DescribeReservedInstancesOfferings", "DescribeSpotPrice", "DescribeVpcEndpointServices", "ListDirectoryBuckets")
# What is drawn anew for each thing: ids, the suffixes of the engine's names, addresses in a subnet.
DRAWN = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<=-)[0-9a-f]{7,32}\b|\b[A-Z0-9]{16,32}\b|\b(10\.0|127\.\d+)\.\d+\.\d+\b(?!/)")

Listing = dict[str, Counter[str]]


def everything(aws: Aws) -> Listing:
    """Call -> how often each thing is in its answer, without times, what is drawn, and what is about to go or has gone."""
    found = {f"{service} {operation}": answer for service in SERVICES for operation, answer in _service(aws, service)}
    gone = _gone(aws)
    found = {call: [thing for thing in things if not any(id_ in thing for id_ in gone)] for call, things in found.items()}
    return {call: Counter(DRAWN.sub("*", thing) for thing in things) for call, things in found.items() if things}


def sizes(listing: Listing) -> Counter[str]:
    """How many things each call lists, whatever they are like."""
    return Counter({call: sum(things.values()) for call, things in listing.items()})


def beyond(one: Listing, other: Listing) -> list[str]:
    """What the first has and the other lacks."""
    more = {call: things - other.get(call, Counter()) for call, things in one.items()}
    return [f"{call}: {thing}" for call, things in sorted(more.items()) for thing in things.elements()]


def _service(aws: Aws, service: str) -> list[tuple[str, list[str]]]:
    client = getattr(aws, service)
    return [(operation, _things(client, operation)) for operation in client.meta.service_model.operation_names if _asks_nothing(client, operation)]


def _asks_nothing(client: Any, operation: str) -> bool:
    shape = client.meta.service_model.operation_model(operation).input_shape
    return operation.startswith(LISTS) and not operation.startswith(LEFT_OUT) and not (shape and shape.required_members)


def _things(client: Any, operation: str) -> list[str]:
    """Each thing of an answer as JSON, which knows no times."""
    method = next(name for name, api in client.meta.method_to_api_mapping.items() if api == operation)
    try:
        given = PARAMETERS.get(operation, {})
        pages = client.get_paginator(method).paginate(**given) if client.can_paginate(method) else [getattr(client, method)(**given)]
        lists = [thing for page in pages for listed in page.values() if isinstance(listed, list) for thing in listed]
    except ClientError:  # not served, or only with parameters
        return []
    return [json.dumps(thing, sort_keys=True, default=lambda _: "*") for thing in lists]


def _gone(aws: Aws) -> list[str]:
    """Ids of what AWS still lists: keys for days until they are deleted, a NAT gateway for about an hour after it was."""
    keys = [key["KeyId"] for page in aws.kms.get_paginator("list_keys").paginate() for key in page["Keys"]]
    pending = [key for key in keys if aws.kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"]
    return pending + [gateway["NatGatewayId"] for gateway in aws.ec2.describe_nat_gateways()["NatGateways"] if gateway["State"] == "deleted"]
