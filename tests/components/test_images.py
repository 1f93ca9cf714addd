"""What a user can rely on of the images of the cluster's own software."""

import json

import pytest
from tests.components.gpu_parts import IMAGES as SETTINGS
from tests.components.stage import Stage, stage

from commonground.images import IMAGES, Copy, Images, LongPrefixError, PublicImages, UnknownImageError, copies

RULE = "aws:ecr/pullThroughCacheRule:PullThroughCacheRule"
TEMPLATE = "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate"
REPOSITORY = "aws:ecr/repository:Repository"
REGISTRY = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"


@pytest.fixture(scope="module")
def made() -> Stage:
    return stage(lambda: Images("images", SETTINGS))


def test_public_registries_that_want_no_credentials_are_cached_under_the_environments_name(made: Stage) -> None:
    assert {one.inputs["ecrRepositoryPrefix"]: one.inputs["upstreamRegistryUrl"] for one in made.all(RULE).values()} == {
        "dev/ecr-public": "public.ecr.aws",
        "dev/kubernetes": "registry.k8s.io",
        "dev/quay": "quay.io",
    }


def test_an_images_name_is_known_before_anything_is_deployed() -> None:
    urls: dict[str, str] = {}

    def program() -> None:
        images = Images("images", SETTINGS)
        urls.update({name: images.url(name) for name in ("device-plugin", "dra-driver")})

    stage(program)
    assert urls == {
        "device-plugin": f"{REGISTRY}/dev/mirror/nvidia/k8s-device-plugin:v0.19.3",
        "dra-driver": f"{REGISTRY}/dev/kubernetes/dra-driver-nvidia/dra-driver-nvidia-gpu:v0.5.0",
    }


def test_nodes_need_no_right_to_make_repositories_since_each_is_there(made: Stage) -> None:
    names = {one.inputs["name"] for one in made.all(REPOSITORY).values()}
    images = [PublicImages().url(name).split("/", 1)[1].rsplit(":", 1)[0] for name in IMAGES]
    assert len(names) == len(IMAGES)
    assert all(any(name.endswith(f"/{repository}") for name in names) for repository in images)


def test_only_what_is_used_has_a_repository() -> None:
    some = stage(lambda: Images("images", SETTINGS, used=("dcgm-exporter",)))
    assert [one.inputs["name"] for one in some.all(REPOSITORY).values()] == ["dev/mirror/nvidia/k8s/dcgm-exporter"]


def test_tags_of_the_mirror_never_move_and_those_of_a_cache_follow_the_public_ones(made: Stage) -> None:
    mutability = {name: one.inputs["imageTagMutability"] for name, one in made.all(REPOSITORY).items()}
    assert mutability["images-device-plugin"] == "IMMUTABLE"
    assert mutability["images-dra-driver"] == made.one(TEMPLATE).inputs["imageTagMutability"] == "MUTABLE"


def test_what_else_a_cache_makes_is_encrypted_and_loses_what_has_no_tag(made: Stage) -> None:
    template = made.one(TEMPLATE).inputs
    assert (template["prefix"], template["appliedFors"]) == ("dev", ["PULL_THROUGH_CACHE"])
    assert template["encryptionConfigurations"] == [{"encryptionType": "AES256"}]
    (rule,) = json.loads(template["lifecyclePolicy"])["rules"]
    assert rule["selection"]["tagStatus"] == "untagged"


def test_what_no_cache_fetches_is_listed_with_where_it_goes() -> None:
    assert copies(SETTINGS, ("device-plugin", "dra-driver")) == (
        Copy("nvcr.io/nvidia/k8s-device-plugin:v0.19.3", f"{REGISTRY}/dev/mirror/nvidia/k8s-device-plugin:v0.19.3"),
    )


def test_every_image_is_pinned_by_version() -> None:
    assert all(image.tag not in ("", "latest") for image in IMAGES.values())


def test_an_image_that_the_table_lacks_is_refused_with_those_it_has() -> None:
    with pytest.raises(UnknownImageError, match=r"^image 'operator': expected one of dcgm-exporter, device-plugin"):
        PublicImages().url("operator")


def test_a_name_too_long_for_a_caches_prefix_is_refused() -> None:
    long = SETTINGS.model_copy(update={"environment": "development-of-shop"})
    stage(lambda: Images("images", long, used=()))
    with pytest.raises(LongPrefixError, match="at most 19 characters"):
        stage(lambda: Images("images", long.model_copy(update={"environment": "development-of-shops"}), used=()))
