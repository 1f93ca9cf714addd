"""The Kubernetes stand-in behind the provider protocol: checks objects, knows what cannot be changed, keeps manifests."""

from collections.abc import Callable
from pathlib import Path

from commonground.local.providers.diff import Diff, Rules, compare, plain
from commonground.local.providers.errors import Failure, StandInError
from commonground.local.providers.kubernetes import choices, fixed, invariants, kinds, manifests, reached, schemas
from commonground.local.providers.kubernetes.kinds import AUTONAMED
from commonground.local.providers.kubernetes.normal import normal
from commonground.local.providers.names import Autoname, Autonames
from commonground.local.providers.provider import Subject
from commonground.local.providers.values import UNKNOWN, Properties, at

CONFIG = {
    "kubeconfig",
    "context",
    "cluster",
    "namespace",
    "enableConfigMapMutable",
    "enableSecretMutable",
    "enableServerSideApply",
    "clusterIdentifier",
    "deleteUnreachable",
    "suppressDeprecationWarnings",
    "version",
}
AUTONAME = Autoname("name", suffix_length=8, max_length=63)
MUTABLE = {"enableConfigMapMutable": "v1/ConfigMap", "enableSecretMutable": "v1/Secret"}
"""Settings by which the provider changes the content of a kind in place; otherwise it replaces the object."""

CHECKS = (choices.mistakes, invariants.mistakes)


class KubernetesStandIn:
    """`pulumi_kubernetes` on loopback. Objects are files in `folder`, or nowhere where there is none."""

    def __init__(self, kubernetes: str, folder: Path | None, half_made: Callable[[str], bool] = lambda _: False) -> None:
        self._kubernetes = kubernetes
        self._store = manifests.Store(folder)
        self._clusters: dict[str, str] = {}
        self._mutable: dict[str, frozenset[str]] = {}
        self._namespaces: dict[str, str] = {}
        self._names = Autonames()
        self._half_made = half_made

    def check_config(self, inputs: Properties) -> list[Failure]:
        """Settings that the stand-in does not know."""
        return [Failure(name, f"is not a setting that the stand-in knows ({', '.join(sorted(CONFIG))})") for name in sorted(set(inputs) - CONFIG)]

    def diff_config(self, old: Properties, new: Properties) -> Diff:
        """Another `clusterIdentifier` replaces every object; where there was none or is none, a kubeconfig that leads to another cluster does."""
        return compare(old, new, Rules(replaces=reached.replacing(old, new)))

    def configure(self, connection: str, inputs: Properties) -> None:
        """Keeps which cluster a connection speaks to, whose content may change there, and the namespace of what names none."""
        self._clusters[connection] = str(inputs.get("clusterIdentifier", "cluster"))
        self._mutable[connection] = frozenset(kind for setting, kind in MUTABLE.items() if inputs.get(setting) in (True, "true"))
        self._namespaces[connection] = str(inputs.get("namespace", ""))

    def check(self, subject: Subject, old: Properties | None, new: Properties) -> tuple[Properties, list[Failure]]:
        """The object with its name, held against the schema of the Kubernetes version and against what no schema says. All mistakes are told."""
        if subject.type.startswith("kubernetes:") and "kind" not in new and "apiVersion" not in new:
            raise StandInError(f"{subject.type} is not a Kubernetes object, and the stand-in knows no other resources")
        if nameless := [Failure(name, "is required") for name in ("apiVersion", "kind") if not isinstance(new.get(name), str) or new[name] == UNKNOWN]:
            return new, nameless
        metadata = new.get("metadata") or {}
        if not isinstance(metadata, dict):
            return new, [] if metadata == UNKNOWN else [Failure("metadata", f"expected an object, got {type(metadata).__name__}")]
        metadata = dict(metadata)
        if metadata.get("generateName") and not metadata.get("name"):
            return new, [Failure("metadata.generateName", "is not supported with server-side apply: give a metadata.name, or none and the engine draws one")]
        if not metadata.get("name"):
            self._name(subject, old, metadata)
        if (namespace := self._namespaces.get(subject.connection)) and not metadata.get("namespace") and new["kind"] not in kinds.OF_THE_CLUSTER:
            metadata["namespace"] = namespace
        inputs = {**new, "metadata": metadata}
        wrong = list(schemas.mistakes(inputs, self._kubernetes))
        told = {path for path, _ in wrong}
        wrong += [(path, reason) for check in CHECKS for path, reason in check(inputs) if path not in told]
        return inputs, [Failure(path, reason) for path, reason in wrong]

    def diff(self, subject: Subject, id_: str, old: Properties, new: Properties) -> Diff:
        """What the official provider replaces an object for. Delete comes first where the program gave the name, and keeps it."""
        rules = kinds.rules(new, self._mutable.get(subject.connection, frozenset()))
        before, after = normal(old), normal(new)
        found = compare(before, after, rules)
        found.replaces |= {path for path, change in found.changes.items() if change == "add" and _brings(after, path, rules)}
        found.delete_before_replace = not kinds.is_autonamed(new) and kinds.full_name(before) == kinds.full_name(after)
        return found

    def create(self, subject: Subject, inputs: Properties, preview: bool) -> tuple[str, Properties]:
        """Keeps the object. Raises `StandInError` if one of its name is there."""
        if preview:
            return "", {**inputs, "status": UNKNOWN} if kinds.has_status(inputs) else inputs
        if self._half_made(subject.urn):
            self._store.update(self._cluster(subject), inputs, inputs)
        else:
            self._store.create(self._cluster(subject), inputs)
        return kinds.full_name(inputs), inputs

    def read(self, subject: Subject, id_: str, state: Properties, inputs: Properties) -> tuple[Properties, Properties] | None:
        """The object as it is kept; the values of a Secret as the state has them."""
        kept = self._store.read(self._cluster(subject), inputs or state)
        if kept is None:
            return None
        found = manifests.unmasked(kept, inputs or state)
        return found, inputs or found

    def update(self, subject: Subject, id_: str, state: Properties, old: Properties, new: Properties, preview: bool) -> Properties:
        """Keeps the changed object. Raises `StandInError`, in a preview too, where the API server would refuse the change."""
        if paths := list(fixed.refused(normal(old), normal(new))):
            raise StandInError(_cannot_change(new, paths))
        if not preview:
            self._store.update(self._cluster(subject), old, new)
        return new

    def delete(self, subject: Subject, id_: str, state: Properties, inputs: Properties) -> None:
        """Forgets the object."""
        self._store.delete(self._cluster(subject), inputs or state)

    def _cluster(self, subject: Subject) -> str:
        return self._clusters.get(subject.connection, "cluster")

    def _name(self, subject: Subject, old: Properties | None, metadata: Properties) -> None:
        before = (old or {}).get("metadata", {})
        annotations = dict(metadata.get("annotations") or {})
        if before.get("annotations", {}).get(AUTONAMED) == "true":
            metadata["name"] = self._names.keep(subject.urn, before["name"])
        else:
            metadata["name"] = self._names.draw(subject.urn, subject.name, AUTONAME)
        metadata["annotations"] = {**annotations, AUTONAMED: "true"}


def _brings(object_: Properties, path: str, rules: Rules) -> bool:
    """Whether what was added at a path holds something that replaces the object."""
    above = plain(path)
    return any(rule.startswith(f"{above}.") and any(True for _ in at(object_, rule)) for rule in rules.replaces)


def _cannot_change(object_: Properties, paths: list[str]) -> str:
    those = ", ".join(paths)
    return (
        f'{object_["kind"]} "{kinds.full_name(object_)}": {those}: the API server refuses to change {"it" if len(paths) == 1 else "them"}, and the provider '
        f"does not replace the object for {'it' if len(paths) == 1 else 'them'}: give it another metadata.name, or the options "
        f"replace_on_changes={paths!r} and delete_before_replace=True"
    )
