"""The shape `kernel`: what the engine's step costs a ping without any transport, and how it grows with the fences.

The devices of the transport shapes on their paths (bench/load_world.py), 1,024 rows a step, taken apart by what a row
does: all rows outside all fences; all rows entering a fence and trying a decision (every customer searched, each has an
offer to get); and the mix of 95 %, 4 % and 1 %. Catalogs of several sizes lie side by side and are measured in turn.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from geooffer.bench import direct_world, load_world
from geooffer.bench.catalog_world import further_count, further_fence
from geooffer.engine.clock import EngineClock
from geooffer.engine.engine import Engine
from geooffer.journal.memory import MemoryJournal
from geooffer.kernels.compile import compile_all
from geooffer.model.columns import PING, StructArray

ROW_COUNT = 1_024
NOW_MS = 1_772_528_400_000
"""Tuesday noon in Central Europe."""
STEP_MS = 1_000
Note = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class KernelPlan:
    """What to measure."""

    fence_counts: tuple[int, ...]
    person_count: int
    step_count: int
    """Timed, of each kind and catalog."""


class Walk:
    """An engine and its devices, a batch of other ones at each step."""

    def __init__(self, fence_count: int, person_count: int) -> None:
        self.engine = Engine(journal=MemoryJournal(), clock=EngineClock("client", NOW_MS))
        # every customer searched: who tries gets an offer
        direct_world.fill(self.engine, person_count, NOW_MS, intent_every=1)
        if further_count(fence_count):
            fences = [further_fence(number) for number in range(further_count(fence_count))]
            self.engine.put_nouns(fences, now_ms=NOW_MS)
            self.engine.publish()
        offsets = np.array(load_world.path_offsets(), dtype=np.int32)
        self._inside, self._outside = np.split(offsets, [load_world.INSIDE_LENGTH])
        centres = np.array(
            [direct_world.fence_centre(number) for number in range(direct_world.FENCE_COUNT)], dtype=np.int32
        )
        self._random = np.random.default_rng(9)
        self._keys = self._random.permutation(np.arange(1, person_count + 1))
        self._bases = centres[self._keys % direct_world.FENCE_COUNT]
        self._turn = 0
        self.now_ms = NOW_MS

    def batch(self, inside_count: int) -> StructArray:
        """The next devices, so many of them at their fences."""
        if self._turn + ROW_COUNT > len(self._keys):
            self._turn = 0
        part = slice(self._turn, self._turn + ROW_COUNT)
        self._turn += ROW_COUNT
        self.now_ms += STEP_MS
        offsets = self._outside[self._random.integers(0, len(self._outside), ROW_COUNT)]
        places = self._random.permutation(ROW_COUNT)[:inside_count]
        offsets[places] = self._inside[self._random.integers(0, len(self._inside), inside_count)]
        rows = np.zeros(ROW_COUNT, dtype=PING)
        rows["device_key"] = self._keys[part]
        rows["latitude_e7"], rows["longitude_e7"] = (self._bases[part] + offsets).T
        rows["fix_time_ms"] = rows["now_ms"] = self.now_ms
        rows["accuracy_cm"] = direct_world.ACCURACY_CM
        rows["speed_cm_per_s"] = direct_world.SPEED_CM_PER_S
        return rows

    def timed_ns(self, inside_count: int) -> tuple[float, int, int]:
        """One step: (ns a ping, tries, winners)."""
        rows = self.batch(inside_count)
        began_ns = time.perf_counter_ns()
        outcome = self.engine.step(rows)
        return (time.perf_counter_ns() - began_ns) / ROW_COUNT, len(outcome.tries), len(outcome.winners)


#: rows of a batch that are inside: none, all (they enter), as in the stated mix
KINDS = {"outside": 0, "mixed": ROW_COUNT * load_world.INSIDE_LENGTH // load_world.PATH_LENGTH, "deciding": ROW_COUNT}


def measure(plan: KernelPlan, note: Note) -> dict[str, Any]:
    """Median ns a ping by kind and number of fences; the kinds in turn, catalogs in turn within."""
    compile_all()
    walks = {}
    for count in plan.fence_counts:
        walks[count] = Walk(count, plan.person_count)
        note(f"{count:,} fences, {plan.person_count:,} persons")
    told: dict[str, dict[int, dict[str, Any]]] = {}
    for kind, inside_count in KINDS.items():
        found: dict[int, list[tuple[float, int, int]]] = {count: [] for count in walks}
        steps = plan.step_count
        if kind == "deciding":
            # a device enters and wins once: as many steps as there are fresh ones
            steps = min(steps, plan.person_count // ROW_COUNT // 2)
        for _ in range(max(1, steps)):
            for count, walk in walks.items():
                found[count].append(walk.timed_ns(inside_count))
        told[kind] = {count: _summary(values) for count, values in found.items()}
    first, last = plan.fence_counts[0], plan.fence_counts[-1]
    growth = told["outside"][last]["ns"] / told["outside"][first]["ns"]
    return {
        "shape": "kernel",
        "persons": plan.person_count,
        "rows": ROW_COUNT,
        "ns_per_ping": told,
        "outside_ns": told["outside"][first]["ns"],
        "deciding_ns": told["deciding"][first]["ns"],
        "growth": round(growth, 3),
        "growth_from": first,
        "growth_to": last,
    }


def _summary(values: Sequence[tuple[float, int, int]]) -> dict[str, Any]:
    times_ns, tries, winners = zip(*values, strict=True)
    return {
        "ns": round(statistics.median(times_ns), 1),
        "best_ns": round(min(times_ns), 1),
        "tries_per_ping": round(sum(tries) / len(values) / ROW_COUNT, 4),
        "winners_per_ping": round(sum(winners) / len(values) / ROW_COUNT, 4),
    }
