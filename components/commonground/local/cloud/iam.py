# mypy: allow-subclassing-any
"""IAM: trust policies are read before they are taken; OpenID Connect providers get and lose audiences."""

from typing import Any

from moto.core.responses import EmptyResult
from moto.iam import urls
from moto.iam.models import iam_backends
from moto.iam.responses import IamResponse

from .support import policy_statements, principals, refuse, take_over


class Responder(IamResponse):
    """IAM with every correction."""

    def create_role(self) -> Any:
        """Refuses a trust policy that is none."""
        self._refuse_trust(self._get_param("AssumeRolePolicyDocument"))
        return super().create_role()

    def update_assume_role_policy(self) -> Any:
        """Refuses a trust policy that is none."""
        self._refuse_trust(self._get_param("PolicyDocument"))
        return super().update_assume_role_policy()

    def add_client_id_to_open_id_connect_provider(self) -> Any:
        """Adds an audience; one that is there already is no mistake (IAM API reference, AddClientIDToOpenIDConnectProvider)."""
        clients = self._clients()
        if self._get_param("ClientID") not in clients:
            clients.append(self._get_param("ClientID"))
        return EmptyResult()

    def remove_client_id_from_open_id_connect_provider(self) -> Any:
        """Takes an audience away; one that is not there is no mistake."""
        clients = self._clients()
        clients[:] = [client for client in clients if client != self._get_param("ClientID")]
        return EmptyResult()

    def _clients(self) -> list[str]:
        """The audiences of the provider that is asked for; refused where there is none."""
        found: list[str] = self.backend.get_open_id_connect_provider(self._get_param("OpenIDConnectProviderArn")).client_id_list
        return found

    def _refuse_trust(self, text: str) -> None:
        statements = policy_statements(text)
        if not statements:
            refuse("MalformedPolicyDocument", "This policy contains invalid Json")
        for statement in statements:
            for needed in ("Principal", "Action"):
                if not statement.keys() & {needed, f"Not{needed}"}:
                    refuse("MalformedPolicyDocument", f"Missing required field {needed}")
        if unknown := unknown_roles(statements, self.current_account, self.partition):
            refuse("MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{unknown[0]}"')


def unknown_roles(statements: list[dict[str, Any]], account: str, partition: str) -> list[str]:
    """ARNs of roles of an account that policy statements name as principals and that do not exist."""
    prefix = f"arn:{partition}:iam::{account}:role/"
    known = {role.arn for role in iam_backends[account][partition].roles.values()}
    named = [name for statement in statements for name in principals(statement, "AWS")]
    return sorted(name for name in named if name.startswith(prefix) and name not in known)


def install() -> None:
    """Takes the place of moto's IAM."""
    take_over(urls, Responder)
