"""Team shop on the foundation: a web application, and the churn model that it asks. `commonground up local --project stacks/shop`."""

from pathlib import Path

import pulumi
from pydantic import Field

from commonground.contract import Contract
from commonground.settings.base import Settings
from commonground.workloads import GpuRequest, ImageReference, ModelService, ModelServiceSettings, Service, ServiceSettings, configured


class Bindings(Settings):
    """What the shop is joined to in an environment."""

    role: str = Field(pattern=r"^arn:aws:iam::[0-9]{12}:role/.+$", examples=["arn:aws:iam::111111111111:role/shop-ci"])
    """ARN of the role that makes the shop's Kubernetes objects: one with the team's role `ci`, or the deployer."""


class Web(Settings):
    """How much of the application, and which build of it."""

    image: ImageReference
    replicas: int = Field(ge=1)
    max_replicas: int = Field(ge=2)


class Churn(Settings):
    """How much of the model server, which build of it, and which model."""

    image: ImageReference
    version: str
    """Version of the model: its folder in the bucket."""
    replicas: int = Field(ge=0)


class Scale(Settings):
    """How much of the shop an environment runs."""

    web: Web
    churn: Churn


environment = pulumi.get_stack()
file = Path(__file__).with_name(f"Pulumi.{environment}.yaml")
bindings = configured(Bindings, data=pulumi.Config("commonground").get_object("bindings"), file=file, key="commonground:bindings")
scale = configured(Scale, data=pulumi.Config("shop").get_object("scale"), file=file, key="shop:scale")

platform = Contract.read(f"organization/commonground/{environment}")
team = platform.teams["shop"]
as_caller = pulumi.Config("commonground").get_bool("as_caller")  # `commonground preview --as-caller` sets it, and no file
on_cluster = pulumi.ResourceOptions(providers=[platform.kubernetes("kubernetes", role_arn=None if as_caller else bindings.role)])

churn = ModelService(
    "churn",
    ModelServiceSettings(
        image=scale.churn.image,
        model="churn",
        version=scale.churn.version,
        namespace="shop",
        replicas=scale.churn.replicas,
        cpu_millicores=2000,
        memory_mib=8192,
        scratch_mib=10240,  # the model's weights, from the bucket
        gpu=GpuRequest(count=1, product="l4"),
    ),
    team=team,
    registry=platform.registries["models/churn"],
    deployed_env={"MODEL_URI": pulumi.Output.concat("s3://", platform.buckets["models"].name, "/shop/churn/", scale.churn.version, "/")},
    opts=on_cluster,
)
web = Service(
    "web",
    ServiceSettings(
        image=scale.web.image,
        namespace="shop",
        replicas=scale.web.replicas,
        max_replicas=scale.web.max_replicas,
        cpu_millicores=250,
        memory_mib=256,
    ),
    team=team,
    registry=platform.registries["shop"],
    deployed_env={"CHURN_URL": churn.url},
    opts=on_cluster,
)

pulumi.export("web", web.url)
pulumi.export("churn", churn.url)
