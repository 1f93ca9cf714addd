"""Whom `commonground lock` asks: AWS, or a local cloud."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from commonground.cli import options as shared
from commonground.engine.errors import EngineError, NotCreatedError
from commonground.lock import Client, Wanted
from commonground.settings.base import Cloud


class LivingClusterError(EngineError):
    """Another incarnation was asked for while the cluster of this one is there."""

    def __init__(self, environment: str, cluster: str) -> None:
        self.environment = environment
        self.cluster = cluster
        super().__init__(
            f"the state of {environment!r} holds the cluster {cluster}, which another incarnation would replace: nothing was changed. "
            f"Fix: take it away first (`commonground destroy {environment}`), then run this again."
        )


@contextmanager
def client(wanted: Wanted, checkout: Path, *, example: bool) -> Iterator[Client]:
    """What gives the boto3 client of a service, in the environment's account and region.

    `cloud: local` and examples ask the local cloud of the checkout (the folder that it keeps its things in), or one for this command alone where none runs.
    """
    if wanted.cloud is Cloud.AWS and not example:
        import boto3

        yield boto3.Session(region_name=wanted.region).client
        return
    from commonground.local.providers.aws.clients import Clients

    with _endpoint(checkout) as endpoint:
        clients = Clients(endpoint)
        yield lambda service: clients.get(service, wanted.account, wanted.region)


@contextmanager
def _endpoint(checkout: Path) -> Iterator[str]:
    from commonground.local import cloud

    if found := cloud.running(checkout):
        yield found.endpoint
        return
    with tempfile.TemporaryDirectory(prefix="commonground-") as folder:
        try:
            yield cloud.start(Path(folder)).endpoint
        finally:
            cloud.stop(Path(folder))


def refuse_while_there_is_a_cluster(wanted: Wanted, options: shared.Options, folder: Path) -> None:
    """Raises `LivingClusterError` where the state holds one. An example lock was never deployed from, `local`'s aside: no state is asked for."""
    if wanted.cloud is Cloud.AWS and wanted.previous is not None and wanted.previous.example:
        return
    with shared.question(options, folder, wanted.environment) as run:
        try:
            outputs: dict[str, Any] = run.outputs()
        except NotCreatedError:
            return
    contract = outputs.get("contract")
    cluster = contract.get("cluster") if isinstance(contract, dict) else None
    if cluster:
        raise LivingClusterError(wanted.environment, str(cluster.get("name", "")) if isinstance(cluster, dict) else str(cluster))
