"""Grafana in the cluster: native objects, the workspace as its one data source, and every dashboard from a file."""

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Protocol

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes
from pulumi_kubernetes.core import v1 as core

from commonground import networkpolicies
from commonground.addons import NoKubernetesError
from commonground.cluster import ClusterLike
from commonground.iam import Statement, by_service_account, document
from commonground.images import ImagesLike
from commonground.metrics import grafanafiles as files
from commonground.networkpolicies import IDENTITY_LABELS
from commonground.nodesoftware import CONFIG_DIGEST, NAME_LABEL, PART_OF, PART_OF_LABEL
from commonground.pools import PURPOSE_LABEL
from commonground.priorities import SYSTEM
from commonground.settings.base import PoolPurpose
from commonground.settings.metrics import MetricsSettings
from commonground.tags import named
from commonground.teams import POD_SECURITY

NAMESPACE = "monitoring"
IMAGE = "grafana"
NAME = "grafana"
"""Of the Deployment, the Service and the service account."""
ADMIN_SECRET = "grafana-admin"  # noqa: S105  # a name
HOME = "overview"
"""The dashboard that Grafana opens with, where there is one of this name."""

PORT = 3000
USER = 472  # of the image (Grafana docs, "Configure a Grafana Docker image")
SECRET_BYTES = 32

# Kubernetes docs, "ConfigMaps": data is at most 1 MiB.
LARGEST_DASHBOARD = 1 << 20

LABELS = {NAME_LABEL: NAME, PART_OF_LABEL: PART_OF}

# AMP user guide, "Set up Grafana open source or Grafana Enterprise for use with Amazon Managed Service for Prometheus": the first four. "Understanding IAM
# permissions needed for working with alert manager": the lists of rules and alerts, which Grafana shows. It changes nothing there.
READS = ("aps:QueryMetrics", "aps:GetLabels", "aps:GetSeries", "aps:GetMetricMetadata", "aps:ListRules", "aps:ListAlerts")

SCRATCH = {"data": ("/var/lib/grafana", "512Mi"), "tmp": ("/tmp", "64Mi")}  # noqa: S108  # the container's own
"""Volume -> where it is mounted, and its size."""


class QueriedWorkspace(Protocol):
    """What Grafana needs of a workspace: `Workspace` and `ExistingWorkspace` have it."""

    @property
    def arn(self) -> pulumi.Input[str]: ...

    @property
    def endpoint(self) -> pulumi.Input[str]:
        """Address of its API. Example: `https://aps-workspaces.eu-central-1.amazonaws.com/workspaces/ws-0a1b/`."""

    @property
    def region(self) -> str: ...


class LargeDashboardError(ValueError):
    """A dashboard that no ConfigMap can hold."""

    def __init__(self, name: str, size: int) -> None:
        super().__init__(f"dashboard {name!r}: {size} bytes of JSON; expected at most {LARGEST_DASHBOARD}, which a ConfigMap holds: split it in two")
        self.name = name
        self.size = size


class Grafana(pulumi.ComponentResource):
    """The namespace `monitoring` with one pod, which reads the workspace as a role of its own, and keeps nothing that is not in git.

    Nothing in the cluster reaches it: people come by `kubectl port-forward`, or by an ingress and a network policy of the user's own.
    """

    namespace: kubernetes.core.v1.Namespace
    role: aws.iam.Role
    """What the pod is in AWS: a reader of this one workspace."""
    admin: kubernetes.core.v1.Secret
    """Keys `password` (of the user `admin`) and `secret-key`. Drawn once: what a later run draws is ignored."""
    provisioning: kubernetes.core.v1.ConfigMap
    dashboards: dict[str, kubernetes.core.v1.ConfigMap]
    """By the dashboard's name: `overview`."""
    deployment: kubernetes.apps.v1.Deployment
    service: kubernetes.core.v1.Service

    def __init__(
        self,
        name: str,
        settings: MetricsSettings,
        *,
        cluster: ClusterLike,
        images: ImagesLike,
        workspace: QueriedWorkspace,
        dashboards: Mapping[str, str],
        after: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`dashboards`: file name (lower-case letters, digits and hyphens, `.json`) -> Grafana's JSON, as `dashboards.files` gives them. `after`: what the
        first Kubernetes object waits for, the priority classes, and the pools whose nodes are to outlive it.

        Raises `NoKubernetesError`, `LargeDashboardError`.
        """
        super().__init__("commonground:metrics:Grafana", name, None, opts)
        if cluster.kubernetes is None:
            raise NoKubernetesError(name)
        self._label = name
        self._aws = pulumi.ResourceOptions(parent=self)
        self._inside = pulumi.ResourceOptions(parent=self, provider=cluster.kubernetes, depends_on=[*after])

        self.namespace = self._namespace()
        self._network_policies()
        self.role = self._role(cluster)
        allowed = self._reads(workspace)
        account = self._account()
        identity = self._association(cluster, after=[allowed])
        self.admin = self._admin()
        texts: dict[str, pulumi.Input[str]] = {
            files.DATA_SOURCES_FILE: files.data_sources(settings, workspace.endpoint, workspace.region),
            files.PROVIDERS_FILE: _json(files.providers()),
        }
        self.provisioning = self._config_map("provisioning", texts)
        self.dashboards = {file.removesuffix(".json"): self._dashboard(file.removesuffix(".json"), text) for file, text in sorted(dashboards.items())}
        parts = [account, identity, self.admin, self.provisioning, *self.dashboards.values()]
        self.deployment = self._deployment(images, pulumi.Output.all(**texts).apply(_digest), after=parts)
        self.service = self._service()
        self.register_outputs({"namespace": NAMESPACE, "dashboards": sorted(self.dashboards), "role_arn": self.role.arn})

    def _namespace(self) -> kubernetes.core.v1.Namespace:
        return kubernetes.core.v1.Namespace(f"{self._label}-namespace", metadata={"name": NAMESPACE, "labels": {**POD_SECURITY}}, opts=self._inside)

    def _network_policies(self) -> None:
        for part, spec in {"alone": networkpolicies.alone(), "identity": networkpolicies.identity()}.items():
            kubernetes.networking.v1.NetworkPolicy(f"{self._label}-{part}", metadata=_metadata(part), spec=spec, opts=self._in_namespace())

    def _role(self, cluster: ClusterLike) -> aws.iam.Role:
        trust = by_service_account("AssumedByGrafana", NAME, namespaces=NAMESPACE, cluster={"eks-cluster-arn": cluster.arn})
        return aws.iam.Role(self._label, assume_role_policy=document([trust]), tags=named(self._label), opts=self._aws)

    def _reads(self, workspace: QueriedWorkspace) -> aws.iam.RolePolicy:
        reads = Statement("ReadsThisWorkspace", READS, (workspace.arn,))
        return aws.iam.RolePolicy(f"{self._label}-reads", role=self.role.name, policy=document([reads]), opts=self._aws)

    def _account(self) -> kubernetes.core.v1.ServiceAccount:
        """Without a token of the Kubernetes API, of which Grafana knows nothing; pod identity brings its own."""
        return kubernetes.core.v1.ServiceAccount(
            f"{self._label}-account", metadata=_metadata(NAME), automount_service_account_token=False, opts=self._in_namespace()
        )

    def _association(self, cluster: ClusterLike, *, after: Sequence[pulumi.Resource]) -> aws.eks.PodIdentityAssociation:
        """Before the pod: the webhook gives credentials to pods that are made later, and to no others."""
        label = f"{self._label}-identity"
        return aws.eks.PodIdentityAssociation(
            label,
            cluster_name=cluster.name,
            namespace=NAMESPACE,
            service_account=NAME,
            role_arn=self.role.arn,
            tags=named(label),
            opts=pulumi.ResourceOptions.merge(self._aws, pulumi.ResourceOptions(depends_on=[*after])),
        )

    def _admin(self) -> kubernetes.core.v1.Secret:
        """Each run draws values, and none but the first keeps them: where the object is there, the engine takes the state's."""
        drawn = {key: _encoded(secrets.token_urlsafe(SECRET_BYTES)) for key in (files.PASSWORD_KEY, files.SIGNING_KEY)}
        return kubernetes.core.v1.Secret(
            f"{self._label}-admin",
            metadata=_metadata(ADMIN_SECRET),
            type="Opaque",
            data=pulumi.Output.secret(drawn),
            opts=pulumi.ResourceOptions.merge(self._in_namespace(), pulumi.ResourceOptions(ignore_changes=["data"])),
        )

    def _dashboard(self, name: str, text: str) -> kubernetes.core.v1.ConfigMap:
        if (size := len(text.encode())) > LARGEST_DASHBOARD:
            raise LargeDashboardError(name, size)
        return self._config_map(f"dashboard-{name}", {f"{name}.json": text})

    def _config_map(self, part: str, data: Mapping[str, pulumi.Input[str]]) -> kubernetes.core.v1.ConfigMap:
        return kubernetes.core.v1.ConfigMap(f"{self._label}-{part}", metadata=_metadata(_config_map_name(part)), data=data, opts=self._in_namespace())

    def _deployment(self, images: ImagesLike, digest: pulumi.Input[str], *, after: Sequence[pulumi.Resource]) -> kubernetes.apps.v1.Deployment:
        """Nothing waits until it runs: its image is copied to a repository that the same run may make, and a foundation stands without dashboards."""
        names = sorted(self.dashboards)
        home = HOME if HOME in names else None
        return kubernetes.apps.v1.Deployment(
            self._label,
            metadata={**_metadata(NAME), "annotations": {"pulumi.com/skipAwait": "true"}},
            spec={
                "replicas": 1,
                "strategy": {"type": "Recreate"},
                "selector": {"match_labels": {NAME_LABEL: NAME}},
                "template": {
                    "metadata": {"labels": {**LABELS, **IDENTITY_LABELS}, "annotations": {CONFIG_DIGEST: digest}},
                    "spec": pod(images.url(IMAGE), files.variables(home), names),
                },
            },
            opts=self._in_namespace(*after),
        )

    def _service(self) -> kubernetes.core.v1.Service:
        return kubernetes.core.v1.Service(
            self._label,
            metadata=_metadata(NAME),
            spec={
                "type": "ClusterIP",
                "selector": {NAME_LABEL: NAME},
                "ports": [{"name": "http", "port": 80, "target_port": "http", "protocol": "TCP"}],
            },
            opts=self._in_namespace(),
        )

    def _in_namespace(self, *more: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions.merge(self._inside, pulumi.ResourceOptions(depends_on=[self.namespace, *more]))


def images_used(settings: MetricsSettings | None) -> tuple[str, ...]:
    """Names of the images that these settings run, for `Images(used=...)`. None: no metrics."""
    return (IMAGE,) if settings is not None and settings.grafana else ()


def pod(image: str, variables: Mapping[str, str], dashboards: Sequence[str]) -> core.PodSpecArgsDict:
    """A pod of Grafana, as the pod security level `restricted` has it."""
    return {
        "service_account_name": NAME,
        "automount_service_account_token": False,
        "enable_service_links": False,
        "priority_class_name": SYSTEM.name,
        "node_selector": {PURPOSE_LABEL: PoolPurpose.SYSTEM.value},
        "security_context": {
            "run_as_non_root": True,
            "run_as_user": USER,
            "run_as_group": USER,
            "fs_group": USER,
            "seccomp_profile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(image, variables)],
        "volumes": _volumes(dashboards),
    }


def _container(image: str, variables: Mapping[str, str]) -> core.ContainerArgsDict:
    scratch: list[core.VolumeMountArgsDict] = [{"name": name, "mount_path": path} for name, (path, _) in SCRATCH.items()]
    alive: core.ProbeArgsDict = {"http_get": {"path": "/api/health", "port": "http"}, "timeout_seconds": 5}
    return {
        "name": NAME,
        "image": image,
        "image_pull_policy": "IfNotPresent",
        "ports": [{"name": "http", "container_port": PORT, "protocol": "TCP"}],
        "env": [{"name": name, "value": variables[name]} for name in sorted(variables)],
        "resources": {"requests": {"cpu": "100m", "memory": "512Mi"}, "limits": {"cpu": "1", "memory": "512Mi"}},
        # At its first start it makes its database: up to five minutes.
        "startup_probe": {**alive, "period_seconds": 5, "failure_threshold": 60},
        "readiness_probe": {**alive, "period_seconds": 10, "failure_threshold": 3},
        "liveness_probe": {**alive, "period_seconds": 20, "failure_threshold": 3},
        "security_context": {"allow_privilege_escalation": False, "read_only_root_filesystem": True, "capabilities": {"drop": ["ALL"]}},
        "volume_mounts": [
            *scratch,
            {"name": "admin", "mount_path": files.SECRETS_DIR, "read_only": True},
            # Below the image's own folder, so that those of its other kinds of provisioning stay, which it looks for.
            {"name": "data-sources", "mount_path": f"{files.PROVISIONING_DIR}/datasources", "read_only": True},
            {"name": "providers", "mount_path": f"{files.PROVISIONING_DIR}/dashboards", "read_only": True},
            {"name": "dashboards", "mount_path": files.DASHBOARDS_DIR, "read_only": True},
        ],
    }


def _volumes(dashboards: Sequence[str]) -> list[core.VolumeArgsDict]:
    """A projected volume follows its ConfigMaps, and Grafana follows the files: a changed dashboard starts no pod anew."""
    sources: list[core.VolumeProjectionArgsDict] = [{"config_map": {"name": _config_map_name(f"dashboard-{name}")}} for name in dashboards]
    scratch: list[core.VolumeArgsDict] = [{"name": name, "empty_dir": {"size_limit": size}} for name, (_, size) in SCRATCH.items()]
    return [
        *scratch,
        {"name": "admin", "secret": {"secret_name": ADMIN_SECRET, "default_mode": 0o440}},
        _provisioned("data-sources", files.DATA_SOURCES_FILE),
        _provisioned("providers", files.PROVIDERS_FILE),
        {"name": "dashboards", "projected": {"sources": sources}},
    ]


def _provisioned(name: str, file: str) -> core.VolumeArgsDict:
    return {"name": name, "config_map": {"name": _config_map_name("provisioning"), "items": [{"key": file, "path": file}]}}


def _config_map_name(part: str) -> str:
    return f"{NAME}-{part}"


def _metadata(name: str) -> kubernetes.meta.v1.ObjectMetaArgsDict:
    return {"name": name, "namespace": NAMESPACE, "labels": {**LABELS}}


def _json(value: object) -> str:
    return json.dumps(value, indent=2, sort_keys=True)


def _digest(texts: Mapping[str, str]) -> str:
    """Changes with what Grafana reads at its start only."""
    return hashlib.sha256(json.dumps(texts, sort_keys=True).encode()).hexdigest()[:16]


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
