"""The foundation of one environment: `./scripts/up dev`, or `pulumi up -s dev`."""

from pathlib import Path

import pulumi

from commonground import settings
from commonground.foundation import Foundation

config = pulumi.Config("commonground")
environment = settings.resolve(
    folder=Path(__file__).parent,  # blueprint.yaml, differences.yaml, lock.<environment>.yaml
    name=pulumi.get_stack(),
    scale=config.require_object("scale"),
    bindings=config.require_object("bindings"),
    offline=config.get_bool("offline") or False,  # stands only in the stack file that an offline run generates
)
if config.get_bool("as_caller"):  # `commonground preview --as-caller` sets it, and no file
    environment = environment.as_caller()
foundation = Foundation("foundation", environment)
pulumi.export("contract", foundation.contract.outputs)
