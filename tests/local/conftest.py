"""One local cloud for the tests below this folder."""

from collections.abc import Iterator

import pytest

from commonground.local import cloud


@pytest.fixture(scope="session")
def local_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[cloud.Cloud]:
    directory = tmp_path_factory.mktemp("cloud")
    yield cloud.start(directory)
    cloud.stop(directory)
