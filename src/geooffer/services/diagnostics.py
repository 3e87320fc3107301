"""Why, and how much."""

from __future__ import annotations

from typing import Any

from geooffer.errors import InvalidArgumentError
from geooffer.model import limits
from geooffer.rpc import checks
from geooffer.rpc.codec import SPEED_UNKNOWN
from geooffer.rpc.convert_diagnostics import encode_decision, encode_explanation, encode_recent_try
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
        speed_cm_per_s = SPEED_UNKNOWN
        if request.HasField("speed_cm_per_s"):
            speed_cm_per_s = checks.integer(request.speed_cm_per_s, 0, limits.SPEED_MAX_CM_PER_S, "speed_cm_per_s")
        explanation = self._control.engine.explain(
            device_key=request.device_key,
            latitude_e7=checks.latitude(request.latitude_e7),
            longitude_e7=checks.longitude(request.longitude_e7),
            accuracy_cm=checks.integer(request.accuracy_cm, 0, limits.ACCURACY_MAX_CM, "accuracy_cm"),
            now_ms=now_ms,
            speed_cm_per_s=speed_cm_per_s,
        )
        return encode_explanation(explanation, now_ms)

    async def GetDecision(self, request: pb.GetDecisionRequest, context: Context) -> pb.GetDecisionResponse:
        decision_id = checks.identifier(request.decision_id, "decision_id")
        return pb.GetDecisionResponse(decision=encode_decision(self._control.engine.decision(decision_id)))

    async def ListRecentTries(self, request: pb.ListRecentTriesRequest, context: Context) -> pb.ListRecentTriesResponse:
        engine = self._control.engine
        person_key = engine.key_of(checks.identifier(request.customer_id, "customer_id"))
        tries = engine.recent_tries.of(person_key, self._control.now_ms())
        return pb.ListRecentTriesResponse(tries=[encode_recent_try(item, engine.registry) for item in tries])

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
        for outcome, count in sorted(counts.outcomes.items()):
            response.outcomes.add(kind=int(outcome), decision_count=count)
        return response
