"""The Kubernetes stand-in behind the provider protocol: checks objects, knows what cannot be changed, keeps manifests."""

from collections.abc import Callable
from pathlib import Path

from commonground.local.providers.diff import Diff, Rules, compare
from commonground.local.providers.errors import Failure, StandInError
from commonground.local.providers.kubernetes import choices, kinds, manifests, schemas
from commonground.local.providers.names import Autoname, Autonames
from commonground.local.providers.provider import Subject
from commonground.local.providers.values import UNKNOWN, Properties

CONFIG = {
    "kubeconfig",
    "context",
    "cluster",
    "namespace",
    "enableServerSideApply",
    "clusterIdentifier",
    "deleteUnreachable",
    "suppressDeprecationWarnings",
    "version",
}
AUTONAME = Autoname("name", suffix_length=8, max_length=63)
AUTONAMED = "pulumi.com/autonamed"


class KubernetesStandIn:
    """`pulumi_kubernetes` on loopback. Objects are files in `folder`, or nowhere where there is none."""

    package = "kubernetes"
    version = "4.34.2"

    def __init__(self, kubernetes: str, folder: Path | None, half_made: Callable[[str], bool] = lambda _: False) -> None:
        self._kubernetes = kubernetes
        self._store = manifests.Store(folder)
        self._clusters: dict[str, str] = {}
        self._names = Autonames()
        self._half_made = half_made

    def check_config(self, inputs: Properties) -> list[Failure]:
        """Settings that the stand-in does not know."""
        return [Failure(name, f"is not a setting that the stand-in knows ({', '.join(sorted(CONFIG))})") for name in sorted(set(inputs) - CONFIG)]

    def diff_config(self, old: Properties, new: Properties) -> Diff:
        """Another `clusterIdentifier` replaces every object; without one, another kubeconfig does."""
        identity = "clusterIdentifier" if "clusterIdentifier" in new or "clusterIdentifier" in old else "kubeconfig"
        return compare(old, new, Rules(replaces=(identity,)))

    def configure(self, connection: str, inputs: Properties) -> None:
        """Keeps which cluster a connection speaks to."""
        self._clusters[connection] = str(inputs.get("clusterIdentifier", "cluster"))

    def check(self, subject: Subject, old: Properties | None, new: Properties) -> tuple[Properties, list[Failure]]:
        """The object with its name, held against the schema of the Kubernetes version."""
        if "kind" not in new and "apiVersion" not in new:
            raise StandInError(f"{subject.type} is not a Kubernetes object, and the stand-in knows no other resources")
        metadata = dict(new.get("metadata") or {})
        if "name" not in metadata and "generateName" not in metadata:
            self._name(subject, old, metadata)
        inputs = {**new, "metadata": metadata}
        failures = [Failure(path, reason) for path, reason in (*schemas.mistakes(inputs, self._kubernetes), *choices.mistakes(inputs))]
        return inputs, failures

    def diff(self, subject: Subject, id_: str, old: Properties, new: Properties) -> Diff:
        """What the API server would refuse to change replaces the object; a name that stays makes delete come first."""
        found = compare(old, new, kinds.rules(new))
        found.delete_before_replace = kinds.full_name(old) == kinds.full_name(new)
        return found

    def create(self, subject: Subject, inputs: Properties, preview: bool) -> tuple[str, Properties]:
        """Keeps the object. Raises `StandInError` if one of its name is there."""
        if preview:
            return "", {**inputs, "status": UNKNOWN} if kinds.has_status(inputs) else inputs
        keep = self._store.update if self._half_made(subject.urn) else self._store.create
        keep(self._cluster(subject), inputs)
        return kinds.full_name(inputs), inputs

    def read(self, subject: Subject, id_: str, state: Properties, inputs: Properties) -> tuple[Properties, Properties] | None:
        """The object as it is kept."""
        found = self._store.read(self._cluster(subject), inputs or state)
        return None if found is None else (found, inputs or found)

    def update(self, subject: Subject, id_: str, state: Properties, old: Properties, new: Properties, preview: bool) -> Properties:
        """Keeps the changed object."""
        if not preview:
            self._store.update(self._cluster(subject), new)
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
