"""The methods of PrivacyService by which persons use their rights (GDPR Art. 15, 18, 21), and the list of requests."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from google.protobuf.message import Message

from geooffer.model.records import RequestAnswered
from geooffer.model.rights import RestrictionGround, RightsKind, RightsRequest
from geooffer.rpc import checks, convert_rights
from geooffer.services.control import Control
from geooffer.services.pages import page_of
from geooffer.services.requests import Memory, Remembered
from geooffer.v1 import privacy_service_pb2 as privacy_pb
from geooffer.v1 import rights_pb2 as pb

Context = Any
R = TypeVar("R", bound=Message)
_REQUEST_ID_SIZE_BYTES = 12


class RightsMethods:
    """The fields and rules are in proto/geooffer/v1/rights.proto."""

    _control: Control

    async def ExportSubject(
        self, request: privacy_pb.ExportSubjectRequest, context: Context
    ) -> privacy_pb.ExportSubjectResponse:
        customer_id = checks.identifier(request.customer_id, "customer_id")
        reason = convert_rights.decode_reason(request.reason)
        engine, now_ms = self._control.engine, self._control.now_ms()
        document = json.dumps(engine.export_person(customer_id, now_ms=now_ms), ensure_ascii=False, indent=1)
        digest = hashlib.sha256(document.encode()).hexdigest()
        answered = engine.answer_export(customer_id, _new_id(), reason=reason, document_digest=digest, now_ms=now_ms)
        return privacy_pb.ExportSubjectResponse(
            document_json=document, requests=self._encoded(answered, customer_id, now_ms)
        )

    async def RestrictSubject(self, request: pb.RestrictSubjectRequest, context: Context) -> pb.RestrictSubjectResponse:
        def act(customer_id: str, now_ms: int) -> Sequence[RightsRequest]:
            ground = convert_rights.decode_choice(RestrictionGround, request.ground, "ground")
            reason = convert_rights.decode_reason(request.reason)
            return self._control.engine.restrict_person(
                customer_id, _new_id(), ground=ground, reason=reason, now_ms=now_ms
            )

        def answer(requests: Sequence[pb.RightsRequest]) -> pb.RestrictSubjectResponse:
            return pb.RestrictSubjectResponse(requests=requests)

        return await self._once("RestrictSubject", request, context, act, answer)

    async def LiftRestriction(self, request: pb.LiftRestrictionRequest, context: Context) -> pb.LiftRestrictionResponse:
        def act(customer_id: str, now_ms: int) -> Sequence[RightsRequest]:
            informed_ms = checks.time_ms(request, "inform_time")
            reason = convert_rights.decode_reason(request.reason)
            return self._control.engine.lift_restriction(
                customer_id, informed_ms=informed_ms, reason=reason, now_ms=now_ms
            )

        def answer(requests: Sequence[pb.RightsRequest]) -> pb.LiftRestrictionResponse:
            return pb.LiftRestrictionResponse(requests=requests)

        return await self._once("LiftRestriction", request, context, act, answer)

    async def ObjectSubject(self, request: pb.ObjectSubjectRequest, context: Context) -> pb.ObjectSubjectResponse:
        def act(customer_id: str, now_ms: int) -> Sequence[RightsRequest]:
            purposes = convert_rights.decode_objection(request)
            reason = convert_rights.decode_reason(request.reason)
            return self._control.engine.object_person(
                customer_id, _new_id(), purposes=purposes, reason=reason, now_ms=now_ms
            )

        def answer(requests: Sequence[pb.RightsRequest]) -> pb.ObjectSubjectResponse:
            return pb.ObjectSubjectResponse(requests=requests)

        return await self._once("ObjectSubject", request, context, act, answer)

    async def RecordRequest(self, request: pb.RecordRequestRequest, context: Context) -> pb.RecordRequestResponse:
        def act(customer_id: str, now_ms: int) -> Sequence[RightsRequest]:
            kind = convert_rights.decode_choice(RightsKind, request.kind, "kind")
            received_ms = convert_rights.decode_receive_time(request, now_ms)
            reason = convert_rights.decode_reason(request.reason)
            held = self._control.engine.record_rights_request(
                customer_id, kind, _new_id(), received_ms=received_ms, now_ms=now_ms, reason=reason
            )
            return [held]

        def answer(requests: Sequence[pb.RightsRequest]) -> pb.RecordRequestResponse:
            return pb.RecordRequestResponse(request=requests[0] if requests else None)

        return await self._once("RecordRequest", request, context, act, answer)

    async def ExtendRequest(self, request: pb.ExtendRequestRequest, context: Context) -> pb.ExtendRequestResponse:
        held = self._step(request, self._control.engine.extend_rights_request)
        return pb.ExtendRequestResponse(request=held)

    async def RefuseRequest(self, request: pb.RefuseRequestRequest, context: Context) -> pb.RefuseRequestResponse:
        held = self._step(request, self._control.engine.refuse_rights_request)
        return pb.RefuseRequestResponse(request=held)

    async def ListRequests(self, request: pb.ListRequestsRequest, context: Context) -> pb.ListRequestsResponse:
        now_ms = self._control.now_ms()
        customer_id = checks.identifier(request.customer_id, "customer_id", required=False)
        rows = [row for row in self._rows(customer_id) if row[1].is_open or not request.only_open]
        page, token = page_of(
            rows,
            lambda row: _place(row[1]),
            lambda row: convert_rights.encode_request(row[1], row[0], now_ms),
            request,
            "requests",
            str(request.only_open),
            customer_id,
        )
        return pb.ListRequestsResponse(requests=page, next_page_token=token)

    # -- inside ----------------------------------------------------------------------------------------------

    def _rows(self, customer_id: str) -> Iterator[tuple[str, RightsRequest]]:
        engine = self._control.engine
        if customer_id:
            for held in engine.rights_requests(customer_id):
                yield engine.customer(customer_id).customer_id, held
            return
        customers = engine.state.people.customers
        for key, held in engine.state.rights:
            yield customers[key].customer_id, held
        for erasure in self._control.erasures.ledger.erasures.values():
            yield "", convert_rights.request_of_erasure(erasure)

    def _step(self, request: Any, step: Callable[..., RightsRequest]) -> pb.RightsRequest:
        request_id = checks.identifier(request.rights_request_id, "rights_request_id")
        reason = convert_rights.decode_reason(request.reason)
        now_ms = self._control.now_ms()
        held = step(request_id, reason, now_ms=now_ms)
        customer_id, _ = self._control.engine.rights_request(request_id)
        return convert_rights.encode_request(held, customer_id, now_ms)

    def _encoded(self, requests: Sequence[RightsRequest], customer_id: str, now_ms: int) -> list[pb.RightsRequest]:
        known_as = self._control.engine.customer(customer_id).customer_id
        return [convert_rights.encode_request(held, known_as, now_ms) for held in requests]

    async def _once(
        self,
        method: str,
        request: Any,
        context: Context,
        act: Callable[[str, int], Sequence[RightsRequest]],
        answer: Callable[[Sequence[pb.RightsRequest]], R],
    ) -> R:
        """`act(customer id, now)`, once for a request_id; the answer is about her and goes with her."""

        async def call() -> R:
            customer_id = checks.identifier(request.customer_id, "customer_id")
            now_ms = self._control.now_ms()
            return answer(self._encoded(act(customer_id, now_ms), customer_id, now_ms))

        return await self._control.once(method, request, context, call, _OfHers(self._control, request, answer))


class _OfHers(Memory[R]):
    """Remembers which requests a call answered, in her partition: nothing of her outlives her."""

    def __init__(self, control: Control, request: Any, answer: Callable[[Sequence[pb.RightsRequest]], R]) -> None:
        super().__init__(request)
        self._control = control
        self._answer = answer

    def remembered(self, answer: Any) -> Remembered:
        told = [answer.request] if hasattr(answer, "request") else answer.requests
        names = "\n".join(item.rights_request_id for item in told)
        return Remembered(self._control.engine.key_of(self._request.customer_id), names.encode())

    def again(self, record: RequestAnswered) -> R:
        engine, now_ms = self._control.engine, self._control.now_ms()
        found = []
        for name in record.answer.decode().split("\n"):
            if name in engine.state.rights.owners:
                customer_id, held = engine.rights_request(name)
                found.append(convert_rights.encode_request(held, customer_id, now_ms))
        return self._answer(found)


def _place(held: RightsRequest) -> tuple[int, int, str]:
    """Open ones first by their due time, then the others, newest first."""
    if held.is_open:
        return 0, held.due_ms, held.request_id
    return 1, -held.closed_ms, held.request_id


def _new_id() -> str:
    return secrets.token_hex(_REQUEST_ID_SIZE_BYTES)
