"""Policies over the control port: read, proposed, approved, rolled back, stopped, tried (privacy A3, A4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from geooffer.engine.policy_book import PolicyVersion
from geooffer.engine.shadow import Shadow
from geooffer.errors import InvalidArgumentError, NotFoundError, PermissionDeniedError
from geooffer.model import limits
from geooffer.model.policy_difference import Change, is_loosening
from geooffer.model.policy_document import PolicyDocument, check_line
from geooffer.model.policy_text import parse_policy
from geooffer.rpc import checks, roles
from geooffer.rpc.auth import identity_of
from geooffer.rpc.policy_signing import sha256_of, without_seal
from geooffer.services.control import Control
from geooffer.services.pages import page_of
from geooffer.v1 import policy_service_pb2 as pb
from geooffer.v1 import policy_service_pb2_grpc as rpc

NAME = "geooffer.v1.PolicyService"
Context = Any


class PolicyService(rpc.PolicyServiceServicer):
    """Policies; the rules are in proto/geooffer/v1/policy_service.proto."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._policies = control.policies

    async def GetPolicy(self, request: pb.GetPolicyRequest, context: Context) -> pb.GetPolicyResponse:
        book = self._control.engine.state.policies
        held = book.versions.get(request.version or book.active)
        if held is None:
            raise NotFoundError("no such version of the policy", field="version")
        return pb.GetPolicyResponse(policy=self._encode(held), kill_switch=self._kill_switch())

    async def ListPolicies(self, request: pb.ListPoliciesRequest, context: Context) -> pb.ListPoliciesResponse:
        held = self._control.engine.state.policies.versions.values()
        page, token = page_of(held, lambda item: (-item.version,), self._encode, request, "policies")
        return pb.ListPoliciesResponse(policies=page, next_page_token=token)

    async def ProposePolicy(self, request: pb.ProposePolicyRequest, context: Context) -> pb.ProposePolicyResponse:
        document = decode_document(request.text)
        if request.reason:
            document = replace(document, reason=request.reason)
        changes = self._control.engine.policy_changes(document)
        response = pb.ProposePolicyResponse(
            changes=map(encode_change, changes), is_loosening=is_loosening(changes),
        )  # fmt: skip
        if request.validate_only:
            document.validate()
            needed = self._control.engine.policy_document.approvals_needed
            response.approvals_needed = needed if response.is_loosening else 0
            return response

        async def call() -> pb.ProposePolicyResponse:
            held = self._policies.propose(document, identity_of(context).subject)
            response.policy.CopyFrom(self._encode(held))
            response.approvals_needed = self._policies.missing_approvals(held)
            return response

        return await self._control.once("ProposePolicy", request, context, call)

    async def ApprovePolicy(self, request: pb.ApprovePolicyRequest, context: Context) -> pb.ApprovePolicyResponse:
        async def call() -> pb.ApprovePolicyResponse:
            held = self._policies.approve(request.version, identity_of(context).subject)
            missing = self._policies.missing_approvals(held)
            return pb.ApprovePolicyResponse(policy=self._encode(held), approvals_missing=missing)

        return await self._control.once("ApprovePolicy", request, context, call)

    async def RollbackPolicy(self, request: pb.RollbackPolicyRequest, context: Context) -> pb.RollbackPolicyResponse:
        check_line(request.reason, "reason", limits.TEXT_LENGTH_MAX, required=True)

        async def call() -> pb.RollbackPolicyResponse:
            held = self._policies.roll_back(request.version, identity_of(context).subject, request.reason)
            missing = self._policies.missing_approvals(held)
            return pb.RollbackPolicyResponse(policy=self._encode(held), approvals_needed=missing)

        return await self._control.once("RollbackPolicy", request, context, call)

    async def SetKillSwitch(self, request: pb.SetKillSwitchRequest, context: Context) -> pb.SetKillSwitchResponse:
        async def call() -> pb.SetKillSwitchResponse:
            caller = identity_of(context)
            if caller.role == roles.OPERATOR and not request.is_stopped:
                raise PermissionDeniedError("operators may stop offers; a privacy officer lets them go on")
            self._policies.switch_offers(is_stopped=request.is_stopped, author=caller.subject, reason=request.reason)
            return pb.SetKillSwitchResponse(kill_switch=self._kill_switch())

        return await self._control.once("SetKillSwitch", request, context, call)

    async def DryRunPolicy(self, request: pb.DryRunPolicyRequest, context: Context) -> pb.DryRunPolicyResponse:
        engine = self._control.engine
        if request.mode == pb.DRY_RUN_MODE_START:
            self._policies.start_trial(decode_document(request.text))
        elif request.mode not in (pb.DRY_RUN_MODE_READ, pb.DRY_RUN_MODE_STOP):
            raise InvalidArgumentError("mode must be START, READ or STOP", field="mode")
        shadow = engine.shadow
        if shadow is None:
            raise NotFoundError("no candidate is tried", field="mode")
        if request.mode == pb.DRY_RUN_MODE_STOP:
            engine.shadow = None
        return encode_counts(shadow)

    def _encode(self, held: PolicyVersion) -> pb.PolicyVersion:
        book = self._control.engine.state.policies
        state = pb.POLICY_STATE_PAST if held.is_published else pb.POLICY_STATE_OVERTAKEN
        if held.version == book.active:
            state = pb.POLICY_STATE_IN_FORCE
        elif book.is_waiting(held):
            state = pb.POLICY_STATE_WAITING
        message = pb.PolicyVersion(
            version=held.version,
            state=state,
            author=held.author,
            time=checks.timestamp(held.time_ms),
            text=held.text,
            sha256=sha256_of(held.text),
            signature=held.signature,
            is_loosening=held.is_loosening,
            base_version=held.base_version,
            restores_version=held.restores,
            approvals=encode_approvals(held.approvals),
        )
        if held.is_published:
            message.publish_time.CopyFrom(checks.timestamp(held.published_ms))
        return message

    def _kill_switch(self) -> pb.KillSwitch:
        is_stopped, time_ms, author, reason = self._control.engine.state.policies.stop
        message = pb.KillSwitch(is_stopped=is_stopped, author=author, reason=reason)
        if author:
            message.time.CopyFrom(checks.timestamp(time_ms))
        return message


def decode_document(text: str) -> PolicyDocument:
    """A document as an officer sends it: who, when and which number are the service's. Raises InvalidArgumentError."""
    return replace(parse_policy(without_seal(text)), version=0, author="", time_ms=0)


def encode_counts(shadow: Shadow) -> pb.DryRunPolicyResponse:
    """Numbers about few persons are suppressed."""
    counts = shadow.counts
    offers = counts.told_offers()
    return pb.DryRunPolicyResponse(
        base_version=shadow.base_version,
        ping_count=counts.pings,
        seen_ping_count=counts.seen_pings,
        offer_count=offers["offers"],
        candidate_offer_count=offers["candidate_offers"],
        gained_count=offers["gained"],
        lost_count=offers["lost"],
        person_count=counts.told_persons(),
        shifts=[
            pb.VerdictShift(before=before, after=after, count=count)  # type: ignore[arg-type]
            for (before, after), count in counts.told_shifts()
        ],
        candidate_nanos=counts.candidate_ns,
        base_nanos=counts.base_ns,
    )


def encode_change(change: Change) -> pb.PolicyChange:
    """One field."""
    return pb.PolicyChange(
        field=change.field,
        before=change.before,
        after=change.after,
        is_tightening=change.is_tightening,
        why=change.why,
    )


def encode_approvals(approvals: Iterable[tuple[str, int]]) -> list[pb.PolicyApproval]:
    """In the order they came."""
    return [pb.PolicyApproval(officer=officer, time=checks.timestamp(time_ms)) for officer, time_ms in approvals]
