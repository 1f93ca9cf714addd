# mypy: allow-subclassing-any
"""ECR: account settings, the registry's policy, and repositories' keys that have to exist; cache rules and templates are modules of their own."""

from typing import Any

from moto.core.responses import ActionResult
from moto.ecr import urls

from .ecr_cache import CacheRules
from .ecr_templates import Templates
from .kms import usable_key
from .support import listed, policy_statements, refuse, take_over

# ECR API reference, PutAccountSetting: what each setting may be, the default first.
SETTINGS = {"BASIC_SCAN_TYPE_VERSION": ("AWS_NATIVE", "CLAIR"), "REGISTRY_POLICY_SCOPE": ("V2", "V1"), "BLOB_MOUNTING": ("DISABLED", "ENABLED")}

# ECR user guide, "Private registry permissions": what a policy of scope V1 may allow; one of scope V2 may allow every action of ECR.
V1_ACTIONS = frozenset({"ecr:BatchImportUpstreamImage", "ecr:CreateRepository", "ecr:ReplicateImage"})

_settings: dict[tuple[str, str, str], str] = {}


class Responder(CacheRules, Templates):
    """ECR with every correction."""

    def create_repository(self) -> Any:
        """Refuses a key that does not exist."""
        key = (self._get_param("encryptionConfiguration") or {}).get("kmsKey")
        if key and usable_key(key) is None:
            refuse("KmsException", f"The operation failed due to a KMS exception: key '{key}' does not exist or is not enabled")
        return super().create_repository()

    def get_account_setting(self) -> ActionResult:
        """A setting of the registry; its default where nobody set it."""
        name = self._known_setting()
        return ActionResult({"name": name, "value": _settings.get((self.current_account, self.region, name), SETTINGS[name][0])})

    def put_account_setting(self) -> ActionResult:
        """Sets it. Refuses names and values that there are not."""
        name, value = self._known_setting(), self._get_param("value")
        if value not in SETTINGS[name]:
            refuse(
                "InvalidParameterException", f"Invalid parameter at 'value' failed to satisfy constraint: '{value}' is not one of {', '.join(SETTINGS[name])}"
            )
        _settings[self.current_account, self.region, name] = value
        return ActionResult({"name": name, "value": value})

    def put_registry_policy(self) -> ActionResult:
        """Keeps it. moto takes no other actions than those of old registries."""
        text = self._get_param("policyText")
        statements = policy_statements(text)
        scope = _settings.get((self.current_account, self.region, "REGISTRY_POLICY_SCOPE"), SETTINGS["REGISTRY_POLICY_SCOPE"][0])
        if not statements or not all(_of_registry(statement, scope) for statement in statements):
            refuse("InvalidParameterException", "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid registry policy provided'")
        self.ecr_backend.registry_policy = text
        return ActionResult(self.ecr_backend.get_registry_policy())

    def _known_setting(self) -> str:
        name: str = self._get_param("name")
        if name not in SETTINGS:
            refuse("InvalidParameterException", f"Invalid parameter at 'name' failed to satisfy constraint: '{name}' is not one of {', '.join(SETTINGS)}")
        return name


def _of_registry(statement: dict[str, Any], scope: str) -> bool:
    """Whether a statement has what one of a registry's policy needs."""
    actions = [str(action) for action in listed(statement.get("Action"))]
    known = all(action in V1_ACTIONS if scope == "V1" else action.startswith("ecr:") for action in actions)
    return bool(actions) and known and "Principal" in statement and bool(statement.get("Resource"))


def install() -> None:
    """Takes the place of moto's ECR."""
    take_over(urls, Responder)
