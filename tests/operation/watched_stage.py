"""A real server with one shop and three customers, its journal on disk, and its metrics port."""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from geooffer.cli.assembly import RunningService, loopback_settings, running_service
from geooffer.client import GeoofferClient, Ping
from geooffer.engine.engine import Engine
from geooffer.engine.shapes import circle
from geooffer.model.catalog import Category, Customer, Geofence, Offer, Price, Product, StockFigure, Store
from geooffer.model.policy import DAY_MS
from geooffer.model.signals import Touchpoint
from geooffer.model.verdicts import Purpose, TouchpointKind
from geooffer.operation.http_port import MetricsPort
from geooffer.operation.traces import Traces
from geooffer.operation.watched import Watched
from geooffer.services.rights_watch import RightsWatch
from geooffer.services.stock_alarm import StockAlarm

START_MS = 1_772_528_400_000
"""Tuesday 2026-03-03 09:00 UTC."""
START = "2026-03-03T09:00:00Z"
SHOP_E7 = (473_000_000, 85_000_000)
ANNA, BERT, NOBODY = 1_001, 1_002, 1_003
"""Anna searched for running shoes; Bert consents but wants nothing; Nobody gave no consent."""
ALL_PURPOSES = sum(purpose.bit for purpose in Purpose)
END_S = 30


def stock(engine: Engine) -> None:
    """One shop with Anna's shoes, reduced."""
    now_ms = START_MS
    engine.put_nouns(
        [
            Store("shop", "Main Street", *SHOP_E7, "Europe/Zurich", "24/7"),
            Geofence("fence", circle(*SHOP_E7, 10_000), store_id="shop"),
            Category("shoes", (("en", "Running shoes"),)),
            Product("runner", "shoes", (("en", "Runner"),), stock_tracked=True),
            Offer("spring", "runner", now_ms - DAY_MS, now_ms + DAY_MS),
        ],
        now_ms=now_ms,
    )
    prices = [(10_000, now_ms - 60 * DAY_MS), (7_900, now_ms - 3_600_000)]
    engine.put_prices([Price("runner", amount, "EUR", since_ms) for amount, since_ms in prices], now_ms=now_ms)
    engine.report_stock([StockFigure("shop", "runner", None, 5, now_ms - 1_000)])
    engine.upsert_customers([Customer("anna", (ANNA,)), Customer("bert", (BERT,)), Customer("nobody", (NOBODY,))])
    for name in ("anna", "bert"):
        engine.record_consent(
            name, ALL_PURPOSES, granted=True, time_ms=now_ms - DAY_MS, now_ms=now_ms, notice_version="v1"
        )
    search = Touchpoint("anna", TouchpointKind.SEARCH, now_ms - DAY_MS, category_id="shoes")
    engine.record_touchpoints([search], now_ms=now_ms)
    engine.publish()


def in_shop(device_key: int, number: int) -> Ping:
    """A fix in the middle of the shop, `number` seconds after the start."""
    return Ping(47.3, 8.5, fix_time_ms=START_MS + number * 1_000, sequence=number + 1, device_key=device_key)


@dataclass(frozen=True, slots=True)
class Stage:
    """The server and who looks at it."""

    service: RunningService
    port: MetricsPort
    watched: Watched

    def client(self) -> GeoofferClient:
        """Speaks for all devices."""
        token = self.service.issue_token("operator")
        return GeoofferClient(self.service.data_address, control_target=self.service.control_address, token=token)

    async def get(self, path: str) -> tuple[int, Any]:
        """(status, JSON of the body) without holding up the loop."""
        status, body = await asyncio.to_thread(fetch, self.port.address, path)
        return status, json.loads(body)

    async def families(self) -> dict[str, Metric]:
        """What /metrics says, parsed, by name."""
        status, body = await asyncio.to_thread(fetch, self.port.address, "/metrics")
        assert status == 200
        return parsed(body)


def fetch(address: str, path: str, method: str = "GET") -> tuple[int, str]:
    """(status, body); to be called from any thread but the loop's."""
    host, _, number = address.rpartition(":")
    connection = http.client.HTTPConnection(host, int(number), timeout=END_S)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def parsed(body: str) -> dict[str, Metric]:
    """Families by name."""
    return {family.name: family for family in text_string_to_metric_families(body)}


def values(families: dict[str, Metric], name: str) -> dict[tuple[str, ...], float]:
    """Of a counter or gauge without zeros: label values, in order of their names, → value."""
    family = families[name]
    return {tuple(v for _, v in sorted(s.labels.items())): s.value for s in family.samples if s.value}


@asynccontextmanager
async def watched_service(state_dir: Path, traces: Traces | None = None) -> AsyncIterator[Stage]:
    """Run it."""
    watched = Watched(traces=traces)
    port = MetricsPort("127.0.0.1:0", watched)
    settings = loopback_settings(state_dir=state_dir, journal="sqlite", clock_start=START)
    try:
        async with running_service(settings, watched=watched) as service:
            stock(service.engine)
            watched.stock_alarm = StockAlarm(service.control)
            watched.rights_watch = RightsWatch(service.control)
            yield Stage(service, port, watched)
    finally:
        port.close()
