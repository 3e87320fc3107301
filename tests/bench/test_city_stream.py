"""The demo city over real gRPC gives the same events as in process: transport and batching change nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from geooffer.bench.city import START_MS, build_city
from geooffer.bench.city_explain import explain_stories
from geooffer.bench.city_in_process import load_engine, run_engine
from geooffer.bench.city_load import load_city
from geooffer.bench.city_run import CityRun
from geooffer.bench.city_stories import find_stories
from geooffer.bench.city_stream import CityStream, reason_kind_of
from geooffer.cli.assembly import loopback_settings, running_service
from geooffer.client import GeoofferClient
from geooffer.model.kinds import Fulfilment
from geooffer.model.units import format_time_ms
from geooffer.model.verdicts import OfferVerdict, PingVerdict, TouchpointKind, TransitionKind
from geooffer.rpc.render import REASONS

LONG = pytest.mark.long


@pytest.mark.parametrize("index", ["cells", pytest.param("packed", marks=LONG), pytest.param("rtree", marks=LONG)])
async def test_over_grpc_as_in_process(tmp_path: Path, index: str) -> None:
    city = build_city(seed=3, customer_count=120)
    alone = CityRun.of(city)
    run_engine(city, load_engine(city), alone)
    settings = loopback_settings(clock_start=format_time_ms(START_MS), state_dir=tmp_path / "state", index=index)
    loaded: dict[str, int] = {}
    async with running_service(settings) as service:
        token = service.issue_token("operator")
        async with GeoofferClient(service.data_address, control_target=service.control_address, token=token) as client:
            await load_city(city, client.control, loaded.__setitem__)
            stream = CityStream(city)
            await stream.stream(client, lambda: None)
            statistics = await client.control.statistics()
    assert loaded["stock figures"] == len(city.assortment.stock)
    assert np.array_equal(stream.run.ping_verdicts, alone.ping_verdicts)
    assert stream.run.tries == alone.tries
    # decision ids are keyed per server; all else is the same
    assert [replace(o, decision_id="") for o in stream.run.offers] == [replace(o, decision_id="") for o in alone.offers]
    for kind in (TransitionKind.ENTER, TransitionKind.DWELL):
        assert stream.run.transitions[kind] == alone.transitions[kind] > 0
    assert len(stream.run.offers) == statistics.offer_count > 20
    assert stream.decided_row_count == len(city.pings)
    assert stream.latency_ms(50) > 0
    assert stream.run.incident_count == alone.incident_count == 2


def test_a_reason_is_told_apart_by_its_sentence() -> None:
    for language, sentences in REASONS.items():
        for kind, sentence in sentences.items():
            assert reason_kind_of(sentence.format("Weil because"), language) is kind
    with pytest.raises(ValueError, match="none of the sentences"):
        reason_kind_of("because we can", "en")


def test_a_city_makes_all_kinds_of_verdicts_happen() -> None:
    city = build_city(seed=3, customer_count=600)
    run = CityRun.of(city)
    run_engine(city, load_engine(city), run)
    assert set(run.ping_counts()) == {
        PingVerdict.ACCEPTED, PingVerdict.NO_CONSENT, PingVerdict.ACCURACY_TOO_COARSE, PingVerdict.DUPLICATE,
    }  # fmt: skip
    assert set(run.try_counts()) >= {
        OfferVerdict.STORE_CLOSED, OfferVerdict.TOO_FAST, OfferVerdict.QUIET_HOURS, OfferVerdict.PURPOSE_NOT_CONSENTED,
        OfferVerdict.OFFER_INACTIVE, OfferVerdict.AUDIENCE_MISMATCH, OfferVerdict.NO_INTENT,
        OfferVerdict.RECENTLY_BOUGHT, OfferVerdict.SIZE_MISMATCH, OfferVerdict.OUT_OF_STOCK, OfferVerdict.STOCK_STALE,
        OfferVerdict.NO_PRICE_ADVANTAGE, OfferVerdict.ALREADY_OFFERED, OfferVerdict.COOLDOWN,
        OfferVerdict.FREQUENCY_CAP, OfferVerdict.HELD_OUT, OfferVerdict.OFFERED,
    }  # fmt: skip
    assert set(run.reason_counts()) >= {TouchpointKind.SEARCH, TouchpointKind.VIEW, TouchpointKind.PURCHASE}
    assert set(run.fulfilment_counts()) == set(Fulfilment)
    assert sum(run.campaign_counts(city).values()) == len(run.offers)
    assert [story.kind for story in find_stories(city, run)] == [
        "offered", "held back", "no consent", "due again", "elsewhere", "closed",
    ]  # fmt: skip


def test_each_story_is_explained_as_it_happened() -> None:
    city = build_city(seed=3, customer_count=300)
    told = explain_stories(city)
    explained = {e.story.kind: e.explanation for e in told}
    assert explained["offered"].ping_verdict is PingVerdict.ACCEPTED
    offered = [c for fence in explained["offered"].fences for c in fence.candidates]
    assert [c.verdict for c in offered].count(OfferVerdict.OFFERED) == 1
    held = next(fence for fence in explained["held back"].fences if fence.verdict)
    assert held.verdict not in (OfferVerdict.OFFERED, OfferVerdict.NO_INTENT)
    assert explained["no consent"].ping_verdict is PingVerdict.NO_CONSENT
    assert explained["no consent"].fences == ()
    for story in (e.story for e in told if e.story.kind in ("due again", "elsewhere")):
        verdicts = [c.verdict for fence in explained[story.kind].fences for c in fence.candidates]
        assert verdicts.count(OfferVerdict.OFFERED) == 1
    if "closed" in explained:
        assert {fence.verdict for fence in explained["closed"].fences} == {OfferVerdict.STORE_CLOSED}
