"""How a Kubernetes provider reaches an EKS cluster: by `aws eks get-token`, so that nothing secret is in the state."""

from typing import Any

import pulumi


def kubeconfig(
    *,
    cluster: pulumi.Input[str],
    endpoint: pulumi.Input[str],
    certificate: pulumi.Input[str],
    region: pulumi.Input[str],
    role_arn: pulumi.Input[str] | None,
) -> pulumi.Output[str]:
    """A kubeconfig as JSON, which is YAML too: a token is asked for at each use, as the role given or else the caller, and stored nowhere.

    `certificate` is the cluster's authority, base64. Whoever runs the engine needs the AWS CLI and the right to assume the role (EKS user guide,
    "Create a kubeconfig file manually").
    """
    return pulumi.Output.json_dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "cluster", "cluster": {"server": endpoint, "certificate-authority-data": certificate}}],
            "contexts": [{"name": "cluster", "context": {"cluster": "cluster", "user": "deployer"}}],
            "current-context": "cluster",
            "users": [{"name": "deployer", "user": {"exec": _get_token(cluster, region, role_arn)}}],
        }
    )


def _get_token(cluster: pulumi.Input[str], region: pulumi.Input[str], role_arn: pulumi.Input[str] | None) -> dict[str, Any]:
    role = () if role_arn is None else ("--role-arn", role_arn)
    return {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "aws",
        "args": ["eks", "get-token", "--cluster-name", cluster, "--region", region, *role, "--output", "json"],
        "interactiveMode": "Never",
        "provideClusterInfo": False,
    }
