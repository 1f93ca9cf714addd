"""Who reaches the pods of a team, and whom they reach: the contents of its network policies. The VPC CNI enforces them on each node."""

from collections.abc import Sequence

from pulumi_kubernetes.networking.v1 import NetworkPolicyEgressRuleArgsDict, NetworkPolicyPeerArgsDict, NetworkPolicySpecArgsDict

TEAM_LABEL = "commonground.dev/team"
"""On each namespace of a team: the team's name."""

NAMESPACE_LABEL = "kubernetes.io/metadata.name"
"""On every namespace: its own name, by the API server (Kubernetes docs, "Well-Known Labels, Annotations and Taints")."""

IDENTITY_LABEL = "commonground.dev/identity"
IDENTITY_LABELS = {IDENTITY_LABEL: "true"}
"""Of pods that use an AWS role: the way out to AWS is open to these alone."""

AGENT = "169.254.170.23/32"
"""Where pods ask for their AWS credentials, in plain HTTP (EKS user guide, "Set up the Amazon EKS Pod Identity Agent")."""
AGENT_PORT = 80
ANYWHERE = "0.0.0.0/0"


def closed(team: str, peers: Sequence[str], reaches: Sequence[str]) -> NetworkPolicySpecArgsDict:
    """For every pod of a namespace: refuses everything but DNS, the team's own namespaces, and its peers.

    In comes what the team's own pods send (application and model are one team, in one namespace or in two), and the pods of the `peers` that it names. Out
    goes DNS, and what is for the team's own pods and those of the teams that it `reaches`, which are those that name it: so one name in one place opens a
    way, at both of its ends, and never the way back.
    """
    return {
        "pod_selector": {},
        "policy_types": ["Ingress", "Egress"],
        "ingress": [{"from_": [_teams(team, *peers)]}],
        "egress": [
            _names(),
            {"to": [_teams(team, *reaches)]},
        ],
    }


def alone() -> NetworkPolicySpecArgsDict:
    """For every pod of a namespace of the platform's own: nothing comes in, and nothing but DNS goes out.

    Probes of the kubelet come in all the same, and so does `kubectl port-forward`, which begins inside of the pod's network (Kubernetes docs, "Network
    Policies", and the CRI's PortForward).
    """
    return {"pod_selector": {}, "policy_types": ["Ingress", "Egress"], "egress": [_names()]}


def scraped(ranges: Sequence[str]) -> NetworkPolicySpecArgsDict:
    """For every pod of a namespace: the metrics collector comes in, from the ranges in which it stands, on whatever port a pod says.

    It answers to no pod's address: no pod is in these ranges, so a namespace or a label would not tell it apart.
    """
    return {
        "pod_selector": {},
        "policy_types": ["Ingress"],
        "ingress": [{"from_": [{"ip_block": {"cidr": cidr}} for cidr in ranges]}],
    }


def identity() -> NetworkPolicySpecArgsDict:
    """For pods that say that they use the team's AWS role: credentials from the node's agent, and TLS to wherever AWS' endpoints are.

    The addresses of these endpoints are no fixed ones: they are in the VPC where the network has an endpoint for the service, and AWS' public ones where it
    has not. A network policy knows addresses only, so HTTPS is open to all; where a network has no NAT there is no more than the VPC to be reached.
    The EC2 metadata service, and so the node's own role, stays closed: it is on the agent's port, but at another address.
    """
    return {
        "pod_selector": {"match_labels": dict(IDENTITY_LABELS)},
        "policy_types": ["Egress"],
        "egress": [
            {"to": [{"ip_block": {"cidr": AGENT}}], "ports": [{"protocol": "TCP", "port": AGENT_PORT}]},
            {"to": [{"ip_block": {"cidr": ANYWHERE}}], "ports": [{"protocol": "TCP", "port": 443}]},
        ],
    }


def _teams(*names: str) -> NetworkPolicyPeerArgsDict:
    return {"namespace_selector": {"match_expressions": [{"key": TEAM_LABEL, "operator": "In", "values": sorted(set(names))}]}}


def _names() -> NetworkPolicyEgressRuleArgsDict:
    return {"to": [_dns()], "ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]}


def _dns() -> NetworkPolicyPeerArgsDict:
    """The cluster's DNS: the CNI takes its service's address for that of its pods."""
    return {
        "namespace_selector": {"match_labels": {NAMESPACE_LABEL: "kube-system"}},
        "pod_selector": {"match_labels": {"k8s-app": "kube-dns"}},
    }
