"""Failed calls as exceptions: the service's own tree where it spoke, CallError where only the transport did."""

from __future__ import annotations

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

from geooffer import errors
from geooffer.errors import GeoofferError, QuotaExceededError
from geooffer.rpc.status import DETAILS_KEY, DOMAIN

RETRY_DELAY_MAX_S = 60.0


class CallError(GeoofferError):
    """The call failed without a word from the service: not reachable, cancelled, refused by the transport."""

    reason = "TRANSPORT"

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        """Name of the gRPC status code, such as UNAVAILABLE."""


_BY_REASON: dict[str, type[GeoofferError]] = {
    kind.reason: kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, GeoofferError)
}


def error_of(failure: grpc.aio.AioRpcError) -> GeoofferError:
    """The exception of geooffer.errors that the service raised, else a CallError.

    Only ErrorInfo of our own domain is believed; the field comes from BadRequest.
    """
    status = _status_of(failure)
    reason = field = ""
    for detail in status.details if status is not None else ():
        info = error_details_pb2.ErrorInfo()
        request = error_details_pb2.BadRequest()
        if detail.Unpack(info) and info.domain == DOMAIN:
            reason = info.reason
        elif detail.Unpack(request) and request.field_violations:
            field = request.field_violations[0].field
    kind = _BY_REASON.get(reason)
    if kind is None or status is None:
        return CallError(failure.code().name, failure.details() or "no details")
    return kind(status.message, field=field)


def named_error(reason: str, message: str, field: str = "") -> GeoofferError:
    """The exception of geooffer.errors with this reason: a refused row as if it had been a call."""
    return _BY_REASON.get(reason, GeoofferError)(message, field=field)


def is_transient(failure: grpc.aio.AioRpcError) -> bool:
    """Whether the same call may succeed a little later: overload, drain, a lost connection, a quota."""
    if failure.code() == grpc.StatusCode.RESOURCE_EXHAUSTED:
        return isinstance(error_of(failure), QuotaExceededError)
    return failure.code() == grpc.StatusCode.UNAVAILABLE


def retry_delay_s(failure: grpc.aio.AioRpcError) -> float:
    """What the service asks to wait, 0..60 s; 0 where it says nothing."""
    status = _status_of(failure)
    for detail in status.details if status is not None else ():
        retry = error_details_pb2.RetryInfo()
        if detail.Unpack(retry):
            asked_s = float(retry.retry_delay.ToTimedelta().total_seconds())
            return min(max(asked_s, 0.0), RETRY_DELAY_MAX_S)
    return 0.0


def _status_of(failure: grpc.aio.AioRpcError) -> status_pb2.Status | None:
    for key, value in failure.trailing_metadata() or ():
        if key == DETAILS_KEY and isinstance(value, bytes):
            try:
                return status_pb2.Status.FromString(value)
            except DecodeError:
                return None
    return None
