import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Place(_message.Message):
    __slots__ = ("latitude_e7", "longitude_e7")
    LATITUDE_E7_FIELD_NUMBER: _ClassVar[int]
    LONGITUDE_E7_FIELD_NUMBER: _ClassVar[int]
    latitude_e7: int
    longitude_e7: int
    def __init__(self, latitude_e7: _Optional[int] = ..., longitude_e7: _Optional[int] = ...) -> None: ...

class NearbyStore(_message.Message):
    __slots__ = ("store_id", "store_name", "place", "distance_m", "is_open", "in_stock_as_of_time")
    STORE_ID_FIELD_NUMBER: _ClassVar[int]
    STORE_NAME_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    DISTANCE_M_FIELD_NUMBER: _ClassVar[int]
    IS_OPEN_FIELD_NUMBER: _ClassVar[int]
    IN_STOCK_AS_OF_TIME_FIELD_NUMBER: _ClassVar[int]
    store_id: str
    store_name: str
    place: Place
    distance_m: int
    is_open: bool
    in_stock_as_of_time: _timestamp_pb2.Timestamp
    def __init__(self, store_id: _Optional[str] = ..., store_name: _Optional[str] = ..., place: _Optional[_Union[Place, _Mapping]] = ..., distance_m: _Optional[int] = ..., is_open: _Optional[bool] = ..., in_stock_as_of_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
