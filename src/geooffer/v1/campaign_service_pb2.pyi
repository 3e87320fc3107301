import datetime

from geooffer.v1 import resources_pb2 as _resources_pb2
from google.protobuf import field_mask_pb2 as _field_mask_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CreateCategoryRequest(_message.Message):
    __slots__ = ("category", "request_id")
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    category: _resources_pb2.Category
    request_id: str
    def __init__(self, category: _Optional[_Union[_resources_pb2.Category, _Mapping]] = ..., request_id: _Optional[str] = ...) -> None: ...

class CreateCategoryResponse(_message.Message):
    __slots__ = ("category", "catalog_generation")
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    category: _resources_pb2.Category
    catalog_generation: int
    def __init__(self, category: _Optional[_Union[_resources_pb2.Category, _Mapping]] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class GetCategoryRequest(_message.Message):
    __slots__ = ("category_id",)
    CATEGORY_ID_FIELD_NUMBER: _ClassVar[int]
    category_id: str
    def __init__(self, category_id: _Optional[str] = ...) -> None: ...

class GetCategoryResponse(_message.Message):
    __slots__ = ("category", "catalog_generation")
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    category: _resources_pb2.Category
    catalog_generation: int
    def __init__(self, category: _Optional[_Union[_resources_pb2.Category, _Mapping]] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class ListCategoriesRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListCategoriesResponse(_message.Message):
    __slots__ = ("categories", "next_page_token", "catalog_generation")
    CATEGORIES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    categories: _containers.RepeatedCompositeFieldContainer[_resources_pb2.Category]
    next_page_token: str
    catalog_generation: int
    def __init__(self, categories: _Optional[_Iterable[_Union[_resources_pb2.Category, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class UpdateCategoryRequest(_message.Message):
    __slots__ = ("category", "update_mask")
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    category: _resources_pb2.Category
    update_mask: _field_mask_pb2.FieldMask
    def __init__(self, category: _Optional[_Union[_resources_pb2.Category, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ...) -> None: ...

class UpdateCategoryResponse(_message.Message):
    __slots__ = ("category", "catalog_generation")
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    category: _resources_pb2.Category
    catalog_generation: int
    def __init__(self, category: _Optional[_Union[_resources_pb2.Category, _Mapping]] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class DeleteCategoryRequest(_message.Message):
    __slots__ = ("category_id", "etag")
    CATEGORY_ID_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    category_id: str
    etag: str
    def __init__(self, category_id: _Optional[str] = ..., etag: _Optional[str] = ...) -> None: ...

class DeleteCategoryResponse(_message.Message):
    __slots__ = ("catalog_generation",)
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    catalog_generation: int
    def __init__(self, catalog_generation: _Optional[int] = ...) -> None: ...

class BatchUpsertCategoriesRequest(_message.Message):
    __slots__ = ("categories", "partial", "request_id")
    CATEGORIES_FIELD_NUMBER: _ClassVar[int]
    PARTIAL_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    categories: _containers.RepeatedCompositeFieldContainer[_resources_pb2.Category]
    partial: bool
    request_id: str
    def __init__(self, categories: _Optional[_Iterable[_Union[_resources_pb2.Category, _Mapping]]] = ..., partial: _Optional[bool] = ..., request_id: _Optional[str] = ...) -> None: ...

class BatchUpsertCategoriesResponse(_message.Message):
    __slots__ = ("accepted_count", "problems", "catalog_generation")
    ACCEPTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    PROBLEMS_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    accepted_count: int
    problems: _containers.RepeatedCompositeFieldContainer[_resources_pb2.RowProblem]
    catalog_generation: int
    def __init__(self, accepted_count: _Optional[int] = ..., problems: _Optional[_Iterable[_Union[_resources_pb2.RowProblem, _Mapping]]] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class CreateProductRequest(_message.Message):
    __slots__ = ("product", "request_id")
    PRODUCT_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    product: _resources_pb2.Product
    request_id: str
    def __init__(self, product: _Optional[_Union[_resources_pb2.Product, _Mapping]] = ..., request_id: _Optional[str] = ...) -> None: ...

class CreateProductResponse(_message.Message):
    __slots__ = ("product", "catalog_generation")
    PRODUCT_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    product: _resources_pb2.Product
    catalog_generation: int
    def __init__(self, product: _Optional[_Union[_resources_pb2.Product, _Mapping]] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class GetProductRequest(_message.Message):
    __slots__ = ("product_id",)
    PRODUCT_ID_FIELD_NUMBER: _ClassVar[int]
    product_id: str
    def __init__(self, product_id: _Optional[str] = ...) -> None: ...

class GetProductResponse(_message.Message):
    __slots__ = ("product", "catalog_generation")
    PRODUCT_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    product: _resources_pb2.Product
    catalog_generation: int
    def __init__(self, product: _Optional[_Union[_resources_pb2.Product, _Mapping]] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class ListProductsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListProductsResponse(_message.Message):
    __slots__ = ("products", "next_page_token", "catalog_generation")
    PRODUCTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    products: _containers.RepeatedCompositeFieldContainer[_resources_pb2.Product]
    next_page_token: str
    catalog_generation: int
    def __init__(self, products: _Optional[_Iterable[_Union[_resources_pb2.Product, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class UpdateProductRequest(_message.Message):
    __slots__ = ("product", "update_mask")
    PRODUCT_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    product: _resources_pb2.Product
    update_mask: _field_mask_pb2.FieldMask
    def __init__(self, product: _Optional[_Union[_resources_pb2.Product, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ...) -> None: ...

class UpdateProductResponse(_message.Message):
    __slots__ = ("product", "catalog_generation")
    PRODUCT_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    product: _resources_pb2.Product
    catalog_generation: int
    def __init__(self, product: _Optional[_Union[_resources_pb2.Product, _Mapping]] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class DeleteProductRequest(_message.Message):
    __slots__ = ("product_id", "etag")
    PRODUCT_ID_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    product_id: str
    etag: str
    def __init__(self, product_id: _Optional[str] = ..., etag: _Optional[str] = ...) -> None: ...

class DeleteProductResponse(_message.Message):
    __slots__ = ("catalog_generation",)
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    catalog_generation: int
    def __init__(self, catalog_generation: _Optional[int] = ...) -> None: ...

class BatchUpsertProductsRequest(_message.Message):
    __slots__ = ("products", "partial", "request_id")
    PRODUCTS_FIELD_NUMBER: _ClassVar[int]
    PARTIAL_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    products: _containers.RepeatedCompositeFieldContainer[_resources_pb2.Product]
    partial: bool
    request_id: str
    def __init__(self, products: _Optional[_Iterable[_Union[_resources_pb2.Product, _Mapping]]] = ..., partial: _Optional[bool] = ..., request_id: _Optional[str] = ...) -> None: ...

class BatchUpsertProductsResponse(_message.Message):
    __slots__ = ("accepted_count", "problems", "catalog_generation")
    ACCEPTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    PROBLEMS_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    accepted_count: int
    problems: _containers.RepeatedCompositeFieldContainer[_resources_pb2.RowProblem]
    catalog_generation: int
    def __init__(self, accepted_count: _Optional[int] = ..., problems: _Optional[_Iterable[_Union[_resources_pb2.RowProblem, _Mapping]]] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class CreateAudienceRequest(_message.Message):
    __slots__ = ("audience", "request_id")
    AUDIENCE_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    audience: _resources_pb2.Audience
    request_id: str
    def __init__(self, audience: _Optional[_Union[_resources_pb2.Audience, _Mapping]] = ..., request_id: _Optional[str] = ...) -> None: ...

class CreateAudienceResponse(_message.Message):
    __slots__ = ("audience", "catalog_generation")
    AUDIENCE_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    audience: _resources_pb2.Audience
    catalog_generation: int
    def __init__(self, audience: _Optional[_Union[_resources_pb2.Audience, _Mapping]] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class GetAudienceRequest(_message.Message):
    __slots__ = ("audience_id",)
    AUDIENCE_ID_FIELD_NUMBER: _ClassVar[int]
    audience_id: str
    def __init__(self, audience_id: _Optional[str] = ...) -> None: ...

class GetAudienceResponse(_message.Message):
    __slots__ = ("audience", "catalog_generation")
    AUDIENCE_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    audience: _resources_pb2.Audience
    catalog_generation: int
    def __init__(self, audience: _Optional[_Union[_resources_pb2.Audience, _Mapping]] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class ListAudiencesRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListAudiencesResponse(_message.Message):
    __slots__ = ("audiences", "next_page_token", "catalog_generation")
    AUDIENCES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    audiences: _containers.RepeatedCompositeFieldContainer[_resources_pb2.Audience]
    next_page_token: str
    catalog_generation: int
    def __init__(self, audiences: _Optional[_Iterable[_Union[_resources_pb2.Audience, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class UpdateAudienceRequest(_message.Message):
    __slots__ = ("audience", "update_mask")
    AUDIENCE_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    audience: _resources_pb2.Audience
    update_mask: _field_mask_pb2.FieldMask
    def __init__(self, audience: _Optional[_Union[_resources_pb2.Audience, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ...) -> None: ...

class UpdateAudienceResponse(_message.Message):
    __slots__ = ("audience", "catalog_generation")
    AUDIENCE_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    audience: _resources_pb2.Audience
    catalog_generation: int
    def __init__(self, audience: _Optional[_Union[_resources_pb2.Audience, _Mapping]] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class DeleteAudienceRequest(_message.Message):
    __slots__ = ("audience_id", "etag")
    AUDIENCE_ID_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    audience_id: str
    etag: str
    def __init__(self, audience_id: _Optional[str] = ..., etag: _Optional[str] = ...) -> None: ...

class DeleteAudienceResponse(_message.Message):
    __slots__ = ("catalog_generation",)
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    catalog_generation: int
    def __init__(self, catalog_generation: _Optional[int] = ...) -> None: ...

class BatchUpsertAudiencesRequest(_message.Message):
    __slots__ = ("audiences", "partial", "request_id")
    AUDIENCES_FIELD_NUMBER: _ClassVar[int]
    PARTIAL_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    audiences: _containers.RepeatedCompositeFieldContainer[_resources_pb2.Audience]
    partial: bool
    request_id: str
    def __init__(self, audiences: _Optional[_Iterable[_Union[_resources_pb2.Audience, _Mapping]]] = ..., partial: _Optional[bool] = ..., request_id: _Optional[str] = ...) -> None: ...

class BatchUpsertAudiencesResponse(_message.Message):
    __slots__ = ("accepted_count", "problems", "catalog_generation")
    ACCEPTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    PROBLEMS_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    accepted_count: int
    problems: _containers.RepeatedCompositeFieldContainer[_resources_pb2.RowProblem]
    catalog_generation: int
    def __init__(self, accepted_count: _Optional[int] = ..., problems: _Optional[_Iterable[_Union[_resources_pb2.RowProblem, _Mapping]]] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class CreateCampaignRequest(_message.Message):
    __slots__ = ("campaign", "request_id")
    CAMPAIGN_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    campaign: _resources_pb2.Campaign
    request_id: str
    def __init__(self, campaign: _Optional[_Union[_resources_pb2.Campaign, _Mapping]] = ..., request_id: _Optional[str] = ...) -> None: ...

class CreateCampaignResponse(_message.Message):
    __slots__ = ("campaign", "catalog_generation")
    CAMPAIGN_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    campaign: _resources_pb2.Campaign
    catalog_generation: int
    def __init__(self, campaign: _Optional[_Union[_resources_pb2.Campaign, _Mapping]] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class GetCampaignRequest(_message.Message):
    __slots__ = ("campaign_id",)
    CAMPAIGN_ID_FIELD_NUMBER: _ClassVar[int]
    campaign_id: str
    def __init__(self, campaign_id: _Optional[str] = ...) -> None: ...

class GetCampaignResponse(_message.Message):
    __slots__ = ("campaign", "catalog_generation")
    CAMPAIGN_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    campaign: _resources_pb2.Campaign
    catalog_generation: int
    def __init__(self, campaign: _Optional[_Union[_resources_pb2.Campaign, _Mapping]] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class ListCampaignsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListCampaignsResponse(_message.Message):
    __slots__ = ("campaigns", "next_page_token", "catalog_generation")
    CAMPAIGNS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    campaigns: _containers.RepeatedCompositeFieldContainer[_resources_pb2.Campaign]
    next_page_token: str
    catalog_generation: int
    def __init__(self, campaigns: _Optional[_Iterable[_Union[_resources_pb2.Campaign, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class UpdateCampaignRequest(_message.Message):
    __slots__ = ("campaign", "update_mask")
    CAMPAIGN_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    campaign: _resources_pb2.Campaign
    update_mask: _field_mask_pb2.FieldMask
    def __init__(self, campaign: _Optional[_Union[_resources_pb2.Campaign, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ...) -> None: ...

class UpdateCampaignResponse(_message.Message):
    __slots__ = ("campaign", "catalog_generation")
    CAMPAIGN_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    campaign: _resources_pb2.Campaign
    catalog_generation: int
    def __init__(self, campaign: _Optional[_Union[_resources_pb2.Campaign, _Mapping]] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class DeleteCampaignRequest(_message.Message):
    __slots__ = ("campaign_id", "etag")
    CAMPAIGN_ID_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    campaign_id: str
    etag: str
    def __init__(self, campaign_id: _Optional[str] = ..., etag: _Optional[str] = ...) -> None: ...

class DeleteCampaignResponse(_message.Message):
    __slots__ = ("catalog_generation",)
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    catalog_generation: int
    def __init__(self, catalog_generation: _Optional[int] = ...) -> None: ...

class BatchUpsertCampaignsRequest(_message.Message):
    __slots__ = ("campaigns", "partial", "request_id")
    CAMPAIGNS_FIELD_NUMBER: _ClassVar[int]
    PARTIAL_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    campaigns: _containers.RepeatedCompositeFieldContainer[_resources_pb2.Campaign]
    partial: bool
    request_id: str
    def __init__(self, campaigns: _Optional[_Iterable[_Union[_resources_pb2.Campaign, _Mapping]]] = ..., partial: _Optional[bool] = ..., request_id: _Optional[str] = ...) -> None: ...

class BatchUpsertCampaignsResponse(_message.Message):
    __slots__ = ("accepted_count", "problems", "catalog_generation")
    ACCEPTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    PROBLEMS_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    accepted_count: int
    problems: _containers.RepeatedCompositeFieldContainer[_resources_pb2.RowProblem]
    catalog_generation: int
    def __init__(self, accepted_count: _Optional[int] = ..., problems: _Optional[_Iterable[_Union[_resources_pb2.RowProblem, _Mapping]]] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class AddAudienceMembersRequest(_message.Message):
    __slots__ = ("audience_id", "customer_ids", "partial")
    AUDIENCE_ID_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_IDS_FIELD_NUMBER: _ClassVar[int]
    PARTIAL_FIELD_NUMBER: _ClassVar[int]
    audience_id: str
    customer_ids: _containers.RepeatedScalarFieldContainer[str]
    partial: bool
    def __init__(self, audience_id: _Optional[str] = ..., customer_ids: _Optional[_Iterable[str]] = ..., partial: _Optional[bool] = ...) -> None: ...

class AddAudienceMembersResponse(_message.Message):
    __slots__ = ("accepted_count", "problems", "catalog_generation")
    ACCEPTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    PROBLEMS_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    accepted_count: int
    problems: _containers.RepeatedCompositeFieldContainer[_resources_pb2.RowProblem]
    catalog_generation: int
    def __init__(self, accepted_count: _Optional[int] = ..., problems: _Optional[_Iterable[_Union[_resources_pb2.RowProblem, _Mapping]]] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class RemoveAudienceMembersRequest(_message.Message):
    __slots__ = ("audience_id", "customer_ids", "partial")
    AUDIENCE_ID_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_IDS_FIELD_NUMBER: _ClassVar[int]
    PARTIAL_FIELD_NUMBER: _ClassVar[int]
    audience_id: str
    customer_ids: _containers.RepeatedScalarFieldContainer[str]
    partial: bool
    def __init__(self, audience_id: _Optional[str] = ..., customer_ids: _Optional[_Iterable[str]] = ..., partial: _Optional[bool] = ...) -> None: ...

class RemoveAudienceMembersResponse(_message.Message):
    __slots__ = ("accepted_count", "problems", "catalog_generation")
    ACCEPTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    PROBLEMS_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    accepted_count: int
    problems: _containers.RepeatedCompositeFieldContainer[_resources_pb2.RowProblem]
    catalog_generation: int
    def __init__(self, accepted_count: _Optional[int] = ..., problems: _Optional[_Iterable[_Union[_resources_pb2.RowProblem, _Mapping]]] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class ListAudienceMembersRequest(_message.Message):
    __slots__ = ("audience_id", "page_size", "page_token")
    AUDIENCE_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    audience_id: str
    page_size: int
    page_token: str
    def __init__(self, audience_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListAudienceMembersResponse(_message.Message):
    __slots__ = ("customer_ids", "next_page_token", "catalog_generation")
    CUSTOMER_IDS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    customer_ids: _containers.RepeatedScalarFieldContainer[str]
    next_page_token: str
    catalog_generation: int
    def __init__(self, customer_ids: _Optional[_Iterable[str]] = ..., next_page_token: _Optional[str] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class CreateOfferRequest(_message.Message):
    __slots__ = ("offer", "request_id")
    OFFER_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    offer: _resources_pb2.Offer
    request_id: str
    def __init__(self, offer: _Optional[_Union[_resources_pb2.Offer, _Mapping]] = ..., request_id: _Optional[str] = ...) -> None: ...

class CreateOfferResponse(_message.Message):
    __slots__ = ("offer", "catalog_generation")
    OFFER_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    offer: _resources_pb2.Offer
    catalog_generation: int
    def __init__(self, offer: _Optional[_Union[_resources_pb2.Offer, _Mapping]] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class GetOfferRequest(_message.Message):
    __slots__ = ("offer_id",)
    OFFER_ID_FIELD_NUMBER: _ClassVar[int]
    offer_id: str
    def __init__(self, offer_id: _Optional[str] = ...) -> None: ...

class GetOfferResponse(_message.Message):
    __slots__ = ("offer", "catalog_generation")
    OFFER_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    offer: _resources_pb2.Offer
    catalog_generation: int
    def __init__(self, offer: _Optional[_Union[_resources_pb2.Offer, _Mapping]] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class ListOffersRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListOffersResponse(_message.Message):
    __slots__ = ("offers", "next_page_token", "catalog_generation")
    OFFERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    offers: _containers.RepeatedCompositeFieldContainer[_resources_pb2.Offer]
    next_page_token: str
    catalog_generation: int
    def __init__(self, offers: _Optional[_Iterable[_Union[_resources_pb2.Offer, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class UpdateOfferRequest(_message.Message):
    __slots__ = ("offer", "update_mask")
    OFFER_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    offer: _resources_pb2.Offer
    update_mask: _field_mask_pb2.FieldMask
    def __init__(self, offer: _Optional[_Union[_resources_pb2.Offer, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ...) -> None: ...

class UpdateOfferResponse(_message.Message):
    __slots__ = ("offer", "catalog_generation")
    OFFER_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    offer: _resources_pb2.Offer
    catalog_generation: int
    def __init__(self, offer: _Optional[_Union[_resources_pb2.Offer, _Mapping]] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class DeleteOfferRequest(_message.Message):
    __slots__ = ("offer_id", "etag")
    OFFER_ID_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    offer_id: str
    etag: str
    def __init__(self, offer_id: _Optional[str] = ..., etag: _Optional[str] = ...) -> None: ...

class DeleteOfferResponse(_message.Message):
    __slots__ = ("catalog_generation",)
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    catalog_generation: int
    def __init__(self, catalog_generation: _Optional[int] = ...) -> None: ...

class BatchUpsertOffersRequest(_message.Message):
    __slots__ = ("offers", "partial", "request_id")
    OFFERS_FIELD_NUMBER: _ClassVar[int]
    PARTIAL_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    offers: _containers.RepeatedCompositeFieldContainer[_resources_pb2.Offer]
    partial: bool
    request_id: str
    def __init__(self, offers: _Optional[_Iterable[_Union[_resources_pb2.Offer, _Mapping]]] = ..., partial: _Optional[bool] = ..., request_id: _Optional[str] = ...) -> None: ...

class BatchUpsertOffersResponse(_message.Message):
    __slots__ = ("accepted_count", "problems", "catalog_generation")
    ACCEPTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    PROBLEMS_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    accepted_count: int
    problems: _containers.RepeatedCompositeFieldContainer[_resources_pb2.RowProblem]
    catalog_generation: int
    def __init__(self, accepted_count: _Optional[int] = ..., problems: _Optional[_Iterable[_Union[_resources_pb2.RowProblem, _Mapping]]] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class BatchUpsertPricesRequest(_message.Message):
    __slots__ = ("prices", "partial")
    PRICES_FIELD_NUMBER: _ClassVar[int]
    PARTIAL_FIELD_NUMBER: _ClassVar[int]
    prices: _containers.RepeatedCompositeFieldContainer[_resources_pb2.Price]
    partial: bool
    def __init__(self, prices: _Optional[_Iterable[_Union[_resources_pb2.Price, _Mapping]]] = ..., partial: _Optional[bool] = ...) -> None: ...

class BatchUpsertPricesResponse(_message.Message):
    __slots__ = ("accepted_count", "problems", "catalog_generation")
    ACCEPTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    PROBLEMS_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    accepted_count: int
    problems: _containers.RepeatedCompositeFieldContainer[_resources_pb2.RowProblem]
    catalog_generation: int
    def __init__(self, accepted_count: _Optional[int] = ..., problems: _Optional[_Iterable[_Union[_resources_pb2.RowProblem, _Mapping]]] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class ListPricesRequest(_message.Message):
    __slots__ = ("product_id", "store_id", "page_size", "page_token", "in_force_time")
    PRODUCT_ID_FIELD_NUMBER: _ClassVar[int]
    STORE_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    IN_FORCE_TIME_FIELD_NUMBER: _ClassVar[int]
    product_id: str
    store_id: str
    page_size: int
    page_token: str
    in_force_time: _timestamp_pb2.Timestamp
    def __init__(self, product_id: _Optional[str] = ..., store_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., in_force_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListPricesResponse(_message.Message):
    __slots__ = ("prices", "next_page_token", "catalog_generation")
    PRICES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    prices: _containers.RepeatedCompositeFieldContainer[_resources_pb2.Price]
    next_page_token: str
    catalog_generation: int
    def __init__(self, prices: _Optional[_Iterable[_Union[_resources_pb2.Price, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., catalog_generation: _Optional[int] = ...) -> None: ...
