"""The world of S3: S1's network with more shoes and a second branch, and signals of Anna from named systems."""

from __future__ import annotations

from dataclasses import replace

from running_shoes import EU_43, NOW_MS, World, branch, running_shoes_world, square_fence

from geooffer.model.catalog import Campaign, Offer, Price, Product, StockFigure
from geooffer.model.policy import DAY_MS, HOUR_MS
from geooffer.model.signals import Touchpoint
from geooffer.model.verdicts import TouchpointKind

K = TouchpointKind
SHOES = "running-shoes"


def touch(kind: TouchpointKind, days_ago: float = 1, **fields: object) -> Touchpoint:
    """One signal of Anna's, from a named system."""
    time_ms = NOW_MS - round(days_ago * DAY_MS)
    values: dict[str, object] = {"source": f"{kind.name.lower()}-system"} | fields
    return Touchpoint("anna", kind, time_ms, **values)  # type: ignore[arg-type]


SEARCH = touch(K.SEARCH, 3, category_id=SHOES, size=EU_43)


def network(*touchpoints: Touchpoint, campaign: Campaign | None = None) -> World:
    """S1's network with a second pair of reduced shoes and a second branch 300 m on; 43 of both is everywhere."""
    world = running_shoes_world()
    second = Product("lunaro-aero", SHOES, (("en", "Lunaro Aero"),), (EU_43,))
    store_ids = ("branch-mitte", "branch-ost")
    offers = (
        replace(world.offers[0], store_ids=()),
        Offer("aero-week", "lunaro-aero", NOW_MS - DAY_MS, NOW_MS + 5 * DAY_MS, (), 10),
    )
    if campaign is not None:
        offers = tuple(replace(offer, campaign_id=campaign.campaign_id) for offer in offers)  # type: ignore[assignment]
    return replace(
        world,
        stores=(branch(), branch("branch-ost", "Laufladen Ost", east_m=300.0)),
        fences=(square_fence("fence-mitte", "branch-mitte"), square_fence("fence-ost", "branch-ost", east_m=300.0)),
        products=(*world.products, second),
        prices=(
            *world.prices,
            Price("lunaro-aero", 9_990, "EUR", NOW_MS - 90 * DAY_MS),
            Price("lunaro-aero", 7_990, "EUR", NOW_MS - DAY_MS),
        ),
        campaigns=(campaign,) if campaign else (),
        offers=offers,
        stock=tuple(
            StockFigure(store_id, product_id, EU_43, 9, NOW_MS - HOUR_MS)
            for store_id in store_ids
            for product_id in ("veltra-glide", "lunaro-aero")
        ),
        touchpoints=touchpoints,
    )
