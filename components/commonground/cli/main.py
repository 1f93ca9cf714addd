"""The group of all commands, and how each of them ends."""

import sys
from importlib import import_module

import click

from commonground.cli.hints import told
from commonground.cli.options import Options, flags
from commonground.engine.errors import InterruptedRunError
from commonground.engine.findings import ViolatedError

OK, ERROR, VIOLATED, USAGE = 0, 1, 3, 64
"""Exit codes. 2 (changes) is `preview`'s, 3 a mandatory policy that is violated. Click's own 2 for wrong usage would read as "changes"."""
INTERRUPTED = 130
"""What shells give a command that Ctrl-C ended: 128 and the signal's number."""

# Modules with commands, imported when one is asked for: `--help` and `engine` need no cloud and no settings.
COMMANDS = {
    "baseline": "baseline",
    "comment": "comment",
    "destroy": "stacks",
    "doctor": "tools",
    "engine": "tools",
    "images": "images",
    "init": "stacks",
    "local": "local",
    "lock": "tools",
    "manifests": "manifests",
    "outputs": "stacks",
    "parity": "parity",
    "preview": "preview",
    "refresh": "stacks",
    "settings": "tools",
    "up": "stacks",
    "why": "why",
}


class Commands(click.Group):
    """Finds commands in the table above."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"commonground.cli.{COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@flags
@click.version_option(package_name="commonground", message="%(prog)s %(version)s")
@click.pass_context
def cli(context: click.Context) -> None:
    """One AWS foundation for applications and models, the same in every environment."""
    context.ensure_object(Options)


def main(arguments: list[str] | None = None) -> None:
    """Runs a command and ends the process with its exit code; whatever goes wrong is one message on stderr, never a traceback."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """Runs a command. Returns its exit code."""
    try:
        code = cli.main(arguments, prog_name="commonground", standalone_mode=False)
    except click.UsageError as error:
        error.show()
        return USAGE
    except click.ClickException as error:
        error.show()
        return ERROR
    except (click.Abort, KeyboardInterrupt):
        return _tell("interrupted", INTERRUPTED)
    except InterruptedRunError as error:
        return _tell(str(error), INTERRUPTED)
    except ViolatedError as error:
        return _tell(str(error), VIOLATED)
    except BrokenPipeError:  # whoever read the report has gone: `| head`
        sys.stdout = None
        return ERROR
    except Exception as error:
        if "--debug" in arguments:
            raise
        ours = type(error).__module__.startswith("commonground.")
        return _tell(str(error) if ours else f"a mistake of Commonground's ({type(error).__name__}: {error}); --debug shows where", ERROR)
    return int(code or OK)


def _tell(text: str, code: int) -> int:
    print(f"error: {told(text)}", file=sys.stderr)
    return code
