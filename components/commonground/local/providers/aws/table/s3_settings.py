"""S3: what AWS keeps beside a bucket, one of each kind. Facts from terraform-provider-aws (internal/service/s3) and pulumi-aws.

`expectedBucketOwner` (deprecated) is left out everywhere, and so the id is the bucket's name.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from commonground.local.providers.aws import models
from commonground.local.providers.aws.api import Api
from commonground.local.providers.aws.table import documents, s3_lifecycle
from commonground.local.providers.aws.table.common import put_again
from commonground.local.providers.aws.types import ResourceType
from commonground.local.providers.diff import Rules
from commonground.local.providers.errors import StandInError
from commonground.local.providers.values import UNKNOWN, Properties

Outputs = Callable[[Any, Properties], Properties | None]
"""From what was answered and the outputs in state; None where there is nothing set."""


def _setting(
    token: str,
    *,
    put: str,
    get: str,
    path: str,
    delete: str,
    arguments: dict[str, str],
    outputs: Outputs,
    sent: Callable[[Properties], Properties] = lambda new: new,
    nothing: Mapping[str, Any] | None = None,
    required: tuple[str, ...] = (),
    spellings: Mapping[str, Callable[[str], Any]] | None = None,
    **facts: Any,
) -> ResourceType:
    """A type that is a setting of its bucket: put, got and deleted whole. `nothing` is what an API without a delete is given in its place."""

    def send(api: Api, new: Properties) -> str:
        api.call(put, **api.request(put, sent(new)))
        return str(new["bucket"])

    def read(api: Api, id_: str, state: Properties) -> Properties | None:
        answer = api.ask(get, path, Bucket=id_)
        found = outputs(answer, state) if answer else None
        return None if found is None else {"bucket": id_, **found}

    def remove(api: Api, id_: str, state: Properties) -> None:
        if not state.get("skipDestroy"):
            api.gone(delete, Bucket=id_, **(nothing or {}))

    def find(api: Api, new: Properties) -> str | None:
        """S3 has some of these before anybody puts them: only what the inputs say is theirs."""
        found = read(api, str(new["bucket"]), new)
        return str(new["bucket"]) if found and _says(found, new, Rules(spellings=spellings or {})) else None

    return ResourceType(
        token=token,
        service="s3",
        arguments={"bucket": f"{put}.Bucket", **arguments},
        required=("bucket", *required),
        replaces=("bucket",),
        spellings=spellings or {},
        taggable=False,
        planned_id=lambda _, inputs: str(inputs["bucket"]),
        create=send,
        read=read,
        update=put_again(send),
        delete=remove,
        find=find,
        **facts,
    )


def _says(found: Any, wanted: Any, rules: Rules, path: str = "") -> bool:
    """Whether what was found says all that is wanted, in whatever order and spelling."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        return all(_says(found.get(name), value, rules, name) for name, value in wanted.items() if not name.startswith("__") and name != "region")
    if isinstance(wanted, list) and isinstance(found, list):
        return len(wanted) == len(found) and all(any(_says(other, item, rules) for other in found) for item in wanted)
    return rules.same(path, found, wanted)


def _versioned(status: Any) -> bool:
    """Disabled is no call: it is how a bucket is that nobody ever versioned."""
    return bool(status != "Disabled")


def _put_versioning(api: Api, new: Properties) -> str:
    if _versioned(new["versioningConfiguration"]["status"]):
        configuration = models.to_api(_VERSIONING_SHAPE, new["versioningConfiguration"])
        api.call("PutBucketVersioning", **api.request("PutBucketVersioning", new), VersioningConfiguration=configuration)
    return str(new["bucket"])


def _read_versioning(api: Api, id_: str, _state: Properties) -> Properties | None:
    found = api.ask("GetBucketVersioning", "", Bucket=id_)
    return None if found is None else {"bucket": id_, "versioningConfiguration": {"status": "Disabled", **found}}


def _update_versioning(api: Api, _id: str, old: Properties, new: Properties, _changed: set[str]) -> None:
    if not _versioned(new["versioningConfiguration"]["status"]) and _versioned(old["versioningConfiguration"]["status"]):
        raise StandInError("versioningConfiguration.status: a bucket that was versioned cannot be Disabled again; it can be Suspended")
    _put_versioning(api, new)


def _delete_versioning(api: Api, id_: str, state: Properties) -> None:
    if _versioned(state.get("versioningConfiguration", {}).get("status")):
        api.gone("PutBucketVersioning", Bucket=id_, VersioningConfiguration={"Status": "Suspended"})


_VERSIONING_SHAPE = models.shape("s3", "PutBucketVersioning.VersioningConfiguration")


def _versioning_traps(inputs: Properties) -> Iterator[tuple[str, str]]:
    configuration = inputs.get("versioningConfiguration", UNKNOWN)
    if not isinstance(configuration, dict):
        return
    of_api = {name: value for name, value in configuration.items() if name != "status" or _versioned(value)}
    yield from models.wrong(_VERSIONING_SHAPE, of_api, "versioningConfiguration")
    if configuration.get("mfaDelete") == "Enabled" and "mfa" not in inputs:
        yield "versioningConfiguration.mfaDelete", "needs mfa: the root user's device and its code"


VERSIONING = ResourceType(
    token="aws:s3/bucketVersioning:BucketVersioning",
    service="s3",
    arguments={"bucket": "PutBucketVersioning.Bucket", "mfa": "PutBucketVersioning.MFA", "versioningConfiguration": "object"},
    required=("bucket", "versioningConfiguration", "versioningConfiguration.status"),
    replaces=("bucket",),
    optional=("versioningConfiguration.mfaDelete",),
    taggable=False,
    check=_versioning_traps,
    planned_id=lambda _, inputs: str(inputs["bucket"]),
    create=_put_versioning,
    read=_read_versioning,
    update=_update_versioning,
    delete=_delete_versioning,
    find=lambda api, new: (
        str(new["bucket"]) if _says(_read_versioning(api, new["bucket"], new), {"versioningConfiguration": new["versioningConfiguration"]}, Rules()) else None
    ),
)


def _encryption_traps(inputs: Properties) -> Iterator[tuple[str, str]]:
    """S3 API reference, ServerSideEncryptionByDefault: a key goes with KMS only."""
    rules = inputs.get("rules")
    for index, rule in enumerate(rules if isinstance(rules, list) else []):
        default = rule.get("applyServerSideEncryptionByDefault") if isinstance(rule, dict) else None
        if isinstance(default, dict) and default.get("kmsMasterKeyId") and default.get("sseAlgorithm") == "AES256":
            yield f"rules[{index}].applyServerSideEncryptionByDefault.kmsMasterKeyId", "goes with the algorithms aws:kms and aws:kms:dsse only"


def _encryption(rules: list[Properties], _state: Properties) -> Properties:
    """Pulumi has the blocked types themselves where the API has an object around them."""
    blocked = [rule.get("blockedEncryptionTypes") for rule in rules]
    listed = [{"blockedEncryptionTypes": types["encryptionType"]} if types else {} for types in blocked]
    return {"rules": [{**rule, **types} for rule, types in zip(rules, listed, strict=True)]}


ENCRYPTION = _setting(
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    put="PutBucketEncryption",
    get="GetBucketEncryption",
    path="ServerSideEncryptionConfiguration.Rules",
    delete="DeleteBucketEncryption",
    arguments={"rules": "PutBucketEncryption.ServerSideEncryptionConfiguration.Rules"},
    required=("rules",),
    sets=("rules",),
    check=_encryption_traps,
    sent=lambda new: {**new, "rules": [{"bucketKeyEnabled": False, **rule} for rule in new["rules"]]},
    outputs=_encryption,
)

PUBLIC_ACCESS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
PUBLIC_ACCESS_BLOCK = _setting(
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    put="PutPublicAccessBlock",
    get="GetPublicAccessBlock",
    path="PublicAccessBlockConfiguration",
    delete="DeletePublicAccessBlock",
    arguments={
        **{name: f"PutPublicAccessBlock.PublicAccessBlockConfiguration.{name[0].upper()}{name[1:]}" for name in PUBLIC_ACCESS},
        "skipDestroy": "boolean",
    },
    defaults=dict.fromkeys(PUBLIC_ACCESS, False),
    local=("skipDestroy",),
    outputs=lambda found, state: {**found, "skipDestroy": state.get("skipDestroy")},
)

OWNERSHIP_CONTROLS = _setting(
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    put="PutBucketOwnershipControls",
    get="GetBucketOwnershipControls",
    path="OwnershipControls.Rules",
    delete="DeleteBucketOwnershipControls",
    arguments={"rule": "PutBucketOwnershipControls.OwnershipControls.Rules"},
    required=("rule",),
    outputs=lambda rules, _: {"rule": rules[0]},
)


def _policy_traps(inputs: Properties) -> Iterator[tuple[str, str]]:
    yield from documents.check_policy(documents.BUCKET, "policy")(inputs)
    bucket = inputs.get("bucket", UNKNOWN)
    for statement in documents.statements(inputs.get("policy")):
        for resource in map(str, documents.listed(statement.get("Resource"))):
            named = resource.split(":::", 1)[-1].split("/", 1)[0]
            if bucket != UNKNOWN and resource.startswith("arn:") and not {"*", "?"} & set(named) and named != bucket:
                yield "policy", f"{statement.get('Sid', 'a statement')}: Resource {resource!r} is not in the bucket {bucket}"


POLICY = _setting(
    "aws:s3/bucketPolicy:BucketPolicy",
    put="PutBucketPolicy",
    get="GetBucketPolicy",
    path="Policy",
    delete="DeleteBucketPolicy",
    arguments={"policy": "PutBucketPolicy.Policy"},
    required=("policy",),
    spellings={"policy": documents.same_policy},
    check=_policy_traps,
    outputs=lambda policy, _: {"policy": policy},
)


def _logging_traps(inputs: Properties) -> Iterator[tuple[str, str]]:
    form = inputs.get("targetObjectKeyFormat")
    if isinstance(form, dict) and len(form) != 1:
        yield "targetObjectKeyFormat", "needs one of partitionedPrefix and simplePrefix"


LOGGING = _setting(
    "aws:s3/bucketLogging:BucketLogging",
    put="PutBucketLogging",
    get="GetBucketLogging",
    path="LoggingEnabled",
    delete="PutBucketLogging",
    nothing={"BucketLoggingStatus": {}},
    # Left out: targetGrants, which a bucket without ACLs (the default since 2023) refuses.
    arguments={
        name: f"PutBucketLogging.BucketLoggingStatus.LoggingEnabled.{name[0].upper()}{name[1:]}"
        for name in ("targetBucket", "targetObjectKeyFormat", "targetPrefix")
    },
    required=("targetBucket", "targetPrefix"),
    check=_logging_traps,
    outputs=lambda found, _: found,
)


def _lifecycle(found: Properties, state: Properties) -> Properties | None:
    """Rules in the program's order, and a filter for everything as the program spells it."""
    given = state.get("rules")
    mine = {rule["id"]: (place, rule.get("filter")) for place, rule in enumerate(given if isinstance(given, list) else [])}
    rules = sorted(found.get("rules", []), key=lambda rule: mine.get(rule["id"], (len(mine),))[0])
    for rule in rules:
        if mine.get(rule["id"], (0, None))[1] == {} and rule.get("filter") == {"prefix": ""}:
            rule["filter"] = {}
    size = found.get("transitionDefaultMinimumObjectSize", DEFAULT_SIZE)
    return {"rules": rules, "transitionDefaultMinimumObjectSize": size} if rules else None


def _with_scope(rule: Properties) -> Properties:
    """A rule without a filter and a prefix of its own is for everything; S3 wants that said."""
    moves = {name: value for name, value in rule.items() if value != [] or name not in ("noncurrentVersionTransitions", "transitions")}
    return moves if "filter" in rule or "prefix" in rule else {**moves, "prefix": ""}


DEFAULT_SIZE = "all_storage_classes_128K"
LIFECYCLE = _setting(
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    put="PutBucketLifecycleConfiguration",
    get="GetBucketLifecycleConfiguration",
    path="",
    delete="DeleteBucketLifecycle",
    # Left out: timeouts. The provider's "optional and computed" parts of a rule are none here: the rules are put whole, and what is taken out goes.
    arguments={
        "rules": "PutBucketLifecycleConfiguration.LifecycleConfiguration.Rules",
        "transitionDefaultMinimumObjectSize": "PutBucketLifecycleConfiguration.TransitionDefaultMinimumObjectSize",
    },
    required=("rules",),
    sets=("rules.transitions", "rules.noncurrentVersionTransitions"),
    defaults={"transitionDefaultMinimumObjectSize": DEFAULT_SIZE},  # planned as known, for ordinary buckets
    check=s3_lifecycle.traps,
    sent=lambda new: {**new, "rules": [_with_scope(rule) for rule in new["rules"]]},
    outputs=_lifecycle,
)

ROWS = (VERSIONING, ENCRYPTION, PUBLIC_ACCESS_BLOCK, OWNERSHIP_CONTROLS, POLICY, LOGGING, LIFECYCLE)
