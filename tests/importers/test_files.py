"""What a user may name by mistake: each gives one clear error that names the file."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from geooffer.errors import InvalidArgumentError
from geooffer.importers.files import is_csv, is_geojson, read_csv, read_text
from geooffer.model import limits


def test_text_is_read_without_its_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xef\xbb\xbfgr\xc3\xbcn")
    assert read_text(path) == "grün"


def test_gzip_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"hello"))
    assert read_text(path) == "hello"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("a.csv", (True, False)),
        ("A.TSV.gz", (True, False)),
        ("a.geojson", (False, True)),
        ("a.json.GZ", (False, True)),
        ("csv", (False, False)),
        ("a.csv.zip", (False, False)),
    ],
)
def test_a_name_tells_what_a_file_is(name: str, told: tuple[bool, bool]) -> None:
    assert (is_csv(Path(name)), is_geojson(Path(name))) == told


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.csv", b"", "empty"),
        ("a.csv", b" \n\t\n", "empty"),
        ("a.csv", b"abc\xff\xfe", "not UTF-8 text .byte 3."),
        ("a.csv.gz", b"not gzip at all", "not a whole gzip file"),
        ("a.csv.gz", gzip.compress(b"x" * 1000, mtime=0)[:-9], "not a whole gzip file"),
        ("a.csv.gz", gzip.compress(b"x" * 1000, mtime=0)[:20] + b"\x00" * 20, "not a whole gzip file"),
    ],
)
def test_unreadable_content_is_one_error(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InvalidArgumentError, match=rf"{name}: .*{reason}"):
        read_text(path)


def test_a_directory_and_a_missing_file_are_one_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="is a directory"):
        read_text(tmp_path)
    with pytest.raises(InvalidArgumentError, match="no such file"):
        read_text(tmp_path / "none.csv")


def test_a_flood_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FILE_SIZE_MAX_BYTES", 1000)
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"x" * 1001))
    with pytest.raises(InvalidArgumentError, match="more than"):
        read_text(path)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_found_in_the_header(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f'one{delimiter}two\n\n 1 {delimiter}"2\n3"\nalone\n')
    table = read_csv(path)
    assert table.columns == ("one", "two")
    assert [line.cells for line in table.lines] == [{"one": "1", "two": "2\n3"}, None]
    assert [line.place for line in table.lines] == ["line 4", "line 5"]
    assert table.lines[1].reason == "1 cells where the header has 2"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a,b,a\n", "same name in columns 1, 3"),
        ("a,,b\n", "no name"),
        ('{"type": "Feature"}', "looks like JSON"),
        ('a,b\n1,"2\n', "not CSV at line 2"),
        ("a,b\n1,2\0\n", "not a text file"),
        ("a,b\n" + "x" * 1_100_000 + ",1\n", "not CSV at line 2"),
    ],
)
def test_a_broken_table_is_one_error(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(InvalidArgumentError, match=reason):
        read_csv(path)
