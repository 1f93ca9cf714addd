"""Steps made by hand, for the tests of what is said of them."""

import re
from typing import Any

from hypothesis import strategies as st

from commonground.engine.steps import MASK, MISSING, UNKNOWN, Step

STACK = "urn:pulumi:dev::project::"
LATER = sorted(UNKNOWN)[0]
DOTTED = re.compile(r"(?P<folder>.*?)\.(?P<name>(?:[a-z-]+\.)?kubernetes\.io/.+)")


def step(op: str, name: str = "one", type_: str = "aws:s3/bucket:Bucket", **more: Any) -> Step:
    """A step of a resource, beside whatever is given."""
    return Step(op, f"{STACK}{type_}::{name}", type_, custom=True, **more)


def nested(path: str, value: Any) -> dict[str, Any]:
    """Properties with a value at a table's path; without it where it is missing."""
    if value is MISSING:
        return {}
    for key in reversed(keys(path)):
        value = {key: value}
    return dict(value)


def keys(path: str) -> list[str]:
    """Names along a table's path. Some of Kubernetes' have dots."""
    found = DOTTED.fullmatch(path.replace("*", "x"))
    return [*found["folder"].split("."), found["name"]] if found else path.replace("*", "x").split(".")


def engines(path: str) -> str:
    """A table's path as the engine writes it."""
    first, *others = keys(path)
    return first + "".join(f'["{key}"]' if "." in key else f".{key}" for key in others)


def updated(type_: str, path: str, before: Any, after: Any, op: str = "update", kind: str = "update") -> Step:
    """A step that changes one property."""
    return step(op, type_=type_, old=nested(path, before), new=nested(path, after), diff={engines(path): kind})


TYPES = (
    "aws:s3/bucket:Bucket",
    "aws:s3/bucketPolicy:BucketPolicy",
    "aws:eks/nodeGroup:NodeGroup",
    "aws:ecr/lifecyclePolicy:LifecyclePolicy",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:kms/key:Key",
    "kubernetes:core/v1:Namespace",
    "kubernetes:core/v1:ResourceQuota",
    "kubernetes:networking.k8s.io/v1:NetworkPolicy",
    "pulumi:providers:aws",
    "somebody:else/thing:Thing",
)
NAMES = ("policy", "rules", "spec", "ingress", "from", "metadata", "name", "namespace", "bucket", "tags", "scalingConfig", "maxSize", "instanceTypes", "hard")
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from([LATER, MASK, "10.0.0.0/8", "1Gi", "1.36", '{"Statement": [{"Effect": "Deny", "Action": "*"}]}', '{"rules": [1]}', "[]", "{"]),
)
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=5), inner, max_size=4), max_leaves=8
)
properties = st.dictionaries(st.sampled_from(NAMES), values, max_size=5)
differences = st.dictionaries(
    st.sampled_from([*NAMES, "spec.ingress", "scalingConfig.maxSize", 'tags["a.b"]', "rules[0].id", "spec.hard.cpu"]),
    st.sampled_from(["update", "add", "delete", "update-replace", "add-replace"]),
    max_size=4,
)


def _one(op: str, type_: str, name: str, old: Any, was: Any, new: Any, diff: Any, flags: tuple[bool, bool | None], parent: str | None) -> Step:
    return step(op, name, type_, old=old, was=was, new=new, outputs=was, diff=diff, protect=flags[0], protects=flags[1], id=f"{name}-id", parent=parent)


anything = st.builds(
    _one,
    st.sampled_from(["create", "update", "replace", "delete", "same", "create-replacement", "delete-replaced", "read", "import", "no such thing"]),
    st.sampled_from(TYPES),
    st.text("ab/-:.", min_size=1, max_size=4),
    properties,
    properties,
    properties,
    differences,
    st.tuples(st.booleans(), st.none() | st.booleans()),
    st.none() | st.just(f"{STACK}pulumi:pulumi:Stack::project-dev") | st.just(f"{STACK}a:b:C::component"),
)
"""Steps that an engine might never write."""
