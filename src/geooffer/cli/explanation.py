"""An explanation for the eye and for `--json`: fences, candidates, verdicts, the figures behind them."""

from __future__ import annotations

from typing import Any

from geooffer.engine.explain import CandidateExplanation, Explanation, FenceExplanation
from geooffer.model.verdicts import OfferVerdict, PingVerdict
from geooffer.v1 import diagnostics_service_pb2 as pb

_UNRELATED = {
    OfferVerdict.NO_INTENT: "more that she never asked for",
    OfferVerdict.OFFER_INACTIVE: "more that do not run here, or not now",
}
"""Most offers: counted, not listed, unless all are asked for."""


def from_response(response: pb.ExplainPingResponse) -> Explanation:
    """A service's answer as the engine's own value."""
    fences = tuple(
        FenceExplanation(
            geofence_id=fence.geofence_id,
            store_id=fence.store_id,
            covered=fence.covered,
            evidence=fence.evidence,
            verdict=OfferVerdict(fence.verdict) if fence.verdict else None,
            candidates=tuple(
                CandidateExplanation(c.offer_id, OfferVerdict(c.verdict), c.score, c.detail) for c in fence.candidates
            ),
        )
        for fence in response.fences
    )
    return Explanation(PingVerdict(response.ping_verdict), fences, response.catalog_generation, response.policy_version)


def lines_of(explanation: Explanation, *, every_candidate: bool) -> list[str]:
    """Text lines; without `every_candidate` those she never asked for are counted only."""
    lines = [f"ping: {explanation.ping_verdict.name}"]
    if not explanation.fences and explanation.ping_verdict is PingVerdict.ACCEPTED:
        lines.append("no fence covers this place: nothing is tried")
    for fence in explanation.fences:
        store = f"store {fence.store_id}" if fence.store_id else "no store: transitions only"
        outcome = f" → {fence.verdict.name}" if fence.verdict else ""
        lines.append(f"fence {fence.geofence_id} ({store}), evidence {fence.evidence}{outcome}")
        lines += [f"  {line}" for line in _candidate_lines(fence, every_candidate)]
    lines.append(f"catalog generation {explanation.catalog_generation}, policy {explanation.policy_version}")
    return lines


def _candidate_lines(fence: FenceExplanation, every_candidate: bool) -> list[str]:
    shown = [c for c in fence.candidates if every_candidate or c.verdict not in _UNRELATED]
    shown.sort(key=lambda c: (-c.verdict, c.offer_id))
    lines = [f"{c.verdict.name:<20} {c.offer_id:<26} {c.detail}" for c in shown]
    for verdict, remark in _UNRELATED.items():
        count = sum(1 for c in fence.candidates if c.verdict is verdict)
        if count and not every_candidate:
            lines.append(f"{verdict.name:<20} {count} {remark}")
    return lines


def as_json(explanation: Explanation) -> dict[str, Any]:
    """Everything, names instead of numbers."""
    return {
        "ping_verdict": explanation.ping_verdict.name,
        "catalog_generation": explanation.catalog_generation,
        "policy_version": explanation.policy_version,
        "fences": [
            {
                "geofence_id": fence.geofence_id,
                "store_id": fence.store_id,
                "covered": fence.covered,
                "evidence": fence.evidence,
                "verdict": fence.verdict.name if fence.verdict else None,
                "candidates": [
                    {"offer_id": c.offer_id, "verdict": c.verdict.name, "score": c.score, "detail": c.detail}
                    for c in fence.candidates
                ],
            }
            for fence in explanation.fences
        ],
    }
