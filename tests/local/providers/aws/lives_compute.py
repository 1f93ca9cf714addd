"""Lives of launch templates and of Auto Scaling groups' tags."""

import base64
from typing import Any

from tests.local.providers.aws.lives import Inputs, Life

USER_DATA = base64.b64encode(b"[settings.kubernetes]\n").decode()


def template_inputs(_: Any) -> Inputs:
    return {
        "description": "Nodes",
        "blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": {"volumeSize": 100, "volumeType": "gp3", "encrypted": "true", "iops": 3000}}],
        "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1},
        "monitoring": {"enabled": True},
        "networkInterfaces": [{"deviceIndex": 0, "interfaceType": "efa", "securityGroups": ["sg-1", "sg-2"], "deleteOnTermination": "true"}],
        "placement": {"groupName": "training"},
        "tagSpecifications": [{"resourceType": "instance", "tags": {"Name": "node", "team": "shop"}}],
        "updateDefaultVersion": True,
        "userData": USER_DATA,
        "tags": {"a": "1"},
    }


def templates(engine: Any, made: Any) -> Any:
    return engine.client("ec2").describe_launch_templates(LaunchTemplateIds=[made.id])["LaunchTemplates"]


def tag_inputs(engine: Any) -> Inputs:
    made = engine.create("aws:ec2/launchTemplate:LaunchTemplate", {"imageId": "ami-12c6146b", "instanceType": "m7i.large"})
    name = f"nodes-{made.id}"
    engine.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=name, LaunchTemplate={"LaunchTemplateId": made.id}, MinSize=0, MaxSize=0, AvailabilityZones=["eu-central-1a"]
    )
    return {"autoscalingGroupName": name, "tag": {"key": "k8s.io/cluster-autoscaler/node-template/label/team", "value": "shop", "propagateAtLaunch": False}}


def tags(engine: Any, made: Any) -> Any:
    of = [{"Name": "auto-scaling-group", "Values": [made.inputs["autoscalingGroupName"]]}]
    return engine.client("autoscaling").describe_tags(Filters=of)["Tags"]


LIVES = (
    Life(
        "aws:ec2/launchTemplate:LaunchTemplate",
        inputs=template_inputs,
        seen=templates,
        update={"monitoring": {"enabled": False}, "description": "More nodes", "tags": {"b": "2"}},
        replace={"name": "another"},
        wrong=("metadataOptions", {"httpTokens": "perhaps"}),
        after={"latestVersion": 2, "defaultVersion": 2},
    ),
    Life(
        "aws:autoscaling/tag:Tag",
        inputs=tag_inputs,
        seen=tags,
        update={"tag": {"key": "k8s.io/cluster-autoscaler/node-template/label/team", "value": "bank", "propagateAtLaunch": True}},
        replace={"tag": {"key": "another", "value": "shop", "propagateAtLaunch": False}},
        wrong=("tag", {"key": "a", "value": "b", "propagateAtLaunch": "perhaps"}),
    ),
)
