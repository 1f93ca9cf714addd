"""Flow logs: which connections a VPC allowed and refused, kept in CloudWatch Logs."""

import pulumi
import pulumi_aws as aws

from commonground.iam import Statement, document, trust_service
from commonground.settings.base import Protection
from commonground.tags import named

# What the service needs to write into a group that is there (VPC user guide, "IAM role for publishing flow logs to CloudWatch Logs").
WRITE_ACTIONS = ("logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams")


class FlowLogs(pulumi.ComponentResource):
    """Flow logs of a VPC, accepted and refused connections alike, with the role that delivers them."""

    log_group: aws.cloudwatch.LogGroup

    def __init__(
        self,
        name: str,
        *,
        vpc_id: pulumi.Input[str],
        account: str,
        retention_days: int,
        protection: Protection,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`retention_days` is one of the values that CloudWatch Logs takes; `account` the one that the VPC is in."""
        super().__init__("commonground:network:FlowLogs", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        kept = pulumi.ResourceOptions(parent=self, protect=protection.covers(name))
        self.log_group = aws.cloudwatch.LogGroup(name, retention_in_days=retention_days, tags=named(name), opts=kept)
        role = aws.iam.Role(name, assume_role_policy=trust_service("vpc-flow-logs.amazonaws.com", account=account), tags=named(name), opts=inside)
        policy = aws.iam.RolePolicy(name, role=role.name, policy=document(_write(self.log_group.arn)), opts=inside)
        aws.ec2.FlowLog(
            name,
            vpc_id=vpc_id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=self.log_group.arn,
            iam_role_arn=role.arn,
            tags=named(name),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        self.register_outputs({"log_group": self.log_group.name})


def _write(group_arn: pulumi.Output[str]) -> list[Statement]:
    return [
        Statement("WriteFlowLogs", WRITE_ACTIONS, (group_arn, pulumi.Output.concat(group_arn, ":*"))),
        # Describing groups cannot be limited to one of them.
        Statement("FindLogGroup", ("logs:DescribeLogGroups",)),
    ]
