"""Consent: given, taken back, read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from geooffer.model.signals import ConsentEvent
from geooffer.rpc import checks
from geooffer.rpc.convert import decode_purposes
from geooffer.rpc.convert_people import decode_consent_event, decode_notice_version, encode_consents
from geooffer.services.batches import apply_batch, tried
from geooffer.services.control import Control
from geooffer.v1 import consent_service_pb2 as pb
from geooffer.v1 import consent_service_pb2_grpc as rpc

NAME = "geooffer.v1.ConsentService"
Context = Any


class ConsentService(rpc.ConsentServiceServicer):
    """Consent; the fields and rules are in proto/geooffer/v1/consent_service.proto."""

    def __init__(self, control: Control) -> None:
        self._control = control

    async def RecordConsent(self, request: pb.RecordConsentRequest, context: Context) -> pb.RecordConsentResponse:
        event = ConsentEvent(
            customer_id=checks.identifier(request.customer_id, "customer_id"),
            purposes=decode_purposes(request.purposes, "purposes", required=True),
            granted=True,
            time_ms=checks.time_ms(request, "event_time"),
            notice_version=decode_notice_version(request.notice_version, required=True),
        )
        self._record(event)
        return pb.RecordConsentResponse(
            consents=self._consents(event.customer_id),
            catalog_generation=self._control.engine.saved_generation,
        )

    async def WithdrawConsent(self, request: pb.WithdrawConsentRequest, context: Context) -> pb.WithdrawConsentResponse:
        field = "event_time"
        given = request.HasField(field)
        event = ConsentEvent(
            customer_id=checks.identifier(request.customer_id, "customer_id"),
            purposes=decode_purposes(request.purposes, "purposes", required=True),
            granted=False,
            time_ms=checks.time_ms(request, field) if given else self._control.started_now_ms(field),
            notice_version="",
        )
        if not given:
            event = replace(event, time_ms=max(event.time_ms, self._latest_ms(event)))
        self._record(event)
        return pb.WithdrawConsentResponse(
            consents=self._consents(event.customer_id),
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

    def _record(self, event: ConsentEvent) -> None:
        self._control.engine.record_consent(
            event.customer_id,
            event.purposes,
            granted=event.granted,
            time_ms=event.time_ms,
            now_ms=self._control.now_of_ms([event.time_ms]),
            notice_version=event.notice_version,
        )

    def _latest_ms(self, event: ConsentEvent) -> int:
        """The latest time held of the event's purposes: taking back *now* wins over whatever was said before it."""
        held = self._control.engine.consent_of(event.customer_id)
        return max((state.time_ms for purpose, state in held.items() if event.purposes & purpose.bit), default=0)

    def _consents(self, customer_id: str) -> list[pb.PurposeConsent]:
        return encode_consents(self._control.engine.consent_of(customer_id))
