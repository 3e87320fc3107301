import datetime

from geooffer.v1 import kinds_pb2 as _kinds_pb2
from geooffer.v1 import places_pb2 as _places_pb2
from geooffer.v1 import verdicts_pb2 as _verdicts_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PriceKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PRICE_KIND_UNSPECIFIED: _ClassVar[PriceKind]
    PRICE_KIND_GROSS: _ClassVar[PriceKind]
    PRICE_KIND_NET: _ClassVar[PriceKind]
PRICE_KIND_UNSPECIFIED: PriceKind
PRICE_KIND_GROSS: PriceKind
PRICE_KIND_NET: PriceKind

class StreamPingsRequest(_message.Message):
    __slots__ = ("ping", "batch")
    PING_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    ping: Ping
    batch: PingBatch
    def __init__(self, ping: _Optional[_Union[Ping, _Mapping]] = ..., batch: _Optional[_Union[PingBatch, _Mapping]] = ...) -> None: ...

class IngestPingsRequest(_message.Message):
    __slots__ = ("ping", "batch")
    PING_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    ping: Ping
    batch: PingBatch
    def __init__(self, ping: _Optional[_Union[Ping, _Mapping]] = ..., batch: _Optional[_Union[PingBatch, _Mapping]] = ...) -> None: ...

class Ping(_message.Message):
    __slots__ = ("sequence", "session_id", "latitude_e7", "longitude_e7", "accuracy_cm", "fix_age_millis", "fix_time", "decision_budget_millis", "device_key", "speed_cm_per_s", "wants_next_ping")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    LATITUDE_E7_FIELD_NUMBER: _ClassVar[int]
    LONGITUDE_E7_FIELD_NUMBER: _ClassVar[int]
    ACCURACY_CM_FIELD_NUMBER: _ClassVar[int]
    FIX_AGE_MILLIS_FIELD_NUMBER: _ClassVar[int]
    FIX_TIME_FIELD_NUMBER: _ClassVar[int]
    DECISION_BUDGET_MILLIS_FIELD_NUMBER: _ClassVar[int]
    DEVICE_KEY_FIELD_NUMBER: _ClassVar[int]
    SPEED_CM_PER_S_FIELD_NUMBER: _ClassVar[int]
    WANTS_NEXT_PING_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    session_id: int
    latitude_e7: int
    longitude_e7: int
    accuracy_cm: int
    fix_age_millis: int
    fix_time: _timestamp_pb2.Timestamp
    decision_budget_millis: int
    device_key: int
    speed_cm_per_s: int
    wants_next_ping: bool
    def __init__(self, sequence: _Optional[int] = ..., session_id: _Optional[int] = ..., latitude_e7: _Optional[int] = ..., longitude_e7: _Optional[int] = ..., accuracy_cm: _Optional[int] = ..., fix_age_millis: _Optional[int] = ..., fix_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., decision_budget_millis: _Optional[int] = ..., device_key: _Optional[int] = ..., speed_cm_per_s: _Optional[int] = ..., wants_next_ping: _Optional[bool] = ...) -> None: ...

class PingBatch(_message.Message):
    __slots__ = ("device_keys", "session_ids", "sequences", "latitudes_e7", "longitudes_e7", "accuracies_cm", "fix_ages_millis", "base_time", "fix_offsets_millis", "decision_budget_millis", "speeds_cm_per_s", "wants_next_ping")
    DEVICE_KEYS_FIELD_NUMBER: _ClassVar[int]
    SESSION_IDS_FIELD_NUMBER: _ClassVar[int]
    SEQUENCES_FIELD_NUMBER: _ClassVar[int]
    LATITUDES_E7_FIELD_NUMBER: _ClassVar[int]
    LONGITUDES_E7_FIELD_NUMBER: _ClassVar[int]
    ACCURACIES_CM_FIELD_NUMBER: _ClassVar[int]
    FIX_AGES_MILLIS_FIELD_NUMBER: _ClassVar[int]
    BASE_TIME_FIELD_NUMBER: _ClassVar[int]
    FIX_OFFSETS_MILLIS_FIELD_NUMBER: _ClassVar[int]
    DECISION_BUDGET_MILLIS_FIELD_NUMBER: _ClassVar[int]
    SPEEDS_CM_PER_S_FIELD_NUMBER: _ClassVar[int]
    WANTS_NEXT_PING_FIELD_NUMBER: _ClassVar[int]
    device_keys: _containers.RepeatedScalarFieldContainer[int]
    session_ids: _containers.RepeatedScalarFieldContainer[int]
    sequences: _containers.RepeatedScalarFieldContainer[int]
    latitudes_e7: _containers.RepeatedScalarFieldContainer[int]
    longitudes_e7: _containers.RepeatedScalarFieldContainer[int]
    accuracies_cm: _containers.RepeatedScalarFieldContainer[int]
    fix_ages_millis: _containers.RepeatedScalarFieldContainer[int]
    base_time: _timestamp_pb2.Timestamp
    fix_offsets_millis: _containers.RepeatedScalarFieldContainer[int]
    decision_budget_millis: int
    speeds_cm_per_s: _containers.RepeatedScalarFieldContainer[int]
    wants_next_ping: bool
    def __init__(self, device_keys: _Optional[_Iterable[int]] = ..., session_ids: _Optional[_Iterable[int]] = ..., sequences: _Optional[_Iterable[int]] = ..., latitudes_e7: _Optional[_Iterable[int]] = ..., longitudes_e7: _Optional[_Iterable[int]] = ..., accuracies_cm: _Optional[_Iterable[int]] = ..., fix_ages_millis: _Optional[_Iterable[int]] = ..., base_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., fix_offsets_millis: _Optional[_Iterable[int]] = ..., decision_budget_millis: _Optional[int] = ..., speeds_cm_per_s: _Optional[_Iterable[int]] = ..., wants_next_ping: _Optional[bool] = ...) -> None: ...

class StreamPingsResponse(_message.Message):
    __slots__ = ("answer",)
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    answer: PingAnswer
    def __init__(self, answer: _Optional[_Union[PingAnswer, _Mapping]] = ...) -> None: ...

class IngestPingsResponse(_message.Message):
    __slots__ = ("answer",)
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    answer: PingAnswer
    def __init__(self, answer: _Optional[_Union[PingAnswer, _Mapping]] = ...) -> None: ...

class PingAnswer(_message.Message):
    __slots__ = ("acknowledged_message_sequence", "rejected_rows", "transitions", "tries", "offers", "location_wanted", "catalog_generation", "next_pings")
    ACKNOWLEDGED_MESSAGE_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    REJECTED_ROWS_FIELD_NUMBER: _ClassVar[int]
    TRANSITIONS_FIELD_NUMBER: _ClassVar[int]
    TRIES_FIELD_NUMBER: _ClassVar[int]
    OFFERS_FIELD_NUMBER: _ClassVar[int]
    LOCATION_WANTED_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    NEXT_PINGS_FIELD_NUMBER: _ClassVar[int]
    acknowledged_message_sequence: int
    rejected_rows: _containers.RepeatedCompositeFieldContainer[RejectedRow]
    transitions: _containers.RepeatedCompositeFieldContainer[Transition]
    tries: _containers.RepeatedCompositeFieldContainer[OfferTry]
    offers: _containers.RepeatedCompositeFieldContainer[PersonalOffer]
    location_wanted: bool
    catalog_generation: int
    next_pings: _containers.RepeatedCompositeFieldContainer[NextPing]
    def __init__(self, acknowledged_message_sequence: _Optional[int] = ..., rejected_rows: _Optional[_Iterable[_Union[RejectedRow, _Mapping]]] = ..., transitions: _Optional[_Iterable[_Union[Transition, _Mapping]]] = ..., tries: _Optional[_Iterable[_Union[OfferTry, _Mapping]]] = ..., offers: _Optional[_Iterable[_Union[PersonalOffer, _Mapping]]] = ..., location_wanted: _Optional[bool] = ..., catalog_generation: _Optional[int] = ..., next_pings: _Optional[_Iterable[_Union[NextPing, _Mapping]]] = ...) -> None: ...

class NextPing(_message.Message):
    __slots__ = ("message_sequence", "row", "distance_m", "leave_distance_m", "leave_accuracy_m", "enter_accuracy_m", "dwell_millis", "latest_millis", "earliest_millis", "speed_cm_per_s", "enter_count", "leave_count", "fences_generation", "assumed_accuracy_m")
    MESSAGE_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    ROW_FIELD_NUMBER: _ClassVar[int]
    DISTANCE_M_FIELD_NUMBER: _ClassVar[int]
    LEAVE_DISTANCE_M_FIELD_NUMBER: _ClassVar[int]
    LEAVE_ACCURACY_M_FIELD_NUMBER: _ClassVar[int]
    ENTER_ACCURACY_M_FIELD_NUMBER: _ClassVar[int]
    DWELL_MILLIS_FIELD_NUMBER: _ClassVar[int]
    LATEST_MILLIS_FIELD_NUMBER: _ClassVar[int]
    EARLIEST_MILLIS_FIELD_NUMBER: _ClassVar[int]
    SPEED_CM_PER_S_FIELD_NUMBER: _ClassVar[int]
    ENTER_COUNT_FIELD_NUMBER: _ClassVar[int]
    LEAVE_COUNT_FIELD_NUMBER: _ClassVar[int]
    FENCES_GENERATION_FIELD_NUMBER: _ClassVar[int]
    ASSUMED_ACCURACY_M_FIELD_NUMBER: _ClassVar[int]
    message_sequence: int
    row: int
    distance_m: int
    leave_distance_m: int
    leave_accuracy_m: int
    enter_accuracy_m: int
    dwell_millis: _containers.RepeatedScalarFieldContainer[int]
    latest_millis: int
    earliest_millis: int
    speed_cm_per_s: int
    enter_count: int
    leave_count: int
    fences_generation: int
    assumed_accuracy_m: int
    def __init__(self, message_sequence: _Optional[int] = ..., row: _Optional[int] = ..., distance_m: _Optional[int] = ..., leave_distance_m: _Optional[int] = ..., leave_accuracy_m: _Optional[int] = ..., enter_accuracy_m: _Optional[int] = ..., dwell_millis: _Optional[_Iterable[int]] = ..., latest_millis: _Optional[int] = ..., earliest_millis: _Optional[int] = ..., speed_cm_per_s: _Optional[int] = ..., enter_count: _Optional[int] = ..., leave_count: _Optional[int] = ..., fences_generation: _Optional[int] = ..., assumed_accuracy_m: _Optional[int] = ...) -> None: ...

class RejectedRow(_message.Message):
    __slots__ = ("message_sequence", "row", "verdict")
    MESSAGE_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    ROW_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    message_sequence: int
    row: int
    verdict: _verdicts_pb2.PingVerdict
    def __init__(self, message_sequence: _Optional[int] = ..., row: _Optional[int] = ..., verdict: _Optional[_Union[_verdicts_pb2.PingVerdict, str]] = ...) -> None: ...

class Transition(_message.Message):
    __slots__ = ("kind", "cause", "device_key", "geofence_id", "event_time", "historical", "message_sequence", "row")
    KIND_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    DEVICE_KEY_FIELD_NUMBER: _ClassVar[int]
    GEOFENCE_ID_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    HISTORICAL_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    ROW_FIELD_NUMBER: _ClassVar[int]
    kind: _verdicts_pb2.TransitionKind
    cause: _verdicts_pb2.TransitionCause
    device_key: int
    geofence_id: str
    event_time: _timestamp_pb2.Timestamp
    historical: bool
    message_sequence: int
    row: int
    def __init__(self, kind: _Optional[_Union[_verdicts_pb2.TransitionKind, str]] = ..., cause: _Optional[_Union[_verdicts_pb2.TransitionCause, str]] = ..., device_key: _Optional[int] = ..., geofence_id: _Optional[str] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., historical: _Optional[bool] = ..., message_sequence: _Optional[int] = ..., row: _Optional[int] = ...) -> None: ...

class OfferTry(_message.Message):
    __slots__ = ("message_sequence", "row", "device_key", "geofence_id", "store_id", "verdict", "offer_id")
    MESSAGE_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    ROW_FIELD_NUMBER: _ClassVar[int]
    DEVICE_KEY_FIELD_NUMBER: _ClassVar[int]
    GEOFENCE_ID_FIELD_NUMBER: _ClassVar[int]
    STORE_ID_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    OFFER_ID_FIELD_NUMBER: _ClassVar[int]
    message_sequence: int
    row: int
    device_key: int
    geofence_id: str
    store_id: str
    verdict: _verdicts_pb2.OfferVerdict
    offer_id: str
    def __init__(self, message_sequence: _Optional[int] = ..., row: _Optional[int] = ..., device_key: _Optional[int] = ..., geofence_id: _Optional[str] = ..., store_id: _Optional[str] = ..., verdict: _Optional[_Union[_verdicts_pb2.OfferVerdict, str]] = ..., offer_id: _Optional[str] = ...) -> None: ...

class PersonalOffer(_message.Message):
    __slots__ = ("decision_id", "device_key", "offer_id", "product_id", "store_id", "geofence_id", "title", "size_system", "size_value", "store_name", "price_minor", "previous_price_minor", "currency_code", "valid_until_time", "in_stock_as_of_time", "reason", "catalog_generation", "policy_version", "decided_time", "language_code", "channel", "message_sequence", "row", "fulfilment", "supply_store_id", "supply_store_name", "supply_place", "alternative", "price_kind")
    DECISION_ID_FIELD_NUMBER: _ClassVar[int]
    DEVICE_KEY_FIELD_NUMBER: _ClassVar[int]
    OFFER_ID_FIELD_NUMBER: _ClassVar[int]
    PRODUCT_ID_FIELD_NUMBER: _ClassVar[int]
    STORE_ID_FIELD_NUMBER: _ClassVar[int]
    GEOFENCE_ID_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    SIZE_SYSTEM_FIELD_NUMBER: _ClassVar[int]
    SIZE_VALUE_FIELD_NUMBER: _ClassVar[int]
    STORE_NAME_FIELD_NUMBER: _ClassVar[int]
    PRICE_MINOR_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_PRICE_MINOR_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_CODE_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_TIME_FIELD_NUMBER: _ClassVar[int]
    IN_STOCK_AS_OF_TIME_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    POLICY_VERSION_FIELD_NUMBER: _ClassVar[int]
    DECIDED_TIME_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_CODE_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    ROW_FIELD_NUMBER: _ClassVar[int]
    FULFILMENT_FIELD_NUMBER: _ClassVar[int]
    SUPPLY_STORE_ID_FIELD_NUMBER: _ClassVar[int]
    SUPPLY_STORE_NAME_FIELD_NUMBER: _ClassVar[int]
    SUPPLY_PLACE_FIELD_NUMBER: _ClassVar[int]
    ALTERNATIVE_FIELD_NUMBER: _ClassVar[int]
    PRICE_KIND_FIELD_NUMBER: _ClassVar[int]
    decision_id: str
    device_key: int
    offer_id: str
    product_id: str
    store_id: str
    geofence_id: str
    title: str
    size_system: str
    size_value: str
    store_name: str
    price_minor: int
    previous_price_minor: int
    currency_code: str
    valid_until_time: _timestamp_pb2.Timestamp
    in_stock_as_of_time: _timestamp_pb2.Timestamp
    reason: str
    catalog_generation: int
    policy_version: int
    decided_time: _timestamp_pb2.Timestamp
    language_code: str
    channel: str
    message_sequence: int
    row: int
    fulfilment: _kinds_pb2.Fulfilment
    supply_store_id: str
    supply_store_name: str
    supply_place: _places_pb2.Place
    alternative: str
    price_kind: PriceKind
    def __init__(self, decision_id: _Optional[str] = ..., device_key: _Optional[int] = ..., offer_id: _Optional[str] = ..., product_id: _Optional[str] = ..., store_id: _Optional[str] = ..., geofence_id: _Optional[str] = ..., title: _Optional[str] = ..., size_system: _Optional[str] = ..., size_value: _Optional[str] = ..., store_name: _Optional[str] = ..., price_minor: _Optional[int] = ..., previous_price_minor: _Optional[int] = ..., currency_code: _Optional[str] = ..., valid_until_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., in_stock_as_of_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reason: _Optional[str] = ..., catalog_generation: _Optional[int] = ..., policy_version: _Optional[int] = ..., decided_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., language_code: _Optional[str] = ..., channel: _Optional[str] = ..., message_sequence: _Optional[int] = ..., row: _Optional[int] = ..., fulfilment: _Optional[_Union[_kinds_pb2.Fulfilment, str]] = ..., supply_store_id: _Optional[str] = ..., supply_store_name: _Optional[str] = ..., supply_place: _Optional[_Union[_places_pb2.Place, _Mapping]] = ..., alternative: _Optional[str] = ..., price_kind: _Optional[_Union[PriceKind, str]] = ...) -> None: ...
