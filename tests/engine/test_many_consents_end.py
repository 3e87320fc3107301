"""C3: however many consents end at one moment, each is refused from then on, and nobody waits for all of them."""

from __future__ import annotations

import pytest
from world import (
    ALL_PURPOSES,
    DAY_MS,
    EU_43,
    HOUR_MS,
    NOW_MS,
    World,
    audience,
    consent,
    ping,
    pings,
    touchpoint,
    verdicts,
)

from geooffer.engine.apply import fold
from geooffer.engine.engine import Engine
from geooffer.engine.explain import explain_ping
from geooffer.engine.parts import PARTITIONS
from geooffer.engine.state import State, digest
from geooffer.errors import NotConsentedError
from geooffer.model.catalog import Category, Customer
from geooffer.model.consent import Notice
from geooffer.model.kinds import Channel
from geooffer.model.records import ConsentLapsed, ConsentTaken
from geooffer.model.verdicts import OfferVerdict, PingVerdict, Purpose

PERSON_COUNT = 60
END_MS = NOW_MS + 10 * 60_000
PLACE = (525_200_000, 134_050_000)


def crowd(until_ms: int = END_MS, **world: object) -> Engine:
    """c0 … c59 with the devices 1 … 60 consent to everything until the same moment."""
    customers = [Customer(f"c{number}", (number + 1,)) for number in range(PERSON_COUNT)]
    signals = [touchpoint(customer_id=customer.customer_id, size=EU_43) for customer in customers]
    engine = World(customers=customers, touchpoints=signals, **world).build()  # type: ignore[arg-type]
    for customer in customers:
        engine.record_consent(
            customer.customer_id,
            ALL_PURPOSES,
            granted=True,
            time_ms=NOW_MS - 5,
            now_ms=NOW_MS,
            notice_version="1",
            valid_until_ms=until_ms,
        )
    return engine


def lapsed(engine: Engine) -> int:
    return sum(isinstance(entry.record, ConsentLapsed) for entry in engine.journal.read())


def test_who_is_used_is_looked_at_first_and_the_rest_in_pieces() -> None:
    engine = crowd()
    engine.put_nouns([audience()], now_ms=NOW_MS)
    (pending,) = engine.commit(engine.step(ping(END_MS - 1, device=3)))
    outcome = engine.step(pings(ping(END_MS, device=1), ping(END_MS + 1, device=1)))
    assert verdicts(outcome) == [PingVerdict.NO_CONSENT] * 2
    assert lapsed(engine) == 1, "nobody else was looked at while a ping waited"
    assert not engine.may_send(pending, END_MS + 1)
    asked = engine.decide("c3", channel=Channel.IN_APP, now_ms=END_MS + 1, place=PLACE)
    assert asked.verdict is OfferVerdict.PURPOSE_NOT_CONSENTED
    with pytest.raises(NotConsentedError):
        engine.record_touchpoints([touchpoint(time_ms=END_MS, customer_id="c4")], now_ms=END_MS + 1)
    with pytest.raises(NotConsentedError):
        engine.put_audience_members("audience-1", ["c5"], are_members=True, now_ms=END_MS + 1)
    assert engine.consented_now("c6", END_MS + 1) == 0
    told = explain_ping(
        engine, device_key=8, latitude_e7=PLACE[0], longitude_e7=PLACE[1], accuracy_cm=1_000, now_ms=END_MS + 1
    )
    assert told.ping_verdict is PingVerdict.NO_CONSENT
    assert lapsed(engine) == 6, "an explanation changes nothing"
    pieces = 0
    while engine.lapse_consents(END_MS + 2, 20):
        pieces += 1
    assert (pieces, lapsed(engine)) == (3, PERSON_COUNT)
    again = fold(State(), engine.journal.read())
    assert [digest(again, each) for each in PARTITIONS] == [digest(engine.state, each) for each in PARTITIONS]


def test_a_visit_of_who_is_not_looked_at_yet_ends_without_a_word() -> None:
    engine = crowd()
    engine.step(pings(ping(END_MS - 1, device=1), ping(END_MS - 1, device=2)))
    consent(engine, ALL_PURPOSES, time_ms=NOW_MS, customer_id="c1")
    ended = engine.advance(END_MS + HOUR_MS)
    assert ended["device_key"].tolist() == [2], "c0 consents no more: nothing is told of where she was"


def test_who_is_looked_at_for_her_hour_alone_loses_no_offer() -> None:
    """Her consent ends later in the hour that begins within the batch."""
    hour_ms = (NOW_MS // HOUR_MS + 1) * HOUR_MS
    end_ms = hour_ms + HOUR_MS // 2
    engine = crowd(until_ms=end_ms)
    outcome = engine.step(pings(ping(hour_ms - 1, device=1), ping(hour_ms, device=2)))
    decisions = engine.commit(outcome)
    assert [engine.may_send(decision, hour_ms) for decision in decisions] == [True] * len(decisions)
    slot = engine.state.people.person_slots[engine.key_of("c1")]
    assert engine.state.people.view.persons["consent_epoch"][slot] == 1, "her word has not changed"
    assert engine.consented_now("c1", end_ms - 1) == ALL_PURPOSES
    assert engine.consented_now("c1", end_ms) == 0


def test_a_notice_that_is_demanded_counts_for_everybody_at_once() -> None:
    engine = crowd(until_ms=0)
    (pending,) = engine.commit(engine.step(ping(device=3)))
    engine.set_minimum_notices({Purpose.PRECISE_LOCATION_FOR_OFFERS: "v2"})
    assert verdicts(engine.step(ping(NOW_MS + 1, device=1))) == [PingVerdict.NO_CONSENT]
    assert not engine.may_send(pending, NOW_MS + 1)
    held = engine.state.people.view.persons["consent_bits"]
    still = [key for key, slot in engine.state.people.person_slots.items() if held[slot] == ALL_PURPOSES]
    assert len(still) == PERSON_COUNT - 2, "the others are looked at later, or when they are used"
    engine.lapse_consents(NOW_MS + 1)
    assert not (held & Purpose.PRECISE_LOCATION_FOR_OFFERS.bit).any()
    assert lapsed(engine) == 0, "what a policy demands ends nothing for good"


def test_nobody_is_named_for_what_ended_by_itself() -> None:
    """Whoever calls next and has her looked at did not cause it; the audit log is not to say so."""
    engine, caused = crowd(), []
    engine.note = caused.extend  # type: ignore[assignment]
    assert engine.consented_now("c0", END_MS) == 0
    engine.withdraw_now("c1", ALL_PURPOSES, now_ms=END_MS)
    assert lapsed(engine) == 2
    assert [type(record) for record in caused] == [ConsentTaken]


def test_who_is_erased_is_not_remembered_as_due() -> None:
    engine = crowd()
    engine.state.consent_wheel.bring(END_MS)
    key = engine.key_of("c0")
    assert key in engine.state.consent_wheel.due
    engine.delete_customer("c0")
    assert key not in engine.state.consent_wheel.due


def test_a_sweep_drops_of_special_categories_what_a_replay_drops() -> None:
    """By what she said: what a policy demands of notices stands in no record."""
    pharmacy = Category("running-shoes", is_special=True)
    engine = World(customers=[Customer("ann", (1,))]).build()
    engine.register_notices(
        [Notice("1", NOW_MS - 90 * DAY_MS, ALL_PURPOSES, (("en", "ab" * 32),), "Shop AG")], now_ms=0
    )
    engine.set_minimum_notices({Purpose.SPECIAL_CATEGORY_OFFERS: "unregistered"})
    engine.lapse_consents(NOW_MS)
    engine.put_nouns([pharmacy], now_ms=NOW_MS)
    while engine.sweep_retention(NOW_MS):
        pass
    again = fold(State(), engine.journal.read())
    assert [digest(again, each) for each in PARTITIONS] == [digest(engine.state, each) for each in PARTITIONS]
    assert engine.export_person("ann", now_ms=NOW_MS)["interests"], "she consented to its use"
