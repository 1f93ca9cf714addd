"""What holds data cannot go by mistake, in environments that are protected."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from policies.policy import EXAMPLE, Note, Policy, Resource, Severity, Thresholds, example, having, resource
from policies.samples import CLUSTER_PROPS, KEY_ARN, KMS, bucket_parts
from policies.tokens import CLUSTER, REPOSITORY
from policies.values import flag, off


@dataclass(frozen=True)
class Holder:
    """How a type that holds data is protected, beside the engine's own `protect`."""

    switch: str = ""
    """Property by which the service itself refuses to delete it."""
    force: str = ""
    """Property by which it is deleted with all that is in it."""
    right: tuple[tuple[str, Any], ...] = ()
    """Properties of an example that other policies pass."""


_ENCRYPTED = (("storageEncrypted", True), ("kmsKeyId", KEY_ARN))
_REPOSITORY = (("imageTagMutability", "IMMUTABLE"), *KMS.items())
# Types that hold data, and their own protection (pulumi_aws 7.51). A log group's switch is CloudWatch Logs' own, which not every region has yet.
HOLDERS: dict[str, Holder] = {
    "aws:amp/workspace:Workspace": Holder(right=(("kmsKeyArn", KEY_ARN),)),
    "aws:cloudwatch/logGroup:LogGroup": Holder(right=(("kmsKeyId", KEY_ARN),)),
    "aws:cognito/userPool:UserPool": Holder(),
    "aws:docdb/cluster:Cluster": Holder("deletionProtection", "skipFinalSnapshot", _ENCRYPTED),
    "aws:dynamodb/table:Table": Holder("deletionProtectionEnabled", right=(("serverSideEncryption", {"kmsKeyArn": KEY_ARN}),)),
    "aws:ebs/volume:Volume": Holder(right=(("encrypted", True), ("kmsKeyId", KEY_ARN))),
    REPOSITORY: Holder(force="forceDelete", right=_REPOSITORY),
    "aws:efs/fileSystem:FileSystem": Holder(right=(("encrypted", True), ("kmsKeyId", KEY_ARN))),
    CLUSTER: Holder("deletionProtection", right=tuple(CLUSTER_PROPS.items())),
    "aws:kms/key:Key": Holder(),
    "aws:neptune/cluster:Cluster": Holder("deletionProtection", "skipFinalSnapshot", (("storageEncrypted", True), ("kmsKeyArn", KEY_ARN))),
    "aws:rds/cluster:Cluster": Holder("deletionProtection", "skipFinalSnapshot", _ENCRYPTED),
    "aws:rds/instance:Instance": Holder("deletionProtection", "skipFinalSnapshot", (*_ENCRYPTED, ("multiAz", True))),
    "aws:s3/bucket:Bucket": Holder(force="forceDestroy"),
    "aws:s3/bucketV2:BucketV2": Holder(force="forceDestroy"),
    "aws:secretsmanager/secret:Secret": Holder(right=(("kmsKeyId", KEY_ARN),)),
    "kubernetes:core/v1:PersistentVolumeClaim": Holder(),
}


def protected(one: Resource, thresholds: Thresholds) -> Iterator[str | Note]:
    """In a protected environment, holders of data that the engine would delete, that the service would, or that go with all that is in them.

    What a reviewer has lifted (`unprotected` in the scale) is told, and is no violation: only so can it be replaced or removed.
    """
    if not thresholds.protected:
        return
    if one.name in thresholds.unprotected:
        yield Note("is not protected: lifted in the scale (unprotected)")
        return
    holder = HOLDERS[one.type]
    if not one.protect:
        yield "the engine would delete or replace it: it has not the option protect"
    if holder.switch and off(one.props, holder.switch):
        yield f"the service would delete it: {holder.switch} is not true"
    if holder.force and flag(one.props, holder.force):
        yield f"it would go with all that is in it: {holder.force} is true"


_PROTECTED = replace(EXAMPLE, protected=True)


def _holder(type_: str, *, protect: bool = True, **changes: Any) -> tuple[Resource, ...]:
    holder = HOLDERS[type_]
    props = {**dict(holder.right), **({holder.switch: True} if holder.switch else {}), **({holder.force: False} if holder.force else {})}
    one = resource(type_, having({"bucket": "data", **props} if "s3/" in type_ else props, **changes), protect=protect)
    return (one, *bucket_parts()[1:]) if "s3/" in type_ else (one,)


POLICIES = (
    Policy(
        id="deletion-protection",
        title="What holds data is protected from deletion",
        severity=Severity.ALWAYS,
        why="A renamed resource is a deletion and a creation: in a preview of a hundred changes nobody sees the one that loses the data.",
        fix="Protect it (the scale's `protect`), and lift that for one resource by name, in a change of its own (`unprotected`).",
        types=tuple(HOLDERS),
        check=protected,
        passing=lambda: (
            *(example("protected", *_holder(type_), thresholds=_PROTECTED) for type_ in HOLDERS),
            *(example("an environment that is not", *_holder(type_, protect=False)) for type_ in HOLDERS),
            example("lifted by a reviewer", *_holder(CLUSTER, protect=False), thresholds=replace(_PROTECTED, unprotected=frozenset({"it"}))),
        ),
        failing=lambda: (
            *(example("not protected", *_holder(type_, protect=False), thresholds=_PROTECTED) for type_ in HOLDERS),
            *(example("the service's own", *_holder(type_, **{one.switch: False}), thresholds=_PROTECTED) for type_, one in HOLDERS.items() if one.switch),
            *(example("with all that is in it", *_holder(type_, **{one.force: True}), thresholds=_PROTECTED) for type_, one in HOLDERS.items() if one.force),
        ),
    ),
)
