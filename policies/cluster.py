"""The EKS control plane: its logs, and versions that AWS still supports."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from policies.policy import EXAMPLE, Note, Policy, Resource, Severity, Thresholds, example, having, resource
from policies.samples import CLUSTER_PROPS, NODES
from policies.tokens import CLUSTER, NODE_GROUP
from policies.values import at, known, missing, number, text, texts

LOGS = ("api", "audit", "authenticator")
"""What is needed to say afterwards who did what (Amazon EKS Best Practices Guide, "Detective controls"); the others are for finding faults."""


@dataclass(frozen=True)
class Release:
    """Until when AWS supports a Kubernetes version."""

    standard: date | None
    """Last day of standard support; None: not told yet."""
    extended: date | None


# Amazon EKS user guide, "Kubernetes version lifecycle" (as of 2026-11; 1.37's dates are not published yet).
RELEASES = {
    (1, 31): Release(date(2025, 11, 26), date(2026, 11, 26)),
    (1, 32): Release(date(2026, 3, 23), date(2027, 3, 23)),
    (1, 33): Release(date(2026, 7, 29), date(2027, 7, 29)),
    (1, 34): Release(date(2026, 12, 2), date(2027, 12, 2)),
    (1, 35): Release(date(2027, 3, 27), date(2028, 3, 27)),
    (1, 36): Release(date(2027, 8, 2), date(2028, 8, 2)),
    (1, 37): Release(None, None),
}
SOON = timedelta(days=60)


def logs(one: Resource, thresholds: Thresholds) -> Iterator[str | Note]:
    """Control planes whose security logs are not all on."""
    found = at(one.props, "enabledClusterLogTypes")
    if (found is None or isinstance(found, list)) and known(found):
        lacking = [name for name in LOGS if name not in texts(found)]
        if lacking:
            yield f"does not log {', '.join(lacking)}"


def supported(one: Resource, thresholds: Thresholds) -> Iterator[str | Note]:
    """Kubernetes versions out of standard support by the table above, unknown ones, and none at all: AWS then takes its newest of that day."""
    if missing(one.props, "version"):
        if one.type == CLUSTER:
            yield "says no Kubernetes version: it gets whichever is AWS' default on the day that it is made"
        return
    version = text(one.props, "version")
    if version is None:
        return
    major, _, minor = version.partition(".")
    key = (number(major), number(minor))
    if key[0] is None or key[1] is None:
        yield Note(f"the Kubernetes version {version[:20]!r} is none that this policy can read")
        return
    yield from _support(version, (key[0], key[1]), thresholds.today)


def _support(version: str, key: tuple[int, int], today: date) -> Iterator[str | Note]:
    if key > max(RELEASES):
        yield Note(f"Kubernetes {version} is newer than the versions that this policy knows: whether it is in standard support is not known")
        return
    release = RELEASES.get(key, Release(date.min, date.min))
    if release.standard is None or release.extended is None:
        return
    if today > release.extended:
        yield f"Kubernetes {version} is not supported any more"
    elif today > release.standard:
        yield f"Kubernetes {version} left standard support on {release.standard}: AWS charges for it until {release.extended}, and then upgrades it"
    elif today + SOON > release.standard:
        yield Note(f"Kubernetes {version} leaves standard support on {release.standard}")


POLICIES = (
    Policy(
        id="control-plane-logs",
        title="The control plane logs who does what",
        severity=Severity.MEDIUM,
        why="Without the audit log nobody can say afterwards who read a secret or deleted a namespace.",
        fix=f"Put {', '.join(LOGS)} in enabledClusterLogTypes.",
        types=(CLUSTER,),
        check=logs,
        passing=lambda: (example("on", resource(CLUSTER, CLUSTER_PROPS)),),
        failing=lambda: (
            example("off", resource(CLUSTER, having(CLUSTER_PROPS, enabledClusterLogTypes=None))),
            *(example("one is off", resource(CLUSTER, having(CLUSTER_PROPS, enabledClusterLogTypes=[log for log in LOGS if log != name]))) for name in LOGS),
        ),
    ),
    Policy(
        id="kubernetes-supported",
        title="Kubernetes is in standard support",
        severity=Severity.MEDIUM,
        why="Out of it there are no fixes but AWS' own, the control plane costs six times as much, and at the end AWS upgrades it by itself.",
        fix="Upgrade, one minor version at a time: promote the lock from an environment that has run it (`commonground lock`).",
        types=(CLUSTER, NODE_GROUP),
        check=supported,
        passing=lambda: (
            *(example("supported", resource(CLUSTER, having(CLUSTER_PROPS, version=version))) for version in ("1.35", "1.36", "1.37")),
            example("supported", resource(NODE_GROUP, NODES)),
            example("the cluster's", resource(NODE_GROUP, having(NODES, version=None))),
        ),
        failing=lambda: (
            *(example("extended", resource(CLUSTER, having(CLUSTER_PROPS, version=version))) for version in ("1.32", "1.33")),
            *(example("over", resource(CLUSTER, having(CLUSTER_PROPS, version=version))) for version in ("1.31", "1.24")),
            example("none", resource(CLUSTER, having(CLUSTER_PROPS, version=None))),
            example("extended", resource(NODE_GROUP, having(NODES, version="1.33"))),
            example("extended by then", resource(CLUSTER, CLUSTER_PROPS), thresholds=replace(EXAMPLE, today=date(2027, 8, 3))),
        ),
    ),
)
