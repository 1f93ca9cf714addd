"""What makes an example right in the eyes of all policies but the one that it is for."""

import json
from typing import Any

from policies.policy import Resource, resource
from policies.tokens import BUCKET_ENCRYPTION, BUCKET_POLICY, BUCKETS, PUBLIC_ACCESS_BLOCK

KEY_ARN = "arn:aws:kms:eu-central-1:123456789012:key/1"
KMS = {"encryptionConfigurations": [{"encryptionType": "KMS", "kmsKey": KEY_ARN}]}
"""Of a repository."""
PUBLIC_ACCESS_BLOCKED = dict.fromkeys(("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"), True)
TLS = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}

CLUSTER_PROPS: dict[str, Any] = {
    "version": "1.36",
    "enabledClusterLogTypes": ["api", "audit", "authenticator"],
    "encryptionConfig": {"provider": {"keyArn": KEY_ARN}, "resources": ["secrets"]},
    "vpcConfig": {"endpointPublicAccess": False, "endpointPrivateAccess": True},
}
"""A cluster that all policies pass, unless it has to be protected."""
NODES: dict[str, Any] = {
    "version": "1.36",
    "amiType": "AL2023_x86_64_STANDARD",
    "releaseVersion": "1.36.0-20260101",
    "instanceTypes": ["m7i.large"],
    "subnetIds": ["subnet-1", "subnet-2"],
    "scalingConfig": {"minSize": 1, "desiredSize": 1, "maxSize": 2},
}
TEMPLATE_PROPS: dict[str, Any] = {"metadataOptions": {"httpTokens": "required"}}
INSTANCE_PROPS: dict[str, Any] = {"metadataOptions": {"httpTokens": "required"}, "instanceType": "m7i.large"}


def policy_text(*statements: dict[str, Any]) -> str:
    """A policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def bucket_parts(*, kind: str = BUCKETS[0], block: bool = True, policy: bool = True) -> list[Resource]:
    """A bucket, and what makes it right."""
    encryption = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY_ARN}}
    parts = [resource(kind, {"bucket": "data"}), resource(BUCKET_ENCRYPTION[0], {"bucket": "data", "rules": [encryption]})]
    if block:
        parts.append(resource(PUBLIC_ACCESS_BLOCK, {"bucket": "data", **PUBLIC_ACCESS_BLOCKED}))
    if policy:
        parts.append(resource(BUCKET_POLICY, {"bucket": "data", "policy": policy_text(TLS)}))
    return parts
