"""Commands around the engine: engine, settings, lock, doctor."""

import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

import click

from commonground.cli import options as shared
from commonground.cli.hints import echo, hinted
from commonground.engine.errors import LOGIN, EngineError, NoProjectError
from commonground.engine.installation import find
from commonground.engine.login import backend
from commonground.engine.project import Project
from commonground.engine.runs import Checkout

OLDEST_PYTHON = (3, 11)
LOOPBACK = ("127.0.0.1", "localhost", "::1")
POINTERS = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED")
"""What `commonground local env` sets that leads away from AWS."""


@click.command("engine")
def engine_command() -> int:
    """Say which Pulumi CLI is used, and why. Installs one if there is none."""
    found = find(lambda line: click.echo(line, err=True))
    click.echo(f"{found.path}: Pulumi CLI {found.version}, {found.source.value}")
    for what, why in found.passed_over:
        click.echo(f"  not {what}: {why}")
    return 0


@click.group("settings")
def settings_command() -> None:
    """The files of an environment: blueprint, scale, bindings, lock."""


@settings_command.command("check")
@shared.environment
@click.option("--offline", is_flag=True, help="Take placeholders and an example lock, as an offline preview does.")
@shared.project
def check(environment: str, offline: bool, folder: Path) -> int:
    """Say everything that is wrong in ENV's files."""
    found = Project.read(folder.resolve())
    if not found.stack_file(environment).is_file() and not shared.has_blueprint(found):
        raise NoProjectError(str(found.stack_file(environment)), f"the environments of {found.name} are {', '.join(found.environments()) or 'none'}")
    if not shared.has_blueprint(found):
        offline_preview = f"`commonground preview {environment} --offline --project {os.path.relpath(found.root)}`"
        click.echo(hinted(f"{environment}: the project {found.name} has no blueprint.yaml; its program checks its settings itself: {offline_preview}"))
        return 0
    try:
        shared.check_settings(found, environment, offline=offline)
    except shared.WrongSettingsError as error:
        click.echo(hinted(str(error)))
        if not offline and "the placeholder " in str(error):
            echo(f"without the placeholders: `commonground settings check {environment} --offline`")
        return 1
    click.echo(f"{environment}: the settings are right")
    return 0


@click.command("lock")
@shared.environment
@click.option("--check", "check_only", is_flag=True, help="Only say what is stale; exit with 1 if anything is.")
@click.option("--new-incarnation", is_flag=True, help="Draw another suffix for the names that outlive what they name. Refused while there is a cluster.")
@click.option("--kubernetes", metavar="VERSION", help="Move to this Kubernetes version, one minor up at a time.")
@click.option("--example", is_flag=True, help="Ask a local cloud in AWS' place. `up` refuses such a lock in a real environment; offline previews take it.")
@shared.project
@shared.flags
@click.pass_obj
def lock_command(
    options: shared.Options, environment: str, check_only: bool, new_incarnation: bool, kubernetes: str | None, example: bool, folder: Path
) -> int:
    """Ask the cloud, write lock.ENV.yaml."""
    if check_only and new_incarnation:
        raise click.UsageError("--check changes nothing, and --new-incarnation does")
    from commonground import lock  # boto3 and the models of the settings, for this command only
    from commonground.cli import clouds

    found = Project.read(folder.resolve())
    if not shared.has_blueprint(found):
        raise shared.NoBlueprintError("`commonground lock` writes a foundation's lock", found)
    asked = lock.wanted(found.config, environment)
    if new_incarnation:
        clouds.refuse_while_there_is_a_cluster(asked, options, folder)
    with clouds.client(asked, Checkout.around(found.root).local, example=example) as client:
        return lock.main_for(asked, client, check=check_only, new_incarnation=new_incarnation, kubernetes=kubernetes, example=example)


@dataclass(frozen=True)
class Finding:
    """One thing that a run needs."""

    what: str
    good: bool
    said: str


@click.command("doctor")
@shared.environment
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@shared.project
def doctor_command(environment: str, as_json: bool, folder: Path) -> int:
    """Say whether this machine has what a run for ENV needs. Installs and changes nothing; asks no cloud."""
    found = Project.read(folder.resolve())
    local = found.binding(environment, "cloud") == "local"
    findings = [_python(), _engine(), _settings(found, environment), *([] if local else [_credentials(), _backend(found)])]
    if as_json:
        json.dump([asdict(finding) for finding in findings], sys.stdout, indent=2)
        click.echo()
    else:
        for finding in findings:
            click.echo(hinted(f"{'ok     ' if finding.good else 'MISSING'}  {finding.what}: {finding.said}"))
    return 0 if all(finding.good for finding in findings) else 1


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("Python", sys.version_info[:2] >= OLDEST_PYTHON, version)


def _engine() -> Finding:
    try:
        found = find(install=False)
    except EngineError as error:
        return Finding("Pulumi CLI", False, str(error))
    return Finding("Pulumi CLI", True, f"{found.version}, {found.source.value} ({found.path})")


def _settings(found: Project, name: str) -> Finding:
    try:
        shared.check_settings(found, name, offline=False)
    except EngineError as error:
        return Finding("settings", False, str(error))
    return Finding("settings", True, "right" if shared.has_blueprint(found) else "its program checks them")


def _credentials() -> Finding:
    import botocore.session

    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    if urlsplit(endpoint).hostname in LOOPBACK:
        said = f"AWS_ENDPOINT_URL is {endpoint}: this shell points at the local cloud, not at AWS; open another, or `unset {' '.join(POINTERS)}`"
        return Finding("AWS credentials", False, said)
    found = botocore.session.get_session().get_credentials()
    if found is None:
        return Finding(
            "AWS credentials", False, "none in the environment, the shared files or the instance; `aws configure sso` or a role's variables give them"
        )
    return Finding("AWS credentials", True, f"there are some ({found.method}); whether AWS takes them, only a call can tell")


def _backend(found: Project) -> Finding:
    where = backend(found)
    if where:
        return Finding("Pulumi backend", True, f"{where}; whether it lets us in, only a call can tell")
    try:
        cli = str(find(install=False).path)
    except EngineError:
        cli = "pulumi"
    return Finding("Pulumi backend", False, f"not logged in to one; {LOGIN.format(cli=cli)}")
