"""The circumstances all candidates of a try share, told slowly: is the store open, is it night, does she drive past."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING

from geooffer.engine.explain_shopper import LastFix, Shopper
from geooffer.engine.hours import store_hours, time_zone
from geooffer.engine.live import Closure
from geooffer.engine.neighbours import distance_m
from geooffer.model.catalog import Store
from geooffer.model.kinds import SwitchKind
from geooffer.model.limits import TIME_MAX_MS
from geooffer.model.policy import DAY_MS, Policy

if TYPE_CHECKING:
    from geooffer.engine.pipeline import Pipeline

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class Opening(Enum):
    """A store as offers see it: closed also while switched off, paused, or about to close."""

    OPEN = "open"
    CLOSED = "closed"
    UNKNOWN = "hours unknown"


@dataclass(frozen=True, slots=True)
class StoreState:
    """A store at a moment. `closes_ms` is None unless it is open; `switches`: in force or to come."""

    opening: Opening
    closes_ms: int | None
    switches: tuple[Closure, ...]
    detail: str


def local_time(zone_name: str, time_ms: int) -> datetime:
    """The moment on the wall of a zone."""
    return (_EPOCH + timedelta(milliseconds=time_ms)).astimezone(time_zone(zone_name))


def written(zone_name: str, time_ms: int) -> str:
    """A moment for a sentence, as on the wall there; the end of all time is `it is restored`."""
    if time_ms >= TIME_MAX_MS:
        return "it is restored"
    return local_time(zone_name, time_ms).strftime("%Y-%m-%d %H:%M")


def state_of(engine: Pipeline, store: Store, now_ms: int) -> StoreState:
    """H1, H2 and the margin before closing."""
    number = engine.registry.number(Store, store.store_id)
    switches = sorted(
        (item for item in engine.state.live.closures if item.store_number == number and item.until_ms > now_ms),
        key=lambda item: (item.from_ms, item.until_ms, item.kind),
    )
    told = tuple(switches)
    in_force = [item for item in switches if item.from_ms <= now_ms]
    for kind, words in ((SwitchKind.CLOSED, "closed"), (SwitchKind.OFFERS_PAUSED, "offers paused")):
        for item in in_force:
            if item.kind is kind:
                reason = f": {item.reason}" if item.reason else ""
                detail = f"{words} until {written(store.time_zone, item.until_ms)}{reason}"
                return StoreState(Opening.CLOSED, None, told, detail)
    intervals = store_hours(store, _hours_day(engine, now_ms))
    if intervals is None:
        return StoreState(Opening.UNKNOWN, None, told, "opening hours unknown")
    margin_ms = engine.policy.closing_margin_ms
    for opens_ms, closes_ms in intervals:
        if opens_ms <= now_ms < closes_ms:
            closing = written(store.time_zone, closes_ms)
            if closes_ms - now_ms < margin_ms:
                detail = f"closes at {closing}, in less than {margin_ms // 60_000} min"
                return StoreState(Opening.CLOSED, None, told, detail)
            return StoreState(Opening.OPEN, closes_ms, told, f"open until {closing}")
    later = min((opens_ms for opens_ms, _ in intervals if opens_ms > now_ms), default=None)
    detail = "closed by its hours" if later is None else f"closed until {written(store.time_zone, later)} by its hours"
    return StoreState(Opening.CLOSED, None, told, detail)


def _hours_day(engine: Pipeline, now_ms: int) -> int:
    """The horizon the live hours were compiled for, or the one they would be compiled for at `now_ms`."""
    live = engine.snapshot
    return live.hours_day if live.hours_from_ms <= now_ms < live.hours_until_ms else now_ms // DAY_MS


def zone_of(shopper: Shopper, store: Store) -> str:
    """Her time zone, else the store's."""
    return shopper.time_zone or store.time_zone


def quiet_detail(policy: Policy, zone_name: str, now_ms: int) -> str | None:
    """A sentence where it is quiet hours on the wall of a zone (H3), else None."""
    start, end = policy.quiet_start_minute, policy.quiet_end_minute
    if start == end:
        return None
    wall = local_time(zone_name, now_ms)
    minute = wall.hour * 60 + wall.minute
    if start < end:
        started = wall if start <= minute < end else None
    elif minute >= start:
        started = wall
    else:  # before the end of a window that began yesterday
        started = wall - timedelta(days=1) if minute < end else None
    if started is None or not policy.quiet_days_mask >> started.weekday() & 1:
        return None
    window = f"{start // 60:02}:{start % 60:02}–{end // 60:02}:{end % 60:02}"
    day = _DAYS[started.weekday()]
    return f"{wall:%H:%M} in {zone_name} lies within the quiet hours {window} that began on {day}"


def speed_detail(
    policy: Policy, *, speed_cm_per_s: int, last: LastFix | None, here: tuple[int, int], accuracy_cm: int, now_ms: int
) -> str | None:
    """A sentence where she drives past (D1.2), else None. `speed_cm_per_s` −1 = not reported: from the last fix."""
    limit = f"{policy.fast_cm_per_s / 100:g} m/s"
    if speed_cm_per_s >= 0:
        if speed_cm_per_s <= policy.fast_cm_per_s:
            return None
        return f"her phone reports {speed_cm_per_s / 100:g} m/s, over {limit}"
    if last is None:
        return None
    way_cm = int(distance_m(last.latitude_e7, last.longitude_e7, *here) * 100) - last.accuracy_cm - accuracy_cm
    elapsed_ms = now_ms - last.time_ms
    if way_cm * 1000 <= policy.fast_cm_per_s * elapsed_ms:
        return None
    return f"{way_cm / 100:.0f} m beyond both accuracies in {elapsed_ms / 1000:g} s since her last fix, over {limit}"
