"""One run in one fresh process: `python -m commonground.engine.worker PROJECT [--stand-ins]`, asked and answered in JSON lines."""

import gc
import os
import runpy
import sys
import tempfile
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from commonground.engine import imports, standins
from commonground.engine.channel import Channel
from commonground.engine.errors import BusyError, EngineError, Problem
from commonground.engine.project import AS_CALLER, Project
from commonground.engine.request import HALF_MADE, Answer, Mode, Request, State, Status


def main() -> None:
    """Reads the request, does it, answers. What takes long and needs no request is begun before it comes."""
    # A run is short and makes many objects that live as long as it does: looking for garbage among them takes a tenth of its time.
    gc.set_threshold(100_000, 50, 100)
    channel = Channel()
    imports.install()
    try:
        ahead = standins.Process() if "--stand-ins" in sys.argv else None
        project = Project.read(Path(sys.argv[1]))
        run_program = program(project.main)
        data = channel.receive()
        if data is None:
            return
        answer = _run(Request.from_json(data), project, run_program, ahead, channel)
    except BusyError as error:
        answer = Answer(Status.BUSY, holder=error.pid)
    except EngineError as error:
        answer = Answer(Status.FAILED, problems=[asdict(Problem(str(error)))])
    except Exception as error:  # noqa: BLE001  # whatever it is, the user gets one message; the traceback is in the captured stderr
        traceback.print_exc()
        answer = Answer(Status.FAILED, problems=[asdict(Problem(f"the run broke down, a mistake of Commonground's: {type(error).__name__}: {error}"))])
    channel.answer(answer)


def _run(request: Request, project: Project, run_program: Callable[[], None], ahead: standins.Process | None, channel: Channel) -> Answer:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="commonground-")))
        # Before the slow imports: both take about a second.
        serving = stack.enter_context(standins.serving(ahead, request.stand_ins, folder / HALF_MADE if request.state is State.CHECKOUT else None))
        from commonground.engine import sdk  # the Automation API takes half a second to import
        from commonground.engine.operations import Operations
        from commonground.engine.workspace import Workspace

        sdk.relieve(positions=request.state is State.TEAM)
        workspace = Workspace(request, project, folder)
        if request.mode is not Mode.INIT:
            workspace.begin(channel)
        if serving:
            workspace.environment["PULUMI_DEBUG_PROVIDERS"] = serving.attach(without=("kubernetes",) if request.real_kubernetes else ())
        return Operations(request, workspace, channel, as_caller(run_program) if request.as_caller else run_program).run()


def as_caller(run_program: Callable[[], None]) -> Callable[[], None]:
    """The program, told by its config that its providers act as the caller."""

    def run() -> None:
        from pulumi.runtime import set_config

        set_config(AS_CALLER, "true")
        run_program()

    return run


def program(main: Path) -> Callable[[], None]:
    """The program in a folder's `__main__.py`, run as `python __main__.py` there would. Raises pulumi's RunError with one message.

    What it imports is imported at once, while the CLI starts.
    """
    if str(main) not in sys.path:
        sys.path.insert(0, str(main))
    ahead = imports.ahead(main / "__main__.py")

    def run() -> None:
        from pulumi import RunError

        ahead.join()
        os.chdir(main)
        try:
            runpy.run_path(str(main / "__main__.py"), run_name="__main__")
        except RunError:
            raise
        except Exception as error:  # noqa: BLE001  # of whatever it raises the user gets one message
            traceback.print_exc()
            raise RunError(describe(error, main)) from None

    return run


def describe(error: Exception, main: Path) -> str:
    """An exception as one message: our own errors speak for themselves, others say what and where in the user's code."""
    if type(error).__module__.startswith("commonground."):
        return str(error)
    if isinstance(error, FileNotFoundError) and error.filename == str(main / "__main__.py"):
        return f"the program {error.filename} is missing"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(main.parent)] or frames
    return f"{type(error).__name__}: {error} ({own[-1].filename}, line {own[-1].lineno})"


def leave() -> None:
    """Ends the process at once: Python would take all its objects apart first, which the user would wait for."""
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
    leave()
