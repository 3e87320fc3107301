"""Lines about people: each kind of signal has its columns, and what stands for a customer."""

from __future__ import annotations

from pathlib import Path

import pytest

from geooffer.importers.csv_files import read_table
from geooffer.model.catalog import Size
from geooffer.model.keys import device_key
from geooffer.model.kinds import AccountKind, Channel, FulfilmentPreference, IdentityKind
from geooffer.model.signals import Identity, IdentityLink, Touchpoint
from geooffer.model.verdicts import TouchpointKind

NOON = "2026-03-03T12:00:00Z"
NOON_MS = 1_772_539_200_000


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "people.csv"
    path.write_text(text)
    return path


T = TouchpointKind
WEB, LOYALTY = Identity(IdentityKind.WEB, "w1"), Identity(IdentityKind.LOYALTY, "l1")
KINDS = [
    ("w1,,search,,running shoes,,,,,,,,", Touchpoint("", T.SEARCH, NOON_MS, identity=WEB, search_text="running shoes")),
    (",l1,cart,shoes,,web-shop,,,,,,,", Touchpoint("", T.CART, NOON_MS, "shoes", identity=LOYALTY, source="web-shop")),
    ("w1,,return,shoes,,,,,,,,,", Touchpoint("", T.RETURN, NOON_MS, "shoes", identity=WEB)),
    ("w1,,social-like,shoes,,,,,,,,,", Touchpoint("", T.SOCIAL_LIKE, NOON_MS, "shoes", identity=WEB)),
    (
        "w1,,preference,shoes,,,EU 43,push,de,ship,,,",
        Touchpoint(
            "", T.PREFERENCE, NOON_MS, "shoes", size=Size("EU", "43"), identity=WEB, channel=Channel.PUSH,
            language="de", fulfilment=FulfilmentPreference.SHIP,
        ),
    ),
    (
        "w1,,contacted,,,newsletter,,email,,,,,",
        Touchpoint("", T.CONTACTED, NOON_MS, identity=WEB, source="newsletter", channel=Channel.EMAIL),
    ),
    ("w1,,survey-answer,shoes,,,,,,,no,,", Touchpoint("", T.SURVEY_ANSWER, NOON_MS, "shoes", identity=WEB,
                                                      is_interested=False)),
    ("w1,,loyalty-update,,,,,,,,,0,", Touchpoint("", T.LOYALTY_UPDATE, NOON_MS, identity=WEB, tier=0)),
    (
        "w1,,crm-profile,,,,,,,,,,business",
        Touchpoint("", T.CRM_PROFILE, NOON_MS, identity=WEB, account_kind=AccountKind.BUSINESS),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("cells", "expected"), KINDS, ids=[expected.kind.name for _, expected in KINDS])
def test_each_kind_of_signal_has_its_columns(tmp_path: Path, cells: str, expected: Touchpoint) -> None:
    columns = "web_id,loyalty_id,kind,category_id,search_text,source,size,channel,language,fulfilment,is_interested"
    header = f"event_time,{columns},tier,account_kind"
    found = read_table(write(tmp_path, f"{header}\n{NOON},{cells}\n"), "touchpoints")
    assert found.refusals == []
    assert found.items == [expected]


def test_a_device_may_be_linked_by_its_name(tmp_path: Path) -> None:
    found = read_table(write(tmp_path, "customer_id,device_key\nc1,phone-a\nc1,7\n"), "identities")
    assert found.items == [IdentityLink("c1", device_key=device_key("phone-a")), IdentityLink("c1", device_key=7)]


def test_preference_needs_something_preferred(tmp_path: Path) -> None:
    text = f"customer_id,kind,event_time,category_id,size\nc1,PREFERENCE,{NOON},shoes,\n"
    found = read_table(write(tmp_path, text), "touchpoints")
    assert found.refusals[0].reason.startswith("kind: a touchpoint of kind PREFERENCE needs one of")
