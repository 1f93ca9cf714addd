"""EC2's security groups and a VPC's default one. Facts from terraform-provider-aws (internal/service/ec2) and pulumi-aws."""

from collections.abc import Iterable
from typing import Any

from commonground.local.providers.aws.api import Api
from commonground.local.providers.aws.table.common import planned_id, retag_ec2
from commonground.local.providers.aws.table.security_inline import DIRECTIONS, inline_traps, settle_rules, shown_rules, worded
from commonground.local.providers.aws.types import ResourceType
from commonground.local.providers.names import Autoname
from commonground.local.providers.values import UNKNOWN, Properties


def _create(api: Api, new: Properties) -> str:
    """EC2 lets a new group reach everything; the official provider takes that away, so that a group without egress has none."""
    made = api.call("CreateSecurityGroup", **api.request("CreateSecurityGroup", new), TagSpecifications=api.tag_specifications("security-group", new))
    id_ = str(made["GroupId"])
    settle_rules(api, id_, {"ingress": [], "egress": [], **new})
    return id_


def _read(api: Api, id_: str, state: Properties) -> Properties | None:
    found = api.ask("DescribeSecurityGroups", "SecurityGroups[0]", GroupIds=[id_], names={"Tags": "tagsAll"})
    if found is None:
        return None
    return {
        **shown_rules(api, id_, state),
        "arn": api.arn("ec2", f"security-group/{id_}"),
        "description": found["description"],
        "name": found["groupName"],
        "ownerId": found.get("ownerId", api.account),
        "vpcId": found.get("vpcId", ""),
        "tagsAll": found.get("tagsAll", {}),
    }


def _update(api: Api, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
    settle_rules(api, id_, {name: new[name] for name in DIRECTIONS if name in changed})
    retag_ec2(api, id_, old, new)


def _delete(api: Api, id_: str, state: Properties) -> None:
    if state.get("revokeRulesOnDelete") and _read(api, id_, {}) is not None:
        settle_rules(api, id_, {"ingress": [], "egress": []})
    api.gone("DeleteSecurityGroup", GroupId=id_)


def _named(api: Api, vpc: str, name: str) -> str | None:
    """The group of a name, of which a VPC has one."""
    filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": [name]}]
    found = api.ask("DescribeSecurityGroups", "SecurityGroups[0].GroupId", Filters=filters)
    return str(found) if found else None


def _vpc_of(api: Api, inputs: Properties) -> str:
    """The VPC that the inputs say; without one, the account's default VPC."""
    return str(inputs.get("vpcId") or api.ask("DescribeVpcs", "Vpcs[0].VpcId", Filters=[{"Name": "is-default", "Values": ["true"]}]))


def _traps(inputs: Properties) -> Iterable[tuple[str, str]]:
    name = inputs.get("name", "")
    if isinstance(name, str) and name.startswith("sg-"):
        yield "name", f"{name!r} cannot begin with sg- (API reference, CreateSecurityGroup)"
    for argument in ("name", "description"):
        if reason := worded(inputs.get(argument, UNKNOWN)):
            yield argument, reason
    if inputs.get("description") == "":
        yield "description", "cannot be empty (API reference, CreateSecurityGroup)"
    yield from inline_traps(inputs)


def _planned(api: Api, id_: str, inputs: Properties) -> Properties:
    return {
        "arn": api.arn("ec2", f"security-group/{id_}"),
        "ownerId": api.account,
        "vpcId": inputs.get("vpcId", planned_id("vpc", "default")),
        **{name: inputs.get(name, []) for name in DIRECTIONS},
    }


INLINE = {"ingress": "objects", "egress": "objects", "revokeRulesOnDelete": "boolean"}

SETS = ("egress", "ingress", *(f"{name}.{source}" for name in DIRECTIONS for source in ("cidrBlocks", "ipv6CidrBlocks", "prefixListIds", "securityGroups")))
"""Ranges are lists to the provider, but another order of them calls nothing."""

# Left out: namePrefix, Terraform's way to a unique name; Pulumi draws one.
SECURITY_GROUP = ResourceType(
    token="aws:ec2/securityGroup:SecurityGroup",
    service="ec2",
    arguments={
        "description": "CreateSecurityGroup.Description",
        "name": "CreateSecurityGroup.GroupName",
        "vpcId": "CreateSecurityGroup.VpcId",
        **INLINE,
    },
    replaces=("description", "name", "vpcId"),
    computed=("arn", "ownerId"),
    optional=("egress", "ingress", "vpcId"),
    defaults={"description": "Managed by Pulumi", "revokeRulesOnDelete": False},
    sets=SETS,
    local=("revokeRulesOnDelete",),
    autoname=Autoname("name"),
    check=_traps,
    planned=_planned,
    id_prefix="sg",
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    find=lambda api, new: _named(api, _vpc_of(api, new), new["name"]),
)


def _adopt(api: Api, new: Properties) -> str:
    """Takes over the group that the VPC has by itself: its tags and rules become the given ones, all others go."""
    id_ = str(_named(api, _vpc_of(api, new), "default"))
    tags = api.ask("DescribeSecurityGroups", "SecurityGroups[0].Tags", GroupIds=[id_]) or {}
    retag_ec2(api, id_, {"tagsAll": tags}, new)
    settle_rules(api, id_, {"ingress": [], "egress": [], **new})
    return id_


def _read_default(api: Api, id_: str, state: Properties) -> Properties | None:
    found = _read(api, id_, state)
    return found and {**found, "namePrefix": ""}


def _find_adopted(api: Api, new: Properties) -> str | None:
    """Adopted is what has the tags and rules; the group itself was there before."""
    id_ = _named(api, _vpc_of(api, new), "default")
    found: dict[str, Any] = (id_ and _read(api, id_, new)) or {}
    same = found.get("tagsAll") == new.get("tagsAll", {}) and all(found.get(name) == new.get(name, []) for name in DIRECTIONS)
    return id_ if same else None


DEFAULT_SECURITY_GROUP = ResourceType(
    token="aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    service="ec2",
    arguments={"vpcId": "CreateSecurityGroup.VpcId", **INLINE},
    replaces=("vpcId",),
    computed=("arn", "description", "name", "namePrefix", "ownerId"),
    optional=("egress", "ingress", "vpcId"),
    defaults={"revokeRulesOnDelete": False},
    sets=SETS,
    local=("revokeRulesOnDelete",),
    check=inline_traps,
    planned=lambda api, id_, inputs: {
        **_planned(api, id_, inputs),
        "description": "default VPC security group",
        "name": "default",
        "namePrefix": "",
    },
    planned_id=lambda _, inputs: planned_id("sg", inputs.get("vpcId", "default")),
    create=_adopt,
    read=_read_default,
    update=_update,
    delete=lambda _api, _id, _state: None,  # a VPC keeps its default group; the official provider leaves tags and rules as they are
    find=_find_adopted,
)

ROWS = (SECURITY_GROUP, DEFAULT_SECURITY_GROUP)
