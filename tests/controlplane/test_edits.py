"""The table of edits, by the official Kubernetes provider on a real API server: what `tests/local/providers/kubernetes` holds the stand-in to."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from tests.controlplane.official import Diff, Official, RefusedError, Thing, serving
from tests.controlplane.support import eventually
from tests.local.providers.kubernetes.clusters import MOVES, Move
from tests.local.providers.kubernetes.edits import EDITS, EDITS_IN_PLACE, IN_PLACE_SETTINGS, Edit, Outcome
from tests.local.providers.kubernetes.objects import NAMESPACE, OTHER_NAMESPACE

from commonground.local.cluster import builds
from commonground.local.cluster.api import Api
from commonground.local.cluster.processes import ControlPlane

AT_ONCE = 8


@dataclass(frozen=True)
class Found:
    """What came of an edit."""

    diff: Diff
    previewed: str
    """What the API server says of it in a preview; nothing where it goes."""
    done: str
    """What it says when it is done."""


@pytest.fixture(scope="module")
def binary() -> Path:
    """The official provider, built if need be, which takes minutes."""
    found = builds.kubernetes_provider(print)
    if found is None:
        pytest.skip("where the engine downloads the official provider none is built, and these tests speak to the one that is")
    return found


@pytest.fixture(scope="module")
def official(control_plane: ControlPlane, binary: Path) -> Iterator[Official]:
    """With server-side apply and no other settings."""
    with serving(binary, control_plane.admin_kubeconfig) as provider:
        yield provider


@pytest.fixture(scope="module")
def found(control_plane: ControlPlane, api: Api, binary: Path, official: Official) -> Iterator[dict[str, Found]]:
    """What came of each edit by its name, several at once: a test that made its own would wait for it."""
    for name in (NAMESPACE, OTHER_NAMESPACE):
        api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    with serving(binary, control_plane.admin_kubeconfig, **dict.fromkeys(IN_PLACE_SETTINGS, "true")) as in_place:
        yield _all_of(api, official, EDITS, "edit") | _all_of(api, in_place, EDITS_IN_PLACE, "in-place")
    for name in (NAMESPACE, OTHER_NAMESPACE):
        api.delete(f"/api/v1/namespaces/{name}")


def _all_of(api: Api, provider: Official, edits: Sequence[Edit], prefix: str) -> dict[str, Found]:
    things = [Thing(provider, edit.token, f"{prefix}-{number}") for number, edit in enumerate(edits)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip([edit.name for edit in edits], pool.map(partial(_made, api), edits, things), strict=True))


def _made(api: Api, edit: Edit, thing: Thing) -> Found:
    """As the engine makes it: the object, the edit, and what the provider said to do; in the end the object goes."""
    thing.create(edit.before)
    diff = thing.diff(edit.after)
    previewed = done = ""
    if diff.outcome is Outcome.UPDATE:
        previewed = _said(lambda: thing.update(edit.after, preview=True))
        done = _said(lambda: thing.update(edit.after, preview=False))
    elif diff.outcome is Outcome.REPLACE:
        done = _said(lambda: _replace(api, edit, thing, delete_first=diff.delete_first))
    thing.delete()
    return Found(diff, previewed, done)


def _replace(api: Api, edit: Edit, thing: Thing, *, delete_first: bool) -> None:
    before = copy(thing)
    if delete_first:
        before.delete()
        # `pulumi.com/skipAwait` has the provider not wait for it, and the new one would be written over what is going.
        eventually(lambda: before.is_gone(api))
    thing.create(edit.after)
    if not delete_first:
        before.delete()


def _said(do: Callable[[], None]) -> str:
    try:
        do()
    except RefusedError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("edit", [*EDITS, *EDITS_IN_PLACE], ids=[edit.name for edit in (*EDITS, *EDITS_IN_PLACE)])
def test_the_official_provider_makes_of_it_what_the_table_says(found: dict[str, Found], edit: Edit) -> None:
    came = found[edit.name]
    refused = edit.outcome is Outcome.REFUSED
    assert came.diff == Diff(Outcome.UPDATE if refused else edit.outcome, edit.paths, edit.delete_first)
    # A preview asks the API server, so what will be refused is refused there already; and nothing else is.
    assert (bool(came.previewed), bool(came.done)) == (refused, refused), came


@pytest.mark.parametrize("move", MOVES, ids=[move.name for move in MOVES])
def test_the_official_provider_replaces_all_objects_for_another_cluster_only(official: Official, move: Move) -> None:
    assert official.replaced_by(move) == move.replaces
