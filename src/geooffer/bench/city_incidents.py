"""What happens in the demo city while people walk: a store closes at a moment's notice, another is too full."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from geooffer.bench.city_stores import Shop
from geooffer.model.catalog import Offer
from geooffer.model.columns import StructArray
from geooffer.model.kinds import SwitchKind

_MINUTE_MS = 60_000
_WANTED_CATEGORY_ID = "running-shoes"
_CENTRAL_COUNT = 12


@dataclass(frozen=True, slots=True)
class Incident:
    """A switch thrown in the middle of the walks, before the ping of row `ping_index` is decided."""

    ping_index: int
    store_id: str
    store_name: str
    kind: SwitchKind
    from_ms: int
    until_ms: int
    reason: str


def plan_incidents(shops: Sequence[Shop], offers: Sequence[Offer], pings: StructArray, start_ms: int) -> list[Incident]:
    """In order of time: of the sellers of running shoes near the middle of town, at the two that have most offers."""
    sellers = [shop for shop in shops if _WANTED_CATEGORY_ID in shop.kind.category_ids]
    sellers.sort(key=lambda shop: (float(shop.door_m @ shop.door_m), shop.store.store_id))
    counts = Counter(store_id for offer in offers for store_id in offer.store_ids)
    sellers = sorted(sellers[:_CENTRAL_COUNT], key=lambda shop: -counts[shop.store.store_id])
    plans = (
        (SwitchKind.CLOSED, 75, 165, "a water pipe burst"),
        (SwitchKind.OFFERS_PAUSED, 105, 150, "a queue to the door"),
    )
    incidents = []
    for shop, (kind, from_minute, until_minute, reason) in zip(sellers, plans, strict=False):
        from_ms, until_ms = start_ms + from_minute * _MINUTE_MS, start_ms + until_minute * _MINUTE_MS
        row = int(np.searchsorted(pings["fix_time_ms"], from_ms))
        incidents.append(Incident(row, shop.store.store_id, shop.store.name, kind, from_ms, until_ms, reason))
    return incidents
