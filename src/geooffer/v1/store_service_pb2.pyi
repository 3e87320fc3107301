import datetime

from geooffer.v1 import kinds_pb2 as _kinds_pb2
from geooffer.v1 import resources_pb2 as _resources_pb2
from google.protobuf import field_mask_pb2 as _field_mask_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CreateStoreRequest(_message.Message):
    __slots__ = ("store", "request_id")
    STORE_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    store: _resources_pb2.Store
    request_id: str
    def __init__(self, store: _Optional[_Union[_resources_pb2.Store, _Mapping]] = ..., request_id: _Optional[str] = ...) -> None: ...

class CreateStoreResponse(_message.Message):
    __slots__ = ("store", "catalog_generation")
    STORE_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    store: _resources_pb2.Store
    catalog_generation: int
    def __init__(self, store: _Optional[_Union[_resources_pb2.Store, _Mapping]] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class GetStoreRequest(_message.Message):
    __slots__ = ("store_id",)
    STORE_ID_FIELD_NUMBER: _ClassVar[int]
    store_id: str
    def __init__(self, store_id: _Optional[str] = ...) -> None: ...

class GetStoreResponse(_message.Message):
    __slots__ = ("store", "catalog_generation")
    STORE_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    store: _resources_pb2.Store
    catalog_generation: int
    def __init__(self, store: _Optional[_Union[_resources_pb2.Store, _Mapping]] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class ListStoresRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListStoresResponse(_message.Message):
    __slots__ = ("stores", "next_page_token", "catalog_generation")
    STORES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    stores: _containers.RepeatedCompositeFieldContainer[_resources_pb2.Store]
    next_page_token: str
    catalog_generation: int
    def __init__(self, stores: _Optional[_Iterable[_Union[_resources_pb2.Store, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class UpdateStoreRequest(_message.Message):
    __slots__ = ("store", "update_mask")
    STORE_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    store: _resources_pb2.Store
    update_mask: _field_mask_pb2.FieldMask
    def __init__(self, store: _Optional[_Union[_resources_pb2.Store, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ...) -> None: ...

class UpdateStoreResponse(_message.Message):
    __slots__ = ("store", "catalog_generation")
    STORE_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    store: _resources_pb2.Store
    catalog_generation: int
    def __init__(self, store: _Optional[_Union[_resources_pb2.Store, _Mapping]] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class DeleteStoreRequest(_message.Message):
    __slots__ = ("store_id", "etag")
    STORE_ID_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    store_id: str
    etag: str
    def __init__(self, store_id: _Optional[str] = ..., etag: _Optional[str] = ...) -> None: ...

class DeleteStoreResponse(_message.Message):
    __slots__ = ("catalog_generation",)
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    catalog_generation: int
    def __init__(self, catalog_generation: _Optional[int] = ...) -> None: ...

class BatchUpsertStoresRequest(_message.Message):
    __slots__ = ("stores", "partial", "request_id")
    STORES_FIELD_NUMBER: _ClassVar[int]
    PARTIAL_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    stores: _containers.RepeatedCompositeFieldContainer[_resources_pb2.Store]
    partial: bool
    request_id: str
    def __init__(self, stores: _Optional[_Iterable[_Union[_resources_pb2.Store, _Mapping]]] = ..., partial: _Optional[bool] = ..., request_id: _Optional[str] = ...) -> None: ...

class BatchUpsertStoresResponse(_message.Message):
    __slots__ = ("accepted_count", "problems", "catalog_generation")
    ACCEPTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    PROBLEMS_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    accepted_count: int
    problems: _containers.RepeatedCompositeFieldContainer[_resources_pb2.RowProblem]
    catalog_generation: int
    def __init__(self, accepted_count: _Optional[int] = ..., problems: _Optional[_Iterable[_Union[_resources_pb2.RowProblem, _Mapping]]] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class CreateGeofenceRequest(_message.Message):
    __slots__ = ("geofence", "request_id", "repair", "clip_to_zones")
    GEOFENCE_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    REPAIR_FIELD_NUMBER: _ClassVar[int]
    CLIP_TO_ZONES_FIELD_NUMBER: _ClassVar[int]
    geofence: _resources_pb2.Geofence
    request_id: str
    repair: bool
    clip_to_zones: bool
    def __init__(self, geofence: _Optional[_Union[_resources_pb2.Geofence, _Mapping]] = ..., request_id: _Optional[str] = ..., repair: _Optional[bool] = ..., clip_to_zones: _Optional[bool] = ...) -> None: ...

class CreateGeofenceResponse(_message.Message):
    __slots__ = ("geofence", "catalog_generation", "repair_note")
    GEOFENCE_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    REPAIR_NOTE_FIELD_NUMBER: _ClassVar[int]
    geofence: _resources_pb2.Geofence
    catalog_generation: int
    repair_note: str
    def __init__(self, geofence: _Optional[_Union[_resources_pb2.Geofence, _Mapping]] = ..., catalog_generation: _Optional[int] = ..., repair_note: _Optional[str] = ...) -> None: ...

class GetGeofenceRequest(_message.Message):
    __slots__ = ("geofence_id",)
    GEOFENCE_ID_FIELD_NUMBER: _ClassVar[int]
    geofence_id: str
    def __init__(self, geofence_id: _Optional[str] = ...) -> None: ...

class GetGeofenceResponse(_message.Message):
    __slots__ = ("geofence", "catalog_generation")
    GEOFENCE_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    geofence: _resources_pb2.Geofence
    catalog_generation: int
    def __init__(self, geofence: _Optional[_Union[_resources_pb2.Geofence, _Mapping]] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class ListGeofencesRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListGeofencesResponse(_message.Message):
    __slots__ = ("geofences", "next_page_token", "catalog_generation")
    GEOFENCES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    geofences: _containers.RepeatedCompositeFieldContainer[_resources_pb2.Geofence]
    next_page_token: str
    catalog_generation: int
    def __init__(self, geofences: _Optional[_Iterable[_Union[_resources_pb2.Geofence, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class UpdateGeofenceRequest(_message.Message):
    __slots__ = ("geofence", "update_mask", "repair", "clip_to_zones")
    GEOFENCE_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    REPAIR_FIELD_NUMBER: _ClassVar[int]
    CLIP_TO_ZONES_FIELD_NUMBER: _ClassVar[int]
    geofence: _resources_pb2.Geofence
    update_mask: _field_mask_pb2.FieldMask
    repair: bool
    clip_to_zones: bool
    def __init__(self, geofence: _Optional[_Union[_resources_pb2.Geofence, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ..., repair: _Optional[bool] = ..., clip_to_zones: _Optional[bool] = ...) -> None: ...

class UpdateGeofenceResponse(_message.Message):
    __slots__ = ("geofence", "catalog_generation", "repair_note")
    GEOFENCE_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    REPAIR_NOTE_FIELD_NUMBER: _ClassVar[int]
    geofence: _resources_pb2.Geofence
    catalog_generation: int
    repair_note: str
    def __init__(self, geofence: _Optional[_Union[_resources_pb2.Geofence, _Mapping]] = ..., catalog_generation: _Optional[int] = ..., repair_note: _Optional[str] = ...) -> None: ...

class DeleteGeofenceRequest(_message.Message):
    __slots__ = ("geofence_id", "etag")
    GEOFENCE_ID_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    geofence_id: str
    etag: str
    def __init__(self, geofence_id: _Optional[str] = ..., etag: _Optional[str] = ...) -> None: ...

class DeleteGeofenceResponse(_message.Message):
    __slots__ = ("catalog_generation",)
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    catalog_generation: int
    def __init__(self, catalog_generation: _Optional[int] = ...) -> None: ...

class BatchUpsertGeofencesRequest(_message.Message):
    __slots__ = ("geofences", "partial", "request_id", "repair", "clip_to_zones")
    GEOFENCES_FIELD_NUMBER: _ClassVar[int]
    PARTIAL_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    REPAIR_FIELD_NUMBER: _ClassVar[int]
    CLIP_TO_ZONES_FIELD_NUMBER: _ClassVar[int]
    geofences: _containers.RepeatedCompositeFieldContainer[_resources_pb2.Geofence]
    partial: bool
    request_id: str
    repair: bool
    clip_to_zones: bool
    def __init__(self, geofences: _Optional[_Iterable[_Union[_resources_pb2.Geofence, _Mapping]]] = ..., partial: _Optional[bool] = ..., request_id: _Optional[str] = ..., repair: _Optional[bool] = ..., clip_to_zones: _Optional[bool] = ...) -> None: ...

class BatchUpsertGeofencesResponse(_message.Message):
    __slots__ = ("accepted_count", "problems", "catalog_generation", "repairs")
    ACCEPTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    PROBLEMS_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    REPAIRS_FIELD_NUMBER: _ClassVar[int]
    accepted_count: int
    problems: _containers.RepeatedCompositeFieldContainer[_resources_pb2.RowProblem]
    catalog_generation: int
    repairs: _containers.RepeatedCompositeFieldContainer[RowRepair]
    def __init__(self, accepted_count: _Optional[int] = ..., problems: _Optional[_Iterable[_Union[_resources_pb2.RowProblem, _Mapping]]] = ..., catalog_generation: _Optional[int] = ..., repairs: _Optional[_Iterable[_Union[RowRepair, _Mapping]]] = ...) -> None: ...

class RowRepair(_message.Message):
    __slots__ = ("row", "note")
    ROW_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    row: int
    note: str
    def __init__(self, row: _Optional[int] = ..., note: _Optional[str] = ...) -> None: ...

class GetCatalogStateRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetCatalogStateResponse(_message.Message):
    __slots__ = ("saved_generation", "live_generation", "store_count", "geofence_count", "category_count", "product_count", "offer_count", "index_size_bytes", "index_base_box_count", "index_delta_box_count", "index_merge_count", "is_merging")
    SAVED_GENERATION_FIELD_NUMBER: _ClassVar[int]
    LIVE_GENERATION_FIELD_NUMBER: _ClassVar[int]
    STORE_COUNT_FIELD_NUMBER: _ClassVar[int]
    GEOFENCE_COUNT_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_COUNT_FIELD_NUMBER: _ClassVar[int]
    PRODUCT_COUNT_FIELD_NUMBER: _ClassVar[int]
    OFFER_COUNT_FIELD_NUMBER: _ClassVar[int]
    INDEX_SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    INDEX_BASE_BOX_COUNT_FIELD_NUMBER: _ClassVar[int]
    INDEX_DELTA_BOX_COUNT_FIELD_NUMBER: _ClassVar[int]
    INDEX_MERGE_COUNT_FIELD_NUMBER: _ClassVar[int]
    IS_MERGING_FIELD_NUMBER: _ClassVar[int]
    saved_generation: int
    live_generation: int
    store_count: int
    geofence_count: int
    category_count: int
    product_count: int
    offer_count: int
    index_size_bytes: int
    index_base_box_count: int
    index_delta_box_count: int
    index_merge_count: int
    is_merging: bool
    def __init__(self, saved_generation: _Optional[int] = ..., live_generation: _Optional[int] = ..., store_count: _Optional[int] = ..., geofence_count: _Optional[int] = ..., category_count: _Optional[int] = ..., product_count: _Optional[int] = ..., offer_count: _Optional[int] = ..., index_size_bytes: _Optional[int] = ..., index_base_box_count: _Optional[int] = ..., index_delta_box_count: _Optional[int] = ..., index_merge_count: _Optional[int] = ..., is_merging: _Optional[bool] = ...) -> None: ...

class CloseStoresRequest(_message.Message):
    __slots__ = ("store_ids", "region", "tag", "from_time", "until_time", "reason", "request_id")
    STORE_IDS_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    TAG_FIELD_NUMBER: _ClassVar[int]
    FROM_TIME_FIELD_NUMBER: _ClassVar[int]
    UNTIL_TIME_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    store_ids: _containers.RepeatedScalarFieldContainer[str]
    region: str
    tag: str
    from_time: _timestamp_pb2.Timestamp
    until_time: _timestamp_pb2.Timestamp
    reason: str
    request_id: str
    def __init__(self, store_ids: _Optional[_Iterable[str]] = ..., region: _Optional[str] = ..., tag: _Optional[str] = ..., from_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., until_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reason: _Optional[str] = ..., request_id: _Optional[str] = ...) -> None: ...

class CloseStoresResponse(_message.Message):
    __slots__ = ("store_count", "store_ids", "catalog_generation")
    STORE_COUNT_FIELD_NUMBER: _ClassVar[int]
    STORE_IDS_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    store_count: int
    store_ids: _containers.RepeatedScalarFieldContainer[str]
    catalog_generation: int
    def __init__(self, store_count: _Optional[int] = ..., store_ids: _Optional[_Iterable[str]] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class ReopenStoresRequest(_message.Message):
    __slots__ = ("store_ids", "region", "tag")
    STORE_IDS_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    TAG_FIELD_NUMBER: _ClassVar[int]
    store_ids: _containers.RepeatedScalarFieldContainer[str]
    region: str
    tag: str
    def __init__(self, store_ids: _Optional[_Iterable[str]] = ..., region: _Optional[str] = ..., tag: _Optional[str] = ...) -> None: ...

class ReopenStoresResponse(_message.Message):
    __slots__ = ("store_count", "store_ids", "catalog_generation")
    STORE_COUNT_FIELD_NUMBER: _ClassVar[int]
    STORE_IDS_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    store_count: int
    store_ids: _containers.RepeatedScalarFieldContainer[str]
    catalog_generation: int
    def __init__(self, store_count: _Optional[int] = ..., store_ids: _Optional[_Iterable[str]] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class PauseOffersRequest(_message.Message):
    __slots__ = ("store_ids", "region", "tag", "from_time", "until_time", "reason", "request_id")
    STORE_IDS_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    TAG_FIELD_NUMBER: _ClassVar[int]
    FROM_TIME_FIELD_NUMBER: _ClassVar[int]
    UNTIL_TIME_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    store_ids: _containers.RepeatedScalarFieldContainer[str]
    region: str
    tag: str
    from_time: _timestamp_pb2.Timestamp
    until_time: _timestamp_pb2.Timestamp
    reason: str
    request_id: str
    def __init__(self, store_ids: _Optional[_Iterable[str]] = ..., region: _Optional[str] = ..., tag: _Optional[str] = ..., from_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., until_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reason: _Optional[str] = ..., request_id: _Optional[str] = ...) -> None: ...

class PauseOffersResponse(_message.Message):
    __slots__ = ("store_count", "store_ids", "catalog_generation")
    STORE_COUNT_FIELD_NUMBER: _ClassVar[int]
    STORE_IDS_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    store_count: int
    store_ids: _containers.RepeatedScalarFieldContainer[str]
    catalog_generation: int
    def __init__(self, store_count: _Optional[int] = ..., store_ids: _Optional[_Iterable[str]] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class ResumeOffersRequest(_message.Message):
    __slots__ = ("store_ids", "region", "tag")
    STORE_IDS_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    TAG_FIELD_NUMBER: _ClassVar[int]
    store_ids: _containers.RepeatedScalarFieldContainer[str]
    region: str
    tag: str
    def __init__(self, store_ids: _Optional[_Iterable[str]] = ..., region: _Optional[str] = ..., tag: _Optional[str] = ...) -> None: ...

class ResumeOffersResponse(_message.Message):
    __slots__ = ("store_count", "store_ids", "catalog_generation")
    STORE_COUNT_FIELD_NUMBER: _ClassVar[int]
    STORE_IDS_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    store_count: int
    store_ids: _containers.RepeatedScalarFieldContainer[str]
    catalog_generation: int
    def __init__(self, store_count: _Optional[int] = ..., store_ids: _Optional[_Iterable[str]] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class ListClosuresRequest(_message.Message):
    __slots__ = ("store_id", "page_size", "page_token")
    STORE_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    store_id: str
    page_size: int
    page_token: str
    def __init__(self, store_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class Closure(_message.Message):
    __slots__ = ("store_id", "kind", "from_time", "until_time", "reason")
    STORE_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    FROM_TIME_FIELD_NUMBER: _ClassVar[int]
    UNTIL_TIME_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    store_id: str
    kind: _kinds_pb2.SwitchKind
    from_time: _timestamp_pb2.Timestamp
    until_time: _timestamp_pb2.Timestamp
    reason: str
    def __init__(self, store_id: _Optional[str] = ..., kind: _Optional[_Union[_kinds_pb2.SwitchKind, str]] = ..., from_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., until_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reason: _Optional[str] = ...) -> None: ...

class ListClosuresResponse(_message.Message):
    __slots__ = ("closures", "next_page_token", "catalog_generation")
    CLOSURES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    closures: _containers.RepeatedCompositeFieldContainer[Closure]
    next_page_token: str
    catalog_generation: int
    def __init__(self, closures: _Optional[_Iterable[_Union[Closure, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., catalog_generation: _Optional[int] = ...) -> None: ...
