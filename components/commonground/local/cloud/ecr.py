# mypy: allow-subclassing-any
"""ECR: account settings, and repositories' keys that have to exist."""

from typing import Any

from moto.core.responses import ActionResult
from moto.ecr import urls
from moto.ecr.responses import ECRResponse

from .kms import usable_key
from .support import refuse, take_over

# ECR API reference, PutAccountSetting: what each setting may be, the default first.
SETTINGS = {"BASIC_SCAN_TYPE_VERSION": ("AWS_NATIVE", "CLAIR"), "REGISTRY_POLICY_SCOPE": ("V2", "V1"), "BLOB_MOUNTING": ("DISABLED", "ENABLED")}

_settings: dict[tuple[str, str, str], str] = {}


class Responder(ECRResponse):
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

    def _known_setting(self) -> str:
        name: str = self._get_param("name")
        if name not in SETTINGS:
            refuse("InvalidParameterException", f"Invalid parameter at 'name' failed to satisfy constraint: '{name}' is not one of {', '.join(SETTINGS)}")
        return name


def install() -> None:
    """Takes the place of moto's ECR."""
    take_over(urls, Responder)
