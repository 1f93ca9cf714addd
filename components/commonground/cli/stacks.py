"""Commands that run the engine: up, preview, destroy, refresh, outputs, init."""

import json
import sys
from pathlib import Path

import click

from commonground.cli import options as shared
from commonground.cli.hints import echo
from commonground.cli.options import Options
from commonground.engine import clusters, report
from commonground.engine.errors import EngineError, ProtectedError
from commonground.engine.request import Status
from commonground.engine.steps import Op, Step, count, summary

CHANGES = 2
STOPPED = "protection stopped the preview; this is what it had seen by then"


@click.command("up")
@shared.environment
@shared.project
@click.option("--cluster", is_flag=True, help="Local: with a real Kubernetes control plane and simulated nodes. Later commands use it by themselves.")
@shared.answers
@shared.flags
@click.pass_obj
def up_command(options: Options, environment: str, folder: Path, cluster: bool) -> int:
    """Provision ENV: make what is missing, change what differs. Previews first."""
    with shared.run(options, folder, environment, cluster=cluster) as (run, progress):
        if cluster and not run.local:
            raise click.UsageError(f"--cluster is for the local cloud, and {environment} is bound to AWS")
        outcome = run.up(ask=shared.must_ask(options, run))
        if outcome.status is Status.DECLINED:
            return _declined(environment)
        progress.finish()
        endpoint = run.endpoint()
    click.echo(report.outputs(outcome.outputs), nl=False)
    if endpoint:
        click.echo(f"local cloud: {endpoint}")
    counts = count(outcome.steps)
    nothing = not any(number for op, number in counts.items() if op is not Op.SAME)
    click.echo(f"\n{environment}: {'nothing to change: ' if nothing else ''}{summary(counts, would=False)}")
    if endpoint:
        kubectl = ", and kubectl at its cluster" if clusters.kept(run.checkout.local) else ""
        echo(f'eval "$(commonground local env)" points the AWS CLI and boto3 of this shell at the local cloud{kubectl}')
    return 0


@click.command("preview")
@click.argument("environments", metavar="ENV...", nargs=-1, required=True)
@click.option("--offline", is_flag=True, help="Against nothing, with no account, credentials or network.")
@click.option("--verify", is_flag=True, help="Offline: preview the result once more, and fail if anything would change again.")
@click.option("--report", "file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write the report to a file too.")
@click.option("--exit-code", "tell", is_flag=True, help="Exit with 2 if anything would change.")
@shared.project
@shared.flags
@click.pass_obj
def preview_command(options: Options, environments: tuple[str, ...], offline: bool, verify: bool, file: Path | None, tell: bool, folder: Path) -> int:
    """Show what `up` would do, down to properties. Changes nothing."""
    if verify and not offline:
        raise click.UsageError("--verify goes with --offline")
    texts: list[str] = []
    code = 0

    def tell_of(name: str, steps: tuple[Step, ...], note: str) -> None:
        texts.append((f"{name}: {note}\n" if note else "") + report.render(steps, title=name))
        click.echo(("\n" if len(texts) > 1 else "") + texts[-1], nl=False)
        if file:
            file.write_text("\n".join(texts), "utf-8")

    for name in environments:
        try:
            with shared.run(options, folder, name, offline=offline) as (run, _):
                outcome = run.preview(offline=offline, verify=verify)
        except EngineError as error:
            if isinstance(error, ProtectedError):
                tell_of(name, error.seen, STOPPED)
            if len(environments) == 1:
                raise
            echo(f"error: {name}: {error}")
            code = 1
            continue
        tell_of(name, outcome.steps, outcome.against)
        if tell and code == 0 and any(step.changes for step in outcome.steps):
            code = CHANGES
    return code


@click.command("destroy")
@shared.environment
@shared.project
@shared.answers
@shared.flags
@click.pass_obj
def destroy_command(options: Options, environment: str, folder: Path) -> int:
    """Take away all that `up` made in ENV. Stops before anything if something is protected."""
    with shared.run(options, folder, environment) as (run, progress):
        outcome = run.destroy(ask=shared.must_ask(options, run))
        if outcome.status is Status.DECLINED:
            return _declined(environment)
        progress.finish()
    deleted = count(outcome.steps)[Op.DELETE]
    click.echo(f"{environment}: {deleted} deleted" if deleted else f"{environment}: nothing was there")
    return 0


@click.command("refresh")
@shared.environment
@shared.project
@shared.answers
@shared.flags
@click.pass_obj
def refresh_command(options: Options, environment: str, folder: Path) -> int:
    """Read from the cloud what is there in ENV, into the state. Changes nothing in the cloud."""
    with shared.run(options, folder, environment) as (run, progress):
        outcome = run.refresh()
        progress.finish()
    click.echo(report.render(outcome.steps, title=environment), nl=False)
    return 0


@click.command("outputs")
@shared.environment
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@shared.project
@shared.flags
@click.pass_obj
def outputs_command(options: Options, environment: str, as_json: bool, folder: Path) -> int:
    """Show what ENV hands to other stacks. Secrets are masked."""
    with shared.question(options, folder, environment) as run:
        found = run.outputs()
    if not found:
        echo(f"{environment}: nothing is provisioned; `commonground up {environment}` does that")
    if as_json:
        json.dump(found, sys.stdout, indent=2, sort_keys=True)
        click.echo()
    else:
        click.echo(report.outputs(found), nl=False)
    return 0


@click.command("init")
@shared.environment
@shared.project
@shared.flags
@click.pass_obj
def init_command(options: Options, environment: str, folder: Path) -> int:
    """Create ENV in the state that you are logged in to. A local environment needs none."""
    with shared.question(options, folder, environment) as run:
        run.init()
        local = run.local
    click.echo(f"{environment}: {'lives in the local cloud and needs no init' if local else 'is there'}")
    return 0


def _declined(environment: str) -> int:
    click.echo(f"{environment}: nothing was changed", err=True)
    return 1
