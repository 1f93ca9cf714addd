"""Pod identity associations: a role for the pods of one service account."""

from . import neighbours
from .errors import InvalidRequest, ResourceInUse, ResourceNotFound
from .pages import page
from .state import Answer, Cluster, Params, PodIdentity, Region, new_hex, now


def make(
    region: Region, cluster: Cluster, namespace: str, service_account: str, role: str, *, owner: str | None = None, tags: Params | None = None
) -> PodIdentity:
    """A new association. Refused where the service account has one, and where the role is not there. `owner`: the add-on's ARN."""
    refuse_taken(cluster, namespace, service_account)
    neighbours.require_role(region, role)
    id_ = f"a-{new_hex(17)}"
    arn = region.arn(f"podidentityassociation/{cluster.name}/{id_}")
    identity = PodIdentity(cluster.name, namespace, service_account, role, id_, arn, owner, dict(tags or {}))
    cluster.identities[id_] = identity
    return identity


def refuse_taken(cluster: Cluster, namespace: str, service_account: str) -> None:
    """Refuses a service account that has an association."""
    for identity in cluster.identities.values():
        if (identity.namespace, identity.service_account) == (namespace, service_account):
            raise ResourceInUse(f"Association already exists: {identity.association_id}", cluster=cluster.name)


def create(region: Region, params: Params) -> Answer:
    """CreatePodIdentityAssociation."""
    cluster = region.cluster(params["clusterName"])
    identity = make(region, cluster, params["namespace"], params["serviceAccount"], params["roleArn"], tags=params.get("tags"))
    _set(region, identity, params)
    return {"association": identity}


def _set(region: Region, identity: PodIdentity, params: Params) -> None:
    """What is given; an empty target role or policy takes it away."""
    if params.get("disableSessionTags") is not None:
        identity.disable_session_tags = bool(params["disableSessionTags"])
    if params.get("policy") is not None:
        identity.policy = params["policy"] or None
    if params.get("targetRoleArn") is not None:
        identity.target_role_arn = params["targetRoleArn"] or None
        # EKS user guide, "Access AWS Resources using EKS Pod Identity Target IAM Roles": region/account/cluster/namespace/service account.
        place = (region.region_name, region.account_id, identity.cluster_name, identity.namespace, identity.service_account)
        identity.external_id = "/".join(place) if identity.target_role_arn else None


def _find(region: Region, params: Params) -> PodIdentity:
    cluster, id_ = region.cluster(params["clusterName"]), params["associationId"]
    if id_ not in cluster.identities:
        raise ResourceNotFound(f"No association found with id: {id_}", cluster=cluster.name)
    return cluster.identities[id_]


def _own(region: Region, params: Params) -> PodIdentity:
    """An association that its add-on does not own."""
    identity = _find(region, params)
    if identity.owner_arn:
        raise InvalidRequest(f"The association is owned by {identity.owner_arn}: change it by that add-on", cluster=identity.cluster_name)
    return identity


def describe(region: Region, params: Params) -> Answer:
    """DescribePodIdentityAssociation."""
    return {"association": _find(region, params)}


def list_(region: Region, params: Params) -> Answer:
    """ListPodIdentityAssociations, of a namespace or a service account where one is asked for."""
    wanted = {key: params[name] for key, name in (("namespace", "namespace"), ("service_account", "serviceAccount")) if params.get(name)}
    found = region.cluster(params["clusterName"]).identities.values()
    return page("associations", (identity for identity in found if all(getattr(identity, key) == value for key, value in wanted.items())), params)


def update(region: Region, params: Params) -> Answer:
    """UpdatePodIdentityAssociation."""
    identity = _own(region, params)
    if params.get("roleArn"):
        neighbours.require_role(region, params["roleArn"])
        identity.role_arn = params["roleArn"]
    _set(region, identity, params)
    identity.modified_at = now()
    return {"association": identity}


def delete(region: Region, params: Params) -> Answer:
    """DeletePodIdentityAssociation."""
    identity = _own(region, params)
    del region.cluster(identity.cluster_name).identities[identity.association_id]
    return {"association": identity}


OPERATIONS = {
    "CreatePodIdentityAssociation": create,
    "DescribePodIdentityAssociation": describe,
    "ListPodIdentityAssociations": list_,
    "UpdatePodIdentityAssociation": update,
    "DeletePodIdentityAssociation": delete,
}
