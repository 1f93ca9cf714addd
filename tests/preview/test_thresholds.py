"""What a change makes of policies.yaml stands where a reviewer looks first."""

import pytest

from commonground.preview.changes import environment
from commonground.preview.classing.thresholds import changes

BEFORE = """\
version: 1
any_branch: ["*-preview"]
environments:
  dev: {strictness: medium, protected: false, gpus: {max: 4}}
  prod: {strictness: high, protected: true, gpus: {max: 16}}
exceptions:
  - {policy: customer-keys, environments: [dev, prod], resource: logs, reason: S3's own, until: "2027-11-30"}
"""
NEW = '  - {policy: no-public-endpoints, environments: [prod], resource: cluster, reason: a demo, until: "2026-12-31"}\n'


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("prod: {strictness: high", "prod: {strictness: low", ("strictness: high -> low",)),
        ("protected: true, gpus: {max: 16}", "protected: false, gpus: {max: 160}", ("gpus.max: 16 -> 160", "protected: true -> false")),
        ('["*-preview"]', '["*"]', ("any_branch: *-preview -> *",)),
        (
            "  prod: {strictness: high, protected: true, gpus: {max: 16}}\n",
            "",
            ("the environment: {'strictness': 'high', 'protected': True, 'gpus': {'max': 16}} -> nothing",),
        ),
        ("exceptions:\n", f"exceptions:\n{NEW}", ("accepted from now on: no-public-endpoints for cluster, until 2026-12-31: a demo",)),
        (
            "resource: logs,",
            "resource: '*',",
            ("accepted from now on: customer-keys for *, until 2027-11-30: S3's own", "not accepted any more: customer-keys for logs, until 2027-11-30"),
        ),
        ("dev: {strictness: medium", "dev: {strictness: low", ()),
        ("version: 1\n", "version: 1  # a comment\n", ()),
        ("version: 1\n", "version: [\n", ()),
    ],
)
def test_each_change_is_told_of_the_environment_that_it_is_for(old: str, new: str, said: tuple[str, ...]) -> None:
    assert old in BEFORE
    assert changes(BEFORE, BEFORE.replace(old, new), "prod") == tuple(f"policies.yaml: {line}" for line in said)


def test_it_stands_first_and_once() -> None:
    (line,) = changes(BEFORE, BEFORE.replace("max: 16", "max: 160"), "prod")
    made = environment("prod", (), notes=("another", line))
    assert (made.first, made.notes) == ((line,), ("another",))
