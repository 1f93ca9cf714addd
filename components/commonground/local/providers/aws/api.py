"""The AWS API as a row of the table uses it: one account and region, requests built from arguments, answers in Pulumi's names."""

import re
import threading
from collections.abc import Mapping
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import create_loader
from botocore.model import Shape
from botocore.parsers import ResponseParserError

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


class Clients:
    """boto3 clients of the local cloud, one for each service, account and region; made once, used by many threads."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._made: dict[tuple[str, str, str], Any] = {}
        self._sessions: dict[str, boto3.Session] = {}
        self._lock = threading.RLock()

    def get(self, service: str, account: str, region: str) -> Any:
        """The client of a service."""
        with self._lock:
            key = (service, account, region)
            if key not in self._made:
                self._made[key] = self._client(self._session(account, region), service, region)
            return self._made[key]

    def _session(self, account: str, region: str) -> boto3.Session:
        if account not in self._sessions:
            session = _session_of(region, "commonground", "commonground")  # loopback takes any
            if account != HOME_ACCOUNT:
                keys = self._client(session, "sts", region).assume_role(RoleArn=f"arn:aws:iam::{account}:role/deploy", RoleSessionName="commonground")
                found = keys["Credentials"]
                session = _session_of(region, found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])
            self._sessions[account] = session
        return self._sessions[account]

    def _client(self, session: boto3.Session, service: str, region: str) -> Any:
        config = Config(retries={"max_attempts": 0}, max_pool_connections=40, connect_timeout=5, read_timeout=60, parameter_validation=True, proxies={})
        return session.client(service, region_name=region, endpoint_url=self.endpoint, config=config)


_LOADER = create_loader()


def _session_of(region: str, key: str, secret: str, token: str | None = None) -> boto3.Session:
    """A session that shares the loaded models: each session of its own would read EC2's again, a third of a second."""
    session = botocore.session.get_session()
    session.register_component("data_loader", _LOADER)
    return boto3.Session(key, secret, token, region_name=region, botocore_session=session)


class Api:
    """One account and region of the cloud, for one resource type. Without clients (plan mode) nothing can be called."""

    def __init__(self, row: ResourceType, account: str, region: str, clients: Clients | None) -> None:
        self.row, self.account, self.region, self._clients = row, account, region, clients

    def call(self, operation: str, *, service: str | None = None, **parameters: Any) -> dict[str, Any]:
        """Calls an operation by its API name. Raises `ApiError` when it is refused."""
        if self._clients is None:
            raise StandInError(f"{operation} was about to be called in plan mode, which calls nothing")
        client = self._clients.get(service or self.row.service, self.account, self.region)
        try:
            return dict(client._make_api_call(operation, parameters))  # by API names, as the table has them
        except ClientError as error:
            raise ApiError(operation, error.response["Error"].get("Code", "Unknown"), error.response["Error"].get("Message", "")) from None
        except (BotoCoreError, ResponseParserError) as error:
            raise StandInError(f"{operation}: {error}") from None

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
