"""Points to look up, from CSV of any length: read in chunks, a bad line refused alone.

Columns `id`, `latitude`, `longitude`, in any order and any case; others are ignored. A quoted cell may hold line
breaks; a quote that is never closed spoils its own line and not what follows it.
"""

from __future__ import annotations

import csv
import gzip
import io
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TextIO

import numpy as np

from geooffer.errors import InvalidArgumentError
from geooffer.importers import values
from geooffer.importers.files import CELL_LENGTH_MAX, delimiter_of
from geooffer.importers.rows import Refusal
from geooffer.model import limits, units
from geooffer.model.columns import Int32Array

COLUMNS = ("id", "latitude", "longitude")
CHUNK_ROW_COUNT = 65_536
STANDARD_INPUT = Path("-")
_LINES_PER_RECORD_COUNT_MAX = 64

_Record = tuple[int, list[str]]
"""The number of its first line in the file, and its lines: more than one where a quoted cell holds line breaks."""


class Points(NamedTuple):
    """Some of a file's points, in its order, and what was refused among them."""

    ids: list[str]
    latitudes_e7: Int32Array
    longitudes_e7: Int32Array
    refusals: list[Refusal]
    offset_bytes: int
    """How far the file has been read, as it lies on the disk."""


def file_size_bytes(path: Path) -> int:
    """Of the file as it lies on the disk; 0 where nobody can tell: standard input, a pipe."""
    return path.stat().st_size if path != STANDARD_INPUT and path.is_file() else 0


def read_points(path: Path, chunk_row_count: int = CHUNK_ROW_COUNT) -> Iterator[Points]:
    """The points of a file (`.gz` is decompressed; "-" is standard input), some at a time.

    Raises InvalidArgumentError where it cannot be read, or its first line does not name the columns.
    """
    with _opened(path) as (text, offset):
        lines = enumerate(text, start=1)
        delimiter, places, cell_count = _header(path, lines)
        chunk: list[_Record] = []
        for record in _records(lines):
            chunk.append(record)
            if len(chunk) == chunk_row_count:
                yield _points(chunk, delimiter, places, cell_count, offset())
                chunk = []
        yield _points(chunk, delimiter, places, cell_count, offset())


@contextmanager
def _opened(path: Path) -> Iterator[tuple[TextIO, Callable[[], int]]]:
    """Text and position on disk. Bytes that are not UTF-8 become surrogates: they spoil a line where they matter."""
    name = "standard input" if path == STANDARD_INPUT else str(path)
    try:
        if path == STANDARD_INPUT:
            text = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8-sig", errors="surrogateescape", newline="")
            try:
                yield text, _nobody_knows
            finally:
                text.detach()
            return
        if path.is_dir():
            raise InvalidArgumentError(f"{path}: is a directory, not a file")
        with path.open("rb") as raw:
            offset = raw.tell if raw.seekable() else _nobody_knows  # a pipe has a name, too
            plain = gzip.GzipFile(fileobj=raw) if path.suffix == ".gz" else raw
            yield io.TextIOWrapper(plain, encoding="utf-8-sig", errors="surrogateescape", newline=""), offset
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise InvalidArgumentError(f"{name}: is not a whole gzip file") from None
    except OSError as error:
        raise InvalidArgumentError(f"{name}: {(error.strerror or 'cannot be read').lower()}") from None


def _nobody_knows() -> int:
    return 0


def _header(path: Path, lines: Iterator[tuple[int, str]]) -> tuple[str, tuple[int, int, int], int]:
    """(delimiter, where id, latitude and longitude stand, how many cells a line has)."""
    name = "standard input" if path == STANDARD_INPUT else str(path)
    first = next((line for _, line in lines if line.strip()), "")
    if not first:
        raise InvalidArgumentError(f"{name}: the file is empty")
    if "\0" in first:
        raise InvalidArgumentError(f"{name}: not a text file (it holds a NUL character)")
    if first.lstrip().startswith(("{", "[")):
        raise InvalidArgumentError(f"{name}: looks like JSON, not CSV")
    delimiter = delimiter_of(first)
    found = _row([first], delimiter)
    columns = [cell.strip().lower() for cell in found] if found is not None else []
    wrong = [column for column in COLUMNS if columns.count(column) != 1]
    if wrong:
        doubled = [column for column in wrong if column in columns]
        fault = f"more than one column {doubled[0]}" if doubled else f"missing column {', '.join(wrong)}"
        # its cells are never quoted: a file without a header has data in its first line
        raise InvalidArgumentError(f"{name}: {fault} (points have {', '.join(COLUMNS)} in the first line)")
    places = columns.index("id"), columns.index("latitude"), columns.index("longitude")
    return delimiter, places, len(columns)


def _records(lines: Iterator[tuple[int, str]]) -> Iterator[_Record]:
    """Lines, those together that a quoted cell joins; where its quote is not closed soon, each alone."""
    for number, line in lines:
        if line.count('"') % 2 == 0:
            yield number, [line]
            continue
        joined = [line]
        size = len(line)
        for _, following in lines:
            joined.append(following)
            size += len(following)
            if following.count('"') % 2 == 1:
                yield number, joined
                break
            if len(joined) == _LINES_PER_RECORD_COUNT_MAX or size > CELL_LENGTH_MAX:
                yield from ((number + index, [alone]) for index, alone in enumerate(joined))
                break
        else:
            yield from ((number + index, [alone]) for index, alone in enumerate(joined))


def _row(lines: list[str], delimiter: str) -> list[str] | None:
    """The cells of a record; None where it is not CSV."""
    try:
        rows = list(csv.reader(io.StringIO("".join(lines), newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else ([] if not rows else None)


def _points(
    chunk: list[_Record], delimiter: str, places: tuple[int, int, int], cell_count: int, offset_bytes: int
) -> Points:
    numbers, rows, refusals = _split(chunk, delimiter, cell_count)
    ids = [row[places[0]].strip() for row in rows]
    latitudes = [row[places[1]].strip() for row in rows]
    longitudes = [row[places[2]].strip() for row in rows]
    quick = _quickly(ids, latitudes, longitudes)
    if quick is not None:
        return Points(ids, *quick, refusals, offset_bytes)
    kept: list[tuple[str, int, int]] = []
    for number, identity, latitude, longitude in zip(numbers, ids, latitudes, longitudes, strict=True):
        try:
            place = values.latitude_e7(latitude), values.longitude_e7(longitude)
            kept.append((_point_id(identity), *place))
        except InvalidArgumentError as error:
            refusals.append(Refusal(f"line {number}", error.message))
    refusals.sort(key=lambda refusal: int(refusal.place.split()[1]))
    e7 = np.array([point[1:] for point in kept], np.int32).reshape(len(kept), 2)
    return Points([point[0] for point in kept], e7[:, 0].copy(), e7[:, 1].copy(), refusals, offset_bytes)


def _split(chunk: list[_Record], delimiter: str, cell_count: int) -> tuple[list[int], list[list[str]], list[Refusal]]:
    """(line numbers, cells, refusals): a record of several lines that is no row is taken line by line."""
    try:
        if any(len(lines) > 1 for _, lines in chunk):
            raise csv.Error
        rows = list(csv.reader((lines[0] for _, lines in chunk), delimiter=delimiter, strict=True))
        if len(rows) == len(chunk) and all(len(row) == cell_count for row in rows):
            return [number for number, _ in chunk], rows, []
    except csv.Error:
        pass  # some line is none: each is looked at alone below
    numbers: list[int] = []
    kept: list[list[str]] = []
    refusals: list[Refusal] = []
    pending = chunk[::-1]
    while pending:
        number, lines = pending.pop()
        row = _row(lines, delimiter)
        if (row is None or len(row) != cell_count) and len(lines) > 1:
            pending += [(number + index, [alone]) for index, alone in enumerate(lines)][::-1]
        elif row is None:
            is_long = len(lines[0]) > CELL_LENGTH_MAX
            reason = "a cell is too long" if is_long else "not CSV: a quote that is not closed, or text after one"
            refusals.append(Refusal(f"line {number}", reason))
        elif not any(cell.strip() for cell in row):
            continue
        elif len(row) != cell_count:
            refusals.append(Refusal(f"line {number}", f"{len(row)} cells where the header has {cell_count}"))
        else:
            numbers.append(number)
            kept.append(row)
    return numbers, kept, refusals


def _quickly(ids: list[str], latitudes: list[str], longitudes: list[str]) -> tuple[Int32Array, Int32Array] | None:
    """The coordinates where every line is good; None where one may be bad, and all have to be looked at."""
    text = "".join(latitudes) + "".join(longitudes)
    # float() takes more than a decimal number: 1_0, nan, infinity, digits of other scripts
    if not text.isascii() or "_" in text or not all(ids) or not _is_utf8("".join(ids)):
        return None
    try:
        degrees = np.array([list(map(float, latitudes)), list(map(float, longitudes))])
    except ValueError:
        return None
    limit = np.array([[limits.LATITUDE_MAX_E7], [limits.LONGITUDE_MAX_E7]])
    if not (np.abs(degrees) <= 360.0).all():  # nor NaN
        return None
    e7 = np.rint(degrees * units.E7_PER_DEGREE)
    if (np.abs(e7) > limit).any():
        return None
    latitudes_e7, longitudes_e7 = e7.astype(np.int32)
    return latitudes_e7, longitudes_e7


def _point_id(text: str) -> str:
    if not text:
        raise values.refuse("id", "is missing")
    if not _is_utf8(text):
        raise values.refuse("id", "is not UTF-8 text")
    return text


def _is_utf8(text: str) -> bool:
    """Whether no byte of it had to be escaped."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
