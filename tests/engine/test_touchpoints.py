"""S-2: every kind of touchpoint with every field: what its closed list has is taken, all else is refused by name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from world import EU_43, NOW_MS, STANDING, World, ping, touchpoint, try_verdicts

from geooffer.engine.touchpoints import check_fields, needed_purpose
from geooffer.errors import InvalidArgumentError, NotConsentedError, NotFoundError
from geooffer.model.catalog import Category
from geooffer.model.keys import person_key
from geooffer.model.kinds import AccountKind, Channel, FulfilmentPreference
from geooffer.model.signals import Touchpoint
from geooffer.model.verdicts import OfferVerdict, Purpose, TouchpointKind

K = TouchpointKind
VALUES: dict[str, Any] = {
    "category_id": "running-shoes",
    "product_id": "shoe",
    "search_text": "running shoes",
    "size": EU_43,
    "source": "mail",
    "channel": Channel.EMAIL,
    "language": "de",
    "fulfilment": FulfilmentPreference.SHIP,
    "is_interested": False,
    "tier": 0,
    "account_kind": AccountKind.BUSINESS,
}
ABOUT = "category_id product_id"
TAKES: dict[TouchpointKind, str] = {
    K.SEARCH: f"{ABOUT} search_text size source",
    K.VIEW: f"{ABOUT} size source",
    K.WISH: f"{ABOUT} size source",
    K.CART: f"{ABOUT} size source",
    K.PURCHASE: f"{ABOUT} size source",
    K.RETURN: f"{ABOUT} source",
    K.SOCIAL_LIKE: f"{ABOUT} source",
    K.PREFERENCE: "category_id size channel language fulfilment source",
    K.CONTACTED: f"{ABOUT} source channel",
    K.SURVEY_ANSWER: f"{ABOUT} is_interested source",
    K.LOYALTY_UPDATE: "tier source",
    K.CRM_PROFILE: "account_kind language source",
}
"""From the table of S-2, written down once more; `source` names the system and may always stand."""
LEAST: dict[TouchpointKind, str] = {
    **dict.fromkeys((K.SEARCH, K.VIEW, K.WISH, K.CART, K.PURCHASE, K.RETURN, K.SOCIAL_LIKE), "category_id"),
    K.PREFERENCE: "language",
    K.CONTACTED: "source",
    K.SURVEY_ANSWER: "category_id is_interested",
    K.LOYALTY_UPDATE: "tier",
    K.CRM_PROFILE: "account_kind",
}


def with_fields(kind: TouchpointKind, names: set[str]) -> Touchpoint:
    return replace(Touchpoint("ann", kind, NOW_MS), **{name: VALUES[name] for name in names})


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("kind", TouchpointKind, ids=lambda kind: kind.name)
def test_every_field_with_every_kind(kind: TouchpointKind, name: str) -> None:
    names = {*LEAST[kind].split(), name}
    if name in ("product_id", "search_text"):
        names.discard("category_id")
    if kind is K.PREFERENCE and name in ("category_id", "size"):
        names |= {"category_id", "size"}
    if name in TAKES[kind].split():
        check_fields(with_fields(kind, names))
    else:
        with pytest.raises(InvalidArgumentError) as caught:
            check_fields(with_fields(kind, names))
        assert caught.value.field in (name, "category_id")


@pytest.mark.parametrize("kind", TouchpointKind, ids=lambda kind: kind.name)
def test_what_a_kind_needs_is_missed_by_name(kind: TouchpointKind) -> None:
    check_fields(with_fields(kind, set(LEAST[kind].split())))
    for name in LEAST[kind].split():
        with pytest.raises(InvalidArgumentError):
            check_fields(with_fields(kind, set(LEAST[kind].split()) - {name}))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": K.LOYALTY_UPDATE, "category_id": "", "tier": -1}, "tier"),
        ({"kind": K.LOYALTY_UPDATE, "category_id": "", "tier": 10}, "tier"),
        ({"product_id": "shoe"}, "category_id"),
        ({"kind": K.SEARCH, "search_text": "shoes"}, "category_id"),
        ({"kind": K.PREFERENCE, "size": EU_43, "category_id": ""}, "size"),
        ({"kind": K.PREFERENCE, "language": "de"}, "size"),
        ({"kind": K.CONTACTED, "source": ""}, "source"),
        ({"kind": K.SURVEY_ANSWER, "is_interested": None}, "is_interested"),
    ],
)
def test_refusals_name_their_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        check_fields(replace(touchpoint(), **changes))
    assert caught.value.field == field


@pytest.mark.parametrize("kind", TouchpointKind, ids=lambda kind: kind.name)
def test_nothing_is_kept_without_its_purpose(kind: TouchpointKind) -> None:
    """S3: interest needs SEARCH_INTENT_USE, all else PERSONALISED_OFFERS, a special category explicit consent."""
    purpose = Purpose.SEARCH_INTENT_USE if kind <= K.WISH or kind is K.CART else Purpose.PERSONALISED_OFFERS
    assert needed_purpose(kind) is purpose
    signal = with_fields(kind, set(LEAST[kind].split()))
    World(purposes=purpose.bit, touchpoints=()).build().record_touchpoints([signal], now_ms=NOW_MS)
    everything_else = ((1 << len(Purpose)) - 1) & ~purpose.bit
    with pytest.raises(NotConsentedError):
        World(purposes=everything_else, touchpoints=()).build().record_touchpoints([signal], now_ms=NOW_MS)
    if signal.category_id:
        world = World(purposes=STANDING, touchpoints=())
        special = Category("running-shoes", is_special=True)
        world.nouns = [special if isinstance(noun, Category) else noun for noun in world.nouns]
        with pytest.raises(NotConsentedError):
            world.build().record_touchpoints([signal], now_ms=NOW_MS)


def test_what_she_states_stands_in_her_row_the_latest_by_its_own_time() -> None:
    engine = World(touchpoints=()).build()
    key = person_key("ann")
    signals = [
        Touchpoint("ann", K.LOYALTY_UPDATE, NOW_MS - 5, tier=3),
        Touchpoint("ann", K.LOYALTY_UPDATE, NOW_MS - 9, tier=7),
        Touchpoint("ann", K.CRM_PROFILE, NOW_MS - 5, account_kind=AccountKind.BUSINESS, language="fr"),
        Touchpoint("ann", K.PREFERENCE, NOW_MS - 9, language="de", fulfilment=FulfilmentPreference.SHIP),
    ]
    for order in (signals, signals[::-1]):
        engine.record_touchpoints(order, now_ms=NOW_MS)
        row = engine.state.people.view.persons[engine.state.people.person_slots[key]]
        assert (row["tier"], row["account_kind"], row["fulfilment"]) == (
            3,
            AccountKind.BUSINESS,
            FulfilmentPreference.SHIP,
        )
        assert engine.state.people.language_of(key) == "fr"
    engine.record_consent(
        "ann", Purpose.PERSONALISED_OFFERS.bit, granted=False, time_ms=NOW_MS, now_ms=NOW_MS, notice_version="1"
    )
    row = engine.state.people.view.persons[engine.state.people.person_slots[key]]
    assert (row["tier"], row["account_kind"], row["fulfilment"]) == (0, AccountKind.CONSUMER, 0)
    assert engine.state.people.language_of(key) == "en"


def test_search_text_is_mapped_to_a_category_and_dropped() -> None:
    world = World(touchpoints=())
    named = Category("running-shoes", names=(("en", "Running shoes"), ("de", "Laufschuhe")))
    world.nouns = [named if isinstance(noun, Category) else noun for noun in world.nouns]
    engine = world.build()
    signal = replace(touchpoint(size=EU_43), category_id="", search_text="Laufschuhe")
    engine.record_touchpoints([signal], now_ms=NOW_MS)
    assert try_verdicts(engine.step(ping())) == [OfferVerdict.OFFERED]
    assert not any("Laufschuhe" in repr(entry.record) for entry in list(engine._journal.read())[-1:])
    with pytest.raises(NotFoundError) as caught:
        engine.record_touchpoints([replace(signal, search_text="quantum chromodynamics")], now_ms=NOW_MS)
    assert "quantum" not in caught.value.message
