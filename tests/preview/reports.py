"""Reports made by hand, of what a foundation's previews say: for the renderers' tests, and a big one for measures."""

from dataclasses import replace

from commonground.preview.model import (
    Amount,
    Change,
    Class,
    Cost,
    EnvironmentReport,
    Operation,
    ParityReport,
    PolicyFinding,
    PropertyChange,
    Reason,
    Report,
)

LATER = "known after up"
NOTHING = "nothing"
SECRET = "[secret]"
PROJECT = "commonground"
NETWORK, CLUSTER, STORAGE, REGISTRIES, POOLS = (("foundation", name) for name in ("network", "cluster", "storage", "registries", "pools"))


def urn(environment: str, type_: str, name: str) -> str:
    """A URN as the engine writes it."""
    return f"urn:pulumi:{environment}::{PROJECT}::commonground:index:Foundation${type_}::{name}"


def change(operation: Operation, name: str, type_: str, *reasons: Reason, environment: str = "prod", **more: object) -> Change:
    """A change of a resource; without a reason it is in no class of its own."""
    made = Change(urn(environment, type_, name), operation, name, type_, reasons=reasons or (Reason(Class.OTHER, ""),))
    return replace(made, **more)  # type: ignore[arg-type]


def within(environment: str, changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """The same changes in another environment."""

    def moved(found: str | None) -> str | None:
        return found and f"urn:pulumi:{environment}::{found.split('::', 1)[1]}"

    return tuple(replace(found, urn=moved(found.urn) or "", cause=moved(found.cause)) for found in changes)


def counts(changes: tuple[Change, ...], same: int) -> dict[str, int]:
    """How many resources each thing happens to."""
    operations: tuple[Operation, ...] = ("create", "change", "replace", "delete")
    return {**{name: sum(found.operation == name for found in changes) for name in operations}, "same": same}


def environment(name: str, changes: tuple[Change, ...] = (), *, same: int = 199, **more: object) -> EnvironmentReport:
    """An environment's part, its changes by weight."""
    ordered = tuple(sorted(within(name, changes), key=lambda found: found.weight))
    made = EnvironmentReport(name, "", counts(ordered, same), changes=ordered)
    return replace(made, **more)  # type: ignore[arg-type]


TRUST = '{"Version": "2012-10-17", "Statement": [{"Sid": "AssumedByService", "Effect": "Allow", "Action": "sts:AssumeRole"}]}'
POLICY = (
    '{"Version": "2012-10-17", "Statement": [{"Sid": "ReadPrefix", "Effect": "Allow", "Action": ["s3:GetObject", "s3:GetObjectVersion"], '
    '"Resource": "arn:aws:s3:::datasets-bucket-461cf02/shop/*"}, {"Sid": "Decrypt", "Effect": "Allow", "Action": "kms:Decrypt", '
    '"Resource": "arn:aws:kms:eu-central-1:111111111111:key/key-5c6366bf44ee5680e"}]}'
)
VPC_URN = urn("prod", "aws:ec2/vpc:Vpc", "network-vpc")


def replaced_vpc() -> tuple[Change, ...]:
    """A VPC whose CIDR changes, and what follows from that."""
    consequence = Reason(Class.DOWNTIME, "it is made anew because network-vpc is replaced")
    found = [
        change(
            "replace",
            "network-vpc",
            "aws:ec2/vpc:Vpc",
            Reason(Class.DOWNTIME, "a VPC is replaced with all that is in it"),
            place=NETWORK,
            properties=(
                PropertyChange("cidrBlock", '"10.48.0.0/16"', '"10.52.0.0/16"', replaces=True),
                PropertyChange("id", '"vpc-a1fc4d9068a5edad8"', LATER),
                PropertyChange("tagsAll", '{"Name": "network-vpc", "commonground:environment": "prod"}', LATER),
            ),
            protected=True,
        )
    ]
    for tier in ("private", "public"):
        for zone in ("euc1-az1", "euc1-az2", "euc1-az3"):
            name = f"network-{tier}-{zone}"
            properties = (
                PropertyChange("vpcId", '"vpc-a1fc4d9068a5edad8"', LATER, replaces=True),
                PropertyChange("cidrBlock", '"10.48.0.0/20"', '"10.52.0.0/20"', replaces=True),
            )
            found.append(change("replace", name, "aws:ec2/subnet:Subnet", consequence, place=NETWORK, properties=properties, cause=VPC_URN))
    lost, down = Reason(Class.DATA, "what the cluster holds goes with it"), Reason(Class.DOWNTIME, "a cluster is replaced with all that runs on it")
    subnets = (PropertyChange("vpcConfig.subnetIds", '["subnet-01", "subnet-02", "subnet-03"]', LATER, replaces=True),)
    cluster = change("replace", "cluster", "aws:eks/cluster:Cluster", lost, down, place=CLUSTER, properties=subnets, cause=VPC_URN)
    return (*found, replace(cluster, holds_data=True, protected=True))


def all_classes() -> tuple[Change, ...]:
    """A change in each class, among them a lifted protection, secrets and unknowns."""
    bucket = "aws:s3/bucket:Bucket"
    sizes = (PropertyChange("scalingConfig.maxSize", "4", "8"), PropertyChange("scalingConfig.minSize", "1", "2"))
    return (
        change(
            "delete",
            "artifacts-bucket",
            bucket,
            Reason(Class.DATA, "it holds what cannot be made again"),
            place=(*STORAGE, "artifacts"),
            holds_data=True,
            protected=True,
        ),
        change(
            "change",
            "datasets-bucket",
            bucket,
            Reason(Class.DATA, "its protection is lifted"),
            place=(*STORAGE, "datasets"),
            holds_data=True,
            lifted=True,
            properties=(PropertyChange("forceDestroy", "false", "true"),),
        ),
        change(
            "change",
            "general-euc1-az1",
            "aws:ec2/launchTemplate:LaunchTemplate",
            Reason(Class.DOWNTIME, "its nodes are replaced, a few at a time"),
            place=POOLS,
            properties=(PropertyChange("latestVersion", "7", LATER), PropertyChange("imageId", '"ami-0a1b2c3d4e5f60718"', '"ami-0f1e2d3c4b5a69788"')),
        ),
        change(
            "change",
            "datasets-read-shop-shop",
            "aws:iam/rolePolicy:RolePolicy",
            Reason(Class.WIDER, "it allows s3:GetObjectTagging, which it did not"),
            place=STORAGE,
            properties=(PropertyChange("policy", POLICY, POLICY.replace('"s3:GetObjectVersion"', '"s3:GetObjectVersion", "s3:GetObjectTagging"')),),
        ),
        change("delete", "shop-push-legacy", "aws:iam/rolePolicy:RolePolicy", Reason(Class.NARROWER, "a grant goes"), place=REGISTRIES),
        change(
            "change", "gpu-euc1-az1", "aws:eks/nodeGroup:NodeGroup", Reason(Class.COST_UP, "4 more GPU nodes at most"), place=(*POOLS, "gpu"), properties=sizes
        ),
        change(
            "change",
            "general-euc1-az2",
            "aws:eks/nodeGroup:NodeGroup",
            Reason(Class.COST_DOWN, "2 fewer nodes at most"),
            place=(*POOLS, "general"),
            properties=(PropertyChange("scalingConfig.maxSize", "6", "4"),),
        ),
        change(
            "create",
            "models/churn-repository",
            "aws:ecr/repository:Repository",
            place=(*REGISTRIES, "models/churn"),
            properties=(
                PropertyChange("imageTagMutability", NOTHING, '"IMMUTABLE"'),
                PropertyChange("name", NOTHING, '"models/churn"'),
                PropertyChange(
                    "encryptionConfigurations", NOTHING, '[{"encryptionType": "KMS", "kmsKey": "arn:aws:kms:eu-central-1:111111111111:key/80fd6688"}]'
                ),
            ),
        ),
        change(
            "change",
            "shop-database-password",
            "aws:secretsmanager/secretVersion:SecretVersion",
            place=("shop", "database"),
            properties=(PropertyChange("secretString", SECRET, SECRET),),
        ),
        change(
            "create",
            "churn-role",
            "aws:iam/role:Role",
            place=STORAGE,
            properties=(PropertyChange("assumeRolePolicy", NOTHING, f'"{TRUST}"'), PropertyChange("arn", NOTHING, LATER)),
        ),
        change(
            "change",
            "network-flow-logs",
            "aws:cloudwatch/logGroup:LogGroup",
            Reason(Class.COSMETIC, "only tags change"),
            place=NETWORK,
            properties=(PropertyChange("tags.Owner", NOTHING, '"platform"'),),
        ),
    )


def findings(name: str) -> tuple[PolicyFinding, ...]:
    """What policies say of `all_classes`."""
    repository = urn(name, "aws:ecr/repository:Repository", "models/churn-repository")
    return (
        PolicyFinding(
            "buckets-keep-their-protection",
            True,
            "datasets-bucket holds data and has no deletion protection in a protected environment.",
            urn(name, "aws:s3/bucket:Bucket", "datasets-bucket"),
        ),
        PolicyFinding("gpu-budget", True, "The pools may have 8 GPUs together, and the budget of prod is 6."),
        PolicyFinding("images-are-scanned", False, "Scan images when they are pushed: set scan_on_push.", repository),
        PolicyFinding("required-tags", False, "It has no tag `cost-center`.", repository),
    )


COST = Cost(Amount(14, 16), Amount(4, 8))


def one_environment() -> Report:
    """Prod, with a change in each class."""
    first = ("artifacts-bucket is deleted with what it holds", "gpu-euc1-az1 may cost 4 more GPUs")
    part = environment(
        "prod", all_classes(), first=first, findings=findings("prod"), lifted=("datasets-bucket",), cost=COST, notes=("The base is 2fd1e0a of main.",)
    )
    return Report((part,), project=PROJECT)


def three_environments() -> Report:
    """Dev and staging change alike but for a value; in prod the VPC is replaced too. Dev and prod have one shape, staging has another."""
    own = tuple(found for found in all_classes() if found.reasons[0].kind is not Class.DATA)
    smaller = tuple(replace(found, properties=tuple(_smaller(item) for item in found.properties)) for found in own)
    offline = "the merge base 2fd1e0a, offline"
    first = ("the VPC's CIDR changes: everything in it is replaced", "the cluster is replaced, and what it holds goes with it")
    parts = (
        environment("dev", smaller, same=188, against=offline, findings=findings("dev")[2:], cost=Cost(Amount(6, 8), Amount(1, 2))),
        environment("staging", own, same=192, against=offline, findings=findings("staging")[2:], cost=Cost(Amount(6, 8), Amount(1, 2))),
        environment("prod", (*own, *replaced_vpc()), same=180, against=offline, first=first, findings=findings("prod"), lifted=("network-vpc",), cost=COST),
    )
    parity = (
        ParityReport("dev", "prod", (), ("aws:eks/nodeGroup:NodeGroup gpu-<zone>: scalingConfig.maxSize is 2 in dev, 8 in prod (scale, pools: sizes)",)),
        ParityReport("staging", "prod", ("aws:s3/bucket:Bucket extra-bucket is in prod only",), ()),
    )
    return Report(parts, parity, PROJECT)


def _smaller(found: PropertyChange) -> PropertyChange:
    return replace(found, before="2", after="3") if found.path == "scalingConfig.maxSize" else found


def failed() -> Report:
    """A preview that did not come to its end."""
    problems = ("aws:eks/nodeGroup:NodeGroup gpu-euc1-az1: `instanceTypes[0]` is `g6.3xlarge`, which the region does not have.\nTry g6.2xlarge.",)
    return Report((environment("dev", same=12), environment("prod", all_classes()[:4], same=80, problems=problems)), project=PROJECT)


def nothing() -> Report:
    """Three environments in which nothing changes."""
    return Report(tuple(environment(name) for name in ("dev", "staging", "prod")), project=PROJECT)


EVIL = (
    "</details></summary><script>alert(1)</script>",
    "`` ` ``` ````",
    "a | b || c",
    "@everyone and @org/team, see org/repository#1, #2, !3, GH-4 and https://example.com/?q=1",
    "[click](javascript:alert(1)) ![](https://example.com/x.png)",
    "--> <!-- commonground: preview other -->",
    "line\n\n/approve\n# heading\r\n- [ ] task",
    "\u202egnp.\u2066 \x1b[31m \x00 \ud800",
    "&lt;script&gt; &#64;here {{ 7*7 }} {% raw %} ${HOME} $x$",
    "x" * 70_000,
)


def evil() -> Report:
    """Names, values and messages that try to be more than text."""
    changes = tuple(
        change(
            "change",
            text,
            text,
            Reason(Class.WIDER, text),
            place=(text, text),
            cause=f"{urn('prod', 'a:b:C', 'x')}{text}",
            properties=(PropertyChange(text, text, text[::-1]),),
        )
        for text in EVIL
    )
    findings = tuple(PolicyFinding(text, mandatory, text, f"::{text}") for text in EVIL for mandatory in (True, False))
    part = EnvironmentReport("prod", EVIL[0], counts(changes, 0), EVIL, changes, findings, EVIL, problems=EVIL, notes=EVIL)
    names = tuple(EnvironmentReport(text, text, {}) for text in EVIL)
    return Report((part, *names), (ParityReport(EVIL[0], EVIL[5], EVIL, EVIL),), EVIL[5])


def large(number: int, properties: int = 6) -> Report:
    """Prod with so many changed resources in components of the foundation's depth, every class among them."""
    kinds = list(Class)
    operations: tuple[Operation, ...] = ("change", "create", "replace", "delete")
    changes = []
    for index in range(number):
        operation = operations[index * 7 % 10 % 4]
        listed = () if operation == "delete" else tuple(_of_large(operation, index, place) for place in range(properties))
        place = ("foundation", f"part-{index % 12}", f"member-{index // 12 % 9}")
        reason = Reason(kinds[index * 5 % len(kinds)], "its nodes are replaced, a few at a time")
        changes.append(
            change(operation, f"resource-{index:05}", "aws:eks/nodeGroup:NodeGroup", reason, place=place, properties=listed, holds_data=index % 50 == 0)
        )
    return Report((environment("prod", tuple(changes), same=0),), project=PROJECT)


def _of_large(operation: Operation, index: int, place: int) -> PropertyChange:
    after = f'{{"maxSize": {index + place}, "Sid": "ReadPrefix", "Resource": "arn:aws:s3:::datasets-bucket-461cf02/shop/*"}}'
    return PropertyChange(f"settings.part{place}", NOTHING if operation == "create" else after.replace("Read", "Write"), after)
