"""What happened on a run through the demo city, decided over gRPC or in process alike."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from geooffer.bench.city import City
from geooffer.bench.city_streets import FloatArray, to_metres
from geooffer.model.columns import UInt8Array
from geooffer.model.kinds import Fulfilment
from geooffer.model.verdicts import OfferVerdict, PingVerdict, TouchpointKind, TransitionKind


@dataclass(frozen=True, slots=True)
class OfferEvent:
    """One offer somebody got; `ping_index` is the row of City.pings that fired it. Prices as she is told them."""

    ping_index: int
    decision_id: str
    offer_id: str
    product_id: str
    store_id: str
    store_name: str
    title: str
    size: str
    price_minor: int
    previous_price_minor: int
    currency: str
    valid_until_ms: int
    in_stock_as_of_ms: int | None
    reason: str
    reason_kind: TouchpointKind
    language: str
    fulfilment: Fulfilment
    supply_store_id: str


@dataclass(frozen=True, slots=True)
class TryEvent:
    """One attempt to find an offer; `offer_id` is the candidate that came furthest, '' where none matched."""

    ping_index: int
    store_id: str
    offer_id: str
    verdict: OfferVerdict


@dataclass(slots=True)
class CityRun:
    """The events of a run, in order of the pings."""

    ping_verdicts: UInt8Array
    """PingVerdict of each row of City.pings; 0 = not decided yet."""
    offers: list[OfferEvent] = field(default_factory=list)
    tries: list[TryEvent] = field(default_factory=list)
    transitions: Counter[TransitionKind] = field(default_factory=Counter)
    incident_count: int = 0
    """How many of City.incidents have happened."""

    @classmethod
    def of(cls, city: City) -> CityRun:
        """An empty run of a city."""
        return cls(np.zeros(len(city.pings), dtype=np.uint8))

    def ping_counts(self) -> dict[PingVerdict, int]:
        """Decided pings by verdict, verdicts that did not occur left out, most frequent first."""
        counts = np.bincount(self.ping_verdicts, minlength=len(PingVerdict) + 1)
        found = {verdict: int(counts[verdict]) for verdict in PingVerdict if counts[verdict]}
        return dict(sorted(found.items(), key=lambda item: -item[1]))

    def try_counts(self) -> dict[OfferVerdict, int]:
        """Attempts by verdict, most frequent first."""
        counts = Counter(event.verdict for event in self.tries)
        return dict(counts.most_common())

    def reason_counts(self) -> dict[TouchpointKind, int]:
        """Offers by what they were made for, most frequent first; PURCHASE = due again."""
        return dict(Counter(event.reason_kind for event in self.offers).most_common())

    def fulfilment_counts(self) -> dict[Fulfilment, int]:
        """Offers by where the goods are, most frequent first."""
        return dict(Counter(event.fulfilment for event in self.offers).most_common())

    def campaign_counts(self, city: City) -> dict[str, int]:
        """Offers by campaign, most frequent first; '' = of none."""
        campaigns = {offer.offer_id: offer.campaign_id for offer in city.assortment.offers}
        return dict(Counter(campaigns[event.offer_id] for event in self.offers).most_common())


def place_m(city: City, ping_index: int) -> FloatArray:
    """Where a ping was, in the city's metres, shape (2,)."""
    rows = city.pings[ping_index : ping_index + 1]
    place: FloatArray = to_metres(rows["latitude_e7"], rows["longitude_e7"])[0]
    return place


def time_ms(city: City, ping_index: int) -> int:
    """When a ping's fix was taken."""
    return int(city.pings["fix_time_ms"][ping_index])


def device_key(city: City, ping_index: int) -> int:
    """Whose ping it was."""
    return int(city.pings["device_key"][ping_index])
