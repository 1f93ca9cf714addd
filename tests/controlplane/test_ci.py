"""A team's stack is deployed by its role `ci`: the official provider makes, changes and deletes as that role whatever the role may write."""

import base64
import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi_kubernetes import Provider
from tests.components.stage import stage
from tests.controlplane.official import Official, Thing, serving
from tests.controlplane.support import Provisioned, eventually, whole
from tests.foundation.checkout import ACCOUNT, REGION
from tests.local.providers.kubernetes.objects import OBJECTS

from commonground import ExistingRepository, ExistingRole, Identity
from commonground.contract import ExistingTeam
from commonground.local.cluster import builds
from commonground.workloads import Service, ServiceSettings

WRITTEN = (
    *("ConfigMap", "CronJob", "Deployment", "HorizontalPodAutoscaler", "Job", "PersistentVolumeClaim"),
    *("PodDisruptionBudget", "ResourceClaimTemplate", "Secret", "Service"),
)
"""Kinds that a team's stack may hold, of those in the table of edits."""


@pytest.fixture(scope="module")
def as_ci(provisioned: Provisioned, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Official]:
    """The provider as somebody in the group of the shop's role `ci`."""
    binary = builds.kubernetes_provider(print)
    if binary is None:
        pytest.skip("where the engine downloads the official provider none is built, and these tests speak to the one that is")
    folder = provisioned.cluster.kubeconfig.parent
    authority, certificate, key = (base64.b64encode((folder / name).read_bytes()).decode() for name in ("ca.crt", "admin.crt", "admin.key"))
    user = {"client-certificate-data": certificate, "client-key-data": key, "as": "somebody", "as-groups": ["commonground:shop:ci"]}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "ci",
        "clusters": [{"name": "shop", "cluster": {"server": provisioned.cluster.endpoint, "certificate-authority-data": authority}}],
        "contexts": [{"name": "ci", "context": {"cluster": "shop", "user": "ci"}}],
        "users": [{"name": "ci", "user": user}],
    }
    kubeconfig: Path = tmp_path_factory.mktemp("ci") / "kubeconfig"
    kubeconfig.write_text(json.dumps(config), "utf-8")
    with serving(binary, kubeconfig) as provider:
        yield provider


@pytest.mark.parametrize("kind", WRITTEN)
def test_what_a_teams_stack_holds_comes_changes_and_goes_by_its_ci(as_ci: Official, provisioned: Provisioned, kind: str) -> None:
    before = copy.deepcopy(OBJECTS[kind])
    before["metadata"]["namespace"] = "shop"
    after = copy.deepcopy(before)
    after["metadata"]["labels"] = {"changed": "true"}
    version = before["apiVersion"]
    thing = Thing(as_ci, f"kubernetes:{version if '/' in version else f'core/{version}'}:{kind}", f"ci-{kind.lower()}")
    thing.create(before)
    thing.update(after, preview=False)
    thing.delete()
    eventually(lambda: thing.is_gone(provisioned.api))


def _with_image(tag: str) -> dict[str, Any]:
    """The deployment of the shop's application, as its stack declares it."""
    role = ExistingRole("shop", f"arn:aws:iam::{ACCOUNT}:role/shop")
    team = ExistingTeam("shop", namespaces={"shop": "shop"}, service_account="shop", identity=Identity("shop", role))
    registry = ExistingRepository("shop", arn="arn:shop", url=f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/shop")
    settings = ServiceSettings(image=tag, namespace="shop", replicas=1, cpu_millicores=100, memory_mib=64)

    def program() -> None:
        Service("set", settings, team=team, registry=registry, opts=pulumi.ResourceOptions(providers=[Provider("cluster", kubeconfig="{}")]))

    return whole(stage(program).one("kubernetes:apps/v1:Deployment").inputs)


def test_an_image_that_an_operator_set_by_hand_is_the_programs_again_after_the_next_up(as_ci: Official, provisioned: Provisioned) -> None:
    first, second = _with_image("v1"), _with_image("v2")
    thing = Thing(as_ci, "kubernetes:apps/v1:Deployment", "ci-image")
    thing.create(first)
    path = "/apis/apps/v1/namespaces/shop/deployments/set-ci-image"
    try:
        by_hand = {"metadata": {"name": "set-ci-image", "namespace": "shop"}, "apiVersion": "apps/v1", "kind": "Deployment"}
        container = {"name": "set", "image": "elsewhere/shop:hotfix"}
        provisioned.api.apply(by_hand | {"spec": {"template": {"spec": {"containers": [container]}}}}, manager="kubectl-set")
        thing.update(second, preview=True)
        thing.update(second, preview=False)
        (found,) = provisioned.api.get(path)["spec"]["template"]["spec"]["containers"]
        assert found["image"] == second["spec"]["template"]["spec"]["containers"][0]["image"]
    finally:
        thing.delete()
    eventually(lambda: thing.is_gone(provisioned.api))


def test_a_service_is_waited_for_until_it_has_pods(as_ci: Official, provisioned: Provisioned) -> None:
    """The provider watches a service's endpoints, unless it is told not to."""
    spec = {"selector": {"app.kubernetes.io/name": "web"}, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]}
    thing = Thing(as_ci, "kubernetes:core/v1:Service", "ci-waits")
    thing.create({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop"}, "spec": spec})
    thing.delete()
    eventually(lambda: thing.is_gone(provisioned.api))
