"""A checkout in which a pipeline's shell runs against stubs: what it calls, in which order, with which credentials."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .pipelines import CI, ROOT, Block, filled, value

CREDENTIALS = ("AWS_ROLE_ARN", "AWS_ACCESS_KEY_ID", "GITHUB_TOKEN", "GITLAB_TOKEN")
STUB = f"""#!{sys.executable} -IS
import json, os, pathlib, sys
with open(os.environ["DRY_LOG"], "a") as log:
    held = [name for name in {CREDENTIALS!r} if os.environ.get(name)]
    log.write(json.dumps([pathlib.Path(sys.argv[0]).name, sys.argv[1:], held, os.environ.get("PULUMI_BACKEND_URL")]) + "\\n")
code = json.loads(os.environ.get("DRY_CODES", "{{}}")).get(" ".join(sys.argv[1:3]), 0) if len(sys.argv) > 1 else 0
for argument in sys.argv[1:]:
    form, equals, file = argument.partition("=")
    if equals and form in ("markdown", "html", "json") and code in (0, 2, 3):
        pathlib.Path(file).write_text(f"# {{form}}\\n")
sys.exit(code)
"""


@dataclass(frozen=True)
class Call:
    """One call of a stub."""

    program: str
    arguments: list[str]
    credentials: list[str]
    """Names of those that it could have read."""
    backend: str | None

    @property
    def line(self) -> str:
        """As a reader of the log would write it, without the reports."""
        kept = [self.program]
        for argument in self.arguments:
            if not argument.startswith(("markdown=", "html=", "json=", "--artifact=", "--limit=")) and argument not in ("--report", "--exit-code"):
                kept.append(Path(argument).name if argument.startswith("/") else argument)
        return " ".join(kept)


@dataclass
class DryCheckout:
    """Runs shell as each system does."""

    root: Path
    log: Path
    codes: dict[str, int] = field(default_factory=dict)
    """Exit codes by the command and its first argument: `{"preview dev": 3}`."""
    used: list[str] = field(default_factory=list)
    """Actions and steps that are no shell, in their order, and `call N` for each call between them."""

    @classmethod
    def make(cls, folder: Path) -> "DryCheckout":
        """The scripts that pipelines run are the real ones, what these run are stubs."""
        root = folder / "checkout"
        for script in (CI / "preview", CI / "drift", ROOT / "scripts" / "preview", ROOT / "scripts" / "up"):
            copy = root / script.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(script, copy)
        for stub in (root / "scripts" / "setup", root / ".venv" / "bin" / "commonground"):
            stub.parent.mkdir(parents=True, exist_ok=True)
            stub.write_text(STUB)
            stub.chmod(0o755)
        return cls(root, folder / "log")

    @property
    def calls(self) -> list[Call]:
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [Call(*json.loads(line)) for line in lines]

    @property
    def lines(self) -> list[str]:
        """All calls but those of scripts/setup, which each of our scripts makes."""
        return [call.line for call in self.calls if call.program != "setup"]

    def text(self, name: str) -> str:
        """A report."""
        return (self.root / "reports" / name).read_text()

    def shell(self, script: str, variables: Mapping[str, str]) -> int:
        """Runs a script as GitHub (`shell: bash`) and GitLab do."""
        environment = {"PATH": os.defpath, "HOME": str(self.root), "DRY_LOG": str(self.log), "DRY_CODES": json.dumps(self.codes), **variables}
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
        return subprocess.run(command, cwd=self.root, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode

    def github(self, job: dict[str, Any], context: Mapping[str, Any], reports: Mapping[str, str] | None = None) -> bool:
        """Runs a job's steps. `reports`: what another run left as artifacts. Returns whether it succeeded."""
        context, good, held = dict(context), True, {}
        files = {name: self.root.parent / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        context["runner.temp"] = str(self.root.parent / "temp")
        for step in job["steps"]:
            if not (value(step["if"], context) if "if" in step else good) or ("if" in step and "cancelled()" not in step["if"] and not good):
                continue
            if "uses" in step:
                self._use(step, context, held, reports or {})
                continue
            output = files["GITHUB_OUTPUT"]
            output.write_text("")
            own = {name: filled(text, context) for name, text in step.get("env", {}).items()}
            paths = {name: str(path) for name, path in files.items()} | {"RUNNER_TEMP": context["runner.temp"]}
            good &= self.shell(step["run"], {**paths, **held, **own}) == 0
            for name, _, text in (line.partition("=") for line in output.read_text().splitlines()):
                context[f"steps.{step.get('id')}.outputs.{name}"] = text
        return good

    def _use(self, step: dict[str, Any], context: Mapping[str, Any], held: dict[str, str], reports: Mapping[str, str]) -> None:
        action = step["uses"].split("@")[0]
        given = {name: filled(text, context) for name, text in step.get("with", {}).items()}
        self.used.append(f"{action} {given.get('role-to-assume', given.get('name', ''))}".strip())
        if action == "aws-actions/configure-aws-credentials":
            held["AWS_ACCESS_KEY_ID"] = given["role-to-assume"]
        if action == "actions/download-artifact":
            for name, text in reports.items():
                file = Path(given["path"]) / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)

    def gitlab(self, job: dict[str, Any], variables: Mapping[str, str]) -> int:
        """Runs a job's scripts. Returns its exit code."""
        known = {"CI_PROJECT_DIR": str(self.root), "CI_JOB_ID": "1", **variables}
        for name, text in job.get("variables", {}).items():
            known[name] = _expanded(str(text), known)
        if "environment" in job:
            known["CI_ENVIRONMENT_NAME"] = job["environment"]["name"]
        code = self.shell("\n".join([*job.get("before_script", []), *job["script"]]), known)
        self.shell("\n".join(job.get("after_script", [])), known)
        return code

    def jenkins(self, stage: Block, variables: Mapping[str, str]) -> int:
        """Runs the `sh` steps of a stage, and those of its `post`. Returns the exit code of the first that failed."""
        codes = []
        steps, post = stage.all("steps")[0], stage.all("post")
        for part in (steps, *(post[0].all("always") if post else ())):
            for block in part.inside:
                codes += self._jenkins(block, dict(variables))
        return next((code for code in codes if code), 0)

    def _jenkins(self, block: Block, variables: dict[str, str]) -> list[int]:
        self.used.append(block.name.split()[0])
        if block.name == "withCredentials":
            variables[block.text.split("variable: '")[1].split("'")[0]] = "given"
        if block.name == "sh":
            return [self.shell(block.text.strip().removeprefix("'").removesuffix("'"), variables)]
        return [code for inner in block.inside for code in self._jenkins(inner, variables)]


def _expanded(text: str, known: Mapping[str, str]) -> str:
    for name in sorted(known, key=len, reverse=True):
        text = text.replace(f"${name}", known[name])
    return text
