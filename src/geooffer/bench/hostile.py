"""Hostile peers beside an open loop of honest ones: what these wait, and what the server's memory does.

Bounds: of the honest pings, at least BUDGET_SHARE_MIN answered within their budget of 50 ms; the server's memory grows
by at most GROWTH_MAX_BYTES; every honest ping is acknowledged (bench/carried.py fails else).
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from geooffer.bench import latency
from geooffer.bench.attacks import AttackPlan, run_attack
from geooffer.bench.carried import Carrier, CarrierPlan, Pace, Serve, carriers
from geooffer.bench.native_load import Loaded
from geooffer.bench.processes import END_TIMEOUT_S, BenchmarkError, process, receive, watching_memory
from geooffer.bench.shapes import SHAPES

BUDGET_SHARE_MIN = 0.99
GROWTH_MAX_BYTES = 64 * 2**20
WARMUP_S = 0.5
CONNECTION_COUNT = 100
"""Of honest phones; one more device is the attacker's, so that its pings are nobody else's."""


@dataclass(frozen=True, slots=True)
class HostilePlan:
    """What to measure."""

    plane: str
    """native or python."""
    kinds: Sequence[str]
    seconds: float
    rate: float
    """Honest pings a second."""


def measure(plan: HostilePlan, serve: Serve, note: Callable[[str], None]) -> dict[str, Any]:
    """The report; `passed` where every attack was. Raises BenchmarkError."""
    shape = SHAPES["direct"].sized(CONNECTION_COUNT + 1, None)
    with (
        tempfile.TemporaryDirectory(prefix="geooffer-bench-") as directory,
        carriers([CarrierPlan(plan.plane, shape, None, Path(directory))], serve) as (server,),
        process(run_attack, None) as (pipe, attacker),
    ):
        token, honest = server.ready.tokens[-1], _honest(server)
        rows = []
        for kind in ("none", *plan.kinds):
            attack = None if kind == "none" else AttackPlan(kind, server.ready.data_address, token, plan.seconds)
            rows.append(_measured(plan, honest, attack, pipe, attacker))
            note(f"{kind}: {rows[-1]['share_within_budget']:.2%} within their budget {rows[-1]['fault']}")
    return {
        "shape": "hostile",
        "plane": plan.plane,
        "seconds": plan.seconds,
        "rate": plan.rate,
        "attacks": rows,
        "budget_share_min": BUDGET_SHARE_MIN,
        "growth_max_bytes": GROWTH_MAX_BYTES,
        "passed": all(row["passed"] for row in rows),
    }


class _Honest(Carrier):
    """Counts of verdicts hold the attacker's pings, too: they say nothing of the honest ones."""

    def _check(self, result: Any, *, is_open: bool) -> None:
        self.check_acknowledged(result)


def _honest(server: Carrier) -> _Honest:
    """The same server, asked by all devices but the attacker's."""
    shape = SHAPES["direct"].sized(CONNECTION_COUNT, None)
    ready = replace(server.ready, tokens=server.ready.tokens[:CONNECTION_COUNT])
    return _Honest(replace(server.plan, shape=shape), server.pipe, server.server, ready, server.load_pipe, server.load)


def _run(honest: _Honest, pace: Pace) -> tuple[Loaded | None, str]:
    """What the honest saw; or None, and why they were not served."""
    try:
        return honest.run(pace), ""
    except BenchmarkError as error:
        return None, error.message


def _measured(
    plan: HostilePlan, honest: _Honest, attack: AttackPlan | None, pipe: Any, attacker: Any
) -> dict[str, Any]:
    """One row: the attack begins with the open loop, and lasts as long."""
    with watching_memory(honest.ready.pid) as memory:
        if attack is not None:
            pipe.send(replace(attack, seconds=WARMUP_S + plan.seconds))
            receive(pipe, attacker, END_TIMEOUT_S)
        run, fault = _run(honest, Pace(WARMUP_S, plan.seconds, plan.rate))
        attacked = None if attack is None else receive(pipe, attacker, END_TIMEOUT_S + plan.seconds)
    growth_bytes = memory.most_bytes - memory.before_bytes
    share = 0.0 if run is None else run.budget_share
    return {
        "attack": "none" if attack is None else attack.kind,
        "fault": fault,
        **({} if run is None else latency.summary(run.histogram)),
        "share_within_budget": round(share, 6),
        "growth_bytes": growth_bytes,
        "attacker_sent_bytes": 0 if attacked is None else attacked.sent_bytes,
        "attacker_closed_count": 0 if attacked is None else attacked.closed_count,
        "passed": share >= BUDGET_SHARE_MIN and growth_bytes <= GROWTH_MAX_BYTES,
    }
