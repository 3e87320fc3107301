"""Tells how every call ended and how long it took: the outermost interceptor, around token, role and decoding.

Pings are not watched here, their batches are (dataplane/gatherer.py); of a ping stream only its end is told, because
how long a phone walks around says nothing of the service.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from time import perf_counter_ns
from typing import Any

import grpc

from geooffer.telemetry.observed import CallHook, CallObserved

TRACE_PARENT_KEY = "traceparent"
INGEST_PINGS = "/geooffer.v1.PingService/IngestPings"

Continuation = Callable[[grpc.HandlerCallDetails], Awaitable[Any]]


class CallWatch(grpc.aio.ServerInterceptor):
    """Around CallGate; it changes nothing of a call."""

    def __init__(self, on_call: CallHook) -> None:
        self._on_call = on_call

    async def intercept_service(self, continuation: Continuation, handler_call_details: grpc.HandlerCallDetails) -> Any:
        """Wrap what CallGate made of the method. Unknown methods stay unknown."""
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        if handler is None or method == INGEST_PINGS:
            return handler
        parent = _trace_parent(handler_call_details.invocation_metadata)
        decode, encode = handler.request_deserializer, handler.response_serializer
        if handler.unary_unary is not None:
            answer = self._answer(handler.unary_unary, method, parent)
            return grpc.unary_unary_rpc_method_handler(answer, decode, encode)
        if handler.stream_unary is not None:
            answer = self._answer(handler.stream_unary, method, parent)
            return grpc.stream_unary_rpc_method_handler(answer, decode, encode)
        if handler.unary_stream is not None:
            return grpc.unary_stream_rpc_method_handler(
                self._stream(handler.unary_stream, method, parent), decode, encode
            )
        return grpc.stream_stream_rpc_method_handler(
            self._stream(handler.stream_stream, method, parent), decode, encode
        )

    def _answer(self, behaviour: Any, method: str, parent: str) -> Any:
        async def answer(request: Any, context: Any) -> Any:
            with self._watched(method, parent, context):
                return await behaviour(request, context)

        return answer

    def _stream(self, behaviour: Any, method: str, parent: str) -> Any:
        """CallGate makes of every streaming behaviour a generator, or a coroutine that writes by the context."""
        if not inspect.isasyncgenfunction(behaviour):
            return self._answer(behaviour, method, parent)

        async def stream(request: Any, context: Any) -> AsyncIterator[Any]:
            with self._watched(method, parent, context):
                async for response in behaviour(request, context):
                    yield response

        return stream

    @contextmanager
    def _watched(self, method: str, parent: str, context: Any) -> Iterator[None]:
        """Around one call; it is told when this ends, however it does."""
        started_ns = perf_counter_ns()
        code = grpc.StatusCode.OK
        try:
            yield
        except BaseException:
            code = _code_of(context)
            raise
        finally:
            self._on_call(CallObserved(method, code.name, started_ns, perf_counter_ns(), parent))


def _code_of(context: Any) -> grpc.StatusCode:
    """What the gate ended the call with; a call that its client gave up has no code of ours."""
    code = context.code()
    return code if isinstance(code, grpc.StatusCode) else grpc.StatusCode.CANCELLED


def _trace_parent(metadata: Any) -> str:
    for key, value in metadata or ():
        if key == TRACE_PARENT_KEY and isinstance(value, str):
            return value
    return ""
