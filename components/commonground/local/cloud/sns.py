# mypy: allow-subclassing-any
"""SNS: policies are read, a topic is made once, subscribers confirm before anything is sent to them."""

import json
from typing import Any

from moto.core.responses import ActionResult
from moto.sns import urls
from moto.sns.models import Subscription, Topic
from moto.sns.responses import SNSResponse

from .iam import unknown_roles
from .support import policy_statements, refuse, take_over

INVALID = "InvalidParameter"
# SNS API reference, Subscribe: who has to confirm, and how an endpoint of a protocol begins. What is left out here needs no confirmation.
CONFIRMING = {"email": "", "email-json": "", "http": "http://", "https": "https://"}
PENDING = "pending confirmation"
# SNS API reference, SetTopicAttributes: what moto keeps and does not show.
FORGOTTEN = {"SignatureVersion": "signature_version", "TracingConfig": "tracing_config", "ArchivePolicy": "archive_policy"}
IMMUTABLE = ("FifoTopic",)


class Responder(SNSResponse):
    """SNS with every correction."""

    def create_topic(self) -> Any:
        """Refuses a policy that is none, and a topic that is there with other attributes or tags (API reference, CreateTopic)."""
        attributes = dict(self._get_param("Attributes") or {})
        self._check_policy(attributes.get("Policy"))
        name = self._get_param("Name")
        there = next((topic for topic in self.backend.topics.values() if topic.name == name), None)
        if there is not None:
            shown = self._attributes(there)
            if any(_text(shown.get(key, "")) != value for key, value in attributes.items() if key != "Policy"):
                refuse(INVALID, "Invalid parameter: Attributes Reason: Topic already exists with different attributes")
            if self._get_tags() not in ({}, there._tags):
                refuse(INVALID, "Invalid parameter: Tags Reason: Topic already exists with different tags")
        return super().create_topic()

    def set_topic_attributes(self) -> Any:
        """Refuses a policy that is none, and what is decided when a topic is made."""
        if self._get_param("AttributeName") == "Policy":
            self._check_policy(self._get_param("AttributeValue") or "")
        if self._get_param("AttributeName") in IMMUTABLE:
            refuse(INVALID, "Invalid parameter: AttributeName")
        answer = super().set_topic_attributes()
        if self._get_param("AttributeName") == "Policy":
            self.backend.get_topic(self._get_param("TopicArn")).policy_text = self._get_param("AttributeValue")
        return answer

    def get_topic_attributes(self) -> ActionResult:
        """With how many confirmed, and with what moto forgets."""
        return ActionResult({"Attributes": self._attributes(self.backend.get_topic(self._get_param("TopicArn")))})

    def _attributes(self, topic: Topic) -> dict[str, Any]:
        subscriptions = [one for one in self.backend.subscriptions.values() if one.topic is topic]
        pending = sum(_pending(one) for one in subscriptions)
        attributes = {
            "Owner": topic.account_id,
            "Policy": _policy(topic),
            "TopicArn": topic.arn,
            "DisplayName": topic.display_name,
            "SubscriptionsPending": str(pending),
            "SubscriptionsConfirmed": str(len(subscriptions) - pending),
            "SubscriptionsDeleted": "0",
            "EffectiveDeliveryPolicy": topic.effective_delivery_policy,
            "DeliveryPolicy": topic.delivery_policy,
            "KmsMasterKeyId": topic.kms_master_key_id,
            **{name: getattr(topic, attribute, "") for name, attribute in FORGOTTEN.items()},
        }
        if topic.fifo_topic:
            attributes |= {"FifoTopic": "true", "ContentBasedDeduplication": _text(topic.content_based_deduplication)}
        return {name: value for name, value in attributes.items() if value or name == "DisplayName"}

    def subscribe(self) -> Any:
        """Refuses an endpoint that is not the protocol's. Whoever has to confirm is pending, and gets nothing from here."""
        protocol, endpoint = self._get_param("Protocol"), self._get_param("Endpoint") or ""
        if not endpoint.startswith(CONFIRMING.get(protocol, "")):
            refuse(INVALID, "Invalid parameter: Endpoint must match the specified protocol")
        if protocol.startswith("email") and "@" not in endpoint:
            refuse(INVALID, "Invalid parameter: Email address")
        arn = str(super().subscribe().result["SubscriptionArn"])
        subscription = self.backend.subscriptions[arn]
        if protocol in CONFIRMING:
            subscription.attributes |= {"PendingConfirmation": True, "ConfirmationWasAuthenticated": False}
            subscription.publish = _nothing
        return ActionResult({"SubscriptionArn": arn if not _pending(subscription) or _given(self._get_param("ReturnSubscriptionArn")) else PENDING})

    def unsubscribe(self) -> Any:
        """Refuses one that nobody has confirmed: it goes by itself after a while, or with its topic."""
        subscription = self.backend.subscriptions.get(self._get_param("SubscriptionArn"))
        if subscription is not None and _pending(subscription):
            refuse(INVALID, "Invalid parameter: Cannot unsubscribe a subscription that is pending confirmation")
        return super().unsubscribe()

    def _check_policy(self, text: str | None) -> None:
        if text is None:
            return
        statements = policy_statements(text)
        if not statements:
            refuse(INVALID, "Invalid parameter: Policy Error: null")
        if unknown := unknown_roles(statements, self.current_account, self.partition):
            refuse(INVALID, f"Invalid parameter: Policy Error: PrincipalNotFound ({', '.join(unknown)})")


def _policy(topic: Topic) -> str:
    """A topic's policy as it was written; moto keeps what it says only."""
    text: str = getattr(topic, "policy_text", topic.policy)
    return text if json.loads(text) == json.loads(topic.policy) else topic.policy


def _pending(subscription: Subscription) -> bool:
    return bool(subscription.attributes.get("PendingConfirmation"))


def _nothing(*_args: Any, **_kwargs: Any) -> None:
    """What is sent to somebody who has not confirmed."""


def _given(flag: Any) -> bool:
    return str(flag).lower() == "true"


def _text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)


def install() -> None:
    """Takes the place of moto's SNS."""
    take_over(urls, Responder)
