"""The same pings through both planes, with the world changing in between: the same answers, the same state."""

from __future__ import annotations

import pytest
from twin_run import Moment, Recorded, recorded
from twin_script import Changed, Script, draw_script

from planes import NATIVE, PYTHON, why_not_native

needs_native = pytest.mark.skipif(why_not_native() is not None, reason=str(why_not_native()))


def assert_alike(script: Script, python: Recorded, native: Recorded) -> None:
    """Moment by moment, so that the first difference is told with its place."""
    for number, (one, other) in enumerate(zip(python.moments, native.moments, strict=True)):
        told = script.moments[number]
        where = f"moment {number} ({told.name if isinstance(told, Changed) else told.caller})"
        if isinstance(one, Moment) and isinstance(other, Moment):
            for name in vars(one):
                assert getattr(one, name) == getattr(other, name), f"{where}: {name}"
        else:
            assert one == other, where
    assert python.ping_verdicts == native.ping_verdicts
    assert python.offer_verdicts == native.offer_verdicts
    assert python.digests == native.digests


async def compare(seed: int, ping_count: int, customer_count: int, change_every: int) -> Recorded:
    script = draw_script(seed, ping_count, customer_count, change_every)
    assert script.ping_count == ping_count
    python = await recorded(script, PYTHON)
    assert len(python.ping_verdicts) >= 5, "the script is about something"
    assert python.offer_count > 0
    native = await recorded(script, NATIVE)
    assert_alike(script, python, native)
    return native


@needs_native
async def test_twenty_thousand_pings_are_answered_alike() -> None:
    await compare(seed=3, ping_count=20_000, customer_count=150, change_every=700)


@needs_native
@pytest.mark.long
@pytest.mark.timeout(3_600)
async def test_a_million_pings_are_answered_alike() -> None:
    told = await compare(seed=5, ping_count=1_000_000, customer_count=4_000, change_every=4_000)
    assert told.offer_count > 1_000


async def test_a_script_is_answered_alike_twice_by_one_plane() -> None:
    """Else the comparison of planes would tell of chance."""
    script = draw_script(4, 4_000, 100, 500)
    first, second = await recorded(script, PYTHON), await recorded(script, PYTHON)
    assert_alike(script, first, second)
    assert first.offer_count > 0
