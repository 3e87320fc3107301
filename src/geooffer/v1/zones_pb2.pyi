import datetime

from geooffer.v1 import resources_pb2 as _resources_pb2
from geooffer.v1 import shapes_pb2 as _shapes_pb2
from google.protobuf import field_mask_pb2 as _field_mask_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ZoneCategory(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ZONE_CATEGORY_UNSPECIFIED: _ClassVar[ZoneCategory]
    ZONE_CATEGORY_CLINIC: _ClassVar[ZoneCategory]
    ZONE_CATEGORY_WORSHIP: _ClassVar[ZoneCategory]
    ZONE_CATEGORY_SHELTER: _ClassVar[ZoneCategory]
    ZONE_CATEGORY_SCHOOL: _ClassVar[ZoneCategory]
    ZONE_CATEGORY_COUNSELLING: _ClassVar[ZoneCategory]
    ZONE_CATEGORY_PRISON: _ClassVar[ZoneCategory]
    ZONE_CATEGORY_UNION: _ClassVar[ZoneCategory]
    ZONE_CATEGORY_CHILDCARE: _ClassVar[ZoneCategory]
    ZONE_CATEGORY_POLITICAL: _ClassVar[ZoneCategory]
    ZONE_CATEGORY_AUTHORITY: _ClassVar[ZoneCategory]
    ZONE_CATEGORY_OTHER: _ClassVar[ZoneCategory]
ZONE_CATEGORY_UNSPECIFIED: ZoneCategory
ZONE_CATEGORY_CLINIC: ZoneCategory
ZONE_CATEGORY_WORSHIP: ZoneCategory
ZONE_CATEGORY_SHELTER: ZoneCategory
ZONE_CATEGORY_SCHOOL: ZoneCategory
ZONE_CATEGORY_COUNSELLING: ZoneCategory
ZONE_CATEGORY_PRISON: ZoneCategory
ZONE_CATEGORY_UNION: ZoneCategory
ZONE_CATEGORY_CHILDCARE: ZoneCategory
ZONE_CATEGORY_POLITICAL: ZoneCategory
ZONE_CATEGORY_AUTHORITY: ZoneCategory
ZONE_CATEGORY_OTHER: ZoneCategory

class ExclusionZone(_message.Message):
    __slots__ = ("zone_id", "category", "shape", "buffer_cm", "name", "valid_from_time", "valid_until_time", "etag")
    ZONE_ID_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    BUFFER_CM_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALID_FROM_TIME_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_TIME_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    zone_id: str
    category: ZoneCategory
    shape: _shapes_pb2.Shape
    buffer_cm: int
    name: str
    valid_from_time: _timestamp_pb2.Timestamp
    valid_until_time: _timestamp_pb2.Timestamp
    etag: str
    def __init__(self, zone_id: _Optional[str] = ..., category: _Optional[_Union[ZoneCategory, str]] = ..., shape: _Optional[_Union[_shapes_pb2.Shape, _Mapping]] = ..., buffer_cm: _Optional[int] = ..., name: _Optional[str] = ..., valid_from_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., valid_until_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., etag: _Optional[str] = ...) -> None: ...

class SilencedGeofences(_message.Message):
    __slots__ = ("geofence_count", "geofence_ids")
    GEOFENCE_COUNT_FIELD_NUMBER: _ClassVar[int]
    GEOFENCE_IDS_FIELD_NUMBER: _ClassVar[int]
    geofence_count: int
    geofence_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, geofence_count: _Optional[int] = ..., geofence_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class CreateExclusionZoneRequest(_message.Message):
    __slots__ = ("zone", "request_id", "repair")
    ZONE_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    REPAIR_FIELD_NUMBER: _ClassVar[int]
    zone: ExclusionZone
    request_id: str
    repair: bool
    def __init__(self, zone: _Optional[_Union[ExclusionZone, _Mapping]] = ..., request_id: _Optional[str] = ..., repair: _Optional[bool] = ...) -> None: ...

class CreateExclusionZoneResponse(_message.Message):
    __slots__ = ("zone", "catalog_generation", "repair_note", "silenced")
    ZONE_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    REPAIR_NOTE_FIELD_NUMBER: _ClassVar[int]
    SILENCED_FIELD_NUMBER: _ClassVar[int]
    zone: ExclusionZone
    catalog_generation: int
    repair_note: str
    silenced: SilencedGeofences
    def __init__(self, zone: _Optional[_Union[ExclusionZone, _Mapping]] = ..., catalog_generation: _Optional[int] = ..., repair_note: _Optional[str] = ..., silenced: _Optional[_Union[SilencedGeofences, _Mapping]] = ...) -> None: ...

class GetExclusionZoneRequest(_message.Message):
    __slots__ = ("zone_id",)
    ZONE_ID_FIELD_NUMBER: _ClassVar[int]
    zone_id: str
    def __init__(self, zone_id: _Optional[str] = ...) -> None: ...

class GetExclusionZoneResponse(_message.Message):
    __slots__ = ("zone", "catalog_generation")
    ZONE_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    zone: ExclusionZone
    catalog_generation: int
    def __init__(self, zone: _Optional[_Union[ExclusionZone, _Mapping]] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class ListExclusionZonesRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListExclusionZonesResponse(_message.Message):
    __slots__ = ("zones", "next_page_token", "catalog_generation")
    ZONES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    zones: _containers.RepeatedCompositeFieldContainer[ExclusionZone]
    next_page_token: str
    catalog_generation: int
    def __init__(self, zones: _Optional[_Iterable[_Union[ExclusionZone, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class UpdateExclusionZoneRequest(_message.Message):
    __slots__ = ("zone", "update_mask", "repair")
    ZONE_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    REPAIR_FIELD_NUMBER: _ClassVar[int]
    zone: ExclusionZone
    update_mask: _field_mask_pb2.FieldMask
    repair: bool
    def __init__(self, zone: _Optional[_Union[ExclusionZone, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ..., repair: _Optional[bool] = ...) -> None: ...

class UpdateExclusionZoneResponse(_message.Message):
    __slots__ = ("zone", "catalog_generation", "repair_note", "silenced")
    ZONE_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    REPAIR_NOTE_FIELD_NUMBER: _ClassVar[int]
    SILENCED_FIELD_NUMBER: _ClassVar[int]
    zone: ExclusionZone
    catalog_generation: int
    repair_note: str
    silenced: SilencedGeofences
    def __init__(self, zone: _Optional[_Union[ExclusionZone, _Mapping]] = ..., catalog_generation: _Optional[int] = ..., repair_note: _Optional[str] = ..., silenced: _Optional[_Union[SilencedGeofences, _Mapping]] = ...) -> None: ...

class DeleteExclusionZoneRequest(_message.Message):
    __slots__ = ("zone_id", "etag")
    ZONE_ID_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    zone_id: str
    etag: str
    def __init__(self, zone_id: _Optional[str] = ..., etag: _Optional[str] = ...) -> None: ...

class DeleteExclusionZoneResponse(_message.Message):
    __slots__ = ("catalog_generation",)
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    catalog_generation: int
    def __init__(self, catalog_generation: _Optional[int] = ...) -> None: ...

class BatchUpsertExclusionZonesRequest(_message.Message):
    __slots__ = ("zones", "partial", "request_id", "repair", "validate_only")
    ZONES_FIELD_NUMBER: _ClassVar[int]
    PARTIAL_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    REPAIR_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    zones: _containers.RepeatedCompositeFieldContainer[ExclusionZone]
    partial: bool
    request_id: str
    repair: bool
    validate_only: bool
    def __init__(self, zones: _Optional[_Iterable[_Union[ExclusionZone, _Mapping]]] = ..., partial: _Optional[bool] = ..., request_id: _Optional[str] = ..., repair: _Optional[bool] = ..., validate_only: _Optional[bool] = ...) -> None: ...

class BatchUpsertExclusionZonesResponse(_message.Message):
    __slots__ = ("accepted_count", "problems", "catalog_generation", "repairs", "silenced")
    ACCEPTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    PROBLEMS_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    REPAIRS_FIELD_NUMBER: _ClassVar[int]
    SILENCED_FIELD_NUMBER: _ClassVar[int]
    accepted_count: int
    problems: _containers.RepeatedCompositeFieldContainer[_resources_pb2.RowProblem]
    catalog_generation: int
    repairs: _containers.RepeatedCompositeFieldContainer[ZoneRepair]
    silenced: SilencedGeofences
    def __init__(self, accepted_count: _Optional[int] = ..., problems: _Optional[_Iterable[_Union[_resources_pb2.RowProblem, _Mapping]]] = ..., catalog_generation: _Optional[int] = ..., repairs: _Optional[_Iterable[_Union[ZoneRepair, _Mapping]]] = ..., silenced: _Optional[_Union[SilencedGeofences, _Mapping]] = ...) -> None: ...

class ZoneRepair(_message.Message):
    __slots__ = ("row", "note")
    ROW_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    row: int
    note: str
    def __init__(self, row: _Optional[int] = ..., note: _Optional[str] = ...) -> None: ...
