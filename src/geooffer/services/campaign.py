"""The assortment and what is said about it: categories, products, offers. Prices are in services/prices.py."""


from __future__ import annotations

from typing import Any

from geooffer.model.catalog import Category, Offer, Product
from geooffer.rpc.convert import (
    decode_category,
    decode_offer,
    decode_product,
    encode_category,
    encode_offer,
    encode_product,
)
from geooffer.services.control import Control
from geooffer.services.nouns import NounCalls
from geooffer.services.prices import PriceCalls
from geooffer.v1 import campaign_service_pb2 as pb
from geooffer.v1 import campaign_service_pb2_grpc as rpc

NAME = "geooffer.v1.CampaignService"
Context = Any


class CampaignService(rpc.CampaignServiceServicer):
    """Assortment and offers; the fields and rules are in proto/geooffer/v1/campaign_service.proto."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._prices = PriceCalls(control)
        self._categories = NounCalls(
            control,
            Category,
            name="category",
            plural="categories",
            decode=decode_category,
            encode=encode_category,
        )
        self._products = NounCalls(
            control, Product, name="product", plural="products", decode=decode_product, encode=encode_product
        )
        self._offers = NounCalls(
            control, Offer, name="offer", plural="offers", decode=decode_offer, encode=encode_offer
        )

    async def BatchUpsertPrices(
        self, request: pb.BatchUpsertPricesRequest, context: Context
    ) -> pb.BatchUpsertPricesResponse:
        return await self._prices.upsert(request)

    async def ListPrices(self, request: pb.ListPricesRequest, context: Context) -> pb.ListPricesResponse:
        return self._prices.page(request)

    # -- categories ------------------------------------------------------------------------------------------

    async def CreateCategory(self, request: pb.CreateCategoryRequest, context: Context) -> pb.CreateCategoryResponse:
        async def call() -> pb.CreateCategoryResponse:
            return pb.CreateCategoryResponse(
                category=self._categories.create(request.category),
                catalog_generation=self._control.engine.saved_generation,
            )

        return await self._control.once("CreateCategory", request, context, call)

    async def GetCategory(self, request: pb.GetCategoryRequest, context: Context) -> pb.GetCategoryResponse:
        return pb.GetCategoryResponse(
            category=self._categories.get(request.category_id),
            catalog_generation=self._control.engine.saved_generation,
        )

    async def ListCategories(self, request: pb.ListCategoriesRequest, context: Context) -> pb.ListCategoriesResponse:
        page, token = self._categories.page(request)
        return pb.ListCategoriesResponse(
            categories=page,
            next_page_token=token,
            catalog_generation=self._control.engine.saved_generation,
        )

    async def UpdateCategory(self, request: pb.UpdateCategoryRequest, context: Context) -> pb.UpdateCategoryResponse:
        return pb.UpdateCategoryResponse(
            category=self._categories.update(request.category, request.update_mask),
            catalog_generation=self._control.engine.saved_generation,
        )

    async def DeleteCategory(self, request: pb.DeleteCategoryRequest, context: Context) -> pb.DeleteCategoryResponse:
        return pb.DeleteCategoryResponse(catalog_generation=self._categories.delete(request))

    async def BatchUpsertCategories(
        self, request: pb.BatchUpsertCategoriesRequest, context: Context
    ) -> pb.BatchUpsertCategoriesResponse:
        async def call() -> pb.BatchUpsertCategoriesResponse:
            result = await self._categories.upsert(request.categories, partial=request.partial)
            return pb.BatchUpsertCategoriesResponse(
                accepted_count=result.accepted_count,
                problems=result.problems,
                catalog_generation=self._control.engine.saved_generation,
            )

        return await self._control.once("BatchUpsertCategories", request, context, call)

    # -- products --------------------------------------------------------------------------------------------

    async def CreateProduct(self, request: pb.CreateProductRequest, context: Context) -> pb.CreateProductResponse:
        async def call() -> pb.CreateProductResponse:
            return pb.CreateProductResponse(
                product=self._products.create(request.product),
                catalog_generation=self._control.engine.saved_generation,
            )

        return await self._control.once("CreateProduct", request, context, call)

    async def GetProduct(self, request: pb.GetProductRequest, context: Context) -> pb.GetProductResponse:
        return pb.GetProductResponse(
            product=self._products.get(request.product_id),
            catalog_generation=self._control.engine.saved_generation,
        )

    async def ListProducts(self, request: pb.ListProductsRequest, context: Context) -> pb.ListProductsResponse:
        page, token = self._products.page(request)
        return pb.ListProductsResponse(
            products=page,
            next_page_token=token,
            catalog_generation=self._control.engine.saved_generation,
        )

    async def UpdateProduct(self, request: pb.UpdateProductRequest, context: Context) -> pb.UpdateProductResponse:
        return pb.UpdateProductResponse(
            product=self._products.update(request.product, request.update_mask),
            catalog_generation=self._control.engine.saved_generation,
        )

    async def DeleteProduct(self, request: pb.DeleteProductRequest, context: Context) -> pb.DeleteProductResponse:
        return pb.DeleteProductResponse(catalog_generation=self._products.delete(request))

    async def BatchUpsertProducts(
        self, request: pb.BatchUpsertProductsRequest, context: Context
    ) -> pb.BatchUpsertProductsResponse:
        async def call() -> pb.BatchUpsertProductsResponse:
            result = await self._products.upsert(request.products, partial=request.partial)
            return pb.BatchUpsertProductsResponse(
                accepted_count=result.accepted_count,
                problems=result.problems,
                catalog_generation=self._control.engine.saved_generation,
            )

        return await self._control.once("BatchUpsertProducts", request, context, call)

    # -- offers ----------------------------------------------------------------------------------------------

    async def CreateOffer(self, request: pb.CreateOfferRequest, context: Context) -> pb.CreateOfferResponse:
        async def call() -> pb.CreateOfferResponse:
            return pb.CreateOfferResponse(
                offer=self._offers.create(request.offer),
                catalog_generation=self._control.engine.saved_generation,
            )

        return await self._control.once("CreateOffer", request, context, call)

    async def GetOffer(self, request: pb.GetOfferRequest, context: Context) -> pb.GetOfferResponse:
        return pb.GetOfferResponse(
            offer=self._offers.get(request.offer_id),
            catalog_generation=self._control.engine.saved_generation,
        )

    async def ListOffers(self, request: pb.ListOffersRequest, context: Context) -> pb.ListOffersResponse:
        page, token = self._offers.page(request)
        return pb.ListOffersResponse(
            offers=page,
            next_page_token=token,
            catalog_generation=self._control.engine.saved_generation,
        )

    async def UpdateOffer(self, request: pb.UpdateOfferRequest, context: Context) -> pb.UpdateOfferResponse:
        return pb.UpdateOfferResponse(
            offer=self._offers.update(request.offer, request.update_mask),
            catalog_generation=self._control.engine.saved_generation,
        )

    async def DeleteOffer(self, request: pb.DeleteOfferRequest, context: Context) -> pb.DeleteOfferResponse:
        return pb.DeleteOfferResponse(catalog_generation=self._offers.delete(request))

    async def BatchUpsertOffers(
        self, request: pb.BatchUpsertOffersRequest, context: Context
    ) -> pb.BatchUpsertOffersResponse:
        async def call() -> pb.BatchUpsertOffersResponse:
            result = await self._offers.upsert(request.offers, partial=request.partial)
            return pb.BatchUpsertOffersResponse(
                accepted_count=result.accepted_count,
                problems=result.problems,
                catalog_generation=self._control.engine.saved_generation,
            )

        return await self._control.once("BatchUpsertOffers", request, context, call)
