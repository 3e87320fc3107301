"""The verdict enums and their proto twins: same names, same numbers, same order."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import pytest

from geooffer.model import verdicts
from geooffer.model.verdicts import OfferVerdict, PingVerdict, Purpose, TransitionKind
from geooffer.v1 import verdicts_pb2

OFFSETS = {Purpose: 1}
"""A purpose is a bit number, so its proto value is one more: proto's 0 means unspecified."""

ENUMS: list[tuple[type[IntEnum], str, str]] = [
    (verdicts.PingVerdict, "PingVerdict", "PING_VERDICT_"),
    (verdicts.OfferVerdict, "OfferVerdict", "OFFER_VERDICT_"),
    (verdicts.TransitionKind, "TransitionKind", "TRANSITION_KIND_"),
    (verdicts.TransitionCause, "TransitionCause", "TRANSITION_CAUSE_"),
    (verdicts.TouchpointKind, "TouchpointKind", "TOUCHPOINT_KIND_"),
    (verdicts.Purpose, "Purpose", "PURPOSE_"),
    (verdicts.OfferTrigger, "OfferTrigger", "OFFER_TRIGGER_"),
]


@pytest.mark.parametrize(("enum", "name", "prefix"), ENUMS, ids=[name for _, name, _ in ENUMS])
def test_each_enum_is_its_proto_twin(enum: Any, name: str, prefix: str) -> None:
    values = verdicts_pb2.DESCRIPTOR.enum_types_by_name[name].values
    told = [(value.name, value.number) for value in values]
    expected = [(prefix + item.name, item.value + OFFSETS.get(enum, 0)) for item in enum]
    assert told == [(prefix + "UNSPECIFIED", 0), *expected]


def test_every_proto_enum_has_a_twin() -> None:
    assert set(verdicts_pb2.DESCRIPTOR.enum_types_by_name) == {name for _, name, _ in ENUMS}


def test_ping_verdicts_stand_in_the_order_of_t6() -> None:
    order = (
        "MALFORMED SHED NO_CONSENT ACCURACY_TOO_COARSE EXCLUSION_ZONE DUPLICATE FUTURE_FIX STALE_FIX SUSPECT_JUMP "
        "ACCEPTED"
    )
    assert [item.name for item in PingVerdict] == order.split()
    assert [item.value for item in PingVerdict] == list(range(1, 11))


def test_offer_verdicts_stand_in_the_order_of_d1() -> None:
    order = (
        "STORE_CLOSED TOO_FAST QUIET_HOURS PURPOSE_NOT_CONSENTED SPECIAL_CATEGORY OFFER_INACTIVE AUDIENCE_MISMATCH "
        "NO_INTENT RECENTLY_BOUGHT SIZE_MISMATCH OUT_OF_STOCK STOCK_STALE NO_PRICE_ADVANTAGE ALREADY_OFFERED COOLDOWN "
        "FREQUENCY_CAP BUDGET_SPENT BELOW_RELEVANCE OUTRANKED HELD_OUT TOO_LATE OFFERED OFFERS_STOPPED"
    )
    assert [item.name for item in OfferVerdict] == order.split()
    assert [item.value for item in OfferVerdict] == list(range(1, 24))


def test_events_of_one_ping_stand_in_the_order_of_g8() -> None:
    assert [item.name for item in TransitionKind] == ["EXIT", "ENTER", "DWELL"]


def test_a_device_is_told_only_what_its_own_row_and_the_load_explain() -> None:
    """T6."""
    assert {item.name for item in verdicts.DEVICE_VISIBLE_VERDICTS} == {
        "MALFORMED",
        "SHED",
        "ACCURACY_TOO_COARSE",
        "FUTURE_FIX",
    }


def test_purpose_bits_are_disjoint() -> None:
    assert sum(item.bit for item in Purpose) == 0b111_1111
