"""Answers: bytes that protobuf reads back, the send gate, texts in her language."""

from __future__ import annotations

from dataclasses import replace

import pytest

from geooffer.engine.decisions import Decision
from geooffer.model.catalog import Category, Offer, Product, Size, Store
from geooffer.model.verdicts import OfferVerdict, PingVerdict, TouchpointKind
from geooffer.rpc import answers
from geooffer.rpc.answers import AnswerDraft, OfferDraft
from geooffer.rpc.render import OfferRenderer, reason_of, text_in
from geooffer.v1 import ping_service_pb2 as pb

DECISION = Decision(
    decision_id="d1",
    row=0,
    device_key=77,
    time_ms=1_700_000_000_123,
    offer=Offer("spring", "runner", 0, 1_800_000_000_000),
    product=Product("runner", "shoes", (("de", "Läufer"), ("en", "Runner")), (Size("EU", "43"),)),
    category=Category("shoes", (("de", "Laufschuhe"), ("en", "Running shoes"))),
    store=Store("shop", "Main Street", 0, 0, "Europe/Berlin"),
    geofence_id="fence",
    size=Size("EU", "43"),
    amount_minor=7_900,
    reference_amount_minor=10_000,
    currency="EUR",
    available_count=2,
    stock_as_of_ms=1_699_999_999_000,
    score=1,
    reason_kind=TouchpointKind.SEARCH,
    language="en",
    catalog_generation=3,
    policy_version=1,
    person_slot=0,
    person_key=1,
    consent_epoch=0,
)


def parsed(draft: AnswerDraft, *, leaves: bool = True) -> pb.PingAnswer:
    data = answers.encode(draft, OfferRenderer(), lambda _item: leaves, location_wanted=True, catalog_generation=3)
    assert pb.IngestPingsResponse.FromString(data).answer == pb.StreamPingsResponse.FromString(data).answer
    return pb.StreamPingsResponse.FromString(data).answer


def test_static_and_dynamic_bytes_merge_into_one_offer() -> None:
    renderer = OfferRenderer()
    for _ in range(2):  # the second time from the cache
        offer = pb.PersonalOffer.FromString(renderer.render(DECISION, 4, 2))
        assert (offer.offer_id, offer.product_id, offer.store_id) == ("spring", "runner", "shop")
        assert (offer.title, offer.reason) == ("Runner", "because you searched for Running shoes")
        assert (offer.size_system, offer.size_value, offer.store_name) == ("EU", "43", "Main Street")
        assert (offer.price_minor, offer.previous_price_minor, offer.currency_code) == (7_900, 10_000, "EUR")
        assert (offer.decision_id, offer.device_key, offer.geofence_id) == ("d1", 77, "fence")
        assert (offer.message_sequence, offer.row, offer.channel) == (4, 2, "in_app")
        assert (offer.decided_time.seconds, offer.decided_time.nanos) == (1_700_000_000, 123_000_000)
        assert (offer.in_stock_as_of_time.seconds, offer.valid_until_time.seconds) == (1_699_999_999, 1_800_000_000)
        assert (offer.catalog_generation, offer.policy_version, offer.language_code) == (3, 1, "en")


def test_a_new_catalog_generation_renews_the_static_part() -> None:
    renderer = OfferRenderer()
    renderer.render(DECISION, 1, 0)
    renamed = replace(DECISION, store=replace(DECISION.store, name="Moved"), catalog_generation=4)
    assert pb.PersonalOffer.FromString(renderer.render(renamed, 1, 0)).store_name == "Moved"


def test_without_size_and_tracked_stock_those_fields_are_unset() -> None:
    service = replace(DECISION, size=None, stock_as_of_ms=None, available_count=None)
    offer = pb.PersonalOffer.FromString(OfferRenderer().render(service, 1, 0))
    assert not offer.HasField("in_stock_as_of_time")
    assert offer.size_system == ""


@pytest.mark.parametrize(
    ("language", "kind", "reason"),
    [
        ("en", TouchpointKind.SEARCH, "because you searched for Running shoes"),
        ("en", TouchpointKind.VIEW, "because you looked at Running shoes"),
        ("en", TouchpointKind.WISH, "because Running shoes is on your wish list"),
        ("de", TouchpointKind.SEARCH, "weil Sie nach „Laufschuhe“ gesucht haben"),
        ("de", TouchpointKind.VIEW, "weil Sie sich „Laufschuhe“ angesehen haben"),
        ("de", TouchpointKind.WISH, "weil „Laufschuhe“ auf Ihrer Wunschliste steht"),
        ("fr", TouchpointKind.SEARCH, "because you searched for Running shoes"),
    ],
)
def test_reasons_name_the_category_in_her_language(language: str, kind: TouchpointKind, reason: str) -> None:
    assert reason_of(replace(DECISION, language=language, reason_kind=kind)) == reason


def test_texts_fall_back_to_english_then_any_then_the_id() -> None:
    assert text_in((("de", "a"), ("en", "b")), "fr", "x") == "b"
    assert text_in((("de", "a"),), "fr", "x") == "a"
    assert text_in((), "fr", "x") == "x"


def test_an_offer_that_may_not_leave_is_told_as_too_late_and_not_sent() -> None:
    told = pb.OfferTry(verdict=int(OfferVerdict.OFFERED))
    draft = AnswerDraft(1, tries=[told], offers=[OfferDraft(DECISION, 1, 0, 0.0, told)])
    answer = parsed(draft, leaves=False)
    assert not answer.offers
    assert [item.verdict for item in answer.tries] == [OfferVerdict.TOO_LATE]


def test_rejected_rows_are_ascending_and_offers_survive_long_texts() -> None:
    rows = [answers.rejected_row(2, 0, PingVerdict.MALFORMED), answers.rejected_row(1, 5, PingVerdict.SHED)]
    long_title = replace(DECISION.product, titles=(("en", "x" * 20_000),))
    long_one = replace(DECISION, product=long_title, offer=replace(DECISION.offer, offer_id="long"))
    offers = [OfferDraft(long_one, 2, 1, 0.0, None), OfferDraft(DECISION, 2, 2, 0.0, None)]
    draft = AnswerDraft(2, rejected_rows=rows, offers=offers)
    answer = parsed(draft)
    assert [(item.message_sequence, item.row) for item in answer.rejected_rows] == [(1, 5), (2, 0)]
    assert [len(offer.title) for offer in answer.offers] == [20_000, 6]
    assert draft.weight == 2 + 2 * answers.OFFER_WEIGHT


def test_visibility_follows_the_role_and_grows_with_it() -> None:
    device, gateway, operator = (answers.VISIBILITY[role] for role in ("device", "gateway", "operator"))
    assert device.verdicts < gateway.verdicts == operator.verdicts
    assert (device.transitions, gateway.transitions, operator.transitions) == (False, True, True)
    assert (device.tries, gateway.tries, operator.tries) == (False, False, True)
    assert PingVerdict.NO_CONSENT not in device.verdicts
