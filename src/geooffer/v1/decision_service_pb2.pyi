import datetime

from geooffer.v1 import kinds_pb2 as _kinds_pb2
from geooffer.v1 import ping_service_pb2 as _ping_service_pb2
from geooffer.v1 import places_pb2 as _places_pb2
from geooffer.v1 import verdicts_pb2 as _verdicts_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DecideRequest(_message.Message):
    __slots__ = ("customer_id", "web_id", "loyalty_id", "product_id", "category_id", "place", "channel", "request_id", "event_time")
    CUSTOMER_ID_FIELD_NUMBER: _ClassVar[int]
    WEB_ID_FIELD_NUMBER: _ClassVar[int]
    LOYALTY_ID_FIELD_NUMBER: _ClassVar[int]
    PRODUCT_ID_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_ID_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    customer_id: str
    web_id: str
    loyalty_id: str
    product_id: str
    category_id: str
    place: _places_pb2.Place
    channel: _kinds_pb2.Channel
    request_id: str
    event_time: _timestamp_pb2.Timestamp
    def __init__(self, customer_id: _Optional[str] = ..., web_id: _Optional[str] = ..., loyalty_id: _Optional[str] = ..., product_id: _Optional[str] = ..., category_id: _Optional[str] = ..., place: _Optional[_Union[_places_pb2.Place, _Mapping]] = ..., channel: _Optional[_Union[_kinds_pb2.Channel, str]] = ..., request_id: _Optional[str] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class DecideResponse(_message.Message):
    __slots__ = ("offer", "verdict", "nearby_stores", "catalog_generation", "policy_version")
    OFFER_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    NEARBY_STORES_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    POLICY_VERSION_FIELD_NUMBER: _ClassVar[int]
    offer: _ping_service_pb2.PersonalOffer
    verdict: _verdicts_pb2.OfferVerdict
    nearby_stores: _containers.RepeatedCompositeFieldContainer[_places_pb2.NearbyStore]
    catalog_generation: int
    policy_version: int
    def __init__(self, offer: _Optional[_Union[_ping_service_pb2.PersonalOffer, _Mapping]] = ..., verdict: _Optional[_Union[_verdicts_pb2.OfferVerdict, str]] = ..., nearby_stores: _Optional[_Iterable[_Union[_places_pb2.NearbyStore, _Mapping]]] = ..., catalog_generation: _Optional[int] = ..., policy_version: _Optional[int] = ...) -> None: ...
