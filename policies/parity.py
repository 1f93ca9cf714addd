"""Environments of one blueprint have one shape."""

from collections.abc import Iterator
from dataclasses import replace

from policies.policy import EXAMPLE, About, Policy, Resource, Severity, Shape, Stack, Thresholds, example, resource
from policies.tags import tags_of
from policies.values import show

FOUNDATION = "commonground:foundation:Foundation"
# The blueprint's mappings of which each name is a component, and the component's type (docs/names.md).
COMPONENTS = {
    "pools": "commonground:pools:Pool",
    "buckets": "commonground:storage:Bucket",
    "registries": "commonground:registries:Repository",
    "teams": "commonground:teams:Team",
}
OWNER = {"commonground:environment": "environment", "commonground:project": "project"}


def parity(stack: Stack, thresholds: Thresholds) -> Iterator[About]:
    """What one environment alone can show of its shape: that it is made of what the blueprint names, no more and no less; that nothing is tagged as another
    environment's; and that the program makes nothing beside the foundation, which is where `if stack == "prod"` would stand.

    A policy sees one stack. That two environments' graphs are equal, with scale taken out, is compared by `commonground parity` and by the preview's report:
    they see both. Accepted differences (differences.yaml) are in the blueprint's names already.
    """
    found = stack.of(FOUNDATION)
    if found and thresholds.shape:
        yield from _components(stack, found[0], thresholds.shape)
    if found:
        yield from _beside(stack)
    for one in stack.resources:
        tags = tags_of(one) if one.type.startswith("aws:") else None
        for tag, what in OWNER.items():
            said, expected = (tags or {}).get(tag), getattr(thresholds, what)
            if isinstance(said, str) and said and expected and said != expected and found:
                yield About(one, f"is tagged as another {what}'s: {tag} is {show(said)}, and this is {expected}")


def _components(stack: Stack, foundation: Resource, shape: Shape) -> Iterator[About]:
    for type_, expected in shape.names.items():
        made = {one.name: one for one in stack.of(type_)}
        kind = next(key for key, value in COMPONENTS.items() if value == type_)
        for name in sorted(expected - made.keys()):
            yield About(foundation, f"has not what {shape.file} names in {kind}: {name}")
        for name in sorted(made.keys() - expected):
            yield About(made[name], f"is not in {shape.file}: {kind} has no {name}")


def _beside(stack: Stack) -> Iterator[About]:
    """Components and things of providers that have the stack itself as their parent, beside the foundation."""
    for one in stack.resources:
        root = not one.parent or "::pulumi:pulumi:Stack::" in one.parent
        if root and one.type != FOUNDATION and not one.type.startswith(("pulumi:providers:", "pulumi:pulumi:")):
            yield About(one, "is made by the program, beside the foundation: no blueprint says that other environments have it too")


_SHAPE = Shape({"commonground:pools:Pool": frozenset({"system", "gpu"})}, "blueprint.yaml")
_HERE = replace(EXAMPLE, shape=_SHAPE, project="example")
_URN = f"urn:pulumi:prod::example::{FOUNDATION}::foundation"


def _made(*pools: str, **tags: str) -> list[Resource]:
    return [
        resource(FOUNDATION, {}, "foundation"),
        *(resource("commonground:pools:Pool", {}, name, parent=_URN) for name in pools),
        resource("aws:ec2/vpc:Vpc", {"tags": {"commonground:environment": "prod", "commonground:project": "example", **tags}}, parent=_URN),
    ]


_OTHER = resource("aws:ec2/vpc:Vpc", {}, "other", parent="urn:pulumi:prod::example::pulumi:pulumi:Stack::example-prod")

POLICIES = (
    Policy(
        id="parity",
        title="An environment has the blueprint's shape",
        severity=Severity.MEDIUM,
        why="What only prod has was never tried before it was there.",
        fix="Put it in the blueprint; what must differ stands in differences.yaml, with a reason and an end.",
        types=(FOUNDATION,),
        whole=parity,
        passing=lambda: (
            example("the blueprint's", *_made("system", "gpu"), thresholds=_HERE),
            example("no blueprint", *_made("system"), thresholds=replace(_HERE, shape=None)),
            example("another program", _OTHER, thresholds=_HERE),
        ),
        failing=lambda: (
            example("one is missing", *_made("system"), thresholds=_HERE),
            example("one more", *_made("system", "gpu", "extra"), thresholds=_HERE),
            example("another environment's", *_made("system", "gpu", **{"commonground:environment": "dev"}), thresholds=_HERE),
            example("another project's", *_made("system", "gpu", **{"commonground:project": "shop"}), thresholds=_HERE),
            example("beside the foundation", *_made("system", "gpu"), _OTHER, thresholds=_HERE),
        ),
    ),
)
