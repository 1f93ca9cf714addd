"""What a run changes once the environment is up: nothing, or just what was edited."""

import pytest

from tests.foundation.checkout import Aws, said
from tests.foundation.conftest import Eventful, Provisioned, Story
from tests.foundation.test_cluster import CLUSTER

pytestmark = [pytest.mark.engine, pytest.mark.cloud]


def test_the_first_up_ends_with_outputs_the_endpoint_and_a_count(provisioned: Provisioned) -> None:
    told = provisioned.first.out
    assert f"name: {CLUSTER}" in told
    assert f"local cloud: {provisioned.aws.endpoint}\n" in told
    last = told.splitlines()[-1]
    assert last.startswith("local: ") and last.endswith(" created, 0 changed, 0 replaced, 0 deleted, 0 unchanged")
    assert int(last.split()[1]) >= 100
    assert "Traceback" not in provisioned.first.err


def test_a_second_up_changes_nothing_and_says_so(provisioned: Provisioned) -> None:
    again = Story(provisioned.checkout).tell("again", "up", "local")
    assert again.result.code == 0
    assert again.result.out.splitlines()[-1].startswith("local: nothing to change: 0 created, 0 changed, 0 replaced, 0 deleted, ")
    assert again.calls == []


def test_a_preview_as_the_caller_acts_as_nobody_else_and_that_is_no_change(provisioned: Provisioned) -> None:
    told = Story(provisioned.checkout).tell("as the caller", "preview", "local", "--as-caller", "--exit-code")
    assert told.result.code == 0, told.result.out + told.result.err
    assert told.calls == []


def test_an_edited_scale_value_is_previewed_down_to_the_property(eventful: Eventful) -> None:
    shown = eventful.story["preview more"]
    assert shown.result.code == 2, shown.result.err
    assert "general-nodes (aws:eks/nodeGroup:NodeGroup)" in shown.result.out
    assert "maxSize: 3 -> 5" in shown.result.out
    assert shown.calls == []


def test_up_after_it_updates_just_that(eventful: Eventful) -> None:
    done = eventful.story["more"]
    assert done.result.out.splitlines()[-1].startswith("local: 0 created, 1 changed, 0 replaced, 0 deleted, "), done.result.out
    assert said(done.calls) == ["eks UpdateNodegroupConfig"]
    eks = Aws.at(eventful.story.checkout.cloud).eks
    (name,) = [name for name in eks.list_nodegroups(clusterName=CLUSTER)["nodegroups"] if name.startswith("general-")]
    sizes = eks.describe_nodegroup(clusterName=CLUSTER, nodegroupName=name)["nodegroup"]["scalingConfig"]
    assert sizes == {"minSize": 1, "desiredSize": 1, "maxSize": 5}


def test_nothing_that_runs_shows_in_git_status(provisioned: Provisioned) -> None:
    assert provisioned.checkout.git("status", "--porcelain") == ""
