"""What the report says of each kind of change (`kinds/*.yaml`), on the real engine: offline, against the environment as it is shipped."""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.preview.stage import Stage
from tests.preview.table import Kind, Trial, problems, share, told, trials

from commonground.preview.classing import first
from commonground.preview.model import EnvironmentReport

pytestmark = pytest.mark.engine

TRIALS = trials()
ROWS = [(trial, kind) for trial in TRIALS for kind in trial.kinds]
ASKED_FOR = 40


@dataclass
class Reports:
    """Reports of runs that go on meanwhile."""

    of: dict[str, "Future[EnvironmentReport]"]

    def __getitem__(self, name: str) -> EnvironmentReport:
        return self.of[name].result()


@pytest.fixture(scope="session")
def reports(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Reports:
    """The report of each run of the table that a test asks for, two at a time; each environment is brought up once."""
    stage = Stage(tmp_path_factory.mktemp("kinds"))
    own = [item for item in request.session.items if isinstance(item, pytest.Function) and item.path == Path(__file__)]
    asked = {item.callspec.params["trial"].name for item in own if "trial" in item.fixturenames}
    chosen = [trial for trial in TRIALS if trial.name in asked]
    pool = ThreadPoolExecutor(2)
    request.addfinalizer(lambda: pool.shutdown(cancel_futures=True))
    bases = {base: pool.submit(stage.bring_up, base) for base in dict.fromkeys(trial.base for trial in chosen)}
    return Reports({trial.name: pool.submit(_report, stage, trial, bases[trial.base]) for trial in chosen})


def _report(stage: Stage, trial: Trial, base: "Future[Path]") -> EnvironmentReport:
    backend = base.result()
    root = stage.checkout(trial.name, components=trial.components)
    if trial.before:
        for patch in trial.before:
            patch.apply(root)
        backend = stage.bring_up_again(trial.base, backend, root)
    for kind in trial.kinds:
        for patch in kind.patches:
            patch.apply(root)
    return stage.preview(trial.base, backend, root, components=trial.components)


@pytest.mark.parametrize(("trial", "kind"), ROWS, ids=[kind.name for _, kind in ROWS])
def test_the_report_says_what_a_reviewer_needs(trial: Trial, kind: Kind, reports: Reports) -> None:
    """Operation, classes and reasons of each resource; what to look at first; which protections go."""
    report = reports[trial.name]
    own = share(trial, report.changes).of[kind.name]
    assert problems(kind, own) == []
    assert first.lines(own, (), report.problems) == kind.first
    assert sorted(change.name for change in own if change.lifted) == list(kind.lifted)


@pytest.mark.parametrize("trial", TRIALS, ids=[trial.name for trial in TRIALS])
def test_nothing_else_changes(trial: Trial, reports: Reports) -> None:
    """All that the kinds of a run change together, and what that may cost, is the whole report."""
    report = reports[trial.name]
    assert [told(change) for change in share(trial, report.changes).nobodys] == []
    assert list(report.lifted) == sorted(name for kind in trial.kinds for name in kind.lifted)
    more = (report.cost.nodes.more, report.cost.gpus.more) if report.cost else (0, 0)
    assert more == (sum(kind.nodes for kind in trial.kinds), sum(kind.gpus for kind in trial.kinds))


@pytest.mark.parametrize("trial", TRIALS, ids=[trial.name for trial in TRIALS])
def test_a_preview_fails_only_where_the_change_cannot_be_made(trial: Trial, reports: Reports) -> None:
    told = reports[trial.name].problems
    assert bool(told) == bool(trial.problem)
    assert all(trial.problem in text for text in told)


def test_the_table_has_as_many_kinds_as_are_asked_for_and_no_name_twice() -> None:
    assert len({kind.name for _, kind in ROWS}) == len(ROWS) >= ASKED_FOR
    assert len({trial.name for trial in TRIALS}) == len(TRIALS)
