"""The table of the AWS stand-in: a row a resource type, a module a service."""

from commonground.local.providers.aws.table import eks, eks_addons, eks_nodes, endpoints, gateways, network, routing, security, security_rules
from commonground.local.providers.aws.types import ResourceType

MODULES = (
    eks,
    eks_addons,
    eks_nodes,
    endpoints,
    gateways,
    network,
    routing,
    security,
    security_rules,
)

TABLE: dict[str, ResourceType] = {row.token: row for module in MODULES for row in module.ROWS}
"""Every resource type that the stand-in knows, by Pulumi's type token."""
