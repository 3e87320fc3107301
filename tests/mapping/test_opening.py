"""Hours of a page: shared between stores, right to the minute, unknown where the service does not know either."""

from __future__ import annotations

from dataclasses import replace

from town import NOW_MS, store

from geooffer.engine.hours import store_hours
from geooffer.mapping.opening import opening_table
from geooffer.model.policy import DAY_MS

MINUTE_MS = 60_000


def is_open(flat: list[int], moment_ms: int) -> bool:
    minute = moment_ms // MINUTE_MS
    return any(opens <= minute < closes for opens, closes in zip(flat[::2], flat[1::2], strict=True))


def test_stores_share_what_is_the_same() -> None:
    stores = [store(0), store(1), store(2, hours="24/7"), replace(store(3), time_zone="Europe/London")]
    table = opening_table(stores, NOW_MS)
    assert table.entry_of_store == [0, 0, 1, 2]
    assert table.texts == ["Mo-Sa 09:00-20:00", "24/7", "Mo-Sa 09:00-20:00"]
    assert table.zones == ["Europe/Berlin", "Europe/Berlin", "Europe/London"]


def test_intervals_are_the_engines() -> None:
    table = opening_table([store(0)], NOW_MS)
    flat = table.intervals_minutes[0]
    expected = store_hours(store(0), NOW_MS // DAY_MS)
    assert expected is not None
    assert flat == [moment // MINUTE_MS for interval in expected for moment in interval]
    # NOW is Tuesday 10:00 in Berlin: open since 09:00, closed from 20:00
    assert flat is not None
    assert is_open(flat, NOW_MS)
    assert is_open(flat, NOW_MS - 60 * MINUTE_MS)
    assert not is_open(flat, NOW_MS - 61 * MINUTE_MS)
    assert not is_open(flat, NOW_MS + 10 * 60 * MINUTE_MS)
    assert table.from_ms < NOW_MS - DAY_MS // 2
    assert table.until_ms > NOW_MS + 6 * DAY_MS


def test_unknown_hours_are_not_closed() -> None:
    assert opening_table([store(0, hours="")], NOW_MS).intervals_minutes == [None]
    assert opening_table([store(0, hours="off")], NOW_MS).intervals_minutes == [[]]
    assert opening_table([], NOW_MS).texts == []
