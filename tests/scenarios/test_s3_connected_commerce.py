"""S3, connected commerce: touchpoints of every kind arrive with their source, and change later decisions.

Web analytics reports what Anna searched, viewed, wished for and put in her cart; the till what she bought and brought
back; the app what she prefers; the newsletter tool what it sent her; social media what she likes; market research what
she answered; loyalty and CRM systems who she is. They come late, twice and in any order. What web shop, newsletter and
social channel make of them is told in test_s3_decide.py.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from connected_network import SEARCH, SHOES, network, touch
from network_calls import explained, points_of, record
from running_shoes import EU_43, NOW_MS, STANDING_PURPOSES, World, walk_past
from scenario_stage import Stage

from geooffer.errors import NotConsentedError, NotFoundError
from geooffer.model.catalog import Campaign, Product, Size, StockFigure
from geooffer.model.frequency import CapRule
from geooffer.model.kinds import AccountKind, CapEvent, CapScope, Channel, FulfilmentPreference
from geooffer.model.policy import DAY_MS, HOUR_MS
from geooffer.model.signals import Touchpoint
from geooffer.model.verdicts import OfferVerdict, Purpose, TouchpointKind
from geooffer.v1 import signal_service_pb2 as signal_pb

K = TouchpointKind


# -- each kind changes a later decision ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (K.SEARCH, "because you searched for Running shoes"),
        (K.VIEW, "because you looked at Running shoes"),
        (K.WISH, "because Running shoes is on your wish list"),
        (K.CART, "because Running shoes is in your cart"),
    ],
)
async def test_interest_of_each_kind_speaks(stage: Stage, kind: TouchpointKind, reason: str) -> None:
    await stage.set_up(network())
    assert max((await explained(stage)).values()) == OfferVerdict.NO_INTENT
    await record(stage, touch(kind, product_id="lunaro-aero", size=EU_43))
    [offer] = (await stage.send(walk_past())).offers
    assert (offer.offer_id, offer.reason) == ("aero-week", reason)
    assert (await stage.operator.control.decision(offer.decision_id)).reason_kind == kind


async def test_a_purchase_ends_the_interest_and_a_return_revives_it(stage: Stage) -> None:
    await stage.set_up(network(SEARCH))
    await record(stage, touch(K.PURCHASE, 2, category_id=SHOES))
    walk = walk_past()
    entering = await stage.send(walk[:8])
    assert (entering.offers, entering.try_verdicts) == ([], [OfferVerdict.NO_INTENT])
    await record(stage, touch(K.RETURN, 1, category_id=SHOES))
    inside = await stage.send(walk[8:9])  # her signals have changed, so the next fix tries again
    assert [offer.offer_id for offer in inside.offers] == ["spring-run"]


async def test_a_preferred_size_closes_the_gap(stage: Stage) -> None:
    await stage.set_up(network(replace(SEARCH, size=None)))
    assert max((await explained(stage)).values()) == OfferVerdict.SIZE_MISMATCH
    await record(stage, touch(K.PREFERENCE, category_id=SHOES, size=EU_43))
    [offer] = (await stage.send(walk_past())).offers
    assert (offer.size_system, offer.size_value) == ("EU", "43")


async def test_a_preferred_language_words_it(stage: Stage) -> None:
    await stage.set_up(network(SEARCH, touch(K.PREFERENCE, language="de")))
    [offer] = (await stage.send(walk_past())).offers
    assert offer.reason == "weil Sie nach „Laufschuhe“ gesucht haben"


async def test_what_she_prefers_is_known(stage: Stage) -> None:
    """Channel and fulfilment: the channel is S6's to use, shipping S11's."""
    wishes = touch(K.PREFERENCE, channel=Channel.EMAIL, fulfilment=FulfilmentPreference.SHIP)
    await stage.set_up(network(wishes))
    profile = (await _customer(stage)).profile
    assert (profile.preferred_channel, profile.fulfilment_preference) == (Channel.EMAIL, FulfilmentPreference.SHIP)


async def test_messages_of_others_count_against_a_cap(stage: Stage) -> None:
    """At most two messages a week, whoever sends them: the second newsletter silences the branch."""
    rule = CapRule(CapScope.PERSON, 2, window_ms=7 * DAY_MS, event=CapEvent.CONTACTED)
    await stage.set_up(network(SEARCH, campaign=Campaign("spring", cap_rules=(rule,))))
    await record(stage, touch(K.CONTACTED, 2, channel=Channel.EMAIL), touch(K.CONTACTED, 8))
    assert max((await explained(stage)).values()) == OfferVerdict.OFFERED
    await record(stage, touch(K.CONTACTED, 2, channel=Channel.EMAIL))  # told twice, sent once
    assert max((await explained(stage)).values()) == OfferVerdict.OFFERED
    await record(stage, touch(K.CONTACTED, 1))
    told = await stage.send(walk_past())
    assert (told.offers, told.try_verdicts) == ([], [OfferVerdict.FREQUENCY_CAP])


def _two_categories(*touchpoints: Touchpoint) -> World:
    """The second pair belongs to a category of its own; she searched for both, yesterday for the first."""
    world = network(SEARCH, touch(K.SEARCH, 3, category_id="novels"), *touchpoints)
    novel = Product("sea-novel", "novels", (("en", "The Sea"),))
    return replace(
        world,
        products=(world.products[0], novel),
        prices=(*world.prices[:2], *(replace(price, product_id="sea-novel") for price in world.prices[2:])),
        offers=(world.offers[0], replace(world.offers[1], offer_id="novel-week", product_id="sea-novel")),
        stock=(
            StockFigure("branch-mitte", "veltra-glide", EU_43, 9, NOW_MS - HOUR_MS),
            StockFigure("branch-mitte", "sea-novel", None, 9, NOW_MS - HOUR_MS),
        ),
    )


async def test_without_likes_the_deeper_cut_wins(stage: Stage) -> None:
    await stage.set_up(_two_categories())
    assert [offer.offer_id for offer in (await stage.send(walk_past())).offers] == ["spring-run"]


@pytest.mark.parametrize(
    "liking",
    [touch(K.SOCIAL_LIKE, 0.5, category_id="novels"), touch(K.SURVEY_ANSWER, 0.5, category_id="novels",
                                                           is_interested=True)],
    ids=["social media", "market research"],
)  # fmt: skip
async def test_what_she_likes_tips_the_balance(stage: Stage, liking: Touchpoint) -> None:
    await stage.set_up(_two_categories(liking))
    [offer] = (await stage.send(walk_past())).offers
    assert offer.offer_id == "novel-week"
    assert (await points_of(stage, offer.decision_id))["affinity"] > 100


async def test_not_interested_she_told_market_research(stage: Stage) -> None:
    await stage.set_up(network(SEARCH, touch(K.SURVEY_ANSWER, category_id=SHOES, is_interested=False)))
    told = await stage.send(walk_past())
    assert (told.offers, told.try_verdicts) == ([], [OfferVerdict.NO_INTENT])


async def test_the_loyalty_programme_opens_its_offers(stage: Stage) -> None:
    await stage.set_up(network(SEARCH, campaign=Campaign("gold", minimum_tier=3)))
    assert max((await explained(stage)).values()) == OfferVerdict.AUDIENCE_MISMATCH
    await record(stage, touch(K.LOYALTY_UPDATE, tier=3))
    [offer] = (await stage.send(walk_past())).offers
    assert (await points_of(stage, offer.decision_id))["loyalty"] == 60


async def test_the_crm_knows_who_is_a_business(stage: Stage) -> None:
    await stage.set_up(network(SEARCH, campaign=Campaign("trade", account_kinds=AccountKind.BUSINESS.bit)))
    assert max((await explained(stage)).values()) == OfferVerdict.AUDIENCE_MISMATCH
    await record(stage, touch(K.CRM_PROFILE, account_kind=AccountKind.BUSINESS, language="de"))
    [offer] = (await stage.send(walk_past())).offers
    assert (offer.offer_id, offer.language_code) == ("spring-run", "de")


# -- any order, any number of times --------------------------------------------------------------------------

STORY = (
    SEARCH,
    touch(K.VIEW, 4, product_id="lunaro-aero"),
    touch(K.WISH, 2, product_id="lunaro-aero"),
    touch(K.CART, 1.5, category_id=SHOES, size=Size("EU", "42")),
    touch(K.PURCHASE, 6, category_id=SHOES),
    touch(K.PURCHASE, 0.5, category_id="novels"),
    touch(K.RETURN, 5, category_id=SHOES),
    touch(K.PREFERENCE, 0.2, category_id=SHOES, size=EU_43),
    touch(K.PREFERENCE, 9, language="en", channel=Channel.IN_APP),
    touch(K.PREFERENCE, 0.1, language="de", fulfilment=FulfilmentPreference.SHIP),
    touch(K.CONTACTED, 1, channel=Channel.EMAIL),
    touch(K.SOCIAL_LIKE, 1, product_id="lunaro-aero"),
    touch(K.SURVEY_ANSWER, 20, category_id=SHOES, is_interested=False),
    touch(K.SURVEY_ANSWER, 2, category_id=SHOES, is_interested=True),
    touch(K.LOYALTY_UPDATE, 40, tier=7),
    touch(K.LOYALTY_UPDATE, 1, tier=2),
    touch(K.CRM_PROFILE, 30, account_kind=AccountKind.CONSUMER, language="en"),
)


def _order(name: str) -> list[Touchpoint]:
    if name == "reversed":
        return list(reversed(STORY))
    if name == "twice":
        return [*STORY, *STORY]
    if name == "shuffled, some twice":
        some_twice = [*STORY, *STORY[::2]]
        return [some_twice[place] for place in np.random.default_rng(3).permutation(len(some_twice))]
    return sorted(STORY, key=lambda item: item.time_ms)


@pytest.mark.parametrize("name", ["in order", "reversed", "twice", "shuffled, some twice"])
async def test_the_same_signals_in_any_order_give_the_same_offer(stage: Stage, name: str) -> None:
    assert {item.kind for item in STORY} == set(TouchpointKind)
    await stage.set_up(network())
    for touchpoint in _order(name):
        await record(stage, touchpoint)
    told = await stage.send(walk_past())
    [offer] = told.offers
    assert (offer.offer_id, offer.size_value, offer.language_code) == ("aero-week", "43", "de")
    assert offer.reason == "weil „Laufschuhe“ auf Ihrer Wunschliste steht"
    # wished for this very product 2 days ago: 1800 × 2^(−2/3) = 1133; liked and told a survey: 158 + 188;
    # 12 m from the store's point, cut to 11, are 5 points; 8 units beyond the safety stock are 40
    assert await points_of(stage, offer.decision_id) == {
        "interest": 1_133, "due_again": 0, "affinity": 346, "price_cut": 200, "distance": 95, "dwell": 0,
        "stock": 40, "loyalty": 40, "closing": 60,
    }  # fmt: skip


# -- words ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["Laufschuhe Herren 43", "running shoes", "laufschuh", "runing shoes", "LAUFSCHUHE"])
async def test_free_text_becomes_a_category(stage: Stage, words: str) -> None:
    await stage.set_up(network(touch(K.SEARCH, search_text=words, size=EU_43)))
    [offer] = (await stage.send(walk_past())).offers
    assert offer.reason == "because you searched for Running shoes"  # the category's name, not her words


async def test_words_that_mean_nothing_here_are_not_kept(stage: Stage) -> None:
    await stage.set_up(network())
    with pytest.raises(NotFoundError):
        await record(stage, touch(K.SEARCH, search_text="Gartenschlauch", size=EU_43))
    told = await stage.send(walk_past())
    assert (told.offers, told.try_verdicts) == ([], [OfferVerdict.NO_INTENT])


# -- consent -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "missing", [Purpose.SEARCH_INTENT_USE, Purpose.PERSONALISED_OFFERS], ids=lambda purpose: purpose.name
)
async def test_without_consent_for_its_purpose_nothing_is_kept(stage: Stage, missing: Purpose) -> None:
    """Refused when it arrives; giving the consent later does not bring it back."""
    given = tuple(purpose for purpose in STANDING_PURPOSES if purpose is not missing)
    await stage.set_up(replace(network(), purposes=given))
    result = await stage.operator.control.record_touchpoints(STORY)
    interest = {K.SEARCH, K.VIEW, K.WISH, K.CART}
    of_purpose = interest if missing is Purpose.SEARCH_INTENT_USE else set(TouchpointKind) - interest
    assert {row.row for row in result.refused} == {row for row, item in enumerate(STORY) if item.kind in of_purpose}
    assert {row.reason for row in result.refused} == {"NOT_CONSENTED"}
    await stage.grant("anna", (missing,))
    if missing is Purpose.SEARCH_INTENT_USE:
        assert (await stage.send(walk_past())).try_verdicts == [OfferVerdict.NO_INTENT]
    else:
        profile = (await _customer(stage)).profile
        assert (profile.tier, profile.language_code, profile.preferred_channel) == (0, "en", 0)
        # the interest was taken, her size was not: that needs the other purpose
        assert (await stage.send(walk_past())).try_verdicts == [OfferVerdict.SIZE_MISMATCH]


async def test_refused_all_or_nothing_where_the_caller_says_so(stage: Stage) -> None:
    await stage.set_up(replace(network(), purposes=STANDING_PURPOSES[:1]))
    with pytest.raises(NotConsentedError):
        await record(stage, SEARCH)


async def _customer(stage: Stage) -> signal_pb.GetCustomerResponse:
    request = signal_pb.GetCustomerRequest(customer_id="anna")
    answer: signal_pb.GetCustomerResponse
    answer = await stage.operator.control.call(stage.operator.control.signals.GetCustomer, request)
    return answer
