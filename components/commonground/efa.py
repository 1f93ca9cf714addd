"""EFA: the network interfaces by which nodes of a pool train as one machine."""

from collections.abc import Iterator, Sequence

import pulumi
import pulumi_aws as aws

from commonground.gpus import adapters
from commonground.settings.environment import PoolSettings

# Pages that the EFA software of the accelerated AMIs sets aside, of 2 MiB each (EKS user guide, "Run machine learning training on Amazon EKS with Elastic
# Fabric Adapter").
HUGE_PAGES_MIB = 5128 * 2

# Their first network card carries no EFA (EC2 user guide, "Maximize network bandwidth on Amazon EC2 instances with multiple network cards", P6-B300).
WITHOUT_EFA_ON_FIRST_CARD = frozenset({"p6-b300.48xlarge"})


class UnfitForEfaError(ValueError):
    """A pool of instance types without EFA, or whose adapters differ: one launch template cannot serve them all."""

    def __init__(self, pool: str, types: Sequence[str]) -> None:
        super().__init__(f"pool {pool!r}: with `efa`, expected instance types with equally many Elastic Fabric Adapters, found {', '.join(types)}")
        self.pool = pool
        self.types = tuple(types)


def network_interfaces(settings: PoolSettings, security_group_ids: Sequence[pulumi.Input[str]]) -> list[aws.ec2.LaunchTemplateNetworkInterfaceArgsDict]:
    """All adapters that the pool's instance type has, beside an ordinary interface for everything else. Raises `UnfitForEfaError`.

    The cluster's own security group lets all traffic in from and out to itself, as EFA wants it (EKS user guide, "View Amazon EKS security group
    requirements for clusters"). An adapter takes no address from the subnet (the same, "Run machine learning training on Amazon EKS with Elastic Fabric
    Adapter").
    """
    layouts = {(facts.efa, facts.name in WITHOUT_EFA_ON_FIRST_CARD) for facts in settings.instance_types}
    if len(layouts) != 1 or not adapters(settings):
        raise UnfitForEfaError(settings.name, [f"{facts.name} ({facts.efa})" for facts in settings.instance_types])
    ordinary = _interface("interface", card=0, device=0, groups=security_group_ids)
    return [ordinary, *_adapters(settings, security_group_ids)]


def _adapters(settings: PoolSettings, groups: Sequence[pulumi.Input[str]]) -> Iterator[aws.ec2.LaunchTemplateNetworkInterfaceArgsDict]:
    """One a card. On the first card the ordinary interface is device 0, so the adapter there is device 1."""
    first = 1 if settings.instance_types[0].name in WITHOUT_EFA_ON_FIRST_CARD else 0
    for card in range(first, first + adapters(settings)):
        yield _interface("efa-only", card=card, device=0 if card else 1, groups=groups)


def _interface(type_: str, *, card: int, device: int, groups: Sequence[pulumi.Input[str]]) -> aws.ec2.LaunchTemplateNetworkInterfaceArgsDict:
    return {
        "interface_type": type_,
        "network_card_index": card,
        "device_index": device,
        "security_groups": list(groups),
        "delete_on_termination": "true",
    }
