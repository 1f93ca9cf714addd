"""Pulumi's provider protocol over gRPC: one thin servicer serves every package, and turns requests into plain Python."""

from collections.abc import Callable
from concurrent import futures
from functools import wraps
from typing import Any, TypeVar, cast

import grpc
from google.protobuf import any_pb2, empty_pb2
from google.rpc import status_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from commonground.local.providers.diff import Diff
from commonground.local.providers.errors import Failure, StandInError, UnhealthyError
from commonground.local.providers.provider import Package, Provider, Subject
from commonground.local.providers.values import from_struct, to_struct

THREADS = 32
Method = TypeVar("Method", bound=Callable[..., Any])

KINDS = {
    ("add", False): provider_pb2.PropertyDiff.ADD,
    ("add", True): provider_pb2.PropertyDiff.ADD_REPLACE,
    ("delete", False): provider_pb2.PropertyDiff.DELETE,
    ("delete", True): provider_pb2.PropertyDiff.DELETE_REPLACE,
    ("update", False): provider_pb2.PropertyDiff.UPDATE,
    ("update", True): provider_pb2.PropertyDiff.UPDATE_REPLACE,
}


def serve(package: Package, provider: Callable[[], Provider]) -> tuple[Callable[[], None], int]:
    """Serves one package on a free port of loopback. Returns what ends that, when all that was begun is done, and the port.

    `provider` is called for each request that needs it, and may wait: the engine starts while the stand-ins are still being imported.
    """
    threads = futures.ThreadPoolExecutor(THREADS)
    server = grpc.server(threads, options=[("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)])
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Servicer(package, provider), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()

    def end() -> None:
        server.stop(grace=1)
        threads.shutdown()

    return end, port


def one_message(method: Method) -> Method:
    """Turns our errors into gRPC's, so that the engine shows one message and no traceback."""

    @wraps(method)
    def answer(self: "Servicer", request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return method(self, request, context)
        except UnhealthyError as unhealthy:
            context.abort_with_status(_init_failed(unhealthy))
        except StandInError as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
        except Exception as error:  # noqa: BLE001  # the user gets one line whatever went wrong in here
            context.abort(grpc.StatusCode.INTERNAL, f"the {self.package.name} stand-in failed, a mistake of Commonground's: {type(error).__name__}: {error}")

    return cast(Method, answer)


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """The protocol for one package."""

    def __init__(self, package: Package, provider: Callable[[], Provider]) -> None:
        self.package = package
        self._provider = provider

    @property
    def provider(self) -> Provider:
        """Who answers."""
        return self._provider()

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:
        return provider_pb2.ProviderHandshakeResponse()

    def Attach(self, request: Any, context: grpc.ServicerContext) -> Any:
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        return plugin_pb2.PluginInfo(version=self.package.version)

    @one_message
    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news, failures=_failures(self.provider.check_config(from_struct(request.news))))

    @one_message
    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        return _diff(self.provider.diff_config(from_struct(request.old_inputs), from_struct(request.news)))

    @one_message
    def Configure(self, request: Any, context: grpc.ServicerContext) -> Any:
        self.provider.configure(context.peer(), from_struct(request.args))
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    @one_message
    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:
        old = from_struct(request.olds) if request.olds.fields else None
        inputs, failures = self.provider.check(_subject(request, context), old, from_struct(request.news))
        return provider_pb2.CheckResponse(inputs=to_struct(inputs), failures=_failures(failures))

    @one_message
    def Diff(self, request: Any, context: grpc.ServicerContext) -> Any:
        return _diff(self.provider.diff(_subject(request, context), request.id, from_struct(request.old_inputs), from_struct(request.news)))

    @one_message
    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:
        id_, outputs = self.provider.create(_subject(request, context), from_struct(request.properties), request.preview)
        return provider_pb2.CreateResponse(id=id_, properties=to_struct(outputs))

    @one_message
    def Read(self, request: Any, context: grpc.ServicerContext) -> Any:
        found = self.provider.read(_subject(request, context), request.id, from_struct(request.properties), from_struct(request.inputs))
        if found is None:
            return provider_pb2.ReadResponse(id="")
        outputs, inputs = found
        return provider_pb2.ReadResponse(id=request.id, properties=to_struct(outputs), inputs=to_struct(inputs))

    @one_message
    def Update(self, request: Any, context: grpc.ServicerContext) -> Any:
        state, old, new = from_struct(request.olds), from_struct(request.old_inputs), from_struct(request.news)
        outputs = self.provider.update(_subject(request, context), request.id, state, old, new, request.preview)
        return provider_pb2.UpdateResponse(properties=to_struct(outputs))

    @one_message
    def Delete(self, request: Any, context: grpc.ServicerContext) -> Any:
        self.provider.delete(_subject(request, context), request.id, from_struct(request.properties), from_struct(request.old_inputs))
        return empty_pb2.Empty()

    @one_message
    def Invoke(self, request: Any, context: grpc.ServicerContext) -> Any:
        raise StandInError(f"{request.tok} asks the cloud a question; components ask nothing, `commonground lock` does, and the stand-in answers no invoke")

    @one_message
    def Call(self, request: Any, context: grpc.ServicerContext) -> Any:
        raise StandInError(f"{request.tok} is a method of the official provider, which the stand-in does not have")

    @one_message
    def Construct(self, request: Any, context: grpc.ServicerContext) -> Any:
        raise StandInError(f"{request.type} is a remote component, which the stand-in does not have")


def _subject(request: Any, context: grpc.ServicerContext) -> Subject:
    return Subject(request.urn, request.type or request.urn.split("::")[2].rsplit("$", 1)[-1], context.peer())


def _failures(failures: list[Failure]) -> list[Any]:
    return [provider_pb2.CheckFailure(property=failure.property, reason=failure.reason) for failure in failures]


def _diff(diff: Diff) -> Any:
    response = provider_pb2.DiffResponse
    detail = {path: provider_pb2.PropertyDiff(kind=KINDS[kind, path in diff.replaces], inputDiff=True) for path, kind in diff.changes.items()}
    return response(
        changes=response.DIFF_SOME if diff.changes else response.DIFF_NONE,
        diffs=sorted(diff.keys),
        replaces=sorted({path.split(".")[0].split("[")[0] for path in diff.replaces}),
        detailedDiff=detail,
        hasDetailedDiff=True,
        deleteBeforeReplace=bool(diff.replaces) and diff.delete_before_replace,
    )


class _Status:
    """What `abort_with_status` takes: a code, a message, and the failure in the trailing metadata."""

    def __init__(self, details: str, status: status_pb2.Status) -> None:
        self.code = grpc.StatusCode.UNKNOWN
        self.details = details
        self.trailing_metadata = (("grpc-status-details-bin", status.SerializeToString()),)


def _init_failed(error: UnhealthyError) -> Any:
    message = "; ".join(error.reasons)
    failed = provider_pb2.ErrorResourceInitFailed(id=error.id, properties=to_struct(error.outputs), inputs=to_struct(error.inputs), reasons=error.reasons)
    detail = any_pb2.Any()
    detail.Pack(failed)
    return _Status(message, status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=message, details=[detail]))
