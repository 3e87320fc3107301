"""Requests by which persons use their rights, to and from the wire. No error quotes a value."""

from __future__ import annotations

from enum import IntEnum
from typing import TypeVar

from geooffer.journal.erasures import Erasure
from geooffer.model.limits import RIGHTS_REASON_LENGTH_MAX
from geooffer.model.rights import (
    DIRECT_MARKETING_PURPOSES,
    DUE_MONTH_COUNT,
    RightsKind,
    RightsRequest,
    RightsState,
    months_after,
)
from geooffer.rpc import checks
from geooffer.rpc.convert import decode_purposes, encode_purposes
from geooffer.v1 import rights_pb2 as pb

E = TypeVar("E", bound=IntEnum)


def decode_reason(text: str) -> str:
    """A required reason of 1..200 characters; blanks are none."""
    return checks.text(text.strip(), "reason", required=True, length_max=RIGHTS_REASON_LENGTH_MAX)


def decode_choice(kind: type[E], value: int, field: str) -> E:
    """A required member of a closed list."""
    return kind(checks.integer(value, min(kind), max(kind), field))


def decode_objection(request: pb.ObjectSubjectRequest) -> int:
    """The purposes objected to, as a mask."""
    if not request.is_direct_marketing:
        return decode_purposes(request.purposes, "purposes", required=True)
    named = decode_purposes(request.purposes, "purposes", required=False)
    return named | sum(purpose.bit for purpose in DIRECT_MARKETING_PURPOSES)


def decode_receive_time(request: pb.RecordRequestRequest, now_ms: int) -> int:
    """When the letter came; unset = now."""
    return checks.time_ms(request, "receive_time") if request.HasField("receive_time") else now_ms


def encode_request(held: RightsRequest, customer_id: str, now_ms: int) -> pb.RightsRequest:
    """The receipt as it stands."""
    message = pb.RightsRequest(
        rights_request_id=held.request_id,
        kind=held.kind,  # type: ignore[arg-type]
        state=held.state,  # type: ignore[arg-type]
        customer_id=customer_id,
        receive_time=checks.timestamp(held.received_ms),
        due_time=checks.timestamp(held.due_ms),
        is_overdue=held.is_overdue(now_ms),
        reason=held.reason,
        answer=held.answer,
        extension_reason=held.extension_reason,
        ground=held.ground,  # type: ignore[arg-type]
        is_in_force=held.is_in_force,
        lift_reason=held.lift_reason,
        purposes=encode_purposes(held.purposes),  # type: ignore[arg-type]
    )
    for field, time_ms in (
        ("close_time", held.closed_ms),
        ("extend_time", held.extended_ms),
        ("lift_time", held.lifted_ms),
        ("inform_time", held.informed_ms),
    ):
        if time_ms:
            getattr(message, field).CopyFrom(checks.timestamp(time_ms))
    return message


def request_of_erasure(erasure: Erasure) -> RightsRequest:
    """An erasure as the request it answers: open until no file holds anything of her."""
    received_ms = erasure.received_ms or erasure.begun_ms
    is_done = erasure.done_ms is not None
    return RightsRequest(
        request_id=erasure.erasure_id,
        kind=int(RightsKind.ERASE),
        received_ms=received_ms,
        due_ms=erasure.due_ms or months_after(received_ms, DUE_MONTH_COUNT),
        recorded_ms=erasure.begun_ms,
        state=int(RightsState.ANSWERED if is_done else RightsState.OPEN),
        closed_ms=erasure.done_ms or 0,
    )
