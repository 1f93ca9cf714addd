"""Puts our Amazon Managed Prometheus in place of moto's."""

from moto.amp import urls
from moto.amp.models import amp_backends

from .responder import Responder
from .state import Region


def install() -> None:
    """Takes over every path of AMP, and the state behind them. Called once, before the server listens; what moto's AMP holds by then is dropped."""
    amp_backends.backend = Region
    amp_backends.clear()
    urls.url_paths.clear()
    # Which operation a path means is known to moto's router, by botocore's model.
    urls.url_paths["{0}/(?P<path>.+)$"] = Responder.dispatch
