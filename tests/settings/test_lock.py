"""The lock's text: the same bytes for the same lock, a line for each thing that moves on its own; and the way out where it cannot be read."""

import re

import pytest
from boto3.session import Session

from commonground import lock, settings
from commonground.settings.regions import REGIONS
from commonground.settings.text import parse
from commonground.settings.words import REGION
from tests.settings.conftest import ENVIRONMENTS, FOUNDATION, Sound


def load(text: str) -> settings.LockFile:
    found, mistakes = parse(text, "lock.yaml")
    assert found is not None
    assert not mistakes
    return settings.LockFile.model_validate(found.data)


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_a_shipped_lock_is_what_would_be_written(name: str) -> None:
    text = (FOUNDATION / f"lock.{name}.yaml").read_text()
    assert settings.dump(load(text)) == text


def test_order_does_not_matter_and_sizes_sort_as_numbers() -> None:
    lock = load((FOUNDATION / "lock.dev.yaml").read_text())
    facts = lock.instance_types["m7i.large"]
    shuffled = lock.model_copy(update={"instance_types": {"m7i.12xlarge": facts, "m7i.2xlarge": facts}, "addons": dict(reversed(lock.addons.items()))})
    text = settings.dump(shuffled)
    assert text.index("m7i.2xlarge") < text.index("m7i.12xlarge")
    assert settings.dump(load(text)) == text


@pytest.mark.parametrize("incarnation", ["1234", "1e10", "0x1f", "null", "true", "k7q2"])
def test_an_incarnation_that_looks_like_a_number_comes_back_as_text(incarnation: str) -> None:
    lock = load((FOUNDATION / "lock.dev.yaml").read_text()).model_copy(update={"incarnation": incarnation})
    assert load(settings.dump(lock)).incarnation == incarnation


def test_a_lock_that_was_asked_does_not_call_itself_an_example() -> None:
    lock = load((FOUNDATION / "lock.dev.yaml").read_text()).model_copy(update={"example": False})
    assert "example" not in settings.dump(lock)


def test_the_known_regions_are_those_of_botocore() -> None:
    session = Session()
    offered = {region for partition in session.get_available_partitions() for region in session.get_available_regions("eks", partition)}
    assert {region for region in offered if re.search(REGION.pattern, region)} == REGIONS


def test_a_region_that_is_newer_than_our_table_is_taken_where_the_lock_says_that_it_answered(sound: Sound) -> None:
    sound.edit("Pulumi.dev.yaml", "region: eu-central-1", "region: eu-central-9")
    (mistake,) = sound.check()
    assert mistake.key == "commonground:bindings.region"
    sound.edit("lock.dev.yaml", "region: eu-central-1", "region: eu-central-9")
    assert sound.check() == []


@pytest.mark.parametrize("block", ["asked", "zones", "addons", "ami_releases", "instance_types"])
def test_a_missing_block_is_said_once_and_the_next_lock_can_still_keep_the_incarnation(sound: Sound, block: str) -> None:
    path = sound.folder / "lock.dev.yaml"
    path.write_text(re.sub(rf"(?m)^{block}:.*\n(  .*\n)*", "", path.read_text()))
    (mistake,) = sound.check()
    assert (mistake.file, mistake.key, mistake.fix) == ("lock.dev.yaml", block, "run `commonground lock dev`, or restore the file from git")
    previous = lock.wanted(sound.folder, "dev").previous
    assert previous is not None and previous.incarnation == "k7q2"


def test_a_zone_that_cannot_be_read_is_not_counted_as_one_that_the_region_lacks(sound: Sound) -> None:
    sound.edit("Pulumi.dev.yaml", "zones: 2", "zones: 3")
    sound.edit("lock.dev.yaml", "{name: eu-central-1a}", "{}")
    assert [mistake.key for mistake in sound.check()] == ["zones.euc1-az1.name"]
