"""The spine: the life of a batch of pings, in numbered steps (docs/ARCHITECTURE.md tells it in words).

    1  consent     kernels/consent.py    who is it, may her location be used, is the row well-formed and accurate
    2  locate      kernels/exclusion.py  does it touch an exclusion zone? then the row is forgotten
                   kernels/locate.py     which fences cover the fix
    3  validate    kernels/matcher.py    duplicate, future, stale; jumps.py: too far to be believed
    4  transition  kernels/presence.py   evidence → exit, enter, dwell
    5  match       kernels/attempt.py    is it a moment for a try; then consider.py: category by category, best first;
                                         match.py, supply.py: each offer × audience × size × stock × price
    6  cap         kernels/caps.py       no repeat, cooldown, frequency caps
    7  rank        kernels/rank.py       score, total order, one winner; it alone consumes caps; control_group.py
    8  commit      committing.py         late winners are revoked, the others journaled and told

Steps 1–2 run over the whole batch, 3–7 row by row inside one compiled call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geooffer.engine.committing import Committing
from geooffer.engine.core import Snapshot
from geooffer.engine.exclusion import exclude
from geooffer.kernels.consent import LOCATION_BIT, admit_rows
from geooffer.kernels.locate import locate_batch
from geooffer.kernels.matcher import decide_rows, sweep_presence
from geooffer.kernels.rows import COUNTS_LENGTH, SCRATCH_LENGTH, TRANSITION_COUNT, TRY_COUNT, WINNER_COUNT, OutcomeRows
from geooffer.model import columns
from geooffer.model.columns import Int32Array, Outcome, StructArray, UInt8Array
from geooffer.model.limits import FENCE_OVERLAP_COUNT_MAX
from geooffer.model.policy import Policy
from geooffer.model.tables import CommerceTables

if TYPE_CHECKING:
    from geooffer.engine.shadow import Shadow

_ROOM = 4 * FENCE_OVERLAP_COUNT_MAX
SWEPT_PER_SECTION_COUNT = 16_384
"""So many devices are looked at in one section of the lock: a tenth of a millisecond."""


def _outcome_rows(length: int) -> OutcomeRows:
    return OutcomeRows(
        np.zeros(length, dtype=columns.TRANSITION),
        np.zeros(length, dtype=columns.TRY),
        np.zeros(length, dtype=columns.WINNER),
        np.zeros(COUNTS_LENGTH, dtype=np.int64),
        np.zeros(SCRATCH_LENGTH, dtype=np.int64),
    )


class Pipeline(Committing):
    """Pings in, outcomes and decisions out."""

    _rows: OutcomeRows | None = None
    _hits: Int32Array | None = None
    _shadow: Shadow | None = None

    @property
    def shadow(self) -> Shadow | None:
        """A candidate policy that is tried on what is decided; changes nothing (engine/shadow.py)."""
        return self._shadow

    @shadow.setter
    def shadow(self, shadow: Shadow | None) -> None:
        with self.lock:
            self._shadow = shadow

    def step(self, pings: StructArray) -> Outcome:
        """Decide n PING rows in the order given; `clock.stamp` has set their times. Winners' caps are consumed.

        The outcome's rows refer to `pings` by index. Results do not depend on how rows are cut into batches.
        """
        verdicts = np.zeros(len(pings), dtype=np.uint8)
        parts: list[Outcome] = []
        if len(pings) and pings["now_ms"][-1] >= self.snapshot.hours_until_ms:
            self.publish()  # not in the middle of the batch: `commit` tells all winners by one catalog
        if self._spent_campaigns and len(pings):
            self._refresh_totals(self._spent_campaigns, int(pings["now_ms"][0]))
        start = 0
        while start < len(pings):
            self.lapse_of_devices(pings["device_key"][start:], int(pings["now_ms"][start]))
            end = self._part_end(pings, start)
            with self.lock:
                parts.extend(self._step_part(pings[start:end], verdicts[start:end], start))
                self._decided_ms = max(self._decided_ms, int(pings["now_ms"][end - 1]))
            start = end
        outcome = _joined(verdicts, parts)
        self.statistics.count(outcome)
        return outcome

    def _part_end(self, pings: StructArray, start: int) -> int:
        """Rows from `start` up to this one share opening hours, and nobody's consent expires between them (`now` never
        decreases)."""
        self.cover_hours(int(pings["now_ms"][start]))
        end_ms = min(self.snapshot.hours_until_ms, self.state.consent_wheel.next_ms)
        until = np.searchsorted(pings["now_ms"][start:], end_ms, side="left")
        return start + max(int(until), 1)

    def _step_part(self, pings: StructArray, verdicts: UInt8Array, offset: int) -> list[Outcome]:
        if self.shadow is None:
            return self._decide(pings, verdicts, offset, self.policy, self.snapshot.commerce)
        tried = self.shadow.before(self, pings)
        parts = self._decide(pings, verdicts, offset, self.policy, self.snapshot.commerce)
        self.shadow.after(tried, parts, offset)
        return parts

    def _decide(
        self, pings: StructArray, verdicts: UInt8Array, offset: int, policy: Policy, commerce: CommerceTables
    ) -> list[Outcome]:
        count = len(pings)
        device_slots = np.empty(count, dtype=np.int32)
        wanted = np.empty(count, dtype=np.uint8)
        latitudes_e7 = np.zeros(count, dtype=np.int32)
        longitudes_e7 = np.zeros(count, dtype=np.int32)
        people = self.state.people
        admit_rows(people.view, policy, pings, verdicts, device_slots, wanted, latitudes_e7, longitudes_e7)
        exclude(self.exclusion, policy, pings, verdicts, wanted, use_cells=self.index_kind == "cells")
        hit_starts = np.zeros(count + 1, dtype=np.int32)
        hits = self._locate(self.snapshot, latitudes_e7, longitudes_e7, wanted, hit_starts)
        parts = []
        row = 0
        while True:
            rows = self._emptied_rows()
            people.make_room(_ROOM, _ROOM)
            done = decide_rows(
                people.view,
                self.snapshot.fences,
                self.state.live.view,
                commerce,
                policy,
                pings,
                verdicts,
                device_slots,
                hit_starts,
                hits,
                row,
                rows,
            )
            parts.append(_taken(rows, verdicts, offset))
            if done == count:
                return parts
            if done == row:  # one row alone wants more room than there is: double it
                self._rows = _outcome_rows(2 * len(rows.transitions))
                people.make_room(2 * len(rows.transitions), 2 * len(rows.transitions))
            row = done

    def decide_by(
        self, pings: StructArray, verdicts: UInt8Array, policy: Policy, commerce: CommerceTables
    ) -> list[Outcome]:
        """What another policy makes of these pings; whoever calls it puts back what it changes (engine/shadow.py)."""
        return self._decide(pings, verdicts, 0, policy, commerce)

    def hit_count(self, latitudes_e7: Int32Array, longitudes_e7: Int32Array, wanted: UInt8Array) -> int:
        """How many fences cover these positions, of all together."""
        hit_starts = np.zeros(len(wanted) + 1, dtype=np.int32)
        self._locate(self.snapshot, latitudes_e7, longitudes_e7, wanted, hit_starts)
        return int(hit_starts[-1])

    def _emptied_rows(self) -> OutcomeRows:
        """The one buffer that kernels write outcomes to; what they wrote is copied before the next call."""
        rows = self._rows = self._rows or _outcome_rows(_ROOM)
        rows.counts[:] = 0
        return rows

    def _locate(
        self,
        snapshot: Snapshot,
        latitudes_e7: Int32Array,
        longitudes_e7: Int32Array,
        wanted: UInt8Array,
        hit_starts: Int32Array,
    ) -> Int32Array:
        """Step 2 by the chosen index; grows the buffer of hits until they fit."""
        hits = self._hits if self._hits is not None else np.empty(4096, dtype=np.int32)
        while True:
            if self.index_kind == "rtree":
                done = self.index.locate(snapshot.fences, latitudes_e7, longitudes_e7, wanted, hit_starts, hits)
            else:
                cells = 1 if self.index_kind == "cells" else 0
                done = locate_batch(snapshot.fences, latitudes_e7, longitudes_e7, wanted, hit_starts, hits, cells)
            self._hits = hits
            if done == len(latitudes_e7):
                return hits
            hits = np.empty(2 * len(hits), dtype=np.int32)

    def _asked_outcome(self, rows: OutcomeRows) -> Outcome:
        """What an `ask_store` wrote: no ping, so no verdict and no transition."""
        taken = _taken(rows, np.zeros(0, dtype=np.uint8), 0)
        return Outcome(taken.verdicts, taken.transitions, taken.tries, taken.winners)

    def advance(self, now_ms: int) -> StructArray:
        """End the visits of silent devices and of fences that are no more; returns their TRANSITION rows (row = −1)."""
        found: list[StructArray] = []
        device = 0
        people = self.state.people
        while device < len(people.view.devices):
            rows = self._emptied_rows()
            with self.lock:
                view = people.view
                until = view.devices[: device + SWEPT_PER_SECTION_COUNT]
                piece = view._replace(devices=until)
                done = sweep_presence(piece, self.snapshot.fences, self.policy, device, now_ms, rows)
            found.append(rows.transitions[: rows.counts[TRANSITION_COUNT]].copy())
            if done == device:
                self._rows = _outcome_rows(2 * len(rows.transitions))
            device = done
        transitions = self.still_consented(np.concatenate(found), now_ms)
        self.statistics.count_transitions(transitions)
        return transitions

    def location_wanted(self, device_key: int) -> bool:
        """The device is known and its person consents to the use of her location, as of when she was last looked at."""
        slot = self.state.people.device_slots.get(device_key)
        if slot is None:
            return False
        view = self.state.people.view
        return bool(view.persons["consent_bits"][view.devices["person_slot"][slot]] & LOCATION_BIT)


def _taken(rows: OutcomeRows, verdicts: UInt8Array, offset: int) -> Outcome:
    """Copy what a call wrote, with rows counted from the start of the whole batch."""
    transitions = rows.transitions[: rows.counts[TRANSITION_COUNT]].copy()
    tries = rows.tries[: rows.counts[TRY_COUNT]].copy()
    winners = rows.winners[: rows.counts[WINNER_COUNT]].copy()
    for array in (transitions, tries, winners):
        array["row"] += offset
    return Outcome(verdicts, transitions, tries, winners)


def _joined(verdicts: UInt8Array, parts: list[Outcome]) -> Outcome:
    """One outcome from the calls of a step; winners point at tries of the joined array."""
    if len(parts) == 1:
        return Outcome(verdicts, parts[0].transitions, parts[0].tries, parts[0].winners)
    first_try = 0
    for part in parts:
        part.winners["try_index"] += first_try
        first_try += len(part.tries)
    empty = Outcome(
        verdicts,
        np.zeros(0, dtype=columns.TRANSITION),
        np.zeros(0, dtype=columns.TRY),
        np.zeros(0, dtype=columns.WINNER),
    )
    return Outcome(
        verdicts,
        np.concatenate([empty.transitions, *(part.transitions for part in parts)]),
        np.concatenate([empty.tries, *(part.tries for part in parts)]),
        np.concatenate([empty.winners, *(part.winners for part in parts)]),
    )
