"""EKS' calls as moto's server takes them: a subclass of moto's responses, with a method for each operation of botocore's model."""

from collections.abc import Callable, Mapping

from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores, get_service_model
from moto.eks.responses import EKSResponse

from . import access, addons, clusterchanges, clusters, enums, identities, nodegroupchanges, nodegroups, offers, tags, updates
from .errors import InvalidRequest
from .state import Answer, Params, Region

Operation = Callable[[Region, Params], Answer]

MODULES = (access, addons, clusterchanges, clusters, identities, nodegroupchanges, nodegroups, offers, tags, updates)
OPERATIONS: Mapping[str, Operation] = {name: operation for module in MODULES for name, operation in module.OPERATIONS.items()}
MOTOS_OWN = ("CreateFargateProfile", "DescribeFargateProfile", "ListFargateProfiles", "DeleteFargateProfile")


class Responder(EKSResponse):  # type: ignore[misc]  # moto's classes are untyped here
    """Answers EKS. Parameters come typed and named by botocore's model; answers are written by it."""

    def __init__(self) -> None:
        super().__init__()
        self.automated_parameter_parsing = True


def _method(name: str) -> Callable[[Responder], ActionResult]:
    def method(self: Responder) -> ActionResult:
        enums.check(name, self.params)
        return ActionResult(OPERATIONS[name](self.eks_backend, self.params))

    return method


def _refusal(name: str) -> Callable[[Responder], ActionResult]:
    def method(self: Responder) -> ActionResult:
        raise InvalidRequest(f"The local cloud does not serve EKS' {name}")

    return method


for _name in get_service_model("eks").operation_names:
    if _name not in MOTOS_OWN:
        setattr(Responder, camelcase_to_underscores(_name), (_method if _name in OPERATIONS else _refusal)(_name))
