"""What a user can rely on of image registries."""

import json
from fnmatch import fnmatchcase

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.components.parts import PROTECTED, UNPROTECTED, identity, owned_by_platform, owners, registries_settings, registry_settings, statements
from tests.components.stage import stage

from commonground.registries import ExistingRepository, Registries, Repository, lifecycle_policy
from commonground.settings import names
from commonground.settings.base import Protection

GRANT = "aws:iam/rolePolicy:RolePolicy"
LIFECYCLE = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
REPOSITORY = "aws:ecr/repository:Repository"
LARGEST_REPOSITORY = 100_000


@pytest.fixture
def graph(deploy):
    """The graph of the repositories given, or of those that are shipped."""
    return lambda *repositories: deploy(lambda: Registries("registries", registries_settings(*repositories)))


def test_a_tag_never_moves_and_every_image_is_scanned(graph):
    for repository in graph().all(REPOSITORY).values():
        assert repository["imageTagMutability"] == "IMMUTABLE"
        assert repository["imageScanningConfiguration"] == {"scanOnPush": True}


def test_images_are_encrypted_by_the_environments_key(graph):
    result = graph()
    assert set(result.all("aws:kms/key:Key")) == {"registries-key"}
    for repository in result.all(REPOSITORY).values():
        assert repository["encryptionConfigurations"] == [{"encryptionType": "KMS", "kmsKey": "arn:aws:test:::registries-key"}]


def test_a_repository_alone_needs_no_key(deploy):
    result = deploy(lambda: Repository("shop", registry_settings(), key=None))
    assert result.one(REPOSITORY)["encryptionConfigurations"] == [{"encryptionType": "AES256"}]


def test_a_repository_has_the_name_that_manifests_use(graph):
    repositories = graph().all(REPOSITORY)
    assert {label: repository["name"] for label, repository in repositories.items()} == {
        "shop-repository": "shop",
        "models/churn-repository": "models/churn",
    }


def test_what_is_not_released_expires_and_what_is_released_does_not(graph):
    first, last = json.loads(graph().all(LIFECYCLE)["models/churn-lifecycle"]["policy"])["rules"]
    assert first["selection"]["tagPatternList"] == ["v*"]
    assert first["selection"]["countType"] == "imageCountMoreThan"
    assert first["selection"]["countNumber"] > LARGEST_REPOSITORY
    assert last["selection"] == {"tagStatus": "any", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 90}


def expired(policy: str, images: dict[str, int]) -> set[str]:
    """Tags that a policy expires, of images by tag and age in days: each image goes by the first rule that matches it.

    Source: ECR user guide, "Automate the cleanup of images by using lifecycle policies", how priorities are evaluated.
    """
    gone: set[str] = set()
    left = dict(images)
    for rule in sorted(json.loads(policy)["rules"], key=lambda rule: rule["rulePriority"]):
        selection = rule["selection"]
        matched = [tag for tag in left if all(fnmatchcase(tag, pattern) for pattern in selection.get("tagPatternList", []))]
        newest = sorted(matched, key=lambda tag: left[tag])
        if selection["countType"] == "imageCountMoreThan":
            gone.update(newest[selection["countNumber"] :])
        else:
            gone.update(tag for tag in matched if left[tag] > selection["countNumber"])
        for tag in matched:
            del left[tag]
    return gone


TAGS = st.from_regex(r"(v|r|main-|sha-)[0-9]{1,3}", fullmatch=True)


@settings(deadline=None)
@given(
    patterns=st.lists(st.sampled_from(["v*", "r*", "release-*"]), unique=True).map(tuple),
    images=st.dictionaries(TAGS, st.integers(0, 4000), max_size=12),
    days=st.integers(1, 3650),
)
def test_no_released_image_ever_expires_and_every_other_does(patterns, images, days):
    policy = lifecycle_policy(registry_settings(released_tags=patterns, expire_days=days))
    released = {tag for tag in images if any(fnmatchcase(tag, pattern) for pattern in patterns)}
    assert expired(policy, images) == {tag for tag, age in images.items() if tag not in released and age > days}


def test_a_policys_text_is_the_same_each_time():
    assert lifecycle_policy(registry_settings()) == lifecycle_policy(registry_settings())


def test_protection_is_by_the_names_that_the_settings_check():
    lifted = Protection(on=True, unprotected=(names.repository("shop"),))
    repositories = (registry_settings("shop", protection=lifted), registry_settings("models/churn", protection=lifted))
    made = stage(lambda: Registries("registries", registries_settings(*repositories)))
    assert {one.name for one in made.declared if one.protected} == {names.repository("models/churn"), names.REGISTRIES_KEY}
    assert made.one(REPOSITORY, names.repository("shop"))


@pytest.mark.parametrize(("protection", "force"), [(PROTECTED, False), (UNPROTECTED, True)])
def test_only_an_unprotected_repository_goes_with_its_images(graph, protection, force):
    assert graph(registry_settings(protection=protection)).one(REPOSITORY)["forceDelete"] is force


@pytest.mark.parametrize(("verb", "pushes"), [("pull", False), ("push", True)])
def test_who_pulls_cannot_push_and_who_pushes_can_pull(deploy, verb, pushes):
    def program() -> None:
        repository = Registries("registries", registries_settings())["models/churn"]
        {"pull": repository.grant_pull, "push": repository.grant_push}[verb](identity())

    result = deploy(program)
    found = statements(result.all(GRANT)[f"models.churn-{verb}-shop"]["policy"])
    assert found["LogIn"] == {"Sid": "LogIn", "Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"}
    images = found["PushImages" if pushes else "PullImages"]
    assert images["Resource"] == "arn:aws:test:::models/churn-repository"
    assert "ecr:BatchGetImage" in images["Action"]
    assert ("ecr:PutImage" in images["Action"]) is pushes


def test_a_repository_that_is_there_already_is_granted_in_the_same_way(deploy):
    existing = ExistingRepository("shop", arn="arn:aws:ecr:eu-central-1:444455556666:repository/shop", url="444455556666.dkr.ecr/shop")
    result = deploy(lambda: existing.grant_pull(identity()))
    assert statements(result.one(GRANT)["policy"])["PullImages"]["Resource"] == existing.arn


def test_a_users_transform_reaches_every_child():
    found = owners(lambda: Registries("registries", registries_settings(), opts=owned_by_platform()))
    assert found["shop-repository"] == "platform"
    assert set(found.values()) == {"platform"}


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(repositories=st.sets(st.from_regex(r"[a-z]{2,6}(/[a-z]{2,6})?", fullmatch=True), min_size=2, max_size=5).map(sorted), data=st.data())
def test_adding_a_repository_anywhere_changes_nothing_that_is_there(graph, repositories, data):
    added = data.draw(st.sampled_from(repositories))
    before, after = (
        {(resource.typ, resource.name): resource.inputs for resource in graph(*map(registry_settings, chosen)).resources}
        for chosen in ([name for name in repositories if name != added], repositories)
    )
    assert all(after[key] == inputs for key, inputs in before.items())
    assert (REPOSITORY, names.repository(added)) in after
