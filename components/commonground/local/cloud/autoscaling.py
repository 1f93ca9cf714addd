# mypy: allow-subclassing-any
"""Auto Scaling: tags of groups that there are not are refused."""

from typing import Any

from moto.autoscaling import urls
from moto.autoscaling.responses import AutoScalingResponse

from .support import refuse, take_over


class Responder(AutoScalingResponse):
    """Auto Scaling with every correction."""

    def create_or_update_tags(self) -> Any:
        """Refuses an unknown group, where moto breaks."""
        self._refuse_unknown()
        return super().create_or_update_tags()

    def delete_tags(self) -> Any:
        """Refuses an unknown group, where moto breaks."""
        self._refuse_unknown()
        return super().delete_tags()

    def _refuse_unknown(self) -> None:
        for tag in self._get_param("Tags", []):
            if tag.get("ResourceId") not in self.autoscaling_backend.autoscaling_groups:
                refuse("ValidationError", f"AutoScalingGroup name not found - AutoScalingGroup '{tag.get('ResourceId')}' not found")


def install() -> None:
    """Takes the place of moto's Auto Scaling."""
    take_over(urls, Responder)
