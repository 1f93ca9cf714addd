"""Several processes of one server: what they counted, in files of PROMETHEUS_MULTIPROC_DIR, as one scrape; and what becomes of those that died."""

import fcntl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prometheus_client import mmap_dict, multiprocess
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

_Values: Any = mmap_dict.MmapedDict  # these have no types
_Collector: Any = multiprocess.MultiProcessCollector
_end_gauges: Any = multiprocess.mark_process_dead

ADDED = ("counter", "histogram")
"""Files whose values only grow, and so outlive their process."""
LAST = "gauge_mostrecent"
"""Files of which the value that was set last outlives its process."""
DEAD = "dead"
"""In a file's name where a process' id would be: the sums of all that died."""


class Merged(Collector):
    """What all processes counted."""

    def __init__(self, directory: str) -> None:
        self._directory = directory

    def collect(self) -> Iterable[Family]:
        """All samples, at a moment at which no dead process is being added up."""
        with locked(Path(self._directory), fcntl.LOCK_SH):
            families: list[Family] = list(_Collector(None, self._directory).collect())
        return families


@contextmanager
def locked(directory: Path, how: int) -> Iterator[None]:
    """Holds the directory's lock."""
    with (directory / "lock").open("a") as file:
        fcntl.flock(file, how)
        yield


def clear(directory: str, keep: int | None = None) -> None:
    """Removes what an earlier server left: its counters were lost with it, as Prometheus expects of a restart. Not the files of the process `keep`."""
    for file in Path(directory).glob("*.db"):
        if keep is None or not file.stem.endswith(f"_{keep}"):
            file.unlink()


def bury(directory: str, pid: int) -> None:
    """Takes a dead process' files away: its gauges end, its counters go on in the sum of the dead, and what it set last in their last values.

    So there are never more files than those of the living and three.
    """
    folder = Path(directory)
    with locked(folder, fcntl.LOCK_EX):
        _end_gauges(pid, directory)
        for kind in (*ADDED, LAST):
            dead = folder / f"{kind}_{pid}.db"
            if dead.is_file():
                _merge(dead, folder / f"{kind}_{DEAD}.db", added=kind in ADDED)
                dead.unlink()


def _merge(dead: Path, merged: Path, added: bool) -> None:
    """Adds the dead's values up, or takes those that were set later."""
    kept = _Values(str(merged))
    for key, value, when, _ in _Values.read_all_values_from_file(str(dead)):
        before, then = kept.read_value(key)
        if added:
            kept.write_value(key, before + value, 0.0)
        elif when > then:
            kept.write_value(key, value, when)
    kept.close()
