"""What the Rust side counts (its `PlaneStatistics`), in the words of dataplane/port.py and engine/statistics.py."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from geooffer.dataplane.port import PlaneStatistics, Queued
from geooffer.engine.statistics import Statistics
from geooffer.model import limits
from geooffer.telemetry.observed import BatchesObserved

if TYPE_CHECKING:
    from geooffer_native import Plane


class Figures:
    """Of one plane; of its end, once it has stopped. May be read from any thread."""

    def __init__(self, late_count: Callable[[], int]) -> None:
        """`late_count`: winners that came too late to be committed, which no worker knows of."""
        self._native: Plane | None = None
        self._last: dict[str, Any] = {}
        self._late_count = late_count
        self._shed_told = self._malformed_told = 0
        self._batches_told: dict[str, Any] = {}

    def begin(self, native: Plane) -> None:
        """From now on there is something to read."""
        self._native = native

    def end(self) -> None:
        """Keep what was counted, and let go of the plane."""
        self._last = self.all
        self._native = None

    @property
    def all(self) -> dict[str, Any]:
        """Every figure by its name on the Rust side."""
        native = self._native
        return self._last if native is None else json.loads(native.statistics_json())

    @property
    def statistics(self) -> PlaneStatistics:
        """As of now."""
        figures, late = self.all, self._late_count()
        counts = {name: int(figures.get(name, 0)) for name in asdict(PlaneStatistics())}
        counts["late_offers"] += late
        counts["due_offers"] += late
        return PlaneStatistics(**counts)

    @property
    def queued(self) -> Queued:
        """As of now."""
        figures = self.all
        messages, rows = int(figures.get("queue_messages", 0)), int(figures.get("queue_rows", 0))
        return Queued(messages, rows, int(figures.get("queue_oldest_age_us", 0)) / 1e6)

    def count_shed(self, statistics: Statistics) -> None:
        """Tell the engine's counters of the rows it never saw, those since the last time. On the loop's thread."""
        figures = self.all
        shed, malformed = int(figures.get("shed_rows", 0)), int(figures.get("shed_malformed_rows", 0))
        if shed != self._shed_told or malformed != self._malformed_told:
            new_malformed, new_shed = malformed - self._malformed_told, shed - self._shed_told
            statistics.count_unseen(malformed_count=new_malformed, shed_count=new_shed)
            self._shed_told, self._malformed_told = shed, malformed

    def check_workers(self) -> None:
        """Raises RuntimeError where a worker has ended by a panic, and its calls with it."""
        if ended_count := int(self.all.get("ended_workers", 0)):
            raise RuntimeError(f"{ended_count} workers of the native plane have ended by themselves")

    def new_batches(self) -> BatchesObserved | None:
        """What workers decided since the last time; None: nothing. On the loop's thread."""
        figures, told = self.all, self._batches_told
        if not figures or figures["batches"] == told.get("batches", 0):
            return None
        self._batches_told = figures
        rows = _new(figures, told, "batch_rows")
        times_us = _new(figures, told, "decide_us")
        return BatchesObserved(
            [(min(2 ** (place + 1) - 1, limits.PING_BATCH_ROW_COUNT_MAX), count) for place, count in rows],
            figures["rows"] - told.get("rows", 0),
            [((2 ** (place + 1) - 1) * 1_000, count) for place, count in times_us],
            figures["decide_ns"] - told.get("decide_ns", 0),
        )


def _new(figures: dict[str, Any], told: dict[str, Any], name: str) -> list[tuple[int, int]]:
    """(bucket, how many more than when it was told); bucket i: 2ⁱ..2ⁱ⁺¹, without its end."""
    now, before = figures[name], told.get(name, [0] * len(figures[name]))
    return [(place, new - old) for place, (new, old) in enumerate(zip(now, before, strict=True)) if new != old]
