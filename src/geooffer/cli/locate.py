"""`geooffer locate`: which fences of files cover which points of a file, by the service's index and kernels.

No server is needed and nothing is kept. stdout carries the answers alone: a table, or with --json one object a line.
What is refused, mended or worth knowing is told on stderr.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geooffer.cli.errors import EXIT_FINDINGS
from geooffer.cli.output import progress, remark
from geooffer.errors import InvalidArgumentError

if TYPE_CHECKING:
    from geooffer.engine.lookup import LookUp
    from geooffer.importers.points import Points
    from geooffer.model.catalog import Geofence

_BAR_SIZE_MIN_BYTES = 8 * 1024 * 1024
"""Smaller files are done before anybody looks."""
_TELL_POINT_COUNT = 1_000_000
_INDEX_KINDS = ("rtree", "packed", "cells")

Fences = Annotated[
    list[Path], typer.Option("--fences", metavar="FILE...", help="Fence files, GeoJSON or CSV (repeatable).")
]
MoreFences = Annotated[list[Path] | None, typer.Argument(metavar="[FILE]...", help="More fence files.")]
PointsFile = Annotated[
    Path, typer.Option("--points", metavar="FILE.csv", help="id,latitude,longitude; .gz, or - for stdin.")
]
Json = Annotated[bool, typer.Option("--json", help='One object a line: {"id": "p1", "fences": ["f3", "f9"]}.')]
Explain = Annotated[bool, typer.Option("--explain", help="Also what the index and the exact test did, per point.")]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("locate")
    def locate_command(
        fences: Fences,
        points: PointsFile,
        more_fences: MoreFences = None,
        repair: Annotated[bool, typer.Option("--repair", help="Mend invalid polygons and say how.")] = False,
        json_output: Json = False,
        explain: Explain = False,
        index: Annotated[str, typer.Option("--index", help="rtree, packed or cells.")] = "cells",
        id_property: Annotated[str, typer.Option("--id-property", help="GeoJSON property that holds the id.")] = "",
    ) -> None:
        """Which fences cover each point: through the index and the kernels of the service, without a server.

        Boundaries belong to a fence. Bad lines are refused alone, with place and reason; the exit code is then 1.
        """
        if index not in _INDEX_KINDS:
            raise InvalidArgumentError("--index is rtree, packed or cells", field="index")
        good, refused_fence_count = _read_fences([*fences, *(more_fences or [])], repair, id_property)
        lookup = _built(good, index, is_told=explain)
        run = _Run(lookup, as_json=json_output, explain=explain)
        run.over(points)
        run.tell(refused_fence_count)
        if refused_fence_count or run.refused_count:
            raise typer.Exit(EXIT_FINDINGS)


def _read_fences(paths: list[Path], repair: bool, id_property: str) -> tuple[list[Geofence], int]:
    """Good fences, and how many were refused; these and what was mended is told."""
    from geooffer.importers.fence_files import read_bare_fences
    from geooffer.importers.rows import TakenIds

    taken = TakenIds()
    good: list[Geofence] = []
    refused_count = 0
    for path in paths:
        found = read_bare_fences(path, repair=repair, id_property=id_property, taken=taken)
        for refusal in found.refusals:
            remark(f"refused   {path} {refusal.place}: {refusal.reason}")
        for row in found.rows:
            if row.repair_note:
                remark(f"repaired  {path} {row.place}: {row.repair_note}")
        good += found.items
        refused_count += len(found.refusals)
    return good, refused_count


def _built(fences: list[Geofence], index: str, *, is_told: bool) -> LookUp:
    from geooffer.cli.serve import compile_line
    from geooffer.engine.lookup import LookUp
    from geooffer.kernels.compile import compile_imported

    compile_imported(compile_line if sys.stderr.isatty() else None)
    started = perf_counter()
    lookup = LookUp(fences, index)  # type: ignore[arg-type]  # one of _INDEX_KINDS
    if is_told:
        tables = lookup.tables
        remark(
            f"index {index}: {len(fences):,} fences of {len(tables.parts):,} parts and {len(tables.edges):,} edges, "
            f"{tables.size_bytes:,} bytes, built in {perf_counter() - started:.3f} s"
        )
    return lookup


class _Run:
    """The points of one file, from reading to writing."""

    def __init__(self, lookup: LookUp, *, as_json: bool, explain: bool) -> None:
        from geooffer.cli.locate_text import Explanations, JsonLines, Table

        self._lookup = lookup
        explanations = Explanations(lookup) if explain else None
        names = [fence.geofence_id for fence in lookup.fences]
        self._writer = JsonLines(names, explanations) if as_json else Table(names, explanations)
        self._deepest = 0
        self._covered_count = 0
        self._point_count = 0
        self.refused_count = 0

    def over(self, path: Path) -> None:
        """Read, look up and write, some points at a time."""
        from geooffer.importers.points import file_size_bytes, read_points

        with _advancing(file_size_bytes(path)) as told:
            for chunk in read_points(path):
                for refusal in chunk.refusals:
                    remark(f"refused   {path} {refusal.place}: {refusal.reason}")
                self.refused_count += len(chunk.refusals)
                self._write(chunk)
                told(chunk)

    def _write(self, chunk: Points) -> None:
        first = 0
        for hits in self._lookup.locate(chunk.latitudes_e7, chunk.longitudes_e7):
            rows = slice(first, first + len(hits.starts) - 1)
            piece = chunk._replace(
                ids=chunk.ids[rows], latitudes_e7=chunk.latitudes_e7[rows], longitudes_e7=chunk.longitudes_e7[rows]
            )
            sys.stdout.write("".join(self._writer.lines(piece, hits)))
            counts = hits.starts[1:] - hits.starts[:-1]
            self._deepest = max(self._deepest, int(counts.max()))
            self._covered_count += int((counts > 0).sum())
            self._point_count += len(counts)
            first = rows.stop

    def tell(self, refused_fence_count: int) -> None:
        """How many of what; and what a server would say of so many fences over one point."""
        from geooffer.model import limits

        fence_count = len(self._lookup.fences)
        remark(
            f"fences {fence_count:,}  refused {refused_fence_count:,}  points {self._point_count:,}  "
            f"refused {self.refused_count:,}  in a fence {self._covered_count:,}"
        )
        if self._deepest > limits.FENCE_OVERLAP_COUNT_DEFAULT:
            remark(
                f"{self._deepest:,} fences cover one point: a server registers at most "
                f"{limits.FENCE_OVERLAP_COUNT_DEFAULT} over one point, unless it is told otherwise"
            )


@contextmanager
def _advancing(size_bytes: int) -> Iterator[Callable[[Any], None]]:
    """Called with each chunk: a bar or plain lines by the bytes read; by points where the size is not known."""
    if 0 < size_bytes < _BAR_SIZE_MIN_BYTES or sys.stdout.isatty():
        yield lambda chunk: None
    elif size_bytes:
        done = 0
        with progress("locate", size_bytes, "bytes") as advance:

            def by_bytes(chunk: Points) -> None:
                nonlocal done
                advance(chunk.offset_bytes - done)
                done = chunk.offset_bytes

            yield by_bytes
    else:
        count = 0

        def by_points(chunk: Points) -> None:
            nonlocal count
            before, count = count, count + len(chunk.ids)
            if before // _TELL_POINT_COUNT < count // _TELL_POINT_COUNT:
                remark(f"locate: {count:,} points")

        yield by_points
