"""IAM: OpenID Connect providers. Facts from terraform-provider-aws (internal/service/iam/openid_connect_provider.go) and IAM's API reference."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from commonground.local.providers.aws.api import Api
from commonground.local.providers.aws.types import ResourceType
from commonground.local.providers.values import UNKNOWN, Properties

SCHEME = "https://"
MOST_CLIENTS = 100  # IAM user guide, "IAM and AWS STS quotas"
# IAM API reference, CreateOpenIDConnectProvider: `https://`, no query, no port; a path may follow.
_URL = re.compile(r"(https://)?[A-Za-z0-9.-]+(/[^?#]*)?")


def _arn(api: Api, new: Properties) -> str:
    return api.arn("iam", f"oidc-provider/{_bare(new['url'])}", regional=False)


def _bare(url: str) -> str:
    return url.removeprefix(SCHEME)


def _create(api: Api, new: Properties) -> str:
    """The provider sends the URL with `https://`, whether it was given or not."""
    request = api.request("CreateOpenIDConnectProvider", new)
    request["Url"] = f"{SCHEME}{_bare(new['url'])}"
    tags = [{"Key": key, "Value": value} for key, value in sorted(new.get("tagsAll", {}).items())]
    return str(api.call("CreateOpenIDConnectProvider", **request, Tags=tags)["OpenIDConnectProviderArn"])


def _read(api: Api, id_: str, state: Properties) -> Properties | None:
    """AWS gives the URL back without `https://`; that it is the same is what `spellings` says."""
    names = {"ClientIDList": "clientIdLists", "ThumbprintList": "thumbprintLists", "Url": "url", "Tags": "tagsAll"}
    found = api.ask("GetOpenIDConnectProvider", "", OpenIDConnectProviderArn=id_, names=names)
    if found is None:
        return None
    given = str(state.get("url", ""))
    url = given if given and _bare(given) == found["url"] else found["url"]
    return {
        "arn": id_,
        "url": url,
        "clientIdLists": found.get("clientIdLists", []),
        "thumbprintLists": found.get("thumbprintLists", []),
        "tagsAll": found.get("tagsAll", {}),
    }


def _update(api: Api, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
    """An emptied list of thumbprints is not sent."""
    if "thumbprintLists" in changed and new.get("thumbprintLists"):
        api.call("UpdateOpenIDConnectProviderThumbprint", OpenIDConnectProviderArn=id_, ThumbprintList=new["thumbprintLists"])
    before, after = set(old.get("clientIdLists", ())), set(new.get("clientIdLists", ()))
    for client in sorted(after - before):
        api.call("AddClientIDToOpenIDConnectProvider", OpenIDConnectProviderArn=id_, ClientID=client)
    for client in sorted(before - after):
        api.call("RemoveClientIDFromOpenIDConnectProvider", OpenIDConnectProviderArn=id_, ClientID=client)

    def tag(tags: dict[str, str]) -> None:
        api.call("TagOpenIDConnectProvider", OpenIDConnectProviderArn=id_, Tags=[{"Key": key, "Value": value} for key, value in tags.items()])

    api.retag(old, new, tag=tag, untag=lambda keys: api.call("UntagOpenIDConnectProvider", OpenIDConnectProviderArn=id_, TagKeys=keys))


def _find(api: Api, new: Properties) -> str | None:
    """The account's one with this URL, if it carries the tags of what was made here: another one is somebody else's."""
    found = _read(api, _arn(api, new), new)
    return str(found["arn"]) if found and found["tagsAll"] == new.get("tagsAll", {}) else None


def _mistakes(inputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    url = inputs.get("url")
    if isinstance(url, str) and url != UNKNOWN and not _URL.fullmatch(url):
        yield "url", f"{url!r} is not like https://host/path: no port, no query"
    clients = inputs.get("clientIdLists")
    if isinstance(clients, list) and len(clients) > MOST_CLIENTS:
        yield "clientIdLists", f"has {len(clients)} audiences, expected at most {MOST_CLIENTS}"


OPEN_ID_CONNECT_PROVIDER = ResourceType(
    token="aws:iam/openIdConnectProvider:OpenIdConnectProvider",
    service="iam",
    arguments={
        "url": "CreateOpenIDConnectProvider.Url",
        "clientIdLists": "CreateOpenIDConnectProvider.ClientIDList",
        "thumbprintLists": "CreateOpenIDConnectProvider.ThumbprintList",
    },
    required=("url", "clientIdLists"),
    replaces=("url",),
    computed=("arn",),
    optional=("thumbprintLists",),
    sets=("clientIdLists",),
    spellings={"url": _bare},
    regional=False,
    check=_mistakes,
    planned=lambda _api, id_, _inputs: {"arn": id_},
    planned_id=_arn,
    create=_create,
    read=_read,
    update=_update,
    delete=lambda api, id_, _: api.gone("DeleteOpenIDConnectProvider", OpenIDConnectProviderArn=id_),
    find=_find,
)

ROWS = (OPEN_ID_CONNECT_PROVIDER,)
