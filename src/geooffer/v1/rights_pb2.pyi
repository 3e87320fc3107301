import datetime

from geooffer.v1 import verdicts_pb2 as _verdicts_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RightsKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RIGHTS_KIND_UNSPECIFIED: _ClassVar[RightsKind]
    RIGHTS_KIND_EXPORT: _ClassVar[RightsKind]
    RIGHTS_KIND_ERASE: _ClassVar[RightsKind]
    RIGHTS_KIND_RESTRICT: _ClassVar[RightsKind]
    RIGHTS_KIND_OBJECT: _ClassVar[RightsKind]

class RightsState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RIGHTS_STATE_UNSPECIFIED: _ClassVar[RightsState]
    RIGHTS_STATE_OPEN: _ClassVar[RightsState]
    RIGHTS_STATE_ANSWERED: _ClassVar[RightsState]
    RIGHTS_STATE_REFUSED: _ClassVar[RightsState]

class RestrictionGround(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RESTRICTION_GROUND_UNSPECIFIED: _ClassVar[RestrictionGround]
    RESTRICTION_GROUND_ACCURACY_CONTESTED: _ClassVar[RestrictionGround]
    RESTRICTION_GROUND_PROCESSING_UNLAWFUL: _ClassVar[RestrictionGround]
    RESTRICTION_GROUND_LEGAL_CLAIMS: _ClassVar[RestrictionGround]
    RESTRICTION_GROUND_OBJECTION_PENDING: _ClassVar[RestrictionGround]
RIGHTS_KIND_UNSPECIFIED: RightsKind
RIGHTS_KIND_EXPORT: RightsKind
RIGHTS_KIND_ERASE: RightsKind
RIGHTS_KIND_RESTRICT: RightsKind
RIGHTS_KIND_OBJECT: RightsKind
RIGHTS_STATE_UNSPECIFIED: RightsState
RIGHTS_STATE_OPEN: RightsState
RIGHTS_STATE_ANSWERED: RightsState
RIGHTS_STATE_REFUSED: RightsState
RESTRICTION_GROUND_UNSPECIFIED: RestrictionGround
RESTRICTION_GROUND_ACCURACY_CONTESTED: RestrictionGround
RESTRICTION_GROUND_PROCESSING_UNLAWFUL: RestrictionGround
RESTRICTION_GROUND_LEGAL_CLAIMS: RestrictionGround
RESTRICTION_GROUND_OBJECTION_PENDING: RestrictionGround

class RightsRequest(_message.Message):
    __slots__ = ("rights_request_id", "kind", "state", "customer_id", "receive_time", "due_time", "is_overdue", "close_time", "reason", "answer", "extend_time", "extension_reason", "ground", "is_in_force", "lift_time", "inform_time", "lift_reason", "purposes")
    RIGHTS_REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_ID_FIELD_NUMBER: _ClassVar[int]
    RECEIVE_TIME_FIELD_NUMBER: _ClassVar[int]
    DUE_TIME_FIELD_NUMBER: _ClassVar[int]
    IS_OVERDUE_FIELD_NUMBER: _ClassVar[int]
    CLOSE_TIME_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    EXTEND_TIME_FIELD_NUMBER: _ClassVar[int]
    EXTENSION_REASON_FIELD_NUMBER: _ClassVar[int]
    GROUND_FIELD_NUMBER: _ClassVar[int]
    IS_IN_FORCE_FIELD_NUMBER: _ClassVar[int]
    LIFT_TIME_FIELD_NUMBER: _ClassVar[int]
    INFORM_TIME_FIELD_NUMBER: _ClassVar[int]
    LIFT_REASON_FIELD_NUMBER: _ClassVar[int]
    PURPOSES_FIELD_NUMBER: _ClassVar[int]
    rights_request_id: str
    kind: RightsKind
    state: RightsState
    customer_id: str
    receive_time: _timestamp_pb2.Timestamp
    due_time: _timestamp_pb2.Timestamp
    is_overdue: bool
    close_time: _timestamp_pb2.Timestamp
    reason: str
    answer: str
    extend_time: _timestamp_pb2.Timestamp
    extension_reason: str
    ground: RestrictionGround
    is_in_force: bool
    lift_time: _timestamp_pb2.Timestamp
    inform_time: _timestamp_pb2.Timestamp
    lift_reason: str
    purposes: _containers.RepeatedScalarFieldContainer[_verdicts_pb2.Purpose]
    def __init__(self, rights_request_id: _Optional[str] = ..., kind: _Optional[_Union[RightsKind, str]] = ..., state: _Optional[_Union[RightsState, str]] = ..., customer_id: _Optional[str] = ..., receive_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., due_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., is_overdue: _Optional[bool] = ..., close_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reason: _Optional[str] = ..., answer: _Optional[str] = ..., extend_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., extension_reason: _Optional[str] = ..., ground: _Optional[_Union[RestrictionGround, str]] = ..., is_in_force: _Optional[bool] = ..., lift_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., inform_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., lift_reason: _Optional[str] = ..., purposes: _Optional[_Iterable[_Union[_verdicts_pb2.Purpose, str]]] = ...) -> None: ...

class RestrictSubjectRequest(_message.Message):
    __slots__ = ("customer_id", "ground", "reason", "request_id")
    CUSTOMER_ID_FIELD_NUMBER: _ClassVar[int]
    GROUND_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    customer_id: str
    ground: RestrictionGround
    reason: str
    request_id: str
    def __init__(self, customer_id: _Optional[str] = ..., ground: _Optional[_Union[RestrictionGround, str]] = ..., reason: _Optional[str] = ..., request_id: _Optional[str] = ...) -> None: ...

class RestrictSubjectResponse(_message.Message):
    __slots__ = ("requests",)
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    requests: _containers.RepeatedCompositeFieldContainer[RightsRequest]
    def __init__(self, requests: _Optional[_Iterable[_Union[RightsRequest, _Mapping]]] = ...) -> None: ...

class LiftRestrictionRequest(_message.Message):
    __slots__ = ("customer_id", "inform_time", "reason", "request_id")
    CUSTOMER_ID_FIELD_NUMBER: _ClassVar[int]
    INFORM_TIME_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    customer_id: str
    inform_time: _timestamp_pb2.Timestamp
    reason: str
    request_id: str
    def __init__(self, customer_id: _Optional[str] = ..., inform_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reason: _Optional[str] = ..., request_id: _Optional[str] = ...) -> None: ...

class LiftRestrictionResponse(_message.Message):
    __slots__ = ("requests",)
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    requests: _containers.RepeatedCompositeFieldContainer[RightsRequest]
    def __init__(self, requests: _Optional[_Iterable[_Union[RightsRequest, _Mapping]]] = ...) -> None: ...

class ObjectSubjectRequest(_message.Message):
    __slots__ = ("customer_id", "purposes", "is_direct_marketing", "reason", "request_id")
    CUSTOMER_ID_FIELD_NUMBER: _ClassVar[int]
    PURPOSES_FIELD_NUMBER: _ClassVar[int]
    IS_DIRECT_MARKETING_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    customer_id: str
    purposes: _containers.RepeatedScalarFieldContainer[_verdicts_pb2.Purpose]
    is_direct_marketing: bool
    reason: str
    request_id: str
    def __init__(self, customer_id: _Optional[str] = ..., purposes: _Optional[_Iterable[_Union[_verdicts_pb2.Purpose, str]]] = ..., is_direct_marketing: _Optional[bool] = ..., reason: _Optional[str] = ..., request_id: _Optional[str] = ...) -> None: ...

class ObjectSubjectResponse(_message.Message):
    __slots__ = ("requests",)
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    requests: _containers.RepeatedCompositeFieldContainer[RightsRequest]
    def __init__(self, requests: _Optional[_Iterable[_Union[RightsRequest, _Mapping]]] = ...) -> None: ...

class RecordRequestRequest(_message.Message):
    __slots__ = ("customer_id", "kind", "receive_time", "reason", "request_id")
    CUSTOMER_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    RECEIVE_TIME_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    customer_id: str
    kind: RightsKind
    receive_time: _timestamp_pb2.Timestamp
    reason: str
    request_id: str
    def __init__(self, customer_id: _Optional[str] = ..., kind: _Optional[_Union[RightsKind, str]] = ..., receive_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reason: _Optional[str] = ..., request_id: _Optional[str] = ...) -> None: ...

class RecordRequestResponse(_message.Message):
    __slots__ = ("request",)
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    request: RightsRequest
    def __init__(self, request: _Optional[_Union[RightsRequest, _Mapping]] = ...) -> None: ...

class ExtendRequestRequest(_message.Message):
    __slots__ = ("rights_request_id", "reason")
    RIGHTS_REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    rights_request_id: str
    reason: str
    def __init__(self, rights_request_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class ExtendRequestResponse(_message.Message):
    __slots__ = ("request",)
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    request: RightsRequest
    def __init__(self, request: _Optional[_Union[RightsRequest, _Mapping]] = ...) -> None: ...

class RefuseRequestRequest(_message.Message):
    __slots__ = ("rights_request_id", "reason")
    RIGHTS_REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    rights_request_id: str
    reason: str
    def __init__(self, rights_request_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class RefuseRequestResponse(_message.Message):
    __slots__ = ("request",)
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    request: RightsRequest
    def __init__(self, request: _Optional[_Union[RightsRequest, _Mapping]] = ...) -> None: ...

class ListRequestsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "only_open", "customer_id")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    ONLY_OPEN_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_ID_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    only_open: bool
    customer_id: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., only_open: _Optional[bool] = ..., customer_id: _Optional[str] = ...) -> None: ...

class ListRequestsResponse(_message.Message):
    __slots__ = ("requests", "next_page_token")
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    requests: _containers.RepeatedCompositeFieldContainer[RightsRequest]
    next_page_token: str
    def __init__(self, requests: _Optional[_Iterable[_Union[RightsRequest, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...
