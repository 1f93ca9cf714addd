"""Everything that is added to moto before it serves: one `install()` a service."""

from importlib import import_module

# Modules of this package. Each has `install()`, which puts a subclass of a service's responses in the place of moto's and adds paths for what it lacks.
SERVICES = ("amp", "autoscaling", "ec2", "ecr", "eks", "iam", "kms", "logs", "s3", "sns", "ssm", "unknown")


def install() -> None:
    """Puts every responder in place. Called once, before the server listens."""
    for service in SERVICES:
        import_module(f".{service}", __package__).install()
