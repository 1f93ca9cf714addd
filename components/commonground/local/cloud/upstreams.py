"""Registries that ECR caches (ECR user guide, "Sync an upstream registry with an Amazon ECR private registry")."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Upstream:
    """A registry that ECR can cache."""

    name: str
    """ECR API's `UpstreamRegistry`."""
    url: re.Pattern[str]
    secret: bool = False
    """Whether its images are pulled with credentials, which have to lie in a secret of the same account and region."""


UPSTREAMS = (
    Upstream("ecr-public", re.compile(r"public\.ecr\.aws")),
    Upstream("k8s", re.compile(r"registry\.k8s\.io")),
    Upstream("quay", re.compile(r"quay\.io")),
    Upstream("ecr", re.compile(r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?")),
    Upstream("docker-hub", re.compile(r"registry-1\.docker\.io"), secret=True),
    Upstream("github-container-registry", re.compile(r"ghcr\.io"), secret=True),
    Upstream("gitlab-container-registry", re.compile(r"registry\.gitlab\.com"), secret=True),
    Upstream("azure-container-registry", re.compile(r"[a-z0-9]+\.azurecr\.(io|us)"), secret=True),
    Upstream("chainguard", re.compile(r"cgr\.dev"), secret=True),
)
NAMES = (
    "public.ecr.aws, registry.k8s.io, quay.io, another account's ECR; with a secret registry-1.docker.io, ghcr.io, registry.gitlab.com, *.azurecr.io, cgr.dev"
)


def upstream_of(url: str) -> Upstream | None:
    """The upstream at a URL, which has no scheme and no path; None for one that ECR does not cache, such as nvcr.io."""
    return next((upstream for upstream in UPSTREAMS if upstream.url.fullmatch(url)), None)
