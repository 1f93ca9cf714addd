"""Launch templates."""

from typing import Any

from .base import Corrections


class LaunchTemplates(Corrections):
    """Corrections of launch templates."""

    def create_launch_template(self) -> Any:
        """The template's own tags are not part of its first version: moto writes them into the version's tag specifications."""
        answer = super().create_launch_template()
        template = self.ec2_backend.launch_templates[answer.result["LaunchTemplate"]["LaunchTemplateId"]]
        data = template.versions[0].data
        kept = [one for one in data.pop("TagSpecifications", []) if one["ResourceType"] != "launch-template"]
        if kept:
            data["TagSpecifications"] = kept
        return answer

    def describe_launch_templates(self) -> Any:
        """With the tags of today: moto keeps those of the day it was made."""
        self._refresh()
        return super().describe_launch_templates()

    def modify_launch_template(self) -> Any:
        """With the tags of today."""
        self._refresh()
        return super().modify_launch_template()

    def _refresh(self) -> None:
        for template in self.ec2_backend.launch_templates.values():
            template.tags = template.get_tags()
