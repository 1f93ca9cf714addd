"""What a pod waits for beside a node: volumes and claims of devices."""

from collections.abc import Iterator
from dataclasses import replace

from commonground.why.facts import Facts, Kind, Object, Place, Reason, events_of, listed, name_of

# kubernetes-sigs/aws-ebs-csi-driver, docs/parameters.md: the label by which it knows a node's zone.
EBS_ZONE = "topology.ebs.csi.aws.com/zone"


def missing(pod: Object, facts: Facts) -> Reason | None:
    """A volume's claim that is not there."""
    known = {name_of(claim) for claim in facts.claims}
    gone = [name for name in _claim_names(pod) if name not in known]
    return Reason(Kind.VOLUME, f"there is no PersistentVolumeClaim {listed(gone)} in its namespace", "make it, or name another") if gone else None


def unbound(pod: Object, facts: Facts) -> Reason | None:
    """A volume's claim that has no volume, though it should have had one before the pod has a node."""
    wanted = set(_claim_names(pod))
    for claim in facts.claims:
        if name_of(claim) in wanted and claim.get("status", {}).get("phase") != "Bound" and (found := _why_unbound(claim, facts)):
            return found
    return None


def unallocated(pod: Object, facts: Facts) -> Reason | None:
    """A claim of devices that the scheduler has not allocated."""
    names = {status["name"]: status.get("resourceClaimName") for status in pod.get("status", {}).get("resourceClaimStatuses") or []}
    claims = {name_of(claim): claim for claim in facts.resource_claims}
    for wanted in pod["spec"].get("resourceClaims") or []:
        name = names.get(wanted["name"]) or wanted.get("resourceClaimName")
        if not name:
            template = wanted.get("resourceClaimTemplateName")
            return Reason(Kind.CLAIM, f"its ResourceClaim {wanted['name']} is not made yet", f"see whether there is a ResourceClaimTemplate {template}")
        claim = claims.get(name)
        if claim is None:
            return Reason(Kind.CLAIM, f"there is no ResourceClaim {name} in its namespace", "make it, or name another")
        if not claim.get("status", {}).get("allocation"):
            text = f"ResourceClaim {name} is not allocated: no free device of class {_classes(claim)} on a node that it may be on"
            return Reason(Kind.CLAIM, text, "`kubectl get resourceslices` shows which devices there are; ask for another kind, or let more nodes come")
    return None


def volume_terms(pod: Object, facts: Facts) -> Iterator[list[list[Object]]]:
    """For each of its volumes that is in a certain place: terms of node labels, of which one has to hold."""
    volumes = {name_of(volume): volume for volume in facts.volumes}
    claims = {name_of(claim): claim for claim in facts.claims}
    for name in _claim_names(pod):
        volume = volumes.get(claims[name]["spec"].get("volumeName", "")) if name in claims else None
        required = ((volume or {}).get("spec", {}).get("nodeAffinity") or {}).get("required") or {}
        if terms := [term.get("matchExpressions") or [] for term in required.get("nodeSelectorTerms") or []]:
            yield terms


def with_zone(place: Place) -> Place:
    """A place with its zone under the CSI driver's own name too, which a node that is not there cannot have."""
    zone = place.labels.get("topology.kubernetes.io/zone")
    return replace(place, labels={EBS_ZONE: zone, **place.labels}) if zone else place


def _claim_names(pod: Object) -> Iterator[str]:
    for volume in pod["spec"].get("volumes") or []:
        if claim := volume.get("persistentVolumeClaim"):
            yield claim["claimName"]
        if "ephemeral" in volume:
            yield f"{name_of(pod)}-{volume['name']}"


def _why_unbound(claim: Object, facts: Facts) -> Reason | None:
    """A class that waits for the first consumer leaves its claims unbound until the pod has a node (Kubernetes docs, "Storage Classes")."""
    name, named = name_of(claim), claim["spec"].get("storageClassName")
    classes = None if facts.storage_classes is None else {name_of(each): each for each in facts.storage_classes}
    if named and classes is not None and named not in classes:
        text = f"PersistentVolumeClaim {name} asks for the storage class {named}, which is not there"
        return Reason(Kind.VOLUME, text, f"use one of {listed(sorted(classes))}")
    if named and classes is not None and classes[named].get("volumeBindingMode") == "WaitForFirstConsumer":
        return None
    said = [event for event in events_of(facts.events, claim) if event.get("reason") != "WaitForFirstConsumer"]
    if classes is None and not said:
        return None
    why = f": {' '.join(str(said[-1].get('message', '')).split())}" if said else ""
    return Reason(Kind.VOLUME, f"PersistentVolumeClaim {name} is not bound to a volume{why}", f"`kubectl describe pvc {name}` shows what its provisioner says")


def _classes(claim: Object) -> str:
    requests = (claim["spec"].get("devices") or {}).get("requests") or []
    alternatives = [one for request in requests for one in request.get("firstAvailable") or [request.get("exactly") or request]]
    return ", ".join(sorted({str(one.get("deviceClassName", "unknown")) for one in alternatives})) or "unknown"
