"""The metrics stack: what it stands on is there, limits fit together, and whoever is told is bound."""

from collections.abc import Iterator

from commonground.settings.bindings import BindingType
from commonground.settings.files import Block, Files
from commonground.settings.metrics import PLATFORM, Metrics
from commonground.settings.mistakes import did_you_mean, listed
from commonground.settings.rules.problem import Problem, Rule, bound

EXPORTERS = {"kube-state-metrics": "rules read the cluster's objects from it", "prometheus-node-exporter": "rules read the nodes' disks and memory from it"}
"""Add-ons, and why the metrics stack needs them."""

WITHOUT_NAT = ("aps-workspaces", "sts")
"""Endpoints that Grafana asks, where there is no other way out."""


def _given(files: Files) -> Iterator[Metrics]:
    """Yield the metrics stack, if there is one."""
    if files.blueprint.metrics is not None:
        yield files.blueprint.metrics


def scaled(files: Files) -> Iterator[Problem]:
    """Retention and limits are said exactly where something is measured."""
    shape, scale = files.blueprint.metrics, files.scale.metrics
    if files.partly(Block.BLUEPRINT, "metrics") or files.partly(Block.SCALE, "metrics"):
        return
    if shape is not None and scale is None:
        yield Problem(Block.SCALE, ("metrics",), "nothing", "retention and limits: the blueprint has `metrics`", "add `metrics: {retention_days: 150}`")
    if shape is None and scale is not None:
        yield Problem(Block.SCALE, ("metrics",), "retention and limits", "nothing: the blueprint has no `metrics`", "remove it")


def ground(files: Files) -> Iterator[Problem]:
    """The collector has a tier without pods, the exporters are add-ons, and Grafana has a way out."""
    network, addons = files.blueprint.network, files.blueprint.cluster.addons
    for metrics in _given(files):
        if "intra" not in network.tiers:
            expected = "the tier `intra`: the metrics collector stands there, apart from all pods, so that network policies let in nothing else"
            yield Problem(
                Block.BLUEPRINT, ("network", "tiers"), listed(network.tiers), expected, "add `intra` with a free slot, or remove `metrics`", whole=True
            )
        for name, reason in EXPORTERS.items():
            if name not in addons:
                yield Problem(Block.BLUEPRINT, ("cluster", "addons"), listed(addons), f"{name} among them: {reason}", f"add {name}", whole=True)
        lacking = [name for name in WITHOUT_NAT if name not in network.endpoints]
        if metrics.grafana and not network.nat and lacking:
            expected = "the endpoints that Grafana asks where there is no NAT"
            fix = f"add {listed(lacking)}, or set `metrics.grafana: false`"
            yield Problem(Block.BLUEPRINT, ("network", "endpoints"), listed(network.endpoints), expected, fix, whole=True)


def thresholds(files: Files) -> Iterator[Problem]:
    """A warning comes before what is critical, and both can be reached."""
    for metrics in _given(files):
        drift = metrics.drift
        if drift.critical <= drift.warning:
            expected = f"more than `warning`, which is {drift.warning:g}"
            yield Problem(Block.BLUEPRINT, ("metrics", "drift", "critical"), f"{drift.critical:g}", expected, "raise it, or lower `warning`")
        elif drift.measure == "jensen_shannon" and drift.critical >= 1:
            expected = "less than 1, which the Jensen-Shannon distance never exceeds"
            yield Problem(Block.BLUEPRINT, ("metrics", "drift", "critical"), f"{drift.critical:g}", expected, "write 0.3, or measure `psi`")


def targets(files: Files) -> Iterator[Problem]:
    """Alerts go to teams that there are, or to the platform's, and to bindings of the right type."""
    teams = list(files.blueprint.teams)
    for metrics in _given(files):
        for team, told in metrics.alerts.items():
            keys = ("metrics", "alerts", team)
            if team != PLATFORM and team not in teams and not files.partly(Block.BLUEPRINT, "teams"):
                guess = did_you_mean(team, [*teams, PLATFORM])
                fix = f'did you mean "{guess}"?' if guess else "remove it, or add the team"
                yield Problem(Block.BLUEPRINT, keys, f"the unknown team `{team}`", f"{PLATFORM}, or one of the blueprint's teams: {listed(teams)}", fix)
            for severity, name in told:
                if name is not None:
                    yield from bound(files, (*keys, severity), name, BindingType.ALERT_TARGET)
        if metrics.watchdog is not None:
            yield from bound(files, ("metrics", "watchdog"), metrics.watchdog, BindingType.ALERT_TARGET)
        if PLATFORM in teams:
            yield Problem(
                Block.BLUEPRINT, ("teams", PLATFORM), f"the name `{PLATFORM}`", "another name: alerts of the platform itself have it", "rename the team"
            )


def objectives(files: Files) -> Iterator[Problem]:
    """A service with objectives of its own belongs to a team that there is."""
    teams = list(files.blueprint.teams)
    for metrics in _given(files):
        for name in metrics.objectives.services:
            team, _, service = name.partition("/")
            if team not in teams and not files.partly(Block.BLUEPRINT, "teams"):
                guess = did_you_mean(team, teams)
                fix = f'did you mean "{guess}/{service}"?' if guess else "remove it, or add the team"
                keys = ("metrics", "objectives", "services", name)
                yield Problem(Block.BLUEPRINT, keys, f"the unknown team `{team}`", f"one of the blueprint's teams: {listed(teams)}", fix)


RULES: tuple[Rule, ...] = (scaled, ground, thresholds, targets, objectives)
