"""As much of PromQL's grammar as it takes to change an expression in one place."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<duration>(?:\d+(?:ms|[smhdwy]))+)
    |(?P<number>(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)
    |(?P<word>[A-Za-z_:][A-Za-z0-9_:]*)
    |(?P<operator>=~|!~|!=|==|>=|<=|[-+*/%^<>=@])
    |(?P<mark>[(){}\[\],])""",
    re.VERBOSE,
)
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}

SETS = ("and", "or", "unless")
GROUPING = ("by", "without", "on", "ignoring", "group_left", "group_right")
_KEYWORDS = (*SETS, *GROUPING, "bool", "offset")
AGGREGATIONS = {"sum": ("max",), "avg": ("max",), "max": ("min", "sum"), "min": ("max",), "count": ("sum",), "group": ("sum",)}
FUNCTIONS = {
    "rate": "increase",
    "increase": "rate",
    "max_over_time": "min_over_time",
    "min_over_time": "max_over_time",
    "avg_over_time": "max_over_time",
    "sum_over_time": "avg_over_time",
    "last_over_time": "min_over_time",
}
COMPARISONS = {">": "<", "<": ">", ">=": "<", "<=": ">", "==": "!=", "!=": "=="}
ARITHMETIC = {"/": "*", "*": "/", "+": "-", "-": "+"}


@dataclass(frozen=True)
class Token:
    """A part of an expression."""

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.start + len(self.text)


def tokens(expr: str) -> list[Token]:
    """All but white space. Raises ValueError for what is no PromQL."""
    found, at = [], 0
    while at < len(expr):
        match = _TOKEN.match(expr, at)
        if match is None:
            raise ValueError(f"no PromQL at {expr[at : at + 20]!r}")
        if match.lastgroup != "space":
            found.append(Token(str(match.lastgroup), match.group(), at))
        at = match.end()
    return found


def seconds(text: str) -> float:
    """Of a duration. Example: `1d12h`, `90s`."""
    return sum(float(number) * _SECONDS[unit] for number, unit in re.findall(r"([0-9.]+)(ms|[smhdwy])", text))


def duration(number: float) -> str:
    """A duration, in milliseconds where it has to be."""
    return f"{number:.0f}s" if number == int(number) else f"{number * 1000:.0f}ms"


def names(expr: str) -> Iterator[tuple[int, int]]:
    """Where an expression names a series."""
    parts = tokens(expr)
    labels = _inside(parts)
    for i, token in enumerate(parts):
        after = parts[i + 1].text if i + 1 < len(parts) else ""
        if token.kind == "word" and i not in labels and token.text not in _KEYWORDS and after != "(" and after not in ("by", "without"):
            yield token.start, token.end


def mutations(expr: str) -> Iterator[tuple[str, str, str]]:
    """Kind, change and the changed expression, for every single change."""
    parts = tokens(expr)
    labels = _inside(parts)
    for i, token in enumerate(parts):
        for kind, new in _replacements(parts, i, labels):
            yield kind, f"{_near(expr, token)}: {token.text} -> {new}", expr[: token.start] + new + expr[token.end :]
    yield from _dropped(expr, parts)
    yield from _operands(expr, parts)


def _near(expr: str, token: Token) -> str:
    """Where in an expression: its characters from a little before the token."""
    return "`" + " ".join(expr[max(0, token.start - 25) : token.end].split()) + "`"


def _inside(parts: Sequence[Token]) -> set[int]:
    """Places of what stands in braces, and in the lists of grouping words: labels."""
    found, braces, i = set(), 0, 0
    while i < len(parts):
        text = parts[i].text
        braces += (text == "{") - (text == "}")
        if braces:
            found.add(i)
        if parts[i].kind == "word" and text in GROUPING and i + 1 < len(parts) and parts[i + 1].text == "(":
            while parts[i].text != ")":
                i += 1
                found.add(i)
        i += 1
    return found


def _replacements(parts: Sequence[Token], i: int, labels: set[int]) -> Iterator[tuple[str, str]]:
    token = parts[i]
    after = parts[i + 1].text if i + 1 < len(parts) else ""
    if i in labels:
        return
    if token.kind == "number":
        value = float(token.text)
        yield from (("number", f"{one:g}") for one in ((value * 2, value / 2) if value else (1.0, -1.0)))
    elif token.kind == "duration":
        yield from (("duration", duration(seconds(token.text) * factor)) for factor in (2, 0.5))
    elif token.kind == "operator":
        if token.text in COMPARISONS:
            yield "comparison", COMPARISONS[token.text]
        elif token.text in ARITHMETIC:
            yield "arithmetic", ARITHMETIC[token.text]
    elif token.text in AGGREGATIONS and after in ("(", "by", "without"):
        yield from (("aggregation", one) for one in AGGREGATIONS[token.text])
    elif token.text in FUNCTIONS and after == "(":
        yield "function", FUNCTIONS[token.text]


def _dropped(expr: str, parts: Sequence[Token]) -> Iterator[tuple[str, str, str]]:
    """Labels of `by`, `on` and the like, matchers, and alternatives of a matcher's expression."""
    for i, token in enumerate(parts):
        if token.kind == "word" and token.text in GROUPING and i + 1 < len(parts) and parts[i + 1].text == "(":
            end = next(j for j in range(i, len(parts)) if parts[j].text == ")")
            listed = [part for part in parts[i + 2 : end] if part.text != ","]
            for one in listed:
                kept = ", ".join(part.text for part in listed if part is not one)
                yield (
                    "label",
                    f"{_near(expr, token)} ({', '.join(p.text for p in listed)}): without {one.text}",
                    expr[: parts[i + 1].end] + kept + expr[parts[end].start :],
                )
        elif token.text == "{":
            end = next(j for j in range(i, len(parts)) if parts[j].text == "}")
            yield from _matchers(expr, parts, i, end)


def _matchers(expr: str, parts: Sequence[Token], start: int, end: int) -> Iterator[tuple[str, str, str]]:
    listed = [(parts[j], parts[j + 1], parts[j + 2]) for j in range(start + 1, end - 1) if parts[j + 1].kind == "operator" and parts[j].kind == "word"]
    for label, operator, value in listed:
        where = f"{_near(expr, label)}{operator.text}{value.text}"
        kept = ",".join(f"{a.text}{b.text}{c.text}" for a, b, c in listed if a is not label)
        # One that anything matches is there for its place only.
        if label.text != "__name__" and (operator.text, value.text) != ("=~", '".*"'):
            yield "matcher", f"{where}: dropped", expr[: parts[start].end] + kept + expr[parts[end].start :]
        alternatives = value.text[1:-1].split("|") if operator.text in ("=~", "!~") and "|" in value.text and "(" not in value.text else []
        for one in alternatives:
            fewer = "|".join(other for other in alternatives if other != one)
            yield "alternative", f"{where}: without {one}", expr[: value.start] + f'"{fewer}"' + expr[value.end :]


def _operands(expr: str, parts: Sequence[Token]) -> Iterator[tuple[str, str, str]]:
    """Operands of `and`, `or` and `unless`, each removed with its operator."""
    for scope in _scopes(parts):
        whole = _chain(parts, scope, ("or",))
        yield from _without(expr, parts, whole)
        for first, last, _ in whole:
            yield from _without(expr, parts, _chain(parts, range(first, last), ("and", "unless")))


def _scopes(parts: Sequence[Token]) -> Iterator[range]:
    """The whole expression, and what stands in each pair of parentheses."""
    yield range(len(parts))
    open_at: list[int] = []
    for i, token in enumerate(parts):
        if token.text == "(":
            open_at.append(i)
        elif token.text == ")":
            yield range(open_at.pop() + 1, i)


def _chain(parts: Sequence[Token], scope: range, operators: Sequence[str]) -> list[tuple[int, int, int]]:
    """Operands on the scope's own level: where each begins, ends, and where the operator before it begins (-1: none)."""
    found, depth, begin, operator = [], 0, scope.start, -1
    i = scope.start
    while i < scope.stop:
        text = parts[i].text
        depth += (text in "({[") - (text in ")}]")
        if depth == 0 and parts[i].kind == "word" and text in operators:
            found.append((begin, i, operator))
            operator = i
            i += 1
            while parts[i].text in ("on", "ignoring"):
                i = next(j for j in range(i, len(parts)) if parts[j].text == ")") + 1
            begin = i
            continue
        i += 1
    return [*found, (begin, scope.stop, operator)]


def _without(expr: str, parts: Sequence[Token], chain: Sequence[tuple[int, int, int]]) -> Iterator[tuple[str, str, str]]:
    if len(chain) < 2:
        return
    for number, (begin, end, operator) in enumerate(chain):
        gone = " ".join(expr[parts[begin].start : parts[end - 1].end].split())
        what = f"without `{gone if len(gone) <= 90 else gone[:60] + ' ... ' + gone[-25:]}`"
        cut_from = parts[operator].start if number else parts[begin].start
        cut_to = parts[end - 1].end if number else parts[chain[1][0]].start
        yield "operand", what, f"{expr[:cut_from].rstrip()} {expr[cut_to:].lstrip()}".strip()
