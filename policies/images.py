"""Images: pinned, and from registries that we decide about."""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from policies.containers import CONTAINER, DEPLOYMENT, PLACES, PODS, called, containers, pod, pod_spec, type_of
from policies.policy import Note, Policy, Resource, Severity, Thresholds, example, having, resource
from policies.samples import KMS
from policies.tokens import REPOSITORIES
from policies.values import missing, show, text

DOCKER_HUB = "docker.io"
"""Where an image without a host comes from (distribution/reference, "normalize.go")."""


@dataclass(frozen=True)
class Reference:
    """An image's name in its parts."""

    host: str
    tag: str
    digest: str


def reference(image: str) -> Reference:
    """The parts of an image's name, as a container runtime reads it."""
    name, _, digest = image.partition("@")
    first, slash, _ = name.partition("/")
    is_host = bool(slash) and ("." in first or ":" in first or first == "localhost")
    last = name.rpartition("/")[2]
    return Reference(first if is_host else DOCKER_HUB, last.partition(":")[2], digest)


def pinned(one: Resource, thresholds: Thresholds) -> Iterator[str | Note]:
    """Images that may be another one tomorrow. A tag pins only in registries of ours, whose tags stay (`immutable-tags`)."""
    for container in containers(pod_spec(one)):
        image = text(container, "image")
        if not image:
            continue
        found = reference(image)
        if found.digest:
            continue
        if found.tag in ("", "latest"):
            yield f"{called(container)} has an image that is not pinned: {show(image)}"
        elif not _ours(found.host, thresholds):
            yield f"{called(container)} has an image whose tag can be moved: {show(image)}"


def from_registries(one: Resource, thresholds: Thresholds) -> Iterator[str | Note]:
    """Images from elsewhere than the registries that the environment takes images from."""
    for container in containers(pod_spec(one)):
        image = text(container, "image")
        if image and not _ours(reference(image).host, thresholds):
            yield f"{called(container)} has an image from {show(reference(image).host)}: {show(image)}"


def _ours(host: str, thresholds: Thresholds) -> bool:
    return any(fnmatchcase(host, pattern) for pattern in thresholds.registries)


def immutable_tags(one: Resource, thresholds: Thresholds) -> Iterator[str | Note]:
    """Repositories in which a tag can be moved to another image. Exclusions from being immutable are said one by one, and so seen in review."""
    if missing(one.props, "imageTagMutability") or text(one.props, "imageTagMutability") in ("MUTABLE", "MUTABLE_WITH_EXCLUSION"):
        yield f"tags can be moved: imageTagMutability is {text(one.props, 'imageTagMutability') or 'not set'}"


def _image(name: str, kind: str = "Deployment") -> Resource:
    return resource(type_of(kind), pod(having(CONTAINER, image=name), kind=kind))


_ECR = "111111111111.dkr.ecr.eu-central-1.amazonaws.com/shop"
_DIGEST = "@sha256:" + "a" * 64
_INIT = resource(DEPLOYMENT, pod(CONTAINER, initContainers=[having(CONTAINER, image=_ECR)]))

POLICIES = (
    Policy(
        id="images-pinned",
        title="Images are pinned",
        severity=Severity.MEDIUM,
        why="What runs in prod must be what ran in dev, and must be the same after a node has gone.",
        fix="Name the image by its digest, or by a tag in a registry of ours.",
        types=PODS,
        check=pinned,
        passing=lambda: (
            *(example("a digest", _image(_ECR + _DIGEST, name)) for name in PLACES),
            example("a tag of ours", _image(f"{_ECR}:v1")),
            example("a tag and a digest", _image(f"{_ECR}:latest{_DIGEST}")),
        ),
        failing=lambda: (
            *(example("no tag", _image(_ECR, name)) for name in PLACES),
            example("latest", _image(f"{_ECR}:latest")),
            example("one that runs before", _INIT),
        ),
    ),
    Policy(
        id="images-from-registries",
        title="Images come from registries that we decide about",
        severity=Severity.MEDIUM,
        why="A public registry limits pulls, is down at times, and lets others put something else under a name.",
        fix="Pull through the foundation's caches, or mirror the image (`commonground images`).",
        types=PODS,
        check=from_registries,
        passing=lambda: (*(example("ours", _image(_ECR + _DIGEST, name)) for name in PLACES),),
        failing=lambda: (
            *(example("Docker's", _image(f"nginx{_DIGEST}", name)) for name in PLACES),
            example("a public one", _image(f"quay.io/nginx/nginx{_DIGEST}")),
            example("with a port", _image(f"localhost:5000/nginx{_DIGEST}")),
        ),
    ),
    Policy(
        id="immutable-tags",
        title="A tag stays with its image",
        severity=Severity.MEDIUM,
        why="A tag that can be moved is no version: two nodes run two programs under one name.",
        fix='Set imageTagMutability to "IMMUTABLE".',
        types=REPOSITORIES,
        check=immutable_tags,
        passing=lambda: (
            *(example("immutable", resource(type_, {**KMS, "imageTagMutability": "IMMUTABLE"})) for type_ in REPOSITORIES),
            example("but some", resource(REPOSITORIES[0], {**KMS, "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION"})),
        ),
        failing=lambda: (
            *(example("nothing said", resource(type_, KMS)) for type_ in REPOSITORIES),
            *(example("mutable", resource(type_, {**KMS, "imageTagMutability": "MUTABLE"})) for type_ in REPOSITORIES),
            example("mutable but some", resource(REPOSITORIES[0], {**KMS, "imageTagMutability": "MUTABLE_WITH_EXCLUSION"})),
        ),
    ),
)
