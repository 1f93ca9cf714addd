"""What the protocol asks of a stand-in for one package."""

from dataclasses import dataclass
from typing import Protocol

from commonground.local.providers.diff import Diff
from commonground.local.providers.errors import Failure
from commonground.local.providers.values import Properties


@dataclass(frozen=True)
class Package:
    """A provider whose place a stand-in takes."""

    name: str
    version: str
    """That of the official provider that the stand-in is like."""


AWS, KUBERNETES = Package("aws", "7.51.1"), Package("kubernetes", "4.34.2")


@dataclass(frozen=True)
class Subject:
    """The resource that a request is about."""

    urn: str
    type: str
    connection: str
    """Requests carry no provider id: the connection tells two instances of a provider apart."""

    @property
    def name(self) -> str:
        """Logical name: the end of the URN."""
        return self.urn.rsplit("::", 1)[1]


class Provider(Protocol):
    """A stand-in for one package. Methods raise `StandInError` with one message, or `UnhealthyError`."""

    def check_config(self, inputs: Properties) -> list[Failure]:
        """What is wrong with the provider's own inputs."""

    def diff_config(self, old: Properties, new: Properties) -> Diff:
        """What a change of the provider's own inputs does to its resources."""

    def configure(self, connection: str, inputs: Properties) -> None:
        """Keeps what a connection is configured with."""

    def check(self, subject: Subject, old: Properties | None, new: Properties) -> tuple[Properties, list[Failure]]:
        """Inputs with names and defaults filled in, and what is wrong with them."""

    def diff(self, subject: Subject, id_: str, old: Properties, new: Properties) -> Diff:
        """What changed between old and new inputs, and whether that replaces the resource."""

    def create(self, subject: Subject, inputs: Properties, preview: bool) -> tuple[str, Properties]:
        """Id and outputs. A preview calls nothing and leaves unknown what only the service knows."""

    def read(self, subject: Subject, id_: str, state: Properties, inputs: Properties) -> tuple[Properties, Properties] | None:
        """Outputs and inputs as the service has them; None if it is gone."""

    def update(self, subject: Subject, id_: str, state: Properties, old: Properties, new: Properties, preview: bool) -> Properties:
        """Outputs after a change in place."""

    def delete(self, subject: Subject, id_: str, state: Properties, inputs: Properties) -> None:
        """Deletes it; one that is gone already counts as deleted."""
