"""Security groups and their rules."""

from typing import Any

from moto.core.responses import ActionResult

from ..support import refuse
from .base import Corrections

# By the request's key: the attribute of moto's rule that holds the source, and the key in it.
SOURCES = {
    "CidrIpv4": ("ip_range", "CidrIp"),
    "CidrIpv6": ("ip_range", "CidrIpv6"),
    "ReferencedGroupId": ("source_group", "GroupId"),
    "PrefixListId": ("prefix_list_id", ""),
}


class SecurityGroups(Corrections):
    """Corrections of security groups."""

    def create_security_group(self) -> Any:
        """Refuses names that look like ids."""
        if self._get_param("GroupName", "").startswith("sg-"):
            refuse("InvalidParameterValue", "Invalid security group name. Group names may not be in the format sg-*.")
        return super().create_security_group()

    def delete_security_group(self) -> Any:
        """Refused for a VPC's default group, and while an interface or another group's rule uses it."""
        wanted = self._get_param("GroupId")
        group = self.ec2_backend.get_security_group_from_id(wanted) if wanted else None
        if group is not None:
            if group.name == "default":
                refuse("CannotDelete", f'the specified group: "{wanted}" name: "default" cannot be deleted by a user')
            if self.interfaces(group=wanted) or self._referenced(wanted):
                refuse("DependencyViolation", f"resource {wanted} has a dependent object")
            for rule in [*group.ingress_rules, *group.egress_rules]:
                self.ec2_backend.tags.pop(rule.id, None)
        return super().delete_security_group()

    def authorize_security_group_ingress(self) -> Any:
        """Answers with every rule that it made: moto answers with the last permission's."""
        return self._authorized("ingress", super().authorize_security_group_ingress)

    def authorize_security_group_egress(self) -> Any:
        """Answers with every rule that it made: moto answers with the last permission's."""
        return self._authorized("egress", super().authorize_security_group_egress)

    def describe_security_group_rules(self) -> Any:
        """With the owner of each rule's group and the description of rules whose source is a group."""
        answer = super().describe_security_group_rules()
        for rule in answer.result["SecurityGroupRules"]:
            self._complete(rule)
        return answer

    def modify_security_group_rules(self) -> Any:
        """All kinds of source; ports may be left out where the protocol is every protocol. A rule's kind of source cannot change."""
        group = self.ec2_backend.get_security_group_from_id(self._get_param("GroupId"))
        if group is None:
            refuse("InvalidGroup.NotFound", f"The security group '{self._get_param('GroupId')}' does not exist")
        for update in self._get_param("SecurityGroupRules", []):
            rule = group.get_rule(update["SecurityGroupRuleId"])
            if rule is None:
                refuse("InvalidSecurityGroupRuleId.NotFound", f"The security group rule ID '{update['SecurityGroupRuleId']}' does not exist")
            self._rewrite(rule, update["SecurityGroupRule"])
        return ActionResult({"Return": True})

    def _authorized(self, direction: str, authorize: Any) -> Any:
        group = self.ec2_backend.get_security_group_from_id(self._get_param("GroupId"))
        if group is None:
            refuse("InvalidGroup.NotFound", f"The security group '{self._get_param('GroupId')}' does not exist")
        rules = getattr(group, f"{direction}_rules")
        known = {rule.id for rule in rules}
        self._refuse_duplicates(rules)
        answer = authorize()
        made = [rule for rule in rules if rule.id not in known]
        self._describe(made)
        answer.result["SecurityGroupRules"] = [self._complete(rule) for rule in made]
        return answer

    def _refuse_duplicates(self, rules: list[Any]) -> None:
        """moto compares a source group with its description, so that the same rule with another description passes."""
        for permission in self._get_param("IpPermissions", []):
            for pair in permission.get("UserIdGroupPairs", []):
                wanted = (str(permission["IpProtocol"]), permission.get("FromPort"), permission.get("ToPort"), pair.get("GroupId"))
                if any((rule.ip_protocol, rule.from_port, rule.to_port, rule.source_group.get("GroupId")) == _unported(wanted) for rule in rules):
                    refuse("InvalidPermission.Duplicate", f'the specified rule "peer: {pair.get("GroupId")}" already exists')

    def _describe(self, made: list[Any]) -> None:
        """Keeps the description of a prefix list's rule: moto drops it."""
        for permission in self._get_param("IpPermissions", []):
            for source in permission.get("PrefixListIds", []):
                for rule in made:
                    if rule.prefix_list_id == source["PrefixListId"] and source.get("Description"):
                        rule.ip_range["Description"] = source["Description"]

    def _complete(self, rule: Any) -> Any:
        rule.group_owner_id = self.current_account
        rule.security_group_rule_arn = f"arn:{self.partition}:ec2:{self.region}:{self.current_account}:security-group-rule/{rule.id}"
        if rule.source_group.get("Description"):
            rule.ip_range["Description"] = rule.source_group["Description"]
        if rule.ip_protocol == "-1":
            rule.from_port = rule.to_port = -1
        return rule

    def _rewrite(self, rule: Any, update: dict[str, Any]) -> None:
        given = [key for key in SOURCES if update.get(key)]
        if len(given) != 1:
            refuse("MissingParameter", "The request must contain exactly one of: cidrIp, cidrIpv6, prefixListId, or referencedGroupId")
        attribute, key = SOURCES[given[0]]
        held = getattr(rule, attribute)
        if not held or (key and key not in held):
            refuse("InvalidParameterValue", f"Invalid rule type for security group rule '{rule.id}'. The type of its source cannot be changed.")
        if key:
            held[key] = update[given[0]]
        else:
            setattr(rule, attribute, update[given[0]])
        rule.ip_protocol = str(update.get("IpProtocol", rule.ip_protocol))
        rule.from_port, rule.to_port = update.get("FromPort"), update.get("ToPort")
        description = update.get("Description")
        for holder in (rule.ip_range, rule.source_group if rule.source_group else {}):
            holder.pop("Description", None)
            if description:
                holder["Description"] = description

    def _referenced(self, wanted: str) -> bool:
        return any(
            rule.source_group.get("GroupId") == wanted
            for groups in self.ec2_backend.groups.values()
            for group in groups.values()
            if group.id != wanted
            for rule in [*group.ingress_rules, *group.egress_rules]
        )


def _unported(rule: tuple[str, Any, Any, Any]) -> tuple[str, Any, Any, Any]:
    """Every protocol has no ports, whatever the call says."""
    protocol, _, _, group = rule
    return (protocol, -1, -1, group) if protocol == "-1" else rule
