"""The texts that Amazon Managed Prometheus takes: what it refuses in rule files, alert manager definitions and scrape configurations.

Each function yields reasons, none for a text that is fine. The AWS stand-in says them before anything is made, the local cloud when it is.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

import yaml

# User guide, "Service quotas", as it was last readable: some have risen since, none has fallen.
MOST_BYTES, MOST_GROUPS, MOST_RULES, MOST_ROUTES, MOST_INHIBITIONS = 1_000_000, 100, 20, 100, 100

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DURATION = re.compile(r"(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?")
_UNITS = (timedelta(days=365), timedelta(weeks=1), timedelta(days=1), timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1), timedelta(milliseconds=1))

# User guide, "Set up managed collectors for Amazon EKS", "Scraper configuration": sections, service discovery, interval, names, authorization.
LEAST_INTERVAL = timedelta(seconds=30)
DISCOVERY = "kubernetes_sd_configs"
API_SERVER = "kubernetes.default.svc"
CREDENTIALS_FILE = "/var/run/secrets/kubernetes.io/serviceaccount/token"
_SECTIONS = ("global", "scrape_configs")
_ADDRESS = re.compile(r"(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-fA-F:]+\]|" + re.escape(API_SERVER) + r")(:\d+)?")

# User guide, "Setting up your alert receiver" and "Use PagerDuty as an alert receiver".
RECEIVERS = ("sns_configs", "pagerduty_configs")
SNS_FORBIDDEN = ("api_url", "http_config")
LONGEST_REPEAT = timedelta(days=5)

# User guide, "Configure Amazon EKS for scraper access with access entries": the access policy lets the collector list no endpointslices.
UNSEEN_ROLES = ("endpointslice",)


def duration(text: Any) -> timedelta | None:
    """A duration as Prometheus writes it (`1h30m`); None if it is none."""
    match = _DURATION.fullmatch(text) if isinstance(text, str) and text else None
    if match is None:
        return timedelta() if text in (0, "0") else None
    return sum((int(count) * unit for count, unit in zip(match.groups(), _UNITS, strict=True) if count), timedelta())


def rule_groups(text: str) -> Iterator[str]:
    """What is refused in a rule file (API reference, "RuleGroupsNamespaceData"; Prometheus docs, "Recording rules")."""
    content, reason = _mapping(text)
    if reason:
        yield reason
        return
    yield from _unknown(content, ("groups",), "a rule file")
    groups = content.get("groups")
    if not isinstance(groups, list) or not groups:
        yield "groups: expected a list of rule groups"
        return
    if len(groups) > MOST_GROUPS:
        yield f"groups: has {len(groups)} rule groups, expected at most {MOST_GROUPS}"
    names = [group.get("name") for group in groups if isinstance(group, dict)]
    yield from (f"groups: two rule groups have the name {name!r}" for name in sorted({str(name) for name in names if names.count(name) > 1}))
    for index, group in enumerate(groups):
        where = f"groups[{index}]"
        yield from _group(group, f"{where} ({group['name']})" if isinstance(group, dict) and "name" in group else where)


def _group(group: Any, where: str) -> Iterator[str]:
    if not isinstance(group, dict) or not group.get("name"):
        yield f"{where}: expected a rule group with a name"
        return
    for name in ("interval", "query_offset"):
        if name in group and duration(group[name]) is None:
            yield f"{where}.{name}: {group[name]!r} is not a duration like 1m"
    rules = group.get("rules") or []
    if not isinstance(rules, list):
        yield f"{where}.rules: expected a list"
        return
    if len(rules) > MOST_RULES:
        yield f"{where}: has {len(rules)} rules, expected at most {MOST_RULES}"
    for index, rule in enumerate(rules):
        yield from _rule(rule, f"{where}.rules[{index}]")


def _rule(rule: Any, where: str) -> Iterator[str]:
    if not isinstance(rule, dict):
        yield f"{where}: expected a rule"
        return
    if bool(rule.get("record")) == bool(rule.get("alert")):
        yield f"{where}: expected either record or alert"
    if not isinstance(rule.get("expr"), str | int | float) or rule["expr"] == "":
        yield f"{where}.expr: is required"
    for name in ("for", "keep_firing_for"):
        if name in rule and (rule.get("record") or duration(rule[name]) is None):
            yield f"{where}.{name}: {rule[name]!r} is not a duration of an alert"


def alert_manager(text: str) -> Iterator[str]:
    """What is refused in an alert manager definition (user guide, "Create an alert manager configuration in Amazon Managed Service for Prometheus")."""
    content, reason = _mapping(text)
    if reason:
        yield reason
        return
    yield from _unknown(content, ("template_files", "alertmanager_config"), "an alert manager definition")
    templates = content.get("template_files") or {}
    if not isinstance(templates, dict) or not all(isinstance(template, str) for template in templates.values()):
        yield "template_files: expected texts by their names"
    config = content.get("alertmanager_config")
    if not isinstance(config, str):
        yield "alertmanager_config: expected a text (`alertmanager_config: |`) that is Alertmanager's configuration"
        return
    inner, reason = _mapping(config)
    yield from [f"alertmanager_config: {reason}"] if reason else (f"alertmanager_config: {line}" for line in _configuration(inner))


def _configuration(config: Mapping[str, Any]) -> Iterator[str]:
    receivers = config.get("receivers")
    if not isinstance(receivers, list) or not all(isinstance(receiver, dict) and receiver.get("name") for receiver in receivers):
        yield "receivers: expected a list of receivers with names"
        return
    for receiver in receivers:
        yield from _receiver(receiver, f"receivers[{receiver['name']}]")
    root = config.get("route")
    if not isinstance(root, dict) or not root.get("receiver"):
        yield "route: expected a route with a receiver"
        return
    routes = list(_routes(root))
    known = {receiver["name"] for receiver in receivers}
    yield from (f"route: there is no receiver {name!r}" for name in sorted({str(route["receiver"]) for route in routes if "receiver" in route} - known))
    for route in routes:
        for name in ("group_wait", "group_interval", "repeat_interval"):
            if name in route and duration(route[name]) is None:
                yield f"route.{name}: {route[name]!r} is not a duration like 5m"
    if len(routes) > MOST_ROUTES:
        yield f"route: has {len(routes)} nodes, expected at most {MOST_ROUTES}"
    if len(config.get("inhibit_rules") or ()) > MOST_INHIBITIONS:
        yield f"inhibit_rules: has {len(config['inhibit_rules'])} rules, expected at most {MOST_INHIBITIONS}"


def _receiver(receiver: Mapping[str, Any], where: str) -> Iterator[str]:
    for kind in sorted(set(receiver) - {"name", *RECEIVERS}):
        yield f"{where}: {kind} is not supported, expected one of {', '.join(RECEIVERS)}"
    for index, sns in enumerate(receiver.get("sns_configs") or ()):
        here = f"{where}.sns_configs[{index}]"
        if not isinstance(sns, dict):
            yield f"{here}: expected an object"
            continue
        yield from (f"{here}: {name} is not allowed" for name in SNS_FORBIDDEN if name in sns)
        if not sns.get("topic_arn"):
            yield f"{here}: topic_arn is required"
        if not (sns.get("sigv4") or {}).get("region"):
            yield f"{here}: sigv4.region is required"


def _routes(route: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield route
    for child in route.get("routes") or ():
        yield from _routes(child if isinstance(child, dict) else {})


def alert_manager_pitfalls(text: str) -> Iterator[str]:
    """What an alert manager definition says and AMP does not do: an interval over five days counts as five (the same page)."""
    if any(alert_manager(text)):
        return
    inner, _ = _mapping(_mapping(text)[0]["alertmanager_config"])
    for route in _routes(inner["route"]):
        repeat = duration(route.get("repeat_interval"))
        if repeat is not None and repeat > LONGEST_REPEAT:
            yield f"alertmanager_config: route.repeat_interval: {route['repeat_interval']} counts as 5d, the longest there is"


def scraping(text: str) -> Iterator[str]:
    """What is refused in a managed collector's scrape configuration."""
    content, reason = _mapping(text)
    if reason:
        yield reason
        return
    yield from _unknown(content, _SECTIONS, "a managed collector's configuration")
    jobs = content.get("scrape_configs")
    if not isinstance(jobs, list) or not jobs or not all(isinstance(job, dict) and job.get("job_name") for job in jobs):
        yield "scrape_configs: expected a list of jobs with names"
        return
    names = [str(job["job_name"]) for job in jobs]
    yield from (f"scrape_configs: two jobs have the name {name!r}" for name in sorted({name for name in names if names.count(name) > 1}))
    common = content.get("global") or {}
    yield from _interval(common, "global")
    for job in jobs:
        yield from _job(job, f"scrape_configs[{job['job_name']}]", common)


def _interval(settings: Any, where: str) -> Iterator[str]:
    for name in ("scrape_interval", "scrape_timeout") if isinstance(settings, dict) else ():
        if name not in settings:
            continue
        given = duration(settings[name])
        if given is None:
            yield f"{where}.{name}: {settings[name]!r} is not a duration like 30s"
        elif name == "scrape_interval" and given < LEAST_INTERVAL:
            yield f"{where}.{name}: is {settings[name]}, expected at least 30s"


def _job(job: Mapping[str, Any], where: str, common: Mapping[str, Any]) -> Iterator[str]:
    yield from _interval(job, where)
    interval = duration(job.get("scrape_interval", common.get("scrape_interval", "1m")))
    timeout = duration(job.get("scrape_timeout", common.get("scrape_timeout", "10s")))
    if interval is not None and timeout is not None and timeout > interval:
        yield f"{where}.scrape_timeout: is longer than the interval"  # Prometheus docs, "Configuration"
    for name in sorted(name for name in job if name.endswith("_sd_configs") and name != DISCOVERY):
        yield f"{where}.{name}: is not supported, expected {DISCOVERY} or static_configs"
    for name in sorted({"basic_auth", "oauth2"} & set(job)):
        yield f"{where}.{name}: is not supported, expected authorization by the token in {CREDENTIALS_FILE}"
    authorization = job.get("authorization") or {}
    given = {"type": authorization.get("type", "Bearer"), "file": authorization.get("credentials_file", job.get("bearer_token_file", CREDENTIALS_FILE))}
    if given != {"type": "Bearer", "file": CREDENTIALS_FILE} or "credentials" in authorization or "bearer_token" in job:
        yield f"{where}.authorization: expected type Bearer and credentials_file {CREDENTIALS_FILE}"
    for static in job.get("static_configs") or ():
        for target in static.get("targets") or ():
            if not _ADDRESS.fullmatch(str(target)):
                yield f"{where}.static_configs: {target!r} is not an IP address, and the only name that is known is {API_SERVER}"


def scraping_pitfalls(text: str) -> Iterator[str]:
    """What a scrape configuration asks for and the collector may not see."""
    content, _ = _mapping(text)
    for job in content.get("scrape_configs") or ():
        for found in (job.get(DISCOVERY) or ()) if isinstance(job, dict) else ():
            if isinstance(found, dict) and found.get("role") in UNSEEN_ROLES:
                yield f"scrape_configs[{job.get('job_name')}]: role {found['role']} finds nothing: the collector may not list them; use endpoints"


def _mapping(text: str) -> tuple[dict[str, Any], str]:
    """A YAML text as a mapping, or why it is none."""
    if len(text.encode()) > MOST_BYTES:
        return {}, f"has {len(text.encode())} bytes, expected at most {MOST_BYTES}"
    try:
        found = yaml.load(text, _LOADER)  # noqa: S506 - a safe loader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 1}" if mark else ""
        return {}, f"is not YAML{line}: {getattr(error, 'problem', None) or error}"
    return (found, "") if isinstance(found, dict) else ({}, "is YAML, but not a mapping")


def _unknown(content: Mapping[str, Any], known: Iterable[str], what: str) -> Iterator[str]:
    for name in sorted(set(map(str, content)) - set(known)):
        yield f"{name}: is not a part of {what}, which has {', '.join(known)}"
