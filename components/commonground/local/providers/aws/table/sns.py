"""SNS: topics, their policies, who is subscribed. Facts from terraform-provider-aws (internal/service/sns) and pulumi-aws."""

import json
from collections.abc import Iterable
from typing import Any

from commonground.local.providers.aws.api import Api
from commonground.local.providers.aws.table import documents
from commonground.local.providers.aws.table.common import put_again
from commonground.local.providers.aws.types import Argument, ResourceType
from commonground.local.providers.names import Autoname
from commonground.local.providers.values import UNKNOWN, Properties

TOPIC = documents.Kind(principal=True, resource=True, most=30720)  # SNS developer guide, "Amazon SNS quotas": 30 KB
# Argument -> attribute of the API, in the order of setting.
ATTRIBUTES = {
    "displayName": "DisplayName",
    "policy": "Policy",
    "deliveryPolicy": "DeliveryPolicy",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "signatureVersion": "SignatureVersion",
    "tracingConfig": "TracingConfig",
    "contentBasedDeduplication": "ContentBasedDeduplication",
}
AT_ONCE = ("fifoTopic", "contentBasedDeduplication")
ACTIONS = ("Publish", "RemovePermission", "SetTopicAttributes", "DeleteTopic", "ListSubscriptionsByTopic", "GetTopicAttributes", "AddPermission", "Subscribe")


def _text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)


def _create_topic(api: Api, new: Properties) -> str:
    fifo = {"FifoTopic": "true", **({"ContentBasedDeduplication": "true"} if _on(new["contentBasedDeduplication"]) else {})} if _on(new["fifoTopic"]) else {}
    tags = [{"Key": key, "Value": value} for key, value in sorted(new.get("tagsAll", {}).items())]
    arn = str(api.call("CreateTopic", Name=new["name"], Attributes=fifo, Tags=tags)["TopicArn"])
    _set(api, arn, new, {name for name in ATTRIBUTES if name in new and name not in AT_ONCE})
    return arn


def _on(flag: Any) -> bool:
    """Pulumi takes a flag as text too."""
    return flag in (True, "true")


def _set(api: Api, arn: str, new: Properties, names: set[str]) -> None:
    for name, attribute in ATTRIBUTES.items():
        if name in names and (name != "policy" or new.get(name)):  # an empty policy is never sent
            api.call("SetTopicAttributes", TopicArn=arn, AttributeName=attribute, AttributeValue=_text(new.get(name, "")))


def _attributes(api: Api, arn: str) -> dict[str, str] | None:
    found: dict[str, str] | None = api.ask("GetTopicAttributes", "Attributes", TopicArn=arn)
    return found


def _read_topic(api: Api, id_: str, _state: Properties) -> Properties | None:
    found = _attributes(api, id_)
    if found is None:
        return None
    return {
        "arn": id_,
        "name": id_.rpartition(":")[2],
        "owner": found.get("Owner"),
        "policy": found.get("Policy"),
        "displayName": found.get("DisplayName") or None,
        "deliveryPolicy": found.get("DeliveryPolicy") or None,
        "kmsMasterKeyId": found.get("KmsMasterKeyId") or None,
        "signatureVersion": int(found.get("SignatureVersion") or 1),
        "tracingConfig": found.get("TracingConfig") or "PassThrough",
        "fifoTopic": found.get("FifoTopic") == "true",
        "contentBasedDeduplication": found.get("ContentBasedDeduplication") == "true",
        "beginningArchiveTime": found.get("BeginningArchiveTime", ""),
        "tagsAll": api.ask("ListTagsForResource", "Tags", ResourceArn=id_) or {},
    }


def _update_topic(api: Api, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
    _set(api, id_, new, changed & set(ATTRIBUTES))

    def tag(tags: dict[str, str]) -> None:
        api.call("TagResource", ResourceArn=id_, Tags=[{"Key": key, "Value": value} for key, value in tags.items()])

    api.retag(old, new, tag=tag, untag=lambda keys: api.call("UntagResource", ResourceArn=id_, TagKeys=keys))


def _topic_traps(inputs: Properties) -> Iterable[tuple[str, str]]:
    yield from documents.check_policy(TOPIC, "policy")(inputs)
    if reason := documents.not_json(inputs.get("deliveryPolicy")):
        yield "deliveryPolicy", reason
    name, fifo = inputs.get("name"), _on(inputs.get("fifoTopic"))
    if isinstance(name, str) and name != UNKNOWN:
        stem = name.removesuffix(".fifo") if fifo else name
        if not stem or len(name) > 256 or not all(sign.isascii() and (sign.isalnum() or sign in "-_") for sign in stem):  # API reference, CreateTopic
            yield "name", f"{name!r} is not letters, digits, hyphens and underscores, at most 256"
        if fifo and stem == name:
            yield "name", f"{name!r} has to end in .fifo"
    if _on(inputs.get("contentBasedDeduplication")) and not fifo and inputs.get("fifoTopic") != UNKNOWN:
        yield "contentBasedDeduplication", "needs fifoTopic"
    if inputs.get("signatureVersion") not in (None, 1, 2, "1", "2", UNKNOWN):
        yield "signatureVersion", f"is {inputs['signatureVersion']}, expected 1 or 2"
    if inputs.get("tracingConfig") not in (None, "Active", "PassThrough", UNKNOWN):
        yield "tracingConfig", f"{inputs['tracingConfig']!r} is not one of Active, PassThrough"


def _default_policy(api: Api, arn: str) -> str:
    """What a topic has that was given none, and what remains when its policy is deleted (topic_policy.go)."""
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{action}" for action in ACTIONS],
        "Resource": arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": api.account}},
    }
    return json.dumps({"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]})


def _planned_topic(api: Api, id_: str, inputs: Properties) -> Properties:
    filled = {"policy": _default_policy(api, id_), "signatureVersion": 1, "tracingConfig": "PassThrough"}
    return {"arn": id_, "owner": api.account, "beginningArchiveTime": "", **{name: inputs.get(name, value) for name, value in filled.items()}}


TOPIC_ROW = ResourceType(
    token="aws:sns/topic:Topic",
    service="sns",
    # Left out: namePrefix (auto-names do it), feedback roles and rates, what only a FIFO topic has besides (archivePolicy, fifoThroughputScope),
    # maximumMessageSize.
    arguments={
        "name": "CreateTopic.Name",
        "displayName": "string",
        "policy": "string",
        "deliveryPolicy": "string",
        "kmsMasterKeyId": "string",
        "signatureVersion": "integer",
        "tracingConfig": "string",
        "fifoTopic": "boolean",
        "contentBasedDeduplication": "boolean",
    },
    replaces=("name", "fifoTopic"),
    computed=("arn", "beginningArchiveTime", "owner"),
    optional=("policy", "signatureVersion", "tracingConfig"),
    defaults={"contentBasedDeduplication": False, "fifoTopic": False},
    documents=("deliveryPolicy",),
    spellings={"policy": documents.same_policy},
    autoname=Autoname("name", max_length=80),
    check=_topic_traps,
    planned=_planned_topic,
    planned_id=lambda api, inputs: api.arn("sns", str(inputs["name"])),
    create=_create_topic,
    read=_read_topic,
    update=_update_topic,
    delete=lambda api, id_, _: api.gone("DeleteTopic", TopicArn=id_),
    find=lambda api, new: api.arn("sns", new["name"]) if _attributes(api, api.arn("sns", new["name"])) else None,
)


def _put_policy(api: Api, new: Properties) -> str:
    api.call("SetTopicAttributes", TopicArn=new["arn"], AttributeName="Policy", AttributeValue=new["policy"])
    return str(new["arn"])


def _read_policy(api: Api, id_: str, _state: Properties) -> Properties | None:
    found = _attributes(api, id_)
    return None if found is None else {"arn": id_, "policy": found.get("Policy"), "owner": found.get("Owner")}


TOPIC_POLICY = ResourceType(
    token="aws:sns/topicPolicy:TopicPolicy",
    service="sns",
    arguments={"arn": "SetTopicAttributes.TopicArn", "policy": "string"},
    required=("arn", "policy"),
    replaces=("arn",),
    computed=("owner",),
    spellings={"policy": documents.same_policy},
    taggable=False,
    check=documents.check_policy(TOPIC, "policy"),
    planned=lambda api, _id, _inputs: {"owner": api.account},
    planned_id=lambda _, inputs: str(inputs["arn"]),
    create=_put_policy,
    read=_read_policy,
    update=put_again(_put_policy),
    # A topic always has a policy: deleting one puts the default in its place.
    delete=lambda api, id_, _: api.gone("SetTopicAttributes", TopicArn=id_, AttributeName="Policy", AttributeValue=_default_policy(api, id_)),
    find=lambda api, new: str(new["arn"]) if _attributes(api, new["arn"]) else None,
)

SUBSCRIPTION_ATTRIBUTES = {
    "filterPolicyScope": "FilterPolicyScope",
    "filterPolicy": "FilterPolicy",
    "deliveryPolicy": "DeliveryPolicy",
    "rawMessageDelivery": "RawMessageDelivery",
    "redrivePolicy": "RedrivePolicy",
    "subscriptionRoleArn": "SubscriptionRoleArn",
}
CONFIRMED_BY_HAND = ("email", "email-json", "http", "https")


def _subscribe(api: Api, new: Properties) -> str:
    given = {
        attribute: _text(new[name]) for name, attribute in SUBSCRIPTION_ATTRIBUTES.items() if name in new and (name != "rawMessageDelivery" or _on(new[name]))
    }
    request = api.request("Subscribe", new)
    return str(api.call("Subscribe", **request, Attributes=given, ReturnSubscriptionArn=True)["SubscriptionArn"])


def _read_subscription(api: Api, id_: str, state: Properties) -> Properties | None:
    found = api.ask("GetSubscriptionAttributes", "Attributes", SubscriptionArn=id_)
    if found is None:
        return None
    texts = {name: found.get(attribute) or None for name, attribute in SUBSCRIPTION_ATTRIBUTES.items() if name not in ("rawMessageDelivery", "filterPolicy")}
    policy = found.get("FilterPolicy") or None
    return {
        **texts,
        "arn": id_,
        "topic": found.get("TopicArn"),
        "protocol": found.get("Protocol"),
        "endpoint": found.get("Endpoint"),
        "ownerId": found.get("Owner"),
        "filterPolicy": None if policy == "{}" else policy,
        "rawMessageDelivery": found.get("RawMessageDelivery") == "true",
        "pendingConfirmation": found.get("PendingConfirmation") == "true",
        "confirmationWasAuthenticated": found.get("ConfirmationWasAuthenticated") == "true",
        **{name: state.get(name) for name in ("confirmationTimeoutInMinutes", "endpointAutoConfirms")},
    }


def _update_subscription(api: Api, id_: str, _old: Properties, new: Properties, changed: set[str]) -> None:
    for name, attribute in SUBSCRIPTION_ATTRIBUTES.items():
        if name in changed:
            gone = "{}" if name == "filterPolicy" else ""  # a filter policy ends by an empty one
            api.call("SetSubscriptionAttributes", SubscriptionArn=id_, AttributeName=attribute, AttributeValue=_text(new.get(name, gone)))


def _unsubscribe(api: Api, id_: str, state: Properties) -> None:
    """One that nobody confirmed cannot be ended: it goes by itself or with its topic (topic_subscription.go)."""
    if not state.get("pendingConfirmation"):
        api.gone("Unsubscribe", SubscriptionArn=id_)


def _found_subscription(api: Api, new: Properties) -> str | None:
    found = api.ask("ListSubscriptionsByTopic", "Subscriptions", TopicArn=new["topic"]) or []
    wanted = (new["protocol"], new["endpoint"])
    return next((str(one["subscriptionArn"]) for one in found if (one["protocol"], one["endpoint"]) == wanted), None)


def _subscription_traps(inputs: Properties) -> Iterable[tuple[str, str]]:
    for name in ("filterPolicy", "redrivePolicy", "deliveryPolicy"):
        if reason := documents.not_json(inputs.get(name)):
            yield name, reason
    if "filterPolicyScope" in inputs and "filterPolicy" not in inputs:
        yield "filterPolicyScope", "needs filterPolicy"
    protocol, endpoint = inputs.get("protocol"), inputs.get("endpoint")
    if protocol not in (None, UNKNOWN, *CONFIRMED_BY_HAND, "application", "firehose", "lambda", "sms", "sqs"):
        yield "protocol", f"{protocol!r} is not a protocol of SNS"
    if isinstance(endpoint, str) and endpoint != UNKNOWN:
        if protocol in ("http", "https") and not endpoint.startswith(f"{protocol}://"):
            yield "endpoint", f"{endpoint!r} does not begin with {protocol}://"
        if protocol in ("email", "email-json") and "@" not in endpoint:
            yield "endpoint", f"{endpoint!r} is not an address"


TOPIC_SUBSCRIPTION = ResourceType(
    token="aws:sns/topicSubscription:TopicSubscription",
    service="sns",
    # Left out: replayPolicy (FIFO topics only).
    arguments={
        "topic": Argument("Subscribe.TopicArn"),
        "protocol": "Subscribe.Protocol",
        "endpoint": "Subscribe.Endpoint",
        "confirmationTimeoutInMinutes": "integer",
        "deliveryPolicy": "string",
        "endpointAutoConfirms": "boolean",
        "filterPolicy": "string",
        "filterPolicyScope": "string",
        "rawMessageDelivery": "boolean",
        "redrivePolicy": "string",
        "subscriptionRoleArn": "string",
    },
    required=("topic", "protocol", "endpoint"),
    replaces=("endpoint", "protocol", "topic"),
    computed=("arn", "confirmationWasAuthenticated", "ownerId", "pendingConfirmation"),
    optional=("filterPolicyScope",),
    defaults={"confirmationTimeoutInMinutes": 1, "endpointAutoConfirms": False, "rawMessageDelivery": False},
    documents=("deliveryPolicy", "filterPolicy", "redrivePolicy"),
    local=("confirmationTimeoutInMinutes", "endpointAutoConfirms"),
    taggable=False,
    check=_subscription_traps,
    id_prefix="subscription",
    planned=lambda api, id_, inputs: {
        "arn": f"{inputs['topic']}:{id_}",
        "ownerId": api.account,
        "pendingConfirmation": inputs["protocol"] in CONFIRMED_BY_HAND,
        "confirmationWasAuthenticated": inputs["protocol"] not in CONFIRMED_BY_HAND,
        "filterPolicyScope": inputs.get("filterPolicyScope", "MessageAttributes" if "filterPolicy" in inputs else ""),
    },
    create=_subscribe,
    read=_read_subscription,
    update=_update_subscription,
    delete=_unsubscribe,
    find=_found_subscription,
)

ROWS = (TOPIC_ROW, TOPIC_POLICY, TOPIC_SUBSCRIPTION)
