"""EC2: what moto lacks, forgets or lets pass of networks, security groups, launch templates and account defaults."""

from .install import install

__all__ = ["install"]
