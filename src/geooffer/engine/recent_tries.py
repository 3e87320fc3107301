"""Why did she get nothing just now? The last 8 tries of each person, kept in memory for a day (semantics D8)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from geooffer.model.columns import StructArray
from geooffer.model.limits import RECENT_TRY_COUNT, RECENT_TRY_RETENTION_MS
from geooffer.model.verdicts import OfferVerdict


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
        self._sweep_ms = 0

    def add(self, person_key: int, attempt: StructArray) -> None:
        """Remember a TRY row; now and then whoever has only old ones is forgotten."""
        time_ms = int(attempt["time_ms"])
        tries = self._tries.get(person_key)
        if tries is None:
            tries = self._tries[person_key] = deque(maxlen=RECENT_TRY_COUNT)
        tries.append(
            RecentTry(
                time_ms,
                int(attempt["store_number"]),
                int(attempt["offer_number"]),
                OfferVerdict(int(attempt["verdict"])),
            )
        )
        if time_ms - self._sweep_ms >= RECENT_TRY_RETENTION_MS:
            self._sweep_ms = time_ms
            before_ms = time_ms - RECENT_TRY_RETENTION_MS
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

    def forget(self, person_key: int) -> None:
        """The person is gone or took back her consent."""
        self._tries.pop(person_key, None)
