"""The demo city's walks streamed to a running service, and what it answers written down while it goes on.

One gateway stream with an operator's token: column messages in order of time, a few under way at once. A message's
latency is the time from handing it to the stream to its acknowledgement, the wait behind the others included.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np

from geooffer.bench.city import City
from geooffer.bench.city_run import CityRun, OfferEvent, TryEvent
from geooffer.bench.ping_batches import replayed_batch
from geooffer.client import GeoofferClient
from geooffer.model.verdicts import OfferVerdict, PingVerdict, TransitionKind
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
        self._sent_s: list[float] = []
        self._latencies_s: list[float] = []

    async def stream(self, client: GeoofferClient, on_answer: Callable[[], None]) -> None:
        """Send every ping and take every answer; `on_answer` is called after each."""
        self.started_s = self.ended_s = time.perf_counter()
        exchange = client.exchange(self._messages(), window_count=WINDOW_COUNT)
        async for answer in exchange.answers():
            self._take(answer)
            on_answer()

    def _messages(self) -> Iterator[pb.PingBatch]:
        pings = self.city.pings
        for start in range(0, len(pings), ROWS_PER_MESSAGE):
            message = replayed_batch(pings[start : start + ROWS_PER_MESSAGE])
            self._sent_s.append(time.perf_counter())
            yield message

    def _take(self, answer: pb.PingAnswer) -> None:
        self.ended_s = time.perf_counter()
        while len(self._latencies_s) < answer.acknowledged_message_sequence:
            self._latencies_s.append(self.ended_s - self._sent_s[len(self._latencies_s)])
        row_count = min(answer.acknowledged_message_sequence * ROWS_PER_MESSAGE, len(self.city.pings))
        verdicts = self.run.ping_verdicts[:row_count]
        verdicts[self.decided_row_count :][verdicts[self.decided_row_count :] == 0] = PingVerdict.ACCEPTED
        self.decided_row_count = max(self.decided_row_count, row_count)
        for rejected in answer.rejected_rows:
            self.run.ping_verdicts[_index(rejected)] = rejected.verdict
        for transition in answer.transitions:
            self.run.transitions[TransitionKind(transition.kind)] += 1
        for attempt in answer.tries:
            verdict = OfferVerdict(attempt.verdict)
            self.run.tries.append(TryEvent(_index(attempt), attempt.store_id, attempt.offer_id, verdict))
        self.run.offers += [_offer_event(offer) for offer in answer.offers]

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


def _index(told: pb.RejectedRow | pb.OfferTry | pb.PersonalOffer) -> int:
    """Row of City.pings that a part of an answer speaks of."""
    return (told.message_sequence - 1) * ROWS_PER_MESSAGE + told.row


def _offer_event(offer: pb.PersonalOffer) -> OfferEvent:
    has_stock = offer.HasField("in_stock_as_of_time")
    return OfferEvent(
        ping_index=_index(offer),
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
        language=offer.language_code,
    )
