# mypy: allow-subclassing-any
"""EKS' calls as moto's server takes them: a subclass of moto's responses, with a method for each operation of ours.

Fargate profiles stay moto's own: its calls work on our clusters.
"""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores
from moto.eks.responses import EKSResponse

from . import access, addons, clusterchanges, clusters, enums, identities, nodegroupchanges, nodegroups, offers, tags, updates
from .state import Answer, Params, Region

Operation = Callable[[Region, Params], Answer]

MODULES = (access, addons, clusterchanges, clusters, identities, nodegroupchanges, nodegroups, offers, tags, updates)
OPERATIONS: Mapping[str, Operation] = {name: operation for module in MODULES for name, operation in module.OPERATIONS.items()}


class Responder(EKSResponse):
    """Answers EKS. Parameters come typed and named by botocore's model; answers are written by it."""

    def __init__(self) -> None:
        super().__init__()
        self.automated_parameter_parsing = True

    def get_region_from_url(self, request: Any, full_url: str) -> str:
        """By the host only: the ARN of a service-linked role in the path names a service, which looks like a region to moto."""
        region: str = super().get_region_from_url(request, "{0.scheme}://{0.netloc}/".format(urlsplit(full_url)))
        return region


def _method(name: str) -> Callable[[Responder], ActionResult]:
    def method(self: Responder) -> ActionResult:
        enums.check(name, self.params)
        region: Region = self.eks_backend
        region.access_key = self.access_key
        return ActionResult(OPERATIONS[name](region, self.params))

    return method


for _name in OPERATIONS:
    setattr(Responder, camelcase_to_underscores(_name), _method(_name))
