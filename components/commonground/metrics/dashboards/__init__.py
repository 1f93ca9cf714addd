"""Grafana's dashboards, one module each: what is read where infrastructure, applications and models are seen together."""

from commonground.metrics.dashboards.catalog import DASHBOARDS as DASHBOARDS
from commonground.metrics.dashboards.catalog import dashboards as dashboards
from commonground.metrics.dashboards.catalog import files as files
from commonground.metrics.dashboards.panels import SOURCE as SOURCE
