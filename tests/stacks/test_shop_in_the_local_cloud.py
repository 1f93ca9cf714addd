"""Team shop's stack, deployed by the real engine onto the foundation's own contract."""

import pytest

from tests.stacks.conftest import NEXT_VERSION, VERSION, Story

pytestmark = [pytest.mark.engine, pytest.mark.cloud]

MADE = {
    "Deployment/shop.web",
    "Service/shop.web",
    "PodDisruptionBudget/shop.web",
    "HorizontalPodAutoscaler/shop.web",
    "Deployment/shop.churn",
    "Service/shop.churn",
}


def test_it_comes_up_on_the_foundation_that_is_there(story: Story) -> None:
    assert story.said["up"].code == 0, story.said["up"].err
    assert story.objects["foundation"] == set()
    assert story.objects["up"] == MADE
    assert "web: http://web.shop.svc" in story.said["up"].out


def test_before_its_first_up_it_is_previewed_on_the_foundation_that_is_there(story: Story) -> None:
    preview = story.said["first preview"]
    assert preview.code == 0, preview.err
    assert preview.out.startswith("local: 8 to create, 0 to change, 0 to replace, 0 to delete, ")
    assert "against nothing" not in preview.out
    assert story.objects["first preview"] == set()


def test_up_again_changes_nothing(story: Story) -> None:
    assert "local: nothing to change" in story.said["again"].out


def test_another_version_of_the_model_rolls_its_pods_and_touches_nothing_else(story: Story) -> None:
    said = story.said["another model"].out
    assert "0 to create, 1 to change, 0 to replace, 0 to delete" in said
    assert f'shop/churn/{VERSION}/" -> "s3://' in said and NEXT_VERSION in said


def test_a_mistake_in_its_settings_is_told_with_the_line_and_changes_nothing(story: Story) -> None:
    refused = story.said["mistake"]
    assert refused.code == 1
    assert "stacks/shop/Pulumi.local.yaml:12: shop:scale.churn.replicas: found one, expected a whole number" in refused.err
    assert "Traceback" not in refused.err
    assert story.objects["mistake"] == MADE


def test_it_goes_and_leaves_nothing_of_its_own(story: Story) -> None:
    assert story.said["destroy"].code == 0, story.said["destroy"].err
    assert story.objects["destroy"] == set()
