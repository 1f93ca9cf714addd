"""The AWS stand-in: the table's rows behind the provider protocol, live against the local cloud or planned without any call."""

import hashlib
import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from threading import Lock
from typing import Any

from commonground.local.providers.aws import models
from commonground.local.providers.aws.api import HOME_ACCOUNT, Api, Caller
from commonground.local.providers.aws.table import TABLE
from commonground.local.providers.aws.types import LOCAL_TYPES, ResourceType
from commonground.local.providers.diff import Diff, Rules, compare, top
from commonground.local.providers.errors import Failure, StandInError, UnhealthyError
from commonground.local.providers.names import Autonames
from commonground.local.providers.provider import Subject
from commonground.local.providers.values import UNKNOWN, Properties, at, known

HalfMade = Callable[[str], bool]
"""Whether a run that was killed was creating the resource of a URN."""


def nothing_half_made(_urn: str) -> bool:
    """Where no run was killed."""
    return False


AUTONAMED = "__autonamed"
"""Input under which we note that we drew the name (the official provider's `__defaults`)."""

CONFIG = {"region", "allowedAccountIds", "defaultTags", "profile", "assumeRoles", "version", "skipCredentialsValidation", "skipRegionValidation"}

NO_REGION = "is required, and Pulumi's default provider has none: give each resource that uses it an explicit one, `opts=pulumi.ResourceOptions(provider=...)`"


@dataclass(frozen=True)
class Connection:
    """What one instance of the provider is configured with."""

    region: str
    account: str
    tags: Mapping[str, str] = field(default_factory=dict)


class LateClients:
    """The local cloud's clients, made when something is called: a preview that changes nothing does without boto3."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._made: Caller | None = None
        self._lock = Lock()

    def call(self, service: str, account: str, region: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """As `Clients.call`."""
        with self._lock:
            if self._made is None:
                from commonground.local.providers.aws.clients import Clients

                self._made = Clients(self._endpoint)
        return self._made.call(service, account, region, operation, parameters)


class AwsStandIn:
    """`pulumi_aws` on loopback. With an endpoint it deploys to the local cloud there, without one it plans."""

    def __init__(self, endpoint: str | None, half_made: HalfMade = nothing_half_made) -> None:
        self._clients: Caller | None = LateClients(endpoint) if endpoint else None
        self._connections: dict[str, Connection] = {}
        self._names = Autonames()
        self._half_made = half_made

    def check_config(self, inputs: Properties) -> list[Failure]:
        """Unknown settings, and accounts that the local cloud cannot be asked for."""
        failures = [Failure(name, f"is not a setting that the stand-in knows ({', '.join(sorted(CONFIG))})") for name in sorted(set(inputs) - CONFIG)]
        if "region" not in inputs:
            failures.append(Failure("region", NO_REGION))
        return failures

    def diff_config(self, old: Properties, new: Properties) -> Diff:
        """Another region replaces every resource of the provider."""
        return compare(old, new, Rules(replaces=("region",)))

    def configure(self, connection: str, inputs: Properties) -> None:
        """Keeps region, account (the first of `allowedAccountIds`) and default tags of a connection."""
        accounts = _decoded(inputs.get("allowedAccountIds", []))
        tags = _decoded(inputs.get("defaultTags", {})).get("tags", {})
        self._connections[connection] = Connection(inputs["region"], accounts[0] if accounts else HOME_ACCOUNT, tags)

    def check(self, subject: Subject, old: Properties | None, new: Properties) -> tuple[Properties, list[Failure]]:
        """Names, defaults and `tagsAll` filled in; every argument held against AWS' own model."""
        row = _row(subject.type)
        inputs = _defaulted(row, new)
        self._name(row, subject, old, inputs)
        if row.taggable:
            inputs["tagsAll"] = self._all_tags(subject, inputs)
        return inputs, [Failure(path, reason) for path, reason in _mistakes(row, inputs)]

    def diff(self, subject: Subject, id_: str, old: Properties, new: Properties) -> Diff:
        """By the row's rules. A name that the user gave and did not change makes delete come first, as in the official provider."""
        row = _row(subject.type)
        found = compare(old, new, row.rules)
        also = set(row.also_replaces(old, new))
        found.replaces |= {path for path in found.changes if top(path) in also}
        named = row.autoname is not None and AUTONAMED not in new and old.get(row.autoname.property) == new.get(row.autoname.property) is not None
        found.delete_before_replace = row.delete_before_replace or named
        return found

    def create(self, subject: Subject, inputs: Properties, preview: bool) -> tuple[str, Properties]:
        """Makes it; in a preview, says what is known before."""
        row, api = self._row_and_api(subject, inputs)
        if preview:
            return "", self._outputs(api, inputs, dict.fromkeys(row.computed, UNKNOWN) | _unset(row, inputs) | _partly_unknown(row, inputs))
        if self._clients is None:
            id_ = row.planned_id(api, inputs) if row.planned_id else _derived_id(subject, row, inputs)
            return id_, self._planned(api, id_, inputs)
        id_ = (self._completed(api, inputs) if self._half_made(subject.urn) else None) or row.create(api, inputs)
        return id_, self._settled(api, id_, inputs)

    def read(self, subject: Subject, id_: str, state: Properties, inputs: Properties) -> tuple[Properties, Properties] | None:
        """As the cloud has it. Inputs take over what was changed there, for the arguments that the program sets."""
        row, api = self._row_and_api(subject, inputs)
        if self._clients is None:
            return state, inputs
        found = row.read(api, id_, state)
        if found is None:
            return None
        outputs = self._outputs(api, {**state, **found}, {})
        if not inputs:  # an import: the program's inputs are not there yet
            inputs = {name: value for name, value in outputs.items() if name in row.known_arguments()}
        return outputs, _refreshed(inputs, outputs, row)

    def update(self, subject: Subject, id_: str, state: Properties, old: Properties, new: Properties, preview: bool) -> Properties:
        """Changes it; in a preview, keeps what stays known."""
        row, api = self._row_and_api(subject, new)
        changed = compare(old, new, row.rules).keys
        if preview or self._clients is None:
            moved = {output for output, causes in row.update_unknown.items() if "*" in causes or changed.intersection(causes)}
            moved.update(row.also_unknown(new, changed))
            planned = {name: UNKNOWN if preview else _next(state.get(name, "")) for name in sorted(moved)}
            return self._outputs(api, new, {**_kept(row, state, new), **planned})
        if changed - set(row.local):
            row.update(api, id_, old, new, changed)
        return self._settled(api, id_, new, {**state, **new})

    def delete(self, subject: Subject, id_: str, state: Properties, inputs: Properties) -> None:
        """Deletes it."""
        row, api = self._row_and_api(subject, inputs or state)
        if self._clients is not None:
            row.delete(api, id_, {**state, **inputs})

    def find(self, subject: Subject, inputs: Properties) -> str | None:
        """Id of what an interrupted create made from exactly these inputs; None if it made nothing."""
        row, api = self._row_and_api(subject, inputs)
        return row.find(api, inputs)

    def _completed(self, api: Api, inputs: Properties) -> str | None:
        """What an interrupted create made, with what it did not come to any more; None if it made nothing."""
        row = api.row
        id_ = row.find(api, inputs)
        found = row.read(api, id_, inputs) if id_ else None
        if id_ is None or found is None:
            return None
        there = {name: _seen(name, value, found[name]) for name, value in inputs.items() if found.get(name) is not None}
        missing = compare(there, inputs, row.rules).keys - set(row.local)
        if missing:
            row.update(api, id_, there, inputs, missing)
        return id_

    def _row_and_api(self, subject: Subject, inputs: Properties) -> tuple[ResourceType, Api]:
        row, connection = _row(subject.type), self._connection(subject)
        return row, Api(row, connection.account, inputs.get("region") or connection.region, self._clients)

    def _connection(self, subject: Subject) -> Connection:
        try:
            return self._connections[subject.connection]
        except KeyError:
            # The default provider of a first preview is not configured while its inputs are unknown.
            return Connection("unknown", HOME_ACCOUNT)

    def _name(self, row: ResourceType, subject: Subject, old: Properties | None, inputs: Properties) -> None:
        rule = row.autoname
        if rule is None or rule.property in inputs or any(name in inputs for name in rule.excluded_by):
            return
        if old and old.get(AUTONAMED) and rule.property in old:
            inputs[rule.property] = self._names.keep(subject.urn, old[rule.property])
        else:
            inputs[rule.property] = self._names.draw(subject.urn, subject.name, rule)
        inputs[AUTONAMED] = True

    def _all_tags(self, subject: Subject, inputs: Properties) -> Any:
        tags = inputs.get("tags", {})
        if tags == UNKNOWN:
            return UNKNOWN
        return {**self._connection(subject).tags, **tags} if isinstance(tags, dict) else tags

    def _planned(self, api: Api, id_: str, inputs: Properties) -> Properties:
        row = api.row
        derived: Properties = {name: f"{name}-{_short(id_)}" for name in row.computed}
        derived |= {name: f"{name}-{_short(id_)}" for name in row.optional if "." not in name and name not in inputs}
        if "arn" in row.computed:
            derived["arn"] = api.arn(row.service, f"{row.token.rsplit(':', 1)[1].lower()}/{id_}")
        return self._outputs(api, inputs, {**derived, **row.planned(api, id_, inputs)})

    def _settled(self, api: Api, id_: str, inputs: Properties, state: Properties | None = None) -> Properties:
        """Outputs read back after a change, or the reasons why it is not healthy."""
        found = api.row.read(api, id_, state or inputs)
        if found is None:
            raise StandInError(f"{id_} is not there after it was made")
        outputs = self._outputs(api, inputs, found)
        if reasons := api.row.health(found):
            raise UnhealthyError(id_, inputs, outputs, reasons)
        return outputs

    def _outputs(self, api: Api, inputs: Properties, found: Properties) -> Properties:
        outputs = {name: value for name, value in inputs.items() if not name.startswith("__")} | {
            name: value for name, value in found.items() if value is not None
        }
        for name in (*api.row.documents, *api.row.spellings):  # the service's own spelling is no difference
            if name in inputs and api.row.rules.same(name, outputs.get(name), inputs[name]):
                outputs[name] = inputs[name]
        if api.row.taggable:
            outputs["tagsAll"] = found.get("tagsAll", inputs.get("tagsAll", {}))
        return {**outputs, "region": api.region} if api.row.regional else outputs


def _row(type_: str) -> ResourceType:
    try:
        return TABLE[type_]
    except KeyError:
        close = get_close_matches(type_, TABLE, 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise StandInError(f"{type_} is not in the AWS stand-in's table: it is neither deployed to the local cloud nor previewed offline{hint}") from None


def _mistakes(row: ResourceType, inputs: Properties) -> Iterable[tuple[str, str]]:
    names = row.known_arguments()
    for name, value in inputs.items():
        if name.startswith("__"):
            continue
        if name not in names:
            close = get_close_matches(name, names, 1)
            yield name, f"is not an argument of {row.token} that the stand-in knows" + (f"; did you mean {close[0]}?" if close else "")
        elif name in row.arguments:
            argument = row.argument(name)
            if argument.at in LOCAL_TYPES:
                yield from models.wrong_local(argument.at, value, name)
            else:
                yield from models.wrong(models.shape(row.service, argument.at), value, name, argument.fields)
    if row.taggable:
        own = list(models.wrong_tags(inputs.get("tags", {}), "tags"))
        yield from own or models.wrong_tags(inputs.get("tagsAll", {}), "tagsAll")
    for name in row.required:
        if not any(True for _ in at(inputs, name)):
            yield name, "is required"
    for group in row.conflicts:
        given = [name for name in group if name in inputs]
        if len(given) > 1:
            yield given[0], f"cannot be given together with {', '.join(given[1:])}"
    yield from row.check(inputs)


def _unset(row: ResourceType, inputs: Properties) -> Properties:
    return {name: UNKNOWN for name in row.optional if "." not in name and name not in inputs}


def _partly_unknown(row: ResourceType, inputs: Properties) -> Properties:
    given = {name: inputs[name] for name in row.nested_unknown if isinstance(inputs.get(name), dict)}
    return {name: {**dict.fromkeys(row.nested_unknown[name], UNKNOWN), **value} for name, value in given.items()}


def _kept(row: ResourceType, state: Properties, new: Properties) -> Properties:
    """What stays known while it changes: outputs, arguments that the service filled in, and what it added to one that is given."""
    kept = {name: value for name, value in state.items() if name in row.computed or (name in row.optional and name not in new)}
    for name, members in row.nested_unknown.items():
        there, given = state.get(name), new.get(name)
        if isinstance(there, dict) and isinstance(given, dict):
            kept[name] = {**{member: there[member] for member in members if member in there}, **given}
    return kept


def _defaulted(row: ResourceType, given: Properties) -> Properties:
    """Inputs with the row's defaults; those inside an object only where the object is given."""
    inputs = {**{name: value for name, value in row.defaults.items() if "." not in name}, **given}
    for path, value in row.defaults.items():
        name, _, member = path.partition(".")
        if member and isinstance(inputs.get(name), dict):
            inputs[name] = {member: value, **inputs[name]}
    return inputs


def _refreshed(inputs: Properties, outputs: Properties, row: ResourceType) -> Properties:
    """Inputs with the cloud's values for what the program sets. Equal sets and documents keep the program's spelling."""
    seen = {name: _seen(name, value, outputs[name]) for name, value in inputs.items() if name in outputs}
    changed = compare(inputs, {**inputs, **seen}, row.rules).keys
    return {name: seen[name] if name in changed else value for name, value in inputs.items()}


def _seen(name: str, mine: Any, theirs: Any) -> Any:
    """The cloud's value of an input. Tags are seen whole, but for those that AWS itself sets; of anything else what the program has too."""
    if name == "tagsAll" and isinstance(theirs, dict):
        return {key: value for key, value in theirs.items() if not key.startswith("aws:")}
    return _like(mine, theirs)


def _like(mine: Any, theirs: Any) -> Any:
    """Theirs, with only the properties that mine has."""
    if isinstance(mine, dict) and isinstance(theirs, dict):
        return {key: _like(value, theirs[key]) if key in theirs else value for key, value in mine.items()} if mine else theirs
    if isinstance(mine, list) and isinstance(theirs, list) and len(mine) == len(theirs):
        return [_like(one, other) for one, other in zip(mine, theirs, strict=True)]
    return theirs


def _decoded(value: Any) -> Any:
    """Provider settings that are not text arrive as JSON texts."""
    return json.loads(value) if isinstance(value, str) and known(value) else value


def _next(value: Any) -> Any:
    """What plan mode says in place of an output that an update moves: another one of the same type."""
    return value + 1 if isinstance(value, int) else f"{value}+" if isinstance(value, str) else value


def _derived_id(subject: Subject, row: ResourceType, inputs: Properties) -> str:
    """Plan mode: an id that is the same each time, and another one for a replacement, since that has other inputs."""
    digest = hashlib.sha256(json.dumps([subject.urn, inputs], sort_keys=True).encode()).hexdigest()
    if row.id_is_uuid:
        return "-".join([*([row.id_prefix] if row.id_prefix else []), str(uuid.UUID(digest[:32]))])
    return f"{row.id_prefix or row.token.rsplit(':', 1)[1].lower()}-{digest[:17]}"


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
