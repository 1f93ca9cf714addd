"""Commands on the local cloud of this checkout: start, stop, status, env."""

import shlex
from pathlib import Path

import click

from commonground.cli import options as shared
from commonground.cli.hints import echo, hinted
from commonground.engine import clusters
from commonground.engine.project import Project
from commonground.engine.runs import Checkout
from commonground.local import cloud

REGION = "eu-central-1"
"""Of `commonground local env`, where the project's `local` environment names none."""
NOT_RUNNING = "the local cloud is not running; `commonground up local` or `commonground local start` starts it"


@click.group("local")
def local_command() -> None:
    """The local cloud of this checkout."""


@local_command.command("start")
@shared.project
def start(folder: Path) -> int:
    """Start it where none runs."""
    found = cloud.start(_directory(folder), report=lambda line: click.echo(line, err=True))
    click.echo(f"the local cloud serves at {found.endpoint}")
    return 0


@local_command.command("stop")
@shared.project
def stop(folder: Path) -> int:
    """End it, and with it all that is provisioned in it."""
    directory = _directory(folder)
    if clusters.there(directory):
        from commonground.local.cluster import lifecycle

        lifecycle.stop(directory)
    click.echo("the local cloud is stopped" if cloud.stop(directory) else "the local cloud is not running")
    return 0


@local_command.command("status")
@shared.project
def status(folder: Path) -> int:
    """Say whether it runs, and where. Tells of its real clusters too, and of pods that do not end."""
    found = cloud.running(_directory(folder))
    click.echo(f"the local cloud serves at {found.endpoint} (process {found.pid})" if found else hinted(NOT_RUNNING))
    kept = clusters.kept(_directory(folder))
    if kept and kept.problem:
        click.echo(f"its clusters: {kept.problem}")
    for one in kept.clusters if kept else ():
        click.echo(f"cluster {one.name}: Kubernetes {one.version} at {one.endpoint}, KUBECONFIG={one.kubeconfig}")
        for node in one.leaving:
            click.echo(f"  node {node.name} is leaving and waits for {', '.join(node.pods)}")
        for pod in one.hanging:
            click.echo(f"  {pod}")
    return 0


@local_command.command("env")
@shared.project
def env(folder: Path) -> int:
    """Print what a shell needs to reach it. Use: eval "$(commonground local env)"."""
    found = cloud.running(_directory(folder))
    if found is None:
        echo(NOT_RUNNING)
        return 1
    region = Project.read(folder.resolve()).binding("local", "region") or REGION
    kept = clusters.kept(_directory(folder))
    kubeconfigs = [str(one.kubeconfig) for one in kept.clusters] if kept else []
    reached = {"KUBECONFIG": kubeconfigs[0]} if kubeconfigs else {}
    for name, value in sorted({**found.environment(region), **reached}.items()):
        click.echo(f"export {name}={shlex.quote(value)}")
    return 0


def _directory(folder: Path) -> Path:
    return Checkout.around(Project.read(folder.resolve()).root).local
