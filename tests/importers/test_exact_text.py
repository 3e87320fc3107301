"""Files that are written come back bit for bit: coordinates over the full range, and fences of every form."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geooffer.engine import shapes
from geooffer.importers import values
from geooffer.importers.exact_text import decimal_text, degrees_text
from geooffer.importers.fence_files import read_fences
from geooffer.importers.fence_text import crosses_antimeridian, fences_csv, fences_geojson
from geooffer.importers.points import read_points
from geooffer.importers.wkt import read_wkt
from geooffer.model import limits, units
from geooffer.model.catalog import Geofence

READ_EVERY = {"geojson": fences_geojson, "csv": fences_csv}


def values_e7(limit: int) -> list[int]:
    """Both ends, both sides of every power of two and of ten, and 20,000 seeded ones."""
    edges = [
        sign * (base**power + step)
        for base in (2, 10)
        for power in range(32)
        for step in (-1, 0, 1)
        for sign in (1, -1)
    ]
    drawn = np.random.default_rng(11).integers(-limit, limit + 1, 20_000).tolist()
    return sorted({value for value in [*edges, *drawn, limit, -limit, limit - 1] if abs(value) <= limit})


def test_the_text_of_a_coordinate() -> None:
    assert [degrees_text(value) for value in (0, -5, 85_000_000, -1_800_000_000)] == [
        "0.0000000", "-0.0000005", "8.5000000", "-180.0000000",
    ]  # fmt: skip
    assert [decimal_text(value, 2) for value in (3_000, 2_550, 2_505, 100, 0)] == ["30", "25.5", "25.05", "1", "0"]
    assert [decimal_text(value, 3) for value in (90_500, 1, 86_400_000)] == ["90.5", "0.001", "86400"]


def test_every_reader_gives_the_same_integer_back(tmp_path: Path) -> None:
    """JSON's numbers, GEOS's, cells of tables and the quick way of points."""
    longitudes = values_e7(limits.LONGITUDE_MAX_E7)
    texts = [degrees_text(value) for value in longitudes]
    assert [units.longitude_from_degrees(number) for number in json.loads(f"[{','.join(texts)}]")] == longitudes
    assert [values.longitude_e7(text) for text in texts] == longitudes
    _, first = read_wkt(f"POINT ({texts[0]} 0)")
    assert first is not None
    ring = ", ".join(f"{text} 0.0" for text in texts)
    parts, _ = read_wkt(f"POLYGON (({ring}))")
    assert [units.longitude_from_degrees(longitude) for longitude, _ in parts[0][0]] == longitudes
    path = tmp_path / "points.csv"
    path.write_text("\n".join(["id,latitude,longitude", *(f"p,0,{text}" for text in texts), ""]))
    assert [value for chunk in read_points(path) for value in chunk.longitudes_e7.tolist()] == longitudes
    latitudes = values_e7(limits.LATITUDE_MAX_E7)
    assert [values.latitude_e7(degrees_text(value)) for value in latitudes] == latitudes


@given(st.integers(limits.CIRCLE_RADIUS_MIN_CM, limits.CIRCLE_RADIUS_MAX_CM), st.integers(1, 86_400_000))
def test_metres_and_seconds_come_back(radius_cm: int, dwell_ms: int) -> None:
    assert units.metres_to_cm(values.number(decimal_text(radius_cm, 2), "radius_m")) == radius_cm
    assert values.seconds_as_ms(decimal_text(dwell_ms, 3), "dwell_s", 86_400) == dwell_ms


def lonlat(west_e7: int, south_e7: int, side_e7: int, shrink_e7: int = 0) -> list[tuple[float, float]]:
    """A closed ring in ±180°."""
    low_x, low_y = west_e7 + shrink_e7, south_e7 + shrink_e7
    high_x, high_y = west_e7 + side_e7 - shrink_e7, south_e7 + side_e7 - shrink_e7
    corners = [(low_x, low_y), (high_x, low_y), (high_x, high_y), (low_x, high_y), (low_x, low_y)]
    return [((x + 1_800_000_000) % 3_600_000_000 / 1e7 - 180, y / 1e7) for x, y in corners]


@st.composite
def some_fences(draw: st.DrawFn) -> list[Geofence]:
    found = []
    for number in range(draw(st.integers(1, 5))):
        west_e7 = draw(st.integers(-1_800_000_000, 1_800_000_000) | st.integers(1_790_000_000, 1_800_000_000))
        south_e7 = draw(st.integers(-900_000_000, 899_000_000))
        side_e7 = draw(st.integers(10, 1_000_000))
        kind = draw(st.sampled_from(["circle", "plain", "holed", "two parts"]))
        if kind == "circle":
            shape = shapes.circle(south_e7, west_e7, draw(st.integers(100, 10_000_000)))
        elif kind == "two parts":
            east = lonlat((west_e7 + 2_000_000), south_e7, side_e7)
            shape = shapes.polygon_from_lonlat([[lonlat(west_e7, south_e7, side_e7)], [east]])[0]
        else:
            holes = [lonlat(west_e7, south_e7, side_e7, side_e7 // 4)] if kind == "holed" else []
            shape = shapes.polygon_from_lonlat([[lonlat(west_e7, south_e7, side_e7), *holes]])[0]
        name = draw(st.sampled_from(["", "Höngg", 'a "quoted", name', "=1+1", "back\\slash", "'s"]))
        begin_ms, fix_count = draw(st.sampled_from([(0, 0), (1_772_539_200_001, 32)]))
        found.append(
            Geofence(
                f"f-{number}",
                shape,
                draw(st.sampled_from(["", "s/1"])),
                name,
                draw(st.integers(0, 86_400_000)),
                valid_from_ms=begin_ms,
                valid_until_ms=begin_ms + draw(st.integers(1, 10**11)) if begin_ms else 0,
                enter_fix_count=fix_count,
                exit_fix_count=fix_count // 2,
                inside_accuracy_cm=draw(st.integers(0, limits.FENCE_INSIDE_ACCURACY_MAX_CM)),
                outside_margin_cm=draw(st.integers(0, limits.FENCE_OUTSIDE_MARGIN_MAX_CM)),
            )
        )
    return found


@settings(max_examples=60, deadline=None)
@given(some_fences())
def test_g6_fences_of_every_form_come_back_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory, fences: list[Geofence]
) -> None:
    for form, write in READ_EVERY.items():
        text = "".join(write(fences))
        path = tmp_path_factory.mktemp("text") / f"fences.{form}"
        path.write_text(text)
        found = read_fences(path)
        assert found.refusals == []
        assert found.items == fences
        assert "".join(write(found.items[::-1])) == text


def test_g6_a_part_over_the_antimeridian_is_told_and_stays_whole(tmp_path: Path) -> None:
    ring = [(179.5, 0.0), (-179.5, 0.0), (-179.5, 1.0), (180.0, 1.0), (179.5, 0.0)]
    over = Geofence("over", shapes.polygon_from_lonlat([[ring]])[0])
    short = Geofence("short", shapes.polygon_from_lonlat([[lonlat(1_790_000_000, 0, 10_000_000)]])[0])
    assert (crosses_antimeridian(over), crosses_antimeridian(short)) == (True, False)
    text = "".join(fences_geojson([over, short]))
    features = json.loads(text)["features"]
    assert [vertex[0] for vertex in features[0]["geometry"]["coordinates"][0]] == [179.5, -179.5, -179.5, 180, 179.5]
    assert {vertex[0] for vertex in features[1]["geometry"]["coordinates"][0]} == {179.0, 180.0}
    path = tmp_path / "a.geojson"
    path.write_text(text)
    assert read_fences(path).items == [over, short]
