"""promtool (Debian's package `prometheus`), run on the rules of the shipped blueprint."""

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.metrics import promql

needs_promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not on PATH: Debian's package `prometheus` has it")

CASES = Path(__file__).parent / "cases"


def cases(namespace: str) -> list[dict[str, Any]]:
    """The cases of one rule group namespace, by file: what `promtool test rules` takes, without `rule_files`.

    `NAMESPACE.yaml`, and `NAMESPACE.WHAT.yaml` where they are many or want another evaluation interval. Source: Prometheus docs, "Unit Testing for Rules".
    """
    return [YAML(typ="safe").load(path.read_text()) for path in (CASES / f"{namespace}.yaml", *sorted(CASES.glob(f"{namespace}.*.yaml"))) if path.exists()]


def with_what_it_reads(namespace: str, files: Mapping[str, str]) -> list[str]:
    """Names of the rule group namespaces that record what this one reads, and its own name, last. Those must not read it in turn."""
    rules = {name: [rule for group in YAML(typ="safe").load(text)["groups"] for rule in group["rules"]] for name, text in files.items()}
    recorded = {name: {rule["record"] for rule in those if "record" in rule} for name, those in rules.items()}
    read = {rule["expr"][start:end] for rule in rules[namespace] for start, end in promql.names(rule["expr"])}
    return [*(name for name in files if name != namespace and recorded[name] & read), namespace]


def write_rules(folder: Path, files: Mapping[str, str]) -> list[str]:
    """Writes rule files, returns their names."""
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    return [f"{name}.yaml" for name in files]


def check(folder: Path, names: Sequence[str], *, lint: bool = True) -> subprocess.CompletedProcess[str]:
    """`promtool check rules`. Its lint refuses a name that two rules record, as those of drift do, for each team."""
    how = ["--lint-fatal"] if lint else ["--lint=none"]
    return subprocess.run(["promtool", "check", "rules", *how, *names], cwd=folder, capture_output=True, text=True)


def run_cases(folder: Path, names: Sequence[str], tests: Mapping[str, Any]) -> subprocess.CompletedProcess[str]:
    """`promtool test rules`: exit code 0 where every case holds."""
    # promtool evaluates groups in a random order where none is given.
    order = [group["name"] for name in names for group in YAML(typ="safe").load((folder / name).read_text())["groups"]]
    (folder / "tests.json").write_text(json.dumps({"rule_files": list(names), "group_eval_order": order, **tests}))
    return subprocess.run(["promtool", "test", "rules", "tests.json"], cwd=folder, capture_output=True, text=True)
