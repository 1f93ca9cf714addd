"""Kubernetes objects as files, one an object, so that a person can read what a cluster would hold."""

import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from commonground.local.providers.errors import StandInError
from commonground.local.providers.kubernetes.kinds import CONTENT, full_name
from commonground.local.providers.values import Properties

MASK = "[secret]"
"""In a file, in the place of each value of a Secret. It is no base64: no API server takes such a file for the object itself."""


class Store:
    """The objects of every cluster: `CLUSTER/KIND.GROUP/NAMESPACE.NAME.yaml` below a folder; kept in memory only where there is none.

    No file has the values of a Secret: the state keeps them, encrypted.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._kept: dict[tuple[str, str], Properties] = {}
        self._lock = threading.Lock()

    def create(self, cluster: str, object_: Properties) -> None:
        """Keeps a new object. Raises `StandInError` if one of its kind and name is there, as the API server does."""
        with self._lock:
            if self._read(cluster, object_) is not None:
                raise StandInError(f'{object_["kind"]} "{full_name(object_)}" already exists in cluster {cluster}')
            self._write(cluster, object_)

    def update(self, cluster: str, before: Properties, object_: Properties) -> None:
        """Keeps an object in place of its former self, which may have been of another API group."""
        with self._lock:
            if _key(cluster, before) != _key(cluster, object_):
                self._remove(cluster, before)
            self._write(cluster, object_)

    def read(self, cluster: str, object_: Properties) -> Properties | None:
        """The kept object of the same kind and name; None if there is none."""
        with self._lock:
            return self._read(cluster, object_)

    def delete(self, cluster: str, object_: Properties) -> None:
        """Forgets the object of the same kind and name."""
        with self._lock:
            self._remove(cluster, object_)

    def _remove(self, cluster: str, object_: Properties) -> None:
        self._kept.pop(_key(cluster, object_), None)
        if path := self._path(cluster, object_):
            path.unlink(missing_ok=True)
            for parent in (path.parent, path.parent.parent):
                if parent.is_dir() and not any(parent.iterdir()):
                    parent.rmdir()

    def _read(self, cluster: str, object_: Properties) -> Properties | None:
        path = self._path(cluster, object_)
        if path is None:
            return self._kept.get(_key(cluster, object_))
        return yaml.safe_load(path.read_text()) if path.is_file() else None

    def _write(self, cluster: str, object_: Properties) -> None:
        path = self._path(cluster, object_)
        if path is None:
            self._kept[_key(cluster, object_)] = object_
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_text(yaml.safe_dump(_masked(object_), sort_keys=True))
        partial.replace(path)

    def _path(self, cluster: str, object_: Properties) -> Path | None:
        return None if self._folder is None else self._folder / cluster / _key(cluster, object_)[1]


def unmasked(object_: Properties, known: Properties) -> Properties:
    """An object from its file, with the values that the state knows in the place of masks."""
    return _of_secrets(object_, lambda field, key, value: (known.get(field) or {}).get(key, value) if value == MASK else value)


def _masked(object_: Properties) -> Properties:
    return _of_secrets(object_, lambda field, key, value: MASK)


def _of_secrets(object_: Properties, value_of: Callable[[str, str, Any], Any]) -> Properties:
    fields = CONTENT["v1/Secret"] if object_.get("kind") == "Secret" else ()
    held = {field: object_[field] for field in fields if isinstance(object_.get(field), dict)}
    return {**object_, **{field: {key: value_of(field, key, value) for key, value in content.items()} for field, content in held.items()}}


def _key(cluster: str, object_: Properties) -> tuple[str, str]:
    group = str(object_.get("apiVersion", "")).rpartition("/")[0]
    kind = f"{object_.get('kind')}.{group}" if group else str(object_.get("kind"))
    return cluster, f"{_safe(kind)}/{_safe(full_name(object_))}.yaml"


def _safe(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]", ".", name)
