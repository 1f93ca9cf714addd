"""Why a pod was never made: what its owner was told when it asked for it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from commonground.why.facts import Facts, Kind, Reason, TeamFacts
from commonground.why.quantities import amount, number, shown

# k8s.io/apiserver, plugin/pkg/admission/resourcequota: "exceeded quota: %s, requested: %s, used: %s, limited: %s" and "failed quota: %s: must specify %s".
EXCEEDED = re.compile(r"exceeded quota: (?P<quota>[^,]+), requested: (?P<asked>.+?), used: (?P<used>.+?), limited: (?P<hard>\S+)")
UNSPECIFIED = re.compile(r"failed quota: (?P<quota>[^:]+): must specify (?P<what>.+)")
SECURITY = re.compile(r'violates PodSecurity "(?P<level>[a-z]+)[^"]*": (?P<what>.+)')
ACCOUNT = re.compile(r'error looking up service account [^:]+: serviceaccount "(?P<name>[^"]+)" not found')
PRIORITY = re.compile(r"no PriorityClass with name (?P<name>\S+) was found")
BOUNDS = re.compile(r"is forbidden: (?P<what>\[?(?:maximum|minimum) .+)")

# Resource of a quota -> the scale's key below `teams.TEAM`.
QUOTA_KEYS = {
    **dict.fromkeys(("requests.cpu", "cpu"), "cpu"),
    **dict.fromkeys(("requests.memory", "memory", "limits.memory"), "memory_gib"),
    "requests.storage": "storage_gib",
}
GPUS = ("requests.nvidia.com/", "gpu.nvidia.com.deviceclass", "mig.nvidia.com.deviceclass")


@dataclass(frozen=True)
class Refusal:
    """One way to be refused."""

    pattern: re.Pattern[str]
    reason: Callable[[re.Match[str], str, Facts], Reason]


def refused(message: str, namespace: str, facts: Facts) -> Reason:
    """What a message of the API server to a pod's owner means."""
    for refusal in REFUSALS:
        if match := refusal.pattern.search(message):
            return refusal.reason(match, namespace, facts)
    return Reason(Kind.REFUSED, f"no pod was made: {one_line(message)}", "change what it names in the pod template")


def one_line(message: str) -> str:
    """A message without line breaks, and without the words that lead every such message in."""
    return re.sub(r'^Error creating: |pods "[^"]*" is forbidden: ', "", " ".join(message.split()))


def _exceeded(match: re.Match[str], namespace: str, facts: Facts) -> Reason:
    quota = match["quota"]
    asked, used, hard = (_list(match[part]) for part in ("asked", "used", "hard"))
    if hard and all(amount(value) == 0 for value in hard.values()) and "pods" in hard:
        text = f"quota {quota} of namespace {namespace} takes no pods of its priority class"
        return Reason(Kind.QUOTA, text, "use one of the priority classes serving, interactive or batch")
    # Once, where request and limit are one.
    parts = dict.fromkeys(_over(name, asked, used, hard) for name in hard)
    text = f"quota {quota} of namespace {namespace} refuses it: it asks for {'; '.join(parts)}"
    return Reason(Kind.QUOTA, text, _raise(list(hard), namespace, facts))


def _over(name: str, asked: dict[str, str], used: dict[str, str], hard: dict[str, str]) -> str:
    wanted, taken, bound = (amount(each.get(name, 0)) for each in (asked, used, hard))
    return f"{shown(name, wanted)}, {f'{number(name, taken)} of {number(name, bound)} are used' if bound else 'the quota has none'}"


def _raise(resources: Sequence[str], namespace: str, facts: Facts) -> str:
    """Where the quota stands."""
    keys = sorted({_key(resource) for resource in resources} - {""})
    team = team_of(namespace, facts)
    if team is None or not keys:
        return "free some of it, ask for less, or have the quota raised"
    shared = " (shared out evenly over its namespaces)" if len(team.namespaces) > 1 else ""
    return f"free some of it, ask for less, or raise {', '.join(f'teams.{team.name}.{key}' for key in keys)} in {facts.scale}{shared}"


def _key(resource: str) -> str:
    return "gpus" if resource.startswith(GPUS) else QUOTA_KEYS.get(resource, "")


def team_of(namespace: str, facts: Facts) -> TeamFacts | None:
    """Whose namespace it is."""
    return next((team for team in facts.teams if namespace in team.namespaces), None)


def _list(written: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in written.split(","))
    return {name.strip(): value for name, _, value in pairs}


def _unspecified(match: re.Match[str], namespace: str, facts: Facts) -> Reason:
    what = match["what"].strip()
    return Reason(Kind.QUOTA, f"quota {match['quota']} of namespace {namespace} takes only pods that say {what}", "set it on each container")


def _insecure(match: re.Match[str], namespace: str, facts: Facts) -> Reason:
    text = f"the pod security level {match['level']} of namespace {namespace} refuses it: {one_line(match['what'])}"
    return Reason(Kind.REFUSED, text, "set that in the pod's and the containers' securityContext")


def _no_account(match: re.Match[str], namespace: str, facts: Facts) -> Reason:
    team = team_of(namespace, facts)
    fix = f"use the team's own, `{team.name}`" if team else "make it, or name another"
    return Reason(Kind.REFUSED, f"namespace {namespace} has no service account {match['name']}", fix)


def _no_priority(match: re.Match[str], namespace: str, facts: Facts) -> Reason:
    return Reason(Kind.REFUSED, f"there is no priority class {match['name']}", "use one of system, serving, interactive, batch")


def _out_of_bounds(match: re.Match[str], namespace: str, facts: Facts) -> Reason:
    return Reason(Kind.REFUSED, f"the limits of namespace {namespace} refuse it: {one_line(match['what'])}", "change the containers' resources")


REFUSALS = (
    Refusal(EXCEEDED, _exceeded),
    Refusal(UNSPECIFIED, _unspecified),
    Refusal(SECURITY, _insecure),
    Refusal(ACCOUNT, _no_account),
    Refusal(PRIORITY, _no_priority),
    Refusal(BOUNDS, _out_of_bounds),
)
