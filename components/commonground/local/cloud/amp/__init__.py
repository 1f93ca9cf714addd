"""Amazon Managed Prometheus of the local cloud: what moto lacks, and what it accepts and forgets."""

from .urls import install

__all__ = ["install"]
