"""The table of edits, asked of the stand-in. The official provider is asked the same with a real API server, in tests/controlplane."""

import pytest
from tests.local.providers.kubernetes.edits import CHANGES, EDITS, EDITS_IN_PLACE, IN_PLACE_SETTINGS, Edit, Outcome
from tests.local.providers.kubernetes.objects import OBJECTS

from commonground.local.providers.errors import StandInError
from commonground.local.providers.kubernetes.kinds import WITHOUT_STATUS
from commonground.local.providers.kubernetes.provider import KubernetesStandIn
from commonground.local.providers.provider import Subject
from commonground.local.providers.values import UNKNOWN

VERSIONS = ("1.34", "1.35", "1.36", "1.37")
ALL = [(edit, {}) for edit in EDITS] + [(edit, dict.fromkeys(IN_PLACE_SETTINGS, "true")) for edit in EDITS_IN_PLACE]
each_edit = pytest.mark.parametrize(("edit", "settings"), ALL, ids=[edit.name for edit, _ in ALL])


def subject(edit: Edit) -> Subject:
    return Subject(f"urn:pulumi:test::test::{edit.token}::thing", edit.token, "one")


@each_edit
def test_it_comes_to_what_the_official_provider_makes_of_it(edit: Edit, settings: dict[str, str]) -> None:
    stand_in = KubernetesStandIn("1.36", None)
    stand_in.configure("one", settings)
    before, failures = stand_in.check(subject(edit), None, edit.before)
    after, more = stand_in.check(subject(edit), before, edit.after)
    assert (failures, more) == ([], [])
    id_, state = stand_in.create(subject(edit), before, preview=False)
    found = stand_in.diff(subject(edit), id_, before, after)
    assert bool(found.replaces) == (edit.outcome is Outcome.REPLACE)
    assert (found.replaces or set(found.changes)) == edit.paths
    if edit.outcome is Outcome.REPLACE:
        assert found.delete_before_replace == edit.delete_first
        return
    for preview in (True, False) if edit.outcome is not Outcome.NONE else ():
        if edit.outcome is Outcome.REFUSED:
            with pytest.raises(StandInError, match="the API server refuses to change"):
                stand_in.update(subject(edit), id_, state, before, after, preview=preview)
        else:
            assert stand_in.update(subject(edit), id_, state, before, after, preview=preview) == after


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", OBJECTS)
def test_every_object_of_the_table_is_sound_in_every_version(kind: str, version: str) -> None:
    stand_in = KubernetesStandIn(version, None)
    token = f"kubernetes:{kind}"
    assert stand_in.check(Subject(f"urn:pulumi:test::test::{token}::thing", token, "one"), None, OBJECTS[kind])[1] == []


@pytest.mark.parametrize("kind", OBJECTS)
def test_a_preview_leaves_the_status_open_where_the_kind_has_one(kind: str) -> None:
    object_ = OBJECTS[kind]
    _, outputs = KubernetesStandIn("1.36", None).create(Subject("urn:pulumi:test::test::kubernetes:x::thing", "kubernetes:x", "one"), object_, preview=True)
    assert outputs.get("status") == (None if kind in WITHOUT_STATUS else UNKNOWN)


def test_the_table_has_every_kind_and_its_names_are_unique() -> None:
    assert set(CHANGES) == set(OBJECTS)
    assert len({edit.name for edit in EDITS}) == len(EDITS)


@pytest.mark.parametrize(("setting", "kind"), [("enableConfigMapMutable", "ConfigMap"), ("enableSecretMutable", "Secret")])
@pytest.mark.parametrize("value", [True, "true"])
def test_content_changes_in_place_where_the_provider_is_told_so_and_the_object_does_not_forbid_it(setting: str, kind: str, value: object) -> None:
    stand_in = KubernetesStandIn("1.36", None)
    stand_in.configure("one", {setting: value})
    (edit,) = (edit for edit in EDITS if edit.name == f"{kind}: another value")
    assert not stand_in.diff(subject(edit), "id", edit.before, edit.after).replaces
    assert stand_in.diff(subject(edit), "id", edit.before | {"immutable": True}, edit.after | {"immutable": True}).replaces == edit.paths
    other = {"ConfigMap": "Secret", "Secret": "ConfigMap"}[kind]
    (edit,) = (edit for edit in EDITS if edit.name == f"{other}: another value")
    assert stand_in.diff(subject(edit), "id", edit.before, edit.after).replaces == edit.paths
