"""`geooffer bench effect`: its judges, its load, races over a real server, and gates that leak: planted, and caught."""

from __future__ import annotations

import asyncio
import itertools
import json
from array import array
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import pytest

from geooffer.bench.effect import EffectPlan
from geooffer.bench.effect_calls import PERSON_KINDS, POLICY_KINDS, Caller, RacePlan, Trial, calling, persons_of, race
from geooffer.bench.effect_judge import judge, parts_of
from geooffer.bench.effect_load import EffectLoad, EffectLoadPlan, Received, is_active, messages_of
from geooffer.bench.effect_watch import Watched
from geooffer.bench.paced_load import Pace
from geooffer.cli.bench_effect import Raced, raced_service
from geooffer.dataplane.stream import PingStream
from geooffer.engine.engine import Engine
from geooffer.engine.people import People
from geooffer.v1 import ping_service_pb2 as pb
from invoking import CliRunner, geooffer_app

HERS, ANOTHER = 5, 6


def watched(*left: tuple[float, int]) -> Watched:
    """A server that handed these over: (when, to which device)."""
    return Watched(array("d", [moment_s for moment_s, _ in left]), array("q", [key for _, key in left]))


def received(*offers: tuple[float, float, int]) -> Received:
    """Gateways that got these: (ping sent, offer received, device)."""
    sent_s, received_s, keys = zip(*offers, strict=True) if offers else ((), (), ())
    return Received(array("q", keys), array("d", sent_s), array("d", received_s))


def test_late_is_what_left_after_the_return_to_whom_it_concerns() -> None:
    seen = watched((0.9, HERS), (1.5, HERS), (2.0, HERS), (2.1, HERS), (2.2, ANOTHER))
    told = judge([Trial("withdraw", HERS, 1.0, 2.0)], seen, received())["withdraw"]
    assert (told["offers_left_late"], told["offers_meanwhile"], told["trials_with_offers_before"]) == (1, 2, 1)
    told = judge([Trial("kill", 0, 1.0, 2.0, until_s=2.15)], seen, received())["kill"]
    assert (told["offers_left_late"], told["offers_meanwhile"]) == (1, 2)
    assert judge([Trial("kill", 0, 1.0, 2.15)], seen, received())["kill"]["offers_left_late"] == 1
    assert judge([Trial("erase", 7, 1.0, 2.0)], seen, received())["erase"]["trials_with_offers_before"] == 0


def test_an_offer_for_an_earlier_ping_is_under_way_and_one_for_a_later_ping_is_late() -> None:
    got = received((1.9, 2.5, HERS), (2.1, 2.5, HERS), (2.1, 2.5, ANOTHER), (1.0, 1.9, HERS))
    told = judge([Trial("snooze", HERS, 1.0, 2.0)], watched(), got)["snooze"]
    assert (told["offers_answered_late"], told["offers_under_way"], told["offers_left_late"]) == (1, 1, 0)
    got = received((2.1, 2.5, HERS), (2.1, 2.8, HERS))
    told = judge([Trial("publish", 0, 1.0, 2.0, until_s=2.7)], watched(), got)["publish"]
    assert told["offers_answered_late"] == 1, "the other waited, and was decided when offers flowed again"


def test_the_time_of_a_call_is_told_in_parts_that_make_it_up() -> None:
    seen = watched()
    seen.records += [(0.5, ("PolicyStopSwitched",)), (1.25, ("CallNoted", "ConsentTaken")), (1.5, ("ConsentTaken",))]
    seen.commits += [(1.125, 1.5), (1.5, 1.75), (1.75, 1.875)]
    call = Trial("withdraw", HERS, 1.0, 2.0)
    assert parts_of(call, seen) == (0.25, 0.25, 0.25, 0.25)
    assert parts_of(Trial("withdraw", HERS, 1.0, 1.3), seen) is None, "no commit with it was over"
    assert parts_of(Trial("kill", 0, 1.0, 2.0), seen) is None, "its record is another"
    told = judge([call], seen, received())["withdraw"]
    assert told["slow_trials"] == 1
    assert told["slow_mean"] == dict.fromkeys(told["slow_mean"], 250_000)
    assert told["p50_us"] == pytest.approx(1_000_000, rel=0.002)


def test_one_person_in_four_is_inside_at_every_third_ping_and_visits_end() -> None:
    batches = [pb.StreamPingsRequest.FromString(data).batch for data in messages_of(9, 16)]
    assert {tuple(batch.device_keys) for batch in batches} == {tuple(range(9, 25))}
    for row, device_key in enumerate(range(9, 25)):
        ways = [batch.latitudes_e7[row] for batch in batches]
        inside = [step for step, latitude_e7 in enumerate(ways) if latitude_e7 == min(ways)]
        gaps = {(after - before) % len(ways) for before, after in zip(inside, inside[1:] + inside[:1], strict=True)}
        assert gaps == ({3} if is_active(device_key) else {0})
        assert len(inside) == (7 if is_active(device_key) else 1)


def test_each_kind_of_call_has_persons_of_its_own() -> None:
    those = {kind: list(persons_of(kind, 3)) for kind in PERSON_KINDS}
    assert sorted(itertools.chain(*those.values())) == [key for key in range(1, 49) if is_active(key)]


# -- races over a real server --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Running:
    """A server under load, in this process."""

    raced: Raced
    caller: Caller
    load: EffectLoad


@asynccontextmanager
async def running(directory: Path, trial_count: int = 2) -> AsyncIterator[Running]:
    """Offers flow."""
    races = RacePlan(trial_count, trial_count, 0.01, 0.05, 0.1)
    plan = EffectPlan(directory, stream_count=2, row_count=32, races=races)
    async with raced_service(plan) as raced, AsyncExitStack() as ending:
        service, tokens = raced.service, raced.tokens
        caller = await calling(ending, service.data_address, service.control_address, tokens)
        await caller.let_flow()
        # of four messages at least one has her inside her fence
        load = EffectLoad(EffectLoadPlan(service.data_address, tokens.gateway, 2, 32, window_count=4))
        working = asyncio.create_task(load.run())
        try:
            while len(raced.watch.seen.left_s) < 64:
                await asyncio.sleep(0.01)
            yield Running(raced, caller, load)
        finally:
            load.over.set()
            await working


async def held_races(run: Running) -> list[Trial]:
    """One call of each kind, while answers with offers wait as a reader that does not read has them wait."""
    may_write, wait = asyncio.Event(), PingStream.wait
    may_write.set()

    async def held(self: PingStream) -> None:
        await wait(self)
        await may_write.wait()

    trials = []
    with patch.object(PingStream, "wait", held):
        for kind in (*POLICY_KINDS, *PERSON_KINDS):
            device_key = next(persons_of(kind, 1)) if kind in PERSON_KINDS else 0
            while may_write.is_set() or not waits_for(run, device_key):
                may_write.set()
                await asyncio.sleep(0.1)
                may_write.clear()
                await asyncio.sleep(0.1)
            trial = await run.caller.call(kind, device_key)
            may_write.set()
            while waits_for(run, device_key):
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)
            if kind in POLICY_KINDS:
                trial = Trial(kind, 0, trial.called_s, trial.returned_s, asyncio.get_running_loop().time())
                await run.caller.let_flow(kind)
                await asyncio.sleep(0.1)
            trials.append(trial)
    return trials


def waits_for(run: Running, device_key: int) -> bool:
    """An offer to her, or with 0 to anybody, is in a draft that is not written."""
    parts = run.raced.service.watched.parts
    assert parts is not None
    drafts = [draft for stream in parts.plane.gatherer.streams.values() for draft in stream._drafts]
    return any(device_key in (0, item.decision.device_key) for draft in drafts for item in draft.offers)


async def test_no_offer_leaves_after_any_call_has_returned(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        trials = await race(run.caller, RacePlan(2, 2, 0.01, 0.05, 0.1))
        await asyncio.sleep(0.1)
    seen = run.raced.watch.seen
    told = judge(trials, seen, run.load.received)
    assert list(told) == [*POLICY_KINDS, *PERSON_KINDS]
    for kind, found in told.items():
        assert found["trials"] == 2
        assert found["trials_with_offers_before"] == 2, kind
        assert found["offers_left_late"] == found["offers_answered_late"] == 0, kind
        assert found["in_force_p50_us"] <= found["p50_us"], kind
    assert seen.left_keys[-1], "others go on getting theirs"
    assert seen.commits


async def test_no_offer_that_waits_in_a_slow_stream_leaves_after_a_call_has_returned(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        trials = await held_races(run)
    told = judge(trials, run.raced.watch.seen, run.load.received)
    assert run.raced.watch.seen.held_back_count > 0, "offers were waiting"
    assert {kind: found["offers_left_late"] for kind, found in told.items()} == dict.fromkeys(told, 0)


async def test_a_gate_that_leaks_is_caught(tmp_path: Path) -> None:
    with patch.object(Engine, "may_send", lambda self, decision, now_ms=None: True):
        async with running(tmp_path) as run:
            trials = await held_races(run)
    told = judge(trials, run.raced.watch.seen, run.load.received)
    for kind, found in told.items():
        assert found["offers_left_late"] > 0, kind


async def test_a_withdrawal_without_effect_is_caught_by_both_judges(tmp_path: Path) -> None:
    def kept(self: People, slot: int, bits: int) -> None:
        self._persons["consent_bits"][slot] |= bits

    async with running(tmp_path) as run:
        with patch.object(People, "set_consent", kept):
            trial = await run.caller.call("withdraw", next(persons_of("withdraw", 1)))
            await asyncio.sleep(0.3)
    told = judge([trial], run.raced.watch.seen, run.load.received)["withdraw"]
    assert told["offers_left_late"] > 0
    assert told["offers_answered_late"] > 0


async def test_the_load_goes_on_at_a_share_of_what_it_did(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        clock = asyncio.get_running_loop().time
        began_s = clock()
        await asyncio.sleep(0.3)
        run.load.go_on(Pace(0.1, began_s, clock()))
        count = len(run.load.received.answered_s)
        assert run.load.rate > 0
        await asyncio.sleep(0.5)
        assert len(run.load.received.answered_s) > count


@pytest.mark.long
def test_a_short_run_over_real_processes() -> None:
    result = CliRunner().invoke(geooffer_app(), ["bench", "effect", "--trials", "2", "--switches", "2", "--json"])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout.splitlines()[-1])
    assert report["offers_late"] == 0
    assert set(report["calls"]) == {*POLICY_KINDS, *PERSON_KINDS}
    assert report["peak_pings_per_s"] > 0
    assert report["offers"] > 0
    assert 0 < report["disk"]["p50_us"] <= report["disk"]["max_us"]
