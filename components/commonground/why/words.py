"""What the scheduler itself says of a pod."""

from commonground.why.facts import Facts, Object, events_of


def scheduler_says(pod: Object, facts: Facts) -> str:
    """Its own words, in one line."""
    message = (scheduled(pod) or {}).get("message") or (failed_scheduling(pod, facts) or {}).get("message") or "nothing"
    return f"the scheduler says: {' '.join(str(message).split())}"


def scheduled(pod: Object) -> Object | None:
    """The pod's condition; none before a scheduler has looked at it."""
    return next((condition for condition in pod.get("status", {}).get("conditions") or [] if condition["type"] == "PodScheduled"), None)


def failed_scheduling(pod: Object, facts: Facts) -> Object | None:
    """The last event of it."""
    return next((event for event in reversed(events_of(facts.events, pod)) if event.get("reason") == "FailedScheduling"), None)
