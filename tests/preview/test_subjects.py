"""What comes and goes with something else is no change of its own."""

from typing import Any

from tests.preview.steps import LATER, STACK, step

from commonground.engine.steps import Step
from commonground.preview import environment
from commonground.preview.model import Class

BUCKET, BLOCK = "aws:s3/bucket:Bucket", "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
NAMESPACE, RULES = "kubernetes:core/v1:Namespace", "kubernetes:networking.k8s.io/v1:NetworkPolicy"
BINDING = "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding"
COMPONENT = f"{STACK}own:Bucket::data"


def said(*steps: Step, **more: Any) -> dict[str, str]:
    """Reasons by logical name."""
    return {change.name: " | ".join(f"{reason.kind}: {reason.why}" for reason in change.reasons) for change in environment("dev", steps, **more).changes}


def bucket(op: str) -> Step:
    if op == "delete":
        return step(op, "bucket", BUCKET, id="bucket-1", old={"bucket": "bucket-1"}, outputs={"arn": "arn:aws:s3:::bucket-1"})
    return step(op, "bucket", BUCKET, parent=COMPONENT, new={"bucket": "bucket-1"}, outputs={"arn": LATER})


def test_the_settings_of_a_bucket_go_with_it_and_make_nothing_wider() -> None:
    found = said(bucket("delete"), step("delete", "block", BLOCK, old={"bucket": "bucket-1"}))
    assert found == {"bucket": "data at risk: its objects would be lost", "block": "other: goes with bucket"}


def test_of_a_bucket_that_stays_they_do() -> None:
    found = said(step("same", "bucket", BUCKET, id="bucket-1"), step("delete", "block", BLOCK, old={"bucket": "bucket-1"}))
    assert found == {"block": "security wider: public access is not refused any more"}


def test_a_bucket_that_another_program_has_stays() -> None:
    assert said(step("delete", "block", BLOCK, old={"bucket": "elsewhere"}))["block"].startswith("security wider")


def test_a_failed_preview_has_not_seen_all_that_goes() -> None:
    kept, gone = (step("delete", name, BLOCK, old={"bucket": f"{name}-1"}) for name in ("kept", "gone"))
    found = said(step("same", "bucket", BUCKET, id="kept-1"), kept, gone, problems=["it is protected"])
    assert found == {"kept": "security wider: public access is not refused any more", "gone": "other: goes with gone-1"}


def test_the_settings_of_a_new_bucket_are_new_with_it_also_before_it_has_a_name() -> None:
    component = Step("create", COMPONENT, "own:Bucket")
    block = step("create", "block", BLOCK, parent=COMPONENT, new={"bucket": LATER})
    assert said(component, bucket("create"), block) == {"bucket": "other: new", "block": "other: new with bucket"}


def test_what_is_new_for_a_bucket_that_is_there_is_told() -> None:
    assert said(step("create", "block", BLOCK, parent=COMPONENT, new={"bucket": "bucket-1"})) == {"block": "security narrower: public access is refused"}


def test_who_gets_into_something_new_is_told_all_the_same() -> None:
    there = {"metadata": {"namespace": "shop"}}
    namespace, rules, binding = (
        step("create", "ns", NAMESPACE, new={"metadata": {"name": "shop"}}),
        step("create", "rules", RULES, new=there),
        step("create", "binding", BINDING, new=there),
    )
    assert said(namespace, rules, binding) == {
        "ns": "other: new",
        "rules": "other: new with ns",
        "binding": "security wider: subjects get a role in the cluster",
    }


def test_data_in_what_goes_is_at_risk_all_the_same() -> None:
    claim = step("delete", "claim", "kubernetes:core/v1:PersistentVolumeClaim", old={"metadata": {"namespace": "shop", "name": "claim"}})
    found = environment("dev", [step("delete", "ns", NAMESPACE, old={"metadata": {"name": "shop"}}), claim]).changes
    assert [change.reasons[0].kind for change in found] == [Class.DATA, Class.DATA]


def test_a_policy_that_refuses_nothing_more_of_what_goes_is_not_wider() -> None:
    def policy(*arns: str) -> str:
        statements = ", ".join(f'{{"Effect": "Deny", "Action": "s3:GetObject", "Resource": "{arn}/*"}}' for arn in arns)
        return f'{{"Statement": [{statements}]}}'

    gone, kept = "arn:aws:s3:::bucket-1", "arn:aws:s3:::other"
    less = step("update", "role", "aws:iam/rolePolicy:RolePolicy", old={"policy": policy(gone, kept)}, new={"policy": policy(kept)}, diff={"policy": "update"})
    assert said(bucket("delete"), less)["role"] == "other: policy changes"
    assert said(less)["role"] == "security wider: it allows more"


def renamed(**inputs: Any) -> dict[str, str]:
    own = {"bucket": "one-1", **inputs}
    return said(step("delete", "one", BUCKET, old=own), step("create", "two", BUCKET, new={**own, "bucket": inputs.get("bucket", "two-2")}))


def test_what_only_gets_another_name_is_told_that_an_alias_would_keep_it() -> None:
    assert "it looks like two, which is created: an alias would keep it" in renamed(__autonamed=True)["one"]
    assert "it looks like two, which is created: an alias would keep it" in renamed(__defaults=["bucket"])["one"]


def test_a_name_that_was_given_is_another_thing_that_no_alias_keeps() -> None:
    assert renamed() == {"one": "data at risk: its objects would be lost", "two": "other: new"}


def test_subscriptions_go_with_their_topic_and_the_texts_of_a_workspace_with_it() -> None:
    arn = "arn:aws:sns:eu-central-1:111111111111:alerts"
    topic = step("delete", "alerts", "aws:sns/topic:Topic", id=arn, old={"name": "alerts"}, outputs={"arn": arn})
    pager = step("delete", "pager", "aws:sns/topicSubscription:TopicSubscription", old={"topic": arn, "protocol": "email", "endpoint": "shop@acme.io"})
    found = said(topic, pager, step("delete", "drift", "aws:amp/ruleGroupNamespace:RuleGroupNamespace", old={"workspaceId": "ws-1", "name": "drift"}))
    assert found["alerts"].startswith("downtime: its subscriptions go")
    assert found["pager"] == "other: goes with alerts"
    assert found["drift"].startswith("downtime: its alerts do not fire any more"), "its workspace stays"
    workspace = step("delete", "metrics", "aws:amp/workspace:Workspace", id="ws-1", old={"alias": "metrics"})
    found = said(workspace, step("delete", "drift", "aws:amp/ruleGroupNamespace:RuleGroupNamespace", old={"workspaceId": "ws-1", "name": "drift"}))
    assert found == {"metrics": "data at risk: its metrics would be lost", "drift": "other: goes with metrics"}


def network_policy(op: str, name: str, namespace: str = "shop", **spec: Any) -> Step:
    """A policy that lets one range in, unless its spec says otherwise."""
    there = {"metadata": {"namespace": namespace}, "spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": []}], **spec}}
    return step(op, name, RULES, old={} if op == "create" else there, new={} if op == "delete" else there)


def test_a_network_policy_for_pods_that_another_one_isolates_lets_more_in() -> None:
    closed = network_policy("same", "closed", policyTypes=["Ingress", "Egress"])
    assert said(closed, network_policy("create", "scraped")) == {"scraped": "security wider: it lets through what other policies refuse"}
    assert said(closed, network_policy("delete", "scraped")) == {"scraped": "security narrower: what it let through, other policies refuse"}


def test_a_network_policy_for_pods_that_no_other_one_isolates_refuses_the_rest() -> None:
    others = (
        network_policy("same", "elsewhere", namespace="payments"),
        network_policy("same", "out", policyTypes=["Egress"]),
        network_policy("same", "few", podSelector={"matchLabels": {"a": "b"}}),
        network_policy("delete", "gone"),
    )
    assert said(*others, network_policy("delete", "open"))["open"] == "security wider: traffic is not refused any more"
    assert said(*others[:3], network_policy("create", "new"))["new"] == "security narrower: pods are reached by those named only"
