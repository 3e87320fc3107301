"""Recorded walks twice: with every fix sent, and with those alone that the hints make a phone send (product S14).

Both run through an engine in this process, in the order of the recording. Each ENTER of the full stream must come in
the reduced one too, of the same fence and within the same visit; its delay is the time between the fixes that told it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from geooffer.bench.flaps import Event, engine_of, event_of, pings_of
from geooffer.client.pacer import ACCURACY_MAX_M, Fix, Pacer, Watch
from geooffer.engine.engine import Engine
from geooffer.importers.traces import Trace
from geooffer.model.catalog import Geofence
from geooffer.model.columns import StructArray
from geooffer.model.policy import Policy
from geooffer.model.verdicts import TransitionKind
from geooffer.rpc.answers import next_ping
from geooffer.rpc.convert_places import encode_region
from geooffer.v1 import offer_service_pb2 as offer_pb

FOREVER_MS = 2**62


@dataclass(frozen=True, slots=True)
class Style:
    """How a phone sleeps."""

    name: str
    region_count_max: int = 0
    """0 = it holds no regions."""
    is_blind: bool = False
    """It does not look where it is before `earliest_millis`; else it sees every fix and sends the useful ones."""


STYLES = (
    Style("hints"),
    Style("hints, 19 regions", 19),
    Style("hints, 99 regions", 99),
    Style("hints, blind", is_blind=True),
)


@dataclass(slots=True)
class Walked:
    """What became of all fixes in one style."""

    events: list[Event] = field(default_factory=list)
    sent_count: int = 0
    looked_count: int = 0
    """Fixes the phone had to take: all, unless it was blind."""
    asked_count: int = 0
    """Calls of ListWakeRegions."""
    reasons: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Full stream beside reduced."""

    enter_count: int
    kept_count: int
    extra_count: int
    """ENTERs of the reduced stream beside those: visits that are one in the full stream."""
    dwell_count: int
    kept_dwell_count: int
    delays_s: list[float]


def walk_all(trace: Trace, fences: Sequence[Geofence], policy: Policy) -> Walked:
    """Every fix is sent."""
    pings = pings_of(trace)
    engine = engine_of(pings, fences, policy)
    outcome = engine.step(pings)
    events = [event_of(engine, item) for item in outcome.transitions.tolist()]
    return Walked(events, trace.fix_count, trace.fix_count)


def walk_asleep(trace: Trace, fences: Sequence[Geofence], policy: Policy, style: Style) -> Walked:
    """A phone per device, each with its own pacer; rows in the order of the recording."""
    pings = pings_of(trace)
    engine = engine_of(pings, fences, policy)
    pacers: dict[int, Pacer] = defaultdict(Pacer)
    befores: dict[int, int] = {}
    walked = Walked()
    for row in range(len(pings)):
        one = pings[row : row + 1]
        device_key = int(one["device_key"][0])
        pacer = pacers[device_key]
        time_ms = int(one["fix_time_ms"][0])
        if style.is_blind and pacer.next_fix_ms is not None and time_ms < pacer.next_fix_ms:
            continue
        walked.looked_count += 1
        fix = Fix(
            time_ms,
            int(one["latitude_e7"][0]) / 1e7,
            int(one["longitude_e7"][0]) / 1e7,
            int(one["accuracy_cm"][0]) / 100,
        )
        reason = pacer.reason(fix)
        if pacer.needs_before:
            before = befores[device_key]
            walked.sent_count += 1
            walked.reasons["BEFORE"] += 1
            late = pings[before : before + 1].copy()
            late["now_ms"] = time_ms
            _send(engine, late, before, walked)
        if fix.accuracy_m <= ACCURACY_MAX_M:
            befores[device_key] = row
        if reason is not None:
            walked.sent_count += 1
            walked.reasons[reason.name] += 1
            pacer.sent()
            _send(engine, one, row, walked)
            (hint,) = engine.next_pings(one)
            assert hint is not None, "a single row always has one"
            pacer.follow(fix, next_ping(hint, 1, 0))
        if style.region_count_max and pacer.needs_regions:
            walked.asked_count += 1
            pacer.watch = _watch(engine, one, fix, style.region_count_max)
    return walked


def _send(engine: Engine, one: StructArray, row: int, walked: Walked) -> None:
    for item in engine.step(one).transitions.tolist():
        device_key, time_ms, _, *more = item
        walked.events.append(event_of(engine, (device_key, time_ms, row, *more)))


def _watch(engine: Engine, one: StructArray, fix: Fix, region_count_max: int) -> Watch:
    found = engine.wake_regions(int(one["latitude_e7"][0]), int(one["longitude_e7"][0]), region_count_max)
    return Watch(
        fix,
        offer_pb.ListWakeRegionsResponse(
            regions=[encode_region(circle) for circle in found.regions],
            validity_radius_m=found.validity_radius_m,
            fences_generation=engine.live_fences_generation,
        ),
    )


def compare(trace: Trace, full: Walked, reduced: Walked) -> Comparison:
    """Match ENTERs and DWELLs visit by visit."""
    visits, theirs = _visits(trace, full.events), _visits(trace, reduced.events)
    kept = extra = dwells = kept_dwells = 0
    delays_s: list[float] = []
    for key, own in visits.items():
        others = theirs.pop(key, [])
        for enter_ms, exit_ms, dwelt in own:
            inside = [other for other in others if enter_ms <= other[0] < exit_ms]
            dwells += dwelt
            kept_dwells += dwelt and any(other[2] for other in inside)
            if inside:
                kept += 1
                delays_s.append((inside[0][0] - enter_ms) / 1_000)
                extra += len(inside) - 1
        extra += sum(not any(enter <= other[0] < leave for enter, leave, _ in own) for other in others)
    extra += sum(len(others) for others in theirs.values())
    return Comparison(sum(map(len, visits.values())), kept, extra, dwells, kept_dwells, sorted(delays_s))


def _visits(trace: Trace, events: Sequence[Event]) -> dict[tuple[int, str], list[tuple[int, int, bool]]]:
    """By device and fence: (fix time of the ENTER, of the EXIT or for ever, whether dwelt)."""
    times_ms = trace.fix_times_ms.tolist()
    visits: dict[tuple[int, str], list[tuple[int, int, bool]]] = defaultdict(list)
    for event in events:
        of = visits[event.device_key, event.fence_id]
        at_ms = times_ms[event.fix]
        if event.kind == TransitionKind.ENTER:
            of.append((at_ms, FOREVER_MS, False))
        else:
            enter_ms, exit_ms, dwelt = of.pop()
            is_exit = event.kind == TransitionKind.EXIT
            of.append((enter_ms, at_ms if is_exit else exit_ms, dwelt or not is_exit))
    return visits


def percentile_s(delays_s: Sequence[float], share: float) -> float:
    """0 without any delay; the delays are sorted."""
    return float(np.quantile(delays_s, share)) if delays_s else 0.0
