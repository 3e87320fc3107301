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

class PolicyState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    POLICY_STATE_UNSPECIFIED: _ClassVar[PolicyState]
    POLICY_STATE_WAITING: _ClassVar[PolicyState]
    POLICY_STATE_IN_FORCE: _ClassVar[PolicyState]
    POLICY_STATE_PAST: _ClassVar[PolicyState]
    POLICY_STATE_OVERTAKEN: _ClassVar[PolicyState]

class DryRunMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DRY_RUN_MODE_UNSPECIFIED: _ClassVar[DryRunMode]
    DRY_RUN_MODE_START: _ClassVar[DryRunMode]
    DRY_RUN_MODE_READ: _ClassVar[DryRunMode]
    DRY_RUN_MODE_STOP: _ClassVar[DryRunMode]
POLICY_STATE_UNSPECIFIED: PolicyState
POLICY_STATE_WAITING: PolicyState
POLICY_STATE_IN_FORCE: PolicyState
POLICY_STATE_PAST: PolicyState
POLICY_STATE_OVERTAKEN: PolicyState
DRY_RUN_MODE_UNSPECIFIED: DryRunMode
DRY_RUN_MODE_START: DryRunMode
DRY_RUN_MODE_READ: DryRunMode
DRY_RUN_MODE_STOP: DryRunMode

class PolicyChange(_message.Message):
    __slots__ = ("field", "before", "after", "is_tightening", "why")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    IS_TIGHTENING_FIELD_NUMBER: _ClassVar[int]
    WHY_FIELD_NUMBER: _ClassVar[int]
    field: str
    before: str
    after: str
    is_tightening: bool
    why: str
    def __init__(self, field: _Optional[str] = ..., before: _Optional[str] = ..., after: _Optional[str] = ..., is_tightening: _Optional[bool] = ..., why: _Optional[str] = ...) -> None: ...

class PolicyApproval(_message.Message):
    __slots__ = ("officer", "time")
    OFFICER_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    officer: str
    time: _timestamp_pb2.Timestamp
    def __init__(self, officer: _Optional[str] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class PolicyVersion(_message.Message):
    __slots__ = ("version", "state", "author", "time", "text", "sha256", "signature", "is_loosening", "base_version", "restores_version", "approvals", "publish_time")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    IS_LOOSENING_FIELD_NUMBER: _ClassVar[int]
    BASE_VERSION_FIELD_NUMBER: _ClassVar[int]
    RESTORES_VERSION_FIELD_NUMBER: _ClassVar[int]
    APPROVALS_FIELD_NUMBER: _ClassVar[int]
    PUBLISH_TIME_FIELD_NUMBER: _ClassVar[int]
    version: int
    state: PolicyState
    author: str
    time: _timestamp_pb2.Timestamp
    text: str
    sha256: bytes
    signature: bytes
    is_loosening: bool
    base_version: int
    restores_version: int
    approvals: _containers.RepeatedCompositeFieldContainer[PolicyApproval]
    publish_time: _timestamp_pb2.Timestamp
    def __init__(self, version: _Optional[int] = ..., state: _Optional[_Union[PolicyState, str]] = ..., author: _Optional[str] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., text: _Optional[str] = ..., sha256: _Optional[bytes] = ..., signature: _Optional[bytes] = ..., is_loosening: _Optional[bool] = ..., base_version: _Optional[int] = ..., restores_version: _Optional[int] = ..., approvals: _Optional[_Iterable[_Union[PolicyApproval, _Mapping]]] = ..., publish_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class KillSwitch(_message.Message):
    __slots__ = ("is_stopped", "time", "author", "reason")
    IS_STOPPED_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    is_stopped: bool
    time: _timestamp_pb2.Timestamp
    author: str
    reason: str
    def __init__(self, is_stopped: _Optional[bool] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., author: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class GetPolicyRequest(_message.Message):
    __slots__ = ("version",)
    VERSION_FIELD_NUMBER: _ClassVar[int]
    version: int
    def __init__(self, version: _Optional[int] = ...) -> None: ...

class GetPolicyResponse(_message.Message):
    __slots__ = ("policy", "kill_switch")
    POLICY_FIELD_NUMBER: _ClassVar[int]
    KILL_SWITCH_FIELD_NUMBER: _ClassVar[int]
    policy: PolicyVersion
    kill_switch: KillSwitch
    def __init__(self, policy: _Optional[_Union[PolicyVersion, _Mapping]] = ..., kill_switch: _Optional[_Union[KillSwitch, _Mapping]] = ...) -> None: ...

class ListPoliciesRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListPoliciesResponse(_message.Message):
    __slots__ = ("policies", "next_page_token")
    POLICIES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    policies: _containers.RepeatedCompositeFieldContainer[PolicyVersion]
    next_page_token: str
    def __init__(self, policies: _Optional[_Iterable[_Union[PolicyVersion, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ProposePolicyRequest(_message.Message):
    __slots__ = ("text", "reason", "validate_only", "request_id")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    text: str
    reason: str
    validate_only: bool
    request_id: str
    def __init__(self, text: _Optional[str] = ..., reason: _Optional[str] = ..., validate_only: _Optional[bool] = ..., request_id: _Optional[str] = ...) -> None: ...

class ProposePolicyResponse(_message.Message):
    __slots__ = ("policy", "changes", "is_loosening", "approvals_needed")
    POLICY_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    IS_LOOSENING_FIELD_NUMBER: _ClassVar[int]
    APPROVALS_NEEDED_FIELD_NUMBER: _ClassVar[int]
    policy: PolicyVersion
    changes: _containers.RepeatedCompositeFieldContainer[PolicyChange]
    is_loosening: bool
    approvals_needed: int
    def __init__(self, policy: _Optional[_Union[PolicyVersion, _Mapping]] = ..., changes: _Optional[_Iterable[_Union[PolicyChange, _Mapping]]] = ..., is_loosening: _Optional[bool] = ..., approvals_needed: _Optional[int] = ...) -> None: ...

class ApprovePolicyRequest(_message.Message):
    __slots__ = ("version", "request_id")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    version: int
    request_id: str
    def __init__(self, version: _Optional[int] = ..., request_id: _Optional[str] = ...) -> None: ...

class ApprovePolicyResponse(_message.Message):
    __slots__ = ("policy", "approvals_missing")
    POLICY_FIELD_NUMBER: _ClassVar[int]
    APPROVALS_MISSING_FIELD_NUMBER: _ClassVar[int]
    policy: PolicyVersion
    approvals_missing: int
    def __init__(self, policy: _Optional[_Union[PolicyVersion, _Mapping]] = ..., approvals_missing: _Optional[int] = ...) -> None: ...

class RollbackPolicyRequest(_message.Message):
    __slots__ = ("version", "reason", "request_id")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    version: int
    reason: str
    request_id: str
    def __init__(self, version: _Optional[int] = ..., reason: _Optional[str] = ..., request_id: _Optional[str] = ...) -> None: ...

class RollbackPolicyResponse(_message.Message):
    __slots__ = ("policy", "approvals_needed")
    POLICY_FIELD_NUMBER: _ClassVar[int]
    APPROVALS_NEEDED_FIELD_NUMBER: _ClassVar[int]
    policy: PolicyVersion
    approvals_needed: int
    def __init__(self, policy: _Optional[_Union[PolicyVersion, _Mapping]] = ..., approvals_needed: _Optional[int] = ...) -> None: ...

class SetKillSwitchRequest(_message.Message):
    __slots__ = ("is_stopped", "reason", "request_id")
    IS_STOPPED_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    is_stopped: bool
    reason: str
    request_id: str
    def __init__(self, is_stopped: _Optional[bool] = ..., reason: _Optional[str] = ..., request_id: _Optional[str] = ...) -> None: ...

class SetKillSwitchResponse(_message.Message):
    __slots__ = ("kill_switch",)
    KILL_SWITCH_FIELD_NUMBER: _ClassVar[int]
    kill_switch: KillSwitch
    def __init__(self, kill_switch: _Optional[_Union[KillSwitch, _Mapping]] = ...) -> None: ...

class DryRunPolicyRequest(_message.Message):
    __slots__ = ("mode", "text")
    MODE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    mode: DryRunMode
    text: str
    def __init__(self, mode: _Optional[_Union[DryRunMode, str]] = ..., text: _Optional[str] = ...) -> None: ...

class VerdictShift(_message.Message):
    __slots__ = ("before", "after", "count")
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    before: _verdicts_pb2.OfferVerdict
    after: _verdicts_pb2.OfferVerdict
    count: int
    def __init__(self, before: _Optional[_Union[_verdicts_pb2.OfferVerdict, str]] = ..., after: _Optional[_Union[_verdicts_pb2.OfferVerdict, str]] = ..., count: _Optional[int] = ...) -> None: ...

class DryRunPolicyResponse(_message.Message):
    __slots__ = ("base_version", "ping_count", "seen_ping_count", "offer_count", "candidate_offer_count", "gained_count", "lost_count", "person_count", "shifts", "candidate_nanos", "base_nanos")
    BASE_VERSION_FIELD_NUMBER: _ClassVar[int]
    PING_COUNT_FIELD_NUMBER: _ClassVar[int]
    SEEN_PING_COUNT_FIELD_NUMBER: _ClassVar[int]
    OFFER_COUNT_FIELD_NUMBER: _ClassVar[int]
    CANDIDATE_OFFER_COUNT_FIELD_NUMBER: _ClassVar[int]
    GAINED_COUNT_FIELD_NUMBER: _ClassVar[int]
    LOST_COUNT_FIELD_NUMBER: _ClassVar[int]
    PERSON_COUNT_FIELD_NUMBER: _ClassVar[int]
    SHIFTS_FIELD_NUMBER: _ClassVar[int]
    CANDIDATE_NANOS_FIELD_NUMBER: _ClassVar[int]
    BASE_NANOS_FIELD_NUMBER: _ClassVar[int]
    base_version: int
    ping_count: int
    seen_ping_count: int
    offer_count: int
    candidate_offer_count: int
    gained_count: int
    lost_count: int
    person_count: int
    shifts: _containers.RepeatedCompositeFieldContainer[VerdictShift]
    candidate_nanos: int
    base_nanos: int
    def __init__(self, base_version: _Optional[int] = ..., ping_count: _Optional[int] = ..., seen_ping_count: _Optional[int] = ..., offer_count: _Optional[int] = ..., candidate_offer_count: _Optional[int] = ..., gained_count: _Optional[int] = ..., lost_count: _Optional[int] = ..., person_count: _Optional[int] = ..., shifts: _Optional[_Iterable[_Union[VerdictShift, _Mapping]]] = ..., candidate_nanos: _Optional[int] = ..., base_nanos: _Optional[int] = ...) -> None: ...
