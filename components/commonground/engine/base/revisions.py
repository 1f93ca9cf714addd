"""Commits to compare with: which one a pull request starts from, and its files in a folder of their own. Nothing is written to the checkout."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from commonground.engine.errors import EngineError

AUTO = "auto"
"""Instead of a revision: what the checkout's change starts from."""
FETCH = "fetch-depth: 0 of actions/checkout, GIT_DEPTH: 0 in GitLab, no shallow clone in Jenkins"
MERGE_REQUEST = "CI_MERGE_REQUEST_DIFF_BASE_SHA"
"""GitLab CI/CD documentation, "Predefined CI/CD variables": where a merge request starts from."""
TARGETS = ("GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "CHANGE_TARGET")
"""Branch that a request is to be merged into: GitHub Actions, GitLab, Jenkins' branch sources."""
JENKINS_TARGET = TARGETS[2]
DEFAULTS = ("origin/HEAD", "origin/main", "origin/master", "main", "master")


class RevisionError(EngineError):
    """A commit that is not there, or nothing to find it by."""

    def __init__(self, asked: str, expected: str) -> None:
        self.asked = asked
        super().__init__(f"--base {asked}: {expected}")


class ShallowError(RevisionError):
    """The clone does not reach back to where the change starts."""

    def __init__(self, asked: str) -> None:
        super().__init__(asked, f"this clone is shallow and does not hold that commit. Fix: fetch all of the history ({FETCH}), or `git fetch --unshallow`")


@dataclass(frozen=True)
class Revision:
    """A commit of the checkout."""

    root: Path
    """The checkout."""
    commit: str
    tree: str
    """Id of its files: two commits with the same files have one."""
    words: str
    """What it is to the change, in words. Example: `the merge base with origin/main`."""

    @property
    def short(self) -> str:
        """The commit as a reader knows it."""
        return self.commit[:10]

    def export(self, folder: Path) -> None:
        """Writes its files into a folder, by an index of its own."""
        folder.mkdir(parents=True)
        index = {"GIT_INDEX_FILE": str(folder.with_name(f"{folder.name}.index"))}
        _git(self.root, "read-tree", self.commit, extra=index)
        _git(self.root, "checkout-index", "--all", f"--prefix={folder}/", extra=index)

    @cached_property
    def is_committed(self) -> bool:
        """Whether the checkout as it lies there is what its own commit says."""
        return not _git(self.root, "status", "--porcelain")

    def text(self, file: Path) -> str | None:
        """A file's text in this commit; None where it has none. `file`: its place in the checkout."""
        try:
            return _git(self.root, "show", f"{self.commit}:{file.resolve().relative_to(self.root.resolve())}")
        except (_GitError, ValueError):
            return None

    def is_same_outside(self, folder: Path) -> bool:
        """Whether the checkout as it lies there, new files included, differs from this commit in nothing but what is in a folder."""
        return not self.changed(".", f":(exclude){folder.relative_to(self.root)}")

    def changed(self, *paths: str) -> tuple[str, ...]:
        """Files at or below paths of the checkout, as it lies there, that are not as this commit has them. Sorted."""
        differing = _git(self.root, "diff", "--name-only", self.commit, "--", *paths)
        new = _git(self.root, "ls-files", "--others", "--exclude-standard", "--", *paths)
        return tuple(sorted({*differing.splitlines(), *new.splitlines()}))


def revision(folder: Path, asked: str = AUTO) -> Revision:
    """The commit that is asked for; `AUTO`: what the change in the checkout around `folder` starts from.

    That is the first parent of a merge that a CI system made to test a request (GitHub: refs/pull/N/merge), else the merge base with the branch that the
    request goes to, else with the default branch. Jenkins merges the other way round, the target into the request's head, where it has to merge at all
    (git plugin, MergeWithGitSCMExtension): there the first parent is the change itself. Raises `RevisionError`, `ShallowError`.
    """
    try:
        root = Path(_git(folder, "rev-parse", "--show-toplevel"))
    except _GitError as error:
        raise RevisionError(asked, f"{folder} is in no git checkout that can be read ({error})") from None
    shallow = _git(root, "rev-parse", "--is-shallow-repository") == "true"
    for commit, words in _found(root, asked):
        try:
            tree = _git(root, "rev-parse", "--verify", "--quiet", f"{commit}^{{tree}}")
        except _GitError:
            continue
        return Revision(root, commit, tree, words)
    if shallow:
        raise ShallowError(asked)
    if asked == AUTO:
        raise RevisionError(asked, f"there is none of {', '.join(DEFAULTS)} to compare with; name a commit or branch: --base=REVISION")
    raise RevisionError(asked, "expected a commit, branch or tag of this checkout; `git fetch` brings what the remote has")


def _found(root: Path, asked: str) -> Iterator[tuple[str, str]]:
    """Commits that it may be, the best first, with words for each."""
    if asked != AUTO:
        if commit := _commit(root, asked):
            yield commit, asked
        return
    if (named := os.environ.get(MERGE_REQUEST)) and (commit := _commit(root, named)):
        yield commit, "where the merge request starts"
    if not os.environ.get(JENKINS_TARGET) and _is_test_merge(root) and (commit := _commit(root, "HEAD^1")):
        yield commit, "the first parent of the merge under test"
    targets = [f"origin/{os.environ[name]}" for name in TARGETS if os.environ.get(name)]
    for branch in (*targets, *DEFAULTS):
        if commit := _merge_base(root, branch):
            yield commit, f"the merge base with {branch}"


def _is_test_merge(root: Path) -> bool:
    """Whether HEAD is a merge that nobody but a CI system made: detached, with two parents."""
    try:
        _git(root, "symbolic-ref", "--quiet", "HEAD")
    except _GitError:
        return _commit(root, "HEAD^2") is not None
    return False


def _commit(root: Path, name: str) -> str | None:
    try:
        return _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    except _GitError:
        return None


def _merge_base(root: Path, branch: str) -> str | None:
    if _commit(root, branch) is None:
        return None
    try:
        return _git(root, "merge-base", "HEAD", branch)
    except _GitError:
        return None


class _GitError(Exception):
    """git said no."""


def _git(folder: Path, *arguments: str, extra: dict[str, str] | None = None) -> str:
    try:
        done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False, env={**os.environ, **(extra or {})})
    except FileNotFoundError:
        raise _GitError("git is not installed") from None
    if done.returncode:
        raise _GitError(done.stderr.strip() or f"git {arguments[0]} ended with {done.returncode}")
    return done.stdout.strip()
