"""C1, C3, D1.4: all 128 masks of purposes, against what the semantics says each use needs; unknown is no, however."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from world import (
    ALL_PURPOSES,
    EU_43,
    NOW_MS,
    World,
    offer,
    ping,
    pings,
    touchpoint,
    try_verdicts,
    verdicts,
)

from geooffer.engine.engine import Engine
from geooffer.model.catalog import Category, Customer
from geooffer.model.consent import Notice
from geooffer.model.frequency import CapRule
from geooffer.model.kinds import Channel
from geooffer.model.policy import DAY_MS, HOUR_MS
from geooffer.model.verdicts import OfferVerdict, PingVerdict, Purpose

V = OfferVerdict
MASKS = range(ALL_PURPOSES + 1)
NAMES = [f"mask-{mask}" for mask in MASKS]
BY_NAME = dict(zip(NAMES, MASKS, strict=True))

ON_A_WALK = {Purpose.PRECISE_LOCATION_FOR_OFFERS, Purpose.SEARCH_INTENT_USE, Purpose.PERSONALISED_OFFERS}
ASKED = {Purpose.SEARCH_INTENT_USE, Purpose.PERSONALISED_OFFERS}
NEEDED: dict[str, set[Purpose]] = {
    "walk": ON_A_WALK,
    "walk, offer for push": ON_A_WALK | {Purpose.PUSH_MARKETING},
    "walk, special category": ON_A_WALK | {Purpose.SPECIAL_CATEGORY_OFFERS},
    "asked in app": ASKED,
    "asked by push": ASKED | {Purpose.PUSH_MARKETING},
    "asked in app, special category": ASKED | {Purpose.SPECIAL_CATEGORY_OFFERS},
}
"""The table: what each use needs. Background location and statistics are needed by none of them."""


def old_and_new(engine: Engine) -> None:
    """Two notices, the first of which is not enough any more."""
    texts = (("en", "00" * 32),)
    notices = [Notice(name, NOW_MS - age * DAY_MS, ALL_PURPOSES, texts, "Shop") for name, age in (("old", 9), ("1", 5))]
    engine.register_notices(notices, now_ms=NOW_MS)


def give(engine: Engine, name: str, mask: int, **changes: object) -> None:
    if mask:
        values = {"granted": True, "time_ms": NOW_MS - DAY_MS, "now_ms": NOW_MS - DAY_MS, "notice_version": "1"}
        engine.record_consent(name, mask, **(values | changes))  # type: ignore[arg-type]


def withdrawn(engine: Engine, name: str, mask: int) -> None:
    give(engine, name, ALL_PURPOSES & ~mask, granted=False, time_ms=NOW_MS, now_ms=NOW_MS, notice_version="")


def expired(engine: Engine, name: str, mask: int) -> None:
    """Given again, for a while that is over when she is seen."""
    give(engine, name, ALL_PURPOSES & ~mask, time_ms=NOW_MS - HOUR_MS, now_ms=NOW_MS - HOUR_MS, valid_until_ms=NOW_MS)


def by_an_old_notice(engine: Engine, name: str, mask: int) -> None:
    give(engine, name, ALL_PURPOSES & ~mask, time_ms=NOW_MS - HOUR_MS, now_ms=NOW_MS, notice_version="old")


def by_no_known_notice(engine: Engine, name: str, mask: int) -> None:
    give(engine, name, ALL_PURPOSES & ~mask, time_ms=NOW_MS - HOUR_MS, now_ms=NOW_MS, notice_version="unheard-of")


WAYS = (withdrawn, expired, by_an_old_notice, by_no_known_notice)


def town(use: str, way: Callable[[Engine, str, int], None]) -> Engine:
    """A customer for each mask: all give everything first and want the shoe, then all but the mask is gone."""
    world = World(
        customers=[Customer(name, (mask + 1,)) for name, mask in BY_NAME.items()],
        touchpoints=[touchpoint(size=EU_43, customer_id=name) for name in NAMES],
        cap_rules=tuple[CapRule](),
    )
    nouns = list(world.nouns)
    if "special" in use:
        nouns = [Category("running-shoes", is_special=True) if isinstance(each, Category) else each for each in nouns]
    if "for push" in use:
        nouns = [*nouns[:-1], offer(required_purposes=Purpose.PUSH_MARKETING.bit)]
    engine = replace(world, nouns=nouns).build()
    if way in (by_an_old_notice, by_no_known_notice):
        old_and_new(engine)
        engine.set_minimum_notices(dict.fromkeys(Purpose, "1"))
    for name, mask in BY_NAME.items():
        way(engine, name, mask)
    return engine


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("use", NEEDED)
def test_a_use_happens_where_its_whole_row_is_given(use: str, way: Callable[[Engine, str, int], None]) -> None:
    engine = town(use, way)
    needed = sum(purpose.bit for purpose in NEEDED[use])
    location = Purpose.PRECISE_LOCATION_FOR_OFFERS.bit
    if "walk" in use:
        outcome = engine.step(pings(*(ping(device=mask + 1) for mask in MASKS)))
        heard = [bool(mask & location) for mask in MASKS]
        assert verdicts(outcome) == [PingVerdict.ACCEPTED if each else PingVerdict.NO_CONSENT for each in heard]
        assert [engine.location_wanted(mask + 1) for mask in MASKS] == heard
        found = dict(zip([mask for mask in MASKS if mask & location], try_verdicts(outcome), strict=True))
        offered = {decision.device_key - 1 for decision in engine.commit(outcome)}
    else:
        channel = Channel.PUSH if "push" in use else Channel.IN_APP
        place = (525_200_000, 134_050_000)
        answers = {
            mask: engine.decide(name, channel=channel, now_ms=NOW_MS, place=place) for name, mask in BY_NAME.items()
        }
        found = {mask: answer.verdict for mask, answer in answers.items()}
        offered = {mask for mask, answer in answers.items() if answer.decision is not None}
    assert offered == {mask for mask in MASKS if mask & needed == needed}
    lacking = {V.PURPOSE_NOT_CONSENTED, V.SPECIAL_CATEGORY, V.NO_INTENT}
    for mask, verdict in found.items():
        assert (verdict == V.OFFERED) == (mask in offered), mask
        assert mask in offered or verdict in lacking, (mask, verdict)
    for name, mask in BY_NAME.items():
        assert engine.consented_now(name, NOW_MS) == mask
