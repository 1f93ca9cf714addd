"""Mutation of rules: changes of the kind that a slip of the hand makes, each of which a case has to notice.

A mutant is one rule with one change. It is run with the rules that it reads and those that read it, against the cases that ask for one of these.
"""

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.metrics import promql

Rule = dict[str, Any]

BATCH = 24
"""Mutants of one promtool process."""


@dataclass(frozen=True, eq=False)
class Mutant:
    """One rule with one change."""

    namespace: str
    rule: str
    """Name of the rule and, of an alert, its severity. Example: `ServiceDown critical`."""
    kind: str
    """What is changed. Example: `number`."""
    change: str
    """Example: `[0.9]: 0.9 -> 1.8`."""
    position: tuple[int, int]
    """Its group and its place in it."""
    text: Rule | None
    """None: the rule is removed."""

    def __str__(self) -> str:
        return f"{self.namespace}: {self.rule}: {self.kind}: {self.change}"


def name(rule: Rule) -> str:
    """What a rule is called in reports."""
    return (
        f"{rule['alert']} {rule['labels'].get('severity')}"
        if "alert" in rule
        else str(rule["record"]) + "".join(f" {v}" for v in rule.get("labels", {}).values())
    )


def mutants(namespace: str, groups: Sequence[Mapping[str, Any]], *, after: int = 0) -> Iterator[Mutant]:
    """All mutants of a rule group namespace, in the order of its rules. `after`: groups of others, that it reads, which stand before its own."""
    for g, group in enumerate(groups[after:], after):
        for r, rule in enumerate(group["rules"]):
            for kind, change, text in _of_rule(rule):
                yield Mutant(namespace, name(rule), kind, change, (g, r), text)


def _of_rule(rule: Rule) -> Iterator[tuple[str, str, Rule | None]]:
    yield "rule", "removed", None
    for kind, change, expr in promql.mutations(rule["expr"]):
        yield kind, change, {**rule, "expr": expr}
    if wait := rule.get("for"):
        for factor in (0, 0.5, 2):
            yield "for", f"{wait} x {factor}", {**rule, "for": promql.duration(promql.seconds(wait) * factor)}
    for label in rule.get("labels", {}):
        yield "label", f"{label} dropped", {**rule, "labels": {key: value for key, value in rule["labels"].items() if key != label}}


class Namespace:
    """The rules and cases of one rule group namespace, and what reads what."""

    def __init__(self, groups: Sequence[Mapping[str, Any]], files: Sequence[Mapping[str, Any]]) -> None:
        self.groups = groups
        self.files = files
        self._reads: dict[str, set[str]] = {}
        for rule in (rule for group in groups for rule in group["rules"]):
            names = {rule["expr"][start:end] for start, end in promql.names(rule["expr"])}
            self._reads.setdefault(_key(rule), set()).update(names)

    def reads(self, names: set[str]) -> set[str]:
        """These, and all that they read."""
        found = set(names)
        while more := {one for each in found for one in self._reads.get(each, ()) if one in self._reads} - found:
            found |= more
        return found

    def read_by(self, name: str) -> set[str]:
        """This, and all that reads it."""
        found = {name}
        while more := {one for one, read in self._reads.items() if read & found} - found:
            found |= more
        return found

    def candidates(self, mutant: Mutant) -> list[tuple[int, int]]:
        """The cases that could notice a mutant, as file and place in it: those that ask for the rule itself first, then the shorter ones."""
        group, place = mutant.position
        own = _key(self.groups[group]["rules"][place])
        affected = self.read_by(own)
        found = [
            (own not in asked(test), steps(file, test), f, t)
            for f, file in enumerate(self.files)
            for t, test in enumerate(file["tests"])
            if asked(test) & affected
        ]
        return [(f, t) for _, _, f, t in sorted(found)]

    def test_files(self, mutant: Mutant, cases: Sequence[tuple[int, int]]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        """A rule file and a test file for each file of these cases."""
        for f in sorted({file for file, _ in cases}):
            tests = [self.files[f]["tests"][t] for file, t in cases if file == f]
            needed = self.reads({one for test in tests for one in asked(test)})
            groups = list(self._with(mutant, needed))
            yield {"groups": groups}, {**self.files[f], "group_eval_order": [group["name"] for group in groups], "tests": tests}

    def _with(self, mutant: Mutant, needed: set[str]) -> Iterator[dict[str, Any]]:
        for g, group in enumerate(self.groups):
            rules = [mutant.text if (g, r) == mutant.position else rule for r, rule in enumerate(group["rules"]) if _key(rule) in needed]
            if kept := [rule for rule in rules if rule is not None]:
                yield {**group, "rules": kept}


def _key(rule: Rule) -> str:
    return str(rule.get("alert") or rule["record"])


def asked(test: Mapping[str, Any]) -> set[str]:
    """Names of the alerts and series that a case asks for."""
    alerts = {one["alertname"] for one in test.get("alert_rule_test", ())}
    series = {one["expr"][start:end] for one in test.get("promql_expr_test", ()) for start, end in promql.names(one["expr"])}
    return alerts | series


def steps(file: Mapping[str, Any], test: Mapping[str, Any]) -> float:
    """How many evaluations a case takes."""
    times = [one["eval_time"] for one in (*test.get("alert_rule_test", ()), *test.get("promql_expr_test", ()))]
    return max(promql.seconds(time) for time in times) / promql.seconds(file.get("evaluation_interval", "1m"))


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant."""

    mutant: Mutant
    noticed: bool
    invalid: bool = False
    """promtool could not read it: it says nothing about the cases."""


class UnchangedNoticedError(AssertionError):
    """Cases that do not hold for the rules as they are: they would notice every mutant."""


def control(namespace: Namespace) -> None:
    """Runs all cases on unchanged rules. Raises `UnchangedNoticedError`."""
    unchanged = Mutant("", "every rule", "none", "unchanged", (-1, -1), None)
    every = [(f, t) for f, file in enumerate(namespace.files) for t in range(len(file["tests"]))]
    if any(outcome.noticed for outcome in _batch(namespace, [(unchanged, every)])):
        raise UnchangedNoticedError("cases fail on rules that nobody changed: see test_every_case_holds")


def run(namespace: Namespace, wanted: Sequence[Mutant]) -> list[Outcome]:
    """Whether the cases notice each mutant, in the order given. Raises `UnchangedNoticedError`."""
    control(namespace)
    left = {mutant: namespace.candidates(mutant) for mutant in wanted}
    found = {mutant: Outcome(mutant, noticed=False) for mutant in wanted}
    many = 1
    while left:
        work = [(mutant, cases[:many]) for mutant, cases in left.items()]
        batches = [work[start : start + BATCH] for start in range(0, len(work), BATCH)]
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            for outcomes in pool.map(partial(_batch, namespace), batches):
                found |= {outcome.mutant: outcome for outcome in outcomes}
        left = {mutant: cases[many:] for mutant, cases in left.items() if cases[many:] and not found[mutant].noticed}
        many *= 2
    return [found[one] for one in wanted]


def _batch(namespace: Namespace, batch: Sequence[tuple[Mutant, Sequence[tuple[int, int]]]]) -> list[Outcome]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        of: dict[str, Mutant] = {}
        for number, (mutant, cases) in enumerate(batch):
            for part, (rules, tests) in enumerate(namespace.test_files(mutant, cases)):
                stem = f"{number}-{part}"
                (folder / f"{stem}-rules.json").write_text(json.dumps(rules))
                (folder / f"{stem}.json").write_text(json.dumps({**tests, "rule_files": [f"{stem}-rules.json"]}))
                of[f"{stem}.json"] = mutant
        noticed, invalid = _promtool(folder, list(of)) if of else (set(), set())
    bad, broken = {of[stem] for stem in noticed}, {of[stem] for stem in invalid}
    return [Outcome(mutant, mutant in bad, mutant in broken) for mutant, _ in batch]


def _promtool(folder: Path, names: Sequence[str]) -> tuple[set[str], set[str]]:
    done = subprocess.run(["promtool", "test", "rules", *names], cwd=folder, capture_output=True, text=True, env={**os.environ, "TMPDIR": str(folder)})
    noticed, invalid = set(), set()
    # Failures go to stderr, names and successes to stdout, in an order of their own each.
    heads = re.split(r"^Unit Testing:  (\S+)\n", done.stdout, flags=re.MULTILINE)[1:]
    failures = re.split(r"^  FAILED:\n", done.stderr, flags=re.MULTILINE)[1:]
    failed = [stem for stem, body in zip(heads[::2], heads[1::2], strict=True) if "SUCCESS" not in body]
    for stem, failure in zip(failed, failures, strict=True):
        noticed.add(stem)
        if "could not parse" in failure or "parse error" in failure:
            invalid.add(stem)
    return noticed, invalid
