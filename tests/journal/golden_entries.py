"""Entries of which the golden frames were made; they are never changed: golden_frames.txt.

Each record class and each noun at least once; figures differ from field to field, so that two swapped fields show.
"""

from __future__ import annotations

from geooffer.model import catalog, frequency, records, repurchase, shapes
from geooffer.model.kinds import CapEvent, CapScope, CapWindow, CapZone
from geooffer.model.records import CATALOG_PARTITION, Entry
from geooffer.model.verdicts import OfferTrigger

NOW_MS = 1_772_528_400_000

_RING = bytes(range(24))
_CATALOG = (
    records.NounPut(
        catalog.Store("s-1", "Mitte", 525_200_000, -134_050_000, "Europe/Berlin", "Mo-Sa 10:00-20:00", "DE", "DE-BE",
                      ("big", "mall"), True), NOW_MS),
    records.NounPut(catalog.Geofence("g-1", shapes.Circle(525_200_000, 134_050_000, 12_000), "s-1", "Tür", 90_000),
                    NOW_MS + 1),
    records.NounPut(catalog.Geofence("g-2", shapes.Polygon((shapes.Part((_RING, _RING[:16])), shapes.Part((_RING,))))),
                    NOW_MS + 2),
    records.NounPut(
        catalog.Category("shoes", (("de", "Schuhe"), ("en", "shoes")), (("de", "Treter"),), "shoes", "shoes",
                         repurchase.RepurchaseRule(90, True, True), True), NOW_MS + 3),
    records.NounPut(
        catalog.Product("p-1", "shoes", (("en", "Runner"),), (catalog.Size("EU", "43"),), False, 2, True, 1_900),
        NOW_MS + 4),
    records.NounPut(
        catalog.Offer("o-1", "p-1", NOW_MS, NOW_MS + 9, ("s-1",), 10, OfferTrigger.DWELL, True, 64, "c-1"), NOW_MS + 5),
    records.NounPut(
        catalog.Campaign("c-1", "Spring", True, 1_000, 2, 1, 3, "a-1",
                         (frequency.CapRule(CapScope.PERSON_STORE, 2, CapWindow.CALENDAR_DAY, 7, CapZone.UTC,
                                            CapEvent.DISPLAYED),),
                         500, 100, True, True, True), NOW_MS + 6),
    records.NounPut(catalog.Audience("a-1", "Regulars"), NOW_MS + 7),
    records.NounDeleted("Geofence", "g-2", NOW_MS + 8),
    records.PricePut(catalog.Price("p-1", 7_999, "EUR", NOW_MS - 1, "s-1"), NOW_MS + 9),
    records.StockPut(1, 2, 3, NOW_MS + 10),
    records.StoresSwitched((1, 2), 1, NOW_MS, NOW_MS + 20, "flood", NOW_MS + 11),
    records.StoresRestored((2,), 1, NOW_MS + 12),
)  # fmt: skip
_HISTORY = records.PersonHistory(
    consents=((1, True, NOW_MS, "2026-01"), (2, False, NOW_MS + 1, "")),
    intent_floor=(NOW_MS - 9, 4, 5),
    intents=((NOW_MS, NOW_MS - 1, -1, -1, 4, -1),),
    facts=((NOW_MS, 4, 77, 1), (NOW_MS - 2, 5, 1, 2)),
    contacts=((NOW_MS, -1, -1, -1, 99, 1, 2, 4, -1),),
    profile=(("language", NOW_MS, "de"), ("tier", NOW_MS, 3)),
    identities=((1, -77), (2, 78)),
)
_PEOPLE = (
    records.CustomerPut(-5, catalog.Customer("k-1", (-7, 2**62), "de", "Europe/Berlin")),
    records.ConsentRecord(-5, 127, True, NOW_MS + 13, "2026-01 ä", (4, 9)),
    records.TouchpointRecord(-5, 1, NOW_MS + 14, 4, 3, 77, -88, 2, "de", 1, 0, 5, 2),
    records.TouchpointRecord(-5, 2, NOW_MS + 15),
    records.AudiencePut(-5, 1, True, NOW_MS + 16),
    records.IdentityLinked(-5, 1, 2**63 - 1),
    records.IdentityUnlinked(-5, 1, -(2**63)),
    records.DecisionRecord(-5, NOW_MS + 17, 1, 2, 3, 4, -1, 77, 7_999, 10**15, 1_190,
                           (990, 0, -1, 200, 4, 5, 6, 7, 8), 1, 2, 6, 7, True, 9, 10),
    records.DecisionReleased(-5, (3 << 56) | 8, NOW_MS + 18),
    records.OutcomeRecord(-5, (3 << 56) | 8, 2, NOW_MS + 19),
    records.PersonArrived(-5, 6, True, _HISTORY, (4, 11)),
    records.PersonArrived(-5, 7, False, records.PersonHistory()),
    records.PersonDeparted(-5, 6),
    records.CustomerDeleted(-5),
)  # fmt: skip
GOLDEN_ENTRIES: tuple[Entry, ...] = (
    *(Entry(CATALOG_PARTITION, number, record) for number, record in enumerate(_CATALOG, start=1)),
    *(Entry(3, number, record) for number, record in enumerate(_PEOPLE, start=2**33)),
)
"""What every golden frame decodes to."""
