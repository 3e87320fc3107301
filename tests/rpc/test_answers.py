"""Answers: bytes that protobuf reads back, the send gate, texts in her language."""

from __future__ import annotations

from dataclasses import replace

import pytest

from geooffer.engine.decisions import Decision
from geooffer.model.catalog import Category, Offer, Product, Size, Store
from geooffer.model.kinds import AccountKind, Channel, Fulfilment
from geooffer.model.verdicts import INTEREST_KINDS, OfferVerdict, PingVerdict, TouchpointKind
from geooffer.rpc import answers
from geooffer.rpc.answers import AnswerDraft, OfferDraft, ToldTry
from geooffer.rpc.render import REASONS, OfferRenderer, alternative_of, net_minor, reason_of, text_in
from geooffer.v1 import ping_service_pb2 as pb

DECISION = Decision(
    decision_id="d1",
    decision_key=1,
    row=0,
    device_key=77,
    time_ms=1_700_000_000_123,
    offer=Offer("spring", "runner", 0, 1_800_000_000_000),
    product=Product("runner", "shoes", (("de", "Läufer"), ("en", "Runner")), (Size("EU", "43"),)),
    category=Category("shoes", (("de", "Laufschuhe"), ("en", "Running shoes"))),
    store=Store("shop", "Main Street", 0, 0, "Europe/Berlin"),
    supply_store=Store("shop", "Main Street", 0, 0, "Europe/Berlin"),
    fulfilment=Fulfilment.IN_STORE,
    geofence_id="fence",
    size=Size("EU", "43"),
    amount_minor=7_900,
    reference_amount_minor=10_000,
    currency="EUR",
    account_kind=AccountKind.CONSUMER,
    available_count=2,
    stock_as_of_ms=1_699_999_999_000,
    score=1,
    points=(1, 0, 0, 0, 0, 0, 0, 0, 0),
    reason_kind=TouchpointKind.SEARCH,
    channel=Channel.IN_APP,
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
        ("en", TouchpointKind.CART, "because Running shoes is in your cart"),
        ("en", TouchpointKind.PURCHASE, "because your Running shoes may be running low"),
        ("de", TouchpointKind.CART, "weil „Laufschuhe“ in Ihrem Warenkorb liegt"),
        ("de", TouchpointKind.PURCHASE, "weil Ihr Vorrat an „Laufschuhe“ bald zur Neige gehen könnte"),
        ("fr", TouchpointKind.SEARCH, "because you searched for Running shoes"),
    ],
)
def test_reasons_name_the_category_in_her_language(language: str, kind: TouchpointKind, reason: str) -> None:
    assert reason_of(replace(DECISION, language=language, reason_kind=kind)) == reason


def test_every_language_has_a_reason_for_every_interest_and_for_being_due_again() -> None:
    wanted = {*INTEREST_KINDS, TouchpointKind.PURCHASE}
    assert {language: set(reasons) for language, reasons in REASONS.items()} == {"en": wanted, "de": wanted}


NORTH = Store("north", "Laufladen Nord", 525_300_000, -134_050_000, "Europe/Berlin")


@pytest.mark.parametrize(
    ("language", "fulfilment", "words"),
    [
        ("en", Fulfilment.IN_STORE, ""),
        ("en", Fulfilment.OTHER_BRANCH, "available at Laufladen Nord"),
        ("en", Fulfilment.SHIP_TO_HOME, "can be shipped to you"),
        ("de", Fulfilment.IN_STORE, ""),
        ("de", Fulfilment.OTHER_BRANCH, "erhältlich bei „Laufladen Nord“"),
        ("de", Fulfilment.SHIP_TO_HOME, "kann zu Ihnen nach Hause geliefert werden"),
    ],
)
def test_an_alternative_is_marked_in_words_and_only_another_branch_has_a_way(
    language: str, fulfilment: Fulfilment, words: str
) -> None:
    """S12."""
    supply = DECISION.store if fulfilment is Fulfilment.IN_STORE else NORTH
    told = replace(DECISION, language=language, fulfilment=fulfilment, supply_store=supply)
    assert alternative_of(told) == words
    offer = pb.PersonalOffer.FromString(OfferRenderer().render(told, 1, 0))
    assert (offer.alternative, offer.fulfilment, offer.store_id) == (words, int(fulfilment), "shop")
    assert (offer.supply_store_id, offer.supply_store_name) == (supply.store_id, supply.name)
    assert offer.HasField("supply_place") == (fulfilment is Fulfilment.OTHER_BRANCH)
    if offer.HasField("supply_place"):
        assert (offer.supply_place.latitude_e7, offer.supply_place.longitude_e7) == (525_300_000, -134_050_000)


def test_one_renderer_keeps_alternatives_and_channels_apart() -> None:
    renderer = OfferRenderer()
    here, there = DECISION, replace(DECISION, fulfilment=Fulfilment.OTHER_BRANCH, supply_store=NORTH)
    shipped = replace(there, fulfilment=Fulfilment.SHIP_TO_HOME, channel=Channel.EMAIL)
    told = [pb.PersonalOffer.FromString(renderer.render(item, 1, 0)) for item in (here, there, shipped, here)]
    assert [item.supply_store_id for item in told] == ["shop", "north", "north", "shop"]
    assert [item.channel for item in told] == ["in_app", "in_app", "email", "in_app"]
    assert told[0] == told[3]


@pytest.mark.parametrize(
    ("gross_minor", "vat_basis_points", "net"),
    [
        (11_900, 1_900, 10_000),
        (7_900, 1_900, 6_639),  # 6,638.66
        (107, 700, 100),
        (3, 10_000, 2),  # 1.5: half up
        (1, 10_000, 1),  # 0.5: half up
        (5, 10_000, 3),  # 2.5: half up, where half to even says 2
        (8_990, 0, 8_990),
        (10**15, 1_900, 840_336_134_453_782),
    ],
)
def test_net_prices_are_rounded_half_up_in_integers(gross_minor: int, vat_basis_points: int, net: int) -> None:
    """S9; figures by hand."""
    assert net_minor(gross_minor, vat_basis_points) == net


def test_business_accounts_are_told_net_prices_and_consumers_gross_ones() -> None:
    taxed = replace(DECISION, product=replace(DECISION.product, vat_basis_points=1_900))
    consumer, business = (
        pb.PersonalOffer.FromString(OfferRenderer().render(replace(taxed, account_kind=kind), 1, 0))
        for kind in (AccountKind.CONSUMER, AccountKind.BUSINESS)
    )
    gross, net = pb.PRICE_KIND_GROSS, pb.PRICE_KIND_NET
    assert (consumer.price_minor, consumer.previous_price_minor, consumer.price_kind) == (7_900, 10_000, gross)
    assert (business.price_minor, business.previous_price_minor, business.price_kind) == (6_639, 8_403, net)


def test_no_field_of_an_offer_tells_its_score() -> None:
    names = {field.name for field in pb.PersonalOffer.DESCRIPTOR.fields}
    assert not {name for name in names if "score" in name or "factor" in name or "point" in name}


def test_texts_fall_back_to_english_then_any_then_the_id() -> None:
    assert text_in((("de", "a"), ("en", "b")), "fr", "x") == "b"
    assert text_in((("de", "a"),), "fr", "x") == "a"
    assert text_in((), "fr", "x") == "x"


def test_an_offer_that_may_not_leave_is_told_as_too_late_and_not_sent() -> None:
    told = ToldTry(0, pb.OfferTry(verdict=int(OfferVerdict.OFFERED)))
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


@pytest.mark.parametrize("row_count", [1, 2, 127, 128, 129, 1_024])
@pytest.mark.parametrize("sequence", [1, 127, 128, 2**40])
def test_rows_of_a_message_shed_whole_are_told_as_if_one_by_one(sequence: int, row_count: int) -> None:
    told = parsed(AnswerDraft(sequence, shed_messages=[(sequence, row_count)]))
    rows = [answers.rejected_row(sequence, row, PingVerdict.SHED) for row in range(row_count)]
    assert told == parsed(AnswerDraft(sequence, rejected_rows=rows))


def test_messages_shed_whole_stand_in_their_place_among_the_rows() -> None:
    rows = [answers.rejected_row(*place, PingVerdict.STALE_FIX) for place in ((4, 1), (2, 7), (2, 0))]
    told = parsed(AnswerDraft(5, rejected_rows=rows, shed_messages=[(5, 2), (1, 2), (3, 1)]))
    places = [(row.message_sequence, row.row) for row in told.rejected_rows]
    assert places == [(1, 0), (1, 1), (2, 0), (2, 7), (3, 0), (4, 1), (5, 0), (5, 1)]
    assert AnswerDraft(5, shed_messages=[(5, 500), (6, 12)]).weight == answers.DRAFT_WEIGHT_MAX


def test_visibility_follows_the_role_and_grows_with_it() -> None:
    device, gateway, operator = (answers.VISIBILITY[role] for role in ("device", "gateway", "operator"))
    assert device.verdicts < gateway.verdicts == operator.verdicts
    assert (device.transitions, gateway.transitions, operator.transitions) == (False, True, True)
    assert (device.tries, gateway.tries, operator.tries) == (False, False, True)
    assert PingVerdict.NO_CONSENT not in device.verdicts
