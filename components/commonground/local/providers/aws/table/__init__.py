"""The table of the AWS stand-in: a row a resource type, a module a service."""

from commonground.local.providers.aws.table import (
    amp,
    amp_scrapers,
    compute,
    ecr,
    ecr_registry,
    eks,
    eks_addons,
    eks_nodes,
    endpoints,
    gateways,
    iam,
    iam_oidc,
    iam_policies,
    kms,
    logs,
    network,
    routing,
    s3,
    s3_settings,
    security,
    security_rules,
    sns,
)
from commonground.local.providers.aws.types import ResourceType

MODULES = (
    amp,
    amp_scrapers,
    compute,
    ecr,
    ecr_registry,
    eks,
    eks_addons,
    eks_nodes,
    endpoints,
    gateways,
    iam,
    iam_oidc,
    iam_policies,
    kms,
    logs,
    network,
    routing,
    s3,
    s3_settings,
    security,
    security_rules,
    sns,
)

TABLE: dict[str, ResourceType] = {row.token: row for module in MODULES for row in module.ROWS}
"""Every resource type that the stand-in knows, by Pulumi's type token."""
