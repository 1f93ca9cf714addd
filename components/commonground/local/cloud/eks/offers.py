"""What EKS offers: Kubernetes versions, add-on versions and how add-ons are configured, from `versions.yaml` and `catalogue.yaml`."""

import json
from datetime import UTC, date, datetime
from typing import Any

from ..versions import versions
from . import catalogue, images
from .errors import InvalidParameter, ResourceNotFound
from .pages import page
from .state import Answer, Params, Region

ARCHITECTURES = ["amd64", "arm64"]


def cluster_versions(region: Region, params: Params) -> Answer:
    """DescribeClusterVersions, newest first."""
    wanted = params.get("clusterVersions") or versions().newest_first()
    found = [_cluster_version(number) for number in versions().newest_first() if number in wanted]
    if params.get("defaultOnly"):
        found = [version for version in found if version["defaultVersion"]]
    for name in ("status", "versionStatus"):
        if params.get(name):
            found = [version for version in found if version[name] == params[name]]
    return page("clusterVersions", found, params)


def _cluster_version(number: str) -> dict[str, Any]:
    known = versions().kubernetes[number]
    return {
        "clusterVersion": number,
        "clusterType": "eks",
        "defaultPlatformVersion": "eks.1",
        "defaultVersion": number == versions().default,
        "releaseDate": _midnight(known.released),
        "endOfStandardSupportDate": _midnight(known.standard_support_ends),
        "endOfExtendedSupportDate": _midnight(known.extended_support_ends),
        "status": f"{known.status}-support",
        "versionStatus": f"{known.status}-support".upper().replace("-", "_"),
        "kubernetesPatchVersion": f"{number}.0",
    }


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def addon_versions(region: Region, params: Params) -> Answer:
    """DescribeAddonVersions: of one add-on or Kubernetes version where one is asked for. An unknown one is refused."""
    wanted = params.get("kubernetesVersion")
    if wanted and wanted not in versions().kubernetes:
        raise InvalidParameter(f"unsupported Kubernetes version {wanted}")
    numbers = [wanted] if wanted else list(versions().newest_first())
    names = sorted({name for number in numbers for name in versions().kubernetes[number].addons})
    if params.get("addonName"):
        names = [name for name in names if name == params["addonName"]]
        if not names:
            raise InvalidParameter(f"Addon {params['addonName']} specified is not supported", addon=params["addonName"])
    found = [_addon(name, numbers) for name in names]
    for name, member in (("owners", "owner"), ("publishers", "publisher"), ("types", "type")):
        if params.get(name):
            found = [addon for addon in found if addon[member] in params[name]]
    return page("addons", found, params)


def _addon(name: str, numbers: list[str]) -> dict[str, Any]:
    """Newest release first, each with the Kubernetes versions that take it."""
    facts = catalogue.facts(name)
    takers: dict[str, list[dict[str, Any]]] = {}
    for number in numbers:
        offered = versions().kubernetes[number].addons.get(name, ())
        for release in offered:
            compatible = {"clusterVersion": number, "platformVersions": ["*"], "defaultVersion": release == offered[0]}
            takers.setdefault(release, []).append(compatible)
    releases = [
        {
            "addonVersion": release,
            "architecture": ARCHITECTURES,
            "computeTypes": ["ec2"],
            "compatibilities": compatibilities,
            "requiresConfiguration": False,
            "requiresIamPermissions": facts.service_account is not None,
        }
        for release, compatibilities in sorted(takers.items(), key=lambda taken: images.age(taken[0]), reverse=True)
    ]
    return {
        "addonName": name,
        "type": facts.type,
        "addonVersions": releases,
        "publisher": "eks",
        "owner": facts.owner,
        "defaultNamespace": facts.namespace,
    }


def addon_configuration(region: Region, params: Params) -> Answer:
    """DescribeAddonConfiguration: the schema of its values, and the service account that may have a role."""
    name, version = params["addonName"], params["addonVersion"]
    if not any(version in known.addons.get(name, ()) for known in versions().kubernetes.values()):
        raise ResourceNotFound(f"No addon configuration found for {name} {version}", addon=name)
    facts = catalogue.facts(name)
    identity = {"serviceAccount": facts.service_account, "recommendedManagedPolicies": _policy_arns(region, facts.policies)}
    return {
        "addonName": name,
        "addonVersion": version,
        "configurationSchema": json.dumps(facts.json_schema, sort_keys=True),
        "podIdentityConfiguration": [identity] if facts.service_account else [],
    }


def _policy_arns(region: Region, names: tuple[str, ...]) -> list[str]:
    return [f"arn:{region.partition}:iam::aws:policy/{name}" for name in names]


OPERATIONS = {
    "DescribeClusterVersions": cluster_versions,
    "DescribeAddonVersions": addon_versions,
    "DescribeAddonConfiguration": addon_configuration,
}
