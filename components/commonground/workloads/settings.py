"""What a team says of its workloads. Everything here is known before anything is deployed."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any, Self

import pulumi
from pydantic import Field, ModelWrapValidatorHandler, ValidationError, model_validator

from commonground.gpus import product
from commonground.settings.base import GpuSoftware, Settings
from commonground.settings.descriptions import description

DNS_LABEL = r"^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$"
# OCI distribution specification, "Pulling manifests": a tag; OCI image specification, "Digests".
IMAGE = r"^(sha256:[0-9a-f]{64}|[A-Za-z0-9_][A-Za-z0-9._-]{0,127})$"
# Kubernetes API reference, "Labels": values.
LABEL_VALUE = r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$"
VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"

# EC2 user guide, "Spot Instance interruption notices": two minutes, of which the node needs some itself.
LONGEST_GRACE_SECONDS = 110

ImageReference = Annotated[str, Field(pattern=IMAGE, examples=["v1.4.0"])]
"""Which image of a repository: its digest, `sha256:...`, or a tag, which the foundation's repositories never move."""


class WorkloadError(Exception):
    """Settings of a workload that cannot be: one line a mistake."""

    def __init__(self, kind: str, mistakes: list[tuple[str, str, str]]) -> None:
        """`mistakes`: key, what was found, what was expected."""
        super().__init__("\n".join(f"{kind}{f'.{key}' if key else ''}: found {found}, expected {expected}" for key, found, expected in mistakes))
        self.kind = kind
        self.mistakes = mistakes


class WorkloadModel(Settings):
    """Settings that say in our words what is wrong with them: programs, not only files, make them."""

    @model_validator(mode="wrap")
    @classmethod
    def _in_our_words(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            made = handler(data)
        except ValidationError as error:
            mistakes = [_mistake(cls, dict(refusal)) for refusal in error.errors(include_url=False)]
        else:
            mistakes = list(made._misfits())
            if not mistakes:
                return made
        raise WorkloadError(cls.__name__, mistakes)

    def _misfits(self) -> Iterator[tuple[str, str, str]]:
        """What does not fit with the rest: key, what was found, what was expected."""
        yield from ()


class Priority(StrEnum):
    """What gives way to what, by the foundation's priority classes: serving pre-empts interactive work and training, never the reverse."""

    SERVING = "serving"
    INTERACTIVE = "interactive"
    BATCH = "batch"


class ProbeSettings(Settings):
    """Paths that answer 200 over HTTP when all is well."""

    startup: str = Field(default="/healthz", pattern=r"^/")
    """Asked until it answers; the others wait for it."""
    ready: str = Field(default="/readyz", pattern=r"^/")
    """Without an answer the pod gets no requests."""
    live: str = Field(default="/healthz", pattern=r"^/")
    """Without an answer the container is started again: it must not depend on other services."""
    startup_seconds: int = Field(default=60, ge=5, le=3600)
    """How long the start may take, in seconds, before the container is started again. A model's weights are loaded in this time."""


class GpuRequest(WorkloadModel):
    """GPUs, and of which kind. Without a kind any GPU pool will do."""

    count: int = Field(default=1, ge=1, le=16)
    """GPUs of one pod. One may be a share of a GPU, where the pool shares them; two or more are whole ones, or MIG's parts. A quota limits their sum."""
    product: str | None = Field(default=None, pattern=r"^[a-z0-9][a-z0-9.-]*$")
    """Kind of GPU, as the node label `commonground.dev/gpu-product` has it. Example: `l4`."""
    min_memory_mib: int | None = Field(default=None, ge=1)
    """The least memory of one GPU, in MiB, as the node label `commonground.dev/gpu-memory-mib` has it. Example: `20000`."""
    software: GpuSoftware = GpuSoftware.DEVICE_PLUGIN
    """How the foundation hands GPUs out: as its blueprint says (`accelerators.gpus`). A pod that asks otherwise waits for ever. Default: `device_plugin`."""


class WorkloadSettings(WorkloadModel):
    """What every workload that serves requests says of itself."""

    image: ImageReference
    """Digest or tag of the image in its repository; `latest` is refused, since nobody could tell what runs. Example: `v1.4.0`."""
    namespace: str = Field(pattern=DNS_LABEL)
    """One of the team's. Example: `shop`."""
    replicas: int = Field(ge=0)
    """Pods. With two or more of them a node that is drained leaves the others, and they are spread over zones."""
    port: int = Field(default=8080, ge=1024, le=65535)
    """Where the container listens: above 1023, since it does not run as root."""
    metrics_path: str | None = Field(default="/metrics", pattern=r"^/")
    """Where it says how it does, as the metrics contract has it; `None`: nowhere, and nobody asks. Example: `/metrics`."""
    metrics_port: int | None = Field(default=None, ge=1024, le=65535)
    """The port of `metrics_path`. Default: the same as `port`. Example: `9102`."""
    cpu_millicores: int = Field(ge=10)
    """CPU requested, in thousandths of a core. The limit is twice as much. Example: `250`."""
    memory_mib: int = Field(ge=16)
    """Memory requested, in MiB, and the limit too: what needs more is killed, and not its neighbours."""
    scratch_mib: int = Field(default=64, ge=1)
    """Size of `/tmp`, in MiB, the one place where the container can write. It goes with the pod."""
    probes: ProbeSettings = ProbeSettings()
    priority: Priority = Priority.SERVING
    env: dict[Annotated[str, Field(pattern=VARIABLE)], str] = Field(default_factory=dict)
    """Environment variables. No secrets: what is secret, the workload reads itself, as its team."""
    uses_aws: bool = False
    """Whether it uses the team's AWS role. The network is closed to AWS otherwise."""
    run_as_user: int = Field(default=65532, ge=1)
    """User and group id of the process. Default: the user `nonroot` of distroless images."""
    grace_seconds: int = Field(default=30, ge=10, le=LONGEST_GRACE_SECONDS)
    """Time to finish what it is at after it is asked to stop, in seconds. More than a spot node has notice of is refused."""
    deadline_minutes: int = Field(default=10, ge=1, le=120)
    """How long `up` waits until the pods are ready, in minutes."""

    def _misfits(self) -> Iterator[tuple[str, str, str]]:
        if self.image == "latest":
            yield "image", "'latest'", "a digest or a tag that says which image runs"
        if self.metrics_port is not None and self.metrics_path is None:
            yield "metrics_port", str(self.metrics_port), "none, as `metrics_path` is none"
        if self.probes.startup_seconds >= self.deadline_minutes * 60:
            yield "deadline_minutes", str(self.deadline_minutes), f"longer than `probes.startup_seconds`, which is {self.probes.startup_seconds}"


class ServiceSettings(WorkloadSettings):
    """An application that answers requests."""

    max_replicas: int | None = Field(default=None, ge=2)
    """Pods at most, by load; `replicas` is then the least. Default: no more than `replicas`, and no autoscaler."""
    target_cpu_percent: int = Field(default=70, ge=10, le=100)
    """CPU use, in percent of the request, above which pods are added, where `max_replicas` allows."""

    def _misfits(self) -> Iterator[tuple[str, str, str]]:
        yield from super()._misfits()
        if self.max_replicas is not None and not 1 <= self.replicas < self.max_replicas:
            yield "replicas", str(self.replicas), f"at least 1 and less than `max_replicas`, which is {self.max_replicas}"


class ModelServiceSettings(WorkloadSettings):
    """A server of one model."""

    model: str = Field(pattern=LABEL_VALUE)
    """Name of the model: a label of its pods. Example: `churn`."""
    version: str = Field(pattern=LABEL_VALUE)
    """Which version is served: a label of its pods. Example: `2026-11-20`."""
    gpu: GpuRequest | None = None
    """Default: none, it runs on CPUs."""
    uses_aws: bool = True
    """Whether it uses the team's AWS role. Default: it does, since weights are in a bucket."""
    probes: ProbeSettings = ProbeSettings(startup_seconds=900)
    """As of any workload. Default: a quarter of an hour to start."""
    deadline_minutes: int = Field(default=30, ge=1, le=120)
    """How long `up` waits until the pods are ready, in minutes; a node with a GPU may have to come first."""


def _mistake(kind: type[Settings], refusal: dict[str, Any]) -> tuple[str, str, str]:
    keys = tuple(str(key) for key in refusal["loc"])
    what: str = refusal["msg"]
    found = repr(refusal["input"])
    if refusal["type"] == "missing":
        return ".".join(keys), "nothing", _purpose(kind, keys)
    if refusal["type"] == "extra_forbidden":
        return ".".join(keys), "an unknown setting", f"one of {', '.join(kind.model_fields)}"
    if isinstance(refusal["input"], pulumi.Output):
        return ".".join(keys), "an Output", "text" + (": what only the deployment knows goes to the workload's `deployed_env`" if keys[0] == "env" else "")
    if refusal["type"] == "string_pattern_mismatch" and keys[-1] == "product":
        return ".".join(keys), found, f"a kind of GPU as nodes' labels have it, in lower case: did you mean '{product(refusal['input'])}'?"
    if refusal["type"] == "string_pattern_mismatch" and keys[-1] == "image":
        return "image", found, "a digest, sha256: and 64 hexadecimal digits, or a tag"
    expected = what.removeprefix("Input should be ")
    return ".".join(keys), found, expected[:1].lower() + expected[1:]


def _purpose(kind: type[Settings], keys: tuple[str, ...]) -> str:
    return (description(kind, keys[-1]) or "a value").split(". ")[0].removesuffix(".")
