"""A worker whose program has a package `commonground` of its own: `python elsewhere.py COMPONENTS PROJECT [--stand-ins]`.

The program's components come from another commit. The engine and the stand-ins are those that this file belongs to, so that both sides of a comparison
are judged by the same ones; no component imports either of them.
"""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType

OURS = Path(__file__).resolve().parents[2]
ROOMS = ("commonground.engine", "commonground.local")


class Rooms:
    """Finds the rooms that stay ours; what is in them follows from their path."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """The spec of one of `ROOMS`."""
        if name not in ROOMS:
            return None
        folder = OURS / name.rpartition(".")[2]
        return spec_from_file_location(name, folder / "__init__.py", submodule_search_locations=[str(folder)])


def main() -> None:
    """Becomes the worker."""
    components = sys.argv.pop(1)
    sys.path.insert(0, str(Path(components).parent))
    sys.meta_path.insert(0, Rooms)
    from commonground.engine import worker

    worker.main()
    worker.leave()


if __name__ == "__main__":
    main()
