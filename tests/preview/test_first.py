"""What a reviewer reads first."""

from tests.preview.reports import change

from commonground.preview.classing.first import MOST, lines
from commonground.preview.model import Class, PolicyFinding, PropertyChange, Reason

BUCKET, KEY, VPC, ROLE = "aws:s3/bucket:Bucket", "aws:kms/key:Key", "aws:ec2/vpc:Vpc", "aws:iam/role:Role"
LOST = Reason(Class.DATA, "its objects would be lost")
ROLLED = Reason(Class.DOWNTIME, "its nodes are replaced, a few at a time")
WIDER = Reason(Class.WIDER, "it allows more")


def test_what_loses_data_comes_first_and_says_whether_it_is_protected() -> None:
    free = change("delete", "free", BUCKET, LOST, holds_data=True)
    kept = change("delete", "kept", BUCKET, LOST, holds_data=True, protected=True)
    assert lines([free, kept], (), ()) == (
        "free is deleted: its objects would be lost",
        "kept is deleted: its objects would be lost; it is protected, so that nothing is done",
    )


def test_a_replacement_is_told_with_its_reason_and_all_that_follows() -> None:
    cidr = PropertyChange("cidrBlock", '"10.0.0.0/16"', '"10.1.0.0/16"', replaces=True)
    vpc = change("replace", "vpc", VPC, Reason(Class.DOWNTIME, "made anew"), properties=(cidr,))
    first = change("replace", "first", ROLE, Reason(Class.DOWNTIME, "made anew"), cause=vpc.urn)
    second = change("replace", "second", BUCKET, LOST, holds_data=True, cause=first.urn)
    assert lines([second, vpc, first], (), ()) == (
        'vpc is replaced (cidrBlock: "10.0.0.0/16" -> "10.1.0.0/16"): 2 more resources are replaced with it, among them what holds data: second',
    )


def test_data_that_takes_others_with_it_is_one_line() -> None:
    cluster = change("replace", "cluster", BUCKET, LOST, holds_data=True)
    assert lines([cluster, change("replace", "nodes", ROLE, ROLLED, cause=cluster.urn)], (), ()) == (
        "cluster is replaced: its objects would be lost; 1 more resource is replaced with it",
    )


def test_a_provider_is_called_one() -> None:
    provider = change("replace", "aws", "pulumi:providers:aws", Reason(Class.OTHER, "made anew"))
    (said,) = lines([provider, change("replace", "bucket", BUCKET, LOST, holds_data=True, cause=provider.urn)], (), ())
    assert said.startswith("the provider aws is replaced")


def test_who_reaches_more_and_what_costs_more_is_told_whatever_else_happens_to_it() -> None:
    cluster = change("delete", "cluster", BUCKET, LOST, WIDER, holds_data=True)
    nodes = change("replace", "nodes", ROLE, ROLLED, Reason(Class.COST_UP, "at most 2 -> 8 GPUs"))
    follows = change("replace", "hint", KEY, Reason(Class.OTHER, "made anew"), cause=nodes.urn)
    assert lines([cluster, nodes, follows], (), ())[2:] == ("security wider: cluster: it allows more", "cost up: nodes: at most 2 -> 8 GPUs")


def test_what_happens_to_many_for_one_reason_is_one_line_with_each_name_once() -> None:
    changes = [change("change", name, ROLE, ROLLED) for name in ("a", "b", "b", "c", "d", "e")]
    assert lines(changes, (), ()) == ("downtime: a, b, c and 2 more: its nodes are replaced, a few at a time",)


def test_reasons_of_one_class_are_told_together() -> None:
    assert lines([change("change", "a", ROLE, ROLLED, Reason(Class.DOWNTIME, "nodes are drained"))], (), ()) == (
        "downtime: a: its nodes are replaced, a few at a time; nodes are drained",
    )


def test_what_looks_renamed_is_told_once() -> None:
    gone = [change("delete", name, KEY, Reason(Class.OTHER, f"it looks like new-{name}, which is created: an alias would keep it")) for name in ("a", "b")]
    assert lines(gone[:1], (), ()) == ("a looks renamed or moved, which deletes it: an alias would keep it",)
    assert lines(gone, (), ()) == ("a, b look renamed or moved, which deletes them: an alias would keep them",)


def test_a_failed_preview_and_mandatory_policies_come_before_all_else() -> None:
    findings = [PolicyFinding("imdsv2", True, "m"), PolicyFinding("tls", True, "m"), PolicyFinding("tags", False, "m")]
    assert lines([change("change", "a", ROLE, ROLLED)], findings, ["no such thing. And more\nof it"])[:2] == (
        "the preview failed, and this is what it had seen by then: no such thing",
        "2 mandatory policies violated: imdsv2, tls",
    )


def test_there_are_few_lines_and_the_rest_is_counted() -> None:
    said = lines([change("change", f"n{number}", ROLE, Reason(Class.DOWNTIME, f"why {number}")) for number in range(MOST + 3)], (), ())
    assert len(said) == MOST + 1
    assert said[-1] == "and 3 more, below"


def test_what_weighs_little_is_not_told_first() -> None:
    assert lines([change("change", "a", ROLE, Reason(Class.COSMETIC, "tags")), change("create", "b", ROLE, Reason(Class.NARROWER, "less"))], (), ()) == ()
