"""boto3's clients of the local cloud."""

import threading
from collections.abc import Mapping
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from commonground.local.providers.aws import models
from commonground.local.providers.aws.api import HOME_ACCOUNT, ApiError
from commonground.local.providers.errors import StandInError


class Clients:
    """boto3 clients of the local cloud, one for each service, account and region; made once, used by many threads."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._made: dict[tuple[str, str, str], Any] = {}
        self._sessions: dict[str, boto3.Session] = {}
        self._lock = threading.RLock()

    def call(self, service: str, account: str, region: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Calls an operation by its API name. Raises `ApiError` when it is refused, `StandInError` when there is no answer."""
        client = self.get(service, account, region)
        try:
            return dict(client._make_api_call(operation, parameters))  # by API names, as the table has them
        except ClientError as error:
            raise ApiError(operation, error.response["Error"].get("Code", "Unknown"), error.response["Error"].get("Message", "")) from None
        except (BotoCoreError, ResponseParserError) as error:
            raise StandInError(f"{operation}: {error}") from None

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


def _session_of(region: str, key: str, secret: str, token: str | None = None) -> boto3.Session:
    """A session that shares the loaded models: each session of its own would read EC2's again, a third of a second."""
    session = botocore.session.get_session()
    session.register_component("data_loader", models.LOADER)
    return boto3.Session(key, secret, token, region_name=region, botocore_session=session)
