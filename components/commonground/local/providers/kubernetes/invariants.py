"""What has to fit together in an object: no schema says it, the API server refuses it (kubernetes/pkg/apis/*/validation)."""

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable, Mapping
from itertools import combinations
from typing import Any

from commonground.local.providers.kubernetes.kinds import VOLUME_SOURCES
from commonground.local.providers.kubernetes.normal import quantity
from commonground.local.providers.kubernetes.pods import DOMAIN_LABEL, TEMPLATES, Mistakes, inside, items, labels, listed, not_a_port, pod
from commonground.local.providers.values import UNKNOWN, Properties, known

SUBDOMAIN = re.compile(r"(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
PATH_PART = re.compile(r"(?!\.{1,2}$)[^/%]+")
SHORT_NAMES = ("Namespace", "Service")
FREE_NAMES = ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")
"""Kinds whose names may hold any character that a path takes, `system:node` for one."""

QUOTA_NAME = re.compile(
    r"((requests|limits)\.)?(cpu|memory|ephemeral-storage|hugepages-\S+)|requests\.storage|pods|configmaps|secrets"
    r"|services(\.loadbalancers|\.nodeports)?|persistentvolumeclaims|replicationcontrollers|resourcequotas|\S+/\S+"
)
"""Kubernetes documentation, "Resource Quotas"."""

SCHEDULE_FIELDS = 5
HIGHEST_PRIORITY = 1_000_000_000
CONFIG_KEY = re.compile(r"(?!\.{1,2}$)[-._A-Za-z0-9]{1,253}")


def mistakes(object_: Properties) -> Mistakes:
    """Property path and reason of each. What is not known yet is never wrong."""
    kind, metadata = str(object_.get("kind")), object_.get("metadata")
    if isinstance(metadata, dict):
        yield from _name(kind, metadata.get("name"))
        yield from labels(metadata.get("labels"), "metadata.labels")
        yield from ((f'metadata.annotations["{name}"]', "expected text") for name, value in items(metadata.get("annotations")) if not isinstance(value, str))
    if kind in TEMPLATES:
        yield from pod(inside(object_, TEMPLATES[kind]), TEMPLATES[kind], inside(object_, "spec.volumeClaimTemplates"))
    if kind in CHECKS:
        yield from CHECKS[kind](object_)


def _name(kind: str, name: Any) -> Mistakes:
    if not isinstance(name, str) or name == UNKNOWN:
        return
    form, words = (
        (DOMAIN_LABEL, "at most 63 small letters, digits and -")
        if kind in SHORT_NAMES
        else (PATH_PART, "anything without / and %")
        if kind in FREE_NAMES
        else (SUBDOMAIN, "at most 253 small letters, digits, - and .")
    )
    if not form.fullmatch(name):
        yield "metadata.name", f"{name!r} is not a name of a {kind}: expected {words}, with a letter or digit at both ends"
    if kind == "PriorityClass" and name.startswith("system-"):
        yield "metadata.name", "names that begin with system- are Kubernetes' own"


def _selector(object_: Properties) -> Mistakes:
    """Its selector selects its own pods."""
    wanted, own = inside(object_, "spec.selector.matchLabels"), inside(object_, "spec.template.metadata.labels")
    for name, value in items(wanted):
        there = own.get(name) if isinstance(own, dict) else None
        if own != UNKNOWN and UNKNOWN not in (value, there) and there != value:
            yield "spec.selector", f"{name}={value} does not select the pods of spec.template, whose labels are {own or {}}"


def _runs(object_: Properties) -> Mistakes:
    path = f"{TEMPLATES[str(object_['kind'])]}.spec"
    spec = inside(object_, path)
    if isinstance(spec, dict) and "restartPolicy" not in spec:
        yield f"{path}.restartPolicy", "is required: Never or OnFailure (a pod's default, Always, is not for a job)"


def _role(object_: Properties) -> Mistakes:
    for index, rule in enumerate(listed(object_.get("rules"))):
        if not isinstance(rule, dict):
            continue
        where = f"rules[{index}]"
        if not rule.get("verbs"):
            yield f"{where}.verbs", "are required: a rule without verbs allows nothing"
        if rule.get("nonResourceURLs"):
            if object_.get("kind") == "Role":
                yield f"{where}.nonResourceURLs", "have no namespace: they belong to a ClusterRole"
            continue
        yield from ((f"{where}.{name}", "are required") for name in ("apiGroups", "resources") if not rule.get(name))


RBAC = "rbac.authorization.k8s.io"


def _binding(object_: Properties) -> Mistakes:
    if inside(object_, "roleRef.name") == "":
        yield "roleRef.name", "is required"
    for index, subject in enumerate(listed(object_.get("subjects"))):
        if not isinstance(subject, dict):
            continue
        where, kind = f"subjects[{index}]", subject.get("kind")
        if kind == "ServiceAccount" and object_.get("kind") == "ClusterRoleBinding" and not subject.get("namespace"):
            yield f"{where}.namespace", "is required for a ServiceAccount, since the binding has no namespace of its own"
        if kind in ("Group", "User") and subject.get("apiGroup") not in (None, "", RBAC, UNKNOWN):
            yield f"{where}.apiGroup", f"{subject['apiGroup']!r} is not {RBAC}, the group of a {kind}"


def _priority(object_: Properties) -> Mistakes:
    value = object_.get("value")
    if isinstance(value, int) and value > HIGHEST_PRIORITY:
        yield "value", f"{value} is above {HIGHEST_PRIORITY}, the highest of a class that is not Kubernetes' own"


def _budget(object_: Properties) -> Mistakes:
    spec = object_.get("spec") or {}
    if isinstance(spec, dict) and "minAvailable" in spec and "maxUnavailable" in spec:
        yield "spec.minAvailable", "cannot be given together with maxUnavailable"


def _scaler(object_: Properties) -> Mistakes:
    least, most = (inside(object_, f"spec.{name}") for name in ("minReplicas", "maxReplicas"))
    if isinstance(most, int) and most < (least if isinstance(least, int) else 1):
        yield "spec.maxReplicas", f"{most} is below minReplicas, {least if isinstance(least, int) else 1}"


def _claim(object_: Properties) -> Mistakes:
    if not inside(object_, "spec.accessModes"):
        yield "spec.accessModes", "are required"
    if not inside(object_, "spec.resources.requests.storage"):
        yield "spec.resources.requests.storage", "is required: how much a claim asks for"


def _volume(object_: Properties) -> Mistakes:
    spec = object_.get("spec")
    if not isinstance(spec, dict):
        return
    sources = [name for name in VOLUME_SOURCES if name in spec]
    if len(sources) != 1:
        yield "spec", f"has {' and '.join(sources) or 'no source'}: expected one, such as csi"
    yield from ((f"spec.{name}", "is required") for name in ("accessModes", "capacity") if not spec.get(name))


def _limits(object_: Properties) -> Mistakes:
    """Of each resource min <= defaultRequest <= default <= max."""
    for index, item in enumerate(listed(inside(object_, "spec.limits"))):
        order = [(name, item[name]) for name in ("min", "defaultRequest", "default", "max") if isinstance(inside(item, name), dict)]
        for (low, lows), (high, highs) in combinations(order, 2):
            for name in sorted(set(lows) & set(highs)):
                one, other = quantity(lows[name]), quantity(highs[name])
                if one is not None and other is not None and one > other:
                    yield f"spec.limits[{index}].{low}", f"{name}: {lows[name]} is above {high}, {highs[name]}"


def _policy(object_: Properties) -> Mistakes:
    """Peers are pods, namespaces or a range of addresses."""
    for side, peers in (("ingress", "from"), ("egress", "to")):
        for index, rule in enumerate(listed(inside(object_, f"spec.{side}"))):
            for number, peer in enumerate(listed(inside(rule, peers))):
                yield from _peer(peer, f"spec.{side}[{index}].{peers}[{number}]")
            for number, port in enumerate(listed(inside(rule, "ports"))):
                yield from not_a_port(inside(port, "port"), f"spec.{side}[{index}].ports[{number}].port")


def _peer(peer: Any, where: str) -> Mistakes:
    if not isinstance(peer, dict):
        return
    if not peer:
        yield where, "is empty: expected a podSelector, a namespaceSelector or an ipBlock"
    if "ipBlock" in peer and len(peer) > 1:
        yield f"{where}.ipBlock", "cannot be given together with selectors"
    for range_ in [inside(peer, "ipBlock.cidr"), *listed(inside(peer, "ipBlock.except"))]:
        if isinstance(range_, str) and range_ != UNKNOWN and not _is_range(range_):
            yield f"{where}.ipBlock", f"{range_!r} is not a range of addresses such as 10.0.0.0/16"


def _is_range(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return "/" in text


def _schedule(object_: Properties) -> Mistakes:
    yield from _runs(object_)
    text = inside(object_, "spec.schedule")
    if isinstance(text, str) and text != UNKNOWN and not text.startswith("@") and len(text.split()) != SCHEDULE_FIELDS:
        yield "spec.schedule", f"{text!r} is not a schedule: expected five fields such as 0 3 * * *, or @daily"


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _content(object_: Properties) -> Mistakes:
    encoded = "data" if object_.get("kind") == "Secret" else "binaryData"
    for name, value in items(object_.get(encoded)):
        if isinstance(value, str) and value != UNKNOWN and not _is_base64(value):
            yield encoded, f"{name} is not base64"  # the value is not shown: it may be a secret
    for bag in ("data", "binaryData", "stringData"):
        for name, _ in items(object_.get(bag)):
            if not CONFIG_KEY.fullmatch(name):
                yield bag, f"{name!r} is not a key: expected at most 253 letters, digits, -, _ and ."


def _quota(object_: Properties) -> Mistakes:
    for name, value in items(inside(object_, "spec.hard")):
        if value != UNKNOWN and quantity(value) is None:
            yield "spec.hard", f"{name}: {value!r} is not a quantity such as 500m, 2 or 4Gi"
        elif value != UNKNOWN and (quantity(value) or 0) < 0:
            yield "spec.hard", f"{name}: {value!r} is below 0"
        if not QUOTA_NAME.fullmatch(name):
            yield "spec.hard", f"{name!r} is not a resource: expected one of Kubernetes' own, or one with a domain, such as requests.nvidia.com/gpu"


def _service(object_: Properties) -> Mistakes:
    ports = [port for port in listed(inside(object_, "spec.ports")) if isinstance(port, dict)]
    for index, port in enumerate(ports):
        yield from not_a_port(port.get("port"), f"spec.ports[{index}].port")
    if len(ports) > 1 and any(not port.get("name") for port in ports):
        yield "spec.ports", "need a name each where there is more than one"
    if not ports and known(object_) and inside(object_, "spec.type") != "ExternalName" and inside(object_, "spec.clusterIP") != "None":
        yield "spec.ports", "are required unless clusterIP is None (a headless service)"


CHECKS: Mapping[str, Callable[[Properties], Mistakes]] = {
    "ClusterRole": _role,
    "ClusterRoleBinding": _binding,
    "ConfigMap": _content,
    "CronJob": _schedule,
    "DaemonSet": _selector,
    "Deployment": _selector,
    "HorizontalPodAutoscaler": _scaler,
    "Job": _runs,
    "LimitRange": _limits,
    "NetworkPolicy": _policy,
    "PersistentVolume": _volume,
    "PersistentVolumeClaim": _claim,
    "PodDisruptionBudget": _budget,
    "PriorityClass": _priority,
    "ResourceQuota": _quota,
    "Role": _role,
    "RoleBinding": _binding,
    "Secret": _content,
    "Service": _service,
    "StatefulSet": _selector,
}
