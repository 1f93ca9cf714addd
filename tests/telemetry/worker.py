"""A server with worker processes, as gunicorn forks them: `python -m tests.telemetry.worker BEFORE|AFTER WORKERS VALUES`. Prints scrapes as JSON lines.

BEFORE: the model is made before the fork (gunicorn's `preload_app`); AFTER: in each worker.
"""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

from prometheus_client import generate_latest

from commonground.telemetry import Model, Service, scraped
from commonground.telemetry.gunicorn import child_exit, on_starting
from tests.telemetry.samples import BASELINE

THREADS = 4


def made() -> tuple[Model, Service]:
    """As a server makes them."""
    return Model("churn", "7", BASELINE, strict=True, quality={"auc": (0.9, "higher")}), Service(limit=THREADS)


def work(model: Model, service: Service, values: int) -> None:
    """Observes values in threads."""

    def observe() -> None:
        for _ in range(values // THREADS):
            with service.request("/predict"):
                model.observe({"age": 20, "plan": "pro"}, {"score": 0.7})

    threads = [Thread(target=observe) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    model.observe_batch({"age": [40, None], "plan": ["else", None]}, {"score": [0.1, 0.2]})


def forked(run: Callable[[], None]) -> tuple[int, int]:
    """A worker that works, says so, and lives until it is told to end."""
    said, says = os.pipe()
    waits, ends = os.pipe()
    pid = os.fork()
    if not pid:
        run()
        os.write(says, b".")
        os.read(waits, 1)
        os._exit(0)
    assert os.read(said, 1)
    return pid, ends


def say(**more: object) -> None:
    """A scrape."""
    files = list(Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]).glob("*.db"))
    print(json.dumps({"text": generate_latest(scraped()).decode(), "files": len(files), **more}))


def main() -> None:
    """Forks, scrapes, lets half of them die, scrapes."""
    when, workers, values = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    on_starting(None)
    before = made() if when == "BEFORE" else None
    alive = [forked(lambda: work(*(before or made()), values)) for _ in range(workers)]
    say()
    for pid, ends in alive[: workers // 2]:
        os.write(ends, b".")
        os.waitpid(pid, 0)
        child_exit(None, SimpleNamespace(pid=pid))
    say()
    for pid, ends in alive[workers // 2 :]:
        os.write(ends, b".")
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
