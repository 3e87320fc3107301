"""Sizes of the transport shapes."""

from __future__ import annotations

from geooffer.bench.goals import COMMANDS, GOALS, Shown, shown
from geooffer.bench.shapes import SHAPES
from geooffer.cli.bench_transport import HELP


def test_devices_are_shared_out_in_whole_messages() -> None:
    for shape in SHAPES.values():
        for persons in (None, 1, 999, 1_000_000):
            sized = shape.sized(None, persons)
            assert sized.device_count % (sized.stream_count * sized.rows_per_message) == 0
            assert sized.device_count > 0
    assert SHAPES["direct"].sized(20, 999).device_count == 20
    assert SHAPES["packed"].sized(None, 1_024_000).device_count == 1_024_000
    assert set(HELP) == set(SHAPES)


def test_a_goal_is_reached_by_its_figure_alone() -> None:
    assert {goal.command for goal in GOALS} <= set(COMMANDS)
    by_text = {goal.text: goal for goal in GOALS}
    ratio = by_text["direct beside its echo"]
    assert shown(ratio, {"direct": {"ratio": 0.85}}).is_reached
    assert not shown(ratio, {"direct": {"ratio": 0.84}}).is_reached
    assert not shown(ratio, {}).is_reached
    p99 = by_text["p99 at 50 %"]
    assert shown(p99, {"direct": {"open_loop": [{"p99_us": 1_999}]}}).value == 1_999
    assert shown(p99, {"direct": {"open_loop": []}}) == Shown(p99, None)
    held = by_text["p50 while the GIL is held, over p50"]
    p50 = {"open_loop": [{"p50_us": 50}]}
    assert shown(held, {"direct": p50, "hold": {"open_loop": [{"p50_us": 60}]}}).value == 1.2
    assert shown(held, {"hold": p50}).value is None
    state = by_text["hot state of a customer"]
    tables = {"persons": 67.0, "devices": 60.0, "hash of devices": 25.0, "intents": 400.0}
    assert shown(state, {"memory": {"tables": tables}}).value == 152.0
