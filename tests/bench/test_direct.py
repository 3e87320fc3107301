"""The benchmark itself: its world, its checks, and one short run over real processes."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from geooffer.bench import direct_world, latency
from geooffer.bench.direct import Served, _check
from geooffer.bench.latency_picture import write_picture
from geooffer.bench.load import LoadResult, messages_of
from geooffer.bench.processes import BenchmarkError
from geooffer.model.units import METRES_PER_E7
from invoking import CliRunner, geooffer_app


def distance_m(latitude_e7: int, longitude_e7: int, centre: tuple[int, int]) -> float:
    north = (latitude_e7 - centre[0]) * METRES_PER_E7
    east = (longitude_e7 - centre[1]) * METRES_PER_E7 * np.cos(np.radians(centre[0] / 1e7))
    return float(np.hypot(north, east))


def test_inside_fixes_lie_inside_and_outside_fixes_far_from_every_fence() -> None:
    for key in (1, 39, 40, 41, 777, 1_000):
        near = [direct_world.fence_centre(key + step) for step in (0, 1, 39, 40, 41)]
        latitudes_e7, longitudes_e7, inside = direct_world.path(key)
        for latitude_e7, longitude_e7, is_inside in zip(latitudes_e7, longitudes_e7, inside, strict=True):
            nearest_m = min(distance_m(int(latitude_e7), int(longitude_e7), centre) for centre in near)
            assert nearest_m < 30 if is_inside else nearest_m > 200


@pytest.mark.parametrize("hour", range(24))
def test_it_is_noon_at_the_stores_whenever_the_benchmark_runs(hour: int) -> None:
    moment = datetime(2026, 3, 3, hour, 59, tzinfo=UTC)
    zone = ZoneInfo(direct_world.noon_zone(round(moment.timestamp() * 1000)))
    assert moment.astimezone(zone).hour == 12


def test_paths_are_the_same_each_time_and_keep_the_stated_mix() -> None:
    assert messages_of(5) == messages_of(5)
    share = np.mean([direct_world.path(key)[2] for key in range(1, 1_001)])
    assert 0.04 < share < 0.05


def test_an_offer_is_expected_once_after_the_first_inside_ping() -> None:
    key = next(key for key in range(20, 2_000, 20) if any(direct_world.path(key)[2]))
    first = direct_world.path(key)[2].index(True)
    assert direct_world.expected_offer_count(key, first) == 0
    assert direct_world.expected_offer_count(key, first + 1) == 1
    assert direct_world.expected_offer_count(key, 10_000) == 1
    assert direct_world.expected_offer_count(key + 1, 10_000) == 0


@pytest.mark.parametrize(
    ("result", "verdicts"),
    [
        (LoadResult(sent=10, acknowledged=9), {"ACCEPTED": 10}),
        (LoadResult(sent=10, acknowledged=10), {"ACCEPTED": 9}),
        (LoadResult(sent=10, acknowledged=10, offers=1, offers_expected=2), {"ACCEPTED": 10}),
        (LoadResult(sent=10, acknowledged=10, offers=3, offers_expected=2), {"ACCEPTED": 9, "SHED": 1}),
    ],
)
def test_a_run_that_drops_work_fails(result: LoadResult, verdicts: dict[str, int]) -> None:
    with pytest.raises(BenchmarkError):
        _check(result, Served(Counter(verdicts), 0))


def test_percentiles_come_from_all_values(tmp_path: Path) -> None:
    histogram = latency.histogram_of([0.001] * 99 + [0.5])
    told = latency.summary(histogram)
    assert told["p50_us"] == pytest.approx(1_000, rel=0.002)
    assert told["max_us"] == pytest.approx(500_000, rel=0.002)
    latency.write_hgrm(histogram, tmp_path / "curve.hgrm")
    assert "Percentile" in (tmp_path / "curve.hgrm").read_text()


SHORT = ("--seconds", "0.3", "--warmup", "0.1", "--streams", "40", "--pairs", "1", "--json")


def report_of(*flags: str) -> dict[str, Any]:
    """What a short run reports."""
    result = CliRunner().invoke(geooffer_app(), ["bench", "direct", "--plane", "python", *SHORT, *flags])
    assert result.exit_code == 0, result.output
    report: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    assert report["shape"] == "direct"
    assert report["plane"] == "python"
    for name in ("pings_per_s", "server_cpu_ns_per_ping", "ratio"):
        assert report[name] > 0
    assert report["verdicts"]["ACCEPTED"] > 40
    assert report["offers"] > 0
    assert {"machine", "versions", "commit", "rival", "rival_pings_per_s", "offers"} <= report.keys()
    return report


def test_a_short_closed_loop_over_real_processes() -> None:
    assert report_of()["p50_us"] is None


@pytest.mark.long
def test_a_short_open_loop_over_real_processes(tmp_path: Path) -> None:
    report = report_of("--rate", "100", "--hgrm", str(tmp_path / "curve.hgrm"))
    for name in ("p50_us", "p99_us", "p999_us", "max_us"):
        assert report[name] > 0
    assert 0 <= report["share_within_budget"] <= 1
    assert (tmp_path / "curve.hgrm").stat().st_size > 0


def test_picture_draws_one_line_a_plane_up_to_the_last_nine_it_has_samples_for(tmp_path: Path) -> None:
    fast = latency.histogram_of(0.001 for _ in range(1_000))
    slow = latency.histogram_of(0.001 * (1 + index) for index in range(1_000))
    write_picture({"python": slow, "echo <&>": fast}, tmp_path / "curve.svg", "a <title>")
    root = ElementTree.parse(tmp_path / "curve.svg").getroot()
    lines = root.findall("{http://www.w3.org/2000/svg}polyline")
    ends = [tuple(map(float, line.attrib["points"].split()[-1].split(","))) for line in lines]
    assert len(lines) == 2
    assert ends[0][1] < ends[1][1]  # slower is higher on the page
    told = [text.text for text in root.findall("{http://www.w3.org/2000/svg}text")]
    assert "echo <&>" in told
    assert "99.9 %" in told
    assert "99.99 %" not in told
