"""The stand-ins' process: prints its ports as a line of JSON and serves until its standard input is closed.

`python -m commonground.local.providers --mode live --endpoint URL --kubernetes 1.36`; without arguments they are its first line of standard input, as a list
in JSON: the process can be started before they are known.
"""

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from commonground.local.providers.protocol import serve
from commonground.local.providers.provider import AWS, KUBERNETES, Provider

HalfMade = Callable[[str], bool]


def _aws(arguments: argparse.Namespace, half_made: HalfMade) -> Provider:
    from commonground.local.providers.aws.provider import AwsStandIn

    return AwsStandIn(arguments.endpoint, half_made)


def _kubernetes(arguments: argparse.Namespace, half_made: HalfMade) -> Provider:
    from commonground.local.providers.kubernetes.provider import KubernetesStandIn

    return KubernetesStandIn(arguments.kubernetes, arguments.manifests, half_made)


def _import() -> None:
    import commonground.local.providers.aws.provider
    import commonground.local.providers.kubernetes.provider  # noqa: F401


def main() -> None:
    """Parses the arguments, serves, waits."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the engine finishes what is under way
    parser = argparse.ArgumentParser(prog="commonground.local.providers")
    parser.add_argument("--mode", choices=["live", "plan"], required=True)
    parser.add_argument("--endpoint", help="the local cloud's address; live mode only")
    parser.add_argument("--manifests", type=Path, help="folder that keeps the Kubernetes objects, one file an object")
    parser.add_argument("--kubernetes", required=True, help="the Kubernetes version whose schemas objects are held against, like 1.36")
    parser.add_argument("--half-made", type=Path, help="file that may come to hold a JSON list: URNs of what a killed run was creating")
    # In a thread: the engine takes as long to start, and asks the first question when this is through.
    making = ThreadPoolExecutor(1)
    making.submit(_import)
    given = sys.argv[1:] or json.loads(sys.stdin.readline() or "null")
    if given is None:
        os._exit(0)  # whoever started it needs none
    arguments = parser.parse_args(given)
    if (arguments.mode == "live") != bool(arguments.endpoint):
        parser.error("live mode needs --endpoint, plan mode takes none")

    def half_made(urn: str) -> bool:
        return arguments.half_made is not None and arguments.half_made.exists() and urn in json.loads(arguments.half_made.read_text())

    made = {package: making.submit(make, arguments, half_made) for package, make in ((AWS, _aws), (KUBERNETES, _kubernetes))}
    served = {package.name: serve(package, provider.result) for package, provider in made.items()}
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    print(json.dumps({package: port for package, (_, port) in served.items()}), flush=True)

    def watch() -> None:
        sys.stdin.buffer.read()
        ended.set()

    threading.Thread(target=watch, daemon=True).start()
    ended.wait()
    for end, _ in served.values():
        end()
    # Python would take all its objects apart first, which the run would wait for.
    os._exit(0)


if __name__ == "__main__":
    main()
