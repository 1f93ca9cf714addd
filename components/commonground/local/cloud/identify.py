"""Which AWS call an HTTP request is: read from its signature and moto's copy of botocore's models."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from moto.iam.models import get_account_id_from
from werkzeug.exceptions import HTTPException

# Names in a signature that are not boto3's name of the service (botocore's service models, `signingName`).
SIGNING_NAMES = {
    "aps": "amp",
    "elasticloadbalancing": "elbv2",
    "monitoring": "cloudwatch",
    "s3express": "s3",
    "states": "stepfunctions",
    "tagging": "resourcegroupstaggingapi",
}


@dataclass(frozen=True)
class Identified:
    """A request as an AWS call."""

    service: str
    operation: str
    account: str
    region: str
    _request: Request
    _path_parameters: Mapping[str, Any]

    def parameters(self) -> Mapping[str, Any]:
        """The call's parameters; only those in its path if the rest cannot be read: then moto says what is wrong with it."""
        try:
            model = get_service_model(self.service)
            parser = PROTOCOL_PARSERS[determine_request_protocol(model, self._request.content_type)](model.operation_model(self.operation))
            return parser.parse(_parts(self._request) | {"url_params": self._path_parameters}) or {}
        except Exception:  # noqa: BLE001 - parsers of five protocols, each with errors of its own
            return self._path_parameters


def identify(environ: dict[str, Any], body: bytes) -> Identified:
    """The AWS call of a request. One that no model knows is named by its method and path."""
    request = Request(environ)
    access_key, region, service = _signature(environ.get("HTTP_AUTHORIZATION", ""))
    operation, in_path = _operation(service, request, body)
    return Identified(service, operation, get_account_id_from(access_key), region, request, in_path)


def _signature(authorization: str) -> tuple[str, str, str]:
    """Access key, region and service out of a version 4 signature; S3 in us-east-1 for an unsigned request, as moto takes it."""
    try:
        access_key, _, region, service, _ = authorization.split("Credential=", 1)[1].split(",", 1)[0].strip().split("/")
    except (IndexError, ValueError):
        return "", "us-east-1", "s3"
    return access_key, region, SIGNING_NAMES.get(service, service)


def _operation(service: str, request: Request, body: bytes) -> tuple[str, Mapping[str, Any]]:
    if target := request.headers.get("X-Amz-Target"):
        return target.rsplit(".", 1)[-1], {}
    if "form-urlencoded" in (request.content_type or "") and (action := parse_qs(body.decode("utf-8", "replace")).get("Action")):
        return action[0], {}
    try:
        operation, in_path = get_service_router(service).match(request)
    except (HTTPException, LookupError, NotImplementedError, ValueError):
        return f"{request.method} {request.path}", {}
    return operation.name, in_path


def _parts(request: Request) -> dict[str, Any]:
    return {"method": request.method, "values": request.values, "headers": request.headers, "body": request.data, "url_path": request.path}
