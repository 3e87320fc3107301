"""The one table from the exception tree to `google.rpc.Status`.

Every failed call ends with exactly one ErrorInfo (domain "geooffer", reason of the class), and BadRequest,
QuotaFailure or RetryInfo where they say more. What is not a GeoofferError is a fault of ours: the caller
learns INTERNAL and nothing of its text, which may hold anything.
"""

from __future__ import annotations

from typing import NoReturn

import grpc
from google.protobuf import any_pb2, duration_pb2, message
from google.rpc import error_details_pb2, status_pb2

from geooffer import errors
from geooffer.errors import GeoofferError

DOMAIN = "geooffer"
DETAILS_KEY = "grpc-status-details-bin"
RETRY_DELAY_MS = 250
INTERNAL_TEXT = "internal error"

CODES: dict[type[GeoofferError], grpc.StatusCode] = {
    errors.InvalidArgumentError: grpc.StatusCode.INVALID_ARGUMENT,
    errors.InvalidShapeError: grpc.StatusCode.INVALID_ARGUMENT,
    errors.OverlapLimitError: grpc.StatusCode.INVALID_ARGUMENT,
    errors.RawIdentifierError: grpc.StatusCode.INVALID_ARGUMENT,
    errors.ExclusionZoneOverlapError: grpc.StatusCode.FAILED_PRECONDITION,
    errors.NotFoundError: grpc.StatusCode.NOT_FOUND,
    errors.AlreadyExistsError: grpc.StatusCode.ALREADY_EXISTS,
    errors.InUseError: grpc.StatusCode.FAILED_PRECONDITION,
    errors.StaleEtagError: grpc.StatusCode.ABORTED,
    errors.NotConsentedError: grpc.StatusCode.FAILED_PRECONDITION,
    errors.RestrictedError: grpc.StatusCode.FAILED_PRECONDITION,
    errors.LimitExceededError: grpc.StatusCode.RESOURCE_EXHAUSTED,
    errors.QuotaExceededError: grpc.StatusCode.RESOURCE_EXHAUSTED,
    errors.UnauthenticatedError: grpc.StatusCode.UNAUTHENTICATED,
    errors.PermissionDeniedError: grpc.StatusCode.PERMISSION_DENIED,
    errors.OverloadedError: grpc.StatusCode.UNAVAILABLE,
    errors.DrainingError: grpc.StatusCode.UNAVAILABLE,
    errors.DiskFullError: grpc.StatusCode.UNAVAILABLE,
    # the process ends and recovers; whether the call had an effect is not known, so its request_id decides on retry
    errors.JournalError: grpc.StatusCode.UNAVAILABLE,
    errors.ConfigurationError: grpc.StatusCode.INTERNAL,
}


def code_of(error: BaseException) -> grpc.StatusCode:
    """The gRPC code of an error; INTERNAL for everything outside the tree."""
    return CODES.get(type(error), grpc.StatusCode.INTERNAL)  # type: ignore[arg-type]


def status_of(error: BaseException) -> status_pb2.Status:
    """The full status a caller sees for `error`."""
    code = code_of(error)
    if not isinstance(error, GeoofferError) or type(error) not in CODES:
        return _status(code, INTERNAL_TEXT, error_details_pb2.ErrorInfo(reason="INTERNAL", domain=DOMAIN))
    details: list[message.Message] = [error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN)]
    if error.field:
        violation = error_details_pb2.BadRequest.FieldViolation(field=error.field, description=error.message)
        details.append(error_details_pb2.BadRequest(field_violations=[violation]))
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED:
        quota = error_details_pb2.QuotaFailure.Violation(subject=DOMAIN, description=error.message)
        details.append(error_details_pb2.QuotaFailure(violations=[quota]))
    delay_ms = error.retry_after_ms if isinstance(error, errors.QuotaExceededError) else RETRY_DELAY_MS
    if code is grpc.StatusCode.UNAVAILABLE or isinstance(error, errors.QuotaExceededError):
        delay = duration_pb2.Duration(seconds=delay_ms // 1_000, nanos=delay_ms % 1_000 * 1_000_000)
        details.append(error_details_pb2.RetryInfo(retry_delay=delay))
    return _status(code, error.message, *details)


def _status(code: grpc.StatusCode, text: str, *details: message.Message) -> status_pb2.Status:
    status = status_pb2.Status(code=code.value[0], message=text)
    for detail in details:
        packed = any_pb2.Any()
        packed.Pack(detail)
        status.details.append(packed)
    return status


async def abort(context: grpc.aio.ServicerContext[object, object], error: BaseException) -> NoReturn:
    """End the call with the status of `error`."""
    status = status_of(error)
    await context.abort(code_of(error), status.message, trailing_metadata=((DETAILS_KEY, status.SerializeToString()),))
    raise AssertionError("abort returned")
