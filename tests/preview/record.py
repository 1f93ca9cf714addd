"""Records the event logs in `recorded/`: the real CLI previews `programs.py` on the stand-ins. The same bytes each time.

`python -m tests.preview.record [--into FOLDER] [NAME...]` from the root of the checkout; `--stand-ins FILE` is how it serves itself stand-ins that say
what a cloud has.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
from pulumi.automation._server import LanguageServer
from pulumi.runtime.proto import language_pb2_grpc
from tests.preview.programs import SCENES, Scene

from commonground.engine import standins
from commonground.engine.installation import find
from commonground.engine.request import StandIns
from commonground.engine.steps import UNKNOWN

FOLDER = Path(__file__).parent
RECORDED = FOLDER / "recorded"
PROJECT, STACK = "example", "dev"
KUBERNETES = "1.36"
FORMS = {"events": ".events.jsonl", "digest": ".digest.json", "stream": ".stream.jsonl"}
# What is another one at each run, or names this machine, and what stands in its place: by key, and in texts.
KEYS: dict[str, Any] = {
    "timestamp": 1700000000,
    "durationSeconds": 1,
    "duration": 1000000000,
    "created": "2026-01-01T00:00:00Z",
    "modified": "2026-01-01T00:00:00Z",
    "sourcePosition": "project:///__main__.py#1",
    "stackTrace": [{"sourcePosition": "project:///__main__.py#1"}],
}
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
SOMETIMES = "Resource monitor has terminated"
"""Said after an error, or not, as the program is quicker or the engine."""
SETS = frozenset({"dependencies", "propertyDependencies", "keys", "diffs", "replaceReasons", "diffReasons", "additionalSecretOutputs"})
"""What the engine writes in another order each time."""


def main(names: list[str], into: Path = RECORDED) -> None:
    """Records the scenes of these names, or all, into a folder."""
    engine = find(lambda line: print(line, file=sys.stderr))
    for name in names or SCENES:
        with tempfile.TemporaryDirectory(prefix="record-") as folder:
            for form, text in _record(SCENES[name], str(engine.path), Path(folder)).items():
                (into / f"{name}{FORMS[form]}").write_text(text, "utf-8")
        print(name, file=sys.stderr)


def _record(scene: Scene, cli: str, folder: Path) -> dict[str, str]:
    (folder / "Pulumi.yaml").write_text(f"name: {PROJECT}\nruntime: python\n")
    (folder / f"Pulumi.{STACK}.yaml").write_text("config: {}\n")
    (folder / "state").mkdir()
    (folder / "there.json").write_text("{}")
    environment = {**os.environ, standins.COMMAND: json.dumps([sys.executable, "-m", "tests.preview.record", "--stand-ins", str(folder / "there.json")])}
    with _environment(environment):
        process = standins.Process()
        try:
            process.serve(StandIns("plan", KUBERNETES), None)
            told = {
                "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
                "PULUMI_HOME": str(folder / "home"),
                "PULUMI_CONFIG_PASSPHRASE": "example",
                "PULUMI_SKIP_UPDATE_CHECK": "true",
                "PULUMI_DEBUG_COMMANDS": "true",
                "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
                "PULUMI_DEBUG_PROVIDERS": process.attach(),
            }
            cli_of = _Cli(cli, folder, {**os.environ, **told})
            cli_of("stack", "init", STACK, "--non-interactive", check=True)
            for program in filter(None, (scene.base, scene.lifted)):
                cli_of("up", "--yes", "--skip-preview", "--non-interactive", "-p", "1", program=program, check=True)
            (folder / "there.json").write_text(json.dumps(scene.there))
            packs = ("--policy-pack", str(_pack(folder))) if scene.pack else ()
            made = {}
            for form in scene.forms:
                text = _preview(cli_of, scene, form, (*scene.arguments, *packs))
                made[form] = _scrubbed(text, folder, lines=form != "digest")
            return made
        finally:
            process.end()


class _Cli:
    """The CLI in a folder."""

    def __init__(self, path: str, folder: Path, environment: dict[str, str]) -> None:
        self.path, self.folder, self.environment = path, folder, environment

    def __call__(self, *arguments: str, program: Callable[[], None] | None = None, check: bool = False, **more: str) -> str:
        with _served(program) as client:
            command = [self.path, *arguments, *client, "--color", "never"]
            done = subprocess.run(command, cwd=self.folder, env={**self.environment, **more}, capture_output=True, text=True, check=False)
        if (check and done.returncode) or ("--event-log" in arguments and not Path(arguments[-1]).exists()):
            raise RuntimeError(f"{' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout


def _preview(cli: _Cli, scene: Scene, form: str, arguments: tuple[str, ...]) -> str:
    log = cli.folder / "log"
    ask = ("preview", "--non-interactive", "-p", "1", *arguments)
    if form == "events":
        cli(*ask, "--event-log", str(log), program=scene.head)
        return log.read_text("utf-8")
    return cli(*ask, "--json", program=scene.head, **({"PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true"} if form == "stream" else {}))


@contextmanager
def _served(program: Callable[[], None] | None) -> Iterator[list[str]]:
    """Arguments by which the CLI finds a program in this process."""
    if program is None:
        yield []
        return
    server = grpc.server(futures.ThreadPoolExecutor(4))
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LanguageServer(program), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield [f"--client=127.0.0.1:{port}", "--exec-kind", "auto.inline"]
    finally:
        server.stop(0)


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _pack(folder: Path) -> Path:
    """The policy pack as a program that the engine starts: it needs no language host then."""
    started = folder / "pack"
    started.mkdir(exist_ok=True)
    for file in (FOLDER / "pack").glob("*.*"):
        (started / file.name).write_text(file.read_text())
    program = started / "run"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -u -m pulumi.policy "$1" {started}\n')
    program.chmod(0o700)
    return program


class _Scrubber:
    """Puts the same in place of what is another one at each run."""

    def __init__(self, folder: Path) -> None:
        self._places = {str(folder): "/work", str(FOLDER.parents[1]): "/program", sys.prefix: "/venv", sys.base_prefix: "/python"}
        self._ids: dict[str, str] = {}

    def value(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {self._text(key): self._member(key, inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.value(inner) for inner in value]
        return self._text(value) if isinstance(value, str) else value

    def _member(self, key: str, value: Any) -> Any:
        if key in KEYS:
            return KEYS[key]
        if key in SETS and isinstance(value, dict):
            return {name: sorted(urns) for name, urns in sorted(value.items())}
        return sorted(value) if key in SETS and isinstance(value, list) else self.value(value)

    def _text(self, text: str) -> str:
        for place, word in self._places.items():
            text = text.replace(place, word)
        return UUID.sub(lambda found: found[0] if found[0] in UNKNOWN else self._ids.setdefault(found[0], f"{len(self._ids):08}-0000-4000-8000-{0:012}"), text)


def _scrubbed(text: str, folder: Path, *, lines: bool) -> str:
    """A log without what is another one each time.

    What the engine says stands at its end, since it says it beside what goes on; what it says for debugging is left out.
    """
    scrubber = _Scrubber(folder)
    if not lines:
        digest = scrubber.value(json.loads(text))
        if "diagnostics" in digest:
            digest["diagnostics"] = [said for said in digest["diagnostics"] if not _is_left_out(said)]
        return json.dumps(digest, indent=4, ensure_ascii=False) + "\n"
    events = [scrubber.value(json.loads(line)) for line in text.splitlines()]
    said = [event for event in events if "diagnosticEvent" in event and not _is_left_out(event["diagnosticEvent"])]
    others = [event for event in events if "diagnosticEvent" not in event]
    end = next((number for number, event in enumerate(others) if "summaryEvent" in event), len(others))
    ordered = [*others[:end], *said, *others[end:]]
    return "".join(json.dumps({**event, "sequence": number}, separators=(",", ":"), ensure_ascii=False) + "\n" for number, event in enumerate(ordered))


def _is_left_out(said: dict[str, Any]) -> bool:
    return said["severity"] == "debug" or SOMETIMES in said["message"]


def _serve(there: Path) -> None:
    """Stand-ins in plan mode, which say of what `there` names what that says."""
    from commonground.local.providers import __main__ as served
    from commonground.local.providers.aws.provider import AwsStandIn

    def read(self: AwsStandIn, subject: Any, id_: str, state: dict[str, Any], inputs: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]] | None:
        told = json.loads(there.read_text())
        key = next((key for key in (subject.urn.rsplit("::", 1)[-1], id_) if key in told), None)
        if key is None:
            return state, inputs
        found = told[key]
        return None if found is None else ({**state, **found}, {**inputs, **found})

    AwsStandIn.read = read  # type: ignore[method-assign]
    sys.argv = sys.argv[:1]
    served.main()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--stand-ins"]:
        _serve(Path(sys.argv[2]))
    elif sys.argv[1:2] == ["--into"]:
        main(sys.argv[3:], Path(sys.argv[2]))
    else:
        main(sys.argv[1:])
