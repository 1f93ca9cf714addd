"""How long objects live, by what a bucket is for: data, and the rules that S3 makes of it."""

from dataclasses import dataclass

import pulumi_aws as aws

from commonground.settings.base import BucketPurpose
from commonground.settings.environment import BucketSettings

Rule = aws.s3.BucketLifecycleConfigurationRuleArgsDict

# Parts of an upload that never ended are billed and seen in no listing.
UNFINISHED_UPLOAD_DAYS = 7


@dataclass(frozen=True)
class Move:
    """Old versions go to a cheaper storage class."""

    storage_class: str
    after_days: int
    billed_days: int
    """Days that the class bills at least: a version that is deleted sooner costs more there."""


@dataclass(frozen=True)
class Life:
    """What happens to the objects of one purpose."""

    moves: tuple[Move, ...] = ()
    """Of old versions. What is current stays where it is fast."""
    kept: bool = False
    """Whether no version is ever deleted by age."""


# Least days and least billed days by class: S3 user guide, "Understanding and managing Amazon S3 storage classes".
LIVES: dict[BucketPurpose, Life] = {
    BucketPurpose.DATASETS: Life(
        moves=(Move("STANDARD_IA", after_days=30, billed_days=30), Move("GLACIER_IR", after_days=90, billed_days=90)),
    ),
    BucketPurpose.MODELS: Life(kept=True),  # what once answered a request can be asked again
    BucketPurpose.ARTIFACTS: Life(),
    BucketPurpose.LOGS: Life(),
}


class KeptForeverError(ValueError):
    """Objects are to expire in a bucket whose purpose keeps them."""

    def __init__(self, bucket: str, purpose: BucketPurpose, expire_days: int) -> None:
        super().__init__(f"bucket {bucket!r}: expire_days is {expire_days}, but {purpose.value} are kept: leave it out, or choose another purpose")
        self.bucket = bucket
        self.purpose = purpose
        self.expire_days = expire_days


def lifecycle_rules(settings: BucketSettings) -> list[Rule]:
    """The rules of a bucket. Raises `KeptForeverError` if it keeps its objects and is to expire them."""
    life = LIVES[settings.purpose]
    if life.kept and settings.expire_days is not None:
        raise KeptForeverError(settings.name, settings.purpose, settings.expire_days)
    rules = [_unfinished_uploads()]
    if not life.kept:
        rules.append(_old_versions(life, settings.keep_old_versions_days))
    if settings.expire_days is not None:
        rules.append(_current_objects(settings.expire_days))
    return rules


def _unfinished_uploads() -> Rule:
    return {
        "id": "unfinished-uploads",
        "status": "Enabled",
        "filter": {"prefix": ""},
        "abort_incomplete_multipart_upload": {"days_after_initiation": UNFINISHED_UPLOAD_DAYS},
    }


def _old_versions(life: Life, keep_days: int) -> Rule:
    """Those old versions move that are kept for long enough after it to pay off."""
    worthwhile = [move for move in life.moves if move.after_days + move.billed_days <= keep_days]
    return {
        "id": "old-versions",
        "status": "Enabled",
        "filter": {"prefix": ""},
        "noncurrent_version_transitions": [{"noncurrent_days": move.after_days, "storage_class": move.storage_class} for move in worthwhile],
        "noncurrent_version_expiration": {"noncurrent_days": keep_days},
    }


def _current_objects(days: int) -> Rule:
    return {"id": "current-objects", "status": "Enabled", "filter": {"prefix": ""}, "expiration": {"days": days}}
