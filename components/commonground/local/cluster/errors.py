"""The errors of the control plane's processes."""

from pathlib import Path


class ControlPlaneError(Exception):
    """The control plane cannot be built, started or ended. `reason` says why, `log` where the rest stands, `tail` its last lines."""

    def __init__(self, reason: str, *, log: Path | None = None, tail: str = "") -> None:
        self.reason = reason
        self.log = log
        self.tail = tail
        super().__init__(self._text())

    def _text(self) -> str:
        text = f"the control plane: {self.reason}"
        if self.log:
            text += f" (log: {self.log})"
        return f"{text}\n{self.tail}" if self.tail else text


class NoToolchainError(ControlPlaneError):
    """Nothing is built yet, and there is nothing to build it with: no Go, or no checkout that pins what to build."""
