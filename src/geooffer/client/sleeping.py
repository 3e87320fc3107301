"""A phone in the background: it is given its fixes, sends those that are useful, and holds the regions to watch.

What could not be sent is kept and goes as one batch with the next useful fix: rows in their order, with their ages.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from geooffer.client.client import GeoofferClient
from geooffer.client.errors import CallError
from geooffer.client.pacer import ACCURACY_MAX_M, Fix, Pacer, Reason, Watch
from geooffer.client.pings import Ping
from geooffer.errors import DrainingError, JournalError, OverloadedError, QuotaExceededError
from geooffer.model import limits, units
from geooffer.rpc.checks import timestamp
from geooffer.v1 import ping_service_pb2 as pb

_TRANSIENT = (CallError, OverloadedError, DrainingError, JournalError, QuotaExceededError)


def monotonic_ms() -> int:
    """The phone's own clock: a wrong time of day does not matter."""
    return time.monotonic_ns() // 1_000_000


class SleepingPhone:
    """One phone of role `device`. Fixes are live (aged by `now_ms`), or replayed: then all have a `fix_time_ms`."""

    def __init__(
        self,
        client: GeoofferClient,
        *,
        region_count_max: int = 0,
        watches: bool = True,
        now_ms: Callable[[], int] = monotonic_ms,
    ) -> None:
        """`region_count_max`: as ListWakeRegions; `watches`: False = hints alone, no regions."""
        self._client = client
        self._region_count_max = region_count_max
        self._watches = watches
        self._now_ms = now_ms
        self._waiting: deque[tuple[Fix, Ping]] = deque(maxlen=limits.PING_BATCH_ROW_COUNT_MAX)
        self._before: tuple[Fix, Ping] | None = None
        """The usable fix before the last one, where it was not sent."""
        self._delay_ms = 0
        """The longest that what waits was under way: it may have arrived although no answer came."""
        self.pacer = Pacer()
        self.location_wanted = True
        """False: the service may not use this phone's location; nothing is sent any more."""
        self.sent_count = 0
        """Fixes sent."""
        self.asked_count = 0
        """Calls of ListWakeRegions."""
        self.reason: Reason | None = None
        """Why the last fix was sent, or None."""

    @property
    def waiting_count(self) -> int:
        """Fixes that are useful and could not be sent yet; beyond 1,024 the oldest is dropped."""
        return len(self._waiting)

    async def take(self, ping: Ping) -> pb.PingAnswer | None:
        """A fix of this phone; returns the answer where it was sent. Raises what the service refuses for good.

        While the service cannot be reached, useful fixes are kept.
        """
        if not self.location_wanted:
            return None
        time_ms = ping.fix_time_ms if ping.fix_time_ms is not None else self._now_ms() - ping.fix_age_ms
        fix = Fix(time_ms, ping.latitude, ping.longitude, ping.accuracy_m)
        self.reason = self.pacer.reason(fix)
        before = self._before
        if fix.accuracy_m <= ACCURACY_MAX_M:
            self._before = (fix, ping) if self.reason is None else None
        if self.pacer.needs_before and before is not None:
            self._waiting.append(before)
        if self.reason is None:
            await self._renew_watch(fix)
            return None
        self._waiting.append((fix, ping))
        self.pacer.sent()
        begun_ms = self._now_ms()
        try:
            answer = await self._client.ingest(self._batch())
        except _TRANSIENT:
            return None
        finally:
            if ping.fix_time_ms is None:
                self._delay_ms = max(self._delay_ms, self._now_ms() - begun_ms)
        sent = [fix for fix, _ in self._waiting]
        self.sent_count += len(sent)
        self._waiting.clear()
        self.location_wanted = answer.location_wanted
        for hint in answer.next_pings:
            self.pacer.follow(sent[hint.row], hint, delay_ms=self._delay_ms)
        self._delay_ms = 0
        if self.location_wanted:
            await self._renew_watch(fix)
        return answer

    async def _renew_watch(self, fix: Fix) -> None:
        """List the regions again where those held do not hold here."""
        if not self._watches or not self.pacer.needs_regions:
            return
        place_e7 = (units.latitude_from_degrees(fix.latitude), units.longitude_from_degrees(fix.longitude))
        try:
            regions = await self._client.list_wake_regions(place_e7, region_count_max=self._region_count_max)
        except _TRANSIENT:
            return  # until then hints alone hold
        self.asked_count += 1
        self.location_wanted = regions.location_wanted
        self.pacer.watch = Watch(fix, regions)

    def _batch(self) -> pb.PingBatch:
        """All fixes that wait, oldest first."""
        pings = [ping for _, ping in self._waiting]
        batch = pb.PingBatch(
            sequences=[ping.sequence for ping in pings],
            session_ids=[ping.session_id for ping in pings],
            latitudes_e7=[units.latitude_from_degrees(ping.latitude) for ping in pings],
            longitudes_e7=[units.longitude_from_degrees(ping.longitude) for ping in pings],
            accuracies_cm=[units.metres_to_cm(ping.accuracy_m) for ping in pings],
            speeds_cm_per_s=[
                -1 if ping.speed_m_per_s is None else units.metres_to_cm(ping.speed_m_per_s) for ping in pings
            ],
            decision_budget_millis=pings[-1].decision_budget_ms,
            wants_next_ping=True,
        )
        times_ms = [fix.time_ms for fix, _ in self._waiting]
        if pings[-1].fix_time_ms is not None:
            batch.base_time.CopyFrom(timestamp(times_ms[0]))
            batch.fix_offsets_millis.extend(time_ms - times_ms[0] for time_ms in times_ms)
        else:
            now_ms = self._now_ms()
            batch.fix_ages_millis.extend(max(0, now_ms - time_ms) for time_ms in times_ms)
        return batch
