import datetime

from geooffer.v1 import kinds_pb2 as _kinds_pb2
from geooffer.v1 import resources_pb2 as _resources_pb2
from geooffer.v1 import store_service_pb2 as _store_service_pb2
from geooffer.v1 import verdicts_pb2 as _verdicts_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ExplainPingRequest(_message.Message):
    __slots__ = ("device_key", "latitude_e7", "longitude_e7", "accuracy_cm", "ping_time", "speed_cm_per_s")
    DEVICE_KEY_FIELD_NUMBER: _ClassVar[int]
    LATITUDE_E7_FIELD_NUMBER: _ClassVar[int]
    LONGITUDE_E7_FIELD_NUMBER: _ClassVar[int]
    ACCURACY_CM_FIELD_NUMBER: _ClassVar[int]
    PING_TIME_FIELD_NUMBER: _ClassVar[int]
    SPEED_CM_PER_S_FIELD_NUMBER: _ClassVar[int]
    device_key: int
    latitude_e7: int
    longitude_e7: int
    accuracy_cm: int
    ping_time: _timestamp_pb2.Timestamp
    speed_cm_per_s: int
    def __init__(self, device_key: _Optional[int] = ..., latitude_e7: _Optional[int] = ..., longitude_e7: _Optional[int] = ..., accuracy_cm: _Optional[int] = ..., ping_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., speed_cm_per_s: _Optional[int] = ...) -> None: ...

class ExplainPingResponse(_message.Message):
    __slots__ = ("ping_verdict", "fences", "catalog_generation", "policy_version", "ping_time")
    PING_VERDICT_FIELD_NUMBER: _ClassVar[int]
    FENCES_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    POLICY_VERSION_FIELD_NUMBER: _ClassVar[int]
    PING_TIME_FIELD_NUMBER: _ClassVar[int]
    ping_verdict: _verdicts_pb2.PingVerdict
    fences: _containers.RepeatedCompositeFieldContainer[FenceExplanation]
    catalog_generation: int
    policy_version: int
    ping_time: _timestamp_pb2.Timestamp
    def __init__(self, ping_verdict: _Optional[_Union[_verdicts_pb2.PingVerdict, str]] = ..., fences: _Optional[_Iterable[_Union[FenceExplanation, _Mapping]]] = ..., catalog_generation: _Optional[int] = ..., policy_version: _Optional[int] = ..., ping_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class FenceExplanation(_message.Message):
    __slots__ = ("geofence_id", "store_id", "covered", "evidence", "verdict", "candidates", "closures", "offer_id", "store_detail")
    GEOFENCE_ID_FIELD_NUMBER: _ClassVar[int]
    STORE_ID_FIELD_NUMBER: _ClassVar[int]
    COVERED_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    CLOSURES_FIELD_NUMBER: _ClassVar[int]
    OFFER_ID_FIELD_NUMBER: _ClassVar[int]
    STORE_DETAIL_FIELD_NUMBER: _ClassVar[int]
    geofence_id: str
    store_id: str
    covered: bool
    evidence: str
    verdict: _verdicts_pb2.OfferVerdict
    candidates: _containers.RepeatedCompositeFieldContainer[CandidateExplanation]
    closures: _containers.RepeatedCompositeFieldContainer[_store_service_pb2.Closure]
    offer_id: str
    store_detail: str
    def __init__(self, geofence_id: _Optional[str] = ..., store_id: _Optional[str] = ..., covered: _Optional[bool] = ..., evidence: _Optional[str] = ..., verdict: _Optional[_Union[_verdicts_pb2.OfferVerdict, str]] = ..., candidates: _Optional[_Iterable[_Union[CandidateExplanation, _Mapping]]] = ..., closures: _Optional[_Iterable[_Union[_store_service_pb2.Closure, _Mapping]]] = ..., offer_id: _Optional[str] = ..., store_detail: _Optional[str] = ...) -> None: ...

class CandidateExplanation(_message.Message):
    __slots__ = ("offer_id", "verdict", "score", "detail", "factors", "fulfilment", "supply_store_id", "reason_kind")
    OFFER_ID_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    FACTORS_FIELD_NUMBER: _ClassVar[int]
    FULFILMENT_FIELD_NUMBER: _ClassVar[int]
    SUPPLY_STORE_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_KIND_FIELD_NUMBER: _ClassVar[int]
    offer_id: str
    verdict: _verdicts_pb2.OfferVerdict
    score: int
    detail: str
    factors: _containers.RepeatedCompositeFieldContainer[FactorPoints]
    fulfilment: _kinds_pb2.Fulfilment
    supply_store_id: str
    reason_kind: _verdicts_pb2.TouchpointKind
    def __init__(self, offer_id: _Optional[str] = ..., verdict: _Optional[_Union[_verdicts_pb2.OfferVerdict, str]] = ..., score: _Optional[int] = ..., detail: _Optional[str] = ..., factors: _Optional[_Iterable[_Union[FactorPoints, _Mapping]]] = ..., fulfilment: _Optional[_Union[_kinds_pb2.Fulfilment, str]] = ..., supply_store_id: _Optional[str] = ..., reason_kind: _Optional[_Union[_verdicts_pb2.TouchpointKind, str]] = ...) -> None: ...

class FactorPoints(_message.Message):
    __slots__ = ("factor", "points")
    FACTOR_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    factor: str
    points: int
    def __init__(self, factor: _Optional[str] = ..., points: _Optional[int] = ...) -> None: ...

class GetDecisionRequest(_message.Message):
    __slots__ = ("decision_id",)
    DECISION_ID_FIELD_NUMBER: _ClassVar[int]
    decision_id: str
    def __init__(self, decision_id: _Optional[str] = ...) -> None: ...

class GetDecisionResponse(_message.Message):
    __slots__ = ("decision",)
    DECISION_FIELD_NUMBER: _ClassVar[int]
    decision: Decision
    def __init__(self, decision: _Optional[_Union[Decision, _Mapping]] = ...) -> None: ...

class Decision(_message.Message):
    __slots__ = ("decision_id", "customer_id", "decided_time", "store_id", "supply_store_id", "offer_id", "product_id", "category_id", "campaign_id", "size", "price_minor", "previous_price_minor", "score", "factors", "reason_kind", "fulfilment", "channel", "is_shadow", "outcomes", "catalog_generation", "policy_version")
    DECISION_ID_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_ID_FIELD_NUMBER: _ClassVar[int]
    DECIDED_TIME_FIELD_NUMBER: _ClassVar[int]
    STORE_ID_FIELD_NUMBER: _ClassVar[int]
    SUPPLY_STORE_ID_FIELD_NUMBER: _ClassVar[int]
    OFFER_ID_FIELD_NUMBER: _ClassVar[int]
    PRODUCT_ID_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_ID_FIELD_NUMBER: _ClassVar[int]
    CAMPAIGN_ID_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    PRICE_MINOR_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_PRICE_MINOR_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    FACTORS_FIELD_NUMBER: _ClassVar[int]
    REASON_KIND_FIELD_NUMBER: _ClassVar[int]
    FULFILMENT_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    IS_SHADOW_FIELD_NUMBER: _ClassVar[int]
    OUTCOMES_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    POLICY_VERSION_FIELD_NUMBER: _ClassVar[int]
    decision_id: str
    customer_id: str
    decided_time: _timestamp_pb2.Timestamp
    store_id: str
    supply_store_id: str
    offer_id: str
    product_id: str
    category_id: str
    campaign_id: str
    size: _resources_pb2.Size
    price_minor: int
    previous_price_minor: int
    score: int
    factors: _containers.RepeatedCompositeFieldContainer[FactorPoints]
    reason_kind: _verdicts_pb2.TouchpointKind
    fulfilment: _kinds_pb2.Fulfilment
    channel: _kinds_pb2.Channel
    is_shadow: bool
    outcomes: _containers.RepeatedCompositeFieldContainer[Outcome]
    catalog_generation: int
    policy_version: int
    def __init__(self, decision_id: _Optional[str] = ..., customer_id: _Optional[str] = ..., decided_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., store_id: _Optional[str] = ..., supply_store_id: _Optional[str] = ..., offer_id: _Optional[str] = ..., product_id: _Optional[str] = ..., category_id: _Optional[str] = ..., campaign_id: _Optional[str] = ..., size: _Optional[_Union[_resources_pb2.Size, _Mapping]] = ..., price_minor: _Optional[int] = ..., previous_price_minor: _Optional[int] = ..., score: _Optional[int] = ..., factors: _Optional[_Iterable[_Union[FactorPoints, _Mapping]]] = ..., reason_kind: _Optional[_Union[_verdicts_pb2.TouchpointKind, str]] = ..., fulfilment: _Optional[_Union[_kinds_pb2.Fulfilment, str]] = ..., channel: _Optional[_Union[_kinds_pb2.Channel, str]] = ..., is_shadow: _Optional[bool] = ..., outcomes: _Optional[_Iterable[_Union[Outcome, _Mapping]]] = ..., catalog_generation: _Optional[int] = ..., policy_version: _Optional[int] = ...) -> None: ...

class Outcome(_message.Message):
    __slots__ = ("kind", "event_time")
    KIND_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    kind: _kinds_pb2.OutcomeKind
    event_time: _timestamp_pb2.Timestamp
    def __init__(self, kind: _Optional[_Union[_kinds_pb2.OutcomeKind, str]] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListRecentTriesRequest(_message.Message):
    __slots__ = ("customer_id",)
    CUSTOMER_ID_FIELD_NUMBER: _ClassVar[int]
    customer_id: str
    def __init__(self, customer_id: _Optional[str] = ...) -> None: ...

class ListRecentTriesResponse(_message.Message):
    __slots__ = ("tries",)
    TRIES_FIELD_NUMBER: _ClassVar[int]
    tries: _containers.RepeatedCompositeFieldContainer[RecentTry]
    def __init__(self, tries: _Optional[_Iterable[_Union[RecentTry, _Mapping]]] = ...) -> None: ...

class RecentTry(_message.Message):
    __slots__ = ("try_time", "store_id", "offer_id", "verdict")
    TRY_TIME_FIELD_NUMBER: _ClassVar[int]
    STORE_ID_FIELD_NUMBER: _ClassVar[int]
    OFFER_ID_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    try_time: _timestamp_pb2.Timestamp
    store_id: str
    offer_id: str
    verdict: _verdicts_pb2.OfferVerdict
    def __init__(self, try_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., store_id: _Optional[str] = ..., offer_id: _Optional[str] = ..., verdict: _Optional[_Union[_verdicts_pb2.OfferVerdict, str]] = ...) -> None: ...

class GetStatisticsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetStatisticsResponse(_message.Message):
    __slots__ = ("ping_verdicts", "offer_verdicts", "transitions", "offer_count", "catalog_generation", "read_time", "outcomes")
    PING_VERDICTS_FIELD_NUMBER: _ClassVar[int]
    OFFER_VERDICTS_FIELD_NUMBER: _ClassVar[int]
    TRANSITIONS_FIELD_NUMBER: _ClassVar[int]
    OFFER_COUNT_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    READ_TIME_FIELD_NUMBER: _ClassVar[int]
    OUTCOMES_FIELD_NUMBER: _ClassVar[int]
    ping_verdicts: _containers.RepeatedCompositeFieldContainer[PingVerdictCount]
    offer_verdicts: _containers.RepeatedCompositeFieldContainer[OfferVerdictCount]
    transitions: _containers.RepeatedCompositeFieldContainer[TransitionCount]
    offer_count: int
    catalog_generation: int
    read_time: _timestamp_pb2.Timestamp
    outcomes: _containers.RepeatedCompositeFieldContainer[OutcomeCount]
    def __init__(self, ping_verdicts: _Optional[_Iterable[_Union[PingVerdictCount, _Mapping]]] = ..., offer_verdicts: _Optional[_Iterable[_Union[OfferVerdictCount, _Mapping]]] = ..., transitions: _Optional[_Iterable[_Union[TransitionCount, _Mapping]]] = ..., offer_count: _Optional[int] = ..., catalog_generation: _Optional[int] = ..., read_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., outcomes: _Optional[_Iterable[_Union[OutcomeCount, _Mapping]]] = ...) -> None: ...

class PingVerdictCount(_message.Message):
    __slots__ = ("verdict", "ping_count")
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    PING_COUNT_FIELD_NUMBER: _ClassVar[int]
    verdict: _verdicts_pb2.PingVerdict
    ping_count: int
    def __init__(self, verdict: _Optional[_Union[_verdicts_pb2.PingVerdict, str]] = ..., ping_count: _Optional[int] = ...) -> None: ...

class OfferVerdictCount(_message.Message):
    __slots__ = ("verdict", "try_count")
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    TRY_COUNT_FIELD_NUMBER: _ClassVar[int]
    verdict: _verdicts_pb2.OfferVerdict
    try_count: int
    def __init__(self, verdict: _Optional[_Union[_verdicts_pb2.OfferVerdict, str]] = ..., try_count: _Optional[int] = ...) -> None: ...

class TransitionCount(_message.Message):
    __slots__ = ("kind", "transition_count")
    KIND_FIELD_NUMBER: _ClassVar[int]
    TRANSITION_COUNT_FIELD_NUMBER: _ClassVar[int]
    kind: _verdicts_pb2.TransitionKind
    transition_count: int
    def __init__(self, kind: _Optional[_Union[_verdicts_pb2.TransitionKind, str]] = ..., transition_count: _Optional[int] = ...) -> None: ...

class OutcomeCount(_message.Message):
    __slots__ = ("kind", "decision_count")
    KIND_FIELD_NUMBER: _ClassVar[int]
    DECISION_COUNT_FIELD_NUMBER: _ClassVar[int]
    kind: _kinds_pb2.OutcomeKind
    decision_count: int
    def __init__(self, kind: _Optional[_Union[_kinds_pb2.OutcomeKind, str]] = ..., decision_count: _Optional[int] = ...) -> None: ...
