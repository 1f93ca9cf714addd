"""Managed collectors: what they need of their account, and what AMP makes for them."""

import re
from typing import Any

from ... import ampdocuments
from . import neighbours
from .errors import Invalid, NotFound, TooMany, refuse_text
from .pages import page
from .state import ACTIVE, Answer, Params, Region, Scraper, new_uuid, now

MOST_SCRAPERS = 10  # user guide, "Set up managed collectors for Amazon EKS", "Scraper limitations"
WORKSPACE = re.compile(r"arn:aws[-a-z]*:aps:(?P<region>[-a-z0-9]+):(?P<account>\d{12}):workspace/(?P<id>.+)")
DEFAULT_CONFIGURATION = b"""global:
  scrape_interval: 30s
scrape_configs:
  - job_name: pod_exporter
    kubernetes_sd_configs:
      - role: pod
"""


def create(region: Region, params: Params) -> Answer:
    """CreateScraper. ACTIVE at once, with its role, its access to the cluster and its network interfaces."""
    _check_configuration(params["scrapeConfiguration"])
    _check_destination(region, params["destination"], params.get("roleConfiguration"))
    source = _checked_source(region, params["source"])
    if len(region.scrapers) >= MOST_SCRAPERS:
        raise TooMany(f"Collectors per region: at most {MOST_SCRAPERS}.", "", "Scraper")
    roles = params.get("roleConfiguration")
    id_ = f"s-{new_uuid()}"
    scraper = Scraper(
        scraper_id=id_,
        arn=region.arn(f"scraper/{id_}"),
        role_arn=neighbours.make_role(region, writes_as_another=bool(roles)),
        alias=params.get("alias"),
        scrape_configuration=dict(params["scrapeConfiguration"]),
        source=source,
        destination=dict(params["destination"]),
        role_configuration=dict(roles) if roles else None,
        tags=dict(params.get("tags") or {}),
    )
    if eks := source.get("eksConfiguration"):
        scraper.admitted = neighbours.admit(region, eks["clusterArn"], scraper.role_arn)
    neighbours.place_interfaces(region, id_, **_placement(source))
    region.scrapers[id_] = scraper
    return {"scraperId": id_, "arn": scraper.arn, "status": ACTIVE, "tags": scraper.tags}


def _check_configuration(given: Params) -> None:
    """API reference, ScrapeConfiguration: a YAML text; user guide, "Scraper configuration": what of Prometheus' is allowed in it."""
    try:
        refuse_text(f"scrapeConfiguration: {reason}" for reason in ampdocuments.scraping(bytes(given["configurationBlob"]).decode()))
    except (KeyError, UnicodeDecodeError) as error:
        raise Invalid("scrapeConfiguration is not a text", "CANNOT_PARSE") from error


def _check_destination(region: Region, given: Params, roles: Params | None) -> None:
    """User guide, "Scraper limitations": in the region of the collector; in another account, or with a key of one's own, by roles of one's own."""
    arn = (given.get("ampConfiguration") or {}).get("workspaceArn", "")
    match = WORKSPACE.fullmatch(arn)
    if match is None or match["region"] != region.region_name:
        raise Invalid(f"destination {arn} is not a workspace in {region.region_name}", "FIELD_VALIDATION_FAILED")
    for name in ("sourceRoleArn", "targetRoleArn") if roles else ():
        neighbours.check_role(region, name, (roles or {}).get(name))
    workspace = neighbours.workspaces(region, match["account"]).get(match["id"])
    if match["account"] == region.account_id and workspace is None:
        raise NotFound("Workspace not found", match["id"], "Workspace")
    if workspace is not None and workspace.kms_key_arn and not roles:
        raise Invalid("A workspace with a customer managed key needs a roleConfiguration with both roles.")
    if match["account"] != region.account_id and not roles:
        raise Invalid("A workspace in another account needs a roleConfiguration with both roles.")


def _checked_source(region: Region, given: Params) -> dict[str, Any]:
    """The source, with the security group that AMP fills in."""
    if eks := given.get("eksConfiguration"):
        cluster = neighbours.cluster(region, eks["clusterArn"])
        groups = list(eks.get("securityGroupIds") or [cluster.resources_vpc_config["clusterSecurityGroupId"]])
        neighbours.check_placement(region, eks["subnetIds"], groups, cluster.resources_vpc_config["vpcId"])
        return {"eksConfiguration": {**eks, "securityGroupIds": groups}}
    vpc = given.get("vpcConfiguration") or {}
    if not vpc:
        raise Invalid("source needs an eksConfiguration or a vpcConfiguration", "FIELD_VALIDATION_FAILED")
    neighbours.check_placement(region, vpc["subnetIds"], vpc["securityGroupIds"], None)
    return {"vpcConfiguration": dict(vpc)}


def _placement(source: Params) -> dict[str, list[str]]:
    (place,) = source.values()
    return {"subnets": place["subnetIds"], "groups": place["securityGroupIds"]}


def view(scraper: Scraper, *, whole: bool = True) -> dict[str, Any]:
    """A scraper as DescribeScraper shows it; a list leaves the configuration out."""
    shown = {name: value for name, value in vars(scraper).items() if name not in ("logging", "admitted")}
    return shown if whole else {name: value for name, value in shown.items() if name != "scrape_configuration"}


def describe(region: Region, params: Params) -> Answer:
    """DescribeScraper."""
    return {"scraper": view(region.scraper(params))}


def list_(region: Region, params: Params) -> Answer:
    """ListScrapers, by alias (its beginning), source ARN, destination ARN or status (API reference)."""
    filters: dict[str, list[str]] = dict(params.get("filters") or {})
    return page("scrapers", (view(one, whole=False) for one in region.scrapers.values() if _matches(one, filters)), params)


def _matches(scraper: Scraper, filters: dict[str, list[str]]) -> bool:
    seen = {
        "sourceArn": scraper.source.get("eksConfiguration", {}).get("clusterArn", ""),
        "destinationArn": (scraper.destination.get("ampConfiguration") or {}).get("workspaceArn", ""),
        "status": scraper.status["statusCode"],
    }
    for name, wanted in filters.items():
        if name == "alias":
            if not any((scraper.alias or "").startswith(one) for one in wanted):
                return False
        elif name not in seen:
            raise Invalid(f"filter {name} is not one of alias, {', '.join(seen)}", "FIELD_VALIDATION_FAILED")
        elif seen[name] not in wanted:
            return False
    return True


def update(region: Region, params: Params) -> Answer:
    """UpdateScraper: what is given. A new destination without roles goes back to the service-linked role (user guide, "Changing between ...")."""
    scraper = region.scraper(params)
    roles = params.get("roleConfiguration")
    if params.get("scrapeConfiguration"):
        _check_configuration(params["scrapeConfiguration"])
    if params.get("destination") or roles:
        destination = params.get("destination") or scraper.destination
        _check_destination(region, destination, roles)
        scraper.destination, scraper.role_configuration = dict(destination), dict(roles) if roles else None
    if params.get("scrapeConfiguration"):
        scraper.scrape_configuration = dict(params["scrapeConfiguration"])
    if params.get("alias") is not None:
        scraper.alias = params["alias"]
    scraper.last_modified_at = now()
    return {"scraperId": scraper.scraper_id, "arn": scraper.arn, "status": ACTIVE, "tags": scraper.tags}


def delete(region: Region, params: Params) -> Answer:
    """DeleteScraper, with what AMP made for it: network interfaces, access entry and role."""
    scraper = region.scraper(params)
    neighbours.remove_interfaces(region, scraper.scraper_id)
    if scraper.admitted:
        neighbours.dismiss(region, scraper.source["eksConfiguration"]["clusterArn"], scraper.role_arn)
    neighbours.remove_role(region, scraper.role_arn)
    del region.scrapers[scraper.scraper_id]
    return {"scraperId": scraper.scraper_id, "status": {"statusCode": "DELETING"}}


def default_configuration(_region: Region, _params: Params) -> Answer:
    """GetDefaultScraperConfiguration: the first job of AWS' only; the whole text was not at hand."""
    return {"configuration": DEFAULT_CONFIGURATION}


OPERATIONS = {
    "CreateScraper": create,
    "DescribeScraper": describe,
    "ListScrapers": list_,
    "UpdateScraper": update,
    "DeleteScraper": delete,
    "GetDefaultScraperConfiguration": default_configuration,
}
