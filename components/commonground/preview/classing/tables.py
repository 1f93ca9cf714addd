"""What a change means to a reviewer, as tables: which operation or property of which type puts it in which class, and why.

What an update does is told by the services' own pages: Amazon EKS User Guide, "Update a managed node group" and "Update existing cluster to new
Kubernetes version"; Kubernetes documentation, "Performing a Rolling Update".
"""

from dataclasses import dataclass

from commonground.engine.steps import Op
from commonground.preview.classing.conditions import (
    Condition,
    always,
    anew,
    appears,
    becomes,
    fewer,
    gains,
    goes,
    longer,
    loses,
    lowered,
    more,
    newer,
    older,
    raised,
    shorter,
    stronger,
    switched_off,
    switched_on,
    was,
    was_none_of,
    weaker,
)
from commonground.preview.classing.documents import (
    expires_fewer_images,
    expires_less,
    expires_more,
    expires_more_images,
    freer,
    grants_less,
    grants_more,
    narrower_scope,
    reaches_less,
    reaches_more,
    takes_fewer_series,
    takes_more_series,
    wider_scope,
    with_key,
    without_key,
)
from commonground.preview.classing.holders import HOLDS_DATA, PROTECTIONS
from commonground.preview.model import Class

COSMETIC, COST_DOWN, COST_UP, DATA = Class.COSMETIC, Class.COST_DOWN, Class.COST_UP, Class.DATA
DOWNTIME, NARROWER, OTHER, WIDER = Class.DOWNTIME, Class.NARROWER, Class.OTHER, Class.WIDER
MADE, GONE, ANEW = frozenset({Op.CREATE}), frozenset({Op.DELETE}), frozenset({Op.REPLACE})


@dataclass(frozen=True)
class Whole:
    """A class by what happens to a resource as a whole."""

    type: str
    """Type; `*` stands for any text, `|` for or."""
    ops: frozenset[Op]
    kind: Class
    why: str
    path: str = ""
    """A property that decides; of a new resource it appears, of a deleted one it goes. Empty: none does."""
    when: Condition = always


@dataclass(frozen=True)
class Part:
    """A class by what happens to a property, in an update or a replacement."""

    type: str
    path: str
    """Property path without indexes; `*` stands for one name. Its whole value is looked at, whatever differs in it."""
    kind: Class
    why: str
    when: Condition = always


@dataclass(frozen=True)
class Subject:
    """What resources of a type are about, or stand in: what comes or goes with that is no change of its own."""

    type: str
    path: str
    """The property that names it."""
    of: str
    """Its type."""


NODE_GROUP, CLUSTER = "aws:eks/nodeGroup:NodeGroup", "aws:eks/cluster:Cluster"
RULES_IN = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
RULES = f"{RULES_IN}|aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule|aws:ec2/securityGroupRule:SecurityGroupRule"
GROUP = "aws:ec2/securityGroup:SecurityGroup|aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
ATTACHED = "aws:iam/*PolicyAttachment:*|aws:iam/policyAttachment:PolicyAttachment"
ACCESS = "aws:eks/accessEntry:AccessEntry|aws:eks/accessPolicyAssociation:AccessPolicyAssociation|aws:eks/podIdentityAssociation:PodIdentityAssociation"
IAM_POLICY = "aws:iam/rolePolicy:RolePolicy|aws:iam/policy:Policy|aws:iam/userPolicy:UserPolicy|aws:iam/groupPolicy:GroupPolicy"
RESOURCE_POLICY = "aws:s3/bucketPolicy:BucketPolicy|aws:kms/keyPolicy:KeyPolicy|aws:ecr/repositoryPolicy:RepositoryPolicy|aws:sns/topicPolicy:TopicPolicy"
RESOURCE_POLICY += "|aws:sqs/queuePolicy:QueuePolicy|aws:ecr/registryPolicy:RegistryPolicy|aws:secretsmanager/secretPolicy:SecretPolicy"
OWN_POLICY = "aws:kms/key:Key|aws:ec2/vpcEndpoint:VpcEndpoint|aws:sqs/queue:Queue|aws:secretsmanager/secret:Secret|aws:sns/topic:Topic"
BINDING = "kubernetes:rbac.authorization.k8s.io/v1:*RoleBinding"
ROLE = "kubernetes:rbac.authorization.k8s.io/v1:Role|kubernetes:rbac.authorization.k8s.io/v1:ClusterRole"
NET_POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock|aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock"
SERVING = "kubernetes:apps/v1:*|kubernetes:core/v1:Service|kubernetes:core/v1:Pod|kubernetes:networking.k8s.io/v1:Ingress|aws:lb/*|aws:alb/*|aws:ecs/*"
NETWORKING = (
    "aws:ec2/vpc:Vpc|aws:ec2/subnet:Subnet|aws:ec2/natGateway:NatGateway|aws:ec2/internetGateway:InternetGateway|aws:ec2/route*|aws:ec2/vpcEndpoint:VpcEndpoint"
)
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
RECORDS = "aws:ec2/flowLog:FlowLog|aws:s3/bucketLogging:BucketLogging|aws:cloudtrail/trail:Trail"
NETWORKING += "|aws:ec2/eip:Eip|aws:ec2/vpcEndpointRouteTableAssociation:*|aws:ec2/mainRouteTableAssociation:*"
VALIDATION = "kubernetes:admissionregistration.k8s.io/v1:Validating*"
VALIDATION_POLICY = "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy"
VALIDATION_BINDING = "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding"
SERVICE = "kubernetes:core/v1:Service"
LIFECYCLE, IMAGE_LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "aws:ecr/lifecyclePolicy:LifecyclePolicy"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
AUTOSCALER = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler|kubernetes:autoscaling/v1:HorizontalPodAutoscaler"
HOST_PATHS = ("hostNetwork", "hostPID", "hostIPC")
SOFTWARE = "aws:eks/addon:Addon|kubernetes:helm.sh/*"
CLASSES = "kubernetes:storage.k8s.io/v1:StorageClass|kubernetes:scheduling.k8s.io/v1:PriorityClass|kubernetes:resource.k8s.io/v1:DeviceClass"
COLLECTOR, SERIES = "aws:amp/scraper:Scraper", "aws:amp/workspaceConfiguration:WorkspaceConfiguration"
METRIC_RULES, ALERT_ROUTES = "aws:amp/ruleGroupNamespace:RuleGroupNamespace", "aws:amp/alertManagerDefinition:AlertManagerDefinition"
TOPIC, SUBSCRIPTION = "aws:sns/topic:Topic", "aws:sns/topicSubscription:TopicSubscription"
COSTLY = f"{CLUSTER}|{COLLECTOR}|aws:ec2/natGateway:NatGateway|aws:ec2/instance:Instance|aws:lb/loadBalancer:LoadBalancer|aws:rds/*|aws:elasticache/*"
LIGHT = "|".join(
    (
        *(RULES, ATTACHED, ACCESS, IAM_POLICY, RESOURCE_POLICY, BINDING, ROLE, NET_POLICY, BLOCK),
        *(RECORDS, SERIES, "aws:amp/*LoggingConfiguration:*"),
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration|aws:ec2/launchTemplate:LaunchTemplate|aws:autoscaling/tag:Tag|aws:kms/alias:Alias|aws:ec2/tag:Tag|aws:ecr/lifecyclePolicy:LifecyclePolicy",
        VALIDATION,
        "kubernetes:core/v1:ConfigMap|kubernetes:core/v1:ResourceQuota|kubernetes:core/v1:LimitRange|pulumi:providers:*",
    )
)
"""Types whose replacement interrupts nobody."""

WHOLES: tuple[Whole, ...] = (
    Whole(RULES, MADE, WIDER, "traffic is let through that was not"),
    Whole(RULES, GONE, NARROWER, "traffic is not let through any more"),
    Whole(f"{IAM_POLICY}|{ATTACHED}", MADE, WIDER, "a role may do more"),
    Whole(f"{IAM_POLICY}|{ATTACHED}", GONE, NARROWER, "a role may do less"),
    Whole(RESOURCE_POLICY, MADE, WIDER, "it allows what was not allowed, or not by it", "policy", grants_more),
    Whole(RESOURCE_POLICY, MADE, NARROWER, "it refuses what was not refused", "policy", grants_less),
    Whole(RESOURCE_POLICY, GONE, WIDER, "what the policy refused is not refused any more", "policy", grants_more),
    Whole(RESOURCE_POLICY, GONE, NARROWER, "what the policy allowed is not allowed any more", "policy", grants_less),
    Whole("aws:lambda/permission:Permission", MADE, WIDER, "others may call it"),
    Whole("aws:lambda/permission:Permission", GONE, NARROWER, "others may not call it any more"),
    Whole(ACCESS, MADE, WIDER, "a principal gets in that did not"),
    Whole(ACCESS, GONE, NARROWER, "a principal does not get in any more"),
    Whole(BINDING, MADE, WIDER, "subjects get a role in the cluster"),
    Whole(BINDING, GONE, NARROWER, "subjects lose a role in the cluster"),
    Whole(NET_POLICY, MADE, NARROWER, "pods are reached by those named only"),
    Whole(NET_POLICY, GONE, WIDER, "traffic is not refused any more"),
    Whole(VALIDATION, MADE, NARROWER, "the API server refuses what it did not"),
    Whole(VALIDATION, GONE, WIDER, "the API server does not refuse it any more"),
    Whole(SERVICE, MADE, WIDER, "it gets a load balancer", "spec.type", becomes("LoadBalancer")),
    Whole(LIFECYCLE, MADE, DATA, "objects are deleted that were kept", "rules", expires_more),
    Whole(IMAGE_LIFECYCLE, MADE, DATA, "images are deleted that were kept", "policy", expires_more_images),
    Whole(VERSIONING, GONE, DATA, "what is overwritten is lost", "versioningConfiguration.status", was("Enabled")),
    Whole(ENCRYPTION, GONE, WIDER, "new objects are encrypted with a key of S3's own"),
    Whole(BLOCK, MADE, NARROWER, "public access is refused"),
    Whole(BLOCK, GONE, WIDER, "public access is not refused any more"),
    Whole(RECORDS, MADE, NARROWER, "what happens is recorded"),
    Whole(RECORDS, GONE, WIDER, "what happens is not recorded any more"),
    Whole(NODE_GROUP, ANEW, DOWNTIME, "new nodes come, and all of the old ones go"),
    Whole(f"{CLUSTER}|{NODE_GROUP}", GONE, DOWNTIME, "what runs on it stops"),
    Whole(SERVING, GONE, DOWNTIME, "what it serves stops"),
    Whole(NETWORKING, GONE, DOWNTIME, "traffic that took this way stops"),
    Whole(SOFTWARE, GONE, DOWNTIME, "the cluster's software goes"),
    Whole(CLASSES, GONE, DOWNTIME, "new pods and volumes that name it are refused"),
    # User guide of Amazon Managed Prometheus, "Set up managed collectors for Amazon EKS": a new source needs a new collector, which takes minutes.
    Whole(COLLECTOR, ANEW, DOWNTIME, "nothing is scraped until the new one is: a gap in the metrics, and alerts that see nothing"),
    Whole(COLLECTOR, GONE, DOWNTIME, "nothing is scraped any more: metrics end, and alerts see nothing"),
    Whole(METRIC_RULES, ANEW, DOWNTIME, "what waits to fire begins anew, and what it records has a gap"),
    Whole(METRIC_RULES, GONE, DOWNTIME, "its alerts do not fire any more, and what it recorded ends"),
    Whole(ALERT_ROUTES, ANEW, DOWNTIME, "alerts reach nobody until it is there again"),
    Whole(ALERT_ROUTES, GONE, DOWNTIME, "alerts reach nobody any more"),
    Whole(TOPIC, ANEW, DOWNTIME, "its subscriptions go: whoever is told by it has to subscribe and confirm again"),
    Whole(TOPIC, GONE, DOWNTIME, "its subscriptions go: whoever was told by it is told nothing any more"),
    Whole(SUBSCRIPTION, MADE, WIDER, "another address is told what is published"),
    Whole(SUBSCRIPTION, GONE, NARROWER, "an address is not told any more"),
    Whole(SUBSCRIPTION, ANEW, DOWNTIME, "nothing is told there until the new one is confirmed"),
    Whole(COSTLY, MADE, COST_UP, "it costs by the hour"),
    Whole(COSTLY, GONE, COST_DOWN, "it costs nothing any more"),
    Whole(ENDPOINT, MADE, COST_UP, "it costs by the hour, in each zone", "vpcEndpointType", becomes("Interface")),
    Whole(ENDPOINT, GONE, COST_DOWN, "it costs nothing any more", "vpcEndpointType", was("Interface")),
)

# Amazon EKS User Guide, "Review access policy permissions": by what they let do, the least first.
ACCESS_RANKS = tuple(frozenset(f"AmazonEKS{name}Policy" for name in names) for names in (("View",), ("Edit", "AdminView"), ("Admin",), ("ClusterAdmin",)))
BY_RULE = ("cidrIpv4", "cidrIpv6", "cidrBlocks", "ipv6CidrBlocks", "prefixListId", "prefixListIds", "referencedSecurityGroupId", "sourceSecurityGroupId")

PARTS: tuple[Part, ...] = (
    # Nodes: EKS rolls them when the launch template's version, the AMI release or the Kubernetes version changes.
    *(Part(NODE_GROUP, path, DOWNTIME, "its nodes are replaced, a few at a time") for path in ("launchTemplate.version", "releaseVersion", "version")),
    Part(NODE_GROUP, "launchTemplate", DOWNTIME, "its nodes are replaced, a few at a time"),
    Part(NODE_GROUP, "scalingConfig.minSize", COST_UP, "more nodes run at all times", raised),
    Part(NODE_GROUP, "scalingConfig.minSize", COST_DOWN, "fewer nodes run at all times", lowered),
    Part(NODE_GROUP, "scalingConfig.desiredSize", COST_UP, "more nodes run", raised),
    Part(NODE_GROUP, "scalingConfig.desiredSize", DOWNTIME, "nodes are drained", lowered),
    Part(NODE_GROUP, "capacityType", COST_UP, "on demand instead of spot", becomes("ON_DEMAND")),
    Part(NODE_GROUP, "capacityType", COST_DOWN, "spot instead of on demand", becomes("SPOT")),
    # The cluster.
    Part(CLUSTER, "version", DOWNTIME, "the control plane is upgraded: its API answers from new addresses, and there is no way back", newer),
    Part(CLUSTER, "version", DOWNTIME, "an older version, which EKS refuses", older),
    Part(CLUSTER, "vpcConfig.publicAccessCidrs", WIDER, "more addresses reach its API", more),
    Part(CLUSTER, "vpcConfig.publicAccessCidrs", NARROWER, "fewer addresses reach its API", fewer),
    Part(CLUSTER, "vpcConfig.endpointPublicAccess", WIDER, "its API is public", switched_on),
    Part(CLUSTER, "vpcConfig.endpointPublicAccess", NARROWER, "its API is not public any more", switched_off),
    Part(CLUSTER, "vpcConfig.subnetIds", DOWNTIME, "the control plane's network interfaces move; EKS refuses subnets of another VPC"),
    Part(CLUSTER, "vpcConfig.endpointPrivateAccess", DOWNTIME, "nodes reach its API by another way"),
    Part(CLUSTER, "accessConfig.authenticationMode", WIDER, "the ConfigMap aws-auth lets principals in, too", was("API")),
    Part(CLUSTER, "enabledClusterLogTypes", WIDER, "less of what it does is logged", fewer),
    Part(CLUSTER, "enabledClusterLogTypes", NARROWER, "more of what it does is logged", more),
    Part(CLUSTER, "upgradePolicy.supportType", COST_UP, "extended support costs by the hour", becomes("EXTENDED")),
    Part(CLUSTER, "upgradePolicy.supportType", DOWNTIME, "it is upgraded by itself when standard support ends", becomes("STANDARD")),
    Part(CLUSTER, "zonalShiftConfig.enabled", OTHER, "AWS may move its traffic away from a zone that fails", switched_on),
    Part(CLUSTER, "zonalShiftConfig.enabled", OTHER, "AWS does not move its traffic away from a zone that fails any more", switched_off),
    Part("aws:eks/addon:Addon", "addonVersion", DOWNTIME, "its pods are replaced, a few at a time"),
    Part("aws:eks/addon:Addon", "configurationValues", DOWNTIME, "its pods are replaced, a few at a time"),
    Part("aws:eks/accessEntry:AccessEntry", "kubernetesGroups", WIDER, "the principal is in more groups", more),
    Part("aws:eks/accessEntry:AccessEntry", "kubernetesGroups", NARROWER, "the principal is in fewer groups", fewer),
    Part("aws:eks/accessPolicyAssociation:AccessPolicyAssociation", "policyArn", WIDER, "the principal may do more in the cluster", stronger(*ACCESS_RANKS)),
    Part("aws:eks/accessPolicyAssociation:AccessPolicyAssociation", "policyArn", NARROWER, "the principal may do less in the cluster", weaker(*ACCESS_RANKS)),
    Part("aws:eks/*", "principalArn", WIDER, "another principal gets in"),
    Part("aws:eks/accessPolicyAssociation:AccessPolicyAssociation", "accessScope", WIDER, "the principal may do it in more of the cluster", wider_scope),
    Part("aws:eks/accessPolicyAssociation:AccessPolicyAssociation", "accessScope", NARROWER, "the principal may do it in less of the cluster", narrower_scope),
    Part("aws:eks/podIdentityAssociation:PodIdentityAssociation", "roleArn", WIDER, "its pods take another role"),
    # Who may do what.
    Part(ATTACHED, "policyArn", WIDER, "another policy: what it allows is not in the report"),
    Part(BINDING, "roleRef", WIDER, "its subjects get another role in the cluster"),
    Part(IAM_POLICY, "policy", WIDER, "it allows more", grants_more),
    Part(IAM_POLICY, "policy", NARROWER, "it allows less", grants_less),
    Part(f"{RESOURCE_POLICY}|{OWN_POLICY}", "policy", WIDER, "it allows more", grants_more),
    Part(f"{RESOURCE_POLICY}|{OWN_POLICY}", "policy", NARROWER, "it allows less", grants_less),
    Part("aws:iam/role:Role", "assumeRolePolicy", WIDER, "more can take the role, or under other conditions", grants_more),
    Part("aws:iam/role:Role", "assumeRolePolicy", NARROWER, "fewer can take the role, or under other conditions", grants_less),
    Part("aws:iam/role:Role", "managedPolicyArns", WIDER, "the role may do more", more),
    Part("aws:iam/role:Role", "managedPolicyArns", NARROWER, "the role may do less", fewer),
    Part("aws:iam/role:Role", "permissionsBoundary", WIDER, "nothing bounds the role any more", goes),
    Part("aws:iam/role:Role", "permissionsBoundary", NARROWER, "the role is bounded", appears),
    Part("aws:iam/role:Role", "maxSessionDuration", WIDER, "sessions last longer", raised),
    Part("aws:iam/openIdConnectProvider:OpenIdConnectProvider", "clientIdLists", WIDER, "tokens for more audiences are taken", more),
    Part(ROLE, "rules", WIDER, "the role may do more in the cluster", more),
    Part(ROLE, "rules", NARROWER, "the role may do less in the cluster", fewer),
    Part(BINDING, "subjects", WIDER, "more subjects have the role", more),
    Part(BINDING, "subjects", NARROWER, "fewer subjects have the role", fewer),
    Part(VALIDATION_POLICY, "spec.validations", WIDER, "the API server does not refuse it any more", fewer),
    Part(VALIDATION_POLICY, "spec.validations", NARROWER, "the API server refuses what it did not", more),
    Part(VALIDATION_POLICY, "spec.matchConditions", WIDER, "the API server refuses it under more conditions only", more),
    Part(VALIDATION_POLICY, "spec.matchConditions", NARROWER, "the API server refuses it under fewer conditions", fewer),
    Part(VALIDATION_BINDING, "spec.validationActions", WIDER, "the API server does not refuse it any more", loses("Deny")),
    Part(VALIDATION_BINDING, "spec.validationActions", NARROWER, "the API server refuses what it did not", gains("Deny")),
    # What reaches what.
    *(Part(GROUP, path, WIDER, "traffic is let through that was not", more) for path in ("ingress", "egress")),
    *(Part(GROUP, path, NARROWER, "traffic is not let through any more", fewer) for path in ("ingress", "egress")),
    *(Part(RULES, path, WIDER, "traffic is let through that was not", more) for path in BY_RULE),
    *(Part(RULES, path, NARROWER, "traffic is not let through any more", fewer) for path in BY_RULE),
    *(Part(RULES, path, WIDER, "more ports are let through", when) for path, when in (("fromPort", lowered), ("toPort", raised))),
    *(Part(RULES, path, NARROWER, "fewer ports are let through", when) for path, when in (("fromPort", raised), ("toPort", lowered))),
    *(Part(RULES, path, WIDER, "another protocol is let through", was_none_of("-1")) for path in ("ipProtocol", "protocol")),
    *(Part(RULES, path, NARROWER, "not every protocol is let through any more", was("-1")) for path in ("ipProtocol", "protocol")),
    *(Part("aws:ec2/route:Route", path, DOWNTIME, "traffic takes another way: what is connected breaks") for path in ("natGatewayId", "gatewayId")),
    Part("aws:ec2/internetGateway:InternetGateway", "vpcId", DOWNTIME, "nothing of the VPC reaches the internet, or is reached, until it is attached again"),
    Part(ENDPOINT, "subnetIds", COST_UP, "it costs by the hour in more zones", longer),
    Part(ENDPOINT, "subnetIds", COST_DOWN, "it costs by the hour in fewer zones", shorter),
    Part(NET_POLICY, "spec.ingress", WIDER, "pods are reached by more", reaches_more),
    Part(NET_POLICY, "spec.ingress", NARROWER, "pods are reached by fewer", reaches_less),
    Part(NET_POLICY, "spec.egress", WIDER, "pods reach more", reaches_more),
    Part(NET_POLICY, "spec.egress", NARROWER, "pods reach less", reaches_less),
    Part(NET_POLICY, "spec.policyTypes", WIDER, "traffic is not refused any more", fewer),
    Part(NET_POLICY, "spec.policyTypes", NARROWER, "traffic is refused that was not", more),
    Part(NET_POLICY, "spec.podSelector.matchLabels", WIDER, "it is about fewer pods", more),
    Part(NET_POLICY, "spec.podSelector.matchLabels", NARROWER, "it is about more pods", fewer),
    Part(ENDPOINT, "privateDnsEnabled", DOWNTIME, "the service's name leads elsewhere: past the endpoint, or nowhere", switched_off),
    Part("aws:ec2/subnet:Subnet", "mapPublicIpOnLaunch", WIDER, "instances get public addresses", switched_on),
    *(
        Part(BLOCK, path, kind, why, when)
        for path in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
        for kind, why, when in ((WIDER, "public access is not refused any more", switched_off), (NARROWER, "public access is refused", switched_on))
    ),
    Part("aws:ec2/launchTemplate:LaunchTemplate", "metadataOptions.httpTokens", WIDER, "instance metadata answers without a token", was("required")),
    Part("aws:ec2/launchTemplate:LaunchTemplate", "metadataOptions.httpTokens", NARROWER, "instance metadata wants a token", becomes("required")),
    Part("aws:ec2/launchTemplate:LaunchTemplate", "metadataOptions.httpPutResponseHopLimit", WIDER, "pods reach the instance's metadata", raised),
    Part("aws:ecr/repository:Repository", "imageTagMutability", WIDER, "a tag can come to name another image", was("IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION")),
    Part("aws:ecr/repository:Repository", "imageTagMutability", NARROWER, "a tag names one image for good", becomes("IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION")),
    Part(ENCRYPTION, "rules", WIDER, "new objects are encrypted with a key of S3's own", without_key),
    Part(ENCRYPTION, "rules", NARROWER, "new objects are encrypted with a key of KMS", with_key),
    Part("aws:kms/key:Key", "isEnabled", DOWNTIME, "what it encrypted cannot be read", switched_off),
    Part("aws:kms/key:Key", "enableKeyRotation", WIDER, "the key is not rotated any more", switched_off),
    Part("kubernetes:core/v1:Namespace", "metadata.labels.pod-security.kubernetes.io/enforce", WIDER, "pods may do more", was("restricted")),
    Part("kubernetes:core/v1:Namespace", "metadata.labels.pod-security.kubernetes.io/enforce", NARROWER, "pods may do less", becomes("restricted")),
    # What holds data.
    Part(VERSIONING, "versioningConfiguration.status", DATA, "what is overwritten is lost", was("Enabled")),
    Part(LIFECYCLE, "rules", DATA, "other objects are deleted, or sooner", expires_more),
    Part(LIFECYCLE, "rules", COST_UP, "more objects are kept, or longer", expires_less),
    Part(IMAGE_LIFECYCLE, "policy", DATA, "other images are deleted, or sooner", expires_more_images),
    Part(IMAGE_LIFECYCLE, "policy", COST_UP, "more images are kept, or longer", expires_fewer_images),
    Part("aws:cloudwatch/logGroup:LogGroup", "retentionInDays", DATA, "older logs are deleted", lowered),
    Part("aws:cloudwatch/logGroup:LogGroup", "retentionInDays", COST_UP, "more logs are kept", raised),
    Part(SERIES, "retentionPeriodInDays", DATA, "older samples are deleted", lowered),
    Part(SERIES, "retentionPeriodInDays", COST_UP, "more samples are kept", raised),
    Part("aws:kms/key:Key", "deletionWindowInDays", DATA, "a deleted key is lost sooner", lowered),
    *(Part(type_, path, DATA, "whoever deletes it deletes what is in it too", switched_on) for type_, path in PROTECTIONS.items() if path.startswith("force")),
    *(
        Part(type_, path, DATA, "the service does not refuse to delete it any more", switched_off)
        for type_, path in PROTECTIONS.items()
        if path.startswith("del")
    ),
    # Metrics and alerts.
    Part(SERIES, "limitsPerLabelSets", DOWNTIME, "fewer series are taken: samples of those above the limit are refused", takes_fewer_series),
    Part(SERIES, "limitsPerLabelSets", COST_UP, "more series are taken", takes_more_series),
    Part(SERIES, "limitsPerLabelSets", OTHER, "other labels have a limit of their own; whatever has none counts to everything else's"),
    Part(COLLECTOR, "scrapeConfiguration", OTHER, "other targets are scraped, or otherwise"),
    Part(COLLECTOR, "destination", DOWNTIME, "its metrics go to another workspace: rules and dashboards of the one before see nothing"),
    Part(METRIC_RULES, "data", OTHER, "rules and alerts are evaluated as they are written now"),
    Part(ALERT_ROUTES, "definition", OTHER, "alerts go to whom it names now, grouped and repeated as it says"),
    Part(TOPIC, "kmsMasterKeyId", WIDER, "what is published is not encrypted with a key of KMS any more", goes),
    Part(TOPIC, "kmsMasterKeyId", NARROWER, "what is published is encrypted with a key of KMS", appears),
    Part(SUBSCRIPTION, "endpoint", WIDER, "another address is told what is published"),
    Part(SUBSCRIPTION, "filterPolicy", OTHER, "it is told of other messages"),
    # Workloads: Kubernetes replaces pods a few at a time; a strategy of its own says otherwise.
    Part("kubernetes:apps/v1:*", "spec.template", OTHER, "its pods are replaced, a few at a time"),
    Part("kubernetes:apps/v1:*", "spec", DOWNTIME, "its pods are stopped before new ones start", anew),
    *(Part("kubernetes:apps/v1:*", f"spec.template.spec.{path}", WIDER, "its pods see what is the node's", switched_on) for path in HOST_PATHS),
    *(
        Part("kubernetes:apps/v1:*", f"spec.template.spec.{path}", WIDER, "its containers may do more on the node", freer)
        for path in ("containers", "initContainers")
    ),
    Part("kubernetes:batch/v1:CronJob", "spec.jobTemplate", OTHER, "from its next run on"),
    Part("kubernetes:apps/v1:*", "spec.replicas", OTHER, "more pods run", raised),
    Part("kubernetes:apps/v1:*", "spec.replicas", OTHER, "fewer pods run", lowered),
    *(Part(AUTOSCALER, path, OTHER, "more pods run", raised) for path in ("spec.minReplicas", "spec.maxReplicas")),
    *(Part(AUTOSCALER, path, OTHER, "fewer pods run", lowered) for path in ("spec.minReplicas", "spec.maxReplicas")),
    Part("kubernetes:core/v1:ResourceQuota", "spec.hard.*", OTHER, "its namespace may use more", raised),
    Part("kubernetes:core/v1:ResourceQuota", "spec.hard.*", DOWNTIME, "its namespace may use less: pods above that do not start again", lowered),
    Part(SERVICE, "spec.loadBalancerSourceRanges", WIDER, "its load balancer is open to every address", goes),
    Part(SERVICE, "spec.type", WIDER, "it gets a load balancer", becomes("LoadBalancer")),
    Part(SERVICE, "spec.type", NARROWER, "it has no load balancer any more", was("LoadBalancer")),
    Part("kubernetes:apps/v1:*", "spec.replicas", DOWNTIME, "it runs no pod any more", becomes(0)),
    Part("kubernetes:apps/v1:*", "spec.strategy.type", DOWNTIME, "its pods are stopped before new ones start", becomes("Recreate")),
    # Words.
    Part("kubernetes:*", "metadata.annotations", COSMETIC, "annotations"),
    Part("kubernetes:*", "metadata.labels", COSMETIC, "labels"),
    Part("aws:eks/nodeGroup:NodeGroup", "labels", OTHER, "labels that pods may choose nodes by"),
    *(Part("aws:*", f"{path}.kubernetes.io/*", OTHER, "tags by which Kubernetes' controllers find it") for path in ("tags", "tagsAll")),
    *(Part("aws:*", path, COSMETIC, what) for path, what in (("tags", "tags"), ("tagsAll", "tags"), ("description", "description"))),
    Part("aws:*", "tagSpecifications", OTHER, "tags of what it starts from now on"),
    # Providers.
    Part("pulumi:providers:aws", "allowedAccountIds", DOWNTIME, "another account: what is in the one before is not reached any more"),
    Part("pulumi:providers:aws", "assumeRoles", OTHER, "it acts as another role"),
    Part("pulumi:providers:aws", "defaultTags", COSMETIC, "tags"),
    Part("pulumi:providers:kubernetes", "kubeconfig", OTHER, "it reaches the cluster by another way, or as another role"),
    # Of any provider, by what its properties are called.
    *(Part("*", path, WIDER, "it is open to the public", switched_on) for path in ("allow*Public*", "public*")),
    *(Part("*", path, NARROWER, "it is not open to the public any more", switched_off) for path in ("allow*Public*", "public*")),
)

SUBJECTS: tuple[Subject, ...] = (
    Subject("aws:s3/bucket*:*", "bucket", "aws:s3/bucket:Bucket|aws:s3/bucketV2:BucketV2"),
    Subject("aws:ecr/lifecyclePolicy:LifecyclePolicy|aws:ecr/repositoryPolicy:RepositoryPolicy", "repository", "aws:ecr/repository:Repository"),
    Subject("aws:iam/rolePolicy:RolePolicy|aws:iam/rolePolicyAttachment:RolePolicyAttachment", "role", "aws:iam/role:Role"),
    Subject("aws:kms/keyPolicy:KeyPolicy", "keyId", "aws:kms/key:Key"),
    Subject(RULES, "securityGroupId", "aws:ec2/securityGroup:SecurityGroup"),
    Subject("aws:ec2/flowLog:FlowLog", "vpcId", "aws:ec2/vpc:Vpc"),
    Subject("aws:eks/*", "clusterName", CLUSTER),
    Subject(f"{SERIES}|{METRIC_RULES}|{ALERT_ROUTES}|aws:amp/queryLoggingConfiguration:*", "workspaceId", "aws:amp/workspace:Workspace"),
    Subject("aws:amp/scraperLoggingConfiguration:ScraperLoggingConfiguration", "scraperId", COLLECTOR),
    Subject("aws:sns/topicPolicy:TopicPolicy", "arn", TOPIC),
    Subject(SUBSCRIPTION, "topic", TOPIC),
    Subject("aws:autoscaling/tag:Tag", "autoscalingGroupName", NODE_GROUP),
    Subject("kubernetes:*", "metadata.namespace", "kubernetes:core/v1:Namespace"),
)

DEFAULTS: dict[Op, tuple[Class, str]] = {
    Op.CREATE: (OTHER, "new"),
    Op.DELETE: (OTHER, "goes"),
    Op.REPLACE: (DOWNTIME, "it is made anew: what uses it is interrupted"),
    Op.UPDATE: (OTHER, "changes"),
}


def all_types() -> frozenset[str]:
    """Every type or pattern that a table names."""
    rows: tuple[Whole | Part | Subject, ...] = (*WHOLES, *PARTS, *SUBJECTS)
    named = [*(row.type for row in rows), *(row.of for row in SUBJECTS), LIGHT, *HOLDS_DATA, *PROTECTIONS]
    return frozenset(part for types in named for part in types.split("|"))
