"""Outcomes to answers, by role (semantics T6): who is told what of a ping.

| role     | verdicts                        | transitions | tries | offers |
|----------|---------------------------------|-------------|-------|--------|
| device   | what its own row or load tells  | –           | –     | yes    |
| gateway  | all                             | yes         | –     | yes    |
| operator | all                             | yes         | yes   | yes    |

A draft collects what a stream will be told next; it is encoded when the stream can write, so that a slow
reader gets few large answers, not many small ones. Offers pass the send gate at that moment, not before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from geooffer.engine.decisions import Decision
from geooffer.engine.hints import NextPing
from geooffer.engine.registry import Registry
from geooffer.model import limits
from geooffer.model.columns import StructArray
from geooffer.model.verdicts import DEVICE_VISIBLE_VERDICTS, OfferVerdict, PingVerdict
from geooffer.rpc import roles
from geooffer.rpc.checks import timestamp
from geooffer.rpc.render import OfferRenderer
from geooffer.v1 import ping_service_pb2 as pb

#: an answer is cut here: 1 per row, transition and try, `OFFER_WEIGHT` per offer; about 64 KiB at the most
DRAFT_WEIGHT_MAX = 512
OFFER_WEIGHT = 16

_ANSWER_TAG = b"\x0a"  # field 1, length-delimited, of StreamPingsResponse and IngestPingsResponse
_OFFER_TAG = b"\x2a"  # field 5, length-delimited, of PingAnswer
_REJECTED_TAG = b"\x12"  # field 2, length-delimited, of PingAnswer
assert pb.StreamPingsResponse.ANSWER_FIELD_NUMBER == pb.IngestPingsResponse.ANSWER_FIELD_NUMBER == 1
assert pb.PingAnswer.OFFERS_FIELD_NUMBER == 5
assert pb.PingAnswer.REJECTED_ROWS_FIELD_NUMBER == 2


@dataclass(frozen=True, slots=True)
class Visibility:
    """What one role may see."""

    verdicts: frozenset[PingVerdict]
    transitions: bool
    tries: bool


_ALL_REJECTIONS = frozenset(PingVerdict) - {PingVerdict.ACCEPTED}
VISIBILITY = {
    roles.DEVICE: Visibility(DEVICE_VISIBLE_VERDICTS, transitions=False, tries=False),
    roles.GATEWAY: Visibility(_ALL_REJECTIONS, transitions=True, tries=False),
    roles.OPERATOR: Visibility(_ALL_REJECTIONS, transitions=True, tries=True),
}


_HIDES_FUTURE = frozenset((PingVerdict.EXCLUSION_ZONE, PingVerdict.DUPLICATE))


def told_verdict(visibility: Visibility, verdict: PingVerdict, is_future: Callable[[], bool]) -> PingVerdict | None:
    """What a role is told of a row that was not accepted; None = nothing.

    A phone is told what its own row explains, whatever was judged first: else a row from the future would be refused
    outside an exclusion zone and not inside, and who sends some could draw a map of the zones (privacy C6).
    """
    if verdict in visibility.verdicts:
        return verdict
    if verdict in _HIDES_FUTURE and PingVerdict.FUTURE_FIX in visibility.verdicts and is_future():
        return PingVerdict.FUTURE_FIX
    return None


class ToldTry(NamedTuple):
    """A try on its way to a stream; `place`: among those of its batch."""

    place: int
    message: pb.OfferTry


@dataclass(slots=True)
class OfferDraft:
    """A decision on its way to a stream."""

    decision: Decision
    message_sequence: int
    row: int
    deadline_s: float
    """On the loop's clock; infinite where the ping had no budget."""
    offer_try: ToldTry | None
    """Its line among the answer's tries, corrected if the offer does not leave after all."""


@dataclass(slots=True)
class AnswerDraft:
    """What a stream is told next."""

    acknowledged: int
    rejected_rows: list[pb.RejectedRow] = field(default_factory=list)
    transitions: list[pb.Transition] = field(default_factory=list)
    tries: list[ToldTry] = field(default_factory=list)
    offers: list[OfferDraft] = field(default_factory=list)
    shed_messages: list[tuple[int, int]] = field(default_factory=list)
    """(sequence, rows) of messages refused whole: to refuse must not cost what it costs to decide."""
    next_pings: list[pb.NextPing] = field(default_factory=list)

    @property
    def weight(self) -> int:
        """How much of an answer is filled, against DRAFT_WEIGHT_MAX."""
        rows = len(self.rejected_rows) + len(self.transitions) + len(self.tries) + len(self.next_pings)
        rows += sum(row_count for _, row_count in self.shed_messages)
        return rows + OFFER_WEIGHT * len(self.offers)


Gate = Callable[[OfferDraft], bool]
"""The send gate (semantics D3): False = the offer was taken back, its try is told as TOO_LATE."""


def rejected_row(message_sequence: int, row: int, verdict: int) -> pb.RejectedRow:
    """A row that was not accepted. `row` counts within its message."""
    return pb.RejectedRow(message_sequence=message_sequence, row=row, verdict=verdict)  # type: ignore[arg-type]


def transition(item: np.void, registry: Registry, message_sequence: int, row: int) -> pb.Transition:
    """One TRANSITION row; message and row are 0 where no ping completed it."""
    return pb.Transition(
        kind=int(item["kind"]),  # type: ignore[arg-type]
        cause=int(item["cause"]),  # type: ignore[arg-type]
        device_key=int(item["device_key"]),
        geofence_id=registry.fence_id(int(item["fence_number"])),
        event_time=timestamp(int(item["event_time_ms"])),
        historical=bool(item["historical"]),
        message_sequence=message_sequence,
        row=row,
    )


def offer_try(item: np.void, pings: StructArray, registry: Registry, message_sequence: int, row: int) -> pb.OfferTry:
    """One TRY row of the batch `pings`."""
    return try_of(item, int(pings["device_key"][item["row"]]), registry, message_sequence, row)


def try_of(item: np.void, device_key: int, registry: Registry, message_sequence: int, row: int) -> pb.OfferTry:
    """One TRY row of a device's ping."""
    offer_number = int(item["offer_number"])
    return pb.OfferTry(
        message_sequence=message_sequence,
        row=row,
        device_key=device_key,
        geofence_id=registry.fence_id(int(item["fence_number"])),
        store_id=registry.store_id(int(item["store_number"])),
        verdict=int(item["verdict"]),  # type: ignore[arg-type]
        offer_id="" if offer_number < 0 else registry.offer_id(offer_number),
    )


def next_ping(hint: NextPing, message_sequence: int, row: int) -> pb.NextPing:
    """When the next ping of a row's device is useful."""
    message = pb.NextPing(
        message_sequence=message_sequence,
        row=row,
        distance_m=hint.distance_m,
        leave_accuracy_m=hint.leave_accuracy_m,
        enter_accuracy_m=hint.enter_accuracy_m,
        dwell_millis=hint.dwell_ms,
        latest_millis=hint.latest_ms,
        earliest_millis=hint.earliest_ms,
        speed_cm_per_s=hint.speed_cm_per_s,
        enter_count=hint.enter_count,
        leave_count=hint.leave_count,
        fences_generation=hint.fences_generation,
        assumed_accuracy_m=hint.assumed_accuracy_m,
    )
    if hint.leave_distance_m is not None:
        message.leave_distance_m = hint.leave_distance_m
    return message


def encode(
    draft: AnswerDraft, renderer: OfferRenderer, gate: Gate, *, location_wanted: bool, catalog_generation: int
) -> bytes:
    """A StreamPingsResponse or IngestPingsResponse (their bytes are the same)."""
    offers = b""
    for item in draft.offers:
        if gate(item):
            offers += offer_field(renderer.render(item.decision, item.message_sequence, item.row))
        elif item.offer_try is not None:
            item.offer_try.message.verdict = int(OfferVerdict.TOO_LATE)  # type: ignore[assignment]
    answer = pb.PingAnswer(
        acknowledged_message_sequence=draft.acknowledged,
        location_wanted=location_wanted,
        catalog_generation=catalog_generation,
    )
    rejected = b""
    if draft.shed_messages:
        rejected = _rejected_bytes(draft)
    elif draft.rejected_rows:
        # shed rows are told before decided ones of the same moment, whatever their order in the stream
        answer.rejected_rows.extend(sorted(draft.rejected_rows, key=_place))
    if draft.transitions:
        answer.transitions.extend(draft.transitions)
    if draft.tries:
        # those that won wait for the journal and come after the others of their batch
        answer.tries.extend(told.message for told in sorted(draft.tries, key=_place_of_try))
    if draft.next_pings:
        # those of messages with offers come with their offers, after others of their batch
        answer.next_pings.extend(sorted(draft.next_pings, key=_place))
    return _delimited(_ANSWER_TAG, answer.SerializeToString() + rejected + offers)


def offer_field(rendered: bytes) -> bytes:
    """The whole field `offers` of a PingAnswer, of a serialised PersonalOffer."""
    return _delimited(_OFFER_TAG, rendered)


def _rejected_bytes(draft: AnswerDraft) -> bytes:
    """All rejected rows, ascending, where whole messages are among them."""
    told = [
        (row.message_sequence, _delimited(_REJECTED_TAG, row.SerializeToString()))
        for row in sorted(draft.rejected_rows, key=_place)
    ]
    told += [(sequence, shed_rows(sequence, row_count)) for sequence, row_count in draft.shed_messages]
    return b"".join(part for _, part in sorted(told, key=_sequence_of))


def shed_rows(sequence: int, row_count: int) -> bytes:
    """Fields `rejected_rows` of a message shed whole: 25 µs for 1,024 rows; one message each would take 1.2 ms."""
    head = pb.RejectedRow(message_sequence=sequence).SerializeToString()
    parts = []
    for first, end in _SHED_RUNS:
        ends = _SHED_ENDS[first : min(end, row_count)]
        if ends:
            # rows whose numbers are equally long differ in their ends alone
            begin = _REJECTED_TAG + bytes((len(head) + len(ends[0]),)) + head
            parts.append(begin + begin.join(ends))
    return b"".join(parts)


_SHED_ENDS = [
    pb.RejectedRow(row=row, verdict=int(PingVerdict.SHED)).SerializeToString()  # type: ignore[arg-type]
    for row in range(limits.PING_BATCH_ROW_COUNT_MAX)
]
_SHED_RUNS = ((0, 1), (1, 128), (128, limits.PING_BATCH_ROW_COUNT_MAX))
"""Rows whose numbers take no byte, one, two."""


def _sequence_of(told: tuple[int, bytes]) -> int:
    return told[0]


def _place(told: pb.RejectedRow | pb.NextPing) -> tuple[int, int]:
    return told.message_sequence, told.row


def _place_of_try(told: ToldTry) -> tuple[int, int, int]:
    return told.message.message_sequence, told.message.row, told.place


def _delimited(tag: bytes, payload: bytes) -> bytes:
    """A length-delimited field: tag, length as a varint, payload."""
    length = len(payload)
    varint = bytearray()
    while length > 0x7F:
        varint.append(length & 0x7F | 0x80)
        length >>= 7
    varint.append(length)
    return tag + bytes(varint) + payload
