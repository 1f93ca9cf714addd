"""What a user can rely on of what the API server asks of a team's objects. That it refuses what it should is tried in tests/controlplane."""

import kubernetes_validate
import pytest
from tests.components import gpu_parts as parts
from tests.components.stage import Stage, stage

from commonground.addons import NoKubernetesError
from commonground.admission import Admission

POLICY = "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy"
BINDING = "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding"


@pytest.fixture(scope="module")
def made() -> Stage:
    return stage(lambda: Admission("admission", cluster=parts.cluster(), after=()))


def test_it_holds_in_the_namespaces_of_teams_alone(made: Stage) -> None:
    selectors = [one.inputs["spec"]["matchConstraints"]["namespaceSelector"] for one in made.all(POLICY).values()]
    assert selectors == [{"matchExpressions": [{"key": "commonground.dev/team", "operator": "Exists"}]}] * 3


def test_each_policy_is_bound_and_refuses(made: Stage) -> None:
    bound = {one.inputs["spec"]["policyName"]: one.inputs["spec"]["validationActions"] for one in made.all(BINDING).values()}
    assert bound == {one.inputs["metadata"]["name"]: ["Deny"] for one in made.all(POLICY).values()}
    assert {one.inputs["spec"]["failurePolicy"] for one in made.all(POLICY).values()} == {"Fail"}


@pytest.mark.parametrize("version", ["1.34", "1.36"])
def test_kubernetes_knows_every_field(made: Stage, version: str) -> None:
    for type_ in (POLICY, BINDING):
        for one in made.all(type_).values():
            kubernetes_validate.validate(one.inputs, version, strict=True)


def test_a_cluster_without_a_kubernetes_provider_is_refused() -> None:
    with pytest.raises(NoKubernetesError, match="admission"):
        stage(lambda: Admission("admission", cluster=parts.cluster(provided=False), after=()))
