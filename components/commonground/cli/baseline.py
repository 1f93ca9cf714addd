"""`commonground baseline DATA`: what training saw, as a file that a model server loads."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commonground.cli import options as shared
from commonground.cli.hints import echo
from commonground.engine.errors import EngineError

if TYPE_CHECKING:
    from commonground.telemetry.make import Made

NEEDED = ("numpy", "pyarrow")
FEW, FEWER_BINS, ALWAYS_FEW = 500, 5, 220
"""Rows below which a stable stream alarms, bins with which it does not, and rows below which it does all the same (docs/drift.md, "A stable stream")."""


class NoBaselineLibraryError(EngineError):
    """What reads training data is not installed."""

    def __init__(self, missing: list[str]) -> None:
        self.missing = missing
        super().__init__(
            f"baseline needs {' and '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed here. "
            'Fix: pip install "commonground[baseline]"'
        )


class NoPlaceError(EngineError):
    """The file cannot be written where the user says."""

    def __init__(self, file: Path, reason: str, fix: str) -> None:
        self.file = file
        super().__init__(f"{file}: expected a file that can be written, found {reason}. Fix: {fix}")


@click.command("baseline")
@click.argument("data", metavar="DATA", type=click.Path(path_type=Path, exists=True))
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write the baseline to FILE.")
@click.option("--prediction", "predictions", multiple=True, metavar="COLUMN", help="A column with the model's answers. Repeat it for more.")
@click.option("--categorical", multiple=True, metavar="COLUMN", help="A column of numbers that are names, like a postcode. Repeat it for more.")
@click.option("--numeric", multiple=True, metavar="COLUMN", help="A column of whole numbers that differ in each row and are no identifier.")
@click.option("--exclude", multiple=True, metavar="COLUMN", help="A column that the model does not use. Repeat it for more.")
@click.option("--bins", default=10, show_default=True, metavar="N", help="Bins of a number.")
@shared.flags
def baseline_command(
    data: Path,
    output: Path | None,
    predictions: tuple[str, ...],
    categorical: tuple[str, ...],
    numeric: tuple[str, ...],
    exclude: tuple[str, ...],
    bins: int,
) -> int:
    """Make a model's baseline of its training data.

    DATA is Parquet (a file, or a folder of files) or CSV. Prints the bins of each column with their ratios; the file goes where -o says. It holds ratios
    and the names of categories, no rows: exclude columns whose values are personal.
    """
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise NoBaselineLibraryError(missing)
    from commonground.telemetry.make import Choice, make, opened

    if output and not output.parent.is_dir():
        raise NoPlaceError(output, f"no folder {output.parent}", f"mkdir -p {output.parent}")
    made = make(opened(data), Choice(predictions, categorical, exclude, bins, numeric))
    for name, why in made.left_out.items():
        echo(f"{name} is left out: {why}")
    show(made)
    few = too_few(made.baseline.rows, bins)
    if few:
        echo(few)
    echo("every feature above is one that the server has to pass to `observe`: --exclude what it does not have, like labels and keys")
    if output:
        try:
            made.baseline.save(output)
        except OSError as error:
            raise NoPlaceError(output, str(error.strerror), "name another with -o") from error
        echo(f"{output}: baseline {made.baseline.digest}")
    else:
        echo("nothing was written: -o FILE writes the baseline")
    return 0


def too_few(rows: int, bins: int) -> str:
    """What a baseline of few rows has for a consequence; nothing where it has none."""
    said = f"warning: {rows} rows are few: chance alone makes drift of them (docs/drift.md)"
    if rows < ALWAYS_FEW:
        return f"{said}, with any --bins; take {FEW} rows or more"
    return f"{said}; take {FEW} rows or more, or --bins {FEWER_BINS}" if rows < FEW and bins > FEWER_BINS else ""


def show(made: "Made") -> None:
    """A table of variables and bins on stdout."""
    from rich.console import Console  # only for this
    from rich.table import Table
    from rich.text import Text

    baseline = made.baseline
    table = Table("kind", "variable", "type", "bins", box=None, pad_edge=False)
    for one in baseline.variables:
        bins = "  ".join(f"{name} {ratio:.1%}" for name, ratio in one.bins.items())
        table.add_row(one.kind, Text(one.name), one.data()["type"], Text(bins))
    console = Console(highlight=False)
    console.print(table)
    console.print(f"{baseline.rows:,} rows, {len(baseline.variables)} variables, {baseline.series:,} series a version of a model, baseline {baseline.digest}")
