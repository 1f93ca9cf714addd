"""Lives of VPC endpoints and flow logs."""

import json
from typing import Any

from tests.local.providers.aws.lives import Life
from tests.local.providers.aws.lives_network import vpc
from tests.local.providers.aws.lives_routing import route_table

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "vpc-flow-logs.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}]})


def gateway_endpoint_inputs(engine: Any) -> dict[str, Any]:
    of = vpc(engine)
    return {
        "vpcId": of.id,
        "serviceName": f"com.amazonaws.{engine.region}.s3",
        "vpcEndpointType": "Gateway",
        "routeTableIds": [route_table(engine, of).id],
        "policy": POLICY,
        "tags": {"a": "1"},
    }


def endpoints(engine: Any, made: Any) -> list[Any]:
    found = engine.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[made.id])["VpcEndpoints"]
    return [endpoint for endpoint in found if endpoint["State"] != "deleted"]


def flow_log_inputs(engine: Any) -> dict[str, Any]:
    of = vpc(engine)
    name = f"/vpc/{of.id}"
    role = engine.client("iam").create_role(RoleName=f"flow-logs-{of.id}", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    engine.client("logs").create_log_group(logGroupName=name)
    group = f"arn:aws:logs:{engine.region}:123456789012:log-group:{name}"
    return {"vpcId": of.id, "trafficType": "ALL", "logDestination": group, "iamRoleArn": role, "tags": {"a": "1"}}


LIVES = (
    Life(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        inputs=gateway_endpoint_inputs,
        seen=endpoints,
        update={"policy": POLICY.replace("GetObject", "ListBucket"), "routeTableIds": [], "tags": {"b": "2"}},
        replace={"serviceName": "com.amazonaws.eu-central-1.dynamodb"},
        wrong=("vpcEndpointType", "Doorway"),
    ),
    Life(
        "aws:ec2/flowLog:FlowLog",
        inputs=flow_log_inputs,
        seen=lambda engine, made: engine.client("ec2").describe_flow_logs(FlowLogIds=[made.id])["FlowLogs"],
        update={"tags": {"b": "2"}},
        replace={"trafficType": "REJECT"},
        wrong=("maxAggregationInterval", 300),
    ),
)
