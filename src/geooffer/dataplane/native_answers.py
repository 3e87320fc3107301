"""What a held message is told besides what its worker tells: tries, offers, hints; as fields of a PingAnswer.

A worker writes these bytes into the answer as they are. An offer comes with its gate, which the worker asks in the
moment it writes, and with the line of its try, in two versions: sent, and too late.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from geooffer.dataplane.native_rows import DecidedBatch, HeldMessage
from geooffer.engine.decisions import Decision
from geooffer.engine.engine import Engine
from geooffer.engine.hints import useful_rows
from geooffer.model.columns import StructArray
from geooffer.model.verdicts import OfferVerdict
from geooffer.rpc import answers
from geooffer.rpc.render import OfferRenderer
from geooffer.v1 import ping_service_pb2 as pb

AFTER_ALL_TRIES = 2**32 - 1


class ReadyOffer(NamedTuple):
    """An offer for a stream; geooffer-py reads these by name."""

    field: bytes
    """`offers` of a PingAnswer, tag and length included."""
    person_slot: int
    person_key: int
    consent_epoch: int
    policy_version: int
    decision_key: int
    deadline_ns: int
    field_if_shut: bytes
    """`tries` of a PingAnswer, where the offer does not leave after all."""
    field_if_sent: bytes
    tries_before: int
    """How many of its message's other tries come before its own."""


class ToldMessage(NamedTuple):
    """Everything of a held message."""

    message: HeldMessage
    fields: bytes
    """Tries that won nothing, and hints."""
    decisions: list[tuple[Decision, pb.OfferTry | None, int]]
    """Each with its try, where the stream is told of tries, and how many of `fields` come before that."""


def told_message(batch: DecidedBatch, message: HeldMessage, decisions: list[Decision], engine: Engine) -> ToldMessage:
    """Of one held message; `decisions`: those of its rows, ascending."""
    answer = pb.PingAnswer()
    won: dict[tuple[int, str], tuple[pb.OfferTry, int]] = {}
    if message.wants_tries:
        for attempt in batch.tries_of.get(message.key, ()):
            told = _try(batch, attempt, engine)
            if attempt["verdict"] == OfferVerdict.OFFERED:
                won[int(attempt["row"]), told.geofence_id] = told, len(answer.tries)
            else:
                answer.tries.append(told)
    if message.wants_next_ping:
        answer.next_pings.extend(_next_pings(batch, message, engine))
    found = []
    for decision in decisions:
        told_try, tries_before = won.get((decision.row, decision.geofence_id), (None, AFTER_ALL_TRIES))
        found.append((decision, told_try, tries_before))
    return ToldMessage(message, answer.SerializeToString(), found)


def ready_offer(
    batch: DecidedBatch,
    found: tuple[Decision, pb.OfferTry | None, int],
    renderer: OfferRenderer,
    until_ns: int,
) -> ReadyOffer:
    """`until_ns`: when her consent changes by itself, on the plane's clock."""
    decision, told_try, tries_before = found
    place = batch.place(decision.row)
    rendered = renderer.render(decision, int(place["message_sequence"]), int(place["message_row"]))
    sent = shut = b""
    if told_try is not None:
        sent = pb.PingAnswer(tries=[told_try]).SerializeToString()
        told_try.verdict = int(OfferVerdict.TOO_LATE)  # type: ignore[assignment]
        shut = pb.PingAnswer(tries=[told_try]).SerializeToString()
    return ReadyOffer(
        field=answers.offer_field(rendered),
        person_slot=decision.person_slot,
        person_key=decision.person_key,
        consent_epoch=decision.consent_epoch,
        policy_version=decision.policy_version,
        decision_key=decision.decision_key,
        deadline_ns=min(int(place["deadline_ns"]), until_ns),
        field_if_shut=shut,
        field_if_sent=sent,
        tries_before=tries_before,
    )


def sweep_fields(transitions: StructArray, engine: Engine) -> dict[int, bytes]:
    """Transitions of silent devices by the number of the stream that brought their last pings."""
    told: dict[int, pb.PingAnswer] = {}
    for item in transitions:
        answer = told.setdefault(int(item["stream_number"]), pb.PingAnswer())
        answer.transitions.append(answers.transition(item, engine.registry, 0, 0))
    return {number: answer.SerializeToString() for number, answer in told.items() if number}


def _try(batch: DecidedBatch, attempt: np.void, engine: Engine) -> pb.OfferTry:
    place = batch.place(int(attempt["row"]))
    sequence, row = int(place["message_sequence"]), int(place["message_row"])
    return answers.try_of(attempt, int(place["ping"]["device_key"]), engine.registry, sequence, row)


def _next_pings(batch: DecidedBatch, message: HeldMessage, engine: Engine) -> list[pb.NextPing]:
    """Of a message that is held for something else, too, or that its worker could not make hints for (hints.rs)."""
    places = batch.places[batch.places_of.get(message.key, [])]
    chosen = useful_rows(engine.policy, places["ping"])
    if not chosen:
        return []
    rows = places["message_row"][chosen].tolist()
    hints = engine.next_pings(np.ascontiguousarray(places["ping"][chosen]))
    found = zip(hints, rows, strict=True)
    return [answers.next_ping(hint, message.message_sequence, row) for hint, row in found if hint is not None]
