"""docs/map.md says of each suspicion what the code does."""

from __future__ import annotations

from pathlib import Path

from geooffer.mapping import suspicions
from geooffer.mapping.document import SuspicionKind

TEXT = (Path(__file__).parents[2] / "docs" / "map.md").read_text(encoding="utf-8")
ROWS = TEXT.split("## Suspicious")[1].split("## A walk")[0]


def test_every_suspicion_is_explained() -> None:
    for kind in SuspicionKind:
        if kind in (SuspicionKind.AREA_HUGE, SuspicionKind.AREA_TINY):
            continue
        assert f"| {kind.value.split(':')[0]} |" in ROWS
    assert "| Far larger, far smaller than the others |" in ROWS


def test_the_thresholds_are_those_of_the_code() -> None:
    for value, words in (
        (suspicions.SWAPPED_M_MIN / 1000, "more than {:g} km from the middle"),
        (suspicions.AT_ZERO_M / 1000, "within {:g} km of it"),
        (suspicions.FAR_FROM_STORE_M / 1000, "more than {:g} km from the store's point"),
        (suspicions.STORE_OUTSIDE_M, "more than {:g} m from the nearest"),
        (suspicions.OVERLAP_SHARE_MIN * 100, "{:g} % of the smaller or more"),
        (suspicions.AREA_RATIO, "{:g} times the median area"),
    ):
        assert words.format(value) in ROWS
    assert suspicions.SWAPPED_RATIO == 4
    assert "four times nearer" in ROWS
    assert suspicions.AREA_COUNT_MIN == 5
    assert "from five fences on" in ROWS
