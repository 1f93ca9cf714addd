"""The forms that texts in the files have: a pattern for the machine, words for the person, an example for both."""

from typing import Annotated, NamedTuple

from pydantic import Field


class Form(NamedTuple):
    """What a text looks like."""

    pattern: str
    words: str
    example: str


ACCOUNT = Form(r"^[0-9]{12}$", "an AWS account id: twelve digits, in quotes", "123456789012")
REGION = Form(r"^[a-z]{2}(-[a-z]+)+-[0-9]$", "an AWS region", "eu-central-1")
KUBERNETES = Form(r"^1\.[0-9]{2}$", "a Kubernetes minor version, in quotes", "1.36")
NAME = Form(r"^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$", "a name of lower-case letters, digits and `-`, at most 30", "general")
BINDING = Form(r"^[a-z][a-z0-9_]{0,39}$", "a binding's name: lower-case letters, digits and `_`", "api_clients")
# ECR API reference, "CreateRepository": repositoryName.
REPOSITORY = Form(
    r"^([a-z0-9]+([._-][a-z0-9]+)*/)*[a-z0-9]+([._-][a-z0-9]+)*$", "a repository's name: lower-case letters, digits, `.`, `_`, `-`, `/`", "models/churn"
)
# Container image tags, with `*` for any characters (ECR user guide, "Lifecycle policy parameters": at most four `*`).
TAG_PATTERN = Form(r"^[A-Za-z0-9_.*-]{1,128}$", "a pattern of image tags", "v*")
INCARNATION = Form(r"^[a-z0-9]{4}$", "four lower-case letters or digits", "k7q2")
ZONE_ID = Form(r"^[a-z0-9]+-az[1-9][0-9]?$", "a zone id", "euc1-az1")
INSTANCE_TYPE = Form(r"^[a-z][a-z0-9-]*\.[a-z0-9-]+$", "an EC2 instance type", "m7i.large")
DATE = Form(r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$", "a date in quotes: year-month-day", "2027-03-31")

# NVIDIA MIG user guide, "MIG Device Names": compute slices, then memory.
MIG_PROFILE = Form(r"^[1-7]g\.[0-9]{1,3}gb$", "a MIG profile: compute slices and memory", "1g.10gb")
PREFIX = Form(r"^[a-z0-9][a-z0-9/_.-]{0,127}/$", "a prefix of object keys that ends with `/`", "shop/")

# GitHub's owners and repositories, GitLab's groups and projects (GitLab docs, "Reserved names", naming limitations). No character of a wildcard or of an
# IAM policy variable.
CI_REPOSITORY = Form(
    r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}(/[A-Za-z0-9_.-]{1,100})+$",
    "one repository, its owner (on GitLab: all of its groups) before it; no wildcard: a subject that is open trusts whoever may make a repository there",
    "acme/platform",
)
BRANCH = Form(r"^[A-Za-z0-9_][A-Za-z0-9_./+@#=-]{0,199}$", "one branch by its name; no wildcard: who can push any branch that fits could deploy", "main")
HOST = Form(r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$", "a host name in lower case, without `https://` and port", "gitlab.acme.io")
SERVICE = Form(r"^[a-z]([a-z0-9-]{0,28}[a-z0-9])?/[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", "a team and one of its services, with a `/` between them", "shop/churn")
AUDIENCE = Form(r"^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,254}$", "one audience, without wildcards", "https://gitlab.com")

_ALL = (
    ACCOUNT,
    REGION,
    KUBERNETES,
    NAME,
    BINDING,
    REPOSITORY,
    TAG_PATTERN,
    INCARNATION,
    ZONE_ID,
    INSTANCE_TYPE,
    DATE,
    MIG_PROFILE,
    PREFIX,
    CI_REPOSITORY,
    BRANCH,
    HOST,
    AUDIENCE,
    SERVICE,
)
FORMS = {form.pattern: form for form in _ALL}
"""By pattern, so that a refusal can say what was expected."""

AccountId = Annotated[str, Field(pattern=ACCOUNT.pattern, examples=[ACCOUNT.example])]
Region = Annotated[str, Field(pattern=REGION.pattern, examples=[REGION.example])]
KubernetesVersion = Annotated[str, Field(pattern=KUBERNETES.pattern, examples=[KUBERNETES.example])]
Name = Annotated[str, Field(pattern=NAME.pattern, examples=[NAME.example])]
BindingName = Annotated[str, Field(pattern=BINDING.pattern, examples=[BINDING.example])]
RepositoryName = Annotated[str, Field(pattern=REPOSITORY.pattern, min_length=2, max_length=200, examples=[REPOSITORY.example])]
TagPattern = Annotated[str, Field(pattern=TAG_PATTERN.pattern, examples=[TAG_PATTERN.example])]
Incarnation = Annotated[str, Field(pattern=INCARNATION.pattern, examples=[INCARNATION.example])]
ZoneId = Annotated[str, Field(pattern=ZONE_ID.pattern, examples=[ZONE_ID.example])]
InstanceTypeName = Annotated[str, Field(pattern=INSTANCE_TYPE.pattern, examples=[INSTANCE_TYPE.example])]
Date = Annotated[str, Field(pattern=DATE.pattern, examples=[DATE.example])]
MigProfile = Annotated[str, Field(pattern=MIG_PROFILE.pattern, examples=[MIG_PROFILE.example])]
Prefix = Annotated[str, Field(pattern=PREFIX.pattern, examples=[PREFIX.example])]
CiRepository = Annotated[str, Field(pattern=CI_REPOSITORY.pattern, examples=[CI_REPOSITORY.example])]
Branch = Annotated[str, Field(pattern=BRANCH.pattern, examples=[BRANCH.example])]
Host = Annotated[str, Field(pattern=HOST.pattern, examples=[HOST.example])]
Audience = Annotated[str, Field(pattern=AUDIENCE.pattern, examples=[AUDIENCE.example])]
ServiceName = Annotated[str, Field(pattern=SERVICE.pattern, examples=[SERVICE.example])]
