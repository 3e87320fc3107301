"""A3: a change classed tightening never adds a decision, try by try from equal state (model/policy_difference.py says
what that means), with the real engine and its real kernels on random markets.

Each ping is decided twice from the same bytes of state: by the policy in force, and by the tightened one. Then the
state goes on by the one in force. Half of the markets publish the tightened document first and look back at the old.
Where fences overlap, one ping has several tries; after the first at which the two differ, the state of the ping's
other tries is not equal any more, and they are not compared.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from random_market import chance, pick, random_market
from test_batches import random_pings
from world import ALL_PURPOSES, NOW_MS, World, ping

from geooffer.engine.shadow import Shadow
from geooffer.errors import InvalidArgumentError
from geooffer.model import limits
from geooffer.model.columns import Outcome
from geooffer.model.frequency import CapRule
from geooffer.model.kinds import CapScope, CapWindow, CapZone
from geooffer.model.policy import DAY_MS, Policy
from geooffer.model.policy_difference import TIGHTER_WHEN_LESS, TIGHTER_WHEN_MORE, difference, is_loosening
from geooffer.model.policy_document import PolicyDocument

PINGS_PER_MARKET = 300
BATCH = 12
MORE_BY = {
    "same_offer_after_ms": DAY_MS, "ended_offer_after_ms": DAY_MS, "cooldown_ms": DAY_MS // 4, "score_floor": 900,
    "held_out_per_10000": 5_000,
}  # fmt: skip
MOST = {
    "same_offer_after_ms": limits.CAP_WINDOW_MAX_MS, "ended_offer_after_ms": limits.CAP_WINDOW_MAX_MS,
    "cooldown_ms": limits.CAP_WINDOW_MAX_MS, "held_out_per_10000": 10_000,
}  # fmt: skip
LEAST = {"intent_retention_days": 1}
WINDOWS = (CapWindow.CALENDAR_DAY, CapWindow.CALENDAR_WEEK)


def tightened(rng: np.random.Generator, held: PolicyDocument) -> tuple[PolicyDocument, set[str]]:
    """(a document every change of which is a tightening, what was changed)."""
    numbers, fields = held.numbers, set()
    for name in sorted(TIGHTER_WHEN_LESS | TIGHTER_WHEN_MORE):
        if not chance(rng, 0.2):
            continue
        value = getattr(numbers, name)
        if name in TIGHTER_WHEN_MORE:
            value = min(value + int(rng.integers(1, MORE_BY[name] + 1)), MOST.get(name, 2**31))
        else:
            value = max(int(value * rng.random()), LEAST.get(name, 0))
        numbers = numbers._replace(**{name: value})
        fields.add(name)
    if chance(rng, 0.2):
        start = int(rng.integers(0, 1_440))
        asleep = numbers._replace(
            quiet_start_minute=start, quiet_end_minute=(start + 1_380) % 1_440, quiet_days_mask=127
        )
        if not is_loosening(difference(held, replace(held, numbers=asleep), is_newer)):
            numbers = asleep
            fields.add("quiet hours")
    rules = list(held.cap_rules)
    if rules and chance(rng, 0.3):
        place = int(rng.integers(0, len(rules)))
        rules[place] = replace(rules[place], limit_count=int(rng.integers(0, rules[place].limit_count + 1)))
        fields.add("a lower limit")
    if len(rules) < limits.CAP_RULE_COUNT_MAX and chance(rng, 0.3):
        scope = pick(rng, (CapScope.PERSON, CapScope.PERSON_CATEGORY, CapScope.PERSON_STORE, CapScope.PERSON_CAMPAIGN))
        rules.append(CapRule(scope, int(rng.integers(0, 3)), pick(rng, WINDOWS), zone=pick(rng, tuple(CapZone))))
        fields.add("one more rule")
    return replace(held, numbers=numbers, cap_rules=tuple(rules)), fields


def is_newer(before: str, after: str) -> bool:
    raise AssertionError("no market has notices")


class Comparison(Shadow):
    """Compares the tries of each ping in the order they were made, up to the first that differs."""

    added = 0
    """Tries at which only the candidate took a decision."""
    removed = 0
    decided = 0

    def after(self, tried, parts, offset) -> None:
        if tried is None:
            return
        place = {offset + row: index for index, row in enumerate(tried.rows)}
        before = winners(parts, place)
        after = winners([tried.outcome], {index: index for index in range(len(tried.rows))})
        for row in range(len(tried.rows)):
            was, becomes = before.get(row, {}), after.get(row, {})
            for fence_number in sorted(was.keys() | becomes.keys()):
                self.decided += fence_number in was
                self.added += fence_number not in was
                self.removed += fence_number not in becomes
                if was.get(fence_number) != becomes.get(fence_number):
                    break


def winners(parts: Iterable[Outcome], place: dict[int, int]) -> dict[int, dict[int, int]]:
    """By row and fence, the offer decided on."""
    found: dict[int, dict[int, int]] = {}
    for part in parts:
        for item in part.winners:
            if int(item["row"]) in place:
                offers = found.setdefault(place[int(item["row"])], {})
                offers[int(item["fence_number"])] = int(item["offer_number"])
    return found


def look(seed: int, seen: Counter[str]) -> None:
    """One market: decide its pings by both documents; no ping may gain a decision by the tighter one."""
    rng = np.random.default_rng([seed, 77])
    market = random_market(seed)
    engine = market.engine
    held = engine.policy_document
    tighter, fields = tightened(rng, held)
    changes = difference(held, tighter, is_newer)
    assert not is_loosening(changes), changes
    is_published = bool(seed % 2) and bool(changes)
    if is_published:
        reason = replace(tighter, reason="tests")
        published = engine.propose_policy(reason, author="anna", now_ms=market.start_ms, sign=lambda text: b"signed")
        assert published.is_published
    shadow = Comparison(held if is_published else tighter, engine.policy.version, person_count_max=BATCH)
    engine.shadow = shadow
    pings = random_pings(seed, market, PINGS_PER_MARKET)
    for start in range(0, len(pings), BATCH):
        engine.commit(engine.step(pings[start : start + BATCH]))
        added, removed = (shadow.removed, shadow.added) if is_published else (shadow.added, shadow.removed)
        assert added == 0, (seed, start, fields)
    seen["pings"] += shadow.counts.pings
    seen["decisions"] += shadow.decided
    seen["removed"] += removed
    seen.update(fields if removed else ())


def look_at(ping_count: int, first_seed: int) -> Counter[str]:
    seen: Counter[str] = Counter()
    seed = first_seed
    while seen["pings"] < ping_count:
        look(seed, seen)
        seed += 1
    return seen


def test_a_tightening_adds_no_decision_on_3_000_random_pings() -> None:
    seen = look_at(3_000, 0)
    assert seen["removed"] > 20, "or little would be proven"
    assert seen["decisions"] > 20


@pytest.mark.long
def test_a_tightening_adds_no_decision_on_100_000_random_pings(capsys: pytest.CaptureFixture[str]) -> None:
    seen = look_at(100_000, 1_000)
    with capsys.disabled():
        told = ", ".join(f"{name} {count}" for name, count in sorted(seen.items()))
        sys.stdout.write(f"\nadded 0; {told}\n")
    assert seen["removed"] > 500
    never = {"intent_retention_days"}
    assert (TIGHTER_WHEN_LESS | TIGHTER_WHEN_MORE) - never <= seen.keys(), "each field was there when one was removed"


def test_what_is_classed_loosening_does_add_decisions() -> None:
    """The measure moves: the same look at looser documents finds what it would refuse."""
    gained = 0
    for seed in range(6):
        market = random_market(seed)
        loose = Policy(
            cooldown_ms=0, same_offer_after_ms=0, accuracy_max_cm=limits.ACCURACY_MAX_CM, fast_cm_per_s=100_000,
            quiet_start_minute=0, quiet_end_minute=0,
        )  # fmt: skip
        looser = PolicyDocument(numbers=loose, cap_rules=())
        shadow = market.engine.shadow = Comparison(looser, 1)
        pings = random_pings(seed, market, PINGS_PER_MARKET)
        for start in range(0, len(pings), BATCH):
            market.engine.commit(market.engine.step(pings[start : start + BATCH]))
        gained += shadow.added
    assert gained > 5


@pytest.mark.parametrize(
    ("name", "value"), [("enter_fix_count", 2), ("accuracy_max_cm", 3_000), ("historical_after_ms", 5_000)]
)
def test_what_moves_a_try_to_a_later_ping_can_add_an_offer(name: str, value: int) -> None:
    """She drives by, stops, and nothing else happens: no cap is in play, and fewer pings count. So none tightens."""
    made = []
    for policy in (Policy(), Policy()._replace(**{name: value})):
        engine = World(policy=policy).build()
        passing = ping(NOW_MS, accuracy_m=40.0, speed_m_per_s=30.0, now_ms=NOW_MS + 10_000)
        stopped = ping(NOW_MS + 11_000, speed_m_per_s=0.0)
        made.append([len(engine.commit(engine.step(row))) for row in (passing, stopped)])
    assert made == [[0, 0], [0, 1]]
    old, new = PolicyDocument(), PolicyDocument(numbers=Policy()._replace(**{name: value}))
    assert is_loosening(difference(old, new, is_newer))


def test_a_shorter_tolerance_of_the_future_refuses_withdrawals_too() -> None:
    made = []
    for tolerance_ms in (30_000, 5_000):
        engine = World(policy=Policy(future_tolerance_ms=tolerance_ms)).build()
        with suppress(InvalidArgumentError):
            engine.record_consent(
                "ann", ALL_PURPOSES, granted=False, time_ms=NOW_MS + 10_000, now_ms=NOW_MS, notice_version="1"
            )
        made.append(len(engine.commit(engine.step(ping(NOW_MS + 1_000)))))
    assert made == [0, 1]
    old, new = PolicyDocument(), PolicyDocument(numbers=Policy(future_tolerance_ms=5_000))
    assert is_loosening(difference(old, new, is_newer))
