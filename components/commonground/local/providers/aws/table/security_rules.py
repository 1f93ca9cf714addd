"""A security group's rules as resources of their own, one source each. Facts from terraform-provider-aws (internal/service/ec2) and pulumi-aws."""

from collections.abc import Callable, Iterable
from typing import Any

from commonground.local.providers.aws.api import Api
from commonground.local.providers.aws.table.common import not_a_range, retag_ec2
from commonground.local.providers.aws.table.security_inline import protocol_of, worded
from commonground.local.providers.aws.types import ResourceType
from commonground.local.providers.values import UNKNOWN, Properties

SOURCES = {
    "cidrIpv4": ("IpRanges", "CidrIp"),
    "cidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
    "prefixListId": ("PrefixListIds", "PrefixListId"),
    "referencedSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
}
"""Where the source stands in a request, by Pulumi's name."""

PORTS = ("fromPort", "toPort")


def _kind(inputs: Properties) -> str:
    return next(name for name in SOURCES if inputs.get(name))


def _permission(new: Properties) -> dict[str, Any]:
    kind = _kind(new)
    place, key = SOURCES[kind]
    account, _, value = new[kind].rpartition("/") if kind == "referencedSecurityGroupId" else ("", "", new[kind])
    source = {key: value, **({"UserId": account} if account else {}), **({"Description": new["description"]} if new.get("description") else {})}
    ports = {name[0].upper() + name[1:]: int(new[name]) for name in PORTS if name in new}
    return {"IpProtocol": new["ipProtocol"], **ports, place: [source]}


def _creates(direction: str) -> Callable[[Api, Properties], str]:
    def create(api: Api, new: Properties) -> str:
        made = api.call(
            f"AuthorizeSecurityGroup{direction}",
            GroupId=new["securityGroupId"],
            IpPermissions=[_permission(new)],
            TagSpecifications=api.tag_specifications("security-group-rule", new),
        )
        return str(made["SecurityGroupRules"][0]["SecurityGroupRuleId"])

    return create


def _read(api: Api, id_: str, state: Properties) -> Properties | None:
    names = {"Tags": "tagsAll", "SecurityGroupRuleArn": "arn"}
    found = api.ask("DescribeSecurityGroupRules", "SecurityGroupRules[0]", SecurityGroupRuleIds=[id_], names=names)
    return None if found is None else _shown(api, found, state)


def _shown(api: Api, found: Properties, state: Properties) -> Properties:
    """What EC2 says in other words than the program says in the program's: no ports as -1, a protocol by name or number."""
    protocol = state.get("ipProtocol", "")
    id_ = found["securityGroupRuleId"]
    return {
        **{name: found.get(name) for name in ("cidrIpv4", "cidrIpv6", "prefixListId")},
        **{name: None if found.get(name) == -1 and name not in state else found.get(name) for name in PORTS},
        "arn": found.get("arn", api.arn("ec2", f"security-group-rule/{id_}")),
        "description": found.get("description") or None,
        "ipProtocol": protocol if protocol_of(protocol) == protocol_of(found["ipProtocol"]) else found["ipProtocol"],
        "referencedSecurityGroupId": _referenced(api, found.get("referencedGroupInfo")),
        "securityGroupId": found["groupId"],
        "securityGroupRuleId": id_,
        "tagsAll": found.get("tagsAll", {}),
    }


def _referenced(api: Api, group: Properties | None) -> str | None:
    if not group or not group.get("groupId"):
        return None
    return str(group["groupId"]) if group.get("userId", api.account) == api.account else f"{group['userId']}/{group['groupId']}"


def _update(api: Api, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
    if changed - {"tags", "tagsAll"}:
        rule = api.request("ModifySecurityGroupRules", new)["SecurityGroupRules"]["SecurityGroupRule"]
        if "ReferencedGroupId" in rule:
            rule["ReferencedGroupId"] = rule["ReferencedGroupId"].rpartition("/")[2]
        api.call("ModifySecurityGroupRules", GroupId=new["securityGroupId"], SecurityGroupRules=[{"SecurityGroupRuleId": id_, "SecurityGroupRule": rule}])
    retag_ec2(api, id_, old, new)


def _deletes(direction: str) -> Callable[[Api, str, Properties], None]:
    return lambda api, id_, state: api.gone(f"RevokeSecurityGroup{direction}", GroupId=state["securityGroupId"], SecurityGroupRuleIds=[id_])


def _finds(egress: bool) -> Callable[[Api, Properties], str | None]:
    """EC2 refuses a second rule of the same source, protocol and ports."""
    told = (*SOURCES, *PORTS, "ipProtocol")

    def find(api: Api, new: Properties) -> str | None:
        of_group = [{"Name": "group-id", "Values": [new["securityGroupId"]]}]
        for found in api.ask("DescribeSecurityGroupRules", "SecurityGroupRules", Filters=of_group, names={"Tags": "tagsAll"}) or []:
            shown = _shown(api, found, new)
            if found["isEgress"] == egress and all(shown[name] == new.get(name) for name in told):
                return str(found["securityGroupRuleId"])
        return None

    return find


def _traps(inputs: Properties) -> Iterable[tuple[str, str]]:
    given = [name for name in SOURCES if name in inputs]
    if len(given) != 1:
        yield given[0] if given else "cidrIpv4", f"exactly one of {', '.join(SOURCES)} is needed"
    every = protocol_of(inputs.get("ipProtocol")) == "-1"
    for name in PORTS:
        port = inputs.get(name)
        if every and name in inputs:
            yield name, "cannot be given where ipProtocol is every protocol (-1): EC2 forgets it"
        elif not every and name not in inputs and inputs.get("ipProtocol", UNKNOWN) != UNKNOWN:
            yield name, "is required, save where ipProtocol is -1"
        elif isinstance(port, int) and not -1 <= port <= 65535:
            yield name, f"is {port}, expected -1 to 65535"
    for name, version in (("cidrIpv4", 4), ("cidrIpv6", 6)):
        if reason := not_a_range(inputs.get(name), version):
            yield name, reason
    if reason := worded(inputs.get("description")):
        yield "description", reason


def _another_kind(old: Properties, new: Properties) -> Iterable[str]:
    """A source of another kind needs another rule; a new value of the same kind does not."""
    before, after = ({name for name in SOURCES if name in inputs} for inputs in (old, new))
    return before ^ after


MODIFY = "ModifySecurityGroupRules.SecurityGroupRules.SecurityGroupRule"


def _row(direction: str) -> ResourceType:
    name = f"SecurityGroup{direction}Rule"
    return ResourceType(
        token=f"aws:vpc/s{name[1:]}:{name}",
        service="ec2",
        arguments={
            "securityGroupId": "ModifySecurityGroupRules.GroupId",
            "cidrIpv4": f"{MODIFY}.CidrIpv4",
            "cidrIpv6": f"{MODIFY}.CidrIpv6",
            "description": f"{MODIFY}.Description",
            "fromPort": f"{MODIFY}.FromPort",
            "ipProtocol": f"{MODIFY}.IpProtocol",
            "prefixListId": f"{MODIFY}.PrefixListId",
            "referencedSecurityGroupId": f"{MODIFY}.ReferencedGroupId",
            "toPort": f"{MODIFY}.ToPort",
        },
        required=("ipProtocol", "securityGroupId"),
        replaces=("securityGroupId",),
        also_replaces=_another_kind,
        computed=("arn", "securityGroupRuleId"),
        check=_traps,
        planned=lambda api, id_, _: {"arn": api.arn("ec2", f"security-group-rule/{id_}"), "securityGroupRuleId": id_},
        id_prefix="sgr",
        create=_creates(direction),
        read=_read,
        update=_update,
        delete=_deletes(direction),
        find=_finds(direction == "Egress"),
    )


ROWS = (_row("Ingress"), _row("Egress"))
