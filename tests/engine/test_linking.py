"""S-5, S9, S13: devices and pseudonyms are linked, persons united and parted; no order of it gives a cap back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_signals import CATEGORIES, SIGNAL
from world import (
    ALL_PURPOSES,
    EU_43,
    HOUR_MS,
    MINUTE_MS,
    NOW_MS,
    World,
    consent,
    contact_count,
    ping,
    pings,
    touchpoint,
    transitions,
    try_verdicts,
    verdicts,
)

from geooffer.engine.apply import fold
from geooffer.engine.engine import Engine
from geooffer.engine.state import State, digest
from geooffer.errors import (
    AlreadyExistsError,
    InvalidArgumentError,
    LimitExceededError,
    NotConsentedError,
    NotFoundError,
)
from geooffer.journal.memory import MemoryJournal
from geooffer.model.catalog import Category, Customer
from geooffer.model.keys import partition_of, person_key
from geooffer.model.kinds import IdentityKind, OutcomeKind
from geooffer.model.limits import DEVICES_PER_CUSTOMER_COUNT_MAX, IDENTITIES_PER_CUSTOMER_COUNT_MAX
from geooffer.model.policy import DAY_MS
from geooffer.model.repurchase import RepurchaseRule
from geooffer.model.signals import Identity, Touchpoint
from geooffer.model.verdicts import OfferVerdict, PingVerdict, TouchpointKind

V = OfferVerdict
K = TouchpointKind
WEB = Identity(IdentityKind.WEB, "session-1")
CARD = Identity(IdentityKind.LOYALTY, "card-1")
NAMES = ("ann", "bob", "carla")


def town(journal: MemoryJournal | None = None, **changes: object) -> Engine:
    """ann with phone 1, bob with phones 2 and 3, carla without any; all want running shoes."""
    world = World(
        customers=[Customer("ann", (1,)), Customer("bob", (2, 3)), Customer("carla", ())],
        touchpoints=[touchpoint(customer_id=name, size=EU_43) for name in NAMES],
    )
    return replace(world, **changes).build(journal)  # type: ignore[arg-type]


def person_digest(engine: Engine, name: str = "ann") -> str:
    return digest(engine.state, partition_of(person_key(name)))


def everything(engine: Engine) -> list[str]:
    return [digest(engine.state, partition) for partition in range(-1, 64)]


def test_whose_ids_are_united_is_part_of_the_state() -> None:
    """Two engines that differ in nothing else do not have the same digest; each lies with whom it stands for."""
    engine = town()
    engine.merge_customers("carla", "ann")
    alias, key = person_key("carla"), person_key("ann")
    assert engine.state.aliases == {alias: key}
    before = everything(engine)
    assert [digest(fold(State(), engine.journal.read()), partition) for partition in range(-1, 64)] == before
    for changed in ({}, {alias: person_key("bob")}, {alias: key, person_key("dora"): key}):
        engine.state.aliases = changed
        found = everything(engine)
        differing = {partition - 1 for partition in range(65) if found[partition] != before[partition]}
        assert differing == {partition_of(key)} | {partition_of(each) for each in changed.values()}
    engine.state.aliases = {alias: key}
    assert everything(engine) == before


# -- devices -------------------------------------------------------------------------------------------------


def test_a_device_that_changes_hands_acts_for_its_new_owner_in_the_same_visit() -> None:
    engine = town()
    assert len(engine.commit(engine.step(ping(device=2)))) == 1
    engine.link_device("ann", 2)
    assert engine.customer("ann").device_keys == (1, 2)
    assert engine.customer("bob").device_keys == (3,)
    outcome = engine.step(ping(NOW_MS + MINUTE_MS, device=2))
    assert try_verdicts(outcome) == [V.OFFERED], "a new try: ann has had nothing yet"
    told = [kind for kind, *_ in transitions(engine, outcome.transitions)]
    assert told == ["DWELL"], "a minute after bob entered: presence, watermark and sequence are the device's own (S-5)"
    assert verdicts(engine.step(ping(NOW_MS + MINUTE_MS - 1, device=2))) == [PingVerdict.STALE_FIX]
    (decision,) = engine.commit(outcome)
    assert (decision.person_key, decision.device_key) == (person_key("ann"), 2)
    assert (contact_count(engine, "ann"), contact_count(engine, "bob")) == (1, 1)


def test_linking_a_device_twice_changes_nothing_and_nobody_loses_one_by_a_refusal() -> None:
    engine = town()
    engine.link_device("ann", 9)
    before = everything(engine)
    engine.link_device("ann", 9)
    with pytest.raises(InvalidArgumentError):
        engine.link_device("ann", 0)
    with pytest.raises(NotFoundError):
        engine.link_device("nobody", 1)
    with pytest.raises(NotFoundError):
        engine.unlink_device("ann", 2)
    assert everything(engine) == before


def test_a_customer_has_so_many_devices_and_no_more() -> None:
    many = tuple(range(100, 100 + DEVICES_PER_CUSTOMER_COUNT_MAX))
    engine = town(customers=[Customer("ann", many), Customer("bob", (1,))], touchpoints=())
    before = everything(engine)
    for change in (
        lambda: engine.link_device("ann", 1),
        lambda: engine.merge_customers("bob", "ann"),
        lambda: engine.unlink_device("bob", 1, "ann"),
    ):
        with pytest.raises(LimitExceededError):
            change()
    assert everything(engine) == before


def test_an_unlinked_device_is_nobodys() -> None:
    engine = town()
    engine.unlink_device("bob", 2)
    assert verdicts(engine.step(ping(device=2))) == [PingVerdict.NO_CONSENT]
    assert not engine.location_wanted(2)


# -- pseudonyms ----------------------------------------------------------------------------------------------


def test_a_pseudonym_speaks_for_whom_it_is_linked_to() -> None:
    engine = town(touchpoints=())
    signal = replace(touchpoint(size=EU_43), customer_id="", identity=WEB)
    with pytest.raises(NotFoundError):
        engine.record_touchpoints([signal], now_ms=NOW_MS)
    engine.link_identity("ann", WEB)
    engine.link_identity("ann", WEB)
    assert engine.identity_count("ann") == 1
    engine.record_touchpoints([signal], now_ms=NOW_MS)
    assert try_verdicts(engine.step(pings(ping(), ping(device=2)))) == [V.OFFERED, V.NO_INTENT]
    engine.link_identity("bob", WEB)
    assert (engine.identity_count("ann"), engine.identity_count("bob")) == (0, 1), "it moves alone"
    engine.record_touchpoints([signal], now_ms=NOW_MS)
    assert try_verdicts(engine.step(ping(NOW_MS + HOUR_MS, device=2))) == [V.OFFERED]
    engine.unlink_identity("bob", WEB)
    with pytest.raises(NotFoundError):
        engine.record_touchpoints([signal], now_ms=NOW_MS)
    with pytest.raises(InvalidArgumentError):
        engine.record_touchpoints([replace(signal, customer_id="ann")], now_ms=NOW_MS)


def test_web_and_loyalty_pseudonyms_of_one_text_are_two() -> None:
    engine = town()
    engine.link_identity("ann", Identity(IdentityKind.WEB, "7"))
    engine.link_identity("bob", Identity(IdentityKind.LOYALTY, "7"))
    assert (engine.identity_count("ann"), engine.identity_count("bob")) == (1, 1)


def test_a_customer_has_so_many_pseudonyms_and_no_more() -> None:
    engine = town()
    for index in range(IDENTITIES_PER_CUSTOMER_COUNT_MAX):
        engine.link_identity("ann", Identity(IdentityKind.WEB, str(index)))
    with pytest.raises(LimitExceededError):
        engine.link_identity("ann", CARD)
    engine.link_identity("ann", Identity(IdentityKind.WEB, "0"))


# -- one human -----------------------------------------------------------------------------------------------


def test_united_they_share_caps_devices_pseudonyms_and_names() -> None:
    journal = MemoryJournal()
    engine = town(journal)
    engine.link_identity("bob", CARD)
    assert len(engine.commit(engine.step(ping(device=2)))) == 1
    engine.merge_customers("bob", "ann")
    assert engine.customer("bob") == engine.customer("ann") == Customer("ann", (1, 2, 3))
    assert engine.identity_count("ann") == 1
    # what bob had counts for the phone that was always ann's
    assert try_verdicts(engine.step(ping(NOW_MS + MINUTE_MS))) == [V.ALREADY_OFFERED]
    engine.record_touchpoints([replace(touchpoint(K.WISH), customer_id="bob")], now_ms=NOW_MS)
    engine.record_touchpoints([replace(touchpoint(K.CART), customer_id="", identity=CARD)], now_ms=NOW_MS)
    with pytest.raises(AlreadyExistsError):
        engine.upsert_customers([Customer("bob", (7,))])
    before = everything(engine)
    engine.merge_customers("ann", "bob")
    engine.merge_customers("bob", "bob")
    assert everything(engine) == before, "they are one already"
    assert everything(Engine(journal=journal, clock=engine.clock)) == before


def test_erasing_a_united_person_erases_all_her_names() -> None:
    engine = town()
    engine.commit(engine.step(ping(device=2)))
    engine.merge_customers("bob", "ann")
    engine.merge_customers("ann", "carla")
    engine.delete_customer("bob")
    for name in NAMES:
        with pytest.raises(NotFoundError):
            engine.customer(name)
    assert engine.state.aliases == engine.state.decisions == engine.state.consents == {}
    engine.upsert_customers([Customer("bob", (2,))])
    assert contact_count(engine, "bob") == 0


def test_the_later_consent_holds_for_both_and_a_tie_is_a_withdrawal() -> None:
    for times, is_granted in (((10, 20), False), ((20, 10), True), ((10, 10), False)):
        engine = town(purposes=0, touchpoints=())
        consent(engine, ALL_PURPOSES, time_ms=NOW_MS - DAY_MS + times[0], customer_id="ann")
        consent(engine, ALL_PURPOSES, granted=False, time_ms=NOW_MS - DAY_MS + times[1], customer_id="bob")
        engine.merge_customers("bob", "ann")
        assert {state.granted for state in engine.consent_of("ann").values()} == {is_granted}
        assert engine.location_wanted(1) is engine.location_wanted(2) is is_granted


def assert_order_of_uniting_does_not_matter(signals: list[tuple[str, Touchpoint]]) -> None:
    """S-1 over persons: uniting in any order is as if all had been said by one."""
    found = set()
    for order in (("bob", "carla"), ("carla", "bob"), ()):
        world = replace(World(), nouns=[*World().nouns, *CATEGORIES[1:]], touchpoints=())
        engine = replace(world, customers=[Customer(name, ()) for name in NAMES]).build()
        told = [replace(signal, customer_id=name if order else "ann") for name, signal in signals]
        engine.record_touchpoints(told, now_ms=NOW_MS)
        for name in order:
            engine.merge_customers(name, "ann")
        assert engine.state.aliases == {person_key(name): person_key("ann") for name in order}
        engine.state.aliases = {}  # in that they do differ
        found.add(person_digest(engine))
    assert len(found) == 1


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(NAMES), SIGNAL), min_size=20, max_size=120))
def test_whoever_is_united_first_she_is_the_one_who_left_all_the_signals(
    signals: list[tuple[str, Touchpoint]],
) -> None:
    assert_order_of_uniting_does_not_matter(signals)


def test_old_interest_gives_way_when_its_owner_is_united_with_one_who_has_much_that_is_newer() -> None:
    """S-4: bob has seen 17 newer interests, so one of his gave way; what is older than that goes with it."""
    signals = [
        ("bob", touchpoint(time_ms=NOW_MS - hour * HOUR_MS, category_id=f"category-{hour:02}")) for hour in range(1, 18)
    ]
    for owner in ("ann", "carla"):
        old = (owner, touchpoint(time_ms=NOW_MS - 30 * HOUR_MS, category_id="category-19"))
        assert_order_of_uniting_does_not_matter([*signals, old])


# -- and two again -------------------------------------------------------------------------------------------


def test_who_is_parted_takes_a_copy_of_contacts_along() -> None:
    journal = MemoryJournal()
    engine = town(journal)
    (decision,) = engine.commit(engine.step(ping(device=2)))
    engine.unlink_device("bob", 2, "dan")
    assert engine.customer("dan") == Customer("dan", (2,))
    assert (contact_count(engine, "bob"), contact_count(engine, "dan")) == (1, 1)
    consent(engine, ALL_PURPOSES, customer_id="dan")
    engine.record_touchpoints([touchpoint(customer_id="dan", size=EU_43)], now_ms=NOW_MS)
    assert try_verdicts(engine.step(ping(NOW_MS + HOUR_MS, device=2))) == [V.ALREADY_OFFERED]
    # what comes back to bob does not come back to dan, and together they count it once
    engine.release(decision)
    assert (contact_count(engine, "bob"), contact_count(engine, "dan")) == (0, 1)
    engine.merge_customers("dan", "bob")
    assert contact_count(engine, "bob") == 1
    assert everything(Engine(journal=journal, clock=engine.clock)) == everything(engine)


def test_copies_that_meet_again_are_one() -> None:
    engine = town()
    engine.commit(engine.step(ping(device=2)))
    engine.link_identity("bob", WEB)
    engine.unlink_identity("bob", WEB, "ann")
    engine.unlink_device("bob", 3, "carla")
    assert [contact_count(engine, name) for name in NAMES] == [1, 1, 1]
    engine.merge_customers("ann", "bob")
    engine.merge_customers("carla", "bob")
    assert contact_count(engine, "bob") == 1


def test_what_reached_her_after_all_counts_once_beside_the_copy_that_came_back() -> None:
    journal = MemoryJournal()
    engine = town(journal)
    (decision,) = engine.commit(engine.step(ping(device=2)))
    engine.unlink_device("bob", 2, "dan")
    engine.release(decision)
    engine.merge_customers("dan", "bob")
    assert contact_count(engine, "bob") == 1
    engine.report_outcome(decision.decision_id, OutcomeKind.DELIVERED, time_ms=NOW_MS, now_ms=NOW_MS)
    assert contact_count(engine, "bob") == 1
    assert everything(Engine(journal=journal, clock=engine.clock)) == everything(engine)


def test_purchases_go_along_to_who_consents_to_their_use() -> None:
    category = Category("running-shoes", repurchase=RepurchaseRule(30))
    world = World(nouns=[category if isinstance(noun, Category) else noun for noun in World().nouns])
    engine = town(nouns=world.nouns)
    engine.record_touchpoints([touchpoint(K.PURCHASE, NOW_MS - HOUR_MS, "bob")], now_ms=NOW_MS)
    engine.unlink_device("bob", 2, "carla")
    engine.record_touchpoints([touchpoint(time_ms=NOW_MS - MINUTE_MS, customer_id="carla")], now_ms=NOW_MS)
    assert try_verdicts(engine.step(ping(device=2))) == [V.RECENTLY_BOUGHT]
    # a new customer has consented to nothing yet: nothing is kept of her but what was sent to her
    engine.unlink_device("bob", 3, "dan")
    consent(engine, ALL_PURPOSES, customer_id="dan")
    engine.record_touchpoints([touchpoint(customer_id="dan", size=EU_43)], now_ms=NOW_MS)
    assert try_verdicts(engine.step(ping(device=3))) == [V.OFFERED]


def test_parting_to_a_name_that_cannot_be_is_refused_and_changes_nothing() -> None:
    engine = town()
    engine.link_identity("bob", WEB)
    engine.merge_customers("carla", "ann")
    before = everything(engine)
    for new_name, error in (("bob", InvalidArgumentError), ("carla", AlreadyExistsError)):
        with pytest.raises(error):
            engine.unlink_device("bob", 2, new_name)
        with pytest.raises(error):
            engine.unlink_identity("bob", WEB, new_name)
    with pytest.raises(NotFoundError):
        engine.unlink_identity("ann", WEB)
    assert everything(engine) == before


def test_a_refused_signal_of_a_pseudonym_is_refused_for_its_person() -> None:
    engine = town(purposes=0, touchpoints=())
    engine.link_identity("ann", WEB)
    with pytest.raises(NotConsentedError):
        engine.record_touchpoints([replace(touchpoint(), customer_id="", identity=WEB)], now_ms=NOW_MS)
