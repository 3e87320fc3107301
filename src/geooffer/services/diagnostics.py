"""Why, and how much."""

from __future__ import annotations

from typing import Any

from geooffer.engine.explain import CandidateExplanation, FenceExplanation
from geooffer.errors import InvalidArgumentError
from geooffer.model import limits
from geooffer.rpc import checks
from geooffer.services.control import Control
from geooffer.v1 import diagnostics_service_pb2 as pb
from geooffer.v1 import diagnostics_service_pb2_grpc as rpc

NAME = "geooffer.v1.DiagnosticsService"
Context = Any


class DiagnosticsService(rpc.DiagnosticsServiceServicer):
    """Explanations and counts; the rules are in proto/geooffer/v1/diagnostics_service.proto."""

    def __init__(self, control: Control) -> None:
        self._control = control

    async def ExplainPing(self, request: pb.ExplainPingRequest, context: Context) -> pb.ExplainPingResponse:
        field = "ping_time"
        given = request.HasField(field)
        if request.device_key == 0:
            raise InvalidArgumentError("device_key must not be 0", field="device_key")
        now_ms = checks.time_ms(request, field) if given else self._control.started_now_ms(field)
        explanation = self._control.engine.explain(
            device_key=request.device_key,
            latitude_e7=checks.latitude(request.latitude_e7),
            longitude_e7=checks.longitude(request.longitude_e7),
            accuracy_cm=checks.integer(request.accuracy_cm, 0, limits.ACCURACY_MAX_CM, "accuracy_cm"),
            now_ms=now_ms,
        )
        return pb.ExplainPingResponse(
            ping_verdict=int(explanation.ping_verdict),  # type: ignore[arg-type]
            fences=[_fence(fence) for fence in explanation.fences],
            catalog_generation=explanation.catalog_generation,
            policy_version=explanation.policy_version,
            ping_time=checks.timestamp(now_ms),
        )

    async def GetStatistics(self, request: pb.GetStatisticsRequest, context: Context) -> pb.GetStatisticsResponse:
        engine = self._control.engine
        counts = engine.statistics
        response = pb.GetStatisticsResponse(
            offer_count=counts.offers,
            catalog_generation=engine.live_generation,
            read_time=checks.timestamp(self._control.now_ms()),
        )
        # a counter that went back to nothing (an offer that became TOO_LATE) is no entry
        for ping_verdict, count in sorted(counts.ping_verdicts.items()):
            if count:
                response.ping_verdicts.add(verdict=int(ping_verdict), ping_count=count)
        for offer_verdict, count in sorted(counts.offer_verdicts.items()):
            if count:
                response.offer_verdicts.add(verdict=int(offer_verdict), try_count=count)
        for kind, count in sorted(counts.transitions.items()):
            if count:
                response.transitions.add(kind=int(kind), transition_count=count)
        return response


def _fence(fence: FenceExplanation) -> pb.FenceExplanation:
    return pb.FenceExplanation(
        geofence_id=fence.geofence_id,
        store_id=fence.store_id,
        covered=fence.covered,
        evidence=fence.evidence,
        verdict=int(fence.verdict or 0),  # type: ignore[arg-type]
        candidates=[_candidate(candidate) for candidate in fence.candidates],
    )


def _candidate(candidate: CandidateExplanation) -> pb.CandidateExplanation:
    return pb.CandidateExplanation(
        offer_id=candidate.offer_id,
        verdict=int(candidate.verdict),  # type: ignore[arg-type]
        score=candidate.score,
        detail=candidate.detail,
    )
