"""From a YAML file's text, as a person wrote it, to a document.

Read before anything else reads it: Pulumi's config turns an unquoted `012345678901` into a number and `2026-01-01` into a time, and writes them back.
"""

import re
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from commonground.settings.document import DAMAGED, Document, Keys, key_text
from commonground.settings.mistakes import Mistake

# What a plain scalar is in YAML 1.2's core schema; everything else is text.
_NULL = re.compile(r"(~|null|Null|NULL|)$")
_BOOL = re.compile(r"(true|True|TRUE|false|False|FALSE)$")
_INT = re.compile(r"(0|[-+]?[1-9][0-9]*)$")
_FRACTION = re.compile(r"(0|[1-9][0-9]*)\.[0-9]+$")
# Numbers and times that some reader between here and the engine changes: octal, hexadecimal, leading zeros, exponents, underscores, dates.
_DAMAGED = re.compile(
    r"([-+]?(0[0-9_]+|0[xX][0-9a-fA-F_]+|0[oObB][0-7_]+|[0-9][0-9_]*)|[-+]?([0-9][0-9_]*\.?[0-9_]*|\.[0-9]+)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt \t].*)?)$"
)


def read(path: Path, file: str, *, missing: str) -> tuple[Document | None, list[Mistake]]:
    """Return a file's document and what is wrong with its text; no document where YAML itself could not be read.

    `missing` says what to do if there is no file.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return None, [Mistake(file=file, line=0, key="", found="no such file", expected="this file", fix=missing)]
    except OSError as error:
        return None, [
            Mistake(file=file, line=0, key="", found=error.strerror or "an unreadable file", expected="a file that can be read", fix="make it a readable file")
        ]
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        return None, [Mistake(file=file, line=line, key="", found="bytes that are not UTF-8", expected="text in UTF-8", fix="save the file as UTF-8")]
    return parse(text, file)


def parse(text: str, file: str) -> tuple[Document | None, list[Mistake]]:
    """Return the document of a text and what is wrong with it."""
    try:
        root = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        return None, [_syntax(error, text, file)]
    except ReaderError as error:
        line = text[: error.position].count("\n") + 1
        return None, [Mistake(file=file, line=line, key="", found="a character that YAML does not allow", expected="printable text", fix="remove it")]
    except (YAMLError, RecursionError):
        return None, [Mistake(file=file, line=0, key="", found="text that is not YAML", expected="YAML", fix="correct the file")]
    if root is None:
        return Document(file, None), []
    walk = _Walk(file)
    data = walk.value(root, ())
    return Document(file, data, walk.lines, walk.raw), walk.mistakes


def _syntax(error: MarkedYAMLError, text: str, file: str) -> Mistake:
    mark = error.problem_mark or error.context_mark
    index = mark.line if mark is not None else 0
    lines = text.splitlines()
    line = lines[index] if index < len(lines) else ""
    if "\t" in line[: len(line) - len(line.lstrip())] or "'\\t'" in str(error.problem):
        return Mistake(file=file, line=index + 1, key="", found="a tab", expected="spaces: YAML does not indent by tabs", fix="replace the tab by spaces")
    problem = str(error.problem or "text that is not YAML").removeprefix("found ")
    expected = f"YAML ({error.context})" if error.context else "YAML"
    return Mistake(
        file=file,
        line=index + 1,
        key="",
        found=problem,
        expected=expected,
        fix="correct the line: check its indentation, quotes, brackets and colons, and the line before it",
    )


class _Walk:
    """From nodes to plain data, noting lines, raw text and mistakes on the way."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[Keys, int] = {}
        self.raw: dict[Keys, str] = {}
        self.mistakes: list[Mistake] = []
        self._open: set[int] = set()

    def value(self, node: Node, keys: Keys) -> object:
        line = node.start_mark.line + 1
        self.lines.setdefault(keys, line)
        if id(node) in self._open:
            self._mistake(line, keys, "an alias of what contains it", "a value", "write the value itself")
            return None
        self._open.add(id(node))
        try:
            return self._plain(node, keys, line)
        finally:
            self._open.discard(id(node))

    def _plain(self, node: Node, keys: Keys, line: int) -> object:
        if str(node.tag).startswith("!"):
            self._mistake(line, keys, f"the tag {node.tag}", "a plain value", "remove the tag")
            return None
        if isinstance(node, MappingNode):
            return self._mapping(node, keys)
        if isinstance(node, SequenceNode):
            return [self.value(item, (*keys, index)) for index, item in enumerate(node.value)]
        assert isinstance(node, ScalarNode)
        self.raw[keys] = node.value
        return node.value if node.style else scalar(node.value)

    def _mapping(self, node: MappingNode, keys: Keys) -> dict[str, object]:
        found: dict[str, object] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, ScalarNode):
                self._mistake(line, keys, "a key that is a list or a mapping", "a key that is a word", "write a word before the colon")
                continue
            key = str(key_node.value)
            here = (*keys, key)
            if key in found:
                first = self.lines[here]
                self._mistake(line, here, "the key a second time", f"each key once (the first is in line {first})", "remove one of the two")
                continue
            if not key_node.style and not isinstance(scalar(key), str):
                self._mistake(line, here, f"{key} unquoted", "a key that is text", f'write "{key}":')
            self.lines[here] = line
            found[key] = self.value(value_node, here)
        return found

    def _mistake(self, line: int, keys: Keys, found: str, expected: str, fix: str) -> None:
        shown = keys[1:] if keys[:1] == ("config",) else keys
        self.mistakes.append(Mistake(file=self.file, line=line, key=key_text(shown), found=found, expected=expected, fix=fix))


def scalar(text: str) -> object:
    """Return what a plain (unquoted) scalar means: None, a boolean, a number, DAMAGED, or text."""
    if _NULL.match(text):
        return None
    if _BOOL.match(text):
        return text.lower() == "true"
    if _INT.match(text):
        return int(text)
    if _FRACTION.match(text):
        return float(text)
    return DAMAGED if _DAMAGED.match(text) else text
