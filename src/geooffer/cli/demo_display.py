"""What the demo shows while pings stream: a live panel on a terminal, plain lines in a pipe; on stderr both."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from geooffer.bench.city_reasons import clock_text
from geooffer.bench.city_run import time_ms
from geooffer.bench.city_stream import CityStream
from geooffer.cli.output import remark

_REFRESHES_PER_S = 8


@contextmanager
def live_display(stream: CityStream) -> Iterator[Callable[[], None]]:
    """Yields what to call after each answer."""
    if not sys.stderr.isatty():
        yield _PlainLines(stream)
        return
    console = Console(stderr=True)
    with Live(get_renderable=lambda: _panel(stream), console=console, refresh_per_second=_REFRESHES_PER_S):
        yield lambda: None


class _PlainLines:
    """One line every tenth of the pings."""

    def __init__(self, stream: CityStream) -> None:
        self._stream = stream
        self._told_tenths = 0

    def __call__(self) -> None:
        total = len(self._stream.city.pings)
        tenths = 10 * self._stream.decided_row_count // total if total else 10
        if tenths > self._told_tenths:
            self._told_tenths = tenths
            remark(status_line(self._stream))


def status_line(stream: CityStream) -> str:
    """The figures in one line."""
    return (
        f"{_city_time(stream)}  {stream.decided_row_count:>9,} pings  {stream.pings_per_s:>9,.0f}/s  "
        f"{len(stream.run.offers):>5,} offers  message latency p50 {stream.latency_ms(50):.1f} ms, "
        f"p99 {stream.latency_ms(99):.1f} ms"
    )


def _city_time(stream: CityStream) -> str:
    if not stream.decided_row_count:
        return clock_text(stream.city.start_ms)
    return clock_text(time_ms(stream.city, stream.decided_row_count - 1))


def _panel(stream: CityStream) -> Group:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    table.add_column(justify="right")
    table.add_column(style="bold")
    table.add_column(justify="right")
    pings = [(verdict.name, count) for verdict, count in stream.run.ping_counts().items()]
    tries = [(verdict.name, count) for verdict, count in stream.run.try_counts().items()]
    table.add_row("pings", "", "attempts to find an offer", "")
    for row in range(max(len(pings), len(tries))):
        cells = []
        for column in (pings, tries):
            name, count = column[row] if row < len(column) else ("", 0)
            cells += [f"  {name.lower().replace('_', ' ')}", f"{count:,}" if name else ""]
        table.add_row(*cells)
    bar = ProgressBar(total=len(stream.city.pings), completed=stream.decided_row_count, width=72)
    return Group(Text(status_line(stream)), bar, table)
