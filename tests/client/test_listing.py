"""Lists longer than a page come back whole, once each and in order of their ids."""

from __future__ import annotations

from pathlib import Path

from geooffer.cli.assembly import loopback_settings, running_service
from geooffer.client import GeoofferClient
from geooffer.client.listing import PAGE_SIZE, list_geofences, list_offers, list_stores
from geooffer.engine.shapes import circle, polygon_from_lonlat
from geooffer.model.catalog import Geofence, Store


async def test_lists_are_whole(tmp_path: Path) -> None:
    async with running_service(loopback_settings(state_dir=tmp_path)) as service:
        token = service.issue_token("operator")
        async with GeoofferClient(control_target=service.control_address, token=token) as client:
            assert await list_stores(client.control) == []
            assert await list_geofences(client.control) == []
            assert await list_offers(client.control) == []
            stores = [Store(f"s-{n:05}", f"Branch {n}", n, -n, "Europe/Zurich") for n in range(2 * PAGE_SIZE + 1)]
            await client.control.upsert_stores(stores)
            ring = [(8.0, 47.0), (8.1, 47.0), (8.1, 47.1), (8.0, 47.0)]
            fences = [
                Geofence("a", circle(470_000_000, 90_000_000, 5_000), "s-00001", "Door", 5_000),
                Geofence("b", polygon_from_lonlat([[ring]])[0]),
            ]
            await client.control.upsert_geofences(fences)
            assert await list_stores(client.control) == stores
            assert await list_geofences(client.control) == fences
