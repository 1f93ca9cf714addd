"""Every object of the foundation's and of the shop's, and the GPU software by every way that no shipped environment has, read strictly by a real API server."""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from tests.components import gpu_parts as parts
from tests.components.stage import stage
from tests.controlplane.story import SHOP
from tests.controlplane.support import Provisioned, whole

from commonground.accelerators import Accelerators
from commonground.images import PublicImages
from commonground.settings.base import GpuSoftware
from commonground.settings.environment import AcceleratorsSettings

WHOLE = parts.accelerated("whole")
CUT = parts.accelerated("cut", parts.CUT, parts.H100, efa=True)
WAYS = {
    "counted": parts.accelerators(WHOLE, parts.accelerated("turns", parts.IN_TURNS), parts.accelerated("beside", parts.SIDE_BY_SIDE), CUT),
    "claimed": parts.accelerators(WHOLE, CUT, software=GpuSoftware.DRA),
}


def objects(settings: AcceleratorsSettings) -> list[dict[str, Any]]:
    made = stage(lambda: Accelerators("accelerators", settings, cluster=parts.cluster(), images=PublicImages(), after=()))
    return [whole(one.inputs) for one in made.declared if one.type.startswith("kubernetes:")]


@pytest.mark.parametrize("file", ["foundation", "shop"])
def test_the_api_server_takes_every_manifest_strictly(provisioned: Provisioned, file: str, tmp_path: Path) -> None:
    """The provider asks for no strict validation: a field that the server does not know would be dropped in silence."""
    said = provisioned.checkout.run("manifests", "local", str(tmp_path), *(SHOP if file == "shop" else ()))
    assert said.code == 0, said.err
    found = [YAML(typ="safe").load(path) for path in tmp_path.rglob("*.yaml")]
    assert len(found) >= 6
    for object_ in found:
        if object_["kind"] == "Secret":
            # Files hold no secret: what stands in its place is no base64.
            assert set(object_["data"].values()) == {"[secret]"}
            object_["data"] = dict.fromkeys(object_["data"], "")
        provisioned.api.apply(object_, dry_run=True)


@pytest.mark.parametrize("way", WAYS)
def test_the_api_server_takes_every_object_of_the_gpu_software_strictly(provisioned: Provisioned, way: str) -> None:
    found = objects(WAYS[way])
    assert {"DaemonSet", "ConfigMap"} <= {object_["kind"] for object_ in found}
    for object_ in found:
        accepted = provisioned.api.apply(object_, dry_run=True)
        assert accepted["metadata"]["name"] == object_["metadata"]["name"]
