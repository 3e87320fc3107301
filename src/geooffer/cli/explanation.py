"""An explanation for the eye and for `--json`: fences, stores, candidates, verdicts, the figures behind them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from geooffer.model import units
from geooffer.model.kinds import Fulfilment, SwitchKind
from geooffer.model.verdicts import OfferVerdict, PingVerdict, TouchpointKind
from geooffer.v1 import diagnostics_service_pb2 as pb

_UNRELATED = {
    OfferVerdict.NO_INTENT: "more that she never asked for",
    OfferVerdict.OFFER_INACTIVE: "more that do not run now",
}
"""Most offers: counted, not listed, unless all are asked for."""
_SWITCHES = {SwitchKind.CLOSED: "closed", SwitchKind.OFFERS_PAUSED: "offers paused"}


def lines_of(explanation: pb.ExplainPingResponse, *, every_candidate: bool) -> list[str]:
    """Text lines; without `every_candidate` those she never asked for are counted only."""
    ping_verdict = PingVerdict(explanation.ping_verdict)
    lines = [f"ping: {ping_verdict.name}"]
    if not explanation.fences and ping_verdict is PingVerdict.ACCEPTED:
        lines.append("no fence covers this place: nothing is tried")
    for fence in explanation.fences:
        store = f"store {fence.store_id}" if fence.store_id else "no store: transitions only"
        outcome = f" → {OfferVerdict(fence.verdict).name}" if fence.verdict else ""
        lines.append(f"fence {fence.geofence_id} ({store}), evidence {fence.evidence}{outcome}")
        if fence.store_detail:
            lines.append(f"  store: {fence.store_detail}")
        lines += [f"  {line}" for line in _closure_lines(fence)]
        lines += [f"  {line}" for line in _candidate_lines(fence, every_candidate)]
        lines += [f"  {line}" for line in _factor_table(_scored(fence, every_candidate))]
    lines.append(f"catalog generation {explanation.catalog_generation}, policy {explanation.policy_version}")
    return lines


def _closure_lines(fence: pb.FenceExplanation) -> list[str]:
    lines = []
    for closure in fence.closures:
        until = _time_text(closure.until_time) if closure.HasField("until_time") else "it is restored"
        reason = f": {closure.reason}" if closure.reason else ""
        start = _time_text(closure.from_time)
        lines.append(f"switch: {_SWITCHES[SwitchKind(closure.kind)]} from {start} until {until}{reason}")
    return lines


def _candidate_lines(fence: pb.FenceExplanation, every_candidate: bool) -> list[str]:
    lines = [
        f"{OfferVerdict(c.verdict).name:<20} {c.offer_id:<26} {c.detail}{_where(c, fence.store_id)}"
        for c in _shown(fence, every_candidate)
    ]
    for verdict, remark in _UNRELATED.items():
        count = sum(1 for c in fence.candidates if OfferVerdict(c.verdict) is verdict)
        if count and not every_candidate:
            lines.append(f"{verdict.name:<20} {count} {remark}")
    return lines


def _shown(fence: pb.FenceExplanation, every_candidate: bool) -> list[pb.CandidateExplanation]:
    shown = [c for c in fence.candidates if every_candidate or OfferVerdict(c.verdict) not in _UNRELATED]
    return sorted(shown, key=lambda c: (-c.verdict, c.offer_id))


def _where(candidate: pb.CandidateExplanation, store_id: str) -> str:
    """Where the goods are, if not here."""
    if not candidate.fulfilment or candidate.supply_store_id == store_id:
        return ""
    return f" [{Fulfilment(candidate.fulfilment).name} from {candidate.supply_store_id}]"


def _scored(fence: pb.FenceExplanation, every_candidate: bool) -> list[pb.CandidateExplanation]:
    return [c for c in _shown(fence, every_candidate) if c.factors]


def _factor_table(scored: Sequence[pb.CandidateExplanation]) -> list[str]:
    """The score by factor, a line per candidate; factors that nobody has points of are left out."""
    names = [f.factor for f in scored[0].factors if any(_points(c)[f.factor] for c in scored)] if scored else []
    if not names:
        return []
    rows = [[c.offer_id, str(c.score), *(str(_points(c)[name]) for name in names)] for c in scored]
    return table_lines(["points", "score", *names], rows)


def table_lines(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table whose first column is text and whose others are figures, flush right."""
    cells = [list(head), *(list(row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    lines = []
    for row in cells:
        figures = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
        lines.append("  ".join((row[0].ljust(widths[0]), *figures)))
    return lines


def _points(candidate: pb.CandidateExplanation) -> dict[str, int]:
    return {factor.factor: factor.points for factor in candidate.factors}


def _time_text(stamp: Any) -> str:
    return units.format_time_ms(stamp.ToMilliseconds())


def as_json(explanation: pb.ExplainPingResponse) -> dict[str, Any]:
    """Everything, names instead of numbers."""
    return {
        "ping_verdict": PingVerdict(explanation.ping_verdict).name,
        "catalog_generation": explanation.catalog_generation,
        "policy_version": explanation.policy_version,
        "fences": [
            {
                "geofence_id": fence.geofence_id,
                "store_id": fence.store_id,
                "covered": fence.covered,
                "evidence": fence.evidence,
                "verdict": OfferVerdict(fence.verdict).name if fence.verdict else None,
                "offer_id": fence.offer_id,
                "store_detail": fence.store_detail,
                "closures": [
                    {
                        "kind": SwitchKind(closure.kind).name,
                        "from_time": _time_text(closure.from_time),
                        "until_time": _time_text(closure.until_time) if closure.HasField("until_time") else None,
                        "reason": closure.reason,
                    }
                    for closure in fence.closures
                ],
                "candidates": [_candidate_json(candidate) for candidate in fence.candidates],
            }
            for fence in explanation.fences
        ],
    }


def _candidate_json(candidate: pb.CandidateExplanation) -> dict[str, Any]:
    return {
        "offer_id": candidate.offer_id,
        "verdict": OfferVerdict(candidate.verdict).name,
        "score": candidate.score,
        "points": _points(candidate),
        "fulfilment": Fulfilment(candidate.fulfilment).name if candidate.fulfilment else None,
        "supply_store_id": candidate.supply_store_id,
        "reason_kind": TouchpointKind(candidate.reason_kind).name if candidate.reason_kind else None,
        "detail": candidate.detail,
    }
