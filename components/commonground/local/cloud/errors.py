"""The one error of the local cloud's process."""

from pathlib import Path


class LocalCloudError(Exception):
    """The local cloud cannot be started or ended. `reason` says why, `log` where the rest stands, `tail` its last lines."""

    def __init__(self, reason: str, *, log: Path, tail: str = "") -> None:
        self.reason = reason
        self.log = log
        self.tail = tail
        super().__init__(self._text())

    def _text(self) -> str:
        text = f"the local cloud: {self.reason} (log: {self.log})"
        return f"{text}\n{self.tail}" if self.tail else text
