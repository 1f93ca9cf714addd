"""The tag that says which logical resource a thing is. Project and environment come from the AWS provider's default tags."""

NAME = "Name"
"""Its key: the one that the EC2 console shows as a column."""


def named(logical_name: str, more: dict[str, str] | None = None) -> dict[str, str]:
    """Tags of the resource of this logical name, and `more`."""
    return {NAME: logical_name, **(more or {})}
