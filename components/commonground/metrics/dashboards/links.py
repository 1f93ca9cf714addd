"""Where one dashboard leads to the next: by team, service and model, with the time range kept."""

from collections.abc import Mapping, Sequence

from commonground.metrics.dashboards.model import PREFIX, Key, Link
from commonground.settings.metrics import MetricsSettings


def address(name: str, variables: Mapping[str, str]) -> str:
    """A dashboard's address. Variable -> where its value comes from, in Grafana's words. Example: `{"team": "${team}"}`."""
    chosen = "".join(f"var-{variable}={value}&" for variable, value in variables.items())
    return f"/d/{PREFIX}-{name}?{chosen}${{__url_time_range}}"


def from_series(name: str, *variables: str) -> Link:
    """From a line or number, by the labels of its series."""
    return Link(f"Open {name}", address(name, {variable: f"${{__field.labels.{variable}}}" for variable in variables}))


def page(name: str) -> Link:
    """To a dashboard with the same team."""
    return Link(f"Open {name}", f"/d/{PREFIX}-{name}?${{team:queryparam}}&${{__url_time_range}}")


def from_row(name: str, **columns: str) -> Link:
    """From a row of a table: variable -> the column that has its value."""
    return Link(f"Open {name}", address(name, {variable: f'${{__data.fields["{column}"]}}' for variable, column in columns.items()}))


def team(*dashboards: str) -> Key:
    """The column of a table that has the team, and leads to these dashboards."""
    return Key("team", "Team", tuple(from_row(name, team="Team") for name in dashboards))


def service(*, further: Sequence[Link] = ()) -> Key:
    """The column of a table that has the service, and leads to its page."""
    return Key("service", "Service", (from_row("service", team="Team", service="Service"), *further))


def alert(settings: MetricsSettings) -> Key:
    """The column of a table that has the alert, and leads to its runbook where that has an address."""
    if not settings.runbooks.startswith(("https://", "http://")):
        return Key("alertname", "Alert")
    return Key("alertname", "Alert", (Link("Open runbook", f'{settings.runbooks}/${{__data.fields["Alert"]}}.md'),))
