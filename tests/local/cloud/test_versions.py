"""The data file behind EKS' versions."""

import re

import pytest
from pydantic import ValidationError

from commonground.local.cloud.versions import KubernetesVersion, versions


def test_it_names_every_version_from_1_34_to_1_37_and_a_default_that_is_among_them():
    assert versions().newest_first() == ("1.37", "1.36", "1.35", "1.34")
    assert versions().default in versions().kubernetes


@pytest.mark.parametrize("number", ["1.34", "1.35", "1.36", "1.37"])
def test_releases_have_the_form_that_aws_gives_them(number):
    version = versions().kubernetes[number]
    assert all(re.fullmatch(r"v\d+\.\d+\.\d+-eksbuild\.\d+", release) for releases in version.addons.values() for release in releases)
    assert all(re.fullmatch(rf"{number}\.\d+-\d{{8}}", release) for releases in version.ami_releases.values() for release in releases)
    assert version.addon_default("kube-proxy").startswith(f"v{number}.")
    assert version.released < version.standard_support_ends < version.extended_support_ends


def test_every_version_offers_the_same_addons_and_ami_types():
    offered = {(frozenset(version.addons), frozenset(version.ami_releases)) for version in versions().kubernetes.values()}
    assert len(offered) == 1


def test_an_unknown_key_is_refused():
    with pytest.raises(ValidationError, match="colour"):
        KubernetesVersion.model_validate({"colour": "blue"})
