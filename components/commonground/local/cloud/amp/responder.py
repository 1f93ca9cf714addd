# mypy: allow-subclassing-any
"""AMP's calls as moto's server takes them: a subclass of moto's responses, with a method for each operation of ours."""

from collections.abc import Callable, Mapping
from urllib.parse import parse_qs, urlsplit

from moto.amp.models import amp_backends
from moto.amp.responses import PrometheusServiceResponse
from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores

from . import logs, scrapers, tags, texts, workspaces
from .state import Answer, Params, Region

Operation = Callable[[Region, Params], Answer]

MODULES = (logs, scrapers, tags, texts, workspaces)
OPERATIONS: Mapping[str, Operation] = {name: operation for module in MODULES for name, operation in module.OPERATIONS.items()}


class Responder(PrometheusServiceResponse):
    """Answers AMP. Parameters come typed and named by botocore's model; answers are written by it."""

    def __init__(self) -> None:
        super().__init__()
        self.automated_parameter_parsing = True


def _method(name: str) -> Callable[[Responder], ActionResult]:
    def method(self: Responder) -> ActionResult:
        region: Region = amp_backends[self.current_account][self.region]
        region.access_key = self.access_key
        return ActionResult(OPERATIONS[name](region, _with_filters(self) if name == "ListScrapers" else self.params))

    return method


def _with_filters(responder: Responder) -> Params:
    """A map in a query is spread over it, key by key, which moto does not read back: without any it takes the headers for a query."""
    filters = {name: values for name, values in parse_qs(urlsplit(responder.uri).query).items() if name not in ("maxResults", "nextToken")}
    return {**responder.params, "filters": filters}


for _name in OPERATIONS:
    setattr(Responder, camelcase_to_underscores(_name), _method(_name))
