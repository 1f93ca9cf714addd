"""The lock: of this environment, covering what blueprint and scale ask for; and differences that are still accepted."""

from collections.abc import Iterator

from commonground.settings.ami import AMI_TYPES
from commonground.settings.files import Block, Files, environments
from commonground.settings.lock import way_out
from commonground.settings.mistakes import did_you_mean, listed
from commonground.settings.rules.bindings import misspelt_region
from commonground.settings.rules.problem import Problem, Rule


def example(files: Files) -> Iterator[Problem]:
    """A real account is not built from a lock that no cloud was asked for."""
    if files.real and files.lock.example:
        expected = "a lock that AWS was asked for"
        fix = f"run `commonground lock {files.name}`, or `commonground preview {files.name} --offline`, which takes an example"
        yield Problem(Block.LOCK, ("example",), "an example lock", expected, fix)


def asked(files: Files) -> Iterator[Problem]:
    """The lock speaks of the account and region that the environment is bound to."""
    for key in ("account", "region"):
        locked, bound = getattr(files.lock.asked, key), getattr(files.bindings, key)
        if locked != bound and not files.unsure(Block.BINDINGS, key) and not (key == "region" and misspelt_region(files)):
            yield Problem(Block.LOCK, ("asked", key), locked, f"the bindings' {key}, {bound}", f"run `commonground lock {files.name}`")


def kubernetes(files: Files) -> Iterator[Problem]:
    """The locked Kubernetes version is one that the blueprint supports."""
    supported = files.blueprint.cluster.kubernetes
    files.sure(Block.BLUEPRINT, "cluster", "kubernetes")
    if files.lock.kubernetes not in supported:
        fix = f"run `commonground lock {files.name} --kubernetes {supported[-1]}`, or add {files.lock.kubernetes} to the blueprint's `cluster.kubernetes`"
        yield Problem(Block.LOCK, ("kubernetes",), files.lock.kubernetes, f"one that the blueprint supports: {listed(supported)}", fix)


def addons(files: Files) -> Iterator[Problem]:
    """The lock knows a release of each add-on; a name that is nearly that of a missing one is named with it."""
    files.sure(Block.BLUEPRINT, "cluster", "addons")
    wanted, locked = files.blueprint.cluster.addons, files.lock.addons
    missing = [name for name in wanted if name not in locked]
    for name in missing:
        yield Problem(Block.LOCK, ("addons", name), "nothing", "a release of every add-on of the blueprint", f"run `commonground lock {files.name}`")
    for other in locked:
        meant = None if other in wanted else did_you_mean(other, missing)
        if meant is not None:
            yield Problem(Block.LOCK, ("addons", other), f"the unknown add-on `{other}`", meant, way_out(files.name, ("addons", other)))


def kube_proxy(files: Files) -> Iterator[Problem]:
    """kube-proxy's releases carry the Kubernetes version that they are for (EKS user guide, "Manage kube-proxy in Amazon EKS clusters")."""
    release = files.lock.addons.get("kube-proxy")
    if release is not None and not files.unsure(Block.LOCK, "kubernetes") and not release.startswith(f"v{files.lock.kubernetes}."):
        expected = f"a release for Kubernetes {files.lock.kubernetes}"
        yield Problem(Block.LOCK, ("addons", "kube-proxy"), release, expected, f"run `commonground lock {files.name}`")


def ami_releases(files: Files) -> Iterator[Problem]:
    """The lock knows a release of each pool's AMI type, for its Kubernetes version."""
    for type_ in dict.fromkeys(AMI_TYPES[pool.architecture, pool.accelerator] for pool in files.blueprint.pools.values()):
        release = files.lock.ami_releases.get(type_)
        if release is None:
            expected = "a release of every pool's AMI type"
            yield Problem(Block.LOCK, ("ami_releases", type_), "nothing", expected, f"run `commonground lock {files.name}`")
        elif not files.unsure(Block.LOCK, "kubernetes") and not release.startswith(f"{files.lock.kubernetes}."):
            expected = f"a release for Kubernetes {files.lock.kubernetes}"
            yield Problem(Block.LOCK, ("ami_releases", type_), release, expected, f"run `commonground lock {files.name}`")


def one_region(files: Files) -> Iterator[Problem]:
    """The zones of an AWS region's lock begin alike: a lock put together from two regions is refused."""
    prefixes = {zone.rsplit("-az", 1)[0] for zone in files.lock.zones}
    if len(prefixes) > 1:
        yield Problem(Block.LOCK, ("zones",), listed(files.lock.zones), "zones of one region", f"run `commonground lock {files.name}`", whole=True)


def differences(files: Files) -> Iterator[Problem]:
    """Each accepted difference is of an environment that is there, and not over."""
    known = environments(files.folder)
    for index, difference in enumerate(files.differences):
        if known and difference.environment not in known:
            guess = did_you_mean(difference.environment, known)
            fix = f'did you mean "{guess}"?' if guess else "remove it"
            yield Problem(Block.DIFFERENCES, (index, "environment"), difference.environment, f"one of the environments {listed(known)}", fix)
        if files.today is not None and difference.environment == files.name and difference.expired(files.today):
            expected = f"a difference that is still accepted: today is {files.today.isoformat()}"
            yield Problem(Block.DIFFERENCES, (index, "until"), difference.until, expected, "remove it, or renew it with a reason")


RULES: tuple[Rule, ...] = (example, asked, kubernetes, addons, kube_proxy, ami_releases, one_region, differences)
