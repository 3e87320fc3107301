"""The columns of FENCE rows that tell when a fence is in force, and since when: what causes are told by (semantics P5).

A *life* of a fence begins where it comes into force without having been so just before: it is new, deleted and made
again, or its validity was over, or moved ahead. A visit belongs to one life. `live_since_ms` and `shaped_since_ms` are
in the time of pings: the greatest `now` decided before. So who was last heard at or before it was not yet judged by
this life or shape, whenever the catalog was saved or compiled: results depend on the pings and on the generations in
force. (Of pings of one millisecond before and after a publication, all count as before it.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from geooffer.engine.registry import FenceChange
from geooffer.model.catalog import Geofence
from geooffer.model.columns import StructArray
from geooffer.model.fence_tables import NO_END_MS
from geooffer.model.verdicts import TransitionCause

_CARRIED = ("live_since_ms", "shaped_since_ms", "ended_ms", "ended_cause", "life")
KEPT = (*_CARRIED, "valid_until_ms", "removed_ms")
"""What `carry` writes."""
_SETTINGS = (
    "dwell_ms",
    "valid_from_ms",
    "enter_fix_count",
    "exit_fix_count",
    "inside_accuracy_cm",
    "outside_margin_cm",
)


def set_columns(rows: StructArray, numbers: Sequence[int], fences: Sequence[Geofence]) -> None:
    """Write the columns that are the fence's own words into the rows of these numbers."""
    for name in _SETTINGS:
        rows[name][numbers] = [getattr(fence, name) for fence in fences]
    rows["valid_until_ms"][numbers] = [fence.valid_until_ms or NO_END_MS for fence in fences]


def carry(old: StructArray, new: StructArray, changes: Mapping[int, FenceChange], decided_ms: int) -> None:
    """Fill the lives of the FENCE rows that are about to come into force, from those that are: where nothing changed
    `new` has them already (`FenceLayers.keep_lives`), for to copy all of 100,000 took longer than the publication.

    old: shape (n,), new: shape (m,), m ≥ n. changes: what was saved in between, by number. decided_ms: the greatest
    `now` of the pings decided by `old`, NEVER_MS = none were.
    """
    count = len(old)
    new["live_since_ms"][count:] = new["shaped_since_ms"][count:] = decided_ms
    for number, change in changes.items():
        if number >= count:
            continue
        row, before = new[number], old[number]
        for name in _CARRIED:
            row[name] = before[name]
        if not row["live"]:
            row["valid_until_ms"] = before["valid_until_ms"]  # it may have been over before it was deleted
            if before["live"] and change.removed_ms is not None:
                row["removed_ms"] = change.removed_ms  # the life that visits belong to, not one that never was in force
            elif not before["live"]:
                row["removed_ms"] = before["removed_ms"]
            continue
        ended_ms, cause = _end(before, row, change)
        if cause is not None:
            row["ended_ms"], row["ended_cause"] = ended_ms, cause
            row["life"] = (int(before["life"]) + 1) % 2**16
            row["live_since_ms"] = row["shaped_since_ms"] = decided_ms
        elif before["valid_from_ms"] > change.time_ms:  # it had not begun, and may do so now
            row["live_since_ms"] = row["shaped_since_ms"] = decided_ms
        else:
            # whoever was heard before its validity began was not judged by it, whatever the validity is from now on
            begun_ms = min(int(before["valid_from_ms"]) - 1, decided_ms)
            row["live_since_ms"] = max(int(before["live_since_ms"]), begun_ms)
            row["shaped_since_ms"] = decided_ms if change.is_reshaped else max(int(before["shaped_since_ms"]), begun_ms)


def _end(before: StructArray, row: StructArray, change: FenceChange) -> tuple[int, TransitionCause | None]:
    """When and why the life in `before` ended; None = `row` goes on with it."""
    changed_ms, until_ms = change.time_ms, int(before["valid_until_ms"])
    removed_ms = change.removed_ms if before["live"] else int(before["removed_ms"])
    if removed_ms is not None and removed_ms < until_ms:
        return removed_ms, TransitionCause.FENCE_REMOVED
    if removed_ms is not None or until_ms <= changed_ms:
        return until_ms, TransitionCause.FENCE_EXPIRED
    if before["valid_from_ms"] <= changed_ms < row["valid_from_ms"]:
        return changed_ms, TransitionCause.FENCE_REMOVED
    return 0, None
