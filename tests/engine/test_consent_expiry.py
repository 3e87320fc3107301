"""C3: consent that expires, is snoozed, or falls behind the policy's notice ends at its moment, without an event."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from world import (
    ALL_PURPOSES,
    MINUTE_MS,
    NOW_MS,
    World,
    consent,
    ping,
    pings,
    touchpoint,
    transitions,
    try_verdicts,
    verdicts,
)

from geooffer.engine.apply import fold
from geooffer.engine.clock import EngineClock
from geooffer.engine.consent_wheel import NEVER_AGAIN_MS, ConsentWheel
from geooffer.engine.engine import Engine
from geooffer.engine.parts import PARTITIONS
from geooffer.engine.state import State, digest
from geooffer.errors import AlreadyExistsError, InvalidArgumentError, NotConsentedError
from geooffer.journal.memory import MemoryJournal
from geooffer.model.catalog import Customer
from geooffer.model.consent import Notice, RecordedConsent
from geooffer.model.kinds import Channel
from geooffer.model.limits import LOCATION_SNOOZE_MAX_MS
from geooffer.model.policy import DAY_MS
from geooffer.model.records import ConsentLapsed
from geooffer.model.verdicts import OfferVerdict, PingVerdict, Purpose

LOCATION, PERSONAL = Purpose.PRECISE_LOCATION_FOR_OFFERS.bit, Purpose.PERSONALISED_OFFERS.bit
END_MS = NOW_MS + 10 * MINUTE_MS
V = OfferVerdict


def town(purposes: int = ALL_PURPOSES, until_ms: int = END_MS, **changes: object) -> Engine:
    """ann consents to everything, to `purposes` until a moment; bob without end."""
    world = World(customers=[Customer("ann", (1,)), Customer("bob", (2,))])
    engine = replace(world, **changes).build()  # type: ignore[arg-type]
    engine.record_consent(
        "ann", purposes, granted=True, time_ms=NOW_MS - 5, now_ms=NOW_MS, notice_version="1", valid_until_ms=until_ms
    )
    return engine


def interests(engine: Engine) -> list[object]:
    found: list[object] = engine.export_person("ann", now_ms=NOW_MS)["interests"]
    return found


def test_the_last_moment_holds_and_the_next_does_not() -> None:
    engine = town()
    outcome = engine.step(pings(ping(END_MS - 1), ping(END_MS, device=2), ping(END_MS + 5)))
    assert verdicts(outcome) == [PingVerdict.ACCEPTED, PingVerdict.ACCEPTED, PingVerdict.NO_CONSENT]
    assert interests(engine) == [], "what was held on that ground is gone"
    assert engine.consent_of("ann")[Purpose(0)].granted, "and what she said is not rewritten"


@pytest.mark.parametrize("seed", range(4))
def test_expiry_does_not_depend_on_how_rows_are_cut(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ends = sorted(int(end) for end in rng.integers(1, 60, 6) * 10_000)
    rows = pings(
        *(
            ping(NOW_MS + 10_000 * number, device=1 + int(rng.integers(2)), east_m=float(rng.choice([0, 300])))
            for number in range(60)
        )
    )
    told = []
    for size in (1, 7, 60):
        engine = town(until_ms=NOW_MS + ends[0])
        for name, purpose, end in zip("ab" * 3, rng.permutation(7)[:6].tolist(), ends, strict=False):
            engine.record_consent(
                {"a": "ann", "b": "bob"}[name], 1 << int(purpose) if size else 0, granted=True, time_ms=NOW_MS,
                now_ms=NOW_MS, notice_version="1", valid_until_ms=NOW_MS + end,
            )  # fmt: skip
        rng = np.random.default_rng(seed)
        rng.integers(1, 60, 6)
        found = []
        for start in range(0, 60, size):
            outcome = engine.step(rows[start : start + size].copy())
            engine.commit(outcome)
            found += [*outcome.verdicts.tolist(), *transitions(engine, outcome.transitions), *try_verdicts(outcome)]
        told.append(sorted(map(str, found)))
        again = fold(State(), engine.journal.read())
        assert [digest(again, each) for each in PARTITIONS] == [digest(engine.state, each) for each in PARTITIONS]
        del again
    assert "3" in told[0], "somebody's consent ended"


def test_a_decision_of_an_earlier_row_is_not_sent_after_the_end() -> None:
    engine = town()
    decisions = engine.commit(engine.step(pings(ping(END_MS - 1), ping(END_MS + 1))))
    assert len(decisions) == 1
    assert not engine.may_send(decisions[0])
    engine = town()
    (decision,) = engine.commit(engine.step(ping(END_MS - 1)))
    assert engine.may_send(decision, END_MS - 1)
    assert not engine.may_send(decision, END_MS)


def test_what_is_asked_and_told_after_the_end_is_refused() -> None:
    engine = town(PERSONAL)
    asked = engine.decide("ann", channel=Channel.IN_APP, now_ms=END_MS, place=(525_200_000, 134_050_000))
    assert (asked.decision, asked.verdict) == (None, V.PURPOSE_NOT_CONSENTED)
    engine = town(Purpose.SEARCH_INTENT_USE.bit)
    with pytest.raises(NotConsentedError):
        engine.record_touchpoints([touchpoint(time_ms=END_MS)], now_ms=END_MS)


def test_without_anybody_asking_it_ends_once_and_durably() -> None:
    engine = town(LOCATION)
    assert not engine.lapse_consents(END_MS - 1) or engine.location_wanted(1)
    engine.lapse_consents(END_MS)
    assert not engine.location_wanted(1)
    lapsed = [each.record for each in engine.journal.read() if isinstance(each.record, ConsentLapsed)]
    assert [record.time_ms for record in lapsed] == [END_MS]
    assert not engine.lapse_consents(END_MS + 1)
    engine.lapse_consents(END_MS + 3 * DAY_MS)
    assert len([each for each in engine.journal.read() if isinstance(each.record, ConsentLapsed)]) == 1


@pytest.mark.parametrize("restarted_ms", [END_MS - 1, END_MS, END_MS + 5 * DAY_MS])
def test_a_restart_forgets_no_end(restarted_ms: int) -> None:
    engine = town()
    assert isinstance(engine.journal, MemoryJournal)
    again = Engine(journal=engine.journal, clock=EngineClock("client", restarted_ms))
    again.lapse_consents(restarted_ms)
    assert again.location_wanted(1) is (restarted_ms < END_MS)
    again.lapse_consents(END_MS)
    assert not again.location_wanted(1)
    assert again.location_wanted(2)


def test_given_anew_it_goes_on_beyond_the_old_end() -> None:
    engine = town()
    consent(engine, ALL_PURPOSES, time_ms=NOW_MS)
    engine.lapse_consents(END_MS + 1)
    assert engine.consented_now("ann", END_MS + 1) == ALL_PURPOSES
    assert interests(engine) != []


# -- snooze --------------------------------------------------------------------------------------------------------


def test_a_snooze_stops_location_alone_and_loses_nothing_but_where_she_is() -> None:
    engine = town(until_ms=NOW_MS + 40 * DAY_MS)
    (pending,) = engine.commit(engine.step(ping()))
    engine.snooze_location("ann", END_MS, now_ms=NOW_MS)
    assert not engine.may_send(pending), "what was found by her location does not leave"
    assert engine.consented_now("ann", NOW_MS) == ALL_PURPOSES & ~LOCATION
    device = engine.state.people.view.devices[engine.state.people.device_slots[1]]
    assert (int(device["latitude_e7"]), int(device["presence_head"])) == (0, -1)
    outcome = engine.step(pings(ping(END_MS - 1), ping(END_MS)))
    assert verdicts(outcome) == [PingVerdict.NO_CONSENT, PingVerdict.ACCEPTED]
    assert interests(engine) != []
    assert engine.was_allowed("ann", Purpose(0), END_MS - 1).allowed, "she consented all the while"


def test_a_snooze_is_bounded_ended_by_her_and_survives_a_restart() -> None:
    engine = town(until_ms=NOW_MS + 40 * DAY_MS)
    with pytest.raises(InvalidArgumentError):
        engine.snooze_location("ann", NOW_MS + LOCATION_SNOOZE_MAX_MS + 1, now_ms=NOW_MS)
    engine.snooze_location("ann", NOW_MS + LOCATION_SNOOZE_MAX_MS, now_ms=NOW_MS)
    again = Engine(journal=engine.journal, clock=EngineClock("client", NOW_MS))
    assert not again.location_wanted(1)
    again.snooze_location("ann", NOW_MS, now_ms=NOW_MS)
    assert again.location_wanted(1)
    assert again.snoozed_until_ms("ann") is None


# -- notices -------------------------------------------------------------------------------------------------------

TEXTS = (("de", "ab" * 32), ("en", "cd" * 32))


def notice(version: str = "v1", **changes: object) -> Notice:
    first = Notice(version, NOW_MS - 30 * DAY_MS, ALL_PURPOSES, TEXTS, "Shop AG", ("Post",), "in the app", "policy 7")
    return replace(first, **changes)  # type: ignore[arg-type]


def given(engine: Engine, **changes: object) -> RecordedConsent:
    values = {"granted": True, "time_ms": NOW_MS, "now_ms": NOW_MS, "notice_version": "v1", "language": "de"} | changes
    return engine.record_consent("ann", int(values.pop("purposes", 1)), **values)  # type: ignore[arg-type,call-overload]


def test_a_grant_takes_hash_and_end_from_its_notice() -> None:
    engine = town()
    engine.register_notices([notice(validity_days=10)], now_ms=NOW_MS)
    event = given(engine)
    assert event.notice_hash == bytes.fromhex("ab" * 32)
    assert event.valid_until_ms == NOW_MS + 10 * DAY_MS
    assert given(engine, time_ms=NOW_MS - 1, valid_until_ms=NOW_MS + 1).valid_until_ms == NOW_MS + 1
    row = engine.export_person("ann", now_ms=NOW_MS)["consents"][-1]
    assert (row["controller"], row["recipients"], row["withdrawal_method"]) == ("Shop AG", ["Post"], "in the app")
    assert (row["retention_reference"], row["notice_sha256"]) == ("policy 7", "ab" * 32)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"language": "fr"}, "language_code"),
        ({"notice_hash": b"x" * 32}, "notice_hash"),
        ({"purposes": 2}, "purposes"),
        ({"time_ms": NOW_MS - 31 * DAY_MS}, "event_time"),
    ],
)
def test_a_grant_that_does_not_fit_its_notice_is_none(changes: dict[str, object], field: str) -> None:
    engine = town()
    engine.register_notices([notice(purposes=1)], now_ms=NOW_MS)
    before = engine.consent_events("ann")
    with pytest.raises(InvalidArgumentError) as caught:
        given(engine, **changes)
    assert caught.value.field == field
    assert engine.consent_events("ann") == before


@pytest.mark.parametrize(
    ("said", "registered", "counts"),
    [
        ({"language": ""}, {}, True),
        ({"language": "", "notice_hash": bytes.fromhex("cd" * 32)}, {}, True),
        ({"language": "", "notice_hash": b"x" * 32}, {}, False),
        ({"language": "", "time_ms": NOW_MS - 1}, {"effective_ms": NOW_MS}, False),
        ({"language": ""}, {"validity_days": 10}, False),
        ({"language": "", "valid_until_ms": NOW_MS + DAY_MS}, {"validity_days": 10}, True),
        ({"language": ""}, {"purposes": 2}, False),
    ],
)
def test_a_notice_registered_after_the_event_is_held_against_it(
    said: dict[str, object], registered: dict[str, object], counts: bool
) -> None:
    """C3: the event named a version nobody knew; what that version turns out to say decides whether it counts."""
    engine = town()
    event = given(engine, **said)
    assert engine.consent_of("ann")[Purpose(0)] == event
    engine.set_minimum_notices({Purpose(0): "v1"})
    assert not engine.consented_now("ann", NOW_MS) & 1
    engine.register_notices([notice(**registered)], now_ms=NOW_MS)
    assert bool(engine.consented_now("ann", NOW_MS) & 1) is counts


def test_a_registered_notice_stays_as_it_is_and_gains_languages() -> None:
    engine = town()
    generation = engine.saved_generation
    engine.register_notices([notice(), notice()], now_ms=NOW_MS)
    engine.register_notices([notice(text_hashes=(("fr", "ef" * 32),))], now_ms=NOW_MS)
    assert engine.registry.notices["v1"].languages == ("de", "en", "fr")
    for change in ({"controller": "Other"}, {"text_hashes": (("de", "00" * 32),)}, {"purposes": 1}):
        with pytest.raises(AlreadyExistsError):
            engine.register_notices([notice(**change)], now_ms=NOW_MS)
    assert engine.saved_generation == generation, "no offer changes by a notice"
    again = fold(State(), engine.journal.read())
    assert again.registry.notices == engine.registry.notices


def test_an_older_notice_than_the_policy_demands_denies_and_a_newer_one_allows() -> None:
    engine = town(until_ms=NOW_MS + 40 * DAY_MS)
    notices = [notice(), notice("v2", effective_ms=NOW_MS - 2), notice("v3", effective_ms=NOW_MS - 1)]
    engine.register_notices(notices, now_ms=NOW_MS)
    given(engine, purposes=ALL_PURPOSES)
    engine.step(ping())
    engine.set_minimum_notices({Purpose(0): "v2", Purpose.PUSH_MARKETING: "v1"})
    assert engine.consented_now("ann", NOW_MS) == ALL_PURPOSES & ~LOCATION
    assert verdicts(engine.step(ping(NOW_MS + 1))) == [PingVerdict.NO_CONSENT]
    assert interests(engine) != [], "the policy may be rolled back: nothing is lost"
    for version in ("v3", "v2"):
        again = given(engine, notice_version=version, time_ms=NOW_MS + (version == "v2"), now_ms=NOW_MS + 2)
        assert again.notice_version == version
        assert engine.consented_now("ann", NOW_MS) == ALL_PURPOSES
    engine.set_minimum_notices({Purpose(0): "never registered"})
    assert engine.consented_now("ann", NOW_MS) == ALL_PURPOSES & ~LOCATION
    engine.set_minimum_notices({})
    assert engine.consented_now("ann", NOW_MS) == ALL_PURPOSES


# -- the wheel -----------------------------------------------------------------------------------------------------


def test_the_wheel_names_everybody_in_time_and_nothing_before() -> None:
    rng = np.random.default_rng(3)
    moments = {key: int(moment) for key, moment in enumerate(rng.integers(0, 9 * DAY_MS, 500).tolist())}
    wheel = ConsentWheel()
    for key, moment in moments.items():
        wheel.add(moment, key)
    seen: dict[int, int] = {}
    now_ms = 0
    while wheel.next_ms != NEVER_AGAIN_MS:
        assert wheel.next_ms >= now_ms
        now_ms = wheel.next_ms + int(rng.integers(0, 3_600_000))
        wheel.bring(now_ms)
        for key in wheel.take():
            if moments[key] <= now_ms:
                seen[key] = now_ms
            else:
                wheel.add(moments[key], key)
        missed = [key for key, moment in moments.items() if moment <= now_ms and key not in seen]
        assert missed == []
    assert seen.keys() == moments.keys()
