"""Registries, buckets, and what may lose its protection."""

from collections.abc import Iterator
from difflib import get_close_matches

from commonground.settings.base import BucketPurpose
from commonground.settings.files import Block, Files
from commonground.settings.merge import protected_names
from commonground.settings.mistakes import listed
from commonground.settings.rules.problem import Problem, Rule, repeated

STARS = 4
"""`*` in one tag pattern at most (ECR user guide, "Lifecycle policy parameters")."""

# Amazon S3 user guide, "Bucket naming rules"; the physical name begins with the bucket's name.
RESERVED_PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")


def released_tags(files: Files) -> Iterator[Problem]:
    """Tag patterns are ones that ECR takes."""
    for name, registry in files.blueprint.registries.items():
        for index, pattern in enumerate(registry.released_tags):
            if pattern.count("*") > STARS:
                keys = ("registries", name, "released_tags", index)
                yield Problem(
                    Block.BLUEPRINT, keys, f"{pattern}, with {pattern.count('*')} `*`", f"at most {STARS} `*` in one pattern", "write a shorter pattern"
                )


def bucket_names(files: Files) -> Iterator[Problem]:
    """Bucket names are not of those that S3 keeps for itself."""
    for name in files.blueprint.buckets:
        prefix = next((prefix for prefix in RESERVED_PREFIXES if name.startswith(prefix)), None)
        if prefix is not None:
            yield Problem(
                Block.BLUEPRINT, ("buckets", name), f"the name `{name}`", f"one that does not begin with {prefix}, which S3 keeps for itself", "rename it"
            )


def one_log_bucket(files: Files) -> Iterator[Problem]:
    """At most one bucket takes the others' access logs."""
    logs = [name for name, bucket in files.blueprint.buckets.items() if bucket.purpose is BucketPurpose.LOGS]
    for name in logs[1:]:
        expected = f"one bucket for logs: `{logs[0]}` is it"
        yield Problem(
            Block.BLUEPRINT,
            ("buckets", name, "purpose"),
            f"a second bucket with the purpose {BucketPurpose.LOGS}",
            expected,
            "give it another purpose, or remove it",
        )


def models_are_kept(files: Files) -> Iterator[Problem]:
    """Models and their versions never expire, so nothing says when."""
    for name, bucket in files.blueprint.buckets.items():
        if bucket.purpose is BucketPurpose.MODELS:
            for key in sorted(bucket.model_fields_set & {"expire_days", "keep_old_versions_days"}):
                expected = "nothing: models are kept, with every version"
                yield Problem(Block.BLUEPRINT, ("buckets", name, key), str(getattr(bucket, key)), expected, "remove it, or give the bucket another purpose")


def unprotected(files: Files) -> Iterator[Problem]:
    """Protection is lifted of what has one, once."""
    yield from repeated(Block.SCALE, ("unprotected",), files.scale.unprotected)
    known = protected_names(files)
    for index, name in enumerate(files.scale.unprotected):
        if name not in known and name not in files.scale.unprotected[:index]:
            # Only what is nearly the same is guessed: a name whose thing has left the blueprint must not lead to another thing's protection.
            near = get_close_matches(name, known, n=1, cutoff=0.9)
            gone = "remove it from the list, in the change that takes the thing out of the blueprint"
            fix = f'did you mean "{near[0]}"? If the thing is gone from the blueprint, {gone}' if near else gone
            yield Problem(Block.SCALE, ("unprotected", index), name, f"the logical name of something that is protected: {listed(known)}", fix)


RULES: tuple[Rule, ...] = (released_tags, bucket_names, one_log_bucket, models_are_kept, unprotected)
