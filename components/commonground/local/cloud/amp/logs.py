"""Where AMP's logs go: of rules and alerts, of expensive queries, of scrapers."""

import re
from typing import Any

from moto.logs.models import logs_backends

from .errors import Conflict, Invalid, NotFound
from .state import ACTIVE, Answer, Logging, Params, Region, now

# botocore's model, LogGroupArn: it ends in `:*`, which the ARN of CloudWatch Logs itself may lack.
LOG_GROUP = re.compile(r"arn:aws[a-z0-9-]*:logs:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):log-group:(?P<name>[A-Za-z0-9.\-_#/]{1,512}):\*")
COMPONENTS = ("SERVICE_DISCOVERY", "COLLECTOR", "EXPORTER")


def _check_group(arn: str) -> None:
    match = LOG_GROUP.fullmatch(arn)
    if match is None:
        raise Invalid(f"logGroupArn {arn} is not like arn:aws:logs:REGION:ACCOUNT:log-group:NAME:*", "FIELD_VALIDATION_FAILED")
    if match["name"] not in logs_backends[match["account"]][match["region"]].groups:
        raise Invalid(f"The log group {match['name']} does not exist.")


def _changed(before: Logging | None, where: dict[str, Any]) -> Logging:
    return Logging(where, created_at=before.created_at if before else now())


def create(region: Region, params: Params) -> Answer:
    """CreateLoggingConfiguration: of the workspace's rules and alerts."""
    workspace = region.workspace(params)
    _check_group(params["logGroupArn"])
    if workspace.logging is not None:
        raise Conflict("Logging configuration already exists", workspace.workspace_id, "LoggingConfiguration")
    workspace.logging = Logging({"logGroupArn": params["logGroupArn"]})
    return {"status": ACTIVE}


def _logging(region: Region, params: Params) -> Logging:
    found = region.workspace(params).logging
    if found is None:
        raise NotFound("Logging configuration not found", params["workspaceId"], "LoggingConfiguration")
    return found


def describe(region: Region, params: Params) -> Answer:
    """DescribeLoggingConfiguration."""
    found = _logging(region, params)
    return {"loggingConfiguration": {**vars(found), **found.where, "workspace": params["workspaceId"]}}


def update(region: Region, params: Params) -> Answer:
    """UpdateLoggingConfiguration."""
    found = _logging(region, params)
    _check_group(params["logGroupArn"])
    region.workspace(params).logging = _changed(found, {"logGroupArn": params["logGroupArn"]})
    return {"status": ACTIVE}


def delete(region: Region, params: Params) -> Answer:
    """DeleteLoggingConfiguration."""
    _logging(region, params)
    region.workspace(params).logging = None
    return {}


def create_query(region: Region, params: Params) -> Answer:
    """CreateQueryLoggingConfiguration."""
    workspace = region.workspace(params)
    if workspace.query_logging is not None:
        raise Conflict("Query logging configuration already exists", workspace.workspace_id, "QueryLoggingConfiguration")
    workspace.query_logging = Logging(_destinations(params))
    return {"status": ACTIVE}


def _destinations(params: Params) -> dict[str, Any]:
    for destination in params["destinations"]:
        _check_group(destination["cloudWatchLogs"]["logGroupArn"])
    return {"destinations": params["destinations"]}


def _query_logging(region: Region, params: Params) -> Logging:
    found = region.workspace(params).query_logging
    if found is None:
        raise NotFound("Query logging configuration not found", params["workspaceId"], "QueryLoggingConfiguration")
    return found


def describe_query(region: Region, params: Params) -> Answer:
    """DescribeQueryLoggingConfiguration."""
    found = _query_logging(region, params)
    return {"queryLoggingConfiguration": {**vars(found), **found.where, "workspace": params["workspaceId"]}}


def update_query(region: Region, params: Params) -> Answer:
    """UpdateQueryLoggingConfiguration."""
    found = _query_logging(region, params)
    region.workspace(params).query_logging = _changed(found, _destinations(params))
    return {"status": ACTIVE}


def delete_query(region: Region, params: Params) -> Answer:
    """DeleteQueryLoggingConfiguration."""
    _query_logging(region, params)
    region.workspace(params).query_logging = None
    return {}


def update_scraper(region: Region, params: Params) -> Answer:
    """UpdateScraperLoggingConfiguration, which makes the first one too. No components: all of them."""
    scraper = region.scraper(params)
    _check_group(params["loggingDestination"]["cloudWatchLogs"]["logGroupArn"])
    components = params.get("scraperComponents") or [{"type": type_} for type_ in COMPONENTS]
    scraper.logging = _changed(scraper.logging, {"loggingDestination": params["loggingDestination"], "scraperComponents": components})
    return {"status": ACTIVE}


def describe_scraper(region: Region, params: Params) -> Answer:
    """DescribeScraperLoggingConfiguration."""
    found = region.scraper(params).logging
    if found is None:
        raise NotFound("Scraper logging configuration not found", params["scraperId"], "ScraperLoggingConfiguration")
    return {**vars(found), **found.where, "scraperId": params["scraperId"]}


def delete_scraper(region: Region, params: Params) -> Answer:
    """DeleteScraperLoggingConfiguration."""
    describe_scraper(region, params)
    region.scraper(params).logging = None
    return {}


OPERATIONS = {
    "CreateLoggingConfiguration": create,
    "DescribeLoggingConfiguration": describe,
    "UpdateLoggingConfiguration": update,
    "DeleteLoggingConfiguration": delete,
    "CreateQueryLoggingConfiguration": create_query,
    "DescribeQueryLoggingConfiguration": describe_query,
    "UpdateQueryLoggingConfiguration": update_query,
    "DeleteQueryLoggingConfiguration": delete_query,
    "UpdateScraperLoggingConfiguration": update_scraper,
    "DescribeScraperLoggingConfiguration": describe_scraper,
    "DeleteScraperLoggingConfiguration": delete_scraper,
}
