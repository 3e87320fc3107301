"""Consent: given, taken back, read, proven; and the notices it is given by."""

from __future__ import annotations

from typing import Any

from geooffer.errors import InvalidArgumentError
from geooffer.model.consent import Notice
from geooffer.model.signals import ConsentEvent
from geooffer.model.verdicts import Purpose
from geooffer.rpc import checks
from geooffer.rpc.convert import decode_purposes
from geooffer.rpc.convert_consent import (
    decode_consent_event,
    decode_grant,
    decode_notice,
    encode_consents,
    encode_held,
    encode_notice,
    withdrawn_by,
)
from geooffer.services.batches import apply_batch, tried
from geooffer.services.consent_receipts import receipt_of
from geooffer.services.control import Control
from geooffer.services.pages import page_of
from geooffer.v1 import consent_service_pb2 as pb
from geooffer.v1 import consent_service_pb2_grpc as rpc

NAME = "geooffer.v1.ConsentService"
Context = Any


class ConsentService(rpc.ConsentServiceServicer):
    """Consent; the fields and rules are in proto/geooffer/v1/consent_service.proto."""

    def __init__(self, control: Control) -> None:
        self._control = control

    # -- events ----------------------------------------------------------------------------------------------

    async def RecordConsent(self, request: pb.RecordConsentRequest, context: Context) -> pb.RecordConsentResponse:
        event = decode_grant(request)
        self._record(event)
        return pb.RecordConsentResponse(
            consents=self._consents(event.customer_id),
            catalog_generation=self._control.engine.saved_generation,
        )

    async def WithdrawConsent(self, request: pb.WithdrawConsentRequest, context: Context) -> pb.WithdrawConsentResponse:
        field = "event_time"
        customer_id = checks.identifier(request.customer_id, "customer_id")
        purposes = decode_purposes(request.purposes, "purposes", required=True)
        method = withdrawn_by(request.method)
        if request.HasField(field):
            time_ms = checks.time_ms(request, field)
            self._record(ConsentEvent(customer_id, purposes, granted=False, time_ms=time_ms, method=method))
        else:
            now_ms = self._control.started_now_ms(field)
            self._control.engine.withdraw_now(customer_id, purposes, now_ms=now_ms, method=method)
        return pb.WithdrawConsentResponse(
            consents=self._consents(customer_id),
            catalog_generation=self._control.engine.saved_generation,
        )

    async def GetConsent(self, request: pb.GetConsentRequest, context: Context) -> pb.GetConsentResponse:
        return pb.GetConsentResponse(
            consents=self._consents(checks.identifier(request.customer_id, "customer_id")),
            catalog_generation=self._control.engine.saved_generation,
        )

    async def BatchRecordConsents(
        self, request: pb.BatchRecordConsentsRequest, context: Context
    ) -> pb.BatchRecordConsentsResponse:
        def put(events: list[ConsentEvent]) -> Any:
            return [tried(self._record, event) for event in events]

        result = await apply_batch(request.events, "events", decode_consent_event, put, partial=True)
        return self._control.batch_answer(result, pb.BatchRecordConsentsResponse)

    # -- notices ---------------------------------------------------------------------------------------------

    async def BatchRegisterNotices(
        self, request: pb.BatchRegisterNoticesRequest, context: Context
    ) -> pb.BatchRegisterNoticesResponse:
        engine, partial = self._control.engine, request.partial

        def put(notices: list[Notice]) -> Any:
            return engine.register_notices(notices, now_ms=self._control.now_ms(), partial=partial)

        result = await apply_batch(request.notices, "notices", decode_notice, put, partial=partial)
        return self._control.batch_answer(result, pb.BatchRegisterNoticesResponse)

    async def ListNotices(self, request: pb.ListNoticesRequest, context: Context) -> pb.ListNoticesResponse:
        notices = self._control.engine.registry.notices.values()
        page, token = page_of(
            notices, lambda notice: (notice.effective_ms, notice.notice_version), encode_notice, request, "notices"
        )
        return pb.ListNoticesResponse(notices=page, next_page_token=token)

    # -- proof -----------------------------------------------------------------------------------------------

    async def GetConsentHistory(
        self, request: pb.GetConsentHistoryRequest, context: Context
    ) -> pb.GetConsentHistoryResponse:
        engine = self._control.engine
        customer_id = checks.identifier(request.customer_id, "customer_id")
        held = engine.consent_of(customer_id)
        response = pb.GetConsentHistoryResponse()
        for event in engine.consent_events(customer_id):
            latest_of = sum(purpose.bit for purpose, latest in held.items() if latest is event)
            event_id = engine.consent_event_id(customer_id, event)
            response.events.append(encode_held(customer_id, event_id, event, latest_of))
        for field, time_ms in (
            (response.complete_from_time, engine.consents_known_from_ms(customer_id)),
            (response.location_snoozed_until_time, engine.snoozed_until_ms(customer_id)),
        ):
            if time_ms is not None:
                field.CopyFrom(checks.timestamp(time_ms))
        return response

    async def GetAllowance(self, request: pb.GetAllowanceRequest, context: Context) -> pb.GetAllowanceResponse:
        engine = self._control.engine
        customer_id = checks.identifier(request.customer_id, "customer_id")
        purpose = Purpose(checks.integer(request.purpose, 1, len(Purpose), "purpose") - 1)
        time_ms = checks.time_ms(request, "at_time")
        if engine.clock.started and time_ms > self._control.now_ms():
            raise InvalidArgumentError("at_time lies in the future: nobody knows", field="at_time")
        told = engine.was_allowed(customer_id, purpose, time_ms)
        response = pb.GetAllowanceResponse(allowed=told.allowed, was_known=told.was_known, is_complete=told.is_complete)
        if told.event is not None:
            event_id = engine.consent_event_id(customer_id, told.event)
            held = engine.consent_of(customer_id)
            latest_of = sum(purpose.bit for purpose, latest in held.items() if latest is told.event)
            response.event.CopyFrom(encode_held(customer_id, event_id, told.event, latest_of))
        return response

    async def GetConsentReceipt(
        self, request: pb.GetConsentReceiptRequest, context: Context
    ) -> pb.GetConsentReceiptResponse:
        customer_id = checks.identifier(request.customer_id, "customer_id")
        event_id = checks.identifier(request.event_id, "event_id")
        receipt = receipt_of(self._control.engine, customer_id, event_id, now_ms=self._control.now_ms())
        return pb.GetConsentReceiptResponse(receipt_json=self._control.receipts.sign(receipt))

    # -- inside ----------------------------------------------------------------------------------------------

    def _record(self, event: ConsentEvent) -> None:
        self._control.engine.record_consent(
            event.customer_id,
            event.purposes,
            granted=event.granted,
            time_ms=event.time_ms,
            now_ms=self._control.now_of_ms([event.time_ms]),
            notice_version=event.notice_version,
            language=event.language,
            notice_hash=event.notice_hash,
            method=event.method,
            valid_until_ms=event.valid_until_ms,
        )

    def _consents(self, customer_id: str) -> list[pb.PurposeConsent]:
        engine = self._control.engine
        in_force = engine.consented_now(customer_id, self._control.now_ms())
        return encode_consents(engine.consent_of(customer_id), in_force)
