"""One batch's outcome, back to the streams its rows came from.

Most rows end without anything to say: only the rows that have something are looked at one by one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import accumulate

import numpy as np

from geooffer.dataplane.admission import QueuedMessage
from geooffer.dataplane.stream import PingStream
from geooffer.engine.decisions import Decision
from geooffer.engine.engine import Engine
from geooffer.engine.hints import useful_rows
from geooffer.model.columns import Outcome, StructArray
from geooffer.model.verdicts import OfferVerdict, PingVerdict
from geooffer.rpc import answers
from geooffer.rpc.answers import OfferDraft, ToldTry
from geooffer.v1 import ping_service_pb2 as pb


class Batch:
    """The messages of one engine step; knows whose a row is."""

    def __init__(self, messages: Sequence[QueuedMessage]) -> None:
        self.messages = messages
        self._starts = list(accumulate((item.message.row_count for item in messages[:-1]), initial=0))

    def place(self, batch_row: int) -> tuple[QueuedMessage, int]:
        """The message a row of the batch came in, and the row's number within it."""
        index = bisect_right(self._starts, batch_row) - 1
        return self.messages[index], batch_row - self._starts[index]

    def first_rows(self) -> Iterable[tuple[QueuedMessage, int]]:
        """Each message with the row of the batch that it begins at."""
        return zip(self.messages, self._starts, strict=True)

    def late_rows(self, now_s: float, rows: Sequence[int]) -> set[int]:
        """Those of `rows` whose budget is over."""
        return {row for row in rows if self.place(row)[0].deadline_s < now_s}


def distribute(
    batch: Batch, pings: StructArray, outcome: Outcome, decisions: Sequence[Decision], engine: Engine
) -> Callable[[bool], None]:
    """Put what each stream may see into its draft, then count its messages as decided.

    Messages with offers are held back; to be called with True once their records are durable, with False if they
    never will be.
    """
    _reject(batch, pings, outcome, engine)
    for item in outcome.transitions:
        message, row = batch.place(int(item["row"]))
        stream = message.stream
        if stream.visibility.transitions:
            told = answers.transition(item, engine.registry, message.sequence, row)
            stream.draft().transitions.append(told)
    tries = _tell_tries(batch, pings, outcome, engine)
    next_pings = next_pings_of(batch, pings, engine)
    held = {id(message): message for message in (batch.place(decision.row)[0] for decision in decisions)}
    for message in held.values():
        message.stream.hold(message.sequence)
    generation = engine.live_generation
    for message in batch.messages:
        message.stream.catalog_generation = generation
        if id(message) in next_pings and id(message) not in held:
            message.stream.draft().next_pings += next_pings[id(message)]
        message.stream.decided(message.sequence, message.message.row_count)

    def settle(durable: bool) -> None:
        for decision in decisions if durable else ():
            _tell_offer(batch, decision, tries.get((decision.row, decision.geofence_id)), engine)
        for message in held.values() if durable else ():
            if not message.stream.closed:
                message.stream.draft().next_pings += next_pings.get(id(message), [])
                message.stream.settled(message.sequence)

    return settle


def next_pings_of(batch: Batch, pings: StructArray, engine: Engine) -> dict[int, list[pb.NextPing]]:
    """What the messages that asked for it are told of the next ping, by the message's id()."""
    rows: list[int] = []
    for message, first in batch.first_rows():
        if message.message.wants_next_ping:
            part = pings[first : first + message.message.row_count]
            rows += [first + row for row in useful_rows(engine.policy, part)]
    told: dict[int, list[pb.NextPing]] = {}
    if rows:
        for row, hint in zip(rows, engine.next_pings(pings[rows]), strict=True):
            if hint is None:
                continue
            message, place = batch.place(row)
            told.setdefault(id(message), []).append(answers.next_ping(hint, message.sequence, place))
    return told


def _tell_offer(batch: Batch, decision: Decision, offer_try: ToldTry | None, engine: Engine) -> None:
    """Into one draft with its try, which says TOO_LATE where the offer does not leave after all."""
    message, row = batch.place(decision.row)
    if message.stream.closed:
        engine.release(decision)
        return
    draft = message.stream.draft()
    draft.offers.append(OfferDraft(decision, message.sequence, row, message.deadline_s, offer_try))
    if offer_try is not None:
        draft.tries.append(offer_try)


def tell_shed(messages: Sequence[QueuedMessage]) -> None:
    """Rows of these messages are MALFORMED, which comes first and the decoder saw, else SHED; all roles may know."""
    for message in messages:
        malformed_rows = message.message.malformed_rows()
        if not any(malformed_rows):
            message.stream.draft().shed_messages.append((message.sequence, message.message.row_count))
        else:
            for row, malformed in enumerate(malformed_rows):
                verdict = PingVerdict.MALFORMED if malformed else PingVerdict.SHED
                message.stream.draft().rejected_rows.append(answers.rejected_row(message.sequence, row, verdict))
        message.stream.decided(message.sequence, message.message.row_count)


def tell_sweep(transitions: StructArray, streams: dict[int, PingStream], engine: Engine) -> None:
    """Transitions of silent devices, to the streams that brought their last pings, if still open."""
    for item in transitions:
        stream = streams.get(int(item["stream_number"]))
        if stream is not None and stream.visibility.transitions:
            stream.draft().transitions.append(answers.transition(item, engine.registry, 0, 0))
            stream.wake()


def _reject(batch: Batch, pings: StructArray, outcome: Outcome, engine: Engine) -> None:
    for batch_row in np.flatnonzero(outcome.verdicts != PingVerdict.ACCEPTED).tolist():
        message, row = batch.place(batch_row)
        stream = message.stream
        verdict = PingVerdict(int(outcome.verdicts[batch_row]))
        told = answers.told_verdict(stream.visibility, verdict, partial(_is_future, pings, batch_row, engine))
        if told is not None:
            stream.draft().rejected_rows.append(answers.rejected_row(message.sequence, row, told))
        own_key = stream.sender.own_key
        if verdict == PingVerdict.NO_CONSENT and own_key and not engine.location_wanted(own_key):
            # no phone goes on sending what nobody may use (semantics T6); a gateway loses this row only
            stream.location_wanted = False
            stream.stop_reading()


def _is_future(pings: StructArray, row: int, engine: Engine) -> bool:
    """As kernels/matcher.py judges it."""
    return bool(pings["fix_time_ms"][row] > pings["now_ms"][row] + engine.policy.future_tolerance_ms)


def _tell_tries(batch: Batch, pings: StructArray, outcome: Outcome, engine: Engine) -> dict[tuple[int, str], ToldTry]:
    """Tell operators; returns the tries that won, to be told with their offers, by (row of the batch, geofence id)."""
    won = {}
    for index, item in enumerate(outcome.tries):
        batch_row = int(item["row"])
        message, row = batch.place(batch_row)
        if not message.stream.visibility.tries:
            continue
        told = ToldTry(index, answers.offer_try(item, pings, engine.registry, message.sequence, row))
        if item["verdict"] == OfferVerdict.OFFERED:
            won[batch_row, told.message.geofence_id] = told
        else:
            message.stream.draft().tries.append(told)
    return won
