# mypy: allow-subclassing-any
"""Refusals, by the codes that AMP gives them (botocore: amp, the exceptions of its operations)."""

from collections.abc import Iterable
from typing import NoReturn

from moto.core.exceptions import ServiceException


class Invalid(ServiceException):
    """A parameter that cannot be."""

    code = "ValidationException"

    def __init__(self, message: str, reason: str = "OTHER") -> None:
        super().__init__(message)
        self.reason = reason


class _OfResource(ServiceException):
    """About a resource, which the error names."""

    def __init__(self, message: str, id_: str, kind: str) -> None:
        super().__init__(message)
        self.resource_id, self.resource_type = id_, f"AWS::APS::{kind}"


class NotFound(_OfResource):
    """There is no such thing."""

    code = "ResourceNotFoundException"


class Conflict(_OfResource):
    """It is there already."""

    code = "ConflictException"


class TooMany(_OfResource):
    """More than the account's quota."""

    code = "ServiceQuotaExceededException"

    service_code = "aps"
    quota_code = ""


def refuse_text(reasons: Iterable[str]) -> None:
    """Refuses a text for the first of these reasons, if there is one."""
    for reason in reasons:
        _refuse(reason)


def _refuse(reason: str) -> NoReturn:
    raise Invalid(reason, "FIELD_VALIDATION_FAILED")
