"""Values that no schema of Kubernetes refuses but the API server or the EBS driver does."""

from typing import Any

import pytest

from commonground.local.providers.kubernetes.provider import KubernetesStandIn
from commonground.local.providers.provider import Subject
from commonground.local.providers.values import UNKNOWN

EBS = "ebs.csi.aws.com"
CLASS: dict[str, Any] = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "gp3"}, "provisioner": EBS}


def refusals(object_: dict[str, Any]) -> list[str]:
    subject = Subject("urn:pulumi:test::test::kubernetes:thing::thing", "kubernetes:thing", "one")
    _, failures = KubernetesStandIn("1.36", None).check(subject, None, object_)
    return [f"{failure.property}: {failure.reason}" for failure in failures]


def of(api: str, kind: str, **rest: Any) -> dict[str, Any]:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": "thing"}, **rest}


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"reclaimPolicy": "Recycle"}, "reclaimPolicy: 'Recycle' is not one of Delete, Retain"),
        (
            {"volumeBindingMode": "WaitForFirstConsumers"},
            "volumeBindingMode: 'WaitForFirstConsumers' is not one of Immediate, WaitForFirstConsumer; did you mean",
        ),
        ({"provisioner": ""}, "provisioner: '' is not the name of a driver"),
        ({"parameters": {"type": "gp4"}}, "parameters.type: is 'gp4', expected one of gp2, gp3"),
        ({"parameters": {"type": "GP3"}}, "parameters.type: is 'GP3'"),
        ({"parameters": {"encrypted": "yes"}}, 'parameters.encrypted: is \'yes\', expected "true" or "false"'),
        ({"parameters": {"csi.storage.k8s.io/fstype": "btrfs"}}, "parameters.csi.storage.k8s.io/fstype: is 'btrfs'"),
        ({"parameters": {"iops": "many"}}, "parameters.iops: is 'many', expected a whole number"),
        ({"parameters": {"iops": "3000", "iopsPerGB": "50"}}, "parameters.iops: cannot be given together"),
        ({"parameters": {"throughputs": "125"}}, "parameters.throughputs: is not a parameter of ebs.csi.aws.com; did you mean throughput?"),
        ({"parameters": {"encrypted": "true", "kmsKeyId": "alias/models"}}, "parameters.kmsKeyId: is 'alias/models', expected the full ARN"),
        ({"parameters": {"kmsKeyId": "arn:aws:kms:eu-central-1:123456789012:key/0"}}, 'parameters.kmsKeyId: needs encrypted "true"'),
    ],
)
def test_a_storage_class_that_would_fail_at_the_first_claim_is_refused(change: dict[str, Any], refusal: str) -> None:
    (found,) = refusals({**CLASS, **change})
    assert found.startswith(refusal)


@pytest.mark.parametrize(
    "change",
    [
        {"reclaimPolicy": "Retain", "volumeBindingMode": "WaitForFirstConsumer", "allowVolumeExpansion": True},
        {"parameters": {"type": "io2", "iopsPerGB": "50", "fsType": "xfs", "encrypted": "true", "kmskeyid": "arn:aws:kms:eu-central-1:123456789012:key/0"}},
        {"parameters": {"type": "gp3", "throughput": "250", "csi.storage.k8s.io/fstype": "ext4", "tagSpecification_1": "team=shop"}},
        {"parameters": {"type": UNKNOWN, "encrypted": UNKNOWN, "kmsKeyId": UNKNOWN}, "reclaimPolicy": UNKNOWN},
        {"provisioner": "efs.csi.aws.com", "parameters": {"provisioningMode": "efs-ap"}},
    ],
)
def test_a_sound_storage_class_is_taken(change: dict[str, Any]) -> None:
    assert refusals({**CLASS, **change}) == []


@pytest.mark.parametrize(
    ("object_", "path"),
    [
        (of("v1", "Service", spec={"type": "Balancer", "ports": [{"port": 80}]}), "spec.type"),
        (of("v1", "Service", spec={"ports": [{"port": 80, "protocol": "tcp"}]}), "spec.ports.protocol"),
        (of("networking.k8s.io/v1", "NetworkPolicy", spec={"podSelector": {}, "policyTypes": ["Ingress", "Outgress"]}), "spec.policyTypes"),
        (of("policy/v1", "PodDisruptionBudget", spec={"unhealthyPodEvictionPolicy": "Always"}), "spec.unhealthyPodEvictionPolicy"),
        (of("scheduling.k8s.io/v1", "PriorityClass", value=1, preemptionPolicy="Always"), "preemptionPolicy"),
        (of("v1", "PersistentVolumeClaim", spec={"accessModes": ["ReadWriteTwice"], "resources": {"requests": {"storage": "1Gi"}}}), "spec.accessModes"),
        (of("v1", "Pod", spec={"containers": [{"name": "a", "image": "a", "imagePullPolicy": "Sometimes"}]}), "spec.containers.imagePullPolicy"),
    ],
)
def test_a_value_that_is_none_of_those_known_is_refused(object_: dict[str, Any], path: str) -> None:
    (found,) = refusals(object_)
    assert found.startswith(f"{path}: ")
    assert "is not one of" in found


def test_known_values_are_taken() -> None:
    assert refusals(of("v1", "Service", spec={"type": "LoadBalancer", "ports": [{"port": 80, "protocol": "TCP"}], "ipFamilies": ["IPv4"]})) == []
    assert refusals(of("networking.k8s.io/v1", "NetworkPolicy", spec={"podSelector": {}, "policyTypes": ["Ingress", UNKNOWN]})) == []
