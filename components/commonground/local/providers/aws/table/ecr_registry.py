"""ECR's registry: its policy, pull-through cache rules, templates. Facts from terraform-provider-aws (internal/service/ecr) and pulumi-aws."""

from collections.abc import Iterable

from commonground.local.cloud.upstreams import NAMES, upstream_of
from commonground.local.providers.aws.api import Api
from commonground.local.providers.aws.table import documents, ecr_lifecycle
from commonground.local.providers.aws.table.common import put_again
from commonground.local.providers.aws.types import Argument, ResourceType
from commonground.local.providers.values import UNKNOWN, Properties

REGISTRY = documents.Kind(principal=True, resource=True, most=10240)  # ECR API reference, PutRegistryPolicy


def _put_policy(api: Api, new: Properties) -> str:
    return str(api.call("PutRegistryPolicy", **api.request("PutRegistryPolicy", new))["registryId"])


def _read_policy(api: Api, _id: str, _state: Properties) -> Properties | None:
    found = api.ask("GetRegistryPolicy", "", names={"policyText": "policy"})
    return None if found is None else {name: found[name] for name in ("policy", "registryId")}


def _find_policy(api: Api, new: Properties) -> str | None:
    there = _read_policy(api, "", {})
    return str(there["registryId"]) if there and documents.same_policy(there["policy"]) == documents.same_policy(new["policy"]) else None


def _policy_traps(inputs: Properties) -> Iterable[tuple[str, str]]:
    text = inputs.get("policy")
    yield from (("policy", reason) for reason in documents.mistakes(REGISTRY, text))
    for statement in documents.statements(text):
        for action in documents.listed(statement.get("Action")):
            if isinstance(action, str) and not action.startswith("ecr:"):
                yield "policy", f"Action {action!r} is not ECR's, and a registry's policy allows no other (ECR user guide, Private registry permissions)"


REGISTRY_POLICY = ResourceType(
    token="aws:ecr/registryPolicy:RegistryPolicy",
    service="ecr",
    arguments={"policy": "PutRegistryPolicy.policyText"},
    required=("policy",),
    computed=("registryId",),
    spellings={"policy": documents.same_policy},
    taggable=False,
    check=_policy_traps,
    planned=lambda api, _id, _inputs: {"registryId": api.account},
    planned_id=lambda api, _: api.account,
    create=_put_policy,
    read=_read_policy,
    update=put_again(_put_policy),
    delete=lambda api, _id, _state: api.gone("DeleteRegistryPolicy"),
    find=_find_policy,
)

RULE_CHANGES = {"credentialArn", "customRoleArn"}


def _create_rule(api: Api, new: Properties) -> str:
    api.call("CreatePullThroughCacheRule", **api.request("CreatePullThroughCacheRule", new))
    return str(new["ecrRepositoryPrefix"])


def _read_rule(api: Api, id_: str, _state: Properties) -> Properties | None:
    found = api.ask("DescribePullThroughCacheRules", "pullThroughCacheRules[0]", ecrRepositoryPrefixes=[id_])
    return None if found is None else {name: found.get(name) for name in (*CACHE_RULE.arguments, *CACHE_RULE.computed)}


def _update_rule(api: Api, id_: str, _old: Properties, new: Properties, changed: set[str]) -> None:
    given = {name: new[name] for name in RULE_CHANGES & changed if name in new}
    if given:  # one that is taken out stays in AWS, which takes no update without either
        api.call("UpdatePullThroughCacheRule", ecrRepositoryPrefix=id_, **given)


def _rule_traps(inputs: Properties) -> Iterable[tuple[str, str]]:
    url = inputs.get("upstreamRegistryUrl", UNKNOWN)
    if not isinstance(url, str) or url == UNKNOWN:
        return
    upstream = upstream_of(url)
    if upstream is None:
        yield "upstreamRegistryUrl", f"{url!r} is not a registry that ECR caches: {NAMES}"
    elif upstream.secret and not inputs.get("credentialArn"):
        yield "credentialArn", f"is required for {url}: the ARN of a secret whose name begins with ecr-pullthroughcache/"


CACHE_RULE = ResourceType(
    token="aws:ecr/pullThroughCacheRule:PullThroughCacheRule",
    service="ecr",
    arguments={
        name: f"CreatePullThroughCacheRule.{name}"
        for name in ("ecrRepositoryPrefix", "upstreamRegistryUrl", "upstreamRepositoryPrefix", "credentialArn", "customRoleArn")
    },
    required=("ecrRepositoryPrefix", "upstreamRegistryUrl"),
    replaces=("ecrRepositoryPrefix", "upstreamRegistryUrl", "upstreamRepositoryPrefix"),
    computed=("registryId",),
    taggable=False,
    # A prefix has one rule at most, yet the official provider makes the new one first: a program that changes the upstream says delete_before_replace.
    check=_rule_traps,
    planned=lambda api, _id, _inputs: {"registryId": api.account},
    planned_id=lambda _, inputs: str(inputs["ecrRepositoryPrefix"]),
    create=_create_rule,
    read=_read_rule,
    update=_update_rule,
    delete=lambda api, id_, _: api.gone("DeletePullThroughCacheRule", ecrRepositoryPrefix=id_),
    find=lambda api, new: str(new["ecrRepositoryPrefix"]) if (found := _read_rule(api, new["ecrRepositoryPrefix"], {})) and _same_rule(found, new) else None,
)


def _same_rule(found: Properties, new: Properties) -> bool:
    return all(found.get(name) == new.get(name) for name in CACHE_RULE.replaces)


# What an update says of an argument that was taken out of the program.
EMPTY: Properties = {
    "customRoleArn": "",
    "description": "",
    "imageTagMutabilityExclusionFilters": [],
    "lifecyclePolicy": "",
    "repositoryPolicy": "",
    "resourceTags": {},
}
MUTABILITY = {"imageTagMutability", "imageTagMutabilityExclusionFilters"}


def _create_template(api: Api, new: Properties) -> str:
    api.call("CreateRepositoryCreationTemplate", **api.request("CreateRepositoryCreationTemplate", new))
    return str(new["prefix"])


def _read_template(api: Api, id_: str, _state: Properties) -> Properties | None:
    names = {"appliedFor": "appliedFors", "encryptionConfiguration": "encryptionConfigurations"}
    answer = api.ask("DescribeRepositoryCreationTemplates", "", prefixes=[id_], names=names)
    found = next(iter(answer["repositoryCreationTemplates"]), None)
    if found is None:
        return None
    encryption = found.get("encryptionConfigurations")
    settings = {name: found.get(name) or None for name in TEMPLATE.arguments}
    return {**settings, "encryptionConfigurations": [encryption] if encryption else None, "registryId": answer["registryId"]}


def _update_template(api: Api, id_: str, _old: Properties, new: Properties, changed: set[str]) -> None:
    sent = changed | (MUTABILITY if changed & MUTABILITY else set())
    whole = {**{name: EMPTY[name] for name in sent & set(EMPTY)}, **new}
    api.call("UpdateRepositoryCreationTemplate", **{**api.request("CreateRepositoryCreationTemplate", whole, only=sent), "prefix": id_})


def _template_traps(inputs: Properties) -> Iterable[tuple[str, str]]:
    mutability, filters = inputs.get("imageTagMutability", UNKNOWN), inputs.get("imageTagMutabilityExclusionFilters")
    excluding = str(mutability).endswith("_WITH_EXCLUSION")
    if mutability != UNKNOWN and bool(filters) != excluding:
        yield "imageTagMutabilityExclusionFilters", "go with an imageTagMutability that ends in _WITH_EXCLUSION, and with no other"
    if inputs.get("appliedFors") == []:
        yield "appliedFors", "is empty: expected what the template applies for, such as PULL_THROUGH_CACHE"
    encryption = inputs.get("encryptionConfigurations")
    keyed = isinstance(encryption, list) and any(isinstance(item, dict) and item.get("kmsKey") for item in encryption)
    if (keyed or inputs.get("resourceTags")) and not inputs.get("customRoleArn"):
        yield "customRoleArn", "is required with resourceTags or a kmsKey (ECR user guide, Creating a repository creation template)"
    yield from (("repositoryPolicy", reason) for reason in documents.mistakes(documents.REPOSITORY, inputs.get("repositoryPolicy")))
    if inputs.get("lifecyclePolicy"):
        yield from (("lifecyclePolicy", reason) for _, reason in ecr_lifecycle.traps({"policy": inputs["lifecyclePolicy"]}))


TEMPLATE = ResourceType(
    token="aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate",
    service="ecr",
    arguments={
        "appliedFors": "CreateRepositoryCreationTemplate.appliedFor",
        "encryptionConfigurations": Argument("CreateRepositoryCreationTemplate.encryptionConfiguration"),
        **{
            name: f"CreateRepositoryCreationTemplate.{name}"
            for name in ("prefix", "customRoleArn", "description", "imageTagMutability", "imageTagMutabilityExclusionFilters")
        },
        **{name: f"CreateRepositoryCreationTemplate.{name}" for name in ("lifecyclePolicy", "repositoryPolicy", "resourceTags")},
    },
    required=("prefix", "appliedFors"),
    replaces=("prefix",),
    computed=("registryId",),
    # The block is not "computed", but taking it out of the program is no change either.
    optional=("encryptionConfigurations", "encryptionConfigurations.kmsKey"),
    defaults={"imageTagMutability": "MUTABLE"},
    sets=("appliedFors",),
    spellings={"lifecyclePolicy": ecr_lifecycle.same_rules, "repositoryPolicy": documents.same_policy},
    taggable=False,
    check=_template_traps,
    planned=lambda api, _id, inputs: {
        "registryId": api.account,
        "encryptionConfigurations": inputs.get("encryptionConfigurations", [{"encryptionType": "AES256"}]),
    },
    planned_id=lambda _, inputs: str(inputs["prefix"]),
    create=_create_template,
    read=_read_template,
    update=_update_template,
    delete=lambda api, id_, _: api.gone("DeleteRepositoryCreationTemplate", prefix=id_),
    find=lambda api, new: str(new["prefix"]) if _read_template(api, new["prefix"], {}) else None,
)

ROWS = (REGISTRY_POLICY, CACHE_RULE, TEMPLATE)
