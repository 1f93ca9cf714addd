"""EKS add-ons: what each is configured with and whose identity it needs, as a table, and the resource made of a row."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any

import pulumi
import pulumi_aws as aws

from commonground.iam import by_service_account, document
from commonground.roles import ManagedRole, managed_role
from commonground.settings.environment import AddonSettings
from commonground.tags import named

NAMESPACE = "kube-system"


@dataclass(frozen=True)
class PodIdentity:
    """The AWS identity of an add-on's pods."""

    service_account: str
    policies: Mapping[str, str]
    """Part of the attachment's logical name -> managed policy. See `roles.managed_role`."""


@dataclass(frozen=True)
class AddonFacts:
    """What an add-on is given."""

    configuration: Mapping[str, Any] = field(default_factory=dict)
    identity: PodIdentity | None = None


# vpc-cni: more pods a node, and network policies; its schema wants text for numbers and booleans (EKS user guide, "Assign more IP addresses to Amazon EKS
#   nodes with prefixes" and "Configure your cluster for Kubernetes network policies"). Its AWS rights are the node role's: it runs before the pod
#   identity agent does.
# coredns: follows the cluster's size (EKS user guide, "Scale CoreDNS Pods for high DNS traffic").
# aws-mountpoint-s3-csi-driver: mounts in GPU nodes, too. No identity: pods mount buckets by their own (awslabs/mountpoint-s3-csi-driver,
#   docs/CONFIGURATION.md, "Pod-Level Credentials"), so that a team's pods reach its prefixes and nobody else's.
# aws-ebs-csi-driver: the V2 policy reaches only what the driver tagged (AWS managed policy AmazonEBSCSIDriverPolicyV2, April 2026).
# kube-state-metrics, prometheus-node-exporter: community add-ons, each in the namespace of its name, without AWS rights (EKS user guide, "Community
#   add-ons"). The exporter has to run on every node, whatever its taints: GPU nodes have `nvidia.com/gpu`.
ADDONS: Mapping[str, AddonFacts] = MappingProxyType(
    {
        "vpc-cni": AddonFacts({"enableNetworkPolicy": "true", "env": {"ENABLE_PREFIX_DELEGATION": "true", "WARM_PREFIX_TARGET": "1"}}),
        "kube-proxy": AddonFacts(),
        "eks-pod-identity-agent": AddonFacts(),
        "coredns": AddonFacts({"autoScaling": {"enabled": True, "minReplicas": 2, "maxReplicas": 10}}),
        "aws-ebs-csi-driver": AddonFacts(identity=PodIdentity("ebs-csi-controller-sa", {"volumes": "AmazonEBSCSIDriverPolicyV2"})),
        "aws-mountpoint-s3-csi-driver": AddonFacts({"node": {"tolerateAllTaints": True}}),
        "metrics-server": AddonFacts(),
        "eks-node-monitoring-agent": AddonFacts(),
        "kube-state-metrics": AddonFacts(),
        "prometheus-node-exporter": AddonFacts({"tolerations": [{"operator": "Exists"}]}),
    }
)


class UnknownAddonError(ValueError):
    """An add-on of which the table does not say what it needs."""

    def __init__(self, name: str) -> None:
        close = get_close_matches(name, ADDONS, 1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        super().__init__(f"add-on {name!r}: expected one of {', '.join(sorted(ADDONS))}{hint}")
        self.name = name
        self.known = tuple(sorted(ADDONS))


def install(
    label: str,
    settings: AddonSettings,
    *,
    cluster_name: pulumi.Input[str],
    after: Sequence[pulumi.Resource],
    parent: pulumi.Resource,
) -> aws.eks.Addon:
    """The add-on and, where its pods need one, their role, under the logical name given. It waits for `after`.

    Git is the truth: what somebody changed in the cluster is overwritten. Raises `UnknownAddonError`.
    """
    if settings.name not in ADDONS:
        raise UnknownAddonError(settings.name)
    facts = ADDONS[settings.name]
    identity = _role(label, facts.identity, cluster_name, parent) if facts.identity else None
    return aws.eks.Addon(
        label,
        addon_name=settings.name,
        addon_version=settings.version,
        cluster_name=cluster_name,
        configuration_values=json.dumps(facts.configuration, sort_keys=True) if facts.configuration else None,
        pod_identity_associations=_associations(facts.identity, identity),
        resolve_conflicts_on_create="OVERWRITE",
        resolve_conflicts_on_update="OVERWRITE",
        tags=named(label),
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[*after, *(identity.ready if identity else ())]),
    )


def _role(label: str, identity: PodIdentity, cluster_name: pulumi.Input[str], parent: pulumi.Resource) -> ManagedRole:
    trust = by_service_account("AssumedByItsPods", identity.service_account, namespaces=NAMESPACE, cluster={"eks-cluster-name": cluster_name})
    return managed_role(label, trust=document([trust]), policies=identity.policies, opts=pulumi.ResourceOptions(parent=parent))


def _associations(identity: PodIdentity | None, made: ManagedRole | None) -> list[aws.eks.AddonPodIdentityAssociationArgsDict] | None:
    """The add-on's own field: an association that is made beside it is not adopted (EKS user guide, "IAM roles for Amazon EKS add-ons")."""
    if identity is None or made is None:
        return None
    return [{"service_account": identity.service_account, "role_arn": made.role.arn}]
