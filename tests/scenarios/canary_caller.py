"""Calls methods by bytes with tokens of every role, and keeps all that is said of failures."""

from __future__ import annotations

import base64
import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
from canary_calls import METHODS, SHOP, at, response_of
from canary_marks import DEVICE, FORBIDDEN, PERSON, TOKEN, segments_of
from canary_policy_calls import POLICY
from google.rpc import error_details_pb2, status_pb2

from geooffer.rpc import roles
from geooffer.rpc.auth import AUTHORIZATION_KEY, issue_token
from geooffer.rpc.call_watch import TRACE_PARENT_KEY
from geooffer.rpc.keys import development_keys
from geooffer.rpc.status import DETAILS_KEY
from geooffer.v1.consent_service_pb2 import GetConsentHistoryResponse, GetConsentReceiptRequest
from geooffer.v1.decision_service_pb2 import DecideResponse
from geooffer.v1.diagnostics_service_pb2 import GetDecisionRequest
from geooffer.v1.policy_service_pb2 import ApprovePolicyRequest, GetPolicyResponse, ProposePolicyResponse
from geooffer.v1.privacy_service_pb2 import EraseSubjectResponse, GetErasureRequest
from geooffer.v1.rights_pb2 import (
    ExtendRequestRequest,
    LiftRestrictionRequest,
    RecordRequestResponse,
    RefuseRequestRequest,
    RestrictSubjectResponse,
)

END_S = 240
APPROVAL = "/geooffer.v1.PolicyService/ApprovePolicy"
KILL_SWITCH = "/geooffer.v1.PolicyService/SetKillSwitch"


def is_data_method(method: str) -> bool:
    """Whether the data port serves it."""
    return any(name in method for name in ("PingService", "OfferService", "Health"))


def is_ping_method(method: str) -> bool:
    """Whether it is counted by batches, not by calls."""
    return method.startswith("/geooffer.v1.PingService/")


class Caller:
    """Calls methods by bytes and keeps everything that is said about failures."""

    def __init__(self, data: grpc.aio.Channel, control: grpc.aio.Channel) -> None:
        self._channels = {True: data, False: control}
        self.told: list[str] = []
        """What must not name anything."""
        self.answers: list[str] = []
        """What may: answers to those who asked."""
        self.codes: Counter[tuple[str, str]] = Counter()
        """(method, code) → calls."""
        self.decision_id = ""
        """Of the last offer that was decided."""
        self.erasure_id = ""
        """Of the last erasure."""
        self.rights_request_id = ""
        """Of the last request that was taken down."""
        self.event_id = ""
        """Of a consent event."""
        self.restricted_time = at(-1)
        """When the last restriction began."""
        self.policy_text = ""
        """Of the policy in force."""
        self.proposed_version = 0
        """Of the policy that waits."""
        self.reasons: set[str] = set()
        """Of the errors that were told."""

    def named(self, request: Any) -> Any:
        """The request with the ids that only the server could give."""
        for kind, name, value in (
            (GetDecisionRequest, "decision_id", self.decision_id),
            (GetErasureRequest, "erasure_id", self.erasure_id),
            (ExtendRequestRequest, "rights_request_id", self.rights_request_id),
            (RefuseRequestRequest, "rights_request_id", self.rights_request_id),
            (GetConsentReceiptRequest, "event_id", self.event_id),
        ):
            if isinstance(request, kind):
                setattr(request, name, value)
        if getattr(request, "text", "") == POLICY:
            request.text = looser(self.policy_text)
        if isinstance(request, LiftRestrictionRequest):
            request.inform_time.CopyFrom(self.restricted_time)
        if isinstance(request, ApprovePolicyRequest):
            request.version = self.proposed_version
        return request

    async def call(self, method: str, data: bytes, token: str | None) -> str:
        """The name of the code it ended with."""
        channel = self._channels[is_data_method(method)]
        metadata: tuple[tuple[str, str], ...] = ((TRACE_PARENT_KEY, f"00-{PERSON}-01"),)
        if token is not None:
            metadata += ((AUTHORIZATION_KEY, f"Bearer {token}"),)
        try:
            if METHODS[method].client_streaming:
                call = channel.stream_stream(method)(iter([data]), metadata=metadata, timeout=END_S)
                responses = [response async for response in call]
            elif METHODS[method].server_streaming:
                watch = channel.unary_stream(method)(data, metadata=metadata, timeout=END_S)
                responses = [await watch.read()]
                watch.cancel()
            else:
                responses = [await channel.unary_unary(method)(data, metadata=metadata, timeout=END_S)]
        except grpc.aio.AioRpcError as failure:
            self._keep_failure(failure)
            code = failure.code().name
        else:
            for response in responses:
                self._keep_answer(response_of(method, response))
            code = "OK"
        self.codes[method, code] += 1
        return code

    def _keep_failure(self, failure: grpc.aio.AioRpcError) -> None:
        self.told += [failure.code().name, failure.details() or "", failure.debug_error_string() or ""]
        for key, value in (*(failure.initial_metadata() or ()), *(failure.trailing_metadata() or ())):
            # texts stand in a serialized Status as they are
            self.told += [key, value if isinstance(value, str) else value.decode("latin-1")]
            if key == DETAILS_KEY:
                info = error_details_pb2.ErrorInfo()
                details = status_pb2.Status.FromString(value).details
                self.reasons |= {info.reason for detail in details if detail.Unpack(info)}

    def _keep_answer(self, answer: Any) -> None:
        self.answers.append(str(answer))
        if isinstance(answer, DecideResponse):
            self.decision_id = answer.offer.decision_id
        if isinstance(answer, EraseSubjectResponse):
            self.erasure_id = answer.erasure.erasure_id
        if isinstance(answer, RecordRequestResponse):
            self.rights_request_id = answer.request.rights_request_id
        if isinstance(answer, GetConsentHistoryResponse):
            self.event_id = answer.events[0].event_id
        if isinstance(answer, RestrictSubjectResponse):
            self.restricted_time = answer.requests[0].close_time
        if isinstance(answer, GetPolicyResponse):
            self.policy_text = answer.policy.text
        if isinstance(answer, ProposePolicyResponse) and answer.HasField("policy"):
            self.proposed_version = answer.policy.version
        self.told += [str(problem) for problem in getattr(answer, "problems", ())]
        self.told += [repair.note for repair in getattr(answer, "repairs", ())]
        self.told.append(getattr(answer, "repair_note", ""))


def looser(policy: str) -> str:
    """The policy with a shorter pause between two offers."""
    text, count = re.subn(r"cooldown_ms = (\d+)", lambda found: f"cooldown_ms = {int(found[1]) - 1}", policy)
    assert count == 1
    return text


class Tokens:
    """Tokens of all roles, and the search forms of everything that was issued."""

    def __init__(self, state_dir: Path) -> None:
        self._key = development_keys(state_dir).private_key
        self.issued: list[str] = []
        self.operator = self.issue("operator", f"{PERSON}-operator")
        self.gateway = self.issue("gateway", f"{PERSON}-gateway", device_key_ranges=[(DEVICE, DEVICE)])
        self.device = self.issue("device", str(DEVICE))
        others = {role: self.issue(role, f"{PERSON}-{role}") for role in (roles.MARKETING, roles.PRIVACY_OFFICER)}
        self.officer = others[roles.PRIVACY_OFFICER]
        self.second_officer = self.issue("privacy_officer", f"{PERSON}-second")
        others[roles.STORE] = self.issue("store", f"{PERSON}-store", store_ids=[SHOP])
        self.of_role = {roles.DEVICE: self.device, roles.GATEWAY: self.gateway, **others}

    def issue(self, role: str, subject: str, *, age_s: float = 0, **more: Any) -> str:
        token = issue_token(self._key, role=role, subject=subject, now_s=time.time() - age_s, lifetime_s=600, **more)
        self.issued.append(token)
        return token

    def good(self, method: str) -> str:
        """Of somebody who may call the method: the operator, else an officer, else the phone itself."""
        allowed = roles.METHODS[method]
        if method == APPROVAL:
            return self.second_officer
        if method == KILL_SWITCH:
            return self.officer  # an operator may stop, and not end that
        if roles.OPERATOR in allowed:
            return self.operator
        return self.officer if roles.PRIVACY_OFFICER in allowed else self.device

    def wrong(self, method: str) -> Iterator[str | None]:
        """None at all; garbage; an expired one; a changed signature; changed claims; and those of all
        roles that may not call the method.
        """
        yield None
        yield f"{TOKEN}.{TOKEN}.{TOKEN}"
        yield self.issue("operator", f"{PERSON}-late", age_s=10_000)
        head, claims, signature = self.operator.split(".")
        yield f"{head}.{claims}.{signature[::-1]}"
        forged = base64.urlsafe_b64encode(json.dumps({"sub": TOKEN, "role": TOKEN}).encode()).decode()
        yield f"{head}.{forged}.{signature}"
        yield from (token for role, token in self.of_role.items() if role not in roles.METHODS[method])

    def forbidden(self) -> dict[str, tuple[str, ...]]:
        """FORBIDDEN with all tokens that were issued."""
        used = tuple(segment for token in self.issued for segment in segments_of(token))
        return FORBIDDEN | {"token": FORBIDDEN["token"] + used + tuple(segment[::-1] for segment in used)}
