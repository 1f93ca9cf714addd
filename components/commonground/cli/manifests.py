"""`commonground manifests ENV DIRECTORY`: the Kubernetes objects of an environment as files, without a cluster."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import click

from commonground.cli import options as shared
from commonground.cli.hints import echo
from commonground.cli.options import Options
from commonground.engine.errors import EngineError

DEPTH = 3
"""Of a manifest below the directory: `CLUSTER/KIND.GROUP/NAMESPACE.NAME.yaml`."""


class ForeignFilesError(EngineError):
    """The directory holds files that are no manifests, and would be lost."""

    def __init__(self, directory: Path, found: list[str]) -> None:
        self.directory = directory
        self.found = found
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        super().__init__(
            f"{directory} holds {found[0]}{more}: expected nothing but manifests (CLUSTER/KIND.GROUP/NAME.yaml), since all that is in it is replaced. "
            "Nothing was changed. Fix: name another directory"
        )


@click.command("manifests")
@shared.environment
@click.argument("directory", metavar="DIRECTORY", type=click.Path(path_type=Path, file_okay=False))
@shared.project
@shared.flags
@click.pass_obj
def manifests_command(options: Options, environment: str, directory: Path, folder: Path) -> int:
    """Write ENV's Kubernetes objects to DIRECTORY, one file each. Needs no cluster.

    The files are the same bytes each time, so that their diff shows what a change does to the cluster. What is no longer an object of ENV vanishes.
    """
    refuse_foreign(directory)
    with tempfile.TemporaryDirectory(prefix="commonground-") as fresh:
        with shared.run(options, folder, environment, offline=True) as (run, progress):
            run.render(Path(fresh))
            progress.finish()
        count = replace(directory, Path(fresh))
    click.echo(f"{environment}: {count} objects in {directory}")
    if not count:
        echo(f"{environment}: the project makes no Kubernetes objects")
    return 0


def refuse_foreign(directory: Path) -> None:
    """Raises `ForeignFilesError` where a directory holds what this command did not write."""
    found = sorted(str(path.relative_to(directory)) for path in _foreign(directory))
    if found:
        raise ForeignFilesError(directory, found)


def replace(directory: Path, fresh: Path) -> int:
    """Puts the files of one folder in the place of another's. Returns how many there are. Files that stay the same are not touched."""
    wanted = {path.relative_to(fresh): path.read_bytes() for path in sorted(fresh.rglob("*.yaml"))}
    for path in [path for path in directory.rglob("*.yaml") if path.relative_to(directory) not in wanted]:
        path.unlink()
    for name, content in wanted.items():
        path = directory / name
        if path.is_file() and path.read_bytes() == content:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for path in sorted((path for path in directory.rglob("*") if path.is_dir()), reverse=True):
        if not any(path.iterdir()):
            path.rmdir()
    directory.mkdir(parents=True, exist_ok=True)
    return len(wanted)


def _foreign(directory: Path) -> Iterator[Path]:
    """Anything but `CLUSTER/KIND/NAME.yaml` with an object of that kind in it."""
    for path in directory.rglob("*") if directory.is_dir() else ():
        parts = path.relative_to(directory).parts
        if path.is_symlink() or (not path.is_dir() and not _is_manifest(path, parts)):
            yield path


def _is_manifest(path: Path, parts: tuple[str, ...]) -> bool:
    if len(parts) != DEPTH or path.suffix != ".yaml":
        return False
    lines = path.read_text("utf-8", errors="replace").splitlines()
    return any(line.startswith("apiVersion:") for line in lines) and f"kind: {parts[1].partition('.')[0]}" in lines
