"""Whole lives of 64 phones among fences that come, move and go, by seed: P2–P5, G8, T6 hold of every visit and ping,
and neither cutting into batches, nor interleaving the devices, nor the kind of index, nor when the index of the fences
is merged anew changes anything.

`make test` lives short ones, `make test-long` a million pings. That each check of the judge can fail is proved by
planted faults. The whole engine with its journal and its crashes is `make simulate`'s.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from life_stream import Change, Life, batches, customers, draw_life, interleaved
from visit_judge import BrokenLifeError, VisitJudge
from world import NOW_MS, World

from geooffer.engine.engine import Engine
from geooffer.engine.fence_merge import Merged, merge
from geooffer.model.catalog import Geofence
from geooffer.model.columns import Outcome, StructArray
from geooffer.model.fence_tables import FenceTables
from geooffer.model.policy import DAY_MS, Policy
from geooffer.model.verdicts import PingVerdict, TransitionCause

POLICY = Policy()
SHORTEST_DWELL_MS = 30_000
FENCE_REMOVED, FENCE_EXPIRED = int(TransitionCause.FENCE_REMOVED), int(TransitionCause.FENCE_EXPIRED)
NOT_IN_THESE_LIVES = (PingVerdict.SHED, PingVerdict.EXCLUSION_ZONE)
"""Nothing is shed before the engine; there are no zones."""

Told = dict[int, list[tuple[int, ...]]]
"""By device: the verdicts of its pings and its events, in the order told."""
Fault = Callable[[StructArray, Outcome], Outcome]


@dataclass
class Run:
    """One life of one engine, judged as it goes."""

    engine: Engine
    judge: VisitJudge
    told: Told = field(default_factory=dict)
    batch_count: int = 0
    merging: tuple[FenceTables, Merged] | None = None
    merge_count: int = 0

    def live(self, life: Life, seed: int, fault: Fault | None = None) -> None:
        rng = np.random.default_rng(seed)
        stops = sorted({*life.changes, *life.sweeps, len(life.ticks) - 1})
        start = 0
        for tick in stops:
            self._send(life, rng, start, int(life.ticks[tick]), fault)
            start = int(life.ticks[tick])
            if tick == len(life.ticks) - 1:
                break
            now_ms = life.now_ms(tick)
            if tick in life.sweeps:
                self._sweep(now_ms)
            for change in life.changes.get(tick, []):
                self._change(change, now_ms)
            if tick in life.changes:
                self._publish(rng)
        self._sweep(int(life.rows[-1]["now_ms"]) + DAY_MS)
        self.judge.end()

    def _send(self, life: Life, rng: np.random.Generator, start: int, end: int, fault: Fault | None) -> None:
        for first, last in batches(rng, start, end):
            rows = life.rows[first:last]
            outcome = self.engine.step(rows.copy())
            if fault is not None:
                outcome = fault(rows, outcome)
            self.judge.take(rows, outcome.verdicts, outcome.transitions)
            self._keep(rows, outcome)
            self.batch_count += 1

    def _sweep(self, now_ms: int) -> None:
        swept = self.engine.advance(now_ms)
        self.judge.take(swept[:0], np.zeros(0, np.uint8), swept)
        for event in swept.tolist():
            self._tell(event)

    def _change(self, change: Change, now_ms: int) -> None:
        registry = self.engine.registry
        if change.fence is not None:
            self.engine.put_nouns([change.fence], now_ms=now_ms)
            number = registry.number(Geofence, change.geofence_id)
            if change.fence.valid_until_ms:
                self._ends(number, FENCE_EXPIRED, change.fence.valid_until_ms)
            if change.fence.valid_from_ms:  # whoever is in it is in it no more: it is put off
                self._ends(number, FENCE_REMOVED, now_ms)
            return
        number = registry.number(Geofence, change.geofence_id)
        self.engine.delete_noun(Geofence, change.geofence_id, now_ms=now_ms)
        self._ends(number, FENCE_REMOVED, now_ms)

    def _ends(self, fence_number: int, cause: int, time_ms: int) -> None:
        self.judge.ends_ms.setdefault((fence_number, cause), []).append(time_ms)

    def _publish(self, rng: np.random.Generator) -> None:
        """Put in force what was saved: by the delta, or by a merge that was begun some changes ago, as in a thread."""
        if self.merging is not None and rng.random() < 0.5:
            self.engine.take_merged(*self.merging)
            self.merging, self.merge_count = None, self.merge_count + 1
        else:
            self.engine.publish()
        if self.merging is None and rng.random() < 0.3:
            source = self.engine.index.layers.begin_merge()
            self.merging = source, merge(source)

    def _keep(self, rows: StructArray, outcome: Outcome) -> None:
        for device_key, verdict in zip(rows["device_key"].tolist(), outcome.verdicts.tolist(), strict=True):
            self.told.setdefault(device_key, []).append((verdict,))
        for event in outcome.transitions.tolist():
            self._tell(event)

    def _tell(self, event: tuple[int, ...]) -> None:
        device_key, event_ms, _, fence_number, _, kind, cause, historical, _ = event
        self.told.setdefault(device_key, []).append((kind, cause, fence_number, event_ms, historical))


def by_kind(told: Told) -> tuple[dict[int, list[tuple[int, ...]]], dict[int, list[tuple[int, ...]]]]:
    """(verdicts, events) by device: within a batch both are told at once, so only each by itself has an order."""
    verdicts = {device: [item for item in items if len(item) == 1] for device, items in told.items()}
    return verdicts, {device: [item for item in items if len(item) > 1] for device, items in told.items()}


def lived(life: Life, seed: int, index_kind: Any = "cells", fault: Fault | None = None) -> Run:
    engine = World(
        nouns=(), prices=(), stock=(), touchpoints=(), customers=customers(), policy=POLICY, index_kind=index_kind
    ).build()
    run = Run(engine, VisitJudge(SHORTEST_DWELL_MS))
    run.live(life, seed, fault)
    return run


def assert_full(counts: Counter[str], ping_count: int) -> None:
    """A life without what it is about proves nothing."""
    for verdict in PingVerdict:
        if verdict not in NOT_IN_THESE_LIVES:
            assert counts[verdict.name] > ping_count / 2_000, verdict
    for event in ("ENTER MOVEMENT", "DWELL MOVEMENT", "EXIT MOVEMENT"):
        assert counts[event] > ping_count / 500, event
    for event in ("ENTER INITIAL", "ENTER FENCE_CREATED", "EXIT FENCE_REMOVED", "EXIT SILENT"):
        assert counts[event] > ping_count / 5_000, event
    for event in ("ENTER FENCE_UPDATED", "EXIT FENCE_UPDATED", "EXIT FENCE_EXPIRED"):
        assert counts[event] > ping_count / 20_000, event


def test_p4_every_visit_of_a_life_is_whole_whatever_the_batches_the_order_of_devices_and_the_index() -> None:
    life = draw_life(1, 40_000)
    whole = lived(life, 1)
    assert_full(whole.judge.counts, 40_000)
    other = lived(interleaved(life, 2), 3, "packed")
    assert by_kind(other.told) == by_kind(whole.told)
    assert other.judge.counts == whole.judge.counts
    assert other.batch_count != whole.batch_count
    assert whole.merge_count > 10
    assert other.merge_count != whole.merge_count
    assert interleaved(life, 2).rows.tobytes() != life.rows.tobytes()


def test_p4_the_r_tree_tells_the_same_life() -> None:
    life = draw_life(4, 6_000)
    assert by_kind(lived(life, 1, "rtree").told) == by_kind(lived(life, 2).told)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_p4_a_million_pings() -> None:
    """And each again in other batches and another order, by another index; 100,000 of another life by the R-tree."""
    life = draw_life(7, 1_000_000)
    assert len(life.rows) > 1_000_000
    whole = lived(life, 1)
    assert_full(whole.judge.counts, 1_000_000)
    told = by_kind(whole.told)
    del whole
    assert by_kind(lived(interleaved(life, 2), 3, "packed").told) == told
    short = draw_life(8, 100_000)
    assert by_kind(lived(interleaved(short, 4), 5, "rtree").told) == by_kind(lived(short, 6).told)


# -- each check can fail -------------------------------------------------------------------------------------------


def first(outcome: Outcome, kind: int, *, cause: int = 0) -> int:
    """The first event of that kind, −1 = none in this batch."""
    found = outcome.transitions["kind"] == kind
    if cause:
        found &= outcome.transitions["cause"] == cause
    return int(np.argmax(found)) if found.any() else -1


def with_events(outcome: Outcome, events: StructArray) -> Outcome:
    return outcome._replace(transitions=events)


def lost(kind: int) -> Fault:
    """The first event of a kind is not told."""

    def fault(rows: StructArray, outcome: Outcome) -> Outcome:
        return with_events(outcome, outcome.transitions[outcome.transitions["kind"] != kind])

    return fault


def changed(kind: int, **fields: int) -> Fault:
    """Fields of every event of a kind are something else; those called `…_by` are moved by so much."""

    def fault(rows: StructArray, outcome: Outcome) -> Outcome:
        events = outcome.transitions.copy()
        told = events["kind"] == kind
        for name, value in fields.items():
            if name.endswith("_by"):
                events[name.removesuffix("_by")][told] += value
            else:
                events[name][told] = value
        return with_events(outcome, events)

    return fault


def dwells_again(rows: StructArray, outcome: Outcome) -> Outcome:
    """A DWELL is told with every fix of the visit: as if it were not remembered."""
    at = first(outcome, 3)
    if at < 0:
        return outcome
    event = outcome.transitions[at : at + 1].copy()
    own = np.flatnonzero((rows["device_key"] == event["device_key"][0]) & (outcome.verdicts == PingVerdict.ACCEPTED))
    later = own[own > event["row"][0]]
    if not len(later):
        return outcome
    event["row"] = later[0]
    events = np.concatenate([outcome.transitions, event])
    return with_events(outcome, events[np.argsort(events["row"], kind="stable")])


def turned_round(rows: StructArray, outcome: Outcome) -> Outcome:
    """The events of a ping are told the other way round."""
    events = outcome.transitions
    order = np.lexsort((-events["fence_number"], -events["kind"].astype(int), events["row"]))
    return with_events(outcome, events[order])


def no_verdict(rows: StructArray, outcome: Outcome) -> Outcome:
    verdicts = outcome.verdicts.copy()
    verdicts[-1] = 0
    return outcome._replace(verdicts=verdicts)


def one_verdict_less(rows: StructArray, outcome: Outcome) -> Outcome:
    return outcome._replace(verdicts=outcome.verdicts[:-1])


def of_a_stale_fix(rows: StructArray, outcome: Outcome) -> Outcome:
    """Fixes that changed something are called stale."""
    verdicts = outcome.verdicts.copy()
    verdicts[outcome.transitions["row"]] = PingVerdict.STALE_FIX
    return outcome._replace(verdicts=verdicts)


FAULTS: dict[str, tuple[Fault, str]] = {
    "enter lost": (lost(2), "without ENTER"),
    "exit lost": (lost(1), "a second ENTER"),
    "dwell repeated": (dwells_again, "a second DWELL"),
    "dwell at once": (changed(3, event_time_ms_by=-300_000), "a DWELL before its time"),
    "dwell ahead of its fix": (changed(3, event_time_ms_by=1), "later than the fix"),
    "exit before enter": (changed(1, event_time_ms=0), "an EXIT before what was told"),
    "order of events": (turned_round, "not EXIT, ENTER, DWELL"),
    "no verdict": (no_verdict, "without a verdict"),
    "a verdict less": (one_verdict_less, "not one verdict for each ping"),
    "a stale fix moves": (of_a_stale_fix, "a ping that was not accepted"),
    "another device": (changed(2, device_key_by=1), "another device's ping"),
    "cause of an enter": (changed(2, cause=int(TransitionCause.SILENT)), "a cause that this kind"),
    "fence not removed": (changed(1, cause=FENCE_REMOVED), "did not end then"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_every_planted_fault_is_found(name: str) -> None:
    fault, reason = FAULTS[name]
    with pytest.raises(BrokenLifeError, match=reason):
        lived(draw_life(11, 4_000), 1, fault=fault)


def test_a_visit_that_never_ends_is_found() -> None:
    """Without the sweep long after the last ping some visits are open."""
    life = draw_life(12, 2_000)
    run = lived(life, 1)
    judge, rows = VisitJudge(SHORTEST_DWELL_MS), life.rows.copy()
    for name in ("now_ms", "fix_time_ms"):
        rows[name] += 2 * DAY_MS
    outcome = run.engine.step(rows)
    judge.take(rows, outcome.verdicts, outcome.transitions)
    with pytest.raises(BrokenLifeError, match="visits never end"):
        judge.end()


@pytest.mark.parametrize(
    "broken",
    [POLICY._replace(exit_fix_count=1), POLICY._replace(enter_fix_count=2), POLICY._replace(outside_margin_cm=6_000)],
    ids=["exit after one", "enter after two", "a wider margin"],
)
def test_a_rule_that_differs_tells_another_life(broken: Policy) -> None:
    """The comparison of two runs sees a broken copy of the rule."""
    life = draw_life(4, 3_000)
    first_told = by_kind(lived(life, 1).told)
    run = Run(
        World(nouns=(), prices=(), stock=(), touchpoints=(), customers=customers(), policy=broken).build(),
        VisitJudge(SHORTEST_DWELL_MS),
    )
    run.live(life, 1)
    assert by_kind(run.told) != first_told


def test_the_same_seed_is_the_same_life() -> None:
    first_life, again, other = draw_life(3, 500), draw_life(3, 500), draw_life(5, 500)
    assert first_life.rows.tobytes() == again.rows.tobytes() != other.rows.tobytes()
    assert first_life.changes == again.changes
    assert int(first_life.rows["now_ms"][0]) > NOW_MS
