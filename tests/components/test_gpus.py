"""What pods see of a node's GPUs."""

import pytest
from tests.components import factory
from tests.components import gpu_parts as parts

from commonground.gpus import NoSuchProfileError, gpu_labels, mig_parts, offered, product, share_memory_mib, shares
from commonground.settings.base import Gpus, PoolPurpose
from commonground.settings.environment import SharingSettings


@pytest.mark.parametrize(
    ("gpus", "sharing", "seen", "memory"),
    [
        (parts.L4, parts.WHOLE, 1, 22888),
        (parts.L4, parts.IN_TURNS, 4, 22888),
        (parts.L4, parts.SIDE_BY_SIDE, 4, 5722),
        (parts.H100, parts.CUT, 56, 10240),
    ],
)
def test_gpus_are_counted_as_pods_get_them_with_the_memory_that_each_has(gpus: Gpus, sharing: SharingSettings, seen: int, memory: int) -> None:
    assert (shares(gpus, sharing), share_memory_mib(gpus, sharing)) == (seen, memory)


@pytest.mark.parametrize(("profile", "parts_"), [("1g.10gb", 7), ("1g.20gb", 4), ("3g.40gb", 2), ("7g.80gb", 1)])
def test_a_profile_cuts_a_gpu_into_as_many_parts_as_nvidia_says(profile: str, parts_: int) -> None:
    assert mig_parts(parts.H100, profile) == parts_


def test_a_profile_that_a_gpu_lacks_is_refused_with_those_it_has() -> None:
    with pytest.raises(NoSuchProfileError, match=r"GPU H100: expected one of its MIG profiles: 1g\.10gb.*; found 1g\.5gb"):
        mig_parts(parts.H100, "1g.5gb")
    with pytest.raises(NoSuchProfileError, match="GPU L4: expected another way of sharing"):
        mig_parts(parts.L4, "1g.10gb")


def test_a_models_name_becomes_a_label() -> None:
    assert [product(model) for model in ("L4", "A10G", "RTX PRO Server 6000")] == ["l4", "a10g", "rtx-pro-server-6000"]


def test_a_pool_without_gpus_says_nothing_of_them() -> None:
    plain = factory.pool("general", PoolPurpose.GENERAL)
    assert (gpu_labels(plain), offered(plain)) == ({}, {})
