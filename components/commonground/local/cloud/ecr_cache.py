# mypy: allow-subclassing-any
"""ECR's pull-through cache rules, which moto lacks."""

from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.ecr.responses import ECRResponse
from moto.secretsmanager.models import secretsmanager_backends

from .ecr_checks import constrained
from .support import refuse
from .upstreams import NAMES, Upstream, upstream_of

# ECR user guide, "Amazon ECR service quotas": Pull through cache rules per registry.
MOST_RULES = 50
CHANGEABLE = ("credentialArn", "customRoleArn")

_rules: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}


class CacheRules(ECRResponse):
    """The calls for rules."""

    def create_pull_through_cache_rule(self) -> ActionResult:
        """A rule for a prefix, which has one at most, and for an upstream that ECR caches."""
        names = ("ecrRepositoryPrefix", "credentialArn", "customRoleArn", "upstreamRepositoryPrefix")
        given = {name: value for name in names if (value := constrained(self, "CreatePullThroughCacheRule", name)) is not None}
        prefix, url = given["ecrRepositoryPrefix"], self._get_param("upstreamRegistryUrl")
        if prefix in self._all_rules:
            refuse("PullThroughCacheRuleAlreadyExistsException", f"A pull through cache rule with prefix '{prefix}' already exists in the registry")
        upstream = upstream_of(url)
        if upstream is None:
            refuse("UnsupportedUpstreamRegistryException", f"The upstream registry '{url}' is not supported: expected one of {NAMES}")
        self._refuse_upstream(upstream, given.get("credentialArn"))
        if len(self._all_rules) >= MOST_RULES:
            refuse("LimitExceededException", f"The registry has {MOST_RULES} pull through cache rules, the most that it may have")
        now = datetime.now(UTC)
        rule = {**given, "upstreamRegistryUrl": url, "upstreamRegistry": upstream.name, "createdAt": now, "updatedAt": now}
        self._all_rules[prefix] = {**rule, "registryId": self.current_account}
        return ActionResult(self._all_rules[prefix])

    def describe_pull_through_cache_rules(self) -> ActionResult:
        """All of them, or those of the prefixes that are asked for."""
        wanted = self._get_param("ecrRepositoryPrefixes")
        found = [self._rule(prefix) for prefix in wanted or sorted(self._all_rules)]
        return ActionResult({"pullThroughCacheRules": found})

    def update_pull_through_cache_rule(self) -> ActionResult:
        """Another secret or role; what is not given stays."""
        rule = self._rule(constrained(self, "UpdatePullThroughCacheRule", "ecrRepositoryPrefix"))
        given = {name: value for name in CHANGEABLE if (value := constrained(self, "UpdatePullThroughCacheRule", name)) is not None}
        if not given:
            refuse("InvalidParameterException", "Invalid parameter: a credentialArn or a customRoleArn must be given")
        self._refuse_secret(given.get("credentialArn"))
        rule.update(given, updatedAt=datetime.now(UTC))
        return ActionResult(rule)

    def delete_pull_through_cache_rule(self) -> ActionResult:
        """Deletes it; repositories and images that it brought stay."""
        rule = self._rule(constrained(self, "DeletePullThroughCacheRule", "ecrRepositoryPrefix"))
        return ActionResult(self._all_rules.pop(rule["ecrRepositoryPrefix"]))

    @property
    def _all_rules(self) -> dict[str, dict[str, Any]]:
        return _rules.setdefault((self.current_account, self.region), {})

    def _rule(self, prefix: str) -> dict[str, Any]:
        if prefix not in self._all_rules:
            refuse("PullThroughCacheRuleNotFoundException", f"The pull through cache rule with prefix '{prefix}' does not exist in the registry")
        return self._all_rules[prefix]

    def _refuse_upstream(self, upstream: Upstream, secret: str | None) -> None:
        wanted = self._get_param("upstreamRegistry")
        if wanted and wanted != upstream.name:
            refuse("InvalidParameterException", f"Invalid parameter at 'upstreamRegistry': the URL is one of '{upstream.name}', not of '{wanted}'")
        if upstream.secret and not secret:
            refuse("InvalidParameterException", f"Invalid parameter at 'credentialArn': the upstream registry '{upstream.name}' needs the ARN of a secret")
        self._refuse_secret(secret)

    def _refuse_secret(self, arn: str | None) -> None:
        """It has to be there, in the registry's own account and region."""
        if arn is None:
            return
        secrets = secretsmanager_backends[self.current_account][self.region].secrets
        if arn not in {secret.arn for secret in secrets.values()}:
            refuse("SecretNotFoundException", f"The secret '{arn}' was not found")
