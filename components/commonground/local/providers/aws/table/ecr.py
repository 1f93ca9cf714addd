"""ECR: repositories and their policies. Facts from terraform-provider-aws (internal/service/ecr) and pulumi-aws."""

from collections.abc import Callable, Iterable
from typing import Any

from commonground.local.providers.aws.api import Api
from commonground.local.providers.aws.table import documents, ecr_lifecycle
from commonground.local.providers.aws.table.common import put_again, unchangeable
from commonground.local.providers.aws.types import Argument, ResourceType
from commonground.local.providers.names import Autoname
from commonground.local.providers.values import UNKNOWN, Properties

MUTABILITY = {"imageTagMutability", "imageTagMutabilityExclusionFilters"}
NO_SCAN = {"scanOnPush": False}


def _create(api: Api, new: Properties) -> str:
    tags = [{"Key": key, "Value": value} for key, value in sorted(new.get("tagsAll", {}).items())]
    api.call("CreateRepository", **api.request("CreateRepository", new), tags=tags)
    return str(new["name"])


def _read(api: Api, id_: str, state: Properties) -> Properties | None:
    found = api.ask("DescribeRepositories", "repositories[0]", repositoryNames=[id_])
    if found is None:
        return None
    filters = found.get("imageTagMutabilityExclusionFilters")
    return {
        "name": id_,
        "arn": found["repositoryArn"],
        "registryId": found["registryId"],
        "repositoryUrl": found["repositoryUri"],
        "imageTagMutability": found.get("imageTagMutability"),
        "imageTagMutabilityExclusionFilters": filters or None,
        "imageScanningConfiguration": found.get("imageScanningConfiguration"),
        "encryptionConfigurations": [found["encryptionConfiguration"]] if found.get("encryptionConfiguration") else None,
        "forceDelete": state.get("forceDelete"),
        "tagsAll": api.ask("ListTagsForResource", "tags", resourceArn=found["repositoryArn"]) or {},
    }


def _update(api: Api, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
    if changed & MUTABILITY:
        api.call("PutImageTagMutability", repositoryName=id_, **api.request("CreateRepository", new, only=MUTABILITY))
    if "imageScanningConfiguration" in changed:
        api.call("PutImageScanningConfiguration", repositoryName=id_, **api.request("CreateRepository", new, only={"imageScanningConfiguration"}))
    arn = api.arn("ecr", f"repository/{id_}")

    def tag(tags: dict[str, str]) -> None:
        api.call("TagResource", resourceArn=arn, tags=[{"Key": key, "Value": value} for key, value in tags.items()])

    api.retag(old, new, tag=tag, untag=lambda keys: api.call("UntagResource", resourceArn=arn, tagKeys=keys))


def _traps(inputs: Properties) -> Iterable[tuple[str, str]]:
    mutability, filters = inputs.get("imageTagMutability", UNKNOWN), inputs.get("imageTagMutabilityExclusionFilters")
    excluding = str(mutability).endswith("_WITH_EXCLUSION")
    if filters and not excluding and mutability != UNKNOWN:
        yield "imageTagMutabilityExclusionFilters", "need an imageTagMutability that ends in _WITH_EXCLUSION"
    if excluding and not filters:
        yield "imageTagMutability", f"{mutability} needs imageTagMutabilityExclusionFilters"
    encryption = inputs.get("encryptionConfigurations")
    for item in encryption if isinstance(encryption, list) else []:
        if isinstance(item, dict) and item.get("kmsKey") and item.get("encryptionType") == "AES256":
            yield "encryptionConfigurations", "a kmsKey goes with the encryptionType KMS or KMS_DSSE only"


def _planned(api: Api, id_: str, inputs: Properties) -> Properties:
    return {
        "arn": api.arn("ecr", f"repository/{id_}"),
        "registryId": api.account,
        "repositoryUrl": f"{api.account}.dkr.ecr.{api.region}.amazonaws.com/{id_}",
        "encryptionConfigurations": inputs.get("encryptionConfigurations", [{"encryptionType": "AES256"}]),
        "imageScanningConfiguration": inputs.get("imageScanningConfiguration", NO_SCAN),
    }


REPOSITORY = ResourceType(
    token="aws:ecr/repository:Repository",
    service="ecr",
    arguments={
        "name": "CreateRepository.repositoryName",
        "imageTagMutability": "CreateRepository.imageTagMutability",
        "imageTagMutabilityExclusionFilters": "CreateRepository.imageTagMutabilityExclusionFilters",
        "imageScanningConfiguration": "CreateRepository.imageScanningConfiguration",
        "encryptionConfigurations": Argument("CreateRepository.encryptionConfiguration"),
        "forceDelete": "boolean",
    },
    replaces=("name", "encryptionConfigurations"),
    computed=("arn", "registryId", "repositoryUrl"),
    # The blocks are not "computed", but taking them out of the program is no change either.
    optional=("encryptionConfigurations.kmsKey", "encryptionConfigurations", "imageScanningConfiguration"),
    defaults={"imageTagMutability": "MUTABLE"},
    local=("forceDelete",),
    autoname=Autoname("name"),
    check=_traps,
    planned=_planned,
    planned_id=lambda _, inputs: str(inputs["name"]),
    create=_create,
    read=_read,
    update=_update,
    delete=lambda api, id_, state: api.gone("DeleteRepository", repositoryName=id_, force=bool(state.get("forceDelete"))),
    find=lambda api, new: api.ask("DescribeRepositories", "repositories[0].repositoryName", repositoryNames=[new["name"]]),
)


def _found(there: Properties | None, new: Properties, same: Callable[[str], Any]) -> str | None:
    return str(new["repository"]) if there is not None and same(there["policy"]) == same(new["policy"]) else None


def _put_lifecycle(api: Api, new: Properties) -> str:
    api.call("PutLifecyclePolicy", **api.request("PutLifecyclePolicy", new))
    return str(new["repository"])


def _read_lifecycle(api: Api, id_: str, _state: Properties) -> Properties | None:
    names = {"repositoryName": "repository", "lifecyclePolicyText": "policy"}
    found = api.ask("GetLifecyclePolicy", "", repositoryName=id_, names=names)
    return None if found is None else {name: found[name] for name in ("repository", "policy", "registryId")}


LIFECYCLE_POLICY = ResourceType(
    token="aws:ecr/lifecyclePolicy:LifecyclePolicy",
    service="ecr",
    arguments={"repository": "PutLifecyclePolicy.repositoryName", "policy": "PutLifecyclePolicy.lifecyclePolicyText"},
    required=("repository", "policy"),
    replaces=("policy", "repository"),
    computed=("registryId",),
    spellings={"policy": ecr_lifecycle.same_rules},
    delete_before_replace=True,
    taggable=False,
    check=ecr_lifecycle.traps,
    planned=lambda api, _id, _inputs: {"registryId": api.account},
    planned_id=lambda _, inputs: str(inputs["repository"]),
    create=_put_lifecycle,
    read=_read_lifecycle,
    update=unchangeable,
    delete=lambda api, id_, _: api.gone("DeleteLifecyclePolicy", repositoryName=id_),
    find=lambda api, new: _found(_read_lifecycle(api, str(new["repository"]), {}), new, ecr_lifecycle.same_rules),
)


def _put_policy(api: Api, new: Properties) -> str:
    api.call("SetRepositoryPolicy", **api.request("SetRepositoryPolicy", new))
    return str(new["repository"])


def _read_policy(api: Api, id_: str, _state: Properties) -> Properties | None:
    found = api.ask("GetRepositoryPolicy", "", repositoryName=id_, names={"repositoryName": "repository", "policyText": "policy"})
    return None if found is None else {name: found[name] for name in ("repository", "policy", "registryId")}


REPOSITORY_POLICY = ResourceType(
    token="aws:ecr/repositoryPolicy:RepositoryPolicy",
    service="ecr",
    arguments={"repository": "SetRepositoryPolicy.repositoryName", "policy": "SetRepositoryPolicy.policyText"},
    required=("repository", "policy"),
    replaces=("repository",),
    computed=("registryId",),
    spellings={"policy": documents.same_policy},
    taggable=False,
    check=documents.check_policy(documents.REPOSITORY, "policy"),
    planned=lambda api, _id, _inputs: {"registryId": api.account},
    planned_id=lambda _, inputs: str(inputs["repository"]),
    create=_put_policy,
    read=_read_policy,
    update=put_again(_put_policy),
    delete=lambda api, id_, _: api.gone("DeleteRepositoryPolicy", repositoryName=id_),
    find=lambda api, new: _found(_read_policy(api, str(new["repository"]), {}), new, documents.same_policy),
)

ROWS = (REPOSITORY, LIFECYCLE_POLICY, REPOSITORY_POLICY)
