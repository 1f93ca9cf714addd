"""What Grafana reads at its start: its settings as environment variables, its data source, and where its dashboards are."""

from collections.abc import Mapping
from types import MappingProxyType

import pulumi

from commonground.settings.metrics import MetricsSettings

DATA_SOURCE = "prometheus"
"""Uid and type of the one data source: dashboards name it."""
FOLDER = "Commonground"

SECRETS_DIR = "/etc/commonground/secrets"
DASHBOARDS_DIR = "/etc/commonground/dashboards"
PROVISIONING_DIR = "/etc/grafana/provisioning"
DATA_SOURCES_FILE = "datasources.yaml"
PROVIDERS_FILE = "dashboards.yaml"
PASSWORD_KEY = "password"  # noqa: S105  # a key's name
SIGNING_KEY = "secret-key"

REREAD_SECONDS = 60
"""How often Grafana looks for changed dashboards. The kubelet shows it a changed ConfigMap within about a minute, too."""

# With a type `Prometheus` Grafana only lists the rules of the workspace, and offers no editor that the role's rights would refuse. AMP does not say which
# version it is like; from 2.24 on label values are asked for by selector, as AMP takes it (AMP user guide, "GetLabels").
LIKE_VERSION = "2.40.0"

# Grafana docs, "Configure Grafana": [SECTION] key is GF_SECTION_KEY. One group a reason: nothing of ours leaves the cluster; nothing is installed or
# fetched at the start; nobody is in who did not sign in, and nobody signs up; alerts are evaluated and delivered by AMP, here they are only shown; AWS
# credentials are those of the pod, and no others.
VARIABLES: Mapping[str, str] = MappingProxyType(
    {
        "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES": "false",
        "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
        "GF_ANALYTICS_FEEDBACK_LINKS_ENABLED": "false",
        "GF_ANALYTICS_REPORTING_ENABLED": "false",
        "GF_NEWS_NEWS_FEED_ENABLED": "false",
        "GF_PUBLIC_DASHBOARDS_ENABLED": "false",
        "GF_SECURITY_DISABLE_GRAVATAR": "true",
        "GF_SNAPSHOTS_ENABLED": "false",
        "GF_SNAPSHOTS_EXTERNAL_ENABLED": "false",
        "GF_PLUGINS_PLUGIN_ADMIN_ENABLED": "false",
        "GF_PLUGINS_PREINSTALL_AUTO_UPDATE": "false",
        "GF_PLUGINS_PREINSTALL_DISABLED": "true",
        "GF_PLUGINS_PUBLIC_KEY_RETRIEVAL_DISABLED": "true",
        "GF_AUTH_ANONYMOUS_ENABLED": "false",
        "GF_USERS_ALLOW_ORG_CREATE": "false",
        "GF_USERS_ALLOW_SIGN_UP": "false",
        "GF_UNIFIED_ALERTING_EXECUTE_ALERTS": "false",
        "GF_AUTH_SIGV4_AUTH_ENABLED": "true",
        "GF_AWS_ALLOWED_AUTH_PROVIDERS": "default",
        "GF_AWS_ASSUME_ROLE_ENABLED": "false",
        # AMP user guide, "Set up Grafana open source ... for use with Amazon Managed Service for Prometheus".
        "AWS_SDK_LOAD_CONFIG": "true",
        "GF_LOG_MODE": "console",
        "GF_SECURITY_ADMIN_USER": "admin",
        # Grafana docs, "Configure a Grafana Docker image", GF_..._FILE: the value is no variable of the pod's spec.
        "GF_SECURITY_ADMIN_PASSWORD__FILE": f"{SECRETS_DIR}/{PASSWORD_KEY}",
        "GF_SECURITY_SECRET_KEY__FILE": f"{SECRETS_DIR}/{SIGNING_KEY}",
    }
)


def variables(home: str | None) -> dict[str, str]:
    """Environment variables of Grafana. `home`: name of the dashboard that it opens with; None: its own page."""
    opened = {"GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH": f"{DASHBOARDS_DIR}/{home}.json"} if home else {}
    return {**VARIABLES, **opened}


def data_sources(settings: MetricsSettings, endpoint: pulumi.Input[str], region: str) -> pulumi.Output[str]:
    """The file that makes the data source: JSON, which is YAML too. `endpoint`, `region`: the workspace's, the former without `api/v1/query`.

    Source: Grafana docs 12.4, "Configure the Prometheus data source" (provisioning, and "Connect to Amazon Managed Service for Prometheus").
    """
    source = {
        "name": "Prometheus",
        "uid": DATA_SOURCE,
        "type": DATA_SOURCE,
        "access": "proxy",
        "orgId": 1,
        "url": endpoint,
        "isDefault": True,
        "editable": False,
        "version": 1,
        "jsonData": {
            "httpMethod": "POST",
            "prometheusType": "Prometheus",
            "prometheusVersion": LIKE_VERSION,
            "timeInterval": f"{settings.scrape_seconds}s",
            "manageAlerts": True,
            "sigV4Auth": True,
            "sigV4AuthType": "default",
            "sigV4Region": region,
        },
    }
    return pulumi.Output.json_dumps({"apiVersion": 1, "datasources": [source]}, indent=2, sort_keys=True)


def providers() -> dict[str, object]:
    """The file that says where dashboards are: nobody changes or deletes them but by their files (Grafana docs, "Provision Grafana", dashboards)."""
    provider = {
        "name": "commonground",
        "orgId": 1,
        "type": "file",
        "folder": FOLDER,
        "folderUid": FOLDER.lower(),
        "disableDeletion": True,
        "allowUiUpdates": False,
        "updateIntervalSeconds": REREAD_SECONDS,
        "options": {"path": DASHBOARDS_DIR},
    }
    return {"apiVersion": 1, "providers": [provider]}
