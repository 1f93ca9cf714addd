"""Resources that hold what cannot be made again, and what keeps them from being deleted."""

import re

HOLDS_DATA: dict[str, str] = {
    "aws:s3/bucket:Bucket": "its objects",
    "aws:s3/bucketV2:BucketV2": "its objects",
    "aws:s3tables/tableBucket:TableBucket": "its tables",
    "aws:ecr/repository:Repository": "its images",
    "aws:kms/key:Key": "all that it encrypted",
    "aws:cloudwatch/logGroup:LogGroup": "its logs",
    "aws:ebs/volume:Volume": "what is on it",
    "aws:ebs/snapshot:Snapshot": "the snapshot",
    "aws:efs/fileSystem:FileSystem": "its files",
    "aws:fsx/lustreFileSystem:LustreFileSystem": "its files",
    "aws:fsx/openZfsFileSystem:OpenZfsFileSystem": "its files",
    "aws:rds/instance:Instance": "its databases",
    "aws:rds/cluster:Cluster": "its databases",
    "aws:docdb/cluster:Cluster": "its databases",
    "aws:neptune/cluster:Cluster": "its graph",
    "aws:redshift/cluster:Cluster": "its tables",
    "aws:dynamodb/table:Table": "its items",
    "aws:elasticache/replicationGroup:ReplicationGroup": "its entries",
    "aws:memorydb/cluster:Cluster": "its entries",
    "aws:opensearch/domain:Domain": "its indexes",
    "aws:msk/cluster:Cluster": "its topics",
    "aws:kinesis/stream:Stream": "its records",
    "aws:sqs/queue:Queue": "its messages",
    "aws:backup/vault:Vault": "its backups",
    "aws:glue/catalogDatabase:CatalogDatabase": "its tables",
    "aws:amp/workspace:Workspace": "its metrics",
    "aws:sagemaker/featureGroup:FeatureGroup": "its features",
    "aws:codeartifact/repository:Repository": "its packages",
    "aws:secretsmanager/secret:Secret": "the secret",
    "aws:ssm/parameter:Parameter": "the parameter",
    "aws:cognito/userPool:UserPool": "its users",
    "aws:eks/cluster:Cluster": "every object in it",
    "kubernetes:core/v1:PersistentVolumeClaim": "what is on its volume",
    "kubernetes:core/v1:PersistentVolume": "what is on it",
    "kubernetes:core/v1:Namespace": "every object in it",
}
"""Type -> what would be lost with it."""

WORDS = "Bucket|Database|Disk|FileShare|FileSystem|KeyRing|KeyVault|Secret|Snapshot|StorageAccount|Table|Vault|Volume"
"""Words in the names of other providers' types that hold data, as far as a name tells."""
TOLD = ("aws", "kubernetes", "pulumi", "random")
"""Packages whose types are told by the table, or hold nothing."""
BESIDE = re.compile(rf"({WORDS})(Access|Acl|Attachment|Backup|Binding|Iam|Member|Notification|Object|Policy|User)")
"""What belongs to such a thing, and holds nothing itself."""


def held(type_: str) -> str | None:
    """What would be lost with a resource of this type; None: nothing."""
    if type_ in HOLDS_DATA:
        return HOLDS_DATA[type_]
    package, _, rest = type_.partition(":")
    name = rest.rpartition(":")[2]
    if package in TOLD or not re.search(WORDS, name) or BESIDE.search(name):
        return None
    return "what is in it"


PROTECTIONS: dict[str, str] = {
    "aws:eks/cluster:Cluster": "deletionProtection",
    "aws:cloudwatch/logGroup:LogGroup": "deletionProtectionEnabled",
    "aws:rds/instance:Instance": "deletionProtection",
    "aws:rds/cluster:Cluster": "deletionProtection",
    "aws:dynamodb/table:Table": "deletionProtectionEnabled",
    "aws:cognito/userPool:UserPool": "deletionProtection",
    "aws:s3/bucket:Bucket": "forceDestroy",
    "aws:ecr/repository:Repository": "forceDelete",
}
"""Type -> the property by which its service refuses to delete it, or by which what is in it goes too."""
