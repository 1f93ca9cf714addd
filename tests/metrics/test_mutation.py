"""A slip in a rule makes a case fail: see mutation.py. The report is reports/rule-mutations.md."""

from collections import Counter
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from commonground.metrics.rules.namespaces import NAMESPACES, files
from tests.metrics import mutation, promql, promtool
from tests.metrics.factory import metrics_settings
from tests.metrics.unnoticed import REASONS, Reason, reason

REPORT = Path(__file__).parents[2] / "reports" / "rule-mutations.md"


@pytest.fixture(scope="module")
def outcomes() -> dict[str, list[mutation.Outcome]]:
    """Of every mutant of every rule, by namespace."""
    # The rules of drift are the same for each team.
    found, texts = {}, {**files(metrics_settings()), "drift": files(metrics_settings(teams={}))["drift"]}
    groups = {name: YAML(typ="safe").load(text)["groups"] for name, text in texts.items()}
    for namespace in texts:
        others = [group for name in promtool.with_what_it_reads(namespace, texts)[:-1] for group in groups[name]]
        everything = [*others, *groups[namespace]]
        wanted = list(mutation.mutants(namespace, everything, after=len(others)))
        found[namespace] = mutation.run(mutation.Namespace(everything, promtool.cases(namespace)), wanted)
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(report(found))
    return found


def report(found: dict[str, list[mutation.Outcome]]) -> str:
    """As Markdown."""
    lines = ["# Mutation of the rules", "", "| namespace | rules | mutants | noticed | left, with a reason | left |", "| --- | --- | --- | --- | --- | --- |"]
    for namespace, those in found.items():
        left = [one.mutant for one in those if not one.noticed]
        explained = sum(reason(one) is not None for one in left)
        rules = len({one.mutant.position for one in those})
        lines.append(f"| {namespace} | {rules} | {len(those)} | {len(those) - len(left)} | {explained} | {len(left) - explained} |")
    kinds = Counter(one.mutant.kind for those in found.values() for one in those)
    lines += ["", "| change | mutants |", "| --- | --- |", *(f"| {kind} | {count} |" for kind, count in sorted(kinds.items()))]
    lines += ["", "## Left", ""]
    for those in found.values():
        for one in those:
            if not one.noticed:
                why = reason(one.mutant)
                lines.append(f"- {one.mutant}{f': *{why.why}*' if why else ''}")
    return "\n".join(lines) + "\n"


@promtool.needs_promtool
@pytest.mark.parametrize("namespace", NAMESPACES)
def test_a_changed_rule_makes_a_case_fail(namespace: str, outcomes: dict[str, list[mutation.Outcome]]) -> None:
    left = [str(one.mutant) for one in outcomes[namespace] if not one.noticed and reason(one.mutant) is None]
    assert left == []


@promtool.needs_promtool
def test_every_mutant_is_a_rule_that_prometheus_reads(outcomes: dict[str, list[mutation.Outcome]]) -> None:
    assert [str(one.mutant) for those in outcomes.values() for one in those if one.invalid] == []


@promtool.needs_promtool
@pytest.mark.parametrize("why", REASONS, ids=lambda why: why.pattern)
def test_every_reason_is_needed(why: Reason, outcomes: dict[str, list[mutation.Outcome]]) -> None:
    assert any(why.covers(one.mutant) for those in outcomes.values() for one in those if not one.noticed)


@promtool.needs_promtool
def test_a_rule_without_cases_is_left() -> None:
    groups = [{"name": "g", "rules": [{"alert": "A", "expr": "up == 0", "labels": {"severity": "warning"}}]}]
    outcomes = mutation.run(mutation.Namespace(groups, []), list(mutation.mutants("n", groups)))
    assert not any(one.noticed for one in outcomes)


@promtool.needs_promtool
def test_cases_that_fail_on_unchanged_rules_are_no_measure() -> None:
    groups = [{"name": "g", "rules": [{"record": "a:b:c", "expr": "vector(1)"}]}]
    wrong = [{"tests": [{"input_series": [], "promql_expr_test": [{"expr": "a:b:c", "eval_time": "0m", "exp_samples": [{"labels": "a:b:c", "value": 2}]}]}]}]
    with pytest.raises(mutation.UnchangedNoticedError, match="nobody changed"):
        mutation.run(mutation.Namespace(groups, wrong), [])


@pytest.mark.parametrize(
    ("expr", "changed"),
    [
        ("x > 0.9", {"x < 0.9", "x > 1.8", "x > 0.45"}),
        ("a and on (n) b", {"a and on () b", "b", "a"}),
        ("a or b unless c", {"b unless c", "a", "a or c", "a or b"}),
        ('sum by (n) (rate(x{a="b",c=~"d|e"}[5m]))',
         {'max by (n) (rate(x{a="b",c=~"d|e"}[5m]))', 'sum by () (rate(x{a="b",c=~"d|e"}[5m]))', 'sum by (n) (increase(x{a="b",c=~"d|e"}[5m]))',
          'sum by (n) (rate(x{a="b",c=~"d|e"}[600s]))', 'sum by (n) (rate(x{a="b",c=~"d|e"}[150s]))', 'sum by (n) (rate(x{c=~"d|e"}[5m]))',
          'sum by (n) (rate(x{a="b"}[5m]))', 'sum by (n) (rate(x{a="b",c=~"e"}[5m]))', 'sum by (n) (rate(x{a="b",c=~"d"}[5m]))'}),
    ],
)  # fmt: skip
def test_an_expression_is_changed_in_one_place_at_a_time(expr: str, changed: set[str]) -> None:
    assert {new for _, _, new in promql.mutations(expr)} == changed


def test_series_are_told_from_labels_and_functions() -> None:
    expr = 'sum by (node) (rate(a{job="b"}[5m])) / on (node) group_left (pool) c > bool 0 or d offset 5m'
    assert [expr[start:end] for start, end in promql.names(expr)] == ["a", "c", "d"]
