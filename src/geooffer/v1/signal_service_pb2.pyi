import datetime

from geooffer.v1 import kinds_pb2 as _kinds_pb2
from geooffer.v1 import resources_pb2 as _resources_pb2
from geooffer.v1 import verdicts_pb2 as _verdicts_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Customer(_message.Message):
    __slots__ = ("customer_id", "device_keys", "language_code", "time_zone")
    CUSTOMER_ID_FIELD_NUMBER: _ClassVar[int]
    DEVICE_KEYS_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_CODE_FIELD_NUMBER: _ClassVar[int]
    TIME_ZONE_FIELD_NUMBER: _ClassVar[int]
    customer_id: str
    device_keys: _containers.RepeatedScalarFieldContainer[int]
    language_code: str
    time_zone: str
    def __init__(self, customer_id: _Optional[str] = ..., device_keys: _Optional[_Iterable[int]] = ..., language_code: _Optional[str] = ..., time_zone: _Optional[str] = ...) -> None: ...

class CustomerProfile(_message.Message):
    __slots__ = ("language_code", "preferred_channel", "fulfilment_preference", "tier", "account_kind", "identity_count")
    LANGUAGE_CODE_FIELD_NUMBER: _ClassVar[int]
    PREFERRED_CHANNEL_FIELD_NUMBER: _ClassVar[int]
    FULFILMENT_PREFERENCE_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_KIND_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_COUNT_FIELD_NUMBER: _ClassVar[int]
    language_code: str
    preferred_channel: _kinds_pb2.Channel
    fulfilment_preference: _kinds_pb2.FulfilmentPreference
    tier: int
    account_kind: _kinds_pb2.AccountKind
    identity_count: int
    def __init__(self, language_code: _Optional[str] = ..., preferred_channel: _Optional[_Union[_kinds_pb2.Channel, str]] = ..., fulfilment_preference: _Optional[_Union[_kinds_pb2.FulfilmentPreference, str]] = ..., tier: _Optional[int] = ..., account_kind: _Optional[_Union[_kinds_pb2.AccountKind, str]] = ..., identity_count: _Optional[int] = ...) -> None: ...

class UpsertCustomersRequest(_message.Message):
    __slots__ = ("customers", "partial")
    CUSTOMERS_FIELD_NUMBER: _ClassVar[int]
    PARTIAL_FIELD_NUMBER: _ClassVar[int]
    customers: _containers.RepeatedCompositeFieldContainer[Customer]
    partial: bool
    def __init__(self, customers: _Optional[_Iterable[_Union[Customer, _Mapping]]] = ..., partial: _Optional[bool] = ...) -> None: ...

class UpsertCustomersResponse(_message.Message):
    __slots__ = ("accepted_count", "problems", "catalog_generation")
    ACCEPTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    PROBLEMS_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    accepted_count: int
    problems: _containers.RepeatedCompositeFieldContainer[_resources_pb2.RowProblem]
    catalog_generation: int
    def __init__(self, accepted_count: _Optional[int] = ..., problems: _Optional[_Iterable[_Union[_resources_pb2.RowProblem, _Mapping]]] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class GetCustomerRequest(_message.Message):
    __slots__ = ("customer_id",)
    CUSTOMER_ID_FIELD_NUMBER: _ClassVar[int]
    customer_id: str
    def __init__(self, customer_id: _Optional[str] = ...) -> None: ...

class GetCustomerResponse(_message.Message):
    __slots__ = ("customer", "catalog_generation", "profile")
    CUSTOMER_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    customer: Customer
    catalog_generation: int
    profile: CustomerProfile
    def __init__(self, customer: _Optional[_Union[Customer, _Mapping]] = ..., catalog_generation: _Optional[int] = ..., profile: _Optional[_Union[CustomerProfile, _Mapping]] = ...) -> None: ...

class DeleteCustomerRequest(_message.Message):
    __slots__ = ("customer_id",)
    CUSTOMER_ID_FIELD_NUMBER: _ClassVar[int]
    customer_id: str
    def __init__(self, customer_id: _Optional[str] = ...) -> None: ...

class DeleteCustomerResponse(_message.Message):
    __slots__ = ("catalog_generation",)
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    catalog_generation: int
    def __init__(self, catalog_generation: _Optional[int] = ...) -> None: ...

class Touchpoint(_message.Message):
    __slots__ = ("customer_id", "kind", "event_time", "category_id", "product_id", "search_text", "size", "web_id", "loyalty_id", "source", "channel", "language_code", "fulfilment", "is_interested", "tier", "account_kind")
    CUSTOMER_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_ID_FIELD_NUMBER: _ClassVar[int]
    PRODUCT_ID_FIELD_NUMBER: _ClassVar[int]
    SEARCH_TEXT_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    WEB_ID_FIELD_NUMBER: _ClassVar[int]
    LOYALTY_ID_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_CODE_FIELD_NUMBER: _ClassVar[int]
    FULFILMENT_FIELD_NUMBER: _ClassVar[int]
    IS_INTERESTED_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_KIND_FIELD_NUMBER: _ClassVar[int]
    customer_id: str
    kind: _verdicts_pb2.TouchpointKind
    event_time: _timestamp_pb2.Timestamp
    category_id: str
    product_id: str
    search_text: str
    size: _resources_pb2.Size
    web_id: str
    loyalty_id: str
    source: str
    channel: _kinds_pb2.Channel
    language_code: str
    fulfilment: _kinds_pb2.FulfilmentPreference
    is_interested: bool
    tier: int
    account_kind: _kinds_pb2.AccountKind
    def __init__(self, customer_id: _Optional[str] = ..., kind: _Optional[_Union[_verdicts_pb2.TouchpointKind, str]] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., category_id: _Optional[str] = ..., product_id: _Optional[str] = ..., search_text: _Optional[str] = ..., size: _Optional[_Union[_resources_pb2.Size, _Mapping]] = ..., web_id: _Optional[str] = ..., loyalty_id: _Optional[str] = ..., source: _Optional[str] = ..., channel: _Optional[_Union[_kinds_pb2.Channel, str]] = ..., language_code: _Optional[str] = ..., fulfilment: _Optional[_Union[_kinds_pb2.FulfilmentPreference, str]] = ..., is_interested: _Optional[bool] = ..., tier: _Optional[int] = ..., account_kind: _Optional[_Union[_kinds_pb2.AccountKind, str]] = ...) -> None: ...

class RecordTouchpointsRequest(_message.Message):
    __slots__ = ("touchpoints", "partial")
    TOUCHPOINTS_FIELD_NUMBER: _ClassVar[int]
    PARTIAL_FIELD_NUMBER: _ClassVar[int]
    touchpoints: _containers.RepeatedCompositeFieldContainer[Touchpoint]
    partial: bool
    def __init__(self, touchpoints: _Optional[_Iterable[_Union[Touchpoint, _Mapping]]] = ..., partial: _Optional[bool] = ...) -> None: ...

class RecordTouchpointsResponse(_message.Message):
    __slots__ = ("accepted_count", "problems", "catalog_generation")
    ACCEPTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    PROBLEMS_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    accepted_count: int
    problems: _containers.RepeatedCompositeFieldContainer[_resources_pb2.RowProblem]
    catalog_generation: int
    def __init__(self, accepted_count: _Optional[int] = ..., problems: _Optional[_Iterable[_Union[_resources_pb2.RowProblem, _Mapping]]] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class IdentityLink(_message.Message):
    __slots__ = ("customer_id", "device_key", "web_id", "loyalty_id")
    CUSTOMER_ID_FIELD_NUMBER: _ClassVar[int]
    DEVICE_KEY_FIELD_NUMBER: _ClassVar[int]
    WEB_ID_FIELD_NUMBER: _ClassVar[int]
    LOYALTY_ID_FIELD_NUMBER: _ClassVar[int]
    customer_id: str
    device_key: int
    web_id: str
    loyalty_id: str
    def __init__(self, customer_id: _Optional[str] = ..., device_key: _Optional[int] = ..., web_id: _Optional[str] = ..., loyalty_id: _Optional[str] = ...) -> None: ...

class LinkIdentityRequest(_message.Message):
    __slots__ = ("link",)
    LINK_FIELD_NUMBER: _ClassVar[int]
    link: IdentityLink
    def __init__(self, link: _Optional[_Union[IdentityLink, _Mapping]] = ...) -> None: ...

class LinkIdentityResponse(_message.Message):
    __slots__ = ("catalog_generation",)
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    catalog_generation: int
    def __init__(self, catalog_generation: _Optional[int] = ...) -> None: ...

class BatchLinkIdentitiesRequest(_message.Message):
    __slots__ = ("links",)
    LINKS_FIELD_NUMBER: _ClassVar[int]
    links: _containers.RepeatedCompositeFieldContainer[IdentityLink]
    def __init__(self, links: _Optional[_Iterable[_Union[IdentityLink, _Mapping]]] = ...) -> None: ...

class BatchLinkIdentitiesResponse(_message.Message):
    __slots__ = ("accepted_count", "problems", "catalog_generation")
    ACCEPTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    PROBLEMS_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    accepted_count: int
    problems: _containers.RepeatedCompositeFieldContainer[_resources_pb2.RowProblem]
    catalog_generation: int
    def __init__(self, accepted_count: _Optional[int] = ..., problems: _Optional[_Iterable[_Union[_resources_pb2.RowProblem, _Mapping]]] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class UnlinkIdentityRequest(_message.Message):
    __slots__ = ("link", "new_customer_id")
    LINK_FIELD_NUMBER: _ClassVar[int]
    NEW_CUSTOMER_ID_FIELD_NUMBER: _ClassVar[int]
    link: IdentityLink
    new_customer_id: str
    def __init__(self, link: _Optional[_Union[IdentityLink, _Mapping]] = ..., new_customer_id: _Optional[str] = ...) -> None: ...

class UnlinkIdentityResponse(_message.Message):
    __slots__ = ("catalog_generation",)
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    catalog_generation: int
    def __init__(self, catalog_generation: _Optional[int] = ...) -> None: ...

class MergeCustomersRequest(_message.Message):
    __slots__ = ("from_customer_id", "into_customer_id")
    FROM_CUSTOMER_ID_FIELD_NUMBER: _ClassVar[int]
    INTO_CUSTOMER_ID_FIELD_NUMBER: _ClassVar[int]
    from_customer_id: str
    into_customer_id: str
    def __init__(self, from_customer_id: _Optional[str] = ..., into_customer_id: _Optional[str] = ...) -> None: ...

class MergeCustomersResponse(_message.Message):
    __slots__ = ("catalog_generation",)
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    catalog_generation: int
    def __init__(self, catalog_generation: _Optional[int] = ...) -> None: ...
