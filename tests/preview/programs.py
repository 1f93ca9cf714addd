"""The programs whose previews are recorded: what was brought up, and what is previewed against it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes
from pulumi import ResourceOptions

REGION = "eu-central-1"
ZONES = ("eu-central-1a", "eu-central-1b")
GROUPS = 4
TOKEN = "correct-horse-battery-staple"  # the secret that no report may show


class Part(pulumi.ComponentResource):
    """A component of anybody's."""

    def __init__(self, kind: str, name: str, opts: ResourceOptions | None = None) -> None:
        super().__init__(f"example:index:{kind}", name, None, opts)


def cloud(tags: dict[str, str] | None = None, opts: ResourceOptions | None = None) -> aws.Provider:
    return aws.Provider("aws", region=REGION, default_tags=aws.ProviderDefaultTagsArgs(tags=tags) if tags else None, opts=opts)


def network(cidr: str, *, broken: bool = False) -> Callable[[], None]:
    """A VPC with what stands in it; `broken` after the subnets."""

    def program() -> None:
        provider = cloud()
        site = Part("Network", "site", ResourceOptions(provider=provider))
        inside = ResourceOptions(parent=site)
        vpc = aws.ec2.Vpc("vpc", cidr_block=f"{cidr}.0.0/16", opts=inside)
        gateway = aws.ec2.InternetGateway("internet", vpc_id=vpc.id, opts=inside)
        table = aws.ec2.RouteTable("public", vpc_id=vpc.id, opts=ResourceOptions(parent=site, depends_on=[gateway]))
        last: pulumi.Resource = aws.ec2.Route("default", route_table_id=table.id, destination_cidr_block="0.0.0.0/0", gateway_id=gateway.id, opts=inside)
        for number, zone in enumerate(ZONES):
            after = ResourceOptions(parent=site, depends_on=[last])
            subnet = aws.ec2.Subnet(f"public-{zone[-1]}", vpc_id=vpc.id, cidr_block=f"{cidr}.{number}.0/24", availability_zone=zone, opts=after)
            last = aws.ec2.RouteTableAssociation(f"public-{zone[-1]}", subnet_id=subnet.id, route_table_id=table.id, opts=inside)
        if broken:
            raise KeyError("zones")
        pulumi.export("vpc", vpc.id)

    return program


def logs(days: dict[str, int]) -> Callable[[], None]:
    """Log groups by what they are of, with days of retention."""

    def program() -> None:
        provider = cloud()
        last: list[pulumi.Resource] = []
        for name, number in days.items():
            last = [aws.cloudwatch.LogGroup(name, retention_in_days=number, opts=ResourceOptions(provider=provider, depends_on=last))]

    return program


def tagged(tags: dict[str, str]) -> Callable[[], None]:
    """Log groups in components, under a provider with default tags: what the provider adds, each of them gets."""

    def program() -> None:
        provider = cloud(tags)
        last: list[pulumi.Resource] = []
        for number in range(GROUPS):
            service = Part("Service", f"service-{number:03}", ResourceOptions(provider=provider, depends_on=last))
            last = [aws.cloudwatch.LogGroup(f"service-{number:03}-logs", retention_in_days=30, opts=ResourceOptions(parent=service, depends_on=last))]

    return program


def buckets(*names: str, protected: tuple[str, ...] = (), imported: dict[str, str] | None = None) -> Callable[[], None]:
    """Buckets, each with its versioning."""

    def program() -> None:
        provider = cloud()
        data = Part("Storage", "data", ResourceOptions(provider=provider))
        last: list[pulumi.Resource] = []
        for name in names:
            id_ = (imported or {}).get(name)
            options = ResourceOptions(parent=data, protect=name in protected, import_=id_, depends_on=last)
            bucket = aws.s3.Bucket(name, bucket=id_, opts=options)
            last = [
                aws.s3.BucketVersioning(
                    f"{name}-versioning",
                    bucket=bucket.bucket,
                    versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
                    opts=ResourceOptions(parent=data, depends_on=[bucket]),
                )
            ]

    return program


def secretive(token: str) -> Callable[[], None]:
    """A secret in a Kubernetes object, in a tag, and in the stack's outputs."""

    def program() -> None:
        secret = pulumi.Output.secret(token)
        cluster = kubernetes.Provider("cluster", kubeconfig="{}", cluster_identifier="example")
        first = kubernetes.core.v1.Secret(
            "token",
            metadata={"name": "token", "namespace": "default"},
            string_data={"token": secret},
            opts=ResourceOptions(provider=cluster),
        )
        after = ResourceOptions(provider=cloud(opts=ResourceOptions(depends_on=[first])))
        aws.cloudwatch.LogGroup("audit", retention_in_days=30, tags={"token": secret}, opts=after)
        pulumi.export("token", secret)

    return program


def workload(tag: str, replicas: int) -> Callable[[], None]:
    """A Deployment."""

    def program() -> None:
        cluster = kubernetes.Provider("cluster", kubeconfig="{}", cluster_identifier="example")
        labels = {"app": "web"}
        kubernetes.apps.v1.Deployment(
            "web",
            metadata={"name": "web", "namespace": "default"},
            spec={
                "replicas": replicas,
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": f"registry.example.com/web:{tag}"}]}},
            },
            opts=ResourceOptions(provider=cluster),
        )

    return program


@dataclass(frozen=True)
class Scene:
    """One preview to record."""

    head: Callable[[], None]
    base: Callable[[], None] | None = None
    """What was brought up before; none: nothing."""
    lifted: Callable[[], None] | None = None
    """What was brought up after that, in a run of its own."""
    arguments: tuple[str, ...] = ()
    """More of `pulumi preview`."""
    there: dict[str, dict[str, Any] | None] = field(default_factory=dict)
    """What the cloud says of a resource by its logical name or id, where that is not what the state says: properties that are others; None: it is gone."""
    pack: bool = False
    """Whether the policies of `pack/` are asked."""
    forms: tuple[str, ...] = ("events",)
    """`events`: what `--event-log` writes; `digest`: what `--json` prints; `stream`: what it prints with PULUMI_ENABLE_STREAMING_JSON_PREVIEW."""


BOTH = ("events", "digest")
IMPORTED = "example-invoices"
SCENES: dict[str, Scene] = {
    "first-preview": Scene(network("10.0"), forms=(*BOTH, "stream")),
    "replacement-chain": Scene(network("10.1"), network("10.0"), forms=BOTH),
    "program-error": Scene(network("10.0", broken=True), network("10.0"), forms=BOTH),
    "check-failure": Scene(logs({"web": 30, "jobs": 31}), logs({"web": 7}), forms=BOTH),
    "provider-upgrade": Scene(tagged({"team": "web", "managed-by": "pulumi"}), tagged({"team": "web"}), forms=BOTH),
    "protected-deletion": Scene(buckets("invoices"), buckets("invoices", "reports", protected=("reports",)), forms=BOTH),
    "protection-lifted": Scene(buckets("invoices", "reports"), buckets("invoices", "reports", protected=("reports",)), forms=BOTH),
    "unprotected-deletion": Scene(buckets("invoices"), buckets("invoices", "reports", protected=("reports",)), buckets("invoices", "reports"), forms=BOTH),
    "rename": Scene(buckets("bills"), buckets("invoices")),
    "import": Scene(
        buckets("reports", "invoices", imported={"invoices": IMPORTED}),
        buckets("reports"),
        there={IMPORTED: {"bucket": IMPORTED, "forceDestroy": False}},
        forms=BOTH,
    ),
    "refresh": Scene(
        logs({"web": 30, "jobs": 30, "gone": 30}),
        logs({"web": 30, "jobs": 30, "gone": 30}),
        arguments=("--refresh",),
        there={"web": {"retentionInDays": 7}, "gone": None},
        forms=BOTH,
    ),
    "policy-violations": Scene(logs({"web": 1, "jobs": 30}), logs({"web": 30}), pack=True, forms=BOTH),
    "secrets": Scene(secretive(TOKEN), secretive(f"old-{TOKEN}"), forms=BOTH),
    "workload": Scene(workload("2.0", 3), workload("1.0", 3)),
}
