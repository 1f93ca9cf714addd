"""Commands that run the engine on one environment: up, destroy, refresh, outputs, init."""

import json
import sys
from pathlib import Path

import click

from commonground.cli import options as shared
from commonground.cli.hints import echo
from commonground.cli.options import Options
from commonground.engine import clusters, report
from commonground.engine.findings import ViolatedError
from commonground.engine.request import Status
from commonground.engine.steps import Op, count, summary


@click.command("up")
@shared.environment
@shared.project
@click.option("--cluster", is_flag=True, help="Local: with a real Kubernetes control plane and simulated nodes. Later commands use it by themselves.")
@shared.answers
@shared.flags
@click.pass_obj
def up_command(options: Options, environment: str, folder: Path, cluster: bool) -> int:
    """Provision ENV: make what is missing, change what differs. Previews first."""
    with shared.run(options, folder, environment, cluster=cluster, policies=True) as (run, progress):
        if cluster and not run.local:
            raise click.UsageError(f"--cluster is for the local cloud, and {environment} is bound to AWS")
        outcome = run.up(ask=shared.must_ask(options, run))
        if outcome.status is Status.VIOLATED:
            raise ViolatedError(outcome.findings, "up", changed=outcome.changed)
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
