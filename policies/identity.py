"""Who may do what: no wildcards in IAM, no administrators among workloads."""

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from policies.policy import About, Note, Policy, Resource, Severity, Stack, Thresholds, example, resource
from policies.statements import statements
from policies.tokens import ROLE
from policies.values import at, dicts, known, missing, show, text, texts

# Policies of identities, by type: where the document is (pulumi_aws 7.51).
DOCUMENTS = {
    "aws:iam/groupPolicy:GroupPolicy": "policy",
    "aws:iam/policy:Policy": "policy",
    "aws:iam/rolePolicy:RolePolicy": "policy",
    "aws:iam/userPolicy:UserPolicy": "policy",
    "aws:ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy": "inlinePolicy",
}
ATTACHMENTS = {
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment": "policyArn",
    "aws:iam/policyAttachment:PolicyAttachment": "policyArn",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "policyArn",
    "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive": "policyArns",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment": "policyArn",
}
BINDINGS = ("kubernetes:rbac.authorization.k8s.io/*:ClusterRoleBinding", "kubernetes:rbac.authorization.k8s.io/*:RoleBinding")

# Actions that AWS supports only with the resource `*` (Service Authorization Reference, "Actions, resources, and condition keys for ...": actions without a
# resource type; the two of CloudWatch Logs by the service's own examples, whose resource type is every log group all the same).
ONLY_EVERYWHERE = (
    "acm:ListCertificates",
    "aps:ListWorkspaces",
    "autoscaling:Describe?*",
    "cloudwatch:GetMetricData",
    "cloudwatch:ListMetrics",
    "cloudwatch:PutMetricData",
    "codeartifact:ListDomains",
    "ec2:Describe?*",
    "ec2:GetEbsEncryptionByDefault",
    "ec2messages:?*",
    "ecr-public:GetAuthorizationToken",
    "ecr:DescribePullThroughCacheRules",
    "ecr:DescribeRegistry",
    "ecr:DescribeRepositoryCreationTemplates",
    "ecr:GetAuthorizationToken",
    "eks:DescribeAddonConfiguration",
    "eks:DescribeAddonVersions",
    "eks:DescribeClusterVersions",
    "eks:ListClusters",
    "elasticloadbalancing:Describe?*",
    "iam:GetAccountSummary",
    "iam:ListAccountAliases",
    "iam:ListOpenIDConnectProviders",
    "iam:ListPolicies",
    "iam:ListRoles",
    "kms:CreateKey",
    "kms:ListAliases",
    "kms:ListKeys",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "pricing:GetProducts",
    "route53:ListHostedZones",
    "route53:ListHostedZonesByName",
    "s3:ListAllMyBuckets",
    "secretsmanager:GetRandomPassword",
    "secretsmanager:ListSecrets",
    "servicequotas:GetServiceQuota",
    "servicequotas:ListServiceQuotas",
    "sns:GetSubscriptionAttributes",
    "sns:ListTopics",
    "sqs:ListQueues",
    "ssm:DescribeParameters",
    "ssmmessages:?*",
    "sts:GetCallerIdentity",
    "sts:GetServiceBearerToken",
    "sts:GetSessionToken",
    "tag:GetResources",
    "xray:GetSampling?*",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
)

# AWS-managed policies that make an administrator of some kind (IAM user guide, "AWS managed policies for job functions"; names that end so by AWS' custom).
ADMINISTRATORS = ("*/AdministratorAccess", "*/AdministratorAccess-*", "*/PowerUserAccess", "*/IAMFullAccess", "*FullAccess", "*FullAccess?V[0-9]")


def documents(one: Resource) -> Iterator[Any]:
    """The policies of an identity that are in a resource."""
    if one.type == ROLE:
        for index, _ in enumerate(dicts(one.props, "inlinePolicies")):
            yield one.document("inlinePolicies", index, "policy")
    elif one.type in DOCUMENTS:
        yield one.document(DOCUMENTS[one.type])


def wildcard_actions(one: Resource, thresholds: Thresholds) -> Iterator[str | Note]:
    """Allowed actions with a wildcard, and all actions but some."""
    for document in documents(one):
        for name, statement in statements(document, "Allow"):
            for action in texts(statement, "Action"):
                if "*" in action or "?" in action:
                    yield f"the statement {show(name)} allows {show(action)}"
            if not missing(statement, "NotAction"):
                yield f"the statement {show(name)} allows all actions but some (NotAction)"


def wildcard_resources(one: Resource, thresholds: Thresholds) -> Iterator[str | Note]:
    """Everything of a kind as the resource, for actions that could be allowed for less."""
    for document in documents(one):
        for name, statement in statements(document, "Allow"):
            if not missing(statement, "NotResource"):
                yield f"the statement {show(name)} allows it for all resources but some (NotResource)"
            wide = [found for found in texts(statement, "Resource") if _everything(found)]
            if not wide or not known(at(statement, "Action")):
                continue
            actions = [action for action in texts(statement, "Action") if "*" not in action and "?" not in action]
            if narrower := [action for action in actions if not _matches(action, ONLY_EVERYWHERE)]:
                shown = ", ".join(narrower[:3]) + (f" and {len(narrower) - 3} more" if len(narrower) > 3 else "")
                yield f"the statement {show(name)} allows {shown} for {show(wide[0])}"


def _everything(arn: str) -> bool:
    """`*`, or an ARN whose last part, the resource, is `*`."""
    parts = arn.split(":", 5)
    return arn == "*" or (len(parts) == 6 and parts[5] in ("*", "**", "*/*"))


def _matches(word: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(word, pattern) for pattern in patterns)


def administrators(stack: Stack, thresholds: Thresholds) -> Iterator[About]:
    """Administrators' policies on roles that services, pods or CI jobs assume, on users and on groups; and cluster-admin for a service account.

    A role that only people's roles or accounts assume is no workload; one that another stack made is taken for a workload.
    """
    roles = stack.of(ROLE)
    for one in stack.of(*ATTACHMENTS):
        wide = [arn for arn in texts(one.props, ATTACHMENTS[one.type]) if _matches(arn, ADMINISTRATORS)]
        answers = {stack.refers(one, "role", role, by="name"): role for role in roles}
        # A role that nobody knows yet could be one for people.
        if wide and (_for_people(answers[True]) is False if True in answers else None not in answers):
            yield About(one, f"attaches {show(wide[0])}")
    for role in roles:
        wide = [arn for arn in texts(role.props, "managedPolicyArns") if _matches(arn, ADMINISTRATORS)]
        if wide and _for_people(role) is False:
            yield About(role, f"has {show(wide[0])}")
    for one in stack.of(*BINDINGS):
        for subject in dicts(one.props, "subjects"):
            if text(one.props, "roleRef", "name") == "cluster-admin" and text(subject, "kind") == "ServiceAccount":
                yield About(one, f"makes the service account {show(text(subject, 'name'))} cluster-admin")


def _for_people(role: Resource) -> bool | None:
    """Whether only roles, users and accounts assume it, as it says itself. None: nobody knows."""
    document = role.document("assumeRolePolicy")
    if not known(document):
        return None
    principals = [at(statement, "Principal") for _, statement in statements(document, "Allow")]
    return bool(principals) and all(isinstance(principal, dict) and set(principal) == {"AWS"} for principal in principals)


def _document(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Sid": "It", "Effect": "Allow", **statement}]})


def _inline(**statement: Any) -> Resource:
    return resource(ROLE, {"inlinePolicies": [{"name": "it", "policy": _document(**statement)}]})


def _trust(**principal: str) -> str:
    return _document(Principal=principal, Action="sts:AssumeRole")


_BUCKET = "arn:aws:s3:::data/*"
_ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
_READ = "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy"
_POD = _trust(Service="pods.eks.amazonaws.com")
_ROLE_ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
_SERVICE_ACCOUNT = {"kind": "ServiceAccount", "name": "shop", "namespace": "shop"}
_BINDING = "kubernetes:rbac.authorization.k8s.io/v1:{}"


def _binding(kind: str, role: str, subject: dict[str, Any]) -> Resource:
    return resource(_BINDING.format(kind), {"roleRef": {"kind": "ClusterRole", "name": role}, "subjects": [subject]})


POLICIES = (
    Policy(
        id="no-wildcard-actions",
        title="IAM allows named actions only",
        severity=Severity.ALWAYS,
        why="A wildcard allows what AWS adds next year, and what nobody thought of today: s3:* deletes, kms:* schedules a key's end.",
        fix="Name the actions; a component's grants (`bucket.grant_read(...)`) do.",
        types=(*DOCUMENTS, ROLE),
        check=wildcard_actions,
        passing=lambda: (
            *(example("named", resource(type_, {key: _document(Action="s3:GetObject", Resource=_BUCKET)})) for type_, key in DOCUMENTS.items()),
            example("named", _inline(Action=["s3:GetObject"], Resource=_BUCKET)),
            example("denied", resource("aws:iam/policy:Policy", {"policy": _document(Effect="Deny", Action="*", Resource="*")})),
        ),
        failing=lambda: (
            *(example("all of a service", resource(type_, {key: _document(Action="s3:*", Resource=_BUCKET)})) for type_, key in DOCUMENTS.items()),
            example("a part of a service", _inline(Action=["s3:GetObject", "s3:Put*"], Resource=_BUCKET)),
            example("everything", resource("aws:iam/policy:Policy", {"policy": _document(Action="*", Resource="*")})),
            example("all but some", resource("aws:iam/policy:Policy", {"policy": _document(NotAction="iam:CreateUser", Resource=_BUCKET)})),
        ),
    ),
    Policy(
        id="no-wildcard-resources",
        title="IAM allows it for named resources only",
        severity=Severity.MEDIUM,
        why="With `*` a role that needs one bucket reads all of them, also those of other teams and of next year.",
        fix="Name the ARNs. Actions that AWS supports only for all resources are allowed with `*` (identity.py lists them, with the source).",
        types=(*DOCUMENTS, ROLE),
        check=wildcard_resources,
        passing=lambda: (
            *(example("named", resource(type_, {key: _document(Action="s3:GetObject", Resource=_BUCKET)})) for type_, key in DOCUMENTS.items()),
            example("no less is possible", _inline(Action=["ecr:GetAuthorizationToken", "ec2:DescribeInstances"], Resource="*")),
        ),
        failing=lambda: (
            *(example("everything", resource(type_, {key: _document(Action="s3:GetObject", Resource="*")})) for type_, key in DOCUMENTS.items()),
            example("everything of a kind", _inline(Action=["s3:GetObject", "ecr:GetAuthorizationToken"], Resource=["arn:aws:s3:::*"])),
            example("all but some", resource("aws:iam/policy:Policy", {"policy": _document(Action="s3:GetObject", NotResource=_BUCKET)})),
        ),
    ),
    Policy(
        id="no-admin-on-workloads",
        title="No workload is an administrator",
        severity=Severity.ALWAYS,
        why="Whoever gets into the pod or the CI job then has the account.",
        fix="Attach a policy with the actions that it needs.",
        types=(*ATTACHMENTS, ROLE, *BINDINGS),
        whole=administrators,
        passing=lambda: (
            *(example("a narrow policy", resource(type_, {key: [_READ] if key.endswith("s") else _READ})) for type_, key in ATTACHMENTS.items()),
            example(
                "an administrator among people",
                resource(ROLE, {"name": "breakglass", "assumeRolePolicy": _trust(AWS="arn:aws:iam::1:role/people"), "managedPolicyArns": [_ADMIN]}),
                resource(_ROLE_ATTACHMENT, {"role": "breakglass", "policyArn": _ADMIN}),
            ),
            example("cluster-admin for people", _binding("ClusterRoleBinding", "cluster-admin", {"kind": "Group", "name": "platform"})),
            example("viewer", _binding("RoleBinding", "view", _SERVICE_ACCOUNT)),
        ),
        failing=lambda: (
            *(example("an administrator", resource(type_, {key: [_ADMIN] if key.endswith("s") else _ADMIN})) for type_, key in ATTACHMENTS.items()),
            example("all of a service", resource(_ROLE_ATTACHMENT, {"role": "x", "policyArn": "arn:aws:iam::aws:policy/AmazonS3FullAccess"})),
            example(
                "a pod's role", resource(ROLE, {"name": "pod", "assumeRolePolicy": _POD}), resource(_ROLE_ATTACHMENT, {"role": "pod", "policyArn": _ADMIN})
            ),
            example("in the role itself", resource(ROLE, {"assumeRolePolicy": _POD, "managedPolicyArns": [_ADMIN]})),
            *(example("cluster-admin", _binding(kind, "cluster-admin", _SERVICE_ACCOUNT)) for kind in ("ClusterRoleBinding", "RoleBinding")),
        ),
    ),
)
