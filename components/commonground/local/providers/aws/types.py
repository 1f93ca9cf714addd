"""A row of the AWS stand-in's table: how one resource type is called, named, compared and replaced."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from commonground.local.providers.diff import Rules
from commonground.local.providers.names import Autoname
from commonground.local.providers.values import Properties

if TYPE_CHECKING:
    from commonground.local.providers.aws.api import Api

LOCAL_TYPES = ("string", "boolean", "integer", "strings", "tags", "object", "objects")


@dataclass(frozen=True)
class Argument:
    """Where an argument goes in the API: botocore's model there says its type, enum, length and pattern."""

    at: str
    """Operation and members, `ModifyVpcAttribute.EnableDnsSupport.Value`; or one of `LOCAL_TYPES` for what only the provider knows."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """Nested Pulumi names whose API name is not the same in another case, by the Pulumi name. `{"data": "Data"}` needs no entry."""


def nothing(_: Properties) -> Iterable[tuple[str, str]]:
    """A check that finds nothing."""
    return ()


@dataclass(frozen=True)
class ResourceType:
    """One resource type of pulumi_aws. Property paths are Pulumi's camelCase, dotted, without list indexes."""

    token: str
    service: str
    """boto3's name of the service."""
    arguments: Mapping[str, str | Argument]
    """Every argument that the stand-in knows; any other is refused by name. A string is an `Argument` without nested names."""

    create: Callable[["Api", Properties], str]
    """Makes it and returns its id."""
    read: Callable[["Api", str, Properties], Properties | None]
    """Outputs, given the id and the outputs in state; None when it is gone. Called after every create and update too."""
    update: Callable[["Api", str, Properties, Properties, set[str]], None]
    """Changes it: id, old inputs, new inputs, names of the changed top-level arguments."""
    delete: Callable[["Api", str, Properties], None]
    """Deletes it, given id and outputs in state."""
    find: Callable[["Api", Properties], str | None]
    """Id of what was made from exactly these inputs, for a create whose answer got lost; None where there is none."""

    required: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    computed: tuple[str, ...] = ()
    """Outputs that no user can set."""
    optional: tuple[str, ...] = ()
    """Arguments that the service fills when they are left out (the provider's "optional and computed")."""
    nested_unknown: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Members that the service adds to an argument that is an object, by the argument."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Fixed defaults, filled in by the check; `vpcConfig.endpointPublicAccess` is one inside an object and only holds where that is given."""
    sets: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    """Arguments that are JSON texts."""
    spellings: Mapping[str, Callable[[str], Any]] = field(default_factory=dict)
    """Arguments whose texts can mean the same though they differ, with what is compared in their place. It raises nothing."""
    local: tuple[str, ...] = ()
    """Arguments whose change calls nothing."""
    update_unknown: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Outputs that an update's preview makes unknown, by the arguments whose change does it."""
    also_unknown: Callable[[Properties, set[str]], Iterable[str]] = lambda _new, _changed: ()
    """The same where it hangs on values: outputs, from the new inputs and the names of the changed arguments."""
    also_replaces: Callable[[Properties, Properties], Iterable[str]] = lambda _old, _new: ()
    """Top-level arguments whose change replaces because of the values, old and new, that they or others have."""
    autoname: Autoname | None = None
    delete_before_replace: bool = False
    conflicts: tuple[tuple[str, ...], ...] = ()
    """Arguments of which one at most is given."""
    check: Callable[[Properties], Iterable[tuple[str, str]]] = nothing
    """Documented traps that no model says: property and reason."""
    health: Callable[[Properties], list[str]] = lambda _: []
    """Reasons why one that was made is not healthy, from what `read` found; names that begin with `__` are for this and go no further."""
    planned: Callable[["Api", str, Properties], Properties] = lambda _api, _id, _inputs: {}
    """Plan mode: outputs that have to look like something (`arn` does by itself)."""
    planned_id: Callable[["Api", Properties], str] | None = None
    """Plan mode: the id, where it follows from the inputs."""
    id_prefix: str = ""
    """Plan mode: how the service's own ids begin (`igw`), where they do not follow from the inputs."""
    id_is_uuid: bool = False
    """Plan mode: whether these ids are UUIDs, after the prefix if there is one."""
    taggable: bool = True
    regional: bool = True

    def argument(self, name: str) -> Argument:
        """The argument of this name. KeyError for an unknown one."""
        found = self.arguments[name]
        return found if isinstance(found, Argument) else Argument(found)

    def known_arguments(self) -> set[str]:
        """Names of all arguments, those of every type included."""
        return {*self.arguments, *(("tags", "tagsAll") if self.taggable else ()), *(("region",) if self.regional else ())}

    @property
    def rules(self) -> Rules:
        """How two sets of its inputs are compared."""
        replaces = (*self.replaces, "region") if self.regional else self.replaces
        return Rules(replaces=replaces, sets=self.sets, kept=(*self.optional, "region"), documents=self.documents, spellings=self.spellings, local=self.local)
