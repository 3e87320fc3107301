"""Walks while the catalog changes, against the slow model: fences made, moved, removed, made again, put off, expire."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from presence_oracle import Device, Event, Fence, published
from test_presence_model import DEVICES, Walkers, build, events_of, geofence, random_area, told_to, verdict_names
from world import MINUTE_MS

from geooffer.engine.engine import Engine
from geooffer.model.catalog import Geofence
from geooffer.model.columns import StructArray
from geooffer.model.policy import Policy

NEVER = 2**62


@dataclass(frozen=True)
class Change:
    """Fences by number, saved at once; None = deleted. In force before the next pings."""

    time_ms: int
    fences: dict[int, Fence | None]
    deleted_first: frozenset[int] = frozenset()
    """Deleted before they are put again, with no publication in between."""


@dataclass(frozen=True)
class Sweep:
    now_ms: int


Step = StructArray | Change | Sweep


def noun(number: int, fence: Fence) -> Geofence:
    return geofence(
        number,
        fence.area,
        valid_from_ms=fence.valid_from_ms,
        valid_until_ms=0 if fence.valid_until_ms == NEVER else fence.valid_until_ms,
        enter_fix_count=fence.enter_fix_count,
        exit_fix_count=fence.exit_fix_count,
        inside_accuracy_cm=round(fence.inside_accuracy_m * 100),
        outside_margin_cm=round(fence.outside_margin_m * 100),
        dwell_ms=fence.dwell_ms,
    )


class Script:
    """A random life of three devices and a dozen fences, as steps that engine and model are both told."""

    def __init__(self, seed: int, policy: Policy, fence_count: int = 12) -> None:
        self.rng = np.random.default_rng(seed)
        self.walkers = Walkers(self.rng, policy)
        self.areas = [random_area(self.rng, number % 2 == 1) for number in range(fence_count)]
        self.held: dict[int, Fence | None] = {number: Fence(area) for number, area in enumerate(self.areas)}

    def steps(self, count: int) -> list[Step]:
        found: list[Step] = []
        for _ in range(count):
            length = int(self.rng.integers(1, 12))
            found.append(self.walkers.walk(length, [fence for fence in self.held.values() if fence]))
            self.walkers.now_ms += int(self.rng.integers(1, 20_000))  # no fix of the millisecond of a change
            if self.rng.random() < 0.2:
                found.append(Sweep(self.walkers.now_ms))
            if self.rng.random() < 0.5:
                numbers = self.rng.choice(len(self.held), int(self.rng.integers(1, 4)), replace=False)
                change = {int(number): self.changed(self.held[int(number)]) for number in numbers}
                is_renewed = self.rng.random(len(change)) < 0.2
                renewed = frozenset(number for number, is_so in zip(change, is_renewed, strict=True) if is_so)
                found.append(Change(self.walkers.now_ms, change, renewed))
                self.held |= change
                self.walkers.now_ms += int(self.rng.integers(1, 20_000))
        return found

    def changed(self, fence: Fence | None) -> Fence | None:
        """Deleted, made, moved over somebody, given a time, or told to be stricter."""
        rng, now_ms = self.rng, self.walkers.now_ms
        if fence is None:
            fence = Fence(random_area(rng, bool(rng.integers(2))))
        kind = rng.choice(["delete", "move", "over", "expire", "put off", "settings"])
        if kind == "delete":
            return None
        if kind == "move":
            return replace(fence, area=random_area(rng, bool(rng.integers(2))))
        if kind == "over":
            at = self.walkers.places[int(rng.choice(DEVICES))]
            return replace(fence, area=replace(fence.area, latitude=at[0], longitude=at[1]))
        if kind == "expire":
            begins_ms = max(fence.valid_from_ms, now_ms)  # one put off to later has not begun
            return replace(fence, valid_until_ms=begins_ms + int(rng.integers(1, 10 * MINUTE_MS)))
        if kind == "put off":
            return Fence(fence.area, valid_from_ms=now_ms + int(rng.integers(1, 5 * MINUTE_MS)))
        return Fence(
            fence.area,
            enter_fix_count=int(rng.integers(0, 3)),
            exit_fix_count=int(rng.integers(0, 4)),
            inside_accuracy_m=float(rng.choice([0, 10.5, 70.5, 99.5])),
            outside_margin_m=float(rng.choice([0, 25, 150])),
            dwell_ms=int(rng.choice([0, 20_000])),
        )


def told_by_engine(
    engine: Engine, steps: Sequence[Step], *, cut: bool = False
) -> tuple[list[str], list[tuple[int, list[Event]]]]:
    """Verdicts, and the events of each step; `cut`: ping by ping."""
    verdicts: list[str] = []
    events: list[tuple[int, list[Event]]] = []
    for place, step in enumerate(steps):
        told: list[Event] = []
        if isinstance(step, Change):
            for number, fence in step.fences.items():
                is_held = f"fence-{number:02}" in engine.registry.geofences
                if is_held and (fence is None or number in step.deleted_first):
                    engine.delete_noun(Geofence, f"fence-{number:02}", now_ms=step.time_ms)
                if fence is not None:
                    engine.put_nouns([noun(number, fence)], now_ms=step.time_ms)
            engine.publish()
        elif isinstance(step, Sweep):
            told = events_of(engine.advance(step.now_ms))
        else:
            for start in range(len(step)) if cut else [0]:
                outcome = engine.step(step[start : start + 1] if cut else step)
                verdicts += verdict_names(outcome)
                told += [(event[0] + start, *event[1:]) for event in events_of(outcome.transitions)]
        events.append((place, told))
    return verdicts, events


def told_by_model(script: Script, policy: Policy, steps: Sequence[Step]) -> tuple[list[str], list[Any]]:
    devices = {key: Device(policy) for key in DEVICES}
    book = {number: Fence(area) for number, area in enumerate(script.areas)}
    verdicts: list[str] = []
    events: list[tuple[int, list[Event]]] = []
    for place, step in enumerate(steps):
        told: list[Event] = []
        if isinstance(step, Change):
            for number, fence in step.fences.items():
                before = book[number]
                if before.removed_ms is None and (fence is None or number in step.deleted_first):
                    before = published(before, replace(before, removed_ms=step.time_ms), step.time_ms)
                book[number] = before if fence is None else published(before, fence, step.time_ms)
        elif isinstance(step, Sweep):
            for device in devices.values():
                told += device.sweep(step.now_ms, book)
        else:
            names, told = told_to(devices, policy, step, book)
            verdicts += names
        events.append((place, told))
    return verdicts, events


def causes(events: Sequence[tuple[int, list[Event]]]) -> Counter[tuple[str, str]]:
    return Counter(event[1:3] for _, told in events for event in told)


@pytest.mark.parametrize("seed", range(3))
def test_t4_p1_to_p7_walks_under_a_changing_catalog_agree_with_the_obvious_model(seed: int) -> None:
    policy = Policy(enter_fix_count=1 + seed % 2)
    script = Script(seed, policy)
    steps = script.steps(220)
    engine = build(script.areas, policy)
    verdicts, events = told_by_engine(engine, steps)
    expected_verdicts, expected = told_by_model(script, policy, steps)
    assert verdicts == expected_verdicts
    assert events == expected
    found = causes(expected)
    wanted = {("ENTER", cause) for cause in ("INITIAL", "MOVEMENT", "FENCE_CREATED", "FENCE_UPDATED")}
    wanted |= {("EXIT", cause) for cause in ("MOVEMENT", "FENCE_UPDATED", "FENCE_REMOVED", "FENCE_EXPIRED", "SILENT")}
    assert wanted <= set(found), f"too tame: {wanted - set(found)}"
    assert told_by_engine(build(script.areas, policy), steps, cut=True) == (verdicts, events), (
        "batching changes nothing"
    )


@pytest.mark.parametrize("seed", [7, 8])
def test_p7_whether_somebody_sweeps_changes_no_event(seed: int) -> None:
    """Without sweeps the same events are told, later: as a set, EXIT by EXIT."""
    policy = Policy()
    script = Script(seed, policy)
    steps = script.steps(150)
    steps.append(Sweep(script.walkers.now_ms + 3 * 15 * MINUTE_MS))
    _, swept = told_by_engine(build(script.areas, policy), steps)
    _, late = told_by_engine(
        build(script.areas, policy), [*(s for s in steps[:-1] if not isinstance(s, Sweep)), steps[-1]]
    )
    kinds = [sorted(event[1:] for _, told in each for event in told) for each in (swept, late)]
    assert kinds[0] == kinds[1]


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 140))
def test_t4_p1_to_p7_many_walks_under_a_changing_catalog(seed: int) -> None:
    rng = np.random.default_rng(seed)
    policy = Policy(
        enter_fix_count=int(rng.integers(1, 4)),
        exit_fix_count=int(rng.integers(1, 4)),
        silent_after_ms=int(rng.choice([3, 15])) * MINUTE_MS,
        jump_cm_per_s=int(rng.choice([500, 7_000, 20_000])),
        jump_fix_count=int(rng.integers(1, 6)),
    )
    script = Script(seed, policy)
    steps = script.steps(1_000)
    verdicts, events = told_by_engine(build(script.areas, policy), steps)
    expected_verdicts, expected = told_by_model(script, policy, steps)
    assert verdicts == expected_verdicts
    assert events == expected
