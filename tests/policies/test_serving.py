"""The pack's process, talked to as the engine does: by `run`, and by the full CLI's language host."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from policies import serving, session, settings
from policies.policy import Policy, Resource, Thresholds, resource
from policies.session import Session
from policies.settings import Configuration
from policies.table import POLICIES
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc
from tests.policies.structs import UNKNOWN, secret, struct

from commonground.engine import findings

PACK = Path(__file__).parents[2] / "policies"
MANDATORY, ADVISORY, DISABLED = analyzer_pb2.MANDATORY, analyzer_pb2.ADVISORY, analyzer_pb2.DISABLED
PUBLIC = {"endpointPublicAccess": True, "publicAccessCidrs": ["0.0.0.0/0"]}
CLUSTER = {"vpcConfig": PUBLIC, "version": "1.33", "enabledClusterLogTypes": UNKNOWN, "encryptionConfig": secret({"provider": {}}), "name": secret("hunter2")}
# As the engine starts it, and as the full CLI's Python language host does (pulumi-language-python, RunPlugin: `python -u -m pulumi.policy ADDRESS FOLDER`).
COMMANDS = {
    "run": [str(PACK / "run"), "127.0.0.1:1"],
    "language host": [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:1", str(PACK)],
}


@pytest.fixture(params=COMMANDS)
def pack(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """The pack's process, for somebody else's stack."""
    (tmp_path / ".git").mkdir()
    variables = {"COMMONGROUND_POLICIES_PYTHON": sys.executable, "COMMONGROUND_POLICIES_TODAY": "2026-11-30", "PATH": "/usr/bin:/bin"}
    process = subprocess.Popen(COMMANDS[request.param], stdout=subprocess.PIPE, cwd=tmp_path, env=variables, text=True)
    try:
        assert process.stdout
        with grpc.insecure_channel(f"127.0.0.1:{int(process.stdout.readline())}") as channel:
            yield analyzer_pb2_grpc.AnalyzerStub(channel)
    finally:
        process.kill()
        process.wait()


def analyze(pack: Any, type_: str = "aws:eks/cluster:Cluster", props: dict[str, Any] | None = None) -> dict[str, Any]:
    """Diagnostics of one resource, by policy."""
    request = analyzer_pb2.AnalyzeRequest(type=type_, urn=f"urn:pulumi:prod::p::{type_}::it", name="it", properties=struct(CLUSTER if props is None else props))
    return {found.policyName: found for found in pack.Analyze(request).diagnostics}


def test_it_judges_a_stack_by_its_name_and_says_nothing_of_what_is_hidden(pack: Any) -> None:
    pack.ConfigureStack(analyzer_pb2.AnalyzerStackConfigureRequest(stack="prod", project="theirs"))
    found = analyze(pack)
    assert set(found) == {"no-public-endpoints", "kubernetes-supported"}
    assert found["no-public-endpoints"].enforcementLevel == MANDATORY
    assert found["no-public-endpoints"].policyPackName == "commonground"
    assert "hunter2" not in str(found)


def test_it_lists_its_policies_with_their_levels_in_the_environment(pack: Any) -> None:
    for stack, level in (("prod", MANDATORY), ("dev", ADVISORY)):
        pack.ConfigureStack(analyzer_pb2.AnalyzerStackConfigureRequest(stack=stack, project="theirs"))
        listed = {policy.name: policy for policy in pack.GetAnalyzerInfo(empty_pb2.Empty()).policies}
        assert set(listed) == {*(policy.id for policy in POLICIES), "policies-file"}
        assert listed["single-zone"].enforcementLevel == level
        assert listed["imdsv2"].enforcementLevel == MANDATORY
        assert listed["imdsv2"].remediation_steps


def test_the_engines_own_configuration_of_a_pack_is_followed(pack: Any) -> None:
    pack.ConfigureStack(analyzer_pb2.AnalyzerStackConfigureRequest(stack="dev", project="theirs"))
    levels = {"no-public-endpoints": ADVISORY, "kubernetes-supported": DISABLED}
    configured = {name: analyzer_pb2.PolicyConfig(enforcementLevel=level) for name, level in levels.items()}
    pack.Configure(analyzer_pb2.ConfigureAnalyzerRequest(policyConfig=configured))
    found = analyze(pack)
    assert {name: one.enforcementLevel for name, one in found.items()} == {"no-public-endpoints": ADVISORY}


def test_what_shows_only_in_the_whole_stack_is_told_at_its_end(pack: Any) -> None:
    pack.ConfigureStack(analyzer_pb2.AnalyzerStackConfigureRequest(stack="dev", project="theirs"))
    assert analyze(pack, "aws:s3/bucket:Bucket", {"bucket": UNKNOWN}) == {}
    bucket = "urn:pulumi:prod::p::aws:s3/bucket:Bucket::it"
    block = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
    names = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    assert analyze(pack, block, {"bucket": UNKNOWN, **dict.fromkeys(names, True)}) == {}
    made_of = {"bucket": analyzer_pb2.AnalyzerPropertyDependencies(urns=[bucket])}
    resources = [
        analyzer_pb2.AnalyzerResource(urn=bucket),
        analyzer_pb2.AnalyzerResource(urn=f"urn:pulumi:prod::p::{block}::it", propertyDependencies=made_of),
    ]
    found = {one.policyName: one.urn for one in pack.AnalyzeStack(analyzer_pb2.AnalyzeStackRequest(resources=resources)).diagnostics}
    assert found == {"customer-keys": bucket, "tls-only": bucket}


def test_a_policy_that_breaks_is_told_and_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(one: Resource, thresholds: Thresholds) -> Any:
        raise ValueError("hunter2")
        yield

    def policy(found: Policy) -> Policy:
        return Policy(**{**found.__dict__, "check": broken}) if found.id == "kubernetes-supported" else found

    monkeypatch.setattr(session, "POLICIES", tuple(policy(found) for found in POLICIES))
    found = Session(Configuration(Thresholds())).resource(resource("aws:eks/cluster:Cluster", {"vpcConfig": PUBLIC}))
    told = {finding.policy: finding for finding in found}
    assert told["kubernetes-supported"].message == "could not be checked, a mistake of Commonground's: ValueError"
    assert not told["kubernetes-supported"].mandatory
    assert told["no-public-endpoints"].mandatory


def test_the_engine_and_the_pack_agree_on_their_names() -> None:
    """The pack is no part of the package, and neither imports the other for a name."""
    assert (findings.PACK, findings.ONLY_TELL, findings.PROGRAM) == (serving.PACK, serving.ONLY_TELL, settings.PROGRAM)
    assert f"${{{findings.PYTHON}:-python3}}" in (PACK / "run").read_text("utf-8")
