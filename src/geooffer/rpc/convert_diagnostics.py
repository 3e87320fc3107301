"""Explanations, decisions and tries to the wire; for roles that may know why."""

from __future__ import annotations

from collections.abc import Mapping

from geooffer.engine.explain import CandidateExplanation, Explanation, FenceExplanation
from geooffer.engine.live import Closure
from geooffer.engine.outcomes import DecisionView
from geooffer.engine.recent_tries import RecentTry
from geooffer.engine.registry import Registry
from geooffer.model import limits
from geooffer.rpc import checks
from geooffer.v1 import diagnostics_service_pb2 as pb
from geooffer.v1 import store_service_pb2 as store_pb


def encode_explanation(explanation: Explanation, now_ms: int) -> pb.ExplainPingResponse:
    """`now_ms`: the time it was explained at."""
    return pb.ExplainPingResponse(
        ping_verdict=int(explanation.ping_verdict),  # type: ignore[arg-type]
        fences=[_fence(fence) for fence in explanation.fences],
        catalog_generation=explanation.catalog_generation,
        policy_version=explanation.policy_version,
        ping_time=checks.timestamp(now_ms),
    )


def _fence(fence: FenceExplanation) -> pb.FenceExplanation:
    state = fence.store
    return pb.FenceExplanation(
        geofence_id=fence.geofence_id,
        store_id=fence.store_id,
        covered=fence.covered,
        evidence=fence.evidence,
        verdict=int(fence.verdict or 0),  # type: ignore[arg-type]
        candidates=[_candidate(candidate) for candidate in fence.candidates],
        closures=[encode_closure(item, fence.store_id) for item in (state.switches if state else ())],
        offer_id=fence.offer_id,
        store_detail=state.detail if state else "",
    )


def encode_closure(closure: Closure, store_id: str) -> store_pb.Closure:
    """A closure or pause of one store."""
    message = store_pb.Closure(
        store_id=store_id,
        kind=int(closure.kind),  # type: ignore[arg-type]
        from_time=checks.timestamp(closure.from_ms),
        reason=closure.reason,
    )
    if closure.until_ms < limits.TIME_MAX_MS:
        message.until_time.CopyFrom(checks.timestamp(closure.until_ms))
    return message


def _candidate(candidate: CandidateExplanation) -> pb.CandidateExplanation:
    return pb.CandidateExplanation(
        offer_id=candidate.offer_id,
        verdict=int(candidate.verdict),  # type: ignore[arg-type]
        score=candidate.score,
        detail=candidate.detail,
        # a score of 0 may be a sum; what was never scored has no place where its goods are
        factors=_factors(candidate.points) if candidate.fulfilment is not None else [],
        fulfilment=int(candidate.fulfilment or 0),  # type: ignore[arg-type]
        supply_store_id=candidate.supply_store_id,
        reason_kind=int(candidate.reason_kind or 0),  # type: ignore[arg-type]
    )


def _factors(points: Mapping[str, int]) -> list[pb.FactorPoints]:
    return [pb.FactorPoints(factor=name, points=value) for name, value in points.items()]


def encode_decision(view: DecisionView) -> pb.Decision:
    """The wire form."""
    message = pb.Decision(
        decision_id=view.decision_id,
        customer_id=view.customer_id,
        decided_time=checks.timestamp(view.time_ms),
        store_id=view.store_id,
        supply_store_id=view.supply_store_id,
        offer_id=view.offer_id,
        product_id=view.product_id,
        category_id=view.category_id,
        campaign_id=view.campaign_id,
        price_minor=view.amount_minor,
        previous_price_minor=view.reference_amount_minor,
        score=view.score,
        factors=_factors(view.points),
        reason_kind=int(view.reason_kind),  # type: ignore[arg-type]
        fulfilment=int(view.fulfilment),  # type: ignore[arg-type]
        channel=int(view.channel),  # type: ignore[arg-type]
        is_shadow=view.is_shadow,
        outcomes=[
            pb.Outcome(kind=int(kind), event_time=checks.timestamp(time_ms))  # type: ignore[arg-type]
            for kind, time_ms in sorted(view.outcomes.items())
        ],
        catalog_generation=view.catalog_generation,
        policy_version=view.policy_version,
    )
    if view.size_system:
        message.size.system, message.size.value = view.size_system, view.size_value
    return message


def encode_recent_try(attempt: RecentTry, registry: Registry) -> pb.RecentTry:
    """The wire form."""
    return pb.RecentTry(
        try_time=checks.timestamp(attempt.time_ms),
        store_id=registry.store_id(attempt.store_number),
        offer_id=registry.offer_id(attempt.offer_number) if attempt.offer_number >= 0 else "",
        verdict=int(attempt.verdict),  # type: ignore[arg-type]
    )
