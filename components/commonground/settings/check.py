"""The check of one environment's files: their text first, then each block's model, then the rules between them."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from pydantic import ValidationError

from commonground.settings import document, files, rules
from commonground.settings.document import Document
from commonground.settings.environment import Environment
from commonground.settings.files import BINDINGS, SCALE, Files
from commonground.settings.merge import merge
from commonground.settings.mistakes import Mistake, SettingsError, did_you_mean, listed, ordered

# Pulumi's own keys of a stack's file (Pulumi docs, "Stack settings file reference").
_STACK_KEYS = ("config", "secretsprovider", "encryptedkey", "encryptionsalt", "environment")


def check(folder: Path, name: str, *, offline: bool = False, project_file: Path | None = None, today: date | None = None) -> list[Mistake]:
    """Return all that is wrong with an environment's files and can be read at once, by file and line; an empty list if it can be used.

    `folder` holds blueprint.yaml, differences.yaml, lock.NAME.yaml and (unless `project_file`'s `stackConfigDir` says another)
    Pulumi.NAME.yaml. `offline` takes placeholders and example locks. With `project_file`, a Pulumi.yaml, that file is checked too.
    With `today`, differences that have expired are mistakes.
    """
    found = Files(folder, name, project_file.resolve().parent if project_file else files.root_of(folder), offline, today)
    stack_folder = _project(found, project_file) if project_file else folder
    files.read_blueprint(found)
    files.read_lock(found)
    stack = files.stack_document(found, stack_folder)
    if stack is not None:
        _read_stack(found, stack)
    return ordered([*found.mistakes, *rules.broken(found)])


def resolve(folder: Path, name: str, scale: Mapping[str, object], bindings: Mapping[str, object], *, offline: bool = False) -> Environment:
    """Merge blueprint, differences and lock in `folder` with an environment's scale and bindings.

    The same rules as `check`, with lines where the stack's file lies in `folder` too. Placeholders and example locks are refused unless `offline`, or the
    bindings say `cloud: local`. Raises SettingsError with every mistake.
    """
    found = Files(folder, name, files.root_of(folder), offline)
    stack = _lines_of(found, name)
    if files.secrets(found, stack):  # the engine has decrypted them by now: nothing else may be said of these blocks
        raise SettingsError(found.mistakes)
    files.read_blueprint(found)
    files.read_lock(found)
    files.read_blocks(found, stack, {SCALE: dict(scale), BINDINGS: dict(bindings)}, ("config",))
    mistakes = ordered([*found.mistakes, *rules.broken(found)])
    if mistakes:
        raise SettingsError(mistakes)
    try:
        return merge(found)
    except ValidationError as error:
        raise SettingsError([_refused(found, refusal["loc"], refusal["msg"]) for refusal in error.errors(include_url=False)]) from None


def _refused(found: Files, where: tuple[int | str, ...], why: str) -> Mistake:
    """Return what a component's own settings refuse though the rules let it pass."""
    key = document.key_text(where)
    return Mistake(file=found.shown(found.folder), line=0, key=key, found="settings that do not fit together", expected=why, fix="change them as it says")


def _lines_of(found: Files, name: str) -> Document:
    """Return the stack's file if it can be read, for the lines of its keys; else a document that knows none."""
    path = found.folder / f"Pulumi.{name}.yaml"
    text, _ = files.read_text(path, found.shown(path), "")
    return text if text is not None else Document(found.shown(path), None)


def _read_stack(found: Files, stack: Document) -> None:
    data = stack.data if isinstance(stack.data, dict) else {}
    for key in data:
        if key not in _STACK_KEYS:
            _unknown(found, stack, (key,), _STACK_KEYS)
    config = data.get("config")
    if not isinstance(config, dict):
        fix = f"add `config:` with `{SCALE}:` and `{BINDINGS}:` under it"
        expected = "the environment's scale and bindings"
        found.mistakes.append(Mistake(file=stack.file, line=stack.line(("config",)), key="config", found="no configuration", expected=expected, fix=fix))
        return
    for key in config:
        namespace, _, short = key.partition(":")
        if key not in (SCALE, BINDINGS) and (namespace == "commonground" or not short):
            _unknown(found, stack, ("config", key), (SCALE, BINDINGS))
    files.read_blocks(found, stack, config, ("config",))


def _unknown(found: Files, stack: Document, keys: tuple[str, ...], known: tuple[str, ...]) -> None:
    guess = did_you_mean(keys[-1], known)
    fix = f'did you mean "{guess}"?' if guess else "remove it"
    found.mistakes.append(
        Mistake(file=stack.file, line=stack.line(keys), key=keys[-1], found=f"the unknown key `{keys[-1]}`", expected=f"one of {listed(known)}", fix=fix),
    )


def _project(found: Files, project_file: Path) -> Path:
    """Check Pulumi's project file; return the folder of the stacks' files."""
    text = found.document(project_file, "write it: Commonground's own Pulumi.yaml is one to begin from")
    data = text.data if text is not None and isinstance(text.data, dict) else {}
    if text is not None:
        config = data.get("config")
        refused = config.get("pulumi:disable-default-providers") if isinstance(config, dict) else None
        if refused != ["*"]:
            keys = ("config", "pulumi:disable-default-providers")
            expected = '["*"], so that nothing is made with whatever credentials lie around'
            mistake = Mistake(
                file=text.file,
                line=text.line(keys),
                key=".".join(keys),
                found="nothing" if refused is None else str(refused),
                expected=expected,
                fix='write ["*"]',
            )
            found.mistakes.append(mistake)
    folder = data.get("stackConfigDir")
    return project_file.parent / folder if isinstance(folder, str) else project_file.parent
