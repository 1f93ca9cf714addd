"""`commonground comment`: a report on the pull or merge request that a CI's run is for."""

import os
import sys
from pathlib import Path

import click

from commonground.cli import options as shared
from commonground.cli.hints import echo
from commonground.engine.project import Project
from commonground.preview.requests.hosts import HOSTS


@click.command("comment")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True), metavar="[FILE]", default="-")
@click.option("--key", metavar="KEY", help="Tells several comments on one request apart. Default: the project's name.")
@click.option("--system", type=click.Choice(sorted(HOSTS)), help="Where the request is. Default: as the CI's variables say.")
@click.option("--api", metavar="URL", help="Address of its REST API. Default: the same.")
@click.option("--repository", metavar="NAME", help="GitHub's OWNER/NAME, GitLab's project. Default: the same.")
@click.option("--request", "number", type=click.IntRange(min=1), metavar="N", help="The request's number. Default: the same.")
@shared.project
@shared.flags
def comment_command(file: Path, key: str | None, system: str | None, api: str | None, repository: str | None, number: int | None, folder: Path) -> int:
    """Put a report on the pull or merge request, or update it.

    FILE is the report; without it, stdin. The token is read from GITHUB_TOKEN, GH_TOKEN or GITLAB_TOKEN. A run that reports of another one (GitHub's
    workflow_run) finds the request by what GitHub says of that run, and does nothing where the request has moved on.
    """
    from commonground.preview.requests import ci, comment  # HTTP and TLS, for this command only
    from commonground.preview.requests.hosts import Client

    where = ci.place(os.environ, system=system, api=api, repository=repository, number=number)
    most = 4 * where.host.limit + 1  # of its bytes: a report with more has too many characters anyway
    data = _read(file, most)
    text = comment.text_of(data, cut=len(data) == most)
    client = Client(where.host, where.api, ci.token(where.host, os.environ))
    try:
        posted = comment.post(text, key or Project.read(folder.resolve()).name, where, client, echo)
    except ci.OvertakenError as error:
        echo(f"nothing is posted: {error}")
        return 0
    click.echo(f"{posted.what}: {posted.url}")
    return 0


def _read(file: Path, most: int) -> bytes:
    """At most so many bytes. Raises `WrongReportError`."""
    from commonground.preview.requests.comment import WrongReportError

    if str(file) == "-":
        return sys.stdin.buffer.read(most)
    if file.is_symlink() or not file.is_file():
        raise WrongReportError(f"{file} is no file")
    with file.open("rb") as opened:
        return opened.read(most)
