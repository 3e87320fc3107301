"""Where native threads and the engine meet: the context that kernels/native_entry.py reads, and what they leave.

    native worker ── lock ── decide(ctx, …) ── unlock ──► transitions told natively
                                  └──► tries, winners, rows left undecided ──► this side, in the loop's thread:
                                       decide() steps what was left, commit() makes winners durable

The context is one array of int64 cells whose address never changes (model/context.py). Whenever the outermost section
of the engine's lock is left, `refresh` writes what is where now: it compares identities, and writes what changed. The
arrays behind the addresses are kept alive here until others have taken their place, so under the lock none is missing.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable
from itertools import chain
from typing import Any

import numpy as np

from geooffer.engine.decisions import Decision
from geooffer.engine.engine import Engine
from geooffer.engine.pending import DecidedBy
from geooffer.kernels import native_entry
from geooffer.kernels.compile import address_of
from geooffer.kernels.consent import admit_rows
from geooffer.kernels.exclusion import exclude_rows
from geooffer.kernels.locate import locate_batch
from geooffer.kernels.matcher import decide_rows
from geooffer.kernels.nearest import hint_rows
from geooffer.model import context as c
from geooffer.model.columns import Int64Array, Outcome, StructArray
from geooffer.model.exclusion_tables import ExclusionTables

REMEMBERED_CONTEXT_COUNT = 64
"""What was decided by a context longer ago than so many changes of catalog, policy or people is taken back."""
SPARE_ROW_COUNT = 4_096
"""Free visits and contacts that are kept ready: some thousand people may enter a fence between two looks."""
LAPSED_PER_LOOK_COUNT = 100
_WORD_BYTES = 8
_PLACES = {
    name: at // _WORD_BYTES
    for name, at in (
        ("people", native_entry.PEOPLE_AT),
        ("live", native_entry.LIVE_AT),
        ("commerce", native_entry.COMMERCE_AT),
        ("fences", native_entry.FENCES_AT),
        ("zones", native_entry.ZONES_AT),
    )
}


def address(array: Any) -> int:
    """Where the data of an array begins."""
    return int(array.__array_interface__["data"][0])


class Join:
    """One engine's native side. The loop's thread calls everything; workers have the addresses alone."""

    def __init__(
        self,
        engine: Engine,
        *,
        acquire: Callable[[], object] = lambda: None,
        release: Callable[[], object] = lambda: None,
    ) -> None:
        """`acquire`, `release`: of a lock that the workers take, too; never called nested."""
        self._engine = engine
        self._cells: Int64Array = np.zeros(native_entry.CONTEXT_LENGTH, dtype=np.int64)
        self._held: dict[int, Any] = {}
        """By cell: the array whose address stands there."""
        self._tables: dict[str, Any] = {}
        """The tuples that `_held` was filled from last: a section that changed none of them costs two microseconds."""
        self._policy: Any = None
        self._numbers: Int64Array | None = None
        self._hint_rules: Int64Array = np.zeros(2, dtype=np.int64)
        """accuracy_max_cm and future_tolerance_ms of the policy: `useful_rows` of engine/hints.py, natively."""
        self._bounds: Any = None
        self._remembered: OrderedDict[int, DecidedBy] = OrderedDict()
        self._is_closed = False
        self.context_address = address(self._cells)
        self.decide_address = native_entry.decide.address
        self.may_send_address = native_entry.may_send.address
        self.hint_address = native_entry.hint.address
        self.hint_rules_address = address(self._hint_rules)
        cells = self._cells
        cells[c.LAYOUT] = c.LAYOUT_VERSION
        entries = {
            c.ADMIT_ROWS: admit_rows,
            c.EXCLUDE_ROWS: exclude_rows,
            c.LOCATE_BATCH: locate_batch,
            c.DECIDE_ROWS: decide_rows,
            c.HINT_ROWS: hint_rows,
        }
        for cell, entry in entries.items():
            cells[cell] = address_of(entry)
        self._point(c.CLOCK, engine.clock.cells)
        self._point(c.MARKS, engine.marks)
        cells[c.USE_CELLS] = engine.index_kind == "cells"
        engine.lock.bind(acquire, release, self.refresh)
        with engine.lock:
            pass

    # -- the context -----------------------------------------------------------------------------------------

    @property
    def waiting_ages(self) -> bool:
        """Whether a worker adds to the age of a fix, as it arrived, what its row waited for `decide`: not with a client
        clock (`EngineClock.stamp`).
        """
        return self._engine.clock.kind == "system"

    @property
    def context_number(self) -> int:
        """Names catalog, policy and people as pings are decided by now."""
        return int(self._cells[c.CONTEXT_NUMBER])

    def refresh(self) -> None:
        """Write what changed since the last time; called with the lock held."""
        engine, cells = self._engine, self._cells
        snapshot, policy = engine.snapshot, engine.policy
        self._put_rows("people", engine.state.people.view)
        self._put_rows("live", engine.state.live.view)
        self._put_rows("commerce", snapshot.commerce)
        self._put_rows("fences", snapshot.fences)
        if policy is not self._policy:
            self._policy, self._numbers = policy, np.array(policy, dtype=np.int64)
            self._point(c.POLICY, self._numbers)
            self._hint_rules[:] = policy.accuracy_max_cm, policy.future_tolerance_ms
        layers = engine.exclusion_in_force
        if layers is not None:
            self._put_zones(layers)
        cells[c.HOURS_FROM_MS] = snapshot.hours_from_ms
        cells[c.HOURS_UNTIL_MS] = snapshot.hours_until_ms
        cells[c.CONSENT_NEXT_MS] = engine.state.consent_wheel.next_ms
        cells[c.TOTALS_NEXT_MS] = engine.totals_next_ms
        cells[c.GATE_VERSION] = engine.gate_version
        cells[c.FLAGS] = self._flags(layers is not None)
        self._put_bounds()
        self._remember()

    def _flags(self, zones_are_frozen: bool) -> int:
        engine = self._engine
        is_due = bool(engine.state.consent_wheel.due) or engine.is_lapsing
        return (
            (engine.shadow is not None) * c.FLAG_SHADOW
            | (engine.index_kind == "rtree") * c.FLAG_RTREE
            | (not zones_are_frozen) * c.FLAG_ZONES_CHANGED
            | is_due * c.FLAG_CONSENTS_DUE
            | engine.notices_are_due * c.FLAG_NOTICES_DUE
            | self._is_closed * c.FLAG_CLOSED
        )

    def _put_rows(self, name: str, tables: Iterable[Any]) -> None:
        if self._tables.get(name) is not tables:
            self._tables[name] = tables
            self._put(_PLACES[name], tables)

    def _put(self, cell: int, arrays: Iterable[Any]) -> None:
        held, cells = self._held, self._cells
        for place, array in enumerate(arrays):
            at = cell + 2 * place
            if held.get(at) is not array:
                held[at] = array
                cells[at] = address(array)
                cells[at + 1] = len(array)

    def _put_zones(self, layers: tuple[ExclusionTables, ...]) -> None:
        self._cells[c.EXCLUSION_COUNT] = len(layers)
        step = native_entry.EXCLUSION_BYTES // _WORD_BYTES
        for place, tables in enumerate(layers):
            if self._tables.get(f"zones {place}") is tables:
                continue
            self._tables[f"zones {place}"] = tables
            self._put(_PLACES["zones"] + place * step, chain((tables.zones,), tables.shapes))
            self._cells[c.EXCLUSION_ACCURACY_CM + place] = tables.accuracy_max_cm

    def _put_bounds(self) -> None:
        """What hints need; worked out by whoever asks in Python first, or by `keep_ahead`."""
        cells, bounds = self._cells, self._engine.known_bounds
        cells[c.FENCES_GENERATION] = self._engine.live_fences_generation
        if bounds is None:
            cells[c.HINT_BAND_CM] = -1
        elif bounds is not self._bounds:
            cells[c.HINT_BAND_CM], cells[c.HINT_MARGIN_CM] = bounds.band_cm, bounds.margin_cm
            cells[c.HINT_ENTER_COUNT], cells[c.HINT_LEAVE_COUNT] = bounds.enter_count, bounds.leave_count
            self._put(c.HINT_WIDE_PARTS, (bounds.wide_parts,))
        self._bounds = bounds

    def _point(self, cell: int, array: Any) -> None:
        self._held[cell] = array
        self._cells[cell] = address(array)

    def _remember(self) -> None:
        """A number for what is decided by now, unless it is what the last one names."""
        engine = self._engine
        last = self._remembered.get(self.context_number)
        if (
            last is not None
            and last.nouns is engine.snapshot.nouns
            and last.generation == engine.live_generation
            and last.policy_version == engine.policy.version
            and last.vacancy_count == engine.state.people.vacancy_count
        ):
            return
        self._cells[c.CONTEXT_NUMBER] += 1
        self._cells[c.CATALOG_GENERATION] = engine.live_generation
        self._remembered[self.context_number] = engine.decided_by
        if len(self._remembered) > REMEMBERED_CONTEXT_COUNT:
            self._remembered.popitem(last=False)

    # -- what crosses ----------------------------------------------------------------------------------------

    def decide(
        self, pings: StructArray, ages_ms: Int64Array, real_now_ms: int, arrival_ms: Int64Array | None = None
    ) -> Outcome:
        """Stamp (see `EngineClock.stamp`) and step the rows that a worker left undecided; what was in its way is out of
        it afterwards.

        Winners go to `commit` with the `context_number` as it is when this returns. Raises JournalError.
        """
        engine = self._engine
        engine.clock.stamp(pings, ages_ms, real_now_ms, arrival_ms)
        outcome = engine.step(pings)
        if len(pings):
            self.keep_ahead(int(pings["now_ms"][-1]))
        return outcome

    def commit(self, outcome: Outcome, context_number: int, late_rows: Collection[int] = ()) -> list[Decision]:
        """`Pipeline.commit` of winners that were decided by that context. Raises JournalError."""
        by = self._remembered.get(context_number)
        if by is None:  # long ago: nothing says any more what of it still holds
            late_rows = set(outcome.winners["row"].tolist())
            by = self._engine.decided_by._replace(vacancy_count=-1)
        return self._engine.commit(outcome, late_rows=late_rows, by=by)

    def remember_tries(self, tries: StructArray, context_number: int) -> None:
        """TRY rows that won nothing, decided by that context, whose streams are not told of tries."""
        by = self._remembered.get(context_number)
        self._engine.remember_tries(tries, -1 if by is None else by.vacancy_count)

    def gate_until_ms(self, decision: Decision, now_ms: int) -> int:
        """When her consent changes by itself: the native gate, which knows no time, is not to be asked from then on."""
        return self._engine.consent_until_ms(decision.person_key, now_ms)

    def keep_ahead(self, now_ms: int) -> None:
        """Do beforehand what workers would have to wait for: spare rows, consents that are over, hours, spent
        campaigns, bounds of hints; and count what they decided. Often (each 50 ms), and quick where nothing is due.
        Raises JournalError.
        """
        engine = self._engine
        engine.lapse_consents(now_ms, LAPSED_PER_LOOK_COUNT)
        if engine.clock.started:
            engine.cover_hours(now_ms)
            engine.look_at_totals(now_ms)
        engine.bounds_of_fences()
        with engine.lock:
            engine.state.people.make_room(SPARE_ROW_COUNT, SPARE_ROW_COUNT)
            _ = engine.statistics  # which takes what workers counted

    def close(self) -> None:
        """Every worker is joined: the engine is its loop's alone. Whoever still had the address decides nothing."""
        with self._engine.lock:
            self._is_closed = True
            _ = self._engine.statistics  # which takes what workers counted
        self._engine.lock.unbind()
