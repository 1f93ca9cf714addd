"""`commonground why POD`: what keeps a pod from running, in one line."""

import os
from pathlib import Path

import click

from commonground.cli import options as shared
from commonground.cli.environments import NoFoundationError, foundation
from commonground.cli.environments import environment as settings_of
from commonground.cli.hints import echo
from commonground.engine import clusters
from commonground.engine.errors import EngineError, NoProjectError
from commonground.engine.project import Project
from commonground.engine.runs import Checkout
from commonground.settings.mistakes import listed
from commonground.why.asking import Files, answer
from commonground.why.kubectl import Kubectl

LOCAL, LOCAL_CLUSTER = "local", "commonground-local"
"""The environment of this machine, and what the kubeconfig of its real clusters calls them."""


class NoEnvironmentError(EngineError):
    """The environment that `--env` names has no file."""

    def __init__(self, name: str, known: list[str]) -> None:
        self.name = name
        self.known = known
        super().__init__(f"--env {name}: expected one of {listed(known)}")


class NoApiServerError(EngineError):
    """The local cloud runs without a Kubernetes control plane: there are no pods."""

    def __init__(self) -> None:
        super().__init__("this local cloud has no API server, and so no pods: `commonground local stop && commonground up local --cluster`")


@click.command("why")
@click.argument("pod", metavar="POD")
@click.option("-n", "--namespace", metavar="NAMESPACE", help="The pod's namespace. Default: the kubeconfig's.")
@click.option("--env", "environment", metavar="ENV", help="Environment whose pools count. Default: the one whose cluster the kubeconfig names.")
@click.option("--kubeconfig", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Default: kubectl's own, or the local cloud's for `local`.")
@shared.project
@shared.flags
def why_command(pod: str, namespace: str | None, environment: str | None, kubeconfig: Path | None, folder: Path) -> int:
    """Say in one line why a pod is not running.

    POD is a pod's name or its beginning, or deployment/NAME, statefulset/NAME, job/NAME: also of pods that were never made, as a quota refused them. The
    cluster is asked by kubectl, which everybody who uses one has, with whatever login its kubeconfig names.
    """
    project = _foundation(folder)
    if environment and project is not None and environment not in project.environments():
        raise NoEnvironmentError(environment, project.environments())
    chosen = str(kubeconfig) if kubeconfig else _local_kubeconfig(project, environment)
    kubectl = Kubectl(chosen, namespace)
    found = answer(pod, kubectl, lambda: _files(project, environment, kubectl))
    click.echo(found.line)
    if found.reason.fix:
        echo(f"fix: {found.reason.fix}")
    return 0


def _foundation(folder: Path) -> Project | None:
    """None for whoever has a cluster and no checkout."""
    try:
        return foundation(folder)
    except (NoFoundationError, NoProjectError):
        return None


def _files(project: Project | None, environment: str | None, kubectl: Kubectl) -> Files:
    """Nothing where no environment is known: then the cluster alone is told of."""
    name = environment or (_of_cluster(project, kubectl.cluster()) if project else None)
    if project is None or name is None:
        echo("no environment of this checkout has this cluster: pools without nodes are not known; --env names one")
        return Files()
    from commonground.why.pools import pool_facts, team_facts  # the settings' models, and pulumi_aws behind the pools' labels

    found = settings_of(project, name)
    return Files(pool_facts(found), team_facts(found), project.stack_file(name).name)


def _of_cluster(project: Project, named: str) -> str | None:
    """The environment whose cluster is named so; a cluster's name has the incarnation in it, so that no two have one name."""
    from commonground.settings.merge import cluster_name

    for name in project.environments():
        incarnation = project.locked(name, "incarnation")
        if incarnation and cluster_name(name, incarnation) in named:
            return name
    return LOCAL if LOCAL_CLUSTER in named.split() and LOCAL in project.environments() else None


def _cloud_runs(directory: Path) -> bool:
    from commonground.local import cloud  # the local cloud's, for this question only

    return cloud.running(directory) is not None


def _has_kubeconfig() -> bool:
    """Whether kubectl has one by itself."""
    return bool(os.environ.get("KUBECONFIG")) or (Path.home() / ".kube" / "config").exists()


def _local_kubeconfig(project: Project | None, environment: str | None) -> str | None:
    """The administrator's of the local cloud's cluster, for an environment that lives there. Raises `NoApiServerError` where only that can be meant."""
    if project is None:
        return None
    directory = Checkout.around(project.root).local
    kept = clusters.kept(directory)
    meant = project.binding(environment, "cloud") == "local" if environment else not _has_kubeconfig()
    if meant and not (kept and kept.clusters) and _cloud_runs(directory):
        raise NoApiServerError
    if environment is None or project.binding(environment, "cloud") != "local":
        return None
    return str(kept.clusters[0].kubeconfig) if kept and kept.clusters else None
