"""The blueprint: what exists. One file, the same for every environment."""

from typing import Literal

from pydantic import Field

from commonground.settings.addresses import TIER_SLOTS
from commonground.settings.base import (
    Accelerator,
    Architecture,
    BucketPurpose,
    CiSystem,
    EndpointAccess,
    GpuSoftware,
    PoolPurpose,
    Settings,
    SharingStrategy,
    TeamRole,
)
from commonground.settings.bindings import BindingType
from commonground.settings.metrics import Metrics
from commonground.settings.words import (
    Audience,
    BindingName,
    Branch,
    CiRepository,
    Host,
    KubernetesVersion,
    MigProfile,
    Name,
    Prefix,
    RepositoryName,
    TagPattern,
)

TierName = Literal["public", "private", "intra"]
AddonName = Literal[
    "vpc-cni", "kube-proxy", "eks-pod-identity-agent", "coredns", "aws-ebs-csi-driver", "metrics-server", "eks-node-monitoring-agent",
    "aws-mountpoint-s3-csi-driver", "kube-state-metrics", "prometheus-node-exporter",
]  # fmt: skip
# By the last part of their name (EKS user guide, "Deploy private clusters with limited internet access", and by use).
EndpointName = Literal[
    "s3", "ec2", "ecr.api", "ecr.dkr", "eks", "eks-auth", "sts", "logs", "autoscaling", "elasticloadbalancing",
    "kms", "secretsmanager", "ssm", "ssmmessages", "ec2messages",
    "monitoring", "sns", "sqs", "aps", "aps-workspaces", "codeartifact.api", "codeartifact.repositories",
]  # fmt: skip
# EKS user guide, "Review access policy permissions".
AccessPolicy = Literal["AmazonEKSClusterAdminPolicy", "AmazonEKSAdminPolicy", "AmazonEKSAdminViewPolicy", "AmazonEKSEditPolicy", "AmazonEKSViewPolicy"]


class Binding(Settings):
    """Something that every environment binds, each to its own."""

    type: BindingType
    """What it is, and so what it may look like. Example: `role_arns`."""


class Tier(Settings):
    """A tier of subnets, one subnet a zone."""

    slot: int = Field(ge=0, lt=TIER_SLOTS)
    """Its slot in the address plan. Append only: another slot is another range, and replaces the subnets. Example: `0`."""


class Network(Settings):
    """The VPC's shape."""

    tiers: dict[TierName, Tier] = Field(examples=[{"public": {"slot": 0}, "private": {"slot": 1}}])
    """`public` (load balancers, NAT), `private` (nodes and pods), `intra` (no way out). Example: `private: {slot: 1}`."""
    nat: bool = Field(examples=[True])
    """Whether private subnets reach the internet by NAT gateways; how many is the scale's. Without it, nodes need endpoints for all that they call. Example:
    `true`."""
    endpoints: tuple[EndpointName, ...] = ()
    """AWS services that are reached inside the VPC. `s3` is free; every other one costs about 8 dollars a month and zone. Default: none. Example: `[s3,
    ecr.api, ecr.dkr]`."""
    flow_logs: bool = True
    """Whether the VPC's traffic is logged. Costs what CloudWatch takes for them. Default: `true`."""


class Endpoint(Settings):
    """From where the cluster's API is reached."""

    access: EndpointAccess
    """`private`: only inside the VPC, so whoever deploys must be there. `public`: inside, and from the clients' ranges. Example: `public`."""
    clients: BindingName | None = None
    """Binding of type `cidrs` with the ranges that reach a public endpoint. Demanded by `access: public`. Example: `api_clients`."""


class Cluster(Settings):
    """The control plane's shape."""

    kubernetes: tuple[KubernetesVersion, ...] = Field(min_length=1, examples=[["1.35", "1.36"]])
    """Versions that the foundation supports; which one runs is in the lock. In quotes, since 1.30 unquoted is 1.3. Example: `["1.35", "1.36"]`."""
    endpoint: Endpoint = Field(examples=[{"access": "private"}])
    """From where the API is reached. Example: `{access: private}`."""
    addons: tuple[AddonName, ...] = Field(examples=[["vpc-cni", "kube-proxy", "eks-pod-identity-agent", "coredns"]])
    """EKS add-ons; their releases are in the lock. Example: `[vpc-cni, kube-proxy, eks-pod-identity-agent, coredns]`."""
    access: dict[BindingName, AccessPolicy] = Field(examples=[{"deployer": "AmazonEKSClusterAdminPolicy"}])
    """Who may do what in the cluster: a binding of roles, and EKS' access policy for them. `deployer` must be there. Example: `operators:
    AmazonEKSAdminViewPolicy`."""


class Sharing(Settings):
    """How pods share the GPUs of a pool."""

    strategy: SharingStrategy
    """`none`, `time_slicing` and `mps` (each GPU counts `replicas` times; memory is not kept apart with time slicing), or `mig` (the hardware cuts it by
    `profile`). Example: `time_slicing`."""
    replicas: int | None = Field(default=None, ge=2, le=48)
    """Pods a GPU takes, with `time_slicing` and `mps` only. Example: `4`."""
    profile: MigProfile | None = None
    """How `mig` cuts each GPU, with `mig` only. Example: `1g.10gb`."""


class Pool(Settings):
    """Nodes with one purpose, of one architecture."""

    purpose: PoolPurpose
    """`system` (what the cluster itself runs), `general`, or `gpu` (kept for GPU work by a taint). Example: `general`."""
    architecture: Architecture
    """CPU architecture of all of its instance types. Example: `x86_64`."""
    accelerator: Accelerator | None = None
    """`nvidia` for a pool with the purpose `gpu`, else left out. Decides the AMI. Default: none."""
    sharing: Sharing | None = None
    """How pods share its GPUs; for GPU pools only. Default: not at all. Example: `{strategy: time_slicing, replicas: 4}`."""
    efa: bool = False
    """Whether its nodes get Elastic Fabric Adapters for training over several nodes; all of its instance types need them, and it stays in one zone.
    Default: `false`."""
    root_volume_gib: int = Field(ge=20, le=16384)
    """Size of each node's encrypted gp3 root volume, in GiB. Images live on it: GPU images are large. Costs about 0.09 dollars a GiB and month. Example:
    `100`."""


class Accelerators(Settings):
    """The software that GPU pools need on the cluster."""

    gpus: GpuSoftware = GpuSoftware.DEVICE_PLUGIN
    """`device_plugin` (pods ask for `nvidia.com/gpu: 1`), or `dra` (pods claim devices by class; AWS recommends it from Kubernetes 1.34, and it
    shares no GPU by time slicing or MPS). Default: `device_plugin`."""


class Team(Settings):
    """A team: its namespaces, who its members are, and which data and images are its own."""

    namespaces: tuple[Name, ...] = Field(min_length=1, examples=[["shop", "shop-jobs"]])
    """Kubernetes namespaces, applications and models alike. No two teams have the same. Example: `[shop, shop-jobs]`."""
    members: dict[TeamRole, BindingName] = Field(default_factory=dict)
    """Role in the team (`viewer`, `developer`, `ml_engineer`, `operator`, `ci`) -> binding of the IAM roles that have it. Example: `developer:
    shop_developers`."""
    buckets: dict[Name, Prefix] = Field(default_factory=dict)
    """Bucket -> prefix that the team's workloads read and write. Example: `models: shop/`."""
    registries: tuple[RepositoryName, ...] = ()
    """Repositories that the team's images live in. Example: `[shop, models/churn]`."""
    peers: tuple[Name, ...] = ()
    """Other teams whose pods may reach this team's pods, and the reverse once they name it too: one name opens their way out and this team's way in.
    Default: none. Example: `[payments]`."""


class Registry(Settings):
    """One ECR repository; its name may have slashes."""

    released_tags: tuple[TagPattern, ...] = Field(min_length=1)
    """Patterns of the tags that never expire, at most four `*` each. Example: `["v*"]`."""
    expire_days: int = Field(ge=1, le=3650)
    """Age at which every other image expires, in days. Example: `30`."""


class Bucket(Settings):
    """One bucket, for one purpose."""

    purpose: BucketPurpose
    """`datasets`, `models`, `artifacts` or `logs` (the others' access logs; one bucket at most). Decides encryption and the life of objects. Example:
    `datasets`."""
    keep_old_versions_days: int = Field(default=90, ge=1, le=3650)
    """How long an overwritten or deleted object can be brought back, in days. Costs its storage until then. Models keep every version.
    Default: `90`. Example: `365`."""
    expire_days: int | None = Field(default=None, ge=1, le=3650)
    """Age at which objects are deleted, in days. Refused for models, which are kept. Default: never. Example: `400`."""


class State(Settings):
    """Where Pulumi keeps the state, when that is a bucket: CI reaches this environment's part of it."""

    bucket: BindingName
    """Binding of type `bucket_name`: the bucket that `pulumi login s3://...` names. Example: `state_bucket`."""
    key: BindingName | None = None
    """Binding of type `key_arn`: the key that encrypts the bucket and the state's secrets. One of each environment's own: who has another's key and this
    checkout reads the secrets in its stack file. Default: none."""


class Delivery(Settings):
    """Who delivers: two roles that the pipelines of one repository take by OIDC, without stored keys. `preview` reads, `deploy` may become the deployer."""

    system: CiSystem
    """`github` (github.com) or `gitlab` (gitlab.com, or a host of your own). Example: `github`."""
    repository: CiRepository
    """The one repository whose pipelines are trusted, written as the system shows it: upper and lower case count. Example: `acme/platform`."""
    owner_id: int | None = Field(default=None, ge=1)
    """GitHub's number of the owner (`gh api repos/acme/platform --jq .owner.id`). With `repository_id`, subjects with ids are trusted, too: repositories
    that were created, renamed or moved after 2026-07-15 have no others. Default: none."""
    repository_id: int | None = Field(default=None, ge=1)
    """GitHub's number of the repository (`gh api repos/acme/platform --jq .id`). Default: none."""
    branch: Branch
    """The protected branch that `up` runs from. That it is protected is the system's own setting. Example: `main`."""
    environment: BindingName | None = None
    """Binding of type `ci_environment`: then only jobs in that GitHub environment deploy, with its reviewers, and the branch alone does not. Default: the
    branch deploys."""
    provider: BindingName
    """Binding of type `oidc_provider`. An account has one of a host: one environment makes it (`here`), the others bind its ARN. Example: `ci_provider`."""
    host: Host | None = None
    """GitLab's host, which AWS has to reach for its keys. Default: `gitlab.com`. Example: `gitlab.acme.io`."""
    audience: Audience | None = None
    """GitLab's audience, as `aud` in the jobs' `id_tokens` says it. Default: `https://` and the host. Example: `https://gitlab.acme.io`."""
    state: State | None = None
    """The bucket with Pulumi's state. Default: none, for a state in Pulumi Cloud. Example: `{bucket: state_bucket, key: state_key}`."""


class Blueprint(Settings):
    """The shape of the foundation, in every environment."""

    version: Literal[1] = Field(examples=[1])
    """Version of this file's form. Example: `1`."""
    bindings: dict[BindingName, Binding]
    """What every environment binds beside its cloud, account and region. `vpc_cidr` and `deployer` must be there. Example: `vpc_cidr: {type: cidr}`."""
    network: Network
    """The VPC."""
    cluster: Cluster
    """The EKS control plane."""
    pools: dict[Name, Pool]
    """Node pools by name; at least one has the purpose `system`. Example: `general: {purpose: general, architecture: x86_64, root_volume_gib: 100}`."""
    registries: dict[RepositoryName, Registry]
    """ECR repositories by name. Example: `models/churn: {released_tags: ["v*"], expire_days: 90}`."""
    buckets: dict[Name, Bucket]
    """Buckets by name. Example: `datasets: {purpose: datasets}`."""
    accelerators: Accelerators = Accelerators()
    """The GPU software, where a pool has GPUs. Default: the device plugin."""
    teams: dict[Name, Team] = Field(default_factory=dict)
    """Teams by name. Example: `shop: {namespaces: [shop], members: {developer: shop_developers}}`."""
    delivery: Delivery | None = None
    """CI's two roles in the environment's account. Default: none. Example: `{system: github, repository: acme/platform, branch: main, provider:
    ci_provider}`."""
    metrics: Metrics | None = None
    """Prometheus, its rules and alerts, Grafana. Needs the tier `intra`, and the add-ons `kube-state-metrics` and `prometheus-node-exporter`. Default: none.
    Example: `{scrape_seconds: 30}`."""
