"""What telemetry refuses. A model server meets these when it starts, never while it answers."""

from dataclasses import dataclass

LONGEST_SHOWN = 60
"""Characters of a value in an error."""


class TelemetryError(ValueError):
    """Telemetry that would be wrong."""


@dataclass(frozen=True)
class Mistake:
    """Something wrong with one variable of a baseline; an empty name: with the whole of it."""

    variable: str
    expected: str
    found: str
    fix: str

    def __str__(self) -> str:
        where = f"variable {self.variable!r}: " if self.variable else ""
        return f"{where}expected {self.expected}, found {self.found}. Fix: {self.fix}"


class WrongBaselineError(TelemetryError):
    """A baseline with mistakes: one line each."""

    def __init__(self, file: str, mistakes: tuple[Mistake, ...]) -> None:
        self.file = file
        self.mistakes = mistakes
        super().__init__("\n".join(f"{file}: {mistake}" for mistake in mistakes))


class UnknownNameError(TelemetryError):
    """A name that the baseline lacks, where a strict model was given one."""

    def __init__(self, model: str, kind: str, name: str) -> None:
        self.model = model
        self.kind = kind
        self.name = name
        super().__init__(f"model {model!r}: expected a {kind} of its baseline, found {name!r}. Fix: add it to the baseline, or do not observe it")


class WrongArgumentError(TelemetryError):
    """An argument that could never be right. `where` names it: `trained`, `quality 'auc'`."""

    def __init__(self, where: str, expected: str, found: str, fix: str) -> None:
        self.where = where
        self.expected = expected
        self.found = found
        self.fix = fix
        super().__init__(f"{where}: expected {expected}, found {found}. Fix: {fix}")


class WrongLabelError(WrongArgumentError):
    """A label's value that Prometheus cannot keep apart."""

    def __init__(self, label: str, value: object) -> None:
        self.label = label
        self.value = value
        fix = "shorten it, on one line" if isinstance(value, str) and value else "give it a text"
        if isinstance(value, int | float):
            fix = f'write it in quotes: "{value}"'
        super().__init__(f"label {label}", "a text of 1 to 200 printable characters", shown(value), fix)


class ShapeError(TelemetryError):
    """Not one value where one is due, or not one a row."""

    def __init__(self, expected: str, found: str, where: str = "") -> None:
        self.expected = expected
        self.found = found
        self.where = where
        super().__init__(f"{where}: expected {expected}, found {found}".removeprefix(": "))


class PortTakenError(TelemetryError):
    """A port of which another process answers."""

    def __init__(self, port: int) -> None:
        self.port = port
        super().__init__(
            f"port {port}: expected a free one, found that a process serves it already: another worker of this server? "
            "Fix: one process serves. Of a server with several workers, serve in gunicorn's hook `when_ready`, with PROMETHEUS_MULTIPROC_DIR and the hooks of "
            'commonground.telemetry.gunicorn: docs/metrics-contract.md, "Several processes"'
        )


class NoMultiprocessDirectoryError(TelemetryError):
    """PROMETHEUS_MULTIPROC_DIR names no directory."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
        fix = f"mkdir -p {directory}" if directory else "PROMETHEUS_MULTIPROC_DIR=/tmp/metrics in the server's environment, before Python starts"
        found = repr(directory) if directory else "none"
        super().__init__(f"PROMETHEUS_MULTIPROC_DIR: expected a directory that exists and is empty at the start, found {found}. Fix: {fix}")


def shown(value: object) -> str:
    """A value with its type, as an error tells it."""
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 3] + '...'}"
