"""`geooffer locate` as a user has it: exact answers on stdout, everything else on stderr, bad lines refused alone."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

Invoke = Callable[..., Result]
Ring = list[list[float]]


def square(west: float, south: float, side: float = 1.0) -> Ring:
    east, north = west + side, south + side
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


BOW_TIE: Ring = [[8.0, 47.0], [8.01, 47.01], [8.01, 47.0], [8.0, 47.01], [8.0, 47.0]]


def polygon(*rings: Ring) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings)}


def circle(longitude: float, latitude: float) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [longitude, latitude]}


def fences(folder: Path, *members: tuple[object, dict[str, Any]], name: str = "a.geojson", **properties: Any) -> Path:
    features = [
        {"type": "Feature", "id": identity, "properties": properties, "geometry": geometry}
        for identity, geometry in members
    ]
    path = folder / name
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def points(folder: Path, *places: tuple[float, float], header: str = "id,latitude,longitude") -> Path:
    """(longitude, latitude) as p1, p2, …"""
    path = folder / "p.csv"
    lines = [f"p{number},{latitude!r},{longitude!r}" for number, (longitude, latitude) in enumerate(places, 1)]
    path.write_text("\n".join([header, *lines, ""]))
    return path


def covering(invoke: Invoke, *arguments: str | Path, code: int = 0) -> list[list[str]]:
    """The fences of each point, in order; stdout must hold nothing but the answers."""
    result = invoke("locate", *arguments, "--json")
    assert result.exit_code == code, result.output
    told = [json.loads(line) for line in result.stdout.splitlines()]
    assert all(list(line) == ["id", "fences"] and line["fences"] == sorted(line["fences"]) for line in told)
    assert [line["id"] for line in told] == [f"p{number}" for number in range(1, len(told) + 1)]
    return [line["fences"] for line in told]


def test_each_line_is_as_the_documentation_shows_it(invoke: Invoke, tmp_path: Path) -> None:
    three = fences(tmp_path, ("f9", polygon(square(8, 47))), ("f3", polygon(square(8, 47, 0.5))))
    result = invoke("locate", "--fences", three, "--points", points(tmp_path, (8.1, 47.1), (1, 1)), "--json")
    assert result.stdout == '{"id": "p1", "fences": ["f3", "f9"]}\n{"id": "p2", "fences": []}\n'
    assert result.stderr == "fences 2  refused 0  points 2  refused 0  in a fence 1\n"
    assert result.exit_code == 0


@pytest.mark.parametrize("index", ["rtree", "packed", "cells"])
def test_g3_g6_edges_holes_poles_and_the_antimeridian(invoke: Invoke, tmp_path: Path, index: str) -> None:
    hole = square(8.25, 47.25, 0.5)
    file = fences(
        tmp_path,
        ("holed", polygon(square(8, 47), hole)),
        ("island", polygon(square(8.4, 47.4, 0.2))),
        ("over", polygon([[179, -1], [-179, -1], [-179, 1], [179, 1], [179, -1]])),
        ("split", {"type": "MultiPolygon", "coordinates": [[square(179, 5)], [square(-180, 5)]]}),
        ("far hole", polygon([[175, 10], [-177, 10], [-177, 18], [175, 18], [175, 10]], square(-179, 12, 1))),
        ("north cap", polygon(square(0, 85, 5))),
        (7, {"type": "GeometryCollection", "geometries": [polygon(square(20, 0)), polygon(square(30, 0))]}),
    )
    circles = fences(
        tmp_path, ("pole", circle(0, 90)), ("rim", circle(-179.999, -45)), ("nought", circle(0, 0)),
        name="b.json", radius_m=50_000,
    )  # fmt: skip
    places = {
        (8.0, 47.0): ["holed"],
        (8.5, 47.0): ["holed"],
        (8.5, 47.5): ["island"],
        (8.25, 47.5): ["holed"],
        (8.26, 47.5): [],
        (8.4, 47.5): ["island"],
        (180.0, 0.0): ["over"],
        (-180.0, 0.0): ["over"],
        (-179.0, 1.0): ["over"],
        (-178.9999999, 1.0): [],
        (180.0, 5.5): ["split"],
        (-180.0, 5.5): ["split"],
        (-179.5, 5.5): ["split"],
        (-178.5, 12.5): [],
        (-178.0, 12.5): ["far hole"],
        (-178.5, 14.0): ["far hole"],
        (-179.0, 12.5): ["far hole"],
        (176.0, 12.5): ["far hole"],
        (2.0, 90.0): ["north cap", "pole"],
        (-120.0, 89.9): ["pole"],
        (-120.0, 89.5): [],
        (179.999, -45.0): ["rim"],
        (-0.0, 0.0): ["nought"],
        (30.5, 0.5): ["7"],
        (25.0, 0.5): [],
    }
    got = covering(
        invoke, "--fences", file, circles, "--points", points(tmp_path, *places), "--index", index
    )  # fmt: skip
    assert dict(zip(places, got, strict=True)) == places


def test_what_cannot_be_used_is_refused_alone_and_told_apart_from_the_answers(invoke: Invoke, tmp_path: Path) -> None:
    file = fences(
        tmp_path,
        ("good", polygon(square(8, 47))),
        ("bow", polygon(BOW_TIE)),
        (None, polygon(square(8, 47))),
        ("good", polygon(square(9, 47))),
        ("wide", polygon(square(0, 0, 40))),
        ("nan", polygon([[8, 47], [float("nan"), 47], [8, 48], [8, 47]])),
        ("line", {"type": "LineString", "coordinates": [[8, 47], [9, 47]]}),
        ("far", {"type": "Point", "coordinates": [1e308, 5]}),
        radius_m=5,
    )
    path = points(tmp_path, (8.005, 47.0075))
    path.write_text(path.read_text() + "p2,91,0\np3,47.005\nx\np4,47.1234567,8.7654321,9\n")
    result = invoke("locate", "--fences", file, "--points", path, "--json")
    assert result.exit_code == 1
    assert result.stdout == '{"id": "p1", "fences": ["good"]}\n'
    assert result.stderr.splitlines() == [
        f"refused   {file} feature 2 (bow): self-crossing near vertex 0 of the shell of part 0",
        f"refused   {file} feature 3: has no id: neither its own nor a property geofence_id, id or name",
        f"refused   {file} feature 4 (good): the same id good as feature 1 (good) of {file}",
        f"refused   {file} feature 5 (wide): the shell of part 0 is too wide: more than 10 degrees",
        f"refused   {file} feature 6 (nan): ring 0, vertex 1 is not a finite number",
        f"refused   {file} feature 7 (line): a fence is a Polygon, a MultiPolygon or a Point with radius_m",
        f"refused   {file} feature 8 (far): longitude outside -180..180 degrees",
        f"refused   {path} line 3: latitude: outside -90..90 degrees",
        f"refused   {path} line 4: 2 cells where the header has 3",
        f"refused   {path} line 5: 1 cells where the header has 3",
        f"refused   {path} line 6: 4 cells where the header has 3",
        "fences 1  refused 7  points 1  refused 4  in a fence 1",
    ]
    assert not any(number in result.stderr for number in ("47.1234567", "8.7654321"))


def test_repair_mends_and_says_what_it_changed(invoke: Invoke, tmp_path: Path) -> None:
    file = fences(tmp_path, ("bow", polygon(BOW_TIE)), ("open", polygon(square(9, 47)[:-1])))
    path = points(tmp_path, (8.005, 47.005), (8.005, 47.0075), (8.001, 47.005), (8.0, 47.01), (9.5, 47.5))
    result = invoke("locate", "--fences", file, "--points", path, "--json", "--repair")
    assert result.exit_code == 0
    assert [json.loads(line)["fences"] for line in result.stdout.splitlines()] == [
        ["bow"],
        [],
        ["bow"],
        ["bow"],
        ["open"],
    ]
    told = result.stderr.splitlines()
    assert told[0].startswith(
        f"repaired  {file} feature 1 (bow): self-crossing near vertex 0 of the shell of part 0: mended"
    )
    assert told[1].startswith(f"repaired  {file} feature 2 (open): unclosed ring")


def test_tables_of_fences_and_points_that_are_piped(command: list[str], tmp_path: Path) -> None:
    table = tmp_path / "fences.csv"
    table.write_text('geofence_id,wkt\nf1,"POLYGON ((8 47, 9 47, 9 48, 8 48, 8 47))"\n')
    run = subprocess.run(
        [*command, "locate", "--fences", str(table), "--points", "-", "--json"],
        input=b"\xef\xbb\xbflongitude,latitude,id,\"more\"\r\n8.5,47.5,\"p,1\",\r\n1,1,p2,\r\n",
        capture_output=True, check=True, timeout=300,
    )  # fmt: skip
    script = '"$@" --points <(printf "id,latitude,longitude\\np1,47.5,8.5\\n")'
    pipe = subprocess.run(
        ["bash", "-c", script, "-", *command, "locate", "--fences", str(table), "--json"],
        capture_output=True, check=True, timeout=300,
    )  # fmt: skip
    assert pipe.stdout == b'{"id": "p1", "fences": ["f1"]}\n'
    assert run.stdout == b'{"id": "p,1", "fences": ["f1"]}\n{"id": "p2", "fences": []}\n'


def test_more_fences_over_one_point_than_a_server_registers(invoke: Invoke, tmp_path: Path) -> None:
    many = fences(tmp_path, *((f"f{number:04}", polygon(square(8, 47))) for number in range(700)))
    result = invoke("locate", "--fences", many, "--points", points(tmp_path, *[(8.5, 47.5)] * 20), "--json")
    assert result.exit_code == 0
    assert [len(json.loads(line)["fences"]) for line in result.stdout.splitlines()] == [700] * 20
    assert "700 fences cover one point: a server registers at most 64" in result.stderr


def test_a_table_for_people(invoke: Invoke, tmp_path: Path) -> None:
    file = fences(tmp_path, ("Höngg West", polygon(square(8, 47))), ("b", polygon(square(8, 47))))
    result = invoke("locate", "--fences", file, "--points", points(tmp_path, (8.5, 47.5), (1, 1)))
    assert result.stdout == "id  fences\np1  Höngg West, b\np2  -\n"


def test_explain_says_what_the_index_did_and_why(invoke: Invoke, tmp_path: Path) -> None:
    file = fences(tmp_path, ("big", polygon(square(8, 47))), ("ring", circle(8.5, 47.5)), radius_m=100)
    path = points(tmp_path, (8.5, 47.5), (8.0, 47.5), (8.5011, 47.5007), (30, 30))
    result = invoke("locate", "--fences", file, "--points", path, "--explain")
    asked = re.compile(r"      asked   cell of level \d+ \([\d,]+ m north to south\): \d+ parts?")
    lines = result.stdout.splitlines()
    assert any(asked.fullmatch(line) for line in lines)
    assert [line for line in lines if not asked.fullmatch(line)] == [
        "id  fences",
        "p1  big, ring",
        "      covers  big: its cell lies wholly inside, no exact test; 37,561.15 m from its boundary",
        "      covers  ring: exact test of part 0 (a circle); 100.00 m from its boundary",
        "p2  big",
        "      covers  big: exact test of part 0 (4 edges); on its edge, and a boundary belongs to its fence",
        "p3  big",
        "      covers  big: its cell lies wholly inside, no exact test; 37,478.02 m from its boundary",
        "      refused ring: exact test of part 0 (a circle); 13.52 m from its boundary",
        "p4  -",
    ]
    assert "index cells: 2 fences of 2 parts and 4 edges, " in result.stderr
    for index in ("rtree", "packed"):
        result = invoke("locate", "--fences", file, "--points", path, "--explain", "--json", "--index", index)
        third = json.loads(result.stdout.splitlines()[2])
        assert (third["fences"], third["explain"]["index"][0]["parts"]) == (["big"], 2)
        assert [part["covers"] for part in third["explain"]["parts"]] == [True, False]
        assert f"index {index}: 2 fences" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--fences", "none.geojson"), "none.geojson: no such file"),
        (("--index", "quad"), "--index is rtree, packed or cells"),
        (("--points", "none.csv"), "none.csv: no such file"),
    ],
)
def test_what_cannot_be_read_is_one_error(
    invoke: Invoke, tmp_path: Path, arguments: tuple[str, str], reason: str
) -> None:
    file = fences(tmp_path, ("f", polygon(square(8, 47))))
    result = invoke("locate", "--fences", file, "--points", points(tmp_path, (1, 1)), *arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert reason in result.stderr


def test_an_interrupted_run_ends_without_a_traceback(command: list[str], tmp_path: Path) -> None:
    file = fences(tmp_path, ("f", polygon(square(8, 47))))
    run = subprocess.Popen(
        [*command, "locate", "--fences", str(file), "--points", "-", "--json"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        # tests that a shell runs in the background are started deaf to it
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    assert run.stdin is not None
    assert run.stdout is not None
    run.stdin.write(b"id,latitude,longitude\n" + b"p,47.5,8.5\n" * 70_000)
    run.stdin.flush()
    assert run.stdout.readline() == b'{"id": "p", "fences": ["f"]}\n'  # it works on what it has
    os.kill(run.pid, signal.SIGINT)
    _, told = run.communicate(timeout=60)
    assert run.returncode == 130
    assert told.decode().splitlines()[-1] == "interrupted"
