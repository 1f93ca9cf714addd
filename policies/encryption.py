"""What is stored is encrypted, by keys that the customer decides about."""

from collections.abc import Iterator
from typing import Any

from policies.policy import About, Note, Policy, Resource, Severity, Stack, Thresholds, example, having, resource
from policies.samples import CLUSTER_PROPS, INSTANCE_PROPS, KEY_ARN, KMS, bucket_parts
from policies.tokens import BUCKET_ENCRYPTION, BUCKETS, CLUSTER, INSTANCE, REPOSITORIES, STORAGE_CLASS, TEMPLATE
from policies.values import HIDDEN, Key, at, dicts, flag, missing, off, text

# Switch that encrypts, by type: off unless it is said (pulumi_aws 7.51, inputs of each resource).
SWITCHES: dict[str, tuple[Key, ...]] = {
    "aws:docdb/cluster:Cluster": ("storageEncrypted",),
    "aws:ebs/volume:Volume": ("encrypted",),
    "aws:efs/fileSystem:FileSystem": ("encrypted",),
    "aws:elasticache/replicationGroup:ReplicationGroup": ("atRestEncryptionEnabled",),
    "aws:neptune/cluster:Cluster": ("storageEncrypted",),
    "aws:opensearch/domain:Domain": ("encryptAtRest", "enabled"),
    "aws:rds/cluster:Cluster": ("storageEncrypted",),
    "aws:rds/instance:Instance": ("storageEncrypted",),
    "aws:redshift/cluster:Cluster": ("encrypted",),
}

# Where the customer's key is named, by type. Without one, a key of AWS' own encrypts (pulumi_aws 7.51, inputs of each resource).
KEYS: dict[str, tuple[Key, ...]] = {
    "aws:amp/workspace:Workspace": ("kmsKeyArn",),
    "aws:backup/vault:Vault": ("kmsKeyArn",),
    "aws:cloudtrail/trail:Trail": ("kmsKeyId",),
    "aws:cloudwatch/logGroup:LogGroup": ("kmsKeyId",),
    "aws:codeartifact/domain:Domain": ("encryptionKey",),
    "aws:docdb/cluster:Cluster": ("kmsKeyId",),
    "aws:dynamodb/table:Table": ("serverSideEncryption", "kmsKeyArn"),
    "aws:ebs/volume:Volume": ("kmsKeyId",),
    "aws:efs/fileSystem:FileSystem": ("kmsKeyId",),
    CLUSTER: ("encryptionConfig", "provider", "keyArn"),
    "aws:elasticache/replicationGroup:ReplicationGroup": ("kmsKeyId",),
    "aws:kinesis/stream:Stream": ("kmsKeyId",),
    "aws:neptune/cluster:Cluster": ("kmsKeyArn",),
    "aws:opensearch/domain:Domain": ("encryptAtRest", "kmsKeyId"),
    "aws:rds/cluster:Cluster": ("kmsKeyId",),
    "aws:rds/instance:Instance": ("kmsKeyId",),
    "aws:redshift/cluster:Cluster": ("kmsKeyId",),
    "aws:secretsmanager/secret:Secret": ("kmsKeyId",),
    "aws:sns/topic:Topic": ("kmsMasterKeyId",),
    "aws:sqs/queue:Queue": ("kmsMasterKeyId",),
}


def _nested(path: tuple[Key, ...], value: Any) -> dict[str, Any]:
    """Properties in which a value stands at a path."""
    for key in reversed(path):
        value = {str(key): value}
    return dict(value)


def _merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    return {key: _merged(one[key], value) if isinstance(value, dict) and key in one else value for key, value in {**one, **other}.items()}


# What makes an example of a type right in the eyes of the other policies.
RIGHT: dict[str, dict[str, Any]] = {
    CLUSTER: CLUSTER_PROPS,
    "aws:elasticache/replicationGroup:ReplicationGroup": {"transitEncryptionEnabled": True},
    "aws:opensearch/domain:Domain": {"domainEndpointOptions": {"enforceHttps": True}, "vpcOptions": {"subnetIds": ["subnet-1", "subnet-2"]}},
}


def _right(type_: str) -> dict[str, Any]:
    props = RIGHT.get(type_, {})
    if type_ in SWITCHES:
        props = _merged(props, _nested(SWITCHES[type_], True))
    return _merged(props, _nested(KEYS[type_], KEY_ARN)) if type_ in KEYS else props


def encrypted(one: Resource, thresholds: Thresholds) -> Iterator[str | Note]:
    """Stores that are not encrypted at all. A disk that says nothing of it is encrypted only where the account does so by default, which nobody sees here."""
    if one.type in SWITCHES:
        path = SWITCHES[one.type]
        if off(one.props, *path):
            yield f"is not encrypted: {'.'.join(map(str, path))} is not true"
    elif one.type == TEMPLATE:
        disks = dicts(one.props, "blockDeviceMappings")
        yield from (
            f"the disk {text(disk, 'deviceName') or 'of a node'} is not encrypted"
            for disk in disks
            if not missing(disk, "ebs") and off(disk, "ebs", "encrypted")
        )
    elif one.type == INSTANCE:
        disks = [*dicts(one.props, "rootBlockDevice"), *dicts(one.props, "ebsBlockDevices")]
        yield from (f"the disk {text(disk, 'deviceName') or 'that it starts from'} is not encrypted" for disk in disks if off(disk, "encrypted"))
    elif one.type == "aws:sqs/queue:Queue":
        if flag(one.props, "sqsManagedSseEnabled") is False and missing(one.props, "kmsMasterKeyId"):
            yield "is not encrypted: sqsManagedSseEnabled is false, and there is no key"
    elif one.type == STORAGE_CLASS and text(one.props, "provisioner") == "ebs.csi.aws.com" and off(one.props, "parameters", "encrypted"):
        yield 'makes volumes that are not encrypted: parameters.encrypted is not "true"'


def customer_keys(one: Resource, thresholds: Thresholds) -> Iterator[str | Note]:
    """Stores that a key of AWS' own encrypts. Nodes' own disks hold nothing that has to last, and what is not encrypted at all is told as that."""
    if one.type in KEYS:
        decided = at(one.props, "sqsManagedSseEnabled") is not HIDDEN and not any(encrypted(one, thresholds))
        if decided and missing(one.props, *KEYS[one.type]):
            yield f"no key of ours: {'.'.join(map(str, KEYS[one.type]))} is not set"
    elif one.type in REPOSITORIES:
        found = at(one.props, "encryptionConfigurations")
        if missing(found):
            yield "no key of ours: encryptionConfigurations is not set"
        for configuration in dicts(found):
            kind = text(configuration, "encryptionType")
            if kind == "AES256" or missing(configuration, "encryptionType") or missing(configuration, "kmsKey"):
                yield "no key of ours: encryptionConfigurations has no kmsKey"
    elif one.type in BUCKET_ENCRYPTION:
        for rule in dicts(one.props, "rules"):
            if missing(rule, "applyServerSideEncryptionByDefault", "kmsMasterKeyId"):
                yield "no key of ours: applyServerSideEncryptionByDefault.kmsMasterKeyId is not set"
    elif one.type == "aws:ssm/parameter:Parameter":
        if text(one.props, "type") == "SecureString" and missing(one.props, "keyId"):
            yield "no key of ours: keyId is not set"
    elif one.type == STORAGE_CLASS and text(one.props, "provisioner") == "ebs.csi.aws.com" and missing(one.props, "parameters", "kmsKeyId"):
        yield "makes volumes without a key of ours: parameters.kmsKeyId is not set"


def buckets_have_keys(stack: Stack, thresholds: Thresholds) -> Iterator[About]:
    """Buckets of which no resource of the stack says how they are encrypted: S3 then takes a key of its own."""
    said = stack.of(*BUCKET_ENCRYPTION)
    for bucket in stack.of(*BUCKETS):
        told = [stack.refers(one, "bucket", bucket, by="bucket") for one in said]
        if not any(answer in (True, None) for answer in told) and missing(bucket.props, "serverSideEncryptionConfiguration"):
            yield About(bucket, "no key of ours: no BucketServerSideEncryptionConfiguration is for this bucket")


def _bucket(**more: Any) -> dict[str, Any]:
    return {"bucket": "data", **more}


def _template(encrypted: str | None) -> dict[str, Any]:
    disk = having({"volumeSize": 50}, encrypted=encrypted)
    return {"metadataOptions": {"httpTokens": "required"}, "blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": disk}]}


def _class(**parameters: str) -> dict[str, Any]:
    return {"provisioner": "ebs.csi.aws.com", "parameters": {"type": "gp3", **parameters}}


def _sse(algorithm: str, key: str | None) -> dict[str, Any]:
    return _bucket(rules=[{"applyServerSideEncryptionByDefault": having({"sseAlgorithm": algorithm}, kmsMasterKeyId=key)}])


POLICIES = (
    Policy(
        id="encryption-at-rest",
        title="What is stored is encrypted",
        severity=Severity.ALWAYS,
        why="A disk, snapshot or backup that leaves the account can be read by whoever gets it.",
        fix="Switch encryption on; most services can do so only when the thing is made.",
        types=(*SWITCHES, TEMPLATE, INSTANCE, "aws:sqs/queue:Queue", STORAGE_CLASS),
        check=encrypted,
        passing=lambda: (
            *(example("encrypted", resource(type_, _right(type_))) for type_ in SWITCHES),
            example("encrypted, as text", resource(TEMPLATE, _template("true"))),
            example(
                "a disk that lives in memory",
                resource(TEMPLATE, having(_template("true"), blockDeviceMappings=[{"virtualName": "ephemeral0"}])),
            ),
            example("encrypted", resource(INSTANCE, having(INSTANCE_PROPS, rootBlockDevice={"encrypted": True}))),
            example("a key", resource("aws:sqs/queue:Queue", {"sqsManagedSseEnabled": False, "kmsMasterKeyId": KEY_ARN})),
            example("encrypted", resource(STORAGE_CLASS, _class(encrypted="true", kmsKeyId=KEY_ARN))),
            example("another provisioner", resource(STORAGE_CLASS, {"provisioner": "efs.csi.aws.com"})),
        ),
        failing=lambda: (
            *(example("nothing said", resource(type_, _merged(_right(type_), _nested(path, None)))) for type_, path in SWITCHES.items()),
            *(example("off", resource(type_, _merged(_right(type_), _nested(path, False)))) for type_, path in SWITCHES.items()),
            example("nothing said", resource(TEMPLATE, _template(None))),
            example("off", resource(TEMPLATE, _template("false"))),
            example("root disk", resource(INSTANCE, having(INSTANCE_PROPS, rootBlockDevice={"encrypted": False}))),
            example("data disk", resource(INSTANCE, having(INSTANCE_PROPS, ebsBlockDevices=[{"deviceName": "/dev/sdf"}]))),
            example("off", resource("aws:sqs/queue:Queue", {"sqsManagedSseEnabled": False})),
            example("nothing said", resource(STORAGE_CLASS, _class(kmsKeyId=KEY_ARN))),
        ),
    ),
    Policy(
        id="customer-keys",
        title="What is stored is encrypted by a customer's key",
        severity=Severity.MEDIUM,
        why="Only with a key of ours can access to what it encrypts be withdrawn, seen in CloudTrail and given to another account.",
        fix="Make a key (`commonground.keys`, or aws.kms.Key) and name it where the message says.",
        types=(*KEYS, *REPOSITORIES, *BUCKET_ENCRYPTION, *BUCKETS, "aws:ssm/parameter:Parameter", STORAGE_CLASS),
        check=customer_keys,
        whole=buckets_have_keys,
        passing=lambda: (
            *(example("a key", resource(type_, _right(type_))) for type_ in KEYS),
            *(example("a key", resource(type_, {"imageTagMutability": "IMMUTABLE", **KMS})) for type_ in REPOSITORIES),
            example("a key", resource(BUCKETS[0], _bucket()), resource(BUCKET_ENCRYPTION[0], _sse("aws:kms", KEY_ARN)), *bucket_parts()[2:]),
            example("a key, said inline", resource(BUCKETS[0], _bucket(serverSideEncryptionConfiguration={"rule": {}})), *bucket_parts()[2:]),
            example("no secret", resource("aws:ssm/parameter:Parameter", {"type": "String"})),
            example("a key", resource(STORAGE_CLASS, _class(encrypted="true", kmsKeyId=KEY_ARN))),
        ),
        failing=lambda: (
            *(example("no key", resource(type_, _merged(_right(type_), _nested(path, None)))) for type_, path in KEYS.items()),
            *(
                example("AWS' key", resource(type_, {"imageTagMutability": "IMMUTABLE", "encryptionConfigurations": [{"encryptionType": "AES256"}]}))
                for type_ in REPOSITORIES
            ),
            *(example("nothing said", resource(type_, {"imageTagMutability": "IMMUTABLE"})) for type_ in REPOSITORIES),
            *(example("S3's key", resource(type_, _sse("AES256", None))) for type_ in BUCKET_ENCRYPTION),
            *(example("nothing said", resource(type_, _bucket()), *bucket_parts()[2:]) for type_ in BUCKETS),
            example("AWS' key", resource("aws:ssm/parameter:Parameter", {"type": "SecureString"})),
            example("no key", resource(STORAGE_CLASS, _class(encrypted="true"))),
        ),
    ),
)
