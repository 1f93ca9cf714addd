"""The page about what a team says of its workloads, made from the settings and tables: `python -m tests.components.workloads_page`."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from commonground.priorities import PRIORITIES
from commonground.settings.base import SharingStrategy, TeamRole
from commonground.settings.descriptions import description
from commonground.workloads.settings import GpuRequest, ModelServiceSettings, ProbeSettings, ServiceSettings, WorkloadSettings

FILE = Path(__file__).parents[2] / "docs" / "workloads.md"
HEAD = """\
# Workloads and teams

Made from the settings and tables in `components/commonground` (`python -m tests.components.workloads_page`). README has the example.

A team's project has a `Pulumi.yaml` of its own, which switches default providers off: without that, an object
without `opts=` goes to whatever cluster the shell names.

```yaml
name: shop
runtime: python
config:
  pulumi:disable-default-providers: ["*"]
```
"""
ROLES = {
    TeamRole.VIEWER: "sees what runs and why it does not; no secrets, no way into a pod",
    TeamRole.DEVELOPER: "tries applications and jobs out where it is bound, restarts pods, forwards ports; no secret, no shell, no way in from outside",
    TeamRole.ML_ENGINEER: "makes jobs, claims, single pods and what they need; serving goes by CI",
    TeamRole.OPERATOR: "keeps running what runs: scales, rolls back, evicts, opens a shell, reads secrets; makes nothing but what is there",
    TeamRole.CI: "makes and deletes all that the team's stacks hold, secrets included; no shell",
}
SHARING = {
    SharingStrategy.NONE: "a pod has whole GPUs",
    SharingStrategy.TIME_SLICING: "`replicas` pods share a GPU by turns, and its memory without a limit; a pod asks for one share",
    SharingStrategy.MPS: "`replicas` pods share a GPU at the same time, each with an equal part of its memory; a pod asks for one share",
    SharingStrategy.MIG: "a GPU is cut into parts of a `profile` (`1g.10gb`), each with memory and compute of its own; a pod may ask for several",
}


def page() -> str:
    """The page's text."""
    parts = [HEAD]
    for title, kind in (
        ("`ServiceSettings` and `ModelServiceSettings`", WorkloadSettings),
        ("`ServiceSettings`, beside these", ServiceSettings),
        ("`ModelServiceSettings`, beside these", ModelServiceSettings),
        ("`ProbeSettings`: an image that answers elsewhere never becomes ready", ProbeSettings),
        ("`GpuRequest`", GpuRequest),
    ):
        parts.append(f"## {title}\n\n| setting | default | what it is for |\n| --- | --- | --- |\n" + "\n".join(rows(kind)) + "\n")
    parts.append(
        "## Priority classes\n\nA pod names one in `priorityClassName`; `system` is the foundation's own.\n\n"
        + _list((one.name, one.description) for one in PRIORITIES)
    )
    parts.append("## Roles of a team's members\n\n" + _list((role.value, text) for role, text in ROLES.items()))
    parts.append(
        "## Sharing of a pool's GPUs\n\nThe blueprint's `pools.NAME.sharing: {strategy: ...}`.\n\n"
        + _list((kind.value, text) for kind, text in SHARING.items())
    )
    return "\n".join(parts)


def rows(kind: type[BaseModel]) -> Iterator[str]:
    """Lines of a table: a model's own settings, their defaults, and what they are for."""
    inherited = {name for base in kind.__mro__[1:] if issubclass(base, BaseModel) for name in base.model_fields}
    own = {name: field for name, field in kind.model_fields.items() if name not in inherited or name in kind.__annotations__}
    yield from (f"| `{name}` | {_default(field)} | {description(kind, name) or _of_type(field)} |" for name, field in own.items())


def _of_type(field: FieldInfo) -> str:
    kinds = [kind for kind in (field.annotation, *get_args(field.annotation)) if isinstance(kind, type)]
    return next((" ".join((kind.__doc__ or "").split()) for kind in kinds if kind.__doc__), "").replace("|", "\\|")


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "`{}`" if field.default_factory else "required"
    if field.default is None:
        return "none"
    return "see below" if isinstance(field.default, BaseModel) else f"`{field.default}`"


def _list(lines: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"- `{name}`: {text}" for name, text in lines) + "\n"


if __name__ == "__main__":
    FILE.write_text(page(), "utf-8")
