"""What makes an environment itself: the values that take no part in a comparison of shapes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from commonground.engine.project import Project, load


@dataclass(frozen=True)
class Size:
    """What an instance type has."""

    vcpus: int
    gpus: int


@dataclass(frozen=True)
class Facts:
    """An environment's own values, read from its file and its lock; empty where they say nothing."""

    name: str
    account: str = ""
    region: str = ""
    incarnation: str = ""
    zones: tuple[str, ...] = ()
    """Names of its zones. Example: `eu-central-1a`."""
    principals: tuple[str, ...] = ()
    """Names of the roles in its bindings' lists: they name resources."""
    sizes: Mapping[str, Size] = field(default_factory=dict)
    """What its instance types have, by name."""

    @classmethod
    def read(cls, project: Project, environment: str, *, lock_before: str | None = None) -> "Facts":
        """The facts of an environment of a project. `lock_before`: text of the lock before the change, whose instance types count too."""
        lock = load(project.config / f"lock.{environment}.yaml")
        zones = lock.get("zones") if isinstance(lock, dict) else None
        return cls(
            environment,
            account=project.binding(environment, "account") or "",
            region=project.binding(environment, "region") or "",
            incarnation=project.locked(environment, "incarnation") or "",
            zones=tuple(str(zone["name"]) for zone in (zones or {}).values() if isinstance(zone, dict) and "name" in zone),
            principals=tuple(sorted(_principals(_bindings(project, environment)))),
            sizes={**_sizes(_parsed(lock_before)), **_sizes(lock)},
        )


def _parsed(text: str | None) -> Any:
    try:
        return YAML(typ="safe").load(text) if text else None
    except YAMLError:
        return None


def _sizes(lock: Any) -> dict[str, Size]:
    """Of what is written as it should be; the settings' own check says what is not."""
    types = lock.get("instance_types") if isinstance(lock, dict) else None
    found = {}
    for name, facts in (types or {}).items() if isinstance(types, dict) else ():
        gpus = facts.get("gpus") if isinstance(facts, dict) else None
        count = gpus.get("count") if isinstance(gpus, dict) else 0
        if isinstance(facts, dict) and isinstance(facts.get("vcpu"), int) and isinstance(count, int):
            found[str(name)] = Size(vcpus=facts["vcpu"], gpus=count)
    return found


def _bindings(project: Project, environment: str) -> Mapping[str, Any]:
    data = load(project.stack_file(environment))
    config = data.get("config") if isinstance(data, dict) else None
    bindings = config.get("commonground:bindings") if isinstance(config, dict) else None
    return bindings if isinstance(bindings, dict) else {}


def _principals(bindings: Mapping[str, Any]) -> set[str]:
    listed = [item for value in bindings.values() if isinstance(value, list) for item in value]
    return {str(item).rsplit("/", 1)[1] for item in listed if str(item).startswith("arn:") and "/" in str(item)}
