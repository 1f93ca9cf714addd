"""The life of one resource of each type: a table that `test_lives.py` runs against the local cloud."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Inputs = dict[str, Any]


@dataclass(frozen=True)
class Life:
    """What is made, changed, replaced and refused. Each change is laid over `inputs`; None takes an argument out."""

    token: str
    inputs: Callable[[Any], Inputs]
    """Given the `Engine`: makes what it stands on and returns its inputs."""
    seen: Callable[[Any, Any], object]
    """Given the `Engine` and the `Made`: what plain boto3 sees of it; raises or is empty when it is not there."""
    update: Inputs = field(default_factory=dict)
    """A change in place; empty for types that know none."""
    replace: Inputs = field(default_factory=dict)
    wrong: tuple[str, Any] = ("", None)
    """An argument and a value that AWS would refuse."""
    after: Mapping[str, Any] = field(default_factory=dict)
    """Outputs expected after the update, where they are not the inputs themselves."""
    stays: bool = False
    """Whether deleting it leaves it in the cloud: something of AWS' own that is only taken over."""


def lives() -> Iterator[Life]:
    """Every life, from the modules beside this one."""
    from tests.local.providers.aws import (
        lives_compute,
        lives_data,
        lives_ecr,
        lives_eks,
        lives_endpoints,
        lives_gateways,
        lives_iam,
        lives_metrics,
        lives_network,
        lives_routing,
        lives_security,
    )

    for module in (
        lives_compute,
        lives_data,
        lives_ecr,
        lives_eks,
        lives_endpoints,
        lives_gateways,
        lives_iam,
        lives_metrics,
        lives_network,
        lives_routing,
        lives_security,
    ):
        yield from module.LIVES
