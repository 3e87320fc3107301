"""Live and ready are two questions; gRPC health answers as /readyz does."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from watched_stage import ALL_PURPOSES, END_S, START_MS, Stage, fetch, stock, values, watched_service

from geooffer.cli.assembly import loopback_settings, running_service
from geooffer.engine.clock import AHEAD_MAX_MS, CATCH_UP_DIVISOR
from geooffer.journal.verification import verify_state
from geooffer.model.catalog import Offer
from geooffer.model.units import format_time_ms
from geooffer.operation import checks
from geooffer.operation.http_port import MetricsPort
from geooffer.operation.startup import BEFORE_SERVING, Phase
from geooffer.operation.watched import Watched
from invoking import CliRunner, geooffer_app

SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING


async def until(stage: Stage, path: str, status: int) -> Any:
    """The body of the first answer of that status; it comes within a beat or two."""
    async with asyncio.timeout(END_S):
        while True:
            found, body = await stage.get(path)
            if found == status:
                return body
            await asyncio.sleep(0.02)


async def healths(stage: Stage) -> set[int]:
    """What gRPC health says on both ports, of the whole and of a service."""
    found = set()
    for address, service in (
        (stage.service.data_address, "geooffer.v1.PingService"),
        (stage.service.control_address, "geooffer.v1.StoreService"),
    ):
        async with grpc.aio.insecure_channel(address) as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            for name in ("", service):
                found.add((await stub.Check(health_pb2.HealthCheckRequest(service=name))).status)
    return found


async def until_healths(stage: Stage, status: int) -> None:
    async with asyncio.timeout(END_S):
        while await healths(stage) != {status}:
            await asyncio.sleep(0.02)


def failing(body: Any) -> list[str]:
    return [name for name, check in body["checks"].items() if not check["ok"]]


async def test_a_server_that_serves_is_live_and_ready(tmp_path: Path) -> None:
    async with watched_service(tmp_path) as stage:
        status, body = await stage.get("/livez")
        assert (status, body["ok"], body["phase"], failing(body)) == (200, True, "serving", [])
        assert tuple(body["checks"]) == checks.LIVE_NAMES
        status, body = await stage.get("/readyz")
        assert (status, body["ok"], failing(body)) == (200, True, [])
        assert tuple(body["checks"]) == checks.READY_NAMES
        assert await healths(stage) == {SERVING}
        # nothing of a person, whatever the catalog and the people are called
        assert not {"anna", "shop", "47.3"} & set(json.dumps(body).replace('"', " ").split())


async def test_low_disk_is_not_ready_and_alive_until_there_is_room(tmp_path: Path) -> None:
    async with watched_service(tmp_path) as stage:
        disk = stage.service.disk
        assert disk is not None
        disk.reserve_bytes = 2**62
        disk.check()
        assert failing(await until(stage, "/readyz", 503)) == ["disk"]
        await until_healths(stage, NOT_SERVING)
        assert (await stage.get("/livez"))[0] == 200
        disk.reserve_bytes = 0
        disk.check()
        await until(stage, "/readyz", 200)
        await until_healths(stage, SERVING)


async def test_a_journal_that_failed_is_dead(tmp_path: Path) -> None:
    async with watched_service(tmp_path) as stage:
        journal: Any = stage.service.engine.journal
        journal.call(lambda: 1 // 0)
        assert "journal" in failing(await until(stage, "/livez", 503))
        assert failing(await until(stage, "/readyz", 503)) == ["live"]
        await until_healths(stage, NOT_SERVING)
        assert "geooffer_journal_fault 1.0" in (await asyncio.to_thread(fetch, stage.port.address, "/metrics"))[1]


async def test_a_journal_that_is_behind_is_not_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "JOURNAL_PENDING_AGE_MAX_S", 0.05)
    async with watched_service(tmp_path) as stage:
        journal: Any = stage.service.engine.journal
        begun, over = threading.Event(), threading.Event()

        def stall() -> None:
            begun.set()
            over.wait(END_S)

        try:
            journal.call(stall)
            await asyncio.to_thread(begun.wait, END_S)
            stage.service.engine.delete_customer("bert")
            assert failing(await until(stage, "/readyz", 503)) == ["journal_keeps_up"]
            assert (await stage.get("/livez"))[0] == 200
        finally:
            over.set()
        await until(stage, "/readyz", 200)


async def test_a_time_far_ahead_of_the_real_one_is_not_ready_until_that_has_caught_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock was wrong at one start; the records of that time hold the next one ahead (T0)."""
    ahead_ms = AHEAD_MAX_MS + 3_600_000
    now_ms = time.time_ns() // 1_000_000
    wrong = loopback_settings(state_dir=tmp_path, journal="sqlite", clock_start=format_time_ms(now_ms + ahead_ms))
    async with running_service(wrong) as service:
        stock(service.engine)
        service.engine.record_consent(
            "bert", ALL_PURPOSES, granted=False, time_ms=now_ms + ahead_ms, now_ms=now_ms + ahead_ms, notice_version=""
        )
    found = await asyncio.to_thread(verify_state, tmp_path)
    assert found.latest_ms == now_ms + ahead_ms
    told = CliRunner().invoke(geooffer_app(), ["verify-state", "--state-dir", str(tmp_path)])
    assert (told.exit_code, "ahead of this machine's clock" in told.stdout) == (0, True)
    watched = Watched()
    port = MetricsPort("127.0.0.1:0", watched)
    right = loopback_settings(state_dir=tmp_path, journal="sqlite", clock="system")
    async with running_service(right, watched=watched) as service:
        stage = Stage(service, port, watched)
        body = await until(stage, "/readyz", 503)
        assert failing(body) == ["clock"]
        assert 3_600 < body["checks"]["clock"]["ahead_s"] <= ahead_ms / 1_000
        seconds = values(await stage.families(), "geooffer_clock_ahead_seconds")[()]
        assert 3_600 < seconds <= ahead_ms / 1_000
        assert (await stage.get("/livez"))[0] == 200
        await until_healths(stage, NOT_SERVING)
        # time passes, in one leap
        service.engine.clock.now_ms(now_ms + CATCH_UP_DIVISOR * (ahead_ms - AHEAD_MAX_MS) + 60_000)
        await until(stage, "/readyz", 200)
    port.close()


async def test_a_catalog_that_does_not_go_live_is_not_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "CATALOG_BEHIND_MAX_S", 0.05)
    async with watched_service(tmp_path) as stage:
        engine = stage.service.engine
        engine.delete_noun(Offer, "spring", now_ms=START_MS)  # and nobody asks the publisher
        assert failing(await until(stage, "/readyz", 503)) == ["catalog"]
        engine.publish()
        await until(stage, "/readyz", 200)


async def test_a_loop_that_does_not_turn_is_dead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "HEARTBEAT_AGE_MAX_S", 0.6)
    async with watched_service(tmp_path) as stage:
        got: list[str] = []

        def look() -> None:
            end_s = time.monotonic() + END_S
            while time.monotonic() < end_s:
                status, body = fetch(stage.port.address, "/livez")
                if status == 503:
                    got.append(body)
                    return

        looker = threading.Thread(target=look)
        looker.start()
        looker.join(END_S)  # on purpose: it is this loop that must not turn
        assert failing(json.loads(got[0])) == ["loop"]
        await until(stage, "/livez", 200)


def test_a_start_is_live_and_not_ready_and_tells_how_far_it_is() -> None:
    watched = Watched()
    port = MetricsPort("127.0.0.1:0", watched)
    try:
        told = {}
        for phase in Phase:
            if phase is not watched.startup.phase:
                watched.startup.enter(phase)
            watched.startup.tell("3 of 7")
            live, ready = (fetch(port.address, path) for path in ("/livez", "/readyz"))
            assert live[0] == 200
            assert ready[0] == 503
            told[phase] = json.loads(ready[1])
            assert told[phase]["phase"] == phase.value
            assert f'geooffer_phase{{phase="{phase.value}"}} 1.0' in fetch(port.address, "/metrics")[1]
        assert told[Phase.KERNELS]["checks"]["kernels"] == {"ok": False, "progress": "3 of 7"}
        assert told[Phase.RECOVERY]["checks"]["recovered"] == {"ok": False, "progress": "3 of 7"}
        assert told[Phase.RECOVERY]["checks"]["kernels"]["ok"]
        assert [phase for phase in Phase if not told[phase]["checks"]["recovered"]["ok"]][:3] == [
            Phase.STARTING, Phase.KERNELS, Phase.RECOVERY
        ]  # fmt: skip
        draining = [phase for phase in Phase if "not_draining" in failing(told[phase])]
        assert draining == [Phase.DRAINING, Phase.STOPPED]
        assert set(watched.startup.seconds) == BEFORE_SERVING
    finally:
        port.close()


async def test_the_port_answers_while_a_server_starts(tmp_path: Path) -> None:
    """Asked from within the start, on the thread that starts: the port's own threads answer."""
    watched = Watched()
    port = MetricsPort("127.0.0.1:0", watched)
    told: list[tuple[int, int, Any]] = []

    def on_compile(done: int, total: int, _name: str) -> None:
        watched.startup.tell(f"kernel {done + 1} of {total}")
        if done < 2:
            ready, body = fetch(port.address, "/readyz")
            told.append((fetch(port.address, "/livez")[0], ready, json.loads(body)))

    try:
        async with running_service(loopback_settings(state_dir=tmp_path), on_compile=on_compile, watched=watched):
            assert fetch(port.address, "/readyz")[0] == 200
        assert fetch(port.address, "/readyz")[0] == 503
    finally:
        port.close()
    assert [(live, ready, body["phase"]) for live, ready, body in told] == [(200, 503, "kernels")] * 2
    assert told[1][2]["checks"]["kernels"]["progress"].startswith("kernel 2 of ")
