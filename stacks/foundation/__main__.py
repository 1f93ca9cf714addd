"""The foundation of one environment: `./scripts/up dev`, or `pulumi up -s dev`."""

import os
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
    as_caller=config.get_bool("as_caller") or False,  # `commonground preview --as-caller` sets it, and no file
)
if os.environ.get("COMMONGROUND_AS_CALLER") == "1" and pulumi.runtime.is_dry_run():  # CI's role `preview`: docs/delivery.md
    environment = environment.as_caller()
foundation = Foundation("foundation", environment)
pulumi.export("contract", foundation.contract.outputs)
