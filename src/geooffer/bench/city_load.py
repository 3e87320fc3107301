"""The demo city told to a running service over its control port, in an order that satisfies every reference; and
what happens there later on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from geooffer.bench.city import City
from geooffer.bench.city_campaigns import CAMPAIGNS
from geooffer.bench.city_incidents import Incident
from geooffer.bench.city_people import NOTICE_VERSION, Person
from geooffer.client import BatchResult, GeoofferControl
from geooffer.errors import GeoofferError
from geooffer.model.kinds import SwitchKind
from geooffer.model.signals import ConsentEvent
from geooffer.rpc.checks import timestamp
from geooffer.v1 import store_service_pb2 as pb

OnLoaded = Callable[[str, int], None]
"""Told of each kind of thing when it is loaded: its name and how many."""


async def load_city(city: City, control: GeoofferControl, on_loaded: OnLoaded) -> None:
    """Register everything and wait until pings are decided by it. Raises GeoofferError if a row was refused."""
    assortment = city.assortment
    people, members = city.people, city.members
    audience_id = members.audience.audience_id
    steps: tuple[tuple[str, Callable[[], Awaitable[BatchResult]]], ...] = (
        ("stores", lambda: control.upsert_stores(city.stores)),
        ("geofences", lambda: control.upsert_geofences(city.fences)),
        ("categories", lambda: control.upsert_categories(assortment.categories)),
        ("products", lambda: control.upsert_products(assortment.products)),
        ("prices", lambda: control.upsert_prices(assortment.prices)),
        ("audiences", lambda: control.upsert_audiences([members.audience])),
        ("campaigns", lambda: control.upsert_campaigns(CAMPAIGNS)),
        ("offers", lambda: control.upsert_offers(assortment.offers)),
        ("stock figures", lambda: control.report_stock(assortment.stock)),
        ("customers", lambda: control.upsert_customers(person.customer for person in people)),
        ("consents", lambda: control.record_consents(_consent(person) for person in people if person.purposes)),
        ("touchpoints", lambda: control.record_touchpoints(t for person in people for t in person.touchpoints)),
        ("members of an audience", lambda: control.add_audience_members(audience_id, members.customer_ids)),
    )
    for name, load in steps:
        result = await load()
        if result.refused:
            first = result.refused[0]
            raise GeoofferError(f"the city's {name}: row {first.row} was refused: {first.message}")
        on_loaded(name, result.accepted_count)
    await control.wait_live((await control.catalog_state()).saved_generation)


async def switch_store(incident: Incident, control: GeoofferControl) -> None:
    """Close the incident's store, or pause its offers; in force with the next ping."""
    closes = incident.kind is SwitchKind.CLOSED
    kind = pb.CloseStoresRequest if closes else pb.PauseOffersRequest
    request = kind(
        store_ids=[incident.store_id],
        from_time=timestamp(incident.from_ms),
        until_time=timestamp(incident.until_ms),
        reason=incident.reason,
    )
    await control.call(control.stores.CloseStores if closes else control.stores.PauseOffers, request)


def _consent(person: Person) -> ConsentEvent:
    return ConsentEvent(person.customer.customer_id, person.purposes, True, person.consent_ms, NOTICE_VERSION)
