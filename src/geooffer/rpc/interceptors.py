"""What stands before every method of both ports, in order: token, role, quota, decoding; after it: the error table.

A method therefore starts with a verified Identity and a whole message, and may raise any GeoofferError.
grpc.aio would answer a message that does not parse, and any exception, with UNKNOWN and the exception's text;
so unary requests are decoded here, and nothing but the error table speaks to the caller.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import grpc
import structlog
from google.protobuf.message import DecodeError

from geooffer.errors import (
    GeoofferError,
    InvalidArgumentError,
    JournalError,
    PermissionDeniedError,
    UnauthenticatedError,
)
from geooffer.rpc import roles
from geooffer.rpc.auth import TOKEN_REQUIRED, TokenVerifier, bind_identity, bound_identity
from geooffer.rpc.bound_method import bind_method
from geooffer.rpc.call_admission import OWN_WITHDRAWAL, CallAdmission, is_never_kept_waiting
from geooffer.rpc.faults import place_of
from geooffer.rpc.quotas import Quotas
from geooffer.rpc.refusals import Refusals
from geooffer.rpc.status import abort

Continuation = Callable[[grpc.HandlerCallDetails], Awaitable[Any]]
Deserializer = Callable[[bytes], Any] | None
Durable = Callable[[], Awaitable[None]]
OnAnswered = Callable[[str, Any], None]
"""`on_answered(method, message)`: what it records is durable before the answer leaves."""

OWN_GATE = ("/geooffer.v1.DecisionService/Decide",)
"""What waits by itself, and looks at consent after the waiting (services/decision.py)."""
PINGS = "/geooffer.v1.PingService/"
UNRECORDED = (PINGS, "/grpc.")
"""What tells nothing a journal holds: health answers while a disk stalls. Pings do, but only their offers wait
(dataplane/gatherer.py)."""

log = structlog.get_logger(__name__)


class CallGate(grpc.aio.ServerInterceptor):
    """Authenticates, authorises, decodes, admits and translates errors, for all four kinds of method."""

    def __init__(
        self,
        verifier: TokenVerifier,
        durable: Durable,
        admission: CallAdmission | None = None,
        quotas: Quotas | None = None,
        refusals: Refusals | None = None,
        on_answered: OnAnswered = lambda method, message: None,
    ) -> None:
        """`durable` returns once all that an answer may tell of survives a power cut; `admission`: by default calls
        are only counted; `refusals` is told of verified callers that were refused, `on_answered` of unary calls that
        went well, before their answer leaves."""
        self._verifier = verifier
        self._durable = durable
        self._admission = admission or CallAdmission()
        self._quotas = quotas or Quotas()
        self._refusals = refusals or Refusals()
        self._on_answered = on_answered

    async def intercept_service(self, continuation: Continuation, handler_call_details: grpc.HandlerCallDetails) -> Any:
        """Wrap the method's behaviour. Unknown methods stay unknown: UNIMPLEMENTED by the transport."""
        handler = await continuation(handler_call_details)
        if handler is None:
            return None
        method = handler_call_details.method
        serializer = handler.response_serializer
        if handler.unary_unary is not None:
            behaviour = self._answer(handler.unary_unary, method, handler.request_deserializer)
            return grpc.unary_unary_rpc_method_handler(behaviour, None, serializer)
        if handler.stream_unary is not None:
            behaviour = self._answer(handler.stream_unary, method, None)
            decode = strict(handler.request_deserializer)
            return grpc.stream_unary_rpc_method_handler(behaviour, decode, serializer)
        if handler.unary_stream is not None:
            behaviour = self._stream(handler.unary_stream, method, handler.request_deserializer)
            return grpc.unary_stream_rpc_method_handler(behaviour, None, serializer)
        behaviour = self._stream(handler.stream_stream, method, None)
        return grpc.stream_stream_rpc_method_handler(behaviour, strict(handler.request_deserializer), serializer)

    def _answer(self, behaviour: Any, method: str, deserializer: Deserializer) -> Any:
        """Around methods that return one response."""
        decode = strict(deserializer)
        waits = not method.startswith(OWN_GATE + UNRECORDED)

        async def answer(request: Any, context: Any) -> Any:
            try:
                with self._begun(method, request, decode, context) as message:
                    response = await self._settled_errors(behaviour(message, context), method)
                    self._on_answered(method, message)
                    if waits:
                        await self._durable()
                    return response
            except grpc.aio.AbortError:
                raise
            except Exception as error:  # noqa: BLE001  (the one place that turns faults into a status)
                return await self._end(error, method, context)

        return answer

    def _stream(self, behaviour: Any, method: str, deserializer: Deserializer) -> Any:
        """Around methods that stream responses: async generators, which end with their token, or coroutines that call
        `context.write` and see to that themselves (dataplane/ping_service.py).
        """
        if not inspect.isasyncgenfunction(behaviour):
            return self._answer(behaviour, method, deserializer)
        decode = strict(deserializer)
        waits = not method.startswith(UNRECORDED)

        async def stream(request: Any, context: Any) -> AsyncIterator[Any]:
            try:
                with self._begun(method, request, decode, context) as message:
                    responses = behaviour(message, context)
                    ends_s = _token_ends_s()
                    async with contextlib.aclosing(responses):
                        while True:
                            try:
                                response = await self._settled_errors(_next(responses, ends_s), method)
                            except StopAsyncIteration:
                                return
                            if waits:
                                await self._durable()
                            yield response
            except grpc.aio.AbortError:
                raise
            except Exception as error:  # noqa: BLE001  (the one place that turns faults into a status)
                await self._end(error, method, context)

        return stream

    async def _settled_errors(self, call: Awaitable[Any], method: str) -> Any:
        """What the method says; a refusal of its own tells something (that a resource exists), so it waits, too."""
        try:
            return await call
        except JournalError:
            raise
        except GeoofferError:
            if not method.startswith(UNRECORDED):
                await self._durable()
            raise

    @contextlib.contextmanager
    def _begun(self, method: str, request: Any, decode: Deserializer, context: Any) -> Iterator[Any]:
        """The time of one call that may begin, and its message. What is refused here waits for nothing."""
        self._authorise(method, context)
        message = request if decode is None else decode(request)
        if method.startswith(UNRECORDED):
            yield message
        else:
            # a client stream has no size yet: its messages are bounded one by one
            with self._admission.entered(method, message, len(request) if decode is not None else 0):
                yield message

    def _authorise(self, method: str, context: Any) -> None:
        if method == roles.HEALTH_CHECK:
            return
        identity = self._verifier.verify_metadata(context.invocation_metadata())
        bind_identity(identity)
        bind_method(method)
        if not roles.allowed(identity.role, method):
            raise PermissionDeniedError("this role may not call this method")
        if method == OWN_WITHDRAWAL:
            self._quotas.take_withdrawal(identity)
        elif not method.startswith(PINGS) and not is_never_kept_waiting(method):
            self._quotas.take_call(identity)

    async def _end(self, error: Exception, method: str, context: Any) -> None:
        """End the call by the error table."""
        if isinstance(error, grpc.aio.InternalError):
            log.debug("caller_gone", method=method)  # a write found nobody; there is no one to be told
        elif not isinstance(error, GeoofferError):
            log.error("call_failed", method=method, error=type(error).__name__, place=place_of(error))
        elif (caller := bound_identity()) is not None:
            self._refusals.tell(caller, method, error)
        await abort(context, error)


def _token_ends_s() -> float | None:
    """When the caller's token is over, by the loop's clock; None where it needs none."""
    caller = bound_identity()
    return None if caller is None else asyncio.get_running_loop().time() + caller.expires_at - time.time()


async def _next(responses: AsyncIterator[Any], ends_s: float | None) -> Any:
    """The next response. Raises UnauthenticatedError where there is none before the token ends."""
    try:
        async with asyncio.timeout_at(ends_s) as limit:
            return await anext(responses)
    except TimeoutError:
        if not limit.expired():
            raise
        raise UnauthenticatedError(TOKEN_REQUIRED) from None


def strict(deserializer: Deserializer) -> Deserializer:
    """`deserializer`, raising InvalidArgumentError with a fixed text where the bytes are no such message."""
    if deserializer is None:
        return None

    def decode(data: bytes) -> Any:
        try:
            return deserializer(data)
        except (DecodeError, UnicodeDecodeError):
            raise InvalidArgumentError("the message is not valid protobuf") from None

    return decode
