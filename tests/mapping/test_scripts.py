"""The page's script, run: by node without a page, and (long) by a browser with one.

Both are skipped where the machine has no such program. What they read is held without them by test_packing.py and
test_page.py; what the script draws was looked at.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from town import MIDDLE, NOW_MS, document, fence, square, store

from geooffer.mapping.document import MapClosure
from geooffer.mapping.page import SCRIPTS, render_page
from geooffer.model.catalog import Geofence
from map_pages import data_of, shapes_of

PURE = ("decode.js", "plane.js", "data.js")
HOUR_MS = 3_600_000


def script(*names: str) -> str:
    return "\n".join(files("geooffer.mapping").joinpath("assets", name).read_text(encoding="utf-8") for name in names)


def run_node(tmp_path: Path, source: str) -> Any:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node on this machine")
    path = tmp_path / "script.js"
    path.write_text('"use strict";\n' + source, encoding="utf-8")
    done = subprocess.run([node, path], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def answer(tmp_path: Path, page: str, expression: str) -> Any:
    """What an expression over `data` (the page's, unpacked) gives."""
    content = json.dumps(data_of(page))
    source = f"{script(*PURE)}\nconst data = unpackContent({content});\nconsole.log(JSON.stringify({expression}));"
    return run_node(tmp_path, source)


def odd_fences() -> list[Geofence]:
    return [
        fence(0),
        Geofence("court", square(13.41, 52.5, 0.003, hole=True)),
        Geofence("east", square(179.99, -17.0, 0.02)),
        fence(3, radius_cm=10_000_000),
    ]


def test_the_whole_script_is_one_that_parses(tmp_path: Path) -> None:
    # start() would need a page: everything is declared, and nothing is run
    source = script(*SCRIPTS).replace("\nstart();\n", "\n")
    assert run_node(tmp_path, source + "\nconsole.log(JSON.stringify(typeof start));") == "function"


def test_it_decodes_what_python_packed(tmp_path: Path) -> None:
    page = render_page(document(odd_fences(), []))
    shapes = answer(tmp_path, page, "data.fences.map(fence => fence.shape)")
    expected = shapes_of(data_of(page)["fences"]["shapes"])
    assert shapes[0]["circle"] == list(expected[0])
    assert shapes[3]["circle"] == list(expected[3])
    for shape, parts in zip(shapes[1:3], expected[1:3], strict=True):
        assert shape["parts"] == json.loads(json.dumps(parts))


def test_places_across_the_antimeridian_are_neighbours_and_none_is_torn(tmp_path: Path) -> None:
    fences = [
        Geofence("over", square(179.99, -17.0, 0.02)),
        Geofence("west", square(179.9, -17.0, 0.02)),
        Geofence("east", square(-179.95, -17.0, 0.02)),
    ]
    over, west, east = answer(tmp_path, render_page(document(fences, [])), "data.fences.map(fence => fence.box)")
    degree = 1 / 360
    for box in (over, west, east):
        assert box[2] - box[0] == pytest.approx(0.02 * degree)
    assert over[0] - west[0] == pytest.approx(0.09 * degree)
    assert east[0] - over[0] == pytest.approx(0.06 * degree)


def test_it_finds_the_smallest_fence_at_a_place_and_respects_holes(tmp_path: Path) -> None:
    small = Geofence("inner", square(13.4105, 52.5005, 0.0002))
    page = render_page(document([Geofence("court", square(13.41, 52.5, 0.003, hole=True)), small, fence(0)], []))

    def at(latitude: float, longitude: float) -> int | None:
        place = f"placeOf({latitude * 1e7}, {longitude * 1e7}, data.middle)"
        found = answer(tmp_path, page, f"fenceAt(data.fences, data.content.fences.areas_m2, ...{place})?.index ?? null")
        assert found is None or isinstance(found, int)
        return found

    assert at(52.5002, 13.4102) == 0
    assert at(52.5006, 13.4106) == 1
    assert at(52.5015, 13.4115) is None  # the hole
    assert at(MIDDLE[0] / 1e7 + 0.0005, MIDDLE[1] / 1e7) == 2  # 55.6 m north, radius 60 m
    assert at(MIDDLE[0] / 1e7 + 0.0006, MIDDLE[1] / 1e7) is None  # 66.7 m


def test_circles_are_drawn_to_scale(tmp_path: Path) -> None:
    """Radius in the plane against the same length along the meridian; a large one by its rim."""
    page = render_page(document(odd_fences(), []))
    drawn = answer(tmp_path, page, "[data.fences[0].circle.radius, data.fences[3].circle, data.fences[3].box]")
    ends = answer(tmp_path, page, f"[yOf({MIDDLE[0]}), yOf({MIDDLE[0]} + 60 / 0.011119508)]")
    assert drawn[0] == pytest.approx(ends[0] - ends[1], rel=1e-4)
    assert drawn[1] is None
    ends = answer(tmp_path, page, f"[yOf({MIDDLE[0]} - 1e5 / 0.011119508), yOf({MIDDLE[0]} + 1e5 / 0.011119508)]")
    assert drawn[2][3] - drawn[2][1] == pytest.approx(ends[0] - ends[1], rel=1e-4)


def test_it_knows_open_closed_and_unknown(tmp_path: Path) -> None:
    page = render_page(document([], [store(0), store(1, hours=""), store(2, hours="off"), store(3, hours="24/7")]))
    intervals = "data.content.stores.intervals.map(packed => packed === null ? null : unpackSteps(packed))"

    def states(time_ms: int) -> list[int]:
        found = answer(tmp_path, page, f"openStates(data.content.stores, {intervals}, {time_ms})")
        assert isinstance(found, list)
        return found

    closed, opened, unknown = 0, 1, 2
    assert states(NOW_MS) == [opened, unknown, closed, opened]
    assert states(NOW_MS + 10 * HOUR_MS - 1) == [opened, unknown, closed, opened]
    assert states(NOW_MS + 10 * HOUR_MS) == [closed, unknown, closed, opened]
    assert states(NOW_MS + 400 * HOUR_MS) == [unknown] * 4


def test_it_knows_when_a_store_is_closed_at_a_moments_notice(tmp_path: Path) -> None:
    shown = document([fence(0)], [store(0), store(1)])
    shown.closures = [MapClosure("store-1", NOW_MS, NOW_MS + HOUR_MS, "burst pipe"), MapClosure("gone", 0, 1, "")]
    page = render_page(shown)
    moments = [NOW_MS - 1, NOW_MS, NOW_MS + HOUR_MS - 1, NOW_MS + HOUR_MS]
    for number, expected in ((0, [False] * 4), (1, [False, True, True, False])):
        asked = f"{moments}.map(time => Boolean(closureAt(data.content.closures, {number}, time)))"
        assert answer(tmp_path, page, asked) == expected
    assert data_of(page)["closures"]["1"][0]["text"] == "burst pipe"


@pytest.mark.long
def test_a_browser_draws_it_without_a_complaint(tmp_path: Path) -> None:
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        pytest.skip("no chromium on this machine")
    page = tmp_path / "map.html"
    hostile = "<img src=x onerror=alert(1)>"
    page.write_text(render_page(document([fence(0, name=hostile), fence(1)], [store(0), store(1)])), encoding="utf-8")
    done = subprocess.run(
        [browser, "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
         "--enable-logging=stderr", "--virtual-time-budget=3000", "--dump-dom", f"{page.as_uri()}#fence=fence-0"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert "CONSOLE" not in done.stderr, done.stderr
    assert "2 fences, 2 stores" in done.stdout
    assert "circle, radius 60 m" in done.stdout
    assert "open at Tue" in done.stdout
    assert "&lt;img src=x onerror=alert(1)&gt;" in done.stdout
    assert "<img" not in done.stdout
