"""Puts our EKS in place of moto's."""

from moto.eks import urls
from moto.eks.models import eks_backends

from .responder import Responder
from .state import Region


def install() -> None:
    """Takes over every path of EKS, and the state behind them. Called once, before the server listens; what moto's EKS holds by then is dropped."""
    eks_backends.backend = Region
    eks_backends.clear()
    urls.url_paths.clear()
    # Which operation a path means is known to moto's router, by botocore's model.
    urls.url_paths["{0}/(?P<path>.+)$"] = Responder.dispatch
