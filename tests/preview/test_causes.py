"""Why things are replaced: chains, names that two have, circles, providers."""

from typing import Any

from tests.preview.steps import LATER, STACK, step

from commonground.engine.steps import Step
from commonground.preview.classing.causes import causes, roots

VPC, SUBNET, NAT, RULE = (
    "aws:ec2/vpc:Vpc",
    "aws:ec2/subnet:Subnet",
    "aws:ec2/natGateway:NatGateway",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
)


def replaced(name: str, type_: str = "a:b:C", *, before: Any = "1", after: Any = LATER, of: str = "of", **more: Any) -> Step:
    """A resource whose property `of` replaces it."""
    return step("replace", name, type_, old={of: before, **more.pop("old", {})}, new={of: after}, diff={of: "update-replace"}, **more)


def names(found: dict[str, str]) -> dict[str, str]:
    """The same by logical names."""
    return {urn.rpartition("::")[2]: cause.rpartition("::")[2] for urn, cause in found.items()}


def test_a_chain_is_told_link_by_link_and_has_one_root() -> None:
    vpc = replaced("vpc", VPC, before="10.0.0.0/16", after="10.1.0.0/16", of="cidrBlock", was={"id": "vpc-0000001"})
    subnet = replaced("subnet", SUBNET, before="vpc-0000001", of="vpcId", was={"id": "subnet-0000001"})
    nat = replaced("nat", NAT, before="subnet-0000001", of="subnetId")
    alone = replaced("alone", before="small", after="large")
    found = causes([nat, alone, vpc, subnet])
    assert names(found) == {"subnet": "vpc", "nat": "subnet"}
    assert roots(found, [one.urn for one in (alone, nat, subnet, vpc)]) == {alone.urn: [], vpc.urn: [nat.urn, subnet.urn]}


def test_an_arn_a_list_and_an_id_within_text_name_their_resource() -> None:
    role = replaced("role", before="/", after="/team/", of="path", was={"arn": "arn:aws:iam::111111111111:role/worker-1f2e"}, id="worker-1f2e")
    listed = replaced("listed", before=[{"Role": ["x", "arn:aws:iam::111111111111:role/worker-1f2e"]}])
    within = replaced("within", before="arn:aws:iam::111111111111:instance-profile/worker-1f2e")
    assert names(causes([listed, role, within])) == {"listed": "role", "within": "role"}


def test_what_only_the_provider_knew_names_its_resource_too_but_never_by_a_part() -> None:
    group = replaced(
        "group", before="SPOT", after="ON_DEMAND", was={"resources": [{"autoscalingGroups": [{"name": "eks-group-1"}]}], "ownerId": "111111111111"}
    )
    tag = replaced("tag", before="eks-group-1")
    other = replaced("other", before="arn:aws:iam::111111111111:role/somebody")
    assert names(causes([group, tag, other])) == {"tag": "group"}


def test_a_name_that_two_have_names_neither() -> None:
    one, two = (replaced(name, was={"id": "the-same-name"}) for name in ("one", "two"))
    assert causes([one, two, replaced("three", before="the-same-name")]) == {}


def test_a_short_name_names_nothing() -> None:
    assert causes([replaced("one", was={"name": "shop"}), replaced("two", before="shop")]) == {}


def test_what_is_not_replaced_makes_nothing() -> None:
    changed = step("update", "one", was={"id": "vpc-0000001"}, diff={"tags": "update"})
    assert causes([changed, replaced("two", before="vpc-0000001")]) == {}


def test_a_property_that_changes_without_replacing_is_no_cause() -> None:
    vpc = replaced("vpc", VPC, was={"id": "vpc-0000001"})
    rule = step(
        "replace", "rule", RULE, old={"port": 1, "group": "vpc-0000001"}, new={"port": 2, "group": LATER}, diff={"port": "update-replace", "group": "update"}
    )
    assert causes([vpc, rule]) == {}


def test_settings_that_have_the_id_of_what_they_are_about_do_not_hide_it() -> None:
    collector = replaced("collector", "aws:amp/scraper:Scraper", was={"id": "scraper-1"})
    logging = replaced("logging", "aws:amp/scraperLoggingConfiguration:ScraperLoggingConfiguration", before="scraper-1", of="scraperId", id="scraper-1")
    assert names(causes([collector, logging])) == {"logging": "collector"}


def test_a_provider_that_is_replaced_takes_all_that_it_made_with_it() -> None:
    provider = replaced("aws", "pulumi:providers:aws", before="eu-central-1", after="eu-west-1", of="region")
    made = step("replace", "bucket", provider=f"{provider.urn}::an-id")
    other = step("replace", "other", provider=f"{STACK}pulumi:providers:aws::another::an-id")
    own = replaced("own", before="a", after="b", provider=f"{provider.urn}::an-id")
    assert names(causes([provider, made, other, own])) == {"bucket": "aws"}


def test_a_circle_has_one_root_whoever_is_asked_first() -> None:
    circle = {"a": "b", "b": "c", "c": "a", "tail": "b"}
    for order in (["a", "b", "c", "tail"], ["tail", "c", "b", "a"]):
        found = roots(circle, order)
        assert {root: sorted(following) for root, following in found.items()} == {"a": ["b", "c", "tail"]}


def test_two_that_name_each_other_are_told_once() -> None:
    one = replaced("one", before="id-of-two", was={"id": "id-of-one"})
    two = replaced("two", before="id-of-one", was={"id": "id-of-two"})
    found = causes([one, two])
    assert names(found) == {"one": "two", "two": "one"}
    assert roots(found, [one.urn, two.urn]) == {one.urn: [two.urn]}
