"""Traps of ECR, and what one life a type does not show."""

import json
from typing import Any

import pytest

from commonground.local.providers.aws.api import ApiError
from tests.local.providers.aws.conftest import Engine
from tests.local.providers.aws.planning import planned
from tests.local.providers.aws.refusals import change, refusals

LIFECYCLE = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
POLICY = "aws:ecr/repositoryPolicy:RepositoryPolicy"
REPOSITORY = "aws:ecr/repository:Repository"
RULE = "aws:ecr/pullThroughCacheRule:PullThroughCacheRule"
TEMPLATE = "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate"

DAYS: dict[str, Any] = {"countType": "sinceImagePushed", "countUnit": "days", "countNumber": 14}
COUNT: dict[str, Any] = {"countType": "imageCountMoreThan", "countNumber": 5}


def rule(priority: Any, **selection: Any) -> dict[str, Any]:
    return {"rulePriority": priority, "selection": selection, "action": {"type": "expire"}}


def text(*rules: Any) -> str:
    return json.dumps({"rules": list(rules)})


def lifecycle(*rules: Any) -> list[str]:
    return refusals(LIFECYCLE, {"repository": "shop", "policy": text(*rules)})


RELEASED = rule(1, tagStatus="tagged", tagPatternList=["v*"], **COUNT)
REST = rule(9, tagStatus="any", **DAYS)


@pytest.mark.parametrize(
    "rules",
    [
        [RELEASED, rule(2, tagStatus="untagged", **DAYS), REST],
        [rule(1, tagStatus="tagged", tagPrefixList=["prod"], **DAYS)],
        [rule(1, tagStatus="tagged", tagPatternList=["*a*b*c*"], **COUNT)],
        [
            {**rule(1, tagStatus="any", **{**DAYS, "countType": "sinceImagePulled"}), "action": {"type": "transition", "targetStorageClass": "archive"}},
            rule(2, tagStatus="any", storageClass="archive", **{**DAYS, "countType": "sinceImageTransitioned"}),
        ],
    ],
)
def test_rules_that_ecr_takes_are_taken(rules: list[Any]) -> None:
    assert lifecycle(*rules) == []


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        ([rule(1, tagStatus="tagged", **COUNT)], "needs a tagPatternList or a tagPrefixList"),
        ([rule(1, tagStatus="tagged", tagPatternList=["a"], tagPrefixList=["a"], **COUNT)], "takes one of"),
        ([rule(1, tagStatus="untagged", tagPrefixList=["a"], **COUNT)], "untagged images takes no tagPrefixList"),
        ([rule(1, tagStatus="any", tagPatternList=["a"], **COUNT)], "any images takes no tagPatternList"),
        ([rule(1, tagStatus="tagged", tagPatternList=["*a*b*c*d*"], **COUNT)], "more than 4 wildcards"),
        ([rule(1, tagStatus="any", **DAYS), {**RELEASED, "rulePriority": 2}], "has the highest rulePriority, here above 2"),
        ([RELEASED, {**REST, "rulePriority": 1}], "rulePriority 1 is given to more than one rule"),
        ([rule(0, tagStatus="any", **DAYS)], "rulePriority is 0"),
        ([rule("1", tagStatus="any", **DAYS)], "rulePriority is '1'"),
        ([rule(1, tagStatus="any", countType="sinceImagePushed", countNumber=14)], "needs the countUnit days"),
        ([rule(1, tagStatus="any", **COUNT, countUnit="days")], "takes no countUnit"),
        ([rule(1, tagStatus="any", **{**COUNT, "countType": "imageCount"})], "countType is 'imageCount'"),
        ([rule(1, tagStatus="any", **{**COUNT, "countNumber": 0})], "countNumber is 0"),
        ([rule(1, tagStatus="all", **COUNT)], "tagStatus is 'all'"),
        ([rule(1, tagStatus="any", tags=["a"], **COUNT)], "tags is not a property of a selection"),
        ([{**REST, "action": {"type": "delete"}}], "action needs a type"),
        ([{**REST, "name": "rest"}], "name is not a property of a rule"),
    ],
)
def test_rules_that_ecr_refuses_are_refused(rules: list[Any], reason: str) -> None:
    (found,) = lifecycle(*rules)
    assert found.startswith("policy: ")
    assert reason in found


def test_a_document_without_rules_is_refused() -> None:
    filler = " " * 100  # ECR takes no shorter text
    assert "is not JSON" in refusals(LIFECYCLE, {"repository": "shop", "policy": "{" + filler})[0]
    assert "has no rules" in refusals(LIFECYCLE, {"repository": "shop", "policy": '{"rules": []}' + filler})[0]


def test_the_order_of_rules_and_tags_is_no_change_and_a_number_replaces() -> None:
    two = rule(2, tagStatus="tagged", tagPatternList=["a*", "b*"], **COUNT)
    other = rule(2, tagStatus="tagged", tagPatternList=["b*", "a*"], **COUNT)
    assert change(LIFECYCLE, {"repository": "shop", "policy": text(RELEASED, two)}, {"repository": "shop", "policy": text(other, RELEASED)}) == (set(), set())
    new = rule(2, tagStatus="tagged", tagPatternList=["a*"], **COUNT)
    assert change(LIFECYCLE, {"repository": "shop", "policy": text(RELEASED, two)}, {"repository": "shop", "policy": text(RELEASED, new)}) == (
        {"policy"},
        {"policy"},
    )


@pytest.mark.parametrize("name", ["Team/Model", "-model", "model_", "team//model", "m"])
def test_a_name_that_ecr_refuses_is_refused(name: str) -> None:
    (found,) = refusals(REPOSITORY, {"name": name})
    assert found.startswith("name: ")


def test_exclusions_go_with_a_mutability_that_has_some() -> None:
    filters = [{"filter": "latest", "filterType": "WILDCARD"}]
    assert "_WITH_EXCLUSION" in refusals(REPOSITORY, {"imageTagMutability": "IMMUTABLE", "imageTagMutabilityExclusionFilters": filters})[0]
    assert "imageTagMutabilityExclusionFilters" in refusals(REPOSITORY, {"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION"})[0]
    assert refusals(REPOSITORY, {"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION", "imageTagMutabilityExclusionFilters": filters}) == []
    assert "at most 128" in str(
        refusals(REPOSITORY, {"imageTagMutability": "MUTABLE_WITH_EXCLUSION", "imageTagMutabilityExclusionFilters": [{**filters[0], "filter": "a" * 129}]})
    )


def test_a_key_goes_with_kms_only() -> None:
    (found,) = refusals(REPOSITORY, {"encryptionConfigurations": [{"encryptionType": "AES256", "kmsKey": "alias/images"}]})
    assert "KMS" in found


def test_blocks_that_leave_the_program_are_no_change() -> None:
    given = {"encryptionConfigurations": [{"encryptionType": "AES256"}], "imageScanningConfiguration": {"scanOnPush": True}}
    assert change(REPOSITORY, {"name": "shop", **given}, {"name": "shop"}) == (set(), set())


def test_a_repository_that_is_planned_has_its_address() -> None:
    id_, outputs = planned(REPOSITORY, {"name": "team/shop"})
    assert id_ == "team/shop"
    assert outputs["repositoryUrl"] == "123456789012.dkr.ecr.eu-central-1.amazonaws.com/team/shop"
    assert outputs["encryptionConfigurations"] == [{"encryptionType": "AES256"}]


def test_a_repository_with_images_goes_only_by_force(engine: Engine) -> None:
    made = engine.create(REPOSITORY, {})
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", "size": 1, "digest": f"sha256:{'0' * 64}"}
    manifest = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": config, "layers": []})
    engine.client("ecr").put_image(repositoryName=made.id, imageManifest=manifest, imageTag="v1")
    with pytest.raises(ApiError) as refused:
        engine.stand_in.delete(made.subject, made.id, made.outputs, made.inputs)
    assert refused.value.code == "RepositoryNotEmptyException"
    engine.update(made, {"forceDelete": True})
    engine.delete(made)
    assert engine.read(made) is None


def test_a_repository_policy_names_principals_and_needs_no_resource() -> None:
    statement = {"Effect": "Allow", "Action": "ecr:BatchGetImage", "Principal": {"AWS": "123456789012"}}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    assert refusals(POLICY, {"repository": "shop", "policy": json.dumps(document)}) == []
    statement.pop("Principal")
    assert "names no Principal" in refusals(POLICY, {"repository": "shop", "policy": json.dumps(document)})[0]


@pytest.mark.parametrize(
    ("inputs", "refusal"),
    [
        ({"ecrRepositoryPrefix": "a"}, "ecrRepositoryPrefix: is 1 characters, expected at least 2"),
        ({"ecrRepositoryPrefix": "a" * 31}, "ecrRepositoryPrefix: is 31 characters, expected at most 30"),
        ({"ecrRepositoryPrefix": "Dev/quay"}, "ecrRepositoryPrefix: 'Dev/quay' does not match"),
        ({"upstreamRegistryUrl": "nvcr.io"}, "upstreamRegistryUrl: 'nvcr.io' is not a registry that ECR caches"),
        ({"upstreamRegistryUrl": "https://quay.io"}, "upstreamRegistryUrl: 'https://quay.io' is not a registry that ECR caches"),
        ({"upstreamRegistryUrl": "ghcr.io"}, "credentialArn: is required for ghcr.io"),
        ({"credentialArn": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:docker-hub-credentials"}, "credentialArn: "),
    ],
)
def test_a_cache_rule_that_ecr_refuses_is_refused(inputs: dict[str, Any], refusal: str) -> None:
    (found,) = refusals(RULE, {"ecrRepositoryPrefix": "dev/quay", "upstreamRegistryUrl": "quay.io", **inputs})
    assert found.startswith(refusal)


@pytest.mark.parametrize("url", ["public.ecr.aws", "registry.k8s.io", "quay.io", "210987654321.dkr.ecr.eu-central-1.amazonaws.com"])
def test_an_upstream_without_credentials_needs_no_secret(url: str) -> None:
    assert refusals(RULE, {"ecrRepositoryPrefix": "dev/cache", "upstreamRegistryUrl": url}) == []


def test_a_cache_rule_is_replaced_by_one_of_another_upstream_and_changes_its_secret_in_place() -> None:
    rule_ = {"ecrRepositoryPrefix": "dev/cache", "upstreamRegistryUrl": "quay.io"}
    assert change(RULE, rule_, {**rule_, "upstreamRegistryUrl": "registry.k8s.io"}) == ({"upstreamRegistryUrl"}, {"upstreamRegistryUrl"})
    assert change(RULE, rule_, {**rule_, "customRoleArn": "arn:aws:iam::123456789012:role/cache"}) == ({"customRoleArn"}, set())


@pytest.mark.parametrize(
    ("inputs", "refusal"),
    [
        ({"appliedFors": []}, "appliedFors: is empty"),
        ({"appliedFors": ["PULL"]}, "appliedFors[0]: 'PULL' is not one of"),
        ({"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION"}, "imageTagMutabilityExclusionFilters: go with"),
        ({"lifecyclePolicy": '{"rules": []}'}, "lifecyclePolicy: "),
        ({"repositoryPolicy": "{}"}, "repositoryPolicy: "),
        ({"resourceTags": {"team": "shop"}}, "customRoleArn: is required with resourceTags"),
    ],
)
def test_a_template_that_ecr_refuses_is_refused(inputs: dict[str, Any], refusal: str) -> None:
    found = refusals(TEMPLATE, {"prefix": "dev", "appliedFors": ["PULL_THROUGH_CACHE"], **inputs})
    assert found
    assert all(line.startswith(refusal) for line in found[:1])


def test_a_template_changes_its_encryption_in_place_and_its_blocks_may_leave_the_program() -> None:
    template = {"prefix": "dev", "appliedFors": ["PULL_THROUGH_CACHE"], "encryptionConfigurations": [{"encryptionType": "AES256"}]}
    assert change(TEMPLATE, template, {**template, "encryptionConfigurations": [{"encryptionType": "KMS"}]}) == ({"encryptionConfigurations"}, set())
    assert change(TEMPLATE, template, {"prefix": "dev", "appliedFors": ["PULL_THROUGH_CACHE"]}) == (set(), set())


def test_what_leaves_a_template_is_gone_in_the_cloud(engine: Engine) -> None:
    base: dict[str, Any] = {"prefix": "traps/quay", "appliedFors": ["PULL_THROUGH_CACHE"]}
    role = "arn:aws:iam::123456789012:role/cache"
    made = engine.create(TEMPLATE, {**base, "description": "one", "resourceTags": {"a": "1"}, "customRoleArn": role, "lifecyclePolicy": text(REST)})
    engine.update(made, base)
    (found,) = engine.client("ecr").describe_repository_creation_templates(prefixes=["traps/quay"])["repositoryCreationTemplates"]
    assert {"description", "resourceTags", "customRoleArn", "lifecyclePolicy"}.isdisjoint(found)
    assert not engine.diff(made, base).changes
