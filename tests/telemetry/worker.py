"""A server with worker processes, as gunicorn forks them: `python -m tests.telemetry.worker BEFORE|AFTER WORKERS VALUES`. Prints scrapes as JSON lines.

BEFORE: the model is made before the fork, and before the hook (gunicorn's `preload_app`); AFTER: in each worker. All workers have a request in flight while
they live; each sets a score and ends a training run, both less than the worker before it did.
"""

import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

from prometheus_client import generate_latest

from commonground.telemetry import Model, Service, Training, scraped
from commonground.telemetry.gunicorn import child_exit, on_starting
from tests.telemetry.samples import BASELINE

THREADS = 4
NOON, HOUR = datetime(2026, 1, 1, 12, tzinfo=UTC), timedelta(hours=1)


def made() -> tuple[Model, Service]:
    """As a server makes them."""
    return Model("churn", "7", BASELINE, strict=True, quality={"auc": (0.9, "higher"), "neg_mse": (-0.3, "higher")}), Service(limit=THREADS)


def work(model: Model, service: Service, values: int, number: int) -> None:
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
    model.quality("auc", 0.8 - number / 10)
    training = Training("churn")
    training.started(NOON - number * HOUR)
    training.ended(True, NOON - number * HOUR)
    model.observe_batch({"age": [40, None], "plan": ["else", None]}, {"score": [0.1, 0.2]})


def forked(run: Callable[[], Service]) -> tuple[int, int]:
    """A worker that works, says so, and answers another request until it is told to end."""
    said, says = os.pipe()
    waits, ends = os.pipe()
    pid = os.fork()
    if not pid:
        with run().request("/slow"):
            os.write(says, b".")
            os.read(waits, 1)
            os._exit(0)
    assert os.read(said, 1)
    return pid, ends


def say(**more: object) -> None:
    """A scrape."""
    files = list(Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]).glob("*.db"))
    print(json.dumps({"text": generate_latest(scraped()).decode(), "files": len(files), **more}))


def bury(workers: list[tuple[int, int]]) -> None:
    """Ends workers, as gunicorn does."""
    for pid, ends in workers:
        os.write(ends, b".")
        os.waitpid(pid, 0)
        child_exit(None, SimpleNamespace(pid=pid))


def main() -> None:
    """Forks, scrapes, lets half of them die, scrapes, lets the others die, scrapes."""
    when, workers, values = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]).mkdir()
    before = made() if when == "BEFORE" else None
    on_starting(None)

    def run(number: int) -> Service:
        model, service = before or made()
        work(model, service, values, number)
        return service

    alive = [forked(partial(run, number)) for number in range(workers)]
    say()
    bury(alive[: workers // 2])
    say()
    bury(alive[workers // 2 :])
    say()


if __name__ == "__main__":
    main()
