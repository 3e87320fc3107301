"""Saved catalogs come into force: compiled aside, put in place in one section of the engine's lock."""

from __future__ import annotations

from geooffer.engine.commerce import compile_stores
from geooffer.engine.core import Core
from geooffer.engine.fence_lives import carry
from geooffer.engine.fence_merge import Merged
from geooffer.engine.hours import horizon_of
from geooffer.model.catalog import Campaign, Geofence
from geooffer.model.columns import StructArray
from geooffer.model.fence_tables import FenceTables
from geooffer.model.policy import DAY_MS

QUICK_FENCE_COUNT_MAX = 64


class Publishing(Core):
    """The snapshot that pings are decided by, and what takes its place."""

    def publish(self) -> int:
        """Put the saved catalog in force if it is not yet, compiling what changed; returns the live generation."""
        if self._snapshot.generation != self.saved_generation:
            self.stage_fences()
            fences = self._snapshot.fences
            if self.registry.fences_generation > self.live_generation:
                fences = self.index.publish() if self.index.layers.is_small else self.index.layers.merge_now()
            self._put_in_force(fences)
        return self._snapshot.generation

    def stage_fences(self) -> None:
        """Give the index what was saved of fences since it was last asked: little at a time in a large import."""
        registry = self.registry
        fences: dict[int, tuple[Geofence, int]] = {}
        removed: dict[int, int] = {}
        for geofence_id in registry.take_changed_fences():
            number, geofence = registry.number(Geofence, geofence_id), registry.geofences.get(geofence_id)
            if geofence is None:
                removed[number] = registry.removed_fences[number]
            else:
                fences[number] = self._owned(geofence)
        if fences or removed:
            self.index.stage(fences, removed, registry.count(Geofence))

    def _put_in_force(self, fences: FenceTables) -> None:
        """The next snapshot, with these fences; what was sold before and did not change since stays as it is."""
        live = self._snapshot
        sells_anew = self.registry.commerce_generation > live.generation
        if sells_anew:
            snapshot = self._compile(live.hours_day, fences)
        else:
            snapshot = live._replace(generation=self.registry.generation, fences=fences)
        with self.lock:  # no ping is decided between what a life is told by and its coming into force
            if fences is not live.fences:  # after what may be refused: these changes are told once
                self._carry_lives(live.fences.fences, fences.fences)
            self._snapshot = snapshot
            if sells_anew:
                self._refresh_totals(range(self.registry.count(Campaign)), self._totals_ms)

    def _carry_lives(self, old: StructArray, new: StructArray) -> None:
        changes = self.registry.take_fence_changes()
        carry(old, new, changes, self._decided_ms)
        self.index.layers.keep_lives([*changes, *range(len(old), len(new))], new)

    # -- merges of fences, of which the slow part may run in a thread (services/publisher.py) ----------------

    @property
    def is_quick_to_publish(self) -> bool:
        """Whether `publish` has only a few fences to enter; a batch of an import is more than a few."""
        layers = self.index.layers
        is_few = layers.staged_count <= QUICK_FENCE_COUNT_MAX and layers.is_small
        return is_few and self.registry.commerce_generation <= self.live_generation

    @property
    def needs_merge(self) -> bool:
        """Whether so many fences wait that `publish` would merge, which takes long."""
        return self.registry.fences_generation > self.live_generation and not self.index.layers.is_small

    def merge_input(self) -> FenceTables | None:
        """What engine/fence_merge.py is to merge now, in any thread; None where no merge is due."""
        self.stage_fences()
        return self.index.layers.begin_merge() if self.index.layers.merge_due else None

    def forget_merge(self) -> None:
        """The merge that was begun has no result; another may begin."""
        self.index.layers.forget_merge()

    def take_merged(self, source: FenceTables, merged: Merged) -> int:
        """Put the whole saved catalog in force on the base that was merged from `source`; returns the live generation.

        Changes nothing where another merge was begun since.
        """
        self.stage_fences()
        fences = self.index.take_merged(source, merged)
        if fences is not self._snapshot.fences:
            self._put_in_force(fences)
        return self._snapshot.generation

    def cover_hours(self, now_ms: int) -> None:
        """Recompile opening hours where `now_ms` has left their horizon (semantics H1: renewed daily)."""
        if self._snapshot.hours_from_ms <= now_ms < self._snapshot.hours_until_ms:
            return
        self.publish()  # hours belong to the saved stores: never half of a catalog
        hours_day = now_ms // DAY_MS
        stores, hours = compile_stores(self.registry, self.state.people.zones, hours_day)
        held = self._snapshot.commerce.stores
        for field in ("neighbour_start", "neighbour_count"):
            stores[field] = held[field]
        commerce = self._snapshot.commerce._replace(stores=stores, hours=hours)
        from_ms, until_ms = horizon_of(hours_day)
        with self.lock:
            self._snapshot = self._snapshot._replace(
                commerce=commerce, hours_day=hours_day, hours_from_ms=from_ms, hours_until_ms=until_ms
            )
