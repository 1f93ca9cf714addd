"""Serves the pack to the engine: `commonground preview` starts it by `run`, the full CLI by `pulumi preview --policy-pack policies`."""

import gc
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent

if __name__ == "__main__":
    # A preview is short: looking for garbage takes longer than what would be found is worth.
    gc.set_threshold(100_000, 50, 100)
    # The pack goes with the settings of its own checkout, whatever is installed.
    sys.path[:0] = [str(CHECKOUT), str(CHECKOUT / "components")]
    from policies.serving import serve

    serve()
