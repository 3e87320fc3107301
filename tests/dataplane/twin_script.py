"""What both planes are told, drawn from a seed: pings by every kind of caller, and changes of the world in between.

A script is a list of moments, in order. Between two of them everything sent is decided, so that which pings were
decided by which catalog does not depend on the plane; within one, messages follow each other without waiting.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from geooffer.bench.city import City, build_city
from geooffer.bench.city_people import NOTICE_VERSION
from geooffer.bench.ping_batches import replayed_batch
from geooffer.client import GeoofferControl
from geooffer.engine.shapes import circle
from geooffer.model.catalog import Geofence, Price
from geooffer.model.columns import StructArray
from geooffer.model.kinds import SwitchKind
from geooffer.model.signals import ConsentEvent, Touchpoint
from geooffer.model.verdicts import Purpose, TouchpointKind
from geooffer.rpc.checks import timestamp
from geooffer.v1 import ping_service_pb2 as pb
from geooffer.v1 import store_service_pb2 as stores

Rng = np.random.Generator
SEGMENT_ROW_COUNT_MAX = 4_000
CALLERS = ("operator", "gateway", "device", "ingest")
SHARES = (0.45, 0.4, 0.1, 0.05)


@dataclass(frozen=True, slots=True)
class Spoken:
    """Messages of one caller, one after the other on one stream."""

    caller: str
    messages: list[pb.Ping | pb.PingBatch]
    device_key: int = 0
    """Of a phone: the stream is hers, and ends with the moment."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A call of the control port."""

    name: str
    call: Callable[[GeoofferControl], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Script:
    """A city and what happens in it."""

    city: City
    moments: list[Spoken | Changed]
    ping_count: int


def draw_script(seed: int, ping_count: int, customer_count: int, change_every: int) -> Script:
    """About `ping_count` pings, a change every `change_every` of them."""
    rng = np.random.default_rng([seed, 6])
    city = build_city(seed, customer_count, 120)
    rows = _with_odd_rows(rng, city.pings[:ping_count].copy())
    moments: list[Spoken | Changed] = []
    row, next_change = 0, change_every
    while row < len(rows):
        count = int(rng.integers(1, min(SEGMENT_ROW_COUNT_MAX, change_every) + 1))
        moments.append(_spoken(rng, rows[row : row + count]))
        row += count
        while row >= next_change and row < len(rows):
            moments.append(_changed(rng, city, int(rows["fix_time_ms"][row])))
            next_change += change_every
    return Script(city, moments, len(rows))


def _with_odd_rows(rng: Rng, rows: StructArray) -> StructArray:
    """Some are repeated, too coarse, malformed, out of order, of nobody, or without a speed. None is of the future: the
    client's clock goes by the pings."""
    kinds = rng.random(len(rows))
    rows["accuracy_cm"][kinds < 0.01] = 50_000
    rows["latitude_e7"][(kinds >= 0.01) & (kinds < 0.015)] = 950_000_000
    rows["fix_time_ms"][(kinds >= 0.015) & (kinds < 0.03)] -= 90_000
    rows["device_key"][(kinds >= 0.03) & (kinds < 0.035)] = 10**12
    rows["sequence"][(kinds >= 0.035) & (kinds < 0.04)] = 1
    rows["speed_cm_per_s"][(kinds >= 0.04) & (kinds < 0.2)] = -1
    return rows


def _spoken(rng: Rng, rows: StructArray) -> Spoken:
    caller = str(rng.choice(CALLERS, p=SHARES))
    if caller in ("device", "ingest"):
        rows = rows[rows["device_key"] == rows["device_key"][0]]
        return Spoken(caller, _messages(rng, rows), int(rows["device_key"][0]))
    return Spoken(caller, _messages(rng, rows))


def _messages(rng: Rng, rows: StructArray) -> list[pb.Ping | pb.PingBatch]:
    """Cut anywhere: single pings, small and large batches; some ask for the next ping."""
    messages: list[pb.Ping | pb.PingBatch] = []
    start = 0
    while start < len(rows):
        if rng.random() < 0.3:
            for row in rows[start : start + 40]:
                messages.append(_single(row, asks=bool(rng.random() < 0.1)))
            start += 40
            continue
        count = int(rng.integers(1, 1_025)) if rng.random() < 0.5 else int(rng.integers(1, 60))
        batch = replayed_batch(rows[start : start + count])
        batch.wants_next_ping = bool(rng.random() < 0.1)
        messages.append(batch)
        start += count
    return messages


def _single(row: np.void, *, asks: bool) -> pb.Ping:
    ping = pb.Ping(
        sequence=int(row["sequence"]),
        session_id=int(row["session_id"]),
        latitude_e7=int(row["latitude_e7"]),
        longitude_e7=int(row["longitude_e7"]),
        accuracy_cm=int(row["accuracy_cm"]),
        fix_time=timestamp(int(row["fix_time_ms"])),
        device_key=int(row["device_key"]),
        wants_next_ping=asks,
    )
    if row["speed_cm_per_s"] >= 0:
        ping.speed_cm_per_s = int(row["speed_cm_per_s"])
    return ping


def _changed(rng: Rng, city: City, now_ms: int) -> Changed:
    draw = CHANGES[int(rng.integers(0, len(CHANGES)))]
    return Changed(draw.__name__.removeprefix("_"), draw(rng, city, now_ms))


Call = Callable[[GeoofferControl], Awaitable[Any]]


def _stock(rng: Rng, city: City, now_ms: int) -> Call:
    figures = [
        replace(figure, available_count=int(rng.integers(0, 4)), as_of_ms=now_ms)
        for figure in _some(rng, city.assortment.stock, 40)
    ]
    return lambda control: control.report_stock(figures, partial=False)


def _price(rng: Rng, city: City, now_ms: int) -> Call:
    prices = [
        Price(price.product_id, int(price.amount_minor * 0.9) + 1, price.currency, now_ms, price.store_id)
        for price in _some(rng, city.assortment.prices, 5)
    ]
    return lambda control: control.upsert_prices(prices)


def _consent(rng: Rng, city: City, now_ms: int) -> Call:
    """Some withdraw one purpose or all, some give all."""
    events = []
    for person in _some(rng, city.people, 30):
        kind = rng.random()
        purposes = sum(purpose.bit for purpose in Purpose) if kind < 0.6 else Purpose.PUSH_MARKETING.bit
        granted = bool(rng.random() < 0.5)
        events.append(ConsentEvent(person.customer.customer_id, purposes, granted, now_ms, NOTICE_VERSION))
    return lambda control: control.record_consents(events)


def _search(rng: Rng, city: City, now_ms: int) -> Call:
    categories = [category.category_id for category in city.assortment.categories]
    searches = [
        Touchpoint(name, TouchpointKind.SEARCH, now_ms - 1_000, category_id=str(rng.choice(categories)))
        for name in (person.customer.customer_id for person in _some(rng, city.people, 60))
    ]
    return lambda control: control.record_touchpoints(searches)


def _fence(rng: Rng, city: City, now_ms: int) -> Call:
    """Some move or change their size, some are new."""
    del now_ms
    shops = _some(rng, city.shops, 8)
    fences = []
    for shop in shops:
        new = bool(rng.random() < 0.3)
        name = f"extra-{shop.store.store_id}-{rng.integers(0, 3)}" if new else f"moved-{shop.store.store_id}"
        place = shop.store.latitude_e7 + int(rng.integers(-3_000, 3_000)), shop.store.longitude_e7
        fences.append(Geofence(name, circle(*place, int(rng.integers(1_500, 9_000))), store_id=shop.store.store_id))
    return lambda control: control.upsert_geofences(fences)


def _switch(rng: Rng, city: City, now_ms: int) -> Call:
    """A store closes or pauses for a while, or what was so ends."""
    store_id = str(_some(rng, city.shops, 1)[0].store.store_id)
    kind = (SwitchKind.CLOSED, SwitchKind.OFFERS_PAUSED, None)[int(rng.integers(0, 3))]
    times = {"from_time": timestamp(now_ms), "until_time": timestamp(now_ms + 600_000), "reason": "test"}

    async def call(control: GeoofferControl) -> None:
        if kind is None:
            await control.call(control.stores.ReopenStores, stores.ReopenStoresRequest(store_ids=[store_id]))
        elif kind is SwitchKind.CLOSED:
            await control.call(control.stores.CloseStores, stores.CloseStoresRequest(store_ids=[store_id], **times))
        else:
            await control.call(control.stores.PauseOffers, stores.PauseOffersRequest(store_ids=[store_id], **times))

    return call


def _some(rng: Rng, items: Any, count: int) -> list[Any]:
    return [items[int(index)] for index in rng.integers(0, len(items), size=count)]


CHANGES: tuple[Callable[[Rng, City, int], Call], ...] = (_stock, _price, _consent, _search, _fence, _switch)
