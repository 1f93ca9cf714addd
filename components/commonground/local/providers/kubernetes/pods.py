"""Pods in an object: their containers, volumes and resources have to fit together (kubernetes/pkg/apis/core/validation)."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from commonground.local.providers.kubernetes.normal import quantity
from commonground.local.providers.values import UNKNOWN, Properties, known

Mistakes = Iterator[tuple[str, str]]

LABEL = re.compile(r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?")
LABEL_NAME = re.compile(r"([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
DOMAIN_LABEL = re.compile(r"(?=.{1,63}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?")
PLAIN_RESOURCES = ("cpu", "memory", "ephemeral-storage")
PORTS = range(1, 65536)


def labels(given: Any, path: str) -> Mistakes:
    """What is wrong with labels (Kubernetes documentation, "Labels and Selectors")."""
    for name, value in items(given):
        if not LABEL_NAME.fullmatch(name):
            yield path, f"{name!r} is not the name of a label: expected at most 63 letters, digits, -, _ and . after an optional domain and /"
        if value != UNKNOWN and not (isinstance(value, str) and LABEL.fullmatch(value)):
            yield f'{path}["{name}"]', f"{value!r} is not a label's value: expected at most 63 letters, digits, -, _ and ., with a letter or digit at both ends"


TEMPLATES: Mapping[str, str] = {
    "CronJob": "spec.jobTemplate.spec.template",
    "DaemonSet": "spec.template",
    "Deployment": "spec.template",
    "Job": "spec.template",
    "Pod": "",
    "StatefulSet": "spec.template",
}
"""Where a kind has its pods."""


def pod(template: Any, path: str, claims: Any = None) -> Mistakes:
    """A pod: its containers' names and images, what they mount and what they ask for. `path` is where the object has it.

    `claims` are the claims that a StatefulSet makes for each of its pods: volumes too.
    """
    prefix = f"{path}." if path else ""
    yield from labels(inside(template, "metadata.labels"), f"{prefix}metadata.labels") if path else ()
    spec = inside(template, "spec")
    if not isinstance(spec, dict):
        return
    volumes = spec.get("volumes") or []
    yield from _volumes(volumes, f"{prefix}spec.volumes")
    for index, toleration in enumerate(listed(spec.get("tolerations"))):
        yield from _toleration(toleration, f"{prefix}spec.tolerations[{index}]")
    names = None
    if known(volumes) and known(claims):
        names = {volume.get("name") for volume in volumes if isinstance(volume, dict)} | {inside(claim, "metadata.name") for claim in listed(claims)}
    seen: set[str] = set()
    for group in ("initContainers", "containers"):
        for index, container in enumerate(listed(spec.get(group))):
            where = f"{prefix}spec.{group}[{index}]"
            if not isinstance(container, dict):
                continue
            yield from _named(container.get("name"), seen, f"{where}.name", "container")
            yield from _container(container, where)
            yield from _mounts(container, names, where)
            yield from _resources(container.get("resources"), f"{where}.resources")


def _named(name: Any, seen: set[str], where: str, of: str) -> Mistakes:
    if not isinstance(name, str) or name == UNKNOWN:
        return
    if name in seen:
        yield where, f"{name!r} is given to more than one {of}"
    elif not DOMAIN_LABEL.fullmatch(name):
        yield where, f"{name!r} is not a {of}'s name: expected at most 63 small letters, digits and -, with a letter or digit at both ends"
    seen.add(name)


def _container(container: Properties, where: str) -> Mistakes:
    if not container.get("image"):
        yield f"{where}.image", "is required"
    for index, port in enumerate(listed(container.get("ports"))):
        yield from not_a_port(inside(port, "containerPort"), f"{where}.ports[{index}].containerPort")
    for index, variable in enumerate(listed(container.get("env"))):
        if isinstance(variable, dict) and variable.get("value") and variable.get("valueFrom"):
            yield f"{where}.env[{index}].valueFrom", "cannot be given together with value"
    security = container.get("securityContext")
    if isinstance(security, dict) and security.get("privileged") is True and security.get("allowPrivilegeEscalation") is False:
        yield f"{where}.securityContext.allowPrivilegeEscalation", "cannot be false where privileged is true"


def _toleration(toleration: Any, where: str) -> Mistakes:
    if not isinstance(toleration, dict) or not known(toleration):
        return
    exists = toleration.get("operator") == "Exists"
    if exists and toleration.get("value"):
        yield f"{where}.value", "cannot be given with the operator Exists"
    if not exists and not toleration.get("key"):
        yield f"{where}.operator", "has to be Exists where there is no key: every taint is tolerated then"


def not_a_port(number: Any, where: str) -> Mistakes:
    """What is wrong with the number of a port; a name is none."""
    if isinstance(number, int) and number not in PORTS:
        yield where, f"{number} is not a port: expected 1 to 65535"


def _volumes(volumes: Any, where: str) -> Mistakes:
    seen: set[str] = set()
    for index, volume in enumerate(listed(volumes)):
        if not isinstance(volume, dict):
            continue
        yield from _named(volume.get("name"), seen, f"{where}[{index}].name", "volume")
        sources = sorted(set(volume) - {"name"})
        if len(sources) > 1:  # one without a source is an emptyDir
            yield f"{where}[{index}]", f"has {' and '.join(sources)}: expected one source"


def _mounts(container: Properties, volumes: set[Any] | None, where: str) -> Mistakes:
    paths: set[Any] = set()
    for index, mount in enumerate(listed(container.get("volumeMounts"))):
        name, path = (mount.get("name"), mount.get("mountPath")) if isinstance(mount, dict) else (UNKNOWN, UNKNOWN)
        if volumes is not None and name != UNKNOWN and name not in volumes:
            yield f"{where}.volumeMounts[{index}].name", f"{name!r} is none of the pod's volumes"
        if path != UNKNOWN and path in paths:
            yield f"{where}.volumeMounts[{index}].mountPath", f"{path!r} is given to more than one mount"
        paths.add(path)


def _resources(resources: Any, where: str) -> Mistakes:
    """Requests within limits; what is not shared out by the kernel (GPUs, huge pages) in both alike."""
    requests, limits = (dict(items(resources.get(side))) for side in ("requests", "limits")) if isinstance(resources, dict) else ({}, {})
    for side, given in (("requests", requests), ("limits", limits)):
        for name, value in given.items():
            if value != UNKNOWN and quantity(value) is None:
                yield f"{where}.{side}[{name}]" if "." in name else f"{where}.{side}.{name}", f"{value!r} is not a quantity such as 500m, 2 or 4Gi"
    for name in sorted(requests):
        asked, most = quantity(requests[name]), quantity(limits.get(name))
        whole = name not in PLAIN_RESOURCES
        if asked is None or UNKNOWN in (requests[name], limits.get(name)):
            continue
        if whole and name not in limits:
            yield f"{where}.limits", f"lack {name}: what is requested of it has to be its limit too"
        elif most is not None and (asked > most or (whole and asked != most)):
            yield f"{where}.requests", f"{name}: {requests[name]} is not {'the limit of' if whole else 'within the limit of'} {limits[name]}"


def inside(value: Any, path: str) -> Any:
    """What stands at a dotted path, without lists; None if nothing, `UNKNOWN` if what it would be in is not known."""
    for name in path.split(".") if path else ():
        if value == UNKNOWN:
            return UNKNOWN
        value = value.get(name) if isinstance(value, dict) else None
    return value


def items(value: Any) -> list[tuple[str, Any]]:
    """What an object holds; nothing if it is none."""
    return list(value.items()) if isinstance(value, dict) else []


def listed(value: Any) -> list[Any]:
    """The items of a list; nothing if it is none."""
    return value if isinstance(value, list) else []
