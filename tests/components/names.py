"""`docs/names.md`, made from the code: `python -m tests.components.names` writes it."""

import re
from pathlib import Path

from tests.components import factory
from tests.components.stage import Declared, Stage, stage
from tests.metrics.factory import metrics_settings

from commonground import Foundation
from commonground.settings.base import BucketPurpose, PoolPurpose, Protection, Zone
from commonground.settings.environment import AccessSettings, BucketSettings, Environment, RegistrySettings

PAGE = Path(__file__).parents[2] / "docs" / "names.md"

ZONES = ("euc1-az1", "euc1-az2")
"""Two, since the collector stands in two; one row stands for both."""

HEAD = """\
# Names

Logical names and component type tokens are an interface: state, `unprotected` lists and stacks that import components hold them. A change needs an
alias. This page is made from the code by `python -m tests.components.names`, and a test holds it to the code.

What stands in angle brackets comes from the settings: `<pool>`, `<bucket>`, `<repository>`, `<team>`, `<namespace>` and `<access>` are names in the
blueprint, `<zone>` is the id of a zone, `<service>` the last part of the name of an AWS service, `<prefix>` a team's prefix in a bucket.
**P** marks what `protect` covers, and so what `unprotected` may name.
"""


def environment() -> Environment:
    """One of each thing that settings name, its name being what the page calls it."""
    on = Protection(on=True)
    plain = factory.environment(protection=on, zones=ZONES)
    zones = tuple(Zone(id=zone, name=f"eu-central-1{letter}") for zone, letter in zip(ZONES, "ab", strict=True))
    network = plain.network.model_copy(update={"zones": zones, "endpoints": ("s3", "<service>")})
    buckets = tuple(
        BucketSettings(name=name, purpose=purpose, protection=on) for name, purpose in (("<bucket>", BucketPurpose.MODELS), ("logs", BucketPurpose.LOGS))
    )
    repository = RegistrySettings(name="<repository>", released_tags=("v*",), expire_days=30, protection=on)
    access = AccessSettings(name="<access>", principal_arn=factory.DEPLOYER, policy="AmazonEKSClusterAdminPolicy")
    accelerators = factory.accelerators()
    team = factory.team("<team>", namespaces=("<namespace>",), buckets={"<bucket>": "<prefix>/"}, registries=("<repository>",), protection=on)
    return plain.model_copy(
        update={
            "network": network,
            "storage": plain.storage.model_copy(update={"buckets": buckets}),
            "registries": plain.registries.model_copy(update={"repositories": (repository,)}),
            "cluster": plain.cluster.model_copy(update={"access": (access,)}),
            "pools": (factory.pool("<pool>", PoolPurpose.GPU, zones=ZONES),),
            "accelerators": accelerators.model_copy(update={"pools": (accelerators.pools[0].model_copy(update={"name": "<pool>"}),)}),
            "teams": (team,),
            "metrics": metrics_settings(
                teams={"<team>": ("<namespace>",)}, subscriptions={"<team>-critical": "on-call@acme.io", "watchdog": "https://acme.io/alive"}, protection=on
            ),
        }
    )


def page() -> str:
    """The page's text."""
    made = stage(lambda: Foundation("foundation", environment()))
    components = [one for one in made.declared if one.type.startswith("commonground:")]
    tokens = sorted({one.type for one in components})
    return "\n".join([HEAD, *(_section(token, components, made) for token in tokens)])


def _section(token: str, components: list[Declared], made: Stage) -> str:
    urns = {one.urn for one in components if one.type == token}
    children = [one for one in made.declared if one.parent in urns]
    itself = sorted({f"`{_named(one)}`" for one in components if one.type == token})
    rows = sorted({f"| `{one.type}` | `{_named(one)}` | {'P' if one.protected and one.inputs else ''} |" for one in children})
    return "\n".join([f"## `{token}`", "", f"Named {', '.join(itself)}.", "", "| type | logical name | |", "| --- | --- | --- |", *rows, ""])


def _named(one: Declared) -> str:
    # In names of IAM policies the brackets are dots.
    return re.sub(r"\.(team|bucket|repository|prefix)\.", r"<\1>", re.sub("|".join(ZONES), "<zone>", one.name))


if __name__ == "__main__":
    PAGE.write_text(page())
