"""Reads the pipelines of the three CI systems, and says which of their jobs an event starts."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import dekobon_tree_sitter_groovy
import tree_sitter
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
CI = ROOT / "stacks" / "foundation" / "ci"
WORKFLOWS = ROOT / ".github" / "workflows"
OURS = ("preview", "comment", "up", "up-environment", "drift")
ENVIRONMENTS = ("dev", "staging", "prod")
GITLAB = (ROOT / ".gitlab-ci.yml", *sorted((CI / "gitlab").glob("*.yml")))
JENKINSFILE = CI / "jenkins" / "Jenkinsfile"

# --- GitHub Actions


@cache
def workflow(name: str) -> dict[str, Any]:
    """As YAML 1.2 has it: `on` is a word."""
    return YAML(typ="safe").load(WORKFLOWS / f"{name}.yaml")


def workflows() -> dict[str, dict[str, Any]]:
    return {file.stem: workflow(file.stem) for file in sorted(WORKFLOWS.glob("*.yaml"))}


def jobs() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Workflow, name and text of each job."""
    for name, found in workflows().items():
        for job, text in found["jobs"].items():
            yield name, job, text


WORD = re.compile(r"\s*(?:'((?:[^']|'')*)'|(&&|\|\||==|!=|!|\(|\)|,)|([\w.*-]+))")
PYTHON = {"&&": " and ", "||": " or ", "!": " not "}
FUNCTIONS = {
    "format": lambda text, *values: text.format(*values),
    "cancelled": lambda: False,
    "always": lambda: True,
    "join": lambda texts, sign: sign.join(texts),
}


def value(expression: str, context: Mapping[str, Any]) -> Any:
    """What an expression of GitHub's is worth. Raises `KeyError` for a name that the context lacks."""
    text, at, python = expression.strip().removeprefix("${{").removesuffix("}}").strip(), 0, ""
    while at < len(text):
        found = WORD.match(text, at)
        assert found, text[at:]
        literal, sign, name = found.groups()
        at = found.end()
        if name and text[at:].startswith("("):
            python += f"functions[{name!r}]"
        else:
            python += repr(literal.replace("''", "'")) if literal is not None else PYTHON.get(sign, sign) if sign else f"context[{name!r}]"
    return eval(python, {"context": context, "functions": FUNCTIONS})


def filled(text: Any, context: Mapping[str, Any]) -> str:
    """A text with its expressions replaced by what they are worth."""
    return re.sub(r"\$\{\{.*?\}\}", lambda found: str(value(found[0], context)), str(text))


# --- GitLab CI


@cache
def gitlab() -> dict[str, dict[str, Any]]:
    """All jobs that are no templates, `extends` carried out."""
    read: dict[str, Any] = {}
    for file in GITLAB:
        read |= YAML(typ="safe").load(file)
    no_jobs = {"include", "stages", "workflow", "variables"}
    return {name: _extended(read, job) for name, job in read.items() if name not in no_jobs and not name.startswith(".")}


def _extended(read: dict[str, Any], job: dict[str, Any]) -> dict[str, Any]:
    """GitLab's merge: maps are merged, everything else is replaced ("CI/CD YAML syntax reference", extends)."""
    parents = job.get("extends", [])
    merged: dict[str, Any] = {}
    for parent in [parents] if isinstance(parents, str) else parents:
        merged = _merged(merged, _extended(read, read[parent]))
    return _merged(merged, {key: text for key, text in job.items() if key != "extends"})


def _merged(one: dict[str, Any], two: dict[str, Any]) -> dict[str, Any]:
    both = {key: _merged(one[key], two[key]) for key in one.keys() & two.keys() if isinstance(one[key], dict) and isinstance(two[key], dict)}
    return one | two | both


def holds(condition: str, variables: Mapping[str, str]) -> bool:
    """Whether the `if` of a rule holds; a variable that is not set equals nothing."""
    python = re.sub(r"\$(\w+)", lambda found: repr(variables.get(found[1])), condition)
    return bool(eval(python.replace("&&", " and ").replace("||", " or ")))


def started(job: dict[str, Any], variables: Mapping[str, str]) -> str | None:
    """When a job would run (`on_success`, `always`, `manual`); None: never."""
    for rule in job["rules"]:
        if "if" not in rule or holds(rule["if"], variables):
            return None if rule.get("when") == "never" else str(rule.get("when", "on_success"))
    return None


# --- Jenkins


@dataclass
class Block:
    """A section or step: `name(text) { inside }`."""

    name: str
    text: str = ""
    inside: list["Block"] = field(default_factory=list)

    def all(self, name: str) -> list["Block"]:
        """Everything of this name below it, in its order."""
        found = [self] if self.name == name else []
        return found + [deeper for block in self.inside for deeper in block.all(name)]

    def get(self, name: str) -> "Block | None":
        """The section of this name right inside."""
        return next((block for block in self.inside if block.name == name), None)


def groovy(text: str) -> tree_sitter.Node:
    return tree_sitter.Parser(tree_sitter.Language(dekobon_tree_sitter_groovy.language())).parse(text.encode()).root_node


def mistakes(node: tree_sitter.Node) -> list[int]:
    """Lines that are no Groovy."""
    here = [node.start_point[0] + 1] if node.is_error or node.is_missing else []
    return here + [line for child in node.children for line in mistakes(child)]


@cache
def jenkins() -> Block:
    (statement,) = [node for node in groovy(JENKINSFILE.read_text()).named_children if node.type != "line_comment"]
    assert statement.type == "pipeline_statement"
    return Block("pipeline", "", _blocks(statement.named_children[0]))


def _blocks(closure: tree_sitter.Node) -> list[Block]:
    found: list[Block] = []
    for node in closure.named_children:
        inner = node.named_children[0] if node.type == "expression_statement" else node
        if inner.type == "closure":  # what follows `name(arguments)`
            found[-1].inside = _blocks(inner)
        elif inner.type in ("command_chain", "method_invocation"):
            name, *arguments = inner.named_children
            last = arguments[-1] if arguments and arguments[-1].type == "closure" else None
            text = " ".join(_text(argument) for argument in arguments if argument is not last)
            found.append(Block(_text(name), text, _blocks(last) if last else []))
        elif inner.type != "line_comment":
            found.append(Block(_text(inner)))
    return found


def _text(node: tree_sitter.Node) -> str:
    text = (node.text or b"").decode()
    return text[1:-1] if node.type == "argument_list" else text


def stages(block: Block | None = None) -> dict[str, Block]:
    """The stages of the pipeline itself, by name."""
    return {stage.text.strip("'"): stage for stage in ((block or jenkins()).get("stages") or Block("")).inside}


def met(when: Block, build: Mapping[str, str | None]) -> bool:
    """Whether a build meets a `when`, all of whose conditions have to hold. `build`: variables, and `timer` where the clock started it."""
    return all(_condition(block, build) for block in when.inside if block.name != "beforeAgent")


def _condition(block: Block, build: Mapping[str, str | None]) -> bool:
    match block.name:
        case "changeRequest":
            return build.get("CHANGE_ID") is not None
        case "branch":
            return f"'{build.get('BRANCH_NAME')}'" == block.text
        case "triggeredBy":
            return block.text == "'TimerTrigger'" and build.get("timer") is not None
        case "not":
            return not _condition(block.inside[0], build)
        case "anyOf":
            return any(_condition(inner, build) for inner in block.inside)
        case "expression":
            python = re.sub(r"env\.(\w+)", lambda found: repr(build.get(found[1])), block.inside[0].name)
            return bool(eval(python.replace("&&", " and ").replace("null", "None")))
    raise AssertionError(f"a condition that these tests do not know: {block.name}")
