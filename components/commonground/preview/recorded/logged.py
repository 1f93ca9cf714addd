"""From the JSON of an event log to steps: other versions' words become notes, secrets are masked whatever form they have."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from commonground.engine.steps import MARK, MASK, OPS, UNKNOWN, Step, masked_properties

# Other objects that it marks (sdk/go/common/resource/sig): a value that may be secret or unknown, and another resource.
OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"
LATER = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
# How tools print a value that is not known yet (sdk/go/common/resource, PropertyValue.TypeString; `<computed>` of older ones).
LATER_IN_WORDS = re.compile(r"(?:output|computed)<[\w<>\[\]{}.:, ]*>|<computed>|\[unknown\]")
PLAIN = ("plaintext", "value")
"""Where a mark holds the secret itself."""
SHORTEST = 6
"""Of the secrets that a log gives away, this many characters at least are looked for elsewhere in it: shorter ones are parts of any text."""

STEP = frozenset(
    {
        *("op", "urn", "type", "old", "new", "keys", "diffs", "detailedDiff", "logical", "provider"),
        *("oldState", "newState", "diffReasons", "replaceReasons"),
    }
)
STATE = frozenset(
    {
        *("type", "urn", "custom", "delete", "id", "parent", "protect", "taint", "external", "retainOnDelete", "inputs", "outputs", "provider"),
        *("initErrors", "hideDiffs", "dependencies", "propertyDependencies", "pendingReplacement", "additionalSecretOutputs", "aliases"),
        *("customTimeouts", "importID", "deletedWith", "replaceWith", "created", "modified", "sourcePosition", "stackTrace", "ignoreChanges"),
        *("hideDiff", "replaceOnChanges", "replacementTrigger", "refreshBeforeUpdate", "viewOf", "resourceHooks", "extensionRef", "snippetID"),
    }
)
"""Fields of the CLI 3.274 (sdk/go/common/apitype: StepEventMetadata, StepEventStateMetadata, ResourceV3; pkg/display: PreviewStep)."""


@dataclass
class Values:
    """Cleans values, and keeps the secrets that it took out of them."""

    secrets: set[str] = field(default_factory=set)

    def learn(self, value: Any, text: str) -> None:
        """Keeps the secrets in a part of a log that may not be understood otherwise. `text`: the same as it was read."""
        if any(f'"{key}"' in text for key in PLAIN) and any(mark in text for mark in (MARK[1], OUTPUT)):
            self.clean(value)

    def clean(self, value: Any) -> Any:
        """A value with `MASK` for each secret, and the engine's mark for whatever is not known yet."""
        if isinstance(value, dict):
            return self._object(value)
        if isinstance(value, list):
            return [self.clean(inner) for inner in value]
        return LATER if isinstance(value, str) and LATER_IN_WORDS.fullmatch(value) else value

    def _object(self, value: dict[str, Any]) -> Any:
        mark = value.get(MARK[0])
        if mark == MARK[1] or (mark == OUTPUT and value.get("secret")):
            for key in PLAIN:
                self._keep(value.get(key))
            return MASK
        if mark == OUTPUT:
            return self.clean(value["value"]) if "value" in value else LATER
        if mark == RESOURCE:
            return self.clean(value.get("id") or value.get("urn"))
        return {key: self.clean(inner) for key, inner in value.items()}

    def hide(self, properties: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
        """Properties with these masked: the program said that they are secret."""
        hidden = {name for name in names if name in properties}
        for name in hidden:
            self._keep(properties[name])
        return {**properties, **dict.fromkeys(hidden, MASK)}

    def _keep(self, secret: Any) -> None:
        """A secret, which may be JSON in a text."""
        for text in _texts(_parsed(secret)):
            if len(text) >= SHORTEST and text != MASK and text not in UNKNOWN:
                self.secrets.add(text)


def step(entry: Mapping[str, Any], values: Values) -> Step | None:
    """A step from an event's `metadata` or a digest's entry; nothing where it says not even what it is."""
    op, urn = entry.get("op"), entry.get("urn")
    if not isinstance(op, str) or not isinstance(urn, str) or urn.count("::") < 3:
        return None
    old, new = (_mapping(entry.get(name, entry.get(f"{name}State"))) for name in ("old", "new"))
    state = new or old
    protection = bool(old and new and bool(old.get("protect")) != bool(new.get("protect")))
    detail = _mapping(entry.get("detailedDiff"))
    return Step(
        op=op,
        urn=urn,
        type=str(entry.get("type") or state.get("type") or urn.split("::")[2].rsplit("$", 1)[-1]),
        parent=str(state.get("parent") or "") or None,
        provider=str(state.get("provider") or ""),
        custom=bool(state.get("custom")),
        protect=bool(old.get("protect")),
        protects=bool(new.get("protect")) if protection else None,
        protected=bool(new.get("protect")),
        old=_properties(old, "inputs", values),
        was=_properties(old, "outputs", values) if detail else {},
        new=_properties(new, "inputs", values),
        outputs=_properties(state, "outputs", values),
        diff=_detailed(detail) or _undetailed(entry),
        id=next((id_ for id_ in (new.get("id"), old.get("id"), new.get("importID")) if isinstance(id_, str) and id_ and id_ not in UNKNOWN), ""),
    )


def is_leftover(entry: Mapping[str, Any]) -> bool:
    """Whether it deletes what an earlier replacement left behind."""
    return bool(_mapping(entry.get("old", entry.get("oldState"))).get("delete"))


def is_gone(entry: Mapping[str, Any]) -> bool:
    """Whether nothing is there after it."""
    return bool(entry.get("old") or entry.get("oldState")) and not (entry.get("new") or entry.get("newState"))


def strange(entry: Mapping[str, Any]) -> Iterator[str]:
    """What an entry has that this version does not know: operation, kinds of difference, fields."""
    if isinstance(op := entry.get("op"), str) and op not in OPS:
        yield f"the operation `{op}`"
    yield from (f"the field `{name}` of a step" for name in entry if name not in STEP)
    for name in ("old", "new", "oldState", "newState"):
        yield from (f"the field `{key}` of a resource" for key in _mapping(entry.get(name)) if key not in STATE)


def without(step: Step, secrets: "re.Pattern[str]") -> Step:
    """A step without any of these texts."""
    parts = {name: _replaced(getattr(step, name), secrets) for name in ("old", "was", "new", "outputs")}
    return replace(step, **parts, id=secrets.sub(MASK, step.id))


def pattern(secrets: Iterable[str]) -> "re.Pattern[str] | None":
    """What finds any of these texts; nothing where there are none."""
    found = sorted(secrets, key=lambda text: (-len(text), text))
    return re.compile("|".join(re.escape(text) for text in found)) if found else None


def _properties(state: Mapping[str, Any], name: str, values: Values) -> dict[str, Any]:
    secret = [key for key in _list(state.get("additionalSecretOutputs")) if isinstance(key, str)]
    cleaned: dict[str, Any] = values.clean(dict(_mapping(state.get(name)))) if MARK[0] not in _mapping(state.get(name)) else {}
    return masked_properties(values.hide(cleaned, secret))


def _detailed(detail: Mapping[str, Any]) -> dict[str, str]:
    kinds = {path: _mapping(found).get("diffKind", _mapping(found).get("kind")) for path, found in detail.items()}
    return {path: kind if isinstance(kind, str) else "update" for path, kind in kinds.items()}


def _undetailed(entry: Mapping[str, Any]) -> dict[str, str]:
    keys, diffs = (_list(entry.get(name) or entry.get(other)) for name, other in (("keys", "replaceReasons"), ("diffs", "diffReasons")))
    return {str(key): "update-replace" if key in keys else "update" for key in (*diffs, *(key for key in keys if key not in diffs))}


def _mapping(found: Any) -> Mapping[str, Any]:
    return found if isinstance(found, dict) else {}


def _list(found: Any) -> list[Any]:
    return found if isinstance(found, list) else []


def _parsed(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    try:
        return [text, json.loads(text)]
    except ValueError:
        return text


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


def _replaced(value: Any, secrets: "re.Pattern[str]") -> Any:
    if isinstance(value, dict):
        return {key: _replaced(inner, secrets) for key, inner in value.items()}
    if isinstance(value, list):
        return [_replaced(inner, secrets) for inner in value]
    return secrets.sub(MASK, value) if isinstance(value, str) else value
