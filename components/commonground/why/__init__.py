"""Why a pod is not running: one sentence, out of what the cluster and the environment's files say."""

from commonground.why.explain import explain
from commonground.why.facts import Facts, Kind, PoolFacts, Reason
from commonground.why.owners import explain_owner

__all__ = ["Facts", "Kind", "PoolFacts", "Reason", "explain", "explain_owner"]
