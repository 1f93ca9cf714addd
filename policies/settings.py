"""policies.yaml: what policies measure by in each environment, and what is accepted all the same.

The pack looks for the file in the program's folder and the folders around it, in each as `policies.yaml` and as `stacks/foundation/policies.yaml`, up to the
checkout's root (where `.git` is). So the foundation and the teams' stacks of its checkout share one. The environment is the stack's name. Where there is no
file, or it says nothing of the environment, the stack is measured by defaults (`policies.policy.Thresholds`): medium strictness (high where the stack is called
`prod` or `production`), not protected, no budgets, no required tags, images from any private ECR registry.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from commonground.settings import text
from commonground.settings.base import Settings
from commonground.settings.differences import Difference
from commonground.settings.mistakes import Mistake, did_you_mean, listed, ordered
from commonground.settings.reading import Part, read
from commonground.settings.words import Date, Name
from policies.parity import COMPONENTS
from policies.policy import ECR_HOSTS, Shape, Strictness, Thresholds
from policies.table import POLICIES

PROGRAM = "COMMONGROUND_POLICIES_PROGRAM"
"""Variable with the program's folder; without it, the working directory is."""
TODAY = "COMMONGROUND_POLICIES_TODAY"
"""Variable with the date by which versions and exceptions end, for tests: `2026-11-30`."""
PLACES = ("policies.yaml", "stacks/foundation/policies.yaml")
STRICT_NAMES = ("prod", "production")


class GpuThresholds(Settings):
    """GPUs of an environment."""

    max: int = Field(ge=0)
    """GPUs that all nodes together may have at most. Example: `8`."""
    instance_types: tuple[str, ...] = ()
    """Patterns of the instance types with GPUs that it may have; default: none. Example: `[g6.xlarge]`."""


class EnvironmentThresholds(Settings):
    """What policies measure by in one environment."""

    strictness: Strictness
    """How much is mandatory: `low`, `medium` or `high`. Example: `high`."""
    protected: bool
    """Whether what holds data must be protected, and no zone be needed for the rest. Example: `true`."""
    gpus: GpuThresholds | None = None
    """Budget in GPUs, and their kinds. Default: none, and any. Example: `{max: 8, instance_types: [g6.xlarge]}`."""


class Acceptance(Settings):
    """One thing that is accepted for a while though a policy finds it."""

    policy: str = Field(min_length=1)
    """Id of the policy. Example: `single-zone`."""
    environments: tuple[Name, ...] = Field(min_length=1)
    """Environments in which it is accepted. Example: `[staging]`."""
    resource: str = Field(min_length=1)
    """Logical name of the resource, or a pattern. Example: `network-nat-*`."""
    project: str | None = None
    """Pulumi project of the resource; default: the file's `project`. Example: `shop`."""
    reason: str = Field(min_length=10)
    """Why, for the reviewer. Example: `staging may be without the internet for as long as a zone is down`."""
    until: Date
    """Last day on which it is accepted, in quotes. Then it is removed, or renewed with a reason. Example: `"2027-06-30"`."""

    def expired(self, today: date) -> bool:
        """Whether its last day has passed."""
        return date.fromisoformat(self.until) < today


class PoliciesFile(Settings):
    """The file."""

    version: Literal[1] = Field(examples=[1])
    """Version of this file's form. Example: `1`."""
    project: str = Field(min_length=1)
    """Pulumi project that exceptions speak of, where they name no other. Example: `commonground`."""
    required_tags: tuple[str, ...] = ()
    """Tags that everything has in every environment. Default: none. Example: `["commonground:environment"]`."""
    registries: tuple[str, ...] = Field(default=ECR_HOSTS, min_length=1)
    """Patterns of the hosts that images may come from. Default: any private registry of ECR. Example: `["*.dkr.ecr.eu-central-1.amazonaws.com"]`."""
    any_branch: tuple[str, ...] = ()
    """Patterns of logical names of CI roles that every branch and pull request of their repository may assume, since they only read. Default: none.
    Example: `["*-preview"]`."""
    environments: dict[Name, EnvironmentThresholds] = Field(examples=[{"dev": {"strictness": "low", "protected": False}}])
    """What holds in each environment."""
    exceptions: tuple[Acceptance, ...] = ()
    """What is accepted all the same, each with a reason and an end."""


@dataclass(frozen=True)
class Accepted:
    """An exception, and where it stands."""

    exception: Acceptance
    place: str
    """File and line."""

    def covers(self, policy: str, resource: str) -> bool:
        """Whether it is about this finding."""
        return self.exception.policy == policy and (self.exception.resource == resource or fnmatchcase(resource, self.exception.resource))


@dataclass(frozen=True)
class Configuration:
    """What a stack is measured by."""

    thresholds: Thresholds
    accepted: tuple[Accepted, ...] = ()
    """Exceptions for this project and environment, the expired ones too."""
    mistakes: tuple[str, ...] = ()
    """What is wrong in the file, one message each: then nothing is measured."""
    notes: tuple[str, ...] = ()


def configuration(project: str, environment: str, config: Mapping[str, str]) -> Configuration:
    """What a stack is measured by. `config`: its configuration, of which the foundation's scale says what was lifted."""
    today = date.fromisoformat(os.environ[TODAY]) if os.environ.get(TODAY) else date.today()
    folder = Path(os.environ.get(PROGRAM) or Path.cwd())
    strictness = Strictness.HIGH if environment in STRICT_NAMES else Strictness.MEDIUM
    defaults = Thresholds(environment=environment, project=project, strictness=strictness, today=today, unprotected=_lifted(config))
    path = find(folder)
    if path is None:
        return Configuration(replace(defaults, shape=_shape(folder, environment)))
    file, mistakes, lines = read_file(path)
    if file is None or mistakes:
        return Configuration(defaults, mistakes=tuple(_told(mistakes)))
    shaped = replace(
        defaults,
        required_tags=file.required_tags,
        registries=file.registries,
        any_branch=file.any_branch,
        shape=_shape(folder, environment) or _shape(path.parent, environment),
    )
    accepted = tuple(
        Accepted(exception, place)
        for exception, place in zip(file.exceptions, lines, strict=True)
        if environment in exception.environments and project == (exception.project or file.project)
    )
    found = file.environments.get(environment)
    if found is None:
        note = f"{path.name} says nothing of the environment {environment}: it is measured by defaults. Fix: add it to `environments`"
        return Configuration(shaped, accepted, notes=(note,))
    gpus = found.gpus
    measured = replace(
        shaped,
        strictness=found.strictness,
        protected=found.protected,
        gpus=gpus.max if gpus else None,
        gpu_instance_types=gpus.instance_types if gpus else None,
    )
    return Configuration(measured, accepted)


def find(folder: Path) -> Path | None:
    """The file for a program in a folder."""
    for around in (folder, *folder.parents):
        for place in PLACES:
            if (around / place).is_file():
                return around / place
        if (around / ".git").exists():
            return None
    return None


def read_file(path: Path) -> tuple[PoliciesFile | None, list[Mistake], list[str]]:
    """The file, what is wrong with it, and the place of each exception."""
    shown = _shown(path)
    document, mistakes = text.read(path, shown, missing="write it")
    if document is None:
        return None, mistakes, []
    part = Part(document, document.data)
    found = read(part, PoliciesFile)
    mistakes = [*mistakes, *found.mistakes]
    if found.model is not None and not found.unread:
        mistakes += _rules(found.model, part)
    count = len(found.model.exceptions) if found.model else 0
    return found.model, ordered(mistakes), [f"{shown}:{document.line(('exceptions', index))}" for index in range(count)]


def _rules(file: PoliciesFile, part: Part) -> Iterator[Mistake]:
    """What no model can say: names of policies and environments, dates that are none, an exception said twice."""
    ids = [policy.id for policy in POLICIES]
    seen: set[tuple[str, str, str, str | None]] = set()
    for index, exception in enumerate(file.exceptions):
        if exception.policy not in ids:
            guess = did_you_mean(exception.policy, ids)
            fix = f'did you mean "{guess}"?' if guess else "name one of them"
            yield part.mistake(("exceptions", index, "policy"), f"the unknown policy `{exception.policy}`", f"one of {listed(ids)}", fix)
        for place, name in enumerate(exception.environments):
            if name not in file.environments:
                keys = ("exceptions", index, "environments", place)
                yield part.mistake(keys, f"the unknown environment `{name}`", f"one of {listed(file.environments)}", "correct the name, or remove it")
            key = (exception.policy, name, exception.resource, exception.project)
            if key in seen:
                yield part.mistake(("exceptions", index), f"{exception.resource} in {name} a second time", "each exception once", "remove it")
            seen.add(key)
        try:
            date.fromisoformat(exception.until)
        except ValueError:
            yield part.mistake(("exceptions", index, "until"), exception.until, "a day that there is", "correct the date")


def _told(mistakes: list[Mistake]) -> Iterator[str]:
    from commonground.settings.mistakes import render

    return (render([mistake]) for mistake in mistakes)


def _shown(path: Path) -> str:
    """A path from the checkout's root."""
    root = next((around for around in path.parents if (around / ".git").exists()), path.parent)
    return str(path.relative_to(root))


def _lifted(config: Mapping[str, str]) -> frozenset[str]:
    """Logical names in the scale's `unprotected`."""
    from policies.policy import parsed
    from policies.values import texts

    return frozenset(texts(parsed(config.get("commonground:scale", "{}")), "unprotected"))


def _shape(folder: Path, environment: str) -> Shape | None:
    """The blueprint's names beside the program, with the environment's accepted differences."""
    path = folder / "blueprint.yaml"
    if not path.is_file():
        return None
    blueprint, _ = text.read(path, path.name, missing="")
    data: Any = blueprint.data if blueprint and isinstance(blueprint.data, dict) else None
    if data is None:
        return None
    for difference in _differences(folder):
        parts = difference.path.split(".", 1)
        if difference.environment == environment and parts[0] in COMPONENTS:
            data = _put(data, parts, difference.value)
    names = {type_: frozenset(data[key]) for key, type_ in COMPONENTS.items() if isinstance(data.get(key), dict)}
    return Shape(names, path.name)


def _differences(folder: Path) -> list[Difference]:
    from commonground.settings.differences import Differences

    path = folder / "differences.yaml"
    found, _ = text.read(path, path.name, missing="") if path.is_file() else (None, [])
    model = read(Part(found, found.data or []), Differences).model if found else None
    return list(model.root) if model else []


def _put(data: dict[str, Any], parts: list[str], value: Any) -> dict[str, Any]:
    """The blueprint with a difference in it, as far as names go: a whole mapping, or one name of it (null takes it away)."""
    if len(parts) == 1:
        return {**data, parts[0]: value}
    found = data.get(parts[0])
    inner: dict[str, Any] = found if isinstance(found, dict) else {}
    name = next((known for known in inner if parts[1] == known or parts[1].startswith(f"{known}.")), parts[1])
    if name != parts[1]:
        return data  # something inside of one that stays
    changed = {**inner, name: value} if value is not None else {key: item for key, item in inner.items() if key != name}
    return {**data, parts[0]: changed}
