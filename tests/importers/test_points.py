"""Points to look up: whatever a spreadsheet writes, in chunks, with each bad line refused alone."""

from __future__ import annotations

import gzip
import io
import sys
from pathlib import Path

import numpy as np
import pytest

from geooffer.errors import InvalidArgumentError
from geooffer.importers.files import CELL_LENGTH_MAX
from geooffer.importers.points import Points, read_points

Told = tuple[list[tuple[str, int, int]], list[tuple[str, str]]]


def written(tmp_path: Path, text: str | bytes, name: str = "points.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def told(path: Path, chunk_row_count: int = 1000) -> Told:
    """(id, latitude, longitude) of all points, and place and reason of all refusals."""
    points: list[tuple[str, int, int]] = []
    refusals: list[tuple[str, str]] = []
    for chunk in read_points(path, chunk_row_count):
        assert isinstance(chunk, Points)
        points += zip(chunk.ids, chunk.latitudes_e7.tolist(), chunk.longitudes_e7.tolist(), strict=True)
        refusals += [(refusal.place, refusal.reason) for refusal in chunk.refusals]
    return points, refusals


HOSTILE = (
    b"\xef\xbb\xbfLongitude ;note; ID;latitude\r\n"
    b'8.5;"two\r\nlines; and a ""quote""";p1;47.4\r\n'
    b"\r\n"
    b'-180;5" pipe;"p 2";90\r\n'
    b'0;"never closed;p3;0\r\n'
    b"1e1;;p4;-.5\r\n"
    b"8.5;caf\xe9;p5;+47.\r\n"
    b"8.5;;caf\xe9;47\r\n"
    b"8.5;;;47\r\n"
    b"8,5;;p6;47\r\n"
    b"nan;;p7;47\r\n"
    b"8_5;;p8;47\r\n"
    b"8.5;;p9;90.0000001\r\n"
    b"180.1;;p10;1\r\n"
    b"8.5;;p11\r\n"
    b"8.5;;p12;47;5\r\n"
    b'8.5;"x"y;p13;47\r\n'
    b"8.5;;p14;\r\n"
    b"1e999;;p15;1\r\n"
    b"1e305;;p15;1\r\n"
    b"\xd9\xa8;;p16;1\r\n"  # an Arabic eight
    b"8.5;;p1;47.4"
)
GOOD = [
    ("p1", 474_000_000, 85_000_000),
    ("p 2", 900_000_000, -1_800_000_000),
    ("p4", -5_000_000, 100_000_000),
    ("p5", 470_000_000, 85_000_000),
    ("p1", 474_000_000, 85_000_000),
]
BAD = [
    ("line 6", "not CSV: a quote that is not closed, or text after one"),
    ("line 9", "id: is not UTF-8 text"),
    ("line 10", "id: is missing"),
    ("line 11", "longitude: not a number such as 47.3769"),
    ("line 12", "longitude: not a number such as 47.3769"),
    ("line 13", "longitude: not a number such as 47.3769"),
    ("line 14", "latitude: outside -90..90 degrees"),
    ("line 15", "longitude: outside -180..180 degrees"),
    ("line 16", "3 cells where the header has 4"),
    ("line 17", "5 cells where the header has 4"),
    ("line 18", "not CSV: a quote that is not closed, or text after one"),
    ("line 19", "latitude: is missing"),
    ("line 20", "longitude: not a finite number"),
    ("line 21", "longitude: a number too large"),
    ("line 22", "longitude: not a number such as 47.3769"),
]


@pytest.mark.parametrize("chunk_row_count", [1, 2, 7, 1000])
def test_bad_lines_are_refused_alone_with_their_place(tmp_path: Path, chunk_row_count: int) -> None:
    points, refusals = told(written(tmp_path, HOSTILE), chunk_row_count)
    assert points == GOOD
    assert refusals == BAD


def test_a_quote_that_is_never_closed_spoils_its_line_alone(tmp_path: Path) -> None:
    lines = [f"p{number},{'a' if number != 3 else chr(34)},1,2" for number in range(500)]
    points, refusals = told(written(tmp_path, "\n".join(["id,note,latitude,longitude", *lines])))
    assert [point[0] for point in points] == [f"p{number}" for number in range(500) if number != 3]
    assert [place for place, _ in refusals] == ["line 5"]


def test_a_cell_that_is_too_long_is_told_so(tmp_path: Path) -> None:
    text = f"id,latitude,longitude\n{'x' * (CELL_LENGTH_MAX + 1)},1,2\np,1,2\n"
    assert told(written(tmp_path, text)) == ([("p", 10_000_000, 20_000_000)], [("line 2", "a cell is too long")])


def test_numbers_are_those_of_the_careful_way(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    latitudes = rng.integers(-900_000_000, 900_000_001, 20_000)
    longitudes = rng.integers(-1_800_000_000, 1_800_000_001, 20_000)
    pairs = list(zip(latitudes.tolist(), longitudes.tolist(), strict=True))
    lines = [f"{index},{lat / 1e7!r},{lon / 1e7!r}" for index, (lat, lon) in enumerate(pairs)]
    quick = told(written(tmp_path, "\n".join(["id,latitude,longitude", *lines])))
    careful = told(written(tmp_path, "\n".join(["id,latitude,longitude", *lines, ",1,1"]), "b.csv"), 10**6)
    assert [point[1:] for point in quick[0]] == pairs
    assert careful == (quick[0], [("line 20002", "id: is missing")])


def test_compressed_and_piped_points_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = b"id,latitude,longitude\np1,1,2\n"
    assert told(written(tmp_path, gzip.compress(text), "points.csv.gz")) == ([("p1", 10_000_000, 20_000_000)], [])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    assert told(Path("-")) == ([("p1", 10_000_000, 20_000_000)], [])
    assert not sys.stdin.closed


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "the file is empty"),
        ("\n \n", "the file is empty"),
        ("id;latitude\n1;2\n", "missing column longitude"),
        ("p1,47.1,8.2\n", r"missing column id, latitude, longitude"),
        ("id,latitude,longitude,ID\n", "more than one column id"),
        ('{"type": "Point"}', "looks like JSON"),
        ('"id,latitude,longitude\n', "missing column"),
        (b"PK\0\3", "NUL"),
    ],
)
def test_a_file_without_points_is_one_error(tmp_path: Path, content: str | bytes, reason: str) -> None:
    with pytest.raises(InvalidArgumentError, match=reason) as caught:
        told(written(tmp_path, content))
    assert "47.1" not in caught.value.message


def test_a_file_that_cannot_be_read_is_one_error(tmp_path: Path) -> None:
    text = b"id,latitude,longitude\n"
    for path, reason in (
        (tmp_path, "is a directory"),
        (tmp_path / "none.csv", "no such file"),
        (written(tmp_path, b"no gzip", "a.csv.gz"), "not a whole gzip file"),
        (written(tmp_path, gzip.compress(text * 9000)[:-20], "b.csv.gz"), "not a whole gzip file"),
    ):
        with pytest.raises(InvalidArgumentError, match=reason):
            told(path)
    assert told(written(tmp_path, "id,latitude,longitude")) == ([], [])
