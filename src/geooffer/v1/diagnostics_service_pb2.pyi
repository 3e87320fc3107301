import datetime

from geooffer.v1 import verdicts_pb2 as _verdicts_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ExplainPingRequest(_message.Message):
    __slots__ = ("device_key", "latitude_e7", "longitude_e7", "accuracy_cm", "ping_time")
    DEVICE_KEY_FIELD_NUMBER: _ClassVar[int]
    LATITUDE_E7_FIELD_NUMBER: _ClassVar[int]
    LONGITUDE_E7_FIELD_NUMBER: _ClassVar[int]
    ACCURACY_CM_FIELD_NUMBER: _ClassVar[int]
    PING_TIME_FIELD_NUMBER: _ClassVar[int]
    device_key: int
    latitude_e7: int
    longitude_e7: int
    accuracy_cm: int
    ping_time: _timestamp_pb2.Timestamp
    def __init__(self, device_key: _Optional[int] = ..., latitude_e7: _Optional[int] = ..., longitude_e7: _Optional[int] = ..., accuracy_cm: _Optional[int] = ..., ping_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

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
    __slots__ = ("geofence_id", "store_id", "covered", "evidence", "verdict", "candidates")
    GEOFENCE_ID_FIELD_NUMBER: _ClassVar[int]
    STORE_ID_FIELD_NUMBER: _ClassVar[int]
    COVERED_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    geofence_id: str
    store_id: str
    covered: bool
    evidence: str
    verdict: _verdicts_pb2.OfferVerdict
    candidates: _containers.RepeatedCompositeFieldContainer[CandidateExplanation]
    def __init__(self, geofence_id: _Optional[str] = ..., store_id: _Optional[str] = ..., covered: _Optional[bool] = ..., evidence: _Optional[str] = ..., verdict: _Optional[_Union[_verdicts_pb2.OfferVerdict, str]] = ..., candidates: _Optional[_Iterable[_Union[CandidateExplanation, _Mapping]]] = ...) -> None: ...

class CandidateExplanation(_message.Message):
    __slots__ = ("offer_id", "verdict", "score", "detail")
    OFFER_ID_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    offer_id: str
    verdict: _verdicts_pb2.OfferVerdict
    score: int
    detail: str
    def __init__(self, offer_id: _Optional[str] = ..., verdict: _Optional[_Union[_verdicts_pb2.OfferVerdict, str]] = ..., score: _Optional[int] = ..., detail: _Optional[str] = ...) -> None: ...

class GetStatisticsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetStatisticsResponse(_message.Message):
    __slots__ = ("ping_verdicts", "offer_verdicts", "transitions", "offer_count", "catalog_generation", "read_time")
    PING_VERDICTS_FIELD_NUMBER: _ClassVar[int]
    OFFER_VERDICTS_FIELD_NUMBER: _ClassVar[int]
    TRANSITIONS_FIELD_NUMBER: _ClassVar[int]
    OFFER_COUNT_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    READ_TIME_FIELD_NUMBER: _ClassVar[int]
    ping_verdicts: _containers.RepeatedCompositeFieldContainer[PingVerdictCount]
    offer_verdicts: _containers.RepeatedCompositeFieldContainer[OfferVerdictCount]
    transitions: _containers.RepeatedCompositeFieldContainer[TransitionCount]
    offer_count: int
    catalog_generation: int
    read_time: _timestamp_pb2.Timestamp
    def __init__(self, ping_verdicts: _Optional[_Iterable[_Union[PingVerdictCount, _Mapping]]] = ..., offer_verdicts: _Optional[_Iterable[_Union[OfferVerdictCount, _Mapping]]] = ..., transitions: _Optional[_Iterable[_Union[TransitionCount, _Mapping]]] = ..., offer_count: _Optional[int] = ..., catalog_generation: _Optional[int] = ..., read_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

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
