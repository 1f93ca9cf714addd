"""What a user can rely on of the priority classes."""

import pytest
from tests.components import gpu_parts as parts
from tests.components.stage import Stage, stage

from commonground.addons import NoKubernetesError
from commonground.priorities import PriorityClasses

PRIORITY_CLASS = "kubernetes:scheduling.k8s.io/v1:PriorityClass"


@pytest.fixture(scope="module")
def made() -> Stage:
    return stage(lambda: PriorityClasses("priorities", cluster=parts.cluster(), after=()))


def test_serving_pushes_out_batch_and_never_the_reverse(made: Stage) -> None:
    classes = {one.inputs["metadata"]["name"]: (one.inputs["value"], one.inputs["preemptionPolicy"]) for one in made.all(PRIORITY_CLASS).values()}
    assert classes == {
        "system": (1_000_000, "PreemptLowerPriority"),
        "serving": (100_000, "PreemptLowerPriority"),
        "interactive": (10_000, "PreemptLowerPriority"),
        "batch": (1_000, "Never"),
    }


def test_a_pod_that_names_none_gets_none_of_them(made: Stage) -> None:
    assert not any(one.inputs.get("globalDefault") for one in made.all(PRIORITY_CLASS).values())


def test_a_cluster_without_a_kubernetes_provider_is_refused() -> None:
    with pytest.raises(NoKubernetesError, match="priorities"):
        stage(lambda: PriorityClasses("priorities", cluster=parts.cluster(provided=False), after=()))
