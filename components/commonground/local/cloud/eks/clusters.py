"""Clusters: made, described, listed, deleted. Their changes are in `clusterchanges`."""

import base64
import re
from typing import Any

from ..versions import versions
from . import access, controlplanes, neighbours, network
from .errors import InvalidParameter, InvalidRequest, ResourceInUse
from .pages import page
from .state import Answer, Cluster, Params, Region, new_hex

NAME = re.compile(r"[0-9A-Za-z][A-Za-z0-9_-]{0,99}")
TRUSTED = "eks.amazonaws.com"
LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")


def create(region: Region, params: Params) -> Answer:
    """CreateCluster. The cluster is ACTIVE at once, unless it waits for a control plane. Its log group is made if logs are on and it is missing."""
    name = params["name"]
    if name in region.clusters:
        raise ResourceInUse(f"Cluster already exists with name: {name}", cluster=name)
    cluster = _checked(region, params)
    vpc = cluster.resources_vpc_config
    vpc["clusterSecurityGroupId"] = neighbours.make_cluster_group(region, name, vpc["vpcId"])
    neighbours.place_interfaces(region, name, vpc["subnetIds"], vpc["clusterSecurityGroupId"])
    region.clusters[name] = cluster
    write_logs(region, cluster)
    if cluster.access_config["bootstrapClusterCreatorAdminPermissions"]:
        access.admit_creator(region, cluster)
    return {"cluster": controlplanes.settled(region, cluster)}


def _checked(region: Region, params: Params) -> Cluster:
    name = params["name"]
    if not NAME.fullmatch(name):
        raise InvalidParameter("The cluster name must begin with a letter or digit and have letters, digits, hyphens and underscores only, at most 100")
    version = params.get("version") or versions().default
    require_version(version)
    _check_role(region, params["roleArn"])
    vpc = network.vpc_config(region, params["resourcesVpcConfig"])
    identifier = new_hex(32, upper=True)
    return Cluster(
        name=name,
        arn=region.arn(f"cluster/{name}"),
        role_arn=params["roleArn"],
        version=version,
        endpoint=f"https://{identifier}.gr7.{region.region_name}.eks.amazonaws.com",
        certificate_authority={"data": _certificate()},
        identity={"oidc": {"issuer": f"https://oidc.eks.{region.region_name}.amazonaws.com/id/{identifier}"}},
        resources_vpc_config=vpc,
        kubernetes_network_config=network.kubernetes_config(region, params.get("kubernetesNetworkConfig") or {}, vpc["vpcId"]),
        logging=logging({}, params.get("logging") or {}),
        access_config=_access(params.get("accessConfig") or {}),
        upgrade_policy={"supportType": "EXTENDED", **(params.get("upgradePolicy") or {})},
        zonal_shift_config={"enabled": False, **(params.get("zonalShiftConfig") or {})},
        deletion_protection=bool(params.get("deletionProtection")),
        encryption_config=checked_encryption(region, params.get("encryptionConfig") or []),
        tags=dict(params.get("tags") or {}),
        control_plane_scaling_config={"tier": "standard", **(params.get("controlPlaneScalingConfig") or {})},
        compute_config=params.get("computeConfig"),
        storage_config=params.get("storageConfig"),
        remote_network_config=params.get("remoteNetworkConfig"),
        client_request_token=params.get("clientRequestToken"),
    )


def require_version(version: str) -> None:
    """Refuses a Kubernetes version that the local cloud does not offer."""
    if version not in versions().kubernetes:
        raise InvalidParameter(f"unsupported Kubernetes version {version}: expected one of {', '.join(versions().newest_first())}")


def _check_role(region: Region, arn: str) -> None:
    if not neighbours.trusts(neighbours.require_role(region, arn), TRUSTED):
        raise InvalidParameter(f"Role with arn: {arn}, could not be assumed because it does not exist or the trusted entity is not correct")


def _certificate() -> str:
    """Text in a certificate's clothes: nothing listens at the endpoint, and what reads the field expects base64."""
    body = base64.b64encode(bytes.fromhex(new_hex(512))).decode()
    return base64.b64encode(f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n".encode()).decode()


def _access(given: Params) -> dict[str, Any]:
    """Defaults: API reference, "CreateAccessConfigRequest"."""
    mode = given.get("authenticationMode") or "CONFIG_MAP"
    bootstrap = given.get("bootstrapClusterCreatorAdminPermissions")
    bootstrap = True if bootstrap is None else bootstrap
    if mode == "CONFIG_MAP" and not bootstrap:
        raise InvalidParameter("bootstrapClusterCreatorAdminPermissions must be true if cluster authentication mode is set to CONFIG_MAP")
    return {"authenticationMode": mode, "bootstrapClusterCreatorAdminPermissions": bootstrap}


def checked_encryption(region: Region, given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """`encryptionConfig`, with a key that is there. EKS encrypts secrets, and nothing else, with it."""
    for config in given:
        if config.get("resources") != ["secrets"]:
            raise InvalidParameter("encryptionConfig resources must be [secrets]")
        neighbours.require_key(region, (config.get("provider") or {}).get("keyArn", ""))
    return given


def logging(before: Params, given: Params) -> dict[str, Any]:
    """All log types, those that are on first: what was, with what is given over it."""
    on = {type_ for setup in before.get("clusterLogging", []) if setup.get("enabled") for type_ in setup["types"]}
    for setup in given.get("clusterLogging") or []:
        types = set(setup.get("types") or [])
        on = on | types if setup.get("enabled") else on - types
    setups = [{"types": [type_ for type_ in LOG_TYPES if (type_ in on) is enabled], "enabled": enabled} for enabled in (True, False)]
    return {"clusterLogging": [setup for setup in setups if setup["types"]]}


def write_logs(region: Region, cluster: Cluster) -> None:
    """Makes the log group of a cluster whose control plane logs something."""
    if any(setup["enabled"] for setup in cluster.logging["clusterLogging"]):
        neighbours.make_log_group(region, f"/aws/eks/{cluster.name}/cluster")


def describe(region: Region, params: Params) -> Answer:
    """DescribeCluster."""
    return {"cluster": controlplanes.settled(region, region.cluster(params["name"]))}


def list_(region: Region, params: Params) -> Answer:
    """ListClusters."""
    return page("clusters", sorted(region.clusters), params)


def delete(region: Region, params: Params) -> Answer:
    """DeleteCluster. Refused under deletion protection and while it has node groups. What else belongs to it goes with it; the log group stays."""
    cluster = region.cluster(params["name"])
    if cluster.deletion_protection:
        raise InvalidRequest(f"Cluster {cluster.name} cannot be deleted: deletion protection is enabled", cluster=cluster.name)
    if cluster.node_groups:
        raise ResourceInUse("Cluster has nodegroups attached", cluster=cluster.name, nodegroup=next(iter(cluster.node_groups)))
    if cluster.fargate_profiles:
        raise ResourceInUse("Cluster has Fargate profiles attached", cluster=cluster.name)
    neighbours.remove_interfaces(region, cluster.name)
    neighbours.remove_security_group(region, cluster.resources_vpc_config["clusterSecurityGroupId"])
    del region.clusters[cluster.name]
    cluster.status = "DELETING"
    return {"cluster": cluster}


OPERATIONS = {"CreateCluster": create, "DescribeCluster": describe, "ListClusters": list_, "DeleteCluster": delete}
