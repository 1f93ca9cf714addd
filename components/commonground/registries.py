"""Image registries: ECR repositories whose tags never move, whose images are scanned, and whose releases never expire."""

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from commonground.grants import RepositoryGrants
from commonground.keys import Key
from commonground.settings import names
from commonground.settings.environment import RegistriesSettings, RegistrySettings
from commonground.storage import KeyLike
from commonground.tags import named

# More images than a repository ever holds, whose quota is 100 000 (Amazon ECR service quotas, "Images per repository").
NEVER_REACHED = 1_000_000


@dataclass(frozen=True)
class ExistingRepository(RepositoryGrants):
    """A repository that is there already, or that another stack made."""

    label: str
    """Part of the logical names of grants. Example: `models/churn`."""
    arn: pulumi.Input[str]
    url: pulumi.Input[str]
    """What an image's name begins with, without a tag."""


class Repository(RepositoryGrants, pulumi.ComponentResource):
    """One ECR repository. Permissions are methods: `grant_pull(identity)`."""

    repository: aws.ecr.Repository
    label: str
    """The component's name, which names grants."""
    arn: pulumi.Output[str]
    url: pulumi.Output[str]
    """What an image's name begins with, without a tag."""

    def __init__(
        self,
        name: str,
        settings: RegistrySettings,
        *,
        key: KeyLike | None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`key` encrypts the images; ECR's own keys if it is None. It cannot be changed without making the repository anew."""
        super().__init__("commonground:registries:Repository", name, None, opts)
        self.label = name
        self._inside = pulumi.ResourceOptions(parent=self)
        self.repository = self._repository(settings, key)
        self.arn = self.repository.arn
        self.url = self.repository.repository_url
        aws.ecr.LifecyclePolicy(f"{name}-lifecycle", repository=self.repository.name, policy=lifecycle_policy(settings), opts=self._inside)
        self.register_outputs({"arn": self.arn, "url": self.url})

    def grant_options(self) -> pulumi.ResourceOptions:
        return self._inside

    def _repository(self, settings: RegistrySettings, key: KeyLike | None) -> aws.ecr.Repository:
        """Its name is given: image names in Kubernetes manifests, builds and other accounts hold it."""
        label = names.repository(self.label)
        protected = settings.protection.covers(label)
        return aws.ecr.Repository(
            label,
            name=settings.name,
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=[_encryption(key)],
            force_delete=not protected,
            tags=named(label),
            opts=pulumi.ResourceOptions(parent=self, protect=protected),
        )


class Registries(pulumi.ComponentResource):
    """The environment's repositories, under one key: `registries["shop"].grant_push(identity)`."""

    key: Key
    repositories: dict[str, Repository]
    """By their name in the settings."""

    def __init__(self, name: str, settings: RegistriesSettings, *, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("commonground:registries:Registries", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        self.key = Key(
            f"{name}-key",
            purpose="Images in the environment's repositories",
            account=settings.account,
            protection=settings.protection,
            opts=inside,
        )
        self.repositories = {repository.name: Repository(repository.name, repository, key=self.key, opts=inside) for repository in settings.repositories}
        self.register_outputs({"repositories": {label: repository.url for label, repository in self.repositories.items()}})

    def __getitem__(self, name: str) -> Repository:
        return self.repositories[name]


def lifecycle_policy(settings: RegistrySettings) -> str:
    """The lifecycle policy of a repository, as JSON text.

    An image belongs to the first rule that matches it and no later one expires it. So the first rules match the released tags, and expire
    nothing, since their count is never reached; the last takes what is left. One rule a pattern: an image must match all the patterns of a rule.
    Source: ECR user guide, "Lifecycle policy properties".
    """
    kept = [_rule(priority, _released(pattern)) for priority, pattern in enumerate(settings.released_tags, start=1)]
    expired = _rule(len(kept) + 1, _older_than(settings.expire_days))
    return json.dumps({"rules": [*kept, expired]})


Selection = dict[str, str | int | list[str]]


def _rule(priority: int, selection: Selection) -> dict[str, int | Selection | dict[str, str]]:
    return {"rulePriority": priority, "selection": selection, "action": {"type": "expire"}}


def _released(pattern: str) -> Selection:
    return {"tagStatus": "tagged", "tagPatternList": [pattern], "countType": "imageCountMoreThan", "countNumber": NEVER_REACHED}


def _older_than(days: int) -> Selection:
    return {"tagStatus": "any", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": days}


def _encryption(key: KeyLike | None) -> aws.ecr.RepositoryEncryptionConfigurationArgsDict:
    return {"encryption_type": "AES256"} if key is None else {"encryption_type": "KMS", "kms_key": key.arn}
