"""What telemetry refuses. A model server meets these when it starts, never while it answers."""

from dataclasses import dataclass


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


class WrongLabelError(TelemetryError):
    """A label's value that Prometheus cannot keep apart."""

    def __init__(self, label: str, value: object) -> None:
        self.label = label
        self.value = value
        super().__init__(f"label {label}: expected 1 to 200 printable characters, found {value!r}")


class NoMultiprocessDirectoryError(TelemetryError):
    """PROMETHEUS_MULTIPROC_DIR names no directory."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
        super().__init__(
            f"PROMETHEUS_MULTIPROC_DIR: expected a directory that exists and is empty at the start, found {directory!r}. Fix: mkdir -p {directory}"
        )
