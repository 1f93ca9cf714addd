"""From what the engine says went wrong to one reason for each resource."""

import re

from commonground.engine.errors import Problem

COLOURS = re.compile(r"<\{%.*?%\}>|\x1b\[[0-9;]*m")
# "TYPE resource 'NAME': property KEY value {VALUE} has a problem: REASON" (pkg/resource/deploy, step_generator.go). The value may be a secret.
CHECK = re.compile(r"\A\S+ resource '.*?': property (?P<key>.*?) value \{.*\} has a problem: (?P<reason>.*)\Z", re.DOTALL)
BARE_CHECK = re.compile(r"\A\S+ resource '.*?' has a problem: (?P<reason>.*)\Z", re.DOTALL)
# What the engine puts before a provider's own words.
PREFIXES = re.compile(
    r"\A(?:(?:an unhandled error occurred|Exception calling application|python inline source runtime error|Preview failed|error|sdk-v2/provider\S*): "
    r"|(?:creating|updating|deleting|reading|refreshing|replacing|diffing) urn:\S+: "
    r"|\d+ errors? occurred:\s*\* |rpc error: code = \w+ desc = )"
)
# What a StackReference is answered with (pkg/resource/deploy, builtins.go).
UNKNOWN_STACK = re.compile(r'\Aunknown stack ".*"\Z')
TRACEBACK = re.compile(r"\nTraceback \(most recent call last\):.*", re.DOTALL)
FRAME = re.compile(r'File "(?P<file>[^"]+)", line (?P<line>\d+)')
LIBRARY = re.compile(r"site-packages|/lib/python\d|<frozen")
"""Files that are nobody's own code here: Python's and what is installed beside it."""
OURS = re.compile(r"/components/commonground/")
# Said after the reason, of the whole: no reason of its own.
ECHOES = frozenset(
    {
        "preview failed",
        "update failed",
        "destroy failed",
        "refresh failed",
        "one or more errors occurred",
        "Resource monitor has terminated, shutting down",  # the program's last word when the engine has stopped before it
    }
)


def diagnose(errors: list[tuple[str | None, str]]) -> list[Problem]:
    """Each reason once, in the order in which the engine gave them. `errors`: URN, where there is one, and text."""
    found: list[Problem] = []
    for urn, text in errors:
        said = reason(text)
        resource = urn if urn and "::pulumi:pulumi:Stack::" not in urn else None
        problem = Problem(said, name=_name(resource), type=_type(resource))
        known = any(said == other.reason and (problem.name in (None, other.name)) for other in found)
        if said and said.rstrip(".") not in ECHOES and not known:
            found.append(problem)
    return found


def reason(text: str) -> str:
    """The reason in a message, without the engine's frame around it, without a traceback, and without values."""
    text, traceback = TRACEBACK.sub("", text), TRACEBACK.search(text)
    for _ in range(8):  # prefixes nest, not deeply
        text, before = PREFIXES.sub("", text.strip()), text
        if text == before:
            break
    if match := CHECK.match(text):
        text = f"{match['key']}: {match['reason']}"
    elif match := BARE_CHECK.match(text):
        text = match["reason"]
    elif UNKNOWN_STACK.match(text):
        text = "there is no such stack: bring it up first. Offline only the foundation at the root of the same checkout is known"
    return text.strip() + (_where(traceback[0]) if traceback else "")


KILLED = re.compile(r"^\s*code: -\d+$", re.MULTILINE)
"""How the Automation API says that a signal ended the CLI."""


def from_output(text: str) -> Problem:
    """The reason in the output of a CLI that failed without telling it in its events."""
    text = plain(text)
    errors = [line.partition("error:")[2].strip() for line in text.splitlines() if line.strip().startswith("error:")]
    if not errors and KILLED.search(text):
        return Problem("the Pulumi CLI was killed; run this again: what was done so far is in the state")
    lines = [line.strip() for line in text.splitlines() if line.strip() and not re.match(r"\s*(code|stdout|stderr):\s*\S*$", line)]
    return Problem(reason("\n".join(errors)) if errors else (lines[-1] if lines else "the Pulumi CLI ended without a reason"))


def plain(message: str) -> str:
    """A message without the engine's colour marks and the terminal's."""
    return COLOURS.sub("", message).strip()


def _where(traceback: str) -> str:
    """What was raised and the last place in somebody's own code. Errors of ours say themselves what is wrong: of them only where the program met them."""
    frames = [frame for frame in FRAME.finditer(traceback) if not LIBRARY.search(frame["file"])]
    raised = traceback.strip().splitlines()[-1].partition(":")[0]
    if raised.startswith("commonground."):
        met = [frame for frame in frames if not OURS.search(frame["file"])]
        return f" (at {met[-1]['file']}, line {met[-1]['line']})" if met else ""
    return f" ({raised} at {frames[-1]['file']}, line {frames[-1]['line']})" if frames else f" ({raised})"


def _name(urn: str | None) -> str | None:
    return urn.rsplit("::", 1)[-1] if urn else None


def _type(urn: str | None) -> str | None:
    return urn.split("::")[2].rsplit("$", 1)[-1] if urn else None
