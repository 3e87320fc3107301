"""The rights of a person: what is held of her, and its erasure."""

from __future__ import annotations

from typing import Any

from geooffer.errors import NotFoundError
from geooffer.journal.erasures import Erasure
from geooffer.rpc import checks
from geooffer.services.control import Control
from geooffer.services.pages import page_of
from geooffer.services.rights import RightsMethods
from geooffer.services.zones import ZoneMethods
from geooffer.v1 import privacy_service_pb2 as pb
from geooffer.v1 import privacy_service_pb2_grpc as rpc

NAME = "geooffer.v1.PrivacyService"
Context = Any


class PrivacyService(RightsMethods, ZoneMethods, rpc.PrivacyServiceServicer):
    """Erase, and what rights.py and zones.py have; the rules are in proto/geooffer/v1/privacy_service.proto."""

    def __init__(self, control: Control) -> None:
        super().__init__(control)
        self._control = control

    async def EraseSubject(self, request: pb.EraseSubjectRequest, context: Context) -> pb.EraseSubjectResponse:
        async def call() -> pb.EraseSubjectResponse:
            customer_id = checks.identifier(request.customer_id, "customer_id")
            erasure = await self._control.erasures.erase_or_repeat(customer_id)
            return pb.EraseSubjectResponse(erasure=encode_erasure(erasure))

        return await self._control.once("EraseSubject", request, context, call)

    async def GetErasure(self, request: pb.GetErasureRequest, context: Context) -> pb.GetErasureResponse:
        erasure_id = checks.identifier(request.erasure_id, "erasure_id")
        return pb.GetErasureResponse(erasure=encode_erasure(self._control.erasures.get(erasure_id)))

    async def ListErasures(self, request: pb.ListErasuresRequest, context: Context) -> pb.ListErasuresResponse:
        erasures = self._control.erasures.ledger.erasures.values()
        page, token = page_of(
            erasures, lambda item: (-item.begun_ms, item.erasure_id), encode_erasure, request, "erasures"
        )
        return pb.ListErasuresResponse(erasures=page, next_page_token=token)

    async def VerifyAudit(self, request: pb.VerifyAuditRequest, context: Context) -> pb.VerifyAuditResponse:
        verify = self._control.verify_audit
        if verify is None:
            raise NotFoundError("no audit log is kept: the journal is in memory")
        found = await verify()
        if found.fault:
            return pb.VerifyAuditResponse(fault=found.fault)
        counts = sorted((found.counts or {}).items())
        return pb.VerifyAuditResponse(
            is_whole=True,
            number=found.number,
            hash=bytes.fromhex(found.hash),
            first_number=found.first_number,
            lsn=found.lsn,
            counts=[pb.AuditCount(kind=kind, count=count) for kind, count in counts],
        )


def encode_erasure(erasure: Erasure) -> pb.Erasure:
    """The receipt as it stands."""
    is_done = erasure.done_ms is not None
    message = pb.Erasure(
        erasure_id=erasure.erasure_id,
        state=pb.ERASURE_STATE_DONE if is_done else pb.ERASURE_STATE_PENDING,
        request_time=checks.timestamp(erasure.begun_ms),
        lsn=erasure.lsn,
        snapshot_lsn=erasure.snapshot_lsn,
        touched=[pb.TouchedRows(table=table, row_count=count) for table, count in sorted(erasure.counts.items())],
    )
    if erasure.erased_ms is not None:
        message.erase_time.CopyFrom(checks.timestamp(erasure.erased_ms))
    if erasure.done_ms is not None:
        message.done_time.CopyFrom(checks.timestamp(erasure.done_ms))
    return message
