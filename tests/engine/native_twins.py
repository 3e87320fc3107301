"""One market twice: pings decided through the address of the native matcher, and by `Engine.step`. Not a test file."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from native_caller import NativeCaller
from random_events import something_happens
from random_market import PERSON_COUNT, RandomMarket, chance, pick, random_market
from world import ALL_PURPOSES, circle_at, east_e7, north_e7

from geooffer.engine.clock import ClockKind, EngineClock
from geooffer.engine.decisions import Decision
from geooffer.engine.state import digest
from geooffer.errors import GeoofferError
from geooffer.model import columns
from geooffer.model.catalog import Customer, Geofence
from geooffer.model.columns import PING, Int64Array, Outcome, StructArray
from geooffer.model.exclusion import ExclusionZone, ZoneCategory
from geooffer.model.limits import PARTITION_COUNT
from geooffer.model.policy import DAY_MS, HOUR_MS
from geooffer.model.tables import NEVER_MS

MINUTE_MS = 60_000
WINNER_NAMES = [name for name in columns.WINNER.names or () if name != "contact_slot"]
"""Where a contact lies tells how much room there was."""
Rng = np.random.Generator


class Twins:
    """Two engines to which the same happens; `native` decides by the cfunc and asks `step` for what that leaves."""

    def __init__(self, seed: int, clock_kind: ClockKind, *, rows: int = 256, **buffers: int) -> None:
        self.native, self.plain = random_market(seed), random_market(seed)
        self.start_ms = self.now_ms = self.native.start_ms
        for market in (self.native, self.plain):
            if clock_kind == "system":
                market.engine.clock = EngineClock("system", self.start_ms - int(seed % 2) * HOUR_MS)
                market.engine.clock.lock = market.engine.lock
        self.rng = np.random.default_rng(seed)
        self.caller = NativeCaller(self.native.engine, rows=rows, **buffers)
        self.decisions: tuple[list[Decision], list[Decision]] = ([], [])
        self.reasons: Counter[int] = Counter()
        self.seen: Counter[str] = Counter()
        self.row_count = 0
        self._sequence = 0

    # -- what happens ----------------------------------------------------------------------------------------

    def happen(self) -> None:
        """The same changes on both sides."""
        seed = int(self.rng.integers(0, 2**32))
        refused = []
        for market, decisions in zip((self.native, self.plain), self.decisions, strict=True):
            rng = np.random.default_rng(seed)
            engine, now_ms = market.engine, self.now_ms
            try:
                something_happens(rng, market, decisions, now_ms)
                if chance(rng, 0.5):
                    pick(rng, (_zone, _zone_gone, _fence, _consent, _consent, _device, _reborn))(rng, market, now_ms)
            except GeoofferError as error:  # who consented to nothing is told nothing; on both sides
                refused.append(str(error))
            engine.publish()
            if chance(rng, 0.3):
                self._sweep(market, now_ms)
        assert len(refused) in (0, 2)
        assert len(set(refused)) <= 1

    def _sweep(self, market: RandomMarket, now_ms: int) -> None:
        rows = market.engine.advance(now_ms)
        self.seen["swept"] += len(rows)

    # -- pings -----------------------------------------------------------------------------------------------

    def rows(self, count: int) -> tuple[StructArray, Int64Array]:
        """Random rows of known and unknown devices, live ones and old ones, some of them nonsense."""
        rng = self.rng
        rows = np.zeros(count, PING)
        rows["device_key"] = rng.choice([*self.native.devices, 999, 0], count)
        rows["session_id"] = rng.integers(0, 2, count)
        self._sequence += 1
        rows["sequence"] = np.where(rng.random(count) < 0.3, self._sequence * 40 + rng.integers(0, 90, count), 0)
        far = rng.random(count) < 0.15
        for name, place, reach in (("latitude_e7", north_e7, 120.0), ("longitude_e7", east_e7, 120.0)):
            near = [place(value) for value in rng.uniform(-reach, reach, count)]
            rows[name] = np.where(far, [place(3_000.0)] * count, near)
        rows["accuracy_cm"] = rng.choice([0, 300, 1_000, 4_000, 9_000, 30_000], count)
        rows["speed_cm_per_s"] = rng.choice([-1, 100, 3_000], count, p=[0.5, 0.45, 0.05])
        rows["malformed"] = rng.random(count) < 0.02
        ages = rng.choice([0, 0, 500, 5_000, 120_000], count).astype(np.int64)
        ages[rng.random(count) < 0.01] = -100_000
        step_ms = int(rng.choice([1, 50, 700, 20_000]))
        times = self.now_ms + np.cumsum(rng.integers(0, step_ms + 1, count))
        is_live = rng.random(count) < 0.5
        rows["fix_time_ms"] = np.where(is_live, NEVER_MS, times - ages)
        self.now_ms = int(times[-1])
        return rows, ages

    def go(self, count: int) -> None:
        """A batch on both sides."""
        pings, ages = self.rows(count)
        real_now_ms = self.now_ms
        others = pings.copy()
        start = 0
        while start < count:
            done, outcome = self.caller.decide(pings[start:], ages[start:], real_now_ms, int(self.rng.integers(0, 400)))
            self.reasons[self.caller.reason] += 1
            if done:
                self._compare(outcome, others, ages, start, start + done, pings, self.caller.context_number)
            elif self.caller.reason != 0:
                # what the worker would hand over: to the end, but a piece will do
                end = min(start + 16, count)
                join = self.caller.join
                assert (pings["fix_time_ms"][start:] == others["fix_time_ms"][start:]).all(), "as they came"
                outcome = join.decide(pings[start:end], ages[start:end], real_now_ms)
                self._compare(outcome, others, ages, start, end, pings, join.context_number)
                done = end - start
            start += done
        self.row_count += count
        self.caller.check()

    def _compare(
        self,
        outcome: Outcome,
        others: StructArray,
        ages: Int64Array,
        start: int,
        end: int,
        pings: StructArray,
        context_number: int,
    ) -> None:
        plain = self.plain.engine
        plain.clock.stamp(others[start:end], ages[start:end], self.now_ms)
        expected = plain.step(others[start:end])
        assert (pings[start:end] == others[start:end]).all(), "the same times"
        assert outcome.verdicts.tolist() == expected.verdicts.tolist()
        assert outcome.transitions.tolist() == expected.transitions.tolist()
        for name in ("time_ms", "row", "fence_number", "store_number", "offer_number", "person_slot", "verdict"):
            assert outcome.tries[name].tolist() == expected.tries[name].tolist(), name
        for name in WINNER_NAMES:
            assert outcome.winners[name].tolist() == expected.winners[name].tolist(), name
        self.seen.update(f"ping {verdict}" for verdict in outcome.verdicts.tolist())
        self.seen.update(f"try {verdict}" for verdict in outcome.tries["verdict"].tolist())
        self.seen["transitions"] += len(outcome.transitions)
        self.seen["winners"] += len(outcome.winners)
        late = [row for row in outcome.winners["row"].tolist() if row % 7 == 0]
        mine = self.caller.join.commit(outcome, context_number, late)
        theirs = plain.commit(expected, late_rows=late)
        assert mine == theirs
        assert outcome.tries["verdict"].tolist() == expected.tries["verdict"].tolist()
        for decision in mine:
            gate = decision.person_slot, decision.person_key, decision.consent_epoch, decision.policy_version
            assert bool(self.caller.may_send(*gate)) == plain.may_send(decision)
        self.decisions[0].extend(mine)
        self.decisions[1].extend(theirs)

    def finish(self) -> None:
        """Nothing differs in what is kept, counted or held of anybody."""
        native, plain = self.native.engine, self.plain.engine
        self.caller.join.keep_ahead(self.now_ms)
        native.lapse_consents(self.now_ms)
        plain.lapse_consents(self.now_ms)
        assert soft_state(native) == soft_state(plain)
        for partition in range(-1, PARTITION_COUNT):
            assert digest(native.state, partition) == digest(plain.state, partition), partition
        for name in ("ping_verdicts", "offer_verdicts", "tries", "transitions", "offers", "retracted"):
            assert getattr(native.statistics, name) == getattr(plain.statistics, name), name
        assert native.clock.cells.tolist() == plain.clock.cells.tolist()


def soft_state(engine: Any) -> list[Any]:
    """Each device's fields, and those of the visits in its list: where rows lie in memory says nothing."""
    view = engine.state.people.view
    told: list[Any] = []
    for device in view.devices[view.devices["device_key"] != 0]:
        told.append([device[name].item() for name in view.devices.dtype.names if name != "presence_head"])
        slot = int(device["presence_head"])
        while slot >= 0:
            presence = view.presences[slot]
            told.append([presence[name].item() for name in view.presences.dtype.names if name not in ("next", "_pad")])
            slot = int(presence["next"])
    return told


def _zone(rng: Rng, market: RandomMarket, now_ms: int) -> None:
    shape = circle_at(float(rng.uniform(5, 15)), rng.uniform(200, 260), rng.uniform(-100, 100))
    zone = ExclusionZone(f"zone-{int(rng.integers(0, 4))}", ZoneCategory.CLINIC, shape, int(rng.integers(0, 3_000)))
    market.engine.put_nouns([zone], now_ms=now_ms, partial=True)


def _zone_gone(rng: Rng, market: RandomMarket, now_ms: int) -> None:
    held = sorted(market.engine.registry.exclusion_zones)
    if held:
        market.engine.delete_noun(ExclusionZone, pick(rng, held), now_ms=now_ms)


def _fence(rng: Rng, market: RandomMarket, now_ms: int) -> None:
    shape = circle_at(float(rng.uniform(40, 150)), rng.uniform(-60, 60), rng.uniform(-60, 60))
    fence = Geofence(f"fence-{int(rng.integers(0, 9))}", shape, f"store-{int(rng.integers(0, 5))}")
    market.engine.put_nouns([fence], now_ms=now_ms, partial=True)


def _consent(rng: Rng, market: RandomMarket, now_ms: int) -> None:
    name = f"customer-{int(rng.integers(0, PERSON_COUNT))}"
    granted = chance(rng, 0.7)
    ends_ms = now_ms + int(pick(rng, [1, 5_000, MINUTE_MS, HOUR_MS, DAY_MS])) if granted and chance(rng, 0.5) else 0
    market.engine.record_consent(
        name,
        ALL_PURPOSES if chance(rng, 0.6) else int(rng.integers(1, ALL_PURPOSES)),
        granted=granted,
        time_ms=now_ms,
        now_ms=now_ms,
        notice_version="1",
        valid_until_ms=ends_ms,
    )


def _device(rng: Rng, market: RandomMarket, now_ms: int) -> None:
    """A phone changes hands."""
    market.engine.link_device(f"customer-{int(rng.integers(0, PERSON_COUNT))}", pick(rng, market.devices))


def _reborn(rng: Rng, market: RandomMarket, now_ms: int) -> None:
    """Somebody is erased and registers again."""
    index = int(rng.integers(0, PERSON_COUNT))
    name = f"customer-{index}"
    kept = market.engine.state.people.customers[market.engine.key_of(name)].device_keys
    market.engine.delete_customer(name)
    market.engine.upsert_customers([Customer(name, kept, "en")])
    market.engine.record_consent(name, ALL_PURPOSES, granted=True, time_ms=now_ms, now_ms=now_ms, notice_version="1")
