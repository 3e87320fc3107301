"""Lists longer than a page come back whole and once each."""

from __future__ import annotations

from pathlib import Path

import pytest

from geooffer.cli.assembly import loopback_settings, running_service
from geooffer.client import GeoofferClient, pages
from geooffer.client.closures import StoreSelection, list_closures, switch_stores
from geooffer.client.holdings import NOUN_KINDS, held_nouns
from geooffer.client.listing import list_erasures, list_geofences, list_offers, list_stores
from geooffer.client.pages import PAGE_ROW_COUNT
from geooffer.engine.shapes import circle, polygon_from_lonlat
from geooffer.model.catalog import Customer, Geofence, Store
from geooffer.model.kinds import SwitchKind
from geooffer.v1 import privacy_service_pb2


async def test_lists_are_whole(tmp_path: Path) -> None:
    async with running_service(loopback_settings(state_dir=tmp_path)) as service:
        token = service.issue_token("operator")
        async with GeoofferClient(control_target=service.control_address, token=token) as client:
            assert await list_stores(client.control) == []
            assert await list_geofences(client.control) == []
            assert await list_offers(client.control) == []
            stores = [Store(f"s-{n:05}", f"Branch {n}", n, -n, "Europe/Zurich") for n in range(2 * PAGE_ROW_COUNT + 1)]
            await client.control.upsert_stores(stores)
            ring = [(8.0, 47.0), (8.1, 47.0), (8.1, 47.1), (8.0, 47.0)]
            fences = [
                Geofence("a", circle(470_000_000, 90_000_000, 5_000), "s-00001", "Door", 5_000),
                Geofence("b", polygon_from_lonlat([[ring]])[0]),
            ]
            await client.control.upsert_geofences(fences)
            assert await list_stores(client.control) == stores
            assert await list_geofences(client.control) == fences


@pytest.mark.parametrize("page_row_count", [1, 2, 3])
async def test_every_list_goes_on_after_its_first_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page_row_count: int
) -> None:
    monkeypatch.setattr(pages, "PAGE_ROW_COUNT", page_row_count)
    store_ids = ["s-1", "s-2", "s-3"]
    async with running_service(loopback_settings(state_dir=tmp_path, clock="system")) as service:
        where, token = service.control_address, service.issue_token
        async with (
            GeoofferClient(control_target=where, token=token("operator")) as operator,
            GeoofferClient(control_target=where, token=token("privacy_officer")) as officer,
        ):
            await operator.control.upsert_stores([Store(name, name, 1, 1, "Europe/Zurich") for name in store_ids])
            await switch_stores(operator.control, SwitchKind.CLOSED, StoreSelection(store_ids))
            assert sorted(row.store_id for row in await list_closures(operator.control)) == store_ids
            assert sorted(await held_nouns(operator.control, NOUN_KINDS["stores"])) == store_ids
            erased = []
            for customer_id in ("anna", "ben", "cleo"):
                await operator.control.upsert_customers([Customer(customer_id, ())])
                request = privacy_service_pb2.EraseSubjectRequest(customer_id=customer_id)
                erased.append((await officer.control.call(officer.control.privacy.EraseSubject, request)).erasure)
            found = [erasure.erasure_id for erasure in await list_erasures(officer.control)]
            assert sorted(found) == sorted(erasure.erasure_id for erasure in erased)
