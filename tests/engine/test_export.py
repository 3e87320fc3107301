"""D1: everything held of a person, each item exactly once, and nothing of anyone else."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_retention import CATEGORIES, NAMES, sweep_all, town
from world import ALL_PURPOSES, EU_43, NOW_MS, audience, consent, ping, touchpoint

from geooffer.engine.engine import Engine
from geooffer.engine.export_fields import EXPORTED, NOT_EXPORTED
from geooffer.engine.recent_tries import RecentTry
from geooffer.errors import NotFoundError
from geooffer.model import records, tables
from geooffer.model.catalog import Customer
from geooffer.model.consent import RecordedConsent
from geooffer.model.keys import identity_key
from geooffer.model.kinds import Channel, IdentityKind, OutcomeKind
from geooffer.model.policy import DAY_MS
from geooffer.model.rights import RestrictionGround, RightsKind, RightsRequest
from geooffer.model.signals import Identity
from geooffer.model.units import format_time_ms
from geooffer.model.verdicts import Purpose, TouchpointKind

K = TouchpointKind
KINDS = (K.SEARCH, K.VIEW, K.WISH, K.CART, K.PURCHASE, K.RETURN, K.SOCIAL_LIKE)
FACT_NAMES = {K.PURCHASE: "purchase", K.RETURN: "return", K.SOCIAL_LIKE: "like"}
SIGNAL = st.tuples(
    st.sampled_from(NAMES), st.sampled_from(KINDS), st.sampled_from(CATEGORIES), st.integers(0, 13 * DAY_MS)
)


@settings(max_examples=60)
@given(signals=st.lists(SIGNAL, max_size=60))
def test_every_seeded_signal_is_told_exactly_once_to_whom_it_belongs(signals: list[tuple[str, K, str, int]]) -> None:
    engine = town(purposes=0)
    latest: dict[tuple[str, K, str], int] = {}
    for name in NAMES:
        consent(engine, ALL_PURPOSES, customer_id=name)
    for name, kind, category_id, age_ms in signals:
        engine.record_touchpoints([touchpoint(kind, NOW_MS - age_ms, name, category_id=category_id)], now_ms=NOW_MS)
        key = (name, kind, category_id)
        latest[key] = max(latest.get(key, 0), NOW_MS - age_ms)
    for name in NAMES:
        told = engine.export_person(name, now_ms=NOW_MS)
        interests = [(row["kind"], row["category_id"], row["time"]) for row in told["interests"]]
        facts = [(row["kind"], row["category_id"], row["time"]) for row in told["facts"]]
        hers = {key[1:]: time_ms for key, time_ms in latest.items() if key[0] == name}
        assert Counter(interests) == Counter(
            (kind.name, category_id, format_time_ms(time_ms))
            for (kind, category_id), time_ms in hers.items()
            if kind not in FACT_NAMES
        )
        assert Counter(facts) == Counter(
            (FACT_NAMES[kind], category_id, format_time_ms(time_ms))
            for (kind, category_id), time_ms in hers.items()
            if kind in FACT_NAMES
        )
        assert not any(f'"{other}"' in json.dumps(told) for other in NAMES if other != name)


def a_full_life() -> Engine:
    """ann, with one of everything that can be held of her; and bob."""
    engine = town(touchpoints=[touchpoint(size=EU_43), touchpoint(size=EU_43, customer_id="bob")])
    engine.put_nouns([audience()], now_ms=NOW_MS)
    engine.put_audience_members("audience-1", ["ann", "bob"], are_members=True, now_ms=NOW_MS)
    engine.link_identity("ann", Identity(IdentityKind.WEB, "session-7"))
    engine.link_identity("bob", Identity(IdentityKind.LOYALTY, "card-8"))
    for signal in (
        touchpoint(K.PREFERENCE, category_id="", channel=Channel.PUSH, language="de"),
        touchpoint(K.SURVEY_ANSWER, is_interested=True),
        touchpoint(K.CONTACTED, source="newsletter"),
        touchpoint(K.LOYALTY_UPDATE, category_id="", tier=3),
    ):
        engine.record_touchpoints([signal], now_ms=NOW_MS)
    engine.record_rights_request("ann", RightsKind.ERASE, "r1", received_ms=NOW_MS, now_ms=NOW_MS, reason="letter")
    engine.extend_rights_request("r1", "many", now_ms=NOW_MS)
    engine.refuse_rights_request("r1", "a claim is open", now_ms=NOW_MS)
    engine.restrict_person("ann", "r2", ground=RestrictionGround.LEGAL_CLAIMS, reason="a claim", now_ms=NOW_MS)
    engine.lift_restriction("ann", informed_ms=NOW_MS, reason="it is over", now_ms=NOW_MS)
    (first,) = engine.commit(engine.step(ping()))
    engine.report_outcome(first.decision_id, OutcomeKind.DISPLAYED, time_ms=NOW_MS + 5, now_ms=NOW_MS + 5)
    engine.commit(engine.step(ping(device=2)))
    engine.merge_customers("carla", "ann")
    return engine


def test_a_full_life_is_told_with_meaning_reasons_and_ends() -> None:
    engine = a_full_life()
    told: dict[str, Any] = json.loads(json.dumps(engine.export_person("ann", now_ms=NOW_MS + 10)))
    assert told["customer"]["customer_id"] == "ann"
    assert [row["device_key"] for row in told["devices"]] == ["1", "3"]
    assert len(told["united_customers"]) == 1
    hashed = identity_key(Identity(IdentityKind.WEB, "session-7")) & 0xFFFF_FFFF_FFFF_FFFF
    assert told["identities"] == [{"kind": "WEB", "hash": f"{hashed:016x}"}]
    assert {name for row in told["consents"] for name in row["purposes"]} == {purpose.name for purpose in Purpose}
    assert {row["notice_version"] for row in told["consents"]} == {"1"}
    stated = {row["field"]: row["value"] for row in told["stated_fields"]}
    assert stated == {"channel": "PUSH", "language": "de", "tier": 3}
    assert Counter(row["kind"] for row in told["facts"]) == {"size": 1, "survey answer": 1}
    assert told["facts"][0].keys() >= {"time", "kept_until", "category_id"}
    assert [row["audience_id"] for row in told["lists"]] == ["audience-1"]
    assert Counter(row["kind"] for row in told["contacts"]) == {"offer": 1, "message": 1}
    (decision,) = told["decisions"]
    assert decision["reason"] == "SEARCH"
    assert sum(decision["factors"].values()) == decision["score"]
    assert decision["outcomes"] == {"DISPLAYED": format_time_ms(NOW_MS + 5)}
    assert decision["kept_until"] == format_time_ms(NOW_MS + 32 * DAY_MS)
    assert decision["decision_id"] in {row.get("decision_id") for row in told["contacts"]}
    assert [row["verdict"] for row in told["recent_tries"]] == ["OFFERED"]
    refused, lifted = told["rights_requests"]
    assert (refused["state"], refused["answer"], refused["extension_reason"]) == ("REFUSED", "a claim is open", "many")
    assert (lifted["kind"], lifted["ground"], lifted["lift_reason"]) == ("RESTRICT", "LEGAL_CLAIMS", "it is over")
    assert lifted["kept_until"] == format_time_ms(NOW_MS + 1_096 * DAY_MS)
    assert told["policy_version"] == engine.policy.version
    assert engine.export_person("carla", now_ms=NOW_MS + 10) == told, "any id of hers"


def test_what_was_given_back_and_swept_is_told_as_such() -> None:
    engine = a_full_life()
    (decision,) = engine.export_person("ann", now_ms=NOW_MS)["decisions"]
    (hers,) = engine.export_person("bob", now_ms=NOW_MS)["decisions"]
    engine.report_outcome(hers["decision_id"], OutcomeKind.FAILED, time_ms=NOW_MS, now_ms=NOW_MS)
    told = engine.export_person("bob", now_ms=NOW_MS)
    assert [row["decision_id"] for row in told["decisions_taken_back"]] == [hers["decision_id"]]
    assert told["decisions"] == told["contacts"] == []
    assert told["interest_forgotten"] is None
    sweep_all(engine, NOW_MS + 40 * DAY_MS)
    told = engine.export_person("ann", now_ms=NOW_MS + 40 * DAY_MS)
    assert told["decisions"] == told["interests"] == told["recent_tries"] == []
    assert told["interest_forgotten"] == {"time": format_time_ms(NOW_MS + 26 * DAY_MS - 1)}
    assert decision not in told["decisions"]


def test_a_copy_taken_along_names_no_decision_of_somebody_else() -> None:
    engine = a_full_life()
    engine.unlink_device("ann", 3, "dora")
    (copy,) = [row for row in engine.export_person("dora", now_ms=NOW_MS)["contacts"] if row["kind"] == "offer"]
    assert (copy["decision_id"], copy["offer_id"]) == ("", "offer-1")


def test_an_export_changes_nothing_and_of_a_stranger_there_is_none() -> None:
    engine = a_full_life()
    told = engine.export_person("ann", now_ms=NOW_MS)
    assert engine.export_person("ann", now_ms=NOW_MS) == told
    engine.delete_customer("ann")
    for name in ("ann", "carla", "nobody"):
        with pytest.raises(NotFoundError):
            engine.export_person(name, now_ms=NOW_MS)


def test_every_field_about_a_person_is_told_or_has_a_reason() -> None:
    held = {
        f"{table}.{name}"
        for table in ("DEVICE", "PERSON", "PRESENCE", "SUSPECT", "INTENT", "FACT", "CONTACT")
        for name in getattr(tables, table).names
        if not name.startswith("_pad")
    }
    for cls in (
        Customer,
        RecordedConsent,
        records.DecisionRecord,
        records.OutcomeRecord,
        records.RequestAnswered,
        RightsRequest,
    ):
        held |= {f"{cls.__name__}.{field.name}" for field in fields(cls)}
    held |= {f"RecentTry.{name}" for name in RecentTry._fields}
    assert set(EXPORTED) | set(NOT_EXPORTED) == held
    assert not set(EXPORTED) & set(NOT_EXPORTED)


def test_the_places_that_the_list_names_are_in_the_document() -> None:
    engine = a_full_life()
    sweep_all(engine, NOW_MS)
    told = engine.export_person("ann", now_ms=NOW_MS)
    for places in EXPORTED.values():
        for place in places.split(", "):
            section, _, name = place.partition(".")
            rows = told[section] if isinstance(told[section], list) else [told[section]]
            is_optional = section in ("remembered_requests", "interest_forgotten") or name in (
                "product_id", "delivered", "ended", "displayed",
            )  # fmt: skip
            assert is_optional or any(name in row for row in rows), place
