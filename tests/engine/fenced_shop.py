"""One fence of 50 m around the shop; fixes are told as (seconds, metres east, accuracy)."""

from __future__ import annotations

from world import NOW_MS, World, fence, ping, pings, store, transitions

from geooffer.engine.engine import Engine
from geooffer.model.catalog import Geofence
from geooffer.model.policy import Policy

Event = tuple[str, str, str, int]
Fix = tuple[float, float, float]
"""(seconds, metres east of the fence's centre, accuracy in metres)."""


def fenced(*fences: Geofence, policy: Policy | None = None) -> Engine:
    nouns = [store(), *(fences or (fence(),))]
    return World(nouns=nouns, prices=(), stock=(), touchpoints=(), policy=policy or Policy()).build()


def walk(engine: Engine, *fixes: Fix) -> list[Event]:
    rows = [ping(NOW_MS + round(s * 1000), east_m=east_m, accuracy_m=accuracy) for s, east_m, accuracy in fixes]
    return transitions(engine, engine.step(pings(*rows)).transitions)
