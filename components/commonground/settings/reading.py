"""From a file's data to its model, as far as it can be read: each refusal becomes a mistake with its line, and the rest is read without it."""

import copy
import json
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from types import UnionType
from typing import Any, Generic, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, RootModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from commonground.settings.descriptions import description
from commonground.settings.document import Document, Keys, key_text
from commonground.settings.mistakes import Mistake, did_you_mean, listed
from commonground.settings.words import FORMS

M = TypeVar("M", bound=BaseModel)
LONGEST = 60
"""Characters of a found value that a message shows."""
NAMES = ("Kubernetes",)
"""Words that a description may begin with and that keep their capital."""
LONGEST_SENTENCE = 160
"""Characters of a description that a message shows."""


@dataclass(frozen=True)
class Part:
    """A block of settings inside a file: all of it, or what stands below one key."""

    document: Document
    data: object
    root: Keys = ()
    prefix: str = ""
    """What the user sees before the path of a key. Example: `commonground:scale`."""
    moved: Mapping[Keys, tuple["Part", Keys]] = field(default_factory=dict)
    """Paths whose value was written in another file: the blueprint's accepted differences."""
    fix: Callable[[Keys], str] | None = None
    """What to do about a key that cannot be read, of a file that nobody edits by hand; None: correct it, as the refusal says."""

    def mistake(self, keys: Keys, found: str, expected: str, fix: str) -> Mistake:
        """Return a mistake at a key of this part, where the user wrote it."""
        for end in range(len(keys), 0, -1):
            if keys[:end] in self.moved:
                part, there = self.moved[keys[:end]]
                return part.mistake(there, found, expected, fix)
        key = ".".join(text for text in (self.prefix, key_text(keys)) if text)
        return Mistake(file=self.document.file, line=self.document.line((*self.root, *keys)), key=key, found=found, expected=expected, fix=fix)

    def at(self, keys: Keys) -> object:
        """Return the value at a path, or None."""
        return _value_at(self.data, keys)

    def shown(self, keys: Keys) -> str:
        """Return the value at a path as a message shows it: the file's own characters, or what kind of thing it is."""
        raw = None if any(keys[:end] in self.moved for end in range(1, len(keys) + 1)) else self.document.raw.get((*self.root, *keys))
        return show(self.at(keys) if raw is None or not isinstance(self.at(keys), int | float) else raw)


def show(value: object) -> str:
    """Return a value as a message shows it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = str(value)
    return (text if len(text) <= LONGEST else f"{text[:LONGEST]}...") or '""'


@dataclass(frozen=True)
class Reading(Generic[M]):
    """What of a part could be read."""

    model: M | None
    mistakes: list[Mistake]
    unread: frozenset[Keys]
    """Paths that were left out of the model, since they are wrong: no rule can say anything about them."""


def read(part: Part, kind: type[M], hidden: AbstractSet[Keys] = frozenset()) -> Reading[M]:
    """Return a part's model without what is wrong with it, and each wrong thing as a mistake. No model where nothing is left.

    `hidden`: paths that are known to be wrong already.
    """
    data = copy.deepcopy(part.data)
    mistakes: list[Mistake] = []
    unread = set(hidden)
    for _ in range(100):  # each round takes something away or gives an example; a file ends long before
        try:
            return Reading(kind.model_validate_json(json.dumps(data), strict=True), mistakes, frozenset(unread))
        except ValidationError as error:
            refusals = _refusals(error)
        mistakes += [_told(refusal, keys, part, kind) for refusal, keys in refusals if not any(keys[: len(path)] == path for path in unread)]
        for _, keys in refusals:
            gone = _without(data, keys, kind)
            if gone is None:
                return Reading(None, mistakes, frozenset({*unread, ()}))
            unread.add(gone)
    return Reading(None, mistakes, frozenset({*unread, ()}))


def _refusals(error: ValidationError) -> list[tuple[ErrorDetails, Keys]]:
    """Return each refusal with its path; a list that is too short only because its items were refused is none."""
    found = [(refusal, tuple(key for key in refusal["loc"] if key != "[key]")) for refusal in error.errors(include_url=False)]
    return [
        (refusal, keys)
        for refusal, keys in found
        if refusal["type"] != "too_short" or not any(len(other) > len(keys) and other[: len(keys)] == keys for _, other in found)
    ]


def _without(data: Any, keys: Keys, kind: type[BaseModel]) -> Keys | None:
    """Put a field's example in the place of what is refused, or take it out; return what is gone, None for everything.

    What has no example and must be there goes with what it stands in. Of a list the whole is taken, so that the places of the others stay what they are.
    """
    while keys:
        holder = _value_at(data, keys[:-1])
        info = _field(kind, keys)
        required = info is not None and info.is_required()
        if isinstance(holder, dict):
            if required and info is not None and info.examples:
                holder[keys[-1]] = copy.deepcopy(info.examples[0])
                return keys
            if not required:
                holder.pop(keys[-1], None)
                return keys
        keys = keys[:-1]
    return None


def _value_at(data: Any, keys: Keys) -> Any:
    """Return what stands at a path, or None."""
    for part in keys:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return None
    return data


# --- from pydantic's refusals to words

_KINDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping of names to settings",
    "model_type": "a mapping of settings",
    "model_attributes_type": "a mapping of settings",
}


def _told(refusal: ErrorDetails, keys: Keys, part: Part, kind: type[BaseModel]) -> Mistake:
    mistake = _translate(refusal, keys, part, kind)
    return mistake if part.fix is None else mistake.model_copy(update={"fix": part.fix(keys)})


def _translate(refusal: ErrorDetails, keys: Keys, part: Part, kind: type[BaseModel]) -> Mistake:
    error = refusal["type"]
    context: dict[str, Any] = refusal.get("ctx", {})
    if error == "extra_forbidden":
        return _unknown(keys, part, kind)
    if error == "missing":
        example = _example(kind, keys)
        return part.mistake(keys, "nothing", _purpose(kind, keys), f"add `{keys[-1]}:`{f', for example `{keys[-1]}: {example}`' if example else ''}")
    if refusal["loc"] and refusal["loc"][-1] == "[key]":
        return _wrong_name(keys, part, context)
    found = part.shown(keys)
    if error == "string_type" and isinstance(part.at(keys), int | float):
        return part.mistake(keys, f"{found} unquoted", "text in quotes: unquoted, YAML reads it as something else", f'write "{found}"')
    if error in _KINDS:
        return part.mistake(keys, found, _KINDS[error], _kind_fix(error, keys, part))
    if error in ("enum", "literal_error"):
        return part.mistake(keys, found, *_choice(found, str(context["expected"])))
    if error == "string_pattern_mismatch" and context["pattern"] in FORMS:
        form = FORMS[context["pattern"]]
        return part.mistake(keys, found, form.words, f"write it in this form, for example {form.example}")
    expected, fix = _bounds(error, context, str(refusal["msg"]))
    return part.mistake(keys, "an empty list" if part.at(keys) == [] else found, expected, fix)


def _choice(found: str, expected: str) -> tuple[str, str]:
    """Return what was expected and the fix, from pydantic's list of words: `'a', 'b' or 'c'`."""
    words = [word.strip().strip("'") for word in expected.replace(" or ", ", ").split(", ")]
    if len(words) == 1:
        return words[0], f"write {words[0]}"
    guess = None if found.isdigit() else did_you_mean(found, words)
    return f"one of {listed(words)}", f'did you mean "{guess}"?' if guess else "write one of these"


# By pydantic's name of the refusal: what was expected, and the fix.
_BOUNDS = {
    "greater_than_equal": ("at least {ge}", "write {ge} or more"),
    "less_than_equal": ("at most {le}", "write {le} or less"),
    "less_than": ("less than {lt}", "write a number below {lt}"),
    "too_short": ("at least {min_length} of them", "add one"),
    "too_long": ("at most {max_length} of them", "remove some"),
    "string_too_short": ("at least {min_length} characters", "write more"),
    "string_too_long": ("at most {max_length} characters", "write less"),
}


def _bounds(error: str, context: Mapping[str, Any], message: str) -> tuple[str, str]:
    if error not in _BOUNDS:
        return message, "change it"
    expected, fix = _BOUNDS[error]
    return expected.format(**context), fix.format(**context)


def _kind_fix(error: str, keys: Keys, part: Part) -> str:
    value = part.at(keys)
    if error == "bool_type":
        return "write true or false, without quotes"
    if error.startswith("int") and isinstance(value, str) and value.isdigit():
        return f"write {value} without quotes"
    if error.startswith("float") and isinstance(value, str) and value.endswith("%"):
        return f"write {value.removesuffix('%')}, or a hundredth of that: the key says which"
    if error == "tuple_type" and isinstance(value, str):
        return f"write [{value}]"
    return f"write {_KINDS[error]}"


def _unknown(keys: Keys, part: Part, kind: type[BaseModel]) -> Mistake:
    holder = type_at(kind, keys[:-1])
    known = list(holder.model_fields) if isinstance(holder, type) and issubclass(holder, BaseModel) else []
    guess = did_you_mean(keys[-1], known)
    return part.mistake(keys, f"the unknown key `{keys[-1]}`", f"one of {listed(known)}", f'did you mean "{guess}"?' if guess else "remove it")


def _wrong_name(keys: Keys, part: Part, context: Mapping[str, Any]) -> Mistake:
    name = str(keys[-1])
    if "expected" in context:
        return part.mistake(keys, f"the name `{name}`", *_choice(name, str(context["expected"])))
    form = FORMS.get(str(context.get("pattern")))
    return part.mistake(
        keys, f"the name `{show(name)}`", form.words if form else "a shorter name", f"rename it, for example {form.example}" if form else "rename it"
    )


def _purpose(kind: type[BaseModel], keys: Keys) -> str:
    """Return the first sentence of a field's description."""
    sentence = _described(kind, keys).split(". ")[0].removesuffix(".")
    name = sentence.partition(" ")[0].partition("'")[0]
    kept = name[1:] != name[1:].lower() or name in NAMES  # `AWS account`, `IPv4 range`
    return f"`{keys[-1]}`" + (f" ({sentence if kept else sentence[:1].lower() + sentence[1:]})" if sentence and len(sentence) <= LONGEST_SENTENCE else "")


def _example(kind: type[BaseModel], keys: Keys) -> str | None:
    """Return the example that a field's description gives."""
    example = _described(kind, keys).partition("Example: `")[2].rpartition("`")[0]
    example = example.removeprefix(f"{keys[-1]}: ")
    return (f"{{{example}}}" if ": " in example and not example.startswith("{") else example) or None


def _described(kind: type[BaseModel], keys: Keys) -> str:
    holder = _holder(kind, keys)
    return description(holder, str(keys[-1])) if holder else ""


def _field(kind: type[BaseModel], keys: Keys) -> FieldInfo | None:
    """Return the field at a path of a model, if there is one."""
    holder = _holder(kind, keys)
    return holder.model_fields.get(str(keys[-1])) if holder else None


def _holder(kind: type[BaseModel], keys: Keys) -> type[BaseModel] | None:
    """Return the model that the last part of a path is a field of, if it is one's."""
    holder = type_at(kind, keys[:-1]) if keys else None
    return holder if isinstance(holder, type) and issubclass(holder, BaseModel) else None


def type_at(kind: Any, keys: Keys) -> Any:
    """Return the type that stands at a path of a model: a model, a dictionary, a scalar; None where there is none."""
    for part in keys:
        kind = _bare(kind)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            info = kind.model_fields.get(str(part))
            kind = info.annotation if info is not None else None
        else:
            arguments = get_args(kind)
            kind = (arguments[1] if get_origin(kind) is dict else arguments[0]) if arguments else None
    return _bare(kind)


def _bare(kind: Any) -> Any:
    """Return the one type inside an optional one, or the one that a root model holds."""
    if get_origin(kind) in (Union, UnionType):
        kind = next(argument for argument in get_args(kind) if argument is not type(None))
    return kind.model_fields["root"].annotation if isinstance(kind, type) and issubclass(kind, RootModel) else kind
