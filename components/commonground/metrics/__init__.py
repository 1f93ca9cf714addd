"""The metrics stack: workspace, collector, rules, alert routes, dashboards, Grafana."""
