"""The local cloud's clusters with real control planes: access entries decide who comes in, and node groups are nodes."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.controlplane.support import eventually
from tests.local.cloud.eks.account import Account

from commonground.local import cloud
from commonground.local.cluster import lifecycle, shim
from commonground.local.cluster.api import Api, Credentials, ForbiddenError, UnauthorizedError
from commonground.local.cluster.builds import has_control_plane
from commonground.local.cluster.lifecycle import Kept

REGION, NUMBER = "eu-central-1", "123456789012"
POLICY = "arn:aws:eks::aws:cluster-access-policy/"
NODES = "/api/v1/nodes"
ACCELERATORS = "accelerators"

Object = dict[str, Any]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("local")


@pytest.fixture(scope="module")
def account(directory: Path) -> Iterator[Account]:
    if not has_control_plane():
        pytest.skip("the control plane is built from Go modules, and there is no `go` on PATH")
    running = cloud.start(directory)
    lifecycle.start(directory, running, NUMBER, REGION, print)
    yield Account(running.endpoint, number=NUMBER)
    lifecycle.stop(directory)
    cloud.stop(directory)


@pytest.fixture(scope="module")
def cluster(account: Account) -> str:
    """A cluster whose control plane runs."""
    name = account.cluster()
    eventually(lambda: described(account, name)["status"] == "ACTIVE")
    return name


def described(account: Account, name: str) -> Object:
    found: Object = account.eks.describe_cluster(name=name)["cluster"]
    return found


def kept(directory: Path, name: str) -> lifecycle.KeptCluster:
    found = lifecycle.running(directory)
    assert found
    return next(one for one in found.clusters if one.name == name)


@pytest.fixture(scope="module")
def admin(directory: Path, cluster: str) -> Api:
    credentials = kept(directory, cluster).kubeconfig.parent
    return Api(kept(directory, cluster).endpoint, credentials / "ca.crt", Credentials(certificate=credentials / "admin.crt", key=credentials / "admin.key"))


def as_role(account: Account, directory: Path, cluster: str, role: str) -> Api:
    """The cluster as a role reaches it: by a token of `aws eks get-token`."""
    running = cloud.running(directory)
    assert running
    aws = shim.write(directory / "bin") / "aws"
    command = [aws, "eks", "get-token", "--cluster-name", cluster, "--region", REGION, "--role-arn", role, "--output", "json"]
    said = subprocess.run(command, env=os.environ | running.environment(REGION), capture_output=True, text=True, check=True)
    ca = kept(directory, cluster).kubeconfig.parent / "ca.crt"
    return Api(described(account, cluster)["endpoint"], ca, Credentials(token=json.loads(said.stdout)["status"]["token"]))


def enter(account: Account, cluster: str, *, groups: tuple[str, ...] = (), policy: str = "", namespaces: tuple[str, ...] = ()) -> str:
    """A role with an access entry. Returns its ARN."""
    role = account.role()
    account.eks.create_access_entry(clusterName=cluster, principalArn=role, kubernetesGroups=list(groups))
    if policy:
        scope: Object = {"type": "namespace", "namespaces": list(namespaces)} if namespaces else {"type": "cluster"}
        account.eks.associate_access_policy(clusterName=cluster, principalArn=role, policyArn=f"{POLICY}{policy}", accessScope=scope)
    return role


def namespace(name: str) -> Object:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def secret(name: str, inside: str) -> Object:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": inside}}


def test_a_cluster_administrator_may_do_everything(account: Account, directory: Path, cluster: str) -> None:
    api = as_role(account, directory, cluster, enter(account, cluster, policy="AmazonEKSClusterAdminPolicy"))
    api.create(namespace("made-by-token"))
    api.delete("/api/v1/namespaces/made-by-token")


def test_a_role_without_an_entry_stays_out(account: Account, directory: Path, cluster: str) -> None:
    with pytest.raises(UnauthorizedError):
        as_role(account, directory, cluster, account.role()).list("/api/v1/namespaces")


def test_a_role_stays_out_once_its_entry_is_gone(account: Account, directory: Path, cluster: str) -> None:
    role = enter(account, cluster, policy="AmazonEKSClusterAdminPolicy")
    as_role(account, directory, cluster, role).list("/api/v1/namespaces")
    account.eks.delete_access_entry(clusterName=cluster, principalArn=role)
    with pytest.raises(UnauthorizedError):
        as_role(account, directory, cluster, role).list("/api/v1/namespaces")


def test_groups_of_the_entry_are_kubernetes_groups(account: Account, directory: Path, cluster: str) -> None:
    role = enter(account, cluster, groups=("commonground:shop:developer",))
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    info = as_role(account, directory, cluster, role).create(review)["status"]["userInfo"]
    assert info["groups"] == ["commonground:shop:developer", "system:authenticated"]
    assert info["username"].endswith("/EKSGetTokenAuth")


def test_a_viewer_sees_pods_but_no_secrets_and_changes_nothing(account: Account, directory: Path, cluster: str) -> None:
    api = as_role(account, directory, cluster, enter(account, cluster, policy="AmazonEKSViewPolicy"))
    api.list("/api/v1/pods")
    with pytest.raises(ForbiddenError):
        api.list("/api/v1/secrets")
    with pytest.raises(ForbiddenError):
        api.create(namespace("no"))


def test_an_administrative_viewer_sees_secrets_too(account: Account, directory: Path, cluster: str) -> None:
    api = as_role(account, directory, cluster, enter(account, cluster, policy="AmazonEKSAdminViewPolicy"))
    api.list("/api/v1/secrets")
    with pytest.raises(ForbiddenError):
        api.create(namespace("no"))


def test_a_policy_for_a_namespace_ends_there(account: Account, directory: Path, cluster: str, admin: Api) -> None:
    admin.create(namespace("shop"))
    api = as_role(account, directory, cluster, enter(account, cluster, policy="AmazonEKSEditPolicy", namespaces=("shop",)))
    api.create(secret("mine", "shop"))
    with pytest.raises(ForbiddenError):
        api.create(secret("mine", "default"))


def nodes(admin: Api, group: str) -> list[Object]:
    return admin.list(NODES, labels=f"eks.amazonaws.com/nodegroup={group}")


def ready(admin: Api, group: str, count: int) -> bool:
    found = nodes(admin, group)
    ready = [node for node in found if any(c["type"] == "Ready" and c["status"] == "True" for c in node["status"].get("conditions", []))]
    return len(found) == len(ready) == count


def resize(account: Account, cluster: str, group: str, size: int) -> None:
    account.eks.update_nodegroup_config(clusterName=cluster, nodegroupName=group, scalingConfig={"minSize": 0, "desiredSize": size, "maxSize": 4})


def test_a_node_group_is_nodes_as_many_as_it_wants_for_as_long_as_it_is_there(account: Account, cluster: str, admin: Api) -> None:
    account.pool(cluster, "general", instanceTypes=["m7i.xlarge"], labels={"commonground.dev/pool": "general"})
    eventually(lambda: ready(admin, "general", 2))
    (first, second) = nodes(admin, "general")
    assert {node["metadata"]["labels"]["topology.kubernetes.io/zone"] for node in (first, second)} == {f"{REGION}a", f"{REGION}b"}
    assert first["status"]["allocatable"]["cpu"] == "3920m"
    resize(account, cluster, "general", 4)
    eventually(lambda: ready(admin, "general", 4))
    resize(account, cluster, "general", 1)
    eventually(lambda: ready(admin, "general", 1))
    account.eks.delete_nodegroup(clusterName=cluster, nodegroupName="general")
    eventually(lambda: not nodes(admin, "general"))


def test_labels_and_taints_follow_the_group(account: Account, cluster: str, admin: Api) -> None:
    account.pool(cluster, "marked", labels={"a": "1"})
    eventually(lambda: ready(admin, "marked", 2))
    account.eks.update_nodegroup_config(
        clusterName=cluster,
        nodegroupName="marked",
        labels={"addOrUpdateLabels": {"b": "2"}, "removeLabels": ["a"]},
        taints={"addOrUpdateTaints": [{"key": "team", "value": "shop", "effect": "NO_SCHEDULE"}]},
    )
    eventually(lambda: all("a" not in node["metadata"]["labels"] and node["metadata"]["labels"].get("b") == "2" for node in nodes(admin, "marked")))
    assert all({"key": "team", "value": "shop", "effect": "NoSchedule"} in node["spec"]["taints"] for node in nodes(admin, "marked"))
    account.eks.delete_nodegroup(clusterName=cluster, nodegroupName="marked")
    eventually(lambda: not nodes(admin, "marked"))


def plugin() -> list[Object]:
    """NVIDIA's device plugin with GPUs shared by four."""
    config = {"version": "v1", "sharing": {"timeSlicing": {"resources": [{"name": "nvidia.com/gpu", "replicas": 4}]}}}
    container = {
        "name": "plugin",
        "image": "123456789012.dkr.ecr.eu-central-1.amazonaws.com/local/mirror/nvidia/k8s-device-plugin:v0.19.3",
        "env": [{"name": "CONFIG_FILE", "value": "/config/config.yaml"}],
        "volumeMounts": [{"name": "config", "mountPath": "/config"}],
    }
    volumes = [{"name": "config", "configMap": {"name": "accelerators", "items": [{"key": "gpu", "path": "config.yaml"}]}}]
    labels = {"app": "plugin"}
    pod = {"nodeSelector": {"commonground.dev/pool": "gpu"}, "tolerations": [{"operator": "Exists"}], "containers": [container], "volumes": volumes}
    spec = {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}}
    return [
        namespace(ACCELERATORS),
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "accelerators", "namespace": ACCELERATORS},
            "data": {"gpu": json.dumps(config)},
        },
        {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "plugin", "namespace": ACCELERATORS}, "spec": spec},
    ]


def test_gpus_are_there_where_the_plugin_runs_as_often_as_they_are_shared(account: Account, cluster: str, admin: Api) -> None:
    taint = {"key": "nvidia.com/gpu", "value": "true", "effect": "NO_SCHEDULE"}
    account.pool(cluster, "gpu", instanceTypes=["g6.12xlarge"], amiType="AL2023_x86_64_NVIDIA", labels={"commonground.dev/pool": "gpu"}, taints=[taint])
    eventually(lambda: ready(admin, "gpu", 2))
    assert all("nvidia.com/gpu" not in node["status"]["allocatable"] for node in nodes(admin, "gpu"))
    for object_ in plugin():
        admin.apply(object_)
    eventually(lambda: all(node["status"]["allocatable"].get("nvidia.com/gpu") == "16" for node in nodes(admin, "gpu")))
    admin.delete(f"/apis/apps/v1/namespaces/{ACCELERATORS}/daemonsets/plugin")
    eventually(lambda: all(node["status"]["allocatable"]["nvidia.com/gpu"] == "0" for node in nodes(admin, "gpu")))
    account.eks.delete_nodegroup(clusterName=cluster, nodegroupName="gpu")
    eventually(lambda: not nodes(admin, "gpu"))


def test_a_pod_that_hangs_holds_its_node_and_is_named(account: Account, directory: Path, cluster: str, admin: Api) -> None:
    account.pool(cluster, "held", labels={"held": "true"})
    eventually(lambda: ready(admin, "held", 2))
    eventually(lambda: admin.list("/api/v1/namespaces/default/serviceaccounts"))
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "hanging", "namespace": "default", "annotations": {"commonground.dev/hangs": "true"}},
        "spec": {"nodeSelector": {"held": "true"}, "containers": [{"name": "main", "image": "example.com/main:1"}]},
    }
    admin.create(pod)
    eventually(lambda: admin.get("/api/v1/namespaces/default/pods/hanging")["status"]["phase"] == "Running")
    account.eks.delete_nodegroup(clusterName=cluster, nodegroupName="held")
    eventually(lambda: [leaving.pods for leaving in kept(directory, cluster).leaving] == [("default/hanging (terminating)",)])
    assert len(nodes(admin, "held")) == 1
    admin.delete("/api/v1/namespaces/default/pods/hanging", grace=0)
    eventually(lambda: not nodes(admin, "held"))


def test_each_cluster_has_a_control_plane_of_its_own_which_goes_with_it(account: Account, directory: Path, cluster: str) -> None:
    other = account.cluster()
    eventually(lambda: described(account, other)["status"] == "ACTIVE", seconds=60)
    endpoint = described(account, other)["endpoint"]
    assert endpoint != described(account, cluster)["endpoint"]
    account.eks.delete_cluster(name=other)
    eventually(lambda: other not in {one.name for one in running(directory).clusters})


def running(directory: Path) -> Kept:
    found = lifecycle.running(directory)
    assert found
    return found
