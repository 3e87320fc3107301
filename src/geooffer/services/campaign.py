"""The assortment and what is said about it: categories, products, audiences, campaigns, offers.

Prices are in services/prices.py, members of audiences in services/audience_members.py.
"""

from __future__ import annotations

from typing import Any

from geooffer.model.catalog import Audience, Campaign, Category, Offer, Product
from geooffer.rpc.convert import (
    decode_category,
    decode_offer,
    decode_product,
    encode_category,
    encode_offer,
    encode_product,
)
from geooffer.rpc.convert_campaigns import decode_audience, decode_campaign, encode_audience, encode_campaign
from geooffer.services.audience_members import AudienceMemberCalls
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
        self._audiences = NounCalls(
            control, Audience, name="audience", plural="audiences", decode=decode_audience, encode=encode_audience
        )
        self._members = AudienceMemberCalls(control)
        self._campaigns = NounCalls(
            control, Campaign, name="campaign", plural="campaigns", decode=decode_campaign, encode=encode_campaign
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
        return await self._categories.answer_create(request, context, pb.CreateCategoryResponse)

    async def GetCategory(self, request: pb.GetCategoryRequest, context: Context) -> pb.GetCategoryResponse:
        return self._categories.answer_get(request, pb.GetCategoryResponse)

    async def ListCategories(self, request: pb.ListCategoriesRequest, context: Context) -> pb.ListCategoriesResponse:
        return self._categories.answer_list(request, pb.ListCategoriesResponse)

    async def UpdateCategory(self, request: pb.UpdateCategoryRequest, context: Context) -> pb.UpdateCategoryResponse:
        return self._categories.answer_update(request, pb.UpdateCategoryResponse)

    async def DeleteCategory(self, request: pb.DeleteCategoryRequest, context: Context) -> pb.DeleteCategoryResponse:
        return self._categories.answer_delete(request, pb.DeleteCategoryResponse)

    async def BatchUpsertCategories(
        self, request: pb.BatchUpsertCategoriesRequest, context: Context
    ) -> pb.BatchUpsertCategoriesResponse:
        return await self._categories.answer_upsert(request, context, pb.BatchUpsertCategoriesResponse)

    # -- products --------------------------------------------------------------------------------------------

    async def CreateProduct(self, request: pb.CreateProductRequest, context: Context) -> pb.CreateProductResponse:
        return await self._products.answer_create(request, context, pb.CreateProductResponse)

    async def GetProduct(self, request: pb.GetProductRequest, context: Context) -> pb.GetProductResponse:
        return self._products.answer_get(request, pb.GetProductResponse)

    async def ListProducts(self, request: pb.ListProductsRequest, context: Context) -> pb.ListProductsResponse:
        return self._products.answer_list(request, pb.ListProductsResponse)

    async def UpdateProduct(self, request: pb.UpdateProductRequest, context: Context) -> pb.UpdateProductResponse:
        return self._products.answer_update(request, pb.UpdateProductResponse)

    async def DeleteProduct(self, request: pb.DeleteProductRequest, context: Context) -> pb.DeleteProductResponse:
        return self._products.answer_delete(request, pb.DeleteProductResponse)

    async def BatchUpsertProducts(
        self, request: pb.BatchUpsertProductsRequest, context: Context
    ) -> pb.BatchUpsertProductsResponse:
        return await self._products.answer_upsert(request, context, pb.BatchUpsertProductsResponse)

    # -- audiences ------------------------------------------------------------------------------------------

    async def CreateAudience(self, request: pb.CreateAudienceRequest, context: Context) -> pb.CreateAudienceResponse:
        return await self._audiences.answer_create(request, context, pb.CreateAudienceResponse)

    async def GetAudience(self, request: pb.GetAudienceRequest, context: Context) -> pb.GetAudienceResponse:
        return self._audiences.answer_get(request, pb.GetAudienceResponse)

    async def ListAudiences(self, request: pb.ListAudiencesRequest, context: Context) -> pb.ListAudiencesResponse:
        return self._audiences.answer_list(request, pb.ListAudiencesResponse)

    async def UpdateAudience(self, request: pb.UpdateAudienceRequest, context: Context) -> pb.UpdateAudienceResponse:
        return self._audiences.answer_update(request, pb.UpdateAudienceResponse)

    async def DeleteAudience(self, request: pb.DeleteAudienceRequest, context: Context) -> pb.DeleteAudienceResponse:
        return self._audiences.answer_delete(request, pb.DeleteAudienceResponse)

    async def BatchUpsertAudiences(
        self, request: pb.BatchUpsertAudiencesRequest, context: Context
    ) -> pb.BatchUpsertAudiencesResponse:
        return await self._audiences.answer_upsert(request, context, pb.BatchUpsertAudiencesResponse)

    # -- members of audiences --------------------------------------------------------------------------------

    async def AddAudienceMembers(
        self, request: pb.AddAudienceMembersRequest, context: Context
    ) -> pb.AddAudienceMembersResponse:
        return await self._members.add(request)

    async def RemoveAudienceMembers(
        self, request: pb.RemoveAudienceMembersRequest, context: Context
    ) -> pb.RemoveAudienceMembersResponse:
        return await self._members.remove(request)

    async def ListAudienceMembers(
        self, request: pb.ListAudienceMembersRequest, context: Context
    ) -> pb.ListAudienceMembersResponse:
        return self._members.page(request)

    # -- campaigns ------------------------------------------------------------------------------------------

    async def CreateCampaign(self, request: pb.CreateCampaignRequest, context: Context) -> pb.CreateCampaignResponse:
        return await self._campaigns.answer_create(request, context, pb.CreateCampaignResponse)

    async def GetCampaign(self, request: pb.GetCampaignRequest, context: Context) -> pb.GetCampaignResponse:
        return self._campaigns.answer_get(request, pb.GetCampaignResponse)

    async def ListCampaigns(self, request: pb.ListCampaignsRequest, context: Context) -> pb.ListCampaignsResponse:
        return self._campaigns.answer_list(request, pb.ListCampaignsResponse)

    async def UpdateCampaign(self, request: pb.UpdateCampaignRequest, context: Context) -> pb.UpdateCampaignResponse:
        return self._campaigns.answer_update(request, pb.UpdateCampaignResponse)

    async def DeleteCampaign(self, request: pb.DeleteCampaignRequest, context: Context) -> pb.DeleteCampaignResponse:
        return self._campaigns.answer_delete(request, pb.DeleteCampaignResponse)

    async def BatchUpsertCampaigns(
        self, request: pb.BatchUpsertCampaignsRequest, context: Context
    ) -> pb.BatchUpsertCampaignsResponse:
        return await self._campaigns.answer_upsert(request, context, pb.BatchUpsertCampaignsResponse)

    # -- offers ----------------------------------------------------------------------------------------------

    async def CreateOffer(self, request: pb.CreateOfferRequest, context: Context) -> pb.CreateOfferResponse:
        return await self._offers.answer_create(request, context, pb.CreateOfferResponse)

    async def GetOffer(self, request: pb.GetOfferRequest, context: Context) -> pb.GetOfferResponse:
        return self._offers.answer_get(request, pb.GetOfferResponse)

    async def ListOffers(self, request: pb.ListOffersRequest, context: Context) -> pb.ListOffersResponse:
        return self._offers.answer_list(request, pb.ListOffersResponse)

    async def UpdateOffer(self, request: pb.UpdateOfferRequest, context: Context) -> pb.UpdateOfferResponse:
        return self._offers.answer_update(request, pb.UpdateOfferResponse)

    async def DeleteOffer(self, request: pb.DeleteOfferRequest, context: Context) -> pb.DeleteOfferResponse:
        return self._offers.answer_delete(request, pb.DeleteOfferResponse)

    async def BatchUpsertOffers(
        self, request: pb.BatchUpsertOffersRequest, context: Context
    ) -> pb.BatchUpsertOffersResponse:
        return await self._offers.answer_upsert(request, context, pb.BatchUpsertOffersResponse)
