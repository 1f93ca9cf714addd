"""The AWS API as a row of the table uses it: one account and region, requests built from arguments, answers in Pulumi's names."""

import re
from collections.abc import Mapping
from typing import Any, Protocol

from botocore.model import Shape

from commonground.local.providers.aws import models
from commonground.local.providers.aws.types import LOCAL_TYPES, ResourceType
from commonground.local.providers.errors import StandInError
from commonground.local.providers.values import Properties

GONE = re.compile(r"NotFound|NoSuch|NotExist|ResourceNotFoundException|InvalidLaunchTemplateId|\b404\b")
"""Codes by which AWS' services say that a thing is not there."""

HOME_ACCOUNT = "123456789012"
"""moto's own account: whose keys a client without a role has."""


class ApiError(StandInError):
    """A call that was refused: the operation, AWS' code and its message."""

    def __init__(self, operation: str, code: str, message: str) -> None:
        super().__init__(f"{operation}: {code}: {message}")
        self.operation, self.code, self.message = operation, code, message

    @property
    def gone(self) -> bool:
        """Whether it says that the thing is not there."""
        return GONE.search(self.code) is not None


class Caller(Protocol):
    """Who calls the cloud."""

    def call(self, service: str, account: str, region: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Calls an operation by its API name. Raises `ApiError` when it is refused, `StandInError` when there is no answer."""


class Api:
    """One account and region of the cloud, for one resource type. Without clients (plan mode) nothing can be called."""

    def __init__(self, row: ResourceType, account: str, region: str, clients: Caller | None) -> None:
        self.row, self.account, self.region, self._clients = row, account, region, clients

    def call(self, operation: str, *, service: str | None = None, **parameters: Any) -> dict[str, Any]:
        """Calls an operation by its API name. Raises `ApiError` when it is refused."""
        if self._clients is None:
            raise StandInError(f"{operation} was about to be called in plan mode, which calls nothing")
        return self._clients.call(service or self.row.service, self.account, self.region, operation, parameters)

    def request(self, operation: str, inputs: Properties, *, only: set[str] | None = None) -> dict[str, Any]:
        """The parameters of an operation that the given inputs (or `only` some of them) have a place for."""
        request: dict[str, Any] = {}
        for name, value in inputs.items():
            if name not in self.row.arguments or (only is not None and name not in only):
                continue
            argument = self.row.argument(name)
            if argument.at in LOCAL_TYPES or not argument.at.startswith(f"{operation}."):
                continue
            *parents, last = argument.at.split(".")[1:]
            place = request
            for parent in parents:
                place = place.setdefault(parent, {})
            place[last] = models.to_api(models.shape(self.row.service, argument.at), value, argument.fields)
        return request

    def ask(self, operation: str, path: str, *, names: Mapping[str, str] = models.NO_FIELDS, service: str | None = None, **parameters: Any) -> Any:
        """What an operation answers at a path (`Subnets[0]`, `cluster`), in Pulumi's names. None if it is not there.

        `names` gives the Pulumi name for API members that have another one in Pulumi.
        """
        try:
            answer: Any = self.call(operation, service=service, **parameters)
        except ApiError as error:
            if error.gone:
                return None
            raise
        of: Shape | None = models.operation(service or self.row.service, operation).output_shape
        for step in re.findall(r"[^.\[\]]+", path):
            if answer is None or of is None:
                return None
            if step.isdigit():
                answer, of = (answer[int(step)] if len(answer) > int(step) else None), of.member
            else:
                answer, of = answer.get(step), of.members[step]
        return models.from_api(of, answer, names)

    def gone(self, operation: str, *, service: str | None = None, **parameters: Any) -> None:
        """Calls an operation that deletes; what is not there any more counts as deleted."""
        try:
            self.call(operation, service=service, **parameters)
        except ApiError as error:
            if not error.gone:
                raise

    def arn(self, service: str, resource: str, *, regional: bool = True, account: bool = True) -> str:
        """An ARN of this account and region."""
        return f"arn:aws:{service}:{self.region if regional else ''}:{self.account if account else ''}:{resource}"

    def tag_specifications(self, kind: str, inputs: Properties) -> list[dict[str, Any]]:
        """EC2's `TagSpecifications` for what is created with these inputs; empty without tags."""
        tags = [{"Key": key, "Value": value} for key, value in sorted(inputs.get("tagsAll", {}).items())]
        return [{"ResourceType": kind, "Tags": tags}] if tags else []

    def retag(self, old: Properties, new: Properties, *, tag: "TagCall", untag: "TagCall") -> None:
        """Calls `tag` with the tags that are new or changed and `untag` with the keys that went, each only where there are some."""
        before, after = old.get("tagsAll", {}), new.get("tagsAll", {})
        gone = sorted(set(before) - set(after))
        changed = {key: value for key, value in sorted(after.items()) if before.get(key) != value}
        if gone:
            untag(gone)
        if changed:
            tag(changed)


TagCall = Any
"""A function of tags (a dict) or of keys (a list)."""
