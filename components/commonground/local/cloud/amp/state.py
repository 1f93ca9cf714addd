# mypy: allow-subclassing-any
"""What Amazon Managed Prometheus keeps of one account and region: moto's own backend, so that accounts and regions stay apart and moto's reset clears it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import ModuleType
from typing import Any

from moto.amp import urls
from moto.amp.models import PrometheusServiceBackend
from moto.core.utils import utcnow
from moto.moto_api._internal import mock_random

from .errors import NotFound

Params = Mapping[str, Any]
"""A call's parameters by the names of botocore's model."""
Answer = Mapping[str, object]
"""A call's result by the names of botocore's model; objects may spell them in snake case."""

ACTIVE = {"statusCode": "ACTIVE"}
"""Everything is ready at once here."""


def now() -> datetime:
    """The time in UTC, as moto's serialiser takes it."""
    moment: datetime = utcnow()
    return moment


def new_uuid() -> str:
    """A new UUID, from moto's generator, which a test can seed."""
    return str(mock_random.uuid4())


@dataclass
class Text:
    """Something that is a text of a workspace: a rule file or the alert manager's definition."""

    data: bytes
    name: str = ""
    arn: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    status: Mapping[str, str] = field(default_factory=lambda: ACTIVE)
    created_at: datetime = field(default_factory=now)
    modified_at: datetime = field(default_factory=now)

    def put(self, data: bytes) -> None:
        """Another text."""
        self.data, self.modified_at = data, now()


@dataclass
class Logging:
    """Where logs go: of a workspace's rules and alerts, of its queries, or of a scraper."""

    where: dict[str, Any]
    """As the operation's parameters have it."""
    status: Mapping[str, str] = field(default_factory=lambda: ACTIVE)
    created_at: datetime = field(default_factory=now)
    modified_at: datetime = field(default_factory=now)


@dataclass
class Workspace:
    """A workspace and all that belongs to it."""

    workspace_id: str
    arn: str
    prometheus_endpoint: str
    alias: str | None
    kms_key_arn: str | None
    tags: dict[str, str]
    status: Mapping[str, str] = field(default_factory=lambda: ACTIVE)
    created_at: datetime = field(default_factory=now)
    rules: dict[str, Text] = field(default_factory=dict)
    """Rule group namespaces by name."""
    alert_manager: Text | None = None
    logging: Logging | None = None
    query_logging: Logging | None = None
    retention_days: int = 150
    """User guide, "Configure your workspace": the default."""
    limits: list[dict[str, Any]] = field(default_factory=list)
    out_of_order_seconds: int | None = None
    rule_query_offset_seconds: int | None = None


@dataclass
class Scraper:
    """A managed collector."""

    scraper_id: str
    arn: str
    role_arn: str
    alias: str | None
    scrape_configuration: dict[str, Any]
    source: dict[str, Any]
    destination: dict[str, Any]
    role_configuration: dict[str, Any] | None
    tags: dict[str, str]
    status: Mapping[str, str] = field(default_factory=lambda: ACTIVE)
    created_at: datetime = field(default_factory=now)
    last_modified_at: datetime = field(default_factory=now)
    logging: Logging | None = None
    admitted: bool = False
    """Whether AMP made an access entry in the cluster, which goes with it."""


class Region(PrometheusServiceBackend):
    """Amazon Managed Prometheus in one account and region."""

    account_id: str
    region_name: str
    partition: str
    access_key: str = ""
    """Who makes the call that is being answered."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.workspaces: dict[str, Workspace] = {}
        self.scrapers: dict[str, Scraper] = {}

    @property
    def _url_module(self) -> ModuleType:
        """Moto looks for it beside the class."""
        module: ModuleType = urls
        return module

    def workspace(self, params: Params) -> Workspace:
        """The workspace that a call names, or `NotFound`."""
        id_ = params["workspaceId"]
        if id_ not in self.workspaces:
            raise NotFound("Workspace not found", id_, "Workspace")
        return self.workspaces[id_]

    def scraper(self, params: Params) -> Scraper:
        """The scraper that a call names, or `NotFound`."""
        id_ = params["scraperId"]
        if id_ not in self.scrapers:
            raise NotFound("Scraper not found", id_, "Scraper")
        return self.scrapers[id_]

    def arn(self, resource: str) -> str:
        """ARN of something of AMP in this account and region."""
        return f"arn:{self.partition}:aps:{self.region_name}:{self.account_id}:{resource}"

    def tagged(self) -> Iterator[tuple[str, dict[str, str]]]:
        """ARN and tags of everything that has tags."""
        for workspace in self.workspaces.values():
            yield workspace.arn, workspace.tags
            yield from ((text.arn, text.tags) for text in workspace.rules.values())
        yield from ((scraper.arn, scraper.tags) for scraper in self.scrapers.values())
