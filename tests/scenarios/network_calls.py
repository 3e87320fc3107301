"""What a store network's systems call between the walks of a scenario, each in one line of a test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from running_shoes import LATITUDE, LONGITUDE, METRE_EAST, NOW_MS, PHONE, World
from scenario_stage import Stage

from geooffer.model.catalog import StockFigure
from geooffer.model.kinds import Channel
from geooffer.model.signals import Identity, Touchpoint
from geooffer.model.verdicts import OfferVerdict
from geooffer.rpc.checks import timestamp
from geooffer.v1 import decision_service_pb2 as decision_pb
from geooffer.v1 import diagnostics_service_pb2 as diagnostics_pb
from geooffer.v1 import store_service_pb2 as store_pb

LATITUDE_E7 = round(LATITUDE * 1e7)
BRANCH_PLACE = (LATITUDE_E7, round(LONGITUDE * 1e7))
"""The middle of the first branch."""


def moved_in_time(world: World, shift_ms: int) -> World:
    """The same world so much later: prices, offers, stock and touchpoints."""
    return replace(
        world,
        prices=tuple(replace(price, valid_from_ms=price.valid_from_ms + shift_ms) for price in world.prices),
        offers=tuple(
            replace(
                offer,
                valid_from_ms=offer.valid_from_ms + shift_ms,
                valid_until_ms=offer.valid_until_ms + shift_ms,
            )
            for offer in world.offers
        ),
        stock=tuple(replace(figure, as_of_ms=figure.as_of_ms + shift_ms) for figure in world.stock),
        touchpoints=tuple(replace(item, time_ms=item.time_ms + shift_ms) for item in world.touchpoints),
    )


def place_east(east_m: float) -> tuple[int, int]:
    """A place so many metres east of the first branch, in E7."""
    return LATITUDE_E7, round((LONGITUDE + east_m * METRE_EAST) * 1e7)


async def record(stage: Stage, *touchpoints: Touchpoint) -> None:
    """Touchpoints arrive; every one is taken."""
    await stage.operator.control.record_touchpoints(touchpoints, partial=False)


async def report_stock(stage: Stage, figures: Sequence[StockFigure], as_of_ms: int) -> None:
    """The same figures, counted again at `as_of_ms`."""
    fresh = [replace(figure, as_of_ms=as_of_ms) for figure in figures]
    await stage.operator.control.report_stock(fresh, partial=False)


async def ask(
    stage: Stage,
    channel: Channel = Channel.WEB_SHOP,
    *,
    person: str | Identity = "anna",
    at_ms: int = NOW_MS,
    place: tuple[int, int] | None = BRANCH_PLACE,
    product_id: str = "",
    category_id: str = "",
) -> decision_pb.DecideResponse:
    """A web shop, newsletter or messenger asks for an offer."""
    return await stage.operator.control.decide(
        person, channel, place_e7=place, product_id=product_id, category_id=category_id, event_time_ms=at_ms
    )


async def explained(
    stage: Stage, *, device_key: int = PHONE, at_ms: int = NOW_MS, east_m: float = 0.0
) -> dict[str, OfferVerdict]:
    """What `ExplainPing` says of every candidate at a place on the street; offer id → verdict."""
    latitude_e7, longitude_e7 = place_east(east_m)
    request = diagnostics_pb.ExplainPingRequest(
        device_key=device_key,
        latitude_e7=latitude_e7,
        longitude_e7=longitude_e7,
        accuracy_cm=800,
        ping_time=timestamp(at_ms),
    )
    answer = await stage.operator.control.explain_ping(request)
    return {item.offer_id: OfferVerdict(item.verdict) for fence in answer.fences for item in fence.candidates}


async def points_of(stage: Stage, decision_id: str) -> dict[str, int]:
    """What made the score of a decision, factor by factor; they add up to it."""
    decision = await stage.operator.control.decision(decision_id)
    points = {factor.factor: factor.points for factor in decision.factors}
    assert sum(points.values()) == decision.score
    return points


async def recent_verdicts(stage: Stage, customer_id: str = "anna") -> list[OfferVerdict]:
    """Her last tries, newest first, walked or asked for."""
    answer = await stage.operator.control.recent_tries(customer_id)
    return [OfferVerdict(item.verdict) for item in answer.tries]


async def switch(stage: Stage, name: str, **selected: Any) -> list[str]:
    """CloseStores, ReopenStores, PauseOffers or ResumeOffers of some stores; which ones it was.

    Fields: store_ids, region or tag; from_ms and until_ms for the two that begin something.
    """
    request = getattr(store_pb, f"{name}Request")()
    for field in ("from", "until"):
        time_ms = selected.pop(f"{field}_ms", None)
        if time_ms is not None:
            getattr(request, f"{field}_time").FromMilliseconds(time_ms)
    for field, value in selected.items():
        if isinstance(value, str):
            setattr(request, field, value)
        else:
            getattr(request, field).extend(value)
    answer = await stage.operator.control.call(getattr(stage.operator.control.stores, name), request)
    return list(answer.store_ids)
