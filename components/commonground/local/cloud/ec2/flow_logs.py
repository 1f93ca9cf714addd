"""Flow logs to CloudWatch Logs."""

from typing import Any

from moto.iam.models import iam_backends

from ..support import policy_statements, principals, refuse
from .base import Corrections

SERVICE = "vpc-flow-logs.amazonaws.com"


class FlowLogs(Corrections):
    """Corrections of flow logs."""

    def create_flow_logs(self) -> Any:
        """A log group may be given by its ARN; the role has to exist and to trust the service."""
        destination = self._get_param("LogDestination") or ""
        if ":log-group:" in destination:
            self.params["LogDestination"] = destination.removesuffix(":*")
            self.params["LogGroupName"] = self.params["LogDestination"].split(":log-group:", 1)[1]
        if role := self._get_param("DeliverLogsPermissionArn"):
            self._refuse_role(role)
        return super().create_flow_logs()

    def _refuse_role(self, arn: str) -> None:
        roles = iam_backends[self.current_account][self.partition].roles.values()
        role = next((role for role in roles if role.arn == arn), None)
        statements = policy_statements(role.assume_role_policy_document) if role else None
        if not any(SERVICE in principals(statement, "Service") for statement in statements or []):
            refuse("InvalidParameter", f"Unable to assume given IAM role {arn}")
