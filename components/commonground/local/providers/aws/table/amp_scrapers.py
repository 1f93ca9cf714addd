"""Amazon Managed Prometheus: managed collectors and their logs. Facts from terraform-provider-aws (internal/service/amp) and pulumi-aws."""

from collections.abc import Iterable
from typing import Any

from commonground.local import ampdocuments
from commonground.local.providers.aws.api import Api
from commonground.local.providers.aws.table.amp import CLOUDWATCH, check_text, found_by_tags, text_of
from commonground.local.providers.aws.table.common import put_again, retag_by_arn
from commonground.local.providers.aws.types import Argument, ResourceType
from commonground.local.providers.values import UNKNOWN, Properties

FIELDS = {"amp": "ampConfiguration", "cloudwatch": "cloudWatchConfiguration", "eks": "eksConfiguration", "vpc": "vpcConfiguration"}
NAMES = {member: name for name, member in FIELDS.items()}
UPDATED = ("alias", "destination", "roleConfiguration")
ROLES = ("sourceRoleArn", "targetRoleArn")


def _configuration(new: Properties) -> dict[str, Any]:
    return {"scrapeConfiguration": {"configurationBlob": new["scrapeConfiguration"]}}


def _create(api: Api, new: Properties) -> str:
    request = {**api.request("CreateScraper", new), **_configuration(new)}
    return str(api.call("CreateScraper", **request, tags=new.get("tagsAll", {}))["scraperId"])


def _read(api: Api, id_: str, _state: Properties) -> Properties | None:
    found = api.ask("DescribeScraper", "scraper", scraperId=id_, names={**NAMES, "tags": "tagsAll"})
    if found is None:
        return None
    return {
        **{name: found.get(name) for name in ("alias", "arn", "roleArn", "source", "destination")},
        "roleConfiguration": found.get("roleConfiguration") or None,
        "scrapeConfiguration": text_of(api, "DescribeScraper", "scraper", "scrapeConfiguration", "configurationBlob", scraperId=id_),
        "__status": found.get("status", {}),
        "tagsAll": found.get("tagsAll", {}),
    }


def _update(api: Api, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
    if changed & {*UPDATED, "scrapeConfiguration"}:  # all of them are sent: without its roles a scraper would lose them
        api.call("UpdateScraper", scraperId=id_, **api.request("CreateScraper", new, only=set(UPDATED)), **_configuration(new))
    retag_by_arn(api, api.arn("aps", f"scraper/{id_}"), old, new)


def _traps(inputs: Properties) -> Iterable[tuple[str, str]]:
    yield from check_text("scrapeConfiguration", ampdocuments.scraping, ampdocuments.scraping_pitfalls)(inputs)
    roles = inputs.get("roleConfiguration")
    if isinstance(roles, dict):
        for name in ROLES:
            if name not in roles:
                yield f"roleConfiguration.{name}", "is required: the two roles need each other"
    for name, known in (("source", ("eks", "vpc")), ("destination", ("amp", "cloudwatch"))):
        given = inputs.get(name)
        if isinstance(given, dict) and len(set(given) & set(known)) != 1:
            yield name, f"expected exactly one of {' and '.join(known)}"
    eks = inputs["source"].get("eks") if isinstance(inputs.get("source"), dict) else None
    subnets = eks.get("subnetIds") if isinstance(eks, dict) else None
    if isinstance(subnets, list) and len(subnets) < 2 and UNKNOWN not in subnets:
        yield "source.eks.subnetIds", "needs two subnets in two zones (user guide, Set up managed collectors for Amazon EKS)"


def _health(found: Properties) -> list[str]:
    status = found.get("__status", {})
    return [f"{status['statusCode']}: {status.get('statusReason', 'no reason given')}"] if str(status.get("statusCode", "")).endswith("_FAILED") else []


SCRAPER = ResourceType(
    token="aws:amp/scraper:Scraper",
    service="amp",
    # Left out: exporter (OpenSearch), timeouts.
    arguments={
        "alias": "CreateScraper.alias",
        "destination": Argument("CreateScraper.destination", FIELDS),
        "roleConfiguration": "CreateScraper.roleConfiguration",
        "scrapeConfiguration": "string",
        "source": Argument("CreateScraper.source", FIELDS),
    },
    required=("destination", "scrapeConfiguration", "source"),
    replaces=("source",),
    computed=("arn", "roleArn"),
    optional=("source.eks.securityGroupIds",),
    sets=("source.eks.securityGroupIds", "source.eks.subnetIds", "source.vpc.securityGroupIds", "source.vpc.subnetIds"),
    check=_traps,
    id_prefix="s",
    id_is_uuid=True,
    planned=lambda api, id_, _: {
        "arn": api.arn("aps", f"scraper/{id_}"),
        "roleArn": api.arn("iam", f"role/aws-service-role/scraper.aps.amazonaws.com/AWSServiceRoleForAmazonPrometheusScraper_{id_}", regional=False),
    },
    create=_create,
    read=_read,
    update=_update,
    delete=lambda api, id_, _: api.gone("DeleteScraper", scraperId=id_),
    find=lambda api, new: found_by_tags(api, "ListScrapers", "scrapers", "scraperId", new),
    health=_health,
)


def _log(api: Api, new: Properties) -> str:
    components = [{"type": type_} for type_ in new.get("scraperComponents", [])]
    more: dict[str, Any] = {"scraperComponents": components} if components else {}
    api.call("UpdateScraperLoggingConfiguration", **api.request("UpdateScraperLoggingConfiguration", new), **more)
    return str(new["scraperId"])


def _read_logging(api: Api, id_: str, _state: Properties) -> Properties | None:
    found = api.ask("DescribeScraperLoggingConfiguration", "", scraperId=id_, names=CLOUDWATCH)
    if found is None:
        return None
    components = [component["type"] for component in found.get("scraperComponents", [])]
    return {"scraperId": id_, "loggingDestination": found.get("loggingDestination"), "scraperComponents": components}


COMPONENTS = ("COLLECTOR", "EXPORTER", "SERVICE_DISCOVERY")


def _component_traps(inputs: Properties) -> Iterable[tuple[str, str]]:
    given = inputs.get("scraperComponents")
    for index, type_ in enumerate(given if isinstance(given, list) else []):
        if type_ not in (*COMPONENTS, UNKNOWN):
            yield f"scraperComponents[{index}]", f"{type_!r} is not one of {', '.join(COMPONENTS)}"


SCRAPER_LOGGING = ResourceType(
    token="aws:amp/scraperLoggingConfiguration:ScraperLoggingConfiguration",
    service="amp",
    # From the SDK and botocore's model: the provider's code was not at hand. Left out: timeouts.
    arguments={
        "scraperId": "UpdateScraperLoggingConfiguration.scraperId",
        "loggingDestination": "UpdateScraperLoggingConfiguration.loggingDestination",
        "scraperComponents": "strings",
    },
    required=("scraperId", "loggingDestination"),
    replaces=("scraperId",),
    optional=("scraperComponents",),
    sets=("scraperComponents",),
    taggable=False,
    check=_component_traps,
    planned=lambda _api, _id, inputs: {"scraperComponents": list(inputs.get("scraperComponents", COMPONENTS))},
    planned_id=lambda _, inputs: str(inputs["scraperId"]),
    create=_log,
    read=_read_logging,
    update=put_again(_log),
    delete=lambda api, id_, _: api.gone("DeleteScraperLoggingConfiguration", scraperId=id_),
    find=lambda api, new: str(new["scraperId"]) if _read_logging(api, new["scraperId"], {}) else None,
)

ROWS = (SCRAPER, SCRAPER_LOGGING)
