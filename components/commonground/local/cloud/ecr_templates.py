# mypy: allow-subclassing-any
"""ECR's repository creation templates, which moto lacks: how repositories are made that a cache or a replication brings."""

from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.ecr.responses import ECRResponse

from .ecr_checks import constrained
from .support import refuse

# Members that an update with an empty value takes away.
SETTABLE = (
    "description",
    "encryptionConfiguration",
    "resourceTags",
    "imageTagMutability",
    "imageTagMutabilityExclusionFilters",
    "repositoryPolicy",
    "lifecyclePolicy",
    "appliedFor",
    "customRoleArn",
)
DEFAULTS = {"encryptionConfiguration": {"encryptionType": "AES256"}, "imageTagMutability": "MUTABLE"}

_templates: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}


class Templates(ECRResponse):
    """The calls for templates."""

    def create_repository_creation_template(self) -> ActionResult:
        """A template for a prefix, which has one at most."""
        prefix = constrained(self, "CreateRepositoryCreationTemplate", "prefix")
        if prefix in self._all_templates:
            refuse("TemplateAlreadyExistsException", f"The repository creation template with prefix '{prefix}' already exists in the registry")
        now = datetime.now(UTC)
        template = {**DEFAULTS, **self._given_settings(), "prefix": prefix, "createdAt": now, "updatedAt": now}
        _refuse_unfit(template)
        self._all_templates[prefix] = template
        return self._one(template)

    def describe_repository_creation_templates(self) -> ActionResult:
        """All of them, or those of the prefixes that are asked for; a prefix without one is no error."""
        wanted = self._get_param("prefixes")
        found = [template for prefix, template in sorted(self._all_templates.items()) if not wanted or prefix in wanted]
        return ActionResult({"registryId": self.current_account, "repositoryCreationTemplates": found})

    def update_repository_creation_template(self) -> ActionResult:
        """Changes what is given; what is given empty is taken away."""
        template = self._template("UpdateRepositoryCreationTemplate")
        changed = {**template, **self._given_settings(), "updatedAt": datetime.now(UTC)}
        changed = {name: value for name, value in changed.items() if name not in SETTABLE or value not in ("", [])}
        _refuse_unfit(changed)
        self._all_templates[changed["prefix"]] = changed
        return self._one(changed)

    def delete_repository_creation_template(self) -> ActionResult:
        """Deletes it; repositories that were made by it stay."""
        template = self._template("DeleteRepositoryCreationTemplate")
        return self._one(self._all_templates.pop(template["prefix"]))

    @property
    def _all_templates(self) -> dict[str, dict[str, Any]]:
        return _templates.setdefault((self.current_account, self.region), {})

    def _template(self, operation: str) -> dict[str, Any]:
        prefix = constrained(self, operation, "prefix")
        if prefix not in self._all_templates:
            refuse("TemplateNotFoundException", f"The repository creation template with prefix '{prefix}' does not exist in the registry")
        return self._all_templates[prefix]

    def _given_settings(self) -> dict[str, Any]:
        return {name: value for name in SETTABLE if (value := self._get_param(name)) is not None}

    def _one(self, template: dict[str, Any]) -> ActionResult:
        return ActionResult({"registryId": self.current_account, "repositoryCreationTemplate": template})


def _refuse_unfit(template: dict[str, Any]) -> None:
    if not template.get("appliedFor"):
        refuse("InvalidParameterException", "Invalid parameter at 'appliedFor' failed to satisfy constraint: at least one value must be given")
    excluding = template["imageTagMutability"].endswith("_WITH_EXCLUSION")
    if excluding != bool(template.get("imageTagMutabilityExclusionFilters")):
        refuse(
            "InvalidParameterException",
            "Invalid parameter at 'imageTagMutabilityExclusionFilters' failed to satisfy constraint: filters go with a mutability with exclusion only",
        )
