"""The demo city's walks streamed to a running service, and what it answers written down while it goes on.

One gateway stream with an operator's token: column messages in order of time, a few under way at once. A message's
latency is the time from handing it to the stream to its acknowledgement, the wait behind the others included. Before an
incident the stream waits until all is decided, so that the same ping is the first one after it in every run.
"""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_right
from collections.abc import AsyncIterator, Callable

import numpy as np

from geooffer.bench.city import City
from geooffer.bench.city_load import switch_store
from geooffer.bench.city_run import CityRun, OfferEvent, TryEvent
from geooffer.bench.ping_batches import replayed_batch
from geooffer.client import GeoofferClient, GeoofferControl
from geooffer.model.kinds import Fulfilment
from geooffer.model.verdicts import OfferVerdict, PingVerdict, TouchpointKind, TransitionKind
from geooffer.rpc.render import REASONS
from geooffer.v1 import ping_service_pb2 as pb

ROWS_PER_MESSAGE = 256
WINDOW_COUNT = 4


class CityStream:
    """One run of a city over a ping stream; its figures may be read at any time."""

    def __init__(self, city: City) -> None:
        self.city = city
        self.run = CityRun.of(city)
        self.decided_row_count = 0
        self.started_s = 0.0
        self.ended_s = 0.0
        self._first_rows: list[int] = []
        """Row of City.pings that each message begins with."""
        self._all_decided = asyncio.Condition()
        self._sent_s: list[float] = []
        self._latencies_s: list[float] = []

    async def stream(self, client: GeoofferClient, on_answer: Callable[[], None]) -> None:
        """Send every ping and take every answer; `on_answer` is called after each."""
        self.started_s = self.ended_s = time.perf_counter()
        exchange = client.exchange(self._messages(client.control), window_count=WINDOW_COUNT)
        async for answer in exchange.answers():
            self._take(answer)
            async with self._all_decided:
                self._all_decided.notify_all()
            on_answer()

    async def _messages(self, control: GeoofferControl) -> AsyncIterator[pb.PingBatch]:
        pings = self.city.pings
        start = 0
        for incident in self.city.incidents:
            async for message in self._messages_of(start, incident.ping_index):
                yield message
            start = incident.ping_index
            async with self._all_decided:
                while self.decided_row_count < start:
                    await self._all_decided.wait()
            await switch_store(incident, control)
            self.run.incident_count += 1
        async for message in self._messages_of(start, len(pings)):
            yield message

    async def _messages_of(self, start: int, end: int) -> AsyncIterator[pb.PingBatch]:
        for first in range(start, end, ROWS_PER_MESSAGE):
            message = replayed_batch(self.city.pings[first : min(first + ROWS_PER_MESSAGE, end)])
            self._first_rows.append(first)
            self._sent_s.append(time.perf_counter())
            yield message

    def _take(self, answer: pb.PingAnswer) -> None:
        self.ended_s = time.perf_counter()
        while len(self._latencies_s) < answer.acknowledged_message_sequence:
            self._latencies_s.append(self.ended_s - self._sent_s[len(self._latencies_s)])
        row_count = self._row_count_before(answer.acknowledged_message_sequence)
        verdicts = self.run.ping_verdicts[:row_count]
        verdicts[self.decided_row_count :][verdicts[self.decided_row_count :] == 0] = PingVerdict.ACCEPTED
        self.decided_row_count = max(self.decided_row_count, row_count)
        for rejected in answer.rejected_rows:
            self.run.ping_verdicts[self._index(rejected)] = rejected.verdict
        for transition in answer.transitions:
            self.run.transitions[TransitionKind(transition.kind)] += 1
        for attempt in answer.tries:
            verdict = OfferVerdict(attempt.verdict)
            self.run.tries.append(TryEvent(self._index(attempt), attempt.store_id, attempt.offer_id, verdict))
        self.run.offers += [_offer_event(offer, self._index(offer)) for offer in answer.offers]

    def _row_count_before(self, message_count: int) -> int:
        """Rows of the first so many messages."""
        if message_count < len(self._first_rows):
            return self._first_rows[message_count]
        return min(self._first_rows[-1] + ROWS_PER_MESSAGE, self._end_of(self._first_rows[-1]))

    def _end_of(self, row: int) -> int:
        """The row before which a message that holds `row` ends at the latest: an incident, or the end of all."""
        ends = [*(incident.ping_index for incident in self.city.incidents), len(self.city.pings)]
        return ends[bisect_right(ends, row)]

    def _index(self, told: pb.RejectedRow | pb.OfferTry | pb.PersonalOffer) -> int:
        """Row of City.pings that a part of an answer speaks of."""
        return self._first_rows[told.message_sequence - 1] + told.row

    @property
    def pings_per_s(self) -> float:
        """Pings decided per second of the run so far."""
        elapsed_s = self.ended_s - self.started_s
        return self.decided_row_count / elapsed_s if elapsed_s > 0 else 0.0

    def latency_ms(self, percentile: float) -> float:
        """Latency of messages acknowledged so far; 0 where there are none."""
        if not self._latencies_s:
            return 0.0
        return float(np.percentile(self._latencies_s, percentile)) * 1000


def _offer_event(offer: pb.PersonalOffer, ping_index: int) -> OfferEvent:
    has_stock = offer.HasField("in_stock_as_of_time")
    return OfferEvent(
        ping_index=ping_index,
        decision_id=offer.decision_id,
        offer_id=offer.offer_id,
        product_id=offer.product_id,
        store_id=offer.store_id,
        store_name=offer.store_name,
        title=offer.title,
        size=f"{offer.size_system} {offer.size_value}".strip(),
        price_minor=offer.price_minor,
        previous_price_minor=offer.previous_price_minor,
        currency=offer.currency_code,
        valid_until_ms=offer.valid_until_time.ToMilliseconds(),
        in_stock_as_of_ms=offer.in_stock_as_of_time.ToMilliseconds() if has_stock else None,
        reason=offer.reason,
        reason_kind=reason_kind_of(offer.reason, offer.language_code),
        language=offer.language_code,
        fulfilment=Fulfilment(offer.fulfilment),
        supply_store_id=offer.supply_store_id,
    )


def reason_kind_of(reason: str, language: str) -> TouchpointKind:
    """What an offer was made for, told by its sentence alone, as a phone would have to. Raises ValueError."""
    for kind, sentence in REASONS[language].items():
        before, after = sentence.split("{}")
        if reason.startswith(before) and reason.endswith(after):
            return kind
    raise ValueError("an offer gives a reason that is none of the sentences known")
