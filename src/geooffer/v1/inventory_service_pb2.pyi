import datetime

from geooffer.v1 import resources_pb2 as _resources_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ReportStockRequest(_message.Message):
    __slots__ = ("rows", "columns", "partial")
    ROWS_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    PARTIAL_FIELD_NUMBER: _ClassVar[int]
    rows: StockRows
    columns: StockColumns
    partial: bool
    def __init__(self, rows: _Optional[_Union[StockRows, _Mapping]] = ..., columns: _Optional[_Union[StockColumns, _Mapping]] = ..., partial: _Optional[bool] = ...) -> None: ...

class StockRows(_message.Message):
    __slots__ = ("figures",)
    FIGURES_FIELD_NUMBER: _ClassVar[int]
    figures: _containers.RepeatedCompositeFieldContainer[_resources_pb2.StockFigure]
    def __init__(self, figures: _Optional[_Iterable[_Union[_resources_pb2.StockFigure, _Mapping]]] = ...) -> None: ...

class StockColumns(_message.Message):
    __slots__ = ("store_id", "as_of_time", "product_ids", "size_systems", "size_values", "available_counts")
    STORE_ID_FIELD_NUMBER: _ClassVar[int]
    AS_OF_TIME_FIELD_NUMBER: _ClassVar[int]
    PRODUCT_IDS_FIELD_NUMBER: _ClassVar[int]
    SIZE_SYSTEMS_FIELD_NUMBER: _ClassVar[int]
    SIZE_VALUES_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_COUNTS_FIELD_NUMBER: _ClassVar[int]
    store_id: str
    as_of_time: _timestamp_pb2.Timestamp
    product_ids: _containers.RepeatedScalarFieldContainer[str]
    size_systems: _containers.RepeatedScalarFieldContainer[str]
    size_values: _containers.RepeatedScalarFieldContainer[str]
    available_counts: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, store_id: _Optional[str] = ..., as_of_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., product_ids: _Optional[_Iterable[str]] = ..., size_systems: _Optional[_Iterable[str]] = ..., size_values: _Optional[_Iterable[str]] = ..., available_counts: _Optional[_Iterable[int]] = ...) -> None: ...

class ReportStockResponse(_message.Message):
    __slots__ = ("accepted_count", "problems", "catalog_generation")
    ACCEPTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    PROBLEMS_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    accepted_count: int
    problems: _containers.RepeatedCompositeFieldContainer[_resources_pb2.RowProblem]
    catalog_generation: int
    def __init__(self, accepted_count: _Optional[int] = ..., problems: _Optional[_Iterable[_Union[_resources_pb2.RowProblem, _Mapping]]] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class GetStockRequest(_message.Message):
    __slots__ = ("store_id", "product_id", "page_size", "page_token")
    STORE_ID_FIELD_NUMBER: _ClassVar[int]
    PRODUCT_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    store_id: str
    product_id: str
    page_size: int
    page_token: str
    def __init__(self, store_id: _Optional[str] = ..., product_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class GetStockResponse(_message.Message):
    __slots__ = ("figures", "next_page_token", "catalog_generation")
    FIGURES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    figures: _containers.RepeatedCompositeFieldContainer[_resources_pb2.StockFigure]
    next_page_token: str
    catalog_generation: int
    def __init__(self, figures: _Optional[_Iterable[_Union[_resources_pb2.StockFigure, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class ListStaleStockRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class StaleStock(_message.Message):
    __slots__ = ("store_id", "newest_as_of_time")
    STORE_ID_FIELD_NUMBER: _ClassVar[int]
    NEWEST_AS_OF_TIME_FIELD_NUMBER: _ClassVar[int]
    store_id: str
    newest_as_of_time: _timestamp_pb2.Timestamp
    def __init__(self, store_id: _Optional[str] = ..., newest_as_of_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListStaleStockResponse(_message.Message):
    __slots__ = ("stores", "next_page_token", "catalog_generation", "store_count", "stock_age_max_millis")
    STORES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    STORE_COUNT_FIELD_NUMBER: _ClassVar[int]
    STOCK_AGE_MAX_MILLIS_FIELD_NUMBER: _ClassVar[int]
    stores: _containers.RepeatedCompositeFieldContainer[StaleStock]
    next_page_token: str
    catalog_generation: int
    store_count: int
    stock_age_max_millis: int
    def __init__(self, stores: _Optional[_Iterable[_Union[StaleStock, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., catalog_generation: _Optional[int] = ..., store_count: _Optional[int] = ..., stock_age_max_millis: _Optional[int] = ...) -> None: ...
