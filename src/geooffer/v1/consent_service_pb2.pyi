import datetime

from geooffer.v1 import resources_pb2 as _resources_pb2
from geooffer.v1 import verdicts_pb2 as _verdicts_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RecordConsentRequest(_message.Message):
    __slots__ = ("customer_id", "purposes", "event_time", "notice_version")
    CUSTOMER_ID_FIELD_NUMBER: _ClassVar[int]
    PURPOSES_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    NOTICE_VERSION_FIELD_NUMBER: _ClassVar[int]
    customer_id: str
    purposes: _containers.RepeatedScalarFieldContainer[_verdicts_pb2.Purpose]
    event_time: _timestamp_pb2.Timestamp
    notice_version: str
    def __init__(self, customer_id: _Optional[str] = ..., purposes: _Optional[_Iterable[_Union[_verdicts_pb2.Purpose, str]]] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., notice_version: _Optional[str] = ...) -> None: ...

class RecordConsentResponse(_message.Message):
    __slots__ = ("consents", "catalog_generation")
    CONSENTS_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    consents: _containers.RepeatedCompositeFieldContainer[PurposeConsent]
    catalog_generation: int
    def __init__(self, consents: _Optional[_Iterable[_Union[PurposeConsent, _Mapping]]] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class WithdrawConsentRequest(_message.Message):
    __slots__ = ("customer_id", "purposes", "event_time")
    CUSTOMER_ID_FIELD_NUMBER: _ClassVar[int]
    PURPOSES_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    customer_id: str
    purposes: _containers.RepeatedScalarFieldContainer[_verdicts_pb2.Purpose]
    event_time: _timestamp_pb2.Timestamp
    def __init__(self, customer_id: _Optional[str] = ..., purposes: _Optional[_Iterable[_Union[_verdicts_pb2.Purpose, str]]] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class WithdrawConsentResponse(_message.Message):
    __slots__ = ("consents", "catalog_generation")
    CONSENTS_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    consents: _containers.RepeatedCompositeFieldContainer[PurposeConsent]
    catalog_generation: int
    def __init__(self, consents: _Optional[_Iterable[_Union[PurposeConsent, _Mapping]]] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class GetConsentRequest(_message.Message):
    __slots__ = ("customer_id",)
    CUSTOMER_ID_FIELD_NUMBER: _ClassVar[int]
    customer_id: str
    def __init__(self, customer_id: _Optional[str] = ...) -> None: ...

class GetConsentResponse(_message.Message):
    __slots__ = ("consents", "catalog_generation")
    CONSENTS_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    consents: _containers.RepeatedCompositeFieldContainer[PurposeConsent]
    catalog_generation: int
    def __init__(self, consents: _Optional[_Iterable[_Union[PurposeConsent, _Mapping]]] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class PurposeConsent(_message.Message):
    __slots__ = ("purpose", "granted", "event_time", "notice_version")
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    GRANTED_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    NOTICE_VERSION_FIELD_NUMBER: _ClassVar[int]
    purpose: _verdicts_pb2.Purpose
    granted: bool
    event_time: _timestamp_pb2.Timestamp
    notice_version: str
    def __init__(self, purpose: _Optional[_Union[_verdicts_pb2.Purpose, str]] = ..., granted: _Optional[bool] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., notice_version: _Optional[str] = ...) -> None: ...

class ConsentEvent(_message.Message):
    __slots__ = ("customer_id", "purposes", "granted", "event_time", "notice_version")
    CUSTOMER_ID_FIELD_NUMBER: _ClassVar[int]
    PURPOSES_FIELD_NUMBER: _ClassVar[int]
    GRANTED_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    NOTICE_VERSION_FIELD_NUMBER: _ClassVar[int]
    customer_id: str
    purposes: _containers.RepeatedScalarFieldContainer[_verdicts_pb2.Purpose]
    granted: bool
    event_time: _timestamp_pb2.Timestamp
    notice_version: str
    def __init__(self, customer_id: _Optional[str] = ..., purposes: _Optional[_Iterable[_Union[_verdicts_pb2.Purpose, str]]] = ..., granted: _Optional[bool] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., notice_version: _Optional[str] = ...) -> None: ...

class BatchRecordConsentsRequest(_message.Message):
    __slots__ = ("events",)
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[ConsentEvent]
    def __init__(self, events: _Optional[_Iterable[_Union[ConsentEvent, _Mapping]]] = ...) -> None: ...

class BatchRecordConsentsResponse(_message.Message):
    __slots__ = ("accepted_count", "problems", "catalog_generation")
    ACCEPTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    PROBLEMS_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    accepted_count: int
    problems: _containers.RepeatedCompositeFieldContainer[_resources_pb2.RowProblem]
    catalog_generation: int
    def __init__(self, accepted_count: _Optional[int] = ..., problems: _Optional[_Iterable[_Union[_resources_pb2.RowProblem, _Mapping]]] = ..., catalog_generation: _Optional[int] = ...) -> None: ...
