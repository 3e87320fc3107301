"""Why did she get nothing just now? The last 8 tries of each person, kept in memory for a day (semantics D8)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from geooffer.model.columns import StructArray
from geooffer.model.limits import RECENT_TRY_COUNT, RECENT_TRY_RETENTION_MS
from geooffer.model.verdicts import OfferVerdict

LATE_MAX_MS = 10_000
"""How late a try may come in that is forgotten even so; native workers are asked twenty times a second."""
VERDICTS = {int(verdict): verdict for verdict in OfferVerdict}


class RecentTry(NamedTuple):
    """One try; `offer_number` −1 = nothing matched."""

    time_ms: int
    store_number: int
    offer_number: int
    verdict: OfferVerdict


class RecentTries:
    """By person key."""

    def __init__(self) -> None:
        self._tries: dict[int, deque[RecentTry]] = {}
        self._forgotten_ms: dict[int, int] = {}
        """By person key, oldest first: until when what she did is forgotten, should it come in late."""
        self._sweep_ms = 0

    def add(self, person_keys: Sequence[int], attempts: StructArray) -> None:
        """Remember TRY rows, one of each key, also some that come late: native workers are asked for theirs now and
        then. Whoever has only old ones is forgotten at times.
        """
        columns = (attempts[name].tolist() for name in ("time_ms", "store_number", "offer_number", "verdict"))
        for key, time_ms, store_number, offer_number, verdict in zip(person_keys, *columns, strict=True):
            if self._forgotten_ms and time_ms <= self._forgotten_ms.get(key, -1):
                continue
            tries = self._tries.get(key)
            if tries is None:
                tries = self._tries[key] = deque(maxlen=RECENT_TRY_COUNT)
            is_late = bool(tries) and time_ms < tries[-1].time_ms
            tries.append(RecentTry(time_ms, store_number, offer_number, VERDICTS[verdict]))
            if is_late:
                self._tries[key] = deque(sorted(tries, key=_time_ms), maxlen=RECENT_TRY_COUNT)
            if time_ms - self._sweep_ms >= RECENT_TRY_RETENTION_MS:
                self._sweep(time_ms)

    def _sweep(self, now_ms: int) -> None:
        self._sweep_ms = now_ms
        before_ms = now_ms - RECENT_TRY_RETENTION_MS
        self._tries = {key: held for key, held in self._tries.items() if held[-1].time_ms >= before_ms}

    def correct(self, person_key: int, time_ms: int, was: OfferVerdict, becomes: OfferVerdict) -> None:
        """What was decided at a moment did not reach her after all."""
        tries = self._tries.get(person_key, deque())
        for index, attempt in enumerate(tries):
            if attempt.time_ms == time_ms and attempt.verdict is was:
                tries[index] = attempt._replace(verdict=becomes)

    def of(self, person_key: int, now_ms: int) -> list[RecentTry]:
        """The tries of the last day, newest first."""
        held = self._tries.get(person_key, ())
        return [attempt for attempt in reversed(held) if now_ms - attempt.time_ms < RECENT_TRY_RETENTION_MS]

    def held(self, person_key: int) -> list[RecentTry]:
        """All that is in memory of a person, newest first, also what is a day old and not swept yet."""
        return list(reversed(self._tries.get(person_key, ())))

    def forget_older(self, person_keys: Iterable[int], now_ms: int) -> None:
        """Of these persons, forget whoever has only tries that are a day old."""
        for key in person_keys:
            tries = self._tries.get(key)
            if tries is not None and now_ms - tries[-1].time_ms >= RECENT_TRY_RETENTION_MS:
                del self._tries[key]

    def forget(self, person_key: int, until_ms: int | None = None) -> None:
        """The person is gone; or took back her consent at `until_ms`, and what she did before is not remembered even if
        it comes in within the next seconds.
        """
        self._tries.pop(person_key, None)
        if until_ms is not None:
            self._forgotten_ms.pop(person_key, None)
            self._forgotten_ms[person_key] = until_ms
            while (first := next(iter(self._forgotten_ms.items())))[1] < until_ms - LATE_MAX_MS:
                del self._forgotten_ms[first[0]]


def _time_ms(attempt: RecentTry) -> int:
    return attempt.time_ms
