"""The engine as the rim sees it: catalog and people changes, pings, explanations. One thread calls everything."""

from __future__ import annotations

from typing import Any

import numpy as np

from geooffer.engine.explain import Explanation, FenceExplanation, explain_asked, explain_ping
from geooffer.engine.export import export_person
from geooffer.engine.hints import HINT_EDGE_COUNT_MAX, FenceBounds, NextPing, affordable_rows, fence_bounds, next_pings
from geooffer.engine.policies import Policies
from geooffer.engine.wake_regions import WakeRegions, wake_regions
from geooffer.errors import NotFoundError
from geooffer.kernels.consent import LOCATION_BIT
from geooffer.model import limits
from geooffer.model.columns import Int64Array, StructArray
from geooffer.model.fence_tables import FenceTables
from geooffer.model.kinds import Channel
from geooffer.model.policy import Policy


class Engine(Policies):
    """core.py holds the state, pipeline.py the pings, *_changes.py what control calls do."""

    _bounds_of: tuple[FenceTables, Policy, FenceBounds] | None = None
    """What `next_pings` found out about the live fences, and for which."""

    def explain(
        self,
        *,
        device_key: int,
        latitude_e7: int,
        longitude_e7: int,
        accuracy_cm: int,
        now_ms: int,
        speed_cm_per_s: int = -1,
        is_late: bool = False,
    ) -> Explanation:
        """What a hypothetical live ping would give, candidate by candidate; changes nothing (semantics D8).

        `speed_cm_per_s` −1 = not reported; `is_late`: as if its decision budget were over.
        """
        with self.lock:
            return explain_ping(
                self,
                device_key=device_key,
                latitude_e7=latitude_e7,
                longitude_e7=longitude_e7,
                accuracy_cm=accuracy_cm,
                now_ms=now_ms,
                speed_cm_per_s=speed_cm_per_s,
                is_late=is_late,
            )

    def next_pings(self, pings: StructArray) -> list[NextPing | None]:
        """When the next ping of each row's device is useful; pings: PING rows, shape (n,). Reads no person.

        None: too many of the rows lie in polygons of very many edges, and it is not one of those that are told.
        """
        rows = self._hint_rows(pings)
        bounds = self.bounds_of_fences()
        found = next_pings(self.snapshot.fences, bounds, self.live_fences_generation, self.policy, pings[rows])
        told: list[NextPing | None] = [None] * len(pings)
        for row, hint in zip(rows.tolist(), found, strict=True):
            told[row] = hint
        return told

    def _hint_rows(self, pings: StructArray) -> Int64Array:
        """Rows whose hints take no longer than others may wait for; all of a few."""
        if len(pings) * limits.FENCE_VERTEX_COUNT_MAX <= HINT_EDGE_COUNT_MAX:
            return np.arange(len(pings))
        latitudes_e7, longitudes_e7 = (np.ascontiguousarray(pings[name]) for name in ("latitude_e7", "longitude_e7"))
        hit_starts = np.zeros(len(pings) + 1, np.int32)
        hits = self._locate(self.snapshot, latitudes_e7, longitudes_e7, np.ones(len(pings), np.uint8), hit_starts)
        # another row first in each batch, and the same in a replay
        return affordable_rows(self.snapshot.fences, hit_starts, hits, int(pings["now_ms"][0]) % len(pings))

    def bounds_of_fences(self) -> FenceBounds:
        """What hints need to know of all live fences; worked out once for each snapshot and policy."""
        bounds = self.known_bounds
        if bounds is None:
            bounds = fence_bounds(self.snapshot.fences, self.policy)
            self._bounds_of = (self.snapshot.fences, self.policy, bounds)
        return bounds

    @property
    def known_bounds(self) -> FenceBounds | None:
        """The same, where it is worked out already."""
        held = self._bounds_of
        return held[2] if held and held[0] is self.snapshot.fences and held[1] is self.policy else None

    @property
    def live_fences_generation(self) -> int:
        """Grows whenever another set of fences goes live (and once more, while a change waits to)."""
        return min(self.registry.fences_generation, self.live_generation)

    def wake_regions(self, latitude_e7: int, longitude_e7: int, region_count_max: int) -> WakeRegions:
        """What a sleeping phone should watch near a place, by the live fences; reads no person."""
        return wake_regions(self.snapshot.fences, latitude_e7, longitude_e7, region_count_max)

    def location_wanted_now(self, device_key: int, now_ms: int) -> bool:
        """As `location_wanted`, once what has expired by now is over; leaves no record."""
        person_key = self.person_of_device(device_key)
        return person_key is not None and bool(self.word_now(person_key, now_ms) & LOCATION_BIT)

    def export_person(self, customer_id: str, *, now_ms: int) -> dict[str, Any]:
        """Everything held of a customer, ready to be written as JSON (docs/privacy.md); changes nothing.

        Raises NotFoundError.
        """
        with self.lock:
            return export_person(self, customer_id, now_ms)

    def explain_asked(
        self,
        customer_id: str,
        store_id: str,
        *,
        channel: Channel,
        now_ms: int,
        product_id: str = "",
        category_id: str = "",
    ) -> FenceExplanation:
        """What `decide` would find at one store, candidate by candidate; changes nothing. Raises NotFoundError,
        InvalidArgumentError.
        """
        slot = self.state.people.person_slots[self.key_of(customer_id)]
        self._asked_subject(product_id, category_id)
        if store_id not in self.registry.stores:
            raise NotFoundError("no such store", field="store_id")
        with self.lock:
            return explain_asked(
                self,
                person_slot=slot,
                store_id=store_id,
                channel=channel,
                now_ms=now_ms,
                product_id=product_id,
                category_id=category_id,
            )
