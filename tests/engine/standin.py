"""A stand-in for tests of the engine: `aws:test/thing:Thing`, kept in a folder, with a log of the calls that changed something."""

import argparse
import hashlib
import json
import os
import sys
import threading
import time
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
FORCES_REPLACEMENT = {"place"}


class Thing(provider_pb2_grpc.ResourceProviderServicer):
    def __init__(self, mode: str, half_made: Path | None) -> None:
        self._mode = mode
        self._half_made = half_made
        self._cancelled = threading.Event()
        self._folder = Path(os.environ.get("TEST_CLOUD", "/nonexistent"))

    def _log(self, call: str, urn: str) -> None:
        if self._mode == "live":
            with (self._folder / "calls").open("a") as log:
                log.write(f"{call} {urn.rsplit('::', 1)[-1]}\n")

    def Handshake(self, request: Any, context: Any) -> Any:
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True, accept_resources=True)

    def Attach(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version="1.0.0")

    def CheckConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        old, new = json_format.MessageToDict(request.old_inputs), json_format.MessageToDict(request.news)
        keys = [key for key in sorted({*old, *new} - {"version"}) if old.get(key) != new.get(key)]
        return provider_pb2.DiffResponse(changes=2 if keys else 1, diffs=keys)

    def Configure(self, request: Any, context: Any) -> Any:
        return provider_pb2.ConfigureResponse(acceptSecrets=True, acceptResources=True, supportsPreview=True)

    def Check(self, request: Any, context: Any) -> Any:
        failures = [provider_pb2.CheckFailure(property="size", reason="must be at most 100")] if request.news.fields["size"].number_value > 100 else []
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures)

    def Diff(self, request: Any, context: Any) -> Any:
        old, new = json_format.MessageToDict(request.old_inputs), json_format.MessageToDict(request.news)
        keys = [key for key in sorted({*old, *new}) if old.get(key) != new.get(key)]
        replaces = [key for key in keys if key in FORCES_REPLACEMENT]
        kinds = provider_pb2.PropertyDiff
        detail = {}
        for key in keys:
            kind = "UPDATE" if key in old and key in new else "ADD" if key in new else "DELETE"
            detail[key] = kinds(kind=getattr(kinds, kind + ("_REPLACE" if key in replaces else "")), inputDiff=True)
        return provider_pb2.DiffResponse(changes=2 if keys else 1, diffs=keys, replaces=replaces, detailedDiff=detail, hasDetailedDiff=True)

    def Create(self, request: Any, context: Any) -> Any:
        outputs = struct_pb2.Struct()
        outputs.CopyFrom(request.properties)
        if request.preview:
            outputs["arn"] = UNKNOWN
            return provider_pb2.CreateResponse(properties=outputs)
        name = request.urn.rsplit("::", 1)[-1]
        if "fail" in outputs.fields:
            context.abort(grpc.StatusCode.UNKNOWN, str(outputs["fail"]))
        outputs["arn"] = "arn:" + hashlib.sha256(request.urn.encode()).hexdigest()[:8]
        if self._mode == "live":
            made = self._folder / name
            listed = json.loads(self._half_made.read_text()) if self._half_made and self._half_made.exists() else []
            self._log("adopt" if made.exists() and request.urn in listed else "create", request.urn)
            made.write_text(json.dumps(json_format.MessageToDict(request.properties)))
        time.sleep(outputs.fields["slow"].number_value if self._mode == "live" else 0)
        return provider_pb2.CreateResponse(id=name, properties=outputs)

    def Update(self, request: Any, context: Any) -> Any:
        outputs = struct_pb2.Struct()
        outputs.CopyFrom(request.news)
        outputs["arn"] = request.olds["arn"]
        if not request.preview:
            self._log("update", request.urn)
            (self._folder / request.id).write_text(json.dumps(json_format.MessageToDict(request.news)))
            # As the official Kubernetes provider: cancelled while it waits, it cannot read what it has just changed, and so gives an error without a state.
            if "waits" in outputs.fields:
                self._cancelled.clear()  # the preview before, at its end, cancelled too
                (self._folder / "waiting").touch()
                if self._cancelled.wait(60):
                    context.abort(grpc.StatusCode.UNKNOWN, "the resource was changed, but did not become live")
        return provider_pb2.UpdateResponse(properties=outputs)

    def Read(self, request: Any, context: Any) -> Any:
        made = self._folder / request.id
        if self._mode == "live" and not made.exists():
            return provider_pb2.ReadResponse()
        there = json.loads(made.read_text()) if self._mode == "live" else {}
        for properties in (request.properties, request.inputs):
            if "size" in there:
                properties["size"] = there["size"]
        return provider_pb2.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)

    def Delete(self, request: Any, context: Any) -> Any:
        self._log("delete", request.urn)
        (self._folder / request.id).unlink(missing_ok=True)
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> Any:
        self._cancelled.set()
        return empty_pb2.Empty()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--mode")
    parser.add_argument("--kubernetes")
    parser.add_argument("--endpoint")
    parser.add_argument("--manifests")
    parser.add_argument("--half-made", type=Path)
    arguments = parser.parse_args(json.loads(sys.stdin.readline() or "[]"))
    if arguments.kubernetes and (folder := Path(os.environ.get("TEST_CLOUD", "/nonexistent"))).exists():
        with (folder / "kubernetes").open("a") as log:
            log.write(f"{arguments.kubernetes}\n")
    server = grpc.server(futures.ThreadPoolExecutor(16))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Thing(arguments.mode, arguments.half_made), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(json.dumps({"aws": port}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
