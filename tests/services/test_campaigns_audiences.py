"""Campaigns, audiences and who is on them, over a real control port."""

from __future__ import annotations

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from shop import DEVICE_KEY, LATITUDE_E7, LONGITUDE_E7, NOW_MS, OFFER, a_consent, bring_the_customer, stock_the_shop
from wire import refused

from geooffer.model.catalog import Campaign
from geooffer.model.frequency import CapRule
from geooffer.model.kinds import ALL_ACCOUNTS, CapEvent, CapScope, CapWindow, CapZone
from geooffer.model.verdicts import OfferVerdict
from geooffer.rpc.convert_campaigns import decode_campaign, encode_campaign
from geooffer.v1 import campaign_service_pb2 as pb
from geooffer.v1 import resources_pb2 as resources
from geooffer.v1 import signal_service_pb2 as signal

MONTH_MS = 31 * 86_400_000
DAILY = resources.CapRule(scope="CAP_SCOPE_PERSON", limit_count=2, window_millis=86_400_000)
CAMPAIGN = resources.Campaign(
    campaign_id="spring",
    name="Spring",
    budget_count=100,
    minimum_tier=2,
    account_kinds=["ACCOUNT_KIND_BUSINESS"],
    channels=["CHANNEL_IN_APP", "CHANNEL_PUSH"],
    audience_id="runners",
    cap_rules=[
        DAILY,
        resources.CapRule(scope="CAP_SCOPE_CAMPAIGN_TOTAL", limit_count=9, window="CAP_WINDOW_CALENDAR_WEEK"),
        resources.CapRule(
            scope="CAP_SCOPE_PERSON_STORE",
            limit_count=1,
            window="CAP_WINDOW_CALENDAR_DAY",
            zone="CAP_ZONE_STORE",
            event="CAP_EVENT_DISPLAYED",
        ),
    ],
    held_out_per_10000=500,
    score_floor=100,
    is_open_when_hours_unknown=True,
    offers_other_branch=True,
    offers_shipping=True,
)
AUDIENCE = resources.Audience(audience_id="runners", name="Runners")


def a_campaign(**changes) -> resources.Campaign:
    return resources.Campaign(**({"campaign_id": "spring"} | changes))


async def launch(plane, campaign: resources.Campaign = CAMPAIGN) -> None:
    await plane.campaigns.CreateAudience(pb.CreateAudienceRequest(audience=AUDIENCE))
    await plane.campaigns.CreateCampaign(pb.CreateCampaignRequest(campaign=campaign))


def verdict_of(plane) -> OfferVerdict:
    """What she would get at the shop now."""
    explained = plane.engine.explain(
        device_key=DEVICE_KEY, latitude_e7=LATITUDE_E7, longitude_e7=LONGITUDE_E7, accuracy_cm=800, now_ms=NOW_MS
    )
    return explained.fences[0].candidates[0].verdict


async def test_a_campaign_with_everything_is_read_back(plane):
    await launch(plane)
    read = (await plane.campaigns.GetCampaign(pb.GetCampaignRequest(campaign_id="spring"))).campaign
    assert read.etag
    read.etag = ""
    told = resources.Campaign()
    told.CopyFrom(CAMPAIGN)
    # what was left open is read back as it was taken
    told.cap_rules[0].MergeFrom(resources.CapRule(window="CAP_WINDOW_SLIDING", event="CAP_EVENT_DECIDED"))
    told.cap_rules[1].MergeFrom(resources.CapRule(zone="CAP_ZONE_UTC", event="CAP_EVENT_DECIDED"))
    assert read == told
    rules = plane.engine.registry.campaigns["spring"].cap_rules
    assert rules == (
        CapRule(CapScope.PERSON, 2),
        CapRule(CapScope.CAMPAIGN_TOTAL, 9, CapWindow.CALENDAR_WEEK, zone=CapZone.UTC),
        CapRule(
            CapScope.PERSON_STORE, 1, CapWindow.CALENDAR_DAY, zone=CapZone.STORE, event=CapEvent.DISPLAYED
        ),
    )  # fmt: skip
    assert decode_campaign(encode_campaign(plane.engine.registry.campaigns["spring"])) == Campaign(
        **{name: getattr(plane.engine.registry.campaigns["spring"], name) for name in Campaign.__slots__}
    )


async def test_a_bare_campaign_is_for_everybody(plane):
    await plane.campaigns.CreateCampaign(pb.CreateCampaignRequest(campaign=a_campaign()))
    assert plane.engine.registry.campaigns["spring"] == Campaign("spring")
    both = a_campaign(account_kinds=[1, 2, 2])
    after = (await plane.campaigns.UpdateCampaign(pb.UpdateCampaignRequest(campaign=both))).campaign
    assert list(after.account_kinds) == []
    assert plane.engine.registry.campaigns["spring"].account_kinds == ALL_ACCOUNTS


@pytest.mark.parametrize(
    ("change", "reason", "field"),
    [
        ({"campaign_id": ""}, "INVALID_ARGUMENT", "campaign_id"),
        ({"name": "x" * 513}, "INVALID_ARGUMENT", "name"),
        ({"budget_count": -1}, "INVALID_ARGUMENT", "budget_count"),
        ({"budget_count": 10**9 + 1}, "INVALID_ARGUMENT", "budget_count"),
        ({"minimum_tier": 10}, "INVALID_ARGUMENT", "minimum_tier"),
        ({"account_kinds": [0]}, "INVALID_ARGUMENT", "account_kinds"),
        ({"account_kinds": [3]}, "INVALID_ARGUMENT", "account_kinds"),
        ({"channels": [9]}, "INVALID_ARGUMENT", "channels"),
        ({"channels": [-1]}, "INVALID_ARGUMENT", "channels"),
        ({"audience_id": "none"}, "NOT_FOUND", "audience_id"),
        ({"held_out_per_10000": 10_001}, "INVALID_ARGUMENT", "held_out_per_10000"),
        ({"score_floor": 100_001}, "INVALID_ARGUMENT", "score_floor"),
        ({"score_floor": -1}, "INVALID_ARGUMENT", "score_floor"),
        ({"cap_rules": [DAILY] * 17}, "INVALID_ARGUMENT", "cap_rules"),
    ],
)
async def test_bad_campaigns(plane, change, reason, field):
    bad = pb.CreateCampaignRequest(campaign=a_campaign(**change))
    await refused(plane.campaigns.CreateCampaign(bad), reason, field)
    assert plane.engine.saved_generation == 0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"scope": 0}, "scope"),
        ({"scope": 6}, "scope"),
        ({"limit_count": -1}, "limit_count"),
        ({"limit_count": 10**9 + 1}, "limit_count"),
        ({"window": 5}, "window"),
        ({"window_millis": 0}, "window_millis"),
        ({"window_millis": MONTH_MS + 1}, "window_millis"),
        ({"window": "CAP_WINDOW_CALENDAR_DAY"}, "window_millis"),
        ({"zone": "CAP_ZONE_UTC"}, "zone"),
        ({"window": "CAP_WINDOW_CALENDAR_DAY", "window_millis": 0, "zone": 4}, "zone"),
        ({"event": 5}, "event"),
        ({"scope": "CAP_SCOPE_CAMPAIGN_TOTAL", "event": "CAP_EVENT_DISPLAYED"}, "event"),
        (
            {
                "scope": "CAP_SCOPE_CAMPAIGN_TOTAL",
                "window": "CAP_WINDOW_CALENDAR_DAY",
                "window_millis": 0,
                "zone": "CAP_ZONE_STORE",
            },
            "zone",
        ),
    ],
)
async def test_bad_cap_rules(plane, change, field):
    values = {"scope": "CAP_SCOPE_PERSON", "limit_count": 2, "window_millis": MONTH_MS}
    bad = a_campaign(cap_rules=[resources.CapRule(**(values | change))])
    call = plane.campaigns.CreateCampaign(pb.CreateCampaignRequest(campaign=bad))
    await refused(call, "INVALID_ARGUMENT", f"cap_rules.{field}")


async def test_campaigns_in_batches_pages_and_out_again(plane):
    rows = [a_campaign(campaign_id=name) for name in ("b", "a", "no such id")]
    upsert = pb.BatchUpsertCampaignsRequest(campaigns=rows, partial=True)
    answer = await plane.campaigns.BatchUpsertCampaigns(upsert)
    assert answer.accepted_count == 2
    assert [(item.row, item.field) for item in answer.problems] == [(2, "campaign_id")]
    page = await plane.campaigns.ListCampaigns(pb.ListCampaignsRequest(page_size=1))
    rest = await plane.campaigns.ListCampaigns(pb.ListCampaignsRequest(page_token=page.next_page_token))
    assert [item.campaign_id for item in [*page.campaigns, *rest.campaigns]] == ["a", "b"]
    stale = pb.DeleteCampaignRequest(campaign_id="a", etag="0")
    await refused(plane.campaigns.DeleteCampaign(stale), "STALE_ETAG")
    await plane.campaigns.DeleteCampaign(pb.DeleteCampaignRequest(campaign_id="a"))
    await refused(plane.campaigns.GetCampaign(pb.GetCampaignRequest(campaign_id="a")), "NOT_FOUND", "campaign_id")


async def test_what_others_name_stays(plane):
    await stock_the_shop(plane)
    await launch(plane)
    offer = resources.Offer(offer_id="o1", campaign_id="none")
    update = pb.UpdateOfferRequest(offer=offer, update_mask=FieldMask(paths=["campaign_id"]))
    await refused(plane.campaigns.UpdateOffer(update), "NOT_FOUND", "campaign_id")
    update.offer.campaign_id = "spring"
    assert (await plane.campaigns.UpdateOffer(update)).offer.campaign_id == "spring"
    await refused(plane.campaigns.DeleteCampaign(pb.DeleteCampaignRequest(campaign_id="spring")), "IN_USE")
    await refused(plane.campaigns.DeleteAudience(pb.DeleteAudienceRequest(audience_id="runners")), "IN_USE")


async def test_audiences_are_kept_like_every_noun(plane):
    made = await plane.campaigns.CreateAudience(pb.CreateAudienceRequest(audience=AUDIENCE))
    await refused(plane.campaigns.CreateAudience(pb.CreateAudienceRequest(audience=AUDIENCE)), "ALREADY_EXISTS")
    renamed = resources.Audience(audience_id="runners", name="Joggers", etag=made.audience.etag)
    after = (await plane.campaigns.UpdateAudience(pb.UpdateAudienceRequest(audience=renamed))).audience
    assert (after.name, after.etag == made.audience.etag) == ("Joggers", False)
    more = pb.BatchUpsertAudiencesRequest(audiences=[resources.Audience(audience_id="b")])
    assert (await plane.campaigns.BatchUpsertAudiences(more)).accepted_count == 1
    listed = (await plane.campaigns.ListAudiences(pb.ListAudiencesRequest())).audiences
    assert [item.audience_id for item in listed] == ["b", "runners"]
    await plane.campaigns.DeleteAudience(pb.DeleteAudienceRequest(audience_id="b"))
    await refused(plane.campaigns.GetAudience(pb.GetAudienceRequest(audience_id="b")), "NOT_FOUND")


async def test_an_offer_of_a_list_is_for_who_is_on_it_at_once(plane):
    await stock_the_shop(plane)
    await bring_the_customer(plane)
    await launch(plane, a_campaign(audience_id="runners"))
    offer = resources.Offer()
    offer.CopyFrom(OFFER)
    offer.campaign_id = "spring"
    await plane.campaigns.UpdateOffer(pb.UpdateOfferRequest(offer=offer))
    plane.control.publisher.flush()
    saved = plane.engine.saved_generation
    assert verdict_of(plane) is OfferVerdict.AUDIENCE_MISMATCH
    names = {"audience_id": "runners", "customer_ids": ["c1"]}
    added = await plane.campaigns.AddAudienceMembers(pb.AddAudienceMembersRequest(**names))
    assert (added.accepted_count, added.catalog_generation) == (1, saved)
    assert verdict_of(plane) is OfferVerdict.OFFERED
    again = await plane.campaigns.AddAudienceMembers(pb.AddAudienceMembersRequest(**names))
    assert again.accepted_count == 1
    removed = await plane.campaigns.RemoveAudienceMembers(pb.RemoveAudienceMembersRequest(**names))
    assert removed.accepted_count == 1
    assert verdict_of(plane) is OfferVerdict.AUDIENCE_MISMATCH


async def test_members_in_batches_and_pages(plane):
    await plane.campaigns.CreateAudience(pb.CreateAudienceRequest(audience=AUDIENCE))
    people = [signal.Customer(customer_id=f"c{number}") for number in range(5)]
    await plane.signals.UpsertCustomers(signal.UpsertCustomersRequest(customers=people))
    for number in range(4):
        await plane.consents.RecordConsent(a_consent(customer_id=f"c{number}"))
    whole = pb.AddAudienceMembersRequest(audience_id="runners", customer_ids=["c3", "stranger"])
    text = await refused(plane.campaigns.AddAudienceMembers(whole), "NOT_FOUND")
    assert "stranger" not in text
    names = ["c3", "stranger", "c1", "c4", "not an id", "c0"]
    part = pb.AddAudienceMembersRequest(audience_id="runners", customer_ids=names, partial=True)
    answer = await plane.campaigns.AddAudienceMembers(part)
    assert answer.accepted_count == 3
    assert [(item.row, item.reason) for item in answer.problems] == [
        (1, "NOT_FOUND"),
        (3, "NOT_CONSENTED"),
        (4, "INVALID_ARGUMENT"),
    ]
    assert not any(name in item.message for name in names for item in answer.problems)
    page = await plane.campaigns.ListAudienceMembers(
        pb.ListAudienceMembersRequest(audience_id="runners", page_size=2)
    )  # fmt: skip
    assert list(page.customer_ids) == ["c0", "c1"]
    rest = pb.ListAudienceMembersRequest(audience_id="runners", page_token=page.next_page_token)
    assert list((await plane.campaigns.ListAudienceMembers(rest)).customer_ids) == ["c3"]


async def test_members_of_nothing_known_and_too_many(plane):
    await plane.campaigns.CreateAudience(pb.CreateAudienceRequest(audience=AUDIENCE))
    for request, call in (
        (pb.AddAudienceMembersRequest, plane.campaigns.AddAudienceMembers),
        (pb.RemoveAudienceMembersRequest, plane.campaigns.RemoveAudienceMembers),
    ):
        await refused(call(request(audience_id="none", customer_ids=["c"], partial=True)), "NOT_FOUND", "audience_id")
        await refused(call(request(customer_ids=["c"])), "INVALID_ARGUMENT", "audience_id")
        await refused(call(request(audience_id="runners")), "INVALID_ARGUMENT", "customer_ids")
        many = request(audience_id="runners", customer_ids=["c"] * 1_001)
        await refused(call(many), "INVALID_ARGUMENT", "customer_ids")
    unknown = pb.ListAudienceMembersRequest(audience_id="none")
    await refused(plane.campaigns.ListAudienceMembers(unknown), "NOT_FOUND", "audience_id")
