"""All rules, and running them."""

from collections.abc import Iterator

from commonground.settings.files import Files, NotRead
from commonground.settings.mistakes import Mistake
from commonground.settings.rules import accelerators, access, bindings, data, delivery, lock, metrics, network, pools, teams
from commonground.settings.rules.problem import Problem, Rule

RULES: tuple[Rule, ...] = (
    *bindings.RULES,
    *network.RULES,
    *access.RULES,
    *pools.RULES,
    *accelerators.RULES,
    *data.RULES,
    *teams.RULES,
    *delivery.RULES,
    *metrics.RULES,
    *lock.RULES,
)


def broken(files: Files) -> Iterator[Mistake]:
    """Yield a mistake for each thing that does not fit, as far as the files could be read."""
    for rule in RULES:
        try:
            for problem in rule(files):
                if not _unread(files, problem):
                    part = files.parts[problem.block]
                    yield part.mistake(problem.keys, problem.found, problem.expected, problem.fix)
        except NotRead:
            continue


def _unread(files: Files, problem: Problem) -> bool:
    """Tell whether the problem speaks of something that was left out because it is wrong itself."""
    for path in files.unread.get(problem.block, ()):
        shorter = min(len(path), len(problem.keys))
        below = len(path) > len(problem.keys)
        if path[:shorter] == problem.keys[:shorter] and (problem.whole or not below):
            return True
    return False
