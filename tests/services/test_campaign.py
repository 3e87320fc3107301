"""Categories, products, offers and prices over a real control port."""

from __future__ import annotations

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from shop import CATEGORY, NOW_MS, OFFER, PRODUCT, a_price, stock_the_shop
from wire import refused

from geooffer.rpc.checks import timestamp
from geooffer.v1 import campaign_service_pb2 as pb
from geooffer.v1 import resources_pb2 as resources


def changed(message, **values):
    """A copy with fields replaced; None clears."""
    copy = type(message)()
    copy.CopyFrom(message)
    for name, value in values.items():
        copy.ClearField(name)
        if value is not None:
            copy.MergeFrom(type(message)(**{name: value}))
    return copy


async def test_what_is_written_is_read_back(plane):
    await stock_the_shop(plane)
    category = (await plane.campaigns.GetCategory(pb.GetCategoryRequest(category_id="running-shoes"))).category
    product = (await plane.campaigns.GetProduct(pb.GetProductRequest(product_id="shoe"))).product
    offer = (await plane.campaigns.GetOffer(pb.GetOfferRequest(offer_id="o1"))).offer
    assert changed(category, etag=None) == CATEGORY
    assert changed(product, etag=None) == PRODUCT
    assert changed(offer, etag=None) == OFFER


async def test_unset_optional_fields_have_their_stated_defaults(plane):
    await plane.campaigns.CreateCategory(pb.CreateCategoryRequest(category=CATEGORY))
    bare = changed(PRODUCT, sizes=None, stock_tracked=None)
    made = await plane.campaigns.CreateProduct(pb.CreateProductRequest(product=bare))
    assert made.product.stock_tracked is True
    plain = changed(OFFER, store_ids=None, minimum_price_cut_percent=None, trigger=None, required_purposes=None)
    made_offer = await plane.campaigns.CreateOffer(pb.CreateOfferRequest(offer=plain))
    assert made_offer.offer.minimum_price_cut_percent == 1
    assert made_offer.offer.trigger == 1
    explicit = pb.UpdateOfferRequest(
        offer=resources.Offer(offer_id="o1", minimum_price_cut_percent=0, paused=True),
        update_mask=FieldMask(paths=["minimum_price_cut_percent", "paused"]),
    )
    zero = (await plane.campaigns.UpdateOffer(explicit)).offer
    assert (zero.minimum_price_cut_percent, zero.paused) == (0, True)
    cleared = pb.UpdateOfferRequest(
        offer=resources.Offer(offer_id="o1"), update_mask=FieldMask(paths=["minimum_price_cut_percent"])
    )
    assert (await plane.campaigns.UpdateOffer(cleared)).offer.minimum_price_cut_percent == 1


@pytest.mark.parametrize(
    ("change", "reason", "field"),
    [
        ({"category_id": "none"}, "NOT_FOUND", "category_id"),
        ({"category_id": None}, "INVALID_ARGUMENT", "category_id"),
        ({"titles": None}, "INVALID_ARGUMENT", "titles"),
        (
            {"titles": [resources.LocalizedText(language_code="EN", text="x")]},
            "INVALID_ARGUMENT",
            "titles.language_code",
        ),
        ({"titles": [resources.LocalizedText(language_code="en", text="x")] * 2}, "INVALID_ARGUMENT", "titles"),
        ({"titles": [resources.LocalizedText(language_code="en")]}, "INVALID_ARGUMENT", "titles.text"),
        ({"sizes": [resources.Size(system="EU", value="43")] * 2}, "INVALID_ARGUMENT", "sizes"),
        ({"sizes": [resources.Size(system="EU")]}, "INVALID_ARGUMENT", "sizes.value"),
        (
            {"sizes": [resources.Size(system="EU", value=str(value)) for value in range(257)]},
            "INVALID_ARGUMENT",
            "sizes",
        ),
    ],
)
async def test_bad_products(plane, change, reason, field):
    await plane.campaigns.CreateCategory(pb.CreateCategoryRequest(category=CATEGORY))
    bad = pb.CreateProductRequest(product=changed(PRODUCT, **change))
    await refused(plane.campaigns.CreateProduct(bad), reason, field)
    assert plane.engine.saved_generation == 1


@pytest.mark.parametrize(
    ("change", "reason", "field"),
    [
        ({"product_id": "none"}, "NOT_FOUND", "product_id"),
        ({"store_ids": ["none"]}, "NOT_FOUND", "store_ids"),
        ({"store_ids": ["s1", "s1"]}, "INVALID_ARGUMENT", "store_ids"),
        ({"valid_from_time": None}, "INVALID_ARGUMENT", "valid_from_time"),
        ({"valid_until_time": timestamp(NOW_MS - 10**10)}, "INVALID_ARGUMENT", "valid_until_time"),
        ({"valid_until_time": timestamp(5 * 10**12)}, "INVALID_ARGUMENT", "valid_until_time"),
        ({"minimum_price_cut_percent": 100}, "INVALID_ARGUMENT", "minimum_price_cut_percent"),
        ({"trigger": 9}, "INVALID_ARGUMENT", "trigger"),
        ({"required_purposes": [0]}, "INVALID_ARGUMENT", "required_purposes"),
        ({"required_purposes": [8]}, "INVALID_ARGUMENT", "required_purposes"),
    ],
)
async def test_bad_offers(plane, change, reason, field):
    await stock_the_shop(plane)
    saved = plane.engine.saved_generation
    bad = pb.UpdateOfferRequest(offer=changed(OFFER, **change))
    await refused(plane.campaigns.UpdateOffer(bad), reason, field)
    assert plane.engine.saved_generation == saved


async def test_what_is_in_use_stays(plane):
    await stock_the_shop(plane)
    category = pb.DeleteCategoryRequest(category_id="running-shoes")
    product = pb.DeleteProductRequest(product_id="shoe")
    await refused(plane.campaigns.DeleteCategory(category), "IN_USE")
    await refused(plane.campaigns.DeleteProduct(product), "IN_USE")
    await plane.campaigns.DeleteOffer(pb.DeleteOfferRequest(offer_id="o1"))
    await plane.campaigns.DeleteProduct(product)
    await plane.campaigns.DeleteCategory(category)
    await refused(plane.campaigns.GetOffer(pb.GetOfferRequest(offer_id="o1")), "NOT_FOUND", "offer_id")


async def test_price_steps_are_kept_in_order_and_replaced_by_time(plane):
    await stock_the_shop(plane)
    more = [a_price(11_000, 30), a_price(8_000, 1), a_price(7_000, 0.5, store_id="s1")]
    answer = await plane.campaigns.BatchUpsertPrices(pb.BatchUpsertPricesRequest(prices=more))
    assert answer.accepted_count == 3
    page = await plane.campaigns.ListPrices(pb.ListPricesRequest(product_id="shoe", page_size=2))
    rest = await plane.campaigns.ListPrices(
        pb.ListPricesRequest(product_id="shoe", page_size=2, page_token=page.next_page_token)
    )
    assert [price.amount_minor for price in [*page.prices, *rest.prices]] == [12_000, 11_000, 8_000]
    assert rest.next_page_token == ""
    own = await plane.campaigns.ListPrices(pb.ListPricesRequest(product_id="shoe", store_id="s1"))
    assert list(own.prices) == [more[2]]
    moved = pb.ListPricesRequest(product_id="shoe", store_id="s1", page_token=page.next_page_token)
    await refused(plane.campaigns.ListPrices(moved), "INVALID_ARGUMENT", "page_token")


async def test_prices_of_all_products_and_those_in_force(plane):
    await stock_the_shop(plane)
    boot = changed(PRODUCT, product_id="boot", sizes=None)
    await plane.campaigns.CreateProduct(pb.CreateProductRequest(product=boot))
    more = [a_price(7_000, 5, store_id="s1"), a_price(3_000, 40, product_id="boot")]
    await plane.campaigns.BatchUpsertPrices(pb.BatchUpsertPricesRequest(prices=more))

    async def listed(**fields):
        """All pages, two rows each."""
        request = pb.ListPricesRequest(page_size=2, **fields)
        rows = []
        while True:
            page = await plane.campaigns.ListPrices(request)
            rows += [(price.product_id, price.store_id, price.amount_minor) for price in page.prices]
            if not page.next_page_token:
                return rows
            request.page_token = page.next_page_token

    boots, chain, own = ("boot", "", 3_000), ("shoe", "", 12_000), ("shoe", "s1", 7_000)
    assert await listed() == [boots, chain, ("shoe", "", 9_000), own]
    for days_ago, in_force in (
        (0, [boots, ("shoe", "", 9_000), own]),
        (1, [boots, ("shoe", "", 9_000), own]),  # the very moment a step begins
        (2, [boots, chain, own]),
        (6, [boots, chain]),
        (50, [chain]),
        (70, []),
    ):
        at = timestamp(NOW_MS - days_ago * 86_400_000)
        assert await listed(in_force_time=at) == in_force
        assert await listed(in_force_time=at, product_id="boot") == [row for row in in_force if row[0] == "boot"]
    lone_store = pb.ListPricesRequest(store_id="s1")
    await refused(plane.campaigns.ListPrices(lone_store), "INVALID_ARGUMENT", "store_id")
    page = await plane.campaigns.ListPrices(pb.ListPricesRequest(page_size=1))
    moved = pb.ListPricesRequest(page_token=page.next_page_token, in_force_time=timestamp(NOW_MS))
    await refused(plane.campaigns.ListPrices(moved), "INVALID_ARGUMENT", "page_token")


@pytest.mark.parametrize(
    ("price", "reason", "field"),
    [
        (a_price(0, 1), "INVALID_ARGUMENT", "amount_minor"),
        (a_price(10**15 + 1, 1), "INVALID_ARGUMENT", "amount_minor"),
        (a_price(1, 1, currency_code="eur"), "INVALID_ARGUMENT", "currency_code"),
        (a_price(1, 1, currency_code="USD"), "INVALID_ARGUMENT", "currency_code"),
        (a_price(1, 1, product_id="none"), "NOT_FOUND", "product_id"),
        (a_price(1, 1, store_id="none"), "NOT_FOUND", "store_id"),
        (a_price(1, 1, valid_from_time=None), "INVALID_ARGUMENT", "valid_from_time"),
    ],
)
async def test_bad_prices(plane, price, reason, field):
    await stock_the_shop(plane)
    good = a_price(10_000, 2)
    saved = plane.engine.saved_generation
    whole = pb.BatchUpsertPricesRequest(prices=[good, price])
    await refused(plane.campaigns.BatchUpsertPrices(whole), reason)
    assert plane.engine.saved_generation == saved
    part = await plane.campaigns.BatchUpsertPrices(pb.BatchUpsertPricesRequest(prices=[good, price], partial=True))
    assert [(problem.row, problem.reason, problem.field) for problem in part.problems] == [(1, reason, field)]
    assert part.accepted_count == 1


async def test_prices_of_nothing_known(plane):
    await refused(plane.campaigns.ListPrices(pb.ListPricesRequest(product_id="x")), "NOT_FOUND", "product_id")
    assert await plane.campaigns.ListPrices(pb.ListPricesRequest()) == pb.ListPricesResponse()
    await stock_the_shop(plane)
    nowhere = pb.ListPricesRequest(product_id="shoe", store_id="none")
    await refused(plane.campaigns.ListPrices(nowhere), "NOT_FOUND", "store_id")
