"""The local cloud's log of calls that change something: what it keeps of a call, and which calls count."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

# First words of operation names that leave everything as it was. Anything else counts as a change, unknown operations too.
READ_ONLY = (
    "AssumeRole",
    "BatchCheck",
    "BatchGet",
    "Check",
    "Decrypt",
    "Describe",
    "Detect",
    "Encrypt",
    "Filter",
    "GenerateDataKey",
    "Get",
    "Head",
    "List",
    "Lookup",
    "Query",
    "Scan",
    "Search",
    "Select",
    "Simulate",
    "Sign",
    "Validate",
    "Verify",
)

# Ends of parameter names whose values name a resource. No other value is kept: a policy or a password must not end in the log.
NAMING = ("Name", "Names", "Id", "Ids", "Arn", "ARN", "Bucket", "CidrBlock", "ServiceAccount", "RepositoryName")
SECRETIVE = ("Token", "Secret", "Password", "AccessKey")


@dataclass(frozen=True)
class Call:
    """A call that changed something, or tried to. It carries no time and no secret, so that two equal runs give equal logs."""

    service: str
    """boto3's name, such as `ec2`."""
    operation: str
    """The API's name, such as `CreateVpc`; method and path where there is none."""
    account: str
    region: str
    names: tuple[str, ...]
    """Names, ids and ARNs among its parameters, as `Parameter=value`, sorted."""
    refused: bool
    """Whether the answer was an error: nothing changed then."""

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Call":
        """The call in the form that HTTP carries."""
        return cls(**{**record, "names": tuple(record["names"])})


def changes(operation: str) -> bool:
    """Whether an operation may change something. `GET /x` and `HEAD /x` do not."""
    return not operation.startswith((*READ_ONLY, "GET ", "HEAD ", "OPTIONS "))


def names_in(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    """What names a resource among the parameters of a call, as `Parameter=value`, sorted."""
    found = (f"{key}={value}" for key, values in parameters.items() if _naming(key) for value in _texts(values))
    return tuple(sorted(found))


def _naming(parameter: str) -> bool:
    capital = parameter[:1].upper() + parameter[1:]
    return capital.endswith(NAMING) and not any(word in capital for word in SECRETIVE)


def _texts(values: object) -> Iterable[str]:
    items = values if isinstance(values, list | tuple) else [values]
    return (item for item in items if isinstance(item, str))
