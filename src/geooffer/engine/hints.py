"""When the next ping of a device is useful (product S14): from the place, accuracy and speed of one row alone.

Nothing of the person, her consent, the exclusion zones or what became of the row goes in, so nothing of it can come
out: who compares hints finds the published fences. All live fences count, also those without a store or an offer for
her: a list of hers would be readable from her hints, and events are owed for every fence.

A fix that is not sent is one that could have changed nothing (docs/sleeping-phone.md shows why):

    to enter a fence     one must cover it that did not cover the last one sent, or it is finer where that was coarse
    to leave a fence     it must lie beyond the rim by the margin and by its own accuracy (semantics P1)
    to dwell             time must pass
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from geooffer.kernels.nearest import hint_rows
from geooffer.model import limits
from geooffer.model.columns import Int32Array, Int64Array, StructArray
from geooffer.model.fence_tables import FenceTables
from geooffer.model.hints import DWELL_WAIT_COUNT_MAX, HINT, NO_RIM_CM
from geooffer.model.policy import DAY_MS, Policy

WIDE_FENCE_COUNT_MAX = 32
"""So many fences of great margins are asked in each hint; with more of them, all fences as far away as their margin."""
HINT_EDGE_COUNT_MAX = 400_000
"""Of the polygons around the rows of one call: some 20 ms, which the next pings wait."""


class NextPing(NamedTuple):
    """As the message of this name in proto/geooffer/v1/ping_service.proto."""

    distance_m: int
    leave_distance_m: int | None
    leave_accuracy_m: int
    enter_accuracy_m: int
    dwell_ms: tuple[int, ...]
    latest_ms: int
    earliest_ms: int
    speed_cm_per_s: int
    enter_count: int
    leave_count: int
    fences_generation: int
    assumed_accuracy_m: int


def longest_interval_ms(policy: Policy) -> int:
    """How long a phone may be silent at most: two thirds of what ends its visits (P5), so that a fix may be late."""
    return min(policy.silent_after_ms * 2 // 3, DAY_MS)


class FenceBounds(NamedTuple):
    """The most that any fence of a snapshot asks for itself, and the policy."""

    margin_cm: int
    band_cm: int
    """The same without the fences of `wide_parts`."""
    wide_parts: Int32Array
    """Parts of the few fences with the greatest margins, where these are greater than the policy's."""
    enter_count: int
    leave_count: int


def fence_bounds(fences: FenceTables, policy: Policy) -> FenceBounds:
    """Looks at every fence: once a snapshot and policy."""

    def most(name: str, own: int) -> int:
        return max(own, int(fences.fences[name].max(initial=0)))

    margins_cm = fences.fences["outside_margin_cm"]
    wide = np.flatnonzero((margins_cm > policy.outside_margin_cm) & (fences.fences["part_count"] > 0))
    wide = wide[np.argsort(margins_cm[wide], kind="stable")[::-1]]
    spans = fences.fences[["part_start", "part_count"]][wide[:WIDE_FENCE_COUNT_MAX]].tolist()
    parts = [part for start, count in spans for part in range(start, start + count)]
    return FenceBounds(
        most("outside_margin_cm", policy.outside_margin_cm),
        int(margins_cm[wide[WIDE_FENCE_COUNT_MAX:]].max(initial=policy.outside_margin_cm)),
        np.array(parts, np.int32),
        most("enter_fix_count", policy.enter_fix_count),
        most("exit_fix_count", policy.exit_fix_count),
    )


def useful_rows(policy: Policy, pings: StructArray) -> list[int]:
    """Each device's last row that a hint may follow from, ascending. pings: PING rows as decided, shape (n,).

    By what the row itself says: its verdict is not asked, so nothing of it is told.
    """
    good = (pings["malformed"] == 0) & (pings["accuracy_cm"] <= policy.accuracy_max_cm)
    good &= pings["fix_time_ms"] <= pings["now_ms"] + policy.future_tolerance_ms
    last = {key: row for row, key in enumerate(pings["device_key"].tolist()) if good[row]}
    return sorted(last.values())


def affordable_rows(fences: FenceTables, hit_starts: Int32Array, hits: Int32Array, first_row: int) -> Int64Array:
    """Which of n rows may have a hint in one call, ascending: a hint asks every edge of a polygon around its row.

    Those with fewest edges first, among equals from `first_row` on (so that another batch begins with others), until
    HINT_EDGE_COUNT_MAX are to be asked. Row i is covered by fences hits[hit_starts[i]:hit_starts[i + 1]];
    hit_starts: shape (n + 1,).
    """
    numbers, places = np.unique(hits[: hit_starts[-1]], return_inverse=True)
    starts, counts = fences.fences["part_start"][numbers], fences.fences["part_count"][numbers]
    begins = np.cumsum(counts) - counts
    parts = np.repeat(starts - begins, counts) + np.arange(counts.sum())
    edges = fences.parts["edge_count"][parts].astype(np.int64)
    most = np.maximum.reduceat(edges, begins) if len(numbers) else edges  # of its parts, few more than one is near
    costs = np.diff(np.concatenate(([0], np.cumsum(most[places])))[hit_starts])
    order = np.roll(np.arange(len(costs)), -first_row)
    order = order[np.argsort(costs[order], kind="stable")]
    return np.sort(order[np.cumsum(costs[order]) <= HINT_EDGE_COUNT_MAX])


def next_pings(
    fences: FenceTables, bounds: FenceBounds, fences_generation: int, policy: Policy, pings: StructArray
) -> list[NextPing]:
    """The hint of each of n PING rows. pings: shape (n,)."""
    count = len(pings)
    hints = np.zeros(count, HINT)
    waits_ms = np.zeros(count * DWELL_WAIT_COUNT_MAX, np.int64)
    latitudes_e7, longitudes_e7 = (np.ascontiguousarray(pings[name]) for name in ("latitude_e7", "longitude_e7"))
    accuracies_cm, nows_ms = np.ascontiguousarray(pings["accuracy_cm"]), np.ascontiguousarray(pings["now_ms"])
    places = latitudes_e7, longitudes_e7, accuracies_cm, nows_ms
    hint_rows(fences, policy, bounds.band_cm, bounds.wide_parts, *places, hints, waits_ms)
    waits = waits_ms.reshape(count, DWELL_WAIT_COUNT_MAX)
    return [_next_ping(bounds, fences_generation, policy, *row) for row in zip(hints, waits, pings, strict=True)]


def _next_ping(
    bounds: FenceBounds, fences_generation: int, policy: Policy, hint: np.void, waits_ms: Int64Array, ping: np.void
) -> NextPing:
    opens_ms, distance_cm, leave_cm, enter_accuracy_cm = hint.tolist()
    accuracy_cm, speed_cm_per_s = int(ping["accuracy_cm"]), int(ping["speed_cm_per_s"])
    dwell_ms = [wait for wait in waits_ms.tolist() if wait]
    is_clear = leave_cm == NO_RIM_CM
    # of a policy that takes less than its accuracy for the margin, accuracy rules nothing out
    is_strict = policy.outside_accuracy_percent >= 100
    speed = max(limits.HINT_WALKING_CM_PER_S, speed_cm_per_s * 3 // 2)
    latest_ms = longest_interval_ms(policy)
    if opens_ms:
        latest_ms = min(latest_ms, max(0, opens_ms - int(ping["fix_time_ms"])))
    way_cm = min(distance_cm, leave_cm) - (accuracy_cm or policy.assumed_accuracy_cm) - policy.outside_margin_cm
    earliest_ms = 0 if enter_accuracy_cm else max(way_cm, 0) * 1000 // speed
    return NextPing(
        distance_m=distance_cm // 100,
        leave_distance_m=None if is_clear else leave_cm // 100,
        leave_accuracy_m=-(-bounds.margin_cm // 100) if is_strict else limits.ACCURACY_MAX_CM // 100,
        enter_accuracy_m=-(-enter_accuracy_cm // 100),
        dwell_ms=tuple(dwell_ms),
        latest_ms=latest_ms,
        earliest_ms=min(earliest_ms, latest_ms, *dwell_ms),
        speed_cm_per_s=speed,
        enter_count=bounds.enter_count,
        leave_count=bounds.leave_count,
        fences_generation=fences_generation,
        assumed_accuracy_m=policy.assumed_accuracy_cm // 100,
    )
