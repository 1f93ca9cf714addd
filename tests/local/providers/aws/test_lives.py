"""Each resource type of the AWS stand-in: created, read, updated, replaced where it must, deleted; a wrong argument refused."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from commonground.local.providers.aws.provider import AwsStandIn
from commonground.local.providers.aws.table import TABLE
from commonground.local.providers.diff import top
from commonground.local.providers.provider import Subject
from commonground.local.providers.values import UNKNOWN
from tests.local.providers.aws.conftest import TAGS, Engine, Made
from tests.local.providers.aws.lives import Inputs, Life, lives

LIVES = {life.token: life for life in lives()}
each_life = pytest.mark.parametrize("life", LIVES.values(), ids=LIVES.keys())


def laid_over(inputs: Inputs, change: Inputs) -> Inputs:
    return {name: value for name, value in {**inputs, **change}.items() if value is not None}


def nested(path: str, value: Any) -> Inputs:
    for name in reversed(path.split(".") if path else []):
        value = {name: value}
    return dict(value)


def there(life: Life, engine: Engine, made: Made) -> bool:
    try:
        return bool(life.seen(engine, made))
    except ClientError:
        return False


def differing(wanted: Any, found: Any, path: str) -> list[str]:
    """Paths at which `found` lacks what is wanted; lists are compared as sets of what they hold."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        return [line for key, value in wanted.items() for line in differing(value, found.get(key), f"{path}.{key}")]
    if isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        rest = list(found)
        for item in wanted:
            match = next((other for other in rest if not differing(item, other, path)), None)
            if match is None:
                return [f"{path}: {item!r} not in {found!r}"]
            rest.remove(match)
        return []
    return [] if wanted == found else [f"{path}: {wanted!r} is not {found!r}"]


def test_every_type_of_the_table_has_a_life() -> None:
    assert set(LIVES) == set(TABLE)


@each_life
def test_it_is_created_read_updated_and_deleted(life: Life, engine: Engine) -> None:
    row, inputs = TABLE[life.token], life.inputs(engine)
    made = engine.create(life.token, inputs)
    assert there(life, engine, made)
    assert differing({name: value for name, value in made.inputs.items() if not name.startswith("__")}, engine.read(made), life.token) == []
    assert set(row.computed) <= set(made.outputs), "every computed output has a value"
    assert not engine.diff(made, inputs).changes, "the same program is no change"
    refreshed = engine.refreshed_inputs(made)
    assert refreshed is not None
    assert not engine.stand_in.diff(made.subject, made.id, refreshed, made.inputs).changes, "a refresh of what nobody touched is no change"

    if life.update:
        changed = laid_over(inputs, life.update)
        diff = engine.diff(made, changed)
        assert diff.changes
        assert not diff.replaces
        engine.update(made, changed)
        expected = {**life.update, **life.after}
        assert differing({name: value for name, value in expected.items() if value is not None}, engine.read(made), life.token) == []
        assert there(life, engine, made)
        assert not engine.diff(made, changed).changes

    engine.delete(made)
    assert there(life, engine, made) == life.stays
    assert (engine.read(made) is not None) == life.stays
    engine.delete(made)  # what is gone counts as deleted


@each_life
def test_it_is_replaced_where_it_must_be(life: Life, engine: Engine) -> None:
    inputs = life.inputs(engine)
    made = engine.create(life.token, inputs)
    diff = engine.diff(made, laid_over(inputs, life.replace))
    assert {top(path) for path in diff.replaces} & set(life.replace)


@pytest.mark.parametrize(("token", "path"), [(row.token, path) for row in TABLE.values() for path in row.rules.replaces])
def test_a_change_of_each_argument_that_cannot_be_changed_replaces(token: str, path: str) -> None:
    subject = Subject(f"urn:pulumi:test::test::{token}::thing", token, "plan")
    old, new = (nested(path, value) for value in ("one", "other"))
    found = AwsStandIn(None).diff(subject, "id", old, new)
    assert found.replaces == {path}
    assert found.changes == {path: "update"}
    assert path in AwsStandIn(None).diff(subject, "id", nested(path.rpartition(".")[0], {}), new).replaces


@each_life
def test_a_wrong_and_an_unknown_argument_are_refused_by_name(life: Life, engine: Engine) -> None:
    inputs, (name, value) = life.inputs(engine), life.wrong
    _, _, failures = engine.check(life.token, {**inputs, name: value})
    assert {failure.property.split(".")[0].split("[")[0] for failure in failures} == {name}
    _, _, failures = engine.check(life.token, {**inputs, "noSuchArgument": 1})
    assert [failure.property for failure in failures] == ["noSuchArgument"]


@each_life
def test_a_preview_of_its_creation_knows_what_the_program_says_and_nothing_else(life: Life, engine: Engine) -> None:
    inputs = life.inputs(engine)
    outputs = engine.preview(life.token, inputs)
    assert differing(inputs, outputs, life.token) == []
    assert all(outputs[name] == UNKNOWN for name in TABLE[life.token].computed)


@each_life
def test_what_an_interrupted_create_made_is_found_again(life: Life, engine: Engine) -> None:
    made = engine.create(life.token, life.inputs(engine))
    assert engine.stand_in.find(made.subject, made.inputs) == made.id


@each_life
def test_tags_of_the_provider_and_its_own_reach_the_cloud(life: Life, engine: Engine) -> None:
    if TABLE[life.token].taggable:
        made = engine.create(life.token, {**life.inputs(engine), "tags": {"own": "1"}})
        assert made.outputs["tagsAll"] == {**TAGS, "own": "1"}
