"""What a user can rely on of a bucket that pods mount."""

from typing import Any

import kubernetes_validate
import pytest
from tests.components.stage import Stage, stage

from commonground.datasets import OpenPrefixError, dataset_volume
from commonground.settings.environment import QuotaSettings
from commonground.teams import shares
from commonground.why.quantities import amount

VOLUME = "kubernetes:core/v1:PersistentVolume"
CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"


def deployed(**changes: Any) -> Stage:
    arguments: dict[str, Any] = {"bucket_name": "datasets-1234", "prefix": "shop/", "namespace": "shop", "run_as_user": 10001}
    made = stage(lambda: dataset_volume("images", **{**arguments, **changes}))
    for one in made.declared:
        if one.inputs:
            kubernetes_validate.validate(one.inputs, "1.36", strict=True)
    return made


def test_pods_reach_the_bucket_as_themselves() -> None:
    csi = deployed().one(VOLUME).inputs["spec"]["csi"]
    assert csi["volumeAttributes"] == {"bucketName": "datasets-1234", "authenticationSource": "pod"}


def test_they_see_the_prefix_only_and_own_its_files_without_being_root() -> None:
    options = deployed().one(VOLUME).inputs["spec"]["mountOptions"]
    assert {"prefix shop/", "uid=10001", "gid=10001", "allow-other", "read-only"} == set(options)


def test_volume_and_claim_are_for_each_other_and_no_class_makes_another() -> None:
    made = deployed()
    volume, claim = made.one(VOLUME).inputs, made.one(CLAIM).inputs
    assert volume["spec"]["claimRef"] == {"namespace": "shop", "name": "images"}
    assert claim["spec"]["volumeName"] == volume["metadata"]["name"] == "shop-images"
    assert volume["spec"]["storageClassName"] == claim["spec"]["storageClassName"] == ""
    assert volume["spec"]["persistentVolumeReclaimPolicy"] == "Retain"


def test_what_is_in_a_bucket_takes_nothing_of_a_teams_storage_quota_that_counts() -> None:
    (smallest,) = shares(QuotaSettings(cpu=1, memory_gib=1, gpus=0, storage_gib=1), ["shop"]).values()
    requested = deployed().one(CLAIM).inputs["spec"]["resources"]["requests"]["storage"]
    assert amount(requested) * 1000 < amount(smallest["requests.storage"])


def test_writing_has_to_be_asked_for() -> None:
    assert deployed().one(CLAIM).inputs["spec"]["accessModes"] == ["ReadOnlyMany"]
    written = deployed(writable=True)
    assert written.one(CLAIM).inputs["spec"]["accessModes"] == written.one(VOLUME).inputs["spec"]["accessModes"] == ["ReadWriteMany"]


def test_a_prefix_that_would_match_its_neighbours_is_refused() -> None:
    with pytest.raises(OpenPrefixError, match="ends with '/', found 'shop'"):
        deployed(prefix="shop")
