"""`commonground images ENV`: what has to be in the environment's mirror before its nodes can pull it."""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

import click

from commonground.cli import options as shared
from commonground.cli.environments import environment as settings_of
from commonground.cli.environments import foundation
from commonground.cli.hints import echo

HINT = """\
to copy them, all architectures of each:
  aws ecr get-login-password --region {region} | crane auth login --username AWS --password-stdin {registry}
  commonground images {name} | sed 's/ -> / /' | xargs -n 2 crane copy
or, with skopeo logged in to it:
  commonground images {name} | sed 's/ -> / /' | xargs -n 2 sh -c 'skopeo copy --all "docker://$0" "docker://$1"'"""


@click.command("images")
@shared.environment
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@shared.project
@shared.flags
def images_command(environment: str, as_json: bool, folder: Path) -> int:
    """List the images that ENV's mirror has to hold. Each line: SOURCE -> TARGET."""
    project = foundation(folder)
    if project.root != folder.resolve():
        echo(f"{environment}: the images of the foundation around it, the project {project.name} at {os.path.relpath(project.root)}")
    found = settings_of(project, environment)
    from commonground import foundation as whole  # pulumi_aws and pulumi_kubernetes: seconds
    from commonground import images

    copies = images.copies(found.images, whole.images_used(found))
    if as_json:
        json.dump([asdict(copy) for copy in copies], sys.stdout, indent=2)
        click.echo()
        return 0
    for copy in copies:
        click.echo(f"{copy.source} -> {copy.target}")
    if copies:
        echo(HINT.format(name=environment, region=found.images.region, registry=copies[0].target.partition("/")[0]))
    else:
        echo(f"{environment}: ECR fetches all images by itself")
    return 0
