"""Who drives past, by rule D1.2, in plain Python: no tables, no integers, no kernel.

Speed is what the phone reports, else the distance from her last fix less both accuracies, over the time between. Over
8 m/s is too fast. Of the first fix nothing is known, so it is not.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from geooffer.importers.traces import Trace

LIMIT_M_PER_S = 8.0
ASSUMED_ACCURACY_M = 50.0
"""Of a fix that has none (T1)."""
EARTH_RADIUS_M = 6_371_008.8


@dataclass(frozen=True)
class Fix:
    """`speed_m_per_s` is None where the phone reports none; `accuracy_m` 0 = unknown."""

    time_ms: int
    latitude: float
    longitude: float
    accuracy_m: float
    speed_m_per_s: float | None = None


@dataclass
class Confusion:
    """Fixes (or walks, or tries) by what was said and what the recorder's label says."""

    hits: int = 0  # said too fast, labelled Driving
    false_alarms: int = 0
    misses: int = 0
    silences: int = 0  # not said, not labelled

    def count(self, said: bool, labelled: bool) -> None:
        """One more."""
        if said:
            self.hits, self.false_alarms = self.hits + labelled, self.false_alarms + (not labelled)
        else:
            self.misses, self.silences = self.misses + labelled, self.silences + (not labelled)

    @property
    def precision(self) -> float:
        """Of what was said, how much is so."""
        return self.hits / (self.hits + self.false_alarms)

    @property
    def recall(self) -> float:
        """Of what is so, how much was said."""
        return self.hits / (self.hits + self.misses)


def distance_m(a: Fix, b: Fix) -> float:
    """Great-circle distance on the sphere of G2, by haversines."""
    latitude, other_latitude = math.radians(a.latitude), math.radians(b.latitude)
    half = math.sin((other_latitude - latitude) / 2) ** 2
    half += math.cos(latitude) * math.cos(other_latitude) * math.sin(math.radians(b.longitude - a.longitude) / 2) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(half))


def is_too_fast(fix: Fix, last: Fix | None) -> bool:
    """The rule, for a fix and the device's last accepted one before it."""
    if fix.speed_m_per_s is not None:
        return fix.speed_m_per_s > LIMIT_M_PER_S
    if last is None:
        return False
    radii_m = (fix.accuracy_m or ASSUMED_ACCURACY_M) + (last.accuracy_m or ASSUMED_ACCURACY_M)
    seconds = (fix.time_ms - last.time_ms) / 1000
    return (distance_m(last, fix) - radii_m) / seconds > LIMIT_M_PER_S


def fixes_of(trace: Trace) -> list[Fix]:
    """The fixes of a trace as plain values, in its order."""
    return [
        Fix(time_ms, latitude_e7 / 1e7, longitude_e7 / 1e7, accuracy_cm / 100, speed / 100 if speed >= 0 else None)
        for time_ms, latitude_e7, longitude_e7, accuracy_cm, speed in zip(
            trace.fix_times_ms.tolist(),
            trace.latitudes_e7.tolist(),
            trace.longitudes_e7.tolist(),
            trace.accuracies_cm.tolist(),
            trace.speeds_cm_per_s.tolist(),
            strict=True,
        )
    ]


def too_fast_rows(trace: Trace) -> list[bool]:
    """The rule for every row of a trace, each device against its own last fix; every fix is taken as accepted."""
    last: dict[int, Fix] = {}
    said = []
    for device_key, fix in zip(trace.device_keys.tolist(), fixes_of(trace), strict=True):
        said.append(is_too_fast(fix, last.get(device_key)))
        last[device_key] = fix
    return said


def by_fix(trace: Trace, said: Iterable[bool]) -> Confusion:
    """Each fix against its own label."""
    result = Confusion()
    for is_fast, label in zip(said, trace.labels.tolist(), strict=True):
        result.count(is_fast, label == "Driving")
    return result


def by_walk(trace: Trace, said: Iterable[bool], *, of_one_label: bool = False) -> Confusion:
    """Whether a device was ever too fast, against whether it ever drove; `of_one_label`: of walks with one label."""
    labels: dict[int, set[str]] = {}
    fast: dict[int, bool] = {}
    for device_key, is_fast, label in zip(trace.device_keys.tolist(), said, trace.labels.tolist(), strict=True):
        labels.setdefault(device_key, set()).add(label)
        fast[device_key] = fast.get(device_key, False) or is_fast
    result = Confusion()
    for device_key, is_fast in fast.items():
        if len(labels[device_key]) == 1 or not of_one_label:
            result.count(is_fast, "Driving" in labels[device_key])
    return result
