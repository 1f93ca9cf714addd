"""What a user can rely on of buckets."""

import pulumi
import pulumi_aws as aws
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.components.parts import ACCOUNT, PROTECTED, UNPROTECTED, bucket_settings, identity, owned_by_platform, owners, statements, storage_settings
from tests.components.stage import stage

from commonground.lifecycles import LIVES, KeptForeverError, lifecycle_rules
from commonground.settings import names
from commonground.settings.base import BucketPurpose, Protection
from commonground.storage import Bucket, ExistingBucket, LogEncryptionError, Storage, TwoLogBucketsError

BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
BUCKET = "aws:s3/bucket:Bucket"
ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
LOGGING = "aws:s3/bucketLogging:BucketLogging"
POLICY = "aws:s3/bucketPolicy:BucketPolicy"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
GRANT = "aws:iam/rolePolicy:RolePolicy"
ARN = "arn:aws:test:::datasets-bucket"
KEY_ARN = "arn:aws:test:::storage-key"


@pytest.fixture
def graph(deploy):
    """The graph of the buckets given, or of those that are shipped."""
    return lambda *buckets, **changes: deploy(lambda: Storage("storage", storage_settings(*buckets, **changes)))


@pytest.fixture
def alone(deploy):
    """The graph of one bucket alone, without a key."""
    return lambda **changes: deploy(lambda: Bucket("datasets", bucket_settings(**changes), key=None))


def rules(graph, bucket: str = "datasets") -> dict[str, dict]:
    return {rule["id"]: rule for rule in graph.all(LIFECYCLE)[f"{bucket}-lifecycle"]["rules"]}


def encryption(graph, bucket: str) -> dict:
    (rule,) = graph.all(ENCRYPTION)[f"{bucket}-encryption"]["rules"]
    return rule


def test_plain_http_is_refused_for_every_bucket_and_its_objects(graph):
    policies = graph().all(POLICY)
    assert set(policies) == {"datasets-policy", "models-policy", "logs-policy"}
    for label, policy in policies.items():
        refusal = statements(policy["policy"])["RefusePlainHttp"]
        arn = f"arn:aws:test:::{label.removesuffix('-policy')}-bucket"
        assert (refusal["Effect"], refusal["Principal"], refusal["Action"]) == ("Deny", "*", "s3:*")
        assert refusal["Resource"] == [arn, f"{arn}/*"]
        assert refusal["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_no_bucket_can_be_made_public(alone):
    block = dict(alone().one(BLOCK))
    assert block.pop("bucket") == "datasets-bucket-id"
    assert block == {"blockPublicAcls": True, "blockPublicPolicy": True, "ignorePublicAcls": True, "restrictPublicBuckets": True}


def test_the_account_owns_every_object(alone):
    assert alone().one("aws:s3/bucketOwnershipControls:BucketOwnershipControls")["rule"] == {"objectOwnership": "BucketOwnerEnforced"}


@pytest.mark.parametrize("purpose", BucketPurpose)
def test_what_is_overwritten_can_be_brought_back(alone, purpose):
    assert alone(purpose=purpose).one(VERSIONING)["versioningConfiguration"] == {"status": "Enabled"}


def test_data_is_encrypted_by_the_environments_key_and_access_logs_by_s3(graph):
    result = graph()
    assert encryption(result, "models") == {
        "applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY_ARN},
        "bucketKeyEnabled": True,
    }
    assert encryption(result, "logs")["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "AES256"}


def test_a_bucket_alone_needs_no_key(alone):
    assert encryption(alone(), "datasets")["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "AES256"}


def test_a_bucket_takes_a_key_that_is_there_already(deploy):
    result = deploy(lambda: Bucket("datasets", bucket_settings(), key=aws.kms.Key("mine")))
    assert encryption(result, "datasets")["applyServerSideEncryptionByDefault"]["kmsMasterKeyId"] == "arn:aws:test:::mine"


def test_a_log_bucket_refuses_a_key(deploy):
    with pytest.raises(LogEncryptionError, match=r"'audit'.*leave out the key"):
        deploy(lambda: Bucket("audit", bucket_settings("audit", BucketPurpose.LOGS), key=aws.kms.Key("mine")))


def test_every_bucket_but_the_log_bucket_delivers_its_access_logs_there(graph):
    logging = graph().all(LOGGING)
    assert set(logging) == {"datasets-logging", "models-logging"}
    assert logging["models-logging"]["targetBucket"] == "logs-bucket-id"
    assert logging["models-logging"]["targetPrefix"] == "models/"


def test_only_this_accounts_buckets_deliver_into_the_log_bucket(graph):
    policies = graph().all(POLICY)
    delivery = statements(policies["logs-policy"]["policy"])["DeliverAccessLogs"]
    assert delivery["Principal"] == {"Service": "logging.s3.amazonaws.com"}
    assert delivery["Action"] == "s3:PutObject"
    assert delivery["Resource"] == "arn:aws:test:::logs-bucket/*"
    assert delivery["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    assert "DeliverAccessLogs" not in statements(policies["models-policy"]["policy"])


def test_without_a_log_bucket_nothing_is_logged(graph):
    assert not graph(bucket_settings()).all(LOGGING)


def test_two_log_buckets_are_refused_by_name(graph):
    with pytest.raises(TwoLogBucketsError, match="found logs, audit"):
        graph(bucket_settings("logs", BucketPurpose.LOGS), bucket_settings("audit", BucketPurpose.LOGS))


def test_what_s3_would_refuse_at_the_same_time_comes_one_after_the_other():
    made = stage(lambda: Storage("storage", storage_settings()))
    assert made.one(BLOCK, "models-access-block").urn in made.one(POLICY, "models-policy").dependencies
    assert made.one(VERSIONING, "models-versioning").urn in made.one(LIFECYCLE, "models-lifecycle").dependencies


def test_logging_waits_for_the_policy_that_lets_s3_deliver():
    made = stage(lambda: Storage("storage", storage_settings()))
    assert made.one(POLICY, "logs-policy").urn in made.one(LOGGING, "models-logging").dependencies


def test_unfinished_uploads_go_after_a_week(graph):
    result = graph()
    for bucket in ("datasets", "models", "logs"):
        assert rules(result, bucket)["unfinished-uploads"]["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 7}


def test_old_versions_of_datasets_go_to_cheaper_storage_and_then_expire(graph):
    rule = rules(graph())["old-versions"]
    moves = [(move["noncurrentDays"], move["storageClass"]) for move in rule["noncurrentVersionTransitions"]]
    assert moves == [(30, "STANDARD_IA"), (90, "GLACIER_IR")]
    assert rule["noncurrentVersionExpiration"] == {"noncurrentDays": 365}


def test_models_are_kept_in_every_version(graph):
    assert set(rules(graph(), "models")) == {"unfinished-uploads"}


def test_models_that_are_to_expire_are_refused_by_name(graph):
    with pytest.raises(KeptForeverError, match="'models': expire_days is 30"):
        graph(bucket_settings("models", BucketPurpose.MODELS, expire_days=30))


def test_logs_expire_when_the_settings_say_so(graph):
    assert rules(graph(), "logs")["current-objects"]["expiration"] == {"days": 400}


@settings(deadline=None)
@given(purpose=st.sampled_from(BucketPurpose), days=st.integers(1, 3650))
def test_old_versions_never_move_so_late_that_it_costs_more(purpose, days):
    """S3 also refuses a move that is not before the end."""
    for rule in lifecycle_rules(bucket_settings(purpose=purpose, keep_old_versions_days=days)):
        moved = [move["noncurrent_days"] for move in rule.get("noncurrent_version_transitions", [])]
        billed = {move.after_days: move.billed_days for move in LIVES[purpose].moves}
        assert moved == sorted(moved)
        assert all(after + billed[after] <= days for after in moved)


def test_protection_is_by_the_names_that_the_settings_check():
    """`unprotected` in the scale holds logical names, so they have to be these."""
    lifted = Protection(on=True, unprotected=(names.bucket("datasets"),))
    buckets = (bucket_settings("datasets", protection=lifted), bucket_settings("models", BucketPurpose.MODELS, protection=lifted))
    made = stage(lambda: Storage("storage", storage_settings(*buckets)))
    assert {one.name for one in made.declared if one.protected} == {names.bucket("models"), names.STORAGE_KEY}
    assert made.one(BUCKET, names.bucket("datasets"))


def test_nothing_is_protected_where_protection_is_off():
    made = stage(lambda: Storage("storage", storage_settings(bucket_settings(protection=UNPROTECTED), protection=UNPROTECTED)))
    assert not any(one.protected for one in made.declared)


@pytest.mark.parametrize(("protection", "force"), [(PROTECTED, False), (UNPROTECTED, True)])
def test_only_an_unprotected_bucket_goes_with_its_objects(alone, protection, force):
    assert alone(protection=protection).one(BUCKET)["forceDestroy"] is force


def test_s3_makes_up_the_physical_name(alone):
    assert "bucket" not in alone().one(BUCKET)


def granted(deploy, grant) -> dict[str, dict]:
    """The statements that a grant on the shipped datasets makes."""
    result = deploy(lambda: grant(Storage("storage", storage_settings())["datasets"]))
    (policy,) = result.all(GRANT).values()
    return statements(policy["policy"])


def test_a_reader_of_one_prefix_cannot_read_or_list_another(deploy):
    found = granted(deploy, lambda bucket: bucket.grant_read(identity(), prefix="shop/"))
    assert found["ReadPrefix"]["Resource"] == f"{ARN}/shop/*"
    assert found["ListPrefix"]["Resource"] == ARN
    assert found["ListPrefix"]["Condition"] == {"StringLike": {"s3:prefix": "shop/*"}}


def test_a_reader_changes_nothing(deploy):
    found = granted(deploy, lambda bucket: bucket.grant_read(identity()))
    actions = [action for statement in found.values() for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])]
    assert sorted(actions) == ["kms:Decrypt", "s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket"]


def test_a_writer_of_one_prefix_can_delete_no_old_version_and_read_nothing(deploy):
    found = granted(deploy, lambda bucket: bucket.grant_write(identity(), prefix="shop/"))
    assert found["WritePrefix"]["Resource"] == f"{ARN}/shop/*"
    assert "s3:PutObject" in found["WritePrefix"]["Action"]
    assert not {"s3:DeleteObjectVersion", "s3:GetObject"} & set(found["WritePrefix"]["Action"])
    assert found["Encrypt"]["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]


def test_the_key_is_granted_for_this_bucket_only(deploy):
    found = granted(deploy, lambda bucket: bucket.grant_read(identity(), prefix="shop/"))
    assert found["Decrypt"]["Resource"] == KEY_ARN
    assert found["Decrypt"]["Condition"] == {"StringLike": {"kms:EncryptionContext:aws:s3:arn": [ARN, f"{ARN}/*"]}}


def test_one_identity_may_be_granted_several_prefixes(deploy):
    def program() -> None:
        bucket, shop = Bucket("datasets", bucket_settings(), key=None), identity()
        for prefix in ("shop/", "common/2026/"):
            bucket.grant_read(shop, prefix=prefix)
        bucket.grant_write(shop, prefix="shop/")

    grants = deploy(program).all(GRANT)
    assert set(grants) == {"datasets-read-shop-shop", "datasets-read-common.2026-shop", "datasets-write-shop-shop"}
    assert {policy["role"] for policy in grants.values()} == {"shop"}


def test_a_bucket_that_is_there_already_is_granted_in_the_same_way(deploy):
    def program() -> None:
        existing = ExistingBucket("models", name="acme-models", arn=pulumi.Output.from_input("arn:aws:s3:::acme-models"))
        existing.grant_read(identity(), prefix="shop/")

    (policy,) = deploy(program).all(GRANT).values()
    found = statements(policy["policy"])
    assert found["ReadPrefix"]["Resource"] == "arn:aws:s3:::acme-models/shop/*"
    assert "Decrypt" not in found


def test_a_bucket_that_is_there_already_takes_access_logs(deploy):
    logs = ExistingBucket("logs", name="acme-logs", arn="arn:aws:s3:::acme-logs")
    assert deploy(lambda: Bucket("datasets", bucket_settings(), key=None, logs=logs)).one(LOGGING)["targetBucket"] == "acme-logs"


def test_a_users_transform_reaches_every_child():
    found = owners(lambda: Storage("storage", storage_settings(), opts=owned_by_platform()))
    assert found["datasets-bucket"] == "platform"
    assert set(found.values()) == {"platform"}


PURPOSES = st.sampled_from([purpose for purpose in BucketPurpose if purpose is not BucketPurpose.LOGS])


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(buckets=st.dictionaries(st.from_regex(r"[a-z]{3,8}", fullmatch=True), PURPOSES, min_size=2, max_size=4), data=st.data())
def test_adding_a_bucket_anywhere_changes_nothing_that_is_there(graph, buckets, data):
    every = [bucket_settings(name, purpose) for name, purpose in buckets.items()]
    added = data.draw(st.sampled_from(every))
    before, after = (
        {(resource.typ, resource.name): resource.inputs for resource in graph(*chosen).resources}
        for chosen in ([bucket for bucket in every if bucket is not added], every)
    )
    assert all(after[key] == inputs for key, inputs in before.items())
    assert (BUCKET, names.bucket(added.name)) in after
