"""What the local cloud knows of each add-on besides its releases: `catalogue.yaml`, typed; and the check of configuration values."""

import json
from functools import cache
from importlib import resources
from typing import Any

from jsonschema import Draft7Validator
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from .errors import InvalidParameter

NAMESPACE = "kube-system"


class AddonFacts(BaseModel):
    """One add-on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    owner: str = "aws"
    type: str
    """What it is for, in the words of DescribeAddonVersions."""
    namespace: str = NAMESPACE
    replicas: bool = False
    """Runs as a Deployment: without a node that takes it, EKS calls it degraded."""
    service_account: str | None = None
    """The one that may be given a role. None: its pods call no AWS API."""
    policies: tuple[str, ...] = ()
    """AWS managed policies that AWS recommends for it."""
    schema_: dict[str, Any] = Field(alias="schema")

    @property
    def json_schema(self) -> dict[str, Any]:
        """JSON Schema of its configuration values, as DescribeAddonConfiguration gives it."""
        return {"$schema": "http://json-schema.org/draft-07/schema#", "type": "object", "additionalProperties": False, **self.schema_}


@cache
def _catalogue() -> dict[str, AddonFacts]:
    text = resources.files(__package__).joinpath("catalogue.yaml").read_text("utf-8")
    return TypeAdapter(dict[str, AddonFacts]).validate_python(YAML(typ="safe", pure=True).load(text))


def facts(addon: str) -> AddonFacts:
    """What is known of an add-on. One that only `versions.yaml` names takes any configuration and counts as a DaemonSet."""
    return _catalogue().get(addon) or AddonFacts(type="other", schema={"additionalProperties": True})


def check_configuration(addon: str, text: str | None) -> None:
    """Refuses configuration values that are not JSON or YAML, or that the add-on's schema does not allow. EKS takes both languages."""
    if not text:
        return
    values = _parsed(text)
    errors = sorted(Draft7Validator(facts(addon).json_schema).iter_errors(values), key=str)
    if errors:
        where = "".join(f".{part}" for part in errors[0].absolute_path)
        raise InvalidParameter(
            f"ConfigurationValue provided in request is not supported: Json schema validation failed with error: [${where}: {errors[0].message}]", addon=addon
        )


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        raise InvalidParameter("ConfigurationValue provided in request is not supported: it is neither JSON nor YAML") from error


def tolerations(text: str | None) -> list[dict[str, Any]]:
    """The tolerations that configuration values give an add-on's pods, at the top or for its controller."""
    values = _parsed(text) if text else {}
    places = (values, values.get("controller") or {})
    return [toleration for place in places for toleration in place.get("tolerations") or []]
