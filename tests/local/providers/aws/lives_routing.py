"""Lives of EC2's route tables and routes."""

from typing import Any

from tests.local.providers.aws.lives import Life
from tests.local.providers.aws.lives_gateways import subnet
from tests.local.providers.aws.lives_network import vpc


def route_table(engine: Any, of: Any) -> Any:
    return engine.create("aws:ec2/routeTable:RouteTable", {"vpcId": of.id})


def gateway(engine: Any, of: Any) -> Any:
    return engine.create("aws:ec2/internetGateway:InternetGateway", {"vpcId": of.id})


def route_inputs(engine: Any) -> dict[str, Any]:
    of = vpc(engine)
    return {"routeTableId": route_table(engine, of).id, "destinationCidrBlock": "0.0.0.0/0", "gatewayId": gateway(engine, of).id}


def routes(engine: Any, made: Any) -> list[Any]:
    table = engine.client("ec2").describe_route_tables(RouteTableIds=[made.inputs["routeTableId"]])["RouteTables"][0]
    return [route for route in table["Routes"] if route.get("DestinationCidrBlock") == made.inputs["destinationCidrBlock"]]


def association_inputs(engine: Any) -> dict[str, Any]:
    of = vpc(engine)
    return {"routeTableId": route_table(engine, of).id, "subnetId": subnet(engine, of=of).id}


def associations(engine: Any, made: Any) -> Any:
    of = [{"Name": "association.subnet-id", "Values": [made.inputs["subnetId"]]}]
    return engine.client("ec2").describe_route_tables(Filters=of)["RouteTables"]


LIVES = (
    Life(
        "aws:ec2/routeTable:RouteTable",
        inputs=lambda engine: {"vpcId": vpc(engine).id, "tags": {"a": "1"}},
        seen=lambda engine, made: engine.client("ec2").describe_route_tables(RouteTableIds=[made.id])["RouteTables"],
        update={"tags": {"b": "2"}},
        replace={"vpcId": "vpc-0123456789abcdef0"},
        wrong=("vpcId", ["vpc-1"]),
    ),
    Life(
        "aws:ec2/route:Route",
        inputs=route_inputs,
        seen=routes,
        replace={"destinationCidrBlock": "10.1.0.0/16"},
        wrong=("destinationCidrBlock", "10.1.2.3/16"),
    ),
    Life(
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        inputs=association_inputs,
        seen=associations,
        replace={"subnetId": "subnet-0123456789abcdef0"},
        wrong=("subnetId", True),
    ),
)
