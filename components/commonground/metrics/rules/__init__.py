"""Recording and alerting rules, as Python data, for Amazon Managed Prometheus and any other Prometheus."""
