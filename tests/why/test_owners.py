"""Pods that were never made: what their owners were told."""

from typing import Any

import pytest

from commonground.why import Kind, explain_owner
from commonground.why.refusals import refused
from tests.why.worlds import event, node, pod, world

QUOTA = (
    'pods "train-7d9f-x2" is forbidden: exceeded quota: shop-quota, requested: requests.nvidia.com/gpu=4, used: requests.nvidia.com/gpu=6, '
    "limited: requests.nvidia.com/gpu=8"
)
MESSAGES: dict[str, tuple[str, Kind, str, str]] = {
    "GPUs": (
        QUOTA,
        Kind.QUOTA,
        "quota shop-quota of namespace shop refuses it: it asks for 4 nvidia.com/gpu, 6 of 8 are used",
        "raise teams.shop.gpus in Pulumi.dev.yaml (shared out evenly over its namespaces)",
    ),
    "two resources": (
        "exceeded quota: shop-quota, requested: requests.cpu=2,requests.memory=4Gi, used: requests.cpu=7500m,requests.memory=30Gi, "
        "limited: requests.cpu=8,requests.memory=32Gi",
        Kind.QUOTA,
        "it asks for 2 CPU, 7.5 of 8 are used; 4 GiB memory, 30 GiB of 32 GiB are used",
        "teams.shop.cpu, teams.shop.memory_gib",
    ),
    "no GPUs at all": (
        "exceeded quota: q, requested: requests.nvidia.com/gpu=1, used: requests.nvidia.com/gpu=0, limited: requests.nvidia.com/gpu=0",
        Kind.QUOTA,
        "it asks for 1 nvidia.com/gpu, the quota has none",
        "teams.shop.gpus",
    ),
    "a priority that is not the team's": (
        "exceeded quota: reserved-priorities, requested: pods=1, used: pods=0, limited: pods=0",
        Kind.QUOTA,
        "takes no pods of its priority class",
        "serving, interactive or batch",
    ),
    "requests that are missing": (
        "failed quota: shop-quota: must specify requests.memory for: main",
        Kind.QUOTA,
        "takes only pods that say requests.memory for: main",
        "container",
    ),
    "pod security": (
        'pods "x" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true (pod or container "main" must set it)',
        Kind.REFUSED,
        "the pod security level restricted of namespace shop refuses it: runAsNonRoot != true",
        "securityContext",
    ),
    "an account": (
        'pods "x" is forbidden: error looking up service account shop/web: serviceaccount "web" not found',
        Kind.REFUSED,
        "namespace shop has no service account web",
        "use the team's own, `shop`",
    ),
    "a priority class": ("no PriorityClass with name urgent was found", Kind.REFUSED, "there is no priority class urgent", "serving"),
    "anything else": ('Error creating: pods "x" is forbidden: a webhook\nsays no', Kind.REFUSED, "no pod was made: a webhook says no", "template"),
}


@pytest.mark.parametrize("row", MESSAGES.values(), ids=MESSAGES)
def test_a_refusal_is_explained(row: tuple[str, Kind, str, str]) -> None:
    message, kind, text, fix = row
    reason = refused(message, "shop", world())
    assert (reason.kind, text in reason.text, fix in reason.fix) == (kind, True, True), reason
    assert "\n" not in reason.text


def test_memory_that_is_refused_by_request_and_by_limit_is_told_once() -> None:
    both = (",".join(f"{name}.memory={amount}" for name in ("limits", "requests")) for amount in ("4Gi", "30Gi", "32Gi"))
    reason = refused("exceeded quota: shop-quota, requested: {}, used: {}, limited: {}".format(*both), "shop", world())
    assert reason.text.endswith("refuses it: it asks for 4 GiB memory, 30 GiB of 32 GiB are used")
    assert "raise teams.shop.memory_gib in" in reason.fix


def owner(kind: str, name: str, *, of: dict[str, Any] | None = None, status: dict[str, Any] | None = None, revision: int = 1, **spec: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name, "namespace": "shop", "uid": name, "annotations": {"deployment.kubernetes.io/revision": str(revision)}}
    if of:
        metadata["ownerReferences"] = [{"kind": of["kind"], "name": of["metadata"]["name"], "uid": of["metadata"]["uid"]}]
    return {"kind": kind, "metadata": metadata, "spec": spec, "status": status or {}}


def test_a_deployment_tells_what_its_newest_replica_set_was_told() -> None:
    deployment = owner("Deployment", "train", replicas=2)
    failure = {"conditions": [{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": QUOTA}]}
    old, new = owner("ReplicaSet", "train-1", of=deployment), owner("ReplicaSet", "train-2", of=deployment, status=failure, revision=2)
    running = pod("train-2-a", node="n1", owner=new)
    about, reason = explain_owner(deployment, [deployment, old, new, running], world(node("n1"), running))
    assert (about, reason.kind) == ("deployment/train, 1 of 2 pods made", Kind.QUOTA)
    assert "quota shop-quota" in reason.text


def test_a_job_tells_what_its_last_event_says() -> None:
    job = owner("Job", "train")
    earlier, later = event("train", "FailedCreate", "something else", "2026-01-01T00:00:00Z"), event("train", "FailedCreate", QUOTA, "2026-01-01T00:01:00Z")
    assert explain_owner(job, [job], world(later, earlier))[1].kind is Kind.QUOTA


@pytest.mark.parametrize("involved", [{"uid": "of-yesterday"}, {"kind": "CronJob", "uid": "train"}], ids=["an earlier one", "another kind"])
def test_what_another_one_of_this_name_was_told_is_not_told_of_a_job(involved: dict[str, str]) -> None:
    job = owner("Job", "train")
    assert explain_owner(job, [job], world(event("train", "FailedCreate", QUOTA, **involved)))[1].kind is Kind.UNKNOWN
    assert explain_owner(job, [job], world(event("train", "FailedCreate", QUOTA, kind="Job", uid="train")))[1].kind is Kind.QUOTA


def test_a_deployment_that_was_made_again_is_not_told_of_its_old_replica_set_of_the_same_name() -> None:
    deployment = owner("Deployment", "web", replicas=1)
    replicas = owner("ReplicaSet", "web-7d9f", of=deployment)
    about, reason = explain_owner(deployment, [deployment, replicas], world(event("web-7d9f", "FailedCreate", QUOTA, uid="of-yesterday")))
    assert (about, reason.kind) == ("deployment/web", Kind.UNKNOWN)


def test_a_job_that_has_completed_says_so_whatever_it_was_told_before() -> None:
    complete = {"type": "Complete", "status": "True", "lastTransitionTime": "2026-11-30T10:00:00Z"}
    job = owner("Job", "train", status={"succeeded": 1, "conditions": [{"type": "Suspended", "status": "False"}, complete]})
    done = pod("train-a", node="n1", owner=job)
    done["status"] = {"phase": "Succeeded"}
    for objects in ([job], [job, done]):
        about, reason = explain_owner(job, objects, world(node("n1"), event("train", "FailedCreate", QUOTA)))
        assert (about, reason.kind, reason.text) == ("job/train", Kind.FINISHED, "has completed at 2026-11-30T10:00:00Z")


def test_a_job_that_has_failed_says_why() -> None:
    failed = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "Job has reached the specified backoff limit"}
    job = owner("Job", "train", status={"failed": 7, "conditions": [failed]})
    reason = explain_owner(job, [job], world(event("train", "FailedCreate", QUOTA)))[1]
    assert (reason.kind, reason.text) == (Kind.FINISHED, "has failed: BackoffLimitExceeded Job has reached the specified backoff limit")
    assert "kubectl logs job/train" in reason.fix


def test_an_old_refusal_is_not_told_of_a_deployment_that_has_its_pods() -> None:
    deployment = owner("Deployment", "web", replicas=1)
    replicas = owner("ReplicaSet", "web-1", of=deployment)
    waiting = pod("web-1-a", owner=replicas, nodeSelector={"disk": "ssd"})
    about, reason = explain_owner(deployment, [deployment, replicas, waiting], world(node("n1"), waiting, event("web-1", "FailedCreate", QUOTA)))
    assert (about, reason.kind) == ("pod/web-1-a", Kind.NO_LABEL)


def test_a_suspended_job_and_a_deployment_of_zero_want_no_pods() -> None:
    job, none = owner("Job", "train", suspend=True), owner("Deployment", "web", replicas=0)
    assert explain_owner(job, [job], world())[1].kind is Kind.GATED
    assert explain_owner(none, [none], world())[1].kind is Kind.NOT_WANTED


def test_a_deployment_whose_pods_run_says_so() -> None:
    deployment = owner("StatefulSet", "web", replicas=1)
    running = pod("web-0", node="n1", owner=deployment)
    about, reason = explain_owner(deployment, [deployment, running], world(node("n1"), running))
    assert (about, reason.kind) == ("statefulset/web", Kind.RUNNING)
    assert "pod/web-0 runs on node n1" in reason.text
