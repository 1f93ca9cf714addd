"""Tables of the pack, held to where their facts come from."""

import inspect
import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
from moto.ec2.models.instance_types import INSTANCE_TYPES
from policies import encryption, exposure, identity, protection, zones
from policies.instances import GPUS, gpus
from policies.table import POLICIES
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


def sources(package: str) -> dict[str, str]:
    """Source of each resource of a provider's SDK, by its type token."""
    spec = find_spec(package)
    assert spec and spec.origin
    texts = (file.read_text("utf-8") for file in Path(spec.origin).parent.rglob("*.py"))
    return {token: text for text in texts for token in re.findall(r"^            ['\"](aws:[\w./-]+:\w+)['\"],$", text, re.MULTILINE)}


AWS = sources("pulumi_aws")
OF_EXAMPLES = {one.type for policy in POLICIES for example in (*policy.passing(), *policy.failing()) for one in example.resources}
# What the tables read of each type.
NAMES = (exposure.RESOURCE_POLICIES, exposure.PUBLIC_SWITCHES, identity.DOCUMENTS, identity.ATTACHMENTS, zones.SUBNET_GROUPS)
READ = sorted(
    {
        *((type_, str(path[0])) for table in (encryption.KEYS, encryption.SWITCHES) for type_, path in table.items()),
        *((type_, name) for table in NAMES for type_, name in table.items()),
        *((type_, name) for type_, one in protection.HOLDERS.items() for name in (one.switch, one.force) if name),
    }
)


@pytest.mark.parametrize("token", sorted(token for token in OF_EXAMPLES if token.startswith("aws:")))
def test_a_type_that_policies_look_at_is_the_providers(token: str) -> None:
    assert token in AWS


@pytest.mark.parametrize(("token", "name"), READ)
def test_a_property_that_a_table_names_is_the_types(token: str, name: str) -> None:
    assert f'name="{name}"' in AWS[token] or re.search(rf"def {name}\(self\)", AWS[token])
