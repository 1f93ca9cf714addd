"""One comment on a request, which is updated rather than followed by another: what is in it, and how it is found again."""

import re
from codecs import getincrementaldecoder
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from commonground.preview.requests.ci import Place, number_of
from commonground.preview.requests.hosts import GITHUB, Client, Host, HostError, patiently

MARKER = "<!-- commonground: preview {} -->"
MARKED = re.compile(MARKER.format("[^\n]*") + r"\n+")
"""The marker that a report brings along, which gives way to that of the comment."""
KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./]*(-[A-Za-z0-9_./]+)*")
"""Of a key: it stands in an HTML comment, which two hyphens would end."""
ROOM = 1024
"""Characters that a report leaves below the host's limit: for the marker, the key, a fork's notice and the address of the run."""
FROM_A_FORK = "> **From a fork.** This report was made by the fork's own code, without credentials: it is as good as its author's word.\n\n"
# What a terminal or a browser takes for something else than text.
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
# Markdown takes what follows away before a host looks for names: an underscore or a backtick in front, characters by their numbers.
MENTION = re.compile(r"(?<![A-Za-z0-9])(?:@|&#0*64;|&#x0*40;|&commat;)(?=[\w&-])", re.IGNORECASE)
UNMENTIONED = "@\u200b"


class WrongKeyError(Exception):
    """A key that cannot stand in a marker."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(f"--key {key}: expected letters, digits, `_`, `.`, `/` and single hyphens between them")


class WrongReportError(Exception):
    """What is to be posted is no report."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(f"the report is not posted: {why}")


class TooLongError(Exception):
    """More than a comment may hold."""

    def __init__(self, host: Host, length: int) -> None:
        self.host = host
        self.length = length
        super().__init__(
            f"the report is not posted: with what stands around it, it has {length:,} characters, and a comment on {host.name} holds {host.limit:,}."
            " Fix: `commonground preview --report markdown` cuts whole resources until it fits"
        )


@dataclass(frozen=True)
class Posted:
    """What became of it."""

    what: str
    """`created`, `updated`, or `unchanged`."""
    url: str


def text_of(data: bytes, *, cut: bool = False) -> str:
    """A report's text. `cut`: not all of it was read. Raises `WrongReportError` for what is empty or no plain text."""
    try:
        text = getincrementaldecoder("utf-8")().decode(data, final=not cut)
    except UnicodeDecodeError:
        raise WrongReportError("it is not UTF-8") from None
    if found := CONTROL.search(text):
        raise WrongReportError(f"it has a control character (U+{ord(found[0]):04X}) at {found.start()}, so it is no plain text")
    if not text.strip():
        raise WrongReportError("it is empty")
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n") + "\n"


def first_line(key: str) -> str:
    """What a comment is found by: hidden, and at its very beginning. Raises `WrongKeyError`."""
    if not KEY.fullmatch(key):
        raise WrongKeyError(key)
    return MARKER.format(key)


def body(text: str, key: str, where: Place) -> str:
    """The whole comment: marker, report, and the run's address where there is room for it. Raises `TooLongError`, `WrongKeyError`."""
    text = text[found.end() :] if (found := MARKED.match(text)) else text
    # The fork's author decides what is in it, but not whom it calls.
    report = FROM_A_FORK + MENTION.sub(UNMENTIONED, text) if where.fork else text
    whole = f"{first_line(key)}\n{report}"
    if len(whole) > where.host.limit:
        raise TooLongError(where.host, len(whole))
    footer = f"\n<sub>[The run, with the whole report]({where.run})</sub>\n" if where.run and where.run not in report else ""
    return whole + footer if len(whole + footer) <= where.host.limit else whole


def post(text: str, key: str, where: Place, client: Client, say: Callable[[str], None]) -> Posted:
    """Updates the comment of this key on the request, or makes it. Raises `HostError` and what `body` and `number_of` raise."""

    def once() -> Posted:
        # Looked for each time: what answered with an error may have been done.
        target = replace(where, number=number_of(where.finished, client, where.repository)) if where.number is None and where.finished else where
        return _post(whole, key, target, client)

    whole = body(text, key, where)
    return patiently(once, say)


def _post(whole: str, key: str, where: Place, client: Client) -> Posted:
    before = _find(key, where, client)
    if before is None:
        made = client.write("POST", where.path(where.host.comments), whole)
        return Posted("created", _url(made, where))
    if before["body"].replace("\r\n", "\n").rstrip() == whole.rstrip():
        return Posted("unchanged", _url(before, where))
    changed = client.write(where.host.edit, where.path(where.host.comment, id=before["id"]), whole)
    return Posted("updated", _url(changed, where))


def _find(key: str, where: Place, client: Client) -> dict[str, Any] | None:
    """The comment of this key that the token's own user wrote. Somebody else's, who copied the marker, could be changed by them afterwards."""
    line = first_line(key)
    marked = [comment for comment in client.pages(where.path(where.host.comments)) if str(comment["body"]).startswith(line)]
    if not marked:
        return None
    mine = _mine(where.host, client)
    return next((comment for comment in marked if mine(comment)), None)


def _mine(host: Host, client: Client) -> Callable[[dict[str, Any]], bool]:
    try:
        me = client.get("/user")["id"]
    except HostError as error:
        # A workflow's own token has no user to ask for; its comments are a bot's, as which no person can write.
        if host is not GITHUB or error.status != 403:
            raise
        return lambda comment: (comment.get("user") or {}).get("type") == "Bot"
    author = "user" if host is GITHUB else "author"
    return lambda comment: (comment.get(author) or {}).get("id") == me


def _url(comment: dict[str, Any], where: Place) -> str:
    return str(comment.get("html_url") or f"{where.host.request} {where.number}, note {comment['id']}")
