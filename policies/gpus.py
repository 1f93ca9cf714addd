"""GPUs: which kinds, how many at most, and who asks for them."""

from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from policies.containers import CONTAINER, DAEMON_SET, DEPLOYMENT, PODS, called, containers, pod, pod_spec
from policies.instances import gpus, smallest
from policies.policy import EXAMPLE, About, Note, Policy, Resource, Severity, Stack, Thresholds, example, having, resource
from policies.samples import INSTANCE_PROPS, NODES, TEMPLATE_PROPS
from policies.tokens import INSTANCE, NODE_GROUP, TEMPLATE
from policies.values import at, dicts, known, missing, number, show, text, texts

NODE_POOL = "kubernetes:karpenter.sh/v1:NodePool"
FLEET = (NODE_GROUP, TEMPLATE, INSTANCE, NODE_POOL)
INSTANCE_TYPE = "node.kubernetes.io/instance-type"
FAMILY = "karpenter.k8s.aws/instance-family"
GPU = "nvidia.com/gpu"
PARTS = "nvidia.com/mig-"
# Resources that pods ask for, each with the taint of the nodes that have it (device plugins' documentation).
TAINTS = {GPU: GPU, "amd.com/gpu": "amd.com/gpu", "aws.amazon.com/neuron": "aws.amazon.com/neuron", "aws.amazon.com/neuroncore": "aws.amazon.com/neuron"}
ALL_DEVICES = "NVIDIA_VISIBLE_DEVICES"


def instance_types(one: Resource) -> list[str]:
    """Instance types that a resource may make nodes of, as far as they are known. A family counts as its smallest type."""
    if one.type == NODE_POOL:
        named: list[str] = []
        for requirement in dicts(one.props, "spec", "template", "spec", "requirements"):
            if text(requirement, "operator") == "In" and text(requirement, "key") == INSTANCE_TYPE:
                named += texts(requirement, "values")
            elif text(requirement, "operator") == "In" and text(requirement, "key") == FAMILY:
                named += [f"{family}.{smallest(family)}" for family in texts(requirement, "values")]
        return named
    return [*texts(one.props, "instanceTypes"), *texts(one.props, "instanceType")]


def allowed_types(one: Resource, thresholds: Thresholds) -> Iterator[str | Note]:
    """Instance types with GPUs that the environment may not have."""
    if thresholds.gpu_instance_types is None:
        return
    for name in instance_types(one):
        if gpus(name) != 0 and not any(fnmatchcase(name, pattern) for pattern in thresholds.gpu_instance_types):
            expected = ", ".join(thresholds.gpu_instance_types) or "none"
            yield f"{show(name)} has GPUs, and is none of those that {thresholds.environment or 'the environment'} may have: {expected}"


def budget(stack: Stack, thresholds: Thresholds) -> Iterator[About]:
    """GPUs that all nodes together could have, by the maximum of each group, against what the environment may have. A group that may be made of several
    types counts with the largest. Groups whose maximum is not known yet count nothing.
    """
    if thresholds.gpus is None:
        return
    counted: list[tuple[str, int]] = []
    for one in stack.of(NODE_GROUP, INSTANCE, NODE_POOL):
        found = [gpus(name) for name in _types(stack, one)]
        if None in found:
            yield About(one, "how many GPUs it has is not known: its instance type is not in policies/instances.py, so no budget can be held")
        each = max((count for count in found if count), default=0)
        if one.type == NODE_POOL:
            # Without a requirement Karpenter takes any type, GPUs or not: it is the limit that counts.
            limit = number(one.props, "spec", "limits", GPU)
            if limit is None and each and missing(one.props, "spec", "limits", GPU):
                yield About(one, f"may make any number of nodes with GPUs: spec.limits has no {GPU}")
            counted.append((one.name, limit or 0))
        else:
            most = 1 if one.type == INSTANCE else number(one.props, "scalingConfig", "maxSize") or 0
            counted.append((one.name, most * each))
    total = sum(count for _, count in counted)
    if total > thresholds.gpus:
        parts = ", ".join(f"{name} {count}" for name, count in counted if count)
        yield About(None, f"up to {total} GPUs ({parts}), and {thresholds.environment or 'the environment'} may have {thresholds.gpus}")


def _types(stack: Stack, one: Resource) -> list[str]:
    """Instance types of a group, or of its launch template."""
    found = instance_types(one)
    template = None if found else stack.source(one, "launchTemplate", TEMPLATE)
    return instance_types(template) if template else found


def asking(one: Resource, thresholds: Thresholds) -> Iterator[str | Note]:
    """Pods that ask for GPUs and could not run where they are; pods that could, or that see GPUs, and ask for none.

    A claim of a device (DRA) is asking. A DaemonSet that tolerates every taint runs on every node, and takes no GPU.
    """
    spec = pod_spec(one)
    if not isinstance(spec, dict) or not known(at(spec, "tolerations")) or not known(at(spec, "containers")):
        return
    asked: set[str] = set()
    for container in containers(spec):
        for name in _asked(container):
            asked.add(name)
            if missing(container, "resources", "limits", name):
                yield f"{called(container)} requests {name}, and has no limit of it: Kubernetes refuses that"
    for name in sorted(asked):
        taint = GPU if name.startswith(PARTS) else TAINTS[name]
        if not any(_tolerates(toleration, taint) for toleration in dicts(spec, "tolerations")):
            yield f"asks for {name}, and does not tolerate the taint {taint} of the nodes that have it"
    if not asked and missing(spec, "resourceClaims"):
        yield from _without(one, spec)


def _without(one: Resource, spec: dict[str, Any]) -> Iterator[str]:
    for toleration in dicts(spec, "tolerations"):
        everything = missing(toleration, "key") and text(toleration, "operator") == "Exists" and text(toleration, "effect") != "NoExecute"
        if text(toleration, "key") in TAINTS.values() or (everything and not one.type.endswith(":DaemonSet")):
            yield f"tolerates the taint {text(toleration, 'key') or 'of every node'}, and asks for no GPU: it takes the place of pods that need one"
            break
    for container in containers(spec):
        if any(text(variable, "name") == ALL_DEVICES and text(variable, "value") not in ("none", "void", None) for variable in dicts(container, "env")):
            yield f"{called(container)} sees GPUs by {ALL_DEVICES}, and asks for none"


def _asked(container: dict[str, Any]) -> list[str]:
    amounts = (at(container, "resources", kind) for kind in ("limits", "requests"))
    found = {name for amount in amounts if isinstance(amount, dict) for name in amount}
    return sorted(name for name in found if name in TAINTS or name.startswith(PARTS))


def _tolerates(toleration: dict[str, Any], taint: str) -> bool:
    key = text(toleration, "key")
    return key == taint or (key is None and text(toleration, "operator") == "Exists")


_FEW = replace(EXAMPLE, gpus=4, gpu_instance_types=("g6.xlarge",))
_NONE = replace(EXAMPLE, gpus=0)


def _group(name: str, most: int, *types: str) -> Resource:
    return resource(NODE_GROUP, having(NODES, instanceTypes=list(types), scalingConfig={"minSize": 0, "desiredSize": 0, "maxSize": most}), name)


def _pool(key: str, *values: str, limit: str | None = None) -> Resource:
    template = {"spec": {"requirements": [{"key": key, "operator": "In", "values": list(values)}]}}
    return resource(NODE_POOL, {"spec": {"template": template, "limits": having({"cpu": "100"}, **{GPU: limit})}}, "pool")


def _gpu_pod(**changes: Any) -> dict[str, Any]:
    amounts = {**CONTAINER["resources"]["requests"], GPU: "1"}
    return pod(having(CONTAINER, resources={"requests": amounts, "limits": amounts}), **{"tolerations": [_TOLERATION], **changes})


def _requested_only() -> dict[str, Any]:
    resources = CONTAINER["resources"]
    return pod(having(CONTAINER, resources={**resources, "requests": {**resources["requests"], GPU: "1"}}), tolerations=[_TOLERATION])


_TOLERATION = {"key": GPU, "operator": "Exists", "effect": "NoSchedule"}
_EVERYTHING = {"operator": "Exists"}
_VISIBLE = pod(having(CONTAINER, env=[{"name": ALL_DEVICES, "value": "all"}]))

POLICIES = (
    Policy(
        id="gpu-instance-types",
        title="GPUs are of kinds that the environment may have",
        severity=Severity.ALWAYS,
        why="The step from one kind to the next is a factor in cost, and quota and capacity are asked for by kind.",
        fix="Take one of the allowed types, or have the list in policies.yaml changed with a reason.",
        types=FLEET,
        check=allowed_types,
        passing=lambda: (
            example("an allowed one", _group("gpu", 2, "g6.xlarge"), thresholds=_FEW),
            example("without GPUs", _group("general", 50, "m7i.large"), thresholds=_FEW),
            example("no list", _group("gpu", 2, "p5.48xlarge")),
            example("an allowed one", _pool(INSTANCE_TYPE, "g6.xlarge", limit="2"), thresholds=_FEW),
        ),
        failing=lambda: (
            example("another one", _group("gpu", 1, "g6.xlarge", "g6.2xlarge"), thresholds=_FEW),
            example("in a template", resource(TEMPLATE, having(TEMPLATE_PROPS, instanceType="p5.48xlarge")), thresholds=_FEW),
            example("an instance", resource(INSTANCE, having(INSTANCE_PROPS, instanceType="g5.xlarge")), thresholds=_FEW),
            example("one that Karpenter may take", _pool(INSTANCE_TYPE, "g6.4xlarge", limit="2"), thresholds=_FEW),
            example("a family that Karpenter may take", _pool(FAMILY, "g5", limit="2"), thresholds=_FEW),
            example("one that nobody knows", resource(TEMPLATE, having(TEMPLATE_PROPS, instanceType="p9.48xlarge")), thresholds=_FEW),
        ),
    ),
    Policy(
        id="gpu-budget",
        title="Nodes can have no more GPUs than the environment's budget",
        severity=Severity.ALWAYS,
        why="A maximum that nobody pays for is found on the bill: autoscalers go up to it.",
        fix="Lower the pools' maximum (scale), or have the budget in policies.yaml changed with a reason.",
        types=(NODE_GROUP, INSTANCE, NODE_POOL),
        whole=budget,
        passing=lambda: (
            example("as many", _group("one", 2, "g6.xlarge"), _group("two", 2, "g6.xlarge"), thresholds=_FEW),
            example("without GPUs", _group("general", 50, "m7i.large"), thresholds=_NONE),
            example("no budget", _group("gpu", 50, "g6.xlarge")),
            example("a limit", _pool(INSTANCE_TYPE, "g6.xlarge", limit="4"), thresholds=_FEW),
        ),
        failing=lambda: (
            example("more, together", _group("one", 3, "g6.xlarge"), _group("two", 2, "g6.xlarge"), thresholds=_FEW),
            example("several in a node", _group("gpu", 2, "g6.xlarge", "g6.12xlarge"), thresholds=replace(_FEW, gpu_instance_types=None)),
            example("instances", *(resource(INSTANCE, having(INSTANCE_PROPS, instanceType="g6.xlarge"), name) for name in "abcde"), thresholds=_FEW),
            example("Karpenter's limit", _pool(INSTANCE_TYPE, "g6.xlarge", limit="5"), thresholds=_FEW),
            example("no limit", _pool(INSTANCE_TYPE, "g6.xlarge"), thresholds=_FEW),
            example("a type that nobody knows", _group("gpu", 1, "p9.48xlarge"), thresholds=_NONE),
        ),
    ),
    Policy(
        id="gpu-pods",
        title="Pods on nodes with GPUs ask for GPUs, and those that ask can get there",
        severity=Severity.MEDIUM,
        why="A pod without a request keeps a GPU node up, or uses a GPU that another pod was given; one without the toleration waits for ever.",
        fix=f"Ask by resources.limits (`{GPU}`) or by a claim, and tolerate the taint; a `ModelService` does. Others go to nodes without GPUs.",
        types=PODS,
        check=asking,
        passing=lambda: (
            example("asks and tolerates", resource(DEPLOYMENT, _gpu_pod())),
            example("asks and tolerates everything", resource(DEPLOYMENT, _gpu_pod(tolerations=[_EVERYTHING]))),
            example("claims a device", resource(DEPLOYMENT, pod(CONTAINER, tolerations=[_TOLERATION], resourceClaims=[{"name": "gpu"}]))),
            example("neither", resource(DEPLOYMENT, pod(CONTAINER))),
            example("on every node", resource(DAEMON_SET, pod(CONTAINER, tolerations=[_EVERYTHING]))),
        ),
        failing=lambda: (
            example("does not tolerate", resource(DEPLOYMENT, _gpu_pod(tolerations=[]))),
            example("tolerates something else", resource(DEPLOYMENT, _gpu_pod(tolerations=[{"key": "other", "operator": "Exists"}]))),
            example("no limit", resource(DEPLOYMENT, _requested_only())),
            example("asks for nothing", resource(DEPLOYMENT, pod(CONTAINER, tolerations=[_TOLERATION]))),
            example("tolerates everything", resource(DEPLOYMENT, pod(CONTAINER, tolerations=[_EVERYTHING]))),
            example("goes round the request", resource(DEPLOYMENT, _VISIBLE)),
        ),
    ),
)
