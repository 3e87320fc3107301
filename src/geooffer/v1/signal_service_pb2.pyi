import datetime

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
    __slots__ = ("customer_id", "device_keys", "language_code")
    CUSTOMER_ID_FIELD_NUMBER: _ClassVar[int]
    DEVICE_KEYS_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_CODE_FIELD_NUMBER: _ClassVar[int]
    customer_id: str
    device_keys: _containers.RepeatedScalarFieldContainer[int]
    language_code: str
    def __init__(self, customer_id: _Optional[str] = ..., device_keys: _Optional[_Iterable[int]] = ..., language_code: _Optional[str] = ...) -> None: ...

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
    __slots__ = ("customer", "catalog_generation")
    CUSTOMER_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    customer: Customer
    catalog_generation: int
    def __init__(self, customer: _Optional[_Union[Customer, _Mapping]] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

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
    __slots__ = ("customer_id", "kind", "event_time", "category_id", "product_id", "size")
    CUSTOMER_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_ID_FIELD_NUMBER: _ClassVar[int]
    PRODUCT_ID_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    customer_id: str
    kind: _verdicts_pb2.TouchpointKind
    event_time: _timestamp_pb2.Timestamp
    category_id: str
    product_id: str
    size: _resources_pb2.Size
    def __init__(self, customer_id: _Optional[str] = ..., kind: _Optional[_Union[_verdicts_pb2.TouchpointKind, str]] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., category_id: _Optional[str] = ..., product_id: _Optional[str] = ..., size: _Optional[_Union[_resources_pb2.Size, _Mapping]] = ...) -> None: ...

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
