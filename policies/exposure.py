"""What the whole internet could reach: buckets, repositories, endpoints, ports; and what would cross it unencrypted."""

import ipaddress
from collections.abc import Iterable, Iterator
from typing import Any

from policies.policy import About, Note, Policy, Resource, Severity, Stack, Thresholds, example, having, resource
from policies.samples import CLUSTER_PROPS, KEY_ARN, KMS, PUBLIC_ACCESS_BLOCKED, TLS, bucket_parts, policy_text
from policies.statements import allows, anybody, denies_plain_http
from policies.tokens import BUCKET_POLICY, BUCKETS, CLUSTER, PUBLIC_ACCESS_BLOCK, REPOSITORY_TEMPLATE
from policies.values import at, dicts, flag, items, missing, number, off, text, texts

ACCOUNT_BLOCK = "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock"
BUCKET_ACLS = ("aws:s3/bucketAcl:BucketAcl", "aws:s3/bucketAclV2:BucketAclV2")
BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
PUBLIC_ACLS = frozenset({"public-read", "public-read-write", "authenticated-read"})
ANYWHERE = frozenset({"0.0.0.0/0", "::/0"})

# Policies of things by which others get at them: type -> property (pulumi_aws 7.51).
RESOURCE_POLICIES = {
    "aws:backup/vaultPolicy:VaultPolicy": "policy",
    "aws:codeartifact/domainPermissions:DomainPermissions": "policyDocument",
    "aws:codeartifact/repositoryPermissionsPolicy:RepositoryPermissionsPolicy": "policyDocument",
    "aws:efs/fileSystemPolicy:FileSystemPolicy": "policy",
    "aws:kms/key:Key": "policy",
    "aws:kms/keyPolicy:KeyPolicy": "policy",
    "aws:secretsmanager/secretPolicy:SecretPolicy": "policy",
    "aws:sns/topic:Topic": "policy",
    "aws:sns/topicPolicy:TopicPolicy": "policy",
    "aws:sqs/queue:Queue": "policy",
    "aws:sqs/queuePolicy:QueuePolicy": "policy",
}
REPOSITORY_POLICIES = ("aws:ecr/repositoryPolicy:RepositoryPolicy", "aws:ecr/registryPolicy:RegistryPolicy")
PUBLIC_REPOSITORY = "aws:ecrpublic/repository:Repository"
# Switches that put a thing on the internet (pulumi_aws 7.51).
PUBLIC_SWITCHES = {
    "aws:dms/replicationInstance:ReplicationInstance": "publiclyAccessible",
    "aws:docdb/clusterInstance:ClusterInstance": "publiclyAccessible",
    "aws:mq/broker:Broker": "publiclyAccessible",
    "aws:neptune/clusterInstance:ClusterInstance": "publiclyAccessible",
    "aws:rds/clusterInstance:ClusterInstance": "publiclyAccessible",
    "aws:rds/instance:Instance": "publiclyAccessible",
    "aws:redshift/cluster:Cluster": "publiclyAccessible",
}
FUNCTION_URL = "aws:lambda/functionUrl:FunctionUrl"
GROUPS = ("aws:ec2/securityGroup:SecurityGroup", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")
GROUP_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
LISTENERS = ("aws:lb/listener:Listener", "aws:alb/listener:Listener")
SHELLS = {22: "SSH", 3389: "RDP"}


def together(ranges: Iterable[str]) -> set[str]:
    """Address ranges with those that are one in pieces put together: two halves of the internet are all of it. What is no range is left as it is."""
    found: dict[int, list[Any]] = {4: [], 6: []}
    others = set()
    for text_ in ranges:
        try:
            network = ipaddress.ip_network(text_, strict=False)
        except ValueError:
            others.add(text_)
        else:
            found[network.version].append(network)
    return others | {str(network) for version in found.values() for network in ipaddress.collapse_addresses(version)}


def public_buckets(one: Resource, thresholds: Thresholds) -> Iterator[str | Note]:
    """Public access that is not blocked, an ACL for everybody, a policy for everybody."""
    if one.type in (PUBLIC_ACCESS_BLOCK, ACCOUNT_BLOCK):
        if lifted := [name for name in BLOCKS if off(one.props, name)]:
            yield f"does not block public access: {', '.join(lifted)} {'is' if len(lifted) == 1 else 'are'} not true"
    elif one.type == BUCKET_POLICY:
        yield from (f"lets anybody in: the statement {name}" for name in allows(one.document("policy"), anybody))
    elif text(one.props, "acl") in PUBLIC_ACLS:
        yield f"lets anybody in: the ACL {text(one.props, 'acl')}"


def buckets_block_access(stack: Stack, thresholds: Thresholds) -> Iterator[About]:
    """Buckets that only S3's default keeps closed: whoever may change the bucket could open it, and no preview would show it."""
    blocks = stack.of(PUBLIC_ACCESS_BLOCK)
    for bucket in stack.of(*BUCKETS):
        if not any(stack.refers(one, "bucket", bucket, by="bucket") in (True, None) for one in blocks):
            yield About(bucket, "does not block public access: no BucketPublicAccessBlock is for this bucket")


def public_repositories(one: Resource, thresholds: Thresholds) -> Iterator[str | Note]:
    """Repositories from which anybody pulls."""
    if one.type == PUBLIC_REPOSITORY:
        yield "is in the public gallery: anybody pulls from it"
        return
    document = one.document("repositoryPolicy" if one.type == REPOSITORY_TEMPLATE else "policy")
    yield from (f"lets anybody in: the statement {name}" for name in allows(document, anybody))


def public_endpoints(one: Resource, thresholds: Thresholds) -> Iterator[str | Note]:
    """Endpoints that everybody reaches, and what is open to everybody by its own policy."""
    if one.type == CLUSTER:
        # EKS' defaults are a public endpoint, and for everybody (EKS API reference, VpcConfigRequest).
        settings = at(one.props, "vpcConfig")
        if missing(settings, "endpointPublicAccess") or flag(settings, "endpointPublicAccess"):
            found = ANYWHERE.intersection(together(texts(settings, "publicAccessCidrs")))
            if found or missing(settings, "publicAccessCidrs"):
                yield "the cluster's API is open to the internet: publicAccessCidrs " + (f"has {', '.join(sorted(found))}" if found else "is not set")
    elif one.type in PUBLIC_SWITCHES:
        if flag(one.props, PUBLIC_SWITCHES[one.type]):
            yield f"has an address on the internet: {PUBLIC_SWITCHES[one.type]} is true"
    elif one.type == FUNCTION_URL and text(one.props, "authorizationType") == "NONE":
        yield "answers everybody: authorizationType is NONE"
    if one.type in RESOURCE_POLICIES:
        yield from (f"lets anybody in: the statement {name}" for name in allows(one.document(RESOURCE_POLICIES[one.type]), anybody))


def tls_only(one: Resource, thresholds: Thresholds) -> Iterator[str | Note]:
    """Ways in without TLS."""
    if one.type == BUCKET_POLICY:
        if denies_plain_http(one.document("policy")) is False:
            yield "does not refuse plain HTTP: no statement denies s3:* to everybody where aws:SecureTransport is false"
    elif one.type in LISTENERS:
        served = any(text(action, "type") not in ("redirect", None) for action in items(one.props, "defaultActions"))
        if text(one.props, "protocol") == "HTTP" and served:
            yield "takes plain HTTP, and does not redirect it"
    elif one.type == "aws:elasticache/replicationGroup:ReplicationGroup":
        if off(one.props, "transitEncryptionEnabled"):
            yield "takes connections without TLS: transitEncryptionEnabled is not true"
    elif one.type == "aws:opensearch/domain:Domain" and off(one.props, "domainEndpointOptions", "enforceHttps"):
        yield "takes plain HTTP: domainEndpointOptions.enforceHttps is not true"


def buckets_refuse_http(stack: Stack, thresholds: Thresholds) -> Iterator[About]:
    """Buckets without any policy that could refuse plain HTTP."""
    policies = stack.of(BUCKET_POLICY)
    for bucket in stack.of(*BUCKETS):
        if missing(bucket.props, "policy") and not any(stack.refers(one, "bucket", bucket, by="bucket") in (True, None) for one in policies):
            yield About(bucket, "does not refuse plain HTTP: no BucketPolicy is for this bucket")


def shells(one: Resource, thresholds: Thresholds) -> Iterator[str | Note]:
    """Rules by which SSH or RDP are open to everybody: inline, and in both forms of a rule of its own."""
    rules: list[tuple[Any, list[str]]] = []
    if one.type in GROUPS:
        rules = [(rule, [*texts(rule, "cidrBlocks"), *texts(rule, "ipv6CidrBlocks")]) for rule in dicts(one.props, "ingress")]
    elif one.type == GROUP_RULE:
        if text(one.props, "type") == "ingress":
            rules = [(one.props, [*texts(one.props, "cidrBlocks"), *texts(one.props, "ipv6CidrBlocks")])]
    else:
        rules = [(one.props, [*texts(one.props, "cidrIpv4"), *texts(one.props, "cidrIpv6")])]
    for rule, ranges in rules:
        for port, name in SHELLS.items():
            if (open_to := ANYWHERE.intersection(together(ranges))) and _opens(rule, port):
                yield f"{name} (port {port}) is open to {', '.join(sorted(open_to))}"


def _opens(rule: Any, port: int) -> bool:
    """Whether a rule is known to open a port. No ports stand in one for all protocols."""
    protocol = at(rule, "protocol") if at(rule, "ipProtocol") is None else at(rule, "ipProtocol")
    if str(protocol).lower() in ("-1", "all"):
        return True
    first, last = number(rule, "fromPort"), number(rule, "toPort")
    return str(protocol).lower() in ("tcp", "6") and first is not None and last is not None and first <= port <= last


_CLOSED = {"endpointPublicAccess": False, "endpointPrivateAccess": True}
_STORE = {"storageEncrypted": True, "encrypted": True, "kmsKeyId": KEY_ARN}


def _open(action: str, **more: Any) -> dict[str, Any]:
    return {"Sid": "Everybody", "Effect": "Allow", "Principal": "*", "Action": action, "Resource": "*", **more}


_NO_CONDITIONS = (
    {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}},
    {"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}},
    {"StringEqualsIfExists": {"aws:SourceVpce": "vpce-1"}},
    {"Bool": {"aws:SecureTransport": "true"}},
)
_OUR_ORGANIZATION = {"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}


def _cluster(**vpc: Any) -> Resource:
    return resource(CLUSTER, {**CLUSTER_PROPS, "vpcConfig": vpc})


def _queue(type_: str, statement: dict[str, Any]) -> Resource:
    return resource(type_, {"kmsMasterKeyId": KEY_ARN, RESOURCE_POLICIES[type_]: policy_text(statement)})


_SSH = {"protocol": "tcp", "fromPort": 20, "toPort": 30}
_SSH_RULE = {"ipProtocol": "tcp", "fromPort": 22, "toPort": 22}

POLICIES = (
    Policy(
        id="no-public-buckets",
        title="No bucket is public",
        severity=Severity.ALWAYS,
        why="A bucket that anybody can read is the commonest leak there is, and one ACL is enough.",
        fix="Block all four kinds of public access of the bucket, name principals in its policy, and hand out objects by signed URLs or CloudFront.",
        types=(*BUCKETS, PUBLIC_ACCESS_BLOCK, ACCOUNT_BLOCK, BUCKET_POLICY, *BUCKET_ACLS),
        check=public_buckets,
        whole=buckets_block_access,
        passing=lambda: (
            example("blocked", *bucket_parts()),
            example("blocked in the account", resource(ACCOUNT_BLOCK, PUBLIC_ACCESS_BLOCKED)),
            example("for our organization only", resource(BUCKET_POLICY, {"policy": policy_text(TLS, _open("s3:GetObject", **_OUR_ORGANIZATION))})),
            example("private", resource(BUCKET_ACLS[0], {"acl": "private"})),
        ),
        failing=lambda: (
            *(example("no block", *bucket_parts(kind=kind, block=False)) for kind in BUCKETS),
            *(example("one kind not blocked", resource(PUBLIC_ACCESS_BLOCK, {**PUBLIC_ACCESS_BLOCKED, name: False})) for name in BLOCKS),
            example("not blocked in the account", resource(ACCOUNT_BLOCK, {})),
            example("a policy for everybody", resource(BUCKET_POLICY, {"policy": policy_text(TLS, _open("s3:GetObject"))})),
            *(example("an ACL for everybody", resource(type_, {"acl": "public-read"})) for type_ in BUCKET_ACLS),
            example("an ACL for everybody", resource(BUCKETS[0], {"bucket": "data", "acl": "public-read"}), *bucket_parts()[1:]),
        ),
    ),
    Policy(
        id="no-public-repositories",
        title="No image repository is public",
        severity=Severity.ALWAYS,
        why="Images hold code, models and often more than was meant to be in them.",
        fix="Name the accounts that pull in the repository's policy.",
        types=(*REPOSITORY_POLICIES, REPOSITORY_TEMPLATE, PUBLIC_REPOSITORY),
        check=public_repositories,
        passing=lambda: (
            example(
                "an account", resource(REPOSITORY_POLICIES[0], {"policy": policy_text({**_open("ecr:BatchGetImage"), "Principal": {"AWS": "111111111111"}})})
            ),
            example("for our organization only", resource(REPOSITORY_POLICIES[0], {"policy": policy_text(_open("ecr:BatchGetImage", **_OUR_ORGANIZATION))})),
        ),
        failing=lambda: (
            *(example("everybody", resource(type_, {"policy": policy_text(_open("ecr:BatchGetImage"))})) for type_ in REPOSITORY_POLICIES),
            example("everybody", resource(PUBLIC_REPOSITORY, {"repositoryName": "shop"})),
            example(
                "everybody, in what is made later",
                resource(
                    REPOSITORY_TEMPLATE,
                    {
                        "imageTagMutability": "IMMUTABLE",
                        **KMS,
                        "repositoryPolicy": policy_text(_open("ecr:BatchGetImage")),
                    },
                ),
            ),
        ),
    ),
    Policy(
        id="no-public-endpoints",
        title="No endpoint is open to everybody",
        severity=Severity.ALWAYS,
        why="An API server, a database or a queue that the internet reaches is one stolen credential, or one flaw, from being used.",
        fix="Name the ranges or principals that need it, or make it private. A cluster's clients: the binding that cluster.endpoint.clients names.",
        types=(CLUSTER, *PUBLIC_SWITCHES, FUNCTION_URL, *RESOURCE_POLICIES),
        check=public_endpoints,
        passing=lambda: (
            example("private", _cluster(**_CLOSED)),
            example("for some ranges", _cluster(endpointPublicAccess=True, publicAccessCidrs=["203.0.113.0/24"])),
            *(example("private", resource(type_, having(_STORE, **{name: False}))) for type_, name in PUBLIC_SWITCHES.items()),
            example("by IAM", resource(FUNCTION_URL, {"authorizationType": "AWS_IAM"})),
            *(example("our account", _queue(type_, {**_open("sqs:SendMessage"), "Principal": {"AWS": "arn:aws:iam::1:root"}})) for type_ in RESOURCE_POLICIES),
        ),
        failing=lambda: (
            example("nothing said", _cluster()),
            example("everybody", _cluster(endpointPublicAccess=True, publicAccessCidrs=["203.0.113.0/24", "0.0.0.0/0"])),
            example("everybody, in two halves", _cluster(endpointPublicAccess=True, publicAccessCidrs=["0.0.0.0/1", "128.0.0.0/1"])),
            *(example("public", resource(type_, having(_STORE, **{name: True}))) for type_, name in PUBLIC_SWITCHES.items()),
            example("everybody", resource(FUNCTION_URL, {"authorizationType": "NONE"})),
            *(example("everybody", _queue(type_, _open("sqs:SendMessage"))) for type_ in RESOURCE_POLICIES),
            *(example("everybody all the same", _queue("aws:sqs/queuePolicy:QueuePolicy", _open("sqs:SendMessage", Condition=one))) for one in _NO_CONDITIONS),
        ),
    ),
    Policy(
        id="tls-only",
        title="Nothing is fetched without TLS",
        severity=Severity.ALWAYS,
        why="Whoever is on the way reads and changes what is not encrypted on it.",
        fix="Deny s3:* to everybody where aws:SecureTransport is false; redirect HTTP to HTTPS; switch encryption in transit on.",
        types=(*BUCKETS, BUCKET_POLICY, *LISTENERS, "aws:elasticache/replicationGroup:ReplicationGroup", "aws:opensearch/domain:Domain"),
        check=tls_only,
        whole=buckets_refuse_http,
        passing=lambda: (
            example("refused", *bucket_parts()),
            example("HTTPS", resource(LISTENERS[0], {"protocol": "HTTPS", "defaultActions": [{"type": "forward"}]})),
            example("redirected", resource(LISTENERS[0], {"protocol": "HTTP", "defaultActions": [{"type": "redirect"}]})),
        ),
        failing=lambda: (
            *(example("no policy", *bucket_parts(kind=kind, policy=False)) for kind in BUCKETS),
            example("not refused", resource(BUCKET_POLICY, {"policy": policy_text({**_open("s3:GetObject"), "Principal": {"AWS": "arn:aws:iam::1:root"}})})),
            example("refused to one only", resource(BUCKET_POLICY, {"policy": policy_text({**TLS, "Principal": {"AWS": "arn:aws:iam::1:root"}})})),
            *(example("plain", resource(type_, {"protocol": "HTTP", "defaultActions": [{"type": "forward"}]})) for type_ in LISTENERS),
            example("plain", resource("aws:elasticache/replicationGroup:ReplicationGroup", {"atRestEncryptionEnabled": True, "kmsKeyId": KEY_ARN})),
            example("plain", resource("aws:opensearch/domain:Domain", {"encryptAtRest": {"enabled": True, "kmsKeyId": KEY_ARN}})),
        ),
    ),
    Policy(
        id="no-ssh-from-anywhere",
        title="No SSH or RDP from everywhere",
        severity=Severity.ALWAYS,
        why="Every address with an open shell port is tried within minutes.",
        fix="Use Session Manager, which needs no open port, or name the ranges that need it.",
        types=(*GROUPS, GROUP_RULE, INGRESS_RULE),
        check=shells,
        passing=lambda: (
            example("HTTPS", resource(GROUPS[0], {"ingress": [{"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["0.0.0.0/0"]}]})),
            example("SSH from a range", resource(GROUPS[0], {"ingress": [{**_SSH, "cidrBlocks": ["10.0.0.0/8"]}]})),
            example("out", resource(GROUP_RULE, {"type": "egress", "protocol": "-1", "cidrBlocks": ["0.0.0.0/0"]})),
            example("from a group", resource(INGRESS_RULE, {**_SSH_RULE, "referencedSecurityGroupId": "sg-1"})),
        ),
        failing=lambda: (
            *(example("inline", resource(type_, {"ingress": [{**_SSH, "cidrBlocks": ["0.0.0.0/0"]}]})) for type_ in GROUPS),
            example(
                "inline, by IPv6, everything", resource(GROUPS[0], {"ingress": [{"protocol": "-1", "fromPort": 0, "toPort": 0, "ipv6CidrBlocks": ["::/0"]}]})
            ),
            example("a rule", resource(GROUP_RULE, {"type": "ingress", **_SSH, "cidrBlocks": ["0.0.0.0/0"]})),
            example("a rule of the new form", resource(INGRESS_RULE, {**_SSH_RULE, "cidrIpv4": "0.0.0.0/0"})),
            example("by IPv6", resource(INGRESS_RULE, {**_SSH_RULE, "cidrIpv6": "::/0"})),
            example("RDP", resource(INGRESS_RULE, {"ipProtocol": "tcp", "fromPort": 3389, "toPort": 3389, "cidrIpv4": "0.0.0.0/0"})),
            example("everything", resource(INGRESS_RULE, {"ipProtocol": "-1", "cidrIpv4": "0.0.0.0/0"})),
        ),
    ),
)
