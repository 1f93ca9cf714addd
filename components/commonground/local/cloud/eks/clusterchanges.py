"""What changes of a cluster: its configuration, one kind a call, and its version, one minor at a time."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from . import clusters, images, neighbours, network
from .errors import InvalidParameter, InvalidRequest
from .state import Answer, Cluster, Params, Region, Update

Noted = list[dict[str, str]]
Change = Callable[[Region, Cluster, Any], Noted]

# Ways of the authentication mode (EKS user guide, "Change authentication mode to use access entries"): never back.
MODES = {("CONFIG_MAP", "API_AND_CONFIG_MAP"), ("API_AND_CONFIG_MAP", "API")}


def _endpoint(region: Region, cluster: Cluster, given: Params) -> Noted:
    before = cluster.resources_vpc_config
    after = network.endpoint(before, given)
    if all(before[name] == value for name, value in after.items()):
        raise InvalidParameter(
            f"Cluster is already at the desired configuration with endpointPrivateAccess: {str(after['endpointPrivateAccess']).lower()} , "
            f"endpointPublicAccess: {str(after['endpointPublicAccess']).lower()}, and Public Endpoint Restrictions: {after['publicAccessCidrs']}"
        )
    before.update(after)
    return [{"type": f"{name[0].upper()}{name[1:]}", "value": json.dumps(value)} for name, value in after.items()]


def _placement(region: Region, cluster: Cluster, given: Params) -> Noted:
    before = cluster.resources_vpc_config
    after = {name: list(before[name] if given.get(name) is None else given[name]) for name in network.PLACEMENT}
    if all(set(before[name]) == set(ids) for name, ids in after.items()):
        raise InvalidParameter("Cluster is already at the desired configuration of subnets and security groups")
    if network.checked_placement(region, after["subnetIds"], after["securityGroupIds"]) != before["vpcId"]:
        raise InvalidParameter(f"Provided subnets must be in the cluster's VPC {before['vpcId']}")
    before.update(after)
    neighbours.place_interfaces(region, cluster.name, after["subnetIds"], before["clusterSecurityGroupId"])
    return [{"type": "Subnets", "value": json.dumps(after["subnetIds"])}, {"type": "SecurityGroups", "value": json.dumps(after["securityGroupIds"])}]


def _logging(region: Region, cluster: Cluster, given: Params) -> Noted:
    after = clusters.logging(cluster.logging, given)
    if after == cluster.logging:
        raise InvalidParameter("No changes needed for the logging config provided")
    cluster.logging = after
    clusters.write_logs(region, cluster)
    return [{"type": "ClusterLogging", "value": json.dumps(after)}]


def _access(region: Region, cluster: Cluster, given: Params) -> Noted:
    before, after = cluster.access_config["authenticationMode"], given.get("authenticationMode")
    if (before, after) not in MODES:
        raise InvalidParameter(f"Unsupported authentication mode update from {before} to {after}")
    cluster.access_config["authenticationMode"] = after
    return [{"type": "AuthenticationMode", "value": str(after)}]


def _auto_mode(region: Region, cluster: Cluster, given: Params) -> Noted:
    """The three settings of EKS Auto Mode change together (EKS user guide, "Enable EKS Auto Mode on existing clusters")."""
    compute, storage, balancing = (given.get(name) for name in ("computeConfig", "storageConfig", "kubernetesNetworkConfig"))
    if not (compute and storage and balancing):
        raise InvalidParameter("computeConfig, storageConfig and kubernetesNetworkConfig must be updated together")
    wishes = {compute.get("enabled"), storage.get("blockStorage", {}).get("enabled"), balancing.get("elasticLoadBalancing", {}).get("enabled")}
    if len(wishes) != 1:
        raise InvalidParameter("compute, block storage and load balancing must all be enabled, or all disabled")
    if (cluster.compute_config, cluster.storage_config) == (compute, storage):
        raise InvalidParameter("No changes needed for the Auto Mode config provided")
    cluster.compute_config, cluster.storage_config = compute, storage
    cluster.kubernetes_network_config["elasticLoadBalancing"] = balancing["elasticLoadBalancing"]
    return [{"type": "ComputeConfig", "value": json.dumps(compute)}, {"type": "StorageConfig", "value": json.dumps(storage)}]


def _plain(attribute: str, parameter: str) -> Change:
    """A setting that is taken as it is given."""

    def change(region: Region, cluster: Cluster, given: Any) -> Noted:
        before = getattr(cluster, attribute)
        after = {**(before or {}), **given} if isinstance(given, Mapping) else given
        if after == before:
            raise InvalidParameter(f"No changes needed for the {parameter} config provided")
        setattr(cluster, attribute, after)
        return [{"type": parameter, "value": json.dumps(after)}]

    return change


@dataclass(frozen=True)
class Kind:
    """One kind of change: its `UpdateType` and what it does."""

    update: str
    change: Change


AUTO_MODE = ("computeConfig", "storageConfig", "kubernetesNetworkConfig")
KINDS: Mapping[str, Kind] = {
    "endpoint": Kind("EndpointAccessUpdate", _endpoint),
    "placement": Kind("VpcConfigUpdate", _placement),
    "autoMode": Kind("AutoModeUpdate", _auto_mode),
    "logging": Kind("LoggingUpdate", _logging),
    "accessConfig": Kind("AccessConfigUpdate", _access),
    "upgradePolicy": Kind("UpgradePolicyUpdate", _plain("upgrade_policy", "UpgradePolicy")),
    "zonalShiftConfig": Kind("ZonalShiftConfigUpdate", _plain("zonal_shift_config", "ZonalShiftConfig")),
    "deletionProtection": Kind("DeletionProtectionUpdate", _plain("deletion_protection", "DeletionProtection")),
    "remoteNetworkConfig": Kind("RemoteNetworkConfigUpdate", _plain("remote_network_config", "RemoteNetworkConfig")),
    "controlPlaneScalingConfig": Kind("ControlPlaneScalingConfigUpdate", _plain("control_plane_scaling_config", "UpdatedTier")),
}
UNSERVED = ("kubeApiServerConfig", "kubeSchedulerConfig", "kubeControllerManagerConfig")


def update_config(region: Region, params: Params) -> Answer:
    """UpdateClusterConfig: exactly one kind of change, which changes something."""
    cluster = region.cluster(params["name"])
    wanted = _wanted(params)
    if not wanted:
        raise InvalidParameter("At least one update parameter must be specified", cluster=cluster.name)
    if len(wanted) > 1:
        raise InvalidParameter("Only one type of update can be allowed.", cluster=cluster.name)
    kind, given = next(iter(wanted.items()))
    return {"update": cluster.note(Update(KINDS[kind].update, KINDS[kind].change(region, cluster, given)))}


def _wanted(params: Params) -> dict[str, Any]:
    """What is asked for, by kind."""
    for name in UNSERVED:
        if params.get(name) is not None:
            raise InvalidRequest(f"The local cloud does not serve {name}")
    given = {name: value for name, value in params.items() if name in KINDS and value is not None}
    vpc = params.get("resourcesVpcConfig") or {}
    for kind, members in (("endpoint", network.ENDPOINT), ("placement", network.PLACEMENT)):
        if any(vpc.get(member) is not None for member in members):
            given[kind] = vpc
    auto = {name: params[name] for name in AUTO_MODE if params.get(name) is not None}
    return {**given, "autoMode": auto} if auto else given


def update_version(region: Region, params: Params) -> Answer:
    """UpdateClusterVersion: to the next minor version."""
    cluster, version = region.cluster(params["name"]), params["version"]
    clusters.require_version(version)
    before, after = images.minor(cluster.version), images.minor(version)
    if after != (before[0], before[1] + 1):
        raise InvalidParameter(f"Unsupported Kubernetes minor version update from {cluster.version} to {version}", cluster=cluster.name)
    cluster.version = version
    noted = [{"type": "Version", "value": version}, {"type": "PlatformVersion", "value": cluster.platform_version}]
    return {"update": cluster.note(Update("VersionUpdate", noted))}


def associate_encryption(region: Region, params: Params) -> Answer:
    """AssociateEncryptionConfig: once, for a cluster that has none."""
    cluster = region.cluster(params["clusterName"])
    if cluster.encryption_config:
        raise InvalidParameter("Cluster already has encryptionConfig", cluster=cluster.name)
    cluster.encryption_config = clusters.checked_encryption(region, params["encryptionConfig"])
    noted = [{"type": "EncryptionConfig", "value": json.dumps(cluster.encryption_config)}]
    return {"update": cluster.note(Update("AssociateEncryptionConfig", noted))}


OPERATIONS = {
    "UpdateClusterConfig": update_config,
    "UpdateClusterVersion": update_version,
    "AssociateEncryptionConfig": associate_encryption,
}
