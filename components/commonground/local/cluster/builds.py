"""What runs the cluster, built from Go modules once for each user: the control plane, and the official Kubernetes provider.

It lies beside the engine in the user's cache: `~/.cache/commonground` (XDG_CACHE_HOME is respected).
"""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from commonground.engine.builds import NotBuiltError, alone, cache, go_build, pinned, reached

from .errors import ControlPlaneError, NoToolchainError

Report = Callable[[str], None]

KUBERNETES = "1.36.3"
ETCD = "3.6.8"
KWOK = "0.8.0"
"""`tests/controlplane/go.mod` pins the same; a test holds them together. etcd is the one that Kubernetes itself pins."""
PROVIDER = "4.0.0-20260115033456-f47bc2d6f199"
"""Of the official Kubernetes provider's Go module, pinned in `scripts/engine/kubernetes/go.mod`: the newest to be had, of January 2026."""
PROVIDER_BINARY = "pulumi-resource-kubernetes"

# Where the version is kept that a binary says of itself (k8s.io/component-base, "pkg/version").
_VERSIONS = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")


@dataclass(frozen=True)
class _Part:
    binary: str
    version: str
    package: str
    minutes: str


_PARTS = (
    _Part("etcd", ETCD, "go.etcd.io/etcd/server/v3", "1 minute"),
    _Part("kube-apiserver", KUBERNETES, "k8s.io/kubernetes/cmd/kube-apiserver", "4 minutes"),
    _Part("kube-scheduler", KUBERNETES, "k8s.io/kubernetes/cmd/kube-scheduler", "1 minute"),
    _Part("kube-controller-manager", KUBERNETES, "k8s.io/kubernetes/cmd/kube-controller-manager", "2 minutes"),
    _Part("kwok", KWOK, "sigs.k8s.io/kwok/cmd/kwok", "1 minute"),
)
BINARIES = tuple(part.binary for part in _PARTS)


def control_plane(report: Report) -> Path:
    """The folder with the control plane's binaries, built if they are not there: one line to `report` for each.

    Safe when two start at once: the second waits. Raises `NoToolchainError` where there is no Go, `ControlPlaneError` where a build fails.
    """

    def build(folder: Path) -> None:
        module = _module("tests/controlplane")
        for number, part in enumerate(_PARTS, start=1):
            report(f"building {part.binary} {part.version} from its Go module, {number} of {len(_PARTS)}, about {part.minutes} (once for each user)")
            _go(module, part.package, folder / part.binary, _stamp(KUBERNETES))

    return _cached(cache() / "control-plane" / f"{KUBERNETES}-etcd-{ETCD}-kwok-{KWOK}", BINARIES, build, report)


def has_control_plane() -> bool:
    """Whether `control_plane` can answer: its binaries are there, or Go is."""
    folder = cache() / "control-plane" / f"{KUBERNETES}-etcd-{ETCD}-kwok-{KWOK}"
    return _complete(folder, BINARIES) or shutil.which("go") is not None


def kubernetes_provider(report: Report) -> Path | None:
    """The official Kubernetes provider's binary, for an engine that finds it on PATH. None where the engine can download its plugin itself.

    What was built before is taken without a look at the internet. It is older than the SDK that programs use (`PROVIDER` says of when). Raises as
    `control_plane` does.
    """
    folder = cache() / "engine" / f"kubernetes-{PROVIDER}"
    if not _complete(folder, (PROVIDER_BINARY,)) and reached():
        return None

    def build(made: Path) -> None:
        module = _module("scripts/engine/kubernetes")
        report("building the official Kubernetes provider from its Go module, about 5 minutes (once for each user)")
        _go(module, ".", made / PROVIDER_BINARY, f"-s -w -X main.version={PROVIDER}")

    return _cached(folder, (PROVIDER_BINARY,), build, report) / PROVIDER_BINARY


def _cached(folder: Path, binaries: tuple[str, ...], build: Callable[[Path], None], report: Report) -> Path:
    """A folder of the cache, made beside its place and moved there whole: who comes later sees all of it or nothing."""
    if _complete(folder, binaries):
        return folder
    if shutil.which("go") is None:
        raise NoToolchainError("it is built from Go modules, and there is no `go` on PATH: install Go 1.26 or later")
    folder.parent.mkdir(parents=True, exist_ok=True)
    waiting = f"waiting for another run that is building {', '.join(binaries)}"
    place = tempfile.TemporaryDirectory(prefix=f"{folder.name}-", dir=folder.parent)
    with alone(folder.with_name(f"{folder.name}.lock"), report, waiting), place as new:
        if not _complete(folder, binaries):
            made = Path(new) / "made"
            made.mkdir()
            build(made)
            shutil.rmtree(folder, ignore_errors=True)
            made.rename(folder)
    return folder


def _go(module: Path, package: str, binary: Path, flags: str) -> None:
    # Static, the same bytes on every machine, and no look at the checkout's history, which go refuses when another user owns it.
    try:
        go_build(module, package, binary, flags, "-trimpath", "-buildvcs=false", CGO_ENABLED="0")
    except NotBuiltError as error:
        raise ControlPlaneError(f"`go build` of {binary.name} failed: {error}") from None


def _stamp(version: str) -> str:
    """Linker flags by which the binaries know their own version, without debug tables."""
    major, minor, _ = version.split(".")
    values = {"gitVersion": f"v{version}", "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean", "gitCommit": ""}
    return " ".join(["-s -w", *(f"-X {package}.{name}={value}" for package in _VERSIONS for name, value in values.items())])


def _complete(folder: Path, binaries: tuple[str, ...]) -> bool:
    return all((folder / binary).is_file() for binary in binaries)


def _module(path: str) -> Path:
    found = pinned(path)
    if found is None:
        raise NoToolchainError(f"{path}/go.mod, which pins what is built, is not here: run this in a checkout of Commonground")
    return found
