"""`commonground parity ENV ENV`: whether two environments have one shape."""

from collections.abc import Iterable
from pathlib import Path

import click

from commonground.cli import options as shared
from commonground.engine.project import Project
from commonground.engine.steps import Step


@click.command("parity")
@click.argument("first", metavar="ENV")
@click.argument("second", metavar="ENV")
@shared.project
@shared.flags
@click.pass_obj
def parity_command(options: shared.Options, first: str, second: str, folder: Path) -> int:
    """Say where two shapes differ. Lists what scale, bindings and lock make of it; exits with 1 on a difference of shape."""
    from commonground.preview import Facts, compare, render

    def preview(name: str) -> tuple[Facts, Iterable[Step]]:
        with shared.run(options, folder, name, offline=True, check=False) as (run, progress):
            steps = run.preview(offline=True).steps
            progress.finish()
        return Facts.read(run.project, name), steps

    project = Project.read(folder.resolve())
    if not shared.has_blueprint(project):
        raise shared.NoBlueprintError("parity compares environments of a foundation, which have one blueprint", project)
    for name in (first, second):  # both before the first preview: it takes a while
        shared.check_settings(project, name, offline=True)
    found = compare(preview(first), preview(second))
    click.echo(render(found), nl=False)
    return 1 if found.shape else 0
