"""D2 over a real server with real files: erased, she is in no file; a restored backup does not bring her back.

What is searched: every file of the state directory (journal, write-ahead log, snapshots, ledger, keys), all that the
server wrote, and its metrics. For what: canary_bytes.py. Backups are not searched: they hold her until they expire.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from canary_bytes import (
    CUSTOMER_ID,
    NEVER,
    NOTICE_VERSION,
    OTHER_ID,
    SEARCH_TEXT,
    WEB,
    files_below,
    found,
    marks_of,
)
from canary_marks import DEVICE
from running_shoes import EU_43, HOUR_MS, NOW_MS, STANDING_PURPOSES, running_shoes_world, walk_past

from geooffer.bench.ping_batches import replayed_batches
from geooffer.cli.assembly import loopback_settings, running_service
from geooffer.client import GeoofferClient
from geooffer.errors import NotFoundError
from geooffer.model.catalog import Customer
from geooffer.model.policy import DAY_MS
from geooffer.model.signals import ConsentEvent, IdentityLink, Touchpoint
from geooffer.model.units import format_time_ms
from geooffer.model.verdicts import TouchpointKind
from geooffer.rpc.auth import issue_token
from geooffer.rpc.keys import development_keys
from geooffer.v1 import privacy_service_pb2 as pb
from invoking import CliRunner, geooffer_app
from serving import serving

END_S = 300
TOUCHED = {
    "consents", "contacts", "customers", "decisions", "devices", "facts", "identities", "intents", "recent_tries",
    "united_customers",
}  # fmt: skip
GUEST = "guest-1"
SEARCH = Touchpoint(CUSTOMER_ID, TouchpointKind.SEARCH, NOW_MS - HOUR_MS, size=EU_43, search_text=SEARCH_TEXT)
GEOOFFER = [sys.executable, "-m", "geooffer.cli.main"]
pytestmark = [pytest.mark.usefixtures("clean_environment"), pytest.mark.timeout(END_S)]


@dataclass
class Server:
    """A `geooffer serve` and its operator."""

    process: subprocess.Popen[str]
    client: GeoofferClient
    metrics_address: str

    async def call(self, method: str, request: Any) -> Any:
        control = self.client.control
        return await control.call(getattr(control.privacy, method), request)

    async def erase(self, customer_id: str) -> pb.Erasure:
        """Returns when it is done."""
        erasure = (await self.call("EraseSubject", pb.EraseSubjectRequest(customer_id=customer_id))).erasure
        return await self.done(erasure.erasure_id)

    async def done(self, erasure_id: str) -> pb.Erasure:
        while True:
            erasure = (await self.call("GetErasure", pb.GetErasureRequest(erasure_id=erasure_id))).erasure
            if erasure.state == pb.ERASURE_STATE_DONE:
                return erasure
            await asyncio.sleep(0.1)

    async def metrics(self) -> str:
        url = f"http://{self.metrics_address}/metrics"
        return await asyncio.to_thread(lambda: urllib.request.urlopen(url, timeout=10).read().decode())


@asynccontextmanager
async def server(state_dir: Path, log: Path) -> AsyncIterator[Server]:
    """Ended in order; what it wrote is added to `log`."""
    options = ("--state-dir", str(state_dir), "--clock", "client", "--clock-start", format_time_ms(NOW_MS))
    with serving(GEOOFFER, "--json", "--metrics-address", "127.0.0.1:0", "--log-level", "debug", *options) as process:
        assert process.stdout is not None
        ready = await asyncio.to_thread(process.stdout.readline)
        written = asyncio.create_task(asyncio.to_thread(process.communicate))
        where = json.loads(ready)
        key = development_keys(state_dir).private_key
        token = issue_token(key, role="operator", subject="officer", now_s=time.time())
        client = GeoofferClient(where["data_address"], control_target=where["control_address"], token=token)
        try:
            async with client:
                yield Server(process, client, where["metrics_address"])
        finally:
            process.send_signal(signal.SIGTERM)
            out, err = await written
            log.write_text((log.read_text() if log.exists() else "") + ready + out + err)
    assert process.returncode == 0, err


async def live_a_life(client: GeoofferClient) -> None:
    """A shop; anna, marked in every way, united with another id of hers, searches and is offered something; a guest."""
    control, world = client.control, running_shoes_world()
    for batch in (
        control.upsert_stores(world.stores),
        control.upsert_geofences(world.fences),
        control.upsert_categories(world.categories),
        control.upsert_products(world.products),
        control.upsert_prices(world.prices),
        control.upsert_offers(world.offers),
        control.report_stock(world.stock),
        control.upsert_customers([Customer(name, ()) for name in (CUSTOMER_ID, OTHER_ID, GUEST)]),
        control.link_identities(
            [IdentityLink(CUSTOMER_ID, WEB), IdentityLink(OTHER_ID, device_key=DEVICE)],
        ),
        control.record_consents(
            [
                ConsentEvent(name, sum(p.bit for p in STANDING_PURPOSES), True, NOW_MS - DAY_MS, NOTICE_VERSION)
                for name in (CUSTOMER_ID, OTHER_ID)
            ]
        ),
        control.record_touchpoints([SEARCH]),
    ):
        assert (await batch).refused == []
    await control.merge_customers(OTHER_ID, CUSTOMER_ID)
    await control.wait_live((await control.catalog_state()).saved_generation)
    told = [answer async for answer in client.stream_answers(replayed_batches(walk_past(DEVICE), 100))]
    assert sum(len(answer.offers) for answer in told) == 1


async def assert_she_is_gone(running: Server) -> None:
    """Nothing is held of her, and nothing that comes late brings her back."""
    control = running.client.control
    for name in (CUSTOMER_ID, OTHER_ID):
        with pytest.raises(NotFoundError):
            await running.call("ExportSubject", pb.ExportSubjectRequest(customer_id=name, reason="a test"))
        with pytest.raises(NotFoundError):
            await control.recent_tries(name)
    for signal_of_hers in (SEARCH, replace(SEARCH, customer_id="", identity=WEB)):
        refused = (await control.record_touchpoints([signal_of_hers])).refused
        assert [row.reason for row in refused] == ["NOT_FOUND"]
    event = ConsentEvent(CUSTOMER_ID, 127, True, NOW_MS, NOTICE_VERSION)
    assert [row.reason for row in (await control.record_consents([event])).refused] == ["NOT_FOUND"]
    later = walk_past(DEVICE, start_ms=NOW_MS + HOUR_MS, first_sequence=100)
    answers = [answer async for answer in running.client.stream_answers(replayed_batches(later, 100))]
    assert [offer for answer in answers for offer in answer.offers] == []
    assert sum(len(answer.rejected_rows) for answer in answers) == len(later)


def assert_no_trace(state_dir: Path, *logs: Path) -> None:
    files = [file for path in (state_dir, *logs) for file in (files_below(path) if path.is_dir() else [path])]
    assert len(files) > 60, "the parts of a snapshot, the journal, the ledger"
    assert found(marks_of(state_dir) | NEVER, files) == {}


async def command(*arguments: str | Path) -> str:
    """What a `geooffer` command wrote to stdout."""
    done = await asyncio.to_thread(CliRunner().invoke, geooffer_app(), [*map(str, arguments)])
    assert done.exit_code == 0, done.stderr
    return str(done.stdout)


async def restored(backup: Path, state_dir: Path) -> None:
    told = json.loads(await command("restore", backup, "--state-dir", state_dir, "--force", "--json"))
    assert told["erased_again"] == 1


async def put_back(backup: Path, state_dir: Path) -> None:
    """Old files in place of what is there, by hand: nobody looks into the ledger, which stays."""
    for path in [*state_dir.glob("journal*"), *state_dir.glob("snapshot-*")]:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in [*backup.glob("journal*"), *backup.glob("snapshot-*")]:
        (shutil.copytree if path.is_dir() else shutil.copy)(path, state_dir / path.name)


@pytest.mark.parametrize("by_hand", [False, pytest.param(True, marks=pytest.mark.long)])
async def test_erased_she_is_in_no_file_and_no_backup_brings_her_back(tmp_path: Path, by_hand: bool) -> None:
    state_dir, backup = tmp_path / "state", tmp_path / "backup"
    log, metrics = tmp_path / "server.log", tmp_path / "metrics"
    async with server(state_dir, log) as running:
        await live_a_life(running.client)
        marks = marks_of(state_dir)
        # the controls: the search finds her wherever she is, in the journal and in a snapshot
        assert found(marks, state_dir.glob("journal*")).keys() == marks.keys()
        await running.erase(GUEST)
        assert found(marks, state_dir.glob("snapshot-*/*")).keys() == marks.keys()
        assert found(marks, state_dir.glob("journal*")) == {}
        assert found(NEVER, files_below(state_dir)) == {}
        await command("backup", backup, "--state-dir", state_dir)

        erasure = await running.erase(OTHER_ID)
        counts = {row.table: row.row_count for row in erasure.touched}
        assert {name for name, count in counts.items() if count} == TOUCHED
        assert erasure.snapshot_lsn >= erasure.lsn > 0
        await assert_she_is_gone(running)
        # while the server runs: its write-ahead log is there, too
        assert_no_trace(state_dir)
        metrics.write_text(await running.metrics())
    assert_no_trace(state_dir, log, metrics)

    assert found(marks, files_below(backup)).keys() == marks.keys(), "what comes back does hold her"
    for put_old_files_back in (restored, put_back)[: 1 + by_hand]:
        await put_old_files_back(backup, state_dir)
        async with server(state_dir, log) as running:
            await assert_she_is_gone(running)
            await no_trace_soon(state_dir)
            assert (await running.client.control.catalog_state()).store_count == 1, "all else is back"
        assert_no_trace(state_dir, log)


async def no_trace_soon(state_dir: Path) -> None:
    """A start that erases has a snapshot written; it may take a moment."""
    while found(marks_of(state_dir), files_below(state_dir)):
        await asyncio.sleep(0.2)


async def test_without_a_snapshot_her_bytes_stay_in_the_journal(tmp_path: Path) -> None:
    """The control: what makes the search above find nothing is the compaction, not the erase record."""
    settings = loopback_settings(journal="sqlite", state_dir=tmp_path, clock_start=format_time_ms(NOW_MS))
    async with running_service(settings) as service:
        service.control.erasures.compact = None
        token = service.issue_token("operator")
        async with GeoofferClient(service.data_address, control_target=service.control_address, token=token) as client:
            await live_a_life(client)
            request = pb.EraseSubjectRequest(customer_id=CUSTOMER_ID)
            erasure = (await client.control.call(client.control.privacy.EraseSubject, request)).erasure
            assert erasure.state == pb.ERASURE_STATE_PENDING
    marks = marks_of(tmp_path)
    assert found(marks, files_below(tmp_path)).keys() == marks.keys()
    # the next start sees that it is pending, and has it done
    async with running_service(settings):
        await no_trace_soon(tmp_path)
    assert found(marks | NEVER, files_below(tmp_path)) == {}
