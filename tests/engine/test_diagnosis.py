"""Reasons in the engine's messages."""

import pytest

from commonground.engine.diagnosis import diagnose, from_output, plain

VPC = "urn:pulumi:dev::commonground::commonground:network:Network$aws:ec2/vpc:Vpc::network-vpc"
STACK = "urn:pulumi:dev::commonground::pulumi:pulumi:Stack::commonground-dev"


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("aws:ec2/vpc:Vpc resource 'network-vpc': property cidrBlock value {hunter2} has a problem: is no CIDR", "cidrBlock: is no CIDR"),
        ("aws:ec2/vpc:Vpc resource 'network-vpc' has a problem: cidrBlock is missing", "cidrBlock is missing"),
        (f"creating {VPC}: 1 error occurred:\n\t* VpcLimitExceeded: too many", "VpcLimitExceeded: too many"),
        ("rpc error: code = Unknown desc = AccessDenied: not yours", "AccessDenied: not yours"),
    ],
)
def test_a_resource_is_named_with_the_bare_reason_and_no_value(message: str, told: str) -> None:
    assert [str(problem) for problem in diagnose([(VPC, message)])] == [f"network-vpc (aws:ec2/vpc:Vpc): {told}"]


def test_what_the_engine_says_of_the_whole_is_no_reason_and_repetitions_are_told_once() -> None:
    said = [
        (VPC, "AccessDenied"),
        (VPC, "AccessDenied"),
        (None, "an unhandled error occurred: AccessDenied"),
        (STACK, "update failed"),
        (None, "Resource monitor has terminated, shutting down."),
    ]
    assert [problem.reason for problem in diagnose(said)] == ["AccessDenied"]


def test_two_resources_may_have_the_same_reason() -> None:
    assert len(diagnose([(VPC, "AccessDenied"), (VPC.replace("network-vpc", "other-vpc"), "AccessDenied")])) == 2


def test_a_traceback_becomes_what_was_raised_and_where() -> None:
    said = (
        "python inline source runtime error: division by zero\n"
        'Traceback (most recent call last):\n  File "/checkout/stacks/__main__.py", line 17, in f\n    1 / 0\n'
        '  File "/checkout/.venv/lib/site-packages/pulumi/output.py", line 1, in run\n'
        '  File "/usr/lib/python3.11/asyncio/base_events.py", line 2, in g\nZeroDivisionError: division by zero'
    )
    assert [str(problem) for problem in diagnose([(STACK, said)])] == ["division by zero (ZeroDivisionError at /checkout/stacks/__main__.py, line 17)"]


@pytest.mark.parametrize(
    ("frames", "place"),
    [
        ("", ""),
        ('  File "/checkout/stacks/shop/__main__.py", line 54, in <module>\n    churn = ModelService(\n', " (at /checkout/stacks/shop/__main__.py, line 54)"),
    ],
    ids=["met by an Output", "met by the program"],
)
def test_an_error_of_ours_is_told_once_and_never_at_our_own_code(frames: str, place: str) -> None:
    ours = '  File "/checkout/components/commonground/contract.py", line 240, in _found\n    raise ContractError()\n'
    said = f"contract: found this\nTraceback (most recent call last):\n{frames}{ours}commonground.contract.ContractError: contract: found this\n"
    expected = [f"contract: found this{place}"]
    assert [str(problem) for problem in diagnose([(STACK, said), (STACK, said)])] == expected
    if not place:
        assert [str(problem) for problem in diagnose([(STACK, said), (STACK, "contract: found this")])] == expected


def test_a_cli_that_fails_without_events_is_quoted_by_its_error_line() -> None:
    said = "\n code: 255\n stdout: \n stderr: warning: something\nerror: incorrect passphrase"
    assert from_output(said).reason == "incorrect passphrase"


def test_colour_marks_are_taken_out() -> None:
    assert plain("<{%fg 1%}>no<{%reset%}> \x1b[31mway\x1b[0m") == "no way"


def test_an_engine_that_was_killed_is_not_explained_by_its_last_line_of_progress() -> None:
    problem = from_output("\n code: -9\n stdout: Updating (local):\n +  aws:s3:Bucket data creating (0s)\n stderr: \n")
    assert problem.reason.startswith("the Pulumi CLI was killed")
