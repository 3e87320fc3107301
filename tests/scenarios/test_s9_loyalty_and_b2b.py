"""S9, loyalty and B2B: one person over all her devices and accounts, and offers that are for some people only.

Anna's phone, her watch, the browser at home and her loyalty card are one person: what one of them saw counts for all.
Some campaigns are for a loyalty tier, for an uploaded list, or for one channel. Business accounts are shown net prices,
and a consumer never sees what is meant for them.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from network_calls import ask, explained, recent_verdicts, record
from running_shoes import (
    EU_43,
    MINUTE_MS,
    NOW_MS,
    PHONE,
    STANDING_PURPOSES,
    WATCH,
    World,
    running_shoes_world,
    walk_past,
)
from scenario_stage import Stage, Told

from geooffer.model.catalog import Audience, Campaign, Customer
from geooffer.model.kinds import AccountKind, Channel, IdentityKind
from geooffer.model.policy import DAY_MS
from geooffer.model.repurchase import RepurchaseRule
from geooffer.model.signals import Identity, IdentityLink, Touchpoint
from geooffer.model.verdicts import OfferVerdict, PingVerdict, Purpose, TouchpointKind
from geooffer.v1 import campaign_service_pb2 as campaign_pb
from geooffer.v1 import ping_service_pb2 as ping_pb

K = TouchpointKind
S1 = running_shoes_world()
BROWSER = Identity(IdentityKind.WEB, "browser-7f")
CARD = Identity(IdentityKind.LOYALTY, "card-2291")
EVERY_CHANNEL = (*STANDING_PURPOSES, Purpose.PUSH_MARKETING)
HOUR = 60 * MINUTE_MS


def of_her(identity: Identity, kind: TouchpointKind, days_ago: float = 1, **fields: object) -> Touchpoint:
    """A signal that names one of her pseudonyms, not her."""
    time_ms = NOW_MS - round(days_ago * DAY_MS)
    return Touchpoint("", kind, time_ms, identity=identity, **fields)  # type: ignore[arg-type]


def linked_world(*touchpoints: Touchpoint) -> World:
    """S1, where Anna is registered with her phone alone and everything else is linked to her."""
    links = (IdentityLink("anna", device_key=WATCH), IdentityLink("anna", BROWSER), IdentityLink("anna", CARD))
    return replace(S1, customers=(Customer("anna", (PHONE,), "en"),), links=links, touchpoints=touchpoints)


def for_some(campaign: Campaign, **changes: object) -> World:
    """S1 with its offer in a campaign; German VAT on the shoes."""
    return replace(
        S1,
        products=(replace(S1.products[0], vat_basis_points=1_900),),
        campaigns=(campaign,),
        offers=(replace(S1.offers[0], campaign_id=campaign.campaign_id),),
        purposes=EVERY_CHANNEL,
        **changes,  # type: ignore[arg-type]
    )


def both_walk_at_once() -> np.ndarray:
    """Phone and watch on the same arm: every fix twice, in turn."""
    rows = np.concatenate([walk_past(PHONE), walk_past(WATCH)])
    return rows[np.argsort(rows["fix_time_ms"], kind="stable")]


# -- one person ----------------------------------------------------------------------------------------------

HER_SIGNALS = (
    of_her(BROWSER, K.SEARCH, 3, category_id="running-shoes"),
    of_her(CARD, K.PREFERENCE, 200, category_id="running-shoes", size=EU_43),
)


async def test_what_browser_and_card_know_speaks_on_her_phone(stage: Stage) -> None:
    await stage.set_up(linked_world(*HER_SIGNALS))
    [offer] = (await stage.send(walk_past())).offers
    assert (offer.offer_id, offer.size_value) == ("spring-run", "43")
    assert offer.reason == "because you searched for Running shoes"


async def test_a_browser_of_somebody_else_says_nothing_of_her(stage: Stage) -> None:
    """The silent twin: the same search, in a browser that is linked to Berta."""
    world = linked_world(*HER_SIGNALS)
    people = (*world.customers, Customer("berta", (99,), "en"))
    links = (world.links[0], IdentityLink("berta", BROWSER), world.links[2])
    await stage.set_up(replace(world, customers=people, links=links))
    told = await stage.send(walk_past())
    assert (told.offers, told.try_verdicts) == ([], [OfferVerdict.NO_INTENT])


async def test_seen_on_the_phone_is_seen_on_the_watch_and_in_the_web_shop(stage: Stage) -> None:
    await stage.set_up(linked_world(*HER_SIGNALS))
    assert len((await stage.send(walk_past())).offers) == 1
    watch = await stage.send(walk_past(WATCH, start_ms=NOW_MS + HOUR))
    assert (watch.offers, watch.try_verdicts) == ([], [OfferVerdict.ALREADY_OFFERED])
    for identity in (BROWSER, CARD):
        answer = await ask(stage, person=identity, at_ms=NOW_MS + 2 * HOUR)
        assert (answer.HasField("offer"), answer.verdict) == (False, OfferVerdict.ALREADY_OFFERED)


async def test_two_devices_at_the_same_moment_get_one_offer(stage: Stage) -> None:
    await stage.set_up(linked_world(*HER_SIGNALS))
    told = await stage.send(both_walk_at_once())
    assert len(told.offers) == 1
    assert told.try_verdicts == [OfferVerdict.OFFERED, OfferVerdict.ALREADY_OFFERED]


async def test_two_strangers_at_the_same_moment_get_one_each(stage: Stage) -> None:
    """The speaking twin: the watch is Berta's, who searched for herself."""
    search = replace(S1.touchpoints[0], customer_id="berta")
    people = (Customer("anna", (PHONE,), "en"), Customer("berta", (WATCH,), "de"))
    await stage.set_up(replace(S1, customers=people, touchpoints=(*S1.touchpoints, search)))
    told = await stage.send(both_walk_at_once())
    assert sorted((offer.device_key, offer.language_code) for offer in told.offers) == [(PHONE, "en"), (WATCH, "de")]


async def test_bought_with_the_card_is_silence_on_every_device(stage: Stage) -> None:
    await stage.set_up(linked_world(*HER_SIGNALS, of_her(CARD, K.PURCHASE, 1, product_id="veltra-glide")))
    told = await stage.send(both_walk_at_once())
    assert (told.offers, told.try_verdicts) == ([], [OfferVerdict.NO_INTENT] * 2)
    assert (await ask(stage, person=BROWSER)).verdict == OfferVerdict.NO_INTENT


# -- two accounts turn out to be one person ------------------------------------------------------------------


def _two_accounts() -> World:
    search = replace(S1.touchpoints[0], customer_id="anna-online")
    people = (Customer("anna", (PHONE,), "en"), Customer("anna-online", (WATCH,), "en"))
    return replace(S1, customers=people, touchpoints=(*S1.touchpoints, search))


async def test_united_accounts_share_what_was_offered(stage: Stage) -> None:
    await stage.set_up(_two_accounts())
    assert len((await stage.send(walk_past(PHONE))).offers) == 1
    # for strangers it would be free
    assert await explained(stage, device_key=WATCH, at_ms=NOW_MS + HOUR) == {"spring-run": OfferVerdict.OFFERED}
    for _ in range(2):  # told twice, united once
        await stage.operator.control.merge_customers("anna-online", "anna")
    watch = await stage.send(walk_past(WATCH, start_ms=NOW_MS + HOUR))
    assert (watch.offers, watch.try_verdicts) == ([], [OfferVerdict.ALREADY_OFFERED])
    for name in ("anna", "anna-online"):  # both ids name her
        assert (await ask(stage, person=name, at_ms=NOW_MS + 2 * HOUR)).verdict == OfferVerdict.ALREADY_OFFERED
    assert await recent_verdicts(stage, "anna-online") == await recent_verdicts(stage, "anna")


async def test_accounts_nobody_united_are_two_persons(stage: Stage) -> None:
    await stage.set_up(_two_accounts())
    first = await stage.send(walk_past(PHONE))
    second = await stage.send(walk_past(WATCH, start_ms=NOW_MS + HOUR))
    assert [offer.device_key for told in (first, second) for offer in told.offers] == [PHONE, WATCH]


# -- and one device turns out to be somebody else's ----------------------------------------------------------


BERTA = Customer("berta", (), "en")


async def _berta_walks_with_the_watch(stage: Stage) -> Told:
    """Anna walks with her phone; an hour later the watch is found to be Berta's; two hours later Berta walks."""
    await stage.send(walk_past(PHONE))
    link = IdentityLink("anna", device_key=WATCH)
    await stage.operator.control.unlink_identity(link, new_customer_id="berta")
    return await stage.send(walk_past(WATCH, start_ms=NOW_MS + 2 * HOUR, first_sequence=100))


async def test_unlinking_gives_no_cap_back(stage: Stage) -> None:
    search = replace(S1.touchpoints[0], customer_id="berta")
    await stage.set_up(replace(S1, customers=(*S1.customers, BERTA), touchpoints=(*S1.touchpoints, search)))
    told = await _berta_walks_with_the_watch(stage)
    assert (told.offers, told.try_verdicts) == ([], [OfferVerdict.ALREADY_OFFERED])


async def test_unlinking_copies_purchases_too_but_no_interest(stage: Stage) -> None:
    """A network whose shoes wait for 60 days, whatever is searched."""
    shoes = replace(S1.categories[0], repurchase=RepurchaseRule(60))
    bought = Touchpoint("anna", K.PURCHASE, NOW_MS - DAY_MS, "running-shoes")
    world = replace(S1, categories=(shoes, *S1.categories[1:]), customers=(*S1.customers, BERTA))
    await stage.set_up(replace(world, touchpoints=(*S1.touchpoints, bought)))
    told = await _berta_walks_with_the_watch(stage)
    assert told.try_verdicts == [OfferVerdict.NO_INTENT]
    await record(stage, Touchpoint("berta", K.SEARCH, NOW_MS, "running-shoes", "", EU_43))
    told = await stage.send(walk_past(WATCH, start_ms=NOW_MS + 3 * HOUR, first_sequence=200))
    assert (told.offers, told.try_verdicts) == ([], [OfferVerdict.RECENTLY_BOUGHT])


async def test_unlinking_copies_no_consent(stage: Stage) -> None:
    """A Berta nobody knew yet: her pings are forgotten until she consents; what was offered counts all the same."""
    await stage.set_up(S1)
    told = await _berta_walks_with_the_watch(stage)
    assert set(told.rejected.values()) == {PingVerdict.NO_CONSENT}
    assert told.offers == told.tries == []
    await stage.grant("berta", STANDING_PURPOSES)
    await record(stage, replace(S1.touchpoints[0], customer_id="berta"))
    told = await stage.send(walk_past(WATCH, start_ms=NOW_MS + 3 * HOUR, first_sequence=200))
    assert (told.offers, told.try_verdicts) == ([], [OfferVerdict.ALREADY_OFFERED])


async def test_a_customer_who_had_nothing_in_common_starts_free(stage: Stage) -> None:
    """The speaking twin: the same Berta with a device that never was Anna's."""
    berta = Customer("berta", (99,), "en")
    search = replace(S1.touchpoints[0], customer_id="berta")
    await stage.set_up(replace(S1, customers=(*S1.customers, berta), touchpoints=(*S1.touchpoints, search)))
    await stage.send(walk_past(PHONE))
    told = await stage.send(walk_past(99, start_ms=NOW_MS + 2 * HOUR))
    assert [offer.device_key for offer in told.offers] == [99]


async def test_unlinked_to_nobody_its_pings_are_forgotten(stage: Stage) -> None:
    await stage.set_up(S1)
    await stage.operator.control.unlink_identity(IdentityLink("anna", device_key=WATCH))
    told = await stage.send(walk_past(WATCH))
    assert told.offers == told.tries == told.transitions == []
    assert set(told.rejected.values()) == {PingVerdict.NO_CONSENT}


# -- for some people only ------------------------------------------------------------------------------------

GOLD = Campaign("gold", minimum_tier=3)
LISTED = Campaign("letter", audience_id="letter-readers")
ON_WECHAT = Campaign("wechat-week", channels=Channel.WECHAT.bit)
TRADE = Campaign("trade", account_kinds=AccountKind.BUSINESS.bit)
LIST = (Audience("letter-readers", "Readers of the March letter"),)
MISMATCH = OfferVerdict.AUDIENCE_MISMATCH


def _told(kind: TouchpointKind, **fields: object) -> dict[str, object]:
    return {"touchpoints": (*S1.touchpoints, Touchpoint("anna", kind, NOW_MS - DAY_MS, **fields))}  # type: ignore[arg-type]


AUDIENCE_TWINS: dict[str, tuple[World, bool]] = {
    "no tier": (for_some(GOLD), False),
    "a tier below": (for_some(GOLD, **_told(K.LOYALTY_UPDATE, tier=2)), False),
    "her tier": (for_some(GOLD, **_told(K.LOYALTY_UPDATE, tier=3)), True),
    "not on the list": (for_some(LISTED, audiences=LIST), False),
    "on the list": (for_some(LISTED, audiences=LIST, members=(("letter-readers", "anna"),)), True),
    "for another channel": (for_some(ON_WECHAT), False),
    "a consumer": (for_some(TRADE), False),
    "a consumer by name": (for_some(TRADE, **_told(K.CRM_PROFILE, account_kind=AccountKind.CONSUMER)), False),
    "a business": (for_some(TRADE, **_told(K.CRM_PROFILE, account_kind=AccountKind.BUSINESS)), True),
}


@pytest.mark.parametrize("name", AUDIENCE_TWINS)
async def test_only_whom_it_is_for_gets_it(stage: Stage, name: str) -> None:
    world, is_for_her = AUDIENCE_TWINS[name]
    await stage.set_up(world)
    told = await stage.send(both_walk_at_once())
    if is_for_her:
        assert [offer.offer_id for offer in told.offers] == ["spring-run"]
        assert told.try_verdicts == [OfferVerdict.OFFERED, OfferVerdict.ALREADY_OFFERED]
    else:
        assert (told.offers, told.try_verdicts) == ([], [MISMATCH, MISMATCH])


async def test_taken_off_the_list_on_the_way(stage: Stage) -> None:
    world, _ = AUDIENCE_TWINS["on the list"]
    await stage.set_up(world)
    assert await explained(stage) == {"spring-run": OfferVerdict.OFFERED}
    request = campaign_pb.RemoveAudienceMembersRequest(audience_id="letter-readers", customer_ids=["anna"])
    await stage.operator.control.call(stage.operator.control.campaigns.RemoveAudienceMembers, request)
    told = await stage.send(walk_past())
    assert (told.offers, told.try_verdicts) == ([], [MISMATCH])


async def test_a_campaign_on_wechat(stage: Stage) -> None:
    """Silent on the walk (in-app) and on every other channel, heard on its own."""
    await stage.set_up(for_some(ON_WECHAT))
    for channel in Channel:
        if channel is not Channel.WECHAT:
            assert (await ask(stage, channel)).verdict == MISMATCH
    answer = await ask(stage, Channel.WECHAT)
    assert (answer.offer.offer_id, answer.offer.channel) == ("spring-run", "wechat")


async def test_no_consumer_sees_a_business_offer_anywhere(stage: Stage) -> None:
    await stage.set_up(for_some(TRADE))
    for channel in Channel:
        answer = await ask(stage, channel)
        assert (answer.HasField("offer"), answer.verdict) == (False, MISMATCH)
    assert await explained(stage) == {"spring-run": MISMATCH}


async def test_a_business_is_shown_net_prices(stage: Stage) -> None:
    """89.90 and 129.90 with 19 % VAT; what is kept of the decision is gross."""
    world, _ = AUDIENCE_TWINS["a business"]
    await stage.set_up(world)
    [offer] = (await stage.send(walk_past())).offers
    assert (offer.price_minor, offer.previous_price_minor) == (7_555, 10_916)
    assert offer.price_kind == ping_pb.PRICE_KIND_NET
    decision = await stage.operator.control.decision(offer.decision_id)
    assert (decision.price_minor, decision.previous_price_minor) == (8_990, 12_990)


async def test_a_consumer_is_shown_gross_prices_of_the_same_offer(stage: Stage) -> None:
    await stage.set_up(for_some(Campaign("all")))
    [offer] = (await stage.send(walk_past())).offers
    assert (offer.price_minor, offer.previous_price_minor) == (8_990, 12_990)
    assert offer.price_kind == ping_pb.PRICE_KIND_GROSS


async def test_a_business_that_is_none_any_more(stage: Stage) -> None:
    world, _ = AUDIENCE_TWINS["a business"]
    await stage.set_up(world)
    await record(stage, Touchpoint("anna", K.CRM_PROFILE, NOW_MS, account_kind=AccountKind.CONSUMER))
    told = await stage.send(walk_past())
    assert (told.offers, told.try_verdicts) == ([], [MISMATCH])
