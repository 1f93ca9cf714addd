"""What happens to the session's cluster in the end, one command after the other; `test_up.py` looks at what came of it."""

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

import pytest
from tests.controlplane.support import Provisioned, eventually, only_cluster, wait_for_the_shop
from tests.foundation.checkout import Checkout, Result, environment

from commonground.local.cluster.api import Api, ApiError

Object = dict[str, Any]

SHOP = ("--project", "stacks/shop")
INCARNATION, NEXT = "a3f8", "b4c9"
FINALIZER = "example.com/hold"
IN_NO_NAMESPACE = (
    "/api/v1/namespaces",
    "/api/v1/nodes",
    "/api/v1/persistentvolumes",
    "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies",
    "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings",
    "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "/apis/resource.k8s.io/v1/deviceclasses",
    "/apis/scheduling.k8s.io/v1/priorityclasses",
    "/apis/storage.k8s.io/v1/storageclasses",
)
"""Kinds that are in no namespace: of objects of ours, and nodes and volumes."""
SAID_SECONDS = 120.0
OUTSIDE = (
    ("blueprint.yaml", 'kubernetes: ["1.35", "1.36"]', 'kubernetes: ["1.36", "1.37"]'),
    ("blueprint.yaml", "{access: public, clients: api_clients}", "{access: private}"),
    ("lock.local.yaml", 'kubernetes: "1.36"', 'kubernetes: "1.37"'),
    ("lock.local.yaml", "kube-proxy: v1.36.0", "kube-proxy: v1.37.0"),
    ("lock.local.yaml", 'NVIDIA: "1.36.0', 'NVIDIA: "1.37.0'),
    ("lock.local.yaml", 'STANDARD: "1.36.0', 'STANDARD: "1.37.0'),
)
"""Another Kubernetes version, and a private endpoint. Previewed only: the control plane that is built here has one version."""
CLIENTS = ("Pulumi.local.yaml", "203.0.113.0/24", "198.51.100.0/24")
"""Other clients of the cluster's endpoint."""
WITHOUT_THE_OLD = {"PULUMI_K8S_DELETE_UNREACHABLE": "true"}
"""The provider's own way to forget objects of a cluster that is gone: those of a team's stack went with it."""
TAGGED = """import pulumi


def tagged(args):
    if args.type_ != "aws:eks/cluster:Cluster":
        return None
    return pulumi.ResourceTransformResult({**args.props, "tags": {**args.props["tags"], "cost": "7"}}, args.opts)


pulumi.runtime.register_resource_transform(tagged)
"""
"""At the top of the foundation's program: one more tag on the cluster, which its nodes get too."""


@dataclass(frozen=True)
class Moment:
    """The cluster after a command."""

    nodes: list[Object]
    objects: dict[str, dict[str, str]]
    """By project: uids of the Kubernetes objects in its state, by URN."""


@dataclass
class Story:
    """What each command said, and what there was after it."""

    first: Result
    said: dict[str, Result] = field(default_factory=dict)
    moments: dict[str, Moment] = field(default_factory=dict)
    hung: str = ""
    """What a `destroy` said before it was interrupted, while a pod did not end."""
    held: str = ""
    """That pod, as `namespace/name`."""
    left: list[Object] = field(default_factory=list)
    """Deployments and pods of the shop after it, by the API server."""
    rest: list[str] = field(default_factory=list)
    """Types of what its state held then."""
    remains: list[Object] = field(default_factory=list)
    """Of the shop's workloads after the second one."""
    ours: dict[str, str] = field(default_factory=dict)
    """What the foundation's state held in no namespace before the last destroy: logical names by uid."""
    last: "Last | None" = None
    planes: int = 0
    """Control planes that still run at the end."""


@dataclass
class Last:
    """The cluster's last moments: what an observer saw last before its API server was gone."""

    namespaces: list[str] = field(default_factory=list)
    finalizers: list[str] = field(default_factory=list)
    """Of pods that are left."""
    left: dict[str, str] = field(default_factory=dict)
    """What is left of the kinds that are in no namespace: `kind/name` by uid."""
    seen: set[str] = field(default_factory=set)
    """Uids of all that was ever there of them."""


def tell(provisioned: Provisioned) -> Story:
    """All of it, on a cluster that has the foundation and the shop; nothing is left of it."""
    checkout = provisioned.checkout
    story = Story(provisioned.foundation)
    story.moments["first"] = moment(checkout)
    story.said["again"], story.said["shop again"] = checkout.run("up", "local"), checkout.run("up", "local", *SHOP)
    with edited(checkout, OUTSIDE):
        story.said["another version"] = checkout.run("preview", "local")
    _change_the_cluster(checkout)
    story.said["other tags and clients"] = checkout.run("up", "local")
    story.moments["other tags and clients"] = moment(checkout)
    checkout.edit("lock.local.yaml", f"incarnation: {INCARNATION}", f"incarnation: {NEXT}")
    story.said["another incarnation"] = checkout.run("up", "local")
    story.said["shop follows"] = checkout.run("up", "local", *SHOP, variables=WITHOUT_THE_OLD)
    _, api = only_cluster(checkout)
    wait_for_the_shop(api)
    story.moments["another incarnation"] = moment(checkout)
    story.said["status"] = checkout.run("local", "status")
    _destroy_a_shop_that_hangs(story, checkout, api)
    story.ours = in_no_namespace(checkout, "commonground")
    with observed(api) as story.last:
        story.said["destroy"] = checkout.run("destroy", "local")
    story.said["status after"] = checkout.run("local", "status")
    checkout.run("local", "stop")
    story.planes = len(list(checkout.local.glob("cluster/planes/*/cluster.json")))
    return story


def _change_the_cluster(checkout: Checkout) -> None:
    checkout.edit(*CLIENTS)
    program = checkout.stack / "__main__.py"
    program.write_text(TAGGED + program.read_text("utf-8"), "utf-8")


def _destroy_a_shop_that_hangs(story: Story, checkout: Checkout, api: Api) -> None:
    """A pod gets a finalizer that nobody takes off; the destroy is interrupted once it has said so; then it is taken off."""
    path = "/api/v1/namespaces/shop/pods"
    name = api.list(path, labels="app.kubernetes.io/name=web")[0]["metadata"]["name"]
    story.held = f"shop/{name}"
    api.patch(f"{path}/{name}", {"metadata": {"finalizers": [FINALIZER]}})
    story.said["hung"], story.hung = _interrupted(checkout, "does not end")
    story.left = [*api.list("/apis/apps/v1/namespaces/shop/deployments"), *api.list(path)]
    story.rest = [resource["type"] for resource in resources(checkout, "shop")]
    api.patch(f"{path}/{name}", {"metadata": {"finalizers": None}})
    story.said["shop destroyed"] = checkout.run("destroy", "local", *SHOP)
    kinds = ("/api/v1/{}/pods", "/api/v1/{}/services", "/apis/apps/v1/{}/deployments", "/apis/policy/v1/{}/poddisruptionbudgets")
    story.remains = [found for kind in kinds for space in ("shop", "shop-jobs") for found in api.list(kind.format(f"namespaces/{space}"))]


def _interrupted(checkout: Checkout, words: str) -> tuple[Result, str]:
    """A destroy of the shop that is interrupted when it has said these words; what came of it, and what it had said by then."""
    destroying = checkout.start("destroy", "local", *SHOP)
    assert destroying.stdout
    lines: list[str] = []
    reader = Thread(target=lambda: lines.extend(destroying.stdout or ()), daemon=True)
    reader.start()
    try:
        eventually(lambda: any(words in line for line in list(lines)), SAID_SECONDS)
    finally:
        by_then = "".join(lines)
        os.kill(destroying.pid, signal.SIGINT)
        code = destroying.wait(SAID_SECONDS)
        reader.join()
    return Result(code, "", "".join(lines)), by_then


@contextmanager
def edited(checkout: Checkout, changes: tuple[tuple[str, str, str], ...]) -> Iterator[None]:
    """Files of the foundation with changes, put back afterwards."""
    before = {name: (checkout.stack / name).read_text("utf-8") for name, *_ in changes}
    for change in changes:
        checkout.edit(*change)
    yield
    for name, text in before.items():
        (checkout.stack / name).write_text(text, "utf-8")


def moment(checkout: Checkout) -> Moment:
    """The cluster as it is now."""
    return Moment(listed(checkout, "nodes"), {project: uids(checkout, project) for project in ("commonground", "shop")})


def uids(checkout: Checkout, project: str) -> dict[str, str]:
    """Of each Kubernetes object in a project's state, by URN."""
    objects = [resource for resource in resources(checkout, project) if resource["type"].startswith("kubernetes:")]
    return {resource["urn"]: resource["outputs"]["metadata"]["uid"] for resource in objects}


def in_no_namespace(checkout: Checkout, project: str) -> dict[str, str]:
    """Logical names, by uid, of the Kubernetes objects in a project's state that are in no namespace."""
    found = {resource["urn"]: resource["outputs"]["metadata"] for resource in resources(checkout, project) if resource["type"].startswith("kubernetes:")}
    return {metadata["uid"]: urn.rpartition("::")[2] for urn, metadata in found.items() if not metadata.get("namespace")}


def resources(checkout: Checkout, project: str) -> list[Object]:
    """What a project's state holds, but for components and providers."""
    state = json.loads((checkout.root / f".commonground/state/.pulumi/stacks/{project}/local.json").read_text("utf-8"))
    found = state["checkpoint"]["latest"].get("resources") or []
    return [resource for resource in found if resource["custom"] and not resource["type"].startswith("pulumi:")]


def listed(checkout: Checkout, kind: str) -> list[Object]:
    """As kubectl lists them, in a shell that took what `commonground local env` prints; without kubectl the tests have nothing to say."""
    if shutil.which("kubectl") is None:
        pytest.skip("there is no `kubectl` on PATH")
    printed = checkout.run("local", "env").out.splitlines()
    variables = dict(line.removeprefix("export ").split("=", 1) for line in printed)
    command = ["kubectl", "get", kind, "--all-namespaces", "--output", "json"]
    said = subprocess.run(command, env={**os.environ, **environment(variables)}, capture_output=True, text=True, check=True)
    found: list[Object] = json.loads(said.stdout)["items"]
    return found


@contextmanager
def observed(api: Api) -> Iterator[Last]:
    """Looks at a cluster until it is gone."""
    last, over = Last(), Event()

    def look() -> None:
        while not over.wait(0.1):
            try:
                pods, found = api.list("/api/v1/pods"), {kind.rpartition("/")[2]: api.list(kind) for kind in IN_NO_NAMESPACE}
            except ApiError:
                continue
            last.namespaces = [namespace["metadata"]["name"] for namespace in found["namespaces"]]
            last.finalizers = [finalizer for pod in pods for finalizer in pod["metadata"].get("finalizers") or ()]
            last.left = {one["metadata"]["uid"]: f"{kind}/{one['metadata']['name']}" for kind, those in found.items() for one in those}
            last.seen |= last.left.keys()

    thread = Thread(target=look, daemon=True)
    thread.start()
    yield last
    over.set()
    thread.join()


def deleted(said: Result) -> list[tuple[str, str]]:
    """Logical names and types of what a destroy deleted, in its order, as its lines tell it."""
    return re.findall(r"^  deleted (\S+) \((\S+)\)", said.err, re.MULTILINE)
