"""Batches of rows: decode, hand to the engine, name the rows that were refused.

The event loop also carries pings, so a batch is worked in slices of about 2 ms and gives way between them.
All-or-nothing batches are decoded in slices and applied in one engine call, for which pings wait (docs/overload.md).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from geooffer.errors import GeoofferError
from geooffer.rpc import checks
from geooffer.v1 import resources_pb2 as pb

SLICE_S = 0.002
SLICE_ROW_COUNT_FIRST = 8
SLICE_ROW_COUNT_MAX = 64

M = TypeVar("M")
T = TypeVar("T")
Errors = list[GeoofferError | None]


@dataclass(slots=True)
class BatchResult:
    """What became of a batch."""

    accepted_count: int = 0
    problems: list[pb.RowProblem] = field(default_factory=list)


async def apply_batch(
    messages: Sequence[M],
    name: str,
    decode: Callable[[M], T],
    put: Callable[[list[T]], Errors],
    *,
    partial: bool,
) -> BatchResult:
    """Apply rows. decode: message → noun, called once a row, in order; put: nouns → an error or None for each.

    name: the request's field, for error texts. With `partial` bad rows become problems; without, the first
    error is raised and nothing is applied.
    """
    checks.row_count(len(messages), name)
    result = BatchResult()
    nouns: list[T] = []
    rows: list[int] = []
    slices = _Slices()
    for row, message in enumerate(messages):
        try:
            nouns.append(decode(message))
            rows.append(row)
        except GeoofferError as error:
            if not partial:
                raise _located(error, name, row) from None
            result.problems.append(problem(row, error))
        if slices.is_full_with_one_more():
            if partial:
                _put_slice(nouns, rows, put, result)
            slices.end()
            await asyncio.sleep(0)
            slices.begin()
    try:
        _put_slice(nouns, rows, put, result)
    except GeoofferError as error:
        # all or nothing, so every row decoded and row i of the call is row i of the engine's batch
        raise (_located(error, name, error.row) if error.row >= 0 else error) from None
    result.problems.sort(key=lambda item: item.row)
    return result


class _Slices:
    """As many rows a slice as the last one did in SLICE_S: a store is a line, a fence may have 10,000 vertices."""

    def __init__(self) -> None:
        self._row_count_max = SLICE_ROW_COUNT_FIRST
        self.begin()

    def begin(self) -> None:
        self._row_count = 0
        self._begun_s = time.perf_counter()

    def is_full_with_one_more(self) -> bool:
        self._row_count += 1
        return self._row_count >= self._row_count_max

    def end(self) -> None:
        taken_s = max(time.perf_counter() - self._begun_s, 1e-6)
        self._row_count_max = min(max(int(self._row_count * SLICE_S / taken_s), 1), SLICE_ROW_COUNT_MAX)


def _put_slice(nouns: list[T], rows: list[int], put: Callable[[list[T]], Errors], result: BatchResult) -> None:
    """Hand what was decoded to the engine, and empty the lists."""
    if not nouns:
        return
    for row, error in zip(rows, put(nouns), strict=True):
        if error is None:
            result.accepted_count += 1
        else:
            result.problems.append(problem(row, error))
    nouns.clear()
    rows.clear()


def tried(call: Callable[[T], object], item: T) -> GeoofferError | None:
    """One row of a batch whose rows stand alone: the error it met, or None."""
    try:
        call(item)
    except GeoofferError as error:
        return error
    return None


def problem(row: int, error: GeoofferError) -> pb.RowProblem:
    """A refused row as data."""
    return pb.RowProblem(row=row, reason=error.reason, message=error.message, field=error.field)


def _located(error: GeoofferError, name: str, row: int) -> GeoofferError:
    place = f"{name}[{row}]"
    return type(error)(f"{place}: {error.message}", field=f"{place}.{error.field}" if error.field else place)
