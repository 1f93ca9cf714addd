# mypy: allow-subclassing-any
"""Refusals, by the codes that EKS gives them (botocore: eks, the exceptions of its operations)."""

from moto.core.exceptions import ServiceException


class Refusal(ServiceException):
    """A call that EKS refuses. What it is about stands in the attributes that botocore's model of the error names."""

    code = "InvalidRequestException"

    def __init__(self, message: str, *, cluster: str | None = None, nodegroup: str | None = None, addon: str | None = None) -> None:
        super().__init__(message)
        self.cluster_name = cluster
        self.nodegroup_name = nodegroup
        self.addon_name = addon


class ResourceInUse(Refusal):
    """It exists already, or something stands on it."""

    code = "ResourceInUseException"


class ResourceNotFound(Refusal):
    """There is no such thing."""

    code = "ResourceNotFoundException"


class InvalidParameter(Refusal):
    """A parameter, or parameters together, that cannot be."""

    code = "InvalidParameterException"


class InvalidRequest(Refusal):
    """The state of things does not allow it."""

    code = "InvalidRequestException"


class AccessDenied(Refusal):
    """A role that cannot be passed."""

    code = "AccessDeniedException"


class TagTargetNotFound(Refusal):
    """No such ARN: tagging has a code of its own."""

    code = "NotFoundException"


class BadTags(Refusal):
    """Tags that cannot be."""

    code = "BadRequestException"
