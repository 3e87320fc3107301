"""One batch's outcome, back to the streams its rows came from.

Most rows end without anything to say: only the rows that have something are looked at one by one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

import numpy as np

from geooffer.dataplane.admission import QueuedMessage
from geooffer.dataplane.stream import PingStream
from geooffer.engine.decisions import Decision
from geooffer.engine.engine import Engine
from geooffer.model.columns import Outcome, StructArray
from geooffer.model.verdicts import OfferVerdict, PingVerdict
from geooffer.rpc import answers
from geooffer.rpc.answers import OfferDraft
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

    def late_rows(self, now_s: float, rows: Sequence[int]) -> set[int]:
        """Those of `rows` whose budget is over."""
        return {row for row in rows if self.place(row)[0].deadline_s < now_s}


def distribute(
    batch: Batch, pings: StructArray, outcome: Outcome, decisions: Sequence[Decision], engine: Engine
) -> None:
    """Put what each stream may see into its draft, then count its messages as decided."""
    _reject(batch, outcome, engine)
    for item in outcome.transitions:
        message, row = batch.place(int(item["row"]))
        stream = message.stream
        if stream.visibility.transitions:
            told = answers.transition(item, engine.registry, message.sequence, row)
            stream.draft().transitions.append(told)
    tries = _tell_tries(batch, pings, outcome, engine)
    for decision in decisions:
        message, row = batch.place(decision.row)
        if message.stream.closed:
            engine.release(decision)
            continue
        offer_try = tries.get((decision.row, decision.geofence_id))
        draft = OfferDraft(decision, message.sequence, row, message.deadline_s, offer_try)
        message.stream.draft().offers.append(draft)
    generation = engine.live_generation
    for message in batch.messages:
        message.stream.catalog_generation = generation
        message.stream.decided(message.sequence, message.message.row_count)


def tell_shed(messages: Sequence[QueuedMessage]) -> None:
    """Rows of these messages are MALFORMED, which comes first and the decoder saw, else SHED; all roles may know."""
    for message in messages:
        for row, malformed in enumerate(message.message.malformed_rows()):
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


def _reject(batch: Batch, outcome: Outcome, engine: Engine) -> None:
    for batch_row in np.flatnonzero(outcome.verdicts != PingVerdict.ACCEPTED).tolist():
        message, row = batch.place(batch_row)
        stream = message.stream
        verdict = PingVerdict(int(outcome.verdicts[batch_row]))
        if verdict in stream.visibility.verdicts:
            stream.draft().rejected_rows.append(answers.rejected_row(message.sequence, row, verdict))
        own_key = stream.sender.own_key
        if verdict == PingVerdict.NO_CONSENT and own_key and not engine.location_wanted(own_key):
            # no phone goes on sending what nobody may use (semantics T6); a gateway loses this row only
            stream.location_wanted = False
            stream.stop_reading()


def _tell_tries(
    batch: Batch, pings: StructArray, outcome: Outcome, engine: Engine
) -> dict[tuple[int, str], pb.OfferTry]:
    """Tell operators; returns the tries that won, by (row of the batch, geofence id)."""
    won = {}
    for item in outcome.tries:
        batch_row = int(item["row"])
        message, row = batch.place(batch_row)
        if not message.stream.visibility.tries:
            continue
        told = answers.offer_try(item, pings, engine.registry, message.sequence, row)
        message.stream.draft().tries.append(told)
        if item["verdict"] == OfferVerdict.OFFERED:
            won[batch_row, told.geofence_id] = told
    return won
