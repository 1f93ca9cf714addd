"""A small client of the Kubernetes API: what the simulated nodes, `commonground why` and the tests ask of it, and no more."""

import json
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import urllib3

MANAGER = "commonground"
SECONDS = 30.0
JSON = "application/json"
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"

Object = dict[str, Any]


class ApiError(Exception):
    """The API server refused, or does not answer. `status` is HTTP's (0 without an answer), `reason` Kubernetes' word, `message` the server's own."""

    def __init__(self, status: int, reason: str, message: str, path: str) -> None:
        self.status = status
        self.reason = reason
        self.message = message
        self.path = path
        super().__init__(f"{message} ({reason or status}, {path})")


class UnauthorizedError(ApiError):
    """401: it does not know who asks."""


class ForbiddenError(ApiError):
    """403: who asks may not, or admission refused: quota and pod security answer with it too."""


class NotFoundError(ApiError):
    """404: no such object or kind."""


class ConflictError(ApiError):
    """409: it exists already, changed meanwhile, or another manager owns a field."""


class InvalidError(ApiError):
    """400 or 422: the object is not what its kind takes. A field that its kind lacks is one too, which server-side apply answers with 500."""


class UnreachableError(ApiError):
    """No answer at all."""


_ERRORS: Mapping[int, type[ApiError]] = {
    400: InvalidError,
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    422: InvalidError,
}
_NOT_TYPED = "failed to create typed patch object"


@dataclass(frozen=True)
class Credentials:
    """Who asks: a bearer token, or a client certificate with its key (both PEM files)."""

    token: str | None = field(default=None, repr=False)
    certificate: Path | None = None
    key: Path | None = None


class Api:
    """A client for one server and one caller. Safe to share between threads.

    Paths are the server's own: `/api/v1/namespaces/shop/pods`. Every method raises `ApiError` or one of its kinds.
    """

    def __init__(self, endpoint: str, ca: Path, credentials: Credentials, *, seconds: float = SECONDS) -> None:
        self._endpoint = endpoint.rstrip("/")
        # One header may come several times.
        self._headers = urllib3.HTTPHeaderDict({"Accept": JSON})
        if credentials.token is not None:
            self._headers["Authorization"] = f"Bearer {credentials.token}"
        # A manager of pools of its own never goes through a proxy of the environment.
        self._http = urllib3.PoolManager(
            ca_certs=str(ca),
            cert_file=str(credentials.certificate) if credentials.certificate else None,
            key_file=str(credentials.key) if credentials.key else None,
            timeout=seconds,
            retries=False,
            maxsize=8,
        )
        self._plurals: dict[tuple[str, str], tuple[str, bool]] = {}

    def acting_as(self, user: str, *groups: str) -> "Api":
        """The same client speaking for another user with these groups (impersonation), which only administrators may."""
        other = copy(self)
        other._headers = urllib3.HTTPHeaderDict(self._headers)
        other._headers["Impersonate-User"] = user
        for group in groups:
            other._headers.add("Impersonate-Group", group)
        return other

    def get(self, path: str) -> Object:
        """One object, or whatever stands at a path."""
        return self._ask("GET", path)

    def list(self, path: str, *, labels: str = "", fields: str = "") -> list[Object]:
        """Objects of a collection, by label and field selectors. Without apiVersion and kind, as the server lists them."""
        items: list[Object] = self._ask("GET", path, query={"labelSelector": labels, "fieldSelector": fields})["items"]
        return items

    def create(self, object_: Object, *, namespace: str | None = None, dry_run: bool = False) -> Object:
        """Creates an object at the place of its kind, with strict validation of its fields. Also sends reviews (`SelfSubjectAccessReview`)."""
        query = {"fieldValidation": "Strict", "dryRun": "All" if dry_run else ""}
        return self._ask("POST", self.path(object_, namespace=namespace, named=False), object_, query=query)

    def apply(self, object_: Object, *, manager: str = MANAGER, force: bool = True, dry_run: bool = False, subresource: str = "") -> Object:
        """Server-side apply, with strict validation. Without `force` a field that another manager owns is a `ConflictError`."""
        query = {"fieldManager": manager, "force": str(force).lower(), "fieldValidation": "Strict", "dryRun": "All" if dry_run else ""}
        path = self.path(object_) + (f"/{subresource}" if subresource else "")
        return self._ask("PATCH", path, object_, query=query, content=APPLY)

    def patch(self, path: str, change: Object) -> Object:
        """Merges a change into an object (JSON merge patch); null removes. A path may end in a subresource (`/status`)."""
        return self._ask("PATCH", path, change, query={"fieldManager": MANAGER}, content=MERGE)

    def post(self, path: str, body: Object) -> Object:
        """Sends a body to a path, such as a pod's `/eviction` or a service account's `/token`."""
        return self._ask("POST", path, body)

    def delete(self, path: str, *, propagation: str = "Background", grace: int | None = None, missing_ok: bool = True) -> None:
        """Deletes an object, or all of a collection. `propagation` is Background, Foreground or Orphan; `grace` in seconds, 0 forces."""
        options: Object = {"propagationPolicy": propagation} | ({} if grace is None else {"gracePeriodSeconds": grace})
        try:
            self._ask("DELETE", path, options)
        except NotFoundError:
            if not missing_ok:
                raise

    def path(self, object_: Object, *, namespace: str | None = None, named: bool = True) -> str:
        """Where an object stands, by its kind (asked of the server once), namespace and name. `NotFoundError` for an unknown kind."""
        version, kind, metadata = object_["apiVersion"], object_["kind"], object_.get("metadata", {})
        plural, namespaced = self._plural(version, kind)
        parts = [_group(version)]
        if namespaced:
            parts += ["namespaces", namespace or metadata.get("namespace") or "default"]
        parts.append(plural)
        if named:
            parts.append(metadata["name"])
        return "/".join(parts)

    def _plural(self, version: str, kind: str) -> tuple[str, bool]:
        if (version, kind) not in self._plurals:
            for resource in self._ask("GET", _group(version))["resources"]:
                if "/" not in resource["name"]:
                    self._plurals[version, resource["kind"]] = (resource["name"], resource["namespaced"])
        try:
            return self._plurals[version, kind]
        except KeyError:
            raise NotFoundError(404, "NotFound", f"the server has no kind {kind} in {version}", _group(version)) from None

    def _ask(self, method: str, path: str, body: Object | None = None, *, query: Mapping[str, str] | None = None, content: str = JSON) -> Object:
        headers = urllib3.HTTPHeaderDict(self._headers)
        fields = {name: value for name, value in (query or {}).items() if value}
        if body is not None:
            headers["Content-Type"] = content
        url = self._endpoint + path + (f"?{urlencode(fields)}" if fields else "")
        try:
            response = self._http.request(method, url, headers=headers, body=None if body is None else json.dumps(body))
        except urllib3.exceptions.HTTPError as error:
            raise UnreachableError(0, "", f"{self._endpoint} does not answer: {error}", path) from None
        if response.status >= 400:
            raise _error(response.status, response.data, path)
        answer: Object = json.loads(response.data)
        return answer


def _group(version: str) -> str:
    """Path of a group and version: the core group has one of its own."""
    return f"/apis/{version}" if "/" in version else f"/api/{version}"


def _error(status: int, data: bytes, path: str) -> ApiError:
    try:
        answer = json.loads(data)
        reason, message = str(answer.get("reason") or ""), str(answer["message"])
    except (ValueError, KeyError, AttributeError, TypeError):
        reason, message = "", data.decode("utf-8", errors="replace").strip()
    kind = InvalidError if _NOT_TYPED in message else _ERRORS.get(status, ApiError)
    return kind(status, reason, message, path)
