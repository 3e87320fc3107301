"""The client's calls about people, decisions and outcomes, against a whole server: both ports as `serve` binds them."""

from __future__ import annotations

from pathlib import Path

import pytest

from geooffer.cli.assembly import loopback_settings, running_service
from geooffer.client import GeoofferClient
from geooffer.errors import NotFoundError, PermissionDeniedError
from geooffer.model.catalog import Category, Customer, Offer, Price, Product, Size, StockFigure, Store
from geooffer.model.kinds import Channel, IdentityKind, OutcomeKind
from geooffer.model.policy import DAY_MS, HOUR_MS
from geooffer.model.signals import ConsentEvent, Identity, IdentityLink, Touchpoint
from geooffer.model.units import format_time_ms
from geooffer.model.verdicts import OfferVerdict, Purpose, TouchpointKind
from geooffer.rpc.checks import timestamp
from geooffer.v1 import offer_service_pb2 as offer_pb

NOW_MS = 1_772_528_400_000
HERE = (525_200_000, 134_050_000)
EU_43 = Size("EU", "43")
CARD = Identity(IdentityKind.LOYALTY, "card-7")


async def open_shop(client: GeoofferClient) -> None:
    control, all_purposes = client.control, sum(purpose.bit for purpose in Purpose)
    await control.upsert_stores([Store("mitte", "Mitte", *HERE, "Europe/Berlin", "24/7")])
    await control.upsert_categories([Category("shoes", (("en", "Running shoes"),))])
    await control.upsert_products([Product("shoe", "shoes", (("en", "Swift"),), (EU_43,))])
    prices = [Price("shoe", 12_000, "EUR", NOW_MS - 60 * DAY_MS), Price("shoe", 9_000, "EUR", NOW_MS - DAY_MS)]
    await control.upsert_prices(prices)
    await control.upsert_offers([Offer("o1", "shoe", NOW_MS - DAY_MS, NOW_MS + DAY_MS)])
    await control.report_stock([StockFigure("mitte", "shoe", EU_43, 5, NOW_MS - HOUR_MS)])
    await control.upsert_customers([Customer("ann", (7,)), Customer("bea", (8,))])
    await control.record_consents([ConsentEvent("ann", all_purposes, True, NOW_MS - DAY_MS, "1")])
    linked = await control.link_identities([IdentityLink("ann", CARD), IdentityLink("nobody", CARD)])
    assert (linked.accepted_count, [item.row for item in linked.refused]) == (1, [1])
    search = Touchpoint("", TouchpointKind.SEARCH, NOW_MS - HOUR_MS, "shoes", size=EU_43, identity=CARD)
    assert (await control.record_touchpoints([search])).accepted_count == 1


async def test_decided_told_reported_and_read_back(tmp_path: Path) -> None:
    settings = loopback_settings(clock_start=format_time_ms(NOW_MS), state_dir=tmp_path / "state")
    async with running_service(settings) as service:
        both = {"control_target": service.control_address}
        async with (
            GeoofferClient(service.data_address, **both, token=service.issue_token("operator")) as operator,
            GeoofferClient(service.data_address, token=service.issue_token("device", device_key=7)) as phone,
            GeoofferClient(service.data_address, token=service.issue_token("device", device_key=8)) as other,
        ):
            await open_shop(operator)
            control = operator.control
            answer = await control.decide(CARD, Channel.EMAIL, product_id="shoe", place_e7=HERE, request_id="r")
            assert OfferVerdict(answer.verdict) is OfferVerdict.OFFERED
            decision_id = answer.offer.decision_id
            again = await control.decide(CARD, Channel.EMAIL, product_id="shoe", place_e7=HERE, request_id="r")
            assert again == answer

            for client, error in ((other, NotFoundError), (phone, None)):
                call = client.report_outcome(decision_id, OutcomeKind.DISPLAYED, event_time_ms=NOW_MS)
                if error is None:
                    await call
                else:
                    with pytest.raises(error):
                        await call
            with pytest.raises(PermissionDeniedError):
                await phone.report_outcome(decision_id, OutcomeKind.REDEEMED, event_time_ms=NOW_MS, device_key=8)
            reports = [
                offer_pb.OutcomeReport(decision_id=name, kind="OUTCOME_KIND_REDEEMED", event_time=timestamp(NOW_MS))
                for name in ["none"] * 150 + [decision_id]
            ]
            told = await phone.report_outcomes(reports)  # two calls, rows counted through
            assert (told.accepted_count, [item.row for item in told.refused]) == (1, list(range(150)))

            kept = await control.decision(decision_id)
            assert [(item.kind, item.event_time.ToMilliseconds()) for item in kept.outcomes] == [
                (int(OutcomeKind.DISPLAYED), NOW_MS),
                (int(OutcomeKind.REDEEMED), NOW_MS),
            ]
            assert [item.verdict for item in (await control.recent_tries("ann")).tries] == [int(OfferVerdict.OFFERED)]
            nearby = await phone.find_nearby_stock("shoe", HERE, size=EU_43)
            assert [(item.store_id, item.distance_m, item.is_open) for item in nearby] == [("mitte", 0, True)]

            await control.merge_customers("bea", "ann")
            await other.report_outcome(decision_id, OutcomeKind.DELIVERED, event_time_ms=NOW_MS)
            await control.unlink_identity(IdentityLink("ann", CARD))
            with pytest.raises(NotFoundError):
                await control.decide(CARD, Channel.EMAIL)
