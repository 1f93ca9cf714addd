"""ECR's registry: cache rules, creation templates, its policy."""

import pytest

from .conftest import policy

pytestmark = pytest.mark.cloud


def prefixes(account):
    return [rule["ecrRepositoryPrefix"] for rule in account.ecr.describe_pull_through_cache_rules()["pullThroughCacheRules"]]


def test_a_cache_rule_is_read_back_and_deleted(account, refused):
    made = account.ecr.create_pull_through_cache_rule(ecrRepositoryPrefix="dev/quay", upstreamRegistryUrl="quay.io")
    assert (made["upstreamRegistry"], made["registryId"]) == ("quay", account.number)
    (found,) = account.ecr.describe_pull_through_cache_rules(ecrRepositoryPrefixes=["dev/quay"])["pullThroughCacheRules"]
    assert (found["upstreamRegistryUrl"], found["createdAt"]) == ("quay.io", made["createdAt"])
    account.ecr.delete_pull_through_cache_rule(ecrRepositoryPrefix="dev/quay")
    assert prefixes(account) == []
    for call in (account.ecr.delete_pull_through_cache_rule, account.ecr.update_pull_through_cache_rule):
        refused("PullThroughCacheRuleNotFoundException", call, ecrRepositoryPrefix="dev/quay")
    refused("PullThroughCacheRuleNotFoundException", account.ecr.describe_pull_through_cache_rules, ecrRepositoryPrefixes=["dev/quay"])


def test_rules_of_two_accounts_are_apart(account, local_cloud):
    account.ecr.create_pull_through_cache_rule(ecrRepositoryPrefix="dev/quay", upstreamRegistryUrl="quay.io")
    other = type(account)(local_cloud, account.number, "eu-west-1")
    assert prefixes(account) == ["dev/quay"]
    assert prefixes(other) == []


def test_a_prefix_has_one_rule(account, refused):
    account.ecr.create_pull_through_cache_rule(ecrRepositoryPrefix="dev/quay", upstreamRegistryUrl="quay.io")
    refused(
        "PullThroughCacheRuleAlreadyExistsException",
        account.ecr.create_pull_through_cache_rule,
        ecrRepositoryPrefix="dev/quay",
        upstreamRegistryUrl="registry.k8s.io",
    )


@pytest.mark.parametrize("prefix", ["Dev/quay", "-quay", "dev//quay", "a" * 31])
def test_a_prefix_of_another_form_is_refused(account, refused, prefix):
    refused("InvalidParameterException", account.ecr.create_pull_through_cache_rule, ecrRepositoryPrefix=prefix, upstreamRegistryUrl="quay.io")


@pytest.mark.parametrize("url", ["nvcr.io", "https://quay.io", "gcr.io"])
def test_a_registry_that_ecr_does_not_cache_is_refused(account, refused, url):
    message = refused("UnsupportedUpstreamRegistryException", account.ecr.create_pull_through_cache_rule, ecrRepositoryPrefix="dev/x", upstreamRegistryUrl=url)
    assert url in message
    assert "public.ecr.aws" in message


def test_a_registry_with_credentials_needs_a_secret_that_is_there(account, refused):
    rule = {"ecrRepositoryPrefix": "dev/hub", "upstreamRegistryUrl": "registry-1.docker.io"}
    create = account.ecr.create_pull_through_cache_rule
    assert "credentialArn" in refused("InvalidParameterException", create, **rule)
    missing = f"arn:aws:secretsmanager:eu-central-1:{account.number}:secret:ecr-pullthroughcache/hub-abcdef"
    refused("SecretNotFoundException", create, **rule, credentialArn=missing)
    refused("InvalidParameterException", create, **rule, credentialArn=missing.replace("ecr-pullthroughcache/", "another-name/"))
    secret = account.secretsmanager.create_secret(Name="ecr-pullthroughcache/hub", SecretString="{}")["ARN"]
    assert create(**rule, credentialArn=secret)["credentialArn"] == secret
    other = account.secretsmanager.create_secret(Name="ecr-pullthroughcache/other", SecretString="{}")["ARN"]
    account.ecr.update_pull_through_cache_rule(ecrRepositoryPrefix="dev/hub", credentialArn=other)
    (found,) = account.ecr.describe_pull_through_cache_rules()["pullThroughCacheRules"]
    assert found["credentialArn"] == other


def test_a_template_is_read_back_changed_and_deleted(account, refused):
    where = {"prefix": "dev"}
    made = account.ecr.create_repository_creation_template(**where, appliedFor=["PULL_THROUGH_CACHE"], description="cached")["repositoryCreationTemplate"]
    assert (made["imageTagMutability"], made["encryptionConfiguration"]) == ("MUTABLE", {"encryptionType": "AES256"})
    refused("TemplateAlreadyExistsException", account.ecr.create_repository_creation_template, **where, appliedFor=["REPLICATION"])
    account.ecr.update_repository_creation_template(**where, imageTagMutability="IMMUTABLE", description="")
    (found,) = account.ecr.describe_repository_creation_templates(prefixes=["dev"])["repositoryCreationTemplates"]
    assert (found["imageTagMutability"], found["appliedFor"], "description" in found) == ("IMMUTABLE", ["PULL_THROUGH_CACHE"], False)
    account.ecr.delete_repository_creation_template(**where)
    assert account.ecr.describe_repository_creation_templates(prefixes=["dev"])["repositoryCreationTemplates"] == []
    refused("TemplateNotFoundException", account.ecr.delete_repository_creation_template, **where)


def test_a_template_applies_for_something_and_its_filters_fit_its_mutability(account, refused):
    create = account.ecr.create_repository_creation_template
    refused("InvalidParameterException", create, prefix="dev", appliedFor=[])
    refused("InvalidParameterException", create, prefix="dev", appliedFor=["PULL_THROUGH_CACHE"], imageTagMutability="IMMUTABLE_WITH_EXCLUSION")
    refused("InvalidParameterException", create, prefix="Dev", appliedFor=["PULL_THROUGH_CACHE"])


def test_a_registry_policy_may_allow_every_action_of_ecr_and_no_other(account, refused):
    statement = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account.number}:root"}, "Resource": "*"}
    put = account.ecr.put_registry_policy
    put(policyText=policy(statement | {"Action": ["ecr:BatchImportUpstreamImage", "ecr:BatchGetImage"]}))
    assert "BatchImportUpstreamImage" in account.ecr.get_registry_policy()["policyText"]
    refused("InvalidParameterException", put, policyText=policy(statement | {"Action": "s3:GetObject"}))
    refused("InvalidParameterException", put, policyText="{}")
    account.ecr.put_account_setting(name="REGISTRY_POLICY_SCOPE", value="V1")
    put(policyText=policy(statement | {"Action": "ecr:BatchImportUpstreamImage"}))
    refused("InvalidParameterException", put, policyText=policy(statement | {"Action": "ecr:BatchGetImage"}))
