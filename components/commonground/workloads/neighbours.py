"""What a workload stands on: its team, and the repository of its image."""

from typing import Protocol
from weakref import WeakKeyDictionary

import pulumi
from pulumi_kubernetes.core.v1 import Namespace

from commonground.iam import Identity


class Namespaces(Protocol):
    """Namespaces by name: the objects that this stack made, or the names of those that are there."""

    def __getitem__(self, name: str, /) -> Namespace | pulumi.Input[str]: ...


class TeamLike(Protocol):
    """What a workload needs of its team: a `Team` has it, and so has an `ExistingTeam`."""

    @property
    def namespaces(self) -> Namespaces: ...

    @property
    def service_account(self) -> pulumi.Input[str]: ...

    @property
    def identity(self) -> Identity: ...


class RegistryLike(Protocol):
    """What a workload needs of its image's repository: a `Repository` has it, and so has an `ExistingRepository`."""

    @property
    def url(self) -> pulumi.Input[str]: ...


class NoNamespaceError(ValueError):
    """A workload is to run in a namespace that its team does not have."""

    def __init__(self, workload: str, team: str, namespace: str) -> None:
        super().__init__(f"workload {workload!r}: the team {team!r} has no namespace {namespace!r}: name one of its own in `namespace`")
        self.workload = workload
        self.team = team
        self.namespace = namespace


class NoProviderError(ValueError):
    """A workload without a Kubernetes provider of its own would go to whichever cluster the machine's kubeconfig names, as whoever that is."""

    def __init__(self, workload: str) -> None:
        super().__init__(
            f"workload {workload!r}: found no Kubernetes provider, expected one for the foundation's cluster. "
            "Fix: opts=pulumi.ResourceOptions(providers=[platform.kubernetes(...)])"
        )
        self.workload = workload


class RepeatedWorkloadError(ValueError):
    """Two workloads of a program have one name in one namespace: the later would take the objects of the earlier."""

    def __init__(self, workload: str, namespace: str) -> None:
        super().__init__(
            f"workload {workload!r}: found another workload of this name in namespace {namespace!r}, expected each name once in a namespace. Fix: rename one"
        )
        self.workload = workload
        self.namespace = namespace


_taken: WeakKeyDictionary[pulumi.ProviderResource, set[tuple[str, str]]] = WeakKeyDictionary()
"""Namespaces and names of the workloads that each provider makes: a provider lives no longer than its program."""


def take(workload: str, namespace: str, provider: pulumi.ProviderResource) -> None:
    """Takes a name in a namespace of the provider's cluster. Raises `RepeatedWorkloadError`."""
    names = _taken.setdefault(provider, set())
    if (namespace, workload) in names:
        raise RepeatedWorkloadError(workload, namespace)
    names.add((namespace, workload))


def namespace_of(workload: str, team: TeamLike, namespace: str) -> pulumi.Output[str]:
    """The name of a team's namespace. Raises `NoNamespaceError`; of a platform's team `ContractError`, once the contract is known."""
    try:
        found = team.namespaces[namespace]
    except KeyError:
        raise NoNamespaceError(workload, team.identity.name, namespace) from None
    return found.metadata.name if isinstance(found, Namespace) else pulumi.Output.from_input(found)
