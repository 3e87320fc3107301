"""What all parts of the engine share: state, journal, clock, policy, index of record and the live snapshot."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple, TypeVar

from geooffer.engine.apply import State, apply, partition_of_record
from geooffer.engine.clock import EngineClock
from geooffer.engine.commerce import compile_commerce, compile_stores
from geooffer.engine.hours import horizon_of
from geooffer.engine.port import Journal
from geooffer.engine.registry import CatalogNouns, Registry
from geooffer.engine.spatial import IndexOfRecord
from geooffer.engine.statistics import Statistics
from geooffer.errors import GeoofferError, InvalidArgumentError
from geooffer.model.catalog import Geofence, Store
from geooffer.model.fence_tables import FenceTables
from geooffer.model.policy import DAY_MS, Policy
from geooffer.model.records import Entry, Record
from geooffer.model.tables import CommerceTables

IndexKind = Literal["rtree", "packed", "cells"]
T = TypeVar("T")
RowResults = list[GeoofferError | None]


class Snapshot(NamedTuple):
    """One catalog as pings are decided by; opening hours are right for now in [hours_from_ms, hours_until_ms)."""

    generation: int
    fences: FenceTables
    commerce: CommerceTables
    nouns: CatalogNouns
    hours_day: int
    hours_from_ms: int
    hours_until_ms: int


class Core:
    """State and how it changes. Single-threaded: one thread calls everything."""

    def __init__(
        self,
        *,
        journal: Journal,
        clock: EngineClock,
        policy: Policy | None = None,
        index_kind: IndexKind = "cells",
        decision_key: bytes = b"",
        overlap_count_max: int = 64,
    ) -> None:
        if index_kind not in ("rtree", "packed", "cells"):
            raise InvalidArgumentError("index must be rtree, packed or cells", field="index")
        self.policy = policy or Policy()
        self.policy.validate()
        self.clock = clock
        self.index_kind = index_kind
        self.statistics = Statistics()
        self._journal = journal
        self._decision_key = decision_key
        self.state = State()
        self.index = IndexOfRecord(overlap_count_max)
        for entry in journal.read():
            apply(self.state, entry)
        for geofence in self.registry.geofences.values():
            self.index.insert(self.registry.number(Geofence, geofence.geofence_id), geofence)
        self._snapshot = self._compile(0, fences=None)

    @property
    def registry(self) -> Registry:
        """The catalog as saved; read only."""
        return self.state.registry

    @property
    def saved_generation(self) -> int:
        """Counts catalog changes."""
        return self.registry.generation

    @property
    def live_generation(self) -> int:
        """The generation pings are decided by."""
        return self._snapshot.generation

    @property
    def snapshot(self) -> Snapshot:
        """The live catalog."""
        return self._snapshot

    def append_each(self, items: Iterable[T], record: Callable[[T], Record], *, partial: bool) -> RowResults:
        """Make a record of each item, then append all as one commit. An item that `record` refuses becomes its error
        in the results, or stops the whole where not `partial`. `record` sees the items in order.
        """
        results: RowResults = []
        changes: list[Record] = []
        for row, item in enumerate(items):
            try:
                changes.append(record(item))
            except GeoofferError as error:
                error.row = row
                if not partial:
                    raise
                results.append(error)
            else:
                results.append(None)
        self.append(changes)
        return results

    def append(self, changes: Sequence[Record]) -> list[Entry]:
        """Journal `changes` as one commit, then fold them. Raises JournalError and folds nothing."""
        entries = self._place(changes)
        self._journal.append(entries)
        for entry in entries:
            apply(self.state, entry)
        return entries

    def _place(self, changes: Sequence[Record]) -> list[Entry]:
        """Give each record its partition and the next sequence there."""
        nexts: dict[int, int] = {}
        entries = []
        for record in changes:
            partition = partition_of_record(record)
            sequence = nexts.get(partition, self.state.sequences.get(partition, 0)) + 1
            nexts[partition] = sequence
            entries.append(Entry(partition, sequence, record))
        return entries

    def publish(self) -> int:
        """Compile the saved catalog if it is not live yet; returns the live generation."""
        if self._snapshot.generation != self.saved_generation:
            live = self._snapshot
            changed = self.registry.fences_generation > live.generation
            self._snapshot = self._compile(live.hours_day, None if changed else live.fences)
        return self._snapshot.generation

    def _compile(self, hours_day: int, fences: FenceTables | None) -> Snapshot:
        registry = self.registry
        if fences is None:
            owned = {
                registry.number(Geofence, geofence.geofence_id): (
                    geofence,
                    registry.number(Store, geofence.store_id) if geofence.store_id else -1,
                )
                for geofence in registry.geofences.values()
            }
            fences = self.index.freeze(owned, registry.removed_fences, registry.count(Geofence))
        commerce = compile_commerce(registry, hours_day)
        nouns = registry.catalog_nouns()
        return Snapshot(registry.generation, fences, commerce, nouns, hours_day, *horizon_of(hours_day))

    def _cover_hours(self, now_ms: int) -> None:
        """Recompile opening hours where `now_ms` has left their horizon (semantics H1: renewed daily)."""
        if self._snapshot.hours_from_ms <= now_ms < self._snapshot.hours_until_ms:
            return
        self.publish()  # hours belong to the saved stores: never half of a catalog
        hours_day = now_ms // DAY_MS
        stores, hours = compile_stores(self.registry, hours_day)
        commerce = self._snapshot.commerce._replace(stores=stores, hours=hours)
        from_ms, until_ms = horizon_of(hours_day)
        self._snapshot = self._snapshot._replace(
            commerce=commerce, hours_day=hours_day, hours_from_ms=from_ms, hours_until_ms=until_ms
        )
