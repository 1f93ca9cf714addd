"""What S3 refuses in the lifecycle rules of a bucket (S3 API reference, PutBucketLifecycleConfiguration; S3 user guide, "Lifecycle configuration elements")."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from commonground.local.providers.values import UNKNOWN, Properties, known

# S3 user guide, "Transitioning objects using Amazon S3 Lifecycle": the waterfall of supported transitions. Where an object cannot go on to is behind it.
WATERFALL = ("STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE")
UNREACHABLE = {("ONEZONE_IA", "GLACIER_IR")}
# The same page: days in S3 Standard before these, and days in them before a rule moves an object on.
INFREQUENT_DAYS = 30
INFREQUENT = {"ONEZONE_IA", "STANDARD_IA"}
MOST_RULES = 1000
MOST_ID = 255
ACTIONS = ("abortIncompleteMultipartUpload", "expiration", "noncurrentVersionExpiration", "noncurrentVersionTransitions", "transitions")
PREDICATES = ("and", "objectSizeGreaterThan", "objectSizeLessThan", "prefix", "tag")
EXPIRATION = ("date", "days", "expiredObjectDeleteMarker")


def traps(inputs: Properties) -> Iterator[tuple[str, str]]:
    """What is wrong with `rules`, rule by rule, named by their ids."""
    rules = inputs.get("rules")
    if not isinstance(rules, list):
        return
    if len(rules) > MOST_RULES:
        yield "rules", f"has {len(rules)} rules, expected at most {MOST_RULES}"
    ids = [rule["id"] for rule in rules if isinstance(rule, dict) and known(rule.get("id", UNKNOWN))]
    yield from (("rules", f"the id {id_!r} is given to more than one rule") for id_ in sorted({one for one in ids if ids.count(one) > 1}, key=str))
    for index, rule in enumerate(rules):
        if isinstance(rule, dict):
            yield from ((f"rules[{index}]", f"({rule.get('id', 'no id')}) {reason}") for reason in _rule(rule))


def _rule(rule: Mapping[str, Any]) -> Iterator[str]:
    if "id" not in rule:
        yield "needs an id"  # required by the provider, not by S3
    elif len(str(rule["id"])) > MOST_ID:
        yield f"its id has {len(str(rule['id']))} characters, expected at most {MOST_ID}"
    if not any(rule.get(action) for action in ACTIONS):
        yield "does nothing: at least one action is needed"
    yield from _filter(rule)
    yield from _expiration(_object(rule.get("expiration")))
    yield from _transitions(_objects(rule.get("transitions")), "days", _object(rule.get("expiration")).get("days"))
    old = _object(rule.get("noncurrentVersionExpiration"))
    yield from _transitions(_objects(rule.get("noncurrentVersionTransitions")), "noncurrentDays", old.get("noncurrentDays"))
    for name, value in (("noncurrentVersionExpiration", old.get("noncurrentDays")), ("expiration", _object(rule.get("expiration")).get("days"))):
        if isinstance(value, int) and value < 1:
            yield f"{name} after {value} days: expected 1 or more"


def _filter(rule: Mapping[str, Any]) -> Iterator[str]:
    chosen = _object(rule.get("filter"))
    given = [name for name in PREDICATES if name in chosen]
    if "filter" in rule and rule.get("prefix"):
        yield "has a prefix of its own beside its filter"
    if len(given) > 1:
        yield f"its filter has {' and '.join(given)}: more than one condition goes into `and`"
    both = _object(chosen.get("and"))
    conditions = len([name for name in PREDICATES if name in both]) + len(_object(both.get("tags")))
    if "and" in chosen and known(both) and chosen["and"] != UNKNOWN and conditions < 2:
        yield "its filter's `and` has fewer than two conditions"
    tagged = "tag" in chosen or both.get("tags")
    sized = [name for name in ("objectSizeGreaterThan", "objectSizeLessThan") if name in chosen or name in both]
    if rule.get("abortIncompleteMultipartUpload") and (tagged or sized):
        yield "abortIncompleteMultipartUpload takes no filter by tag or size"
    if _object(rule.get("expiration")).get("expiredObjectDeleteMarker") in (True, "true") and tagged:
        yield "expiredObjectDeleteMarker takes no filter by tag"


def _expiration(expiration: Mapping[str, Any]) -> Iterator[str]:
    given = [name for name in EXPIRATION if expiration.get(name)]
    if expiration and len(given) != 1:
        yield f"its expiration has {' and '.join(given) or 'nothing'}, expected one of {', '.join(EXPIRATION)}"


def _transitions(transitions: list[Mapping[str, Any]], key: str, expires: Any) -> Iterator[str]:
    dated = [move for move in transitions if "date" in move]
    if any("date" in move and "days" in move for move in transitions) or 0 < len(dated) < len(transitions):
        yield "its transitions have both date and days"
    moves = sorted(((move[key], move["storageClass"]) for move in transitions if _counted(move, key)), key=lambda move: move[0])
    classes = [name for _, name in moves]
    yield from (f"moves to {name} more than once" for name in sorted({one for one in classes if classes.count(one) > 1}))
    for days, name in moves:
        if name in INFREQUENT and days < INFREQUENT_DAYS:
            yield f"{key} {days} for {name}: expected at least {INFREQUENT_DAYS}"
        if isinstance(expires, int) and expires <= days:
            yield f"expires after {expires} days, which is not after its move to {name} ({days})"
    for (before, earlier), (after, later) in pairwise(moves):
        if not _leads(earlier, later):
            yield f"moves from {earlier} to {later}, which S3 does not: {' > '.join(WATERFALL)}"
        elif earlier in INFREQUENT and after < before + INFREQUENT_DAYS:
            yield f"{key} {after} for {later}: expected at least {INFREQUENT_DAYS} more than the {before} for {earlier}"


def _leads(earlier: str, later: str) -> bool:
    return earlier == later or (WATERFALL.index(earlier) < WATERFALL.index(later) and (earlier, later) not in UNREACHABLE)


def _counted(move: Mapping[str, Any], key: str) -> bool:
    return isinstance(move.get(key), int) and move.get("storageClass") in WATERFALL


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
