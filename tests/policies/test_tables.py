"""Tables of the pack, held to where their facts come from."""

import inspect
from importlib import import_module

import pytest
from moto.ec2.models.instance_types import INSTANCE_TYPES
from policies.instances import GPUS, gpus
from policies.tags import TAGGABLE


def test_gpus_by_instance_type_are_those_that_ec2_describes() -> None:
    described = {name: sum(gpu.get("Count", 0) for gpu in facts["GpuInfo"]["Gpus"]) for name, facts in INSTANCE_TYPES.items() if facts.get("GpuInfo")}
    table = {f"{family}.{size}": count for family, sizes in GPUS.items() for size, count in sizes.items()}
    assert {name: count or 1 for name, count in described.items()} == table


def test_no_instance_type_without_gpus_is_taken_for_one_with_gpus() -> None:
    accelerated = ("NeuronInfo", "FpgaInfo", "MediaAcceleratorInfo", "InferenceAcceleratorInfo", "GpuInfo")
    taken = [name for name, facts in INSTANCE_TYPES.items() if gpus(name) != 0 and not any(facts.get(key) for key in accelerated)]
    assert taken == ["trn2u.48xlarge"], "Trainium, of which moto does not say it"


@pytest.mark.parametrize("token", TAGGABLE)
def test_what_is_looked_at_for_tags_can_be_tagged(token: str) -> None:
    module, name = token.removeprefix("aws:").split("/")[0], token.rpartition(":")[2]
    kind = getattr(import_module(f"pulumi_aws.{'lambda_' if module == 'lambda' else module}"), name)
    assert "tags" in inspect.signature(kind._internal_init).parameters
