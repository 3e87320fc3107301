"""S3, connected commerce: web shop, newsletter and social channel ask `Decide` for a product hint.

They get what the walk would have got, under the same verdicts and caps, and the nearest branches that have it.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from connected_network import SEARCH, SHOES, network, touch
from network_calls import BRANCH_PLACE, ask, explained, recent_verdicts, switch
from running_shoes import MINUTE_MS, NOW_MS, STANDING_PURPOSES, World, walk_past
from scenario_stage import Stage

from geooffer.errors import NotFoundError
from geooffer.model.catalog import Campaign
from geooffer.model.frequency import CapRule
from geooffer.model.kinds import CapScope, Channel, IdentityKind
from geooffer.model.policy import HOUR_MS
from geooffer.model.signals import Identity, IdentityLink
from geooffer.model.verdicts import OfferVerdict, PingVerdict, Purpose, TouchpointKind

K = TouchpointKind
WEB = Identity(IdentityKind.WEB, "browser-7f")


@pytest.mark.parametrize("channel", [Channel.WEB_SHOP, Channel.EMAIL, Channel.SOCIAL], ids=lambda item: item.name)
async def test_other_channels_get_the_hint_and_the_nearest_stores(stage: Stage, channel: Channel) -> None:
    """By the browser's own number: the same offer as on the walk, and then the walk is silent."""
    world = replace(network(SEARCH), links=(IdentityLink("anna", WEB),))
    await stage.set_up(replace(world, purposes=(*STANDING_PURPOSES, Purpose.PUSH_MARKETING)))
    answer = await ask(stage, channel, person=WEB)
    offer = answer.offer
    assert (offer.offer_id, offer.product_id, offer.size_value) == ("spring-run", "veltra-glide", "43")
    assert (offer.price_minor, offer.previous_price_minor) == (8_990, 12_990)
    assert (offer.channel, offer.store_id, offer.geofence_id) == (channel.name.lower(), "branch-mitte", "")
    assert [(near.store_id, near.distance_m, near.is_open) for near in answer.nearby_stores] == [
        ("branch-mitte", 0, True), ("branch-ost", 299, True)]  # fmt: skip
    soon = await stage.send(walk_past())
    assert (soon.offers, soon.try_verdicts) == ([], [OfferVerdict.COOLDOWN])
    assert (await explained(stage))["spring-run"] == OfferVerdict.ALREADY_OFFERED
    assert await recent_verdicts(stage) == [OfferVerdict.COOLDOWN, OfferVerdict.OFFERED]


def _asked_twins() -> dict[str, tuple[World, OfferVerdict]]:
    world = network(SEARCH)
    return {
        "searched for nothing": (network(), OfferVerdict.NO_INTENT),
        "bought since": (network(SEARCH, touch(K.PURCHASE, 1, category_id=SHOES)), OfferVerdict.NO_INTENT),
        "size unknown": (network(replace(SEARCH, size=None)), OfferVerdict.SIZE_MISMATCH),
        "sold out": (
            replace(world, stock=tuple(replace(item, available_count=0) for item in world.stock)),
            OfferVerdict.OUT_OF_STOCK),
        "not reduced": (replace(world, prices=(world.prices[0], world.prices[2])), OfferVerdict.NO_PRICE_ADVANTAGE),
        "offers over": (
            replace(world, offers=tuple(replace(item, valid_until_ms=NOW_MS) for item in world.offers)),
            OfferVerdict.OFFER_INACTIVE),
        "no personal offers wanted": (
            replace(world, withdrawn=(Purpose.PERSONALISED_OFFERS,)), OfferVerdict.PURPOSE_NOT_CONSENTED),
        "budget spent": (
            network(SEARCH, campaign=Campaign("none-left", cap_rules=(CapRule(CapScope.CAMPAIGN_TOTAL, 0),))),
            OfferVerdict.BUDGET_SPENT),
    }  # fmt: skip


ASKED_TWINS = _asked_twins()


@pytest.mark.parametrize("name", ASKED_TWINS)
async def test_asked_or_walked_the_verdict_is_the_same(stage: Stage, name: str) -> None:
    world, verdict = ASKED_TWINS[name]
    await stage.set_up(world)
    for channel in (Channel.WEB_SHOP, Channel.IN_APP, Channel.SOCIAL):
        answer = await ask(stage, channel)
        assert (answer.HasField("offer"), answer.verdict) == (False, verdict)
    told = await stage.send(walk_past())
    assert (told.offers, told.try_verdicts) == ([], [verdict])


async def test_a_newsletter_needs_her_consent_to_marketing(stage: Stage) -> None:
    await stage.set_up(network(SEARCH))
    assert (await ask(stage, Channel.EMAIL)).verdict == OfferVerdict.PURPOSE_NOT_CONSENTED
    assert (await ask(stage, Channel.WEB_SHOP)).verdict == OfferVerdict.OFFERED


async def test_the_web_shop_needs_no_consent_to_her_location(stage: Stage) -> None:
    """No place of hers is used: where she could go is the question's own. On the walk her pings are forgotten."""
    without = tuple(p for p in STANDING_PURPOSES if p is not Purpose.PRECISE_LOCATION_FOR_OFFERS)
    await stage.set_up(replace(network(SEARCH), purposes=without))
    walked = await stage.send(walk_past())
    assert walked.offers == walked.tries == []
    assert set(walked.rejected.values()) == {PingVerdict.NO_CONSENT}
    assert (await ask(stage, Channel.WEB_SHOP, at_ms=NOW_MS + HOUR_MS)).verdict == OfferVerdict.OFFERED


async def test_the_web_shop_answers_at_night_the_social_channel_does_not(stage: Stage) -> None:
    """Quiet hours are for what calls on her; she looks at the web shop herself. The branches never close here."""
    world = network(SEARCH)
    await stage.set_up(replace(world, stores=tuple(replace(item, opening_hours="24/7") for item in world.stores)))
    night_ms = NOW_MS + 13 * HOUR_MS
    assert (await ask(stage, Channel.SOCIAL, at_ms=night_ms)).verdict == OfferVerdict.QUIET_HOURS
    assert (await ask(stage, Channel.WEB_SHOP, at_ms=night_ms)).verdict == OfferVerdict.OFFERED


async def test_asking_follows_the_nearest_open_branch(stage: Stage) -> None:
    """The nearer one is closed at a moment's notice: the answer names the next, and no product is promised there."""
    await stage.set_up(network(SEARCH))
    await switch(stage, "CloseStores", store_ids=["branch-mitte"])
    answer = await ask(stage, place=BRANCH_PLACE)
    assert answer.offer.store_id == "branch-ost"
    assert [(near.store_id, near.is_open) for near in answer.nearby_stores] == [
        ("branch-mitte", False), ("branch-ost", True)]  # fmt: skip


async def test_caps_count_what_was_asked_for(stage: Stage) -> None:
    """One a store and day: at the second question it is the other branch's turn, at the third nobody's."""
    await stage.set_up(network(SEARCH))
    verdicts = [(await ask(stage, at_ms=NOW_MS + n * 31 * MINUTE_MS)).verdict for n in range(3)]
    assert verdicts == [OfferVerdict.OFFERED, OfferVerdict.OFFERED, OfferVerdict.ALREADY_OFFERED]


async def test_a_browser_nobody_linked_is_not_made_up(stage: Stage) -> None:
    await stage.set_up(network(SEARCH))
    with pytest.raises(NotFoundError):
        await ask(stage, person=WEB)
