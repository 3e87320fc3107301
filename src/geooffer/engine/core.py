"""What all parts of the engine share: state, journal, clock, policy, index of record and the live snapshot."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Literal, NamedTuple, TypeVar

import numpy as np

from geooffer.engine.apply import apply, fold, partition_of_record
from geooffer.engine.clock import EngineClock
from geooffer.engine.commerce import compile_commerce
from geooffer.engine.decisions import decision_id
from geooffer.engine.exclusion import ExclusionIndex
from geooffer.engine.hours import horizon_of
from geooffer.engine.locking import EngineLock
from geooffer.engine.neighbours import Neighbours
from geooffer.engine.port import Journal
from geooffer.engine.registry import CatalogNouns, Registry
from geooffer.engine.spatial import IndexOfRecord
from geooffer.engine.state import State
from geooffer.engine.statistics import Statistics
from geooffer.engine.totals import total_rules
from geooffer.errors import GeoofferError, InvalidArgumentError, JournalError
from geooffer.model.catalog import Campaign, Geofence, Store
from geooffer.model.columns import Int64Array
from geooffer.model.context import DECIDED_MS, MARKS_LENGTH
from geooffer.model.exclusion import ExclusionZone
from geooffer.model.exclusion_tables import ExclusionTables
from geooffer.model.fence_tables import FenceTables
from geooffer.model.frequency import DEFAULT_CAP_RULES, CapRule, check_rules
from geooffer.model.policy import Policy
from geooffer.model.pseudonyms import Pseudonyms
from geooffer.model.records import Entry, Record
from geooffer.model.shapes import Shape
from geooffer.model.tables import NEVER_MS, NO_LIMIT, CommerceTables

IndexKind = Literal["rtree", "packed", "cells"]
T = TypeVar("T")
RowResults = list[GeoofferError | None]


FOLDED_PER_SECTION_COUNT = 32
"""So many records are folded in one section of the lock: less than a millisecond of most kinds."""


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
        cap_rules: Sequence[CapRule] = DEFAULT_CAP_RULES,
        index_kind: IndexKind = "cells",
        decision_key: bytes = b"",
        overlap_count_max: int = 64,
        index_memory_max_bytes: int = 0,
        state: State | None = None,
        pseudonyms: Pseudonyms | None = None,
    ) -> None:
        """`state`: what journal/recovery.py made of snapshot and journal; without it all of `journal` is folded."""
        if index_kind not in ("rtree", "packed", "cells"):
            raise InvalidArgumentError("index must be rtree, packed or cells", field="index")
        self.pseudonyms = pseudonyms or Pseudonyms()
        """How persons and identities are called; the same for the life of a state directory."""
        self.lock = EngineLock()
        """Around all that changes what kernels read, and all that reads what they change (engine/locking.py)."""
        self.marks: Int64Array = np.zeros(MARKS_LENGTH, dtype=np.int64)
        """What native callers of the matcher leave behind (model/context.py)."""
        self._policy = policy or Policy()
        self.policy.validate()
        check_rules(cap_rules)
        self.cap_rules = tuple(cap_rules)
        self.clock = clock
        clock.lock = self.lock
        self.index_kind = index_kind
        self._statistics = Statistics()
        self._journal = journal
        self._decision_key = decision_key
        self._decision_keys: dict[str, int] = {}
        self.note: Callable[[Sequence[Record]], Record | None] = lambda changes: None
        """Who causes the changes that are about to be appended, as a record before them (services/call_notes.py)."""
        self._one_commit: list[Entry] | None = None
        self._neighbours = Neighbours()
        self._spent_campaigns: dict[int, int] = {}
        """Campaigns with nothing left, and before which moment that stays so without a release."""
        self.state = state or fold(State(), journal.read())
        self.clock.resume(self.state.latest_ms)
        self.state.people.index_slices()
        self.index = IndexOfRecord(overlap_count_max, index_memory_max_bytes)
        self._exclusion = ExclusionIndex(packs_tree=index_kind != "cells")
        for key in (*self.state.decisions, *self.state.released):
            self._name_decision(key)
        fences = self.registry.geofences.values()
        self.index.load({self.registry.number(Geofence, fence.geofence_id): fence for fence in fences})
        self._decided_ms = NEVER_MS
        self.registry.take_changed_fences()
        self.registry.take_fence_changes()
        owned = {self.registry.number(Geofence, fence.geofence_id): self._owned(fence) for fence in fences}
        tables = self.index.freeze(owned, self.registry.removed_fences, self.registry.count(Geofence))
        self._snapshot = self._compile(0, tables)
        self._exclusion.tables(self.registry, self.policy)  # frozen here, and not at the first ping
        self._refresh_totals(range(self.registry.count(Campaign)), NEVER_MS)

    @property
    def journal(self) -> Journal:
        """What this engine appends to; its tickets say what may be told (rpc/durability.py)."""
        return self._journal

    @property
    def statistics(self) -> Statistics:
        """Counters, with what native workers counted by now; read in another thread, as of the loop's last look."""
        if self.lock.is_bound_here:
            with self.lock:
                self._statistics.take(self.marks)
        return self._statistics

    @property
    def policy(self) -> Policy:
        """The numbers in force."""
        return self._policy

    @policy.setter
    def policy(self, policy: Policy) -> None:
        with self.lock:
            self._policy = policy

    @property
    def _decided_ms(self) -> int:
        """Greatest `now` of the pings decided so far: what came into force since is newer than all of them."""
        return int(self.marks[DECIDED_MS])

    @_decided_ms.setter
    def _decided_ms(self, now_ms: int) -> None:
        self.marks[DECIDED_MS] = now_ms

    @property
    def totals_next_ms(self) -> int:
        """From this moment on a campaign that has nothing left has to be looked at again; NO_LIMIT = none has."""
        return min(self._spent_campaigns.values(), default=NO_LIMIT)

    @property
    def exclusion_in_force(self) -> tuple[ExclusionTables, ...] | None:
        """As `exclusion`, without freezing anything; None where zones have changed since."""
        return self._exclusion.tables_now(self.registry, self.policy)

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

    @property
    def exclusion(self) -> tuple[ExclusionTables, ...]:
        """The exclusion zones as saved, which are in force at once: they wait for no publication."""
        return self._exclusion.tables(self.registry, self.policy)

    def zones_near(self, shape: Shape) -> list[ExclusionZone]:
        """The exclusion zones, by id, whose buffer touches a shape, whenever they are valid."""
        return self._exclusion.zones_near(shape, self.registry, self.policy)

    def append_each(self, items: Iterable[T], record: Callable[[T], Record], *, partial: bool) -> RowResults:
        """Make a record of each item, then append all as one commit. An item that `record` refuses becomes its error
        in the results, or stops the whole where not `partial`. `record` sees the items in order.
        """
        results: RowResults = []
        changes: list[Record] = []
        for row, item in enumerate(items):
            try:
                changes.append(record(item))
            except JournalError:
                raise
            except GeoofferError as error:
                error.row = row
                if not partial:
                    raise
                results.append(error)
            else:
                results.append(None)
        self.append(changes)
        return results

    def append(self, changes: Sequence[Record], *, is_callers: bool = True) -> list[Entry]:
        """Give `changes` to the journal to commit as one, then fold them. Raises JournalError and folds nothing.
        `is_callers`: the running call causes them; False: time does, whoever happens to be there.

        They may be told to nobody before `journal.durable` has reached `journal.appended` as it is now.
        """
        note = self.note(changes) if is_callers else None
        entries = self._place(changes if note is None else [note, *changes])
        self._commit_later(entries)
        self._fold(entries)
        return entries if note is None else entries[1:]

    def _fold(self, entries: Sequence[Entry]) -> None:
        """Fold one commit, some records in each section of the lock: pings are decided between two of them, but not
        while a device is on its way from one person to another.
        """
        people = self.state.people
        remaining = iter(entries)
        for first in remaining:
            with self.lock:
                for count, entry in enumerate(chain((first,), remaining), 1):
                    apply(self.state, entry)
                    if count >= FOLDED_PER_SECTION_COUNT and not people.has_moved:
                        break
                if people.has_moved:  # the commit is over
                    people.forget_moved()
        self._freeze_zones()

    def _freeze_zones(self) -> None:
        """A zone is in force when its call returns: native callers wait for its tables, and should not wait for a ping
        of Python's."""
        if self.lock.is_bound and self.exclusion_in_force is None:
            self._exclusion.tables(self.registry, self.policy)
            with self.lock:
                pass

    def _commit_later(self, entries: Sequence[Entry]) -> None:
        """To the journal, or to the one commit that is being collected."""
        if self._one_commit is None:
            self._journal.append(entries)
        else:
            self._one_commit.extend(entries)

    @contextmanager
    def as_one_commit(self) -> Iterator[None]:
        """What is appended inside is folded at once and goes to the journal as one commit at the end, also where an
        error ends it: folded is folded. Nothing may be awaited inside. Raises JournalError at the end, and the process
        is to end then, as after every failure of a journal.
        """
        if self._one_commit is not None:
            yield
            return
        self._one_commit = []
        try:
            yield
        finally:
            entries, self._one_commit = self._one_commit, None
            if entries:
                self._journal.append(entries)

    def keyed_hash(self, *parts: bytes) -> bytes:
        """16 bytes that tell nothing of `parts` to who lacks the secret of this service."""
        hasher = hashlib.blake2b(key=self._decision_key, digest_size=16, person=b"geooffer.request")
        for part in parts:
            hasher.update(len(part).to_bytes(4, "little"))
            hasher.update(part)
        return hasher.digest()

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

    def _owned(self, geofence: Geofence) -> tuple[Geofence, int]:
        """A fence and its store's number; −1 = none."""
        return geofence, self.registry.number(Store, geofence.store_id) if geofence.store_id else -1

    def _compile(self, hours_day: int, fences: FenceTables) -> Snapshot:
        registry = self.registry
        zones = self.state.people.zones
        commerce = compile_commerce(registry, zones, self._neighbours, self.cap_rules, self.policy, hours_day)
        nouns = registry.catalog_nouns()
        return Snapshot(registry.generation, fences, commerce, nouns, hours_day, *horizon_of(hours_day))

    # -- campaign totals -------------------------------------------------------------------------------------

    def look_at_totals(self, now_ms: int) -> None:
        """Look again at campaigns that may have something left by now."""
        if now_ms >= self.totals_next_ms:
            self._refresh_totals(self._spent_campaigns, now_ms)

    def _refresh_totals(self, campaign_numbers: Iterable[int], now_ms: int) -> None:
        """Tell the kernels what is left of campaigns at `now_ms`; those with nothing left are looked at again."""
        self._totals_ms = now_ms
        with self.lock:
            for number in list(campaign_numbers):
                left = self.campaign_remaining(number, now_ms)
                self.state.live.set_remaining(number, left)
                if left <= 0:
                    self._spent_campaigns[number] = self._next_look_ms(number, now_ms)
                else:
                    self._spent_campaigns.pop(number, None)

    def _next_look_ms(self, campaign_number: int, now_ms: int) -> int:
        campaign = self.registry.campaigns[self.registry.identifier(Campaign, campaign_number)]
        rules = total_rules(campaign, self.cap_rules)
        return self.state.totals.next_look_ms(campaign_number, campaign, rules, now_ms)

    def campaign_remaining(self, campaign_number: int, now_ms: int) -> int:
        """How many more offers a campaign's totals leave now; NO_LIMIT where it has none or is gone."""
        campaign = self.registry.campaigns.get(self.registry.identifier(Campaign, campaign_number))
        if campaign is None:
            return NO_LIMIT
        rules = total_rules(campaign, self.cap_rules)
        return self.state.totals.remaining(campaign_number, campaign, rules, now_ms)

    # -- decisions -------------------------------------------------------------------------------------------

    def _name_decision(self, key: int) -> str:
        """The public id of a decision, remembered for as long as the decision is kept."""
        if len(self._decision_keys) > 2 * (len(self.state.decisions) + len(self.state.released)) + 1024:
            kept = self.state.decisions.keys() | self.state.released.keys()
            self._decision_keys = {name: held for name, held in self._decision_keys.items() if held in kept}
        name = decision_id(self._decision_key, key)
        self._decision_keys[name] = key
        return name
