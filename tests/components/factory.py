"""A whole environment, made by hand: what the settings' files would merge to."""

from typing import Any

from tests.metrics.factory import metrics_settings

from commonground.settings.ami import AMI_TYPES
from commonground.settings.base import (
    Accelerator,
    Architecture,
    BucketPurpose,
    Capacity,
    CiSystem,
    Cloud,
    EndpointAccess,
    Gpus,
    GpuSoftware,
    InstanceType,
    NatGateways,
    PoolPurpose,
    Protection,
    SharingStrategy,
    Support,
    TeamRole,
    Zone,
)
from commonground.settings.environment import (
    AcceleratedPoolSettings,
    AcceleratorsSettings,
    AccessSettings,
    AddonSettings,
    AddonsSettings,
    BucketSettings,
    ClusterSettings,
    DeliverySettings,
    Environment,
    ImagesSettings,
    MemberSettings,
    NetworkSettings,
    PoolSettings,
    QuotaSettings,
    RegistriesSettings,
    RegistrySettings,
    SharingSettings,
    StorageSettings,
    TeamSettings,
    TierSettings,
)

ACCOUNT = "123456789012"
REGION = "eu-central-1"
ZONES = ("euc1-az1", "euc1-az2")
DEPLOYER = f"arn:aws:iam::{ACCOUNT}:role/deploy"
PLATFORM = f"arn:aws:iam::{ACCOUNT}:role/platform"
UNPROTECTED = Protection(on=False)
PROTECTED = Protection(on=True)
BEFORE_NODES = ("vpc-cni", "kube-proxy", "eks-pod-identity-agent")
AFTER_NODES = ("coredns", "aws-ebs-csi-driver", "metrics-server", "eks-node-monitoring-agent", "kube-state-metrics", "prometheus-node-exporter")


def instance_type(name: str = "m7i.large", *, gpus: Gpus | None = None, architecture: Architecture = Architecture.X86_64) -> InstanceType:
    return InstanceType(name=name, architecture=architecture, vcpu=2, memory_mib=8192, pods=29, efa=0, gpus=gpus, zones=ZONES)


def gpu_type(name: str = "g6.xlarge", *, model: str = "L4", count: int = 1) -> InstanceType:
    return instance_type(name, gpus=Gpus(count=count, model=model, memory_mib=22888))


def pool(name: str = "general", purpose: PoolPurpose = PoolPurpose.GENERAL, **changes: Any) -> PoolSettings:
    """Settings of a pool; with the purpose gpu, one of g6.xlarge that may be empty."""
    gpu = purpose is PoolPurpose.GPU
    accelerator = Accelerator.NVIDIA if gpu else None
    values: dict[str, Any] = {
        "name": name,
        "purpose": purpose,
        "architecture": Architecture.X86_64,
        "accelerator": accelerator,
        "kubernetes": "1.36",
        "ami_type": AMI_TYPES[changes.get("architecture", Architecture.X86_64), changes.get("accelerator", accelerator)],
        "ami_release": "1.36.0-20260101",
        "instance_types": (gpu_type(),) if gpu else (instance_type(),),
        "capacity": Capacity.ON_DEMAND,
        "root_volume_gib": 100,
        "min": 0 if gpu else 2,
        "desired": 0 if gpu else 2,
        "max": 4,
        "zones": ZONES,
    }
    return PoolSettings(**{**values, **changes})


def cluster(**changes: Any) -> ClusterSettings:
    values: dict[str, Any] = {
        "name": "commonground-dev-k7q2",
        "account": ACCOUNT,
        "region": REGION,
        "kubernetes": "1.36",
        "endpoint": EndpointAccess.PUBLIC,
        "clients": ("203.0.113.0/24",),
        "deployer_arn": DEPLOYER,
        "access": (
            AccessSettings(name="operators-platform", principal_arn=PLATFORM, policy="AmazonEKSAdminViewPolicy"),
            AccessSettings(name="deployer", principal_arn=DEPLOYER, policy="AmazonEKSClusterAdminPolicy"),
        ),
        "addons": tuple(AddonSettings(name=name, version="v1.0.0-eksbuild.1") for name in BEFORE_NODES),
        "log_retention_days": 30,
        "support": Support.STANDARD,
        "zonal_shift": False,
        "protection": UNPROTECTED,
    }
    return ClusterSettings(**{**values, **changes})


def addons() -> AddonsSettings:
    return AddonsSettings(addons=tuple(AddonSettings(name=name, version="v1.0.0-eksbuild.1") for name in AFTER_NODES))


def network(zones: tuple[str, ...] = ZONES, protection: Protection = UNPROTECTED) -> NetworkSettings:
    tiers = tuple(TierSettings(name=name, slot=slot) for slot, name in enumerate(("public", "private", "intra")))
    return NetworkSettings(
        cidr="10.16.0.0/16",
        account=ACCOUNT,
        region=REGION,
        zones=tuple(Zone(id=zone, name=f"{REGION}{'abcdef'[int(zone[-1]) - 1]}") for zone in zones),
        tiers=tiers,
        nat=NatGateways.ONE,
        endpoints=("s3", "ec2", "ecr.api"),
        flow_logs=True,
        log_retention_days=30,
        protection=protection,
        cluster="commonground-dev-k7q2",
    )


def accelerators() -> AcceleratorsSettings:
    """The device plugin, for the pool `gpu` whose GPUs are shared by four."""
    shared = SharingSettings(strategy=SharingStrategy.TIME_SLICING, replicas=4)
    pools = (AcceleratedPoolSettings(name="gpu", gpus=Gpus(count=1, model="L4", memory_mib=22888), sharing=shared),)
    return AcceleratorsSettings(software=GpuSoftware.DEVICE_PLUGIN, pools=pools, kubernetes="1.36")


def team(name: str = "shop", **changes: Any) -> TeamSettings:
    """A team with an application's and a model's namespace."""
    values: dict[str, Any] = {
        "name": name,
        "namespaces": (name, f"{name}-jobs"),
        "members": tuple(MemberSettings(role=role, group=f"commonground:{name}:{role.value}") for role in TeamRole),
        "buckets": {"models": f"{name}/"},
        "registries": ("shop",),
        "peers": (),
        "quota": QuotaSettings(cpu=40, memory_gib=160, gpus=8, storage_gib=500),
        "protection": UNPROTECTED,
    }
    return TeamSettings(**{**values, **changes})


def delivery(**changes: Any) -> DeliverySettings:
    """Of a GitHub repository whose branch `main` deploys, with a provider made here."""
    values: dict[str, Any] = {
        "environment": "dev",
        "account": ACCOUNT,
        "region": REGION,
        "system": CiSystem.GITHUB,
        "host": "token.actions.githubusercontent.com",
        "audience": "sts.amazonaws.com",
        "repository": "acme/platform",
        "branch": "main",
        "deployer_arn": DEPLOYER,
    }
    return DeliverySettings(**{**values, **changes})


def environment(**changes: Any) -> Environment:
    """Two zones; a system, a general and a GPU pool; two repositories; a bucket of each purpose."""
    protection = changes.pop("protection", UNPROTECTED)
    zones = changes.pop("zones", ZONES)
    pools = (pool("system", PoolPurpose.SYSTEM, zones=zones), pool("general", zones=zones), pool("gpu", PoolPurpose.GPU, zones=zones))
    repositories = tuple(RegistrySettings(name=name, released_tags=("v*",), expire_days=30, protection=protection) for name in ("shop", "models/churn"))
    buckets = tuple(BucketSettings(name=purpose.value, purpose=purpose, protection=protection) for purpose in BucketPurpose)
    values: dict[str, Any] = {
        "name": "dev",
        "cloud": Cloud.AWS,
        "account": ACCOUNT,
        "region": REGION,
        "network": network(zones, protection),
        "storage": StorageSettings(account=ACCOUNT, buckets=buckets, protection=protection),
        "registries": RegistriesSettings(account=ACCOUNT, repositories=repositories, protection=protection),
        "cluster": cluster(protection=protection),
        "pools": pools,
        "addons": addons(),
        "images": ImagesSettings(environment="dev", account=ACCOUNT, region=REGION),
        "accelerators": accelerators(),
        "teams": (team(protection=protection),),
        "delivery": delivery(),
        "metrics": metrics_settings(teams={"shop": ("shop", "shop-jobs")}, protection=protection),
    }
    return Environment(**{**values, **changes})
