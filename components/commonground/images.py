"""Images of the cluster's own software: pulled from the environment's registry, as a cache or a mirror of the public ones."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

import pulumi
import pulumi_aws as aws

from commonground.settings.environment import ImagesSettings
from commonground.tags import named

MIRROR = "mirror"
# Upstreams that ECR caches without credentials -> part of the repositories' names (ECR user guide, "Sync an upstream registry with an Amazon ECR private
# registry"). ECR does not cache nvcr.io, nor Docker Hub without credentials, nor EKS' own registry without a role.
CACHED = MappingProxyType({"public.ecr.aws": "ecr-public", "registry.k8s.io": "kubernetes", "quay.io": "quay"})
# ECR API reference, "CreatePullThroughCacheRule": ecrRepositoryPrefix.
LONGEST_PREFIX = 30

# When a tag moves upstream, the image that the cache had under it has no tag any more.
UNTAGGED_DAYS = 14


@dataclass(frozen=True)
class Image:
    """A public image, pinned."""

    registry: str
    repository: str
    tag: str

    @property
    def public(self) -> str:
        """Its public name."""
        return f"{self.registry}/{self.repository}:{self.tag}"

    @property
    def cached(self) -> bool:
        """Whether ECR fetches it by itself; if not, it has to be copied."""
        return self.registry in CACHED


# The releases that NVIDIA's GPU operator 26.3 and AWS' EFA chart 0.5.30 ship together. Grafana: the last minor release that signs requests to AMP by
# itself (docs/decisions/0010-grafana-12.md).
IMAGES = MappingProxyType(
    {
        "device-plugin": Image("nvcr.io", "nvidia/k8s-device-plugin", "v0.19.3"),
        "dcgm-exporter": Image("nvcr.io", "nvidia/k8s/dcgm-exporter", "4.5.3-4.8.2-distroless"),
        "mig-manager": Image("nvcr.io", "nvidia/cloud-native/k8s-mig-manager", "v0.14.2"),
        "dra-driver": Image("registry.k8s.io", "dra-driver-nvidia/dra-driver-nvidia-gpu", "v0.5.0"),
        "efa-device-plugin": Image("602401143452.dkr.ecr.us-west-2.amazonaws.com", "eks/aws-efa-k8s-device-plugin", "v0.5.20"),
        "grafana": Image("docker.io", "grafana/grafana", "12.4.14"),
    }
)
"""By the name that components use."""


class UnknownImageError(KeyError):
    """An image that the table lacks."""

    def __init__(self, name: str) -> None:
        super().__init__(f"image {name!r}: expected one of {', '.join(sorted(IMAGES))}")
        self.name = name
        self.known = tuple(sorted(IMAGES))

    def __str__(self) -> str:
        return str(self.args[0])


class LongPrefixError(ValueError):
    """An environment whose name is too long for the names of its caches."""

    def __init__(self, environment: str, prefix: str) -> None:
        most = LONGEST_PREFIX - len(prefix) + len(environment)
        super().__init__(
            f"environment {environment!r}: expected a name of at most {most} characters: ECR takes {LONGEST_PREFIX} for a cache's prefix {prefix!r}"
        )
        self.environment = environment
        self.most = most


@dataclass(frozen=True)
class Copy:
    """One image that has to be copied before it can be pulled."""

    source: str
    target: str


class ImagesLike(Protocol):
    """Where images are pulled from: `Images` is one, and so is `PublicImages`."""

    def url(self, name: str) -> str: ...


class PublicImages:
    """Straight from the public registries: for a cluster that reaches them, and whose owner accepts what that means."""

    def url(self, name: str) -> str:
        """Public name of an image of the table, with its tag. Raises `UnknownImageError`."""
        return image(name).public


class Images(pulumi.ComponentResource):
    """Cache rules for the public registries, and a repository for each image that is used.

    The repositories are here before the first pull, so nodes need no right to create any: what is not in the table cannot be pulled through a cache by
    them (ECR user guide, "IAM permissions required to sync an upstream registry").
    """

    rules: dict[str, aws.ecr.PullThroughCacheRule]
    """By the part of the repositories' names: `kubernetes`."""
    template: aws.ecr.RepositoryCreationTemplate
    """How a repository is made when somebody who may create one pulls something else through a cache."""
    repositories: dict[str, aws.ecr.Repository]
    """By the image's name."""

    def __init__(self, name: str, settings: ImagesSettings, *, used: Sequence[str] = tuple(IMAGES), opts: pulumi.ResourceOptions | None = None) -> None:
        """`used`: names of the images that this environment runs; repositories are made for these only. Raises `UnknownImageError`, `LongPrefixError`."""
        super().__init__("commonground:images:Images", name, None, opts)
        self._label = name
        self._settings = settings
        self._inside = pulumi.ResourceOptions(parent=self)
        self.rules = {part: self._rule(part, registry) for registry, part in CACHED.items()}
        self.template = self._template()
        self.repositories = {one: self._repository(one) for one in used}
        self.register_outputs({"repositories": {one: repository.name for one, repository in self.repositories.items()}})

    def url(self, name: str) -> str:
        """What a pod spec names: registry, repository and tag, known before anything is deployed. Raises `UnknownImageError`."""
        return url(self._settings, name)

    def _rule(self, part: str, registry: str) -> aws.ecr.PullThroughCacheRule:
        prefix = f"{self._settings.environment}/{part}"
        if len(prefix) > LONGEST_PREFIX:
            raise LongPrefixError(self._settings.environment, prefix)
        return aws.ecr.PullThroughCacheRule(f"{self._label}-{part}", ecr_repository_prefix=prefix, upstream_registry_url=registry, opts=self._inside)

    def _template(self) -> aws.ecr.RepositoryCreationTemplate:
        """Tags of a cache follow the public ones. Neither tags nor a key of ours: ECR would need a role for them."""
        return aws.ecr.RepositoryCreationTemplate(
            f"{self._label}-template",
            prefix=self._settings.environment,
            description=f"What is pulled through the caches of {self._settings.environment}",
            applied_fors=["PULL_THROUGH_CACHE"],
            image_tag_mutability="MUTABLE",
            encryption_configurations=[{"encryption_type": "AES256"}],
            lifecycle_policy=_untagged_expire(),
            opts=self._inside,
        )

    def _repository(self, name: str) -> aws.ecr.Repository:
        """Holds copies only, so it goes with its images. A mirror's tags never move; a cache could not refresh one that may not."""
        label = f"{self._label}-{name}"
        return aws.ecr.Repository(
            label,
            name=repository(self._settings, name),
            image_tag_mutability="MUTABLE" if image(name).cached else "IMMUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=[{"encryption_type": "AES256"}],
            force_delete=True,
            tags=named(label),
            opts=self._inside,
        )


def image(name: str) -> Image:
    """An image of the table. Raises `UnknownImageError`."""
    if name not in IMAGES:
        raise UnknownImageError(name)
    return IMAGES[name]


def repository(settings: ImagesSettings, name: str) -> str:
    """The image's repository in the environment's registry. Example: `dev/mirror/nvidia/k8s-device-plugin`."""
    wanted = image(name)
    return f"{settings.environment}/{CACHED.get(wanted.registry, MIRROR)}/{wanted.repository}"


def url(settings: ImagesSettings, name: str) -> str:
    """The image's name in the environment's registry, with its tag. Raises `UnknownImageError`."""
    return f"{settings.account}.dkr.ecr.{settings.region}.amazonaws.com/{repository(settings, name)}:{image(name).tag}"


def copies(settings: ImagesSettings, used: Sequence[str] = tuple(IMAGES)) -> tuple[Copy, ...]:
    """What has to be copied from where, in the order of `used`: images that ECR does not fetch by itself."""
    return tuple(Copy(image(name).public, url(settings, name)) for name in used if not image(name).cached)


def _untagged_expire() -> str:
    selection = {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": UNTAGGED_DAYS}
    return json.dumps({"rules": [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]})
