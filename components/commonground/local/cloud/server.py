"""The server's own process: moto behind the log of calls. `python -m commonground.local.cloud.server DIRECTORY INSTANCE PORT`."""

import logging
import signal
import sys
from importlib import import_module
from pathlib import Path
from threading import Event, Thread
from types import FrameType

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import BaseWSGIServer, make_server

from . import responders
from .process import LOOPBACK, write_record
from .recorder import Recorder


def serve(directory: Path, instance: str, wished_port: int) -> None:
    """Serves until the process is told to end. Writes `cloud.json` as soon as it listens. Takes a free port if the wished one is taken or 0."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    loaded = Event()
    server = _listening(Recorder(DomainDispatcherApplication(create_backend_app), instance, loaded), wished_port)
    signal.signal(signal.SIGTERM, _leave)
    write_record(directory, port=server.server_port, instance=instance)
    Thread(target=server.serve_forever, daemon=True).start()
    # The services' code is read while the command that started this process reads its own; calls wait for it. If it fails, the process ends with it.
    responders.install()
    import_module(".account", __package__).furnish()
    import_module(".eks.controlplanes", __package__).follow(directory / "cluster" / "endpoints.json")
    loaded.set()
    signal.pause()


def _listening(application: Recorder, wished_port: int) -> BaseWSGIServer:
    """Listens on the wished port, else on any: a second server may have taken it in the meantime."""
    try:
        return _server(application, wished_port)
    except (OSError, SystemExit):  # werkzeug leaves by SystemExit where a port is taken
        return _server(application, 0)


def _server(application: Recorder, port: int) -> BaseWSGIServer:
    return make_server(LOOPBACK, port, application, threaded=True, request_handler=MotoRequestHandler)


def _leave(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    serve(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
