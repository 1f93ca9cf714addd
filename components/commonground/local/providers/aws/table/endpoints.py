"""EC2's VPC endpoints and flow logs. Facts from terraform-provider-aws (internal/service/ec2) and pulumi-aws."""

from collections.abc import Iterable
from typing import Any

from commonground.local.providers.aws.api import Api, ApiError
from commonground.local.providers.aws.table.common import planned_id, retag_ec2
from commonground.local.providers.aws.types import Argument, ResourceType
from commonground.local.providers.values import UNKNOWN, Properties

MEMBERS = {"routeTableIds": "RouteTableIds", "securityGroupIds": "SecurityGroupIds", "subnetIds": "SubnetIds"}
"""Lists that a change adds to and removes from, by Pulumi's name."""

ENDPOINT_NAMES = {"Tags": "tagsAll", "PolicyDocument": "policy"}


def refused(operation: str, answer: dict[str, Any]) -> None:
    """Raises `ApiError` where an answer says item by item what did not work."""
    for item in answer.get("Unsuccessful") or []:
        raise ApiError(operation, item["Error"].get("Code", "Unknown"), f"{item.get('ResourceId', '')}: {item['Error'].get('Message', '')}")


def _create_endpoint(api: Api, new: Properties) -> str:
    made = api.call("CreateVpcEndpoint", **api.request("CreateVpcEndpoint", new), TagSpecifications=api.tag_specifications("vpc-endpoint", new))
    return str(made["VpcEndpoint"]["VpcEndpointId"])


def _endpoint(api: Api, id_: str) -> Properties | None:
    found = api.ask("DescribeVpcEndpoints", "VpcEndpoints[0]", VpcEndpointIds=[id_], names=ENDPOINT_NAMES)
    if found is None or found.get("state", "").lower() in ("deleting", "deleted"):
        return None
    return {**found, "securityGroupIds": [group["groupId"] for group in found.get("groups", [])]}


def _read_endpoint(api: Api, id_: str, _state: Properties) -> Properties | None:
    found = _endpoint(api, id_)
    if found is None:
        return None
    prefixes = _prefixes(api, found["serviceName"]) if found["vpcEndpointType"] == "Gateway" else {}
    return {
        **{name: found.get(name) or [] for name in (*MEMBERS, "dnsEntries", "networkInterfaceIds")},
        **{name: found.get(name) for name in ("dnsOptions", "ipAddressType", "policy", "serviceName", "serviceRegion", "state", "vpcEndpointType", "vpcId")},
        "arn": api.arn("ec2", f"vpc-endpoint/{id_}"),
        "cidrBlocks": prefixes.get("cidrs", []),
        "ownerId": found.get("ownerId", api.account),
        "prefixListId": prefixes.get("prefixListId", ""),
        "privateDnsEnabled": found.get("privateDnsEnabled", False),
        "requesterManaged": found.get("requesterManaged", False),
        "tagsAll": found.get("tagsAll", {}),
        "__failure": f"{found.get('failureReason') or found.get('lastError') or 'EC2 gives no reason'}",
    }


def _prefixes(api: Api, service: str) -> Properties:
    """The addresses behind a gateway endpoint: a prefix list of the service's name."""
    return api.ask("DescribePrefixLists", "PrefixLists[0]", Filters=[{"Name": "prefix-list-name", "Values": [service]}]) or {}


def _update_endpoint(api: Api, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
    now = _endpoint(api, id_) or {}
    change: dict[str, Any] = api.request("CreateVpcEndpoint", new, only=changed - set(MEMBERS))
    for name in changed & set(MEMBERS):
        before, after = now.get(name, []), new.get(name, [])
        parts = {f"Add{MEMBERS[name]}": sorted(set(after) - set(before)), f"Remove{MEMBERS[name]}": sorted(set(before) - set(after))}
        change |= {part: ids for part, ids in parts.items() if ids}
    if change:
        api.call("ModifyVpcEndpoint", VpcEndpointId=id_, **change)
    retag_ec2(api, id_, old, new)


def _delete_endpoint(api: Api, id_: str, _state: Properties) -> None:
    answer = api.call("DeleteVpcEndpoints", VpcEndpointIds=[id_])
    try:
        refused("DeleteVpcEndpoints", answer)
    except ApiError as error:
        if not error.gone:
            raise


def _find_endpoint(api: Api, new: Properties) -> str | None:
    """By VPC and service; by tags too where a VPC has several for a service."""
    wanted = [{"Name": "vpc-id", "Values": [new["vpcId"]]}, {"Name": "service-name", "Values": [new["serviceName"]]}]
    there = api.ask("DescribeVpcEndpoints", "VpcEndpoints", Filters=wanted, names=ENDPOINT_NAMES) or []
    same = [endpoint for endpoint in there if endpoint.get("tagsAll", {}) == new.get("tagsAll", {}) and endpoint.get("state", "").lower() != "deleted"]
    return str(same[0]["vpcEndpointId"]) if len(same) == 1 else None


def _endpoint_traps(inputs: Properties) -> Iterable[tuple[str, str]]:
    kind = inputs.get("vpcEndpointType")
    if kind == "Gateway":
        for name in ("subnetIds", "securityGroupIds"):
            if inputs.get(name):
                yield name, "is for endpoints of type Interface; a Gateway endpoint has routeTableIds (API reference, CreateVpcEndpoint)"
        if inputs.get("privateDnsEnabled") is True:
            yield "privateDnsEnabled", "is for endpoints of type Interface (API reference, CreateVpcEndpoint)"
    if kind == "Interface" and inputs.get("routeTableIds"):
        yield "routeTableIds", "is for endpoints of type Gateway; an Interface endpoint has subnetIds (API reference, CreateVpcEndpoint)"


def _planned_endpoint(api: Api, id_: str, inputs: Properties) -> Properties:
    subnets = inputs.get("subnetIds", [])
    interface = inputs["vpcEndpointType"] == "Interface"
    service = inputs["serviceName"].rpartition(".")[2]
    entry = {"dnsName": f"{id_}.{service}.{api.region}.vpce.amazonaws.com", "hostedZoneId": "Z00000000000000000000"}
    return {
        **{name: inputs.get(name, []) for name in MEMBERS},
        "arn": api.arn("ec2", f"vpc-endpoint/{id_}"),
        "cidrBlocks": [],
        "dnsEntries": [entry] if interface else [],
        "dnsOptions": inputs.get("dnsOptions"),
        "ipAddressType": inputs.get("ipAddressType", "ipv4"),
        "networkInterfaceIds": [planned_id("eni", f"{id_} {subnet}") for subnet in subnets],
        "ownerId": api.account,
        "policy": inputs.get("policy", ""),
        "prefixListId": "" if interface else planned_id("pl", inputs["serviceName"]),
        "privateDnsEnabled": inputs.get("privateDnsEnabled", False),
        "requesterManaged": False,
        "serviceRegion": inputs.get("serviceRegion", api.region),
        "state": "available",
    }


# Left out: autoAccept (for endpoint services of one's own), subnetConfigurations, and what VPC Lattice has (resourceConfigurationArn, serviceNetworkArn).
VPC_ENDPOINT = ResourceType(
    token="aws:ec2/vpcEndpoint:VpcEndpoint",
    service="ec2",
    arguments={
        "vpcId": "CreateVpcEndpoint.VpcId",
        "serviceName": "CreateVpcEndpoint.ServiceName",
        "vpcEndpointType": "CreateVpcEndpoint.VpcEndpointType",
        "dnsOptions": "CreateVpcEndpoint.DnsOptions",
        "ipAddressType": "CreateVpcEndpoint.IpAddressType",
        "policy": "CreateVpcEndpoint.PolicyDocument",
        "privateDnsEnabled": "CreateVpcEndpoint.PrivateDnsEnabled",
        "routeTableIds": "CreateVpcEndpoint.RouteTableIds",
        "securityGroupIds": "CreateVpcEndpoint.SecurityGroupIds",
        "serviceRegion": "CreateVpcEndpoint.ServiceRegion",
        "subnetIds": "CreateVpcEndpoint.SubnetIds",
    },
    required=("vpcId", "serviceName"),
    replaces=(
        "dnsOptions.privateDnsPreference",
        "dnsOptions.privateDnsSpecifiedDomains",
        "serviceName",
        "serviceRegion",
        "vpcEndpointType",
        "vpcId",
    ),
    also_replaces=lambda _, new: () if new.get("vpcEndpointType") == "Interface" else ("privateDnsEnabled",),
    computed=("arn", "cidrBlocks", "dnsEntries", "networkInterfaceIds", "ownerId", "prefixListId", "requesterManaged", "state"),
    optional=("dnsOptions", "ipAddressType", "policy", "privateDnsEnabled", "routeTableIds", "securityGroupIds", "serviceRegion", "subnetIds"),
    nested_unknown={"dnsOptions": ("dnsRecordIpType",)},
    defaults={"vpcEndpointType": "Gateway"},
    sets=("dnsOptions.privateDnsSpecifiedDomains", "routeTableIds", "securityGroupIds", "subnetIds"),
    documents=("policy",),
    update_unknown={"networkInterfaceIds": ("subnetIds",)},
    check=_endpoint_traps,
    health=lambda outputs: [f"endpoint is {outputs['state']}: {outputs['__failure']}"] if outputs.get("state", "").lower() in ("failed", "rejected") else [],
    planned=_planned_endpoint,
    id_prefix="vpce",
    create=_create_endpoint,
    read=_read_endpoint,
    update=_update_endpoint,
    delete=_delete_endpoint,
    find=_find_endpoint,
)

LOGGED = {
    "eniId": "NetworkInterface",
    "subnetId": "Subnet",
    "transitGatewayAttachmentId": "TransitGatewayAttachment",
    "transitGatewayId": "TransitGateway",
    "vpcId": "VPC",
}
"""What a flow log may be of: the argument, and the API's name of the kind."""

PREFIXES = {"eni-": "eniId", "subnet-": "subnetId", "tgw-attach-": "transitGatewayAttachmentId", "tgw-": "transitGatewayId", "vpc-": "vpcId"}


def _of(inputs: Properties) -> str:
    return next(name for name in LOGGED if inputs.get(name))


def _create_flow_log(api: Api, new: Properties) -> str:
    of, request = _of(new), api.request("CreateFlowLogs", new)
    if "logDestination" in new:
        request["LogDestination"] = new["logDestination"].removesuffix(":*")
    made = api.call("CreateFlowLogs", ResourceIds=[new[of]], ResourceType=LOGGED[of], **request, TagSpecifications=api.tag_specifications("vpc-flow-log", new))
    refused("CreateFlowLogs", made)
    return str(made["FlowLogIds"][0])


def _read_flow_log(api: Api, id_: str, state: Properties) -> Properties | None:
    names = {"Tags": "tagsAll", "DeliverLogsPermissionArn": "iamRoleArn"}
    found = api.ask("DescribeFlowLogs", "FlowLogs[0]", FlowLogIds=[id_], names=names)
    if found is None:
        return None
    of = next((name for prefix, name in PREFIXES.items() if found["resourceId"].startswith(prefix)), "vpcId")
    told = ("deliverCrossAccountRole", "destinationOptions", "iamRoleArn", "logDestinationType", "logFormat", "maxAggregationInterval", "trafficType")
    destination = found.get("logDestination") or api.arn("logs", f"log-group:{found.get('logGroupName', '')}")
    given = state.get("logDestination", "")
    return {
        **{name: found.get(name) for name in told},
        of: found["resourceId"],
        "arn": api.arn("ec2", f"vpc-flow-log/{id_}"),
        "logDestination": given if given.removesuffix(":*") == destination else destination,
        "tagsAll": found.get("tagsAll", {}),
    }


def _find_flow_log(api: Api, new: Properties) -> str | None:
    wanted = [{"Name": "resource-id", "Values": [new[_of(new)]]}, {"Name": "log-destination-type", "Values": [new["logDestinationType"]]}]
    for found in api.ask("DescribeFlowLogs", "FlowLogs", Filter=wanted) or []:
        read = _read_flow_log(api, found["flowLogId"], new)
        if read and read["logDestination"] == new.get("logDestination") and read["tagsAll"] == new.get("tagsAll", {}):
            return str(found["flowLogId"])
    return None


def _flow_log_traps(inputs: Properties) -> Iterable[tuple[str, str]]:
    of = [name for name in LOGGED if name in inputs]
    if len(of) != 1:
        yield "vpcId", f"exactly one of {', '.join(sorted(LOGGED))} is needed"
    elif of[0].startswith("transitGateway") == ("trafficType" in inputs):
        yield "trafficType", "is required, save for a transit gateway, which takes none (API reference, CreateFlowLogs)"
    if inputs.get("maxAggregationInterval") not in (60, 600, UNKNOWN):
        yield "maxAggregationInterval", f"is {inputs.get('maxAggregationInterval')!r} seconds, expected 60 or 600"
    kind = inputs.get("logDestinationType")
    if "logDestination" not in inputs:
        yield "logDestination", "is required: the ARN of a log group, a bucket or a delivery stream"
    if kind == "cloud-watch-logs" and "iamRoleArn" not in inputs:
        yield "iamRoleArn", "is required for cloud-watch-logs: the role that writes the log (API reference, CreateFlowLogs)"
    if kind != "s3" and "destinationOptions" in inputs:
        yield "destinationOptions", "is for s3 (API reference, CreateFlowLogs)"


# Left out: regionalNatGatewayId and tagFieldSpecifications, newer than what is known of the official provider's code.
FLOW_LOG = ResourceType(
    token="aws:ec2/flowLog:FlowLog",
    service="ec2",
    arguments={
        **dict.fromkeys(LOGGED, "string"),
        "deliverCrossAccountRole": "CreateFlowLogs.DeliverCrossAccountRole",
        "destinationOptions": "CreateFlowLogs.DestinationOptions",
        "iamRoleArn": Argument("CreateFlowLogs.DeliverLogsPermissionArn"),
        "logDestination": "CreateFlowLogs.LogDestination",
        "logDestinationType": "CreateFlowLogs.LogDestinationType",
        "logFormat": "CreateFlowLogs.LogFormat",
        "maxAggregationInterval": "CreateFlowLogs.MaxAggregationInterval",
        "trafficType": "CreateFlowLogs.TrafficType",
    },
    replaces=(
        *LOGGED,
        "deliverCrossAccountRole",
        "destinationOptions",
        "iamRoleArn",
        "logDestination",
        "logDestinationType",
        "logFormat",
        "maxAggregationInterval",
        "trafficType",
    ),
    computed=("arn",),
    optional=("destinationOptions", "logDestination", "logFormat"),
    defaults={"logDestinationType": "cloud-watch-logs", "maxAggregationInterval": 600},
    check=_flow_log_traps,
    planned=lambda api, id_, inputs: {
        "arn": api.arn("ec2", f"vpc-flow-log/{id_}"),
        "destinationOptions": inputs.get("destinationOptions"),
        "logFormat": inputs.get("logFormat", FORMAT),
    },
    id_prefix="fl",
    create=_create_flow_log,
    read=_read_flow_log,
    update=lambda api, id_, old, new, _: retag_ec2(api, id_, old, new),
    delete=lambda api, id_, _: api.gone("DeleteFlowLogs", FlowLogIds=[id_]),
    find=_find_flow_log,
)

FORMAT = (
    "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} "
    "${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}"
)
"""The default format (VPC user guide, "Flow log records")."""

ROWS = (VPC_ENDPOINT, FLOW_LOG)
