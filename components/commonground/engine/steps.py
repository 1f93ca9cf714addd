"""Engine events as plain data: what happened, or would happen, to each resource."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

STACK = "pulumi:pulumi:Stack"
PROVIDERS = "pulumi:providers:"
"""How the types of providers begin."""
MASK = "[secret]"
# How the engine writes what is not known yet: string, boolean, number, list, object, asset, archive (sdk/go/common/resource/sig).
UNKNOWN = frozenset(
    {
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
    }
)
# How it marks a secret, whose value it has taken out (sdk/go/common/resource, SigKey and SecretSig).
MARK = ("4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270")


class _Missing:
    """There is no value."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = _Missing()


class Op(StrEnum):
    """What a step does to a resource, in the words of our reports."""

    CREATE = "create"
    UPDATE = "change"
    REPLACE = "replace"
    DELETE = "delete"
    SAME = "same"


# The engine's operations (sdk/go/common/apitype, OpType). A replacement comes as three steps, of which one counts; reading is no change.
OPS: dict[str, Op | None] = {
    "same": Op.SAME,
    "create": Op.CREATE,
    "import": Op.CREATE,
    "update": Op.UPDATE,
    "delete": Op.DELETE,
    "replace": Op.REPLACE,
    "create-replacement": None,
    "import-replacement": None,
    "delete-replaced": None,
    "discard-replaced": None,
    "remove-pending-replace": None,
    "read-replacement": None,
    "read": Op.SAME,
    "refresh": Op.SAME,
    "discard": Op.DELETE,
}
MAKING = frozenset({"create", "update", "delete", "create-replacement", "delete-replaced"})
"""The engine's operations in which a provider changes something."""
PAST: dict[Op, str] = {Op.CREATE: "created", Op.UPDATE: "changed", Op.REPLACE: "replaced", Op.DELETE: "deleted", Op.SAME: "unchanged"}


@dataclass(frozen=True)
class Step:
    """One step of the engine."""

    op: str
    """The engine's own word."""
    urn: str
    type: str
    parent: str | None = None
    provider: str = ""
    """URN and id of its provider, joined by `::`."""
    custom: bool = False
    """Whether a provider makes it; a component is made by nobody."""
    protect: bool = False
    """Whether it is protected in the state that there is."""
    protects: bool | None = None
    """Whether it is protected after the step, where that changes."""
    protected: bool = False
    """Whether it is protected after the step."""
    old: dict[str, Any] = field(default_factory=dict)
    """Inputs before, secrets masked."""
    was: dict[str, Any] = field(default_factory=dict)
    """Outputs before, of what is changed or replaced."""
    new: dict[str, Any] = field(default_factory=dict)
    """Inputs after, secrets masked; unknown ones as the engine writes them."""
    outputs: dict[str, Any] = field(default_factory=dict)
    """Outputs after the step; before it, in a deletion."""
    diff: dict[str, str] = field(default_factory=dict)
    """Kind of difference (`add`, `update-replace`, ...) by property path."""
    id: str = ""
    """The provider's name for it: after the step, else before."""

    @property
    def name(self) -> str:
        """Logical name."""
        return self.urn.rsplit("::", 1)[-1]

    @property
    def kind(self) -> Op | None:
        """What it counts as; nothing: the second and third part of a replacement. Protection that is switched is a change, though no provider is asked."""
        kind = OPS.get(self.op)
        return Op.UPDATE if kind is Op.SAME and self.protects is not None else kind

    @property
    def component(self) -> str | None:
        """URN of the component that it belongs to; none: the program itself."""
        return self.parent if self.parent and f"::{STACK}::" not in self.parent else None

    @property
    def changes(self) -> bool:
        """Whether a resource is made, changed or taken away."""
        return self.kind not in (None, Op.SAME)


def step(metadata: Any) -> Step:
    """A step from the Automation API's `StepEventMetadata`."""
    old, new = metadata.old, metadata.new
    state = new or old
    protection = bool(old and new and bool(old.protect) != bool(new.protect))
    return Step(
        op=metadata.op.value,
        urn=metadata.urn,
        type=metadata.type,
        parent=(state.parent or None) if state else None,
        provider=(state.provider or "") if state else "",
        custom=bool(state and state.custom),
        protect=bool(old and old.protect),
        protects=bool(new.protect) if protection else None,
        protected=bool(new and new.protect),
        old=masked_properties((old and old.inputs) or {}),
        was=masked_properties((old and metadata.detailed_diff and old.outputs) or {}),
        new=masked_properties((new and new.inputs) or {}),
        outputs=masked_properties((state and state.outputs) or {}),
        diff={path: difference.diff_kind.value for path, difference in (metadata.detailed_diff or {}).items()}
        or {key: "update" for key in metadata.diffs or []},
        id=next((found.id for found in (new, old) if found and found.id and found.id not in UNKNOWN), ""),
    )


def masked(value: Any) -> Any:
    """A value of the engine with `MASK` for each secret; the engine has left only their marks."""
    if isinstance(value, dict):
        if value.get(MARK[0]) == MARK[1]:
            return MASK
        return {key: masked(inner) for key, inner in value.items()}
    return [masked(inner) for inner in value] if isinstance(value, list) else value


def masked_properties(properties: dict[str, Any]) -> dict[str, Any]:
    """A resource's properties with `MASK` for each secret, and for the copies that providers make of secret tags without their marks."""
    found: dict[str, Any] = masked(properties)
    tags, copies = found.get("tags"), found.get("tagsAll")
    if isinstance(copies, dict):
        secret = copies.keys() if tags == MASK else [key for key, tag in tags.items() if tag == MASK] if isinstance(tags, dict) else ()
        found["tagsAll"] = {**copies, **{key: MASK for key in secret if key in copies}}
    return found


def count(steps: Iterable[Step]) -> dict[Op, int]:
    """How many resources each thing happens to. Components and the stack, which no provider makes, are not counted."""
    found = Counter(step.kind for step in steps if step.custom)
    return {op: found[op] for op in Op}


def summary(counts: dict[Op, int], *, would: bool) -> str:
    """One line: `3 created, 1 changed, 0 replaced, 0 deleted, 20 unchanged`; of a preview `3 to create, ...`."""
    words = {op: (f"to {op.value}" if would and op is not Op.SAME else PAST[op]) for op in Op}
    return ", ".join(f"{counts[op]} {words[op]}" for op in Op)
