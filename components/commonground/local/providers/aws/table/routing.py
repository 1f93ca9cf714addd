"""EC2's route tables, their routes and where they apply. Facts from terraform-provider-aws (internal/service/ec2) and pulumi-aws."""

import zlib
from collections.abc import Iterable
from ipaddress import ip_network
from typing import Any

from commonground.local.providers.aws.api import Api
from commonground.local.providers.aws.table.common import found_by_tags, not_a_range, retag_ec2
from commonground.local.providers.aws.types import ResourceType
from commonground.local.providers.values import Properties

DESTINATIONS = ("destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId")

TARGETS = {
    "carrierGatewayId": "CarrierGatewayId",
    "coreNetworkArn": "CoreNetworkArn",
    "egressOnlyGatewayId": "EgressOnlyInternetGatewayId",
    "gatewayId": "GatewayId",
    "localGatewayId": "LocalGatewayId",
    "natGatewayId": "NatGatewayId",
    "networkInterfaceId": "NetworkInterfaceId",
    "odbNetworkArn": "OdbNetworkArn",
    "transitGatewayId": "TransitGatewayId",
    "vpcEndpointId": "VpcEndpointId",
    "vpcPeeringConnectionId": "VpcPeeringConnectionId",
}
"""Where a route may lead, by Pulumi's name."""

IN_TABLE = {"destinationCidrBlock": "cidrBlock", "destinationIpv6CidrBlock": "ipv6CidrBlock", "egressOnlyInternetGatewayId": "egressOnlyGatewayId"}
"""Names that a route table's `routes` have in Pulumi, where they differ from the API's."""


def _table(api: Api, id_: str) -> Properties | None:
    found: Properties | None = api.ask("DescribeRouteTables", "RouteTables[0]", RouteTableIds=[id_], names={"Tags": "tagsAll"})
    return found


def _create_table(api: Api, new: Properties) -> str:
    made = api.call("CreateRouteTable", **api.request("CreateRouteTable", new), TagSpecifications=api.tag_specifications("route-table", new))
    return str(made["RouteTable"]["RouteTableId"])


def _read_table(api: Api, id_: str, _state: Properties) -> Properties | None:
    found = _table(api, id_)
    if found is None:
        return None
    return {
        "arn": api.arn("ec2", f"route-table/{id_}"),
        "ownerId": found.get("ownerId", api.account),
        "propagatingVgws": [gateway["gatewayId"] for gateway in found.get("propagatingVgws", [])],
        "routes": [_in_table(route) for route in found.get("routes", []) if route.get("gatewayId") != "local"],
        "vpcId": found["vpcId"],
        "tagsAll": found.get("tagsAll", {}),
    }


def _in_table(route: Properties) -> Properties:
    shown = {IN_TABLE.get(name, name): value for name, value in route.items() if name in (*DESTINATIONS, *TARGETS, *IN_TABLE)}
    if str(shown.get("gatewayId", "")).startswith("vpce-"):
        shown["vpcEndpointId"] = shown.pop("gatewayId")
    return shown


def _delete_table(api: Api, id_: str, _state: Properties) -> None:
    """Takes it from its subnets first, those of other resources too, as the official provider does."""
    for association in (_table(api, id_) or {}).get("associations", []):
        if not association.get("main"):
            api.gone("DisassociateRouteTable", AssociationId=association["routeTableAssociationId"])
    api.gone("DeleteRouteTable", RouteTableId=id_)


# Left out: routes and propagatingVgws. Inline routes fight with the Route resources that components make; without either argument both only show what is there.
ROUTE_TABLE = ResourceType(
    token="aws:ec2/routeTable:RouteTable",
    service="ec2",
    arguments={"vpcId": "CreateRouteTable.VpcId"},
    required=("vpcId",),
    replaces=("vpcId",),
    computed=("arn", "ownerId", "propagatingVgws", "routes"),
    planned=lambda api, id_, _: {"arn": api.arn("ec2", f"route-table/{id_}"), "ownerId": api.account, "propagatingVgws": [], "routes": []},
    id_prefix="rtb",
    create=_create_table,
    read=_read_table,
    update=lambda api, id_, old, new, _: retag_ec2(api, id_, old, new),
    delete=_delete_table,
    find=lambda api, new: found_by_tags(api, "DescribeRouteTables", "RouteTables", "routeTableId", new, vpc_id=new["vpcId"]),
)


def _destination(inputs: Properties) -> tuple[str, str]:
    name = next(name for name in DESTINATIONS if inputs.get(name))
    return name, str(inputs[name])


def _route_id(inputs: Properties) -> str:
    """The official provider's: the table and the CRC-32 of the destination."""
    return f"r-{inputs['routeTableId']}{zlib.crc32(_destination(inputs)[1].encode())}"


def _imported(id_: str) -> Properties:
    """What an import's id says: `rtb-1_10.0.0.0/8`."""
    table, _, destination = id_.partition("_")
    kind = DESTINATIONS[1] if ":" in destination else DESTINATIONS[0] if "." in destination else DESTINATIONS[2]
    return {"routeTableId": table, kind: destination}


def _route(api: Api, inputs: Properties) -> Properties | None:
    name, value = _destination(inputs)
    routes = (_table(api, inputs["routeTableId"]) or {}).get("routes", [])
    return next((route for route in routes if _same(route.get(name), value)), None)


def _same(one: Any, other: str) -> bool:
    """Equal, or the same IPv6 range in another spelling."""
    return bool(one) and (one == other or (":" in other and ip_network(one) == ip_network(other)))


def _create_route(api: Api, new: Properties) -> str:
    api.call("CreateRoute", **api.request("CreateRoute", new))
    return _route_id(new)


def _read_route(api: Api, id_: str, state: Properties) -> Properties | None:
    known = state if "routeTableId" in state else _imported(id_)
    found = _route(api, known)
    if found is None:
        return None
    shown: Properties = {
        **dict.fromkeys((*DESTINATIONS, *TARGETS), ""),
        **{name: found.get(name, "") for name in (*DESTINATIONS, *TARGETS)},
        "egressOnlyGatewayId": found.get("egressOnlyInternetGatewayId", ""),
    }
    if shown["gatewayId"].startswith("vpce-"):
        shown |= {"vpcEndpointId": shown["gatewayId"], "gatewayId": ""}
    made = {name: found.get(name, "") for name in ("instanceId", "instanceOwnerId", "origin", "state")}
    return {**shown, **made, "routeTableId": known["routeTableId"]}


def _update_route(api: Api, _id: str, _old: Properties, new: Properties, _changed: set[str]) -> None:
    api.call("ReplaceRoute", **api.request("CreateRoute", new))


def _delete_route(api: Api, _id: str, state: Properties) -> None:
    name, value = _destination(state)
    api.gone("DeleteRoute", RouteTableId=state["routeTableId"], **{name[0].upper() + name[1:]: value})


def _find_route(api: Api, new: Properties) -> str | None:
    id_ = _route_id(new)
    found = _read_route(api, id_, new)
    same = found is not None and all(found[name] == new[name] for name in TARGETS if name in new)
    return id_ if same else None


def _route_traps(inputs: Properties) -> Iterable[tuple[str, str]]:
    destinations = [name for name in DESTINATIONS if name in inputs]
    targets = [name for name in TARGETS if name in inputs]
    if len(destinations) != 1:
        yield DESTINATIONS[0], f"exactly one of {', '.join(DESTINATIONS)} is needed"
    if len(targets) != 1:
        yield "gatewayId", f"exactly one target is needed: {', '.join(TARGETS)}"
    if inputs.get("gatewayId") == "local":
        yield "gatewayId", "local is the route that each table has by itself; it cannot be made"
    for name, version in (("destinationCidrBlock", 4), ("destinationIpv6CidrBlock", 6)):
        if reason := not_a_range(inputs.get(name), version):
            yield name, reason
    for target, destination in (
        ("carrierGatewayId", "destinationIpv6CidrBlock"),
        ("egressOnlyGatewayId", "destinationCidrBlock"),
        ("vpcEndpointId", "destinationPrefixListId"),
    ):
        if target in inputs and destination in inputs:
            yield target, f"cannot be given together with {destination}"


ROUTE = ResourceType(
    token="aws:ec2/route:Route",
    service="ec2",
    arguments={
        "routeTableId": "CreateRoute.RouteTableId",
        **{name: f"CreateRoute.{name[0].upper()}{name[1:]}" for name in DESTINATIONS},
        **{name: f"CreateRoute.{member}" for name, member in TARGETS.items()},
    },
    required=("routeTableId",),
    replaces=(*DESTINATIONS, "routeTableId"),
    computed=("instanceId", "instanceOwnerId", "origin", "state"),
    optional=("networkInterfaceId",),
    check=_route_traps,
    planned=lambda _api, _id, _inputs: {"instanceId": "", "instanceOwnerId": "", "networkInterfaceId": "", "origin": "CreateRoute", "state": "active"},
    planned_id=lambda _, inputs: _route_id(inputs),
    taggable=False,
    create=_create_route,
    read=_read_route,
    update=_update_route,
    delete=_delete_route,
    find=_find_route,
)


def _association(api: Api, id_: str, state: Properties) -> Properties | None:
    """By what it is made for, which has one at most: moving it to another table gives it another id, and the engine keeps the first."""
    of = state or {"subnetId" if id_.startswith("subnet-") else "gatewayId": id_.partition("/")[0]}  # an import's id: subnet or gateway, then the table
    name, value = next((name, of[name]) for name in ("subnetId", "gatewayId") if of.get(name))
    filters = [{"Name": f"association.{'subnet-id' if name == 'subnetId' else 'gateway-id'}", "Values": [value]}]
    for table in api.ask("DescribeRouteTables", "RouteTables", Filters=filters) or []:
        for association in table.get("associations", []):
            if association.get(name) == value:
                return {**association, "routeTableId": table["routeTableId"]}
    return None


def _create_association(api: Api, new: Properties) -> str:
    return str(api.call("AssociateRouteTable", **api.request("AssociateRouteTable", new))["AssociationId"])


def _read_association(api: Api, id_: str, state: Properties) -> Properties | None:
    found = _association(api, id_, state)
    return found and {name: found.get(name) for name in ("gatewayId", "routeTableId", "subnetId")}


def _update_association(api: Api, id_: str, old: Properties, new: Properties, _changed: set[str]) -> None:
    found = _association(api, id_, old)
    if found is None:
        _create_association(api, new)
    else:
        api.call("ReplaceRouteTableAssociation", AssociationId=found["routeTableAssociationId"], RouteTableId=new["routeTableId"])


def _delete_association(api: Api, id_: str, state: Properties) -> None:
    found = _association(api, id_, state)
    if found and found["routeTableId"] == state["routeTableId"]:
        api.gone("DisassociateRouteTable", AssociationId=found["routeTableAssociationId"])


def _find_association(api: Api, new: Properties) -> str | None:
    found = _association(api, "", new)
    return str(found["routeTableAssociationId"]) if found and found["routeTableId"] == new["routeTableId"] else None


def _association_traps(inputs: Properties) -> Iterable[tuple[str, str]]:
    if ("subnetId" in inputs) == ("gatewayId" in inputs):
        yield "subnetId", "exactly one of subnetId and gatewayId is needed"


ROUTE_TABLE_ASSOCIATION = ResourceType(
    token="aws:ec2/routeTableAssociation:RouteTableAssociation",
    service="ec2",
    arguments={
        "routeTableId": "AssociateRouteTable.RouteTableId",
        "gatewayId": "AssociateRouteTable.GatewayId",
        "subnetId": "AssociateRouteTable.SubnetId",
    },
    required=("routeTableId",),
    replaces=("gatewayId", "subnetId"),
    check=_association_traps,
    id_prefix="rtbassoc",
    taggable=False,
    create=_create_association,
    read=_read_association,
    update=_update_association,
    delete=_delete_association,
    find=_find_association,
)

ROWS = (ROUTE_TABLE, ROUTE, ROUTE_TABLE_ASSOCIATION)
