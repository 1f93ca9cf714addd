"""`commonground lock ENVIRONMENT`: asks the cloud what a preview must not ask, and writes `lock.<environment>.yaml`.

Asks with whatever credentials boto3 finds; `local` and examples ask the local cloud.
"""

import secrets
import string
import sys
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from commonground.settings import LockFile, dump, files, render
from commonground.settings.ami import AMI_TYPES, AmiType
from commonground.settings.base import Accelerator, Architecture, Cloud, Gpus
from commonground.settings.blueprint import Blueprint
from commonground.settings.files import Files
from commonground.settings.lock import KEPT, Asked, LockedInstanceType, LockedZone

# EKS user guide, "Retrieve recommended Amazon Linux AMI IDs".
AMI_PARAMETER = "/aws/service/eks/optimized-ami/{kubernetes}/amazon-linux-2023/{architecture}/{variant}/recommended/release_version"
# EC2's names of the architectures, where they are not ours (API reference, "ProcessorInfo").
ARCHITECTURES = {"x86_64": Architecture.X86_64, "arm64": Architecture.ARM64}
VARIANTS: dict[Accelerator | None, str] = {None: "standard", Accelerator.NVIDIA: "nvidia"}
INCARNATION_LENGTH = 4
# What to do when a call is refused, by how its code begins; the rest are answers about what was asked.
FIXES = {
    "AccessDenied": "give the role that asks the right to call it",
    "UnauthorizedOperation": "give the role that asks the right to call it",
    "ExpiredToken": "log in again",
    "ParameterNotFound": "choose a Kubernetes version that EKS publishes AMIs for",
}
OTHER_FIX = "change what blueprint or scale asks for"


Client = Callable[[str], Any]
"""Gives the boto3 client of a service, in the environment's region: `boto3.Session(region_name=...).client`."""


class LockError(Exception):
    """The cloud could not be asked, or its answer does not fit: one message, with what to do."""


@dataclass(frozen=True)
class Wanted:
    """What a lock has to cover."""

    environment: str
    blueprint: Blueprint
    cloud: Cloud
    account: str
    region: str
    instance_types: tuple[str, ...]
    previous: LockFile | None
    path: Path
    """Where the lock is written."""


def wanted(folder: Path, environment: str) -> Wanted:
    """What blueprint, scale and bindings ask of a lock. Raises `LockError` with every mistake in them, and for a lock whose incarnation cannot be read."""
    found = Files(folder, environment, files.root_of(folder), offline=True)
    files.read_blueprint(found)
    stack = files.stack_document(found, folder)
    if stack is not None:
        config = stack.data.get("config") if isinstance(stack.data, dict) else None
        files.read_blocks(found, stack, config if isinstance(config, dict) else {}, ("config",))
    if found.mistakes:
        raise LockError(render(found.mistakes).rstrip())
    types = sorted({name for pool in found.scale.pools.values() for name in pool.instance_types})
    return Wanted(
        environment,
        found.blueprint,
        found.bindings.cloud,
        found.bindings.account,
        found.bindings.region,
        tuple(types),
        _previous(found),
        folder / f"lock.{environment}.yaml",
    )


def _previous(found: Files) -> LockFile | None:
    """The lock that there is. What the cloud says anew may be unreadable, but not what stays: another incarnation would replace the cluster."""
    path = found.folder / f"lock.{found.name}.yaml"
    if not path.exists():
        return None
    files.read_lock(found)
    previous = found.models.get(files.Block.LOCK)
    if not isinstance(previous, LockFile) or any(found.unsure(files.Block.LOCK, key) for key in KEPT):
        fix = f"take {found.shown(path)} from version control again, or delete it: the next one has an incarnation of its own"
        raise LockError(f"{render(found.mistakes).rstrip()}\nFix: {fix}")
    return previous


def ask(wanted: Wanted, client: Client, *, kubernetes: str | None = None, new_incarnation: bool = False, example: bool = False) -> LockFile:
    """What the cloud behind the clients says. Raises `LockError`; calls only what reads."""
    try:
        return _ask(wanted, client, kubernetes, new_incarnation, example)
    except ClientError as error:
        raise LockError(_refused(error)) from None
    except BotoCoreError as error:
        raise LockError(f"AWS could not be asked: {error}. Fix: log in to account {wanted.account}, for example with `aws sso login`.") from None


def moved(old: LockFile | None, new: LockFile) -> list[str]:
    """Lines that say what a new lock changes, the old value first; empty if nothing moved."""
    if old is None:
        return ["everything: there was no lock"]
    before, after = dict(_flat(old)), dict(_flat(new))
    return [f"{key}: {before.get(key, 'nothing')} -> {after.get(key, 'nothing')}" for key in sorted({*before, *after}) if before.get(key) != after.get(key)]


def write(wanted: Wanted, lock: LockFile) -> None:
    """Writes the file whole or not at all."""
    partial = wanted.path.with_suffix(".partial")
    partial.write_text(dump(lock), "utf-8")
    partial.replace(wanted.path)


def main_for(
    asked: Wanted,
    client: Client,
    *,
    check: bool = False,
    new_incarnation: bool = False,
    kubernetes: str | None = None,
    example: bool = False,
) -> int:
    """Asks, says what moved, and writes unless `check`. Returns the exit code: 1 when `check` finds the lock stale. Raises `LockError`."""
    lock = ask(asked, client, kubernetes=kubernetes, new_incarnation=new_incarnation, example=example)
    changes = moved(asked.previous, lock)
    for line in changes:
        sys.stdout.write(f"{line}\n")
    if not changes:
        sys.stdout.write(f"{asked.path.name} says what the cloud says\n")
    elif check:
        sys.stderr.write(f"{asked.path.name} is stale: run `commonground lock {asked.environment}`\n")
        return 1
    else:
        write(asked, lock)
        sys.stderr.write(f"wrote {asked.path.name}: commit it\n")
    return 0


def _ask(wanted: Wanted, client: Client, kubernetes: str | None, new_incarnation: bool, example: bool) -> LockFile:
    account = client("sts").get_caller_identity()["Account"]
    if account != wanted.account:
        raise LockError(f"the credentials are of account {account}, and {wanted.environment} is bound to {wanted.account}. Fix: log in to that account.")
    eks, ec2 = client("eks"), client("ec2")
    zones = _zones(ec2)
    version = _kubernetes(wanted, eks, kubernetes, new=new_incarnation)
    return LockFile(
        version=1,
        example=example,
        asked=Asked(account=account, region=wanted.region),
        kubernetes=version,
        incarnation=_incarnation(wanted, new_incarnation),
        zones=zones,
        addons={name: _addon(eks, name, version) for name in sorted(wanted.blueprint.cluster.addons)},
        ami_releases=_ami_releases(wanted, client("ssm"), version),
        instance_types=_instance_types(ec2, wanted.instance_types, zones),
    )


def _refused(error: ClientError) -> str:
    code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
    fix = next((fix for start, fix in FIXES.items() if code.startswith(start)), OTHER_FIX)
    return f"{error.operation_name} was refused: {code}: {message.rstrip('.')}. Fix: {fix}."


def _kubernetes(wanted: Wanted, eks: Any, chosen: str | None, *, new: bool) -> str:
    """The chosen version, else the lock's, else the nearest that the blueprint supports; one minor up at a time, but for a new cluster."""
    supported = wanted.blueprint.cluster.kubernetes
    before = None if new or wanted.previous is None else wanted.previous.kubernetes
    version = chosen or _next(wanted.previous.kubernetes if wanted.previous else None, supported)
    if version not in supported:
        raise LockError(f"Kubernetes {version} is not one that the blueprint supports ({', '.join(supported)}). Fix: add it to `cluster.kubernetes` first.")
    if before is not None and _minor(version) not in (_minor(before), _minor(before) + 1):
        raise LockError(
            f"EKS goes one minor version up at a time: from {before} to 1.{_minor(before) + 1}, not to {version}. Fix: lock and deploy each in turn."
        )
    offered = eks.describe_cluster_versions(clusterVersions=[version], includeAll=True)["clusterVersions"]
    if not offered:
        raise LockError(f"EKS does not offer Kubernetes {version} in {wanted.region}. Fix: choose another that the blueprint supports.")
    return version


def _next(before: str | None, supported: Sequence[str]) -> str:
    newest = max(supported, key=_minor)
    if before is None or before in supported:
        return before or newest
    return min((version for version in supported if _minor(version) > _minor(before)), key=_minor, default=newest)


def _minor(version: str) -> int:
    return int(version.split(".")[1])


def _incarnation(wanted: Wanted, new: bool) -> str:
    if wanted.previous is not None and not new:
        return wanted.previous.incarnation
    letters = string.ascii_lowercase + string.digits
    return secrets.choice(string.ascii_lowercase) + "".join(secrets.choice(letters) for _ in range(INCARNATION_LENGTH - 1))


def _zones(ec2: Any) -> dict[str, LockedZone]:
    filters = [{"Name": "zone-type", "Values": ["availability-zone"]}, {"Name": "opt-in-status", "Values": ["opt-in-not-required", "opted-in"]}]
    found = ec2.describe_availability_zones(Filters=filters)["AvailabilityZones"]
    return {zone["ZoneId"]: LockedZone(name=zone["ZoneName"]) for zone in sorted(found, key=lambda zone: str(zone["ZoneId"]))}


def _addon(eks: Any, name: str, kubernetes: str) -> str:
    """The default release for the Kubernetes version, which is what the console would take."""
    for addon in _offered(eks, name, kubernetes):
        for release in addon["addonVersions"]:
            if any(fits["clusterVersion"] == kubernetes and fits.get("defaultVersion") for fits in release["compatibilities"]):
                return str(release["addonVersion"])
    raise LockError(f"EKS offers no default release of the add-on {name} for Kubernetes {kubernetes}. Fix: leave it out of the blueprint's `cluster.addons`.")


def _offered(eks: Any, name: str, kubernetes: str) -> list[dict[str, Any]]:
    try:
        addons: list[dict[str, Any]] = eks.describe_addon_versions(addonName=name, kubernetesVersion=kubernetes)["addons"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "InvalidParameterException":  # which says that there is no such add-on
            raise
        return []
    return addons


def _ami_releases(wanted: Wanted, ssm: Any, kubernetes: str) -> dict[AmiType, str]:
    pools = {(pool.architecture, pool.accelerator) for pool in wanted.blueprint.pools.values()}
    names = {
        AMI_TYPES[pool]: AMI_PARAMETER.format(
            kubernetes=kubernetes, architecture="arm64" if pool[0] is Architecture.ARM64 else "x86_64", variant=VARIANTS[pool[1]]
        )
        for pool in pools
    }
    return {type_: str(ssm.get_parameter(Name=name)["Parameter"]["Value"]) for type_, name in sorted(names.items())}


def _instance_types(ec2: Any, names: Sequence[str], zones: Container[str]) -> dict[str, LockedInstanceType]:
    offered: dict[str, list[str]] = {}
    pages = ec2.get_paginator("describe_instance_type_offerings").paginate(
        LocationType="availability-zone-id", Filters=[{"Name": "instance-type", "Values": list(names)}]
    )
    for page in pages:
        for offering in page["InstanceTypeOfferings"]:
            if offering["Location"] in zones:  # no local or wavelength zone
                offered.setdefault(offering["InstanceType"], []).append(offering["Location"])
    for name in names:
        if name not in offered:
            raise LockError(f"{name} is offered in no zone of the region. Fix: choose another instance type in the scale's pools.")
    found = ec2.describe_instance_types(InstanceTypes=list(names))["InstanceTypes"]
    return {
        facts["InstanceType"]: _facts(facts, sorted(offered[facts["InstanceType"]])) for facts in sorted(found, key=lambda facts: str(facts["InstanceType"]))
    }


def _facts(facts: dict[str, Any], zones: list[str]) -> LockedInstanceType:
    network = facts["NetworkInfo"]
    cards = network.get("NetworkCards") or [{"MaximumNetworkInterfaces": network["MaximumNetworkInterfaces"]}]
    gpus = facts.get("GpuInfo", {}).get("Gpus", [])
    architectures = facts["ProcessorInfo"]["SupportedArchitectures"]
    architecture = next((ARCHITECTURES[name] for name in architectures if name in ARCHITECTURES), None)
    if architecture is None:
        raise LockError(f"{facts['InstanceType']} is of the architecture {', '.join(architectures)}. Fix: choose one of {', '.join(ARCHITECTURES)}.")
    return LockedInstanceType(
        architecture=architecture,
        vcpu=facts["VCpuInfo"]["DefaultVCpus"],
        memory_mib=facts["MemoryInfo"]["SizeInMiB"],
        pods=cards[0]["MaximumNetworkInterfaces"] * (network["Ipv4AddressesPerInterface"] - 1) + 2,
        efa=network.get("EfaInfo", {}).get("MaximumEfaInterfaces", 0),
        gpus=Gpus(count=sum(gpu["Count"] for gpu in gpus), model=gpus[0]["Name"], memory_mib=gpus[0]["MemoryInfo"]["SizeInMiB"]) if gpus else None,
        zones=tuple(zones),
    )


def _flat(lock: LockFile) -> Iterator[tuple[str, str]]:
    for key, value in lock.model_dump(mode="json", exclude_none=True).items():
        if isinstance(value, dict) and key != "asked":
            yield from ((f"{key}.{name}", str(item["name"]) if key == "zones" else str(item)) for name, item in value.items())
        else:
            yield key, str(value)
