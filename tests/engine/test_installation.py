"""Which Pulumi CLI is taken, and how one is had where there is none: with small scripts in the place of the CLI and of Go."""

import os
import re
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from filelock import FileLock

from commonground.engine import builds
from commonground.engine.errors import BrokenEngineError, NoEngineError
from commonground.engine.installation import Source, find
from commonground.engine.versions import MINIMUM, VERSION, parse

ROOT = Path(__file__).parents[2]


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n" + textwrap.dedent(text))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def pulumi(path: Path, version: str) -> Path:
    return script(path, f"echo v{version}\n")


def go(folder: Path, *, seconds: float = 0, version: str = VERSION, fails: bool = False) -> Path:
    """A `go` that notes its arguments and writes a CLI to what stands after -o."""
    return script(
        folder / "go",
        f"""
        echo "$PWD: $@" >> {folder}/built
        sleep {seconds}
        while [ "$1" != -o ]; do shift; done
        echo half > "$2"
        {"echo 'module lookup disabled' >&2; exit 1" if fails else ""}
        printf '#!/bin/sh\\necho v{version}\\n' > "$2"
        chmod +x "$2"
        """,
    )


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without a CLI, without Go and without the internet: folders `path` (on PATH) and `cache`."""
    (tmp_path / "path").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'path'}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(builds, "reached", lambda: False)
    (tmp_path / "module").mkdir()
    return tmp_path


def cached(machine: Path) -> Path:
    return machine / "cache" / "commonground" / "engine" / VERSION / "bin" / "pulumi"


def test_one_on_path_is_taken_first_if_it_is_recent_enough(machine: Path) -> None:
    there = pulumi(machine / "path" / "pulumi", "3.300.0")
    pulumi(cached(machine), VERSION)
    found = find()
    assert (found.path, found.version, found.source) == (there, "3.300.0", Source.PATH)


@pytest.mark.parametrize(("says", "why"), [("3.273.9", "it is 3.273.9, and 3.274 or later is needed"), ("rc", "it says 'vrc', which is no version")])
def test_one_on_path_that_will_not_do_is_passed_over_with_the_reason(machine: Path, says: str, why: str) -> None:
    there = pulumi(machine / "path" / "pulumi", says)
    pulumi(cached(machine), VERSION)
    found = find()
    assert (found.path, found.source) == (cached(machine), Source.CACHE)
    assert found.passed_over == ((f"pulumi on PATH ({there})", why),)


def test_one_that_does_not_start_is_passed_over(machine: Path) -> None:
    script(machine / "path" / "pulumi", "exit 3\n")
    pulumi(cached(machine), VERSION)
    assert find().source is Source.CACHE


def test_the_official_installer_comes_before_the_go_module(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go(machine / "path")
    monkeypatch.setattr("commonground.engine.installation.official", lambda folder, report: pulumi(folder / "bin" / "pulumi", VERSION))
    found = find(module=machine / "module")
    assert (found.path, found.source) == (cached(machine), Source.OFFICIAL)
    assert not (machine / "path" / "built").exists()


def test_without_the_internet_it_is_built_from_the_pinned_module_with_one_line_of_progress(machine: Path) -> None:
    go(machine / "path")
    said: list[str] = []
    found = find(said.append, module=machine / "module")
    assert (found.path, found.version, found.source) == (cached(machine), VERSION, Source.GO)
    assert said == [f"building the Pulumi CLI {VERSION} from its Go module, about 3 minutes (once for each user)"]
    built = (machine / "path" / "built").read_text()
    assert built.startswith(f"{machine / 'module'}: build")
    assert f"version.Version=v{VERSION}" in built
    assert find().source is Source.CACHE


def test_two_at_once_build_it_once_and_both_have_it(machine: Path) -> None:
    go(machine / "path", seconds=1)
    code = f"from commonground.engine import builds, find; builds.reached = lambda: False; print(find(print, module={str(machine / 'module')!r}).source.name)"
    code = code.replace("find(print, module=", "find(print, module=__import__('pathlib').Path(").replace("').source", "')).source")
    both = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=os.environ.copy()) for _ in range(2)]
    said = [process.communicate(timeout=60)[0] for process in both]
    assert sorted(text.splitlines()[-1] for text in said) == ["CACHE", "GO"]
    assert len((machine / "path" / "built").read_text().splitlines()) == 1
    assert any("waiting for another run that is installing the Pulumi CLI" in text for text in said)


def test_who_waits_for_another_run_says_for_what_and_once_more_each_minute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builds, "SECONDS_BETWEEN_SIGNS_OF_LIFE", 0.1)
    said: list[str] = []
    other = FileLock(tmp_path / "lock")
    other.acquire()

    def report(text: str) -> None:
        said.append(text)
        if len(said) == 3:
            other.release()

    with builds.alone(tmp_path / "lock", report, "waiting for another run that is building kubelet"):
        assert said[1:] == [f"still {said[0]}, 1 min", f"still {said[0]}, 2 min"]
        assert said[0] == "waiting for another run that is building kubelet"


def test_a_build_that_fails_leaves_no_half_of_a_cli_and_tells_why(machine: Path) -> None:
    go(machine / "path", fails=True)
    with pytest.raises(NoEngineError, match=re.escape("its Go module: `go build` failed: module lookup disabled")):
        find(module=machine / "module")
    assert not cached(machine).exists()
    assert [file.name for file in cached(machine).parents[2].iterdir()] == [f"{VERSION}.lock"]


def test_a_build_that_does_not_work_is_not_kept(machine: Path) -> None:
    go(machine / "path", version="")
    with pytest.raises(BrokenEngineError, match="says 'v', which is no version"):
        find(module=machine / "module")
    assert not cached(machine).exists()


def test_where_nothing_helps_one_message_says_what_was_tried_and_how_to_get_it(machine: Path) -> None:
    with pytest.raises(NoEngineError) as error:
        find(module=machine / "module")
    assert [what for what, _ in error.value.tried] == ["pulumi on PATH", "installed before", "official installer", "its Go module"]
    assert "its Go module: there is no `go` on PATH" in str(error.value)
    assert "How to get it: install the Pulumi CLI" in str(error.value)


def test_looking_only_installs_nothing(machine: Path) -> None:
    go(machine / "path")
    with pytest.raises(NoEngineError):
        find(install=False)
    assert not (machine / "path" / "built").exists()


def test_the_version_that_is_installed_is_the_one_that_go_mod_pins() -> None:
    pinned = re.search(r"github\.com/pulumi/pulumi/pkg/v3 v(\S+)", (ROOT / "scripts" / "engine" / "go.mod").read_text())
    assert pinned
    assert pinned[1] == VERSION
    assert (parse(VERSION) or ()) >= MINIMUM
