import datetime

from geooffer.v1 import resources_pb2 as _resources_pb2
from geooffer.v1 import verdicts_pb2 as _verdicts_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ConsentMethod(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CONSENT_METHOD_UNSPECIFIED: _ClassVar[ConsentMethod]
    CONSENT_METHOD_APP: _ClassVar[ConsentMethod]
    CONSENT_METHOD_WEB: _ClassVar[ConsentMethod]
    CONSENT_METHOD_IN_STORE: _ClassVar[ConsentMethod]
    CONSENT_METHOD_PHONE: _ClassVar[ConsentMethod]
    CONSENT_METHOD_PAPER: _ClassVar[ConsentMethod]
    CONSENT_METHOD_CONSENT_TOOL: _ClassVar[ConsentMethod]
    CONSENT_METHOD_OWN_DEVICE: _ClassVar[ConsentMethod]
CONSENT_METHOD_UNSPECIFIED: ConsentMethod
CONSENT_METHOD_APP: ConsentMethod
CONSENT_METHOD_WEB: ConsentMethod
CONSENT_METHOD_IN_STORE: ConsentMethod
CONSENT_METHOD_PHONE: ConsentMethod
CONSENT_METHOD_PAPER: ConsentMethod
CONSENT_METHOD_CONSENT_TOOL: ConsentMethod
CONSENT_METHOD_OWN_DEVICE: ConsentMethod

class RecordConsentRequest(_message.Message):
    __slots__ = ("customer_id", "purposes", "event_time", "notice_version", "language_code", "notice_hash", "method", "valid_until_time")
    CUSTOMER_ID_FIELD_NUMBER: _ClassVar[int]
    PURPOSES_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    NOTICE_VERSION_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_CODE_FIELD_NUMBER: _ClassVar[int]
    NOTICE_HASH_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_TIME_FIELD_NUMBER: _ClassVar[int]
    customer_id: str
    purposes: _containers.RepeatedScalarFieldContainer[_verdicts_pb2.Purpose]
    event_time: _timestamp_pb2.Timestamp
    notice_version: str
    language_code: str
    notice_hash: bytes
    method: ConsentMethod
    valid_until_time: _timestamp_pb2.Timestamp
    def __init__(self, customer_id: _Optional[str] = ..., purposes: _Optional[_Iterable[_Union[_verdicts_pb2.Purpose, str]]] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., notice_version: _Optional[str] = ..., language_code: _Optional[str] = ..., notice_hash: _Optional[bytes] = ..., method: _Optional[_Union[ConsentMethod, str]] = ..., valid_until_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class RecordConsentResponse(_message.Message):
    __slots__ = ("consents", "catalog_generation")
    CONSENTS_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    consents: _containers.RepeatedCompositeFieldContainer[PurposeConsent]
    catalog_generation: int
    def __init__(self, consents: _Optional[_Iterable[_Union[PurposeConsent, _Mapping]]] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class WithdrawConsentRequest(_message.Message):
    __slots__ = ("customer_id", "purposes", "event_time", "method")
    CUSTOMER_ID_FIELD_NUMBER: _ClassVar[int]
    PURPOSES_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    customer_id: str
    purposes: _containers.RepeatedScalarFieldContainer[_verdicts_pb2.Purpose]
    event_time: _timestamp_pb2.Timestamp
    method: ConsentMethod
    def __init__(self, customer_id: _Optional[str] = ..., purposes: _Optional[_Iterable[_Union[_verdicts_pb2.Purpose, str]]] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., method: _Optional[_Union[ConsentMethod, str]] = ...) -> None: ...

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
    __slots__ = ("purpose", "granted", "event_time", "notice_version", "is_in_force", "valid_until_time")
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    GRANTED_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    NOTICE_VERSION_FIELD_NUMBER: _ClassVar[int]
    IS_IN_FORCE_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_TIME_FIELD_NUMBER: _ClassVar[int]
    purpose: _verdicts_pb2.Purpose
    granted: bool
    event_time: _timestamp_pb2.Timestamp
    notice_version: str
    is_in_force: bool
    valid_until_time: _timestamp_pb2.Timestamp
    def __init__(self, purpose: _Optional[_Union[_verdicts_pb2.Purpose, str]] = ..., granted: _Optional[bool] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., notice_version: _Optional[str] = ..., is_in_force: _Optional[bool] = ..., valid_until_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ConsentEvent(_message.Message):
    __slots__ = ("customer_id", "purposes", "granted", "event_time", "notice_version", "language_code", "notice_hash", "method", "valid_until_time")
    CUSTOMER_ID_FIELD_NUMBER: _ClassVar[int]
    PURPOSES_FIELD_NUMBER: _ClassVar[int]
    GRANTED_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    NOTICE_VERSION_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_CODE_FIELD_NUMBER: _ClassVar[int]
    NOTICE_HASH_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_TIME_FIELD_NUMBER: _ClassVar[int]
    customer_id: str
    purposes: _containers.RepeatedScalarFieldContainer[_verdicts_pb2.Purpose]
    granted: bool
    event_time: _timestamp_pb2.Timestamp
    notice_version: str
    language_code: str
    notice_hash: bytes
    method: ConsentMethod
    valid_until_time: _timestamp_pb2.Timestamp
    def __init__(self, customer_id: _Optional[str] = ..., purposes: _Optional[_Iterable[_Union[_verdicts_pb2.Purpose, str]]] = ..., granted: _Optional[bool] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., notice_version: _Optional[str] = ..., language_code: _Optional[str] = ..., notice_hash: _Optional[bytes] = ..., method: _Optional[_Union[ConsentMethod, str]] = ..., valid_until_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

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

class Notice(_message.Message):
    __slots__ = ("notice_version", "effective_time", "purposes", "texts", "controller", "recipients", "withdrawal_method", "retention_reference", "validity_days")
    NOTICE_VERSION_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_TIME_FIELD_NUMBER: _ClassVar[int]
    PURPOSES_FIELD_NUMBER: _ClassVar[int]
    TEXTS_FIELD_NUMBER: _ClassVar[int]
    CONTROLLER_FIELD_NUMBER: _ClassVar[int]
    RECIPIENTS_FIELD_NUMBER: _ClassVar[int]
    WITHDRAWAL_METHOD_FIELD_NUMBER: _ClassVar[int]
    RETENTION_REFERENCE_FIELD_NUMBER: _ClassVar[int]
    VALIDITY_DAYS_FIELD_NUMBER: _ClassVar[int]
    notice_version: str
    effective_time: _timestamp_pb2.Timestamp
    purposes: _containers.RepeatedScalarFieldContainer[_verdicts_pb2.Purpose]
    texts: _containers.RepeatedCompositeFieldContainer[NoticeText]
    controller: str
    recipients: _containers.RepeatedScalarFieldContainer[str]
    withdrawal_method: str
    retention_reference: str
    validity_days: int
    def __init__(self, notice_version: _Optional[str] = ..., effective_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., purposes: _Optional[_Iterable[_Union[_verdicts_pb2.Purpose, str]]] = ..., texts: _Optional[_Iterable[_Union[NoticeText, _Mapping]]] = ..., controller: _Optional[str] = ..., recipients: _Optional[_Iterable[str]] = ..., withdrawal_method: _Optional[str] = ..., retention_reference: _Optional[str] = ..., validity_days: _Optional[int] = ...) -> None: ...

class NoticeText(_message.Message):
    __slots__ = ("language_code", "text_hash")
    LANGUAGE_CODE_FIELD_NUMBER: _ClassVar[int]
    TEXT_HASH_FIELD_NUMBER: _ClassVar[int]
    language_code: str
    text_hash: bytes
    def __init__(self, language_code: _Optional[str] = ..., text_hash: _Optional[bytes] = ...) -> None: ...

class BatchRegisterNoticesRequest(_message.Message):
    __slots__ = ("notices", "partial")
    NOTICES_FIELD_NUMBER: _ClassVar[int]
    PARTIAL_FIELD_NUMBER: _ClassVar[int]
    notices: _containers.RepeatedCompositeFieldContainer[Notice]
    partial: bool
    def __init__(self, notices: _Optional[_Iterable[_Union[Notice, _Mapping]]] = ..., partial: _Optional[bool] = ...) -> None: ...

class BatchRegisterNoticesResponse(_message.Message):
    __slots__ = ("accepted_count", "problems", "catalog_generation")
    ACCEPTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    PROBLEMS_FIELD_NUMBER: _ClassVar[int]
    CATALOG_GENERATION_FIELD_NUMBER: _ClassVar[int]
    accepted_count: int
    problems: _containers.RepeatedCompositeFieldContainer[_resources_pb2.RowProblem]
    catalog_generation: int
    def __init__(self, accepted_count: _Optional[int] = ..., problems: _Optional[_Iterable[_Union[_resources_pb2.RowProblem, _Mapping]]] = ..., catalog_generation: _Optional[int] = ...) -> None: ...

class ListNoticesRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListNoticesResponse(_message.Message):
    __slots__ = ("notices", "next_page_token")
    NOTICES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    notices: _containers.RepeatedCompositeFieldContainer[Notice]
    next_page_token: str
    def __init__(self, notices: _Optional[_Iterable[_Union[Notice, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetConsentHistoryRequest(_message.Message):
    __slots__ = ("customer_id",)
    CUSTOMER_ID_FIELD_NUMBER: _ClassVar[int]
    customer_id: str
    def __init__(self, customer_id: _Optional[str] = ...) -> None: ...

class GetConsentHistoryResponse(_message.Message):
    __slots__ = ("events", "complete_from_time", "location_snoozed_until_time")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    COMPLETE_FROM_TIME_FIELD_NUMBER: _ClassVar[int]
    LOCATION_SNOOZED_UNTIL_TIME_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[HeldConsent]
    complete_from_time: _timestamp_pb2.Timestamp
    location_snoozed_until_time: _timestamp_pb2.Timestamp
    def __init__(self, events: _Optional[_Iterable[_Union[HeldConsent, _Mapping]]] = ..., complete_from_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., location_snoozed_until_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class HeldConsent(_message.Message):
    __slots__ = ("event_id", "event", "record_time", "latest_of_purposes")
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    RECORD_TIME_FIELD_NUMBER: _ClassVar[int]
    LATEST_OF_PURPOSES_FIELD_NUMBER: _ClassVar[int]
    event_id: str
    event: ConsentEvent
    record_time: _timestamp_pb2.Timestamp
    latest_of_purposes: _containers.RepeatedScalarFieldContainer[_verdicts_pb2.Purpose]
    def __init__(self, event_id: _Optional[str] = ..., event: _Optional[_Union[ConsentEvent, _Mapping]] = ..., record_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., latest_of_purposes: _Optional[_Iterable[_Union[_verdicts_pb2.Purpose, str]]] = ...) -> None: ...

class GetAllowanceRequest(_message.Message):
    __slots__ = ("customer_id", "purpose", "at_time")
    CUSTOMER_ID_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    AT_TIME_FIELD_NUMBER: _ClassVar[int]
    customer_id: str
    purpose: _verdicts_pb2.Purpose
    at_time: _timestamp_pb2.Timestamp
    def __init__(self, customer_id: _Optional[str] = ..., purpose: _Optional[_Union[_verdicts_pb2.Purpose, str]] = ..., at_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetAllowanceResponse(_message.Message):
    __slots__ = ("allowed", "was_known", "is_complete", "event")
    ALLOWED_FIELD_NUMBER: _ClassVar[int]
    WAS_KNOWN_FIELD_NUMBER: _ClassVar[int]
    IS_COMPLETE_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    allowed: bool
    was_known: bool
    is_complete: bool
    event: HeldConsent
    def __init__(self, allowed: _Optional[bool] = ..., was_known: _Optional[bool] = ..., is_complete: _Optional[bool] = ..., event: _Optional[_Union[HeldConsent, _Mapping]] = ...) -> None: ...

class GetConsentReceiptRequest(_message.Message):
    __slots__ = ("customer_id", "event_id")
    CUSTOMER_ID_FIELD_NUMBER: _ClassVar[int]
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    customer_id: str
    event_id: str
    def __init__(self, customer_id: _Optional[str] = ..., event_id: _Optional[str] = ...) -> None: ...

class GetConsentReceiptResponse(_message.Message):
    __slots__ = ("receipt_json",)
    RECEIPT_JSON_FIELD_NUMBER: _ClassVar[int]
    receipt_json: str
    def __init__(self, receipt_json: _Optional[str] = ...) -> None: ...
