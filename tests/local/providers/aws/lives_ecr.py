"""Lives of ECR's registry: its policy, cache rules and templates."""

import itertools
import json
from typing import Any

from tests.local.providers.aws.lives import Inputs, Life

COUNT = itertools.count()


def may(*actions: str) -> str:
    statement = {
        "Sid": "Cache",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
        "Action": list(actions),
        "Resource": "arn:aws:ecr:eu-central-1:123456789012:repository/dev/*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def pull() -> str:
    statement = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "ecr:BatchGetImage"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def expiry(days: int) -> str:
    selection = {"tagStatus": "any", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": days}
    return json.dumps({"rules": [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]})


def secret(engine: Any) -> str:
    name = f"ecr-pullthroughcache/docker-hub-{next(COUNT)}"
    return str(engine.client("secretsmanager").create_secret(Name=name, SecretString='{"username": "a", "accessToken": "b"}')["ARN"])


def rule_inputs(engine: Any) -> Inputs:
    return {
        "ecrRepositoryPrefix": "life/docker-hub",
        "upstreamRegistryUrl": "registry-1.docker.io",
        "upstreamRepositoryPrefix": "library",
        "credentialArn": secret(engine),
    }


LIVES = (
    Life(
        "aws:ecr/registryPolicy:RegistryPolicy",
        inputs=lambda _: {"policy": may("ecr:BatchImportUpstreamImage")},
        seen=lambda engine, _: engine.client("ecr").get_registry_policy()["policyText"],
        update={"policy": may("ecr:BatchImportUpstreamImage", "ecr:CreateRepository")},
        replace={"region": "eu-west-1"},
        wrong=("policy", may("s3:GetObject")),
    ),
    Life(
        "aws:ecr/pullThroughCacheRule:PullThroughCacheRule",
        inputs=rule_inputs,
        seen=lambda engine, made: engine.client("ecr").describe_pull_through_cache_rules(ecrRepositoryPrefixes=[made.id])["pullThroughCacheRules"],
        update={"customRoleArn": "arn:aws:iam::123456789012:role/cache"},
        replace={"upstreamRepositoryPrefix": "other"},
        wrong=("upstreamRegistryUrl", "nvcr.io"),
    ),
    Life(
        "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate",
        inputs=lambda _: {
            "prefix": "life/quay",
            "appliedFors": ["REPLICATION", "PULL_THROUGH_CACHE"],
            "description": "What is cached",
            "imageTagMutability": "IMMUTABLE",
            "encryptionConfigurations": [{"encryptionType": "AES256"}],
            "lifecyclePolicy": expiry(30),
            "customRoleArn": "arn:aws:iam::123456789012:role/cache",
            "resourceTags": {"team": "platform"},
        },
        seen=lambda engine, made: engine.client("ecr").describe_repository_creation_templates(prefixes=[made.id])["repositoryCreationTemplates"],
        update={
            "appliedFors": ["PULL_THROUGH_CACHE"],
            "description": None,
            "encryptionConfigurations": [{"encryptionType": "KMS"}],
            "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
            "imageTagMutabilityExclusionFilters": [{"filter": "latest", "filterType": "WILDCARD"}],
            "lifecyclePolicy": expiry(60),
            "repositoryPolicy": pull(),
            "resourceTags": {"team": "other"},
        },
        replace={"prefix": "another"},
        wrong=("appliedFors", ["PULL"]),
    ),
)
