"""All policies, by concern."""

from policies import ci, cluster, compute, encryption, exposure, gpus, identity, images, parity, pods, protection, tags, zones
from policies.policy import Policy

POLICIES: tuple[Policy, ...] = (
    *encryption.POLICIES,
    *exposure.POLICIES,
    *identity.POLICIES,
    *ci.POLICIES,
    *compute.POLICIES,
    *cluster.POLICIES,
    *gpus.POLICIES,
    *pods.POLICIES,
    *images.POLICIES,
    *protection.POLICIES,
    *zones.POLICIES,
    *tags.POLICIES,
    *parity.POLICIES,
)

FILE = "policies-file"
"""What is told of policies.yaml itself is told as this policy's: mistakes, exceptions that are over or match nothing, an environment that it lacks."""
