"""How commands talk: results on stdout; progress and remarks on stderr, bars only on a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Advance(Protocol):
    """Called with the number of items done since the last call."""

    def __call__(self, count: int) -> None: ...


def remark(text: str) -> None:
    """A line for the human, on stderr, so that stdout stays the result."""
    print(text, file=sys.stderr, flush=True)


def print_json(value: object) -> None:
    """The result of `--json`: one object on one line of stdout."""
    print(json.dumps(value, ensure_ascii=False, allow_nan=False))


@contextmanager
def progress(title: str, total: int, unit: str) -> Iterator[Advance]:
    """Show how far a piece of work is, on stderr: a bar on a terminal, else a plain line every tenth."""
    if sys.stderr.isatty():
        with _bar(title, total) as advance:
            yield advance
    else:
        yield _PlainLines(title, total, unit)


@contextmanager
def _bar(title: str, total: int) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    label = TextColumn("{task.description}", markup=False)
    columns = (label, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=total)

        def advance(count: int) -> None:
            bar.advance(task, count)

        yield advance


class _PlainLines:
    """Says every tenth of the work once; short work (under ten steps of ten) says nothing but its end."""

    def __init__(self, title: str, total: int, unit: str) -> None:
        self._title = title
        self._total = total
        self._unit = unit
        self._done = 0
        self._told_tenths = 0

    def __call__(self, count: int) -> None:
        self._done += count
        tenths = 10 * self._done // self._total if self._total else 10
        if tenths > self._told_tenths and (self._total >= 100 or tenths >= 10):
            self._told_tenths = tenths
            remark(f"{self._title}: {self._done:,} of {self._total:,} {self._unit}")
