"""What the local cloud says of clusters while somebody keeps control planes for them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from commonground.local import cloud
from commonground.local.background import write
from commonground.local.cluster.files import Files
from tests.local.cloud.eks.account import Account

pytestmark = pytest.mark.cloud


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return Files(tmp_path_factory.mktemp("kept"))


@pytest.fixture(scope="module")
def account(files: Files) -> Iterator[Account]:
    yield Account(cloud.start(files.directory).endpoint)
    cloud.stop(files.directory)


@pytest.fixture
def kept(files: Files) -> Iterator[Path]:
    files.folder.mkdir(exist_ok=True)
    write(files.endpoints, {})
    yield files.endpoints
    files.endpoints.unlink()


def test_a_cluster_is_being_made_until_its_control_plane_runs(account: Account, kept: Path) -> None:
    name = account.cluster()
    assert account.eks.describe_cluster(name=name)["cluster"]["status"] == "CREATING"
    write(kept, {f"{account.number}/{account.region}/{name}": {"endpoint": "https://127.0.0.1:6443", "certificate": "cGVt"}})
    cluster = account.eks.describe_cluster(name=name)["cluster"]
    assert (cluster["status"], cluster["endpoint"], cluster["certificateAuthority"]) == ("ACTIVE", "https://127.0.0.1:6443", {"data": "cGVt"})


def test_without_them_a_cluster_is_there_at_once(account: Account) -> None:
    cluster = account.eks.describe_cluster(name=account.cluster())["cluster"]
    assert cluster["status"] == "ACTIVE"
    assert cluster["endpoint"].endswith(".eks.amazonaws.com")
