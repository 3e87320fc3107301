"""What /metrics says is what happened; names and labels are such that nobody is found by them."""

from __future__ import annotations

import asyncio
import re
import threading
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path

import grpc
import pytest
from watched_stage import ANNA, BERT, END_S, NOBODY, Stage, fetch, in_shop, parsed, values, watched_service

from geooffer.client import GeoofferClient, Ping
from geooffer.model.kinds import OutcomeKind
from geooffer.model.verdicts import OfferVerdict, PingVerdict, TransitionKind
from geooffer.operation.checks import READY_NAMES
from geooffer.operation.observations import STAGES
from geooffer.operation.startup import Phase
from geooffer.rpc import roles
from geooffer.v1.store_service_pb2 import GetStoreRequest
from geooffer.v1.store_service_pb2_grpc import StoreServiceStub

PAGE = Path(__file__).parents[2] / "docs" / "operation.md"
ROW = re.compile(r"\| `((?:geooffer|process)_\w+)` \| (counter|gauge|histogram) \| ([^|]*) \|")
ALLOWED_VALUES = {
    "verdict": {verdict.name for verdict in (*PingVerdict, *OfferVerdict)},
    "kind": {kind.name for kind in (*TransitionKind, *OutcomeKind)},
    "phase": {phase.value for phase in Phase},
    "check": set(READY_NAMES),
    "stage": set(STAGES),
    "outcome": {"applied", "unchanged", "refused", "ok", "failed"},
    "method": {method.lstrip("/") for method in roles.METHODS},
    "code": {code.name for code in grpc.StatusCode},
    "version": {version("geooffer")},
}


async def drive(stage: Stage) -> None:
    """Pings of all kinds, one offer, and calls that end well and badly, some of them to nobody."""
    async with stage.client() as client:
        answers = [await client.ingest(in_shop(ANNA, number)) for number in range(3)]
        assert [len(answer.offers) for answer in answers] == [1, 0, 0]
        await client.ingest(in_shop(BERT, 3))
        await client.ingest(in_shop(NOBODY, 4))
        await client.ingest(Ping(47.3, 8.5, fix_time_ms=0, device_key=ANNA, sequence=9))
        await client.control.catalog_state()
    async with GeoofferClient(control_target=stage.service.control_address, token="no.token.atall") as stranger:
        with pytest.raises(Exception, match="token"):
            await stranger.control.catalog_state()
    own = (("authorization", f"Bearer {stage.service.issue_token('operator')}"),)
    async with grpc.aio.insecure_channel(stage.service.control_address) as channel:
        with pytest.raises(grpc.aio.AioRpcError):
            await StoreServiceStub(channel).GetStore(GetStoreRequest(store_id="nowhere-at-all"), metadata=own)
        with pytest.raises(grpc.aio.AioRpcError):
            await channel.unary_unary("/geooffer.v1.StoreService/person-4711")(b"")


async def test_it_says_what_happened(tmp_path: Path) -> None:
    async with watched_service(tmp_path) as stage:
        await drive(stage)
        families = await stage.families()
        journal, engine = stage.service.engine.journal, stage.service.engine
    assert values(families, "geooffer_pings") == {("ACCEPTED",): 4, ("NO_CONSENT",): 1, ("STALE_FIX",): 1}
    assert values(families, "geooffer_offers") == {(): 1}
    assert values(families, "geooffer_shadow_offers") == {}
    assert values(families, "geooffer_tries") == {("OFFERED",): 1, ("NO_INTENT",): 1}
    assert values(families, "geooffer_transitions") == {("ENTER",): 2}
    assert values(families, "geooffer_decisions") == values(families, "geooffer_decisions_within_budget") == {(): 1}
    assert values(families, "geooffer_persons") == values(families, "geooffer_devices") == {(): 3}
    assert values(families, "geooffer_streams_open") == {}
    assert values(families, "geooffer_catalog_live_generation") == {(): engine.saved_generation}
    assert values(families, "geooffer_journal_records") == {(): journal.appended_record_count}
    assert values(families, "geooffer_journal_pending_records") == {}
    assert values(families, "geooffer_journal_last_lsn") == values(families, "geooffer_journal_commits")
    assert values(families, "geooffer_calls") == {
        ("OK", "geooffer.v1.StoreService/GetCatalogState"): 1,
        ("NOT_FOUND", "geooffer.v1.StoreService/GetStore"): 1,
        ("UNAUTHENTICATED", "geooffer.v1.StoreService/GetCatalogState"): 1,
    }
    for name, count in (("geooffer_batch_rows", 6), ("geooffer_batch_stage_seconds", 6 * len(STAGES))):
        counts = [sample.value for sample in families[name].samples if sample.name == f"{name}_count"]
        assert sum(counts) == count
    assert values(families, "geooffer_phase") == {("serving",): 1}
    assert values(families, "geooffer_ready") == {(name,): 1 for name in READY_NAMES}


async def test_names_and_labels_are_bounded_and_in_the_docs(tmp_path: Path) -> None:
    async with watched_service(tmp_path) as stage:
        await drive(stage)
        _, body = await asyncio.to_thread(fetch, stage.port.address, "/metrics")
    assert "person-4711" not in body
    assert "nowhere" not in body
    families = {name: family for name, family in parsed(body).items() if name.startswith("geooffer_")}
    shown = set()
    for name, family in families.items():
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        for sample in family.samples:
            for label in labels:
                assert sample.labels[label] in ALLOWED_VALUES[label], (name, sample.labels)
        assert family.documentation.endswith("."), name
        exposed = f"{name}_total" if family.type == "counter" else name
        assert not re.search(r"_(ms|ns|us|milliseconds|size|time|count)$", name), name
        if "time" in family.documentation.lower().split() or "since" in family.documentation.lower().split():
            assert name.endswith(("_seconds", "_lsn")), name
        shown.add((exposed, family.type, ", ".join(sorted(labels))))
    rows = ROW.findall(PAGE.read_text(encoding="utf-8"))
    documented = {(name, kind, ", ".join(sorted(re.findall(r"\w+", labels)))) for name, kind, labels in rows}
    assert {row for row in documented if row[0].startswith("geooffer_")} == shown
    assert {name for name, _, _ in documented if name.startswith("process_")} <= {
        sample.name for family in parsed(body).values() for sample in family.samples
    }


async def test_scrapes_under_load_never_go_back_and_hold_up_nobody(tmp_path: Path) -> None:
    """Counts read from another thread while the loop decides grow from scrape to scrape, up to the last ping."""
    async with watched_service(tmp_path) as stage:
        seen: list[dict[str, float]] = []
        over = threading.Event()

        def scrape() -> None:
            while not over.is_set():
                families = parsed(fetch(stage.port.address, "/metrics")[1])
                names = [name for name, family in families.items() if family.type == "counter"]
                seen.append({name: sum(values(families, name).values()) for name in names})

        scraping = asyncio.create_task(asyncio.to_thread(scrape))
        async with stage.client() as client:
            number = 0
            while len(seen) < 5:
                await asyncio.gather(*(client.ingest(in_shop(BERT, number + i)) for i in range(8)))
                number += 8
                assert not scraping.done()
            over.set()
            await scraping
        last = await stage.families()
    for earlier, later in pairwise(seen):
        assert all(later[name] >= earlier[name] for name in earlier if name.startswith("geooffer_"))
    assert seen[-1]["geooffer_pings"] > 0
    assert sum(values(last, "geooffer_pings").values()) == number


async def test_a_scrape_needs_no_loop(tmp_path: Path) -> None:
    """The loop is held from here until the scrape is over: whoever waited for the other would wait for ever."""
    async with watched_service(tmp_path) as stage:
        got: list[int] = []
        scraper = threading.Thread(target=lambda: got.append(fetch(stage.port.address, "/metrics")[0]))
        scraper.start()
        scraper.join(END_S)
        assert got == [200]
