import datetime

from geooffer.v1 import kinds_pb2 as _kinds_pb2
from geooffer.v1 import places_pb2 as _places_pb2
from geooffer.v1 import resources_pb2 as _resources_pb2
from geooffer.v1 import verdicts_pb2 as _verdicts_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class OutcomeReport(_message.Message):
    __slots__ = ("decision_id", "kind", "event_time", "device_key")
    DECISION_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    DEVICE_KEY_FIELD_NUMBER: _ClassVar[int]
    decision_id: str
    kind: _kinds_pb2.OutcomeKind
    event_time: _timestamp_pb2.Timestamp
    device_key: int
    def __init__(self, decision_id: _Optional[str] = ..., kind: _Optional[_Union[_kinds_pb2.OutcomeKind, str]] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., device_key: _Optional[int] = ...) -> None: ...

class ReportOutcomesRequest(_message.Message):
    __slots__ = ("outcomes",)
    OUTCOMES_FIELD_NUMBER: _ClassVar[int]
    outcomes: _containers.RepeatedCompositeFieldContainer[OutcomeReport]
    def __init__(self, outcomes: _Optional[_Iterable[_Union[OutcomeReport, _Mapping]]] = ...) -> None: ...

class ReportOutcomesResponse(_message.Message):
    __slots__ = ("accepted_count", "problems")
    ACCEPTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    PROBLEMS_FIELD_NUMBER: _ClassVar[int]
    accepted_count: int
    problems: _containers.RepeatedCompositeFieldContainer[_resources_pb2.RowProblem]
    def __init__(self, accepted_count: _Optional[int] = ..., problems: _Optional[_Iterable[_Union[_resources_pb2.RowProblem, _Mapping]]] = ...) -> None: ...

class FindNearbyStockRequest(_message.Message):
    __slots__ = ("product_id", "size", "place", "limit_count")
    PRODUCT_ID_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_COUNT_FIELD_NUMBER: _ClassVar[int]
    product_id: str
    size: _resources_pb2.Size
    place: _places_pb2.Place
    limit_count: int
    def __init__(self, product_id: _Optional[str] = ..., size: _Optional[_Union[_resources_pb2.Size, _Mapping]] = ..., place: _Optional[_Union[_places_pb2.Place, _Mapping]] = ..., limit_count: _Optional[int] = ...) -> None: ...

class FindNearbyStockResponse(_message.Message):
    __slots__ = ("stores",)
    STORES_FIELD_NUMBER: _ClassVar[int]
    stores: _containers.RepeatedCompositeFieldContainer[_places_pb2.NearbyStore]
    def __init__(self, stores: _Optional[_Iterable[_Union[_places_pb2.NearbyStore, _Mapping]]] = ...) -> None: ...

class ListWakeRegionsRequest(_message.Message):
    __slots__ = ("place", "region_count_max", "device_key")
    PLACE_FIELD_NUMBER: _ClassVar[int]
    REGION_COUNT_MAX_FIELD_NUMBER: _ClassVar[int]
    DEVICE_KEY_FIELD_NUMBER: _ClassVar[int]
    place: _places_pb2.Place
    region_count_max: int
    device_key: int
    def __init__(self, place: _Optional[_Union[_places_pb2.Place, _Mapping]] = ..., region_count_max: _Optional[int] = ..., device_key: _Optional[int] = ...) -> None: ...

class WakeRegion(_message.Message):
    __slots__ = ("centre", "radius_m")
    CENTRE_FIELD_NUMBER: _ClassVar[int]
    RADIUS_M_FIELD_NUMBER: _ClassVar[int]
    centre: _places_pb2.Place
    radius_m: int
    def __init__(self, centre: _Optional[_Union[_places_pb2.Place, _Mapping]] = ..., radius_m: _Optional[int] = ...) -> None: ...

class ListWakeRegionsResponse(_message.Message):
    __slots__ = ("regions", "validity_radius_m", "catalog_generation", "location_wanted", "fences_generation")
    REGIONS_FIELD_NUMBER: _ClassVar[int]
    VALIDITY_RADIUS_M_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    LOCATION_WANTED_FIELD_NUMBER: _ClassVar[int]
    FENCES_GENERATION_FIELD_NUMBER: _ClassVar[int]
    regions: _containers.RepeatedCompositeFieldContainer[WakeRegion]
    validity_radius_m: int
    catalog_generation: int
    location_wanted: bool
    fences_generation: int
    def __init__(self, regions: _Optional[_Iterable[_Union[WakeRegion, _Mapping]]] = ..., validity_radius_m: _Optional[int] = ..., catalog_generation: _Optional[int] = ..., location_wanted: _Optional[bool] = ..., fences_generation: _Optional[int] = ...) -> None: ...

class WithdrawOwnConsentRequest(_message.Message):
    __slots__ = ("purposes", "device_key", "request_id")
    PURPOSES_FIELD_NUMBER: _ClassVar[int]
    DEVICE_KEY_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    purposes: _containers.RepeatedScalarFieldContainer[_verdicts_pb2.Purpose]
    device_key: int
    request_id: str
    def __init__(self, purposes: _Optional[_Iterable[_Union[_verdicts_pb2.Purpose, str]]] = ..., device_key: _Optional[int] = ..., request_id: _Optional[str] = ...) -> None: ...

class WithdrawOwnConsentResponse(_message.Message):
    __slots__ = ("location_wanted",)
    LOCATION_WANTED_FIELD_NUMBER: _ClassVar[int]
    location_wanted: bool
    def __init__(self, location_wanted: _Optional[bool] = ...) -> None: ...

class SnoozeLocationRequest(_message.Message):
    __slots__ = ("until_time", "device_key", "request_id")
    UNTIL_TIME_FIELD_NUMBER: _ClassVar[int]
    DEVICE_KEY_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    until_time: _timestamp_pb2.Timestamp
    device_key: int
    request_id: str
    def __init__(self, until_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., device_key: _Optional[int] = ..., request_id: _Optional[str] = ...) -> None: ...

class SnoozeLocationResponse(_message.Message):
    __slots__ = ("location_wanted",)
    LOCATION_WANTED_FIELD_NUMBER: _ClassVar[int]
    location_wanted: bool
    def __init__(self, location_wanted: _Optional[bool] = ...) -> None: ...
