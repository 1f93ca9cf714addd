"""PSI and Jensen-Shannon distance as the rules of drift compute them, in numpy; `test_end_to_end.py` holds the two together on real Prometheus."""

from typing import Any

import numpy as np

from commonground.metrics.rules.drift import FLOOR

Array = Any
"""Of numpy: one distribution, or rows of them; bins last."""


def psi(counts: Array, baseline: Array) -> Array:
    """Population stability index of counts against a baseline's ratios; ratios below the floor count as the floor."""
    seen, expected = np.maximum(_ratios(counts), float(FLOOR)), np.maximum(np.asarray(baseline, float), float(FLOOR))
    return np.sum((seen - expected) * np.log(seen / expected), axis=-1)


def jensen_shannon(counts: Array, baseline: Array) -> Array:
    """Jensen-Shannon distance, base 2, of counts from a baseline's ratios."""
    seen, expected = _ratios(counts), np.asarray(baseline, float)
    middle = (seen + expected) / 2
    return np.sqrt(np.maximum(_entropy(middle) - (_entropy(seen) + _entropy(expected)) / 2, 0))


def _ratios(counts: Array) -> Array:
    counts = np.asarray(counts, float)
    return counts / counts.sum(axis=-1, keepdims=True)


def _entropy(ratios: Array) -> Array:
    return -np.sum(ratios * np.log2(np.where(ratios > 0, ratios, 1)), axis=-1)
