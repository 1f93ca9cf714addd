"""Tags that somebody else changed."""

from tests.local.providers.aws.conftest import TAGS, Engine

BUCKET = "aws:s3/bucket:Bucket"


def test_tags_that_went_are_seen_by_a_refresh_and_come_back(engine: Engine) -> None:
    made = engine.create(BUCKET, {"tags": {"own": "1"}})
    engine.client("s3").delete_bucket_tagging(Bucket=made.id)
    refreshed = engine.refreshed_inputs(made)
    assert refreshed is not None
    assert engine.stand_in.diff(made.subject, made.id, refreshed, made.inputs).keys == {"tagsAll"}
    made.inputs = refreshed
    assert engine.update(made, {"tags": {"own": "1"}})["tagsAll"] == {**TAGS, "own": "1"}


def test_tags_that_came_are_seen_by_a_refresh_and_go(engine: Engine) -> None:
    made = engine.create(BUCKET, {})
    tags = [{"Key": key, "Value": value} for key, value in {**TAGS, "theirs": "1"}.items()]
    engine.client("s3").put_bucket_tagging(Bucket=made.id, Tagging={"TagSet": tags})
    refreshed = engine.refreshed_inputs(made)
    assert refreshed is not None
    made.inputs = refreshed
    assert engine.update(made, {})["tagsAll"] == TAGS
