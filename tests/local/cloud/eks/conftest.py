"""EKS of the local cloud, asked by plain boto3 over HTTP."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.local.cloud.eks.account import Account, Refused

from commonground.local.cloud import Cloud


@pytest.fixture(scope="module")
def cloud(local_cloud: Cloud) -> Account:
    return Account(local_cloud.endpoint)


@pytest.fixture
def refused() -> Refused:
    def check(code: str, call: Callable[..., Any], *args: Any, **kwargs: Any) -> str:
        with pytest.raises(ClientError) as error:
            call(*args, **kwargs)
        assert error.value.response["Error"]["Code"] == code, error.value
        return str(error.value.response["Error"]["Message"])

    return check
