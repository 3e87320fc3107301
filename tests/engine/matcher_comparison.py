"""The compiled matcher beside the slow explanation, try by try: verdict, furthest offer, winner, every factor."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from obvious_people import ObviousPerson
from random_events import something_happens
from random_market import RandomMarket, chance, pick, random_market
from world import east_e7, north_e7

from geooffer.engine.decisions import Decision
from geooffer.engine.explain_candidate import CandidateExplanation, Circumstances
from geooffer.engine.explain_shopper import Shopper, shopper_of_device
from geooffer.engine.explain_store import speed_detail, state_of
from geooffer.engine.explain_try import explain_try, ships_only
from geooffer.engine.neighbours import distance_m, places_of
from geooffer.model.catalog import Store
from geooffer.model.columns import FACTORS, PING, Outcome, StructArray
from geooffer.model.kinds import Channel, Fulfilment
from geooffer.model.policy import HOUR_MS
from geooffer.model.verdicts import OfferTrigger, OfferVerdict, PingVerdict, Purpose, TouchpointKind, TransitionKind

MINUTE_MS = 60_000
V = OfferVerdict
STANDING = Purpose.PRECISE_LOCATION_FOR_OFFERS.bit | Purpose.SEARCH_INTENT_USE.bit | Purpose.PERSONALISED_OFFERS.bit


@dataclass(frozen=True)
class Told:
    """One try. `winner`: (score, points, fulfilment, supply store, reason) where one won, even if taken back."""

    where: str
    verdict: OfferVerdict
    offer_id: str
    winner: tuple[int, dict[str, int], Fulfilment, str, TouchpointKind] | None


@dataclass
class Comparison:
    """One random market and how far it got; `seen`: verdicts of tries, `candidates`: of candidates."""

    seed: int
    market: RandomMarket = field(init=False)
    now_ms: int = field(init=False)
    rng: np.random.Generator = field(init=False)
    decisions: list[Decision] = field(default_factory=list)
    heard_ms: dict[int, int] = field(default_factory=dict)
    seen: Counter[OfferVerdict] = field(default_factory=Counter)
    candidates: Counter[OfferVerdict] = field(default_factory=Counter)
    fulfilments: Counter[Fulfilment] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.market = random_market(self.seed)
        self.rng = np.random.default_rng(self.seed + 10**6)
        self.now_ms = self.market.start_ms

    def run(self, visit_count: int) -> None:
        """Visits of random people at random times, with what happens in between."""
        for _ in range(visit_count):
            hours = pick(self.rng, [*[0.1, 0.1, 0.35, 1, 1, 5, 23.9, 24] * 2, 24 * 6, 24 * 30])
            self.now_ms += int(hours * HOUR_MS) + int(self.rng.integers(0, MINUTE_MS))
            something_happens(self.rng, self.market, self.decisions, self.now_ms)
            if chance(self.rng, 0.25):
                self.ask()
            else:
                self.visit()
        self.check_people()

    # -- pings -----------------------------------------------------------------------------------------------

    def visit(self) -> None:
        """She comes from afar or out of nowhere, enters, dwells, and is looked at again after a signal."""
        silent = [d for d in self.market.devices if self.now_ms - self.heard_ms.get(d, -(10**15)) > 16 * MINUTE_MS]
        if not silent:
            return
        device = pick(self.rng, silent)
        if chance(self.rng, 0.4):
            self.step(self.ping(device, east_m=0.0, north_m=float(self.rng.integers(400, 4_000))))
            self.now_ms += int(self.rng.integers(30, 800)) * 1_000
        if self.enter(device) is PingVerdict.SUSPECT_JUMP:
            self.heard_ms[device] = self.now_ms
            return
        self.now_ms += MINUTE_MS
        self.stay(device, frozenset({OfferTrigger.DWELL}))
        if chance(self.rng, 0.5):
            self.now_ms += int(self.rng.integers(1, 300)) * 1_000
            something_happens(self.rng, self.market, self.decisions, self.now_ms)
            self.stay(device, frozenset(OfferTrigger))
        self.heard_ms[device] = self.now_ms

    def ping(self, device: int, *, east_m: float, north_m: float) -> StructArray:
        row = np.zeros(1, dtype=PING)
        row["device_key"] = device
        row["fix_time_ms"] = row["now_ms"] = self.now_ms
        row["latitude_e7"], row["longitude_e7"] = north_e7(north_m), east_e7(east_m)
        row["accuracy_cm"] = pick(self.rng, [0, 1_000, 1_000, 4_000])
        row["speed_cm_per_s"] = pick(self.rng, [-1, -1, -1, -1, 0, 140, 140, 140, 800, 801])
        return row

    def step(self, row: StructArray, *, is_late: bool = False) -> Outcome:
        outcome = self.market.engine.step(row)
        self.decisions += self.market.engine.commit(outcome, late_rows=[0] if is_late else [])
        return outcome

    def enter(self, device: int) -> PingVerdict:
        """A fresh visit, explained beforehand; returns the verdict of its ping."""
        engine, is_late = self.market.engine, chance(self.rng, 0.05)
        row = self.ping(device, east_m=self.rng.uniform(-50, 50), north_m=self.rng.uniform(-50, 50))
        explained = engine.explain(
            device_key=device,
            latitude_e7=int(row["latitude_e7"][0]),
            longitude_e7=int(row["longitude_e7"][0]),
            accuracy_cm=int(row["accuracy_cm"][0]),
            now_ms=self.now_ms,
            speed_cm_per_s=int(row["speed_cm_per_s"][0]),
            is_late=is_late,
        )
        outcome = self.step(row, is_late=is_late)
        assert explained.ping_verdict is PingVerdict(int(outcome.verdicts[0]))
        expected = [
            self._of_explanation(fence.geofence_id, fence.verdict, fence.offer_id, fence.candidates)
            for fence in explained.fences
            if fence.verdict is not None
        ]
        for fence in explained.fences:
            self.candidates.update(candidate.verdict for candidate in fence.candidates)
        self._compare(outcome, expected)
        return explained.ping_verdict

    def stay(self, device: int, triggers: frozenset[OfferTrigger]) -> None:
        """A later fix of the visit: whichever fences are tried, each must come out as explained."""
        engine = self.market.engine
        shopper = None
        if engine.location_wanted(device):
            shopper = shopper_of_device(engine, device, self.now_ms)
        row = self.ping(device, east_m=0.0, north_m=0.0)
        row["speed_cm_per_s"] = pick(self.rng, [*[0] * 9, 3_000])
        before = engine.live_generation
        engine.publish()
        outcome = self._explained_step(row, shopper, triggers)
        if before == engine.live_generation and OfferTrigger.ENTER not in triggers:
            dwelt = outcome.transitions[outcome.transitions["kind"] == TransitionKind.DWELL]
            assert len(outcome.tries) <= len(dwelt)

    def _explained_step(self, row: StructArray, shopper: Shopper | None, triggers: frozenset[OfferTrigger]) -> Outcome:
        """Step first, to learn which fences are tried and by which triggers, but explain by what was held before."""
        engine = self.market.engine
        remaining = {
            name: engine.campaign_remaining(index, self.now_ms)
            for index, name in enumerate(sorted(engine.registry.campaigns))
        }
        assert list(remaining) == [f"campaign-{index}" for index in range(4)]
        states = {key: state_of(engine, store, self.now_ms) for key, store in engine.registry.stores.items()}
        outcome = engine.step(row)
        if shopper is None:
            assert not len(outcome.tries)
            return outcome
        expected = []
        taken: Counter[str] = Counter()
        speed = int(row["speed_cm_per_s"][0])
        fast = speed_detail(
            engine.policy, speed_cm_per_s=speed, last=None, here=(0, 0), accuracy_cm=0, now_ms=self.now_ms
        )
        tried = [int(number) for number in outcome.tries["fence_number"]]
        dwelt = {int(t["fence_number"]) for t in outcome.transitions if t["kind"] == TransitionKind.DWELL}
        for number in tried:
            geofence = engine.registry.geofences[engine.registry.fence_id(number)]
            store = engine.registry.stores[geofence.store_id]
            case = Circumstances(
                shopper=shopper,
                store=store,
                state=states[store.store_id],
                now_ms=self.now_ms,
                triggers=self._triggers(number, dwelt, triggers),
                purposes=STANDING,
                channel=Channel.IN_APP,
                distance_m=self._distance_m(row, store),
                has_dwelt=True,
                ships_only=ships_only(engine, shopper, states[store.store_id]),
            )
            offers = [
                o
                for _, o in sorted(engine.registry.offers.items())
                if store.store_id in (o.store_ids or [store.store_id])
            ]
            verdict, offer_id, told = explain_try(engine, case, offers, fast, is_late=False, taken=taken)
            expected.append(self._of_explanation(geofence.geofence_id, verdict, offer_id, told))
        self.decisions += engine.commit(outcome)
        self._compare(outcome, expected)
        return outcome

    def _triggers(self, number: int, dwelt: set[int], triggers: frozenset[OfferTrigger]) -> frozenset[OfferTrigger]:
        return triggers

    def _distance_m(self, row: StructArray, store: Store) -> int:
        here = int(row["latitude_e7"][0]), int(row["longitude_e7"][0])
        return int(distance_m(*here, store.latitude_e7, store.longitude_e7))

    # -- asked -----------------------------------------------------------------------------------------------

    def ask(self) -> None:
        """`decide` tries stores in turn until one has a winner; each try as explained beforehand."""
        engine, name = self.market.engine, f"customer-{int(self.rng.integers(0, 6))}"
        channel = pick(self.rng, list(Channel))
        named = {"product_id": f"product-{int(self.rng.integers(0, 9))}"}
        subject = pick(self.rng, [{}, named, {"category_id": "category-1"}, {"category_id": "category-2"}])
        place = pick(self.rng, [None, (north_e7(0), east_e7(0)), (north_e7(900), east_e7(2_000))])
        engine.publish()
        stores = [key for key, store in sorted(engine.registry.stores.items()) if store.is_online]
        if place is not None:
            ranked = sorted((int(distance_m(*place, *where)), number) for number, *where in places_of(engine.registry))
            stores = [engine.registry.store_id(number) for metres, number in ranked[:5] if metres <= 25_000]
        verdicts, offered = [], ""
        for store_id in stores:
            told = engine.explain_asked(name, store_id, channel=channel, now_ms=self.now_ms, **subject)
            assert told.verdict is not None
            self.candidates.update(candidate.verdict for candidate in told.candidates)
            verdicts.append(told.verdict)
            if any(
                c.offer_id == told.offer_id and c.supply_store_id and c.verdict not in (V.OUTRANKED, V.BELOW_RELEVANCE)
                for c in told.candidates
            ):
                verdicts = [told.verdict]
                offered = told.offer_id if told.verdict is V.OFFERED else ""
                break
        answer = engine.decide(name, channel=channel, now_ms=self.now_ms, place=place, **subject)
        got = answer.decision.offer.offer_id if answer.decision else ""
        assert (answer.verdict, got) == (max(verdicts, default=V.NO_INTENT), offered), f"seed {self.seed}"
        if answer.decision:
            self.decisions.append(answer.decision)
        self.seen[answer.verdict] += 1

    # -- both sides ------------------------------------------------------------------------------------------

    def _of_explanation(
        self, where: str, verdict: OfferVerdict, offer_id: str, candidates: tuple[CandidateExplanation, ...]
    ) -> Told:
        held = {candidate.offer_id: candidate for candidate in candidates}
        best = held.get(offer_id)
        assert best is None or best.verdict is verdict
        winner = None
        if best is not None and best.supply_store_id and verdict is not V.BELOW_RELEVANCE:
            assert best.fulfilment is not None
            assert best.reason_kind is not None
            assert best.score == sum(best.points.values())
            winner = best.score, best.points, best.fulfilment, best.supply_store_id, best.reason_kind
        return Told(where, verdict, offer_id, winner)

    def _compare(self, outcome: Outcome, expected: list[Told]) -> None:
        registry = self.market.engine.registry
        winners = {int(row["try_index"]): row for row in outcome.winners}
        told = []
        for index, attempt in enumerate(outcome.tries):
            number, row, winner = int(attempt["offer_number"]), winners.get(index), None
            if row is not None:
                points = {name: int(row[f"{name}_points"]) for name in FACTORS}
                supply = registry.store_id(int(row["supply_store_number"]))
                reason = TouchpointKind(int(row["reason_kind"]))
                winner = int(row["score"]), points, Fulfilment(int(row["fulfilment"])), supply, reason
                self.fulfilments[winner[2]] += 1
            told.append(
                Told(
                    registry.fence_id(int(attempt["fence_number"])),
                    OfferVerdict(int(attempt["verdict"])),
                    registry.offer_id(number) if number >= 0 else "",
                    winner,
                )
            )
        assert told == expected, f"seed {self.seed}"
        self.seen.update(item.verdict for item in told)

    def check_people(self) -> None:
        """The tables of people hold what the signals say."""
        for device in self.market.devices[::2]:
            shopper = shopper_of_device(self.market.engine, device, self.now_ms)
            ObviousPerson(self.market, self.market.customer_of(device)).check(shopper, self.now_ms)
