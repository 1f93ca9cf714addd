"""The official Kubernetes provider, spoken to as the engine does: Pulumi's provider protocol, over gRPC."""

import secrets
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc
from tests.local.providers.kubernetes.clusters import Move
from tests.local.providers.kubernetes.edits import Outcome
from tests.local.providers.kubernetes.objects import Object

from commonground.local.cluster.api import Api, NotFoundError
from commonground.local.providers.values import from_struct, to_struct

SECONDS = 30
NO_ENGINE = "127.0.0.1:1"
"""It logs to the engine's address, and goes without where nobody listens."""


class RefusedError(Exception):
    """The API server, asked by the provider, says no; the text is the provider's."""


@dataclass(frozen=True)
class Diff:
    """What the provider would do, and the detailed diff: where it replaces, the paths that replace."""

    outcome: Outcome
    paths: frozenset[str]
    delete_first: bool


class Official:
    """One configured provider. Safe to share between threads."""

    def __init__(self, port: int, kubeconfig: str, settings: Mapping[str, str]) -> None:
        channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=[("grpc.max_receive_message_length", -1)])
        self.provider = provider_pb2_grpc.ResourceProviderStub(channel)
        given = {"kubeconfig": kubeconfig, "enableServerSideApply": "true", **settings}
        variables = {f"kubernetes:config:{name}": value for name, value in given.items()}
        self.provider.Configure(provider_pb2.ConfigureRequest(variables=variables, args=to_struct(given), acceptSecrets=True, acceptResources=True))

    def replaced_by(self, move: Move) -> frozenset[str]:
        """Settings of the provider itself for which it would have all of its objects replaced."""
        old, new = to_struct(move.before), to_struct(move.after)
        urn = "urn:pulumi:test::test::pulumi:providers:kubernetes::kubernetes"
        request = provider_pb2.DiffRequest(urn=urn, id="one", olds=old, old_inputs=old, news=new, type="pulumi:providers:kubernetes", name="kubernetes")
        return frozenset(self.provider.DiffConfig(request).replaces)


class Thing:
    """One resource, with what the engine's state would hold of it."""

    def __init__(self, official: Official, token: str, name: str) -> None:
        """`name` ends its object's name, too: objects of one kind must not meet."""
        self._provider = official.provider
        self._whose = {"urn": f"urn:pulumi:test::test::{token}::{name}", "type": token, "name": name}
        self._name = name
        self._id = ""
        self._inputs: Any = None
        self._state: Any = None

    def create(self, object_: Object) -> None:
        """Makes the object."""
        inputs = self._checked(object_, None)
        made = self._ask("Create", provider_pb2.CreateRequest(**self._whose, properties=inputs, timeout=SECONDS))
        self._id, self._inputs, self._state = made.id, inputs, made.properties

    def diff(self, object_: Object) -> Diff:
        """What an update to this object would be, as far as the provider knows without the API server."""
        news = self._checked(object_, self._inputs)
        found = self._ask("Diff", provider_pb2.DiffRequest(**self._whose, id=self._id, olds=self._state, old_inputs=self._inputs, news=news))
        kinds = {path: provider_pb2.PropertyDiff.Kind.Name(change.kind) for path, change in found.detailedDiff.items()}
        if found.changes == found.DIFF_NONE:
            return Diff(Outcome.NONE, frozenset(kinds), delete_first=False)
        if not found.replaces:
            return Diff(Outcome.UPDATE, frozenset(kinds), delete_first=False)
        replacing = frozenset(path for path, kind in kinds.items() if kind.endswith("REPLACE"))
        return Diff(Outcome.REPLACE, replacing, found.deleteBeforeReplace)

    def update(self, object_: Object, *, preview: bool) -> None:
        """Changes the object in place. Raises `RefusedError`, in a preview too."""
        news = self._checked(object_, self._inputs)
        request = provider_pb2.UpdateRequest(**self._whose, id=self._id, olds=self._state, old_inputs=self._inputs, news=news, timeout=SECONDS, preview=preview)
        updated = self._ask("Update", request)
        if not preview:
            self._inputs, self._state = news, updated.properties

    def delete(self) -> None:
        """Takes the object away, and waits until it is gone."""
        self._ask("Delete", provider_pb2.DeleteRequest(**self._whose, id=self._id, properties=self._state, old_inputs=self._inputs, timeout=SECONDS))

    def is_gone(self, api: Api) -> bool:
        """Whether the API server no longer has the object."""
        try:
            api.get(api.path(from_struct(self._inputs)))
        except NotFoundError:
            return True
        return False

    def _checked(self, object_: Object, old: Any) -> Any:
        named = {**object_, "metadata": {**object_["metadata"], "name": f"{object_['metadata']['name']}-{self._name}"}}
        request = provider_pb2.CheckRequest(**self._whose, olds=old, news=to_struct(named), randomSeed=secrets.token_bytes(32))
        answer = self._ask("Check", request)
        assert not answer.failures, answer.failures
        return answer.inputs

    def _ask(self, method: str, request: Any) -> Any:
        try:
            return getattr(self._provider, method)(request, timeout=2 * SECONDS)
        except grpc.RpcError as error:
            raise RefusedError(error.details()) from None


@contextmanager
def serving(binary: Path, kubeconfig: Path, **settings: str) -> Iterator[Official]:
    """The provider's own process, for as long as it is needed."""
    process = subprocess.Popen([binary, NO_ENGINE], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout
        yield Official(int(process.stdout.readline()), kubeconfig.read_text("utf-8"), settings)
    finally:
        process.terminate()
        process.wait()
