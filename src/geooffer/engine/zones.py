"""Time zones as tables: the steps of each zone's offset from UTC, for kernels that know no zone database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

import numpy as np

from geooffer.engine.hours import time_zone
from geooffer.model import limits, tables
from geooffer.model.columns import Int32Array, StructArray
from geooffer.model.policy import HOUR_MS
from geooffer.model.tables import NEVER_MS

_PROBE_MS = 72 * HOUR_MS  # no zone ever changed back within three days
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _offset_ms(zone: tzinfo, time_ms: int) -> int:
    moment = (_EPOCH + timedelta(milliseconds=time_ms)).astimezone(zone)
    offset = moment.utcoffset()
    assert offset is not None
    return int(offset.total_seconds()) * 1000


@lru_cache(maxsize=1024)
def zone_steps(name: str) -> tuple[tuple[int, int], ...]:
    """(from_ms, offset_ms) of a zone between 1970 and 2100, ascending; the first holds for all time before, too."""
    zone = time_zone(name)
    offset = _offset_ms(zone, limits.TIME_MIN_MS)
    steps = [(NEVER_MS, offset)]
    low = limits.TIME_MIN_MS
    while low < limits.TIME_MAX_MS:
        high = min(low + _PROBE_MS, limits.TIME_MAX_MS)
        if _offset_ms(zone, high) != offset:
            after = high
            while after - low > 1000:  # transitions lie on whole seconds
                middle = (low + after) // 2000 * 1000
                if _offset_ms(zone, middle) == offset:
                    low = middle
                else:
                    after = middle
            offset = _offset_ms(zone, after)
            steps.append((after, offset))
            low = after
        else:
            low = high
    return tuple(steps)


class Zones:
    """Zones in use, numbered at first sight; number 0 is UTC and stands for "not known" in a person's row."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self.starts: Int32Array = np.array([0, 1], dtype=np.int32)
        self.steps: StructArray = np.array([(NEVER_MS, 0)], dtype=tables.ZONE_STEP)

    def number(self, name: str) -> int:
        """The zone's number, 0 for ''; a new zone is added."""
        if not name:
            return 0
        found = self._numbers.get(name)
        if found is None:
            found = self._numbers[name] = len(self.starts) - 1
            steps = np.array(list(zone_steps(name)), dtype=tables.ZONE_STEP)
            self.steps = np.concatenate([self.steps, steps])
            self.starts = np.append(self.starts, np.int32(len(self.steps)))
        return found
