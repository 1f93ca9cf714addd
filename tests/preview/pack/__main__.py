"""A small policy pack, whose findings are recorded."""

from pulumi_policy import (
    EnforcementLevel,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)

LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"


def _retention(args: ResourceValidationArgs, report: ReportViolation) -> None:
    if args.resource_type == LOG_GROUP and args.props["retentionInDays"] < 7:
        report("logs are kept for less than 7 days")


def _tags(args: ResourceValidationArgs, report: ReportViolation) -> None:
    if args.resource_type == LOG_GROUP and "owner" not in (args.props.get("tags") or {}):
        report("has no tag `owner`")


def _few(args: StackValidationArgs, report: ReportViolation) -> None:
    if sum(resource.resource_type == LOG_GROUP for resource in args.resources) > 1:
        report("there is more than one log group")


PolicyPack(
    "example",
    [
        ResourceValidationPolicy("log-retention", "Logs are kept.", _retention, EnforcementLevel.MANDATORY),
        ResourceValidationPolicy("owner-tag", "Everything has an owner.", _tags, EnforcementLevel.ADVISORY),
        StackValidationPolicy("few-log-groups", "There are few log groups.", _few, EnforcementLevel.ADVISORY),
    ],
)
