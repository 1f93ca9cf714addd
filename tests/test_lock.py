"""`commonground lock`: the shipped locks are what the local cloud says, and what cannot be answered writes nothing."""

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from commonground import lock
from commonground.cli.main import USAGE, run
from commonground.engine.runs import Run
from commonground.local import cloud
from commonground.local.providers.aws.clients import Clients
from tests.local.conftest import local_cloud
from tests.settings.conftest import ENVIRONMENTS, FOUNDATION, ROOT

__all__ = ["local_cloud"]
pytestmark = pytest.mark.cloud

ACCOUNTS = {"local": "123456789012", "dev": "111111111111", "staging": "222222222222", "prod": "333333333333"}


class Checkout:
    """A copy of the shipped project, in which the command line asks the tests' local cloud."""

    def __init__(self, root: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self.folder = root / "stacks" / "foundation"
        self._capture = capture

    def lock(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, stdout and stderr of `commonground lock`."""
        self._capture.readouterr()
        code = run(["lock", *arguments, "--project", str(self.root)])
        told = self._capture.readouterr()
        return code, told.out, told.err

    def text(self, environment: str) -> str:
        return (self.folder / f"lock.{environment}.yaml").read_text()

    def edit(self, file: str, old: str, new: str) -> None:
        text = (self.folder / file).read_text()
        assert old in text
        (self.folder / file).write_text(text.replace(old, new))


@pytest.fixture
def checkout(tmp_path: Path, local_cloud: cloud.Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    (tmp_path / "stacks").mkdir()
    shutil.copytree(FOUNDATION, tmp_path / "stacks" / "foundation")
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    monkeypatch.setattr(cloud, "running", lambda directory: local_cloud)
    return Checkout(tmp_path, capsys)


@pytest.fixture
def ask(checkout: Checkout, local_cloud: cloud.Cloud) -> Callable[..., lock.LockFile]:
    """Asks as if the local cloud were AWS, with credentials of `account`."""
    clients = Clients(local_cloud.endpoint)

    def asked(environment: str = "dev", account: str | None = None, **options: bool | str) -> lock.LockFile:
        wanted = lock.wanted(checkout.folder, environment)
        return lock.ask(wanted, lambda service: clients.get(service, account or wanted.account, wanted.region), **options)

    return asked


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_shipped_locks_are_what_the_command_writes(checkout: Checkout, environment: str) -> None:
    shipped = checkout.text(environment)
    checkout.edit(f"lock.{environment}.yaml", "coredns: v1.0.0-eksbuild.1", "coredns: v0.9.0-eksbuild.1")
    code, out, err = checkout.lock(environment, *([] if environment == "local" else ["--example"]))
    assert (code, out) == (0, "addons.coredns: v0.9.0-eksbuild.1 -> v1.0.0-eksbuild.1\n")
    assert err == f"wrote lock.{environment}.yaml: commit it\n"
    assert checkout.text(environment) == shipped
    assert f'account: "{ACCOUNTS[environment]}"' in shipped
    assert ("example: true" in shipped) is (environment != "local")


def test_a_second_run_changes_nothing(checkout: Checkout) -> None:
    (checkout.folder / "lock.dev.yaml").unlink()
    assert checkout.lock("dev", "--example")[:2] == (0, "everything: there was no lock\n")
    written = checkout.text("dev")
    assert checkout.lock("dev", "--example") == (0, "lock.dev.yaml says what the cloud says\n", "")
    assert checkout.text("dev") == written
    assert not list(checkout.folder.glob("*.partial"))


def test_the_file_is_sorted(checkout: Checkout) -> None:
    assert checkout.lock("dev", "--example")[0] == 0
    blocks: dict[str, list[str]] = {}
    for line in checkout.text("dev").splitlines()[1:]:
        if not line.startswith(" "):
            block = blocks.setdefault(line, [])
        else:
            block.append(line)
    sorted_by_name = ("zones:", "addons:", "ami_releases:")
    assert all(blocks[name] == sorted(blocks[name]) and len(blocks[name]) > 1 for name in sorted_by_name)
    assert [line.split(":")[0].strip() for line in blocks["instance_types:"]] == ["g6.xlarge", "m7i.2xlarge", "m7i.large", "m7i.xlarge"]


def test_check_says_what_is_stale_and_writes_nothing(checkout: Checkout) -> None:
    assert checkout.lock("prod", "--check", "--example") == (0, "lock.prod.yaml says what the cloud says\n", "")
    checkout.edit("lock.prod.yaml", 'AL2023_x86_64_NVIDIA: "1.36.0-20260101"', 'AL2023_x86_64_NVIDIA: "1.36.0-20251201"')
    stale = checkout.text("prod")
    code, out, err = checkout.lock("prod", "--check", "--example")
    assert (code, out) == (1, "ami_releases.AL2023_x86_64_NVIDIA: 1.36.0-20251201 -> 1.36.0-20260101\n")
    assert err == "lock.prod.yaml is stale: run `commonground lock prod`\n"
    assert checkout.text("prod") == stale


def test_an_example_is_asked_anew_for_a_real_environment(ask: Callable[..., lock.LockFile], checkout: Checkout) -> None:
    real = ask()
    previous = lock.wanted(checkout.folder, "dev").previous
    assert (real.example, real.incarnation) == (False, "k7q2")
    assert lock.moved(previous, real) == ["example: True -> False"]


def test_what_the_cloud_says_of_a_gpu_is_what_the_lock_holds(ask: Callable[..., lock.LockFile]) -> None:
    facts = ask().instance_types["g6.xlarge"]
    assert facts.gpus is not None
    assert (facts.gpus.count, facts.gpus.model, facts.gpus.memory_mib) == (1, "L4", 22888)
    assert (facts.vcpu, facts.memory_mib, facts.pods, facts.zones) == (4, 16384, 58, ("euc1-az1", "euc1-az2", "euc1-az3"))


def test_kubernetes_goes_one_minor_up_at_a_time(checkout: Checkout) -> None:
    checkout.edit("blueprint.yaml", '["1.35", "1.36"]', '["1.34", "1.35", "1.36"]')
    checkout.edit("lock.dev.yaml", 'kubernetes: "1.36"', 'kubernetes: "1.34"')
    refused = checkout.text("dev")
    code, _, err = checkout.lock("dev", "--example", "--kubernetes", "1.36")
    assert (code, checkout.text("dev")) == (1, refused)
    assert err == "error: EKS goes one minor version up at a time: from 1.34 to 1.35, not to 1.36. Fix: lock and deploy each in turn.\n"
    for version in ("1.35", "1.36"):
        code, out, _ = checkout.lock("dev", "--example", "--kubernetes", version)
        assert code == 0
        assert f"kubernetes: 1.{int(version[2:]) - 1} -> {version}\n" in out
    assert "incarnation: k7q2" in checkout.text("dev")
    assert checkout.lock("dev", "--example", "--kubernetes", "1.35")[0] == 1


def test_a_version_that_the_blueprint_dropped_is_left_by_one_minor_only(checkout: Checkout) -> None:
    checkout.edit("lock.dev.yaml", 'kubernetes: "1.36"', 'kubernetes: "1.34"')
    assert "kubernetes: 1.34 -> 1.35\n" in checkout.lock("dev", "--example")[1]
    checkout.edit("blueprint.yaml", '["1.35", "1.36"]', '["1.36"]')
    checkout.edit("lock.dev.yaml", 'kubernetes: "1.35"', 'kubernetes: "1.34"')
    assert "from 1.34 to 1.35, not to 1.36" in checkout.lock("dev", "--example")[2]


def test_another_account_is_refused(ask: Callable[..., lock.LockFile]) -> None:
    with pytest.raises(lock.LockError, match="the credentials are of account 999999999999, and dev is bound to 111111111111"):
        ask(account="999999999999")


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("Pulumi.dev.yaml", "[m7i.large]", "[m7i.huge]", "error: m7i.huge is offered in no zone of the region. Fix: choose another instance type"),
        ("Pulumi.dev.yaml", "zones: 2", "zones: two", "error: stacks/foundation/Pulumi.dev.yaml:5: commonground:scale.zones: found two, expected"),
        ("lock.dev.yaml", "incarnation: k7q2", "incarnation: [k7q2]", "Fix: take stacks/foundation/lock.dev.yaml from version control again, or delete it"),
    ],
)
def test_what_cannot_be_locked_is_one_message_and_nothing_is_written(checkout: Checkout, file: str, old: str, new: str, words: str) -> None:
    checkout.edit(file, old, new)
    before = {path.name: path.read_text() for path in checkout.folder.glob("*.yaml")}
    code, out, err = checkout.lock("dev", "--example")
    assert (code, out) == (1, "")
    assert words in err
    assert {path.name: path.read_text() for path in checkout.folder.glob("*") if path.is_file() and path.suffix != ".py"} == before


def test_a_version_that_is_not_offered_is_refused(checkout: Checkout) -> None:
    checkout.edit("blueprint.yaml", '["1.35", "1.36"]', '["1.38"]')
    (checkout.folder / "lock.dev.yaml").unlink()
    assert checkout.lock("dev", "--example")[2].startswith("error: EKS does not offer Kubernetes 1.38 in eu-central-1. Fix: choose another")
    assert not (checkout.folder / "lock.dev.yaml").exists()


def test_an_addon_without_a_release_is_refused(ask: Callable[..., lock.LockFile], monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = lock.wanted
    monkeypatch.setattr(lock, "wanted", lambda *arguments: with_addon(wanted(*arguments), "no-such-addon"))
    with pytest.raises(lock.LockError, match=r"EKS offers no default release of the add-on no-such-addon for Kubernetes 1\.36\. Fix: "):
        ask()


def with_addon(wanted: lock.Wanted, name: str) -> lock.Wanted:
    """What a blueprint would ask for that may name any add-on."""
    cluster = wanted.blueprint.cluster
    more = cluster.model_copy(update={"addons": (*cluster.addons, name)})
    return dataclasses.replace(wanted, blueprint=wanted.blueprint.model_copy(update={"cluster": more}))


def test_a_lock_that_lacks_a_new_thing_is_completed(checkout: Checkout) -> None:
    checkout.edit("lock.dev.yaml", "  coredns: v1.0.0-eksbuild.1\n", "")
    checkout.edit("lock.dev.yaml", "pods: 29, ", "")
    code, out, _ = checkout.lock("dev", "--example")
    assert (code, "incarnation" in out) == (0, False)
    assert "addons.coredns: nothing -> v1.0.0-eksbuild.1\n" in out
    assert checkout.text("dev") == (FOUNDATION / "lock.dev.yaml").read_text()


def test_another_incarnation_is_drawn_where_nothing_was_deployed(checkout: Checkout) -> None:
    code, out, _ = checkout.lock("dev", "--example", "--new-incarnation")
    assert (code, out.startswith("incarnation: k7q2 -> ")) == (0, True)
    assert "incarnation: k7q2" not in checkout.text("dev")


@pytest.mark.parametrize("environment", ["local", "dev"])
def test_another_incarnation_is_refused_while_the_state_holds_a_cluster(checkout: Checkout, environment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if environment == "dev":
        checkout.edit("lock.dev.yaml", "example: true\n", "")
    monkeypatch.setattr("commonground.cli.options.find", lambda say: SimpleNamespace())
    monkeypatch.setattr(Run, "outputs", lambda run: {"contract": {"cluster": {"name": f"commonground-{run.environment}-old1"}}})
    before = checkout.text(environment)
    code, _, err = checkout.lock(environment, "--new-incarnation", "--example")
    assert (code, checkout.text(environment)) == (1, before)
    assert f"holds the cluster commonground-{environment}-old1, which another incarnation would replace" in err
    monkeypatch.setattr(Run, "outputs", lambda run: {})
    assert checkout.lock(environment, "--new-incarnation", "--example")[0] == 0


def test_a_check_draws_no_incarnation(checkout: Checkout) -> None:
    assert checkout.lock("dev", "--check", "--new-incarnation")[0] == USAGE


def test_without_a_local_cloud_one_is_started_for_the_command_alone(checkout: Checkout, local_cloud: cloud.Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    folders: list[Path] = []
    stopped: list[Path] = []
    monkeypatch.setattr(cloud, "running", lambda directory: None)
    monkeypatch.setattr(cloud, "start", lambda directory: folders.append(directory) or local_cloud)
    monkeypatch.setattr(cloud, "stop", stopped.append)
    assert checkout.lock("dev", "--example")[0] == 0
    assert folders == stopped
    assert not (checkout.root / ".commonground").exists()


def test_without_credentials_it_says_how_to_log_in(checkout: Checkout, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in (("AWS_EC2_METADATA_DISABLED", "true"), ("AWS_CONFIG_FILE", "none"), ("AWS_SHARED_CREDENTIALS_FILE", "none")):
        monkeypatch.setenv(name, value)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    code, _, err = checkout.lock("dev")
    assert (code, err) == (
        1,
        "error: AWS could not be asked: Unable to locate credentials. Fix: log in to account 111111111111, for example with `aws sso login`.\n",
    )
