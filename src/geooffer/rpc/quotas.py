"""How much each identity may ask for: a token bucket by role and subject, of rows of pings and of calls.

A bucket holds ten seconds of its rate. Nobody is remembered who could not be told from a newcomer: a full bucket
is forgotten, and of more identities than fit the one that was quiet for longest. Only verified identities have
one, so inventing subjects takes a signing key; inventing device ids under a gateway's token is the gateway's quota.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from geooffer.errors import QuotaExceededError
from geooffer.model import limits
from geooffer.rpc import roles
from geooffer.rpc.auth import Identity

BURST_S = 10.0
ROW_BURST_MIN = 2 * limits.PING_BATCH_ROW_COUNT_MAX
"""A phone that was offline sends what it kept in full batches."""
WITHDRAWAL_BURST_COUNT = 64
HOUR_S, DAY_S = 3_600.0, 86_400.0
REGION_LIST_SHARE, REGION_LIST_BURST_COUNT = 0.1, 10
"""Of a device's calls, how many may list wake regions: each takes milliseconds where fences are many, and a phone that
drives where its circles are smallest asks every 14 s.
"""


@dataclass(frozen=True, slots=True)
class QuotaRates:
    """A second, where nothing else is said; 0 = without bound."""

    device_rows: int = 0
    device_calls: int = 0
    """Of OfferService."""
    device_withdrawals_per_hour: int = 0
    """Of WithdrawOwnConsent, beyond 64 at once."""
    stock_searches_per_day: int = 0
    """Of FindNearbyStock, by all devices of a person together."""
    rows: int = 0
    """Of gateways and operators."""
    calls: int = 0
    """Of all roles but device, on either port."""


class BucketTable:
    """Buckets of one rate, by who. The cost of `take` does not depend on how many there are."""

    def __init__(self, rate: float, burst: float, *, count_max: int = limits.QUOTA_SUBJECT_COUNT_MAX) -> None:
        """`rate`: a second; 0 = without bound. `burst`: what a full bucket holds."""
        self._rate = rate
        self._burst = burst
        self._count_max = count_max
        self._full_at_s: OrderedDict[tuple[str, str], float] = OrderedDict()
        """When the bucket of each is full again: all there is to know of it. Who took last stands last."""

    def __len__(self) -> int:
        """Identities remembered."""
        return len(self._full_at_s)

    def take(self, who: tuple[str, str], amount: int, now_s: float) -> float:
        """0 and the amount is taken; else the seconds after which it could be, and nothing is taken.

        More than a full bucket holds is taken where the bucket is full.
        """
        if not self._rate:
            return 0.0
        fill_s = self._burst / self._rate
        full_at_s = max(self._full_at_s.get(who, now_s), now_s)
        cost_s = min(amount, self._burst) / self._rate
        over_s = full_at_s + cost_s - now_s - fill_s
        if over_s > 1e-9:
            return over_s
        self._full_at_s[who] = full_at_s + amount / self._rate
        self._full_at_s.move_to_end(who)
        self._forget(now_s)
        return 0.0

    def _forget(self, now_s: float) -> None:
        # two looks at a time keep pace with the one entry a call can add
        for _ in range(2):
            oldest, full_at_s = next(iter(self._full_at_s.items()))
            if full_at_s > now_s and len(self._full_at_s) <= self._count_max:
                return
            del self._full_at_s[oldest]
            if not self._full_at_s:
                return


class Quotas:
    """One for both ports: who calls by two ways has one share."""

    def __init__(self, rates: QuotaRates | None = None, *, clock_s: Callable[[], float] = time.monotonic) -> None:
        """By default without bound: benchmarks, demo, tests."""
        self._clock_s = clock_s
        self.replace(rates or QuotaRates())

    def replace(self, rates: QuotaRates) -> None:
        """Other rates from now on; all buckets begin full."""

        def table(rate: int, least: int = 1) -> BucketTable:
            return BucketTable(rate, max(rate * BURST_S, least))

        self.rates = rates
        self._withdrawals = BucketTable(rates.device_withdrawals_per_hour / HOUR_S, WITHDRAWAL_BURST_COUNT)
        self._searches = BucketTable(rates.stock_searches_per_day / DAY_S, rates.stock_searches_per_day)
        self._region_lists = BucketTable(REGION_LIST_SHARE * rates.device_calls, REGION_LIST_BURST_COUNT)
        self._device_rows = table(rates.device_rows, ROW_BURST_MIN)
        self._rows = table(rates.rows, ROW_BURST_MIN)
        self._device_calls, self._calls = table(rates.device_calls), table(rates.calls)

    def take_rows(self, identity: Identity, row_count: int) -> None:
        """Of pings. Raises QuotaExceededError."""
        self._take(
            self._device_rows if identity.role == roles.DEVICE else self._rows, identity, row_count, "pings a second"
        )

    def take_call(self, identity: Identity) -> None:
        """Of everything else. Raises QuotaExceededError."""
        self._take(self._device_calls if identity.role == roles.DEVICE else self._calls, identity, 1, "calls a second")

    def take_withdrawal(self, identity: Identity) -> None:
        """Of her own consent, by her own device: a share of its own, so that no other call uses it up. Nobody who means
        it meets its end; a loop does. Raises QuotaExceededError.
        """
        self._take(self._withdrawals, identity, 1, "withdrawals an hour")

    def take_search(self, identity: Identity, person: str) -> None:
        """Of stock, by a device of `person` ('' = of nobody known). Raises QuotaExceededError."""
        who = ("person", person) if person else (identity.role, identity.subject)
        self._take_of(self._searches, who, 1, "searches a day")

    def take_region_list(self, identity: Identity) -> None:
        """Of wake regions, by a device, beside the call itself. Raises QuotaExceededError."""
        if identity.role == roles.DEVICE:
            self._take(self._region_lists, identity, 1, "lists of regions")

    def _take(self, table: BucketTable, identity: Identity, amount: int, what: str) -> None:
        self._take_of(table, (identity.role, identity.subject), amount, what)

    def _take_of(self, table: BucketTable, who: tuple[str, str], amount: int, what: str) -> None:
        wait_s = table.take(who, amount, self._clock_s())
        if wait_s:
            raise QuotaExceededError(f"too many {what}; retry later", retry_after_ms=math.ceil(wait_s * 1_000))
