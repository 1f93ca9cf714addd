"""The classes of changes: each row of the tables says what it says, and nothing that nobody knows makes anything wider."""

import inspect
import re
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.preview.steps import LATER, anything, nested, step, updated

from commonground.engine.steps import MASK, MISSING, Op, Step
from commonground.preview import environment
from commonground.preview.classing import conditions, documents
from commonground.preview.classing.classes import SECURITY, matches, reasons
from commonground.preview.classing.tables import ACCESS_RANKS, HOLDS_DATA, LIGHT, PARTS, WHOLES, Part, Whole, all_types
from commonground.preview.model import Class, Reason

OPS = {Op.CREATE: "create", Op.UPDATE: "update", Op.REPLACE: "replace", Op.DELETE: "delete"}
ALLOW = '{"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}'
DENY = '{"Statement": [{"Effect": "Deny", "Action": "s3:GetObject", "Resource": "*"}]}'
PEERS = [{"from": [{"podSelector": {"matchLabels": {"a": "b"}}}]}]
AGED, YOUNG = ([{"id": "all", "status": "Enabled", "expiration": {"days": days}}] for days in (90, 30))
MANY, FEW = (f'{{"rules": [{{"selection": {{"tagStatus": "any", "countType": "sinceImagePushed", "countNumber": {days}}}}}]}}' for days in (90, 30))

SAMPLES: dict[Callable[..., bool], tuple[Any, Any]] = {
    conditions.always: ("a", "b"),
    conditions.anew: ({"template": 1}, {"template": 2, "strategy": {"type": "Recreate"}}),
    conditions.raised: (1, 2),
    conditions.lowered: (2, 1),
    conditions.switched_on: (False, True),
    conditions.switched_off: (True, False),
    conditions.appears: (MISSING, "a"),
    conditions.goes: ("a", MISSING),
    conditions.more: (["a"], ["a", "b"]),
    conditions.fewer: (["a", "b"], ["a"]),
    conditions.longer: (["a"], ["a", "b"]),
    conditions.shorter: (["a", "b"], ["a"]),
    conditions.newer: ("1.9", "1.10"),
    conditions.older: ("1.10", "1.9"),
    documents.grants_more: (MISSING, ALLOW),
    documents.grants_less: (ALLOW, MISSING),
    documents.reaches_more: ([], PEERS),
    documents.reaches_less: (PEERS, []),
    documents.wider_scope: ({"type": "namespace", "namespaces": ["a"]}, {"type": "cluster"}),
    documents.narrower_scope: ({"type": "cluster"}, {"type": "namespace", "namespaces": ["a"]}),
    documents.without_key: ([{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}}], []),
    documents.with_key: ([], [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}}]),
    documents.freer: ([], [{"name": "a", "securityContext": {"privileged": True}}]),
    documents.expires_more: (AGED, YOUNG),
    documents.expires_less: (YOUNG, AGED),
    documents.expires_more_images: (MANY, FEW),
    documents.expires_fewer_images: (FEW, MANY),
    documents.takes_fewer_series: ([], [{"labelSet": {"team": "shop"}, "limits": {"maxSeries": 1}}]),
    documents.takes_more_series: ([{"labelSet": {"team": "shop"}, "limits": {"maxSeries": 1}}], []),
}
"""Two values that a condition holds for; it does not hold for them the other way round."""
POLICIES = {(documents.grants_more, Op.CREATE): ALLOW, (documents.grants_more, Op.DELETE): DENY}
POLICIES |= {(documents.expires_more, Op.CREATE): YOUNG, (documents.expires_more_images, Op.CREATE): FEW}
POLICIES |= {(documents.grants_less, Op.CREATE): DENY, (documents.grants_less, Op.DELETE): ALLOW}
WEAK, STRONG = (f"arn:aws:eks::aws:cluster-access-policy/{next(iter(ACCESS_RANKS[rank]))}" for rank in (0, -1))


def sample(when: Callable[..., bool]) -> tuple[Any, Any]:
    """Values that a condition holds for, also of one that was made by another function."""
    made_by = when.__qualname__.split(".")[0]
    if made_by in ("stronger", "weaker"):
        return (WEAK, STRONG) if made_by == "stronger" else (STRONG, WEAK)
    if "." not in when.__qualname__:
        return SAMPLES[when]
    if made_by in ("gains", "loses"):
        return ([], ["Deny"]) if made_by == "gains" else (["Deny"], [])
    value = inspect.getclosurevars(when).nonlocals["values"][0]
    return {"becomes": ("another", value), "was": (value, "another"), "was_none_of": ("another", "a third")}[made_by]


def opposite(when: Callable[..., bool]) -> tuple[Any, Any]:
    """Values that it does not hold for."""
    before, after = sample(when)
    return (inspect.getclosurevars(when).nonlocals["values"][0], after) if when.__qualname__.startswith("was_none_of") else (after, before)


def each(rows: tuple[Any, ...]) -> list[Any]:
    """Each type of each row, with a name for the test."""
    named = [(place, row, type_.replace("*", "x")) for place, row in enumerate(rows) for type_ in row.type.split("|")]
    return [pytest.param(row, type_, id=f"{place}-{type_}-{row.kind.name}") for place, row, type_ in named]


@pytest.mark.parametrize(("row", "type_"), each(PARTS))
def test_a_property_puts_a_change_in_its_class_and_the_opposite_does_not(row: Part, type_: str) -> None:
    said = Reason(row.kind, row.why)
    assert said in reasons(updated(type_, row.path, *sample(row.when)))
    if row.when is conditions.always:
        assert said not in reasons(updated(type_, "somethingElse", "a", "b"))
    else:
        assert said not in reasons(updated(type_, row.path, *opposite(row.when)))


def whole(row: Whole, type_: str, op: Op) -> Step:
    """A step that the row is about, if the operation is one of its."""
    if row.path:
        value = POLICIES.get((row.when, op)) or inspect.getclosurevars(row.when).nonlocals["values"][0]
        properties = nested(row.path, value)
        return step(OPS[op], type_=type_, old={} if op is Op.CREATE else properties, new={} if op is Op.DELETE else properties)
    return step(OPS[op], type_=type_)


@pytest.mark.parametrize(("row", "type_"), each(WHOLES))
def test_an_operation_puts_a_change_in_its_class_and_another_one_does_not(row: Whole, type_: str) -> None:
    said = Reason(row.kind, row.why)
    for op in OPS:
        if op in row.ops:
            assert said in reasons(whole(row, type_, op))
        elif not row.path:
            assert said not in reasons(whole(row, type_, op))


@pytest.mark.parametrize("row", [row for row in WHOLES if row.path], ids=lambda row: row.why)
def test_a_property_that_decides_has_to_say_so(row: Whole) -> None:
    for op in row.ops:
        for value in (MISSING, LATER, MASK, "{}", '{"Statement": []}'):
            properties = nested(row.path, value)
            found = step(OPS[op], type_=row.type.split("|")[0], old=properties if op is Op.DELETE else {}, new=properties if op is Op.CREATE else {})
            assert Reason(row.kind, row.why) not in reasons(found)


@pytest.mark.parametrize(("row", "type_"), each(tuple(row for row in PARTS if row.kind in SECURITY)))
def test_what_is_secret_or_not_known_yet_makes_nothing_wider_or_narrower(row: Part, type_: str) -> None:
    before, after = sample(row.when)
    for hidden in (LATER, MASK):
        for values in ((before, hidden), (hidden, after), (hidden, hidden), ([hidden], [hidden, LATER]), (before, [hidden])):
            found = updated(type_, row.path, *values)
            wider = [reason for reason in reasons(found) if reason.kind is Class.WIDER and reason.why == row.why]
            assert wider == [], values


@pytest.mark.parametrize("type_", sorted(HOLDS_DATA))
def test_what_holds_data_is_at_risk_when_it_goes_or_is_made_anew(type_: str) -> None:
    for op in ("delete", "replace"):
        assert reasons(step(op, type_=type_))[0] == Reason(Class.DATA, f"{HOLDS_DATA[type_]} would be lost")


@pytest.mark.parametrize("type_", sorted(type_ for type_ in LIGHT.split("|") if "*" not in type_))
def test_what_interrupts_nobody_is_no_downtime(type_: str) -> None:
    assert Class.DOWNTIME not in {reason.kind for reason in reasons(step("replace", type_=type_))}


def test_anything_else_that_is_made_anew_is() -> None:
    assert [reason.kind for reason in reasons(step("replace", type_="somebody:else/thing:Thing"))] == [Class.DOWNTIME]


def test_a_node_group_that_is_replaced_is_not_also_rolled() -> None:
    found = updated("aws:eks/nodeGroup:NodeGroup", "version", "1.35", "1.36", op="replace", kind="update-replace")
    assert [reason.why for reason in reasons(found)] == ["new nodes come, and all of the old ones go"]


def test_a_lifted_protection_is_told_and_so_is_a_new_one() -> None:
    assert Reason(Class.DATA, "its protection is lifted") in reasons(step("same", protect=True, protects=False))
    assert reasons(step("same", protects=True)) == (Reason(Class.OTHER, "it is protected from now on"),)


@pytest.mark.parametrize(("strategy", "kind"), [("Recreate", Class.DOWNTIME), ("RollingUpdate", Class.OTHER)])
def test_pods_that_are_replaced_all_at_once_are_downtime(strategy: str, kind: Class) -> None:
    old, new = ({"spec": {"template": {"image": image}, "strategy": {"type": strategy}}} for image in ("a", "b"))
    changed = step("update", type_="kubernetes:apps/v1:Deployment", old=old, new=new, diff={"spec.template.image": "update"})
    assert [reason.kind for reason in reasons(changed)] == [kind]


def test_words_are_cosmetic_until_something_else_changes() -> None:
    words = updated("aws:s3/bucket:Bucket", "tags.Owner", "a", "b")
    assert [reason.kind for reason in reasons(words)] == [Class.COSMETIC]
    both = step("update", old={**words.old, "acl": "a"}, new={**words.new, "acl": "b"}, diff={**words.diff, "acl": "update"})
    assert reasons(both) == (Reason(Class.OTHER, "acl changes"),)


# What a row says is held to what it is to say: rows checked by themselves alone could be the wrong way round, or missing.
ADMIN, READER = (f"arn:aws:iam::aws:policy/{name}" for name in ("AdministratorAccess", "ReadOnlyAccess"))
EDIT = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
K8S = "kubernetes:"
BY_KEY, BY_S3 = ([{"applyServerSideEncryptionByDefault": {"sseAlgorithm": name}}] for name in ("aws:kms", "AES256"))
MEANINGS = [
    ("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration", "rules", BY_KEY, BY_S3, Class.WIDER),
    ("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration", "rules", BY_S3, BY_KEY, Class.NARROWER),
    ("aws:eks/cluster:Cluster", "accessConfig.authenticationMode", "API", "API_AND_CONFIG_MAP", Class.WIDER),
    ("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "policyArn", READER, ADMIN, Class.WIDER),
    ("aws:iam/role:Role", "permissionsBoundary", "arn", MISSING, Class.WIDER),
    ("aws:iam/role:Role", "maxSessionDuration", 3600, 43200, Class.WIDER),
    ("aws:iam/role:Role", "managedPolicyArns", [READER], [READER, ADMIN], Class.WIDER),
    ("aws:iam/openIdConnectProvider:OpenIdConnectProvider", "clientIdLists", ["a"], ["a", "b"], Class.WIDER),
    (EDIT, "policyArn", WEAK, STRONG, Class.WIDER),
    (EDIT, "policyArn", STRONG, WEAK, Class.NARROWER),
    (EDIT, "accessScope", {"type": "namespace", "namespaces": ["a"]}, {"type": "cluster"}, Class.WIDER),
    (EDIT, "accessScope", {"type": "namespace", "namespaces": ["a"]}, {"type": "namespace", "namespaces": ["a", "b"]}, Class.WIDER),
    (EDIT, "accessScope", {"type": "cluster"}, {"type": "namespace", "namespaces": ["a"]}, Class.NARROWER),
    ("aws:eks/accessEntry:AccessEntry", "kubernetesGroups", ["a"], ["a", "b"], Class.WIDER),
    ("aws:eks/accessEntry:AccessEntry", "principalArn", "a", "b", Class.WIDER),
    ("aws:eks/podIdentityAssociation:PodIdentityAssociation", "roleArn", "a", "b", Class.WIDER),
    ("aws:eks/cluster:Cluster", "vpcConfig.endpointPublicAccess", False, True, Class.WIDER),
    ("aws:eks/cluster:Cluster", "vpcConfig.publicAccessCidrs", ["10.0.0.0/8"], ["0.0.0.0/0"], Class.WIDER),
    ("aws:eks/cluster:Cluster", "enabledClusterLogTypes", ["audit"], [], Class.WIDER),
    ("aws:eks/cluster:Cluster", "deletionProtection", True, False, Class.DATA),
    ("aws:eks/cluster:Cluster", "upgradePolicy.supportType", "STANDARD", "EXTENDED", Class.COST_UP),
    ("aws:eks/nodeGroup:NodeGroup", "scalingConfig.desiredSize", 3, 1, Class.DOWNTIME),
    ("aws:eks/nodeGroup:NodeGroup", "releaseVersion", "1", "2", Class.DOWNTIME),
    ("aws:eks/addon:Addon", "addonVersion", "1", "2", Class.DOWNTIME),
    (RULE, "cidrIpv4", "10.0.0.0/8", "0.0.0.0/0", Class.WIDER),
    (RULE, "cidrIpv4", "0.0.0.0/0", "10.0.0.0/8", Class.NARROWER),
    (RULE, "fromPort", 443, 0, Class.WIDER),
    (RULE, "toPort", 443, 65535, Class.WIDER),
    (RULE, "toPort", 65535, 443, Class.NARROWER),
    (RULE, "ipProtocol", "tcp", "-1", Class.WIDER),
    (RULE, "ipProtocol", "-1", "tcp", Class.NARROWER),
    ("aws:ec2/securityGroup:SecurityGroup", "ingress", [], [{"fromPort": 22}], Class.WIDER),
    ("aws:ec2/subnet:Subnet", "mapPublicIpOnLaunch", False, True, Class.WIDER),
    ("aws:ec2/vpcEndpoint:VpcEndpoint", "privateDnsEnabled", True, False, Class.DOWNTIME),
    ("aws:ec2/launchTemplate:LaunchTemplate", "metadataOptions.httpTokens", "required", "optional", Class.WIDER),
    ("aws:ec2/launchTemplate:LaunchTemplate", "metadataOptions.httpPutResponseHopLimit", 1, 2, Class.WIDER),
    ("aws:ecr/repository:Repository", "imageTagMutability", "IMMUTABLE", "MUTABLE", Class.WIDER),
    ("aws:ecr/repository:Repository", "forceDelete", False, True, Class.DATA),
    ("aws:s3/bucket:Bucket", "forceDestroy", False, True, Class.DATA),
    ("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "blockPublicPolicy", True, False, Class.WIDER),
    ("aws:s3/bucketVersioning:BucketVersioning", "versioningConfiguration.status", "Enabled", "Suspended", Class.DATA),
    ("aws:cloudwatch/logGroup:LogGroup", "retentionInDays", 365, 30, Class.DATA),
    ("aws:kms/key:Key", "isEnabled", True, False, Class.DOWNTIME),
    ("aws:kms/key:Key", "enableKeyRotation", True, False, Class.WIDER),
    (f"{K8S}rbac.authorization.k8s.io/v1:ClusterRoleBinding", "roleRef", {"name": "view"}, {"name": "cluster-admin"}, Class.WIDER),
    (f"{K8S}rbac.authorization.k8s.io/v1:RoleBinding", "subjects", [1], [1, 2], Class.WIDER),
    (f"{K8S}rbac.authorization.k8s.io/v1:ClusterRole", "rules", [1], [1, 2], Class.WIDER),
    (f"{K8S}core/v1:Namespace", 'metadata.labels["pod-security.kubernetes.io/enforce"]', "restricted", "privileged", Class.WIDER),
    (f"{K8S}core/v1:Service", "spec.type", "ClusterIP", "LoadBalancer", Class.WIDER),
    (f"{K8S}core/v1:Service", "spec.loadBalancerSourceRanges", ["10.0.0.0/8"], MISSING, Class.WIDER),
    (f"{K8S}core/v1:ResourceQuota", "spec.hard.pods", "10", "5", Class.DOWNTIME),
    (f"{K8S}apps/v1:Deployment", "spec.template.spec.hostNetwork", MISSING, True, Class.WIDER),
    (f"{K8S}apps/v1:Deployment", "spec.replicas", 2, 0, Class.DOWNTIME),
    (f"{K8S}apps/v1:Deployment", "spec.strategy.type", "RollingUpdate", "Recreate", Class.DOWNTIME),
    (f"{K8S}networking.k8s.io/v1:NetworkPolicy", "spec.policyTypes", ["Ingress", "Egress"], ["Ingress"], Class.WIDER),
    (f"{K8S}networking.k8s.io/v1:NetworkPolicy", "spec.podSelector.matchLabels", MISSING, {"a": "b"}, Class.WIDER),
    (f"{K8S}admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding", "spec.validationActions", ["Deny"], ["Warn"], Class.WIDER),
    (f"{K8S}admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding", "spec.validationActions", ["Warn"], ["Deny"], Class.NARROWER),
    (f"{K8S}admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy", "spec.validations", [1, 2], [1], Class.WIDER),
    (f"{K8S}admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy", "spec.matchConditions", MISSING, [1], Class.WIDER),
    (f"{K8S}admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy", "spec.matchConditions", [1], MISSING, Class.NARROWER),
    (f"{K8S}networking.k8s.io/v1:NetworkPolicy", "spec.egress", [], [{"to": []}], Class.WIDER),
    (f"{K8S}networking.k8s.io/v1:NetworkPolicy", "spec.egress", [{"to": []}], [], Class.NARROWER),
    (f"{K8S}networking.k8s.io/v1:NetworkPolicy", "spec.ingress", PEERS, [{"from": []}], Class.WIDER),
    (f"{K8S}networking.k8s.io/v1:NetworkPolicy", "spec.ingress", PEERS, [], Class.NARROWER),
    (f"{K8S}networking.k8s.io/v1:NetworkPolicy", "spec.policyTypes", ["Ingress"], ["Ingress", "Egress"], Class.NARROWER),
    (f"{K8S}rbac.authorization.k8s.io/v1:RoleBinding", "subjects", [1, 2], [1], Class.NARROWER),
    (f"{K8S}rbac.authorization.k8s.io/v1:ClusterRole", "rules", [1, 2], [1], Class.NARROWER),
    (f"{K8S}core/v1:Namespace", 'metadata.labels["pod-security.kubernetes.io/enforce"]', "baseline", "restricted", Class.NARROWER),
    (f"{K8S}core/v1:Service", "spec.type", "LoadBalancer", "ClusterIP", Class.NARROWER),
    ("aws:eks/accessEntry:AccessEntry", "kubernetesGroups", ["a", "b"], ["a"], Class.NARROWER),
    ("aws:eks/cluster:Cluster", "enabledClusterLogTypes", [], ["audit"], Class.NARROWER),
    ("aws:eks/cluster:Cluster", "version", "1.36", "1.35", Class.DOWNTIME),
    ("aws:eks/nodeGroup:NodeGroup", "scalingConfig.minSize", 3, 1, Class.COST_DOWN),
    ("aws:ec2/launchTemplate:LaunchTemplate", "metadataOptions.httpTokens", "optional", "required", Class.NARROWER),
    ("aws:ecr/repository:Repository", "imageTagMutability", "MUTABLE", "IMMUTABLE", Class.NARROWER),
    ("aws:ecr/lifecyclePolicy:LifecyclePolicy", "policy", MANY, FEW, Class.DATA),
    ("somebody:else/thing:Thing", "publicAccess", False, True, Class.WIDER),
    ("somebody:else/thing:Thing", "publicAccess", True, False, Class.NARROWER),
]


@pytest.mark.parametrize("op", ["update", "replace"])
@pytest.mark.parametrize(("type_", "path", "before", "after", "kind"), MEANINGS, ids=lambda value: str(value)[:40])
def test_what_a_change_means(type_: str, path: str, before: Any, after: Any, kind: Class, op: str) -> None:
    """Also where the property's change makes the resource anew, unless it is the making anew that interrupts."""
    if op == "replace" and kind is Class.DOWNTIME:
        return
    plain = path.replace('["', ".").replace('"]', "")
    found = {reason.kind for reason in reasons(updated(type_, plain, before, after, op=op, kind=op if op == "update" else "update-replace"))}
    assert kind in found and (kind not in SECURITY or not found & {*SECURITY} - {kind})


VALIDATED = f"{K8S}admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding"
COMING = [
    ("delete", VALIDATED, {}, Class.WIDER),
    ("create", VALIDATED, {}, Class.NARROWER),
    ("create", f"{K8S}core/v1:Service", {"spec": {"type": "LoadBalancer"}}, Class.WIDER),
    ("create", "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", {"rules": YOUNG}, Class.DATA),
    ("create", "aws:ecr/lifecyclePolicy:LifecyclePolicy", {"policy": FEW}, Class.DATA),
    ("delete", "aws:s3/bucketVersioning:BucketVersioning", {"versioningConfiguration": {"status": "Enabled"}}, Class.DATA),
    ("delete", "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration", {"rules": []}, Class.WIDER),
    ("delete", "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", {}, Class.WIDER),
    ("delete", f"{K8S}networking.k8s.io/v1:NetworkPolicy", {}, Class.WIDER),
    ("create", f"{K8S}rbac.authorization.k8s.io/v1:ClusterRoleBinding", {}, Class.WIDER),
    ("create", "aws:iam/rolePolicyAttachment:RolePolicyAttachment", {}, Class.WIDER),
    ("create", RULE, {}, Class.WIDER),
    ("create", EDIT, {}, Class.WIDER),
    ("delete", "aws:ec2/flowLog:FlowLog", {}, Class.WIDER),
    ("create", "aws:ec2/natGateway:NatGateway", {}, Class.COST_UP),
    ("delete", "aws:eks/addon:Addon", {}, Class.DOWNTIME),
    ("create", "aws:s3/bucketPolicy:BucketPolicy", {"policy": ALLOW}, Class.WIDER),
    ("create", "aws:s3/bucketPolicy:BucketPolicy", {"policy": DENY}, Class.NARROWER),
    ("delete", "aws:s3/bucketPolicy:BucketPolicy", {"policy": DENY}, Class.WIDER),
    ("delete", "aws:s3/bucketPolicy:BucketPolicy", {"policy": ALLOW}, Class.NARROWER),
    ("create", "aws:lambda/permission:Permission", {}, Class.WIDER),
    ("delete", f"{K8S}rbac.authorization.k8s.io/v1:RoleBinding", {}, Class.NARROWER),
    ("create", f"{K8S}networking.k8s.io/v1:NetworkPolicy", {}, Class.NARROWER),
    ("create", "aws:ec2/flowLog:FlowLog", {}, Class.NARROWER),
]


@pytest.mark.parametrize(("op", "type_", "properties", "kind"), COMING, ids=lambda value: str(value)[:40])
def test_what_comes_or_goes_alone_means(op: str, type_: str, properties: dict[str, Any], kind: Class) -> None:
    assert kind in {reason.kind for reason in reasons(step(op, type_=type_, **{"old" if op == "delete" else "new": properties}))}


BOUND = {"allowPrivilegeEscalation": False, "runAsNonRoot": True, "readOnlyRootFilesystem": True}


@pytest.mark.parametrize(
    "context",
    [{**BOUND, "privileged": True}, {"runAsNonRoot": True}, None, {**BOUND, "runAsNonRoot": False}, {**BOUND, "capabilities": {"add": ["SYS_ADMIN"]}}],
)
def test_a_container_that_may_do_more_makes_it_wider_and_another_image_does_not(context: dict[str, Any] | None) -> None:
    bound, freed = ([{"name": "a", "image": image, "securityContext": found}] for image, found in (("i:1", BOUND), ("i:2", context)))
    for before, after, wider in ((bound, freed, True), (freed, bound, False), (bound, [{**bound[0], "image": "i:3"}], False)):
        found = reasons(updated("kubernetes:apps/v1:Deployment", "spec.template.spec.containers", before, after))
        assert (Class.WIDER in {reason.kind for reason in found}) is wider


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"noncurrentDays": 30, "newerNoncurrentVersions": 3}, {"noncurrentDays": 10, "newerNoncurrentVersions": 3}),
        ({"noncurrentDays": 30, "newerNoncurrentVersions": 3}, {"noncurrentDays": 30, "newerNoncurrentVersions": 1}),
        ({"noncurrentDays": 30, "newerNoncurrentVersions": 3}, {"noncurrentDays": 30}),
    ],
)
def test_old_versions_of_objects_go_by_their_age_and_by_their_number(before: dict[str, int], after: dict[str, int]) -> None:
    old, new = ([{"id": "all", "status": "Enabled", "noncurrentVersionExpiration": expiry}] for expiry in (before, after))
    assert documents.expires_more(old, new) and not documents.expires_less(old, new)


# What the tables name is there.


@cache
def tokens(folder: Path) -> frozenset[str]:
    """Types that a provider's SDK has in a folder, read without importing it."""
    files = folder.rglob("*.py") if folder.is_dir() else ()
    return frozenset(token for file in files for token in re.findall(r'type_token\("([^"]+)"\)', file.read_text("utf-8")))


def real(pattern: str) -> bool:
    """Whether a type, or a pattern with `*`, is of a resource that the official SDKs have."""
    provider, _, rest = pattern.partition(":")
    if provider in ("pulumi", "*") or rest == "*":
        return True
    spec = find_spec(f"pulumi_{provider}")
    assert spec and spec.submodule_search_locations
    module = rest.split("/")[0].split(":")[0].split(".")[0]
    folder = Path(spec.submodule_search_locations[0]) / {"lambda": "lambda_"}.get(module, module.replace("*", ""))
    return any(matches(pattern, token) for token in tokens(folder))


@pytest.mark.parametrize("pattern", sorted(all_types()))
def test_every_type_that_a_table_names_is_a_resource_of_the_official_providers(pattern: str) -> None:
    assert real(pattern)


def test_a_type_that_nobody_has_is_found_out() -> None:
    assert not real("aws:s3/buckett:Buckett")
    assert not real("kubernetes:apps/v1:Deploymentt")


# Whatever comes.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@patient
@given(anything)
def test_every_change_has_a_class(found: Step) -> None:
    said = reasons(found)
    assert said or not found.changes
    assert list(said) == sorted(said, key=lambda reason: reason.kind.weight)


@patient
@given(st.lists(anything, max_size=6, unique_by=lambda found: found.urn), st.lists(st.just("it failed"), max_size=1))
def test_every_change_of_a_report_has_one_too(steps: list[Step], problems: list[str]) -> None:
    assert all(change.reasons for change in environment("dev", steps, problems=problems).changes)


@patient
@given(st.data(), st.lists(anything, max_size=6, unique_by=lambda found: found.urn))
def test_the_order_of_steps_says_nothing(data: st.DataObject, steps: list[Step]) -> None:
    assert environment("dev", data.draw(st.permutations(steps))) == environment("dev", steps)
