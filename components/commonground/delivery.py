"""Delivery: what the pipelines of one repository are in an environment's account, by OIDC and without stored keys."""

from collections.abc import Mapping
from typing import Protocol

import pulumi
import pulumi_aws as aws

from commonground.cluster import ACCESS_POLICIES
from commonground.deliveryrights import deploy_statements, preview_statements
from commonground.deliverysubjects import deploy_conditions, preview_conditions
from commonground.iam import Conditions, PrincipalKind, Principals, Statement, document
from commonground.settings.environment import DeliverySettings
from commonground.tags import named

CLUSTER_POLICY = "AmazonEKSViewPolicy"
"""EKS' one that reads no Kubernetes secret; `AmazonEKSAdminViewPolicy` reads them (EKS user guide, "Review access policy permissions")."""


class Named(Protocol):
    """What is needed of the cluster: `Cluster` and `ExistingCluster` have it."""

    @property
    def name(self) -> pulumi.Input[str]: ...


class Arn(Protocol):
    """What is needed of a bucket: `Bucket` and `ExistingBucket` have it."""

    @property
    def arn(self) -> pulumi.Input[str]: ...


class Delivery(pulumi.ComponentResource):
    """Two roles that the pipelines of one repository take with their system's token.

    `preview`, for every pull request of the repository: reads the environment, its state and its cluster; no secret's value, no object of a bucket, no
    other environment's state. `deploy`, for the protected branch or one GitHub environment: may become the environment's deployer, and keeps its state.
    """

    provider_arn: pulumi.Input[str]
    """The account's OIDC provider: made here, or the one that is bound."""
    preview: aws.iam.Role
    deploy: aws.iam.Role

    def __init__(
        self,
        name: str,
        settings: DeliverySettings,
        *,
        cluster: Named,
        buckets: Mapping[str, Arn],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`cluster`: `preview` gets into it, to read. `buckets`: those whose settings, not objects, it reads."""
        super().__init__("commonground:delivery:Delivery", name, None, opts)
        self._label = name
        self._inside = pulumi.ResourceOptions(parent=self)
        project = pulumi.get_project()

        self.provider_arn = self._issuer(settings)
        self.preview = self._role(settings, "preview", preview_conditions(settings))
        self._let("preview", self.preview, preview_statements(settings, buckets=[bucket.arn for bucket in buckets.values()], project=project))
        self._let_into(cluster)
        self.deploy = self._role(settings, "deploy", deploy_conditions(settings))
        self._let("deploy", self.deploy, deploy_statements(settings, project=project))
        self.register_outputs({"provider_arn": self.provider_arn, "preview_role_arn": self.preview.arn, "deploy_role_arn": self.deploy.arn})

    def _issuer(self, settings: DeliverySettings) -> pulumi.Input[str]:
        """An account has one of an issuer. No thumbprint: AWS trusts public authorities by itself (IAM API reference, CreateOpenIDConnectProvider)."""
        if settings.provider_arn is not None:
            return settings.provider_arn
        label = f"{self._label}-provider"
        provider = aws.iam.OpenIdConnectProvider(
            label, url=f"https://{settings.host}", client_id_lists=[settings.audience], tags=named(label), opts=self._inside
        )
        return provider.arn

    def _role(self, settings: DeliverySettings, part: str, conditions: Conditions) -> aws.iam.Role:
        """Its name is known outside: pipelines ask for it, and the deployer trusts it before it is made again."""
        trust = Statement("TakenByPipelines", ("sts:AssumeRoleWithWebIdentity",), (), Principals(PrincipalKind.FEDERATED, (self.provider_arn,)), conditions)
        label = f"{self._label}-{part}"
        return aws.iam.Role(label, name=role_name(settings.environment, part), assume_role_policy=document([trust]), tags=named(label), opts=self._inside)

    def _let(self, part: str, role: aws.iam.Role, statements: list[Statement]) -> None:
        aws.iam.RolePolicy(f"{self._label}-{part}", role=role.name, policy=document(statements), opts=self._inside)

    def _let_into(self, cluster: Named) -> None:
        label = f"{self._label}-preview"
        entry = aws.eks.AccessEntry(
            label, cluster_name=cluster.name, principal_arn=self.preview.arn, type="STANDARD", kubernetes_groups=[], tags=named(label), opts=self._inside
        )
        aws.eks.AccessPolicyAssociation(
            label,
            cluster_name=cluster.name,
            principal_arn=entry.principal_arn,
            policy_arn=f"{ACCESS_POLICIES}{CLUSTER_POLICY}",
            access_scope={"type": "cluster"},
            opts=self._inside,
        )


def role_name(environment: str, part: str) -> str:
    """Physical name of CI's role `preview` or `deploy` of an environment. Example: `commonground-dev-ci-preview`."""
    return f"commonground-{environment}-ci-{part}"
