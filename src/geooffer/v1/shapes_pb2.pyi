from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Shape(_message.Message):
    __slots__ = ("circle", "polygon")
    CIRCLE_FIELD_NUMBER: _ClassVar[int]
    POLYGON_FIELD_NUMBER: _ClassVar[int]
    circle: Circle
    polygon: Polygon
    def __init__(self, circle: _Optional[_Union[Circle, _Mapping]] = ..., polygon: _Optional[_Union[Polygon, _Mapping]] = ...) -> None: ...

class Circle(_message.Message):
    __slots__ = ("latitude_e7", "longitude_e7", "radius_cm")
    LATITUDE_E7_FIELD_NUMBER: _ClassVar[int]
    LONGITUDE_E7_FIELD_NUMBER: _ClassVar[int]
    RADIUS_CM_FIELD_NUMBER: _ClassVar[int]
    latitude_e7: int
    longitude_e7: int
    radius_cm: int
    def __init__(self, latitude_e7: _Optional[int] = ..., longitude_e7: _Optional[int] = ..., radius_cm: _Optional[int] = ...) -> None: ...

class Polygon(_message.Message):
    __slots__ = ("parts",)
    PARTS_FIELD_NUMBER: _ClassVar[int]
    parts: _containers.RepeatedCompositeFieldContainer[PolygonPart]
    def __init__(self, parts: _Optional[_Iterable[_Union[PolygonPart, _Mapping]]] = ...) -> None: ...

class PolygonPart(_message.Message):
    __slots__ = ("rings",)
    RINGS_FIELD_NUMBER: _ClassVar[int]
    rings: _containers.RepeatedCompositeFieldContainer[Ring]
    def __init__(self, rings: _Optional[_Iterable[_Union[Ring, _Mapping]]] = ...) -> None: ...

class Ring(_message.Message):
    __slots__ = ("latitudes_e7", "longitudes_e7")
    LATITUDES_E7_FIELD_NUMBER: _ClassVar[int]
    LONGITUDES_E7_FIELD_NUMBER: _ClassVar[int]
    latitudes_e7: _containers.RepeatedScalarFieldContainer[int]
    longitudes_e7: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, latitudes_e7: _Optional[_Iterable[int]] = ..., longitudes_e7: _Optional[_Iterable[int]] = ...) -> None: ...
