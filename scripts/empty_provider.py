"""A provider that answers at once and does nothing: what the engine alone costs. Served as the stand-ins are; `scripts/bench` uses it."""

import json
import sys

from commonground.local.providers.diff import Diff, Rules, compare
from commonground.local.providers.errors import Failure
from commonground.local.providers.protocol import serve
from commonground.local.providers.provider import AWS, Subject
from commonground.local.providers.values import Properties


class Empty:
    """Takes everything, keeps nothing."""

    def check_config(self, inputs: Properties) -> list[Failure]:
        return []

    def diff_config(self, old: Properties, new: Properties) -> Diff:
        return Diff()

    def configure(self, connection: str, inputs: Properties) -> None:
        pass

    def check(self, subject: Subject, old: Properties | None, new: Properties) -> tuple[Properties, list[Failure]]:
        return new, []

    def diff(self, subject: Subject, id_: str, old: Properties, new: Properties) -> Diff:
        return compare(old, new, Rules())

    def create(self, subject: Subject, inputs: Properties, preview: bool) -> tuple[str, Properties]:
        return ("" if preview else subject.name), inputs

    def read(self, subject: Subject, id_: str, state: Properties, inputs: Properties) -> tuple[Properties, Properties] | None:
        return state, inputs

    def update(self, subject: Subject, id_: str, state: Properties, old: Properties, new: Properties, preview: bool) -> Properties:
        return new

    def delete(self, subject: Subject, id_: str, state: Properties, inputs: Properties) -> None:
        pass


if __name__ == "__main__":
    _, port = serve(AWS, Empty)
    print(json.dumps({AWS.name: port}), flush=True)
    sys.stdin.read()
