"""ECR's lifecycle policy documents (ECR user guide, "Lifecycle policy properties in Amazon ECR")."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from commonground.local.providers.aws.table.documents import not_json
from commonground.local.providers.values import UNKNOWN, Properties

MOST_WILDCARDS = 4
RULE = {"action", "description", "rulePriority", "selection"}
SELECTION = {"countNumber", "countType", "countUnit", "storageClass", "tagPatternList", "tagPrefixList", "tagStatus"}
TAG_LISTS = ("tagPatternList", "tagPrefixList")
COUNTED_IN_DAYS = {"sinceImagePulled", "sinceImagePushed", "sinceImageTransitioned"}
COUNTS = {"imageCountMoreThan", *COUNTED_IN_DAYS}
ACTIONS = {"expire", "transition"}


def traps(inputs: Properties) -> Iterator[tuple[str, str]]:
    """What ECR refuses in the `policy` of a repository, or of a template for repositories."""
    text = inputs.get("policy", UNKNOWN)
    if not isinstance(text, str) or text == UNKNOWN:
        return
    if reason := not_json(text):
        yield "policy", reason
        return
    rules = json.loads(text).get("rules")
    if not isinstance(rules, list) or not rules:
        yield "policy", "has no rules"
        return
    yield from (("policy", reason) for reason in _rules(rules))


def _rules(rules: list[Any]) -> Iterator[str]:
    if not all(isinstance(rule, dict) and isinstance(rule.get("selection"), dict) for rule in rules):
        yield "a rule is an object with rulePriority, selection and action"
        return
    priorities = [rule.get("rulePriority") for rule in rules]
    for index, rule in enumerate(rules):
        said = f"rule {rule.get('rulePriority', f'[{index}]')}"
        yield from (f"{said}: {reason}" for reason in (*_rule(rule), *_selection(rule["selection"])))
    if not all(_is_count(priority) for priority in priorities):
        return
    yield from (f"rulePriority {twice} is given to more than one rule" for twice in sorted({one for one in priorities if priorities.count(one) > 1}))
    for rule in rules:
        last = max(other["rulePriority"] for other in rules if _images(other) == _images(rule))
        if rule["selection"].get("tagStatus") == "any" and rule["rulePriority"] != last:
            yield f"rule {rule['rulePriority']}: a rule for any image has the highest rulePriority, here above {last}"


def _images(rule: Mapping[str, Any]) -> Any:
    """Archived images have rules of their own."""
    return rule["selection"].get("storageClass", "standard")


def _rule(rule: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"{key} is not a property of a rule" for key in sorted(set(rule) - RULE))
    if not _is_count(rule.get("rulePriority")):
        yield f"rulePriority is {rule.get('rulePriority')!r}, expected a whole number from 1"
    action = rule.get("action")
    kind = action.get("type") if isinstance(action, dict) else None
    if kind not in ACTIONS:
        yield f"action needs a type: {' or '.join(sorted(ACTIONS))}"
    elif kind == "transition" and isinstance(action, dict) and action.get("targetStorageClass") != "archive":
        yield "a transition needs the targetStorageClass archive"


def _selection(selection: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"{key} is not a property of a selection" for key in sorted(set(selection) - SELECTION))
    status = selection.get("tagStatus")
    lists = [name for name in TAG_LISTS if selection.get(name)]
    if status not in ("tagged", "untagged", "any"):
        yield f"tagStatus is {status!r}, expected tagged, untagged or any"
    elif status == "tagged" and len(lists) != 1:
        yield "a rule for tagged images needs a tagPatternList or a tagPrefixList" if not lists else "takes one of tagPatternList and tagPrefixList"
    elif status != "tagged" and lists:
        yield f"a rule for {status} images takes no {lists[0]}"
    for pattern in selection.get("tagPatternList") or []:
        if str(pattern).count("*") > MOST_WILDCARDS:
            yield f"{pattern!r} has more than {MOST_WILDCARDS} wildcards"
    yield from _count(selection)


def _count(selection: Mapping[str, Any]) -> Iterator[str]:
    kind, unit = selection.get("countType"), selection.get("countUnit")
    if kind not in COUNTS:
        yield f"countType is {kind!r}, expected one of {', '.join(sorted(COUNTS))}"
    elif kind in COUNTED_IN_DAYS and unit != "days":
        yield f"{kind} needs the countUnit days"
    elif kind not in COUNTED_IN_DAYS and unit is not None:
        yield f"{kind} takes no countUnit"
    if not _is_count(selection.get("countNumber")):
        yield f"countNumber is {selection.get('countNumber')!r}, expected a whole number from 1"


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def same_rules(text: str) -> Any:
    """What is compared in place of a document, as in the official provider: the order of rules and of tags means nothing, nor does an empty list."""
    if text == UNKNOWN or not_json(text) or not isinstance(json.loads(text).get("rules"), list):
        return text
    return sorted(json.dumps(_normal(rule), sort_keys=True) for rule in json.loads(text)["rules"])


def _normal(rule: Any) -> Any:
    if not isinstance(rule, dict) or not isinstance(rule.get("selection"), dict):
        return rule
    selection = {name: sorted(value, key=str) if name in TAG_LISTS and isinstance(value, list) else value for name, value in rule["selection"].items()}
    return {**rule, "selection": {name: value for name, value in selection.items() if value != []}}
