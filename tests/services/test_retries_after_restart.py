"""A service that is killed between a call and its retry: one effect, the same answer.

The kill is a copy of the state directory, taken when the call was answered and while the service still writes to the
original: what is on disk then is what a killed process leaves. A second service recovers from the copy.
"""

from __future__ import annotations

import shutil
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from shop import (
    CATEGORY,
    DEVICE_KEY,
    FENCE,
    LATITUDE_E7,
    LONGITUDE_E7,
    NOW_MS,
    OFFER,
    PRODUCT,
    STORE,
    a_consent,
    a_touchpoint,
    bring_the_customer,
    stock_the_shop,
)
from wire import refused

from geooffer.engine.state import digest
from geooffer.journal.frames import decode_entries
from geooffer.model.limits import PARTITION_COUNT
from geooffer.model.records import CATALOG_PARTITION, RequestAnswered
from geooffer.rpc.checks import timestamp
from geooffer.v1 import campaign_service_pb2 as campaign
from geooffer.v1 import consent_service_pb2 as consent
from geooffer.v1 import decision_service_pb2 as decision
from geooffer.v1 import offer_service_pb2 as offers
from geooffer.v1 import places_pb2
from geooffer.v1 import resources_pb2 as resources
from geooffer.v1 import signal_service_pb2 as signal
from geooffer.v1 import store_service_pb2 as store
from geooffer.v1 import verdicts_pb2 as verdicts

HERE = places_pb2.Place(latitude_e7=LATITUDE_E7, longitude_e7=LONGITUDE_E7)


@pytest.fixture
def kill(tmp_path: Path, open_from: Any) -> Any:
    """`async with kill() as plane`: the service, restarted from what a kill now would leave."""
    copies = iter(range(100))

    @asynccontextmanager
    async def restarted():
        left = tmp_path / f"left-{next(copies)}"
        shutil.copytree(tmp_path / "first", left)
        async with open_from(left) as plane:
            yield plane

    return restarted


@pytest.fixture
async def first(tmp_path: Path, open_from: Any) -> Any:
    """The service before the kill."""
    async with open_from(tmp_path / "first") as plane:
        yield plane


def records_of(plane: Any) -> int:
    return sum(1 for _ in plane.engine.journal.read())


async def answered_twice(first: Any, kill: Any, call: Any) -> None:
    """Call, kill, call again: the same answer, nothing more in the journal, the state a replay makes of it."""
    answer = await call(first)
    async with kill() as again:
        before = records_of(again)
        assert await call(again) == answer
        assert records_of(again) == before
        for partition in (CATALOG_PARTITION, *range(PARTITION_COUNT)):
            assert digest(again.engine.state, partition) == digest(first.engine.state, partition)


CREATES = {
    "store": lambda plane: plane.stores.CreateStore(store.CreateStoreRequest(store=STORE, request_id="r")),
    "geofence": lambda plane: plane.stores.CreateGeofence(store.CreateGeofenceRequest(geofence=FENCE, request_id="r")),
    "category": lambda plane: plane.campaigns.CreateCategory(
        campaign.CreateCategoryRequest(category=CATEGORY, request_id="r")
    ),
    "product": lambda plane: plane.campaigns.CreateProduct(
        campaign.CreateProductRequest(product=PRODUCT, request_id="r")
    ),
    "offer": lambda plane: plane.campaigns.CreateOffer(campaign.CreateOfferRequest(offer=OFFER, request_id="r")),
    "campaign": lambda plane: plane.campaigns.CreateCampaign(
        campaign.CreateCampaignRequest(campaign=resources.Campaign(campaign_id="c"), request_id="r")
    ),
    "audience": lambda plane: plane.campaigns.CreateAudience(
        campaign.CreateAudienceRequest(audience=resources.Audience(audience_id="a"), request_id="r")
    ),
    "stores": lambda plane: plane.stores.BatchUpsertStores(
        store.BatchUpsertStoresRequest(stores=[STORE, resources.Store(store_id="bad id")], partial=True, request_id="r")
    ),
    "closure": lambda plane: plane.stores.CloseStores(
        store.CloseStoresRequest(store_ids=["s1"], reason="water", request_id="r")
    ),
}


@pytest.mark.parametrize("name", CREATES)
async def test_a_call_with_a_request_id_is_answered_once(first: Any, kill: Any, name: str) -> None:
    needs = {
        "geofence": ["store"],
        "product": ["category"],
        "offer": ["store", "category", "product"],
        "closure": ["store"],
    }
    for needed in needs.get(name, ()):
        await CREATES[needed](first)
    await answered_twice(first, kill, CREATES[name])


async def test_another_request_under_the_id_is_refused_after_a_restart_too(first: Any, kill: Any) -> None:
    await CREATES["store"](first)
    other = resources.Store()
    other.CopyFrom(STORE)
    other.store_id = "s2"
    async with kill() as again:
        call = again.stores.CreateStore(store.CreateStoreRequest(store=other, request_id="r"))
        await refused(call, "INVALID_ARGUMENT", "request_id")
        # and without the id it is as if it had not been
        await refused(again.stores.CreateStore(store.CreateStoreRequest(store=STORE)), "ALREADY_EXISTS")


async def test_calls_without_a_request_id_repeat_to_the_same_state(first: Any, kill: Any) -> None:
    """Customers, consent, touchpoints and outcomes: the same set gives the same state however often it comes."""
    await stock_the_shop(first)
    await bring_the_customer(first)
    first.control.engine.publish()
    asked = decision.DecideRequest(customer_id="c1", channel="CHANNEL_WEB_SHOP", place=HERE)
    decided = (await first.decisions.Decide(asked)).offer.decision_id
    person = signal.Customer(customer_id="c1", device_keys=[DEVICE_KEY], language_code="de")
    withdrawal = consent.WithdrawConsentRequest(
        customer_id="c1", purposes=[verdicts.PURPOSE_BACKGROUND_LOCATION], event_time=timestamp(NOW_MS)
    )
    outcome = offers.OutcomeReport(
        decision_id=decided, kind="OUTCOME_KIND_DISPLAYED", event_time=timestamp(NOW_MS), device_key=DEVICE_KEY
    )
    gateway = first.metadata("gateway")

    calls = {
        "customers": lambda plane: plane.signals.UpsertCustomers(signal.UpsertCustomersRequest(customers=[person])),
        "consent": lambda plane: plane.consents.RecordConsent(a_consent()),
        "withdrawal": lambda plane: plane.consents.WithdrawConsent(withdrawal),
        "touchpoints": lambda plane: plane.signals.RecordTouchpoints(
            signal.RecordTouchpointsRequest(touchpoints=[a_touchpoint()])
        ),
        "outcomes": lambda plane: plane.offers.ReportOutcomes(
            offers.ReportOutcomesRequest(outcomes=[outcome]),
            metadata=gateway if plane is first else plane.metadata("gateway"),
        ),
    }
    for call in calls.values():
        answer = await call(first)
        async with kill() as again:
            assert await call(again) == answer
            for partition in (CATALOG_PARTITION, *range(PARTITION_COUNT)):
                assert digest(again.engine.state, partition) == digest(first.engine.state, partition)


async def test_a_decision_is_told_again_from_its_record(first: Any, kill: Any) -> None:
    await stock_the_shop(first)
    await bring_the_customer(first)
    first.engine.publish()
    asked = decision.DecideRequest(customer_id="c1", channel="CHANNEL_WEB_SHOP", place=HERE, request_id="r")
    answer = await first.decisions.Decide(asked)
    assert answer.HasField("offer")
    assert answer.nearby_stores
    async with kill() as again:
        before = records_of(again)
        assert await again.decisions.Decide(asked) == answer
        assert records_of(again) == before
        silent = decision.DecideRequest(customer_id="c1", channel="CHANNEL_WEB_SHOP", place=HERE, request_id="r2")
        told = await again.decisions.Decide(silent)
        assert told.verdict == verdicts.OFFER_VERDICT_ALREADY_OFFERED
        assert await again.decisions.Decide(silent) == told
        # what is remembered holds neither where she was nor who she is, and goes with her
        (kept, _) = again.engine.state.requests.items(partition_with_requests(again))
        words = kept.answer + kept.request_key + kept.request_digest
        for secret in (b"c1", b"s1", b"shoe", HERE.SerializeToString()):
            assert secret not in words
        await again.signals.DeleteCustomer(signal.DeleteCustomerRequest(customer_id="c1"))
        assert all(not list(again.engine.state.requests.items(number)) for number in range(PARTITION_COUNT))


def partition_with_requests(plane: Any) -> int:
    (found,) = [number for number in range(PARTITION_COUNT) if list(plane.engine.state.requests.items(number))]
    return found


async def test_a_decision_is_not_told_again_without_her_consent(first: Any, kill: Any) -> None:
    await stock_the_shop(first)
    await bring_the_customer(first)
    first.engine.publish()
    asked = decision.DecideRequest(customer_id="c1", channel="CHANNEL_WEB_SHOP", place=HERE, request_id="r")
    assert (await first.decisions.Decide(asked)).HasField("offer")
    purpose = verdicts.PURPOSE_SEARCH_INTENT_USE
    await first.consents.WithdrawConsent(consent.WithdrawConsentRequest(customer_id="c1", purposes=[purpose]))
    async with kill() as again:
        answer = await again.decisions.Decide(asked)
        assert not answer.HasField("offer")
        assert answer.verdict == verdicts.OFFER_VERDICT_PURPOSE_NOT_CONSENTED


async def test_effect_and_answer_are_one_commit(first: Any, kill: Any) -> None:
    """A crash between two commits, wherever it is, leaves both or none."""
    await CREATES["store"](first)
    await stock_the_rest(first)
    asked = decision.DecideRequest(customer_id="c1", channel="CHANNEL_WEB_SHOP", place=HERE, request_id="r")
    assert (await first.decisions.Decide(asked)).HasField("offer")
    commits = [
        [type(entry.record).__name__ for entry in decode_entries(commit.payload)]
        for commit in first.engine.journal.store.read()
    ]
    pairs = [names[-2:] for names in commits if RequestAnswered.__name__ in names]
    assert pairs == [["NounPut", "RequestAnswered"], ["DecisionRecord", "RequestAnswered"]]


async def stock_the_rest(plane: Any) -> None:
    await plane.stores.DeleteStore(store.DeleteStoreRequest(store_id="s1"))
    await stock_the_shop(plane)
    await bring_the_customer(plane)
    plane.engine.publish()
