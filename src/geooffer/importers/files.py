"""Reading files that a user names: one clear error for what is not a readable, non-empty text file."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from geooffer.errors import InvalidArgumentError
from geooffer.model import limits

CELL_LENGTH_MAX = 2**20
"""Characters: the 10,000 vertices of a fence as well-known text are a quarter of it."""
csv.field_size_limit(CELL_LENGTH_MAX)
_DELIMITERS = (",", ";", "\t")
_CSV_ENDINGS = (".csv", ".tsv", ".txt")
_GEOJSON_ENDINGS = (".json", ".geojson")


def is_csv(path: Path) -> bool:
    """Whether its name says that it is a table, compressed or not."""
    return path.name.lower().removesuffix(".gz").endswith(_CSV_ENDINGS)


def is_geojson(path: Path) -> bool:
    """Whether its name says that it is GeoJSON, compressed or not."""
    return path.name.lower().removesuffix(".gz").endswith(_GEOJSON_ENDINGS)


def read_text(path: Path) -> str:
    """The text of a UTF-8 file (a BOM is dropped; `.gz` is decompressed).

    Raises InvalidArgumentError naming the file: missing, a directory, empty, not UTF-8, too large.
    """
    return decode_text(read_bytes(path), path)


def read_bytes(path: Path) -> bytes:
    """All of a file (`.gz` is decompressed). Raises InvalidArgumentError: missing, a directory, too large."""
    try:
        if path.is_dir():
            raise InvalidArgumentError(f"{path}: is a directory, not a file")
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            data = file.read(limits.FILE_SIZE_MAX_BYTES + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise InvalidArgumentError(f"{path}: is not a whole gzip file") from None
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise InvalidArgumentError(f"{path}: {reason}") from None
    if len(data) > limits.FILE_SIZE_MAX_BYTES:
        raise InvalidArgumentError(f"{path}: more than {limits.FILE_SIZE_MAX_BYTES // 2**20} MiB of text")
    return data


def decode_text(data: bytes, path: Path) -> str:
    """UTF-8 text that is not blank, without its BOM; `path` is what errors call it. Raises InvalidArgumentError."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidArgumentError(f"{path}: not UTF-8 text (byte {error.start})") from None
    if "\0" in text:
        raise InvalidArgumentError(f"{path}: not a text file (it holds a NUL character)")
    if not text.strip():
        raise InvalidArgumentError(f"{path}: the file is empty")
    return text


@dataclass(frozen=True, slots=True)
class CsvLine:
    """One data line: cells by column name, stripped; None where the line has the wrong number of cells."""

    place: str
    cells: dict[str, str] | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CsvTable:
    """Header and lines of a CSV file. The delimiter (comma, semicolon or tab) is the header's most frequent
    one.
    """

    columns: tuple[str, ...]
    lines: tuple[CsvLine, ...]


def read_csv(path: Path) -> CsvTable:
    """The table of a CSV file with a header line; blank lines are skipped. Raises InvalidArgumentError."""
    return parse_csv(read_text(path), path)


def parse_csv(text: str, path: Path) -> CsvTable:
    """The table of CSV text; `path` is what errors call it. Raises InvalidArgumentError."""
    if text.lstrip().startswith(("{", "[")):
        raise InvalidArgumentError(f"{path}: looks like JSON, not CSV")
    delimiter = delimiter_of(text.lstrip().splitlines()[0])
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = next(row for row in reader if any(cell.strip() for cell in row))
        columns = tuple(name.strip() for name in header)
        _check_header(path, columns)
        return CsvTable(columns, tuple(_lines(reader, columns)))
    except csv.Error as error:
        raise InvalidArgumentError(f"{path}: not CSV at line {reader.line_num}: {error}") from None


def delimiter_of(header: str) -> str:
    """Comma, semicolon or tab: whichever the header line has most of."""
    return max(_DELIMITERS, key=header.count)


def _check_header(path: Path, columns: tuple[str, ...]) -> None:
    # by position: a file without a header has data in its first line, and that is never quoted
    doubled = [str(index) for index, name in enumerate(columns, start=1) if columns.count(name) > 1]
    if "" in columns:
        raise InvalidArgumentError(f"{path}: a column of the header line has no name")
    if doubled:
        raise InvalidArgumentError(f"{path}: the first line (header) has the same name in columns {', '.join(doubled)}")


def _lines(reader: Iterator[list[str]], columns: tuple[str, ...]) -> Iterator[CsvLine]:
    for row in reader:
        if not any(cell.strip() for cell in row):
            continue
        place = f"line {reader.line_num}"  # type: ignore[attr-defined]
        if len(row) != len(columns):
            yield CsvLine(place, None, f"{len(row)} cells where the header has {len(columns)}")
        else:
            yield CsvLine(place, {name: cell.strip() for name, cell in zip(columns, row, strict=True)})
