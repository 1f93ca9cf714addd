"""Account defaults by region: EBS encryption key and instance metadata."""

from collections import defaultdict
from typing import Any

from moto.core.responses import ActionResult

from .base import Corrections

METADATA = ("HttpTokens", "HttpPutResponseHopLimit", "HttpEndpoint", "InstanceMetadataTags")

_metadata: dict[tuple[str, str], dict[str, Any]] = defaultdict(dict)
_ebs_keys: dict[tuple[str, str], str] = {}


class Defaults(Corrections):
    """Calls that moto lacks."""

    def get_instance_metadata_defaults(self) -> ActionResult:
        """What new instances get of the instance metadata service; empty where nothing was set."""
        return ActionResult({"AccountLevel": _metadata[self._place]})

    def modify_instance_metadata_defaults(self) -> ActionResult:
        """Sets the given ones; `no-preference` and -1 take a setting back (EC2 API reference, ModifyInstanceMetadataDefaults)."""
        held = _metadata[self._place]
        for name in METADATA:
            if (value := self._get_param(name)) is not None:
                held[name] = value
                if value in ("no-preference", -1):
                    held.pop(name)
        return ActionResult({"Return": True})

    def get_ebs_default_kms_key_id(self) -> ActionResult:
        """The key of encrypted volumes that name none."""
        return ActionResult({"KmsKeyId": _ebs_keys.get(self._place, self._ebs_key)})

    def modify_ebs_default_kms_key_id(self) -> ActionResult:
        """Another key from now on."""
        _ebs_keys[self._place] = self._get_param("KmsKeyId")
        return self.get_ebs_default_kms_key_id()

    def reset_ebs_default_kms_key_id(self) -> ActionResult:
        """AWS' own key again."""
        _ebs_keys.pop(self._place, None)
        return self.get_ebs_default_kms_key_id()

    @property
    def _place(self) -> tuple[str, str]:
        return self.current_account, self.region

    @property
    def _ebs_key(self) -> str:
        return f"arn:{self.partition}:kms:{self.region}:{self.current_account}:alias/aws/ebs"
