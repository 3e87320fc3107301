import datetime

from geooffer.v1 import shapes_pb2 as _shapes_pb2
from geooffer.v1 import verdicts_pb2 as _verdicts_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Store(_message.Message):
    __slots__ = ("store_id", "name", "latitude_e7", "longitude_e7", "time_zone", "etag", "opening_hours", "country", "region", "tags", "is_online")
    STORE_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    LATITUDE_E7_FIELD_NUMBER: _ClassVar[int]
    LONGITUDE_E7_FIELD_NUMBER: _ClassVar[int]
    TIME_ZONE_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    OPENING_HOURS_FIELD_NUMBER: _ClassVar[int]
    COUNTRY_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    IS_ONLINE_FIELD_NUMBER: _ClassVar[int]
    store_id: str
    name: str
    latitude_e7: int
    longitude_e7: int
    time_zone: str
    etag: str
    opening_hours: str
    country: str
    region: str
    tags: _containers.RepeatedScalarFieldContainer[str]
    is_online: bool
    def __init__(self, store_id: _Optional[str] = ..., name: _Optional[str] = ..., latitude_e7: _Optional[int] = ..., longitude_e7: _Optional[int] = ..., time_zone: _Optional[str] = ..., etag: _Optional[str] = ..., opening_hours: _Optional[str] = ..., country: _Optional[str] = ..., region: _Optional[str] = ..., tags: _Optional[_Iterable[str]] = ..., is_online: _Optional[bool] = ...) -> None: ...

class Geofence(_message.Message):
    __slots__ = ("geofence_id", "store_id", "name", "shape", "dwell_millis", "etag")
    GEOFENCE_ID_FIELD_NUMBER: _ClassVar[int]
    STORE_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    DWELL_MILLIS_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    geofence_id: str
    store_id: str
    name: str
    shape: _shapes_pb2.Shape
    dwell_millis: int
    etag: str
    def __init__(self, geofence_id: _Optional[str] = ..., store_id: _Optional[str] = ..., name: _Optional[str] = ..., shape: _Optional[_Union[_shapes_pb2.Shape, _Mapping]] = ..., dwell_millis: _Optional[int] = ..., etag: _Optional[str] = ...) -> None: ...

class LocalizedText(_message.Message):
    __slots__ = ("language_code", "text")
    LANGUAGE_CODE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    language_code: str
    text: str
    def __init__(self, language_code: _Optional[str] = ..., text: _Optional[str] = ...) -> None: ...

class Category(_message.Message):
    __slots__ = ("category_id", "names", "etag")
    CATEGORY_ID_FIELD_NUMBER: _ClassVar[int]
    NAMES_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    category_id: str
    names: _containers.RepeatedCompositeFieldContainer[LocalizedText]
    etag: str
    def __init__(self, category_id: _Optional[str] = ..., names: _Optional[_Iterable[_Union[LocalizedText, _Mapping]]] = ..., etag: _Optional[str] = ...) -> None: ...

class Size(_message.Message):
    __slots__ = ("system", "value")
    SYSTEM_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    system: str
    value: str
    def __init__(self, system: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class Product(_message.Message):
    __slots__ = ("product_id", "category_id", "titles", "sizes", "stock_tracked", "etag")
    PRODUCT_ID_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_ID_FIELD_NUMBER: _ClassVar[int]
    TITLES_FIELD_NUMBER: _ClassVar[int]
    SIZES_FIELD_NUMBER: _ClassVar[int]
    STOCK_TRACKED_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    product_id: str
    category_id: str
    titles: _containers.RepeatedCompositeFieldContainer[LocalizedText]
    sizes: _containers.RepeatedCompositeFieldContainer[Size]
    stock_tracked: bool
    etag: str
    def __init__(self, product_id: _Optional[str] = ..., category_id: _Optional[str] = ..., titles: _Optional[_Iterable[_Union[LocalizedText, _Mapping]]] = ..., sizes: _Optional[_Iterable[_Union[Size, _Mapping]]] = ..., stock_tracked: _Optional[bool] = ..., etag: _Optional[str] = ...) -> None: ...

class Price(_message.Message):
    __slots__ = ("product_id", "store_id", "amount_minor", "currency_code", "valid_from_time")
    PRODUCT_ID_FIELD_NUMBER: _ClassVar[int]
    STORE_ID_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MINOR_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_CODE_FIELD_NUMBER: _ClassVar[int]
    VALID_FROM_TIME_FIELD_NUMBER: _ClassVar[int]
    product_id: str
    store_id: str
    amount_minor: int
    currency_code: str
    valid_from_time: _timestamp_pb2.Timestamp
    def __init__(self, product_id: _Optional[str] = ..., store_id: _Optional[str] = ..., amount_minor: _Optional[int] = ..., currency_code: _Optional[str] = ..., valid_from_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Offer(_message.Message):
    __slots__ = ("offer_id", "product_id", "valid_from_time", "valid_until_time", "store_ids", "minimum_price_cut_percent", "trigger", "paused", "required_purposes", "etag")
    OFFER_ID_FIELD_NUMBER: _ClassVar[int]
    PRODUCT_ID_FIELD_NUMBER: _ClassVar[int]
    VALID_FROM_TIME_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_TIME_FIELD_NUMBER: _ClassVar[int]
    STORE_IDS_FIELD_NUMBER: _ClassVar[int]
    MINIMUM_PRICE_CUT_PERCENT_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_FIELD_NUMBER: _ClassVar[int]
    PAUSED_FIELD_NUMBER: _ClassVar[int]
    REQUIRED_PURPOSES_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    offer_id: str
    product_id: str
    valid_from_time: _timestamp_pb2.Timestamp
    valid_until_time: _timestamp_pb2.Timestamp
    store_ids: _containers.RepeatedScalarFieldContainer[str]
    minimum_price_cut_percent: int
    trigger: _verdicts_pb2.OfferTrigger
    paused: bool
    required_purposes: _containers.RepeatedScalarFieldContainer[_verdicts_pb2.Purpose]
    etag: str
    def __init__(self, offer_id: _Optional[str] = ..., product_id: _Optional[str] = ..., valid_from_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., valid_until_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., store_ids: _Optional[_Iterable[str]] = ..., minimum_price_cut_percent: _Optional[int] = ..., trigger: _Optional[_Union[_verdicts_pb2.OfferTrigger, str]] = ..., paused: _Optional[bool] = ..., required_purposes: _Optional[_Iterable[_Union[_verdicts_pb2.Purpose, str]]] = ..., etag: _Optional[str] = ...) -> None: ...

class StockFigure(_message.Message):
    __slots__ = ("store_id", "product_id", "size", "available_count", "as_of_time")
    STORE_ID_FIELD_NUMBER: _ClassVar[int]
    PRODUCT_ID_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_COUNT_FIELD_NUMBER: _ClassVar[int]
    AS_OF_TIME_FIELD_NUMBER: _ClassVar[int]
    store_id: str
    product_id: str
    size: Size
    available_count: int
    as_of_time: _timestamp_pb2.Timestamp
    def __init__(self, store_id: _Optional[str] = ..., product_id: _Optional[str] = ..., size: _Optional[_Union[Size, _Mapping]] = ..., available_count: _Optional[int] = ..., as_of_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class RowProblem(_message.Message):
    __slots__ = ("row", "reason", "message", "field")
    ROW_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    row: int
    reason: str
    message: str
    field: str
    def __init__(self, row: _Optional[int] = ..., reason: _Optional[str] = ..., message: _Optional[str] = ..., field: _Optional[str] = ...) -> None: ...
