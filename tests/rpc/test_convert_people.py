"""Nouns about people keep every field over the wire and back."""

from __future__ import annotations

import pytest

from geooffer.errors import InvalidArgumentError
from geooffer.model.catalog import Customer, Size
from geooffer.model.consent import ConsentMethod
from geooffer.model.kinds import AccountKind, Channel, FulfilmentPreference, IdentityKind
from geooffer.model.signals import ConsentEvent, Identity, IdentityLink, Touchpoint
from geooffer.model.verdicts import Purpose, TouchpointKind
from geooffer.rpc import convert_consent, convert_people

TIME_MS = 1_772_532_000_123


@pytest.mark.parametrize(
    "event",
    [
        ConsentEvent("c1", Purpose.SEARCH_INTENT_USE.bit | Purpose.PERSONALISED_OFFERS.bit, True, TIME_MS, "2026-01"),
        ConsentEvent("c1", sum(purpose.bit for purpose in Purpose), False, TIME_MS),
        ConsentEvent("c1", 3, True, TIME_MS, "v2", "de", bytes(range(32)), ConsentMethod.PAPER, TIME_MS + 1),
        ConsentEvent("c1", 3, False, TIME_MS, method=ConsentMethod.PHONE),
    ],
)
def test_consent_events(event: ConsentEvent) -> None:
    assert convert_consent.decode_consent_event(convert_consent.encode_consent_event(event)) == event


@pytest.mark.parametrize(
    ("event", "field"),
    [
        (ConsentEvent("c1", Purpose.PERSONALISED_OFFERS.bit, True, TIME_MS), "notice_version"),
        (ConsentEvent("c1", 0, False, TIME_MS), "purposes"),
    ],
)
def test_consent_events_that_say_too_little(event: ConsentEvent, field: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        convert_consent.decode_consent_event(convert_consent.encode_consent_event(event))
    assert caught.value.field == field


@pytest.mark.parametrize(
    "touchpoint",
    [
        Touchpoint("c1", TouchpointKind.SEARCH, TIME_MS, category_id="shoes", size=Size("EU", "43")),
        Touchpoint("c1", TouchpointKind.WISH, TIME_MS, product_id="terra-5"),
        Touchpoint(
            "", TouchpointKind.SEARCH, TIME_MS, identity=Identity(IdentityKind.WEB, "w1"), search_text="red shoes"
        ),
        Touchpoint(
            "",
            TouchpointKind.PREFERENCE,
            TIME_MS,
            identity=Identity(IdentityKind.LOYALTY, "card-7"),
            source="crm",
            channel=Channel.WECHAT,
            language="de",
            fulfilment=FulfilmentPreference.SHIP,
        ),
        Touchpoint("c1", TouchpointKind.SURVEY_ANSWER, TIME_MS, category_id="shoes", is_interested=False),
        Touchpoint("c1", TouchpointKind.LOYALTY_UPDATE, TIME_MS, tier=0),
        Touchpoint("c1", TouchpointKind.CRM_PROFILE, TIME_MS, account_kind=AccountKind.BUSINESS),
    ],
    ids=lambda touchpoint: touchpoint.kind.name,
)
def test_touchpoints(touchpoint: Touchpoint) -> None:
    assert convert_people.decode_touchpoint(convert_people.encode_touchpoint(touchpoint)) == touchpoint


def test_customers() -> None:
    for customer in (Customer("c1", (1, 2**63 - 1), "de"), Customer("c1", (), "en", "America/New_York")):
        assert convert_people.decode_customer(convert_people.encode_customer(customer)) == customer


@pytest.mark.parametrize(
    "link",
    [
        IdentityLink("c1", device_key=-7),
        IdentityLink("c1", Identity(IdentityKind.WEB, "w1")),
        IdentityLink("c1", Identity(IdentityKind.LOYALTY, "card-7")),
    ],
)
def test_identity_links(link: IdentityLink) -> None:
    assert convert_people.decode_identity_link(convert_people.encode_identity_link(link)) == link
